//! The idle connections of one origin, newest first, and the places that bound all of them.
//!
//! A place is held while a connection is in use. A new connection is made only when none is idle, so places bound the idle and
//! the busy ones together. Connections that a client has authenticated as a whole (NTLM, Negotiate) are kept apart, each for the client's
//! connection it belongs to. One task closes what has been idle for too long, and lives only while something is idle.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::Config;
use super::connection::Connection;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::Peer;
use crate::route::Effect;

/// A connection that its origin has closed is noticed after this time at the latest.
const LOOK: Duration = Duration::from_secs(1);

/// A place among the connections of an origin.
pub(super) type Place = OwnedSemaphorePermit;

#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<Idle>,
    /// Whether any connection has an owner, so that most requests need not ask.
    owned: AtomicBool,
    places: Arc<Semaphore>,
    lasts: Duration,
    /// Whether a connection was made for one client, whose address its origin was told.
    for_one: bool,
}

#[derive(Debug, Default)]
struct Idle {
    /// The one used last at the back.
    free: VecDeque<Connection>,
    /// By the address of the client's connection, which the weak reference in the connection keeps from being used again.
    owned: HashMap<usize, Connection>,
    /// Whether a task looks after them.
    looked_after: bool,
}

impl Pool {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            idle: Mutex::default(),
            owned: AtomicBool::new(false),
            places: Arc::new(Semaphore::new(
                config.max_connections.clamp(1, Semaphore::MAX_PERMITS),
            )),
            lasts: config.idle,
            for_one: config.proxy_protocol.is_some(),
        }
    }

    /// How many places are free.
    pub(super) fn free(&self) -> usize {
        self.places.available_permits()
    }

    /// A place, if one is free.
    pub(super) fn place_now(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// A place; waits until the deadline if all are taken.
    pub(super) async fn place(&self, deadline: Instant) -> Result<Place, BackendError> {
        let overloaded = || BackendError::new(Kind::Overloaded, Sent::No);
        // A little before the deadline, so that the caller learns that nothing was sent.
        let left = deadline.saturating_duration_since(Instant::now());
        let waiting = Arc::clone(&self.places).acquire_owned();
        tokio::time::timeout(left.mul_f32(0.9), waiting)
            .await
            .map_err(|_| overloaded())?
            .map_err(|_| overloaded())
    }

    /// Whether a connection that is this client's own waits here.
    pub(super) fn owns(&self, peer: &Arc<Peer>) -> bool {
        self.owned.load(Ordering::Relaxed) && self.idle().owned.contains_key(&address(peer))
    }

    /// The client's own connection, or the one that was used last, if it still lives. What may not be sent twice gets one that the system
    /// was asked about: no read of ours would repair that it died a moment ago.
    pub(super) fn take(&self, peer: Option<&Arc<Peer>>, effect: Effect) -> Option<Connection> {
        let lives = |connection: &mut Connection| match effect {
            Effect::Write => connection.is_quiet_now(),
            Effect::Read | Effect::Idempotent => connection.is_quiet(),
        };
        if let Some(peer) = peer
            && self.owned.load(Ordering::Relaxed)
        {
            let own = self.idle().owned.remove(&address(peer));
            if let Some(mut own) = own
                && lives(&mut own)
            {
                return Some(own);
            }
        }
        if self.for_one && peer.is_some() {
            return None;
        }
        loop {
            let mut connection = self.idle().free.pop_back()?;
            if lives(&mut connection) {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request, if it can carry one.
    pub(super) fn put(self: &Arc<Self>, connection: Connection) {
        let Some(connection) = connection.rested() else {
            return;
        };
        let mut idle = self.idle();
        match &connection.owner {
            None => idle.free.push_back(connection),
            Some(owner) => {
                self.owned.store(true, Ordering::Relaxed);
                idle.owned.insert(owner.as_ptr().addr(), connection);
            }
        }
        if !idle.looked_after {
            idle.looked_after = true;
            drop(idle);
            // Not tracked for shutdown: it holds nothing that anybody waits for.
            tokio::spawn(look_after(Arc::downgrade(self)));
        }
    }

    /// Closes what has no use any more. When to look again; none if nothing is left.
    fn sweep(&self, now: Instant) -> Option<Instant> {
        let mut gone = Vec::new();
        let mut idle = self.idle();
        let last = now.checked_sub(self.lasts);
        let keep = |connection: &mut Connection| {
            let old = last.is_some_and(|last| connection.since <= last);
            let alone = connection
                .owner
                .as_ref()
                .is_some_and(|owner| owner.strong_count() == 0);
            !old && !alone && connection.is_quiet()
        };
        let mut first: Option<Instant> = None;
        for mut connection in std::mem::take(&mut idle.free) {
            if keep(&mut connection) {
                first.get_or_insert(connection.since);
                idle.free.push_back(connection);
            } else {
                gone.push(connection);
            }
        }
        for (_, connection) in idle.owned.extract_if(|_, connection| !keep(connection)) {
            gone.push(connection);
        }
        for connection in idle.owned.values() {
            first = Some(first.map_or(connection.since, |first| first.min(connection.since)));
        }
        self.owned.store(!idle.owned.is_empty(), Ordering::Relaxed);
        idle.looked_after = first.is_some();
        drop(idle);
        // Outside the lock: closing is a call of the system's for each.
        drop(gone);
        first.map(|first| (first + self.lasts).min(now + LOOK))
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(peer: &Arc<Peer>) -> usize {
    Arc::as_ptr(peer).addr()
}

/// Looks after a pool while something is idle in it. Dropped, nothing is closed before it is used again.
async fn look_after(pool: Weak<Pool>) {
    loop {
        let Some(next) = pool.upgrade().and_then(|pool| pool.sweep(Instant::now())) else {
            return;
        };
        sleep_until(next).await;
    }
}
