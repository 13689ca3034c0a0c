//! Control over a file: what is proposed comes back through the log, and only then counts.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::back::hold::Holds;
use crate::mode::Percent;
use crate::route::{BackSync, Group, Sides};

pub(super) const BOTH: Sides = Sides {
    legacy: true,
    modern: true,
};

/// A group that only reads.
pub(super) fn reads(name: &str, seed: Mode) -> Group {
    Group {
        name: name.into(),
        back_sync: None,
        seed,
        writes: false,
        sides: BOTH,
        keyed: true,
        when_stale: crate::route::WhenStale::AsItWas,
        approving: crate::route::Approving::default(),
        rollout: None,
    }
}

/// A group that writes, whose writes legacy does not get.
pub(super) fn writes(name: &str, seed: Mode) -> Group {
    Group {
        back_sync: Some(BackSync::None),
        writes: true,
        ..reads(name, seed)
    }
}

pub(super) fn canary(percent: u8) -> Mode {
    Mode::Canary {
        percent: Percent::try_from(percent).unwrap(),
    }
}

pub(super) fn proposal(group: &str, change: Change) -> Proposal {
    Proposal {
        group: group.to_owned(),
        change,
        expected: None,
        who: "anna".to_owned(),
        why: "the evidence is good".to_owned(),
        reference: Some("CHG0042".to_owned()),
        loss: LossPolicy::Refuse,
    }
}

pub(super) fn table(revision: u64, groups: impl IntoIterator<Item = Group>) -> Groups {
    Groups {
        groups: groups.into_iter().map(Arc::new).collect(),
        revision,
    }
}

struct Running {
    control: Control,
    ledger: Arc<WriteLedger>,
    shutdown: Shutdown,
}

impl Running {
    async fn start(directory: &Path, groups: Groups) -> Self {
        let shutdown = Shutdown::new();
        let ledger = Arc::<WriteLedger>::default();
        let settings = Settings::new(Store::File, directory, "gw-1");
        let control = Control::start(settings, groups, Arc::clone(&ledger), &shutdown)
            .await
            .unwrap();
        Self {
            control,
            ledger,
            shutdown,
        }
    }

    async fn set(&self, group: &str, mode: Mode) -> Result<Accepted, Refused> {
        self.control
            .submit(proposal(group, Change::Set(mode)))
            .await
    }

    async fn stop(self) {
        assert!(self.shutdown.drain(Duration::from_secs(10)).await);
    }
}

#[tokio::test]
async fn a_flip_and_back_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let lots = reads("lots", Mode::Legacy);
    let groups = table(1, [lots.clone()]);
    let gateway = Running::start(folder.path(), groups.clone()).await;
    assert_eq!(gateway.control.state().mode(&lots), Mode::Legacy);
    let accepted = gateway.set("lots", Mode::Modern).await.unwrap();
    assert_eq!((accepted.version, accepted.mode), (2, Mode::Modern));
    assert_eq!(gateway.control.state().mode(&lots), Mode::Modern);
    gateway.stop().await;

    let gateway = Running::start(folder.path(), groups).await;
    assert_eq!(gateway.control.state().mode(&lots), Mode::Modern);
    let back = proposal("lots", Change::Rollback(1));
    let accepted = gateway.control.submit(back).await.unwrap();
    assert_eq!((accepted.version, accepted.mode), (3, Mode::Legacy));
    let page = gateway.control.history(0, 10).await.unwrap();
    assert_eq!(page.entries.len(), 4, "a key, a seed, a flip, a rollback");
    assert_eq!(page.entries[3].hash, accepted.position.unwrap().hash);
    gateway.stop().await;
}

#[tokio::test]
async fn an_old_file_changes_nothing_and_a_new_one_only_what_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (lots, orders) = (reads("lots", Mode::Legacy), reads("orders", Mode::Legacy));
    let gateway = Running::start(folder.path(), table(1, [lots.clone(), orders.clone()])).await;
    gateway.set("lots", Mode::Modern).await.unwrap();
    gateway.stop().await;

    let old = table(1, [reads("lots", Mode::Shadow), orders.clone()]);
    let gateway = Running::start(folder.path(), old).await;
    assert_eq!(gateway.control.state().mode(&lots), Mode::Modern);
    gateway.stop().await;

    let new = table(2, [lots.clone(), reads("orders", Mode::Shadow)]);
    let gateway = Running::start(folder.path(), new).await;
    let state = gateway.control.state();
    assert_eq!(
        state.mode(&lots),
        Mode::Modern,
        "the file did not change it"
    );
    assert_eq!(state.mode(&orders), Mode::Shadow);
    assert_eq!(state.group("orders").unwrap().since.by, "routes.toml");
    gateway.stop().await;
}

#[tokio::test]
async fn a_stale_proposal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Running::start(folder.path(), table(1, [reads("lots", Mode::Legacy)])).await;
    gateway.set("lots", Mode::Shadow).await.unwrap();
    let late = Proposal {
        expected: Some(1),
        ..proposal("lots", Change::Set(Mode::Modern))
    };
    let refused = gateway.control.submit(late).await.unwrap_err();
    assert_eq!(
        refused,
        Refused::Stale {
            expected: 1,
            current: 2
        }
    );
    let refused = gateway.set("nobody", Mode::Modern).await.unwrap_err();
    assert_eq!(refused.code(), "unknown_group");
    gateway.stop().await;
}

#[tokio::test]
async fn going_back_says_how_many_writes_legacy_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let lots = writes("lots", Mode::Legacy);
    let groups = table(1, [lots.clone()]);
    let gateway = Running::start(folder.path(), groups.clone()).await;
    let refused = gateway.set("lots", canary(10)).await.unwrap_err();
    assert_eq!(refused, Refused::WouldLose { mode: canary(10) });
    let accepted = |change| Proposal {
        loss: LossPolicy::Accept,
        ..proposal("lots", change)
    };
    let control = &gateway.control;
    control
        .submit(accepted(Change::Set(canary(10))))
        .await
        .unwrap();
    control
        .submit(proposal("lots", Change::Set(Mode::Modern)))
        .await
        .unwrap();
    for _ in 0..3 {
        gateway.ledger.record(&lots.name);
    }
    let refused = gateway.set("lots", Mode::Legacy).await.unwrap_err();
    insta::assert_snapshot!(refused, @"legacy lacks 3 writes that modern accepted: accept the loss to go back");
    gateway.stop().await;

    let gateway = Running::start(folder.path(), groups).await;
    gateway.ledger.record(&lots.name);
    let back = gateway
        .control
        .submit(accepted(Change::Rollback(1)))
        .await
        .unwrap();
    assert_eq!(back.loss.unwrap().to_string(), "at least 4 writes");
    assert_eq!(gateway.control.lacking("lots").to_string(), "0 writes");
    gateway.stop().await;
}

#[tokio::test]
async fn two_gateways_do_not_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let groups = table(1, [reads("lots", Mode::Legacy)]);
    let gateway = Running::start(folder.path(), groups.clone()).await;
    let settings = Settings::new(Store::File, folder.path(), "gw-2");
    let error = Control::start(settings, groups, Arc::default(), &Shutdown::new())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("in use by another gateway"),
        "{error}"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn a_mode_of_the_file_does_not_undo_a_change_made_while_it_waited() {
    let folder = tempfile::tempdir().unwrap();
    let lots = writes("lots", Mode::Shadow);
    let gateway = Running::start(folder.path(), table(1, [lots.clone()])).await;
    let shared = Arc::clone(&gateway.control.shared);
    // A proposal is under way, and the file is edited: shadow to legacy loses nothing.
    let turn = shared.turn.lock().await;
    *lock(&shared.table) = table(2, [writes("lots", Mode::Legacy)]);
    let mut round = std::pin::pin!(keep::round(&shared));
    tokio::select! {
        biased;
        _ = &mut round => panic!("the round did not wait for its turn"),
        () = std::future::ready(()) => {}
    }
    let set = proposal("lots", Change::Set(Mode::Modern));
    let what = command::What::Set {
        to: Mode::Modern,
        accept_loss: Some(shared.lacking("lots")),
        under: None,
        proposal: None,
    };
    let command = shared.command(CommandId::random(), &set, what, Some(1));
    shared.propose(command, None).await.unwrap();
    gateway.ledger.record(&lots.name);
    drop(turn);
    assert!(round.await);
    assert_eq!(gateway.control.state().mode(&lots), Mode::Modern);
    gateway.stop().await;
}

#[tokio::test]
async fn writes_change_sides_under_a_hold_and_what_fails_lets_them_go() {
    let folder = tempfile::tempdir().unwrap();
    let lots = writes("lots", Mode::Legacy);
    let gateway = Running::start(folder.path(), table(1, [lots.clone()])).await;
    let accepted = |change| Proposal {
        loss: LossPolicy::Accept,
        ..proposal("lots", change)
    };
    let holds = Arc::clone(&gateway.control.shared.settings.holds);
    let far = tokio::time::Instant::now() + Duration::from_secs(60);
    let begin = || holds.begin(&lots.name, far);
    // To shadow nothing changes sides.
    gateway.set("lots", Mode::Shadow).await.unwrap();
    let under_way = begin().unwrap();
    let control = gateway.control.clone();
    let flip = accepted(Change::Set(Mode::Modern));
    let flipping = tokio::spawn(async move { control.submit(flip).await });
    let mut installed = gateway.control.shared.installed.subscribe();
    let held = |state: &Arc<State>| state.holds().count() == 1;
    installed.wait_for(held).await.unwrap();
    holds_now(&holds, &lots.name, true).await;
    assert_eq!(gateway.control.state().mode(&lots), Mode::Shadow);
    assert!(!flipping.is_finished());
    under_way.heard();
    let made = flipping.await.unwrap().unwrap();
    assert_eq!((made.mode, made.version), (Mode::Modern, 3));
    holds_now(&holds, &lots.name, false).await;
    // Refused once held: legacy lacks a write by then. Nothing stays held.
    let under_way = begin().unwrap();
    let control = gateway.control.clone();
    let back = proposal("lots", Change::Set(Mode::Legacy));
    let back = tokio::spawn(async move { control.submit(back).await });
    installed.wait_for(held).await.unwrap();
    gateway.ledger.record(&lots.name);
    under_way.heard();
    let refused = back.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), "loss_not_accepted");
    holds_now(&holds, &lots.name, false).await;
    // A write that hangs is waited for, and not for ever; and nobody need wait for the answer.
    let hanging = begin().unwrap();
    let control = gateway.control.clone();
    let back =
        tokio::spawn(async move { control.submit(accepted(Change::Set(Mode::Legacy))).await });
    installed.wait_for(held).await.unwrap();
    back.abort();
    let legacy = |state: &Arc<State>| state.mode(&lots) == Mode::Legacy;
    installed.wait_for(legacy).await.unwrap();
    hanging.heard();
    let page = gateway.control.history(0, 100).await.unwrap();
    let last = command::Command::parse(&page.entries.last().unwrap().bytes).unwrap();
    let under = last.what.under().unwrap().clone();
    assert_eq!(
        (under.confirmed, under.busy),
        (vec!["gw-1".to_owned()], vec!["gw-1".to_owned()])
    );
    holds_now(&holds, &lots.name, false).await;
    gateway.stop().await;
}

/// Waits until writes of the group are held, or are not.
async fn holds_now(holds: &Arc<Holds>, group: &Arc<str>, wanted: bool) {
    let far = tokio::time::Instant::now() + Duration::from_secs(60);
    let so = async {
        loop {
            let begun = holds.begin(group, far);
            let held = begun.is_none();
            if let Some(begun) = begun {
                begun.heard();
            }
            if held == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), so)
        .await
        .unwrap();
}
