//! What is committed and done next: one look over all writes of the partition.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Job, Kept, Pending, State, Step, Task, Window};
use crate::back::decide::{Doubted, Reason, doubted};
use crate::back::entry::Resolved;
use crate::route::back::AfterParked;

impl Window {
    /// What is to be kept and done now, and what of it may begin: at most `room` jobs. `now_ms` is the same moment in milliseconds since 1970.
    pub(in crate::back) fn step(&mut self, now: Instant, now_ms: i64, room: usize) -> Step {
        let mut step = Step {
            at_ms: now_ms,
            ..Step::default()
        };
        self.doubtful();
        self.tidy_parked(&mut step);
        let mut left = room;
        self.retries(now, &mut left, &mut step);
        self.sends(now, &mut left, &mut step);
        self.advance(&mut step);
        step.resolved = std::mem::take(&mut self.resolved);
        let kept = self.keep();
        if kept != self.kept {
            self.kept = kept.clone();
            step.kept = Some(kept);
        }
        step
    }

    /// Decides about writes that may have been executed.
    fn doubtful(&mut self) {
        let parked = self.parked.values_mut().map(|parked| &mut parked.pending);
        for pending in self.pending.values_mut().chain(parked) {
            if pending.state != State::Doubtful {
                continue;
            }
            match doubted(pending.entry.effect(), &self.policy.in_doubt) {
                Doubted::Send => pending.state = State::Waiting,
                Doubted::Park => pending.state = State::Parking(Reason::InDoubt),
                Doubted::Ask => {}
            }
        }
    }

    /// Parked ones of which something came.
    fn tidy_parked(&mut self, step: &mut Step) {
        let mut applied = Vec::new();
        for (offset, parked) in &mut self.parked {
            match &parked.pending.state {
                State::Done => applied.push((*offset, parked.by.clone())),
                State::Parking(reason) => {
                    parked.reason = reason.clone();
                    parked.since_ms = step.at_ms;
                    parked.retry = false;
                    parked.by = None;
                    parked.pending.tries = 0;
                    parked.pending.not_before = None;
                    let entry = Arc::clone(&parked.pending.entry);
                    step.parked.push((entry, reason.clone()));
                    parked.pending.state = State::Waiting;
                }
                State::Waiting | State::UnderWay | State::Doubtful => {}
            }
        }
        for (offset, by) in applied {
            self.settle(offset, Resolved::Applied(by));
        }
    }

    /// Keys of which a write is under way.
    fn busy(&self) -> HashSet<Bytes> {
        let parked = self.parked.values().map(|parked| &parked.pending);
        let under_way = |pending: &&Pending| pending.state == State::UnderWay;
        let all = self.pending.values().chain(parked).filter(under_way);
        all.map(|pending| pending.entry.key.clone()).collect()
    }

    /// Parked ones that are tried again: those that somebody wants to be, and those behind which nothing stands any more.
    fn retries(&mut self, now: Instant, room: &mut usize, step: &mut Step) {
        let mut seen = self.busy();
        let wait_behind = self.policy.after_parked == AfterParked::Wait;
        for parked in self.parked.values_mut() {
            let first = seen.insert(parked.pending.entry.key.clone());
            let wanted = parked.retry || (wait_behind && parked.reason == Reason::Behind);
            if first && wanted {
                begin(&mut parked.pending, now, room, step);
            } else if !wait_behind && first && !wanted {
                // Others of its key do not wait for it.
                seen.remove(&parked.pending.entry.key);
            }
        }
    }

    /// The first of each key that waits.
    fn sends(&mut self, now: Instant, room: &mut usize, step: &mut Step) {
        let mut seen = self.busy();
        let behind: HashSet<Bytes> = match self.policy.after_parked {
            AfterParked::GoOn => HashSet::new(),
            AfterParked::Wait => {
                let keys = self.parked.values();
                keys.map(|parked| parked.pending.entry.key.clone())
                    .collect()
            }
        };
        let mut parking = HashSet::new();
        let full = self.stands();
        let mut moved = Vec::new();
        for (offset, pending) in &mut self.pending {
            let key = &pending.entry.key;
            if pending.state == State::Done {
                continue;
            }
            let waits = pending.state == State::Waiting;
            if waits && (behind.contains(key) || parking.contains(key)) {
                pending.state = State::Parking(Reason::Behind);
            }
            if let State::Parking(reason) = &pending.state {
                if self.policy.after_parked == AfterParked::Wait {
                    parking.insert(key.clone());
                }
                if !full {
                    moved.push((*offset, reason.clone()));
                }
                continue;
            }
            if seen.insert(key.clone()) {
                begin(pending, now, room, step);
            }
        }
        for (offset, reason) in moved {
            let Some(pending) = self.pending.get_mut(&offset) else {
                continue;
            };
            pending.state = State::Done;
            let entry = Arc::clone(&pending.entry);
            self.known.insert(offset);
            step.parked.push((Arc::clone(&entry), reason.clone()));
            self.hold(entry, reason, step.at_ms, State::Waiting);
        }
    }

    /// How far everything is settled.
    fn advance(&mut self, step: &mut Step) {
        let before = self.next;
        while let Some(first) = self.pending.first_entry() {
            if first.get().state != State::Done {
                break;
            }
            let (offset, pending) = first.remove_entry();
            self.bytes = self.bytes.saturating_sub(pending.entry.size());
            self.next = offset.saturating_add(1);
        }
        if before < self.next {
            step.next = Some(self.next);
            self.known = self.known.split_off(&self.next);
            self.done = self.done.split_off(&self.next);
            self.doubts = self.doubts.split_off(&self.next);
        }
    }

    fn keep(&self) -> Kept {
        let parked = self.parked.values().map(|parked| &parked.pending);
        let may = |pending: &&Pending| matches!(pending.state, State::UnderWay | State::Doubtful);
        let sent = self.pending.values().chain(parked).filter(may);
        let behind = self.pending.iter();
        let settled = behind.filter(|(_, pending)| pending.state == State::Done);
        Kept {
            next: Some(self.next),
            sent: sent
                .map(|pending| pending.entry.offset)
                .chain(self.doubts.iter().copied())
                .collect(),
            done: settled
                .map(|(offset, _)| *offset)
                .filter(|offset| !self.known.contains(offset))
                .chain(self.done.iter().copied())
                .collect(),
        }
    }
}

/// Begins what may be begun now.
fn begin(pending: &mut Pending, now: Instant, room: &mut usize, step: &mut Step) {
    let what = match pending.state {
        State::Waiting => Task::Send,
        State::Doubtful => Task::Ask,
        State::UnderWay | State::Done | State::Parking(_) => return,
    };
    if *room == 0 || pending.not_before.is_some_and(|at| at > now) {
        return;
    }
    *room -= 1;
    pending.state = State::UnderWay;
    step.jobs.push(Job {
        entry: Arc::clone(&pending.entry),
        what,
    });
}
