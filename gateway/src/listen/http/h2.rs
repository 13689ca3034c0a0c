//! A connection that speaks HTTP/2, over the crate `h2`.
//!
//! All of it happens in the one task of the connection, as for HTTP/1.x: its streams are futures in a set, so that no answer waits for
//! another task to be scheduled, and what all of them have to say goes out in one write.

mod bell;
mod calm;
mod flow;
mod incoming;
mod outgoing;
mod pulse;
mod stream;
mod websocket;
mod wire;

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use ::h2::Reason;
use ::h2::server::{Builder, Connection};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use self::bell::{Bell, House};
use self::calm::Calm;
use self::flow::Flow;
use self::pulse::{Beat, Pulse};
use self::wire::Wire;
use super::clock::Clock;
use super::drain::{Member, Stage};
use super::rewound::Rewound;
use super::{Answer, Limits, Listener};
use crate::message::Peer;

/// What of an answer waits for the connection at most, in bytes.
const SEND_BUFFER: usize = 64 << 10;
/// What a client may send of a body that is not taken, in bytes: of one stream, and of all of them.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// How often streams and connection take turns before others of the runtime do.
const TURNS: usize = 8;

/// What all streams of a connection share.
#[derive(Debug)]
struct Line<A> {
    listener: Arc<Listener<A>>,
    peer: Arc<Peer>,
    flow: Flow,
    /// Whether the client takes nothing just now of what goes out to it.
    blocked: AtomicBool,
}

impl<A> Line<A> {
    /// The time, once there is something to look at; the task is woken when there is.
    fn poll_due(
        &self,
        pulse: &Pulse,
        resting: bool,
        clock: &mut Clock,
        context: &mut Context<'_>,
    ) -> Option<Instant> {
        let due = pulse.due(resting);
        let due = match self.flow.due(self.listener.limits.stall) {
            Some(stuck) => stuck.min(due),
            None => due,
        };
        match clock.poll(due, context) {
            Poll::Pending => None,
            Poll::Ready(()) => Some(Instant::now()),
        }
    }
}

/// Answers until either side ends it. Dropped half-way, what was asked is cancelled.
pub(super) async fn run<S>(
    (stream, peer, mut member): (Rewound<S>, Arc<Peer>, Member),
    shared: &Arc<Listener<impl Answer>>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = shared.limits;
    let wire = Wire::new(stream);
    let Some(mut connection) = greeted(&wire, &mut member, &limits).await else {
        return;
    };
    let line = Arc::new(Line {
        listener: Arc::clone(shared),
        peer,
        flow: Flow::default(),
        blocked: AtomicBool::new(false),
    });
    let house = Arc::<House>::default();
    let (frames, news) = (Bell::of(&house), Bell::of(&house));
    let (on_frames, on_news) = (frames.waker(), news.waker());
    let mut streams = FuturesUnordered::new();
    let mut pulse = Pulse::new(&mut connection, limits.head);
    let mut calm = Calm::new(Instant::now());
    let mut clock = Clock::default();
    let mut draining = false;
    poll_fn(|context| {
        let mut on_frames = Context::from_waker(&on_frames);
        let mut on_news = Context::from_waker(&on_news);
        house.wakes();
        let stage = member.stage(context);
        match stage {
            Stage::Open => {}
            Stage::Draining | Stage::Closing | Stage::Silent if draining => {}
            // Two frames (RFC 9113 section 6.8): that it ends, and, when the client has seen that, which request was the last.
            Stage::Draining | Stage::Closing | Stage::Silent => {
                draining = true;
                connection.graceful_shutdown();
                frames.ring();
            }
            Stage::Over => return Poll::Ready(()),
        }
        for _ in 0..TURNS {
            if frames.is_answered() {
                loop {
                    match connection.poll_accept(&mut on_frames) {
                        // It was told of the end long ago; it may ask elsewhere, since nobody was asked (RFC 9113 section 8.7).
                        Poll::Ready(Some(Ok((_, mut respond)))) if stage == Stage::Silent => {
                            respond.send_reset(Reason::REFUSED_STREAM);
                        }
                        Poll::Ready(Some(Ok((request, respond)))) => {
                            streams.push(stream::answered(request, respond, Arc::clone(&line)));
                            news.ring();
                        }
                        // How a connection ends is the client's business; what was asked on it is counted elsewhere.
                        Poll::Ready(Some(Err(_)) | None) => {
                            // Its last words, if it takes them at once.
                            let _out = wire.poll_out(&mut on_frames);
                            return Poll::Ready(());
                        }
                        Poll::Pending => break,
                    }
                }
                pulse.hear(&mut on_frames);
            }
            if news.is_answered() {
                while let Poll::Ready(Some(ended)) = streams.poll_next_unpin(&mut on_news) {
                    calm.ended(ended, Instant::now());
                    if streams.is_empty() {
                        pulse.rests();
                    }
                }
                if calm.is_lost() {
                    streams.clear();
                    connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                    frames.ring();
                }
            }
            if !frames.is_rung() && !news.is_rung() {
                break;
            }
        }
        match wire.poll_out(&mut on_frames) {
            Poll::Ready(Ok(())) => {
                line.blocked.store(false, Ordering::Relaxed);
                if streams.is_empty() {
                    wire.rests();
                }
            }
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => line.blocked.store(true, Ordering::Relaxed),
        }
        while let Some(now) = line.poll_due(&pulse, streams.is_empty(), &mut clock, context) {
            if line.flow.is_stuck(limits.stall, now) {
                return Poll::Ready(());
            }
            line.flow.cut(limits.stall, now);
            match pulse.beat(streams.is_empty(), now) {
                Beat::On => {}
                Beat::Leave => {
                    connection.graceful_shutdown();
                    frames.ring();
                }
                Beat::Dead => return Poll::Ready(()),
            }
        }
        house.sleeps([&frames, &news], context);
        Poll::Pending
    })
    .await;
}

/// The connection once our settings are out; the client's preface has been seen before.
async fn greeted<S>(
    wire: &Wire<S>,
    member: &mut Member,
    limits: &Limits,
) -> Option<Connection<Wire<S>, Bytes>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake = Builder::new()
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.heads.head).unwrap_or(u32::MAX))
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .enable_connect_protocol()
        .handshake(wire.clone());
    let mut handshake = pin!(handshake);
    poll_fn(|context| {
        if member.stage(context) == Stage::Over {
            return Poll::Ready(None);
        }
        handshake.as_mut().poll(context).map(Result::ok)
    })
    .await
}
