//! History as it stands in the log: raw entries, the chain over them, and what came of each, computed anew on request.

use super::fold::{Fold, Refusal, Verdict};
use super::hash::ChainHash;
use super::log::{Log, ReadError};
use crate::mode::Mode;

/// How many entries are read at a time.
const CHUNK: usize = 1_000;

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
    /// Nothing changed.
    Refused(Refusal),
    /// It, or one before it, is not understood.
    NotFolded {
        /// Why.
        why: String,
    },
}

pub(super) async fn page(log: &Log, from: u64, limit: usize) -> Result<Page, ReadError> {
    let mut fold = Fold::default();
    let mut hash = ChainHash::NOTHING;
    let mut stopped: Option<String> = None;
    let mut entries = Vec::new();
    let mut next = 0;
    loop {
        let chunk = log.read(next, CHUNK).await?;
        let Some(last) = chunk.last() else {
            return Ok(Page {
                entries,
                next: None,
            });
        };
        next = last.offset.saturating_add(1);
        for entry in chunk {
            if entries.len() >= limit {
                return Ok(Page {
                    entries,
                    next: Some(entry.offset),
                });
            }
            hash = hash.next(entry.offset, &entry.bytes);
            let outcome = match &stopped {
                Some(why) => Outcome::NotFolded { why: why.clone() },
                None => match fold.fold(entry.offset, &entry.bytes) {
                    Ok(folded) => match folded.verdict {
                        Verdict::Accepted { version, mode } => Outcome::Accepted { version, mode },
                        Verdict::Refused(refusal) => Outcome::Refused(refusal),
                    },
                    Err(stop) => {
                        let why = stop.to_string();
                        stopped = Some(why.clone());
                        Outcome::NotFolded { why }
                    }
                },
            };
            if entry.offset >= from {
                entries.push(Past {
                    offset: entry.offset,
                    hash,
                    bytes: entry.bytes,
                    outcome,
                });
            }
        }
    }
}
