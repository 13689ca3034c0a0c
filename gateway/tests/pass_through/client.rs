//! Clients that go, or seem to, and clients that dawdle.

use std::sync::Arc;
use std::time::Duration;

use gateway::listen::http::{Answer, Counts, Limits, serve};
use gateway::message::{Request, Response};
use ops::shutdown::Shutdown;
use tokio::net::{TcpListener, TcpStream};

use super::rig::{Line, rig, rig_with};

const ASK: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_client_that_closes_its_side_is_taken_to_have_gone() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    client.say_no_more().await;
    assert_eq!(origin.rest().await, "", "the request is cancelled");
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_client_that_closes_its_side_is_answered_where_the_file_says_so() {
    let rig = rig_with("read", "", "", "half_closed = \"answer\"").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    client.say_no_more().await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.send(OK).await;
    let answer = client.rest().await;
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
}

/// Whoever sends while its answer ends the connection must not lose it to a reset (RFC 9112 section 9.6).
#[tokio::test]
async fn a_connection_that_ends_with_its_answer_is_closed_once_its_client_has_heard_so() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client
        .send("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        .await;
    client.until("\r\n\r\nok").await;
    origin.send("0\r\n\r\n").await;
    assert_eq!(client.rest().await, "");
    // It had the next one under way.
    for _ in 0..50 {
        client.send(ASK).await;
        assert!(client.has_ended_well().await);
    }
}

struct Ok;

impl Answer for Ok {
    async fn answer(&self, _: Request) -> Response {
        Response::of(http::StatusCode::OK, "text/plain", "ok")
    }
}

/// A listener whose clients have 50 ms for a head.
async fn hasty() -> (Line, Shutdown) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let limits = Limits {
        head: Duration::from_millis(50),
        ..Limits::default()
    };
    shutdown.spawn(serve(
        listener,
        gateway::listen::door::Door::default(),
        Arc::new(Ok),
        limits,
        Counts::default(),
        shutdown.clone().into(),
    ));
    let client = Line::of(TcpStream::connect(address).await.unwrap());
    (client, shutdown)
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_is_told_so() {
    let (mut client, _shutdown) = hasty().await;
    client.send("GET / HTTP/1.1\r\nHo").await;
    let answer = client.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
    assert!(answer.contains(r#""code":"head_late""#), "{answer}");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_told_nothing() {
    let (mut client, _shutdown) = hasty().await;
    assert_eq!(client.rest().await, "");
    let (mut client, _shutdown) = hasty().await;
    client.send(ASK).await;
    let answer = client.rest().await;
    assert!(answer.ends_with("\r\n\r\nok"), "one answer: {answer}");
}
