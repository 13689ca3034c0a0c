//! What a service has done, as numbers that only grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted. Only what was committed counts, but for `Retried` and `Aborted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Requests that a handler answered.
    Answered,
    /// Duplicates that got the stored reply again.
    Duplicate,
    /// Requests dropped because their deadline had passed.
    Expired,
    /// Requests that became dead letters.
    DeadLetter,
    /// Requests answered for comparison only (also among `Answered`).
    Shadow,
    /// Times a handler wanted to be asked again.
    Retried,
    /// Transactions that did not come about.
    Aborted,
    /// Replies forgotten while a duplicate could still have come in time: the window is too small.
    Forgotten,
    /// Times a request was put into a topic of retries, tried before or behind another.
    Parked,
    /// Requests refused because another one was answered under the same id.
    Mismatch,
}

const COUNTS: usize = 10;

/// The numbers of one service; cheap to clone, all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<[AtomicU64; COUNTS]>);

impl Counts {
    /// How often, since the service was made.
    #[must_use]
    pub fn get(&self, count: Count) -> u64 {
        self.place(count)
            .map_or(0, |number| number.load(Ordering::Relaxed))
    }

    pub(crate) fn add(&self, count: Count, more: u64) {
        if let Some(number) = self.place(count) {
            number.fetch_add(more, Ordering::Relaxed);
        }
    }

    fn place(&self, count: Count) -> Option<&AtomicU64> {
        self.0.get(count as usize)
    }
}
