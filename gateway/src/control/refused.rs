//! Why a proposal does not become a change: each reason with a stable code and what would be needed.

use super::command::{CommandId, Loss};
use super::fold::Refusal;
use super::key::PublicKey;
use super::way_back::Missing;
use crate::mode::Mode;
use crate::route::Side;

/// Why a proposal was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No route of the table is in it.
    #[error("no route of this gateway is in group {group:?}")]
    UnknownGroup {
        /// The group asked for.
        group: String,
    },
    /// The group has moved on.
    #[error(
        "the group is at version {current}, the proposal was made for version {expected}: look again"
    )]
    Stale {
        /// The version it was made for.
        expected: u64,
        /// The version there is.
        current: u64,
    },
    /// No such earlier version.
    #[error("the group has no earlier version {wanted} to roll back to")]
    UnknownVersion {
        /// The version asked for.
        wanted: u64,
    },
    /// Nothing would change.
    #[error("the group is in mode {mode} already")]
    Unchanged {
        /// Its mode.
        mode: Mode,
    },
    /// A route of the group lacks a side that the mode calls.
    #[error("mode {mode} needs a {} backend on every route of the group, and one has none", side.as_str())]
    NoSide {
        /// The mode asked for.
        mode: Mode,
        /// The side that is missing.
        side: Side,
    },
    /// A canary needs a key on every route of the group.
    #[error(
        "mode {mode} goes by a key, and a route of the group has no `canary_key`: its requests would all stay with legacy"
    )]
    NoKey {
        /// The mode asked for.
        mode: Mode,
    },
    /// The group changes data and says nothing about legacy learning of it.
    #[error(
        "the group changes data: state `back_sync` in routes.toml before modern answers any of it"
    )]
    BackSyncUnstated,
    /// Modern would begin to accept writes that legacy never gets.
    #[error(
        "in mode {mode} legacy does not get the writes that modern accepts (`back_sync = \"none\"`): accept the loss to go there"
    )]
    WouldLose {
        /// The mode asked for.
        mode: Mode,
    },
    /// Going back leaves writes behind.
    #[error("legacy lacks {lacking} that modern accepted: accept the loss to go back")]
    Loses {
        /// How many.
        lacking: Loss,
    },
    /// Writes are still on their way back, or parked.
    #[error(
        "legacy lacks {missing}: wait until it has them, retry or skip what is parked (`figway routes parked`), or accept the loss to go back"
    )]
    NotBack {
        /// What is missing.
        missing: Missing,
    },
    /// Modern would accept writes that cannot go back to legacy now.
    #[error("the way of writes back to legacy is not ready: {why}")]
    NoWayBack {
        /// Why.
        why: String,
    },
    /// Legacy may not be called, and the group's writes go there.
    #[error(
        "the group's writes go back to legacy, which may not be called in mode retired: write back_sync = \"none\" in routes.toml first"
    )]
    GoesBack,
    /// Legacy has not been called for long.
    #[error(
        "the group is retired, legacy may not be called: set it to modern first, then go on from there"
    )]
    Retired,
    /// Somebody must answer for a change.
    #[error("{field} must be said, in at most {limit} bytes")]
    Text {
        /// Which text.
        field: &'static str,
        /// How long it may be: [`MAX_NAME`](super::rules::MAX_NAME) or [`MAX_WHY`](super::rules::MAX_WHY).
        limit: usize,
    },
    /// A text of one line, that a terminal may show.
    #[error(
        "{field} holds a control character, such as a line break: say it in one line of plain text"
    )]
    ControlCharacter {
        /// Which text.
        field: &'static str,
    },
    /// The log does not answer.
    #[error("the control log is out of reach: {why}")]
    OutOfReach {
        /// Why.
        why: String,
    },
    /// The log holds what this gateway cannot fold.
    #[error("this gateway has stopped following the control log: {why}")]
    Stopped {
        /// Why.
        why: String,
    },
    /// Break-glass is for when there is no other way.
    #[error("the control log is in reach: make the change without break-glass")]
    InReach,
    /// Break-glass knows one direction.
    #[error("break-glass leads to mode legacy only")]
    BreakGlassTarget,
    /// Legacy is not the owner of the data.
    #[error(
        "in mode {mode} legacy does not own the data of the group: break-glass would lose writes"
    )]
    NotOwner {
        /// The mode of the group.
        mode: Mode,
    },
    /// What is in the journal could not be kept.
    #[error("the break-glass journal cannot be written: {why}")]
    Journal {
        /// Why.
        why: String,
    },
    /// The log did not take the entry: nothing has changed.
    #[error("the control log did not take the entry: {why}")]
    NotWritten {
        /// Why.
        why: String,
    },
    /// Whether the entry is in the log is not known; its version keeps it from being carried out twice.
    #[error(
        "no word of command {id} came back from the control log in time: it may still be carried out, see the history"
    )]
    Unknown {
        /// The command's id.
        id: CommandId,
    },
    /// Gateways that are there do not hold the group's writes, so that they cannot change sides.
    #[error("{}: nothing has changed, try again", not_confirmed(gateways))]
    NotConfirmed {
        /// Which; none where it is not known which are there.
        gateways: Vec<String>,
    },
    /// The log does not take our key, so that nothing we write would count.
    #[error(
        "the control log does not take this gateway's key ({refusal}): enrol it by another gateway, `figway gateways enrol {gateway} {key}`"
    )]
    NotEnrolled {
        /// The gateway's instance name.
        gateway: String,
        /// Its key.
        key: PublicKey,
        /// Why.
        refusal: Refusal,
    },
    /// Others must approve it first.
    #[error(
        "the group asks for {approvals} other people's approval before mode {mode}: propose it (`figway proposals open`)"
    )]
    ApprovalNeeded {
        /// The mode asked for.
        mode: Mode,
        /// How many must approve.
        approvals: u8,
    },
    /// Too few have approved it.
    #[error("{wanting} more must approve it")]
    NotApproved {
        /// How many more.
        wanting: usize,
    },
    /// No proposal of the group is open.
    #[error("no proposal of the group is open")]
    NotProposed,
    /// That one is not, or not any more.
    #[error(
        "proposal {id} is not open: it was made, rejected or taken back, or the group has moved on"
    )]
    NoProposal {
        /// Which.
        id: CommandId,
    },
    /// Its time is over.
    #[error("the proposal was open until {until}: reject it and propose anew")]
    TooLate {
        /// RFC 3339.
        until: String,
    },
    /// The log has it, and the fold refused it.
    #[error("the control log holds the command and it was refused: {refusal}")]
    Folded {
        /// Why.
        refusal: Refusal,
    },
}

impl Refused {
    /// Whether the log refused it because it does not know, or does not believe, who wrote it.
    pub(super) fn is_of_stranger(&self) -> bool {
        matches!(self, Self::Folded { refusal } if refusal.is_of_stranger())
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownGroup { .. } => "unknown_group",
            Self::Stale { .. } => "stale_version",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::Unchanged { .. } => "unchanged",
            Self::NoSide { .. } => "no_side",
            Self::NoKey { .. } => "no_canary_key",
            Self::BackSyncUnstated => "back_sync_unstated",
            Self::WouldLose { .. } | Self::Loses { .. } => "loss_not_accepted",
            Self::NotBack { .. } => "not_back",
            Self::NoWayBack { .. } => "no_way_back",
            Self::GoesBack => "goes_back",
            Self::Retired => "retired",
            Self::Text { .. } => "text_wanted",
            Self::ControlCharacter { .. } => "control_character",
            Self::OutOfReach { .. } => "log_out_of_reach",
            Self::Stopped { .. } => "log_stopped",
            Self::InReach => "log_in_reach",
            Self::BreakGlassTarget => "break_glass_target",
            Self::NotOwner { .. } => "not_owner",
            Self::Journal { .. } => "journal_not_written",
            Self::NotWritten { .. } => "not_written",
            Self::Unknown { .. } => "outcome_unknown",
            Self::NotConfirmed { .. } => "not_confirmed",
            Self::NotEnrolled { .. } => "not_enrolled",
            Self::ApprovalNeeded { .. } => "approval_needed",
            Self::NotApproved { .. } => "not_approved",
            Self::NotProposed | Self::NoProposal { .. } => "not_proposed",
            Self::TooLate { .. } => "proposal_too_late",
            Self::Folded { refusal } => refusal.code(),
        }
    }
}

fn not_confirmed(gateways: &[String]) -> String {
    if gateways.is_empty() {
        return "it is not known which gateways are there, so that they cannot hold the group's writes".to_owned();
    }
    format!(
        "the group's writes are not held by {} in time",
        gateways.join(", ")
    )
}
