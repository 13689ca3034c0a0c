//! HTTP/1.1 and HTTP/2 (prior knowledge) on one port.
//!
//! In: connections. Out: a [`Request`] per request to whoever answers, and the answer to the client as it is: no field is added
//! that the backend did not send. Nothing waits for ever: a connection must say in time what it speaks, send its heads in
//! time and take its answers without standing still, and at a shutdown it ends with what is in flight, or at the deadline.

mod preface;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ::http::Version;
use ::http::header::CONNECTION;
use h1::Spelling;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ops::shutdown::Shutdown;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use uuid::Uuid;

use self::preface::{Opened, Speaks};
use crate::message::{Interim, Payload, Peer, Request, Response};

/// What a listener grants its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// How long a client may take to say its first bytes, and a head from its first byte or since the last answer.
    pub head: Duration,
    /// How many requests one HTTP/2 connection may have under way.
    pub streams: u32,
    /// How long a client may take nothing of what is being sent to it; then its connection is closed.
    pub stall: Duration,
    /// How long what is in flight may take at a shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head: Duration::from_secs(75),
            streams: 128,
            stall: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}

/// Whoever answers requests.
pub trait Answer: Send + Sync + 'static {
    /// Answers. Dropped half-way if the client goes away.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// Accepts until the shutdown begins; connections are tasks of the shutdown, which so waits for them. Dropped half-way it only stops
/// accepting.
pub async fn serve(
    listener: TcpListener,
    answer: Arc<impl Answer>,
    limits: Limits,
    connections: Gauge,
    shutdown: Shutdown,
) {
    let places = Arc::new(Semaphore::new(
        limits.connections.clamp(1, Semaphore::MAX_PERMITS),
    ));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.begun() => return,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, from, place)) => {
                let connection =
                    connection(stream, from, Arc::clone(&answer), limits, shutdown.clone());
                let counted = Counted::one(&connections);
                shutdown.spawn(async move {
                    let _place = (place, counted);
                    connection.await;
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: whoever holds them must get time to give some back.
                tracing::warn!(%error, "could not accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// One connection of the gauge, for as long as it lives.
struct Counted(Gauge);

impl Counted {
    fn one(connections: &Gauge) -> Self {
        connections.inc();
        Self(connections.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, from) = listener.accept().await?;
    Ok((stream, from, place))
}

/// One connection from its first byte to its last.
async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    answer: Arc<impl Answer>,
    limits: Limits,
    shutdown: Shutdown,
) {
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let peer = Arc::new(Peer {
        address: from,
        local,
        tls: None,
    });
    // Only latency is lost where it cannot be set.
    let _unset = stream.set_nodelay(true);
    let opened = tokio::select! {
        biased;
        () = shutdown.begun() => return,
        opened = timeout(limits.head, Opened::read(stream, limits.stall)) => opened,
    };
    // Nothing was asked: there is nobody to tell.
    let Ok(Ok(opened)) = opened else { return };
    let speaks = opened.speaks();
    let io = TokioIo::new(opened);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let request = taken(request, Arc::clone(&peer));
        let answer = Arc::clone(&answer);
        async move {
            let version = request.parts.version;
            let response = answer.answer(request).await;
            Ok::<_, Infallible>(given(response, version))
        }
    });
    // How a connection ends is the client's business; what was asked on it is counted elsewhere.
    match speaks {
        Speaks::Http1 => {
            let connection = http1::Builder::new()
                .auto_date_header(false)
                // Old clients compare names as they are written; the answer's come as the backend wrote them.
                .preserve_header_case(true)
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .serve_connection(io, service);
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                biased;
                _ended = connection.as_mut() => true,
                () = shutdown.begun() => false,
            };
            if !ended {
                connection.as_mut().graceful_shutdown();
                let _ended = timeout_at(Instant::now() + limits.drain, connection).await;
            }
        }
        Speaks::Http2 => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .auto_date_header(false)
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits.streams)
                .keep_alive_interval(limits.head)
                .keep_alive_timeout(limits.head)
                .serve_connection(io, service);
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                biased;
                _ended = connection.as_mut() => true,
                () = shutdown.begun() => false,
            };
            if !ended {
                connection.as_mut().graceful_shutdown();
                let _ended = timeout_at(Instant::now() + limits.drain, connection).await;
            }
        }
    }
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

fn given(response: Response, version: Version) -> hyper::Response<Payload> {
    let Response {
        mut parts, payload, ..
    } = response;
    if version == Version::HTTP_2 {
        // Means nothing there, and is forbidden (RFC 9113 section 8.2.2).
        parts.headers.remove(CONNECTION);
    }
    hyper::Response::from_parts(parts, payload)
}
