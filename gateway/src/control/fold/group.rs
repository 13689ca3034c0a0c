//! Where a group stands, by the log.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::proposal::{Events, Open};
use crate::control::command::{Command, CommandId};
use crate::mode::Mode;

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
    /// The hold under which no write begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// What waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Box<Open>>,
    /// What has happened since it left legacy that its plan may wait for.
    #[serde(default, skip_serializing_if = "Events::is_empty")]
    pub events: Events,
}

impl GroupState {
    /// Whether something is in it that fold version 1 does not know.
    pub(super) fn is_of_later_version(&self) -> bool {
        self.hold.is_some() || self.proposal.is_some() || !self.events.is_empty()
    }
}

/// No write of a group begins until its mode has changed, or the hold is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Its command.
    pub id: CommandId,
    /// The mode that the group is to come to.
    pub to: Mode,
    /// After how many seconds anybody may end it.
    pub seconds: u64,
    /// The entry that began it.
    pub since: Since,
    /// The gateway that makes the change.
    pub gateway: String,
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

impl Since {
    pub(super) fn of(command: &Command, offset: u64) -> Self {
        Self {
            offset,
            at: command.at.clone(),
            by: command.who.clone(),
            why: command.why.clone(),
            change: command.change.clone(),
        }
    }
}
