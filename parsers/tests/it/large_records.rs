//! Records of very many occurrences: those that nothing is given for cost no more than their bytes, and a record that is
//! too long is refused before it is made. Each of these took half a minute while it was made field by field.

use crate::{ebcdic, layout};

#[test]
fn occurrences_that_nothing_is_given_for_are_made_in_time() {
    let layout = layout(
        "01 R.\n05 T OCCURS 9999999 PIC X.\n05 E PIC X VALUE '.'.",
        "",
    );
    let record = layout.read_json(br#"{"T":["a"]}"#).unwrap();
    assert_eq!(record.len(), 10_000_000);
    assert_eq!(record[0], ebcdic("a")[0]);
    assert_eq!(record[1..9_999_999], [0x40; 9_999_998]);
    assert_eq!(record[9_999_999], ebcdic(".")[0]);
}

#[test]
fn occurrences_made_at_once_are_as_if_made_one_by_one() {
    let lines = "01 R.
        05 N PIC 9(4) COMP.
        05 T OCCURS 0 TO 9 DEPENDING ON N.
          10 A PIC X(2) VALUE 'XY'.
          10 U OCCURS 3.
            15 B PIC S9(3) COMP-3 VALUE 7.
            15 C PIC X.
            15 D REDEFINES C PIC 9.
          10 FILLER PIC X VALUE '-'.
        05 E PIC 9 VALUE 5.";
    let layout = layout(lines, "");
    let given = r#"{"A":"XY","U":[{"B":7,"C":" "},{"B":7,"C":" "},{"B":7,"C":" "}]}"#;
    for count in 0..9_usize {
        let short = format!(r#"{{"N":{count}}}"#);
        let long = format!(r#"{{"N":{count},"T":[{}]}}"#, vec![given; count].join(","));
        assert_eq!(
            layout.read_json(long.as_bytes()).unwrap().len(),
            count * 12 + 3
        );
        // A list may not be shorter than its counter says; without one, all are made.
        assert_eq!(
            layout.read_json(short.as_bytes()).unwrap(),
            layout.read_json(long.as_bytes()).unwrap(),
            "{count}"
        );
    }
}

#[test]
fn a_record_longer_than_wanted_is_refused_before_it_is_made() {
    let counted = "01 R.
        05 N PIC 9(9) COMP.
        05 T OCCURS 0 TO 99999999 DEPENDING ON N.
          10 M PIC 9(9) COMP.";
    let refused = |lines: &str, json: &str| {
        let layout = layout(lines, "");
        let error = layout.read_json_within(json.as_bytes(), 16 << 20);
        error.unwrap_err().to_string()
    };
    assert_eq!(
        refused(counted, r#"{"N":99999999}"#),
        "field T: a record of at least 400000000 bytes: wanted at most 16777216"
    );
    assert_eq!(
        refused("01 R.\n05 T OCCURS 99999999 PIC X.", r#"{"T":["a"]}"#),
        "field T: a record of at least 99999999 bytes: wanted at most 16777216"
    );
}
