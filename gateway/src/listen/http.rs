//! HTTP/1.x and HTTP/2 (prior knowledge) on one port.
//!
//! In: connections. Out: a [`Request`] per request to whoever answers, and the answer to the client as it is: no field is added
//! that the backend did not send. Nothing waits for ever: a connection must say in time what it speaks, send its heads in
//! time and take its answers without standing still, and at a shutdown it ends with what is in flight, or at the deadline.
//! HTTP/1.x is our own, over the crate `h1`; HTTP/2 is the crate `h2`'s.

mod clock;
mod drain;
mod h1;
mod h2;
mod preface;
mod rewound;
mod splice;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ops::shutdown::Shutdown;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use self::drain::{Ends, Member};
use self::preface::Speaks;
use super::door::{Door, Visitor};
use super::handover::Silent;
use crate::error::{GatewayError, rescue};
use crate::message::{Peer, Request, Response};
use crate::route::shape::ErrorForm;
use crate::tls::{Protocol, Stream};

/// What a listener grants its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// How long a client may take to say its first bytes, and a head from its first byte; and how long a connection is kept
    /// after an answer.
    pub head: Duration,
    /// How large heads and trailer sections may be.
    pub heads: ::h1::Limits,
    /// How many requests one HTTP/2 connection may have under way.
    pub streams: u32,
    /// How long a client may stand still within a body: taking nothing of an answer, or sending nothing of a request that is waited
    /// for.
    pub stall: Duration,
    /// How long what is in flight may take at a shutdown.
    pub drain: Duration,
    /// How long connections on which nothing is asked are kept within that: whoever asks then is answered, and told that the connection
    /// ends.
    pub drain_idle: Duration,
    /// What a client that has closed its side gets.
    pub half_closed: HalfClosed,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head: Duration::from_secs(75),
            heads: ::h1::Limits::default(),
            streams: 128,
            stall: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            drain_idle: Duration::from_secs(1),
            half_closed: HalfClosed::default(),
        }
    }
}

/// What it means that a client closes its side of a connection while its request is answered. TCP says no more than that it sends nothing
/// further: mostly it has gone, but some old clients end each request so and wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HalfClosed {
    /// It has gone: its request is cancelled.
    #[default]
    Cancel,
    /// It waits: its request is answered.
    Answer,
}

/// Whoever answers requests.
pub trait Answer: Send + Sync + 'static {
    /// Answers. Dropped half-way if the client goes away.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// What a client is told whose request could not be read. Its connection ends after that.
    fn unread(&self, unread: &Unread<'_>) -> Response {
        rescue(unread.error, &ErrorForm::Problem, Uuid::now_v7())
    }
}

/// What came instead of a request, and all that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Unread<'u> {
    /// What is wrong with it.
    pub error: &'u GatewayError,
    /// Whose connection it came on.
    pub peer: &'u Peer,
    /// When it began to come.
    pub since: Instant,
}

/// What a listener counts.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Connections of clients.
    pub connections: Gauge,
    /// Those among them that no longer speak HTTP: WebSocket and other upgrades.
    pub tunnels: Gauge,
    /// Tunnels that were closed because nothing went through them for too long.
    pub tunnels_idle: Counter,
}

/// How a listener ends.
#[derive(Debug, Clone)]
pub struct Ending {
    /// When; and what its connections are tasks of.
    pub shutdown: Shutdown,
    /// Held as long as a request may begin.
    pub silent: Silent,
}

impl From<Shutdown> for Ending {
    fn from(shutdown: Shutdown) -> Self {
        let silent = Silent::unheard();
        Self { shutdown, silent }
    }
}

/// A client's connection.
trait Line: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Makes the other end see, when this is dropped, that it is broken off and not ended.
    fn abort(&self);
}

impl Line for Stream {
    /// By a reset. What it has not taken yet may be lost to it.
    fn abort(&self) {
        // Where it cannot be set, the end looks orderly to a client of plain text.
        let _unset = self.tcp().set_zero_linger();
    }
}

/// What all connections of a listener share.
#[derive(Debug)]
struct Listener<A> {
    answer: Arc<A>,
    limits: Limits,
    counts: Counts,
    ends: Arc<Ends>,
}

/// Accepts until the shutdown begins, and then waits for what is in flight, until the limits' deadline; what is left then is closed.
/// Connections are tasks of the shutdown. Dropped half-way it only stops accepting.
pub async fn serve(
    listener: TcpListener,
    door: Door,
    answer: Arc<impl Answer>,
    limits: Limits,
    counts: Counts,
    ending: Ending,
) {
    let Ending { shutdown, silent } = ending;
    let places = Arc::new(Semaphore::new(
        limits.connections.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let shared = Arc::new(Listener {
        answer,
        limits,
        counts,
        ends: Arc::default(),
    });
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.begun() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, address, place)) => {
                let counted = Counted::one(&shared.counts.connections);
                let (door, shared) = (door.clone(), Arc::clone(&shared));
                let begun = shutdown.clone();
                // Now, so that the end waits for it from here on.
                let member = Member::of(&shared.ends);
                shutdown.spawn(async move {
                    let _place = (place, counted);
                    let late = async {
                        begun.begun().await;
                        sleep(limits.drain_idle).await;
                    };
                    let entered = tokio::select! {
                        biased;
                        entered = door.enter(stream, address) => entered,
                        () = late => None,
                    };
                    if let Some(visitor) = entered {
                        talk(visitor, member, &shared).await;
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: whoever holds them must get time to give some back.
                tracing::warn!(%error, "could not accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let (moment, drain) = (limits.drain_idle, limits.drain);
    shared.ends.end(moment, drain, silent).await;
}

/// One of a gauge, for as long as it lives.
struct Counted(Gauge);

impl Counted {
    fn one(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
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
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, place))
}

/// One connection from what was agreed on for it to its last byte. Dropped half-way it closes the connection, and what was asked on it
/// is cancelled.
async fn talk(visitor: Visitor, member: Member, shared: &Arc<Listener<impl Answer>>) {
    let Visitor {
        stream,
        peer,
        agreed,
        seat: _seat,
    } = visitor;
    let mut conversation = h1::Conversation::new(stream, peer, member, shared);
    let speaks = match agreed {
        // What begins like HTTP/2 then is no head.
        Some(Protocol::Http1) => Some(Speaks::Http1),
        agreed => match (agreed, conversation.first().await) {
            // It had agreed to HTTP/2, which begins with its preface (RFC 9113 section 3.4).
            (Some(Protocol::Http2), Some(Speaks::Http1)) => None,
            (_, first) => first,
        },
    };
    match speaks {
        Some(Speaks::Http1) => conversation.run().await,
        Some(Speaks::Http2) => Box::pin(h2::run(conversation.into_opened(), shared)).await,
        // Nothing was asked: there is nobody to tell.
        None => {}
    }
}
