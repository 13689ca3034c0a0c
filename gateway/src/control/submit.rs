//! From a proposal to a change: at once where only reads change sides, and in two steps where writes do.
//!
//! First every gateway that is there holds the group's writes and says so; those under way end. Then the change is made, under that hold, and
//! writes go on by it. So no write begins on one side while another gateway's still goes to the other. What stands in the way lets the
//! writes go again, and nothing has changed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::command::{CommandId, Count, Loss, Under, What};
use super::fleet::{LEASE, Standing};
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
        // What was looked at is what is changed, however long it takes.
        let proposal = Proposal {
            expected: Some(admitted.expected),
            ..proposal
        };
        // Until then nobody takes the folder over, and the file is not taken up anew.
        let _flipping = self.flipping().await?;
        if !changes_sides(&group, state.mode(&group), admitted.to) {
            return self.change(&proposal, None, None).await;
        }
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

    /// Whether the file's mode would move writes of a group that the log knows.
    pub(super) fn seed_changes_sides(&self, group: &Group) -> bool {
        let state = self.now();
        let known = state.group(&group.name);
        known.is_some_and(|known| changes_sides(group, known.mode, group.seed))
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

    /// What would be said of a proposal now; nothing is held, written or waited for.
    pub(super) fn judged(&self, proposal: &Proposal) -> Result<Mode, Refused> {
        let group = self.group(&proposal.group)?;
        self.in_reach()?;
        Ok(self.admissible(proposal, &group, &self.now())?.to)
    }

    async fn begin_hold(&self, proposal: &Proposal, to: Mode) -> Result<Held, Refused> {
        let group = self.group(&proposal.group)?;
        let going_back = rules::goes_back(proposal, &group, &self.now());
        let back = self.way_back.deadline(&group.name).filter(|_| going_back);
        let wait = back.unwrap_or(self.settings.hold);
        let beyond = if back.is_some() { SETTLING } else { BEYOND };
        // Once for the writes under way, and once for legacy to have all of them.
        let lasts = CONFIRM
            .saturating_add(wait)
            .saturating_add(back.unwrap_or_default())
            .saturating_add(beyond);
        let id = CommandId::random();
        let what = What::Hold {
            to,
            seconds: lasts.as_secs(),
        };
        let command = self.command(id.clone(), proposal, what, proposal.expected);
        let _turn = self.in_turn().await?;
        super::lock(&self.flips).insert(id.clone());
        let held = Held {
            flips: Arc::clone(&self.flips),
            id,
            wait,
        };
        self.propose(command, None).await?;
        Ok(held)
    }

    /// As long as this is held, a change is under way.
    pub(super) async fn flipping(&self) -> Result<tokio::sync::RwLockReadGuard<'_, ()>, Refused> {
        let flipping = tokio::time::timeout(self.settings.deadline, self.under_way.read());
        flipping.await.map_err(|_| Refused::NotWritten {
            why: "the folder is being taken over, or the file taken up: ask again".to_owned(),
        })
    }

    pub(super) async fn in_turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, Refused> {
        let turn = tokio::time::timeout(self.settings.deadline, self.turn.lock());
        turn.await.map_err(|_| Refused::NotWritten {
            why: "another proposal is still waiting for the log".to_owned(),
        })
    }

    /// Waits until every gateway that is there holds, and then a while for the writes under way.
    async fn confirmed(&self, group: &Group, hold: &Held) -> Result<Under, Refused> {
        let standing = || self.fleet.standing(&self.settings.gateway, &hold.id);
        let deadline = Instant::now() + CONFIRM;
        let all = || standing().is_some_and(|standing| standing.missing.is_empty());
        self.fleet.until(deadline, all).await;
        let first = self.all_hold(hold)?;
        let quiet = Instant::now() + hold.wait;
        let silent = || standing().is_none_or(|standing| standing.busy.is_empty());
        self.fleet.until(quiet, silent).await;
        let last = self.all_hold(hold)?;
        // Who is not heard of any more may still write what was under way there.
        let gone = first.busy.difference(&last.confirmed).cloned();
        let busy: Vec<String> = last.busy.iter().cloned().chain(gone).collect();
        if !busy.is_empty() {
            tracing::warn!(group = %group.name, ?busy, "writes are still under way while their group changes sides");
        }
        Ok(Under {
            hold: hold.id.clone(),
            confirmed: first.confirmed.union(&last.confirmed).cloned().collect(),
            busy,
        })
    }

    /// How far the hold has come, if every gateway that is there has it.
    fn all_hold(&self, hold: &Held) -> Result<Standing, Refused> {
        let standing = self.fleet.standing(&self.settings.gateway, &hold.id);
        let gateways = match standing {
            None => Vec::new(),
            Some(standing) if standing.missing.is_empty() => return Ok(standing),
            Some(standing) => standing.missing.into_iter().collect(),
        };
        Err(Refused::NotConfirmed { gateways })
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
        // It may have taken long: whoever came meanwhile holds as well.
        self.all_hold(hold)?;
        self.change(proposal, Some(under), settled).await
    }

    /// Writes the change down.
    async fn change(
        &self,
        proposal: &Proposal,
        under: Option<Under>,
        settled: Option<Settled>,
    ) -> Result<Accepted, Refused> {
        let _turn = self.in_turn().await?;
        self.in_reach()?;
        let group = &self.group(&proposal.group)?;
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
        if under.is_none() && changes_sides(group, self.now().mode(group), admitted.to) {
            let why = "the group has changed meanwhile: ask again".to_owned();
            return Err(Refused::NotWritten { why });
        }
        let what = match admitted.what {
            What::Set {
                to,
                accept_loss,
                proposal,
                ..
            } => What::Set {
                to,
                accept_loss,
                under,
                proposal,
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
    flips: Arc<Mutex<BTreeSet<CommandId>>>,
    /// How long writes under way are waited for.
    wait: Duration,
}

impl Drop for Held {
    fn drop(&mut self) {
        super::lock(&self.flips).remove(&self.id);
    }
}

/// Whether writes of the group go to another side than before, at least those of some keys.
pub(super) fn changes_sides(group: &Group, from: Mode, to: Mode) -> bool {
    group.writes && rules::modern_share(from) != rules::modern_share(to)
}
