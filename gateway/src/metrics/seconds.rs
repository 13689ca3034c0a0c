//! A histogram of times that is observed without a lock: a few additions to words of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// From half a millisecond, which a page from memory takes, to the longest timeout that is in use; in microseconds.
const BOUNDS: [u64; 15] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// How many took how long, and how long all of them.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    /// Up to each of the bounds; what took longer is last.
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// What a histogram says at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    /// How long all took together, seconds.
    pub sum: f64,
    /// How many took how long: the end of each bucket in seconds, the last above all, and how many are in it and in none before.
    pub buckets: Vec<(f64, u64)>,
}

impl Times {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Within which time that part of them, from 0 to 1, was done, in seconds: the end of a bucket, so that the true one is at most this.
    /// None of none, and infinite where only the last bucket says it.
    #[must_use]
    pub fn within(&self, part: f64) -> Option<f64> {
        let count = self.count();
        let mut left = share(part, count);
        for (end, in_it) in &self.buckets {
            left = left.saturating_sub(*in_it);
            if left == 0 && count > 0 {
                return Some(if *end >= f64::MAX {
                    f64::INFINITY
                } else {
                    *end
                });
            }
        }
        None
    }

    /// Both together, of histograms with the same buckets.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        if self.buckets.is_empty() {
            return other.clone();
        }
        self.sum += other.sum;
        for ((_, count), (_, more)) in self.buckets.iter_mut().zip(&other.buckets) {
            *count = count.saturating_add(*more);
        }
        self
    }
}

/// How many of so many are that part, at least one.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a count, from 0 to the count"
)]
fn share(part: f64, count: u64) -> u64 {
    ((part.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1))
}

/// What Prometheus is told of a histogram at one moment.
pub(super) struct Shown {
    pub(super) sum: f64,
    pub(super) count: u64,
    /// Not added up; the last bound is above all.
    pub(super) buckets: Vec<(f64, u64)>,
}

impl Seconds {
    pub(super) fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn shown(&self) -> Shown {
        let bounds = BOUNDS
            .iter()
            .map(|bound| Duration::from_micros(*bound).as_secs_f64());
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<_> = bounds.chain([f64::MAX]).zip(counts).collect();
        Shown {
            sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64(),
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }

    pub(super) fn times(&self) -> Times {
        let Shown { sum, buckets, .. } = self.shown();
        Times { sum, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_first_bucket_that_holds_it() {
        let seconds = Seconds::default();
        for micros in [0, 500, 501, 30_000_000, 30_000_001] {
            seconds.observe(Duration::from_micros(micros));
        }
        let shown = seconds.shown();
        let counts: Vec<_> = shown.buckets.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(shown.count, 5);
        assert!((shown.sum - 60.001_002).abs() < 1e-9, "{}", shown.sum);
    }

    #[test]
    fn a_quantile_is_the_end_of_the_bucket_that_holds_it() {
        let seconds = Seconds::default();
        assert_eq!(seconds.times().within(0.99), None);
        for _ in 0..99 {
            seconds.observe(Duration::from_millis(4));
        }
        seconds.observe(Duration::from_secs(60));
        let times = seconds.times();
        assert_eq!(times.within(0.5), Some(0.005));
        assert_eq!(times.within(0.99), Some(0.005));
        assert_eq!(times.within(0.999), Some(f64::INFINITY));
        let both = times.clone().plus(&times);
        assert_eq!(both.count(), 200);
    }
}
