//! How long it takes to commit, so that nothing is begun that cannot be committed before its deadline.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of what a request has from its sending to its deadline, no more than this part is kept for the commit.
const PART: i64 = 4;

/// What commits took lately.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    /// In microseconds, an eighth of it the last one's: as a round trip is smoothed (RFC 6298 section 2).
    smoothed: AtomicU64,
}

impl Commits {
    /// One took so long.
    pub(crate) fn took(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let before = self.smoothed.load(Ordering::Relaxed);
        let now = (before - before / 8).saturating_add(took / 8);
        // One session commits at a time.
        self.smoothed.store(now, Ordering::Relaxed);
    }

    /// When a request must be done, in milliseconds since 1970: so much before its deadline that it can still be committed. Without the
    /// time it was sent at, or where commits take longer than it has, part of what it has is kept.
    pub(crate) fn due(&self, deadline_ms: i64, sent_ms: i64) -> i64 {
        let takes = self.smoothed.load(Ordering::Relaxed).div_ceil(1000);
        let most = deadline_ms.saturating_sub(sent_ms).max(0) / PART;
        let kept = i64::try_from(takes).unwrap_or(i64::MAX).saturating_mul(2);
        deadline_ms.saturating_sub(kept.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_for_the_commit_is_kept_and_never_most_of_what_there_is() {
        let commits = Commits::default();
        assert_eq!(commits.due(10_000, 5_000), 10_000);
        for _ in 0..100 {
            commits.took(Duration::from_millis(80));
        }
        let due = commits.due(10_000, 5_000);
        assert!((9_839..9_850).contains(&due), "{due}");
        // As slow as a Kafka that is hardly there.
        for _ in 0..100 {
            commits.took(Duration::from_secs(9));
        }
        assert_eq!(commits.due(10_000, 5_000), 8_750);
        assert_eq!(commits.due(10_000, 9_999), 10_000);
        assert_eq!(commits.due(10_000, 20_000), 10_000);
    }
}
