//! Who answered in the last half hour, by group: a small ring of samples in memory. It begins when the gateway does and says so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Between two samples.
pub(crate) const EVERY: Duration = Duration::from_secs(10);
/// How many are kept: half an hour.
const KEPT: usize = 180;
/// Of how many groups; further ones have no trend.
const GROUPS: usize = 1_000;

/// How many requests each side had answered at a moment, since the gateway began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Legacy.
    pub(crate) legacy: u64,
    /// Modern.
    pub(crate) modern: u64,
}

impl Answered {
    /// What came between an earlier moment and this one; counts that were put back to zero begin anew.
    fn since(self, earlier: Self) -> Self {
        if self.legacy < earlier.legacy || self.modern < earlier.modern {
            return self;
        }
        Self {
            legacy: self.legacy - earlier.legacy,
            modern: self.modern - earlier.modern,
        }
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            legacy: self.legacy.saturating_add(other.legacy),
            modern: self.modern.saturating_add(other.modern),
        }
    }

    /// All of them.
    pub(crate) fn all(self) -> u64 {
        self.legacy.saturating_add(self.modern)
    }
}

/// The ring.
#[derive(Debug)]
pub(crate) struct Trend {
    began: SystemTime,
    groups: Mutex<BTreeMap<Arc<str>, VecDeque<Answered>>>,
}

impl Trend {
    /// Empty, from now on.
    pub(crate) fn new(now: SystemTime) -> Self {
        Self {
            began: now,
            groups: Mutex::default(),
        }
    }

    /// Since when there is anything to see.
    pub(crate) fn began(&self) -> SystemTime {
        self.began
    }

    /// Adds a sample of each group; groups that are not in it are forgotten.
    pub(crate) fn sample(&self, now: impl IntoIterator<Item = (Arc<str>, Answered)>) {
        let mut groups = self.lock();
        let mut before = std::mem::take(&mut *groups);
        for (name, answered) in now.into_iter().take(GROUPS) {
            let mut ring = before.remove(&name).unwrap_or_default();
            // One more than intervals: between each two is one.
            while ring.len() > KEPT {
                ring.pop_front();
            }
            ring.push_back(answered);
            groups.insert(name, ring);
        }
    }

    /// What came in each interval of a group, oldest first.
    pub(crate) fn of(&self, group: &str) -> Vec<Answered> {
        self.lock().get(group).map(intervals).unwrap_or_default()
    }

    /// The same of all groups together, as far back as any of them goes.
    pub(crate) fn all(&self) -> Vec<Answered> {
        let groups = self.lock();
        let each: Vec<_> = groups.values().map(intervals).collect();
        let longest = each.iter().map(Vec::len).max().unwrap_or_default();
        let mut sums = vec![Answered::default(); longest];
        for one in &each {
            // The last ones are of the same moment.
            for (sum, answered) in sums.iter_mut().rev().zip(one.iter().rev()) {
                *sum = sum.plus(*answered);
            }
        }
        sums
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, VecDeque<Answered>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn intervals(ring: &VecDeque<Answered>) -> Vec<Answered> {
    let pairs = ring.iter().zip(ring.iter().skip(1));
    pairs
        .map(|(earlier, later)| later.since(*earlier))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(legacy: u64, modern: u64) -> Answered {
        Answered { legacy, modern }
    }

    #[test]
    fn intervals_are_what_came_between_samples() {
        let trend = Trend::new(SystemTime::UNIX_EPOCH);
        trend.sample([("lots".into(), answered(10, 0))]);
        assert_eq!(trend.of("lots"), []);
        trend.sample([
            ("lots".into(), answered(14, 1)),
            ("orders".into(), answered(7, 7)),
        ]);
        trend.sample([
            ("lots".into(), answered(14, 6)),
            ("orders".into(), answered(8, 9)),
        ]);
        assert_eq!(trend.of("lots"), [answered(4, 1), answered(0, 5)]);
        assert_eq!(trend.all(), [answered(4, 1), answered(1, 7)]);
        trend.sample([("lots".into(), answered(1, 0))]);
        assert_eq!(trend.of("lots").last(), Some(&answered(1, 0)), "begun anew");
        assert_eq!(trend.of("orders"), [], "no group of the table any more");
    }

    #[test]
    fn it_is_bounded() {
        let trend = Trend::new(SystemTime::UNIX_EPOCH);
        for n in 0..1_000 {
            trend.sample([("lots".into(), answered(n, 0))]);
        }
        assert_eq!(trend.of("lots").len(), KEPT);
        let many = (0..2_000).map(|n| (format!("g{n}").into(), answered(0, 0)));
        trend.sample(many);
        assert_eq!(trend.lock().len(), GROUPS);
    }
}
