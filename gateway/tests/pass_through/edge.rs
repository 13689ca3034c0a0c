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
        &[
            "\"status\":200,\"bytes\":3,",
            "\"cut\":true,\"why\":\"the body broke off: ",
        ],
        &[
            "\"status\":499,\"bytes\":0,",
            "\"cut\":true,\"route\":\"all\",",
            "\"asked\":\"legacy\",\"request_id\"",
        ],
    ];
    for (line, wanted) in lines.iter().zip(wanted) {
        for wanted in wanted {
            assert!(line.contains(wanted), "wanted {wanted} in {line}");
        }
        assert!(line.contains("\"target\":\"/a\",") && !line.contains("pin"));
    }
    for one in [
        "figway_requests_total{route=\"all\",side=\"gateway\",status=\"499\"} 1",
        "figway_backend_requests_total{backend=\"erp\",asked_for=\"client\",result=\"given_up\"} 1",
    ] {
        rig.metric(one).await;
    }
}

/// Asks as a proxy in front does for that client, over the connection it has.
async fn ask_for(proxy: &mut Line, client: &str) {
    proxy
        .send(&format!(
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: {client}\r\n\r\n"
        ))
        .await;
}

/// What begins a connection in the PROXY protocol, without the port of ours.
async fn told_of(origin: &mut Line) -> String {
    let line = origin.until("\r\n").await;
    let words: Vec<_> = line.split(' ').take(5).collect();
    words.join(" ")
}

#[tokio::test]
async fn a_backend_hears_of_the_client_that_a_trusted_proxy_names_and_not_of_the_proxy() {
    let backend = "proxy_protocol = \"v1\"\nidentity = { headers = { X-Client = \"address\" } }";
    let rig = rig_with("read", "", backend, "trusted = [\"127.0.0.1\"]").await;
    let mut proxy = rig.client().await;
    let mut origins = Vec::new();
    for client in ["203.0.113.7", "203.0.113.8"] {
        ask_for(&mut proxy, client).await;
        let mut origin = rig.origin.accept().await;
        assert_eq!(
            told_of(&mut origin).await,
            format!("PROXY TCP4 {client} 127.0.0.1 0")
        );
        let head = origin.head().await.to_lowercase();
        assert!(head.contains(&format!("\nx-client: {client}\n")), "{head}");
        origin.send(OK).await;
        proxy.until("ok").await;
        origins.push(origin);
    }
    // Each connection serves the client it was made for.
    ask_for(&mut proxy, "203.0.113.7").await;
    origins[0].head().await;
    origins[0].send(OK).await;
    proxy.until("ok").await;
}

#[tokio::test]
async fn a_client_that_nobody_trusted_names_is_the_one_that_connects() {
    let backend = "proxy_protocol = \"v1\"\nidentity = { headers = { X-Client = \"address\" } }";
    let rig = rig_with("read", "", backend, "trusted = [\"10.0.0.0/8\"]").await;
    let mut client = rig.client().await;
    ask_for(&mut client, "203.0.113.7").await;
    let mut origin = rig.origin.accept().await;
    let told = told_of(&mut origin).await;
    assert!(
        told.starts_with("PROXY TCP4 127.0.0.1 127.0.0.1 "),
        "{told}"
    );
    assert!(!told.ends_with(" 0"), "its port is known: {told}");
    let head = origin.head().await.to_lowercase();
    assert!(head.contains("\nx-client: 127.0.0.1\n"), "{head}");
}

#[tokio::test]
async fn idle_connections_of_clients_count_among_the_most_and_the_oldest_is_closed() {
    let backend = "proxy_protocol = \"v1\"\nmax_connections = 2";
    let rig = rig_with("read", "", backend, "").await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        let mut client = rig.client().await;
        client.send(ASK).await;
        let mut origin = rig.origin.accept().await;
        origin.until("\r\n\r\n").await;
        origin.send(OK).await;
        client.until("ok").await;
        lines.push((client, origin));
    }
    // The third took the room of the first, whose client is still there and is answered over another.
    let (mut first, mut oldest) = lines.remove(0);
    assert_eq!(oldest.rest().await, "");
    let (second, third) = (lines.remove(0), lines.remove(0));
    let (mut client, mut origin) = third;
    client.send(ASK).await;
    origin.head().await;
    origin.send(OK).await;
    client.until("ok").await;
    first.send(ASK).await;
    let mut another = rig.origin.accept().await;
    another.until("\r\n\r\n").await;
    another.send(OK).await;
    first.until("ok").await;
    let (_client, mut oldest) = second;
    assert_eq!(oldest.rest().await, "");
}

const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
const SWITCHED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";

#[tokio::test]
async fn a_tunnel_through_which_nothing_goes_is_closed_and_counted() {
    let rig = rig_with("read", "", "tunnel_timeout = \"300ms\"", "").await;
    let tunnel = || async {
        let mut client = rig.client().await;
        client.send(UPGRADE).await;
        let mut origin = rig.origin.accept().await;
        origin.head().await;
        origin.send(SWITCHED).await;
        client.until("\r\n\r\n").await;
        (client, origin)
    };
    let (mut client, mut origin) = tunnel().await;
    client.send("up").await;
    origin.until("up").await;
    origin.send("down").await;
    client.until("down").await;
    assert_eq!(client.rest().await, "");
    assert_eq!(origin.rest().await, "");
    rig.metric("figway_tunnels_idle_closed_total 1\n").await;
    // One whose backend has said all, and whose client never does.
    let (mut client, mut origin) = tunnel().await;
    origin.send("last").await;
    origin.say_no_more().await;
    assert_eq!(client.rest().await, "last");
    assert_eq!(origin.rest().await, "");
    rig.metric("figway_tunnels_idle_closed_total 2\n").await;
    rig.metric("figway_tunnels 0\n").await;
}

#[tokio::test]
async fn what_could_not_be_read_as_a_request_leaves_a_line() {
    let listen =
        "max_head = \"1 KiB\"\nhead_timeout = \"300ms\"\n[access_log]\nfile = \"access.log\"";
    let rig = rig_with("read", "", "", listen).await;
    let large = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX-Large: {}\r\n\r\n",
        "x".repeat(2000)
    );
    let sent = [
        ("GET / HTTP/1.1\r\nHost: h\r\nbad name: 1\r\n\r\n", "400"),
        (large.as_str(), "431"),
        ("GET /?pin=1 HTTP/1.1\r\nHo", "408"),
    ];
    for (text, status) in sent {
        let mut client = rig.client().await;
        client.send(text).await;
        let answer = client.until("\r\n").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        client.drain_until_closed().await;
    }
    let lines = loop {
        rig.gateway.flush_logs();
        let text = rig.read("access.log");
        if text.lines().count() == 3 {
            break text;
        }
        tokio::task::yield_now().await;
    };
    for (line, (_, status)) in lines.lines().zip(sent) {
        let wanted = format!("\"client\":\"127.0.0.1\",\"status\":{status},");
        assert!(line.contains(&wanted), "wanted {wanted} in {line}");
        assert!(
            line.contains("\"answered\":\"gateway\",\"error\":\""),
            "{line}"
        );
        assert!(!line.contains("pin") && !line.contains("cut"), "{line}");
    }
}

#[tokio::test]
async fn an_answer_of_the_gateways_own_is_held_to_the_limits_of_its_route() {
    let moved = r#"
[[routes]]
name = "moved"
match = { path = "/moved" }
redirect = "/there"
limits = { rates = [{ of = "client", requests = 1, within = "1h", burst = 1 }] }
"#;
    let rig = rig_with("read", moved, "", "").await;
    let mut client = rig.client().await;
    for status in ["308 Permanent Redirect", "429 Too Many Requests"] {
        client.send("GET /moved HTTP/1.1\r\nHost: h\r\n\r\n").await;
        let head = client.until("\r\n\r\n").await;
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{head}"
        );
    }
    rig.metric("figway_errors_total{code=\"too_often\"} 1")
        .await;
    rig.metric("figway_requests_total{route=\"moved\",side=\"gateway\",status=\"4xx\"} 1")
        .await;
}

#[tokio::test]
async fn an_answer_without_a_date_gets_one_only_where_the_file_says_so() {
    let lines = |head: String| head.to_lowercase().matches("\r\ndate: ").count();
    for (listen, wanted) in [("", 0), ("date = \"add\"", 1)] {
        let rig = rig_with("read", "", "", listen).await;
        let mut client = rig.client().await;
        client.send(ASK).await;
        let mut origin = rig.origin.accept().await;
        origin.head().await;
        origin.send(OK).await;
        assert_eq!(lines(client.until("\r\n\r\n").await), wanted, "{listen}");
        client.until("ok").await;
        client.send(ASK).await;
        origin.head().await;
        origin
            .send("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok")
            .await;
        let head = client.until("\r\n\r\n").await;
        assert!(head.contains("\r\nDate: Sun, 06 Nov 1994 "), "{head}");
        assert_eq!(lines(head), 1);
        client.until("ok").await;
        // One of the gateway's own.
        client.send("GET / HTTP/1.1\r\n\r\n").await;
        assert_eq!(lines(client.until("\r\n\r\n").await), wanted, "{listen}");
    }
}
