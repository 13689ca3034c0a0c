//! What a worker tells whoever watches it: how far it is, what it finished, what it holds.
//!
//! Carries counts and names, never contents. Called from worker threads: whoever listens must not block.

use std::fmt;
use std::sync::Arc;

use crate::checkpoint::{Emitted, Kind};
use crate::hold::Reason;
use crate::resolve::Counts;

/// A step of the work on one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading and sorting the file; counted in bytes.
    Reading,
    /// Comparing with the view before; counted in records.
    Comparing,
    /// Sending; counted in records (changes and dead letters).
    Sending,
}

/// Something that happened.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `done` of `total` in this phase; comes often.
    Progress {
        /// The source's name.
        source: &'a str,
        /// The generation's name.
        generation: &'a str,
        /// What is being done.
        phase: Phase,
        /// How much is done.
        done: u64,
        /// How much there is.
        total: u64,
    },
    /// A generation is committed.
    Finished {
        /// The source's name.
        source: &'a str,
        /// The generation's name.
        generation: &'a str,
        /// What its records became.
        kind: Kind,
        /// What was found.
        counts: &'a Counts,
        /// What was sent.
        emitted: &'a Emitted,
        /// Why its deletes are held, if they are.
        held: &'a [Reason],
    },
    /// A generation waits for a person.
    Held {
        /// The source's name.
        source: &'a str,
        /// The generation's name.
        generation: &'a str,
        /// Why.
        reasons: &'a [Reason],
    },
    /// Nothing newer is there; comes at every look.
    Idle {
        /// The source's name.
        source: &'a str,
    },
    /// Something failed and is tried again.
    Trouble {
        /// The source's name.
        source: &'a str,
        /// What failed.
        error: &'a crate::Error,
    },
}

/// Whoever watches. Cheap to clone.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Event<'_>) + Send + Sync>);

impl Observer {
    /// Calls `watch` with every event.
    pub fn new(watch: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(watch))
    }

    /// Nobody watches.
    pub fn nobody() -> Self {
        Self::new(|_| ())
    }

    /// Tells an event; for the worker, and for observers made of others.
    pub fn tell(&self, event: Event<'_>) {
        (self.0)(event);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
