//! A connection that speaks HTTP/2, over hyper.
//!
//! hyper sends no 1xx over HTTP/2, so those of a backend end here; a WebSocket over HTTP/2 (RFC 8441) becomes one over HTTP/1.1.

mod calm;
mod flow;
mod websocket;

use std::convert::Infallible;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use ::h1::Spelling;
use ::http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use self::calm::Calm;
use self::flow::Flow;
use super::clock::Clock;
use super::drain::{Member, Stage};
use super::rewound::Rewound;
use super::{Answer, Listener};
use crate::message::{Interim, Payload, Peer, Request, Response, request_id};

/// What of an answer waits for a stream's window at most, in bytes.
const SEND_BUFFER: usize = 64 << 10;
/// What a client may send of a body that is not taken, in bytes: of one stream, and of all of them.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// Answers until either side ends it. Dropped half-way, what was asked is cancelled.
pub(super) async fn run<S>(
    (stream, peer, mut member): (Rewound<S>, Arc<Peer>, Member),
    shared: &Arc<Listener<impl Answer>>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = shared.limits;
    let flow = Flow::default();
    let calm = Calm::default();
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (shared, peer) = (Arc::clone(shared), Arc::clone(&peer));
        let (flow, asked) = (flow.clone(), calm.asked());
        async move {
            let response = if websocket::is_asked(&request) {
                websocket::answer(request, peer, shared).await
            } else {
                given(shared.answer.answer(taken(request, peer)).await)
            };
            asked.answered();
            Ok::<_, Infallible>(response.map(|payload| flow.over(payload)))
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.heads.head).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .enable_connect_protocol()
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut clock = Clock::default();
    let mut draining = false;
    poll_fn(|context| {
        match member.stage(context) {
            Stage::Open => {}
            Stage::Draining if draining => {}
            Stage::Draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            Stage::Over => return Poll::Ready(()),
        }
        // How a connection ends is the client's business; what was asked on it is counted elsewhere.
        if connection.as_mut().poll(context).is_ready() || calm.is_lost() {
            return Poll::Ready(());
        }
        if clock.poll(flow.due(limits.stall), context).is_pending() {
            return Poll::Pending;
        }
        let now = Instant::now();
        if flow.is_stuck(limits.stall, now) {
            return Poll::Ready(());
        }
        clock.poll(now + limits.stall, context)
    })
    .await;
}

fn taken(request: hyper::Request<Incoming>, peer: Arc<Peer>) -> Request {
    let (parts, body) = request.into_parts();
    of(parts, Payload::from(body), peer)
}

fn of(parts: ::http::request::Parts, payload: Payload, peer: Arc<Peer>) -> Request {
    Request {
        id: request_id(),
        parts,
        payload,
        received: Instant::now(),
        peer: Some(peer),
        spelling: Spelling::default(),
        interim: Interim::default(),
    }
}

fn given(response: Response) -> hyper::Response<Payload> {
    let Response {
        mut parts, payload, ..
    } = response;
    // Means nothing there, and is forbidden (RFC 9113 section 8.2.2).
    parts.headers.remove(CONNECTION);
    hyper::Response::from_parts(parts, payload)
}
