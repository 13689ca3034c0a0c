//! The form of an entry is final: these bytes were written by version 1 and are read for ever.

use proptest::prelude::*;

use super::*;
use crate::mode::Mode;

/// One entry of each kind, as version 1 wrote them.
pub(in crate::control) const WRITTEN: &str = include_str!("v1.jsonl");

#[test]
fn old_entries_are_read_and_written_the_same() {
    let mut kinds = Vec::new();
    for line in WRITTEN.lines() {
        let command = Command::parse(line.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(command.to_bytes()).unwrap(), line);
        kinds.push(match command.what {
            What::Set { .. } => "set",
            What::Rollback { .. } => "rollback",
            What::Seed { .. } => "seed",
            What::BreakGlassMerge { .. } => "break_glass_merge",
            _ => "of a later version",
        });
    }
    assert_eq!(
        kinds,
        ["seed", "set", "set", "rollback", "break_glass_merge"]
    );
}

#[test]
fn the_id_of_a_seed_is_the_same_everywhere() {
    let first = WRITTEN.lines().next().unwrap();
    let command = Command::parse(first.as_bytes()).unwrap();
    assert_eq!(command.id, CommandId::of_seed(1, "lots", Mode::Legacy));
    assert_ne!(command.id, CommandId::of_seed(2, "lots", Mode::Legacy));
    assert_ne!(command.id, CommandId::of_seed(1, "lots", Mode::Shadow));
    assert_ne!(command.id, CommandId::of_seed(1, "lot", Mode::Legacy));
}

#[test]
fn whatever_is_not_in_our_form_is_unreadable() {
    let line = WRITTEN.lines().nth(2).unwrap();
    let why = |text: &str| Command::parse(text.as_bytes()).unwrap_err().to_string();
    let with = |from: &str, to: &str| {
        assert!(line.contains(from));
        why(&line.replace(from, to))
    };
    insta::assert_snapshot!(with(r#""v":1"#, r#""v":3"#), @"the entry has version 3, this Figway reads up to version 2: upgrade it");
    insta::assert_snapshot!(with(r#""v":1"#, r#""v":2"#), @"the entry is no command: its form and its rules are not of one version");
    insta::assert_snapshot!(with(r#""fold":1"#, r#""fold":3"#), @"the entry was written under fold version 3, this Figway folds up to version 2: upgrade it");
    insta::assert_snapshot!(with(r#""fold":1"#, r#""fold":1,"urgent":true"#), @"the entry is no command: unknown field `urgent`, expected one of `v`, `id`, `at`, `group`, `what`, `expected`, `who`, `why`, `change`, `fold`, `seen`, `gateway`, `signature` at line 1 column 194");
    insta::assert_snapshot!(with(r#""kind":"set""#, r#""kind":"freeze""#), @"the entry is no command: unknown variant `freeze`, expected one of `set`, `rollback`, `seed`, `break_glass_merge`, `hold`, `release`, `propose`, `approve`, `reject`, `happened`, `enrol`, `revoke`, `admission` at line 1 column 117");
    insta::assert_snapshot!(with(r#""mode":"modern""#, r#""mode":"modern","percent":10"#), @"the entry is no command: it is not in the form we write");
    insta::assert_snapshot!(with(r#""expected":1,"#, ""), @"the entry is no command: what changes a group by its version names one, and nothing else does");
    insta::assert_snapshot!(with(r#""who":"bea""#, r#""who": "bea""#), @"the entry is no command: it is not in the form we write");
    insta::assert_snapshot!(with("a1b2c3d4e5f7", "A1B2C3D4E5F7"), @"the entry is no command: wanted a lower-case UUID or `seed-` and a hash as the command id at line 1 column 50");
    insta::assert_snapshot!(why("{"), @"the entry is no command: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(why(""), @"the entry is no command: EOF while parsing a value at line 1 column 0");
    insta::assert_snapshot!(why(&" ".repeat(MAX_ENTRY + 1)), @"the entry has 16385 bytes, at most 16384 are allowed");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(command) = Command::parse(&bytes) {
            prop_assert_eq!(command.to_bytes(), bytes);
        }
    }

    #[test]
    fn an_entry_damaged_anywhere_is_refused_or_another_entry(line in 0_usize..5, at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = WRITTEN.lines().nth(line).unwrap().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(command) = Command::parse(&bytes) {
            prop_assert_eq!(command.to_bytes(), bytes);
        }
    }
}
