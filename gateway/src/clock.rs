//! What time it is, where hours and tokens ask: the system's time, or one beside it that a rehearsal of closed hours sets.

use std::sync::OnceLock;

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

/// The moment of one request: a clock is looked at when somebody first wants to know, and then it stays. Most requests go where no hours and
/// no tokens are asked for.
#[derive(Debug, Default)]
pub struct Moment(OnceLock<Timestamp>);

/// When something is.
#[derive(Debug, Clone, Copy)]
pub enum At<'m> {
    /// Then.
    Known(Timestamp),
    /// At that moment, by that clock.
    Moment(&'m Moment, WallClock),
}

impl At<'_> {
    /// The time.
    #[must_use]
    pub fn time(self) -> Timestamp {
        match self {
            Self::Known(time) => time,
            Self::Moment(moment, clock) => *moment.0.get_or_init(|| clock.now()),
        }
    }
}

impl From<Timestamp> for At<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Known(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_stays_once_it_was_looked_at() {
        let set: Timestamp = "2026-11-22T05:59:30Z".parse().unwrap();
        let moment = Moment::default();
        let at = At::Moment(&moment, WallClock::showing(set));
        let first = at.time();
        assert!(first >= set && first < set + SignedDuration::from_secs(60));
        // Whatever a clock shows by then.
        let later = WallClock::showing(set + SignedDuration::from_hours(1));
        assert_eq!(At::Moment(&moment, later).time(), first);
        assert_eq!(at.time(), first);
        assert_eq!(At::from(set).time(), set);
    }

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
