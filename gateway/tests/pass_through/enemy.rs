//! Clients that mean harm: slow in every way there is, and many at once.

use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};

use super::rig::{Line, Rig, rig_with};

const ASK: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// Far more than anything here may take, and far less than for ever.
const SOON: Duration = Duration::from_secs(10);

/// Sends a byte now and then, more often than any time in which nothing may come, for as long as anybody takes it; never ends.
async fn drip(line: &mut Line, byte: &str) {
    let mut now_and_then = interval(Duration::from_millis(20));
    while line.try_send(byte).await {
        now_and_then.tick().await;
    }
    std::future::pending::<()>().await;
}

/// Waits until no connection of a client is left.
async fn alone(rig: &Rig) {
    rig.metric("figway_connections 0\n").await;
}

#[tokio::test]
async fn a_head_that_drips_is_given_up_as_one_that_stops() {
    let rig = rig_with("read", "", "", "head_timeout = \"300ms\"").await;
    let mut client = rig.client().await;
    client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ").await;
    tokio::select! {
        () = rig.metric("figway_errors_total{code=\"head_late\"} 1") => {}
        () = drip(&mut client, "x") => {}
    }
    let answer = client.until("\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    drop(client);
    alone(&rig).await;
}

#[tokio::test]
async fn a_body_that_drips_has_no_longer_than_its_route_and_frees_the_backend() {
    let rig = rig_with("write", "timeout = \"2s\"", "max_connections = 1", "").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    origin.until("\r\n\r\n").await;
    let rest = tokio::select! {
        rest = origin.rest() => rest,
        () = drip(&mut client, "x") => String::new(),
    };
    assert!(rest.bytes().all(|byte| byte == b'x'));
    drop(client);
    alone(&rig).await;
    // The one connection the backend has is free for others.
    let mut other = rig.client().await;
    other.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("\r\n\r\n").await;
    origin.send(OK).await;
    other.until("ok").await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_let_go_and_so_is_the_backend() {
    let rig = rig_with(
        "read",
        "",
        "max_connections = 1",
        "body_timeout = \"300ms\"",
    )
    .await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("\r\n\r\n").await;
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        .await;
    let part = "x".repeat(64 << 10);
    let mut sent = 0_usize;
    let pushed = async {
        while origin.try_send(&part).await {
            sent += part.len();
        }
    };
    timeout(SOON, pushed).await.expect("the backend is let go");
    // What the system holds on both ways, and little beside it.
    assert!(sent < 64 << 20, "{sent} bytes were taken for nobody");
    alone(&rig).await;
    drop(client);
}

#[tokio::test]
async fn a_client_of_http2_that_never_gives_room_is_let_go_and_so_is_the_backend() {
    let rig = rig_with(
        "read",
        "",
        "max_connections = 1",
        "body_timeout = \"300ms\"",
    )
    .await;
    let stream = TcpStream::connect(rig.address()).await.unwrap();
    let (mut asking, connection) = h2::client::Builder::new()
        .initial_window_size(0)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("http://h/").body(()).unwrap();
    let (answer, _) = asking.send_request(request, true).unwrap();
    let mut origin = rig.origin.accept().await;
    origin.until("\r\n\r\n").await;
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome text")
        .await;
    let answer = answer.await.unwrap();
    // Echoes and all else that the connection itself does go on.
    let ended = timeout(SOON, connection).await;
    drop(ended.expect("the connection is ended").unwrap());
    drop(answer);
    alone(&rig).await;
}

#[tokio::test]
async fn one_address_has_no_more_connections_than_its_share() {
    let rig = rig_with("read", "", "", "max_connections_per_client = 3").await;
    let mut own = Vec::new();
    for _ in 0..3 {
        let mut client = rig.client().await;
        client.send(ASK).await;
        let mut origin = rig.origin.accept().await;
        origin.until("\r\n\r\n").await;
        own.push((client, origin));
    }
    for _ in 0..50 {
        let mut more = rig.client().await;
        more.try_send(ASK).await;
        assert_eq!(more.rest().await, "", "closed before it is read");
    }
    rig.metric("figway_connections_refused_total 50\n").await;
    // What was there before is answered, and who leaves makes room.
    let (mut client, mut origin) = own.remove(0);
    origin.send(OK).await;
    client.until("ok").await;
    drop(client);
    rig.metric("figway_connections 2\n").await;
    let mut next = rig.client().await;
    next.send(ASK).await;
    origin.until("\r\n\r\n").await;
    origin.send(OK).await;
    next.until("ok").await;
}

#[tokio::test]
async fn in_an_overload_the_queue_is_served_and_who_finds_none_is_told_at_once() {
    let limits = "[limits]\nrequests = 1\nqueue = 1\nwait = \"9s\"";
    let rig = rig_with("read", "", "", limits).await;
    let (mut first, mut second) = (rig.client().await, rig.client().await);
    first.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.until("\r\n\r\n").await;
    // One of two waits; the other is told, whichever came later.
    second.send(ASK).await;
    let mut third = rig.client().await;
    third.send(ASK).await;
    let began = Instant::now();
    let busy = tokio::select! {
        head = second.until("\r\n\r\n") => { std::mem::swap(&mut second, &mut third); head }
        head = third.until("\r\n\r\n") => head,
    };
    assert!(busy.starts_with("HTTP/1.1 503 "), "{busy}");
    assert!(busy.to_lowercase().contains("\r\nretry-after: "), "{busy}");
    assert!(began.elapsed() < Duration::from_secs(5), "it waited");
    origin.send(OK).await;
    first.until("ok").await;
    origin.until("\r\n\r\n").await;
    origin.send(OK).await;
    second.until("ok").await;
}

#[tokio::test]
async fn a_flood_of_keys_is_answered_and_none_is_let_through_twice() {
    let route = "limits = { rates = [{ of = { header = \"X-Key\" }, requests = 1, within = \"1h\", burst = 1 }] }";
    let rig = rig_with("read", &format!("{route}\n{ANSWER}"), "", "").await;
    let mut client = rig.client().await;
    for round in ["204", "429"] {
        for key in 0..300 {
            let ask = format!("GET /own HTTP/1.1\r\nHost: h\r\nX-Key: {key}\r\n\r\n");
            client.send(&ask).await;
            let head = client.until("\r\n\r\n").await;
            assert!(
                head.starts_with(&format!("HTTP/1.1 {round} ")),
                "{key}: {head}"
            );
            if round == "429" {
                client.until("}").await;
            }
        }
    }
}

/// A route that needs no origin.
const ANSWER: &str = r#"
[[routes]]
name = "own"
match = { path = "/own" }
answer = { status = 204 }
limits = { rates = [{ of = { header = "X-Key" }, requests = 1, within = "1h", burst = 1 }] }
"#;
