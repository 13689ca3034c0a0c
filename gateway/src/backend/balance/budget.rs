//! How many requests may be sent a second time: a share of all, so that retries cannot become the load that keeps a backend down.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

/// Over this time.
const SECONDS: u32 = 10;

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

/// What was sent in the last ten seconds. Every request of a backend adds to it, so it has no lock.
#[derive(Debug)]
pub struct Budget {
    policy: Policy,
    began: Instant,
    first: Seconds,
    again: Seconds,
}

impl Budget {
    /// Nothing sent yet.
    #[must_use]
    pub fn new(policy: Policy, now: Instant) -> Self {
        Self {
            policy,
            began: now,
            first: Seconds::default(),
            again: Seconds::default(),
        }
    }

    /// A request is sent for the first time.
    pub fn deposit(&self, now: Instant) {
        self.first.add(self.second(now));
    }

    /// Whether one may be sent again; counted if so. Those that ask at the same time may get one each where one is left.
    pub fn withdraw(&self, now: Instant) -> bool {
        let second = self.second(now);
        let share = self.first.sum(second) * u64::from(self.policy.percent) / 100;
        let always = u64::from(self.policy.per_second) * u64::from(SECONDS);
        let allowed = self.again.sum(second) < share + always;
        if allowed {
            self.again.add(second);
        }
        allowed
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_secs()
    }
}

/// How many in each of the last ten seconds: which second it is in the upper half of a word, how many in the lower.
#[derive(Debug, Default)]
struct Seconds([AtomicU64; SECONDS as usize]);

const HALF: u32 = 32;
const MOST: u64 = (1 << HALF) - 1;

impl Seconds {
    /// One more. Who comes late to a second that is over counts for the one that has its place.
    fn add(&self, second: u64) {
        let place = usize::try_from(second % u64::from(SECONDS)).unwrap_or(0);
        let Some(word) = self.0.get(place) else {
            return;
        };
        let more = |word: u64| {
            let (at, count) = (word >> HALF, word & MOST);
            Some(if at < second {
                second << HALF | 1
            } else {
                at << HALF | count.saturating_add(1).min(MOST)
            })
        };
        // It always gives something to put there.
        let _before = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    fn sum(&self, second: u64) -> u64 {
        let words = self.0.iter().map(|word| word.load(Ordering::Relaxed));
        words
            .filter(|word| (word >> HALF) + u64::from(SECONDS) > second)
            .map(|word| word & MOST)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn withdrawn(budget: &Budget, now: Instant) -> usize {
        (0..1000).filter(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn a_share_of_the_traffic_and_a_little_always() {
        let now = Instant::now();
        let policy = Policy {
            percent: 20,
            per_second: 1,
        };
        let budget = Budget::new(policy, now);
        assert_eq!(withdrawn(&budget, now), 10);
        for _ in 0..100 {
            budget.deposit(now);
        }
        assert_eq!(withdrawn(&budget, now), 20);
        assert_eq!(withdrawn(&budget, now + WINDOW / 2), 0);
        assert_eq!(withdrawn(&budget, now + WINDOW), 10);
    }

    #[test]
    fn none_at_all_if_so_wanted() {
        let now = Instant::now();
        let policy = Policy {
            percent: 0,
            per_second: 0,
        };
        let budget = Budget::new(policy, now);
        budget.deposit(now);
        assert!(!budget.withdraw(now));
    }

    #[test]
    fn all_are_counted_that_are_sent_at_the_same_time() {
        let now = Instant::now();
        let policy = Policy {
            percent: 100,
            per_second: 0,
        };
        let budget = Budget::new(policy, now);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| budget.deposit(now + WINDOW)));
            }
        });
        assert_eq!(withdrawn(&budget, now + WINDOW), 400);
        // A clock that goes back moves nothing.
        budget.deposit(now);
        assert_eq!(withdrawn(&budget, now + WINDOW), 1);
    }
}
