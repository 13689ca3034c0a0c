//! Entries of `_raw` that are not of the layout.

use parsers::LayoutOptions;
use parsers::json::{Invalid, JsonOptions};

use crate::{faults, fixed, layout, try_layout_with};

#[test]
fn raw_entries_that_name_nothing_or_do_not_fit_are_refused() {
    let layout = layout(
        "01 R.
           05 AMT PIC S9(3) COMP-3.
           05 T OCCURS 2.
             10 B PIC X.",
        "",
    );
    let refused = |raw: &str| {
        let json = format!(r#"{{"AMT":1,"_raw":{raw}}}"#);
        layout.read_json(json.as_bytes()).unwrap_err().to_string()
    };
    for (raw, path) in [
        (r#"{"NOPE":"C1"}"#, "NOPE"),
        (r#"{"T.B(9)":"C1"}"#, "T.B(9)"),
        (r#"{"T(9).B":"C1"}"#, "T(9).B"),
        (r#"{"AMT":"FF"}"#, "AMT"),
        (r#"{"AMT":"FFFFFF"}"#, "AMT"),
        (r#"{"@99999999":"FF"}"#, "@99999999"),
    ] {
        let message = refused(raw);
        assert!(
            message.contains("_raw") && message.contains(path),
            "{message}"
        );
    }
    // Residue of an edited value gives way, and that of a cut record may be short.
    let edited = br#"{"AMT":1,"_raw":{"AMT":"002F"}}"#;
    assert_eq!(layout.read_json(edited).unwrap()[..2], [0x00, 0x1C]);
    assert!(
        layout
            .read_json(br#"{"AMT":null,"_raw":{"AMT":"FF","@length":"00000001"}}"#)
            .is_ok()
    );
}

#[test]
fn a_field_whose_name_begins_with_at_keeps_bytes_that_do_not_decode() {
    let layout = layout("01 R.\n05 @G$ON0B PIC S9(5)V99 COMP-3.", "");
    let keep = JsonOptions {
        invalid: Invalid::Keep,
        ..JsonOptions::default()
    };
    let record = [0xF1; 4];
    let mut json = Vec::new();
    layout.write_json_with(&record, &keep, &mut json).unwrap();
    let text = String::from_utf8(json).unwrap();
    assert!(text.contains(r#""_raw":{"@G$ON0B":"F1F1F1F1"}"#), "{text}");
    assert_eq!(layout.read_json(text.as_bytes()).unwrap(), record);
}

#[test]
fn a_name_that_residue_takes_for_a_place_is_refused() {
    let of = |name: &str| {
        let column = format!("LOAD DATA INTO TABLE T (\"{name}\" POSITION(1:2) CHAR(2))");
        faults(&column, None)
    };
    insta::assert_snapshot!(of("@12"), @r#"
test.cpy:1:25: @12 is how `_raw` names a place in the record: a field cannot have this name
  |LOAD DATA INTO TABLE T ("@12" POSITION(1:2) CHAR(2))
  |                        ^^^^^
"#);
    assert_eq!(of("@length"), "no fault"); // In capitals, as every name is.
    assert_eq!(of("@12A"), "no fault");
    assert_eq!(of("@LENGTH"), "no fault");
}

#[test]
fn tables_of_one_name_keep_their_bytes_apart() {
    let layout = layout(
        "01 R.
           05 T OCCURS 2 PIC S9(3) COMP-3.
           05 T OCCURS 2 PIC S9(3) COMP-3.",
        "",
    );
    let keep = JsonOptions {
        invalid: Invalid::Keep,
        ..JsonOptions::default()
    };
    let record = [0xF1; 8];
    let mut json = Vec::new();
    layout.write_json_with(&record, &keep, &mut json).unwrap();
    let text = String::from_utf8(json).unwrap();
    let kept = r#""_raw":{"T(1)":"F1F1","T(2)":"F1F1","T-2(1)":"F1F1","T-2(2)":"F1F1"}"#;
    assert!(text.contains(kept), "{text}");
    assert_eq!(layout.read_json(text.as_bytes()).unwrap(), record);
}

#[test]
fn members_of_groups_of_one_name_keep_their_bytes_apart() {
    let text = "01 R.
           05 A.
             10 X PIC 9(2).
           05 A.
             10 X PIC 9(2).
             10 FILLER PIC X.";
    let layout = layout(text, "key = [\"A-2.X\"]");
    for record in [
        [0xF0, 0xF1, 0x40, 0xF1, 0x40],
        [0x40, 0xF1, 0x40, 0xF3, 0xC1],
        [0x40, 0xF1, 0xF0, 0xF3, 0xC1],
    ] {
        let keep = JsonOptions {
            invalid: Invalid::Keep,
            ..JsonOptions::default()
        };
        let mut json = Vec::new();
        layout.write_json_with(&record, &keep, &mut json).unwrap();
        let text = String::from_utf8(json).unwrap();
        assert_eq!(layout.read_json(text.as_bytes()).unwrap(), record, "{text}");
    }
    let mut key = Vec::new();
    let record = [0xF0, 0xF1, 0xF0, 0xF7, 0x40];
    layout.write_key(&record, &mut key).unwrap();
    assert_eq!(key, [0xF0, 0xF7]);
}

#[test]
fn bytes_behind_a_view_that_a_policy_reads_as_null_stay() {
    let text = fixed(
        "01 R.
           05 A PIC S9(3) COMP-3.
           05 B REDEFINES A PIC S9(3) SIGN LEADING.
           05 Z PIC X.",
    );
    for (words, record) in [
        ("invalid_numbers=null", [0xF0, 0x2D, 0x1C, 0xF0]),
        ("number_spaces=null", [0x40, 0x40, 0x00, 0xC1]),
    ] {
        let mut options = LayoutOptions::default();
        options.set_all(words).unwrap();
        let layout = try_layout_with(&text, None, &options).unwrap();
        let mut json = Vec::new();
        layout.write_json(&record, &mut json).unwrap();
        let text = String::from_utf8(json).unwrap();
        assert_eq!(layout.read_json(text.as_bytes()).unwrap(), record, "{text}");
    }
}

#[test]
fn a_counter_that_is_null_or_in_another_view_keeps_its_bytes() {
    let null = "[fields]\nC = { null = \"zeros\" }";
    let view = "01 R.\n05 A.\n10 C PIC 9(2).\n10 D PIC 9.\n05 B REDEFINES A PIC X(3).\n05 T OCCURS 0 TO 3 DEPENDING ON C PIC X.";
    for (text, meaning, record) in [
        (
            "01 R.\n05 C PIC S9(3) COMP-3.\n05 T OCCURS 0 TO 3 DEPENDING ON C PIC X.",
            null,
            "000F",
        ),
        (
            "01 R.\n05 C PIC 9.\n05 T OCCURS 0 TO 3 DEPENDING ON C PIC X.\n05 Z PIC X.",
            null,
            "C0C7",
        ),
        (view, "", "40F25CC1C2"),
        (view, "", "F0C25CC1C2"),
    ] {
        let layout = layout(text, meaning);
        let record = crate::hex(record);
        let mut json = Vec::new();
        layout.write_json(&record, &mut json).unwrap();
        let shown = String::from_utf8(json).unwrap();
        assert_eq!(
            layout.read_json(shown.as_bytes()).unwrap(),
            record,
            "{shown}"
        );
    }
}
