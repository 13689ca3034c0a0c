//! A client that is not the gateway's own: one request on one fresh connection, or many on one that is kept.

use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection that is kept.
#[derive(Debug)]
pub struct Client {
    send: SendRequest<Full<Bytes>>,
    host: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Got {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: http::HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Got {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (send, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            send,
            host: address.to_string(),
        })
    }

    /// Asks and waits for the whole answer.
    ///
    /// # Errors
    /// The connection broke, or the answer did.
    pub async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<Got> {
        self.send.ready().await?;
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self
            .send
            .send_request(request.body(Full::new(body.into()))?)
            .await?;
        let (parts, body) = response.into_parts();
        Ok(Got {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}

/// One request on a connection of its own.
///
/// # Errors
/// As [`Client::connect`] and [`Client::ask`].
pub async fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> anyhow::Result<Got> {
    Client::connect(address)
        .await?
        .ask(method, target, headers, body)
        .await
}

/// GET on a connection of its own.
///
/// # Errors
/// As [`ask`].
pub async fn get(address: SocketAddr, target: &str) -> anyhow::Result<Got> {
    ask(address, "GET", target, &[], Bytes::new()).await
}
