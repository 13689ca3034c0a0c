//! Faults that were found: records that did not come back, each named after what went wrong.

use parsers::json::{Invalid, JsonOptions};
use parsers::{Layout, LayoutOptions};

use crate::{hex, layout_with, try_layout_with};

const KEEP: JsonOptions = JsonOptions {
    invalid: Invalid::Keep,
    residue: parsers::json::ShowResidue::Raw,
};

/// The JSON of a record, which gives the record back.
fn comes_back(layout: &Layout, record: &[u8]) -> String {
    let mut json = Vec::new();
    layout.write_json_with(record, &KEEP, &mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    let again = layout.read_json(json.as_bytes());
    assert_eq!(again.as_deref(), Ok(record), "{json}");
    json
}

fn options(words: &str) -> LayoutOptions {
    let mut options = LayoutOptions::default();
    options.set_all(words).unwrap();
    options
}

#[test]
fn a_column_that_a_policy_reads_as_null_keeps_its_null_byte() {
    let load = "LOAD DATA INTO TABLE P.A (C POSITION(1:4) DECIMAL NULLIF(5)='?')";
    let layout = try_layout_with(load, None, &options("invalid_numbers = null")).unwrap();
    for row in [
        "0000000000",
        "000000006F",
        "00000000FF",
        "0000000C6F",
        "00000000",
    ] {
        comes_back(&layout, &hex(row));
    }
}

#[test]
fn a_null_byte_of_two_columns_is_kept_once() {
    let load = "LOAD DATA INTO TABLE P.A (C POSITION(1:2) DECIMAL NULLIF(5)='?', \
        D POSITION(3:4) DECIMAL NULLIF(5)='?')";
    let layout = try_layout_with(load, None, &LayoutOptions::default()).unwrap();
    let json = comes_back(&layout, &[0x00; 5]);
    assert_eq!(json.matches("FILLER-1").count(), 1, "{json}");
}

#[test]
fn a_null_byte_with_two_meanings_is_that_of_both_columns() {
    let load = "LOAD DATA INTO TABLE P.A (C POSITION(2:3) CHAR(2) NULLIF(1)='?', \
        D POSITION(4:4) CHAR(1) NULLIF(1)=X'FF')";
    let layout = try_layout_with(load, None, &LayoutOptions::default()).unwrap();
    for row in ["00C1C2C3", "6FC1C2C3", "FF0000C3", "6F000000", "77C1C2C3"] {
        comes_back(&layout, &hex(row));
    }
    for (json, row) in [
        (r#"{"C":null,"D":"X"}"#, "6F0000E7"),
        (r#"{"C":"AB","D":null}"#, "FFC1C200"),
        (r#"{"C":"AB"}"#, "00C1C200"),
        (r#"{"D":null}"#, "FF000000"),
    ] {
        let got = layout.read_json(json.as_bytes()).unwrap();
        assert_eq!(got, hex(row), "{json}");
    }
    let both = layout.read_json(br#"{"C":null,"D":null}"#);
    insta::assert_snapshot!(both.unwrap_err(), @r"
field D: null, and FILLER-1 says of another column as well that it has a value or is another null
");
    let load = load.replace("X'FF'", "'?'");
    let layout = try_layout_with(&load, None, &LayoutOptions::default()).unwrap();
    let one = layout.read_json(br#"{"C":null,"D":"X"}"#);
    insta::assert_snapshot!(one.unwrap_err(), @r"
field D: a value, and FILLER-1 says of another column as well that it is null
");
}

#[test]
fn rows_of_two_tables_do_not_make_one_record() {
    let load = "LOAD DATA INTO TABLE P.A (C POSITION(1:3) CHAR(3)) \
        INTO TABLE P.B (D POSITION(2:4) CHAR(3) NULLIF(5)='?')";
    let faults = try_layout_with(load, None, &options("records = sequence")).unwrap_err();
    insta::assert_snapshot!(faults[0], @r"
rows of the tables of a LOAD statement never stand one after the other in one record
");
    assert!(try_layout_with(load, None, &options("record = A B")).is_err());
    assert!(try_layout_with(load, None, &options("record = B")).is_ok());
}

#[test]
fn a_table_that_a_longer_view_redefines_keeps_the_bytes_behind_it() {
    let text = "01 R.\n05 C PIC S9 COMP-3.\n05 T OCCURS 0 TO 3 DEPENDING ON C PIC X.\n\
        05 B REDEFINES T PIC 9(3) COMP-6.";
    let layout = layout_with(text, "", &LayoutOptions::default());
    for record in ["0AF0E3C1", "0C", "1CC1", "3CC1C2C3", "0C1234", "0FE3"] {
        comes_back(&layout, &hex(record));
    }
    // A view without a name leaves the record its length.
    let text = "01 R.\n05 C PIC 9.\n05 G.\n10 T OCCURS 0 TO 3 DEPENDING ON C PIC X.\n\
        10 V REDEFINES T PIC 9(2).\n10 Z PIC 9.\n05 FILLER REDEFINES G PIC 9(2).";
    let layout = layout_with(text, "", &LayoutOptions::default());
    for record in ["F0F1F2F3F4", "F0404040F4", "F1C1404040F4", "F0F1F2"] {
        comes_back(&layout, &hex(record));
    }
}

#[test]
fn a_counter_that_a_policy_reads_as_null_keeps_its_bytes() {
    let text = "01 R.\n05 C PIC 9(2).\n05 T OCCURS 0 TO 3 DEPENDING ON C PIC X.";
    let words = "signs = preferred; invalid_numbers = null";
    let layout = layout_with(text, "", &options(words));
    for record in ["F0C1C1", "F0D1C1", "F0F1C1", "C1F1"] {
        comes_back(&layout, &hex(record));
    }
}

#[test]
fn a_hidden_table_whose_count_is_unreadable_keeps_its_length() {
    let text = "01 R.\n05 C PIC 9.\n05 FILLER OCCURS 1 TO 3 DEPENDING ON C PIC X.";
    for words in [
        "invalid_counts = most; number_spaces = null",
        "number_spaces = null",
        "invalid_counts = most",
        "",
    ] {
        let layout = layout_with(text, "", &options(words));
        for record in [
            "40C1C2C3", "40C1", "40", "F2C1C2", "F9C1C2C3", "40404040", "00",
        ] {
            comes_back(&layout, &hex(record));
        }
    }
}

#[test]
fn what_was_kept_whole_is_not_edited() {
    let text = "01 R.\n05 A PIC U(2).\n05 B REDEFINES A PIC 9(3).\n05 Z PIC X.";
    let null = "[fields]\nB = { null = \"high-values\" }";
    let layout = layout_with(text, null, &LayoutOptions::default());
    let json = comes_back(&layout, &hex("FFFFFFC1C2C3C4C5C6"));
    let whole = r#"{"B":null,"Z":"F","_raw":{"@record":"FFFFFFC1C2C3C4C5C6"}}"#;
    assert_eq!(json, whole);
    let edited = json.replace("null", "1");
    insta::assert_snapshot!(layout.read_json(edited.as_bytes()).unwrap_err(), @r"
field _raw: the record was kept whole (`@record`), as its values alone do not give it back, and these are not its values: leave `_raw` out to write them as a record of their own
");
    let alone = layout.read_json(br#"{"B":1,"Z":"F"}"#).unwrap();
    assert_eq!(alone, hex("F0F0F14040404040C6"));
}

#[test]
fn a_view_that_a_field_behind_its_group_chooses_is_written() {
    let text = "01 R.\n05 G OCCURS 2.\n10 A PIC X(3).\n10 B REDEFINES A PIC 9(3).\n05 H.\n\
        10 C PIC X(2).\n10 D REDEFINES C PIC 9(2).\n05 K PIC X.";
    let rules = "[redefines.A]\nA = { K = \"A\" }\nB = { K = \"B\" }\n\
        [redefines.C]\nD = { K = \"B\" }\nelse = \"C\"";
    let layout = layout_with(text, rules, &LayoutOptions::default());
    for record in [
        "F0F0F1F0F0F2F0F1C2",
        "F0F0F1F0F0F2F0F1C1",
        "F0F0F1F0F0F2F0F1C3",
        "C1F0F1F0F0F2F0F1C2",
    ] {
        comes_back(&layout, &hex(record));
    }
    let both = layout.read_json(br#"{"G":[{"B":1},{"B":2}],"H":{"D":7},"K":"B"}"#);
    assert_eq!(both.unwrap(), hex("F0F0F1F0F0F2F0F7C2"));
    let wrong = layout.read_json(br#"{"G":[{"B":1},{"A":"X"}],"H":{"D":7},"K":"B"}"#);
    insta::assert_snapshot!(wrong.unwrap_err(), @r"
field G(2).A: a value for a view that does not hold: K = X'C2' chooses B
");
}
