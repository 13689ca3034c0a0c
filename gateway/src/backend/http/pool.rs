//! The idle connections of one origin, newest first, and the places that bound all of them.
//!
//! A place is held while a connection is in use. Places bound the idle and the busy ones together: where one more is made although some are
//! idle, those idle for longest are closed for it. Connections that belong to a client, because it has authenticated them as a whole
//! (NTLM, Negotiate) or they were made for it (PROXY protocol), are kept apart, each for whom it belongs to. One task closes what has
//! been idle for too long, and lives only while something is idle.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ::http::uri::Authority;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::Config;
use super::connection::Connection;
use crate::backend::Ask;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::Peer;
use crate::route::Effect;

/// A connection that its origin has closed is noticed after this time at the latest.
const LOOK: Duration = Duration::from_secs(1);
/// So many requests wait at most where there are fewer places. Else one waits for each: it takes about as long again as an answer does, and
/// what waited longer would be an answer that nobody gets in the time that all others do.
const QUEUE: usize = 4;
/// After which a request that found all connections in use may try again.
const AGAIN: Duration = Duration::from_secs(1);

/// A place among the connections of an origin.
pub(super) type Place = OwnedSemaphorePermit;

#[derive(Debug)]
pub(super) struct Pool {
    /// What the origin is called.
    pub(super) origin: Authority,
    idle: Mutex<Idle>,
    /// Whether any connection has an owner, so that most requests need not ask.
    owned: AtomicBool,
    places: Arc<Semaphore>,
    /// A permit for each request that waits for a place.
    queue: Semaphore,
    /// How long it does.
    waits: Duration,
    lasts: Duration,
    /// Whether a connection was made for one client, whose address its origin was told.
    for_one: bool,
}

#[derive(Debug, Default)]
struct Idle {
    /// The one used last at the back.
    free: VecDeque<Connection>,
    owned: HashMap<Name, Connection>,
    /// Whether a task looks after them.
    looked_after: bool,
}

/// Whom a connection belongs to: who asks on one connection of a client's. A proxy's may carry several.
#[derive(Debug)]
pub(super) struct Owner {
    peer: Weak<Peer>,
    client: Option<IpAddr>,
}

/// An owner as it is looked up: by the address of the client's connection, which the weak reference in [`Owner`] keeps from being
/// used again.
type Name = (usize, Option<IpAddr>);

impl Owner {
    pub(super) fn new(peer: &Arc<Peer>, client: Option<IpAddr>) -> Self {
        Self {
            peer: Arc::downgrade(peer),
            client,
        }
    }

    fn name(&self) -> Name {
        (self.peer.as_ptr().addr(), self.client)
    }

    /// Whether its connection to us is there no more.
    fn is_gone(&self) -> bool {
        self.peer.strong_count() == 0
    }
}

impl Idle {
    fn len(&self) -> usize {
        self.free.len().saturating_add(self.owned.len())
    }

    /// The one that has been idle for longest.
    fn oldest(&mut self) -> Option<Connection> {
        let owned = self.owned.iter().min_by_key(|(_, one)| one.since);
        let owned = owned.map(|(name, one)| (*name, one.since));
        match (self.free.front(), owned) {
            (Some(free), Some((_, since))) if free.since <= since => self.free.pop_front(),
            (_, Some((name, _))) => self.owned.remove(&name),
            (_, None) => self.free.pop_front(),
        }
    }
}

impl Pool {
    pub(super) fn new(config: &Config) -> Self {
        let most = config.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            origin: config.authority.clone(),
            idle: Mutex::default(),
            owned: AtomicBool::new(false),
            places: Arc::new(Semaphore::new(most)),
            queue: Semaphore::new(most.max(QUEUE)),
            waits: config.queue,
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

    /// A place; where all are taken it waits for one, for a while and not in a crowd. Dropped half-way it waits no more.
    ///
    /// # Errors
    /// There is none in time, or as many wait as may.
    pub(super) async fn place(&self, deadline: Instant) -> Result<Place, BackendError> {
        let overloaded = || BackendError::new(Kind::Overloaded, Sent::No).after(AGAIN);
        let Ok(_queued) = self.queue.try_acquire() else {
            return Err(overloaded().because("as many requests wait for a connection as may"));
        };
        // A little before the deadline, so that the caller learns that nothing was sent.
        let left = deadline.saturating_duration_since(Instant::now());
        let waiting = Arc::clone(&self.places).acquire_owned();
        tokio::time::timeout(left.mul_f32(0.9).min(self.waits), waiting)
            .await
            .map_err(|_| overloaded())?
            .map_err(|_| overloaded())
    }

    /// Whether a connection waits here that is the own of whoever asks.
    pub(super) fn owns(&self, ask: &Ask) -> bool {
        self.owned.load(Ordering::Relaxed)
            && name(ask).is_some_and(|name| self.idle().owned.contains_key(&name))
    }

    /// Makes room for one more connection: the caller holds a place and has not found one to use.
    pub(super) fn make_room(&self) {
        let mut gone = Vec::new();
        let mut idle = self.idle();
        let most = self.free();
        while idle.len() > most
            && let Some(oldest) = idle.oldest()
        {
            gone.push(oldest);
        }
        drop(idle);
        // Outside the lock: closing is a call of the system's for each.
        drop(gone);
    }

    /// The own connection of whoever asks, or the one that was used last, if it still lives. What may not be sent twice gets one that the system
    /// was asked about: no read of ours would repair that it died a moment ago.
    pub(super) fn take(&self, ask: &Ask) -> Option<Connection> {
        let lives = |connection: &mut Connection| match ask.effect {
            Effect::Write => connection.is_quiet_now(),
            Effect::Read | Effect::Idempotent => connection.is_quiet(),
        };
        if self.owned.load(Ordering::Relaxed)
            && let Some(name) = name(ask)
        {
            let own = self.idle().owned.remove(&name);
            if let Some(mut own) = own
                && lives(&mut own)
            {
                return Some(own);
            }
        }
        if self.for_one && ask.peer.is_some() {
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
                idle.owned.insert(owner.name(), connection);
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
            let alone = connection.owner.as_ref().is_some_and(Owner::is_gone);
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

fn name(ask: &Ask) -> Option<Name> {
    let peer = ask.peer.as_ref()?;
    Some((Arc::as_ptr(peer).addr(), ask.client))
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
