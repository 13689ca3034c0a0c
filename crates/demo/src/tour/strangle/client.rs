//! An HTTP client as old as the clients of a mainframe: one request, one connection, the whole answer.
//!
//! In: an address, a request of bytes. Out: status, head and body. Waits at most [`PATIENCE`] and takes at most [`LIMIT`] bytes.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::error::{Error, Kind, Result};

const PATIENCE: Duration = Duration::from_secs(20);
const LIMIT: usize = 16 << 20;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// Its JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::new(
                Kind::Http,
                format!(
                    "{what}: status {}, and a body that is not the JSON wanted",
                    self.status
                ),
            )
            .because(error)
        })
    }

    /// The head as it would be printed, without what says when or over which connection it came.
    pub(super) fn head(&self) -> Vec<String> {
        let passing = ["date", "connection", "keep-alive", "transfer-encoding"];
        let mut head: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| !passing.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        head.sort();
        head.insert(0, self.status.to_string());
        head
    }
}

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: Cow<'a, str>,
    pub(super) content_type: &'static str,
    pub(super) token: Option<&'a str>,
    pub(super) body: Vec<u8>,
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: impl Into<Cow<'a, str>>) -> Ask<'a> {
        Ask {
            method: Method::GET,
            path: path.into(),
            content_type: "application/json",
            token: None,
            body: Vec::new(),
        }
    }

    pub(super) fn post(path: &'a str, content_type: &'static str, body: Vec<u8>) -> Ask<'a> {
        Ask {
            method: Method::POST,
            content_type,
            body,
            ..Ask::get(path)
        }
    }
}

/// Asks once, over a connection of its own. Dropped half-way the request may have been executed.
pub(super) async fn ask(address: SocketAddr, ask: Ask<'_>) -> Result<Answer> {
    let line = format!("{} {} at {address}", ask.method, ask.path);
    match tokio::time::timeout(PATIENCE, exchange(address, ask)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Error::new(Kind::Http, line).because(error)),
        Err(_) => Err(Error::new(
            Kind::Http,
            format!("{line}: no answer within {} s", PATIENCE.as_secs()),
        )),
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(address: SocketAddr, ask: Ask<'_>) -> std::result::Result<Answer, Cause> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder()
        .method(ask.method)
        .uri(ask.path.as_ref())
        .header(http::header::HOST, address.to_string())
        .header(http::header::CONTENT_TYPE, ask.content_type);
    if let Some(token) = ask.token {
        request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Full::new(Bytes::from(ask.body)))?;
    let sending = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, LIMIT).collect().await?.to_bytes();
        Ok::<_, Cause>(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    };
    // The connection must be driven while the answer is awaited; it ends when the sender is dropped.
    let mut sending = std::pin::pin!(sending);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut sending => answer,
        ended = &mut connection => {
            ended?;
            sending.await
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::*;
    use crate::commarea::Terminal;
    use crate::company::{Company, Scale};
    use crate::legacy::{Legacy, Store, inquiry};
    use ops::shutdown::Shutdown;

    /// The stand-in over HTTP: what its programs answer, and errors of its own.
    #[tokio::test]
    async fn the_stand_in_answers_as_its_programs_do() {
        let company = Company {
            seed: 3,
            scale: Scale::SMALL,
        };
        let shutdown = Shutdown::new();
        let store = Store::of(company, 1).unwrap();
        let lot = store.lots().next().unwrap().to_owned();
        let commarea = Terminal::new().unwrap().inquiry(&lot).unwrap();
        let wanted = inquiry::answer(&store, &commarea).unwrap();
        let record = crate::legacy::erp::lot(&store, &lot).unwrap();
        let legacy = Legacy::start(store, ([127, 0, 0, 1], 0).into(), &shutdown)
            .await
            .unwrap();
        let check = async |asked: Ask<'_>, status: u16, body: &[u8]| {
            let answer = ask(legacy.address(), asked).await.unwrap();
            assert_eq!(answer.status.as_u16(), status);
            assert_eq!(answer.body.as_ref(), body);
        };
        let octets = "application/octet-stream";
        check(Ask::post("/cics/LOTI", octets, commarea), 200, &wanted).await;
        check(Ask::get(format!("/erp/lots/{lot}")), 200, record.as_bytes()).await;
        check(Ask::get("/erp/lots/L1"), 404, br#"{"error":"NOT-FOUND"}"#).await;
        check(Ask::get("/cics/LOTI"), 405, b"METHOD NOT ALLOWED").await;
        check(Ask::get("/cics/XXXX"), 404, b"TRANSACTION NOT DEFINED").await;
        let large = Ask::post("/cics/LOTI", octets, vec![0x40; 40_000]);
        check(large, 413, b"LENGERR").await;
        let usage = format!("/erp/lots/{lot}/usage");
        let other = br#"{"LOT-NUMBER":"L2","LOTU-TRANSACTION":"LOTU"}"#.to_vec();
        let body = br#"{"error":"OTHER-LOT"}"#;
        check(Ask::post(&usage, "application/json", other), 400, body).await;
        assert!(shutdown.drain(Duration::from_secs(5)).await);
    }
}
