//! Meaning files: views that are no record types, errors in answers, and rules that change from a day on.

use super::{ebcdic, faults, fixed, layout};

const PARTY: &str = "01 R.
    05 RC         PIC 99.
    05 KIND       PIC X.
       88 IS-HUMAN VALUE 'P'.
    05 PARTY      PIC X(6).
    05 PERSON REDEFINES PARTY.
       10 GIVEN   PIC X(3).
       10 BORN    PIC 9(3).
    05 FIRM REDEFINES PARTY.
       10 REG     PIC 9(6).
    05 TAIL       PIC X(2).
    05 TAIL-N REDEFINES TAIL PIC 99.";

#[test]
fn a_redefines_is_chosen_without_a_record_type() {
    let layout = layout(
        PARTY,
        r#"
[redefines.PARTY]
PERSON = "IS-HUMAN"
FIRM = { KIND = ["F", "G"] }
else = "PARTY"
[redefines.TAIL-N]
TAIL-N = { RC = 0 }
else = "TAIL"
"#,
    );
    let json = |text: &str| {
        let mut out = Vec::new();
        layout.write_json(&ebcdic(text), &mut out).unwrap();
        assert_eq!(layout.read_json(&out).unwrap(), ebcdic(text));
        String::from_utf8(out).unwrap()
    };
    insta::assert_snapshot!([json("00PANN07012"), json("08F123456NO"), json("00?123456 1")].join("\n"), @r#"
    {"RC":0,"KIND":"P","PERSON":{"GIVEN":"ANN","BORN":70},"TAIL-N":12}
    {"RC":8,"KIND":"F","FIRM":{"REG":123456},"TAIL":"NO"}
    {"RC":0,"KIND":"?","PARTY":"123456","TAIL-N":1,"_raw":{"TAIL-N":"40F1"}}
    "#);
    assert_eq!(layout.record_type(&ebcdic("00PANN07012")), None);
    let error = layout
        .write_json(&ebcdic("00PANNX7012"), &mut Vec::new())
        .unwrap_err();
    assert_eq!(error.path(), "PERSON.BORN");
}

#[test]
fn records_that_say_something_went_wrong() {
    let by_code = layout(PARTY, "[error]\nfield = \"RC\"\nok = [0, 4]\n");
    let by_rule = layout(
        PARTY,
        "[error]\nfield = \"RC\"\nwhen = { KIND = \"?\", RC = [8, 12] }\n",
    );
    for (record, code, rule) in [
        ("00PANN07012", false, false),
        ("04?ANN07012", false, false),
        ("08?ANN07012", true, true),
        ("08PANN07012", true, false),
        ("  PANN07012", true, false),
    ] {
        assert_eq!(by_code.is_error(&ebcdic(record)), Some(code), "{record}");
        assert_eq!(by_rule.is_error(&ebcdic(record)), Some(rule), "{record}");
    }
    assert_eq!(by_code.error_field().unwrap().as_str(), "RC");
    assert_eq!(layout(PARTY, "").is_error(&ebcdic("08PANN07012")), None);
}

#[test]
fn rules_change_from_a_day_on() {
    const CHANGED: &str = r#"version = 1
revision = 7
effective = { from = 2024-01-01, to = 2027-12-31 }
key = "KIND"
[fields]
RC = { name = "code" }
KIND = { name = "kind" }
[[change]]
from = 2026-01-01
fields.RC = { name = "returnCode" }
[[change]]
from = 2027-01-01
key = ["KIND", "RC"]
fields.TAIL = { description = "Free since 2027" }
"#;
    let copybook = parsers::Copybook::parse(parsers::CopybookText {
        file: "test.cpy",
        text: &fixed(PARTY),
    })
    .unwrap();
    let meaning = parsers::Meaning::parse("test.meaning.toml", CHANGED).unwrap();
    assert_eq!(meaning.revision(), Some(7));
    let days: Vec<String> = meaning.changes().map(|day| day.to_string()).collect();
    assert_eq!(days, ["2026-01-01", "2027-01-01"]);
    let on = |day: Option<&str>| {
        let options = parsers::LayoutOptions {
            day: day.map(|day| day.parse().unwrap()),
            ..parsers::LayoutOptions::default()
        };
        match parsers::Layout::compile(&copybook, Some(&meaning), &options) {
            Ok(layout) => {
                let labels: Vec<&str> = layout.fields().map(|field| field.label()).collect();
                format!("{} {} {}", labels[1], labels[2], layout.key().len())
            }
            Err(faults) => faults[0].to_string(),
        }
    };
    assert_eq!(on(Some("2024-01-01")), "code kind 1");
    assert_eq!(on(Some("2025-12-31")), "code kind 1");
    assert_eq!(on(Some("2026-01-01")), "returnCode kind 1");
    assert_eq!(on(Some("2027-12-31")), "returnCode kind 2");
    assert_eq!(on(None), "returnCode kind 2");
    assert_eq!(
        on(Some("2023-12-31")),
        "this meaning holds from 2024-01-01, not on 2023-12-31"
    );
    assert_eq!(
        on(Some("2028-01-01")),
        "this meaning holds until 2027-12-31, not on 2028-01-01"
    );
}

#[test]
fn faults_of_rules_for_views_errors_and_days() {
    let wrong = r#"
effective = { from = 2026-02-01, to = 2026-01-01, until = 3 }
change = 5
[error]
field = "RC"
[redefines.PARTY]
PERSON = 5
"#;
    let order = r#"
[[change]]
key = "RC"
[[change]]
from = 2026-02-20
[[change]]
from = 2026-02-01
revision = 2
[[change]]
from = 2026-01-01
"#;
    let against = r#"
[error]
field = "NO-SUCH"
ok = "00"
[redefines.RC]
PERSON = "IS-HUMAN"
[redefines.PARTY]
TAIL-N = "IS-HUMAN"
NOBODY = "IS-HUMAN"
"#;
    let shown = [wrong, order, against]
        .map(|text| faults(&fixed(PARTY), Some(&format!("version = 1\n{text}"))))
        .join("--\n");
    insta::assert_snapshot!(shown, @r#"
test.meaning.toml:3:13: 2026-02-01 is after 2026-01-01
  |effective = { from = 2026-02-01, to = 2026-01-01, until = 3 }
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
test.meaning.toml:3:51: unknown key `until`: wanted from, to
  |effective = { from = 2026-02-01, to = 2026-01-01, until = 3 }
  |                                                  ^^^^^
test.meaning.toml:4:10: wanted a list: write `[[change]]`, got a number
  |change = 5
  |         ^
test.meaning.toml:5:2: wanted `field` with `ok` (the values that are no error), or `when`
  |[error]
  | ^^^^^
test.meaning.toml:8:10: wanted a table, got a number
  |PERSON = 5
  |         ^
test.meaning.toml:8:10: wanted `{ FIELD = value }` or the name of a level 88
  |PERSON = 5
  |         ^
--
test.meaning.toml:3:1: wanted `from`: the day from which this holds
  |[[change]]
  |^^^^^^^^^^
test.meaning.toml:7:1: 2026-02-01: changes stand in the order of their days
  |[[change]]
  |^^^^^^^^^^
test.meaning.toml:9:1: unknown key `revision`: wanted from, record, key, record_length, record_types, redefines, fields, header, trailer, error
  |revision = 2
  |^^^^^^^^
test.meaning.toml:10:1: 2026-01-01: changes stand in the order of their days
  |[[change]]
  |^^^^^^^^^^
--
test.meaning.toml:4:9: no field `NO-SUCH` in this copybook
  |field = "NO-SUCH"
  |        ^^^^^^^^^
test.meaning.toml:6:12: RC neither redefines a field nor is redefined: there is nothing to choose
  |[redefines.RC]
  |           ^^
test.meaning.toml:9:1: TAIL-N is no view of PARTY
  |TAIL-N = "IS-HUMAN"
  |^^^^^^
test.meaning.toml:10:1: no field `NOBODY` in this copybook
  |NOBODY = "IS-HUMAN"
  |^^^^^^
"#);
}

/// Each of the types names a view of one place, and says nothing of the other.
const TWO_PLACES: &str = "01 R.
    05 KIND       PIC X.
    05 FLAG       PIC X.
    05 A          PIC X(3).
    05 A-N REDEFINES A PIC 9(3).
    05 B          PIC X(3).
    05 B-N REDEFINES B PIC 9(3).";
const ONE_EACH: &str = r#"
[record_types.of-a]
when = { KIND = "K" }
view = "A-N"
[record_types.of-b]
when = { FLAG = "F" }
view = "B-N"
"#;

fn two_places(text: &str) -> String {
    let layout = layout(TWO_PLACES, ONE_EACH);
    let mut out = Vec::new();
    layout.write_json(&ebcdic(text), &mut out).unwrap();
    assert_eq!(layout.read_json(&out).unwrap(), ebcdic(text));
    String::from_utf8(out).unwrap()
}

#[test]
fn a_type_that_names_no_view_of_a_place_leaves_the_first_one() {
    assert_eq!(
        two_places("K-123456"),
        r#"{"KIND":"K","FLAG":"-","A-N":123,"B":"456"}"#
    );
    assert_eq!(
        two_places("-F123456"),
        r#"{"KIND":"-","FLAG":"F","A":"123","B-N":456}"#
    );
}

#[test]
fn of_types_that_hold_the_one_that_names_a_view_goes_first() {
    assert_eq!(
        two_places("KF123456"),
        r#"{"KIND":"K","FLAG":"F","A-N":123,"B-N":456}"#
    );
}
