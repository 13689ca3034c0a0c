//! Backends of several endpoints, over real sockets: who is asked when one refuses, is silent, moves or is down, and what it is told.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::backend::http::Upstream;
use gateway::backend::http::resolve::Lookup;
use gateway::backend::{Ask, Attempt, Call as _};
use gateway::config::{CheckSpec, HttpSpec, ProxyProtocol};
use gateway::error::BackendErrorKind as Kind;
use gateway::message::{Interim, Payload, PayloadError, Peer};
use gateway::route::Effect;
use gateway::route::params::PathParams;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use super::rig::{Line, rig_with};

/// Whatever a test waits for comes at once or never.
const SOON: Duration = Duration::from_secs(10);

/// An origin that answers every request with its name, and `/health` with a status.
async fn named(name: &'static str, health: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut line = Line::of(stream);
                while let Some(head) = line.request().await {
                    let (status, body) = if head.starts_with("GET /health ") {
                        (health, "")
                    } else {
                        ("200 OK", name)
                    };
                    let length = body.len();
                    line.send(&format!(
                        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}"
                    ))
                    .await;
                }
            });
        }
    });
    address
}

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A listener that takes connections and says nothing.
async fn silent() -> (SocketAddr, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener.local_addr().unwrap(), listener)
}

fn spec(endpoints: &[SocketAddr]) -> HttpSpec {
    let endpoints = endpoints.iter().map(|address| address.to_string());
    HttpSpec::of(endpoints.map(|text| text.parse().unwrap()).collect())
}

fn ask(effect: Effect) -> Box<Ask> {
    let (parts, ()) = http::Request::get("/").body(()).unwrap().into_parts();
    Box::new(Ask {
        parts,
        payload: Payload::Empty,
        id: uuid::Uuid::nil(),
        deadline: Instant::now() + SOON,
        effect,
        shadow: false,
        route: "r".into(),
        params: PathParams::default(),
        key: None,
        delivery: gateway::route::Delivery::default(),
        attempt: Attempt::First,
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
        back: None,
        promise: None,
    })
}

/// The body of the answer, or the kind of failure.
async fn asked(upstream: &Upstream, ask: Box<Ask>) -> Result<String, Kind> {
    let answered = gateway::backend::call(upstream, ask).await;
    let response = answered.map_err(|error| error.kind())?;
    let body = response.payload.gather(100).await.unwrap();
    Ok(String::from_utf8(body.data.to_vec()).unwrap())
}

#[tokio::test]
async fn a_write_that_one_endpoint_refuses_goes_to_the_other() {
    let other = named("other", "200 OK").await;
    let upstream = Upstream::open("erp".into(), &spec(&[nobody().await, other])).unwrap();
    for _ in 0..10 {
        assert_eq!(asked(&upstream, ask(Effect::Write)).await.unwrap(), "other");
    }
    let state = upstream.state();
    // After five in a row it is left alone.
    assert_eq!(state.endpoints[0].state, "ejected");
    assert_eq!(state.endpoints[0].asked, 5);
    assert_eq!(state.retried, 5);
}

#[tokio::test]
async fn an_endpoint_whose_checks_fail_is_not_asked() {
    let down = named("down", "503 Service Unavailable").await;
    let up = named("up", "204 No Content").await;
    let mut spec = spec(&[down, up]);
    spec.check = Some(CheckSpec {
        path: "/health".parse().unwrap(),
        host: None,
        every: Duration::from_millis(20),
        timeout: SOON,
        statuses: Vec::new(),
        policy: gateway::backend::balance::health::Policy::default(),
    });
    let upstream = Upstream::open("erp".into(), &spec).unwrap();
    let states = || {
        let endpoints = upstream.state().endpoints;
        endpoints.iter().map(|one| one.state).collect::<Vec<_>>()
    };
    let known = async {
        while states() != ["down", "up"] {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, known).await.expect("both are checked");
    for _ in 0..5 {
        assert_eq!(asked(&upstream, ask(Effect::Write)).await.unwrap(), "up");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_given_up() {
    let (address, _listener) = silent().await;
    let other = named("other", "200 OK").await;
    let mut spec = spec(&[address, other]);
    spec.connections.first_byte = Some(Duration::from_millis(50));
    let upstream = Upstream::open("erp".into(), &spec).unwrap();
    // A read goes elsewhere; a write may have been executed.
    assert_eq!(asked(&upstream, ask(Effect::Read)).await.unwrap(), "other");
    assert_eq!(asked(&upstream, ask(Effect::Write)).await.unwrap(), "other");
    let late = asked(&upstream, ask(Effect::Write)).await;
    assert_eq!(late, Err(Kind::Timeout));
}

#[tokio::test]
async fn an_exchange_that_takes_too_long_in_all_is_cut_off() {
    let (address, listener) = silent().await;
    let mut spec = spec(&[address]);
    spec.connections.total = Some(Duration::from_millis(100));
    let upstream = Upstream::open("erp".into(), &spec).unwrap();
    let drips = tokio::spawn(async move {
        let mut origin = Line::of(listener.accept().await.unwrap().0);
        origin.request().await.unwrap();
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        origin.send(head).await;
        // Never still, never at its end.
        while origin.try_send("1\r\nx\r\n").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let answered = upstream.call(ask(Effect::Read)).await.unwrap();
    let body = timeout(SOON, answered.payload.gather(1 << 20)).await;
    let body = body.expect("it ends");
    assert!(matches!(body, Err(PayloadError::Late)), "{body:?}");
    timeout(SOON, drips).await.expect("it is closed").unwrap();
}

/// A name whose addresses the test says.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<SocketAddr>>>);

impl Names {
    fn are(&self, addresses: &[SocketAddr]) {
        *self.0.lock().unwrap() = addresses.to_vec();
    }
}

impl Lookup for Names {
    async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        assert_eq!((host, port), ("erp.test", 9080));
        match self.0.lock().unwrap().clone() {
            none if none.is_empty() => Err(io::ErrorKind::NotFound.into()),
            some => Ok(some),
        }
    }
}

#[tokio::test]
async fn requests_go_where_the_name_points_now() {
    let names = Names::default();
    names.are(&[named("old", "").await]);
    let mut spec = HttpSpec::at("erp.test:9080".parse().unwrap());
    spec.lookup = Duration::from_millis(10);
    let upstream = Upstream::with("erp".into(), &spec, names.clone()).unwrap();
    assert_eq!(asked(&upstream, ask(Effect::Write)).await.unwrap(), "old");
    names.are(&[named("new", "").await]);
    let moved = async {
        while asked(&upstream, ask(Effect::Write)).await.unwrap() != "new" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, moved).await.expect("it is looked up again");
    // A name that cannot be looked up any more stays where it was.
    names.are(&[]);
    assert_eq!(asked(&upstream, ask(Effect::Write)).await.unwrap(), "new");
}

#[tokio::test]
async fn the_ways_to_a_name_are_tried_in_turn_and_its_absence_is_told() {
    let names = Names::default();
    names.are(&[nobody().await, named("second", "").await]);
    let spec = HttpSpec::at("erp.test:9080".parse().unwrap());
    let upstream = Upstream::with("erp".into(), &spec, names.clone()).unwrap();
    assert_eq!(
        asked(&upstream, ask(Effect::Write)).await.unwrap(),
        "second"
    );
    assert_eq!(upstream.state().endpoints[0].failed, 0);
    let upstream = Upstream::with("erp".into(), &spec, Names::default()).unwrap();
    let absent = asked(&upstream, ask(Effect::Write)).await;
    assert_eq!(absent, Err(Kind::Unreachable));
}

fn peer(address: &str) -> Arc<Peer> {
    Arc::new(Peer {
        address: address.parse().unwrap(),
        local: "198.51.100.1:443".parse().unwrap(),
        tls: None,
    })
}

#[tokio::test]
async fn an_origin_is_told_who_the_client_is_and_no_connection_serves_two() {
    let (address, listener) = silent().await;
    let mut spec = spec(&[address]);
    spec.connections.proxy_protocol = Some(ProxyProtocol::V1);
    let upstream = Upstream::open("erp".into(), &spec).unwrap();
    let (one, two) = (peer("192.0.2.1:1001"), peer("192.0.2.2:1002"));
    let call = |peer: &Arc<Peer>| {
        let mut ask = ask(Effect::Write);
        ask.peer = Some(Arc::clone(peer));
        asked(&upstream, ask)
    };
    // What the origin reads up to the request line, answered.
    let answered = async |origin: &mut Line| {
        let head = origin.request().await.unwrap();
        origin
            .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await;
        let (begin, _) = head.split_once("\r\nhost: ").unwrap();
        begin.to_owned()
    };
    let accepted = async || {
        let mut origin = Line::of(listener.accept().await.unwrap().0);
        let heard = answered(&mut origin).await;
        (origin, heard)
    };
    let (_, (mut of_one, heard)) = tokio::join!(call(&one), accepted());
    assert_eq!(
        heard,
        "PROXY TCP4 192.0.2.1 198.51.100.1 1001 443\r\nGET / HTTP/1.1"
    );
    let (_, (_of_two, heard)) = tokio::join!(call(&two), accepted());
    assert_eq!(
        heard,
        "PROXY TCP4 192.0.2.2 198.51.100.1 1002 443\r\nGET / HTTP/1.1"
    );
    // Each has its own, and the header is not said twice.
    let (answer, heard) = tokio::join!(call(&one), answered(&mut of_one));
    assert_eq!(
        (answer.unwrap().as_str(), heard.as_str()),
        ("ok", "GET / HTTP/1.1")
    );
}

#[tokio::test]
async fn a_backend_that_fails_is_not_asked_and_clients_are_told_when_to_come_back() {
    let backend = r#"breaker = { failures = 50, requests = 2, pause = "1m" }"#;
    let rig = rig_with("write", "", backend, "").await;
    let mut client = rig.client().await;
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
        let mut origin = rig.origin.accept().await;
        origin.head().await;
        drop(origin);
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
        client.until("}").await;
    }
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains("\nretry-after: 60"), "{head}");
    let body = client.until("}").await;
    assert!(body.contains(r#""code":"legacy_circuit_open""#), "{body}");
}

#[tokio::test]
async fn a_client_cannot_forge_the_header_that_says_who_it_is() {
    let backend =
        r#"identity = { headers = { X-Client = "address", X-User = "certificate.subject" } }"#;
    let rig = rig_with("write", "", backend, "").await;
    let mut client = rig.client().await;
    client
        .send("GET / HTTP/1.1\r\nHost: h\r\nX-Client: 10.9.9.9\r\nX-User: CN=admin\r\n\r\n")
        .await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await.to_ascii_lowercase();
    assert!(head.contains("\nx-client: 127.0.0.1"), "{head}");
    assert!(!head.contains("x-user"), "{head}");
}
