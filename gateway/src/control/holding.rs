//! Doing what the log says of holds: no write of a held group begins on this gateway, and the fleet is told so.
//!
//! A hold ends with the change it was for, or with a release. Where neither comes in the time that the hold says, as when the gateway that wanted
//! the change has died, any gateway releases it: writes go on only when the log has said who answers them. Where the log is out of reach for
//! as long again they go on as before, as everything does then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::command::{CommandId, What};
use super::fold::{Hold, LONGEST_HOLD};
use super::rules::{Change, LossPolicy, Proposal};
use super::{Refused, Shared, lock};
use crate::back::hold::Held;

/// Between two tries to end a hold.
const AGAIN: Duration = Duration::from_secs(3);

/// A hold as this gateway keeps it.
struct Kept {
    group: String,
    hold: Hold,
    /// When somebody, and so this gateway, may end it.
    due: Instant,
    /// When writes go on whatever is known.
    end: Instant,
    /// Keeps writes from beginning, and waits for those under way; none once they go on.
    waiting: Option<JoinHandle<()>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            waiting.abort();
        }
    }
}

/// Until control ends.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut installed = shared.installed.subscribe();
    let mut kept: BTreeMap<CommandId, Kept> = BTreeMap::new();
    loop {
        let state = Arc::clone(&installed.borrow_and_update());
        kept.retain(|id, one| {
            let holds = state
                .group(&one.group)
                .and_then(|group| group.hold.as_ref());
            let still = holds.is_some_and(|hold| hold.id == *id);
            if !still {
                shared.fleet.lets_go(id);
            }
            still
        });
        for (group, hold) in state.holds() {
            if !kept.contains_key(&hold.id) {
                kept.insert(hold.id.clone(), begin(&shared, group, hold));
            }
        }
        let now = Instant::now();
        for one in kept.values_mut().filter(|one| one.due <= now) {
            one.overdue(&shared, now);
        }
        let next = kept.values().map(|one| one.due).min();
        tokio::select! {
            changed = installed.changed() => if changed.is_err() {
                return;
            },
            () = sleep_until(next.unwrap_or(now)), if next.is_some() => {}
        }
    }
}

fn begin(shared: &Arc<Shared>, group: &str, hold: &Hold) -> Kept {
    let held = shared.settings.holds.hold(group);
    shared.fleet.holds(&hold.id);
    let seconds = Duration::from_secs(hold.seconds);
    // The fold has bounded it.
    let due = Instant::now() + seconds.min(Duration::from_secs(LONGEST_HOLD));
    let (shared, id) = (Arc::clone(shared), hold.id.clone());
    Kept {
        group: group.to_owned(),
        hold: hold.clone(),
        due,
        end: due + seconds.min(Duration::from_secs(LONGEST_HOLD)),
        waiting: Some(tokio::spawn(quiet(shared, held, id))),
    }
}

/// Says when no write is under way, and holds on.
async fn quiet(shared: Arc<Shared>, held: Held, hold: CommandId) {
    if let Some(unheard) = held.silent().await {
        // It may be executed until then.
        sleep_until(unheard).await;
    }
    shared.fleet.is_silent(&hold);
    std::future::pending::<()>().await;
}

impl Kept {
    fn overdue(&mut self, shared: &Arc<Shared>, now: Instant) {
        self.due = now + AGAIN;
        if now >= self.end
            && shared.in_reach().is_err()
            && let Some(waiting) = self.waiting.take()
        {
            tracing::warn!(
                group = self.group,
                "the control log says nothing of a hold that should be over: writes go on as before"
            );
            waiting.abort();
            shared.fleet.lets_go(&self.hold.id);
        }
        let (shared, group, hold) = (Arc::clone(shared), self.group.clone(), self.hold.clone());
        tokio::spawn(async move {
            let why = "nothing came of it in time";
            match shared
                .release(&group, &hold.id, &shared.settings.gateway, why)
                .await
            {
                Ok(()) => {
                    tracing::warn!(group, hold = %hold.id, of = hold.gateway, "ended a hold of which nothing came");
                }
                Err(refused) => tracing::debug!(group, %refused, "a hold is not ended"),
            }
        });
    }
}

impl Shared {
    /// Ends the holds of a process of this gateway that is not there any more: nobody comes to make their changes.
    pub(super) async fn release_left_over(&self) {
        let me = &self.settings.gateway;
        let another_runs = || {
            let mut others = self.fleet.others().into_iter();
            others.any(|heard| heard.word.gateway == *me)
        };
        let state = Arc::clone(&self.state.borrow());
        for (group, hold) in state.holds().filter(|(_, hold)| hold.gateway == *me) {
            if lock(&self.flips).contains(&hold.id) || another_runs() {
                continue;
            }
            let why = "the gateway that held them has begun anew";
            match self.release(group, &hold.id, me, why).await {
                Ok(()) => tracing::warn!(group, "ended a hold of before this gateway began"),
                Err(refused) => tracing::debug!(group, %refused, "a hold is not ended"),
            }
        }
    }

    /// Ends a hold, if it is not over.
    pub(super) async fn release(
        &self,
        group: &str,
        hold: &CommandId,
        who: &str,
        why: &str,
    ) -> Result<(), Refused> {
        self.in_reach()?;
        let proposal = Proposal {
            group: group.to_owned(),
            // Of a release nothing but who and why is taken.
            change: Change::Rollback(0),
            expected: None,
            who: who.to_owned(),
            why: why.to_owned(),
            reference: None,
            loss: LossPolicy::Refuse,
        };
        let what = What::Release { hold: hold.clone() };
        let command = self.command(CommandId::random(), &proposal, what, None);
        self.propose(command, None).await.map(|_| ())
    }
}
