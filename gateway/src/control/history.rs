//! History as it stands in the log: raw entries, the chain over them, and what came of each, computed anew on request.

use std::collections::VecDeque;

use super::command::Command;
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

/// Which entries are wanted of the latest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latest {
    /// Only those before that offset.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// Only those about that group.
    pub group: Option<String>,
    /// Only those of people whose name has that in it, whatever its capitals.
    pub who: Option<String>,
}

/// The latest of them, newest first, and where older ones are: before that offset.
pub(super) async fn latest(log: &Log, wanted: Latest) -> Result<Page, ReadError> {
    let looking = Looking {
        who: wanted.who.as_deref().map(str::to_lowercase),
        wanted,
        reading: Reading::new(0, 0),
        found: VecDeque::new(),
        older: false,
    };
    let looked = log.for_each(looking).await?;
    let oldest = looked.found.front().map(|past| past.offset);
    Ok(Page {
        next: oldest.filter(|_| looked.older),
        entries: looked.found.into_iter().rev().collect(),
    })
}

/// Folds all entries, and keeps the last of those that are wanted.
struct Looking {
    wanted: Latest,
    /// In small letters.
    who: Option<String>,
    reading: Reading,
    found: VecDeque<Past>,
    /// There were more.
    older: bool,
}

impl Take for Looking {
    fn take(&mut self, entry: Entry) {
        let past = self.reading.past(entry);
        if self
            .wanted
            .before
            .is_some_and(|before| past.offset >= before)
            || !self.is_wanted(&past)
        {
            return;
        }
        self.found.push_back(past);
        if self.found.len() > self.wanted.limit {
            self.found.pop_front();
            self.older = true;
        }
    }
}

impl Looking {
    fn is_wanted(&self, past: &Past) -> bool {
        if self.wanted.group.is_none() && self.who.is_none() {
            return true;
        }
        let Ok(command) = Command::parse(&past.bytes) else {
            return false;
        };
        let group = self.wanted.group.as_ref();
        let who = self.who.as_ref();
        group.is_none_or(|group| *group == command.group)
            && who.is_none_or(|who| command.who.to_lowercase().contains(who))
    }
}

pub(super) async fn page(log: &Log, from: u64, limit: usize) -> Result<Page, ReadError> {
    Ok(log.for_each(Reading::new(from, limit)).await?.page)
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
        let past = self.past(entry);
        if past.offset >= self.from {
            self.page.entries.push(past);
        }
    }
}

impl Reading {
    fn new(from: u64, limit: usize) -> Self {
        Self {
            from,
            limit,
            fold: Fold::default(),
            hash: ChainHash::NOTHING,
            stopped: None,
            page: Page {
                entries: Vec::new(),
                next: None,
            },
        }
    }

    /// The entry with what came of it, the next one after those before.
    fn past(&mut self, entry: Entry) -> Past {
        self.hash = self.hash.next(entry.offset, &entry.bytes);
        Past {
            offset: entry.offset,
            hash: self.hash,
            outcome: self.outcome(&entry),
            bytes: entry.bytes,
        }
    }

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
