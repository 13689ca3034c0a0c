//! The pure function from the log to state: every gateway folds the same bytes in the same order to the same [`Fold`].
//!
//! In: the fold so far, an offset, the bytes there. Out: what the entry did ([`Folded`]), or [`Stop`]: an entry this version
//! does not understand, before which the fold stays. It sees no file and no clock. A refused entry is part of history.

mod group;
mod proposal;
mod refusal;
mod signers;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

pub use self::group::{GroupState, Hold, Past, Seeded, Since};
pub use self::proposal::{Approval, Events, MAX_APPROVALS, MAX_EVENTS, Open};
pub use self::refusal::{Refusal, Stop};
pub use self::signers::{Enrolled, MAX_KEYS, Signers};
use super::command::{Command, CommandId, Position, UNSIGNED, What};
use super::hash::ChainHash;
use crate::mode::Mode;

/// How many ids of the latest entries are kept to know a repeated one. A part of fold version 1.
pub const REMEMBERED_IDS: usize = 1_000;
/// How many places of the chain are kept, to see whether writers had seen the same. A part of fold version 2.
pub const KEPT_LINKS: usize = 1_000;
/// The longest that a hold may last before anybody may end it, seconds. A part of fold version 2.
pub const LONGEST_HOLD: u64 = 600;
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
    /// The latest places of the chain, oldest first. Empty, as what follows, in a copy of fold version 1.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    links: VecDeque<Position>,
    #[serde(default, skip_serializing_if = "Signers::is_empty")]
    signers: Signers,
}

/// The last entry folded, and the chain before and with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    offset: u64,
    before: ChainHash,
    hash: ChainHash,
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
    /// It is about the fleet, and counts.
    Noted,
    /// Nothing changed.
    Refused(Refusal),
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
        // From the first signed entry on: a copy of fold version 1, which has none, goes on as if it had begun at the first entry.
        if command.v > UNSIGNED || !self.links.is_empty() {
            remember(&mut self.links, Position { offset, hash }, KEPT_LINKS);
        }
        // What a stranger wrote takes nobody's id away.
        if !matches!(&verdict, Verdict::Refused(refusal) if refusal.is_of_stranger()) {
            remember(
                &mut self.recent,
                (command.id.clone(), offset),
                REMEMBERED_IDS,
            );
        }
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

    /// The keys that sign.
    #[must_use]
    pub fn signers(&self) -> &Signers {
        &self.signers
    }

    /// Whether nothing is in it that fold version 1 does not know.
    pub(super) fn fits_first_version(&self) -> bool {
        let later = self.groups.values().any(GroupState::is_of_later_version);
        self.links.is_empty() && self.signers.is_empty() && !later
    }

    /// The chain's hash at that offset, if it is one of the latest.
    #[must_use]
    pub fn hash_at(&self, offset: u64) -> Option<ChainHash> {
        let place = self
            .links
            .binary_search_by_key(&offset, |link| link.offset)
            .ok()?;
        self.links.get(place).map(|link| link.hash)
    }

    fn apply(&mut self, command: &Command, offset: u64) -> Verdict {
        let done = self.check(command).and_then(|()| match &command.what {
            What::Enrol { .. } => {
                self.signers.enrol(command, offset)?;
                Ok(Verdict::Noted)
            }
            What::Revoke { key } => {
                self.signers.revoke(key, offset)?;
                Ok(Verdict::Noted)
            }
            What::Admission { open } => {
                self.signers.admit(*open);
                Ok(Verdict::Noted)
            }
            What::Hold { to, seconds } => self.hold(command, offset, *to, *seconds),
            What::Release { hold } => self.release(&command.group, hold),
            What::Propose { .. } => self.open(command, offset),
            What::Approve { .. } => self.approve(command, offset),
            What::Reject { proposal } => self.reject(&command.group, proposal),
            What::Happened { event } => self.happened(command, offset, event),
            What::Set { .. }
            | What::Rollback { .. }
            | What::Seed { .. }
            | What::BreakGlassMerge { .. } => {
                let mode = self.decide(command)?;
                Ok(self.settle(command, offset, mode))
            }
        });
        done.unwrap_or_else(Verdict::Refused)
    }

    /// What every entry is held to, whatever it is about.
    fn check(&self, command: &Command) -> Result<(), Refusal> {
        self.signers.check(command)?;
        if let Some((_, first)) = self.recent.iter().find(|(id, _)| *id == command.id) {
            return Err(Refusal::Duplicate { first: *first });
        }
        if command.v == UNSIGNED {
            return Ok(());
        }
        // Ids are known at least as far back as places are: nothing is said twice.
        let full = self.links.len() >= KEPT_LINKS;
        let first = self.links.front().map(|first| first.offset);
        match (command.seen, first) {
            (None, _) if full => Err(Refusal::TooOld),
            (Some(seen), Some(first)) if seen.offset < first && full => Err(Refusal::TooOld),
            (Some(seen), Some(first))
                if seen.offset >= first && self.hash_at(seen.offset) != Some(seen.hash) =>
            {
                Err(Refusal::OtherHistory {
                    offset: seen.offset,
                })
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    fn versioned(&self, command: &Command) -> Result<(), Refusal> {
        let current = self
            .groups
            .get(&command.group)
            .map_or(0, |group| group.version);
        match command.expected {
            Some(expected) if expected != current => Err(Refusal::Stale { expected, current }),
            Some(_) | None => Ok(()),
        }
    }

    fn hold(
        &mut self,
        command: &Command,
        offset: u64,
        to: Mode,
        seconds: u64,
    ) -> Result<Verdict, Refusal> {
        if seconds > LONGEST_HOLD {
            return Err(Refusal::TooLong);
        }
        self.versioned(command)?;
        let group = self.groups.get_mut(&command.group);
        let group = group.ok_or(Refusal::UnknownGroup)?;
        if let Some(held) = &group.hold {
            return Err(Refusal::Held {
                since: held.since.offset,
            });
        }
        group.hold = Some(Hold {
            id: command.id.clone(),
            to,
            seconds,
            since: Since::of(command, offset),
            gateway: command.gateway.clone(),
        });
        Ok(Verdict::Accepted {
            version: group.version,
            mode: group.mode,
        })
    }

    fn release(&mut self, group: &str, hold: &CommandId) -> Result<Verdict, Refusal> {
        let group = self.groups.get_mut(group).ok_or(Refusal::UnknownGroup)?;
        if group.hold.as_ref().is_none_or(|held| held.id != *hold) {
            return Err(Refusal::NotHeld);
        }
        group.hold = None;
        Ok(Verdict::Accepted {
            version: group.version,
            mode: group.mode,
        })
    }

    /// The mode that the command brings its group to; none where the group stays as it is.
    fn decide(&self, command: &Command) -> Result<Option<Mode>, Refusal> {
        let group = self.groups.get(&command.group);
        if group.is_none() && self.groups.len() >= MAX_GROUPS {
            return Err(Refusal::TooManyGroups);
        }
        self.versioned(command)?;
        let held = group.and_then(|group| group.hold.as_ref());
        match (command.what.under(), held) {
            (Some(under), Some(held)) if under.hold == held.id => {}
            (Some(_), _) => return Err(Refusal::NotHeld),
            // Who broke the glass did so because nobody could be asked.
            (None, Some(held)) if !matches!(command.what, What::BreakGlassMerge { .. }) => {
                return Err(Refusal::Held {
                    since: held.since.offset,
                });
            }
            (None, _) => {}
        }
        match &command.what {
            What::Set { to, proposal, .. } => {
                if let Some(proposal) = proposal {
                    group
                        .ok_or(Refusal::UnknownGroup)?
                        .is_approved(proposal, *to)?;
                }
                Ok(Some(*to))
            }
            What::BreakGlassMerge { mode, .. } => Ok(Some(*mode)),
            What::Rollback { to, .. } => {
                let mut before = group.into_iter().flat_map(|group| &group.before);
                let past = before.find(|past| past.version == *to);
                past.map(|past| Some(past.mode))
                    .ok_or(Refusal::UnknownVersion { wanted: *to })
            }
            What::Seed { revision, mode, .. } => seed(group, *revision, *mode),
            _ => Ok(None),
        }
    }

    fn settle(&mut self, command: &Command, offset: u64, mode: Option<Mode>) -> Verdict {
        let since = Since::of(command, offset);
        let seed = match command.what {
            What::Seed { revision, mode, .. } => Some(Seeded { revision, mode }),
            _ => None,
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
                hold: None,
                proposal: None,
                events: Events::new(),
            };
            self.groups.insert(command.group.clone(), created);
            return Verdict::Accepted { version: 1, mode };
        };
        group.seed = seed.or(group.seed);
        // What it was for is done, or decided otherwise.
        group.hold = None;
        if let Some(mode) = mode {
            remember(
                &mut group.before,
                Past {
                    version: group.version,
                    mode: group.mode,
                },
                KEPT_VERSIONS,
            );
            // It was for the version before.
            group.proposal = None;
            // Each way away from legacy waits for its own events.
            if group.mode == Mode::Legacy || mode == Mode::Legacy {
                group.events.clear();
            }
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

/// Adds one, and forgets the oldest where there are more.
fn remember<T>(kept: &mut VecDeque<T>, one: T, most: usize) {
    if kept.len() >= most {
        kept.pop_front();
    }
    kept.push_back(one);
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
