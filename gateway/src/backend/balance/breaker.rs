//! Stops asking a backend that fails most of the time, and lets a few requests find out whether it is back.

use std::time::Duration;

use tokio::time::Instant;

use super::Outcome;
use super::window::{Counts, Window};

/// When a backend is not asked any more, and when it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// So many per cent of the requests failed, 1 to 100,
    pub percent: u8,
    /// of at least so many,
    pub requests: u32,
    /// in the last while.
    pub within: Duration,
    /// For how long nobody is let through.
    pub pause: Duration,
    /// Then so many at a time, and when as many have been answered in a row, all; at least 1.
    pub trials: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            percent: 50,
            requests: 20,
            within: Duration::from_secs(10),
            pause: Duration::from_secs(5),
            trials: 3,
        }
    }
}

/// What requests have shown of one backend.
#[derive(Debug, Clone)]
pub struct Breaker {
    policy: Policy,
    state: State,
    /// Grows with each change of state: what was admitted before says nothing about what came after.
    epoch: u64,
    seen: Window,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Instant },
    Trial { under_way: u32, passed: u32 },
}

/// The states by their usual names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Everything passes.
    Closed,
    /// Nothing does.
    Open,
    /// A few do.
    HalfOpen,
}

impl Position {
    /// As metrics and people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// The leave to ask; brought back with [`Breaker::done`], whatever comes of it.
#[derive(Debug)]
#[must_use = "a trial that is not brought back keeps its place"]
pub struct Pass {
    epoch: u64,
}

impl Breaker {
    /// Lets everything through.
    #[must_use]
    pub fn new(policy: Policy, now: Instant) -> Self {
        Self {
            policy,
            state: State::Closed,
            epoch: 0,
            seen: Window::new(policy.within, now),
        }
    }

    /// Whether a request may be sent.
    ///
    /// # Errors
    /// It may not, and for how long none will be; at least a moment.
    pub fn admit(&mut self, now: Instant) -> Result<Pass, Duration> {
        if let State::Open { until } = self.state {
            if now < until {
                return Err(until - now);
            }
            self.enter(State::Trial {
                under_way: 0,
                passed: 0,
            });
        }
        if let State::Trial { under_way, .. } = &mut self.state {
            if *under_way >= self.policy.trials {
                return Err(Duration::from_secs(1).min(self.policy.pause));
            }
            *under_way += 1;
        }
        Ok(Pass { epoch: self.epoch })
    }

    /// How a request that was let through has ended. Gives the position if this changed it.
    #[allow(clippy::needless_pass_by_value, reason = "a pass is good for once")]
    pub fn done(&mut self, pass: Pass, outcome: Outcome, now: Instant) -> Option<Position> {
        if pass.epoch != self.epoch {
            return None;
        }
        let failed = outcome == Outcome::Failed;
        match &mut self.state {
            State::Closed if outcome == Outcome::Nothing => return None,
            State::Closed => {
                let part = u32::from(failed);
                self.seen.add(now, Counts { all: 1, part });
                if !failed || !self.is_bad(now) {
                    return None;
                }
                self.open(now);
            }
            State::Trial { under_way, passed } => {
                *under_way = under_way.saturating_sub(1);
                if failed {
                    self.open(now);
                } else if outcome == Outcome::Well {
                    *passed += 1;
                    if *passed < self.policy.trials {
                        return None;
                    }
                    self.seen = Window::new(self.policy.within, now);
                    self.enter(State::Closed);
                } else {
                    return None;
                }
            }
            State::Open { .. } => return None,
        }
        Some(self.position())
    }

    /// Where it stands. Half open is entered by the first request after the pause, not by time alone.
    #[must_use]
    pub fn position(&self) -> Position {
        match self.state {
            State::Closed => Position::Closed,
            State::Open { .. } => Position::Open,
            State::Trial { .. } => Position::HalfOpen,
        }
    }

    fn is_bad(&mut self, now: Instant) -> bool {
        let seen = self.seen.sum(now);
        seen.all >= self.policy.requests
            && u64::from(seen.part) * 100 >= u64::from(seen.all) * u64::from(self.policy.percent)
    }

    fn open(&mut self, now: Instant) {
        self.enter(State::Open {
            until: now + self.policy.pause,
        });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.epoch = self.epoch.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const POLICY: Policy = Policy {
        percent: 50,
        requests: 4,
        within: Duration::from_secs(10),
        pause: Duration::from_secs(5),
        trials: 2,
    };

    /// Asks once and lets it end so.
    fn asked(breaker: &mut Breaker, outcome: Outcome, now: Instant) -> Option<Position> {
        let pass = breaker.admit(now).unwrap();
        breaker.done(pass, outcome, now)
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(POLICY, now);
        for _ in 0..3 {
            assert_eq!(asked(&mut breaker, Outcome::Failed, now), None);
        }
        let fourth = asked(&mut breaker, Outcome::Failed, now);
        assert_eq!(fourth, Some(Position::Open));
        breaker
    }

    #[test]
    fn it_opens_at_the_share_of_failures_and_not_before_there_are_enough() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.admit(now + SECOND).unwrap_err(), 4 * SECOND);
        let mut breaker = Breaker::new(POLICY, now);
        for outcome in [Outcome::Well, Outcome::Well, Outcome::Well, Outcome::Failed] {
            assert_eq!(asked(&mut breaker, outcome, now), None);
        }
        asked(&mut breaker, Outcome::Failed, now);
        assert_eq!(
            asked(&mut breaker, Outcome::Failed, now),
            Some(Position::Open)
        );
    }

    #[test]
    fn failures_that_are_long_past_do_not_count() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY, now);
        for second in [0, 1, 2, 12, 13, 14] {
            let now = now + second * SECOND;
            assert_eq!(asked(&mut breaker, Outcome::Failed, now), None);
        }
    }

    #[test]
    fn a_few_trials_close_it_and_one_that_fails_opens_it_again() {
        let start = Instant::now();
        let mut breaker = opened(start);
        let now = start + 5 * SECOND;
        let (one, two) = (breaker.admit(now).unwrap(), breaker.admit(now).unwrap());
        assert!(breaker.admit(now).is_err(), "a third trial");
        assert_eq!(breaker.done(one, Outcome::Well, now), None);
        assert_eq!(
            breaker.done(two, Outcome::Failed, now),
            Some(Position::Open)
        );
        let now = now + 5 * SECOND;
        assert_eq!(asked(&mut breaker, Outcome::Well, now), None);
        // A client that goes away gives its place back and proves nothing.
        assert_eq!(asked(&mut breaker, Outcome::Nothing, now), None);
        assert_eq!(
            asked(&mut breaker, Outcome::Well, now),
            Some(Position::Closed)
        );
        assert_eq!(asked(&mut breaker, Outcome::Failed, now), None);
    }

    #[test]
    fn what_was_sent_before_it_opened_says_nothing_about_the_trials() {
        let start = Instant::now();
        let mut breaker = Breaker::new(POLICY, start);
        let slow = breaker.admit(start).unwrap();
        for _ in 0..4 {
            asked(&mut breaker, Outcome::Failed, start);
        }
        let now = start + 5 * SECOND;
        let trial = breaker.admit(now).unwrap();
        assert_eq!(breaker.done(slow, Outcome::Failed, now), None);
        assert_eq!(breaker.position(), Position::HalfOpen);
        assert_eq!(breaker.done(trial, Outcome::Well, now), None);
    }

    proptest! {
        /// Whatever happens, whoever waits long enough and is answered gets through: it never locks itself up.
        #[test]
        fn it_always_recovers(events in prop::collection::vec((0_u64..4000, 0_u8..4), 0..200)) {
            let mut now = Instant::now();
            let mut breaker = Breaker::new(POLICY, now);
            let mut held = Vec::new();
            for (wait, what) in events {
                now += Duration::from_millis(wait);
                if let Ok(pass) = breaker.admit(now) {
                    held.push(pass);
                }
                let outcome = match what {
                    0 => Outcome::Well,
                    1 => Outcome::Failed,
                    2 => Outcome::Nothing,
                    _ => continue,
                };
                if let Some(pass) = held.pop() {
                    breaker.done(pass, outcome, now);
                }
            }
            for pass in held {
                breaker.done(pass, Outcome::Nothing, now);
            }
            now += POLICY.pause;
            for _ in 0..POLICY.trials {
                let pass = breaker.admit(now).unwrap();
                breaker.done(pass, Outcome::Well, now);
            }
            prop_assert_eq!(breaker.position(), Position::Closed);
        }
    }
}
