//! A whole conversation over a pipe, in pieces of any size.

use std::time::Duration;

use ::h1::{Decoder, Piece, read_response};
use bytes::BytesMut;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex, split};

use super::*;
use crate::listen::http::{Counts, HalfClosed, Limits};

impl Line for DuplexStream {
    fn abort(&self) {}
}

/// Gives each body back as it comes, so that both directions are under way at once.
#[derive(Debug)]
struct Echo;

impl Answer for Echo {
    async fn answer(&self, request: Request) -> Response {
        let mut response = Response::of(StatusCode::OK, "text/plain", "");
        response.payload = request.payload;
        response
    }
}

fn shared(limits: Limits) -> Listener<Echo> {
    Listener {
        answer: Arc::new(Echo),
        limits,
        counts: Counts::default(),
        ends: Arc::default(),
    }
}

fn peer() -> Arc<Peer> {
    let address = "127.0.0.1:1".parse().unwrap();
    Arc::new(Peer {
        address,
        local: address,
        tls: None,
    })
}

/// A request with that body: of a stated length, or in chunks of these sizes.
fn asked(body: &[u8], chunks: Option<&[usize]>) -> Vec<u8> {
    let Some(chunks) = chunks else {
        let length = body.len();
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
        return [head.as_bytes(), body].concat();
    };
    let mut out = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let mut left = body;
    for size in chunks.iter().cycle() {
        let (chunk, rest) = left.split_at(left.len().min(*size));
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        if chunk.is_empty() {
            out.extend_from_slice(b"\r\n");
            return out;
        }
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        left = rest;
    }
    out
}

/// The bodies of all answers.
fn bodies(answers: &[u8]) -> Vec<Vec<u8>> {
    let limits = ::h1::Limits::default();
    let mut left = BytesMut::from(answers);
    let mut all = Vec::new();
    while let Some(head) =
        read_response(&mut left, &limits, &::http::Method::POST).expect("an answer")
    {
        let mut decoder = Decoder::new(head.length, &limits);
        let mut body = Vec::new();
        loop {
            match decoder.next(&mut left).expect("a body") {
                Piece::Data(data) => body.extend_from_slice(&data),
                Piece::Trailers(_) => {}
                Piece::End => break,
                Piece::More => panic!("cut off"),
            }
        }
        all.push(body);
    }
    assert!(left.is_empty(), "more came than answers");
    all
}

#[derive(Debug, Clone)]
struct Case {
    bodies: Vec<(Vec<u8>, Option<Vec<usize>>)>,
    pieces: Vec<usize>,
    pipe: usize,
}

fn case() -> impl Strategy<Value = Case> {
    let body = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..50),
        1 => prop::collection::vec(any::<u8>(), 0..40_000),
    ];
    let chunks = prop::option::of(prop::collection::vec(1_usize..5_000, 1..4));
    let bodies = prop::collection::vec((body, chunks), 1..5);
    let pieces = prop::collection::vec(1_usize..9_000, 1..8);
    (bodies, pieces, 1_usize..20_000).prop_map(|(bodies, pieces, pipe)| Case {
        bodies,
        pieces,
        pipe,
    })
}

fn played(case: &Case) -> Vec<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let limits = Limits {
            half_closed: HalfClosed::Answer,
            ..Limits::default()
        };
        let shared = shared(limits);
        let (client, server) = duplex(case.pipe);
        let member = Member::of(&shared.ends);
        let conversation = Conversation::new(server, peer(), member, &shared);
        let (mut reads, mut writes) = split(client);
        let asking = async {
            let all: Vec<u8> = case
                .bodies
                .iter()
                .flat_map(|(body, chunks)| asked(body, chunks.as_deref()))
                .collect();
            let mut left = &all[..];
            for size in case.pieces.iter().cycle() {
                let (piece, rest) = left.split_at(left.len().min(*size));
                if piece.is_empty() {
                    break;
                }
                writes.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
                left = rest;
            }
            writes.shutdown().await.unwrap();
        };
        let mut answers = Vec::new();
        let reading = reads.read_to_end(&mut answers);
        let ((), (), read) = tokio::join!(conversation.run(), asking, reading);
        read.unwrap();
        bodies(&answers)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_request_is_answered_in_its_turn_whatever_the_pieces(case in case()) {
        let wanted: Vec<_> = case.bodies.iter().map(|(body, _)| body.clone()).collect();
        prop_assert_eq!(played(&case), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_ends_its_connection() {
    let limits = Limits {
        stall: Duration::from_secs(7),
        ..Limits::default()
    };
    let shared = shared(limits);
    let (mut client, server) = duplex(64);
    let member = Member::of(&shared.ends);
    let conversation = Conversation::new(server, peer(), member, &shared);
    let started = Instant::now();
    let asking = async {
        let body = [b'x'; 500];
        let _cut = client.write_all(&asked(&body, None)).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = conversation.run() => {}
        () = asking => {}
    }
    // Closing waits for the client as long again: it is a pipe that nobody reads.
    assert!(started.elapsed() >= Duration::from_secs(7));
    assert!(started.elapsed() <= Duration::from_secs(21));
}

#[test]
fn an_idle_connection_is_small() {
    let shared = shared(Limits::default());
    let (_, server) = duplex(1);
    let member = Member::of(&shared.ends);
    let conversation = Conversation::new(server, peer(), member, &shared);
    let size = size_of_val(&conversation.run());
    assert!(size <= 4_096, "a task of {size} bytes for each connection");
}
