//! What control proposes by itself, never deciding anything: overrides made while the log was out of reach, and modes of the file.

use std::sync::Arc;
use std::time::Duration;

use super::command::{CommandId, What};
use super::fold::Refusal;
use super::refused::Refused;
use super::rules::{self, Change, LossPolicy, Proposal};
use super::state::State;
use super::{Shared, lock};
use crate::route::Group;

/// How long to wait before trying again what did not work.
const PAUSE: Duration = Duration::from_secs(5);

/// Does what there is to do, whenever there may be something.
pub(super) async fn keep(shared: &Arc<Shared>) {
    let mut retry = false;
    loop {
        if retry {
            tokio::time::timeout(PAUSE, shared.work.notified())
                .await
                .ok();
        } else {
            shared.work.notified().await;
        }
        retry = !round(shared).await;
    }
}

/// One round. Whether nothing is left to try again.
pub(super) async fn round(shared: &Arc<Shared>) -> bool {
    if shared.in_reach().is_err() {
        // The return of the log begins another round.
        return true;
    }
    if let Err(refused) = shared.enrolled().await {
        tracing::warn!(%refused, "this gateway's key is not in the control log");
        return false;
    }
    shared.release_left_over().await;
    let mut done = merge(shared).await;
    done &= seed(shared).await;
    done
}

/// The log gets the overrides, oldest first; the fold says what becomes of them.
async fn merge(shared: &Arc<Shared>) -> bool {
    let mut pending: Vec<_> = lock(&shared.journal)
        .pending()
        .clone()
        .into_iter()
        .collect();
    pending.sort_by(|(_, a), (_, b)| a.at.cmp(&b.at));
    for (group, made) in pending {
        let _turn = shared.turn.lock().await;
        let what = What::BreakGlassMerge {
            mode: made.mode,
            journalled_at: made.at,
        };
        let proposal = Proposal {
            group,
            change: Change::Set(made.mode),
            expected: Some(made.expected),
            who: made.by,
            why: made.why,
            reference: made.change,
            loss: LossPolicy::Refuse,
        };
        let command = shared.command(made.id, &proposal, what, Some(made.expected));
        match shared.propose(command, None).await {
            Ok(accepted) => {
                tracing::info!(group = proposal.group, mode = %accepted.mode, "merged an override into the control log");
            }
            Err(refused @ Refused::Folded { .. }) if !refused.is_of_stranger() => {
                tracing::warn!(group = proposal.group, %refused, "an override was not merged, the log had moved on: its mode is in force again");
            }
            Err(refused) => {
                tracing::warn!(group = proposal.group, %refused, "an override waits for the control log");
                return false;
            }
        }
    }
    true
}

/// The log gets the file's modes: of groups it never saw, and those that a higher revision changed.
async fn seed(shared: &Arc<Shared>) -> bool {
    let table = lock(&shared.table).clone();
    let mut done = true;
    for group in table.groups.iter() {
        match seed_one(shared, group, table.revision).await {
            Ok(()) => {}
            // Another gateway was faster, or its file is newer.
            Err(Refused::Folded {
                refusal: refusal @ (Refusal::Held { .. } | Refusal::NotHeld),
            }) => {
                tracing::info!(group = %group.name, %refusal, "the mode in routes.toml waits");
                done = false;
            }
            Err(refused @ Refused::Folded { .. }) if !refused.is_of_stranger() => {}
            Err(refused) => {
                tracing::warn!(group = %group.name, %refused, "the mode in routes.toml waits for the control log");
                return false;
            }
        }
    }
    done
}

async fn seed_one(shared: &Arc<Shared>, group: &Group, revision: u64) -> Result<(), Refused> {
    let proposal = Proposal {
        group: group.name.to_string(),
        change: Change::Set(group.seed),
        expected: None,
        who: "routes.toml".to_owned(),
        why: format!("revision {revision} of the file"),
        reference: None,
        loss: LossPolicy::Refuse,
    };
    // Judged in our turn: a change made while we wait for it is part of what is judged.
    let wanted = || {
        let state = Arc::clone(&shared.state.borrow());
        if !counts(group, revision, &state) {
            return false;
        }
        let refused = rules::admit_seed(group, &state, shared.lacking(&group.name)).err();
        if let Some(refused) = &refused {
            tracing::warn!(group = %group.name, mode = %group.seed, %refused, "the mode in routes.toml is not taken");
        }
        refused.is_none()
    };
    // Until then nobody takes the folder over.
    let _flipping = shared.flipping().await?;
    let first = shared.turn.lock().await;
    if !wanted() {
        return Ok(());
    }
    drop(first);
    let under = shared.seed_hold(&proposal, group).await?;
    let held = under.clone();
    let turn = shared.turn.lock().await;
    let sides = under.is_none() && shared.seed_changes_sides(group);
    let made = if sides {
        // Somebody has changed it meanwhile: looked at once more later.
        Err(Refused::Folded {
            refusal: Refusal::NotHeld,
        })
    } else if wanted() {
        let what = What::Seed {
            revision,
            mode: group.seed,
            under,
        };
        let id = CommandId::of_seed(revision, &group.name, group.seed);
        let command = shared.command(id, &proposal, what, None);
        shared.propose(command, None).await.map(|_| true)
    } else {
        Ok(false)
    };
    drop(turn);
    let changed = made.as_ref().is_ok_and(|made| *made);
    if let Some(held) = held.filter(|_| !changed) {
        let why = "the file's mode was not taken";
        shared
            .release(&group.name, &held.hold, &proposal.who, why)
            .await
            .ok();
    }
    made.map(|_| ())
}

/// Whether the file's mode is news to the log: as the fold will judge it.
fn counts(group: &Group, revision: u64, state: &State) -> bool {
    match state.group(&group.name).map(|known| known.seed) {
        None | Some(None) => true,
        Some(Some(seeded)) => revision > seeded.revision && group.seed != seeded.mode,
    }
}
