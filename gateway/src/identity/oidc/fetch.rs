//! Asking an issuer: one connection for each request, bounded in time and size; nothing is followed elsewhere.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::tls::{self, ClientSpec, Connector, Offer, Stream, Trust};

/// How long one request may take in all.
const DEADLINE: Duration = Duration::from_secs(10);
/// The largest answer taken, bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Why an issuer gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not where one may ask: what is signed in with must not be read on the way.
    #[error("wanted an address that begins with https, or with http on this machine, got {url}")]
    Address {
        /// What was to be asked.
        url: String,
    },
    /// It does not answer.
    #[error("{url} does not answer")]
    Connection {
        /// What was asked.
        url: String,
        /// Why.
        source: io::Error,
    },
    /// It answers with an error.
    #[error("{url} answers {status}{}", said.as_deref().map(|said| format!(": {said}")).unwrap_or_default())]
    Status {
        /// What was asked.
        url: String,
        /// With which.
        status: u16,
        /// Its `error` (RFC 6749 section 5.2), where it says one.
        said: Option<String>,
    },
    /// It answers something else.
    #[error("{url} gives no {wanted}")]
    Strange {
        /// What was asked.
        url: String,
        /// What was wanted.
        wanted: &'static str,
    },
}

/// Asks.
#[derive(Debug)]
pub(super) struct Fetch {
    tls: Connector,
}

impl Fetch {
    /// Reads files: blocking, if shortly.
    pub(super) fn new(trust: Trust) -> Result<Self, tls::Error> {
        let connector = Connector::default();
        connector.install(&ClientSpec {
            trust,
            ..ClientSpec::default()
        })?;
        Ok(Self { tls: connector })
    }

    pub(super) async fn get(&self, url: &str) -> Result<Bytes, FetchError> {
        self.ask(Method::GET, url, None, Bytes::new()).await
    }

    /// Sends a form.
    pub(super) async fn post(
        &self,
        url: &str,
        basic: Option<HeaderValue>,
        form: String,
    ) -> Result<Bytes, FetchError> {
        self.ask(Method::POST, url, basic, form.into()).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        basic: Option<HeaderValue>,
        body: Bytes,
    ) -> Result<Bytes, FetchError> {
        let uri = address(url).ok_or_else(|| FetchError::Address {
            url: url.to_owned(),
        })?;
        let failed = |source| FetchError::Connection {
            url: url.to_owned(),
            source,
        };
        let exchange = self.exchange(method, &uri, basic, body);
        let late = |_| failed(io::ErrorKind::TimedOut.into());
        let (status, answer) = tokio::time::timeout(DEADLINE, exchange)
            .await
            .map_err(late)?
            .map_err(failed)?;
        if status.is_success() {
            return Ok(answer);
        }
        let said = serde_json::from_slice::<serde_json::Value>(&answer).ok();
        let said = said.and_then(|said| Some(said.get("error")?.as_str()?.to_owned()));
        Err(FetchError::Status {
            url: url.to_owned(),
            status: status.as_u16(),
            // One of a few words, by RFC 6749; nothing longer reaches a log.
            said: said.filter(|said| said.len() < 64 && said.chars().all(|c| c.is_ascii_graphic())),
        })
    }

    async fn exchange(
        &self,
        method: Method,
        uri: &Uri,
        basic: Option<HeaderValue>,
        body: Bytes,
    ) -> io::Result<(http::StatusCode, Bytes)> {
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, port)).await?;
        let stream = if secure {
            self.tls.connect(stream, host, Offer::Http1).await?.0
        } else {
            Stream::from(stream)
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder()
            .method(&method)
            .uri(target)
            .header(HOST, authority)
            .header(ACCEPT, "application/json");
        if method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(basic) = basic {
            request = request.header(AUTHORIZATION, basic);
        }
        let request = request.body(Full::new(body)).map_err(io::Error::other)?;
        let answer = async {
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(io::Error::other)?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
            Ok((status, body.map_err(io::Error::other)?.to_bytes()))
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answered = &mut answer => answered,
            ended = connection => match ended {
                // All was read before the connection ended.
                Ok(()) => answer.await,
                Err(error) => Err(io::Error::other(error)),
            },
        }
    }
}

/// An address that may be asked: `https`, or `http` on this machine, without a user in it.
pub(crate) fn address(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let here = bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    let fits = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => here,
        _ => false,
    };
    let user = uri.authority()?.as_str().contains('@');
    (fits && !user).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_asked_in_private() {
        for good in [
            "https://sso.acme.example/realms/x",
            "http://127.0.0.1:9000/keys",
            "http://[::1]:9000",
            "http://localhost/x",
        ] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in [
            "http://sso.acme.example",
            "ftp://127.0.0.1/",
            "/keys",
            "",
            "https://anna:x@sso.acme.example",
            "http://127.0.0.1.evil.example",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }
}
