//! Origins over HTTP/2: the test plays the origin with frames of the `h2` crate.

use std::time::Duration;

use bytes::Bytes;
use gateway::backend::Call as _;
use gateway::backend::http::Upstream;
use gateway::config::{Connections, HttpSpec, Protocol};
use gateway::error::{BackendErrorKind as Kind, Sent};
use gateway::message::{Interims, Payload};
use gateway::route::Effect;
use h2::server::{Connection, SendResponse, handshake};
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::origin::{ask, get, post, refused, streamed, whole};

pub(super) async fn stage() -> (Upstream, TcpListener) {
    stage_with(|_| {}).await
}

pub(super) async fn stage_with(change: fn(&mut Connections)) -> (Upstream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let mut spec = HttpSpec::at(authority.parse().unwrap());
    spec.connections.protocol = Protocol::Http2;
    spec.policy.retry.wait = Duration::from_millis(1);
    change(&mut spec.connections);
    (Upstream::open("b".into(), &spec).unwrap(), listener)
}

type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// One connection of the origin, driven between requests too.
struct Origin {
    asked: mpsc::Receiver<Asked>,
    driver: JoinHandle<()>,
}

impl Origin {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection: Connection<TcpStream, Bytes> = handshake(stream).await.unwrap();
        let (sender, asked) = mpsc::channel(8);
        let driver = tokio::spawn(async move {
            while let Some(Ok(request)) = connection.accept().await {
                if sender.send(request).await.is_err() {
                    return;
                }
            }
        });
        Self { asked, driver }
    }

    async fn next(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }
}

fn ok(answer: &mut SendResponse<Bytes>, body: &'static str) {
    let mut stream = answer.send_response(Response::new(()), false).unwrap();
    stream.send_data(body.into(), true).unwrap();
}

#[tokio::test]
async fn many_exchanges_go_over_one_connection() {
    let (upstream, listener) = stage().await;
    let asking = async {
        let (one, two) = tokio::join!(upstream.call(get()), upstream.call(get()));
        (whole(one).await, whole(two).await)
    };
    let ((one, two), ()) = tokio::join!(asking, async {
        let mut origin = Origin::accept(&listener).await;
        let (request, mut first) = origin.next().await;
        assert_eq!(request.uri(), "http://h/x");
        assert!(!request.headers().contains_key("host"));
        let (_, mut second) = origin.next().await;
        ok(&mut second, "ok");
        ok(&mut first, "ok");
    });
    assert_eq!((&*one, &*two), ("ok", "ok"));
}

#[tokio::test]
async fn a_call_of_grpc_keeps_its_frames_and_trailers_both_ways() {
    let (upstream, listener) = stage().await;
    let (body, payload) = streamed();
    let request = Request::post("/lots.Lots/Get")
        .header("host", "h")
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    let asking = async {
        let answer = upstream.call(ask(request, payload)).await.unwrap();
        assert_eq!(answer.parts.headers["content-type"], "application/grpc");
        answer.payload.gather(100).await.unwrap()
    };
    let (gathered, ()) = tokio::join!(asking, async {
        let mut origin = Origin::accept(&listener).await;
        let (request, mut answer) = origin.next().await;
        assert_eq!(request.headers()["te"], "trailers");
        let mut asked = request.into_body();
        body.send(Ok("\0\0\0\0\x03one".into())).await.unwrap();
        let first = asked.data().await.unwrap().unwrap();
        assert_eq!(first, "\0\0\0\0\x03one");
        let head = Response::builder().header("content-type", "application/grpc");
        let mut stream = answer.send_response(head.body(()).unwrap(), false).unwrap();
        drop(body);
        let rest = asked.data().await.transpose().unwrap();
        assert!(rest.is_none_or(|rest| rest.is_empty()));
        stream.send_data("\0\0\0\0\x03two".into(), false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
    });
    assert_eq!(gathered.data, "\0\0\0\0\x03two");
    assert_eq!(gathered.trailers.unwrap()["grpc-status"], "0");
}

#[tokio::test]
async fn answers_that_are_not_the_last_go_up() {
    let (upstream, listener) = stage().await;
    let mut interims = Interims::default();
    let mut asked = get();
    asked.interim = interims.open();
    let (answer, ()) = tokio::join!(upstream.call(asked), async {
        let mut origin = Origin::accept(&listener).await;
        let (_, mut answer) = origin.next().await;
        let early = Response::builder().status(103).header("link", "</a.css>");
        answer.send_informational(early.body(()).unwrap()).unwrap();
        let (early, _) = std::future::poll_fn(|context| interims.poll_next(context)).await;
        assert_eq!(early.headers["link"], "</a.css>");
        ok(&mut answer, "ok");
    });
    assert_eq!(whole(answer).await, "ok");
}

#[tokio::test]
async fn a_stream_that_was_refused_was_not_seen_and_one_that_was_reset_may_have_been() {
    for (reason, sent) in [
        (Reason::REFUSED_STREAM, Sent::No),
        (Reason::INTERNAL_ERROR, Sent::Maybe),
    ] {
        let (upstream, listener) = stage().await;
        let (answer, ()) = tokio::join!(upstream.call(post(Payload::bytes("body"))), async {
            let mut origin = Origin::accept(&listener).await;
            let (_, mut answer) = origin.next().await;
            answer.send_reset(reason);
            if sent == Sent::No {
                // Asked again, which is allowed, and not for ever: five times, and the once that any may be.
                for _ in 0..6 {
                    let (_, mut answer) = origin.next().await;
                    answer.send_reset(reason);
                }
            }
        });
        assert_eq!(refused(answer), (Kind::Broken, sent), "{reason}");
    }
}

#[tokio::test]
async fn an_answer_that_is_reset_half_way_breaks_off() {
    let (upstream, listener) = stage().await;
    let half = Notify::new();
    let asking = async {
        let mut payload = upstream.call(get()).await.unwrap().payload;
        let first = payload.frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "half");
        half.notify_one();
        payload.gather(100).await
    };
    let (gathered, ()) = tokio::join!(asking, async {
        let mut origin = Origin::accept(&listener).await;
        let (_, mut answer) = origin.next().await;
        let mut stream = answer.send_response(Response::new(()), false).unwrap();
        stream.send_data("half".into(), false).unwrap();
        half.notified().await;
        stream.send_reset(Reason::INTERNAL_ERROR);
    });
    assert!(gathered.is_err());
}

#[tokio::test]
async fn a_large_body_goes_no_faster_than_the_origin_takes_it() {
    let (upstream, listener) = stage().await;
    let large = vec![b'x'; 1 << 20];
    let (answer, length) = tokio::join!(upstream.call(post(Payload::bytes(large))), async {
        let mut origin = Origin::accept(&listener).await;
        let (request, mut answer) = origin.next().await;
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(data) = body.data().await {
            let data = data.unwrap();
            length += data.len();
            body.flow_control().release_capacity(data.len()).unwrap();
        }
        ok(&mut answer, "ok");
        length
    });
    assert_eq!(whole(answer).await, "ok");
    assert_eq!(length, 1 << 20);
}

#[tokio::test]
async fn a_head_is_late_only_once_all_was_asked() {
    const PATIENCE: Duration = Duration::from_millis(50);
    let (upstream, listener) = stage_with(|connections| {
        connections.first_byte = Some(PATIENCE);
    })
    .await;
    let (body, payload) = streamed();
    let (answer, (ended, ..)) = tokio::join!(upstream.call(post(payload)), async {
        let mut origin = Origin::accept(&listener).await;
        let (request, unsent) = origin.next().await;
        let mut asked = request.into_body();
        body.send(Ok("part".into())).await.unwrap();
        assert_eq!(asked.data().await.unwrap().unwrap(), "part");
        // Longer than an answer may take.
        tokio::time::sleep(PATIENCE * 2).await;
        let ended = Instant::now();
        drop(body);
        (ended, asked, origin, unsent)
    });
    assert_eq!(refused(answer), (Kind::Timeout, Sent::Maybe));
    assert!(ended.elapsed() >= PATIENCE);
}

#[tokio::test]
async fn a_body_that_nobody_takes_is_given_up() {
    let (upstream, listener) = stage_with(|connections| {
        connections.body_idle = Duration::from_millis(50);
    })
    .await;
    let large = Payload::bytes(vec![b'x'; 1 << 20]);
    let (answer, _origin) = tokio::join!(upstream.call(post(large)), async {
        let mut origin = Origin::accept(&listener).await;
        // Held: dropped it would say that no more is wanted.
        (origin.next().await, origin)
    });
    assert_eq!(refused(answer), (Kind::Timeout, Sent::Maybe));
}

#[tokio::test]
async fn nothing_more_is_asked_on_a_connection_that_may_be_dead() {
    let (upstream, listener) = stage_with(|connections| {
        connections.first_byte = Some(Duration::from_secs(5));
    })
    .await;
    let asking = async {
        assert_eq!(whole(upstream.call(get()).await).await, "ok");
        upstream.call(post(Payload::Empty)).await
    };
    let (answer, dead) = tokio::join!(asking, async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection: Connection<TcpStream, Bytes> = handshake(stream).await.unwrap();
        let (_, mut answer) = connection.accept().await.unwrap().unwrap();
        ok(&mut answer, "ok");
        let asked = connection.accept().await.unwrap();
        // Nobody reads or writes on it any more.
        later(Duration::from_secs(6)).await;
        (connection, asked)
    });
    assert_eq!(refused(answer), (Kind::Timeout, Sent::Maybe));
    let (answer, origin) = tokio::join!(upstream.call(get()), async {
        let mut origin = Origin::accept(&listener).await;
        let (_, mut answer) = origin.next().await;
        ok(&mut answer, "ok");
        origin
    });
    assert_eq!(whole(answer).await, "ok");
    drop((dead, origin));
}

#[tokio::test]
async fn an_origin_that_goes_away_is_met_on_a_fresh_connection() {
    let (upstream, listener) = stage().await;
    for _ in 0..2 {
        let mut asked = get();
        asked.effect = Effect::Read;
        let asking = async { whole(upstream.call(asked).await).await };
        let (answer, origin) = tokio::join!(asking, async {
            let mut origin = Origin::accept(&listener).await;
            let (_, mut answer) = origin.next().await;
            ok(&mut answer, "ok");
            origin
        });
        assert_eq!(answer, "ok");
        origin.driver.abort();
    }
}

/// As if that much time had gone by.
pub(super) async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn nothing_is_asked_on_an_idle_connection_that_died_without_a_word() {
    let (upstream, listener) = stage().await;
    let answered = Notify::new();
    let asking = async {
        let answer = whole(upstream.call(get()).await).await;
        answered.notify_one();
        answer
    };
    let (answer, dead) = tokio::join!(asking, async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection: Connection<TcpStream, Bytes> = handshake(stream).await.unwrap();
        let (_, mut answer) = connection.accept().await.unwrap().unwrap();
        ok(&mut answer, "ok");
        tokio::select! {
            _ = connection.accept() => panic!("nothing more is asked"),
            () = answered.notified() => connection,
        }
    });
    assert_eq!(answer, "ok");
    // Nobody reads or writes on it any more, and nobody closes it.
    later(Duration::from_secs(6)).await;
    let (answer, origin) = tokio::join!(upstream.call(post(Payload::Empty)), async {
        let meeting = Origin::accept(&listener);
        let meeting = tokio::time::timeout(Duration::from_secs(20), meeting).await;
        let mut origin = meeting.expect("it is asked on another connection");
        let (request, mut answer) = origin.next().await;
        assert_eq!(request.method(), "POST");
        ok(&mut answer, "ok");
        origin
    });
    assert_eq!(whole(answer).await, "ok");
    drop((dead, origin));
}

#[tokio::test]
async fn an_idle_connection_that_answers_is_asked_again() {
    let (upstream, listener) = stage().await;
    let asking = async {
        let first = whole(upstream.call(get()).await).await;
        later(Duration::from_secs(6)).await;
        (first, whole(upstream.call(get()).await).await)
    };
    let (answers, ()) = tokio::join!(asking, async {
        let mut origin = Origin::accept(&listener).await;
        for _ in 0..2 {
            let (_, mut answer) = origin.next().await;
            ok(&mut answer, "ok");
        }
    });
    assert_eq!(answers, ("ok".into(), "ok".into()));
}
