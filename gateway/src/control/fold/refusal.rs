//! Why an entry changes nothing ([`Refusal`]), and why folding cannot go on ([`Stop`]).

use super::{LONGEST_HOLD, MAX_APPROVALS, MAX_EVENTS, MAX_GROUPS, MAX_KEYS};
use crate::control::command::Unreadable;

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
    /// Nobody signed it, and entries are signed by now.
    #[error("the entry is not signed")]
    Unsigned,
    /// Signed by a key that nobody enrolled.
    #[error("the entry is signed by a key that is not enrolled")]
    UnknownKey,
    /// Signed by a key that lost its right.
    #[error("the entry is signed by a key that was revoked, or gives it its right back")]
    RevokedKey,
    /// Signed by a key that signs for another gateway.
    #[error("the entry names another gateway than its key signs for")]
    KeyOfAnother,
    /// The signature does not fit.
    #[error("the entry's signature does not fit it")]
    BadSignature,
    /// A gateway enrols itself, and may not any more.
    #[error("admission is closed: a gateway that is known must enrol the key")]
    Closed,
    /// The key is enrolled already.
    #[error("the key was enrolled at offset {first}")]
    KnownKey {
        /// Where.
        first: u64,
    },
    /// Nobody could write any more.
    #[error("it is the last key")]
    LastKey,
    /// Its writer had seen another log.
    #[error("its writer had seen another entry at offset {offset} than stands there")]
    OtherHistory {
        /// Where.
        offset: u64,
    },
    /// Its writer had seen nothing that is remembered: it may have been said before.
    #[error("its writer had seen nothing of the latest entries")]
    TooOld,
    /// A hold without an end.
    #[error("a hold may last {LONGEST_HOLD} s at most")]
    TooLong,
    /// As many keys as are kept.
    #[error(
        "there are {MAX_KEYS} keys already: revoking makes no room, since a key must stay revoked"
    )]
    TooManyKeys,
    /// Another change of the group is under way.
    #[error("the group's writes are held since offset {since}, for another change")]
    Held {
        /// The hold's entry.
        since: u64,
    },
    /// The hold that it goes by is over.
    #[error("the hold of the group's writes that it goes by is over")]
    NotHeld,
    /// There is nothing to hold.
    #[error("the log does not know the group")]
    UnknownGroup,
    /// A proposal that nobody, or a crowd, would have to approve.
    #[error("a proposal asks for 1 to {MAX_APPROVALS} approvals")]
    Approvals,
    /// Another proposal of the group is open.
    #[error(
        "another proposal for the group is open since offset {since}: reject or take it back first"
    )]
    Open {
        /// Its entry.
        since: u64,
    },
    /// The proposal is over, or is another.
    #[error(
        "there is no such proposal: the group has moved on, it was rejected, or it says another mode"
    )]
    NotProposed,
    /// People approve what others propose.
    #[error("nobody approves what they proposed themselves")]
    OwnProposal,
    /// A second signature of one person.
    #[error("this person has approved it already")]
    ApprovedAlready,
    /// It waits for nobody.
    #[error("enough people have approved it already")]
    ApprovedByEnough,
    /// Too few have approved it.
    #[error("{} more must approve it", people(*wanting))]
    NotApproved {
        /// How many more must.
        wanting: usize,
    },
    /// As many events as are kept.
    #[error("the group remembers {MAX_EVENTS} different events already")]
    TooManyEvents,
}

fn people(number: usize) -> String {
    match number {
        1 => "one person".to_owned(),
        more => format!("{more} people"),
    }
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
            Self::Unsigned => "unsigned",
            Self::UnknownKey => "unknown_key",
            Self::RevokedKey => "revoked_key",
            Self::KeyOfAnother => "key_of_another",
            Self::BadSignature => "bad_signature",
            Self::Closed => "admission_closed",
            Self::KnownKey { .. } => "known_key",
            Self::LastKey => "last_key",
            Self::OtherHistory { .. } => "other_history",
            Self::TooOld => "too_old",
            Self::TooLong => "too_long",
            Self::TooManyKeys => "too_many_keys",
            Self::Held { .. } => "held",
            Self::NotHeld => "not_held",
            Self::UnknownGroup => "unknown_group",
            Self::Approvals => "approvals_out_of_range",
            Self::Open { .. } => "proposal_open",
            Self::NotProposed => "not_proposed",
            Self::OwnProposal => "own_proposal",
            Self::ApprovedAlready => "approved_already",
            Self::ApprovedByEnough => "approved_by_enough",
            Self::NotApproved { .. } => "not_approved",
            Self::TooManyEvents => "too_many_events",
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

impl Refusal {
    /// Whether it is not known who wrote the entry.
    pub(in crate::control) fn is_of_stranger(&self) -> bool {
        matches!(
            self,
            Self::Unsigned
                | Self::UnknownKey
                | Self::RevokedKey
                | Self::KeyOfAnother
                | Self::BadSignature
                | Self::Closed
        )
    }
}
