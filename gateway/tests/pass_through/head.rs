//! Heads: what is added, taken off and left alone.

use super::rig::{Origin, rig, rig_with};

#[tokio::test]
async fn the_origin_sees_who_asked_and_the_client_sees_the_origin_alone() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client
        .send("GET /a%20b?q=1 HTTP/1.1\r\nHost: erp.example\r\nFigway-Shadow: true\r\nX-Old: 1\r\n\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    insta::assert_snapshot!(origin.head().await, @r"
    GET /a%20b?q=1 HTTP/1.1
    Host: erp.example
    X-Old: 1
    figway-request-id: <id>
    via: 1.1 figway
    x-forwarded-for: 127.0.0.1
    x-forwarded-host: erp.example
    x-forwarded-proto: http
    ");
    origin
        .send("HTTP/1.1 200 OK\r\nServer: old\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nhi")
        .await;
    insta::assert_snapshot!(client.until("hi").await.replace("\r\n", "\n"), @r"
    HTTP/1.1 200 OK
    Server: old
    Set-Cookie: a
    Set-Cookie: b
    Content-Length: 2

    hi
    ");
}

#[tokio::test]
async fn fields_between_two_neighbours_go_no_further() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client
        .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nKeep-Alive: 3\r\nUpgrade: websocket\r\n\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await.to_lowercase();
    for gone in ["x-hop", "keep-alive", "upgrade", "connection"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
    origin
        .send("HTTP/1.1 200 OK\r\nConnection: x-gone\r\nX-Gone: 1\r\nKeep-Alive: timeout=5\r\nX-Stays: 1\r\nContent-Length: 0\r\n\r\n")
        .await;
    insta::assert_snapshot!(client.head().await, @r"
    HTTP/1.1 200 OK
    Content-Length: 0
    X-Stays: 1
    ");
}

#[tokio::test]
async fn answers_without_a_body_keep_their_heads() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    for (ask, answer) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"),
    ] {
        assert!(origin.head().await.starts_with(ask));
        origin.send(answer).await;
        let got = client.until("\r\n\r\n").await;
        assert_eq!(got, answer, "{ask}");
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    }
}

#[tokio::test]
async fn old_clients_and_old_origins_are_spoken_to_in_their_way() {
    let rig = rig("read").await;
    let mut client = rig.client().await;
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await;
    assert!(head.starts_with("GET / HTTP/1.1\n"), "{head}");
    assert!(head.contains("\nhost: 127.0.0.1:"), "{head}");
    origin.send("HTTP/1.0 200 OK\r\n\r\nuntil the end").await;
    drop(origin);
    assert_eq!(client.rest().await, "HTTP/1.1 200 OK\r\n\r\nuntil the end");

    let mut client = rig.client().await;
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.send("HTTP/1.0 200 OK\r\n\r\nall").await;
    drop(origin);
    assert_eq!(
        client.until("0\r\n\r\n").await,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n"
    );
}

#[tokio::test]
async fn a_request_that_is_read_differently_by_others_is_refused() {
    let rig = rig("read").await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "400 Bad Request",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
            "400 Bad Request",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "501 Not Implemented",
        ),
        (
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "501 Not Implemented",
        ),
    ] {
        let mut client = rig.client().await;
        client.send(request).await;
        let head = client.head().await;
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{request} {head}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_ours_says_so_in_the_routes_own_form() {
    let own = r#"errors = { status = 200, content_type = "text/plain", text = "RC=12 {code}" }"#;
    let rig = rig_with("write", own, "", "").await;
    let mut client = rig.client().await;
    rig.origin.close();
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        .await;
    insta::assert_snapshot!(client.head().await, @r"
    HTTP/1.1 200 OK
    content-length: 24
    content-type: text/plain
    figway-request-id: <id>
    ");
    client.until("RC=12 legacy_unreachable").await;
}

#[tokio::test]
async fn a_copy_for_comparison_asks_for_no_other_protocol() {
    let modern = Origin::new().await;
    let new = format!("[backends.new]\nhttp = \"{}\"", modern.url());
    let rig = rig_with("read", "modern = \"new\"\nmode = \"shadow\"", &new, "").await;
    let mut client = rig.client().await;
    client
        .send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    let asked = origin.head().await.to_lowercase();
    assert!(asked.contains("\nupgrade: websocket"), "{asked}");
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    client.until("ok").await;
    let copy = modern.accept().await.head().await.to_lowercase();
    assert!(copy.starts_with("get /ws "), "{copy}");
    assert!(!copy.contains("upgrade"), "{copy}");
}
