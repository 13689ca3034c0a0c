//! What this process did with its stores, as numbers that only grow; for the metrics of programs.
//!
//! They are of the process and not of a store: a gateway that reads its configuration anew opens its store anew, and its numbers go on.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Kind};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Objects written to their end.
    Written,
    /// The bytes of their bodies, before they were compressed or encrypted.
    WrittenBytes,
    /// Objects read to their end, with the right digest.
    Read,
    /// The bytes of their bodies.
    ReadBytes,
    /// Objects removed because their time was over.
    Swept,
    /// Objects that the store did not take.
    NotWritten,
    /// Objects that could not be read: gone, altered, of a key that is not known, or the store failed.
    NotRead,
    /// Sweeps that did not come to their end.
    NotSwept,
}

static NUMBERS: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];

impl Count {
    /// How much, since the process began.
    #[must_use]
    pub fn get(self) -> u64 {
        NUMBERS
            .get(self as usize)
            .map_or(0, |number| number.load(Ordering::Relaxed))
    }

    pub(crate) fn add(self, more: u64) {
        if let Some(number) = NUMBERS.get(self as usize) {
            number.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Counts it where that failed, but for what is the body's own fault.
    pub(crate) fn unless_done<T>(self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &done
            && error.kind() != Kind::TooLarge
        {
            self.add(1);
        }
        done
    }
}

/// A counter as Prometheus has it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, without `_total`.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// By the value of the label `what`.
    pub counts: &'static [(&'static str, Count)],
}

/// All there are.
pub const METRICS: [Metric; 3] = [
    Metric {
        name: "figway_payload_objects",
        help: "Objects of the store of large payloads that were written, read to their end, or removed after their time.",
        counts: &[
            ("written", Count::Written),
            ("read", Count::Read),
            ("swept", Count::Swept),
        ],
    },
    Metric {
        name: "figway_payload_bytes",
        help: "The bytes of the bodies that were written or read.",
        counts: &[("written", Count::WrittenBytes), ("read", Count::ReadBytes)],
    },
    Metric {
        name: "figway_payload_failures",
        help: "Objects that could not be written or read, and sweeps that failed.",
        counts: &[
            ("write", Count::NotWritten),
            ("read", Count::NotRead),
            ("sweep", Count::NotSwept),
        ],
    },
];
