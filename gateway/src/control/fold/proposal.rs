//! Proposals: a mode that waits for the approval of others than who proposed it.
//!
//! A group has at most one open. It is over once the group has come to another version, or somebody rejected it. Who approves is known by
//! name; a gateway has seen to it that the name is the person's ([`crate::admin`]), the fold that nobody counts twice or for what is their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fold, GroupState, Refusal, Since, Verdict};
use crate::control::command::{Command, CommandId, Loss, What};
use crate::mode::Mode;

/// The most approvals that a proposal may ask for. A part of fold version 2.
pub const MAX_APPROVALS: u8 = 9;
/// How many different events a group remembers. A part of fold version 2.
pub const MAX_EVENTS: usize = 100;

/// A mode that is proposed for a group and not yet set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Its command.
    pub id: CommandId,
    /// The mode.
    pub to: Mode,
    /// Writes that legacy lacks from then on, accepted by whoever approves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_loss: Option<Loss>,
    /// How many others must approve.
    pub approvals: u8,
    /// Until when, RFC 3339.
    pub until: String,
    /// What there was to see when it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who proposed it, when and why.
    pub since: Since,
    /// Who has approved it, in the order of the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved: Vec<Approval>,
}

/// A person's signature under a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The entry.
    pub since: Since,
    /// The person's name in print.
    pub name: String,
    /// What the signature means.
    pub meaning: String,
    /// When the person last proved who they are, RFC 3339.
    pub authenticated: String,
    /// How.
    pub by: String,
}

impl Open {
    /// How many approvals it still waits for.
    #[must_use]
    pub fn wanting(&self) -> usize {
        usize::from(self.approvals).saturating_sub(self.approved.len())
    }

    /// Whether that person proposed it or has approved it. Blanks around a name and the case of ASCII letters make no other person.
    #[must_use]
    pub fn is_signed_by(&self, who: &str) -> bool {
        let mut signers = self.approved.iter().map(|approval| &approval.since.by);
        is_same(&self.since.by, who) || signers.any(|by| is_same(by, who))
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// The latest time that each event happened, by its name.
pub type Events = BTreeMap<String, Since>;

impl Fold {
    pub(super) fn open(&mut self, command: &Command, offset: u64) -> Result<Verdict, Refusal> {
        let What::Propose {
            to,
            accept_loss,
            approvals,
            until,
            evidence,
        } = &command.what
        else {
            return Ok(Verdict::Noted);
        };
        if !(1..=MAX_APPROVALS).contains(approvals) {
            return Err(Refusal::Approvals);
        }
        self.versioned(command)?;
        let group = self.known(&command.group)?;
        if let Some(open) = &group.proposal {
            return Err(Refusal::Open {
                since: open.since.offset,
            });
        }
        group.proposal = Some(Box::new(Open {
            id: command.id.clone(),
            to: *to,
            accept_loss: *accept_loss,
            approvals: *approvals,
            until: until.clone(),
            evidence: evidence.clone(),
            since: Since::of(command, offset),
            approved: Vec::new(),
        }));
        Ok(group.as_it_is())
    }

    pub(super) fn approve(&mut self, command: &Command, offset: u64) -> Result<Verdict, Refusal> {
        let What::Approve {
            proposal,
            name,
            meaning,
            authenticated,
            by,
        } = &command.what
        else {
            return Ok(Verdict::Noted);
        };
        self.versioned(command)?;
        let group = self.known(&command.group)?;
        let open = group.proposal.as_mut();
        let open = open
            .filter(|open| open.id == *proposal)
            .ok_or(Refusal::NotProposed)?;
        if is_same(&open.since.by, &command.who) {
            return Err(Refusal::OwnProposal);
        }
        if open.is_signed_by(&command.who) {
            return Err(Refusal::ApprovedAlready);
        }
        if open.wanting() == 0 {
            return Err(Refusal::ApprovedByEnough);
        }
        open.approved.push(Approval {
            since: Since::of(command, offset),
            name: name.clone(),
            meaning: meaning.clone(),
            authenticated: authenticated.clone(),
            by: by.clone(),
        });
        Ok(group.as_it_is())
    }

    pub(super) fn reject(&mut self, group: &str, proposal: &CommandId) -> Result<Verdict, Refusal> {
        let group = self.known(group)?;
        if group
            .proposal
            .as_ref()
            .is_none_or(|open| open.id != *proposal)
        {
            return Err(Refusal::NotProposed);
        }
        group.proposal = None;
        Ok(group.as_it_is())
    }

    pub(super) fn happened(
        &mut self,
        command: &Command,
        offset: u64,
        event: &str,
    ) -> Result<Verdict, Refusal> {
        let group = self.known(&command.group)?;
        if group.events.len() >= MAX_EVENTS && !group.events.contains_key(event) {
            return Err(Refusal::TooManyEvents);
        }
        let since = Since::of(command, offset);
        group.events.insert(event.to_owned(), since);
        Ok(group.as_it_is())
    }

    fn known(&mut self, group: &str) -> Result<&mut GroupState, Refusal> {
        self.groups.get_mut(group).ok_or(Refusal::UnknownGroup)
    }
}

impl GroupState {
    /// Whether the command is what was proposed, and enough have approved it.
    pub(super) fn is_approved(&self, proposal: &CommandId, to: Mode) -> Result<(), Refusal> {
        let open = self.proposal.as_ref();
        let open = open
            .filter(|open| open.id == *proposal && open.to == to)
            .ok_or(Refusal::NotProposed)?;
        match open.wanting() {
            0 => Ok(()),
            wanting => Err(Refusal::NotApproved { wanting }),
        }
    }

    fn as_it_is(&self) -> Verdict {
        Verdict::Accepted {
            version: self.version,
            mode: self.mode,
        }
    }
}
