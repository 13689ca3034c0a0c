//! Clients that speak HTTP/2.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::client::conn::http2;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::rig::{rig, rig_with};

#[tokio::test]
async fn http2_is_spoken_on_the_same_port() -> Result<(), Box<dyn std::error::Error>> {
    let rig = rig("write").await;
    let stream = TcpStream::connect(rig.address()).await?;
    let (mut send, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request = hyper::Request::post("http://erp.example/x?y")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Full::<Bytes>::from("body").map_err(|never: Infallible| match never {}))?;
    let answer = tokio::spawn(send.send_request(request));
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await;
    for line in [
        "POST /x?y HTTP/1.1",
        "host: erp.example",
        "cookie: a=1; b=2",
        "via: 2.0 figway",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    origin.until("body").await;
    origin
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-end\r\n\r\n2\r\nok\r\n0\r\nx-end: 1\r\n\r\n")
        .await;
    let answer = answer.await??;
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await?;
    assert_eq!(
        body.trailers().map(|trailers| trailers["x-end"].clone()),
        Some("1".parse()?)
    );
    assert_eq!(body.to_bytes(), "ok");
    drop(send);
    driver.await??;
    Ok(())
}

/// A request for a WebSocket over HTTP/2 (RFC 8441 section 4).
fn websocket(authority: &str) -> hyper::Request<Empty<Bytes>> {
    let mut request = hyper::Request::builder()
        .method("CONNECT")
        .uri(format!("http://{authority}/chat"))
        .header("sec-websocket-version", "13")
        .body(Empty::new())
        .unwrap();
    let protocol = Protocol::from_static("websocket");
    request.extensions_mut().insert(protocol);
    request
}

#[tokio::test]
async fn a_websocket_over_http2_is_one_over_http1_behind() {
    let rig = rig_with("read", "", "", "drain = \"100ms\"").await;
    let stream = TcpStream::connect(rig.address()).await.unwrap();
    let (mut send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let _driver = tokio::spawn(connection);
    let asking = tokio::spawn(async move {
        // Whether it is on offer is known with the settings.
        loop {
            send.ready().await.unwrap();
            match send.send_request(websocket("erp.example")).await {
                Ok(answer) => return (answer, send),
                Err(error) if error.is_user() => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    });
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await;
    for line in [
        "GET /chat HTTP/1.1",
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: ",
        "host: erp.example",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    origin
        .send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\nhello")
        .await;
    let (answer, _send) = asking.await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["sec-websocket-protocol"], "chat");
    for name in ["upgrade", "connection", "sec-websocket-accept"] {
        assert!(!answer.headers().contains_key(name), "{name}");
    }
    let mut client = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    let mut hello = [0; 5];
    client.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"hello");
    client.write_all(b"and back").await.unwrap();
    assert_eq!(origin.until("and back").await, "and back");
    rig.metric("figway_tunnels 1").await;
    // It has no end of its own; the gateway's deadline is one.
    rig.shutdown.begin();
    assert_eq!(origin.rest().await, "");
    rig.metric("figway_tunnels 0").await;
}

#[tokio::test]
async fn a_websocket_that_the_origin_does_not_open_is_not_opened() {
    let rig = rig_with("read", "", "", "[access_log]\nfile = \"access.log\"").await;
    for (said, got) in [("200 OK", 502), ("403 Forbidden", 403)] {
        let stream = TcpStream::connect(rig.address()).await.unwrap();
        let (mut send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        let _driver = tokio::spawn(connection);
        let asking = tokio::spawn(async move {
            loop {
                send.ready().await.unwrap();
                match send.send_request(websocket("erp.example")).await {
                    Ok(answer) => return answer,
                    Err(error) if error.is_user() => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let mut origin = rig.origin.accept().await;
        origin.head().await;
        origin
            .send(&format!(
                "HTTP/1.1 {said}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            ))
            .await;
        let answer = asking.await.unwrap();
        assert_eq!(answer.status().as_u16(), got);
        if got == 502 {
            // An answer of ours, as any.
            let id = answer.headers()["figway-request-id"].clone();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            assert!(body.contains(id.to_str().unwrap()), "{body}");
        }
    }
    for one in [
        "figway_requests_total{route=\"all\",side=\"gateway\",status=\"5xx\"} 1",
        "figway_requests_total{route=\"all\",side=\"legacy\",status=\"4xx\"} 1",
        "figway_errors_total{code=\"legacy_bad_answer\"} 1",
    ] {
        rig.metric(one).await;
    }
    let lines = loop {
        rig.gateway.flush_logs();
        let text = rig.read("access.log");
        if text.lines().count() == 2 {
            break text;
        }
        tokio::task::yield_now().await;
    };
    assert!(lines.contains("\"status\":502,"), "{lines}");
    assert!(!lines.contains("\"status\":200,"), "{lines}");
}
