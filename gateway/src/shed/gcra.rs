//! The generic cell rate algorithm (ITU-T I.371): a rate and a burst in one number for each who is counted. Pure.

use std::fmt;
use std::time::Duration;

/// So many requests within a time, and how many of them may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Nanoseconds for one.
    each: u64,
    /// Nanoseconds that may be used ahead.
    ahead: u64,
}

impl Rate {
    /// None where that is nothing, or too much to count: more than one a nanosecond, or a burst of more than 500 years.
    #[must_use]
    pub fn new(requests: u32, within: Duration, burst: u32) -> Option<Self> {
        let each = within.as_nanos().checked_div(u128::from(requests))?;
        let each = u64::try_from(each).ok().filter(|each| *each > 0)?;
        let ahead = each.checked_mul(u64::from(burst.checked_sub(1)?))?;
        Some(Self { each, ahead })
    }

    /// `due` is when what was taken so far will have had its time, `now` the time, both in nanoseconds of one clock. Out: `due` with one
    /// more; or how long to wait for it.
    pub(super) fn admit(self, due: u64, now: u64) -> Result<u64, Duration> {
        let due = due.max(now);
        match due.checked_sub(self.ahead) {
            Some(earliest) if earliest > now => {
                Err(Duration::from_nanos(earliest.saturating_sub(now)))
            }
            _ => Ok(due.saturating_add(self.each)),
        }
    }
}

impl fmt::Display for Rate {
    /// `10 per second, 600 at once`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 4] = [
            ("second", 1),
            ("minute", 60),
            ("hour", 3600),
            ("day", 24 * 3600),
        ];
        let each = self.each.max(1);
        let found = UNITS.map(|(unit, seconds)| (unit, seconds * 1_000_000_000 / each));
        let (unit, requests) = found
            .into_iter()
            .find(|(_, requests)| *requests > 0)
            .unwrap_or(("day", 0));
        let burst = (self.ahead / each).saturating_add(1);
        write!(f, "{requests} per {unit}, {burst} at once")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_told_in_the_unit_that_fits() {
        let told = |requests, seconds, burst| {
            let rate = Rate::new(requests, Duration::from_secs(seconds), burst);
            rate.unwrap().to_string()
        };
        assert_eq!(told(600, 60, 600), "10 per second, 600 at once");
        assert_eq!(told(30, 60, 1), "30 per minute, 1 at once");
        assert_eq!(told(1, 3600, 5), "1 per hour, 5 at once");
    }

    #[test]
    fn a_burst_then_the_rate() {
        let rate = Rate::new(10, Duration::from_secs(1), 3).unwrap();
        let second = 1_000_000_000;
        let mut due = 0;
        for _ in 0..3 {
            due = rate.admit(due, second).unwrap();
        }
        assert_eq!(rate.admit(due, second), Err(Duration::from_millis(100)));
        due = rate.admit(due, second + 100_000_000).unwrap();
        assert!(rate.admit(due, second + 100_000_000).is_err());
        // Who was away long has the burst again, and not more.
        let later = second * 100;
        for _ in 0..3 {
            due = rate.admit(due, later).unwrap();
        }
        assert!(rate.admit(due, later).is_err());
        assert_eq!(Rate::new(0, Duration::from_secs(1), 1), None);
        assert_eq!(Rate::new(1, Duration::from_secs(1), 0), None);
        assert_eq!(Rate::new(u32::MAX, Duration::from_nanos(1), 1), None);
    }

    proptest! {
        /// In any time no more than the burst and the rate allow; and whoever waits as long as told gets in.
        #[test]
        fn never_more_than_told(
            requests in 1u32..1000,
            burst in 1u32..50,
            steps in proptest::collection::vec(0u64..5_000_000, 1..300),
        ) {
            let rate = Rate::new(requests, Duration::from_secs(1), burst).unwrap();
            let (mut now, mut due, mut taken) = (0u64, 0u64, 0u64);
            for step in steps {
                now += step;
                match rate.admit(due, now) {
                    Ok(next) => { due = next; taken += 1; }
                    Err(wait) => {
                        let then = now + u64::try_from(wait.as_nanos()).unwrap();
                        prop_assert!(rate.admit(due, then).is_ok());
                        prop_assert!(rate.admit(due, then - 1).is_err());
                    }
                }
                let earned = u128::from(now) * u128::from(requests) / 1_000_000_000 + 1;
                prop_assert!(u128::from(taken) <= u128::from(burst) + earned, "{} taken", taken);
            }
        }
    }
}
