//! How often somebody may be wrong, and how often ask.
//!
//! Wrong tokens count for the address they come from: one that was wrong too often is not listened to for a while, right tokens included. The
//! same wrong token again within a minute counts once: whoever guesses tries others, and a program with an old token must not lock out the
//! people behind the same tunnel.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::shed::{Rate, Rates, client_key};

/// How much is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSpec {
    /// Wrong tokens, passwords and the like of one address.
    pub failures: Rate,
    /// Requests of one person.
    pub requests: Rate,
}

impl Default for LimitSpec {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            failures: Rate::new(20, minute, 20).expect("a rate of a few a minute can be counted"),
            requests: Rate::new(200 * 60, minute, 1_000)
                .expect("a rate of a few hundred a second can be counted"),
        }
    }
}

/// What was counted so far.
#[derive(Debug)]
pub(crate) struct Limits {
    failures: Rates,
    again: Rates,
    requests: Rates,
}

impl Limits {
    /// Nothing yet.
    #[must_use]
    pub(crate) fn new(spec: LimitSpec) -> Self {
        let once = Rate::new(1, Duration::from_secs(60), 1).expect("one a minute can be counted");
        Self {
            failures: Rates::new(spec.failures),
            again: Rates::new(once),
            requests: Rates::new(spec.requests),
        }
    }

    /// Whether that address is listened to.
    ///
    /// # Errors
    /// It is not, for that long.
    pub(crate) fn may_try(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.failures.would_admit(&client_key(address), now)
    }

    /// It showed something wrong.
    pub(crate) fn failed(&self, address: IpAddr, shown: &[u8], now: Instant) {
        let address = client_key(address);
        let mut both = address.to_vec();
        both.extend_from_slice(shown);
        if self.again.admit(&both, now).is_ok() {
            let _counted = self.failures.admit(&address, now);
        }
    }

    /// Somebody who is known asks.
    ///
    /// # Errors
    /// Too often; again after that long.
    pub(crate) fn asks(&self, name: &str, now: Instant) -> Result<(), Duration> {
        self.requests.admit(name.as_bytes(), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_is_not_listened_to_for_a_while() {
        let limits = Limits::new(LimitSpec::default());
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let now = Instant::now();
        for guess in 0u8..20 {
            assert_eq!(limits.may_try(here, now), Ok(()));
            limits.failed(here, &[guess], now);
        }
        let wait = limits.may_try(here, now).unwrap_err();
        assert!(wait <= Duration::from_secs(3), "{wait:?}");
        assert_eq!(limits.may_try(there, now), Ok(()));
        assert_eq!(limits.may_try(here, now + wait), Ok(()));
    }

    #[test]
    fn the_same_wrong_token_counts_once_a_minute() {
        let limits = Limits::new(LimitSpec::default());
        let here = IpAddr::from([127, 0, 0, 1]);
        let now = Instant::now();
        for second in 0..300 {
            limits.failed(here, b"an old token", now + Duration::from_secs(second));
            let then = now + Duration::from_secs(second);
            assert_eq!(limits.may_try(here, then), Ok(()));
        }
    }

    #[test]
    fn each_person_asks_so_often() {
        let limits = Limits::new(LimitSpec::default());
        let now = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(limits.asks("anna", now), Ok(()));
        }
        assert!(limits.asks("anna", now).is_err());
        assert_eq!(limits.asks("bruno", now), Ok(()));
        assert_eq!(limits.asks("anna", now + Duration::from_secs(1)), Ok(()));
    }
}
