//! A client that makes its body while it sends it and keeps nothing of the answer's but its digest.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use ring::digest::{Context, SHA256};
use tokio::net::TcpStream;

use super::paper::{Paper, finish};
use crate::error::{Error, Kind, Result};

const PATIENCE: Duration = Duration::from_secs(180);
/// What is kept of an answer's body, to be read by people.
const KEPT: usize = 200;

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) length: u64,
    pub(super) sha256: [u8; 32],
    begin: Vec<u8>,
}

impl Answer {
    /// The beginning of it, as a text.
    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.begin).unwrap_or_default()
    }
}

/// Asks once, over a connection of its own. An answer that breaks off is an error.
pub(super) async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    body: Option<(&'static str, Paper)>,
) -> Result<Answer> {
    let line = format!("{method} {path} at {address}");
    match tokio::time::timeout(PATIENCE, exchange(address, method, path, body)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Error::new(Kind::Http, line).because(error)),
        Err(_) => Err(Error::new(Kind::Http, format!("{line}: no answer in time"))),
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(
    address: SocketAddr,
    method: Method,
    path: &str,
    body: Option<(&'static str, Paper)>,
) -> std::result::Result<Answer, Cause> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, address.to_string());
    if let Some((media, paper)) = &body {
        request = request
            .header(CONTENT_TYPE, *media)
            .header(CONTENT_LENGTH, paper.length());
    }
    let pieces = body.into_iter().flat_map(|(_, paper)| paper);
    let frames = pieces.map(|piece| Ok::<Frame<Bytes>, Cause>(Frame::data(piece)));
    let request = request.body(StreamBody::new(stream::iter(frames)))?;
    let asking = async {
        let (head, mut body) = sender.send_request(request).await?.into_parts();
        let (mut digest, mut length, mut begin) = (Context::new(&SHA256), 0, Vec::new());
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                digest.update(&data);
                length += u64::try_from(data.len())?;
                begin.extend(data.iter().take(KEPT.saturating_sub(begin.len())));
            }
        }
        Ok::<_, Cause>(Answer {
            status: head.status,
            length,
            sha256: finish(digest),
            begin,
        })
    };
    // The connection must be driven while the answer is awaited; it ends when the sender is dropped.
    let (mut asking, mut connection) = (std::pin::pin!(asking), std::pin::pin!(connection));
    tokio::select! {
        answer = &mut asking => answer,
        ended = &mut connection => {
            ended?;
            asking.await
        }
    }
}
