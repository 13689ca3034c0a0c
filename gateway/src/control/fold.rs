//! The pure function from the log to state: every gateway folds the same bytes in the same order to the same [`Fold`].
//!
//! In: the fold so far, an offset, the bytes there. Out: what the entry did ([`Folded`]), or [`Stop`]: an entry this version
//! does not understand, before which the fold stays. It sees no file and no clock. A refused entry is part of history.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::command::{Command, CommandId, Position, Unreadable, What};
use super::hash::ChainHash;
use crate::mode::Mode;

/// How many ids of the latest entries are kept to know a repeated one. A part of fold version 1.
pub const REMEMBERED_IDS: usize = 1_000;
/// How many earlier versions of a group can be rolled back to. A part of fold version 1.
pub const KEPT_VERSIONS: usize = 1_000;
/// How many groups there may be. A part of fold version 1.
pub const MAX_GROUPS: usize = 10_000;

/// All that the log comes to, up to an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    last: Option<Link>,
    groups: BTreeMap<String, GroupState>,
    /// The latest entries' ids and offsets, oldest first.
    recent: VecDeque<(CommandId, u64)>,
}

/// The last entry folded, and the chain before and with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    offset: u64,
    before: ChainHash,
    hash: ChainHash,
}

/// Where a group stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupState {
    /// Who answers.
    pub mode: Mode,
    /// Counts its changes, from 1.
    pub version: u64,
    /// The entry that brought it here.
    pub since: Since,
    /// The last mode of the file that counted.
    pub seed: Option<Seeded>,
    /// Versions before this one, oldest first.
    pub before: VecDeque<Past>,
}

/// The entry that brought a group where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Its offset.
    pub offset: u64,
    /// When, as its writer's clock said, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// Its change reference.
    pub change: Option<String>,
}

/// A mode of the file that counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeded {
    /// The file's revision.
    pub revision: u64,
    /// The mode there.
    pub mode: Mode,
}

/// An earlier version of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// Its number.
    pub version: u64,
    /// Its mode.
    pub mode: Mode,
}

/// An entry and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The entry.
    pub command: Command,
    /// Where it stands, and the chain with it.
    pub position: Position,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The group is now at that version, in that mode.
    Accepted {
        /// The group's version.
        version: u64,
        /// The group's mode.
        mode: Mode,
    },
    /// Nothing changed.
    Refused(Refusal),
}

/// Why the fold refuses an entry: the same on every gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The group has moved on since its writer looked.
    #[error("the group is at version {current}, the command expected version {expected}")]
    Stale {
        /// What its writer had seen.
        expected: u64,
        /// The group's version.
        current: u64,
    },
    /// The command is in the log already.
    #[error("the command already stands at offset {first}")]
    Duplicate {
        /// Where.
        first: u64,
    },
    /// There is no such earlier version, or it is too long ago.
    #[error("the group has no earlier version {wanted} to roll back to")]
    UnknownVersion {
        /// The version asked for.
        wanted: u64,
    },
    /// The file's revision does not count any more.
    #[error("a file of revision {known} has counted, revision {revision} is not higher")]
    OldRevision {
        /// The file's revision.
        revision: u64,
        /// The highest that counted.
        known: u64,
    },
    /// More groups than a fold keeps.
    #[error("there are {MAX_GROUPS} groups already")]
    TooManyGroups,
}

impl Refusal {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stale { .. } => "stale_version",
            Self::Duplicate { .. } => "duplicate",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::OldRevision { .. } => "old_revision",
            Self::TooManyGroups => "too_many_groups",
        }
    }
}

/// Why folding stops before an entry. A person or an upgrade must act; state stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The entry cannot be read.
    #[error("the entry at offset {offset} cannot be folded: {why}")]
    Unreadable {
        /// Where.
        offset: u64,
        /// Why.
        why: Unreadable,
    },
    /// The log went back.
    #[error("the log went on at offset {found} after offset {last}")]
    OutOfOrder {
        /// The offset that came.
        found: u64,
        /// The last one folded.
        last: u64,
    },
    /// The log does not begin where it must.
    #[error("the log begins at offset {found}: entries before it are gone")]
    NoBeginning {
        /// The first offset that came.
        found: u64,
    },
    /// The log is not the one that was folded: made anew, restored, failed over or changed.
    #[error(
        "the entry at offset {offset} is not the one that was folded: the log was changed or made anew"
    )]
    Changed {
        /// Where.
        offset: u64,
    },
    /// The log ends before what was folded.
    #[error(
        "the next entry of the log has offset {end}, and entries up to offset {folded} were folded already: it was cut or made anew"
    )]
    Cut {
        /// Its end: the offset of the next entry.
        end: u64,
        /// The last entry folded.
        folded: u64,
    },
}

impl Fold {
    /// Folds the next entry.
    ///
    /// # Errors
    /// The entry is not understood or does not follow; the fold stays as it was and nothing after it may be folded.
    pub fn fold(&mut self, offset: u64, bytes: &[u8]) -> Result<Folded, Stop> {
        let before = match self.last {
            None if offset > 0 => return Err(Stop::NoBeginning { found: offset }),
            Some(last) if offset <= last.offset => {
                return Err(Stop::OutOfOrder {
                    found: offset,
                    last: last.offset,
                });
            }
            None => ChainHash::NOTHING,
            Some(last) => last.hash,
        };
        let command = Command::parse(bytes).map_err(|why| Stop::Unreadable { offset, why })?;
        let hash = before.next(offset, bytes);
        let verdict = self.apply(&command, offset);
        self.last = Some(Link {
            offset,
            before,
            hash,
        });
        if self.recent.len() >= REMEMBERED_IDS {
            self.recent.pop_front();
        }
        self.recent.push_back((command.id.clone(), offset));
        Ok(Folded {
            command,
            position: Position { offset, hash },
            verdict,
        })
    }

    /// Whether those bytes are the last entry folded: asked when a log is met again.
    ///
    /// # Errors
    /// They are not.
    pub fn confirm(&self, offset: u64, bytes: &[u8]) -> Result<(), Stop> {
        let same = self.last.is_some_and(|last| {
            last.offset == offset && last.before.next(offset, bytes) == last.hash
        });
        if same {
            Ok(())
        } else {
            Err(Stop::Changed { offset })
        }
    }

    /// The last entry folded and the chain's hash there.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.last.map(|last| Position {
            offset: last.offset,
            hash: last.hash,
        })
    }

    /// Where a group stands; none if the log never saw it.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&GroupState> {
        self.groups.get(name)
    }

    /// Every group the log ever saw.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &GroupState)> {
        self.groups
            .iter()
            .map(|(name, state)| (name.as_str(), state))
    }

    fn apply(&mut self, command: &Command, offset: u64) -> Verdict {
        match self.decide(command) {
            Ok(mode) => self.settle(command, offset, mode),
            Err(refusal) => Verdict::Refused(refusal),
        }
    }

    /// The mode that the command brings its group to; none where the group stays as it is.
    fn decide(&self, command: &Command) -> Result<Option<Mode>, Refusal> {
        if let Some((_, first)) = self.recent.iter().find(|(id, _)| *id == command.id) {
            return Err(Refusal::Duplicate { first: *first });
        }
        let group = self.groups.get(&command.group);
        if group.is_none() && self.groups.len() >= MAX_GROUPS {
            return Err(Refusal::TooManyGroups);
        }
        if let Some(expected) = command.expected {
            let current = group.map_or(0, |group| group.version);
            if expected != current {
                return Err(Refusal::Stale { expected, current });
            }
        }
        match &command.what {
            What::Set { to, .. } => Ok(Some(*to)),
            What::BreakGlassMerge { mode, .. } => Ok(Some(*mode)),
            What::Rollback { to, .. } => {
                let mut before = group.into_iter().flat_map(|group| &group.before);
                let past = before.find(|past| past.version == *to);
                past.map(|past| Some(past.mode))
                    .ok_or(Refusal::UnknownVersion { wanted: *to })
            }
            What::Seed { revision, mode } => seed(group, *revision, *mode),
        }
    }

    fn settle(&mut self, command: &Command, offset: u64, mode: Option<Mode>) -> Verdict {
        let since = Since {
            offset,
            at: command.at.clone(),
            by: command.who.clone(),
            why: command.why.clone(),
            change: command.change.clone(),
        };
        let seed = match command.what {
            What::Seed { revision, mode } => Some(Seeded { revision, mode }),
            What::Set { .. } | What::Rollback { .. } | What::BreakGlassMerge { .. } => None,
        };
        let Some(group) = self.groups.get_mut(&command.group) else {
            // `decide` gives a mode for every group that is not there yet.
            let mode = mode.unwrap_or(Mode::Legacy);
            let created = GroupState {
                mode,
                version: 1,
                since,
                seed,
                before: VecDeque::new(),
            };
            self.groups.insert(command.group.clone(), created);
            return Verdict::Accepted { version: 1, mode };
        };
        group.seed = seed.or(group.seed);
        if let Some(mode) = mode {
            if group.before.len() >= KEPT_VERSIONS {
                group.before.pop_front();
            }
            group.before.push_back(Past {
                version: group.version,
                mode: group.mode,
            });
            group.mode = mode;
            group.version = group.version.saturating_add(1);
            group.since = since;
        }
        Verdict::Accepted {
            version: group.version,
            mode: group.mode,
        }
    }
}

/// A mode from the file counts for a group never seen, and where a file of a higher revision says another mode than the last
/// file that counted: a file edited for one group does not undo what people did to the others.
fn seed(group: Option<&GroupState>, revision: u64, mode: Mode) -> Result<Option<Mode>, Refusal> {
    let Some(group) = group else {
        return Ok(Some(mode));
    };
    match group.seed {
        Some(seeded) if revision <= seeded.revision => Err(Refusal::OldRevision {
            revision,
            known: seeded.revision,
        }),
        Some(seeded) if mode != seeded.mode && mode != group.mode => Ok(Some(mode)),
        // First set by a person, or not changed in the file, or there already.
        Some(_) | None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
