//! What the rest of the gateway sees of control: the modes in force ([`State`]) and how sure they are ([`Health`]).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::command::{CommandId, Position};
use super::fold::{Fold, GroupState, Hold, Signers};
use crate::mode::Mode;
use crate::route::{Group, WhenStale};

/// The modes in force, at one moment. Immutable; a change makes another.
#[derive(Debug, Clone, Default)]
pub struct State {
    fold: Fold,
    overrides: BTreeMap<String, Override>,
    /// What is known of the log is older than it may be.
    stale: bool,
}

/// A group sent to legacy on this gateway while the log was out of reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The id its command will have in the log.
    pub id: CommandId,
    /// The mode in force here.
    pub mode: Mode,
    /// The version of the group when it was made; zero for a group that the log was not known to have.
    pub expected: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// A change reference.
    pub change: Option<String>,
}

impl State {
    pub(crate) fn new(fold: Fold, overrides: BTreeMap<String, Override>) -> Self {
        Self {
            fold,
            overrides,
            stale: false,
        }
    }

    /// The same, known to be as old as it may not be, or not.
    pub(crate) fn with_stale(&self, stale: bool) -> Self {
        Self {
            stale,
            ..self.clone()
        }
    }

    /// Whether what is known of the log is older than it may be.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether nobody answers requests of the group now, because its mode may have changed long ago.
    #[must_use]
    pub fn refuses(&self, group: &Group) -> bool {
        self.stale
            && group.when_stale == WhenStale::Refuse
            && !self.overrides.contains_key(&*group.name)
    }

    /// The same with other overrides.
    pub(crate) fn with_overrides(&self, overrides: BTreeMap<String, Override>) -> Self {
        Self {
            overrides,
            ..self.clone()
        }
    }

    /// The mode in force for a group of the table: what was overridden here, else what the log says, else, for a group that
    /// the log never saw, what the file says. Legacy where that is too old and the group says so, unless legacy may not be called any more.
    #[must_use]
    pub fn mode(&self, group: &Group) -> Mode {
        if let Some(made) = self.overrides.get(&*group.name) {
            return made.mode;
        }
        let known = self.fold.group(&group.name);
        let mode = known.map_or(group.seed, |state| state.mode);
        let leaves = self.stale && group.when_stale == WhenStale::Legacy;
        if leaves && mode != Mode::Retired {
            return Mode::Legacy;
        }
        mode
    }

    /// What the log says of a group; none if it never saw it.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&GroupState> {
        self.fold.group(name)
    }

    /// Every group that the log ever saw, also those no table knows any more.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &GroupState)> {
        self.fold.groups()
    }

    /// The groups whose writes are held.
    pub fn holds(&self) -> impl Iterator<Item = (&str, &Hold)> {
        self.fold
            .groups()
            .filter_map(|(name, state)| Some((name, state.hold.as_ref()?)))
    }

    /// The override in force for a group.
    #[must_use]
    pub fn override_of(&self, name: &str) -> Option<&Override> {
        self.overrides.get(name)
    }

    /// All overrides in force, by group.
    #[must_use]
    pub fn overrides(&self) -> &BTreeMap<String, Override> {
        &self.overrides
    }

    /// The keys that sign for gateways.
    #[must_use]
    pub fn signers(&self) -> &Signers {
        self.fold.signers()
    }

    /// The last entry folded, and the chain's hash there.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.fold.position()
    }
}

/// How sure the modes in force are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// What the log is: `"file"` or `"kafka"`.
    pub store: &'static str,
    /// Whether we follow it.
    pub reach: Reach,
    /// When the modes in force were last known to be all that the log says; none if that was never so.
    pub current_at: Option<SystemTime>,
}

/// Whether the log is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Not yet known: the start is under way.
    Unknown,
    /// To its end.
    Following,
    /// It does not answer; modes stay as they were.
    OutOfReach {
        /// Since when.
        since: SystemTime,
        /// Why.
        why: Arc<str>,
    },
    /// It answers and cannot be used, for its settings or our rights; modes stay as they were.
    Unusable {
        /// Since when.
        since: SystemTime,
        /// Why, and what changes it.
        why: Arc<str>,
    },
    /// It holds what this Figway does not understand, or is not the log it was; modes stay as they were until a person acts.
    Stopped {
        /// Since when.
        since: SystemTime,
        /// Why.
        why: Arc<str>,
    },
}

impl Reach {
    /// Since when it is not followed, and why; none while it is.
    #[must_use]
    pub fn trouble(&self) -> Option<(SystemTime, &str)> {
        match self {
            Self::Unknown | Self::Following => None,
            Self::OutOfReach { since, why }
            | Self::Unusable { since, why }
            | Self::Stopped { since, why } => Some((*since, why)),
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Following => "following",
            Self::OutOfReach { .. } => "out_of_reach",
            Self::Unusable { .. } => "unusable",
            Self::Stopped { .. } => "stopped",
        }
    }
}
