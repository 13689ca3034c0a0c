use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions, Meaning};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::{Answer, Differences, Rules, Verdict, compare};
use crate::route::Side;
use crate::route::shape::Shape;

/// A reply like the demo's: a value in packed digits, a table, views, personal data, fillers.
const COPYBOOK: &str = "
       01  LOT-REPLY.
           05  RETURN-CODE       PIC 9(2).
           05  MESSAGE-TEXT      PIC X(20).
           05  LOT-NUMBER        PIC X(12).
           05  LOT-STATE         PIC X.
           05  FILLER            PIC X(8).
           05  LOT-VALUE         PIC S9(13)V9(2) COMP-3.
           05  LOT-QP            PIC X(6).
           05  LOT-KIND          PIC X.
           05  AREA-A            PIC X(4).
           05  AREA-B REDEFINES AREA-A.
               10  B-NUMBER      PIC S9(5) COMP-3.
               10  FILLER        PIC X.
           05  RESULT-COUNT      PIC 9(2).
           05  RESULT OCCURS 0 TO 5 TIMES DEPENDING ON RESULT-COUNT.
               10  RES-NAME      PIC X(3).
               10  RES-PAIR      OCCURS 2.
                   15  RES-LOW   PIC S9(3) COMP-3.
                   15  FILLER    PIC X.
";

const MEANING: &str = "\
version = 1
[record_types.a]
when = { LOT-KIND = \"A\" }
view = \"AREA-A\"
[record_types.b]
when = { LOT-KIND = \"B\" }
view = \"AREA-B\"
[fields]
LOT-QP = { pii = \"name\" }
";

fn layout() -> Arc<Layout> {
    let copybook = Copybook::parse(CopybookText {
        file: "reply.cpy",
        text: COPYBOOK,
    })
    .unwrap();
    let meaning = Meaning::parse("reply.meaning.toml", MEANING).unwrap();
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook, Some(&meaning), &options).unwrap()
}

fn record(value: &str, results: &str) -> Vec<u8> {
    let json = format!(
        r#"{{"RETURN-CODE":0,"MESSAGE-TEXT":"LOT FOUND","LOT-NUMBER":"B2201-0007","LOT-STATE":"R",
            "LOT-VALUE":{value},"LOT-QP":"MEIER","LOT-KIND":"B","AREA-B":{{"B-NUMBER":-7}},"RESULT":{results}}}"#
    );
    layout().read_json(json.as_bytes()).unwrap()
}

fn answer(side: Side, body: impl Into<Bytes>) -> Answer {
    Answer {
        side,
        status: StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: body.into(),
    }
}

fn rules(ignore: &[&str], shape: &Shape) -> Rules {
    let ignore: Vec<String> = ignore.iter().map(|&text| text.to_owned()).collect();
    Rules::new(&ignore, shape, &[&layout()]).unwrap()
}

fn pair(
    ignore: &[&str],
    shape: &Shape,
    legacy: impl Into<Bytes>,
    modern: impl Into<Bytes>,
) -> Verdict {
    compare(
        &rules(ignore, shape),
        shape,
        &answer(Side::Legacy, legacy),
        &answer(Side::Modern, modern),
    )
}

/// One line for each difference.
fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Different(Differences { fields, more }) => {
            let mut lines: Vec<String> = fields.iter().map(ToString::to_string).collect();
            if *more > 0 {
                lines.push(format!("and {more} more"));
            }
            lines.join("\n")
        }
        Verdict::NotComparable(reason) => format!("not comparable: {reason}"),
        other => other.as_str().to_owned(),
    }
}

fn check_record(ignore: &[&str], change: impl FnOnce(&mut Vec<u8>)) -> String {
    let shape = Shape::Record(layout());
    let legacy = record("1234.57", RESULTS);
    let mut modern = legacy.clone();
    change(&mut modern);
    told(&pair(ignore, &shape, legacy, modern))
}

fn check_json(ignore: &[&str], legacy: &'static str, modern: &'static str) -> String {
    told(&pair(ignore, &Shape::Json, legacy, modern))
}

const RESULTS: &str = r#"[
    {"RES-NAME":"ASH","RES-PAIR":[{"RES-LOW":1},{"RES-LOW":2}]},
    {"RES-NAME":"PH ","RES-PAIR":[{"RES-LOW":3},{"RES-LOW":4}]}
]"#;

#[test]
fn a_rounding_difference_reads_as_a_person_wants_it() {
    let shape = Shape::Record(layout());
    let verdict = pair(
        &[],
        &shape,
        record("1234.57", "[]"),
        record("1234.56", "[]"),
    );
    insta::assert_snapshot!(told(&verdict), @"field LOT-VALUE at offset 43 (8 bytes): legacy 1234.57 (x'000000000123457C') modern 1234.56 (x'000000000123456C')");
}

#[test]
fn a_field_in_a_table_is_named_with_its_subscripts() {
    let found = check_record(&[], |record| record[80] = 0x9C);
    insta::assert_snapshot!(found, @r#"field RESULT(2).RES-PAIR(2).RES-LOW at offset 79 (2 bytes): legacy 4 (x'004C') modern 9 (x'009C')"#);
}

#[test]
fn bytes_of_no_field_and_odd_signs_are_told_as_such() {
    // A FILLER of the record, one in a table, a sign nibble F, and two bytes beyond the layout.
    let found = check_record(&[], |record| {
        record[36] = 0;
        record[50] = 0x7F;
        record[81] = 0;
        record.extend_from_slice(&[1, 2]);
    });
    insta::assert_snapshot!(found, @r#"
    field FILLER-1 at offset 35 (8 bytes), in bytes only: legacy x'4040404040404040' modern x'4000404040404040'
    field LOT-VALUE at offset 43 (8 bytes), in bytes only: legacy 1234.57 (x'000000000123457C') modern 1234.57 (x'000000000123457F')
    field RESULT(2).RES-PAIR(2).FILLER-3 at offset 81 (1 byte), in bytes only: legacy x'40' modern x'00'
    bytes of no field at offset 82 (2 bytes): legacy (absent) modern x'0102'
    "#);
    let found = check_record(&["filler", "LOT-VALUE"], |record| {
        record[36] = 0;
        record[50] = 0x7F;
        record[81] = 0;
        record.extend_from_slice(&[1, 2]);
    });
    assert_eq!(found, "equal");
}

#[test]
fn personal_data_is_not_shown() {
    let found = check_record(&[], |record| record[51] = 0xC2);
    insta::assert_snapshot!(found, @r#"field LOT-QP at offset 51 (6 bytes): legacy *** modern ***"#);
}

#[test]
fn what_does_not_decode_is_shown_by_its_bytes() {
    let found = check_record(&[], |record| record[43] = 0xAA);
    insta::assert_snapshot!(found, @r#"field LOT-VALUE at offset 43 (8 bytes): legacy 1234.57 (x'000000000123457C') modern x'AA0000000123457C'"#);
}

#[test]
fn a_record_that_ends_early_differs_from_where_it_ends() {
    let found = check_record(&[], |record| record.truncate(73));
    insta::assert_snapshot!(found, @r#"
    field RESULT(2).RES-NAME at offset 73 (3 bytes): legacy PH (x'D7C840') modern (absent)
    field RESULT(2).RES-PAIR(1).RES-LOW at offset 76 (2 bytes): legacy 3 (x'003C') modern (absent)
    field RESULT(2).RES-PAIR(1).FILLER-3 at offset 78 (1 byte), in bytes only: legacy x'40' modern (absent)
    field RESULT(2).RES-PAIR(2).RES-LOW at offset 79 (2 bytes): legacy 4 (x'004C') modern (absent)
    field RESULT(2).RES-PAIR(2).FILLER-3 at offset 81 (1 byte), in bytes only: legacy x'40' modern (absent)
    "#);
}

#[test]
fn another_view_of_the_same_bytes_differs() {
    let found = check_record(&[], |record| record[57] = 0xC1);
    insta::assert_snapshot!(found, @r#"field LOT-KIND at offset 57 (1 byte): legacy B (x'C2') modern A (x'C1')"#);
}

#[test]
fn ignored_fields_are_left_out_with_all_that_is_in_them() {
    for ignore in [
        "RESULT",
        "RES-LOW",
        "RESULT(2)",
        "RESULT.RES-PAIR",
        "RES-LOW(2,2)",
    ] {
        assert_eq!(
            check_record(&[ignore], |record| record[80] = 0x9C),
            "equal",
            "{ignore}"
        );
    }
    for ignore in ["RESULT(1)", "RES-NAME", "RES-LOW(2,1)", "filler"] {
        assert_ne!(
            check_record(&[ignore], |record| record[80] = 0x9C),
            "equal",
            "{ignore}"
        );
    }
}

#[test]
fn rules_that_name_nothing_are_all_reported() {
    let ignore = ["LOT-VALU", "LOT-STATE", "A..B"].map(str::to_owned);
    let faults = Rules::new(&ignore, &Shape::Record(layout()), &[]).unwrap_err();
    let told: Vec<String> = faults
        .iter()
        .map(|fault| format!("{} {}", fault.index, fault.reason))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    0 no field `LOT-VALU` in this copybook (is it `LOT-VALUE`?)
    2 wanted a path such as A.B(2).C, got `A..B`
    "#);
    let ignore = ["a..b", "a[x]", "a.b[*]"].map(str::to_owned);
    let faults = Rules::new(&ignore, &Shape::Json, &[]).unwrap_err();
    assert_eq!(
        faults.iter().map(|fault| fault.index).collect::<Vec<_>>(),
        [0, 1]
    );
    assert!(Rules::new(&["a".to_owned()], &Shape::Opaque, &[]).is_err());
}

#[test]
fn json_is_compared_by_value() {
    let equal = [
        ("{\"a\":1.0,\"b\":[]}", "{ \"b\" : [ ], \"a\" : 1.00 }"),
        ("[10e-1, 1200, -0]", "[1, 12e2, 0.0]"),
        (
            "123456789012345678901234567890.1",
            "123456789012345678901234567890.10",
        ),
        ("\"M\\u00fcller\"", "\"Müller\""),
        ("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2.0}"),
        ("1e99999999999999999999", "1e99999999999999999999"),
    ];
    for (one, other) in equal {
        assert_eq!(check_json(&[], one, other), "equal", "{one}");
    }
    let different = [
        ("0.1", "0.10000000000000000001"),
        ("9007199254740993", "9007199254740992"),
        ("1", "\"1\""),
        ("{\"a\":null}", "{}"),
        ("null", "false"),
        ("[1,2]", "[2,1]"),
        ("\"a\"", "\"a \""),
        ("1e99999999999999999998", "1e99999999999999999999"),
        ("1", "-1"),
    ];
    for (one, other) in different {
        assert_ne!(check_json(&[], one, other), "equal", "{one}");
    }
}

#[test]
fn a_member_that_only_one_of_the_answers_has_is_a_difference_whichever_it_is() {
    for (legacy, modern, told) in [
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, "legacy (absent) modern 2"),
        (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, "legacy 2 modern (absent)"),
        (r#"{"b":1}"#, r#"{"a":2,"b":1}"#, "legacy (absent) modern 2"),
        (r#"[1]"#, r#"[1,2]"#, "legacy (absent) modern 2"),
    ] {
        let found = check_json(&[], legacy, modern);
        assert!(found.ends_with(told), "{legacy} {modern}: {found}");
    }
}

#[test]
fn json_differences_name_their_member() {
    let found = check_json(
        &["meta.at", "items[*].seen", "*.trace"],
        r#"{"lot":"B1","value":1234.57,"items":[{"p":1,"seen":1},{"p":2}],"meta":{"at":"x"},"x":{"trace":1},"gone":{"a":1},"none":null}"#,
        r#"{"lot":"B2","value":1234.56,"items":[{"p":1},{"p":3},4],"meta":{"at":"y"},"x":{"trace":2}}"#,
    );
    insta::assert_snapshot!(found, @r#"
    field gone: legacy {...} modern (absent)
    field items[1].p: legacy 2 modern 3
    field items[2]: legacy (absent) modern 4
    field lot: legacy B1 modern B2
    field none: legacy null modern (absent)
    field value: legacy 1234.57 modern 1234.56
    "#);
}

#[test]
fn personal_data_is_not_shown_in_json_either() {
    let found = check_json(&[], r#"{"LOT-QP":"MEIER"}"#, r#"{"LOT-QP":"MAIER"}"#);
    insta::assert_snapshot!(found, @r#"field LOT-QP: legacy *** modern ***"#);
}

#[test]
fn what_cannot_be_compared_says_why() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(90_000), "]".repeat(90_000));
    let told = [
        told(&pair(&[], &Shape::Json, "{}", "<html>")),
        told(&pair(&[], &Shape::Json, deep("1"), deep("2"))),
        {
            let mut coded = answer(Side::Modern, "x");
            let gzip = http::HeaderValue::from_static("gzip");
            coded.headers.insert("content-encoding", gzip);
            told(&compare(
                &Rules::default(),
                &Shape::Opaque,
                &answer(Side::Legacy, "y"),
                &coded,
            ))
        },
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    not comparable: modern's answer is no JSON
    not comparable: legacy's answer is nested too deep
    not comparable: modern's answer is compressed
    "#);
}

#[test]
fn opaque_bodies_differ_from_their_first_byte_on() {
    let found = told(&pair(&[], &Shape::Opaque, "abcd", "abXd"));
    insta::assert_snapshot!(found, @r#"field (body) at offset 2: legacy x'6364' modern x'5864'"#);
    let found = told(&pair(&[], &Shape::Opaque, "abcd", "ab"));
    insta::assert_snapshot!(found, @r#"field (body) at offset 2: legacy x'6364' modern (absent)"#);
}

#[test]
fn the_status_counts() {
    let (legacy, mut modern) = (answer(Side::Legacy, "[1]"), answer(Side::Modern, "[2]"));
    modern.status = StatusCode::CREATED;
    let verdict = compare(&Rules::default(), &Shape::Json, &legacy, &modern);
    insta::assert_snapshot!(told(&verdict), @r#"
    field (status): legacy 200 modern 201
    field [0]: legacy 1 modern 2
    "#);
    modern.status = StatusCode::NOT_FOUND;
    let verdict = compare(&Rules::default(), &Shape::Json, &legacy, &modern);
    insta::assert_snapshot!(told(&verdict), @r#"field (status): legacy 200 modern 404"#);
}

#[test]
fn no_value_is_in_a_debug_print() {
    let verdict = pair(&[], &Shape::Json, r#"{"a":"MARKER"}"#, r#"{"a":"OTHER"}"#);
    let printed = format!("{verdict:?} {:?}", answer(Side::Legacy, "MARKER"));
    assert!(
        !printed.contains("MARKER") && !printed.contains("OTHER"),
        "{printed}"
    );
}

proptest! {
    #[test]
    fn any_bytes_equal_themselves_and_nothing_panics(
        one in prop::collection::vec(any::<u8>(), 0..130),
        other in prop::collection::vec(any::<u8>(), 0..130),
    ) {
        for shape in [Shape::Opaque, Shape::Json, Shape::Record(layout())] {
            prop_assert_eq!(pair(&[], &shape, one.clone(), one.clone()), Verdict::Equal);
            let there = pair(&[], &shape, one.clone(), other.clone());
            if one != other {
                prop_assert_ne!(&there, &Verdict::Equal);
            }
        }
    }

    /// Every byte of a record that differs is in a difference, and it does not matter whose answer was the client's.
    #[test]
    fn each_changed_byte_is_found_and_order_does_not_matter(
        changes in prop::collection::vec((0..200_usize, any::<u8>()), 1..4),
        cut in prop::option::of(0..100_usize),
    ) {
        let layout = layout();
        let shape = Shape::Record(Arc::clone(&layout));
        let legacy = record("1234.57", RESULTS);
        let mut modern = legacy.clone();
        for (at, byte) in changes {
            let at = at % modern.len();
            modern[at] = byte;
        }
        if let Some(cut) = cut {
            modern.truncate(cut);
        }
        let rules = rules(&[], &shape);
        let (left, right) = (answer(Side::Legacy, legacy.clone()), answer(Side::Modern, modern.clone()));
        let verdict = compare(&rules, &shape, &left, &right);
        prop_assert_eq!(&verdict, &compare(&rules, &shape, &right, &left));
        let Verdict::Different(Differences { fields, more }) = verdict else {
            prop_assert_eq!(legacy, modern);
            return Ok(());
        };
        prop_assert_eq!(more, 0);
        for at in 0..legacy.len() {
            if legacy.get(at) != modern.get(at) {
                let hit = fields.iter().any(|found| {
                    let start = found.offset.unwrap();
                    (start..start + found.length.unwrap()).contains(&at)
                });
                prop_assert!(hit, "byte {} is in no difference", at);
            }
        }
    }

    /// One field set to another value is the only one found, with its path and place.
    #[test]
    fn a_changed_value_is_found_with_path_and_offset(value in 0..99_999_999_999_999_i64, low in 1..999_i32, row in 0..2_usize, column in 0..2_usize) {
        let shape = Shape::Record(layout());
        let results = |low: i32| {
            let mut rows: serde_json::Value = serde_json::from_str(RESULTS).unwrap();
            rows[row]["RES-PAIR"][column]["RES-LOW"] = low.into();
            rows.to_string()
        };
        let money = format!("{}.{:02}", value / 100, value % 100);
        let found = pair(&[], &shape, record(&money, &results(1000 - low)), record(&money, &results(-1)));
        let Verdict::Different(Differences { fields, .. }) = &found else {
            return Err(TestCaseError::fail("a change was not seen"));
        };
        prop_assert_eq!(fields.len(), 1);
        prop_assert_eq!(&fields[0].path, &format!("RESULT({}).RES-PAIR({}).RES-LOW", row + 1, column + 1));
        prop_assert_eq!(&fields[0].field, "RESULT(*).RES-PAIR(*).RES-LOW");
        prop_assert_eq!(fields[0].offset, Some(64 + row * 9 + 3 + column * 3));
    }

    /// Order of members and spaces do not count; one leaf that changes does, where it is.
    #[test]
    fn one_changed_leaf_of_json_is_found(text in json(), pick in any::<prop::sample::Index>()) {
        let spaced = serde_json::to_string_pretty(&reversed(&text)).unwrap();
        prop_assert_eq!(pair(&[], &Shape::Json, text.to_string(), spaced), Verdict::Equal);
        let mut paths = Vec::new();
        leaves(&text, String::new(), &mut paths);
        let (path, pointer) = &paths[pick.index(paths.len())];
        let mut changed = text.clone();
        *changed.pointer_mut(pointer).unwrap() = "changed".into();
        let Verdict::Different(Differences { fields, .. }) = pair(&[], &Shape::Json, text.to_string(), changed.to_string()) else {
            return Err(TestCaseError::fail("a change was not seen"));
        };
        prop_assert_eq!(fields.len(), 1);
        prop_assert_eq!(&fields[0].path, path);
        let ignored = pair(&[path.as_str()], &Shape::Json, text.to_string(), changed.to_string());
        prop_assert!(path == "(body)" || ignored == Verdict::Equal);
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-zä\"\\\\ ]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z]{1,4}", inner, 1..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn reversed(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            let members = members
                .iter()
                .rev()
                .map(|(name, value)| (name.clone(), reversed(value)));
            serde_json::Value::Object(members.collect())
        }
        serde_json::Value::Array(items) => items.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

/// (path as shown, JSON pointer) of each leaf.
fn leaves(value: &serde_json::Value, path: String, found: &mut Vec<(String, String)>) {
    fn walk(
        value: &serde_json::Value,
        path: String,
        pointer: String,
        found: &mut Vec<(String, String)>,
    ) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(
                        value,
                        format!("{path}{dot}{name}"),
                        format!("{pointer}/{name}"),
                        found,
                    );
                }
            }
            serde_json::Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    walk(
                        value,
                        format!("{path}[{index}]"),
                        format!("{pointer}/{index}"),
                        found,
                    );
                }
            }
            _ => found.push((
                if path.is_empty() {
                    "(body)".to_owned()
                } else {
                    path
                },
                pointer,
            )),
        }
    }
    walk(value, path, String::new(), found);
}

/// A table in the middle: what follows it stands elsewhere in records with other counts.
fn moving() -> Arc<Layout> {
    let copybook = Copybook::parse(CopybookText {
        file: "order.cpy",
        text: "
       01  ORDER-REPLY.
           05  ITEM-COUNT        PIC 9.
           05  FILLER            PIC X(2).
           05  ITEM OCCURS 0 TO 4 TIMES DEPENDING ON ITEM-COUNT.
               10  PART          PIC X(3).
               10  FILLER        PIC X.
           05  FILLER            PIC X(2).
           05  TOTAL             PIC 9(4).
           05  FILLER            PIC X(2).
           05  STATE             PIC X.
",
    })
    .unwrap();
    Layout::compile(&copybook, None, &LayoutOptions::default()).unwrap()
}

/// What is told of two records given as text.
fn told_of(legacy: &str, modern: &str) -> String {
    let ebcdic = |text: &str| {
        let mut out = Vec::new();
        CodePage::Cp037.encode_to(text, &mut out).unwrap();
        out
    };
    let shape = Shape::Record(moving());
    told(&pair(&[], &shape, ebcdic(legacy), ebcdic(modern)))
}

#[test]
fn fields_behind_a_table_are_compared_where_each_record_has_them() {
    assert_eq!(told_of("1__abc.==0042--R", "1__abc.==0042--R"), "equal");
    // One item more: the count and the item differ, and nothing behind them.
    insta::assert_snapshot!(told_of("1__abc.==0042--R", "2__abc.def.==0042--R"), @r"
field ITEM-COUNT at offset 0 (1 byte): legacy 1 (x'F1') modern 2 (x'F2')
field ITEM(2).PART at offset 7 (3 bytes): legacy (absent) modern def (x'848586')
");
    insta::assert_snapshot!(told_of("2__abc.def.==0042--R", "0__==0043-+S"), @r"
field ITEM-COUNT at offset 0 (1 byte): legacy 2 (x'F2') modern 0 (x'F0')
field ITEM(1).PART at offset 3 (3 bytes): legacy abc (x'818283') modern (absent)
field ITEM(2).PART at offset 7 (3 bytes): legacy def (x'848586') modern (absent)
field TOTAL at offset 13 (4 bytes): legacy 42 (x'F0F0F4F2') modern 43 (x'F0F0F4F3')
field FILLER-4 at offset 17 (2 bytes), in bytes only: legacy x'6060' modern x'604E'
field STATE at offset 19 (1 byte): legacy R (x'D9') modern S (x'E2')
");
    // A FILLER before the table, one in it, one behind it.
    insta::assert_snapshot!(told_of("2_:abc!def.=#0042--R", "2__abc.def.==0042--R"), @r"
field FILLER-1 at offset 1 (2 bytes), in bytes only: legacy x'6D7A' modern x'6D6D'
field ITEM(1).FILLER-2 at offset 6 (1 byte), in bytes only: legacy x'5A' modern x'4B'
field FILLER-3 at offset 11 (2 bytes), in bytes only: legacy x'7E7B' modern x'7E7E'
");
    insta::assert_snapshot!(told_of("1_:abc.=#0042--R??", "2__abc.def.==0042--R"), @r"
field ITEM-COUNT at offset 0 (1 byte): legacy 1 (x'F1') modern 2 (x'F2')
field FILLER-1 at offset 1 (2 bytes), in bytes only: legacy x'6D7A' modern x'6D6D'
field ITEM(2).PART at offset 7 (3 bytes): legacy (absent) modern def (x'848586')
field FILLER-3 at offset 7 (2 bytes), in bytes only: legacy x'7E7B' modern x'7E7E'
bytes of no field at offset 16 (2 bytes): legacy x'6F6F' modern (absent)
");
}
