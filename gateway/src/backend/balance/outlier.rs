//! Leaves an endpoint alone for a while after requests to it failed in a row.

use std::time::Duration;

use tokio::time::Instant;

use super::Outcome;

/// When an endpoint is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// So many failures in a row; at least 1.
    pub failures: u32,
    /// For so long the first time; twice as long each time after that.
    pub pause: Duration,
    /// For so long at most.
    pub longest: Duration,
    /// At most so many per cent of a backend's endpoints at a time; never all of them.
    pub most: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            failures: 5,
            pause: Duration::from_secs(10),
            longest: Duration::from_secs(300),
            most: 50,
        }
    }
}

impl Policy {
    /// Whether one more of `count` endpoints may be left alone where `out` are already.
    #[must_use]
    pub fn allows(&self, count: usize, out: usize) -> bool {
        let next = out.saturating_add(1);
        next < count && next.saturating_mul(100) <= count.saturating_mul(usize::from(self.most))
    }
}

/// What requests have shown of one endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outlier {
    /// Failures since the last answer.
    run: u32,
    /// How often in a row it was left alone, which makes the next time longer.
    times: u32,
    /// Until when it is.
    until: Option<Instant>,
}

impl Outlier {
    /// Until when it is left alone, if it is now.
    #[must_use]
    pub fn out_until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// Whether an answer would change anything here: false of an endpoint that nothing is known against.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        *self != Self::default()
    }

    /// Takes note of how a request to it ended. `allowed` says whether one more endpoint may be left alone. Gives for how long
    /// it now is, if this decides so.
    pub fn note(
        &mut self,
        outcome: Outcome,
        now: Instant,
        policy: &Policy,
        allowed: bool,
    ) -> Option<Duration> {
        // What was under way when it was left alone has been judged.
        if outcome == Outcome::Nothing || self.out_until(now).is_some() {
            return None;
        }
        if outcome == Outcome::Well {
            self.run = 0;
            // Well for as long as it was last left alone: forgiven.
            let pause = self.pause(policy);
            if self.until.is_none_or(|until| now >= until + pause) {
                *self = Self::default();
            }
            return None;
        }
        self.run = self.run.saturating_add(1);
        if self.run < policy.failures || !allowed {
            return None;
        }
        let pause = policy
            .pause
            .saturating_mul(1_u32.checked_shl(self.times).unwrap_or(u32::MAX))
            .min(policy.longest);
        self.times = self.times.saturating_add(1);
        self.until = Some(now + pause);
        // When it comes back, the first failure is one too many.
        self.run = policy.failures.saturating_sub(1);
        Some(pause)
    }

    fn pause(&self, policy: &Policy) -> Duration {
        let doubled = 1_u32.checked_shl(self.times.saturating_sub(1));
        let pause = policy.pause.saturating_mul(doubled.unwrap_or(u32::MAX));
        pause.min(policy.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const POLICY: Policy = Policy {
        failures: 3,
        pause: SECOND,
        longest: Duration::from_secs(3),
        most: 50,
    };

    #[test]
    fn failures_in_a_row_put_it_out_and_an_answer_begins_the_row_anew() {
        let now = Instant::now();
        let mut outlier = Outlier::default();
        let mut note = |outcome| outlier.note(outcome, now, &POLICY, true);
        assert_eq!(note(Outcome::Failed), None);
        assert_eq!(note(Outcome::Failed), None);
        assert_eq!(note(Outcome::Well), None);
        assert_eq!(note(Outcome::Failed), None);
        assert_eq!(note(Outcome::Nothing), None);
        assert_eq!(note(Outcome::Failed), None);
        assert_eq!(note(Outcome::Failed), Some(SECOND));
        assert_eq!(note(Outcome::Failed), None, "it is out already");
        assert_eq!(outlier.out_until(now), Some(now + SECOND));
        assert_eq!(outlier.out_until(now + SECOND), None);
    }

    #[test]
    fn each_time_is_twice_as_long_until_it_has_been_well_for_that_long() {
        let mut now = Instant::now();
        let mut outlier = Outlier::default();
        for _ in 0..2 {
            outlier.note(Outcome::Failed, now, &POLICY, true);
        }
        let mut pauses = Vec::new();
        for _ in 0..4 {
            // One failure is enough when it has just come back.
            let pause = outlier.note(Outcome::Failed, now, &POLICY, true).unwrap();
            pauses.push(pause);
            now += pause;
        }
        assert_eq!(pauses, [SECOND, 2 * SECOND, 3 * SECOND, 3 * SECOND]);
        outlier.note(Outcome::Well, now, &POLICY, true);
        assert!(outlier.is_marked(), "one answer is not yet enough");
        outlier.note(Outcome::Well, now + 3 * SECOND, &POLICY, true);
        assert!(!outlier.is_marked());
    }

    #[test]
    fn some_always_stay() {
        assert!(!POLICY.allows(1, 0));
        assert!(POLICY.allows(2, 0) && !POLICY.allows(2, 1));
        assert!(POLICY.allows(4, 1) && !POLICY.allows(4, 2));
        let all = Policy {
            most: 100,
            ..POLICY
        };
        assert!(all.allows(3, 1) && !all.allows(3, 2));
        let now = Instant::now();
        let mut outlier = Outlier::default();
        for _ in 0..9 {
            assert_eq!(outlier.note(Outcome::Failed, now, &POLICY, false), None);
        }
        // As soon as another one is back.
        assert!(outlier.note(Outcome::Failed, now, &POLICY, true).is_some());
    }
}
