//! Guards: whether a group's plan lets modern answer more, and what is done about it.
//!
//! In: the plan of the file ([`crate::route::rollout`]), the group by the log, and what the whole fleet has counted since the group came to its
//! mode. Out: what each gateway shows ([`Rollouts::shown`]), and, on the one gateway that leads, a proposal, a step or a way back
//! through [`Control`], as anybody else's; never past it. What happened is told as CloudEvents on a topic beside the control log.
//!
//! The gateway that leads is the first by name of those that are there. Where two think so for a moment, the second's proposal is stale.

pub mod event;
mod journal;
pub mod judge;
pub mod record;
mod round;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ops::shutdown::Shutdown;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::event::Event;
use self::journal::Journal;
pub use self::journal::Unusable;
use self::judge::{Condition, Standing};
use self::record::Record;
use crate::control::Control;
use crate::evidence::Evidence;
use crate::mode::Mode;
use crate::route::Table;

/// How often plans are judged.
const EVERY: Duration = Duration::from_secs(1);
/// Who proposes, as the log has it.
pub const WHO: &str = "rollout";

/// A group's plan as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// The group.
    pub group: String,
    /// Its mode by the log.
    pub mode: Mode,
    /// Its version.
    pub version: u64,
    /// The shares of keys that its steps give modern, in percent.
    pub steps: Vec<u8>,
    /// The mode of the next step; none where the plan is done, or waits for somebody to begin it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Mode>,
    /// Who makes it: `propose` or `by_itself`.
    pub promote: String,
    /// Who goes back: `by_itself` or `person`.
    pub roll_back: String,
    /// What follows of the conditions; none while nothing is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// What the plan asks for, each with its figures.
    pub conditions: Vec<Condition>,
    /// Why nothing is judged, or what keeps it from being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The gateway that acts.
    pub leader: String,
}

/// What the rest of the gateway gives.
pub trait Subjects: Send + Sync + 'static {
    /// The table in force.
    fn table(&self) -> Arc<Table>;
    /// How many writes of a group wait for a person on their way back; none of a group whose writes do not go back.
    fn parked(&self, group: &str) -> Option<u64>;
}

/// The plans of all groups. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Rollouts {
    shared: Arc<Shared>,
}

struct Shared {
    control: Control,
    evidence: Arc<Evidence>,
    subjects: Box<dyn Subjects>,
    record: Mutex<Record>,
    shown: Mutex<BTreeMap<String, Shown>>,
}

impl std::fmt::Debug for Rollouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rollouts").finish_non_exhaustive()
    }
}

impl Rollouts {
    /// Judges plans until the shutdown begins.
    ///
    /// # Errors
    /// The topic or the file of events is there and is another's.
    pub async fn start(
        control: Control,
        evidence: Arc<Evidence>,
        subjects: impl Subjects,
        shutdown: &Shutdown,
    ) -> Result<Self, Unusable> {
        let shared = Arc::new(Shared {
            control,
            evidence,
            subjects: Box::new(subjects),
            record: Mutex::default(),
            shown: Mutex::default(),
        });
        let journal = Journal::open(&shared, shutdown).await?;
        let running = Arc::clone(&shared);
        let ending = shutdown.token();
        shutdown.spawn(async move {
            let mut rounds = round::Rounds::new(running, journal);
            let mut clock = tokio::time::interval(EVERY);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = ending.cancelled() => return,
                    _ = clock.tick() => rounds.round().await,
                }
            }
        });
        Ok(Self { shared })
    }

    /// Every group that has a plan, as it stood a moment ago, by name.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        lock(&self.shared.shown).values().cloned().collect()
    }

    /// The latest events of a group, or of all, the last one first.
    #[must_use]
    pub fn events(&self, group: Option<&str>, limit: usize) -> Vec<Event> {
        let record = lock(&self.shared.record);
        let of = |event: &&Event| group.is_none_or(|group| event.subject == group);
        record.latest().filter(of).take(limit).cloned().collect()
    }
}

/// No lock here guards anything that a panic could leave half-done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
