//! Connections of HTTP/2 to an origin: what is asked before the origin has said how much, when it is asked for an echo, and what becomes
//! of a connection that gives none. The test plays the origin, frame by frame.

use std::time::Duration;

use gateway::backend::Call as _;
use gateway::error::{BackendErrorKind as Kind, Sent};
use gateway::message::Payload;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::origin::{get, post, refused, streamed, whole};
use super::origin_h2::{later, stage};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
/// Of a head that is whole, and all of its stream.
const WHOLE: u8 = 4 | 1;
/// `:status: 200`, as the static table has it (RFC 7541 appendix A).
const OK: &[u8] = &[0x88];

const SECOND: Duration = Duration::from_secs(1);

/// The origin's side of a connection.
struct Origin {
    stream: TcpStream,
    pings: usize,
    /// Of the last frame.
    payload: Vec<u8>,
}

impl Origin {
    /// Reads the preface, and says nothing yet.
    async fn accept(listener: &TcpListener) -> Self {
        let accepted = tokio::time::timeout(SECOND * 20, listener.accept()).await;
        let (mut stream, _) = accepted.expect("it connects").unwrap();
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        Self {
            stream,
            pings: 0,
            payload: Vec::new(),
        }
    }

    /// Accepts and greets.
    async fn meet(listener: &TcpListener) -> Self {
        let mut origin = Self::accept(listener).await;
        origin.says(SETTINGS, 0, 0, &[]).await;
        origin
    }

    async fn says(&mut self, kind: u8, flags: u8, stream: u8, payload: &[u8]) {
        let length = u8::try_from(payload.len()).unwrap();
        let frame = [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat();
        self.stream.write_all(&frame).await.unwrap();
    }

    /// The next frame of that kind, and its stream. Settings are agreed to on the way, and pings counted.
    async fn next(&mut self, wanted: u8) -> u8 {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.unwrap();
            let [_, long, length, kind, flags, .., stream] = head;
            let mut payload = vec![0; usize::from(long) << 8 | usize::from(length)];
            self.stream.read_exact(&mut payload).await.unwrap();
            match kind {
                SETTINGS if flags & ACK == 0 => self.says(SETTINGS, ACK, 0, &[]).await,
                PING => {
                    self.pings += 1;
                    if wanted != PING {
                        self.says(PING, ACK, 0, &payload).await;
                    }
                }
                _ => {}
            }
            self.payload = payload;
            if kind == wanted {
                return stream;
            }
        }
    }

    async fn answers(&mut self) {
        let stream = self.next(HEADERS).await;
        self.says(HEADERS, WHOLE, stream, OK).await;
    }
}

#[tokio::test]
async fn no_more_is_asked_at_once_than_an_origin_says_that_it_takes() {
    let (upstream, listener) = stage().await;
    let asking = async {
        let (one, two) = tokio::join!(upstream.call(get()), upstream.call(get()));
        (one.unwrap().parts.status, two.unwrap().parts.status)
    };
    let ((one, two), ()) = tokio::join!(asking, async {
        let mut first = Origin::accept(&listener).await;
        // One stream at once (RFC 9113 section 6.5.2).
        first.says(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]).await;
        let mut second = Origin::meet(&listener).await;
        second.answers().await;
        first.answers().await;
    });
    assert_eq!((one.as_u16(), two.as_u16()), (200, 200));
}

#[tokio::test]
async fn what_an_origin_that_goes_away_did_not_look_at_is_asked_on_fresh_connections() {
    let (upstream, listener) = stage().await;
    let (answer, ()) = tokio::join!(upstream.call(post(Payload::bytes("body"))), async {
        // More of them than there are tries.
        for _ in 0..4 {
            let mut origin = Origin::meet(&listener).await;
            origin.next(HEADERS).await;
            // It looked at no stream, and is well (RFC 9113 section 6.8).
            origin.says(GOAWAY, 0, 0, &[0; 8]).await;
        }
        Origin::meet(&listener).await.answers().await;
    });
    assert_eq!(answer.unwrap().parts.status, 200);
}

#[tokio::test]
async fn a_call_in_which_the_origin_says_nothing_is_asked_about_once() {
    let (upstream, listener) = stage().await;
    let (body, payload) = streamed();
    let mut asked = post(payload);
    asked.deadline += SECOND * 3600;
    let (answer, pings) = tokio::join!(upstream.call(asked), async {
        let mut origin = Origin::meet(&listener).await;
        let stream = origin.next(HEADERS).await;
        later(SECOND).await;
        // Answered, so that it is known to live.
        while origin.pings == 0 {
            body.send(Ok("part".into())).await.unwrap();
            origin.next(DATA).await;
        }
        for _ in 0..2 {
            later(SECOND * 12).await;
            // A ping would come before the second part at the latest.
            for _ in 0..2 {
                body.send(Ok("part".into())).await.unwrap();
                origin.next(DATA).await;
            }
        }
        origin.says(HEADERS, WHOLE, stream, OK).await;
        drop(body);
        origin.pings
    });
    assert_eq!(answer.unwrap().parts.status, 200);
    assert_eq!(pings, 1);
}

#[tokio::test]
async fn a_connection_that_gives_no_echo_is_left_for_a_fresh_one_while_others_wait_on_it() {
    let (upstream, listener) = stage().await;
    let mut waiting = Box::pin(upstream.call(post(Payload::Empty)));
    let mut dead = tokio::select! {
        answer = &mut waiting => panic!("nobody answered: {answer:?}"),
        dead = async {
            let mut origin = Origin::meet(&listener).await;
            origin.next(HEADERS).await;
            later(SECOND).await;
            origin.next(PING).await;
            // Nobody answers it.
            later(SECOND * 2).await;
            tokio::task::yield_now().await;
            origin
        } => dead,
    };
    let (answer, origin) = tokio::join!(upstream.call(post(Payload::Empty)), async {
        let mut origin = Origin::meet(&listener).await;
        origin.answers().await;
        origin
    });
    assert_eq!(whole(answer).await, "");
    // It was only slow: what waited there is answered, and nothing was asked twice.
    let (answer, ()) = tokio::join!(waiting, dead.says(HEADERS, WHOLE, 1, OK));
    assert_eq!(whole(answer).await, "");
    drop(origin);
}

#[tokio::test]
async fn a_client_that_leaves_after_a_silence_leaves_a_doubt() {
    let (upstream, listener) = stage().await;
    // The echo for the first call is given, and no other is free before the origin says something.
    let mut first = Box::pin(upstream.call(get()));
    let dead = tokio::select! {
        answer = &mut first => panic!("nobody answered: {answer:?}"),
        origin = async {
            let mut origin = Origin::meet(&listener).await;
            origin.next(HEADERS).await;
            later(SECOND).await;
            origin.next(PING).await;
            let asked = origin.payload.clone();
            origin.says(PING, ACK, 0, &asked).await;
            // That has been heard when this is answered.
            origin.says(PING, 0, 0, b"heard it").await;
            origin.next(PING).await;
            origin
        } => origin,
    };
    let mut second = Box::pin(upstream.call(get()));
    let mut dead = tokio::select! {
        answer = &mut second => panic!("nobody answered: {answer:?}"),
        origin = async {
            let mut origin = dead;
            origin.next(HEADERS).await;
            later(SECOND * 3).await;
            origin
        } => origin,
    };
    drop(second);
    let (answer, ()) = tokio::join!(upstream.call(get()), async {
        Origin::meet(&listener).await.answers().await;
    });
    assert_eq!(whole(answer).await, "");
    dead.says(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 2]).await;
    drop((first, dead));
}

#[tokio::test]
async fn who_does_not_greet_was_not_asked_anything() {
    let (upstream, listener) = stage().await;
    let (answer, ()) = tokio::join!(upstream.call(post(Payload::bytes("body"))), async {
        drop(Origin::accept(&listener).await);
    });
    assert_eq!(refused(answer), (Kind::Unreachable, Sent::No));
}
