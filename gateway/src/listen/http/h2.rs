//! A connection that speaks HTTP/2, over hyper.

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
use uuid::Uuid;

use super::drain::{Member, Stage};
use super::rewound::Rewound;
use super::{Answer, Listener};
use crate::message::{Interim, Payload, Peer, Request, Response};

/// Answers until either side ends it. Dropped half-way, what was asked is cancelled.
pub(super) async fn run<S>(
    (stream, peer, mut member): (Rewound<S>, Arc<Peer>, Member),
    shared: &Listener<impl Answer>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = shared.limits;
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let request = taken(request, Arc::clone(&peer));
        let answer = Arc::clone(&shared.answer);
        async move { Ok::<_, Infallible>(given(answer.answer(request).await)) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.heads.head).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
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
        connection.as_mut().poll(context).map(|_ended| ())
    })
    .await;
}

fn taken(request: hyper::Request<Incoming>, peer: Arc<Peer>) -> Request {
    let (parts, body) = request.into_parts();
    Request {
        id: Uuid::now_v7(),
        parts,
        payload: Payload::from(body),
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
