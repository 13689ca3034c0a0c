//! What people change about the fleet itself: whose keys sign.

use std::sync::Arc;

use super::command::What;
use super::fold::Verdict;
use super::rules::{self, Change, LossPolicy, Proposal};
use super::{Control, Refused};

/// Who wants a change of the fleet, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasons {
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// A change reference.
    pub reference: Option<String>,
}

impl Control {
    /// Changes whose keys sign, and waits until the log has it.
    ///
    /// # Errors
    /// Who or why is not said, the log is out of reach, or the fold refuses it.
    pub async fn change_fleet(&self, what: What, reasons: Reasons) -> Result<(), Refused> {
        let shared = Arc::clone(&self.shared);
        // Judged as the reasons of every change are; the rest of it is not looked at.
        let proposal = Proposal {
            group: String::new(),
            change: Change::Rollback(0),
            expected: None,
            who: reasons.who,
            why: reasons.why,
            reference: reasons.reference,
            loss: LossPolicy::Refuse,
        };
        rules::signed(&proposal)?;
        if let What::Enrol { gateway, .. } = &what {
            rules::named(gateway)?;
        }
        let _turn = shared.turn.lock().await;
        shared.in_reach()?;
        shared.enrolled().await?;
        let Proposal {
            who,
            why,
            reference,
            ..
        } = proposal;
        let command = shared.of_fleet(what, &who, &why, reference);
        match shared.written(command).await?.verdict {
            Verdict::Noted => Ok(()),
            Verdict::Refused(refusal) => Err(Refused::Folded { refusal }),
            // Of the fleet nothing has a version.
            Verdict::Accepted { .. } => Ok(()),
        }
    }
}
