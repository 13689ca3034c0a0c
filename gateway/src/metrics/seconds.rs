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
}
