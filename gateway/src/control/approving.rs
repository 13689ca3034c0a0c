//! Proposals that wait for other people: opened, approved or rejected in the log, and made once enough have approved.
//!
//! Who approves has been told apart from others by whoever calls ([`crate::admin`]). The last approval makes the change, by the same way as
//! any other; where that does not work the proposal stays approved, and can be made later ([`Change::Approved`]).

use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;

use super::command::{Command, CommandId, What};
use super::fold::Open;
use super::rules::{self, Change, LossPolicy, MAX_NAME, MAX_WHY, Proposal};
use super::{Accepted, Refused, Shared, rfc3339};

/// A person's signature under a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// Of which group.
    pub group: String,
    /// The proposal's command.
    pub proposal: CommandId,
    /// Who signs, as the log tells people apart.
    pub who: String,
    /// Why.
    pub why: String,
    /// A change reference.
    pub reference: Option<String>,
    /// The name in print.
    pub name: String,
    /// What the signature means.
    pub meaning: String,
    /// When the person last proved who they are.
    pub authenticated: SystemTime,
    /// How.
    pub by: String,
}

/// What came of an approval.
#[derive(Debug)]
pub struct Approved {
    /// The proposal with it.
    pub proposal: Open,
    /// The change, if it was the last approval; or why it could not be made yet.
    pub made: Option<Result<Accepted, Refused>>,
}

impl Shared {
    /// Writes down what others are to approve.
    pub(super) async fn open(
        self: Arc<Self>,
        proposal: Proposal,
        evidence: Option<String>,
    ) -> Result<Open, Refused> {
        let group = self.group(&proposal.group)?;
        if let Some(evidence) = &evidence {
            rules::text("evidence", evidence, MAX_WHY)?;
        }
        let _turn = self.in_turn().await?;
        self.in_reach()?;
        let state = Arc::clone(&self.state.borrow());
        let admitted = rules::admit_proposed(&proposal, &group, &state, self.lacking(&group.name))?;
        let id = CommandId::random();
        let what = What::Propose {
            to: admitted.to,
            accept_loss: admitted.loss,
            approvals: group.approving.needed.max(1),
            until: rfc3339(SystemTime::now() + group.approving.valid),
            evidence,
        };
        let command = self.command(id.clone(), &proposal, what, Some(admitted.expected));
        self.propose(command, None).await?;
        self.proposed(&proposal.group, &id)
    }

    /// Writes an approval down, and makes the change if it was the last one.
    pub(super) async fn approve(self: Arc<Self>, signing: Signing) -> Result<Approved, Refused> {
        rules::text("name", &signing.name, MAX_NAME)?;
        rules::text("meaning", &signing.meaning, MAX_NAME)?;
        let proposal = signing.told();
        rules::signed(&proposal)?;
        let open = self.proposed(&signing.group, &signing.proposal)?;
        in_time(&open)?;
        let what = What::Approve {
            proposal: signing.proposal.clone(),
            name: signing.name,
            meaning: signing.meaning,
            authenticated: rfc3339(signing.authenticated),
            by: signing.by,
        };
        self.about(&proposal, what).await?;
        let open = self.proposed(&signing.group, &signing.proposal)?;
        let made = match open.wanting() {
            0 => Some(Arc::clone(&self).make(&signing.group, &open).await),
            _ => None,
        };
        Ok(Approved {
            proposal: open,
            made,
        })
    }

    /// Makes a change that enough have approved.
    pub(super) async fn make(
        self: Arc<Self>,
        group: &str,
        open: &Open,
    ) -> Result<Accepted, Refused> {
        in_time(open)?;
        let state = Arc::clone(&self.state.borrow());
        let proposal = Proposal {
            group: group.to_owned(),
            change: Change::Approved,
            expected: state.group(group).map(|known| known.version),
            who: open.since.by.clone(),
            why: open.since.why.clone(),
            reference: open.since.change.clone(),
            loss: match open.accept_loss {
                Some(_) => LossPolicy::Accept,
                None => LossPolicy::Refuse,
            },
        };
        self.submit(proposal).await
    }

    /// Writes down that a proposal is open no more.
    pub(super) async fn reject(
        self: Arc<Self>,
        group: String,
        id: CommandId,
        reasons: super::Reasons,
    ) -> Result<(), Refused> {
        self.proposed(&group, &id)?;
        let what = What::Reject { proposal: id };
        let proposal = of_reasons(group, reasons);
        rules::signed(&proposal)?;
        self.about(&proposal, what).await
    }

    /// Writes down that something has happened.
    pub(super) async fn happened(
        self: Arc<Self>,
        group: String,
        event: String,
        reasons: super::Reasons,
    ) -> Result<(), Refused> {
        self.group(&group)?;
        rules::text("event", &event, MAX_NAME)?;
        let proposal = of_reasons(group, reasons);
        rules::signed(&proposal)?;
        self.about(&proposal, What::Happened { event }).await
    }

    /// An entry about a group that leaves its mode as it is.
    async fn about(&self, proposal: &Proposal, what: What) -> Result<(), Refused> {
        let _turn = self.in_turn().await?;
        self.in_reach()?;
        let state = Arc::clone(&self.state.borrow());
        let known = state.group(&proposal.group);
        let version = known.map_or(0, |known| known.version);
        let expected = matches!(what, What::Approve { .. }).then_some(version);
        let command: Command = self.command(CommandId::random(), proposal, what, expected);
        self.propose(command, None).await.map(|_| ())
    }

    /// The open proposal of that id.
    pub(super) fn proposed(&self, group: &str, id: &CommandId) -> Result<Open, Refused> {
        let state = Arc::clone(&self.state.borrow());
        let known = state.group(group);
        let open = known.and_then(|known| known.proposal.as_deref());
        open.filter(|open| open.id == *id)
            .cloned()
            .ok_or_else(|| Refused::NoProposal { id: id.clone() })
    }
}

impl Signing {
    fn told(&self) -> Proposal {
        Proposal {
            group: self.group.clone(),
            change: Change::Approved,
            expected: None,
            who: self.who.clone(),
            why: self.why.clone(),
            reference: self.reference.clone(),
            loss: LossPolicy::Refuse,
        }
    }
}

fn of_reasons(group: String, reasons: super::Reasons) -> Proposal {
    Proposal {
        group,
        change: Change::Approved,
        expected: None,
        who: reasons.who,
        why: reasons.why,
        reference: reasons.reference,
        loss: LossPolicy::Refuse,
    }
}

/// By this gateway's clock. What it cannot read as a time is over.
fn in_time(open: &Open) -> Result<(), Refused> {
    let until = open.until.parse::<Timestamp>();
    if until.is_ok_and(|until| Timestamp::now() <= until) {
        Ok(())
    } else {
        Err(Refused::TooLate {
            until: open.until.clone(),
        })
    }
}
