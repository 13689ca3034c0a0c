//! What time it is, where hours and tokens ask: the system's time, or one beside it that a rehearsal of closed hours sets.

use jiff::{SignedDuration, Timestamp};

/// The system's clock, or one that differs from it by so much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WallClock {
    ahead: SignedDuration,
}

impl WallClock {
    /// One that shows `now` now, and runs on.
    #[must_use]
    pub fn showing(now: Timestamp) -> Self {
        Self {
            ahead: now.duration_since(Timestamp::now()),
        }
    }

    /// What it shows.
    #[must_use]
    pub fn now(self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_it_was_set_to_and_runs_on() {
        let set: Timestamp = "2026-11-22T05:59:30Z".parse().unwrap();
        let clock = WallClock::showing(set);
        let shown = clock.now();
        assert!(shown >= set && shown < set + SignedDuration::from_secs(60));
        let real = WallClock::default().now();
        assert!(real.duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(60));
    }
}
