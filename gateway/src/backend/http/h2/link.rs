//! The connections of one origin that speak HTTP/2: who has a stream free, and a task for each that drives it.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::h2::Ping;
use ::h2::client::{Builder, SendRequest};
use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::super::wire::Wire;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};

/// What an origin may send of one answer before the client has taken any of it.
const STREAM_WINDOW: u32 = 128 << 10;
/// Of all answers: as much as all streams may, so that slow clients never hold up others.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;
/// Exchanges on one connection at once, whatever the origin would take.
const STREAMS: usize = 128;
/// How often a connection is looked at.
const LOOK: Duration = Duration::from_secs(15);
/// How long an origin may take to answer a ping.
const PONG: Duration = Duration::from_secs(15);
/// A connection from which nothing came for so long is not asked before it has answered a ping, and how long it may take to: what lies
/// between us and an origin forgets connections without a word, and all that is asked on such a one waits in vain.
const SILENT: Duration = Duration::from_secs(5);
const PROOF: Duration = Duration::from_secs(1);
/// What the head of an answer may be, as of HTTP/1.
const HEAD: u32 = 64 << 10;

/// The connections of one origin.
#[derive(Debug, Default)]
pub(in super::super) struct Links {
    links: Mutex<Vec<Link>>,
    /// Held by whoever makes one more, so that others wait for that instead of making theirs; when the last that was tried did not come about.
    pub(in super::super) making: tokio::sync::Mutex<Option<Instant>>,
}

/// One connection.
#[derive(Debug, Clone)]
struct Link {
    sender: SendRequest<Bytes>,
    state: Arc<State>,
}

/// What is known of a connection.
#[derive(Debug)]
struct State {
    streams: AtomicUsize,
    /// An answer did not come in time: nothing more is asked until the origin answers a ping.
    doubted: AtomicBool,
    look: Notify,
    /// Somebody waits for a ping to be answered, and how many were; one more when the connection has ended.
    asks: AtomicBool,
    echoes: watch::Sender<u64>,
    born: Instant,
    /// When something last came, in milliseconds since.
    heard: AtomicU64,
}

impl State {
    fn new() -> Self {
        Self {
            streams: AtomicUsize::default(),
            doubted: AtomicBool::default(),
            look: Notify::default(),
            asks: AtomicBool::default(),
            echoes: watch::Sender::default(),
            born: Instant::now(),
            heard: AtomicU64::default(),
        }
    }

    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn hears(&self) {
        self.heard.store(self.age(), Ordering::Relaxed);
    }

    /// Nothing came for so long.
    fn silence(&self) -> Duration {
        let heard = self.heard.load(Ordering::Relaxed);
        Duration::from_millis(self.age().saturating_sub(heard))
    }

    fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
        self.look.notify_one();
    }

    /// Waits for a ping to be answered, unless one was before; not beyond that.
    async fn echo(&self, seen: u64, until: Instant) {
        let mut echoes = self.echoes.subscribe();
        if *echoes.borrow() == seen {
            self.asks.store(true, Ordering::Relaxed);
            self.look.notify_one();
            let _late = timeout_at(until, echoes.wait_for(|echoes| *echoes != seen)).await;
        }
    }
}

/// A stream's place on its connection, until dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<State>);

impl Turn {
    /// Nothing came in time: the connection may be dead, with nobody left to say so.
    pub(super) fn doubt(&self) {
        self.0.doubt();
    }

    /// Something came.
    pub(super) fn hears(&self) {
        self.0.hears();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection with a stream free on it.
#[derive(Debug)]
pub(in super::super) struct Free {
    pub(super) sender: SendRequest<Bytes>,
    pub(super) turn: Turn,
}

impl Free {
    /// Whether something came on it of late, or comes now that it is asked. Where nothing does, nobody is given a stream on it for a while.
    pub(in super::super) async fn is_proven(&self, deadline: Instant) -> bool {
        let state = &self.turn.0;
        if state.silence() < SILENT {
            return true;
        }
        let seen = *state.echoes.borrow();
        let until = deadline.min(Instant::now() + PROOF);
        state.echo(seen, until).await;
        let proven = state.silence() < SILENT;
        if !proven {
            state.doubt();
        }
        proven
    }

    /// Whether a WebSocket may be asked for on it (RFC 8441 section 3): the origin's settings say so, which are waited for until then. They
    /// come before any echo does (RFC 9113 section 3.4).
    pub(in super::super) async fn takes_tunnels(&self, deadline: Instant) -> bool {
        if !self.sender.is_extended_connect_protocol_enabled() {
            self.turn.0.echo(0, deadline).await;
        }
        self.sender.is_extended_connect_protocol_enabled()
    }
}

impl Link {
    fn lives(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        !matches!(self.sender.poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    fn free(&self) -> Option<Free> {
        if self.state.doubted.load(Ordering::Relaxed) {
            return None;
        }
        let most = self.sender.current_max_send_streams().min(STREAMS);
        let streams = &self.state.streams;
        streams
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |streams| {
                (streams < most).then(|| streams.saturating_add(1))
            })
            .ok()?;
        Some(Free {
            sender: self.sender.clone(),
            turn: Turn(Arc::clone(&self.state)),
        })
    }
}

impl Links {
    fn links(&self) -> MutexGuard<'_, Vec<Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A free stream of the first connection that has one.
    pub(in super::super) fn free(&self) -> Option<Free> {
        let mut links = self.links();
        links.retain_mut(Link::lives);
        links.iter().find_map(Link::free)
    }

    /// Makes a connection of what was dialled. A task of its own drives it until it ends, or is idle for so long.
    ///
    /// # Errors
    /// The origin does not speak HTTP/2; nothing was asked.
    pub(in super::super) async fn add(
        self: &Arc<Self>,
        wire: Wire,
        idle: Duration,
    ) -> Result<(), BackendError> {
        let (sender, connection) = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD)
            .handshake(wire)
            .await
            .map_err(|error| BackendError::new(Kind::Unreachable, Sent::No).because(error))?;
        let state = Arc::new(State::new());
        let link = Link {
            sender,
            state: Arc::clone(&state),
        };
        self.links().push(link);
        let links = Arc::downgrade(self);
        // Not tracked for shutdown: it ends with its last exchange, which is waited for at the client's side.
        tokio::spawn(async move {
            let mut connection = connection;
            let mut pings = connection.ping_pong();
            let mut connection = pin!(connection);
            let mut since = Instant::now();
            loop {
                tokio::select! {
                    biased;
                    _ended = connection.as_mut() => break,
                    () = state.look.notified() => {}
                    () = sleep(idle.min(LOOK)) => {}
                }
                let used = state.streams.load(Ordering::Relaxed) != 0;
                let asks = state.asks.swap(false, Ordering::Relaxed);
                if used || asks || state.doubted.load(Ordering::Relaxed) {
                    if used {
                        since = Instant::now();
                    }
                    let Some(pings) = &mut pings else { continue };
                    // One that says nothing at all holds every exchange on it.
                    let answered = tokio::select! {
                        biased;
                        _ended = connection.as_mut() => break,
                        answered = timeout(PONG, pings.ping(Ping::opaque())) => answered,
                    };
                    if !matches!(answered, Ok(Ok(_))) {
                        break;
                    }
                    state.doubted.store(false, Ordering::Relaxed);
                    state.hears();
                    state
                        .echoes
                        .send_modify(|echoes| *echoes = echoes.saturating_add(1));
                } else if since.elapsed() >= idle {
                    forget(&links, &state);
                }
            }
            forget(&links, &state);
            state
                .echoes
                .send_modify(|echoes| *echoes = echoes.saturating_add(1));
        });
        Ok(())
    }
}

/// Nobody begins anything on it any more; when its last exchange has ended, it closes.
fn forget(links: &Weak<Links>, state: &Arc<State>) {
    if let Some(links) = links.upgrade() {
        links
            .links()
            .retain(|link| !Arc::ptr_eq(&link.state, state));
    }
}
