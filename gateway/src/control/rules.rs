//! Which changes may be proposed at all: what the table, the data and the people who own it allow. Pure.
//!
//! In: a proposal, the group as the table knows it, the state, how many writes legacy lacks. Out: what to write into the
//! log, or a [`Refused`] that says what would be needed. The fold later decides only what all gateways can see alike.

use super::command::{Count, Loss, What};
use super::fold::Open;
use super::refused::Refused;
use super::state::State;
use super::way_back::Missing;
use crate::mode::Mode;
use crate::route::{BackSync, Group};

/// The longest name of a person or instance, and change reference, bytes.
pub const MAX_NAME: usize = 200;
/// The longest reason, bytes.
pub const MAX_WHY: usize = 2_000;

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Which group.
    pub group: String,
    /// Which change.
    pub change: Change,
    /// The group's version that it was decided on; the current one where none is given.
    pub expected: Option<u64>,
    /// Who wants it.
    pub who: String,
    /// Why.
    pub why: String,
    /// A change reference.
    pub reference: Option<String>,
    /// Whether writes that legacy lacks, or will lack, are accepted.
    pub loss: LossPolicy,
}

/// Which change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// That mode.
    Set(Mode),
    /// The mode of that earlier version.
    Rollback(u64),
    /// The mode of the open proposal, which enough people have approved.
    Approved,
}

/// What shall happen if legacy lacks writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LossPolicy {
    /// The change is refused, with their number.
    #[default]
    Refuse,
    /// The change is made; the log says how many.
    Accept,
}

/// What the log will be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) what: What,
    pub(crate) to: Mode,
    pub(crate) expected: u64,
    pub(crate) loss: Option<Loss>,
}

/// Judges a proposal that is to be made now. `lacking` is what legacy lacks now.
pub(crate) fn admit(
    proposal: &Proposal,
    group: &Group,
    state: &State,
    lacking: Loss,
) -> Result<Admitted, Refused> {
    let admitted = admit_proposed(proposal, group, state, lacking)?;
    approved(proposal, group, state, admitted.to)?;
    Ok(admitted)
}

/// Judges a proposal that others are to approve before it is made.
pub(crate) fn admit_proposed(
    proposal: &Proposal,
    group: &Group,
    state: &State,
    lacking: Loss,
) -> Result<Admitted, Refused> {
    signed(proposal)?;
    let known = state.group(&group.name);
    let current = known.map_or(0, |known| known.version);
    let expected = proposal.expected.unwrap_or(current);
    if expected != current {
        return Err(Refused::Stale { expected, current });
    }
    let from = state.mode(group);
    let to = wanted(proposal, group, state)?;
    if from == to {
        return Err(Refused::Unchanged { mode: to });
    }
    sides(group, to)?;
    if from == Mode::Retired && to != Mode::Modern {
        return Err(Refused::Retired);
    }
    if to == Mode::Retired && group.back_sync == Some(BackSync::Durable) {
        return Err(Refused::GoesBack);
    }
    let loss = loss(proposal.loss, group, from, to, lacking)?;
    // People have signed for so many writes, and for no more.
    let signed = open(proposal, state).and_then(|open| open.accept_loss);
    if let (Some(signed), Some(now)) = (signed, loss)
        && now.writes > signed.writes
    {
        return Err(Refused::Loses { lacking: now });
    }
    let what = match proposal.change {
        Change::Set(_) | Change::Approved => What::Set {
            to,
            accept_loss: loss,
            under: None,
            proposal: open(proposal, state).map(|open| open.id.clone()),
        },
        Change::Rollback(to) => What::Rollback {
            to,
            accept_loss: loss,
            under: None,
        },
    };
    Ok(Admitted {
        what,
        to,
        expected,
        loss,
    })
}

fn wanted(proposal: &Proposal, group: &Group, state: &State) -> Result<Mode, Refused> {
    match proposal.change {
        Change::Set(mode) => Ok(mode),
        Change::Rollback(version) => state
            .group(&group.name)
            .and_then(|known| known.before.iter().find(|past| past.version == version))
            .map(|past| past.mode)
            .ok_or(Refused::UnknownVersion { wanted: version }),
        Change::Approved => open(proposal, state)
            .map(|open| open.to)
            .ok_or(Refused::NotProposed),
    }
}

/// What a change that was approved goes by.
fn open<'s>(proposal: &Proposal, state: &'s State) -> Option<&'s Open> {
    let known = state.group(&proposal.group);
    known
        .filter(|_| proposal.change == Change::Approved)
        .and_then(|known| known.proposal.as_deref())
}

/// Whether enough people want it, where the group asks for more than one.
fn approved(proposal: &Proposal, group: &Group, state: &State, to: Mode) -> Result<(), Refused> {
    let needed = group.approving.needed;
    if let Some(open) = open(proposal, state) {
        // The file may ask for more by now than when it was proposed.
        let more = usize::from(needed).saturating_sub(open.approved.len());
        return match open.wanting().max(more) {
            0 => Ok(()),
            wanting => Err(Refused::NotApproved { wanting }),
        };
    }
    if needed > 0 && is_forward(state.mode(group), to) {
        return Err(Refused::ApprovalNeeded {
            mode: to,
            approvals: needed,
        });
    }
    Ok(())
}

/// Whether modern answers more, or legacy may not be called any more: what groups that ask for approvals ask them for. The way back is free.
pub(super) fn is_forward(from: Mode, to: Mode) -> bool {
    modern_share(to) > modern_share(from) || (to == Mode::Retired && from != Mode::Retired)
}

/// Whether a proposal gives legacy keys that modern answers now.
pub(crate) fn goes_back(proposal: &Proposal, group: &Group, state: &State) -> bool {
    let to = wanted(proposal, group, state).ok();
    let from = state.mode(group);
    to.is_some_and(|to| group.writes && modern_share(to) < modern_share(from))
}

/// Whether the file may bring a group the log knows to that mode; the file has nobody to accept a loss.
pub(crate) fn admit_seed(group: &Group, state: &State, lacking: Loss) -> Result<(), Refused> {
    sides(group, group.seed)?;
    let Some(known) = state.group(&group.name) else {
        // Where it begins: nothing was answered by modern before, and `back_sync` is stated in the same file.
        // Of a group that was born modern, legacy has nothing to learn.
        let owes = group.writes && group.sides.legacy && group.back_sync.is_none();
        return if owes && group.seed.lets_modern_answer() {
            Err(Refused::BackSyncUnstated)
        } else {
            Ok(())
        };
    };
    if known.mode == Mode::Retired && group.seed != Mode::Modern && group.seed != Mode::Retired {
        return Err(Refused::Retired);
    }
    if group.seed == Mode::Retired && group.back_sync == Some(BackSync::Durable) {
        return Err(Refused::GoesBack);
    }
    if group.approving.needed > 0 && is_forward(known.mode, group.seed) {
        return Err(Refused::ApprovalNeeded {
            mode: group.seed,
            approvals: group.approving.needed,
        });
    }
    let back = modern_share(group.seed) < modern_share(known.mode);
    if back && group.writes && group.back_sync == Some(BackSync::Durable) {
        let why =
            "a mode in the file waits for nobody: bring the group back with `figway routes set`";
        return Err(Refused::NotBack {
            missing: Missing {
                lacking,
                parked: 0,
                keys: Vec::new(),
                why: Some(why.to_owned()),
            },
        });
    }
    loss(LossPolicy::Refuse, group, known.mode, group.seed, lacking).map(|_| ())
}

/// Whether this gateway alone may send the group to legacy while the log is out of reach: only where legacy owns the data.
pub(crate) fn admit_break_glass(
    proposal: &Proposal,
    group: &Group,
    state: &State,
) -> Result<(), Refused> {
    signed(proposal)?;
    let from = state.mode(group);
    if proposal.change != Change::Set(Mode::Legacy) {
        return Err(Refused::BreakGlassTarget);
    }
    if from == Mode::Legacy {
        return Err(Refused::Unchanged { mode: from });
    }
    sides(group, Mode::Legacy)?;
    if from == Mode::Retired || (group.writes && from.lets_modern_answer()) {
        return Err(Refused::NotOwner { mode: from });
    }
    Ok(())
}

/// Who and why are said, in texts of a sensible length that steer no terminal.
pub(super) fn signed(proposal: &Proposal) -> Result<(), Refused> {
    let texts = [
        ("who", Some(&proposal.who), MAX_NAME),
        ("why", Some(&proposal.why), MAX_WHY),
        ("change", proposal.reference.as_ref(), MAX_NAME),
    ];
    for (field, said, limit) in texts {
        if let Some(said) = said {
            text(field, said, limit)?;
        }
    }
    Ok(())
}

/// A text is said, not too long, and in one line.
pub(super) fn text(field: &'static str, said: &str, limit: usize) -> Result<(), Refused> {
    if said.trim().is_empty() || said.len() > limit {
        return Err(Refused::Text { field, limit });
    }
    if said.chars().any(char::is_control) {
        return Err(Refused::ControlCharacter { field });
    }
    Ok(())
}

/// An instance name is a text as the names of people are.
pub(super) fn named(gateway: &str) -> Result<(), Refused> {
    text("gateway", gateway, MAX_NAME)
}

/// Every route of the group has what the mode calls for: sides, and a key for a canary.
fn sides(group: &Group, mode: Mode) -> Result<(), Refused> {
    let (legacy, modern) = match mode {
        Mode::Legacy => (true, false),
        Mode::Shadow | Mode::Canary { .. } => (true, true),
        Mode::Modern | Mode::Retired => (false, true),
    };
    if legacy && !group.sides.legacy {
        return Err(Refused::NoSide {
            mode,
            side: crate::route::Side::Legacy,
        });
    }
    if modern && !group.sides.modern {
        return Err(Refused::NoSide {
            mode,
            side: crate::route::Side::Modern,
        });
    }
    if matches!(mode, Mode::Canary { .. }) && !group.keyed {
        return Err(Refused::NoKey { mode });
    }
    Ok(())
}

/// What of the writes is lost by the step, and whether that is accepted.
fn loss(
    policy: LossPolicy,
    group: &Group,
    from: Mode,
    to: Mode,
    lacking: Loss,
) -> Result<Option<Loss>, Refused> {
    let (before, after) = (modern_share(from), modern_share(to));
    if !group.writes || before == after {
        return Ok(None);
    }
    match group.back_sync {
        None if after > 0 => return Err(Refused::BackSyncUnstated),
        // Back to legacy from where modern should never have answered: what it accepted is lost all the same.
        None | Some(BackSync::None | BackSync::Durable) => {}
    }
    // What modern accepts from here on, legacy gets.
    let enters = before == 0 && group.back_sync != Some(BackSync::Durable);
    let goes_back = after < before;
    let nothing = lacking.writes == 0 && lacking.count == Count::Exact;
    if !enters && (!goes_back || nothing) {
        return Ok(None);
    }
    match policy {
        LossPolicy::Accept => Ok(Some(lacking)),
        LossPolicy::Refuse if enters => Err(Refused::WouldLose { mode: to }),
        LossPolicy::Refuse => Err(Refused::Loses { lacking }),
    }
}

/// How many of a hundred keys modern answers.
pub(super) fn modern_share(mode: Mode) -> u8 {
    match mode {
        Mode::Legacy | Mode::Shadow => 0,
        Mode::Canary { percent } => percent.get(),
        Mode::Modern | Mode::Retired => 100,
    }
}

#[cfg(test)]
pub(in crate::control) mod tests;
