//! Who may go where: every step between modes, for a group that reads, one that writes, and one that says nothing of back-sync.

use super::super::tests::{canary, proposal, reads, writes};
use super::*;
use crate::control::Override;
use crate::control::command::{Command, CommandId, UNSIGNED};
use crate::control::fold::Fold;
use crate::route::Sides;

const NOTHING: Loss = Loss {
    writes: 0,
    count: Count::Exact,
};
const THREE: Loss = Loss {
    writes: 3,
    count: Count::Exact,
};

/// The state in which the group is in that mode.
pub(in crate::control) fn state_in(group: &Group, mode: Mode) -> State {
    let command = Command {
        v: UNSIGNED,
        id: CommandId::random(),
        at: "2026-11-22T01:46:40Z".to_owned(),
        group: group.name.to_string(),
        what: What::Set {
            to: mode,
            accept_loss: None,
            under: None,
            proposal: None,
        },
        expected: Some(0),
        who: "anna".to_owned(),
        why: "to begin with".to_owned(),
        change: None,
        fold: UNSIGNED,
        seen: None,
        gateway: "gw-1".to_owned(),
        signature: None,
    };
    let mut fold = Fold::default();
    fold.fold(0, &command.to_bytes()).unwrap();
    State::new(fold, std::collections::BTreeMap::<String, Override>::new())
}

/// One line per mode it leaves, one word per mode it goes to.
fn steps(group: &Group, lacking: Loss) -> String {
    let modes = [
        Mode::Legacy,
        Mode::Shadow,
        canary(10),
        canary(50),
        Mode::Modern,
        Mode::Retired,
    ];
    let mut lines = Vec::new();
    for from in modes {
        let state = state_in(group, from);
        let words = modes.map(|to| {
            let proposal = proposal(&group.name, Change::Set(to));
            match admit(&proposal, group, &state, lacking) {
                Ok(_) => "yes".to_owned(),
                Err(refused) => refused.code().to_owned(),
            }
        });
        lines.push(format!("{from}: {}", words.join(", ")));
    }
    lines.join("\n")
}

#[test]
fn a_group_whose_writes_go_back_waits_for_the_last_one() {
    let group = Group {
        back_sync: Some(BackSync::Durable),
        ..writes("lots", Mode::Legacy)
    };
    insta::assert_snapshot!(steps(&group, THREE), @"
    legacy: unchanged, yes, yes, yes, yes, goes_back
    shadow: yes, unchanged, yes, yes, yes, goes_back
    canary 10 %: loss_not_accepted, loss_not_accepted, unchanged, yes, yes, goes_back
    canary 50 %: loss_not_accepted, loss_not_accepted, loss_not_accepted, unchanged, yes, goes_back
    modern: loss_not_accepted, loss_not_accepted, loss_not_accepted, loss_not_accepted, unchanged, goes_back
    retired: retired, retired, retired, retired, yes, unchanged
    ");
    let state = state_in(&group, Mode::Modern);
    let goes = |mode| goes_back(&proposal("lots", Change::Set(mode)), &group, &state);
    assert!(goes(Mode::Legacy) && goes(canary(50)) && !goes(Mode::Modern));
    // The file waits for nobody, even where nothing is known to be missing.
    let refused = admit_seed(&group, &state, NOTHING).unwrap_err();
    assert_eq!(refused.code(), "not_back");
}

#[test]
fn a_group_that_reads_goes_anywhere_but_leaves_retired_through_modern() {
    insta::assert_snapshot!(steps(&reads("lots", Mode::Legacy), THREE), @"
    legacy: unchanged, yes, yes, yes, yes, yes
    shadow: yes, unchanged, yes, yes, yes, yes
    canary 10 %: yes, yes, unchanged, yes, yes, yes
    canary 50 %: yes, yes, yes, unchanged, yes, yes
    modern: yes, yes, yes, yes, unchanged, yes
    retired: retired, retired, retired, retired, yes, unchanged
    ");
}

#[test]
fn a_group_that_writes_goes_where_nothing_is_lost() {
    insta::assert_snapshot!(steps(&writes("lots", Mode::Legacy), THREE), @"
    legacy: unchanged, yes, loss_not_accepted, loss_not_accepted, loss_not_accepted, loss_not_accepted
    shadow: yes, unchanged, loss_not_accepted, loss_not_accepted, loss_not_accepted, loss_not_accepted
    canary 10 %: loss_not_accepted, loss_not_accepted, unchanged, yes, yes, yes
    canary 50 %: loss_not_accepted, loss_not_accepted, loss_not_accepted, unchanged, yes, yes
    modern: loss_not_accepted, loss_not_accepted, loss_not_accepted, loss_not_accepted, unchanged, yes
    retired: retired, retired, retired, retired, yes, unchanged
    ");
    insta::assert_snapshot!(steps(&writes("lots", Mode::Legacy), NOTHING), @"
    legacy: unchanged, yes, loss_not_accepted, loss_not_accepted, loss_not_accepted, loss_not_accepted
    shadow: yes, unchanged, loss_not_accepted, loss_not_accepted, loss_not_accepted, loss_not_accepted
    canary 10 %: yes, yes, unchanged, yes, yes, yes
    canary 50 %: yes, yes, yes, unchanged, yes, yes
    modern: yes, yes, yes, yes, unchanged, yes
    retired: retired, retired, retired, retired, yes, unchanged
    ");
}

#[test]
fn a_group_that_says_nothing_of_back_sync_is_not_answered_by_modern() {
    let group = Group {
        back_sync: None,
        ..writes("lots", Mode::Legacy)
    };
    insta::assert_snapshot!(steps(&group, NOTHING), @"
    legacy: unchanged, yes, back_sync_unstated, back_sync_unstated, back_sync_unstated, back_sync_unstated
    shadow: yes, unchanged, back_sync_unstated, back_sync_unstated, back_sync_unstated, back_sync_unstated
    canary 10 %: yes, yes, unchanged, back_sync_unstated, back_sync_unstated, back_sync_unstated
    canary 50 %: yes, yes, back_sync_unstated, unchanged, back_sync_unstated, back_sync_unstated
    modern: yes, yes, back_sync_unstated, back_sync_unstated, unchanged, yes
    retired: retired, retired, retired, retired, yes, unchanged
    ");
}

#[test]
fn a_mode_needs_the_sides_it_calls() {
    let group = Group {
        sides: Sides {
            legacy: true,
            modern: false,
        },
        ..reads("lots", Mode::Legacy)
    };
    insta::assert_snapshot!(steps(&group, NOTHING), @"
    legacy: unchanged, no_side, no_side, no_side, no_side, no_side
    shadow: yes, unchanged, no_side, no_side, no_side, no_side
    canary 10 %: yes, no_side, unchanged, no_side, no_side, no_side
    canary 50 %: yes, no_side, no_side, unchanged, no_side, no_side
    modern: yes, no_side, no_side, no_side, unchanged, no_side
    retired: retired, no_side, no_side, no_side, no_side, unchanged
    ");
}

#[test]
fn what_is_accepted_is_what_the_log_says() {
    let group = writes("lots", Mode::Legacy);
    let accepting = Proposal {
        loss: LossPolicy::Accept,
        ..proposal("lots", Change::Set(Mode::Legacy))
    };
    let admitted = admit(&accepting, &group, &state_in(&group, Mode::Modern), THREE).unwrap();
    assert_eq!(admitted.loss, Some(THREE));
    assert_eq!(admitted.expected, 1);
    let group = reads("lots", Mode::Legacy);
    let admitted = admit(&accepting, &group, &state_in(&group, Mode::Modern), THREE).unwrap();
    assert_eq!(admitted.loss, None, "reads lose nothing");
}

#[test]
fn break_glass_is_for_data_that_legacy_owns() {
    let may = |group: &Group, from, to| {
        let proposal = proposal(&group.name, Change::Set(to));
        match admit_break_glass(&proposal, group, &state_in(group, from)) {
            Ok(()) => "yes",
            Err(refused) => refused.code(),
        }
    };
    let (reads, writes) = (reads("a", Mode::Legacy), writes("b", Mode::Legacy));
    assert_eq!(may(&reads, Mode::Modern, Mode::Legacy), "yes");
    assert_eq!(may(&reads, canary(10), Mode::Legacy), "yes");
    assert_eq!(may(&reads, Mode::Retired, Mode::Legacy), "not_owner");
    assert_eq!(may(&reads, Mode::Legacy, Mode::Legacy), "unchanged");
    assert_eq!(
        may(&reads, Mode::Shadow, Mode::Modern),
        "break_glass_target"
    );
    assert_eq!(may(&writes, Mode::Shadow, Mode::Legacy), "yes");
    assert_eq!(may(&writes, canary(1), Mode::Legacy), "not_owner");
    assert_eq!(may(&writes, Mode::Modern, Mode::Legacy), "not_owner");
}

#[test]
fn a_change_has_a_name_and_a_reason() {
    let group = reads("lots", Mode::Legacy);
    let state = state_in(&group, Mode::Legacy);
    let refused = |change: fn(&mut Proposal)| {
        let mut proposal = proposal("lots", Change::Set(Mode::Modern));
        change(&mut proposal);
        admit(&proposal, &group, &state, NOTHING)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(refused(|proposal| proposal.who = " ".to_owned()), @"who must be said, in at most 200 bytes");
    insta::assert_snapshot!(refused(|proposal| proposal.why = "x".repeat(MAX_WHY + 1)), @"why must be said, in at most 2000 bytes");
    insta::assert_snapshot!(refused(|proposal| proposal.why = "good\nwhy: bad".to_owned()), @"why holds a control character, such as a line break: say it in one line of plain text");
    insta::assert_snapshot!(refused(|proposal| proposal.who = "anna\u{1b}[2J".to_owned()), @"who holds a control character, such as a line break: say it in one line of plain text");
    insta::assert_snapshot!(refused(|proposal| proposal.reference = Some("CHG\t42".to_owned())), @"change holds a control character, such as a line break: say it in one line of plain text");
}

#[test]
fn a_canary_without_a_key_is_refused() {
    let keyless = Group {
        keyed: false,
        ..reads("lots", Mode::Legacy)
    };
    let wanted = proposal("lots", Change::Set(canary(10)));
    assert_eq!(
        admit(&wanted, &keyless, &State::default(), NOTHING),
        Err(Refused::NoKey { mode: canary(10) })
    );
    let modern = proposal("lots", Change::Set(Mode::Modern));
    assert!(admit(&modern, &keyless, &State::default(), NOTHING).is_ok());
}

/// Where a new revision of the file may bring a group, one line per mode it leaves.
fn seeds(group: &Group, lacking: Loss) -> String {
    let modes = [
        Mode::Legacy,
        Mode::Shadow,
        canary(10),
        Mode::Modern,
        Mode::Retired,
    ];
    let lines = modes.map(|from| {
        let state = state_in(group, from);
        let words = modes.map(|seed| {
            let group = Group {
                seed,
                ..group.clone()
            };
            match admit_seed(&group, &state, lacking) {
                Ok(()) => "yes",
                Err(refused) => refused.code(),
            }
        });
        format!("{from}: {}", words.join(", "))
    });
    lines.join("\n")
}

#[test]
fn the_file_neither_leaves_retired_nor_accepts_a_loss() {
    insta::assert_snapshot!(seeds(&reads("lots", Mode::Legacy), THREE), @"
    legacy: yes, yes, yes, yes, yes
    shadow: yes, yes, yes, yes, yes
    canary 10 %: yes, yes, yes, yes, yes
    modern: yes, yes, yes, yes, yes
    retired: retired, retired, retired, yes, yes
    ");
    insta::assert_snapshot!(seeds(&writes("lots", Mode::Legacy), THREE), @"
    legacy: yes, yes, loss_not_accepted, loss_not_accepted, loss_not_accepted
    shadow: yes, yes, loss_not_accepted, loss_not_accepted, loss_not_accepted
    canary 10 %: loss_not_accepted, loss_not_accepted, yes, yes, yes
    modern: loss_not_accepted, loss_not_accepted, loss_not_accepted, yes, yes
    retired: retired, retired, retired, yes, yes
    ");
}

#[test]
fn a_group_born_modern_owes_legacy_nothing() {
    let born = Group {
        back_sync: None,
        sides: Sides {
            legacy: false,
            modern: true,
        },
        ..writes("labels", Mode::Modern)
    };
    assert_eq!(admit_seed(&born, &State::default(), NOTHING), Ok(()));
    let taken = Group {
        back_sync: None,
        ..writes("lots", Mode::Modern)
    };
    assert_eq!(
        admit_seed(&taken, &State::default(), NOTHING),
        Err(Refused::BackSyncUnstated)
    );
}

#[test]
fn the_way_forward_asks_for_others_and_the_way_back_does_not() {
    let group = Group {
        approving: crate::route::Approving {
            needed: 1,
            ..Default::default()
        },
        ..reads("lots", Mode::Legacy)
    };
    insta::assert_snapshot!(steps(&group, NOTHING), @"
    legacy: unchanged, yes, approval_needed, approval_needed, approval_needed, approval_needed
    shadow: yes, unchanged, approval_needed, approval_needed, approval_needed, approval_needed
    canary 10 %: yes, yes, unchanged, approval_needed, approval_needed, approval_needed
    canary 50 %: yes, yes, yes, unchanged, approval_needed, approval_needed
    modern: yes, yes, yes, yes, unchanged, approval_needed
    retired: retired, retired, retired, retired, yes, unchanged
    ");
    // What may be proposed is what may be made otherwise.
    let state = state_in(&group, Mode::Shadow);
    let modern = proposal("lots", Change::Set(Mode::Modern));
    assert!(admit_proposed(&modern, &group, &state, NOTHING).is_ok());
    let retired = proposal("lots", Change::Rollback(7));
    let refused = admit_proposed(&retired, &group, &state, NOTHING).unwrap_err();
    assert_eq!(refused.code(), "unknown_version");
    // Nothing is open.
    let made = proposal("lots", Change::Approved);
    assert_eq!(
        admit(&made, &group, &state, NOTHING),
        Err(Refused::NotProposed)
    );
    // Nor does a file take people's place.
    let file = Group {
        seed: Mode::Modern,
        ..group
    };
    let refused = admit_seed(&file, &state, NOTHING).unwrap_err();
    assert_eq!(refused.code(), "approval_needed");
    assert!(admit_seed(&file, &State::default(), NOTHING).is_ok());
}
