//! One endpoint of a backend: whoever speaks to it, and all that is known of it.
//!
//! What every request looks at are atomics; the locks are taken when something changes.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::backend::balance::Outcome;
use crate::backend::balance::choice::Standing;
use crate::backend::balance::health::{self, Check, Health, State};
use crate::backend::balance::outlier::{self, Outlier};

/// An endpoint.
pub(super) struct Member<O> {
    /// As people know it: the address in the file, and the one it was resolved to where it has several.
    pub(super) name: Arc<str>,
    /// Who speaks to it.
    pub(super) origin: O,
    known: Mutex<Known>,
    /// Whether [`Known`] has anything to say against it.
    suspect: AtomicBool,
    asked: AtomicU64,
    failed: AtomicU64,
    ejected: AtomicU64,
}

#[derive(Debug, Default)]
struct Known {
    outlier: Outlier,
    health: Health,
    /// When its state last changed, and why.
    change: Option<(SystemTime, &'static str)>,
}

/// What is known of an endpoint, for people and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointState {
    /// As in the file, with the address it was resolved to where it has several.
    pub name: Arc<str>,
    /// `up`, `down`, `ejected`, or `unchecked` where nothing checks it.
    pub state: &'static str,
    /// Since when, and why, where that ever changed.
    pub change: Option<(SystemTime, &'static str)>,
    /// For how long it is still left alone.
    pub ejected_for: Option<Duration>,
    /// Requests under way.
    pub load: usize,
    /// Requests sent to it since the start or the last change of its backend.
    pub asked: u64,
    /// Those without an answer, or with 502, 503 or 504.
    pub failed: u64,
    /// How often it was left alone.
    pub ejected: u64,
}

impl<O> Member<O> {
    pub(super) fn new(name: Arc<str>, origin: O) -> Self {
        Self {
            name,
            origin,
            known: Mutex::default(),
            suspect: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            ejected: AtomicU64::new(0),
        }
    }

    /// Whether anything is known against it.
    pub(super) fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }

    /// Counts a request that says nothing new.
    pub(super) fn count(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it is thought to answer.
    pub(super) fn standing(&self, now: Instant) -> Standing {
        if !self.is_suspect() {
            return Standing::Well;
        }
        let known = self.known();
        if known.is_well(now) {
            Standing::Well
        } else {
            Standing::Doubtful
        }
    }

    /// Takes note of how a request ended; `allowed` is asked whether one more endpoint may be left alone. Gives for how long this one now is,
    /// if this decided so.
    pub(super) fn note(
        &self,
        outcome: Outcome,
        now: Instant,
        policy: Option<&outlier::Policy>,
        allowed: impl FnOnce() -> bool,
    ) -> Option<Duration> {
        self.count();
        if outcome == Outcome::Failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let policy = policy?;
        // Not under the lock: it looks at the others.
        let allowed = outcome == Outcome::Failed && allowed();
        let mut known = self.known();
        let pause = known.outlier.note(outcome, now, policy, allowed);
        if pause.is_some() {
            self.ejected.fetch_add(1, Ordering::Relaxed);
            known.change = Some((SystemTime::now(), "requests to it failed in a row"));
        }
        self.suspect.store(known.is_suspect(), Ordering::Relaxed);
        pause
    }

    /// Takes note of a check. Gives the state if this changed it.
    pub(super) fn checked(
        &self,
        check: Check,
        why: &'static str,
        policy: &health::Policy,
    ) -> Option<State> {
        let mut known = self.known();
        let changed = known.health.note(check, policy);
        if changed.is_some() {
            known.change = Some((SystemTime::now(), why));
        }
        self.suspect.store(known.is_suspect(), Ordering::Relaxed);
        changed
    }

    /// Whether it is left alone for requests that failed.
    pub(super) fn is_ejected(&self, now: Instant) -> bool {
        self.is_suspect() && self.known().outlier.out_until(now).is_some()
    }

    /// For people and metrics; `load` is what its origin says.
    pub(super) fn shown(&self, now: Instant, load: usize) -> EndpointState {
        let known = self.known();
        let out = known.outlier.out_until(now);
        let state = match (known.health.state(), out) {
            (State::Down, _) => "down",
            (_, Some(_)) => "ejected",
            (State::Up, None) => "up",
            (State::Unknown, None) => "unchecked",
        };
        EndpointState {
            name: Arc::clone(&self.name),
            state,
            change: known.change,
            ejected_for: out.map(|until| until - now),
            load,
            asked: self.asked.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            ejected: self.ejected.load(Ordering::Relaxed),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_well(&self, now: Instant) -> bool {
        self.health.state() != State::Down && self.outlier.out_until(now).is_none()
    }

    fn is_suspect(&self) -> bool {
        self.health.state() == State::Down || self.outlier.is_marked()
    }
}

impl<O> fmt::Debug for Member<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
