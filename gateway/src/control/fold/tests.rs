//! The fold: the same for everyone, whatever the log holds.

mod proposals;

use proptest::prelude::*;

use super::super::command::tests::WRITTEN;
use super::super::command::{FOLD, Under, VERSION};
use super::super::key::tests::key;
use super::*;

/// What version 1 wrote of that log into its local copy.
const COPIED: &str = r#"{"last":{"offset":4,"before":"3439d31b64667ad24fa360b26c6d701afebfeb1b17ca7c4f3ecc047ea04a693e","hash":"9081a19487a874863904e0064ff4bd4a91a45f33151dde4ac2eae94a6b7d6543"},"groups":{"lots":{"mode":{"mode":"legacy"},"version":3,"since":{"offset":3,"at":"2026-11-22T01:49:00Z","by":"anna","why":"too many errors","change":null},"seed":{"revision":1,"mode":{"mode":"legacy"}},"before":[{"version":1,"mode":{"mode":"legacy"}},{"version":2,"mode":{"mode":"canary","percent":10}}]},"plants":{"mode":{"mode":"legacy"},"version":1,"since":{"offset":4,"at":"2026-11-22T01:51:00Z","by":"cleo","why":"modern is down","change":null},"seed":null,"before":[]}},"recent":[["seed-d153d304c58fec13387a780f011e6e0ebddcfeb7130d6194ff71590f421895b3",0],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f6",1],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f7",2],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f8",3],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f9",4]]}"#;

#[test]
fn an_old_log_folds_to_what_it_always_did() {
    let mut fold = Fold::default();
    let mut outcomes = Vec::new();
    for (offset, line) in (0..).zip(WRITTEN.lines()) {
        let folded = fold.fold(offset, line.as_bytes()).unwrap();
        outcomes.push(match folded.verdict {
            Verdict::Accepted { version, mode } => {
                format!("{}: version {version}, {mode}", folded.command.group)
            }
            Verdict::Noted => "noted".to_owned(),
            Verdict::Refused(refusal) => format!("{}: {refusal}", folded.command.group),
        });
    }
    insta::assert_snapshot!(outcomes.join("\n"), @"
    lots: version 1, legacy
    lots: version 2, canary 10 %
    lots: the group is at version 2, the command expected version 1
    lots: version 3, legacy
    plants: version 1, legacy
    ");
    insta::assert_snapshot!(fold.position().unwrap().hash, @"9081a19487a874863904e0064ff4bd4a91a45f33151dde4ac2eae94a6b7d6543");
    // A local copy of version 1 had less in it, and is read.
    let copied: Fold = serde_json::from_str(COPIED).unwrap();
    assert!(copied.fits_first_version());
    assert_eq!(copied, fold);
    assert_eq!(serde_json::to_string(&fold).unwrap(), COPIED);
}

#[test]
fn copies_of_a_file_fold_to_one() {
    let seed = |gateway: &str, revision, mode| Command {
        v: UNSIGNED,
        id: CommandId::of_seed(revision, "lots", mode),
        at: format!("2026-11-22T01:46:4{revision}Z"),
        group: "lots".to_owned(),
        what: What::Seed {
            revision,
            mode,
            under: None,
        },
        expected: None,
        who: "routes.toml".to_owned(),
        why: "the file".to_owned(),
        change: None,
        fold: UNSIGNED,
        seen: None,
        gateway: gateway.to_owned(),
        signature: None,
    };
    let log = [
        seed("one", 1, Mode::Legacy),
        seed("two", 1, Mode::Legacy),
        seed("three", 1, Mode::Legacy),
        seed("one", 2, Mode::Shadow),
        seed("two", 2, Mode::Shadow),
        // An old file, after a restart.
        seed("three", 1, Mode::Modern),
        // A newer one that changes something else.
        seed("one", 3, Mode::Shadow),
    ];
    let mut fold = Fold::default();
    let mut codes = Vec::new();
    for (offset, command) in (0..).zip(&log) {
        let folded = fold.fold(offset, &command.to_bytes()).unwrap();
        codes.push(match folded.verdict {
            Verdict::Accepted { version, .. } => format!("version {version}"),
            Verdict::Noted => "noted".to_owned(),
            Verdict::Refused(refusal) => refusal.code().to_owned(),
        });
    }
    let expected = [
        "version 1",
        "duplicate",
        "duplicate",
        "version 2",
        "duplicate",
        "old_revision",
        "version 2",
    ];
    assert_eq!(codes, expected);
    assert_eq!(fold.group("lots").unwrap().mode, Mode::Shadow);
}

#[test]
fn a_log_without_its_beginning_stops() {
    let line = WRITTEN.lines().next().unwrap().as_bytes();
    let mut fold = Fold::default();
    assert_eq!(fold.fold(5, line), Err(Stop::NoBeginning { found: 5 }));
    fold.fold(0, line).unwrap();
    assert_eq!(
        fold.fold(0, line),
        Err(Stop::OutOfOrder { found: 0, last: 0 })
    );
    assert_eq!(fold.confirm(0, line), Ok(()));
    assert_eq!(fold.confirm(0, b"{}"), Err(Stop::Changed { offset: 0 }));
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        Just(Mode::Legacy),
        Just(Mode::Shadow),
        (0_u8..=100).prop_map(|percent| Mode::Canary {
            percent: percent.try_into().unwrap()
        }),
        Just(Mode::Modern),
        Just(Mode::Retired),
    ]
}

/// Few groups, versions and ids, so that commands meet.
fn command() -> impl Strategy<Value = Command> {
    let what = prop_oneof![
        mode().prop_map(|to| What::Set {
            to,
            accept_loss: None,
            under: None,
            proposal: None
        }),
        (0_u64..6).prop_map(|to| What::Rollback {
            to,
            accept_loss: None,
            under: None,
        }),
        (0_u64..4, mode()).prop_map(|(revision, mode)| What::Seed {
            revision,
            mode,
            under: None
        }),
        mode().prop_map(|mode| What::BreakGlassMerge {
            mode,
            journalled_at: "2026-11-22T01:46:40Z".to_owned()
        }),
    ];
    (what, 0_u8..3, 0_u64..5, 0_u128..40).prop_map(|(what, group, expected, id)| {
        let group = format!("group {group}");
        let (id, expected) = match &what {
            What::Seed { revision, mode, .. } => {
                (CommandId::of_seed(*revision, &group, *mode), None)
            }
            _ => {
                let id = uuid::Uuid::from_u128(id).to_string();
                (id.try_into().unwrap(), Some(expected))
            }
        };
        Command {
            v: UNSIGNED,
            id,
            at: "2026-11-22T01:46:40Z".to_owned(),
            group,
            what,
            expected,
            who: "anna".to_owned(),
            why: "why not".to_owned(),
            change: None,
            fold: UNSIGNED,
            seen: None,
            gateway: "gw-1".to_owned(),
            signature: None,
        }
    })
}

proptest! {
    #[test]
    fn every_gateway_folds_the_same(log in proptest::collection::vec((command(), 1_u64..3), 0..120), restart in 0_usize..120) {
        let (mut one, mut other) = (Fold::default(), Fold::default());
        let mut offset = 0;
        for (place, (command, step)) in log.iter().enumerate() {
            if place == restart {
                // A gateway that starts from its local copy.
                other = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
            }
            let bytes = command.to_bytes();
            let before = one.group(&command.group).cloned();
            let known = one.recent.iter().find(|(id, _)| *id == command.id).map(|(_, first)| *first);
            let folded = one.fold(offset, &bytes).unwrap();
            prop_assert_eq!(&folded, &other.fold(offset, &bytes).unwrap());
            let (was, after) = (before.as_ref().map_or(0, |group| group.version), one.group(&command.group).cloned());
            match folded.verdict {
                Verdict::Refused(Refusal::Duplicate { first }) => prop_assert_eq!(known, Some(first)),
                _ => prop_assert_eq!(known, None, "a known id counts once"),
            }
            match folded.verdict {
                Verdict::Noted => prop_assert!(false, "no entry here is about the fleet"),
                Verdict::Refused(_) => prop_assert_eq!(after, before, "a refused entry changes nothing"),
                Verdict::Accepted { version, mode } => {
                    let after = after.unwrap();
                    prop_assert_eq!((after.version, after.mode), (version, mode));
                    prop_assert!(version == was || version == was + 1);
                    if let Some(expected) = command.expected {
                        prop_assert_eq!(expected, was, "a stale version is refused");
                        prop_assert_eq!(version, was + 1);
                    }
                    if let What::Rollback { to, .. } = command.what {
                        let before = before.unwrap();
                        let past = before.before.iter().find(|past| past.version == to).unwrap();
                        prop_assert_eq!(mode, past.mode);
                    }
                }
            }
            offset += step;
        }
        prop_assert_eq!(one, other);
    }

    #[test]
    fn whatever_stands_in_the_log_is_folded_or_stops(
        log in proptest::collection::vec(prop_oneof![
            4 => command().prop_map(|command| command.to_bytes()),
            1 => proptest::collection::vec(any::<u8>(), 0..64),
        ], 0..40),
        offsets in proptest::collection::vec(0_u64..50, 40),
    ) {
        let mut fold = Fold::default();
        for (bytes, offset) in log.iter().zip(offsets) {
            let before = fold.clone();
            match fold.fold(offset, bytes) {
                Ok(folded) => prop_assert_eq!(fold.position(), Some(folded.position)),
                Err(_) => prop_assert_eq!(&fold, &before, "a stop leaves the fold as it was"),
            }
        }
    }

    #[test]
    fn the_chain_tells_every_change(log in proptest::collection::vec(command(), 2..20), at in any::<prop::sample::Index>()) {
        let chain = |log: &[Command]| {
            let mut fold = Fold::default();
            for (offset, command) in (0..).zip(log) {
                fold.fold(offset, &command.to_bytes()).unwrap();
            }
            fold.position().unwrap().hash
        };
        let mut changed = log.clone();
        changed[at.index(log.len())].why.push('!');
        prop_assert_ne!(chain(&log), chain(&changed));
    }
}

/// A log of signed entries, by gateways `gw-1` and so on with the keys of the same numbers.
#[derive(Default)]
struct Log {
    fold: Fold,
    next: u64,
    ids: u128,
}

impl Log {
    /// With gateways that have enrolled.
    fn of(gateways: u8) -> Self {
        let mut log = Self::default();
        for number in 1..=gateways {
            assert_eq!(log.enrol(number, number), "noted");
        }
        log
    }

    fn command(&mut self, number: u8, group: &str, what: What) -> Command {
        self.ids += 1;
        let version = self.fold.group(group).map_or(0, |group| group.version);
        let expected = match what {
            What::Set { .. }
            | What::Rollback { .. }
            | What::Hold { .. }
            | What::Propose { .. }
            | What::Approve { .. }
            | What::BreakGlassMerge { .. } => Some(version),
            _ => None,
        };
        Command {
            v: VERSION,
            id: uuid::Uuid::from_u128(self.ids)
                .to_string()
                .try_into()
                .unwrap(),
            at: "2026-11-23T14:00:00Z".to_owned(),
            group: group.to_owned(),
            what,
            expected,
            who: "anna".to_owned(),
            why: "why not".to_owned(),
            change: None,
            fold: FOLD,
            seen: self.fold.position(),
            gateway: format!("gw-{number}"),
            signature: None,
        }
    }

    fn fold(&mut self, command: &Command) -> String {
        let folded = self.fold.fold(self.next, &command.to_bytes()).unwrap();
        self.next += 1;
        match folded.verdict {
            Verdict::Accepted { version, mode } => format!("version {version}, {mode}"),
            Verdict::Noted => "noted".to_owned(),
            Verdict::Refused(refusal) => refusal.code().to_owned(),
        }
    }

    /// Says it by that gateway, with its key.
    fn say(&mut self, number: u8, group: &str, what: What) -> String {
        let command = self.command(number, group, what);
        self.fold(&command.signed(&key(number)))
    }

    /// Enrols the key of one number for the gateway of that number, signed by another.
    fn enrol(&mut self, number: u8, by: u8) -> String {
        let what = What::Enrol {
            gateway: format!("gw-{number}"),
            key: key(number).public(),
        };
        self.say(by, "", what)
    }
}

fn set(to: Mode) -> What {
    What::Set {
        to,
        accept_loss: None,
        under: None,
        proposal: None,
    }
}

#[test]
fn what_nobody_known_has_signed_changes_nothing() {
    let mut log = Log::default();
    assert_eq!(log.say(1, "lots", set(Mode::Modern)), "unknown_key");
    assert_eq!(log.enrol(1, 1), "noted");
    assert_eq!(log.say(1, "lots", set(Mode::Shadow)), "version 1, shadow");
    // A key of nobody, the key of another gateway, and a text that was changed after it was signed.
    assert_eq!(log.say(2, "lots", set(Mode::Modern)), "unknown_key");
    assert_eq!(log.enrol(2, 2), "noted");
    let of_two = log.command(2, "lots", set(Mode::Modern));
    assert_eq!(log.fold(&of_two.clone().signed(&key(1))), "key_of_another");
    let mut changed = of_two.signed(&key(2));
    changed.who = "bea".to_owned();
    assert_eq!(log.fold(&changed), "bad_signature");
    changed.signature = None;
    assert_eq!(log.fold(&changed), "unsigned");
    // Its id is not taken away from it.
    changed.who = "anna".to_owned();
    assert_eq!(
        log.fold(&changed.clone().signed(&key(2))),
        "version 2, modern"
    );
    assert_eq!(log.fold(&changed.signed(&key(2))), "duplicate");
    // What was written without a signature counts no more.
    let unsigned = Command {
        v: UNSIGNED,
        fold: UNSIGNED,
        ..log.command(1, "lots", set(Mode::Legacy))
    };
    assert_eq!(log.fold(&unsigned), "unsigned");
    assert_eq!(log.fold.group("lots").unwrap().mode, Mode::Modern);
}

#[test]
fn keys_come_and_go_as_the_log_says() {
    let mut log = Log::of(2);
    assert_eq!(log.enrol(2, 1), "known_key");
    assert_eq!(log.say(1, "", What::Admission { open: false }), "noted");
    assert_eq!(log.enrol(3, 3), "admission_closed");
    assert_eq!(log.enrol(3, 1), "noted");
    assert_eq!(log.say(3, "lots", set(Mode::Shadow)), "version 1, shadow");
    let three = key(3).public().id();
    assert_eq!(log.say(1, "", What::Revoke { key: three.clone() }), "noted");
    assert_eq!(log.say(3, "lots", set(Mode::Modern)), "revoked_key");
    assert_eq!(log.say(1, "", What::Revoke { key: three }), "revoked_key");
    assert_eq!(log.say(1, "", What::Admission { open: true }), "noted");
    assert_eq!(log.enrol(3, 3), "revoked_key", "not by itself");
    assert_eq!(log.enrol(3, 1), "noted");
    for number in [2, 3] {
        let key = key(number).public().id();
        assert_eq!(log.say(1, "", What::Revoke { key }), "noted");
    }
    let last = key(1).public().id();
    assert_eq!(log.say(1, "", What::Revoke { key: last }), "last_key");
    let listed: Vec<_> = log
        .fold
        .signers()
        .keys()
        .map(|(_, known)| &*known.gateway)
        .collect();
    assert_eq!(listed.len(), 3);
}

#[test]
fn who_had_seen_another_log_is_refused() {
    let mut log = Log::of(1);
    assert_eq!(log.say(1, "lots", set(Mode::Shadow)), "version 1, shadow");
    let seen = log.fold.position().unwrap();
    for position in [
        Position {
            hash: ChainHash::of(b"another"),
            ..seen
        },
        Position {
            offset: seen.offset + 7,
            ..seen
        },
    ] {
        let command = Command {
            seen: Some(position),
            ..log.command(1, "lots", set(Mode::Modern))
        };
        assert_eq!(log.fold(&command.signed(&key(1))), "other_history");
    }
    let command = Command {
        seen: Some(seen),
        ..log.command(1, "lots", set(Mode::Modern))
    };
    assert_eq!(log.fold(&command.signed(&key(1))), "version 2, modern");
}

#[test]
fn a_held_group_changes_under_its_hold_alone() {
    let mut log = Log::of(2);
    let hold = |to| What::Hold { to, seconds: 20 };
    assert_eq!(log.say(1, "lots", hold(Mode::Modern)), "unknown_group");
    assert_eq!(log.say(1, "lots", set(Mode::Shadow)), "version 1, shadow");
    assert_eq!(log.say(1, "lots", hold(Mode::Modern)), "version 1, shadow");
    let held = log.fold.group("lots").unwrap().hold.clone().unwrap();
    assert_eq!((held.to, held.gateway.as_str()), (Mode::Modern, "gw-1"));
    assert_eq!(log.say(2, "lots", hold(Mode::Legacy)), "held");
    assert_eq!(log.say(2, "lots", set(Mode::Legacy)), "held");
    let under = |hold: &CommandId| {
        Some(Under {
            hold: hold.clone(),
            confirmed: vec!["gw-1".to_owned(), "gw-2".to_owned()],
            busy: Vec::new(),
        })
    };
    let modern = |hold: &CommandId| What::Set {
        to: Mode::Modern,
        accept_loss: None,
        under: under(hold),
        proposal: None,
    };
    assert_eq!(log.say(1, "lots", modern(&CommandId::random())), "not_held");
    assert_eq!(log.say(1, "lots", modern(&held.id)), "version 2, modern");
    assert_eq!(log.say(1, "lots", modern(&held.id)), "not_held");
    // Ended by another gateway, since the one that began it is gone; what it says then comes too late.
    assert_eq!(log.say(1, "lots", hold(Mode::Legacy)), "version 2, modern");
    let held = log.fold.group("lots").unwrap().hold.clone().unwrap();
    let release = What::Release {
        hold: held.id.clone(),
    };
    assert_eq!(log.say(2, "lots", release.clone()), "version 2, modern");
    assert_eq!(log.say(2, "lots", release), "not_held");
    assert_eq!(log.say(1, "lots", modern(&held.id)), "not_held");
    // Who broke the glass did so when nobody could be asked: the hold is over with it.
    assert_eq!(log.say(1, "lots", hold(Mode::Legacy)), "version 2, modern");
    let glass = What::BreakGlassMerge {
        mode: Mode::Legacy,
        journalled_at: "2026-11-23T14:00:00Z".to_owned(),
    };
    assert_eq!(log.say(2, "lots", glass), "version 3, legacy");
    assert_eq!(log.fold.group("lots").unwrap().hold, None);
}

proptest! {
    /// Three keys, of which any signs for any gateway, and texts that are changed after they were signed.
    #[test]
    fn only_signed_entries_count_and_a_held_group_stays(
        log in proptest::collection::vec((0_u8..8, 1_u8..4, 1_u8..4, 0_u8..2, any::<bool>()), 0..60),
    ) {
        let mut said = Log::default();
        let mut other = Fold::default();
        for (kind, number, signer, group, changed) in log {
            let group = format!("group {group}");
            let held = said.fold.group(&group).and_then(|group| group.hold.clone());
            let under = held.as_ref().map(|held| Under {
                hold: held.id.clone(),
                confirmed: Vec::new(),
                busy: Vec::new(),
            });
            let what = match kind {
                0 => set(Mode::Modern),
                1 => What::Set { to: Mode::Legacy, accept_loss: None, under, proposal: None },
                2 => What::Hold { to: Mode::Modern, seconds: 5 },
                3 => What::Release { hold: held.as_ref().map_or_else(CommandId::random, |held| held.id.clone()) },
                4 => What::Revoke { key: key(number).public().id() },
                5 => What::Admission { open: changed },
                _ => What::Enrol { gateway: format!("gw-{number}"), key: key(number).public() },
            };
            let group = if what.is_of_fleet() { String::new() } else { group };
            let mut command = said.command(signer, &group, what.clone()).signed(&key(signer));
            if changed {
                command.why.push('!');
            }
            let (before, offset) = (said.fold.clone(), said.next);
            let outcome = said.fold(&command);
            other.fold(offset, &command.to_bytes()).unwrap();
            prop_assert_eq!(&said.fold, &other);
            let counts = outcome == "noted" || outcome.starts_with("version");
            let known = before.signers().signs(&key(signer).public().id(), &format!("gw-{signer}"));
            if counts {
                prop_assert!(!changed);
                let itself = matches!(&what, What::Enrol { .. } if number == signer);
                prop_assert!(known || itself);
            } else {
                prop_assert_eq!(before.group(&group), said.fold.group(&group));
                prop_assert_eq!(before.signers(), said.fold.signers());
            }
            if let (Some(was), Some(now)) = (before.group(&group), said.fold.group(&group))
                && was.hold.is_some() && was.version != now.version
            {
                prop_assert!(what.under().is_some());
            }
        }
    }
}

#[test]
fn a_copy_of_the_first_version_folds_on_as_the_whole_log_does() {
    let mut whole = Log::default();
    for (offset, line) in (0..).zip(WRITTEN.lines()) {
        whole.fold.fold(offset, line.as_bytes()).unwrap();
        whole.next = offset + 1;
    }
    let mut copied: Fold = serde_json::from_str(COPIED).unwrap();
    // Whatever its writer says it had seen of the entries before.
    let mut said = Vec::new();
    for (offset, number) in [(4, 1), (2, 2), (3, 3)] {
        let what = What::Enrol {
            gateway: format!("gw-{number}"),
            key: key(number).public(),
        };
        let mut command = whole.command(number, "", what);
        command.seen = Some(Position {
            offset,
            hash: ChainHash::of(b"another"),
        });
        said.push(command.signed(&key(number)));
    }
    said.push(whole.command(1, "lots", set(Mode::Modern)).signed(&key(1)));
    for command in said {
        let offset = whole.next;
        whole.fold(&command);
        copied.fold(offset, &command.to_bytes()).unwrap();
        assert_eq!(whole.fold, copied);
    }
    assert_eq!(copied.group("lots").unwrap().mode, Mode::Modern);
}

#[test]
fn what_was_said_once_cannot_be_said_again_when_its_id_is_forgotten() {
    let mut log = Log::of(2);
    let open = log
        .command(1, "", What::Admission { open: true })
        .signed(&key(1));
    assert_eq!(log.fold(&open), "noted");
    assert_eq!(log.say(1, "", What::Admission { open: false }), "noted");
    assert_eq!(log.fold(&open), "duplicate");
    for _ in 0..REMEMBERED_IDS {
        log.say(1, "lots", set(Mode::Modern));
    }
    assert_eq!(log.fold(&open), "too_old");
    let unseen = Command {
        seen: None,
        ..log.command(1, "", What::Admission { open: true })
    };
    assert_eq!(log.fold(&unseen.signed(&key(1))), "too_old");
    assert!(!log.fold.signers().is_open());
}

#[test]
fn a_hold_has_an_end() {
    let mut log = Log::of(1);
    assert_eq!(log.say(1, "lots", set(Mode::Shadow)), "version 1, shadow");
    let hold = |seconds| What::Hold {
        to: Mode::Modern,
        seconds,
    };
    assert_eq!(log.say(1, "lots", hold(u64::MAX)), "too_long");
    assert_eq!(log.say(1, "lots", hold(LONGEST_HOLD)), "version 1, shadow");
}

#[test]
fn a_gateway_under_another_name_signs_with_its_key() {
    let mut log = Log::of(1);
    let renamed = |log: &mut Log, what| {
        let mut command = log.command(1, "", what);
        command.gateway = "pod-7".to_owned();
        command.signed(&key(1))
    };
    let enrol = What::Enrol {
        gateway: "pod-7".to_owned(),
        key: key(1).public(),
    };
    let close = renamed(&mut log, What::Admission { open: false });
    assert_eq!(log.fold(&close), "key_of_another");
    let enrol = renamed(&mut log, enrol);
    assert_eq!(log.fold(&enrol), "noted");
    assert_eq!(log.fold(&close), "noted", "a stranger's id is not taken");
    assert!(log.fold.signers().signs(&key(1).public().id(), "pod-7"));
}

#[test]
fn a_full_list_of_keys_forgets_the_oldest_and_nothing_that_was_revoked() {
    let mut signers = Signers::default();
    let enrol = |signers: &mut Signers, number: u32, by: &str| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let public = super::super::key::PublicKey::try_from(base64::engine::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            bytes,
        ));
        let mut log = Log::default();
        let what = What::Enrol {
            gateway: format!("gw-{number}"),
            key: public.unwrap(),
        };
        let mut command = log.command(1, "", what);
        command.gateway = by.to_owned();
        signers
            .enrol(&command, u64::from(number))
            .map(|()| public_id(&command))
    };
    let ids: Vec<_> = (0..1_000_u32)
        .map(|number| enrol(&mut signers, number, "gw").unwrap())
        .collect();
    signers.revoke(&ids[0], 1_000).unwrap();
    enrol(&mut signers, 1_001, "gw").unwrap();
    assert_eq!(signers.keys().count(), MAX_KEYS);
    assert!(!signers.signs(&ids[1], "gw-1"), "the oldest is gone");
    assert!(
        signers
            .keys()
            .any(|(id, known)| *id == ids[0] && known.revoked.is_some())
    );
    signers.admit(false);
    assert_eq!(enrol(&mut signers, 1_002, "gw"), Err(Refusal::TooManyKeys));
}

fn public_id(command: &Command) -> super::super::key::KeyId {
    match &command.what {
        What::Enrol { key, .. } => key.id(),
        what => panic!("{what:?}"),
    }
}

/// How long a first start takes that folds all there is: `cargo test --release -p gateway --lib -- --ignored --nocapture fold::tests::measure`.
#[test]
#[ignore = "a measure"]
fn measure() {
    let mut log = Log::of(3);
    let mut entries = Vec::new();
    for turn in 0..10_000_u64 {
        let number = u8::try_from(turn % 3 + 1).unwrap();
        let mode = if turn % 2 == 0 {
            Mode::Modern
        } else {
            Mode::Legacy
        };
        let command = log.command(number, &format!("group {}", turn % 50), set(mode));
        let entry = command.signed(&key(number));
        log.fold(&entry);
        entries.push(entry.to_bytes());
    }
    let mut fold = Log::of(3).fold;
    let began = std::time::Instant::now();
    for (offset, bytes) in (3..).zip(&entries) {
        fold.fold(offset, bytes).unwrap();
    }
    println!("{} entries folded in {:?}", entries.len(), began.elapsed());
}
