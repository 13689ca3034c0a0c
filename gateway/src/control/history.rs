//! History as it stands in the log: raw entries, the chain over them, and what came of each, computed anew on request.

use super::file::Entry;
use super::fold::{Fold, Refusal, Verdict};
use super::hash::ChainHash;
use super::log::{Log, ReadError, Take};
use crate::mode::Mode;

/// Some entries in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Past>,
    /// Where the next page begins; none if there was nothing more.
    pub next: Option<u64>,
}

/// An entry of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Where it stands.
    pub offset: u64,
    /// The chain's hash with it.
    pub hash: ChainHash,
    /// Its bytes as they stand in the log.
    pub bytes: Vec<u8>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The group came to that version and mode.
    Accepted {
        /// The version.
        version: u64,
        /// The mode.
        mode: Mode,
    },
    /// It is about the fleet, and counts.
    Noted,
    /// Nothing changed.
    Refused(Refusal),
    /// It, or one before it, is not understood.
    NotFolded {
        /// Why.
        why: String,
    },
}

pub(super) async fn page(log: &Log, from: u64, limit: usize) -> Result<Page, ReadError> {
    let reading = Reading {
        from,
        limit,
        fold: Fold::default(),
        hash: ChainHash::NOTHING,
        stopped: None,
        page: Page {
            entries: Vec::new(),
            next: None,
        },
    };
    Ok(log.for_each(reading).await?.page)
}

/// Folds from the first entry on, and keeps those that are asked for.
struct Reading {
    from: u64,
    limit: usize,
    fold: Fold,
    hash: ChainHash,
    stopped: Option<String>,
    page: Page,
}

impl Take for Reading {
    fn take(&mut self, entry: Entry) {
        if self.page.entries.len() >= self.limit {
            self.page.next.get_or_insert(entry.offset);
            return;
        }
        self.hash = self.hash.next(entry.offset, &entry.bytes);
        let outcome = self.outcome(&entry);
        if entry.offset >= self.from {
            self.page.entries.push(Past {
                offset: entry.offset,
                hash: self.hash,
                bytes: entry.bytes,
                outcome,
            });
        }
    }
}

impl Reading {
    fn outcome(&mut self, entry: &Entry) -> Outcome {
        if let Some(why) = &self.stopped {
            return Outcome::NotFolded { why: why.clone() };
        }
        match self.fold.fold(entry.offset, &entry.bytes) {
            Ok(folded) => match folded.verdict {
                Verdict::Accepted { version, mode } => Outcome::Accepted { version, mode },
                Verdict::Noted => Outcome::Noted,
                Verdict::Refused(refusal) => Outcome::Refused(refusal),
            },
            Err(stop) => {
                let why = stop.to_string();
                self.stopped = Some(why.clone());
                Outcome::NotFolded { why }
            }
        }
    }
}
