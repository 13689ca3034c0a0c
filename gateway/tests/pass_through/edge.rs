//! What holds for all clients: numbers, the access log, and what is not taken on.

use super::rig::{Line, rig_with};

const ASK: &str = "GET /a?pin=1 HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The head of an answer that is refused, without its body.
async fn refused(client: &mut Line) -> String {
    client.send(ASK).await;
    client.until("\r\n\r\n").await.to_lowercase()
}

#[tokio::test]
async fn a_number_from_in_front_is_the_requests_and_a_trace_begins_with_it() {
    let listen = "trusted = [\"127.0.0.1\"]\nrequest_id = \"X-Request-Id\"\ntrace = \"make\"";
    let rig = rig_with("read", "", "", listen).await;
    let mut client = rig.client().await;
    client
        .send("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: 01924ed4-9c1e-7a3b-8c5d-123456789abc\r\n\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    let head = origin.until("\r\n\r\n").await;
    for wanted in [
        "figway-request-id: 01924ed4-9c1e-7a3b-8c5d-123456789abc\r\n",
        "traceparent: 00-01924ed49c1e7a3b8c5d123456789abc-",
        "X-Request-Id: 01924ed4-9c1e-7a3b-8c5d-123456789abc\r\n",
    ] {
        assert!(head.contains(wanted), "wanted {wanted} in {head}");
    }
}

#[tokio::test]
async fn what_is_too_much_at_once_is_refused_until_an_answer_is_over() {
    let rig = rig_with("read", "", "", "[limits]\nrequests = 1").await;
    let (mut first, mut second) = (rig.client().await, rig.client().await);
    first.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    let busy = refused(&mut second).await;
    assert!(busy.starts_with("http/1.1 503 "), "{busy}");
    assert!(busy.contains("\r\nretry-after: 1\r\n"), "{busy}");
    // Its head is out, its body is not: it is still under way.
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhel")
        .await;
    first.until("hel").await;
    let mut third = rig.client().await;
    let busy = refused(&mut third).await;
    assert!(busy.starts_with("http/1.1 503 "), "{busy}");
    origin.send("lo!").await;
    first.until("lo!").await;
    // The place is free once the gateway has seen the end too.
    first.send(ASK).await;
    origin.head().await;
    origin.send(OK).await;
    first.until("ok").await;
    rig.metric("figway_errors_total{code=\"busy\"} 2").await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let route =
        "limits = { rates = [{ of = \"client\", requests = 1, within = \"1h\", burst = 1 }] }";
    let rig = rig_with("read", route, "", "").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.send(OK).await;
    client.until("ok").await;
    let often = refused(&mut client).await;
    assert!(often.starts_with("http/1.1 429 "), "{often}");
    let after = often
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: "));
    let after: u32 = after.unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&after), "{after}");
}

#[tokio::test]
async fn each_request_leaves_a_line_however_it_ends() {
    let rig = rig_with("read", "", "", "[access_log]\nfile = \"access.log\"").await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin.send(OK).await;
    client.until("ok").await;
    // An answer that breaks off.
    client.send(ASK).await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
        .await;
    drop(origin);
    assert!(client.rest().await.ends_with("cut"));
    // A client that goes away before it is answered.
    let mut gone = rig.client().await;
    gone.send(ASK).await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    drop(gone);
    assert_eq!(origin.request().await, None, "it is cancelled");
    let lines = loop {
        rig.gateway.flush_logs();
        let text = rig.read("access.log");
        if text.lines().count() == 3 {
            break text;
        }
        tokio::task::yield_now().await;
    };
    let lines: Vec<_> = lines.lines().collect();
    let wanted: [&[&str]; 3] = [
        &["\"status\":200,\"bytes\":2,", "\"answered\":\"legacy\""],
        &["\"status\":200,\"bytes\":3,", "\"cut\":true"],
        &["\"status\":499,\"bytes\":0,", "\"cut\":true"],
    ];
    for (line, wanted) in lines.iter().zip(wanted) {
        for wanted in wanted {
            assert!(line.contains(wanted), "wanted {wanted} in {line}");
        }
        assert!(line.contains("\"target\":\"/a\",") && !line.contains("pin"));
    }
}
