//! How many requests may be sent a second time: a share of all, so that retries cannot become the load that keeps a backend down.

use std::time::Duration;

use tokio::time::Instant;

use super::window::{Counts, Window};

/// Over this time.
const WINDOW: Duration = Duration::from_secs(10);

/// What may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// So many per cent of the requests of the last ten seconds, 0 to 100,
    pub percent: u8,
    /// and so many each second whatever the traffic, for a backend with little of it.
    pub per_second: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            percent: 20,
            per_second: 10,
        }
    }
}

/// What was sent in the last ten seconds.
#[derive(Debug, Clone)]
pub struct Budget {
    policy: Policy,
    seen: Window,
}

impl Budget {
    /// Nothing sent yet.
    #[must_use]
    pub fn new(policy: Policy, now: Instant) -> Self {
        Self {
            policy,
            seen: Window::new(WINDOW, now),
        }
    }

    /// A request is sent for the first time.
    pub fn deposit(&mut self, now: Instant) {
        self.seen.add(now, Counts { all: 1, part: 0 });
    }

    /// Whether one may be sent again; counted if so.
    pub fn withdraw(&mut self, now: Instant) -> bool {
        let seen = self.seen.sum(now);
        let share = u64::from(seen.all) * u64::from(self.policy.percent) / 100;
        let always = u64::from(self.policy.per_second) * WINDOW.as_secs();
        let allowed = u64::from(seen.part) < share + always;
        if allowed {
            self.seen.add(now, Counts { all: 0, part: 1 });
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withdrawn(budget: &mut Budget, now: Instant) -> usize {
        (0..1000).filter(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn a_share_of_the_traffic_and_a_little_always() {
        let now = Instant::now();
        let policy = Policy {
            percent: 20,
            per_second: 1,
        };
        let mut budget = Budget::new(policy, now);
        assert_eq!(withdrawn(&mut budget, now), 10);
        for _ in 0..100 {
            budget.deposit(now);
        }
        assert_eq!(withdrawn(&mut budget, now), 20);
        assert_eq!(withdrawn(&mut budget, now + WINDOW / 2), 0);
        assert_eq!(withdrawn(&mut budget, now + WINDOW), 10);
    }

    #[test]
    fn none_at_all_if_so_wanted() {
        let now = Instant::now();
        let policy = Policy {
            percent: 0,
            per_second: 0,
        };
        let mut budget = Budget::new(policy, now);
        budget.deposit(now);
        assert!(!budget.withdraw(now));
    }
}
