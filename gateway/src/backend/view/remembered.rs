//! Which keys were written that a view may not show yet. Pure.
//!
//! A key is remembered until the view shows the source as it was after the write. It need not be for longer than the view may be old:
//! a view that has not passed the write by then is too old to answer anyway.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

/// So many keys are remembered by themselves; what is older than them is remembered of all keys.
const MOST: usize = 100_000;

/// A key as it is told to other gateways: none of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark(pub(super) [u8; 16]);

impl Mark {
    /// Of a topic's key.
    pub(super) fn of(topic: &str, key: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(topic);
        hash.update([0]);
        hash.update(key);
        let digest = hash.finalize();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// Times are milliseconds since 1970.
#[derive(Debug)]
pub(super) struct Remembered {
    /// When each key was written last.
    at: HashMap<Mark, i64>,
    /// The same in the order of their coming; those that were written again stand there more than once.
    order: VecDeque<(Mark, i64)>,
    /// Any key may have been written until then.
    any: i64,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            at: HashMap::new(),
            order: VecDeque::new(),
            any: i64::MIN,
        }
    }
}

impl Remembered {
    /// A key was written before `at_ms`; none is a key that is not known.
    pub(super) fn written(&mut self, mark: Option<Mark>, at_ms: i64) {
        let Some(mark) = mark else {
            self.any = self.any.max(at_ms);
            return;
        };
        let last = self.at.entry(mark).or_insert(at_ms);
        *last = at_ms.max(*last);
        self.order.push_back((mark, at_ms));
        while self.order.len() > MOST {
            self.forget_first(true);
        }
    }

    /// What was written before that need not be remembered.
    pub(super) fn passed(&mut self, before_ms: i64) {
        while let Some((_, at)) = self.order.front()
            && *at <= before_ms
        {
            self.forget_first(false);
        }
    }

    fn forget_first(&mut self, for_all: bool) {
        let Some((mark, at)) = self.order.pop_front() else {
            return;
        };
        if for_all {
            self.any = self.any.max(at);
        }
        if self.at.get(&mark).is_some_and(|last| *last <= at) {
            self.at.remove(&mark);
        }
    }

    /// Whether a view that shows the source as of then may lack a write of that key; of none, of any.
    pub(super) fn lacks(&self, mark: Option<Mark>, as_of_ms: i64) -> bool {
        self.any > as_of_ms
            || match mark {
                Some(mark) => self.at.get(&mark).is_some_and(|at| *at > as_of_ms),
                None => self.at.values().any(|at| *at > as_of_ms),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(key: &str) -> Option<Mark> {
        Some(Mark::of("t", key.as_bytes()))
    }

    #[test]
    fn a_key_is_remembered_until_the_view_has_passed_its_last_write() {
        let mut keys = Remembered::default();
        keys.written(mark("a"), 10);
        keys.written(mark("b"), 20);
        keys.written(mark("a"), 30);
        // One that was told late changes nothing.
        keys.written(mark("a"), 5);
        let lacks = |keys: &Remembered, as_of| {
            (
                keys.lacks(mark("a"), as_of),
                keys.lacks(mark("b"), as_of),
                keys.lacks(mark("c"), as_of),
                keys.lacks(None, as_of),
            )
        };
        assert_eq!(lacks(&keys, 15), (true, true, false, true));
        assert_eq!(lacks(&keys, 20), (true, false, false, true));
        assert_eq!(lacks(&keys, 30), (false, false, false, false));
        keys.passed(20);
        assert_eq!(lacks(&keys, 15), (true, false, false, true));
        keys.passed(30);
        assert!(keys.at.is_empty() && keys.order.is_empty());
        // Whose key was not found stands for all.
        keys.written(None, 40);
        assert_eq!(lacks(&keys, 39), (true, true, true, true));
        assert_eq!(lacks(&keys, 40), (false, false, false, false));
    }

    #[test]
    fn what_is_too_much_is_remembered_of_all_keys() {
        let mut keys = Remembered::default();
        let most = i64::try_from(MOST).unwrap();
        for number in 0..most + 5 {
            keys.written(mark(&number.to_string()), number);
        }
        assert_eq!((keys.order.len(), keys.at.len()), (MOST, MOST));
        assert!(keys.lacks(mark("nobody"), 3));
        assert!(!keys.lacks(mark("nobody"), 4));
        assert!(keys.lacks(mark(&(most + 4).to_string()), 5));
    }
}
