//! The writes of one partition that legacy does not have yet, and what is done next with each. Pure.
//!
//! In: records as they come, what came of each try, what people decided about parked ones. Out: a [`Step`]: what is to be kept in Kafka in one
//! transaction, and what may be sent once that is committed. Of each key at most one write is under way, in the order of the topic.
//! A write is sent only after it is kept that it will be: whoever takes the partition over finds in [`Kept`] what may have been executed.

mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::decide::{Reason, Verdict, wait};
use super::entry::{Entry, Resolution, Resolved, Wanted};
use crate::route::back::BackPolicy;

/// The most records of a partition that are looked at at once.
pub(super) const MOST: usize = 500;
/// The most bytes of them.
pub(super) const BYTES: usize = 8 << 20;
/// The most parked ones of a partition: one more, and the partition stands.
pub(super) const PARKED: usize = 5_000;
/// The most bytes of them.
const PARKED_BYTES: usize = 64 << 20;

/// What is kept of a partition beside what is parked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// Everything before is settled, or parked. The group's offset is the same; Kafka forgets that one when the group has been without
    /// members for some days, and keeps this. None where only an older program has kept something.
    pub(super) next: Option<i64>,
    /// Offsets of writes that may have been sent and are not settled.
    pub(super) sent: BTreeSet<i64>,
    /// Offsets that are settled, behind one that is not.
    pub(super) done: BTreeSet<i64>,
}

/// What is to be committed, and what may be done then.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The offset behind the last one that is settled, where it has moved.
    pub(super) next: Option<i64>,
    /// What is kept, where it has changed.
    pub(super) kept: Option<Kept>,
    /// Newly parked, or for another reason than before.
    pub(super) parked: Vec<(Arc<Entry>, Reason)>,
    /// When that was, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// Parked ones that are settled.
    pub(super) resolved: Vec<(i64, Resolved)>,
    /// To be done after the commit.
    pub(super) jobs: Vec<Job>,
}

impl Step {
    /// Whether there is nothing to commit and nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.next.is_none()
            && self.kept.is_none()
            && self.parked.is_empty()
            && self.resolved.is_empty()
            && self.jobs.is_empty()
    }
}

/// Something to do.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) entry: Arc<Entry>,
    pub(super) what: Task,
}

/// What.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Legacy is sent the write.
    Send,
    /// Legacy is asked whether it has it.
    Ask,
}

/// What came of a [`Job`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Came {
    /// Of a write that was sent.
    Sent(Verdict),
    /// Of a question; none where the answer says neither.
    Asked(Option<bool>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Waiting,
    UnderWay,
    /// Legacy may have executed it.
    Doubtful,
    Done,
    Parking(Reason),
}

#[derive(Debug)]
struct Pending {
    entry: Arc<Entry>,
    state: State,
    tries: u32,
    not_before: Option<Instant>,
}

/// A write that is parked.
#[derive(Debug)]
struct Parked {
    pending: Pending,
    reason: Reason,
    /// Since when, in milliseconds since 1970: whoever decides about it names what was seen by this.
    since_ms: i64,
    /// Somebody wants it tried again.
    retry: bool,
    by: Option<Resolution>,
}

/// A partition's writes.
#[derive(Debug)]
pub(super) struct Window {
    policy: Arc<BackPolicy>,
    /// Everything before is settled, or parked.
    next: i64,
    pending: BTreeMap<i64, Pending>,
    bytes: usize,
    enough: bool,
    parked: BTreeMap<i64, Parked>,
    parked_bytes: usize,
    /// Offsets that were parked once, settled or not, as far as they may come again.
    known: BTreeSet<i64>,
    /// What may have been sent before this window was made.
    doubts: BTreeSet<i64>,
    done: BTreeSet<i64>,
    kept: Kept,
    resolved: Vec<(i64, Resolved)>,
}

impl Window {
    /// As those before left it: the offset, what was kept, and what is parked, each with its reason and since when; of others that were
    /// parked the offsets.
    pub(super) fn restore(
        policy: Arc<BackPolicy>,
        next: i64,
        kept: Kept,
        parked: Vec<(Arc<Entry>, Reason, i64)>,
        settled: BTreeSet<i64>,
    ) -> Self {
        let mut window = Self {
            policy,
            next,
            pending: BTreeMap::new(),
            bytes: 0,
            enough: false,
            parked: BTreeMap::new(),
            parked_bytes: 0,
            known: settled,
            doubts: kept.sent.clone(),
            done: kept.done.clone(),
            kept,
            resolved: Vec::new(),
        };
        for (entry, reason, since_ms) in parked {
            window.known.insert(entry.offset);
            let doubtful = window.doubts.remove(&entry.offset);
            let state = if doubtful {
                State::Doubtful
            } else {
                State::Waiting
            };
            window.hold(entry, reason, since_ms, state);
        }
        window
    }

    fn hold(&mut self, entry: Arc<Entry>, reason: Reason, since_ms: i64, state: State) {
        let retry = state == State::Doubtful;
        self.parked_bytes = self.parked_bytes.saturating_add(entry.size());
        self.parked.insert(
            entry.offset,
            Parked {
                pending: Pending::new(entry, state),
                reason,
                since_ms,
                // It was being tried when whoever did it went away.
                retry,
                by: None,
            },
        );
    }

    /// Takes up another policy of the same group.
    pub(super) fn follow(&mut self, policy: Arc<BackPolicy>) {
        self.policy = policy;
    }

    /// One more record, in the order of the topic. One that is settled is read again where Kafka had forgotten the group's offset.
    pub(super) fn push(&mut self, entry: Arc<Entry>) {
        let offset = entry.offset;
        if offset < self.next {
            return;
        }
        self.bytes = self.bytes.saturating_add(entry.size());
        let state = if self.done.contains(&offset) || self.known.contains(&offset) {
            State::Done
        } else if let Some(why) = entry.unreadable() {
            State::Parking(Reason::Unreadable(why))
        } else if self.doubts.remove(&offset) {
            State::Doubtful
        } else {
            State::Waiting
        };
        self.pending.insert(offset, Pending::new(entry, state));
    }

    /// Whether no more is to be read now: from when enough waits until half of it is done.
    pub(super) fn has_enough(&mut self) -> bool {
        let (most, bytes) = if self.enough {
            (MOST / 2, BYTES / 2)
        } else {
            (MOST, BYTES)
        };
        self.enough = self.pending.len() >= most || self.bytes >= bytes;
        self.enough
    }

    /// How many bytes are looked at now.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many jobs are under way.
    pub(super) fn under_way(&self) -> usize {
        let parked = self.parked.values().map(|parked| &parked.pending);
        let all = self.pending.values().chain(parked);
        all.filter(|pending| pending.state == State::UnderWay)
            .count()
    }

    /// The offset behind the last record that is settled.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// How many records wait, not counting those that are parked.
    pub(super) fn len(&self) -> usize {
        self.pending
            .values()
            .filter(|one| one.state != State::Done)
            .count()
    }

    /// The time of the oldest that waits, in milliseconds since 1970.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        let waits = |pending: &&Pending| pending.state != State::Done;
        self.pending.values().find(waits)?.entry.at_ms
    }

    /// Whether so much is parked that nothing goes on.
    pub(super) fn stands(&self) -> bool {
        self.parked.len() >= PARKED || self.parked_bytes >= PARKED_BYTES
    }

    /// What came of a job.
    pub(super) fn came(&mut self, offset: i64, came: &Came, now: Instant) {
        let longest = self.policy.longest_wait;
        let Some(pending) = self.of(offset) else {
            return;
        };
        let again = |pending: &mut Pending, state| {
            pending.tries = pending.tries.saturating_add(1);
            pending.state = state;
            pending.not_before = Some(now + wait(pending.tries, longest, pending.entry.id()));
        };
        match came {
            Came::Sent(Verdict::Applied) | Came::Asked(Some(true)) => pending.state = State::Done,
            Came::Sent(Verdict::Again) => again(pending, State::Waiting),
            Came::Sent(Verdict::Doubt) => pending.state = State::Doubtful,
            Came::Sent(Verdict::Park(reason)) => pending.state = State::Parking(reason.clone()),
            Came::Asked(Some(false)) => pending.state = State::Waiting,
            Came::Asked(None) => again(pending, State::Doubtful),
        }
    }

    fn of(&mut self, offset: i64) -> Option<&mut Pending> {
        match self.pending.get_mut(&offset) {
            Some(pending) => Some(pending),
            None => self.parked.get_mut(&offset).map(|one| &mut one.pending),
        }
    }

    /// What somebody decided about a parked write. One that is not parked any more, that is under way, or of which something has come since
    /// somebody looked is left alone: it may have been executed in between.
    pub(super) fn decided(&mut self, offset: i64, how: Resolution) {
        let Some(parked) = self.parked.get_mut(&offset) else {
            return;
        };
        if how.seen_ms.is_some_and(|seen| seen != parked.since_ms) {
            return;
        }
        match (&parked.pending.state, how.what) {
            (State::UnderWay | State::Done | State::Parking(_), _) => {}
            // It was being tried when whoever did it went away: what came of that is found out first.
            (State::Doubtful, Wanted::Retry) => parked.by = Some(how),
            (State::Waiting, Wanted::Retry) => {
                parked.retry = true;
                parked.pending.not_before = None;
                parked.by = Some(how);
            }
            (State::Waiting | State::Doubtful, Wanted::Skip) => {
                self.settle(offset, Resolved::Skipped(how));
            }
        }
    }

    fn settle(&mut self, offset: i64, resolved: Resolved) {
        if let Some(parked) = self.parked.remove(&offset) {
            let size = parked.pending.entry.size();
            self.parked_bytes = self.parked_bytes.saturating_sub(size);
            self.resolved.push((offset, resolved));
        }
    }

    /// When something that waits may be tried again.
    pub(super) fn wakes(&self, now: Instant) -> Option<Instant> {
        let parked = self.parked.values().map(|parked| &parked.pending);
        let waits = |pending: &&Pending| {
            matches!(pending.state, State::Waiting | State::Doubtful)
                && pending.not_before > Some(now)
        };
        let waiting = self.pending.values().chain(parked).filter(waits);
        waiting.filter_map(|pending| pending.not_before).min()
    }
}

impl Pending {
    fn new(entry: Arc<Entry>, state: State) -> Self {
        Self {
            entry,
            state,
            tries: 0,
            not_before: None,
        }
    }
}

#[cfg(test)]
mod tests;
