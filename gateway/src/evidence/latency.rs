//! How long answers took, as counts by time: a value that adds up, and from which an earlier one can be taken away. Pure.
//!
//! Eight steps for each doubling of the time, from 1 µs to 71 minutes: what is read back lies at most an eighth above what was.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many times are told apart: 8 below 8 µs, then 8 for each of 29 doublings.
const PLACES: usize = 240;

/// Times of answers, in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// All of them together.
    pub sum_us: u64,
    /// How many there are of each step; only those that there were.
    pub counts: BTreeMap<u16, u64>,
}

impl Latency {
    /// Adds one.
    pub fn add(&mut self, took: Duration) {
        let micros = micros(took);
        self.sum_us = self.sum_us.saturating_add(micros);
        let count = self.counts.entry(place(micros)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds others.
    pub fn merge(&mut self, other: &Self) {
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        for (place, more) in &other.counts {
            let count = self.counts.entry(*place).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// Those that came since an earlier look at the same counts.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let left = self.counts.iter().filter_map(|(place, count)| {
            let before = earlier.counts.get(place).copied().unwrap_or(0);
            let left = count.saturating_sub(before);
            (left > 0).then_some((*place, left))
        });
        Self {
            sum_us: self.sum_us.saturating_sub(earlier.sum_us),
            counts: left.collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let counts = self.counts.values();
        counts.fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The mean; none of none.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let micros = self.sum_us.checked_div(self.count())?;
        Some(Duration::from_micros(micros))
    }

    /// The time that so many of a thousand did not exceed: the upper end of its step. 990 is the 99th percentile. None of none.
    #[must_use]
    pub fn of_thousand(&self, part: u16) -> Option<Duration> {
        let all = u128::from(self.count());
        if all == 0 {
            return None;
        }
        let wanted = (all * u128::from(part.min(1_000))).div_ceil(1_000).max(1);
        let mut seen = 0_u128;
        for (place, count) in &self.counts {
            seen += u128::from(*count);
            if seen >= wanted {
                return Some(Duration::from_micros(upper(*place)));
            }
        }
        None
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// The step of a time.
fn place(micros: u64) -> u16 {
    let micros = micros.min(u64::from(u32::MAX));
    let place = match micros.checked_ilog2() {
        None | Some(0..3) => micros,
        Some(doublings) => {
            let shift = u64::from(doublings - 3);
            (shift << 3) + (micros >> shift)
        }
    };
    u16::try_from(place).unwrap_or(u16::MAX)
}

/// The longest time of a step.
fn upper(place: u16) -> u64 {
    let place = u64::from(place);
    if place < 16 {
        return place;
    }
    let shift = ((place >> 3) - 1).min(60);
    let first = 8 + (place & 7);
    (first.saturating_add(1) << shift) - 1
}

/// The same, counted by many at once without a lock.
#[derive(Debug)]
pub(super) struct Counting {
    sum_us: AtomicU64,
    counts: Box<[AtomicU64]>,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            sum_us: AtomicU64::new(0),
            counts: std::iter::repeat_with(AtomicU64::default)
                .take(PLACES)
                .collect(),
        }
    }
}

impl Counting {
    pub(super) fn add(&self, took: Duration) {
        let micros = micros(took);
        self.sum_us.fetch_add(micros, Ordering::Relaxed);
        if let Some(count) = self.counts.get(usize::from(place(micros))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn shown(&self) -> Latency {
        let counts = self
            .counts
            .iter()
            .zip(0_u16..)
            .filter_map(|(count, place)| {
                let count = count.load(Ordering::Relaxed);
                (count > 0).then_some((place, count))
            });
        Latency {
            sum_us: self.sum_us.load(Ordering::Relaxed),
            counts: counts.collect(),
        }
    }

    pub(super) fn clear(&self) {
        self.sum_us.store(0, Ordering::Relaxed);
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_time_has_a_place() {
        assert!(usize::from(place(u64::MAX)) < PLACES);
        assert_eq!(upper(place(u64::MAX)), u64::from(u32::MAX));
        assert_eq!(Latency::default().of_thousand(500), None);
    }

    proptest! {
        #[test]
        fn a_step_is_at_most_an_eighth_wide(micros in 0_u64..u64::from(u32::MAX)) {
            let upper = upper(place(micros));
            prop_assert!(upper >= micros && upper - micros <= micros / 8, "{micros} {upper}");
            prop_assert!(place(micros + 1) == place(micros) || place(micros + 1) == place(micros) + 1);
        }

        #[test]
        fn what_was_added_can_be_taken_away(
            before in prop::collection::vec(0_u64..10_000_000, 0..40),
            after in prop::collection::vec(0_u64..10_000_000, 0..40),
        ) {
            let (mut earlier, mut more, shared) = (Latency::default(), Latency::default(), Counting::default());
            for micros in &before {
                earlier.add(Duration::from_micros(*micros));
                shared.add(Duration::from_micros(*micros));
            }
            prop_assert_eq!(&shared.shown(), &earlier);
            for micros in &after {
                more.add(Duration::from_micros(*micros));
                shared.add(Duration::from_micros(*micros));
            }
            let mut all = earlier.clone();
            all.merge(&more);
            prop_assert_eq!(&shared.shown(), &all);
            prop_assert_eq!(&all.since(&earlier), &more);
            let mut sorted = after;
            sorted.sort_unstable();
            if let Some(median) = sorted.get(sorted.len().div_ceil(2).saturating_sub(1)) {
                let told = u64::try_from(more.of_thousand(500).unwrap().as_micros()).unwrap();
                prop_assert!(told >= *median && told - median <= median / 8);
            }
        }
    }
}
