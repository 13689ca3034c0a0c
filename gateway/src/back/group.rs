//! A group whose writes go back to legacy, as all that works on it shares it: its topics, its policy, and what is known of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use kafka::{KafkaConfig, writeback};
use tokio_util::sync::CancellationToken;

use super::apply;
use super::board::Board;
use super::decide::Verdict;
use super::standing::Standing;
use super::window::{Came, Job, Step, Window};
use crate::app::App;
use crate::route::back::BackPolicy;

pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) kafka: KafkaConfig,
    pub(super) topic: String,
    pub(super) parked_topic: String,
    pub(super) state_topic: String,
    /// This gateway's, among all that apply writes.
    instance: String,
    policy: ArcSwap<BackPolicy>,
    app: Arc<App>,
    ending: CancellationToken,
    ready: AtomicBool,
    pub(super) board: Board,
    shown: Mutex<Shown>,
    standing: Mutex<Option<Standing>>,
    applied: AtomicU64,
    tried_again: AtomicU64,
    parked: AtomicU64,
}

/// What the session shows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Per partition that this gateway applies how many writes wait, as far as they are here, and the time of the oldest.
    pub(super) partitions: BTreeMap<i32, (usize, Option<i64>)>,
    /// Why nothing is applied, or not everything.
    pub(super) trouble: Option<String>,
}

/// What was counted on this gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Writes that legacy took.
    pub applied: u64,
    /// Tries after which a write is tried again.
    pub tried_again: u64,
    /// Writes that were parked.
    pub parked: u64,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Group {
    pub(super) fn new(
        name: &Arc<str>,
        kafka: KafkaConfig,
        policy: Arc<BackPolicy>,
        app: Arc<App>,
        instance: &str,
        ending: CancellationToken,
    ) -> Self {
        Self {
            name: Arc::clone(name),
            kafka,
            topic: writeback::topic_of(name),
            parked_topic: writeback::parked_of(name),
            state_topic: writeback::state_of(name),
            instance: instance.to_owned(),
            policy: ArcSwap::new(policy),
            app,
            ending,
            ready: AtomicBool::new(false),
            board: Board::default(),
            shown: Mutex::default(),
            standing: Mutex::default(),
            applied: AtomicU64::new(0),
            tried_again: AtomicU64::new(0),
            parked: AtomicU64::new(0),
        }
    }

    /// The transactional id, and the group's instance id.
    pub(super) fn identity(&self) -> String {
        format!("{}.{}", self.topic, self.instance)
    }

    pub(super) fn policy(&self) -> Arc<BackPolicy> {
        self.policy.load_full()
    }

    pub(super) fn follow(&self, policy: Arc<BackPolicy>) {
        self.policy.store(policy);
    }

    pub(super) fn end(&self) {
        self.ending.cancel();
    }

    pub(super) fn ends(&self) -> bool {
        self.ending.is_cancelled()
    }

    pub(super) async fn ended(&self) {
        self.ending.cancelled().await;
    }

    /// Its topics are there.
    pub(super) fn ready(&self) {
        self.ready.store(true, Ordering::Release);
        self.shown().trouble = None;
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(super) async fn run(&self, job: &Job) -> Came {
        apply::run(job, &self.name, &self.app).await
    }

    /// What came of a try.
    pub(super) fn counted(&self, came: &Came) {
        let counter = match came {
            Came::Sent(Verdict::Applied) | Came::Asked(Some(true)) => &self.applied,
            Came::Sent(Verdict::Again | Verdict::Doubt) | Came::Asked(_) => &self.tried_again,
            Came::Sent(Verdict::Park(_)) => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What a step has parked is parked.
    pub(super) fn committed(&self, partition: i32, step: &Step) {
        for (entry, reason) in &step.parked {
            self.parked.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                group = %self.name,
                partition,
                offset = entry.offset,
                id = %entry.id(),
                reason = reason.code(),
                "a write that legacy did not take is parked"
            );
        }
        for (offset, how) in &step.resolved {
            tracing::info!(group = %self.name, partition, offset, how = how.as_str(), "a parked write is settled");
        }
    }

    pub(super) fn totals(&self) -> Counted {
        Counted {
            applied: self.applied.load(Ordering::Relaxed),
            tried_again: self.tried_again.load(Ordering::Relaxed),
            parked: self.parked.load(Ordering::Relaxed),
        }
    }

    pub(super) fn shown(&self) -> MutexGuard<'_, Shown> {
        // Nothing is done half-way under this lock.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn show<'w>(&self, windows: impl Iterator<Item = (&'w i32, &'w Window)>) {
        let mut stands = false;
        let partitions = windows
            .map(|(partition, window)| {
                stands |= window.stands();
                (*partition, (window.len(), window.oldest_ms()))
            })
            .collect();
        let mut shown = self.shown();
        shown.partitions = partitions;
        shown.trouble = stands.then(|| {
            "too many writes are parked: nothing goes on until some are retried or skipped"
                .to_owned()
        });
    }

    pub(super) fn holds_nothing(&self) {
        self.shown().partitions.clear();
    }

    pub(super) fn troubled(&self, why: String) {
        self.shown().trouble = Some(why);
    }

    pub(super) fn stand(&self, standing: Option<Standing>) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    pub(super) fn standing(&self) -> Option<Standing> {
        self.standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
