use std::sync::Arc;

use parsers::{CodePage, Copybook, CopybookText, LayoutOptions, Meaning};

use super::*;

const COPYBOOK: &str = "       01  LOT.
           05  LOT-ID       PIC X(4).
           05  LAST-TEXT    PIC X(40).
           05  LAST-DIGITS  PIC X(32).
           05  LAST-BYTES   PIC X(16).
           05  SHORT        PIC X(31).
           05  QTY          PIC S9(5) COMP-3.
           05  NATION       PIC N(16) USAGE NATIONAL.
           05  VIEW-A       PIC X(36).
           05  VIEW-B REDEFINES VIEW-A.
               10  VIEW-REF PIC X(36).
           05  PAST         OCCURS 2.
               10  PAST-REF PIC X(36).
";
const MEANING: &str = "version = 1\n[fields.\"LAST-BYTES\"]\nbinary = true\n";
const FIRST: &str = "0192c5a1-7c11-7d05-8c5d-1234567890ab";
const NAMED: &str = "0192c5a1-7c11-8d05-9c5d-1234567890ab";
/// A clerk's own reference.
const FOREIGN: &str = "CLERK 4711";
/// Of version 4, as a proxy in front may give them.
const GIVEN: &str = "0192c5a1-7c11-4d05-8c5d-1234567890ab";

fn layout() -> Arc<Layout> {
    let file = "LOT.cpy";
    let copybook = Copybook::parse(CopybookText {
        file,
        text: COPYBOOK,
    });
    let meaning = Meaning::parse("LOT.meaning.toml", MEANING).unwrap();
    let options = LayoutOptions {
        code_page: CodePage::from_name("cp037").unwrap(),
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook.unwrap(), Some(&meaning), &options).unwrap()
}

/// A record in which all three fields have this id.
fn record(layout: &Layout, id: &str) -> Vec<u8> {
    let digits = id.trim().replace('-', "");
    let raw = u128::from_str_radix(&digits, 16).map_or([0x40; BYTES], u128::to_be_bytes);
    let json =
        serde_json::json!({"LOT-ID": "L1", "LAST-TEXT": id, "LAST-DIGITS": digits, "QTY": 1});
    let mut record = layout.read_json(json.to_string().as_bytes()).unwrap();
    record[76..92].copy_from_slice(&raw);
    record
}

#[test]
fn a_change_is_the_echo_of_the_write_whose_id_is_new_in_it() {
    let layout = layout();
    let [none, foreign, first, named] = ["", FOREIGN, FIRST, NAMED].map(|id| record(&layout, id));
    for path in ["LAST-TEXT", "lot.last-digits", "LAST-BYTES"] {
        let field = EchoField::new(&layout, path).unwrap();
        let echo = |before: Option<&Vec<u8>>, after: Option<&Vec<u8>>| {
            let (before, after) = (before.map(Vec::as_slice), after.map(Vec::as_slice));
            let id = field.write_behind(&layout, before, after);
            id.map(|id| id.to_string())
        };
        let (is_first, is_named) = (Some(FIRST.to_owned()), Some(NAMED.to_owned()));
        assert_eq!(echo(None, Some(&first)), is_first, "{path}: created");
        assert_eq!(echo(Some(&none), Some(&first)), is_first, "{path}");
        assert_eq!(echo(Some(&first), Some(&named)), is_named, "{path}: again");
        // What legacy did itself: the field stays, is emptied, or has something else in it.
        for (before, after) in [
            (&first, &first),
            (&first, &none),
            (&first, &foreign),
            (&none, &foreign),
            (&none, &none),
        ] {
            assert_eq!(echo(Some(before), Some(after)), None, "{path}");
        }
        assert_eq!(echo(None, Some(&none)), None, "{path}");
        assert_eq!(echo(Some(&first), None), None, "{path}: deleted");
    }
}

#[test]
fn an_id_in_capitals_and_blanks_around_it_is_one() {
    let layout = layout();
    let field = EchoField::new(&layout, "LAST-TEXT").unwrap();
    let capitals = record(&layout, &format!("  {}", FIRST.to_uppercase()));
    let id = field.write_behind(&layout, None, Some(&capitals));
    assert_eq!(id.unwrap().to_string(), FIRST);
}

#[test]
fn a_text_is_an_id_whoever_gave_it_and_bytes_only_with_a_version_of_ours() {
    let layout = layout();
    let given = record(&layout, GIVEN);
    for (path, is_one) in [
        ("LAST-TEXT", true),
        ("LAST-DIGITS", true),
        ("LAST-BYTES", false),
    ] {
        let field = EchoField::new(&layout, path).unwrap();
        let id = field.write_behind(&layout, None, Some(&given));
        assert_eq!(id.is_some(), is_one, "{path}");
    }
    let nil = record(&layout, &Uuid::nil().to_string());
    let field = EchoField::new(&layout, "LAST-TEXT").unwrap();
    assert_eq!(field.write_behind(&layout, None, Some(&nil)), None);
}

#[test]
fn a_field_that_cannot_hold_an_id_is_refused() {
    let layout = layout();
    let fault = |path| EchoField::new(&layout, path).unwrap_err();
    insta::assert_snapshot!(fault("SHORT"), @"`SHORT` cannot hold the id of a write: that is a text of 36 characters, of 32 without hyphens, or 16 bytes");
    insta::assert_snapshot!(fault("QTY"), @"`QTY` cannot hold the id of a write: that is a text of 36 characters, of 32 without hyphens, or 16 bytes");
    insta::assert_snapshot!(fault("NATION"), @"`NATION` cannot hold the id of a write: that is a text of 36 characters, of 32 without hyphens, or 16 bytes");
    insta::assert_snapshot!(fault("VIEW-REF"), @"`VIEW-REF` is in one of several views (REDEFINES) and not in every record");
    insta::assert_snapshot!(fault("PAST-REF"), @"`PAST-REF` is in a table: a record has one last write");
    insta::assert_snapshot!(fault("LAST-TXT"), @"no field `LAST-TXT` in this copybook (is it `LAST-TEXT`?)");
}
