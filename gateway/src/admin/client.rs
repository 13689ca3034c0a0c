//! A client of the admin API, for the command line and tests: one connection per request, JSON both ways.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ops::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::view::Problem;
use crate::tls::{self, ClientSpec, Connector, Offer, Stream};

/// How long one request may take in all: a little longer than the API takes for it.
const DEADLINE: Duration = Duration::from_secs(70);
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest answer taken, bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Where the API is, and what opens it.
#[derive(Debug, Clone)]
pub struct Client {
    authority: String,
    token: Option<Secret>,
    /// What makes connections private, where the address begins with `https`.
    tls: Option<Arc<Connector>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not an address of an API.
    #[error("wanted the admin API as http://127.0.0.1:8081 or https://HOST:8081, got {given:?}")]
    Address {
        /// What was given.
        given: String,
    },
    /// A file of TLS is wrong.
    #[error("a file for TLS is wrong")]
    Tls(#[from] tls::Error),
    /// The gateway's certificate does not hold, or it refuses ours.
    #[error("no connection with TLS comes about with {authority}")]
    Private {
        /// Where.
        authority: String,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody listens there.
    #[error(
        "no gateway answers at http://{authority}: is `figway serve` running, and is that its [admin] listen?"
    )]
    Connect {
        /// Where.
        authority: String,
        /// Why.
        source: std::io::Error,
    },
    /// The connection or the time ran out.
    #[error("the gateway at http://{authority} did not answer: {why}")]
    Broken {
        /// Where.
        authority: String,
        /// What happened.
        why: String,
    },
    /// The answer is an error.
    #[error("{}", problem.title)]
    Refused {
        /// Which.
        problem: Problem,
    },
    /// The answer is none of the API's.
    #[error("whoever answers at http://{authority} is no admin API of this version: {why}")]
    Strange {
        /// Where.
        authority: String,
        /// What is wrong.
        why: String,
    },
}

impl ClientError {
    /// The API's code of the error, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { problem } => Some(&problem.code),
            Self::Address { .. }
            | Self::Tls(_)
            | Self::Private { .. }
            | Self::Connect { .. }
            | Self::Broken { .. }
            | Self::Strange { .. } => None,
        }
    }
}

impl Client {
    /// A client of the API at `http://HOST:PORT`, or at `https://HOST:PORT` if the system trusts its certificate.
    ///
    /// # Errors
    /// That is no such address.
    pub fn new(url: &str, token: Option<Secret>) -> Result<Self, ClientError> {
        Self::with_tls(url, token, &ClientSpec::default())
    }

    /// The same, which trusts whom `spec` says, and shows its certificate. Reads files: blocking, if shortly.
    ///
    /// # Errors
    /// That is no such address, or a file is wrong.
    pub fn with_tls(
        url: &str,
        token: Option<Secret>,
        spec: &ClientSpec,
    ) -> Result<Self, ClientError> {
        let address = || ClientError::Address {
            given: url.to_owned(),
        };
        let uri: Uri = url.parse().map_err(|_| address())?;
        let private = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(address()),
        };
        let whole = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|_| whole);
        let authority = authority.ok_or_else(address)?;
        let tls = if private {
            let connector = Connector::default();
            connector.install(spec)?;
            Some(Arc::new(connector))
        } else {
            None
        };
        Ok(Self {
            authority: format!(
                "{}:{}",
                authority.host(),
                authority
                    .port_u16()
                    .unwrap_or(if private { 443 } else { 80 })
            ),
            token,
            tls,
        })
    }

    /// Asks.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Asks with a body.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| self.strange(&error))?;
        self.ask(Method::POST, path, body.into()).await
    }

    /// Reads an answer that was taken as any JSON.
    ///
    /// # Errors
    /// [`ClientError::Strange`]: the API gives no such answer.
    pub fn understood<T: DeserializeOwned>(
        &self,
        answer: serde_json::Value,
    ) -> Result<T, ClientError> {
        serde_json::from_value(answer).map_err(|error| self.strange(&error))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let answered = tokio::time::timeout(DEADLINE, self.exchange(method, path, body));
        let (status, answer) = answered
            .await
            .map_err(|_| self.broken(&"it took too long"))??;
        if status.is_success() {
            return serde_json::from_slice(&answer).map_err(|error| self.strange(&error));
        }
        match serde_json::from_slice(&answer) {
            Ok(problem) => Err(ClientError::Refused { problem }),
            Err(_) => Err(self.strange(&format_args!("it answers {status}"))),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let connect = |source| ClientError::Connect {
            authority: self.authority.clone(),
            source,
        };
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(&self.authority)).await;
        let stream = stream
            .map_err(|_| connect(std::io::ErrorKind::TimedOut.into()))?
            .map_err(connect)?;
        let stream = match &self.tls {
            None => Stream::from(stream),
            Some(tls) => {
                let host = self.authority.rsplit_once(':').map_or("", |(host, _)| host);
                let connected = tls.connect(stream, host, Offer::Http1).await;
                let private = |source| ClientError::Private {
                    authority: self.authority.clone(),
                    source,
                };
                connected.map_err(private)?.0
            }
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let request = request
            .body(Full::new(body))
            .map_err(|_| self.broken(&"the path or the token holds what HTTP does not allow"))?;
        let answer = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(|error| self.broken(&error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
            let body = body.map_err(|error| self.broken(&error))?;
            Ok((status, body.to_bytes()))
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answered = &mut answer => answered,
            ended = connection => match ended {
                // All was read before the connection ended.
                Ok(()) => answer.await,
                Err(error) => Err(self.broken(&error)),
            },
        }
    }

    fn broken(&self, why: &dyn std::fmt::Display) -> ClientError {
        ClientError::Broken {
            authority: self.authority.clone(),
            why: why.to_string(),
        }
    }

    fn strange(&self, why: &dyn std::fmt::Display) -> ClientError {
        ClientError::Strange {
            authority: self.authority.clone(),
            why: why.to_string(),
        }
    }
}
