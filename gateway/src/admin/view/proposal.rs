//! Proposals as the API shows them, and what people say of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChangeRequest, Changed, Problem};
use crate::control::command::Loss;
use crate::mode::Mode;

/// `GET /v1/proposals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposals {
    /// The open ones, by group.
    pub proposals: Vec<ProposalView>,
}

/// An open proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposalView {
    /// Its command's id.
    pub id: String,
    /// The group.
    pub group: String,
    /// The group's version that it is for.
    pub version: u64,
    /// The group's mode by the log.
    pub from: Mode,
    /// The mode that is proposed.
    pub to: Mode,
    /// Writes that legacy lacks from then on: who approves accepts it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_loss: Option<Loss>,
    /// How many others must approve.
    pub approvals: u8,
    /// How many of them have not yet.
    pub wanting: usize,
    /// Until when, RFC 3339.
    pub until: String,
    /// What there was to see when it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who proposed it.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub why: String,
    /// A change reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who has approved it.
    pub approved: Vec<ApprovalView>,
}

/// A signature under a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalView {
    /// Who signed, as the log tells people apart.
    pub by: String,
    /// The name in print.
    pub name: String,
    /// What the signature means.
    pub meaning: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub why: String,
    /// A change reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the person last proved who they are, RFC 3339.
    pub authenticated: String,
    /// How.
    pub how: String,
}

/// `POST /v1/groups/{group}/proposals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposeMode {
    /// Which mode.
    pub mode: Mode,
    /// What there is to see, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who and why.
    #[serde(flatten)]
    pub change: ChangeRequest,
}

/// `POST /v1/proposals/{id}/approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveProposal {
    /// Who signs, if it is said: it is whoever asks.
    #[serde(default)]
    pub who: Option<String>,
    /// The name in print.
    pub name: String,
    /// What the signature means, such as `review` or `approval`.
    pub meaning: String,
    /// Why.
    pub why: String,
    /// A change reference.
    #[serde(default)]
    pub reference: Option<String>,
}

/// What came of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// The proposal with it.
    pub proposal: ProposalView,
    /// The change, where this was the last approval that it waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Changed>,
    /// Why the change could not be made then: it stays approved, and is made by `POST /v1/proposals/{id}/make`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_made: Option<Problem>,
}

/// `POST /v1/proposals/{id}/reject`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectProposal {
    /// Who; may be left out where the request says it by itself.
    #[serde(default)]
    pub who: Option<String>,
    /// Why.
    pub why: String,
    /// A change reference.
    #[serde(default)]
    pub reference: Option<String>,
}

/// `POST /v1/groups/{group}/events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventHappened {
    /// What has happened, as the group's plan calls it.
    pub event: String,
    /// Who says so; may be left out where the request says it by itself.
    #[serde(default)]
    pub who: Option<String>,
    /// Why it is said, or how it is known.
    pub why: String,
    /// A change reference.
    #[serde(default)]
    pub reference: Option<String>,
}
