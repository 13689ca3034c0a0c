//! The connections of one origin that speak HTTP/2: who has a stream free.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::h2::client::{Builder, SendRequest};
use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use super::super::wire::Wire;
use super::drive::Driver;
use super::ear::Ear;
use super::pulse::{PROOF, Proof, Pulse, Why};
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};

/// What an origin may send of one answer before the client has taken any of it.
const STREAM_WINDOW: u32 = 128 << 10;
/// Of all answers: as much as all streams may, so that slow clients never hold up others.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;
/// Exchanges on one connection at once, whatever the origin would take.
const STREAMS: usize = 128;
/// How many streams an origin takes that has not said so yet; no number of a SETTINGS frame is as large.
const UNKNOWN: usize = usize::MAX - 1;
/// A connection from which nothing came for so long is not asked before it has answered a ping: what lies between us and an origin forgets
/// connections without a word, and all that is asked on such a one waits in vain.
const SILENT: Duration = Duration::from_secs(5);
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
pub(super) struct State {
    /// Places that are taken.
    pub(super) streams: AtomicUsize,
    /// How many there are, when it was last looked.
    most: AtomicUsize,
    pulse: Mutex<Pulse>,
    /// The connection is to be looked at.
    pub(super) look: Notify,
    /// Changes with each echo, and when the connection has ended.
    echoes: watch::Sender<u64>,
}

impl State {
    fn new() -> Self {
        Self {
            streams: AtomicUsize::default(),
            most: AtomicUsize::new(STREAMS),
            pulse: Mutex::new(Pulse::new(Instant::now())),
            look: Notify::default(),
            echoes: watch::Sender::default(),
        }
    }

    pub(super) fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever waits for a sign of life need not any more.
    pub(super) fn tell(&self) {
        self.echoes
            .send_modify(|echoes| *echoes = echoes.wrapping_add(1));
    }
}

/// A stream's place on its connection, until dropped.
#[derive(Debug)]
pub(super) struct Turn {
    state: Arc<State>,
    asked: Asked,
}

/// How far the request is that has a place.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// Nothing was sent.
    No,
    /// Its head was sent then, and no answer came.
    Since(Instant),
    /// Nobody waits for the head of an answer any more.
    Over,
}

impl Turn {
    /// The request goes out.
    pub(super) fn asks(&mut self) {
        let now = Instant::now();
        self.asked = Asked::Since(now);
        self.state.pulse().asks(now);
    }

    /// There is an answer.
    pub(super) fn answered(&mut self) {
        self.asked = Asked::Over;
        self.state.pulse().answered();
    }

    /// There is none in time: the connection may be dead, with nobody left to say so.
    pub(super) fn late(&mut self) {
        self.gives_up(Why::Late);
    }

    fn gives_up(&mut self, why: Why) {
        let Asked::Since(asked) = std::mem::replace(&mut self.asked, Asked::Over) else {
            return;
        };
        let mut pulse = self.state.pulse();
        pulse.gives_up(asked, why, Instant::now());
        if pulse.is_doubted() {
            self.state.look.notify_one();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !matches!(self.asked, Asked::No) {
            self.gives_up(Why::Left);
            self.state.pulse().closes();
        }
        self.state.streams.fetch_sub(1, Ordering::Relaxed);
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
        let state = &self.turn.state;
        let mut echoes = state.echoes.subscribe();
        let proof = state.pulse().prove(SILENT, Instant::now());
        state.look.notify_one();
        match proof {
            Proof::Lives | Proof::Busy => return true,
            Proof::Unknown => return false,
            Proof::Asked => {}
        }
        let until = deadline.min(Instant::now() + PROOF);
        let _late = timeout_at(until, echoes.changed()).await;
        state.pulse().is_proven(SILENT, Instant::now())
    }

    /// Whether a WebSocket may be asked for on it (RFC 8441 section 3), as the origin's settings say.
    pub(in super::super) fn takes_tunnels(&self) -> bool {
        self.sender.is_extended_connect_protocol_enabled()
    }
}

impl Link {
    fn lives(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        !matches!(self.sender.poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    /// Whether something may be asked on it, as far as is known without its own lock, which all its exchanges take.
    fn has_room(&self) -> bool {
        let state = &self.state;
        state.streams.load(Ordering::Relaxed) < state.most.load(Ordering::Relaxed)
            && !state.pulse().is_doubted()
    }

    fn free(&self) -> Option<Free> {
        let most = self.sender.current_max_send_streams().min(STREAMS);
        self.state.most.store(most, Ordering::Relaxed);
        let streams = &self.state.streams;
        streams
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |streams| {
                (streams < most).then(|| streams.saturating_add(1))
            })
            .ok()?;
        Some(Free {
            sender: self.sender.clone(),
            turn: Turn {
                state: Arc::clone(&self.state),
                asked: Asked::No,
            },
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
        let mut place = 0;
        while let Some(link) = links.get_mut(place) {
            if link.has_room() {
                if !link.lives() {
                    links.remove(place);
                    continue;
                }
                if let Some(free) = link.free() {
                    return Some(free);
                }
            }
            place = place.saturating_add(1);
        }
        None
    }

    /// Makes a connection of what was dialled, and waits for its origin's greeting, which says how much may be asked at once (RFC 9113
    /// section 3.4). A task of its own drives it until it ends, or is idle for so long. Dropped half-way it is closed.
    ///
    /// # Errors
    /// The origin does not speak HTTP/2; nothing was asked.
    pub(in super::super) async fn add(
        self: &Arc<Self>,
        wire: Wire,
        idle: Duration,
    ) -> Result<(), BackendError> {
        let state = Arc::new(State::new());
        let unmet = || BackendError::new(Kind::Unreachable, Sent::No);
        let (sender, mut connection) = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD)
            .initial_max_send_streams(UNKNOWN)
            .handshake(Ear::new(wire, Arc::clone(&state)))
            .await
            .map_err(|error| unmet().because(error))?;
        let greeted = poll_fn(|context| match Pin::new(&mut connection).poll(context) {
            Poll::Ready(Ok(())) => {
                Poll::Ready(Err(unmet().because("it closed without a greeting")))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(unmet().because(error))),
            Poll::Pending if sender.current_max_send_streams() == UNKNOWN => Poll::Pending,
            Poll::Pending => Poll::Ready(Ok(())),
        });
        greeted.await?;
        let driver = Driver::new(connection, Arc::clone(&state), Arc::downgrade(self), idle);
        self.links().push(Link { sender, state });
        // Not tracked for shutdown: it ends with its last exchange, which is waited for at the client's side.
        tokio::spawn(driver.run());
        Ok(())
    }

    /// Nobody begins anything on it any more.
    pub(super) fn forget(&self, state: &Arc<State>) {
        self.links().retain(|link| !Arc::ptr_eq(&link.state, state));
    }
}
