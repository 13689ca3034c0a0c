//! What is said to an origin and heard from it, by the client of origins alone: every test plays the origin's end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway::backend::http::Upstream;
use gateway::backend::{Ask, Attempt, Call as _};
use gateway::config::{Connections, HttpSpec, ProxyProtocol};
use gateway::error::{BackendError, BackendErrorKind as Kind, Sent};
use gateway::message::{Interim, Interims, Payload, PayloadError, Peer, Response};
use gateway::route::Effect;
use gateway::route::params::PathParams;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::rig::Line;

struct Stage {
    upstream: Upstream,
    listener: TcpListener,
}

impl Stage {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Connections)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let mut spec = HttpSpec::at(authority.parse().unwrap());
        change(&mut spec.connections);
        let upstream = Upstream::open("b".into(), &spec).unwrap();
        Self { upstream, listener }
    }

    async fn accept(&self) -> Line {
        let accepted = timeout(Duration::from_secs(10), self.listener.accept()).await;
        Line::of(accepted.expect("it connects").unwrap().0)
    }

    async fn call(&self, ask: Box<Ask>) -> Result<Response, BackendError> {
        self.upstream.call(ask).await
    }

    /// Asks on whatever connection there is; what the origin does with it.
    async fn on(
        &self,
        origin: &mut Line,
        ask: Box<Ask>,
        answer: &str,
    ) -> Result<Response, BackendError> {
        let answered = async {
            origin.until("\r\n\r\n").await;
            origin.send(answer).await;
        };
        tokio::join!(self.call(ask), answered).0
    }

    /// Whether the next request comes on another connection than this.
    async fn moves_on(&self, mut old: Line) {
        let (answer, ()) = tokio::join!(self.call(get()), async {
            let mut fresh = self.accept().await;
            fresh.until("\r\n\r\n").await;
            fresh.send(OK).await;
        });
        assert_eq!(whole(answer).await, "ok");
        assert_eq!(old.rest().await, "");
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(super) fn ask(builder: http::request::Builder, payload: Payload) -> Box<Ask> {
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    Box::new(Ask {
        parts,
        payload,
        id: uuid::Uuid::nil(),
        deadline: Instant::now() + Duration::from_secs(10),
        effect: Effect::Write,
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

pub(super) fn get() -> Box<Ask> {
    ask(http::Request::get("/x").header("host", "h"), Payload::Empty)
}

/// A body that comes as the test sends it.
pub(super) fn streamed() -> (mpsc::Sender<Result<Bytes, PayloadError>>, Payload) {
    let (sender, mut parts) = mpsc::channel::<Result<Bytes, PayloadError>>(1);
    let stream = futures_util::stream::poll_fn(move |context| {
        parts
            .poll_recv(context)
            .map(|part| part.map(|part| part.map(Frame::data)))
    });
    (sender, Payload::Stream(Box::pin(StreamBody::new(stream))))
}

pub(super) fn post(payload: Payload) -> Box<Ask> {
    ask(http::Request::post("/x").header("host", "h"), payload)
}

pub(super) async fn whole(answer: Result<Response, BackendError>) -> String {
    let whole = answer.unwrap().payload.gather(1 << 20).await.unwrap();
    String::from_utf8(whole.data.to_vec()).unwrap()
}

pub(super) fn refused(answer: Result<Response, BackendError>) -> (Kind, Sent) {
    let error = answer.expect_err("no answer can be passed on");
    (error.kind(), error.sent())
}

#[tokio::test]
async fn a_head_goes_out_with_what_is_at_hand_of_its_body() {
    let stage = Stage::new().await;
    let (answer, head) = tokio::join!(stage.call(post(Payload::bytes("four"))), async {
        let mut origin = stage.accept().await;
        let head = origin.until("four").await;
        origin.send(OK).await;
        head
    });
    assert_eq!(
        head,
        "POST /x HTTP/1.1\r\nhost: h\r\nfigway-request-id: 00000000-0000-0000-0000-000000000000\r\ncontent-length: 4\r\n\r\nfour"
    );
    assert_eq!(whole(answer).await, "ok");
}

#[tokio::test]
async fn answers_of_every_length_are_read_to_their_end_and_the_connection_serves_on() {
    let stage = Stage::new().await;
    let mut origin = None;
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        (OK, "ok"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "ok",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            "ok",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ""),
        (
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
            "ok",
        ),
    ] {
        let asking = stage.call(get());
        let answering = async {
            let mut line = match origin.take() {
                Some(line) => line,
                None => stage.accept().await,
            };
            line.until("\r\n\r\n").await;
            line.send(answer).await;
            line
        };
        let (answered, line) = tokio::join!(asking, answering);
        assert_eq!(whole(answered).await, body, "{answer}");
        origin = Some(line);
    }
}

#[tokio::test]
async fn a_long_answer_comes_whole() {
    let stage = Stage::new().await;
    let long = "0123456789".repeat(100_000);
    let (answer, ()) = tokio::join!(async { whole(stage.call(get()).await).await }, async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send(&format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                long.len()
            ))
            .await;
        origin.send(&long).await;
    });
    assert_eq!(answer, long);
}

#[tokio::test]
async fn trailers_come_with_a_body_that_came_at_once() {
    let stage = Stage::new().await;
    let (answer, ()) = tokio::join!(stage.call(get()), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n")
            .await;
    });
    let whole = answer.unwrap().payload.gather(100).await.unwrap();
    assert_eq!(whole.data, "ok");
    assert_eq!(whole.trailers.unwrap()["x-sum"], "1");
}

#[tokio::test]
async fn a_connection_is_not_used_again_after_more_than_was_asked_for() {
    let stage = Stage::new().await;
    let (answer, origin) = tokio::join!(stage.call(get()), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin.send(&format!("{OK}HTTP/1.1 200 OK\r\n")).await;
        origin
    });
    assert_eq!(whole(answer).await, "ok");
    stage.moves_on(origin).await;
}

#[tokio::test]
async fn a_connection_is_not_used_again_after_what_came_unasked() {
    let stage = Stage::new().await;
    let (answer, mut origin) = tokio::join!(stage.call(get()), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin.send(OK).await;
        origin
    });
    assert_eq!(whole(answer).await, "ok");
    origin.send("HTTP/1.1 408 Request Timeout\r\n\r\n").await;
    stage.moves_on(origin).await;
}

#[tokio::test]
async fn an_origin_that_says_close_or_speaks_the_old_version_is_believed() {
    for answer in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ] {
        let stage = Stage::new().await;
        let (answer, origin) = tokio::join!(stage.call(get()), async {
            let mut origin = stage.accept().await;
            origin.until("\r\n\r\n").await;
            origin.send(answer).await;
            origin
        });
        assert_eq!(whole(answer).await, "ok");
        stage.moves_on(origin).await;
    }
}

#[tokio::test]
async fn what_is_no_answer_is_refused() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ] {
        let stage = Stage::new().await;
        let (answer, ()) = tokio::join!(stage.call(get()), async {
            let mut origin = stage.accept().await;
            origin.until("\r\n\r\n").await;
            origin.send(garbage).await;
            assert_eq!(origin.rest().await, "");
        });
        assert_eq!(refused(answer), (Kind::BadAnswer, Sent::Maybe), "{garbage}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let stage = Stage::new().await;
    let (answer, ()) = tokio::join!(stage.call(get()), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin.send("HTTP/1.1 200 OK\r\n").await;
        origin.send(&"x: y\r\n".repeat(20_000)).await;
        origin.rest().await;
    });
    assert_eq!(refused(answer), (Kind::BadAnswer, Sent::Maybe));
}

#[tokio::test]
async fn an_answer_that_is_cut_short_breaks_off_and_never_looks_whole() {
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let stage = Stage::new().await;
        let (answer, ()) = tokio::join!(stage.call(get()), async {
            let mut origin = stage.accept().await;
            origin.until("\r\n\r\n").await;
            origin.send(cut).await;
        });
        let gathered = answer.unwrap().payload.gather(100).await;
        assert!(matches!(gathered, Err(PayloadError::Broken(_))), "{cut}");
    }
}

#[tokio::test]
async fn answers_that_are_not_the_last_go_up_at_once() {
    let stage = Stage::new().await;
    let mut interims = Interims::default();
    let mut asked = get();
    asked.interim = interims.open();
    let (answer, ()) = tokio::join!(stage.call(asked), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: 1\r\n\r\n")
            .await;
        let (early, _) = std::future::poll_fn(|context| interims.poll_next(context)).await;
        assert_eq!(early.status, 103);
        assert_eq!(early.headers["link"], "</a.css>");
        assert_eq!(early.headers.len(), 1);
        origin
            .send(&format!("HTTP/1.1 102 Processing\r\n\r\n{OK}"))
            .await;
    });
    assert_eq!(whole(answer).await, "ok");
}

#[tokio::test]
async fn a_body_that_waits_for_100_is_not_sent_before_it() {
    let stage = Stage::new().await;
    let (body, payload) = streamed();
    let request = http::Request::post("/x").header("expect", "100-continue");
    let (answer, ()) = tokio::join!(stage.call(ask(request, payload)), async {
        let mut origin = stage.accept().await;
        let head = origin.until("\r\n\r\n").await;
        assert!(head.contains("expect: 100-continue"), "{head}");
        body.send(Ok("body".into())).await.unwrap();
        assert_eq!(body.capacity(), 0, "nobody asks for it yet");
        origin.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert_eq!(origin.until("body\r\n").await, "4\r\nbody\r\n");
        drop(body);
        origin.until("0\r\n\r\n").await;
        origin.send(OK).await;
    });
    assert_eq!(whole(answer).await, "ok");
}

#[tokio::test]
async fn a_body_that_is_refused_instead_of_100_is_never_sent() {
    let stage = Stage::new().await;
    let (body, payload) = streamed();
    let request = http::Request::post("/x").header("expect", "100-continue");
    let (answer, origin) = tokio::join!(stage.call(ask(request, payload)), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        body.send(Ok("body".into())).await.unwrap();
        origin
            .send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
            .await;
        origin
    });
    assert_eq!(whole(answer).await, "no");
    stage.moves_on(origin).await;
}

#[tokio::test]
async fn the_rest_of_a_request_goes_on_beside_an_answer_that_came_early() {
    let stage = Stage::new().await;
    let (body, payload) = streamed();
    let asking = async {
        let mut payload = stage.call(post(payload)).await.unwrap().payload;
        let first = payload.frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "one");
        payload.gather(100).await.unwrap()
    };
    let (rest, mut origin) = tokio::join!(asking, async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            .await;
        body.send(Ok("late".into())).await.unwrap();
        origin.until("4\r\nlate\r\n").await;
        drop(body);
        origin.until("0\r\n\r\n").await;
        origin.send("3\r\ntwo\r\n0\r\n\r\n").await;
        origin
    });
    assert_eq!(rest.data, "two");
    // All was said on both sides: the connection serves on.
    let answer = stage.on(&mut origin, get(), OK).await;
    assert_eq!(whole(answer).await, "ok");
}

#[tokio::test]
async fn an_answer_that_ends_before_its_request_ends_the_connection() {
    let stage = Stage::new().await;
    let (body, payload) = streamed();
    let (answer, origin) = tokio::join!(stage.call(post(payload)), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
            .await;
        origin
    });
    assert_eq!(whole(answer).await, "no");
    drop(body);
    stage.moves_on(origin).await;
}

#[tokio::test]
async fn an_origin_that_answers_and_closes_while_the_body_comes_is_heard() {
    let stage = Stage::new().await;
    let long = Payload::bytes(vec![b'x'; 16 << 20]);
    let (answer, ()) = tokio::join!(stage.call(post(long)), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
            .await;
        // What comes is read, or the reset of the unread rest could overtake the answer.
        origin.drain_until_closed().await;
    });
    let answer = answer.unwrap();
    assert_eq!(answer.parts.status, 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_the_clients_fault_and_ends_the_connection() {
    let stage = Stage::new().await;
    let (body, payload) = streamed();
    let (answer, ()) = tokio::join!(stage.call(post(payload)), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        body.send(Ok("one".into())).await.unwrap();
        origin.until("3\r\none\r\n").await;
        body.send(Err(PayloadError::broken("gone"))).await.unwrap();
        assert_eq!(origin.rest().await, "");
    });
    let (kind, sent) = refused(answer);
    assert!(matches!(kind, Kind::RequestBody(_)), "{kind:?}");
    assert_eq!(sent, Sent::Maybe);
}

#[tokio::test]
async fn a_switch_that_was_asked_for_becomes_a_tunnel() {
    let stage = Stage::new().await;
    let request = http::Request::get("/ws")
        .header("host", "h")
        .header("upgrade", "websocket");
    let (answer, mut origin) = tokio::join!(stage.call(ask(request, Payload::Empty)), async {
        let mut origin = stage.accept().await;
        let head = origin.until("\r\n\r\n").await;
        assert!(head.contains("connection: upgrade\r\n"), "{head}");
        origin
            .send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\nfirst")
            .await;
        origin
    });
    let answer = answer.unwrap();
    assert_eq!(answer.parts.status, 101);
    assert_eq!(answer.parts.headers["upgrade"], "WebSocket");
    let Payload::Tunnel(mut tunnel) = answer.payload else {
        panic!("no tunnel: {:?}", answer.payload);
    };
    let mut first = [0; 5];
    tunnel.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"first");
    tunnel.write_all(b"up").await.unwrap();
    origin.until("up").await;
    origin.send("down").await;
    let mut down = [0; 4];
    tunnel.read_exact(&mut down).await.unwrap();
    assert_eq!(&down, b"down");
    drop(tunnel);
    assert_eq!(origin.rest().await, "");
}

#[tokio::test]
async fn a_switch_before_all_is_asked_is_none() {
    let stage = Stage::new().await;
    let (body, payload) = streamed();
    let request = http::Request::post("/ws")
        .header("host", "h")
        .header("upgrade", "websocket");
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let mut origin = None;
    let (answer, ()) = tokio::join!(stage.call(ask(request, payload)), async {
        let origin = origin.insert(stage.accept().await);
        origin.until("\r\n\r\n").await;
        origin.send(switch).await;
    });
    assert_eq!(refused(answer), (Kind::BadAnswer, Sent::Maybe));
    drop((body, origin));
}

#[tokio::test]
async fn a_connection_that_was_authenticated_serves_only_the_client_it_belongs_to() {
    let stage = Stage::new().await;
    let peer = || {
        Arc::new(Peer {
            address: "127.0.0.1:1".parse().unwrap(),
            local: "127.0.0.1:2".parse().unwrap(),
            tls: None,
        })
    };
    let (alice, bob) = (peer(), peer());
    let of = |peer: &Arc<Peer>, token: Option<&str>| {
        let mut asked = get();
        asked.peer = Some(Arc::clone(peer));
        if let Some(token) = token {
            let token = token.parse().unwrap();
            asked.parts.headers.insert("authorization", token);
        }
        asked
    };
    let (answer, mut first) = tokio::join!(stage.call(of(&alice, None)), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic, NTLM\r\nContent-Length: 0\r\n\r\n")
            .await;
        origin
    });
    assert_eq!(whole(answer).await, "");
    // The handshake goes on where it began.
    let answer = stage
        .on(&mut first, of(&alice, Some("NTLM TlRMTVNTUAAB")), OK)
        .await;
    assert_eq!(whole(answer).await, "ok");
    // Nobody else speaks as Alice.
    let (answer, mut second) = tokio::join!(stage.call(of(&bob, None)), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin.send(OK).await;
        origin
    });
    assert_eq!(whole(answer).await, "ok");
    let answer = stage.on(&mut first, of(&alice, None), OK).await;
    assert_eq!(whole(answer).await, "ok");
    // When Alice has gone, so has her connection.
    drop(alice);
    assert_eq!(first.rest().await, "");
    let answer = stage.on(&mut second, of(&bob, None), OK).await;
    assert_eq!(whole(answer).await, "ok");
}

#[tokio::test]
async fn a_408_that_crosses_a_request_is_no_answer_to_it_unless_it_could_be_executed_twice() {
    let closed = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    for (effect, status) in [(Effect::Read, 200), (Effect::Write, 408)] {
        let stage = Stage::new().await;
        let (answer, mut origin) = tokio::join!(stage.call(get()), async {
            let mut origin = stage.accept().await;
            origin.until("\r\n\r\n").await;
            origin.send(OK).await;
            origin
        });
        assert_eq!(whole(answer).await, "ok");
        let mut asked = get();
        asked.effect = effect;
        let (answer, ()) = tokio::join!(stage.call(asked), async {
            origin.until("\r\n\r\n").await;
            origin.send(closed).await;
            if effect == Effect::Read {
                let mut fresh = stage.accept().await;
                fresh.until("\r\n\r\n").await;
                fresh.send(OK).await;
            }
        });
        assert_eq!(answer.unwrap().parts.status, status);
    }
}

#[tokio::test]
async fn a_head_that_is_late_once_all_was_asked_is_given_up() {
    let stage = Stage::with(|connections| {
        connections.first_byte = Some(Duration::from_millis(50));
    })
    .await;
    let (answer, ()) = tokio::join!(stage.call(get()), async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        assert_eq!(origin.rest().await, "");
    });
    assert_eq!(refused(answer), (Kind::Timeout, Sent::Maybe));
}

#[tokio::test]
async fn an_exchange_that_takes_too_long_in_all_is_given_up_though_it_moves() {
    let stage = Stage::with(|connections| {
        connections.total = Some(Duration::from_millis(100));
    })
    .await;
    let asking = async {
        let payload = stage.call(get()).await.unwrap().payload;
        payload.gather(1 << 20).await
    };
    let (gathered, ()) = tokio::join!(asking, async {
        let mut origin = stage.accept().await;
        origin.until("\r\n\r\n").await;
        origin
            .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
            .await;
        assert_eq!(origin.rest().await, "");
    });
    assert!(matches!(gathered, Err(PayloadError::Late)));
}

#[tokio::test]
async fn an_origin_is_told_of_each_client_and_no_connection_serves_two() {
    let stage = Stage::with(|connections| {
        connections.proxy_protocol = Some(ProxyProtocol::V1);
    })
    .await;
    let peer = |port: u16| {
        Arc::new(Peer {
            address: ([192, 0, 2, 1], port).into(),
            local: ([192, 0, 2, 2], 80).into(),
            tls: None,
        })
    };
    let of = |peer: &Arc<Peer>| {
        let mut asked = get();
        asked.peer = Some(Arc::clone(peer));
        asked
    };
    let mut kept = Vec::new();
    for port in [1, 2] {
        let client = peer(port);
        let (answer, mut origin) = tokio::join!(stage.call(of(&client)), async {
            let mut origin = stage.accept().await;
            let line = format!("PROXY TCP4 192.0.2.1 192.0.2.2 {port} 80\r\n");
            assert_eq!(origin.until("\r\n").await, line);
            origin.until("\r\n\r\n").await;
            origin.send(OK).await;
            origin
        });
        assert_eq!(whole(answer).await, "ok");
        let answer = stage.on(&mut origin, of(&client), OK).await;
        assert_eq!(whole(answer).await, "ok");
        kept.push((client, origin));
    }
}
