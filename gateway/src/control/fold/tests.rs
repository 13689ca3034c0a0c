//! The fold: the same for everyone, whatever the log holds.

use proptest::prelude::*;

use super::super::command::tests::WRITTEN;
use super::super::command::{FOLD, VERSION};
use super::*;

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
    // What a local copy holds: its form is read by later versions too.
    insta::assert_snapshot!(serde_json::to_string(&fold).unwrap(), @r#"{"last":{"offset":4,"before":"3439d31b64667ad24fa360b26c6d701afebfeb1b17ca7c4f3ecc047ea04a693e","hash":"9081a19487a874863904e0064ff4bd4a91a45f33151dde4ac2eae94a6b7d6543"},"groups":{"lots":{"mode":{"mode":"legacy"},"version":3,"since":{"offset":3,"at":"2026-11-22T01:49:00Z","by":"anna","why":"too many errors","change":null},"seed":{"revision":1,"mode":{"mode":"legacy"}},"before":[{"version":1,"mode":{"mode":"legacy"}},{"version":2,"mode":{"mode":"canary","percent":10}}]},"plants":{"mode":{"mode":"legacy"},"version":1,"since":{"offset":4,"at":"2026-11-22T01:51:00Z","by":"cleo","why":"modern is down","change":null},"seed":null,"before":[]}},"recent":[["seed-d153d304c58fec13387a780f011e6e0ebddcfeb7130d6194ff71590f421895b3",0],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f6",1],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f7",2],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f8",3],["0190a6f2-5b1e-7c3d-8e4f-a1b2c3d4e5f9",4]]}"#);
}

#[test]
fn copies_of_a_file_fold_to_one() {
    let seed = |gateway: &str, revision, mode| Command {
        v: VERSION,
        id: CommandId::of_seed(revision, "lots", mode),
        at: format!("2026-11-22T01:46:4{revision}Z"),
        group: "lots".to_owned(),
        what: What::Seed { revision, mode },
        expected: None,
        who: "routes.toml".to_owned(),
        why: "the file".to_owned(),
        change: None,
        fold: FOLD,
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
            accept_loss: None
        }),
        (0_u64..6).prop_map(|to| What::Rollback {
            to,
            accept_loss: None
        }),
        (0_u64..4, mode()).prop_map(|(revision, mode)| What::Seed { revision, mode }),
        mode().prop_map(|mode| What::BreakGlassMerge {
            mode,
            journalled_at: "2026-11-22T01:46:40Z".to_owned()
        }),
    ];
    (what, 0_u8..3, 0_u64..5, 0_u128..40).prop_map(|(what, group, expected, id)| {
        let group = format!("group {group}");
        let (id, expected) = match &what {
            What::Seed { revision, mode } => (CommandId::of_seed(*revision, &group, *mode), None),
            What::Set { .. } | What::Rollback { .. } | What::BreakGlassMerge { .. } => {
                let id = uuid::Uuid::from_u128(id).to_string();
                (id.try_into().unwrap(), Some(expected))
            }
        };
        Command {
            v: VERSION,
            id,
            at: "2026-11-22T01:46:40Z".to_owned(),
            group,
            what,
            expected,
            who: "anna".to_owned(),
            why: "why not".to_owned(),
            change: None,
            fold: FOLD,
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
