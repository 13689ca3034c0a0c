//! A rate for each of many: who is counted is a key, and only so many are remembered.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::gcra::Rate;
use super::nanos;

/// So that two requests seldom wait for one another.
const SHARDS: usize = 16;
/// Keys of one shard: 65,536 in all, some 2 MiB.
const MOST: usize = 4096;
/// How often a full shard is looked through for keys that owe nothing any more.
const LOOK: u64 = 100_000_000;
/// Whoever finds no room is counted with all the others who do not.
const OTHERS: u64 = 0;

/// A rate of all together.
#[derive(Debug)]
pub(super) struct One {
    rate: Rate,
    began: Instant,
    due: AtomicU64,
}

impl One {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            began: Instant::now(),
            due: AtomicU64::new(0),
        }
    }

    /// Counts one.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let now = nanos(self.began, now);
        let mut due = self.due.load(Ordering::Relaxed);
        loop {
            let next = self.rate.admit(due, now)?;
            let swapped =
                self.due
                    .compare_exchange_weak(due, next, Ordering::Relaxed, Ordering::Relaxed);
            match swapped {
                Ok(_) => return Ok(()),
                // Somebody else was counted in between.
                Err(current) => due = current,
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Rates {
    rate: Rate,
    began: Instant,
    /// Keyed, so that nobody can choose a key that is counted with another's.
    hash: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    /// By hash of the key, which is not hashed once more.
    due: HashMap<u64, u64, BuildHasherDefault<Hashed>>,
    looked: u64,
}

/// What is a hash already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    /// Not called: a key is a `u64`.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Rates {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            began: Instant::now(),
            hash: RandomState::new(),
            shards: Default::default(),
        }
    }

    /// Counts one of that key.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn admit(&self, key: &[u8], now: Instant) -> Result<(), Duration> {
        let (hash, now) = (self.hashed(key), nanos(self.began, now));
        let Some(shard) = self.shard(hash) else {
            return Ok(());
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let key = shard.room(hash, now);
        let due = shard.due.entry(key).or_default();
        *due = self.rate.admit(*due, now)?;
        Ok(())
    }

    /// Whether one of that key would be admitted, which does not count it.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn would_admit(&self, key: &[u8], now: Instant) -> Result<(), Duration> {
        let (hash, now) = (self.hashed(key), nanos(self.began, now));
        let Some(shard) = self.shard(hash) else {
            return Ok(());
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let key = shard.room(hash, now);
        let due = shard.due.get(&key).copied().unwrap_or_default();
        self.rate.admit(due, now).map(|_| ())
    }

    fn hashed(&self, key: &[u8]) -> u64 {
        self.hash.hash_one(key).max(1)
    }

    /// By the middle of the hash: maps place by the lowest bits and tell keys by the highest.
    fn shard(&self, hash: u64) -> Option<&Mutex<Shard>> {
        let place = usize::try_from((hash >> 32) % 16).unwrap_or_default();
        self.shards.get(place)
    }
}

impl Shard {
    /// Under what a key is counted.
    fn room(&mut self, key: u64, now: u64) -> u64 {
        if self.due.len() < MOST || self.due.contains_key(&key) {
            return key;
        }
        if self.looked.saturating_add(LOOK) <= now {
            self.looked = now;
            self.due.retain(|_, due| *due > now);
        }
        if self.due.len() < MOST { key } else { OTHERS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_keys_is_bounded_and_forgotten() {
        let rates = Rates::new(Rate::new(1, Duration::from_secs(1), 1).unwrap());
        let mut refused = 0;
        for key in 0..200_000u32 {
            refused += u32::from(rates.admit(&key.to_be_bytes(), Instant::now()).is_err());
        }
        let held = || -> usize {
            let shards = rates.shards.iter();
            shards.map(|shard| shard.lock().unwrap().due.len()).sum()
        };
        assert!(held() <= (MOST + 1) * SHARDS, "{}", held());
        assert!(refused > 100_000, "{refused}");
        tokio::time::advance(Duration::from_secs(2)).await;
        for key in 0..20_000u32 {
            assert!(
                rates.admit(&key.to_be_bytes(), Instant::now()).is_ok(),
                "{key}"
            );
        }
    }
}
