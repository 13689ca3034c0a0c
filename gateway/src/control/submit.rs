//! From a proposal to a change: at once where only reads change sides, and in two steps where writes do.
//!
//! First every gateway that is there holds the group's writes and says so; those under way end. Then the change is made, under that hold, and
//! writes go on by it. So no write begins on one side while another gateway's still goes to the other. What stands in the way lets the
//! writes go again, and nothing has changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::command::{CommandId, Count, Loss, Under, What};
use super::fleet::LEASE;
use super::rules::{self, Admitted, Proposal};
use super::state::State;
use super::way_back::Settled;
use super::{Accepted, Refused, Shared};
use crate::mode::Mode;
use crate::route::{BackSync, Group};

/// How long all gateways have to confirm a hold: one that died a moment ago is not waited for at the end of it.
const CONFIRM: Duration = Duration::from_secs(LEASE.as_secs() + 2);
/// What a hold lasts beyond what is waited for, before anybody may end it.
const BEYOND: Duration = Duration::from_secs(10);
/// The same where legacy must have got every write before.
const SETTLING: Duration = Duration::from_secs(30);

impl Shared {
    /// Proposes a change and waits until it has come back through the log.
    pub(super) async fn submit(self: Arc<Self>, proposal: Proposal) -> Result<Accepted, Refused> {
        let group = self.group(&proposal.group)?;
        // What was proposed before is part of what is judged.
        let turn = self.in_turn().await?;
        self.in_reach()?;
        let state = self.now();
        let admitted = self.admissible(&proposal, &group, &state)?;
        drop(turn);
        if !changes_sides(&group, state.mode(&group), admitted.to) {
            return self.change(&proposal, &group, None, None).await;
        }
        // What was looked at is what is changed, however long it takes.
        let proposal = Proposal {
            expected: Some(admitted.expected),
            ..proposal
        };
        let hold = self.begin_hold(&proposal, admitted.to).await?;
        let made = self.under(&proposal, &group, &hold).await;
        if made.is_err() {
            let why = "the change was not made";
            if let Err(refused) = self
                .release(&group.name, &hold.id, &proposal.who, why)
                .await
            {
                tracing::debug!(group = %group.name, %refused, "a hold waits for its end");
            }
        }
        made
    }

    /// The same for the file's mode of a group the log knows, whose writes change sides. None where nothing needs to be held.
    pub(super) async fn seed_hold(
        self: &Arc<Self>,
        proposal: &Proposal,
        group: &Group,
    ) -> Result<Option<Under>, Refused> {
        let state = self.now();
        let Some(known) = state.group(&group.name) else {
            return Ok(None);
        };
        if !changes_sides(group, known.mode, group.seed) {
            return Ok(None);
        }
        let proposal = Proposal {
            expected: Some(known.version),
            ..proposal.clone()
        };
        let hold = self.begin_hold(&proposal, group.seed).await?;
        match self.confirmed(group, &hold).await {
            Ok(under) => Ok(Some(under)),
            Err(refused) => {
                let why = "the change was not made";
                self.release(&group.name, &hold.id, &proposal.who, why)
                    .await
                    .ok();
                Err(refused)
            }
        }
    }

    fn now(&self) -> Arc<State> {
        Arc::clone(&self.state.borrow())
    }

    /// What the rules say before anything is held. What legacy lacks of writes that are on their way back is known only then.
    fn admissible(
        &self,
        proposal: &Proposal,
        group: &Group,
        state: &State,
    ) -> Result<Admitted, Refused> {
        let lacking = match group.back_sync {
            Some(BackSync::Durable) => Loss {
                writes: 0,
                count: Count::Exact,
            },
            Some(BackSync::None) | None => self.lacking(&group.name),
        };
        let admitted = rules::admit(proposal, group, state, lacking)?;
        self.may_enter(group, admitted.to)?;
        Ok(admitted)
    }

    async fn begin_hold(&self, proposal: &Proposal, to: Mode) -> Result<Held, Refused> {
        let group = self.group(&proposal.group)?;
        let going_back = rules::goes_back(proposal, &group, &self.now());
        let back = self.way_back.deadline(&group.name).filter(|_| going_back);
        let wait = back.unwrap_or(self.settings.hold);
        let beyond = if back.is_some() { SETTLING } else { BEYOND };
        let lasts = CONFIRM.saturating_add(wait).saturating_add(beyond);
        let id = CommandId::random();
        let what = What::Hold {
            to,
            seconds: lasts.as_secs(),
        };
        let command = self.command(id.clone(), proposal, what, proposal.expected);
        let _turn = self.in_turn().await?;
        self.propose(command, None).await?;
        Ok(Held { id, wait })
    }

    async fn in_turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, Refused> {
        let turn = tokio::time::timeout(self.settings.deadline, self.turn.lock());
        turn.await.map_err(|_| Refused::NotWritten {
            why: "another proposal is still waiting for the log".to_owned(),
        })
    }

    /// Waits until every gateway that is there holds, and then a while for the writes under way.
    async fn confirmed(&self, group: &Group, hold: &Held) -> Result<Under, Refused> {
        let me = &self.settings.gateway;
        let standing = || self.fleet.standing(me, &hold.id);
        let deadline = Instant::now() + CONFIRM;
        if !self.fleet.is_known(deadline).await {
            return Err(Refused::NotConfirmed {
                gateways: Vec::new(),
            });
        }
        let all = || standing().missing.is_empty();
        if !self.fleet.until(deadline, all).await {
            return Err(Refused::NotConfirmed {
                gateways: standing().missing.into_iter().collect(),
            });
        }
        let quiet = Instant::now() + hold.wait;
        let quiet = self.fleet.until(quiet, || standing().busy.is_empty()).await;
        let standing = standing();
        if !quiet {
            tracing::warn!(group = %group.name, busy = ?standing.busy, "writes are still under way while their group changes sides");
        }
        Ok(Under {
            hold: hold.id.clone(),
            confirmed: standing.confirmed.into_iter().collect(),
            busy: standing.busy.into_iter().collect(),
        })
    }

    async fn under(
        &self,
        proposal: &Proposal,
        group: &Group,
        hold: &Held,
    ) -> Result<Accepted, Refused> {
        let under = self.confirmed(group, hold).await?;
        let mut settled = self.settled(proposal).await?;
        if let Some(settled) = &mut settled {
            let elsewhere = under
                .busy
                .iter()
                .filter(|name| **name != self.settings.gateway);
            let elsewhere: Vec<&str> = elsewhere.map(String::as_str).collect();
            if !elsewhere.is_empty() {
                settled.missing.lacking.count = Count::AtLeast;
                let why = format!("writes are still under way on {}", elsewhere.join(", "));
                settled.missing.why.get_or_insert(why);
            }
        }
        self.change(proposal, group, Some(under), settled).await
    }

    /// Writes the change down.
    async fn change(
        &self,
        proposal: &Proposal,
        group: &Group,
        under: Option<Under>,
        settled: Option<Settled>,
    ) -> Result<Accepted, Refused> {
        let _turn = self.in_turn().await?;
        self.in_reach()?;
        let lacking = match &settled {
            Some(settled) => settled.missing.lacking,
            None => self.lacking(&group.name),
        };
        let admitted = rules::admit(proposal, group, &self.now(), lacking);
        let admitted = admitted.map_err(|refused| match (refused, &settled) {
            (Refused::Loses { .. }, Some(settled)) => Refused::NotBack {
                missing: settled.missing.clone(),
            },
            (refused, _) => refused,
        })?;
        self.may_enter(group, admitted.to)?;
        let what = match admitted.what {
            What::Set {
                to, accept_loss, ..
            } => What::Set {
                to,
                accept_loss,
                under,
            },
            What::Rollback {
                to, accept_loss, ..
            } => What::Rollback {
                to,
                accept_loss,
                under,
            },
            what => what,
        };
        let command = self.command(CommandId::random(), proposal, what, Some(admitted.expected));
        self.propose(command, admitted.loss).await
    }
}

/// A hold that this gateway has asked for.
struct Held {
    id: CommandId,
    /// How long writes under way are waited for.
    wait: Duration,
}

/// Whether writes of the group go to another side than before, at least those of some keys.
fn changes_sides(group: &Group, from: Mode, to: Mode) -> bool {
    group.writes && rules::modern_share(from) != rules::modern_share(to)
}
