//! What a command changes, kind by kind.

use serde::{Deserialize, Serialize};

use super::{CommandId, Loss};
use crate::control::key::{KeyId, PublicKey};
use crate::mode::Mode;

/// What a command changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Another mode.
    Set {
        /// Which.
        to: Mode,
        /// Writes that legacy lacks from then on, accepted by the person who set it.
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_loss: Option<Loss>,
        /// The hold under which it is made.
        #[serde(skip_serializing_if = "Option::is_none")]
        under: Option<Under>,
        /// From version 2. What was proposed and approved, and is made by this.
        #[serde(skip_serializing_if = "Option::is_none")]
        proposal: Option<CommandId>,
    },
    /// The mode of an earlier version of the group.
    Rollback {
        /// Which version.
        to: u64,
        /// As in `set`.
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_loss: Option<Loss>,
        /// As in `set`.
        #[serde(skip_serializing_if = "Option::is_none")]
        under: Option<Under>,
    },
    /// The mode that `routes.toml` gives. Many gateways write the same one.
    Seed {
        /// The file's revision.
        revision: u64,
        /// The mode.
        mode: Mode,
        /// As in `set`.
        #[serde(skip_serializing_if = "Option::is_none")]
        under: Option<Under>,
    },
    /// An override that a gateway made while the log was out of reach.
    BreakGlassMerge {
        /// The mode it was overridden to.
        mode: Mode,
        /// When, RFC 3339, by that gateway's clock.
        journalled_at: String,
    },
    /// From version 2. No gateway begins a write of the group until it has changed or the hold is over.
    Hold {
        /// The mode that it is to come to.
        to: Mode,
        /// After how many seconds anybody may end it.
        seconds: u64,
    },
    /// From version 2. The end of a hold without a change.
    Release {
        /// The hold's command.
        hold: CommandId,
    },
    /// From version 2. A mode that other people are asked to approve before it is set.
    Propose {
        /// Which.
        to: Mode,
        /// As in `set`: those who approve accept it too.
        #[serde(skip_serializing_if = "Option::is_none")]
        accept_loss: Option<Loss>,
        /// How many others must approve.
        approvals: u8,
        /// Until when, RFC 3339, it may be approved and made. Gateways go by their clocks.
        until: String,
        /// What there was to see when it was proposed, in a few words.
        #[serde(skip_serializing_if = "Option::is_none")]
        evidence: Option<String>,
    },
    /// From version 2. A signature of a person under a proposal.
    Approve {
        /// The proposal's command.
        proposal: CommandId,
        /// The person's name in print (21 CFR 11.50).
        name: String,
        /// What the signature means, such as `review` or `approval` (21 CFR 11.50).
        meaning: String,
        /// When the person last proved who they are, RFC 3339.
        authenticated: String,
        /// How.
        by: String,
    },
    /// From version 2. A proposal is open no more: another person rejects it, or its own takes it back.
    Reject {
        /// The proposal's command.
        proposal: CommandId,
    },
    /// From version 2. Something has happened that a group's plan waits for, such as a month's end.
    Happened {
        /// What, as the plan calls it.
        event: String,
    },
    /// From version 2. A key that signs for a gateway from now on.
    Enrol {
        /// For which.
        gateway: String,
        /// The key.
        key: PublicKey,
    },
    /// From version 2. A key that signs for nobody any more.
    Revoke {
        /// Which.
        key: KeyId,
    },
    /// From version 2. Whether a gateway may enrol its own key (`open`), or another one must do it.
    Admission {
        /// Whether.
        open: bool,
    },
}

/// A hold, and what was seen of it before a change was made under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Under {
    /// The hold's command.
    pub hold: CommandId,
    /// The gateways that had confirmed it, by name: all that were there.
    pub confirmed: Vec<String>,
    /// Those of them where writes were still under way when waiting for them was over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub busy: Vec<String>,
}

impl What {
    /// The writes that somebody accepted legacy will lack.
    #[must_use]
    pub fn accepted_loss(&self) -> Option<Loss> {
        match self {
            Self::Set { accept_loss, .. } | Self::Rollback { accept_loss, .. } => *accept_loss,
            _ => None,
        }
    }

    /// The hold under which it changes a mode.
    #[must_use]
    pub fn under(&self) -> Option<&Under> {
        match self {
            Self::Set { under, .. } | Self::Rollback { under, .. } | Self::Seed { under, .. } => {
                under.as_ref()
            }
            _ => None,
        }
    }

    /// The proposal that it makes.
    #[must_use]
    pub fn proposal(&self) -> Option<&CommandId> {
        match self {
            Self::Set { proposal, .. } => proposal.as_ref(),
            _ => None,
        }
    }

    /// Whether it is about the fleet and not about a group.
    #[must_use]
    pub fn is_of_fleet(&self) -> bool {
        matches!(
            self,
            Self::Enrol { .. } | Self::Revoke { .. } | Self::Admission { .. }
        )
    }

    /// Whether it goes by a version of its group.
    pub(super) fn has_version(&self) -> bool {
        matches!(
            self,
            Self::Set { .. }
                | Self::Rollback { .. }
                | Self::BreakGlassMerge { .. }
                | Self::Hold { .. }
                | Self::Propose { .. }
                | Self::Approve { .. }
        )
    }

    /// Whether version 1 of the entry's form has it.
    pub(super) fn is_unsigned_form(&self) -> bool {
        self.under().is_none()
            && self.proposal().is_none()
            && matches!(
                self,
                Self::Set { .. }
                    | Self::Rollback { .. }
                    | Self::BreakGlassMerge { .. }
                    | Self::Seed { .. }
            )
    }
}
