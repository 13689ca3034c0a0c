//! Bodies: they stream as they come, trailers included, and are held to the limit that their route states.

use std::time::Duration;

use tokio::time::Instant;

use super::rig::{rig, rig_with};

#[tokio::test]
async fn a_body_streams_both_ways_with_its_trailers() {
    let rig = rig("write").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await.to_lowercase();
    for line in [
        "te: trailers",
        "connection: te",
        "trailer: x-sum",
        "transfer-encoding: chunked",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    // The first part is there before the last is sent.
    assert_eq!(origin.until("one\r\n").await, "3\r\none\r\n");
    client.send("3\r\ntwo\r\n0\r\nx-sum: 6\r\n\r\n").await;
    assert_eq!(
        origin.until("\r\n\r\n").await,
        "3\r\ntwo\r\n0\r\nx-sum: 6\r\n\r\n"
    );
    origin
        .send("HTTP/1.1 200 OK\r\nTrailer: x-end\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        .await;
    client.until("1\r\na\r\n").await;
    origin.send("1\r\nb\r\n0\r\nx-end: yes\r\n\r\n").await;
    assert_eq!(
        client.until("\r\n\r\n").await,
        "1\r\nb\r\n0\r\nx-end: yes\r\n\r\n"
    );
}

#[tokio::test]
async fn a_get_with_a_body_of_unknown_length_keeps_it() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client
        .send(
            "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n",
        )
        .await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await.to_lowercase();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert_eq!(origin.until("0\r\n\r\n").await, "3\r\none\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_client_that_waits_for_100_gets_it() {
    let rig = rig("write").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await;
    assert_eq!(
        client.until("\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    client.send("body").await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await;
    assert!(!head.contains("expect"), "{head}");
    assert_eq!(origin.until("body").await, "body");
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let rig = rig_with("write", "max_body = \"8 B\"", "", "").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 413 Payload Too Large"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    assert!(client.rest().await.contains(r#""code":"body_too_large""#));
}

#[tokio::test]
async fn a_body_that_turns_out_to_be_over_the_limit_is_refused_and_not_sent_whole() {
    let rig = rig_with("write", "max_body = \"8 B\"", "", "").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    assert_eq!(origin.until("12345678\r\n").await, "8\r\n12345678\r\n");
    client.send("1\r\n9\r\n0\r\n\r\n").await;
    let rest = origin.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "ended as if whole: {rest}");
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 413 Payload Too Large"), "{head}");
}

#[tokio::test]
async fn a_body_that_only_streams_is_not_held_to_what_may_be_gathered() {
    let rig = rig_with("write", "", "", "max_body = \"8 B\"").await;
    let mut client = rig.client().await;
    for (length, body) in [
        ("Content-Length: 9", "123456789"),
        ("Transfer-Encoding: chunked", "9\r\n123456789\r\n0\r\n\r\n"),
    ] {
        client
            .send(&format!(
                "POST / HTTP/1.1\r\nHost: h\r\n{length}\r\n\r\n{body}"
            ))
            .await;
        let mut origin = rig.origin.accept().await;
        origin.head().await;
        origin.until(body).await;
        origin
            .send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            .await;
        drop(origin);
        let answer = client.until("ok").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_whole() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    client.until("one\r\n").await;
    drop(origin);
    assert_eq!(
        client.rest().await,
        "",
        "the connection ends without a last chunk"
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_whole_to_a_client_of_http10() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    client.until("\r\n\r\none").await;
    drop(origin);
    // The end of its connection is the end of the answer: it must not look like one.
    assert_eq!(client.until_reset().await, "");
}

#[tokio::test]
async fn an_answer_with_both_a_length_and_chunks_goes_no_further() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 502 Bad Gateway"), "{head}");
    client.until("}").await;
    assert_eq!(origin.rest().await, "");
}

#[tokio::test]
async fn a_request_with_both_a_length_and_chunks_is_refused() {
    let rig = rig("write").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 400 Bad Request"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    // Nobody can be sure what came after it: the connection ends (RFC 9112 section 6.1).
    assert!(client.rest().await.contains("RFC 9112 6.3"));
}

#[tokio::test]
async fn a_client_that_stops_sending_is_told_so_and_legacy_is_not_blamed() {
    let rig = rig_with("write", "timeout = \"200ms\"", "", "").await;
    let mut client = rig.client().await;
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\none")
        .await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.until("one").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 408 Request Timeout"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    assert!(client.rest().await.contains(r#""code":"body_late""#));
}

#[tokio::test]
async fn a_legacy_that_stops_reading_is_not_taken_for_a_client_that_stops_sending() {
    let rig = rig_with("write", "timeout = \"200ms\"", "", "").await;
    // More than the system keeps for those who do not read.
    let (mut client, large) = (rig.client().await, "x".repeat(60 << 20));
    let length = large.len();
    client
        .send(&format!(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"
        ))
        .await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    tokio::select! {
        biased;
        () = rig.metric("code=\"legacy_timeout\"") => {}
        () = client.send(&large) => panic!("all of it was taken"),
    }
}

#[tokio::test]
async fn events_go_on_one_by_one_for_longer_than_any_answer_may_wait_and_end_with_their_client() {
    let times = ["timeout = \"200ms\"", "body_timeout = \"200ms\""];
    let rig = rig_with("read", times[0], times[1], times[1]).await;
    let mut client = rig.client().await;
    client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    client.head().await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(600) {
        origin.send("9\r\ndata: x\n\n\r\n").await;
        // The next is not sent before this one has come.
        client.until("data: x\n\n\r\n").await;
    }
    drop(client);
    assert_eq!(origin.rest().await, "");
}
