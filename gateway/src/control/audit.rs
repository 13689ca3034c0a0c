//! Whether the log is what it was: folded anew, its signatures and its chain held against what its own entries, and anchors, say of it.
//!
//! In: the log's entries, read from where they are, and anchors. Out: an [`Audit`]. Every entry says, under its signature, the last entry and hash that its
//! writer had seen: so each vouches for all before it. What was changed, taken out, put in or moved shows at the first entry or anchor after it, and the
//! signature names which it was. The end of the log is vouched for by anchors alone.

use std::collections::BTreeMap;

use super::anchor::Anchor;
use super::command::{Command, Position};
use super::file::{self, Entry};
use super::fold::{Fold, Refusal, Verdict};
use super::hash::ChainHash;
use super::kafka;
use super::log::{ReadError, Take, chain, run};
use super::{Settings, Store};

/// A log as it is found now.
#[derive(Debug, Default)]
pub struct Audit {
    fold: Fold,
    hash: ChainHash,
    /// The chain at each entry, and what is wrong with the entry taken by itself.
    entries: BTreeMap<u64, Seen>,
    /// Why it is not understood beyond an entry.
    stopped: Option<(u64, String)>,
    vouched: Vec<Vouched>,
    /// What came of entries, by their outcome's word.
    outcomes: BTreeMap<&'static str, u64>,
    first_at: Option<String>,
    last_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    hash: ChainHash,
    wrong: Option<String>,
}

/// Somebody says what the chain was at an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Vouched {
    position: Position,
    by: String,
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Broken {
    /// The first entry that is not as it was; where that is not known, the first of which it is not known.
    pub offset: u64,
    /// What is wrong.
    pub why: String,
}

/// What an audit has found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Found {
    /// How many entries there are.
    pub entries: u64,
    /// When the first one was written, by its writer's clock.
    pub first_at: Option<String>,
    /// And the last one.
    pub last_at: Option<String>,
    /// The last entry, and what the chain comes to.
    pub position: Option<Position>,
    /// How many entries came to what: `accepted`, `noted`, or why they were refused.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// How many times somebody vouches for the chain: entries for those before them, and anchors.
    pub vouched: usize,
    /// How many of these are anchors.
    pub anchors: usize,
    /// How many of the anchors are of keys that the log does not know.
    pub strangers: usize,
    /// The last entry that an anchor vouches for.
    pub anchored: Option<u64>,
    /// The first thing that is not as it was; nothing if the log is whole.
    pub broken: Option<Broken>,
}

impl Audit {
    /// Takes the next entry.
    pub fn add(&mut self, offset: u64, bytes: &[u8]) {
        self.hash = self.hash.next(offset, bytes);
        let (mut wrong, mut seen) = (None, None);
        match Command::parse(bytes) {
            Ok(command) => {
                self.first_at.get_or_insert_with(|| command.at.clone());
                seen = command.seen;
                self.last_at = Some(command.at);
            }
            Err(why) => wrong = Some(format!("it is not an entry: {why}")),
        }
        if self.stopped.is_none() {
            match self.fold.fold(offset, bytes) {
                Ok(folded) => match folded.verdict {
                    Verdict::Accepted { .. } => self.count("accepted"),
                    Verdict::Noted => self.count("noted"),
                    Verdict::Refused(refusal) => {
                        self.count(refusal.code());
                        if refusal.is_of_stranger() {
                            // Nobody known vouches for what it says.
                            seen = None;
                        }
                        if refusal == Refusal::BadSignature {
                            wrong = Some("its signature does not fit it".to_owned());
                        }
                    }
                },
                Err(stop) => self.stopped = Some((offset, stop.to_string())),
            }
        }
        if let Some(position) = seen {
            self.vouched.push(Vouched {
                position,
                by: format!("the entry at offset {offset}"),
            });
        }
        self.entries.insert(
            offset,
            Seen {
                hash: self.hash,
                wrong,
            },
        );
    }

    fn count(&mut self, outcome: &'static str) {
        let count = self.outcomes.entry(outcome).or_default();
        *count = count.saturating_add(1);
    }

    /// Judges what was added, and what anchors say of it.
    #[must_use]
    pub fn found(mut self, anchors: &[Anchor]) -> Found {
        let mut anchored = None;
        // They vouch all the same: who takes an enrolment out of the log makes strangers of its anchors.
        let known = |anchor: &Anchor| {
            let mut keys = self.fold.signers().keys();
            keys.any(|(_, known)| known.key == anchor.key)
        };
        let strangers = anchors.iter().filter(|anchor| !known(anchor)).count();
        for anchor in anchors {
            anchored = anchored.max(Some(anchor.position.offset));
            self.vouched.push(Vouched {
                position: anchor.position,
                by: format!("the anchor of {} at {}", anchor.gateway, anchor.at),
            });
        }
        let broken = self.broken();
        Found {
            entries: u64::try_from(self.entries.len()).unwrap_or(u64::MAX),
            first_at: self.first_at,
            last_at: self.last_at,
            position: self
                .entries
                .last_key_value()
                .map(|(offset, seen)| Position {
                    offset: *offset,
                    hash: seen.hash,
                }),
            outcomes: self.outcomes,
            vouched: self.vouched.len(),
            anchors: anchors.len(),
            strangers,
            anchored,
            broken,
        }
    }

    fn holds(&self, position: Position) -> bool {
        self.entries
            .get(&position.offset)
            .is_some_and(|seen| seen.hash == position.hash)
    }

    fn broken(&self) -> Option<Broken> {
        let mut vouched: Vec<_> = self.vouched.iter().collect();
        vouched.sort_by_key(|one| one.position.offset);
        let against = vouched.iter().find(|one| !self.holds(one.position));
        // All up to there is as somebody saw it.
        let whole = vouched
            .iter()
            .filter(|one| self.holds(one.position))
            .filter(|one| against.is_none_or(|bad| one.position.offset < bad.position.offset))
            .map(|one| one.position.offset)
            .max();
        let after = whole.map_or(0, |offset| offset.saturating_add(1));
        // Of what nobody vouches for, an entry with a signature of another text was changed.
        let by_itself = self
            .entries
            .range(after..)
            .find_map(|(offset, seen)| Some((*offset, seen.wrong.clone()?)));
        if let Some(bad) = against {
            let last = self.entries.last_key_value().map(|(offset, _)| *offset);
            let end = last.map_or(0, |last| last.saturating_add(1));
            return Some(match by_itself {
                Some((offset, why)) if offset <= bad.position.offset => Broken { offset, why },
                _ if end <= bad.position.offset => Broken {
                    offset: after,
                    why: format!(
                        "the log has {end} entries, and {} had seen offset {}: its end was cut off, or entries from here on were taken out",
                        bad.by, bad.position.offset
                    ),
                },
                _ => Broken {
                    offset: after,
                    why: format!(
                        "from here to offset {} an entry was changed, taken out, put in or moved: {} had seen another chain",
                        bad.position.offset, bad.by
                    ),
                },
            });
        }
        if let Some((offset, why)) = &self.stopped {
            return Some(Broken {
                offset: *offset,
                why: why.clone(),
            });
        }
        by_itself.map(|(offset, why)| Broken { offset, why })
    }
}

impl Take for Audit {
    fn take(&mut self, entry: Entry) {
        self.add(entry.offset, &entry.bytes);
    }
}

/// Reads the log from where it is, past every gateway.
///
/// # Errors
/// It cannot be read.
pub async fn read(settings: &Settings) -> Result<Audit, ReadError> {
    match &settings.store {
        Store::Kafka { config, topic } => kafka::for_each(config, topic, Audit::default()).await,
        Store::File => {
            let path = settings.directory.join(super::start::FILE);
            run(move || {
                let mut audit = Audit::default();
                let read = file::read(&path, |entry| audit.take(entry));
                read.map(|()| audit)
                    .map_err(|error| ReadError { why: chain(&error) })
            })
            .await
        }
    }
}

#[cfg(test)]
mod tests;
