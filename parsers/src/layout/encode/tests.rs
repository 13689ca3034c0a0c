//! Which texts are read straight to bytes, and that it makes no difference.

use std::sync::Arc;

use super::{direct, encode};
use crate::{Copybook, CopybookText, Layout, LayoutOptions};

fn layout() -> Arc<Layout> {
    let lines = [
        "01  R.",
        "05  ID        PIC X(4).",
        "05  AMOUNT    PIC S9(5)V99 COMP-3.",
        "05  RATE      PIC 9(3)V9(4).",
        "05  PART.",
        "10  DAYS      PIC S9(4) COMP.",
        "10  WIDE      PIC S9(4) COMP-3.",
        "10  SIGNED    PIC S9(3) SIGN LEADING SEPARATE.",
        "05  V1        PIC X(4).",
        "05  V2 REDEFINES V1 PIC 9(4).",
        "05  FIXED     PIC 9(2) OCCURS 3.",
        "05  N         PIC 9.",
        "05  T OCCURS 0 TO 5 DEPENDING ON N.",
        "10  T1        PIC X.",
        "10  T2        PIC S9V9.",
    ];
    let text: String = lines
        .iter()
        .map(|line| format!("       {line}\n"))
        .collect();
    let copybook = Copybook::parse(CopybookText {
        file: "t.cpy",
        text: &text,
    });
    Layout::compile(&copybook.unwrap(), None, &LayoutOptions::default()).unwrap()
}

/// Whether the text was read straight; then it gave the bytes of its values.
fn is_straight(json: &str) -> bool {
    let layout = layout();
    let values = crate::json::read(&layout, json.as_bytes());
    let by_values = values.and_then(|values| encode(&layout, &values, None));
    match direct::read(&layout, json.as_bytes(), None) {
        Ok(record) => {
            assert_eq!(Ok(record), by_values, "{json}");
            true
        }
        Err(direct::Left) => false,
    }
}

#[test]
fn what_is_written_for_a_record_is_read_straight() {
    for json in [
        r#"{"ID":"AB","AMOUNT":-12.50,"RATE":1.0000,"PART":{"DAYS":-7,"WIDE":-1234,"SIGNED":5},"V1":"0012","V2":12,"FIXED":[1,2,3],"N":2,"T":[{"T1":"a","T2":-0.1},{"T1":"b","T2":9.9}]}"#,
        // Missing, null, fewer; numbers as text; characters that are no ASCII.
        "{}",
        r#"{"AMOUNT":"12.5","RATE":"007","V2":"12"}"#,
        r#"{"ID":"ä\u00e4","PART":null,"FIXED":[1]}"#,
        r#"{"T":[{"T1":"a"},null]}"#,
        // In another order, with blanks, with another way to write a name.
        r#"{"T":[{"T2":1,"T1":"a"}],"N":1,"V2":12,"PART":{"SIGNED":-5,"DAYS":1},"ID":"X"}"#,
        " { \"ID\" : \"A\" ,\n \"RATE\":\t2 , \"PART\" : { } , \"FIXED\" : [ 1 , 2 ] } ",
        r#"{"\u0049D":"A","N":0,"T":[]}"#,
    ] {
        assert!(is_straight(json), "{json}");
    }
}

#[test]
fn what_is_wrong_or_beside_the_values_is_left_to_them() {
    for json in [
        r#"{"ID":"A","_raw":{}}"#,
        r#"{"ID":"A","_errors":{}}"#,
        r#"{"ID":"ABCDE"}"#,
        r#"{"ID":"A","ID":"A"}"#,
        r#"{"ID":"A","Q":1}"#,
        r#"{"AMOUNT":1.555}"#,
        r#"{"AMOUNT":123456}"#,
        r#"{"RATE":-1}"#,
        r#"{"RATE":01}"#,
        r#"{"RATE":1"#,
        r#"{"FIXED":[1,2,3,4]}"#,
        r#"{"N":2,"T":[{}]}"#,
        r#"{"V1":"A","V2":"x"}"#,
        r#"{"ID":"A"} x"#,
        "[]",
        "",
    ] {
        assert!(!is_straight(json), "{json}");
    }
}
