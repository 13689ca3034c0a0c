//! The requests of one partition that wait, and what is done of them: who may be begun, and up to where all is done. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::Order;
use crate::decode::Raw;
use crate::outcome::Done;

/// What two requests have in common when the later one waits for the earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// The partition.
    Partition,
    /// The key.
    Key(Bytes),
    /// The request: sent twice, it may come under two keys.
    Id(Uuid),
}

/// A request that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) raw: Raw,
    pub(crate) lanes: Vec<Lane>,
    /// When it was tried before.
    pub(crate) retry: Option<Retry>,
}

/// That a request is tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// When it was tried first.
    pub(crate) since: Instant,
    /// When it is tried next.
    pub(crate) at: Instant,
}

/// Requests in the order of their offsets.
#[derive(Debug)]
pub(crate) struct Queue {
    order: Order,
    waiting: VecDeque<Waiting>,
    /// The offsets of those that were taken and are neither done nor put back.
    under_way: BTreeSet<i64>,
    /// What is done behind a request that is not, by offset: it is committed when that is done too, as a group's position is one
    /// number.
    finished: BTreeMap<i64, Done>,
}

impl Queue {
    pub(crate) fn new(order: Order) -> Self {
        Self {
            order,
            waiting: VecDeque::new(),
            under_way: BTreeSet::new(),
            finished: BTreeMap::new(),
        }
    }

    /// How many requests it holds.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.under_way.len() + self.finished.len()
    }

    /// The next request of the partition.
    pub(crate) fn push(&mut self, raw: Raw, now_ms: i64) {
        let lanes = raw.lanes(self.order);
        let retry = raw.due_ms().map(|due| {
            let left = u64::try_from(due.saturating_sub(now_ms)).unwrap_or(0);
            let since = Instant::now();
            let at = since.checked_add(Duration::from_millis(left));
            Retry {
                since,
                at: at.unwrap_or(since),
            }
        });
        self.waiting.push_back(Waiting { raw, lanes, retry });
    }

    /// Takes the first request that may be begun: none of its lanes is busy or has an earlier one that waits, and its time has come.
    pub(crate) fn take_free(&mut self, busy: &HashSet<Lane>, now: Instant) -> Option<Waiting> {
        let index = self.free(busy, now)?;
        let taken = self.waiting.remove(index)?;
        self.under_way.insert(taken.raw.offset);
        Some(taken)
    }

    /// Whether one may be begun when none is under way.
    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        self.free(&HashSet::new(), now).is_some()
    }

    fn free(&self, busy: &HashSet<Lane>, now: Instant) -> Option<usize> {
        let mut taken: HashSet<&Lane> = HashSet::new();
        for (index, waiting) in self.waiting.iter().enumerate() {
            let due = waiting.retry.is_none_or(|retry| retry.at <= now);
            let clear = |lane: &Lane| !busy.contains(lane) && !taken.contains(lane);
            if due && waiting.lanes.iter().all(clear) {
                return Some(index);
            }
            if self.order == Order::Partition {
                return None;
            }
            taken.extend(&waiting.lanes);
        }
        None
    }

    /// When the first of those may be begun that wait for nothing but their time.
    pub(crate) fn next_retry(&self) -> Option<Instant> {
        let mut taken: HashSet<&Lane> = HashSet::new();
        let mut first: Option<Instant> = None;
        for waiting in &self.waiting {
            if let Some(retry) = waiting.retry
                && !waiting.lanes.iter().any(|lane| taken.contains(lane))
            {
                first = Some(first.map_or(retry.at, |first| first.min(retry.at)));
            }
            if self.order == Order::Partition {
                break;
            }
            taken.extend(&waiting.lanes);
        }
        first
    }

    /// A request that was taken and is not done, at its old place.
    pub(crate) fn put_back(&mut self, waiting: Waiting) {
        let offset = waiting.raw.offset;
        self.under_way.remove(&offset);
        let index = self.waiting.partition_point(|it| it.raw.offset < offset);
        self.waiting.insert(index, waiting);
    }

    /// A request that was taken and is done.
    pub(crate) fn finish(&mut self, done: Done) {
        self.under_way.remove(&done.raw.offset);
        self.finished.insert(done.raw.offset, done);
    }

    /// The offset of the first that is not done.
    fn first_open(&self) -> Option<i64> {
        let waiting = self.waiting.front().map(|first| first.raw.offset);
        let under_way = self.under_way.first().copied();
        waiting.into_iter().chain(under_way).min()
    }

    /// Whether something is done with nothing before it that is not.
    pub(crate) fn has_done(&self) -> bool {
        let first = self.finished.first_key_value();
        let open = self.first_open();
        first.is_some_and(|(done, _)| open.is_none_or(|open| *done < open))
    }

    /// What is done with nothing before it that is not, in the order of the offsets.
    pub(crate) fn take_done(&mut self) -> Vec<Done> {
        let rest = match self.first_open() {
            Some(first) => self.finished.split_off(&first),
            None => BTreeMap::new(),
        };
        let done = std::mem::replace(&mut self.finished, rest);
        done.into_values().collect()
    }
}
