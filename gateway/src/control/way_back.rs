//! What control asks of those who bring writes back to legacy, when a group is to go there.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::command::Loss;
use super::rules::{self, Proposal};
use super::{Refused, Shared};
use crate::back::hold::Held;
use crate::mode::Mode;
use crate::route::{BackSync, Group};

/// Brings the writes of groups with `back_sync = "durable"` back to legacy.
pub trait WayBack: Send + Sync {
    /// What legacy lacks of a group, as it was known a moment ago; none of a group whose writes do not go back.
    fn lacking(&self, group: &str) -> Option<Loss>;

    /// Whether writes can go back: modern may accept them only then.
    ///
    /// # Errors
    /// They cannot yet, and why.
    fn ready(&self, group: &str) -> Result<(), String>;

    /// How long [`settle`](Self::settle) may wait for a group; none of a group whose writes do not go back.
    fn deadline(&self, group: &str) -> Option<Duration>;

    /// Holds the group's writes on this gateway and waits until legacy has all, within bounds; none of a group whose writes do not go
    /// back. Dropped half-way, nothing is held.
    fn settle<'a>(&'a self, group: &'a str) -> BoxFuture<'a, Option<Settled>>;
}

/// Who does it, once there is somebody.
#[derive(Default)]
pub(super) struct Bringing(OnceLock<Arc<dyn WayBack>>);

impl fmt::Debug for Bringing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bringing")
    }
}

impl Bringing {
    pub(super) fn set(&self, way_back: Arc<dyn WayBack>) {
        // Only the first one counts.
        drop(self.0.set(way_back));
    }

    pub(super) fn lacking(&self, group: &str) -> Option<Loss> {
        self.0.get()?.lacking(group)
    }

    pub(super) fn deadline(&self, group: &str) -> Option<Duration> {
        self.0.get()?.deadline(group)
    }
}

impl Shared {
    /// Holds the writes of a group that goes back to legacy, and waits for them; nothing for any other change.
    pub(super) async fn settled(&self, proposal: &Proposal) -> Result<Option<Settled>, Refused> {
        let group = self.group(&proposal.group)?;
        let state = Arc::clone(&self.state.borrow());
        if group.back_sync != Some(BackSync::Durable) || !rules::goes_back(proposal, &group, &state)
        {
            return Ok(None);
        }
        match self.way_back.0.get() {
            Some(way_back) => Ok(way_back.settle(&group.name).await),
            None => Ok(None),
        }
    }

    /// Modern accepts writes of such a group only when they can go back.
    pub(super) fn may_enter(&self, group: &Group, to: Mode) -> Result<(), Refused> {
        if group.back_sync != Some(BackSync::Durable) || !to.lets_modern_answer() {
            return Ok(());
        }
        let ready = self
            .way_back
            .0
            .get()
            .map(|way_back| way_back.ready(&group.name));
        match ready {
            Some(Ok(())) => Ok(()),
            Some(Err(why)) => Err(Refused::NoWayBack { why }),
            None => Err(Refused::NoWayBack {
                why: "nobody applies writes to legacy on this gateway".to_owned(),
            }),
        }
    }
}

/// How far it came.
#[derive(Debug)]
pub struct Settled {
    /// The group's writes are held as long as this lives.
    pub held: Option<Held>,
    /// What legacy still lacks.
    pub missing: Missing,
}

/// Writes that have not come back to legacy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// How many, those that are parked included.
    pub lacking: Loss,
    /// How many of them are parked.
    pub parked: u64,
    /// Keys of some of these.
    pub keys: Vec<String>,
    /// Why the others are missing, if that is known.
    pub why: Option<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.lacking)?;
        if self.parked > 0 {
            write!(f, ", {} of them parked", self.parked)?;
        }
        if !self.keys.is_empty() {
            // A key that steers a terminal does not.
            let keys: Vec<String> = self
                .keys
                .iter()
                .map(|key| key.escape_debug().collect())
                .collect();
            write!(f, " (of {}", keys.join(", "))?;
            let more = u64::try_from(keys.len()).unwrap_or(u64::MAX) < self.parked;
            write!(f, "{})", if more { " and others" } else { "" })?;
        }
        if let Some(why) = &self.why {
            write!(f, "; {why}")?;
        }
        Ok(())
    }
}
