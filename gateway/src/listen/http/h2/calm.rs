//! Whether a client takes its requests back faster than they can be answered (CVE-2023-44487, "rapid reset"). Each costs it a few bytes
//! and us a request to a backend. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::message::Response;

/// So many may be taken back before it matters how many were answered.
const ALLOWED: u64 = 100;
/// Counts of this time and of the one before are looked at: what a client did long ago gives it no leave for now.
const PERIOD: Duration = Duration::from_secs(30);

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// A backend answered it.
    Answered,
    /// The answer was ours. That costs the client and us as little as the question, so it says nothing either way.
    Ours,
    /// Nobody waited for one any more.
    TakenBack,
}

impl Ended {
    /// By this answer.
    pub(super) fn by(response: &Response) -> Self {
        match response.side {
            Some(_) => Self::Answered,
            None => Self::Ours,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    answered: u64,
    taken_back: u64,
}

/// The requests of one connection.
#[derive(Debug)]
pub(super) struct Calm {
    began: Instant,
    before: Counts,
    counts: Counts,
}

impl Calm {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            before: Counts::default(),
            counts: Counts::default(),
        }
    }

    /// One more.
    pub(super) fn ended(&mut self, ended: Ended, now: Instant) {
        let since = now.saturating_duration_since(self.began);
        if since >= PERIOD {
            let counts = std::mem::take(&mut self.counts);
            self.before = if since < 2 * PERIOD {
                counts
            } else {
                Counts::default()
            };
            self.began = now;
        }
        let count = match ended {
            Ended::Answered => &mut self.counts.answered,
            Ended::TakenBack => &mut self.counts.taken_back,
            Ended::Ours => return,
        };
        *count = count.saturating_add(1);
    }

    /// Whether more were taken back than answered, beyond what is allowed.
    pub(super) fn is_lost(&self) -> bool {
        let both = |of: fn(&Counts) -> u64| of(&self.before).saturating_add(of(&self.counts));
        let answered = both(|counts| counts.answered);
        both(|counts| counts.taken_back) > answered.saturating_add(ALLOWED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many of each, in turn; whether it was lost by them.
    fn lost(calm: &mut Calm, rounds: u64, ended: &[Ended], now: Instant) -> bool {
        for _ in 0..rounds {
            for ended in ended {
                calm.ended(*ended, now);
            }
        }
        calm.is_lost()
    }

    #[test]
    fn it_is_lost_by_what_is_taken_back_beyond_what_is_answered() {
        let now = Instant::now();
        let mut calm = Calm::new(now);
        assert!(!lost(&mut calm, 10, &[Ended::Answered], now));
        assert!(!lost(&mut calm, ALLOWED + 10, &[Ended::TakenBack], now));
        assert!(lost(&mut calm, 1, &[Ended::TakenBack], now));
    }

    #[test]
    fn answers_that_cost_nothing_give_no_leave() {
        let now = Instant::now();
        let mut calm = Calm::new(now);
        let mixed = [Ended::TakenBack, Ended::Ours, Ended::Ours];
        assert!(!lost(&mut calm, ALLOWED, &mixed, now));
        assert!(lost(&mut calm, 1, &mixed, now));
    }

    #[test]
    fn answers_of_long_ago_give_no_leave_and_what_was_taken_back_then_does_not_count() {
        let start = Instant::now();
        let mut calm = Calm::new(start);
        assert!(!lost(&mut calm, 1_000, &[Ended::Answered], start));
        // Half of the time later they still do.
        let later = start + PERIOD;
        assert!(!lost(&mut calm, ALLOWED + 1, &[Ended::TakenBack], later));
        let later = later + PERIOD;
        assert!(lost(&mut calm, 1, &[Ended::TakenBack], later));
        let later = later + 2 * PERIOD;
        assert!(!lost(&mut calm, ALLOWED, &[Ended::TakenBack], later));
    }
}
