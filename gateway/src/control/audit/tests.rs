//! Whatever is done to a log is found.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::anchor::tests::anchor;
use super::super::command::{CommandId, FOLD, VERSION, What};
use super::super::key::tests::key;
use super::*;
use crate::mode::Mode;

/// A log of two gateways that take turns; each entry's writer has seen the one before it, or, where it was in a hurry, the one before that.
fn log(length: u64, hurry: &[bool]) -> Vec<Vec<u8>> {
    let (mut fold, mut bytes, mut positions) = (Fold::default(), Vec::new(), Vec::new());
    for offset in 0..length {
        let number = u8::try_from(offset % 2 + 1).unwrap();
        let what = match offset {
            0 | 1 => What::Enrol {
                gateway: format!("gw-{number}"),
                key: key(number).public(),
            },
            _ => What::Set {
                to: if offset % 3 == 0 {
                    Mode::Shadow
                } else {
                    Mode::Legacy
                },
                accept_loss: None,
                under: None,
                proposal: None,
            },
        };
        let group = if offset < 2 { "" } else { "lots" };
        let expected = (offset >= 2).then(|| fold.group("lots").map_or(0, |group| group.version));
        let back = if hurry.get(usize::try_from(offset).unwrap()) == Some(&true) {
            2
        } else {
            1
        };
        let seen = positions.len().checked_sub(back).map(|at| positions[at]);
        let command = Command {
            v: VERSION,
            id: CommandId::try_from(uuid::Uuid::from_u128(u128::from(offset)).to_string()).unwrap(),
            at: format!("2026-11-23T14:00:{:02}Z", offset % 60),
            group: group.to_owned(),
            what,
            expected,
            who: "anna".to_owned(),
            why: "the evidence is good".to_owned(),
            change: Some("CHG-1".to_owned()),
            fold: FOLD,
            seen,
            gateway: format!("gw-{number}"),
            signature: None,
        };
        let entry = command.signed(&key(number)).to_bytes();
        let folded = fold.fold(offset, &entry).unwrap();
        assert!(!matches!(folded.verdict, Verdict::Refused(_)), "{folded:?}");
        positions.push(folded.position);
        bytes.push(entry);
    }
    bytes
}

fn audited(log: &[Vec<u8>], anchors: &[Anchor]) -> Found {
    let mut audit = Audit::default();
    for (offset, bytes) in (0..).zip(log) {
        audit.add(offset, bytes);
    }
    audit.found(anchors)
}

fn last(log: &[Vec<u8>]) -> Anchor {
    let position = audited(log, &[]).position.unwrap();
    anchor(1, position)
}

#[test]
fn the_first_entry_that_was_changed_is_named() {
    let whole = log(8, &[]);
    let anchors = [last(&whole)];
    let found = audited(&whole, &anchors);
    assert_eq!(found.broken, None);
    assert_eq!(
        (found.entries, found.vouched, found.anchored),
        (8, 8, Some(7))
    );
    assert_eq!(
        found.outcomes,
        BTreeMap::from([("accepted", 6), ("noted", 2)])
    );

    let mut changed = whole.clone();
    let text = String::from_utf8(changed[4].clone()).unwrap();
    changed[4] = text.replace("anna", "otto").into_bytes();
    let broken = audited(&changed, &[]).broken.unwrap();
    assert_eq!(broken.offset, 4);
    insta::assert_snapshot!(broken.why, @"its signature does not fit it");

    let mut without = whole.clone();
    without.remove(5);
    let broken = audited(&without, &[]).broken.unwrap();
    // Who had seen entry 4 is gone.
    assert_eq!(broken.offset, 4);
    insta::assert_snapshot!(broken.why, @"from here to offset 5 an entry was changed, taken out, put in or moved: the entry at offset 5 had seen another chain");

    let cut = &whole[..6];
    assert_eq!(
        audited(cut, &[]).broken,
        None,
        "nobody has seen what is gone"
    );
    let broken = audited(cut, &anchors).broken.unwrap();
    // Nobody whose word is there has seen entry 5.
    assert_eq!(broken.offset, 5);
    let why = "the log has 6 entries, and the anchor of gw-1 ";
    assert!(broken.why.starts_with(why), "{}", broken.why);
}

#[test]
fn what_strangers_write_breaks_nothing() {
    let mut written = log(4, &[]);
    // A copy of an entry whose signature fits, and one of nobody.
    written.push(written[3].clone());
    let text = String::from_utf8(written[3].clone()).unwrap();
    let of_nobody = text.replace("gw-2", "gw-9");
    assert_ne!(text, of_nobody);
    written.push(of_nobody.into_bytes());
    let found = audited(&written, &[]);
    assert_eq!(found.outcomes.get("duplicate"), Some(&1));
    assert_eq!(found.outcomes.get("key_of_another"), Some(&1));
    assert_eq!(found.broken, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_changed_dropped_or_moved_entry_is_found(
        length in 4_u64..16,
        hurry in proptest::collection::vec(any::<bool>(), 16),
        how in 0_u8..5,
        at in any::<Index>(),
        byte in any::<Index>(),
        to in any::<u8>(),
    ) {
        let whole = log(length, &hurry);
        let anchors = [last(&whole)];
        prop_assert_eq!(audited(&whole, &anchors).broken, None);
        let mut other = whole.clone();
        let at = at.index(other.len());
        let next = (at + 1) % other.len();
        match how {
            0 => {
                let byte = byte.index(other[at].len());
                other[at][byte] = to;
            }
            1 => {
                other.remove(at);
            }
            2 => other.swap(at, next),
            3 => {
                let twice = other[at].clone();
                other.insert(next, twice);
            }
            _ => other.truncate(at),
        }
        if other != whole {
            let broken = audited(&other, &anchors).broken.unwrap();
            let first = (0_u64..).zip(other.iter().zip(&whole)).find(|(_, (is, was))| is != was);
            let first = first.map_or(u64::try_from(other.len().min(whole.len())).unwrap(), |(offset, _)| offset);
            // Named, or among those between what was seen last and first thereafter.
            prop_assert!(broken.offset <= first, "{broken:?}, first {first}");
        }
    }
}
