//! What rules make of answers that differ.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions, Meaning};
use proptest::prelude::*;

use super::{
    Answer, By, Case, Codes, Differences, Failure, Leniency, NotComparable, Numbers, Rules,
    TimeRule, Trim, Verdict, compare,
};
use crate::route::Side;
use crate::route::shape::Shape;

fn answer(side: Side, body: impl Into<Bytes>) -> Answer {
    Answer {
        side,
        status: StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: body.into(),
    }
}

fn text(side: Side, body: impl Into<Bytes>) -> Answer {
    let mut answer = answer(side, body);
    let media = http::HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers.insert("content-type", media);
    answer
}

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

fn json(rules: &Rules, legacy: &str, modern: &str) -> String {
    told(&compare(
        rules,
        &Shape::Json,
        &answer(Side::Legacy, legacy.to_owned()),
        &answer(Side::Modern, modern.to_owned()),
    ))
}

fn plain(shape: &Shape) -> Rules {
    Rules::new(&[], shape, &[]).unwrap()
}

/// Rules with one for `a`.
fn of_a(how: Leniency) -> Rules {
    let mut rules = plain(&Shape::Json);
    rules.lenient("a", how, &Shape::Json).unwrap();
    rules
}

#[test]
fn each_rule_takes_what_it_says_and_no_more() {
    let number = |text: &str| Some(text.parse().unwrap());
    let tolerance = Leniency {
        tolerance: number("0.01"),
        ..Leniency::default()
    };
    let relative = Leniency {
        relative: number("0.1"),
        ..Leniency::default()
    };
    let any_form = Leniency {
        numbers: Numbers::AnyForm,
        ..Leniency::default()
    };
    let trim = |trim| Leniency {
        trim: Some(trim),
        ..Leniency::default()
    };
    let case = Leniency {
        case: Case::Ignored,
        ..Leniency::default()
    };
    let pattern = Leniency {
        pattern: Some(crate::route::condition::pattern("[0-9a-f]{4}").unwrap()),
        ..Leniency::default()
    };
    let time = Leniency {
        time: Some(TimeRule {
            forms: vec![TimeRule::form("YYYYMMDD", None).unwrap()],
            within: 1_000_000_000,
        }),
        ..Leniency::default()
    };
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: [(&str, Leniency, Pairs, Pairs); 9] = [
        (
            "tolerance",
            tolerance,
            &[
                ("1.00", "1.01"),
                ("-1", "-0.99"),
                (r#""1.00""#, r#""1.01""#),
            ],
            &[
                ("1.00", "1.0101"),
                ("1", r#""1""#),
                ("1", "null"),
                (r#""1""#, r#""x""#),
            ],
        ),
        (
            "relative",
            relative,
            &[("1000", "1001")],
            &[("1000", "1002"), ("0", "0.0001")],
        ),
        (
            "numbers",
            any_form,
            &[
                ("1.0", r#""1.00""#),
                (r#""1e0""#, r#""01""#),
                (r#"" +1 ""#, "1"),
            ],
            &[("1", r#""2""#), (r#""1,0""#, r#""1.0""#), ("1", "true")],
        ),
        (
            "trim end",
            trim(Trim::End),
            &[(r#""a ""#, r#""a""#)],
            &[(r#"" a""#, r#""a""#)],
        ),
        (
            "trim start",
            trim(Trim::Start),
            &[(r#"" a""#, r#""a""#)],
            &[(r#""a ""#, r#""a""#)],
        ),
        (
            "trim both",
            trim(Trim::Both),
            &[(r#"" a ""#, r#""a""#)],
            &[(r#""a a""#, r#""aa""#)],
        ),
        (
            "case",
            case,
            &[(r#""MÜLLER""#, r#""müller""#)],
            &[(r#""a""#, r#""b""#)],
        ),
        (
            "pattern",
            pattern,
            &[(r#""12ab""#, r#""ffff""#)],
            &[(r#""12ab""#, r#""12abc""#), (r#""12ab""#, r#""x""#)],
        ),
        (
            "time",
            time,
            &[
                (r#""20240131""#, r#""2024-01-31""#),
                ("20240131", r#""2024-01-31""#),
            ],
            &[
                (r#""20240131""#, r#""2024-02-01""#),
                (r#""20240131""#, r#""soon""#),
            ],
        ),
    ];
    for (name, how, equal, different) in cases {
        let rules = of_a(how);
        for (one, other) in equal {
            let bodies = [one, other].map(|value| format!(r#"{{"a":{value}}}"#));
            assert_eq!(
                json(&rules, &bodies[0], &bodies[1]),
                "equal",
                "{name}: {one} {other}"
            );
            assert_eq!(
                json(&rules, &bodies[1], &bodies[0]),
                "equal",
                "{name}: {other} {one}"
            );
            // Elsewhere the rule does not hold.
            let bodies = [one, other].map(|value| format!(r#"{{"b":{value}}}"#));
            assert_ne!(
                json(&rules, &bodies[0], &bodies[1]),
                "equal",
                "{name}: {one} {other}"
            );
        }
        for (one, other) in different {
            let bodies = [one, other].map(|value| format!(r#"{{"a":{value}}}"#));
            assert_ne!(
                json(&rules, &bodies[0], &bodies[1]),
                "equal",
                "{name}: {one} {other}"
            );
        }
    }
}

#[test]
fn a_list_in_any_order_is_compared_element_by_element() {
    let mut rules = plain(&Shape::Json);
    let by = By::Keys(vec!["id".to_owned()]);
    rules.unordered("items", &by, &Shape::Json).unwrap();
    rules.unordered("tags", &By::Value, &Shape::Json).unwrap();
    let legacy =
        r#"{"items":[{"id":1,"p":10},{"id":2,"p":20},{"id":3,"p":30}],"tags":["a","b","b"]}"#;
    let same =
        r#"{"items":[{"id":3,"p":30},{"id":1.0,"p":10},{"id":2,"p":20}],"tags":["b","a","b"]}"#;
    assert_eq!(json(&rules, legacy, same), "equal");
    let other =
        r#"{"items":[{"id":3,"p":30},{"id":4,"p":1},{"id":2,"p":21}],"tags":["b","a","a"]}"#;
    insta::assert_snapshot!(json(&rules, legacy, other), @r#"
    field items[0]: legacy {...} modern (absent)
    field items[1].p: legacy 20 modern 21
    field items[1]: legacy (absent) modern {...}
    field tags[2]: legacy b modern a
    "#);
}

#[test]
fn an_unordered_list_too_long_to_be_matched_says_so() {
    let mut rules = plain(&Shape::Json);
    rules.unordered("[*]", &By::Value, &Shape::Json).unwrap();
    let list = |from: usize| {
        let numbers: Vec<String> = (from..from + 400)
            .map(|number| number.to_string())
            .collect();
        format!("[[{}]]", numbers.join(","))
    };
    assert_eq!(
        json(&rules, &list(0), &list(1_000)),
        "not comparable: a list in any order is too long to find out what belongs together"
    );
    assert_eq!(NotComparable::TooLong.as_str(), "too_long");
}

const COPYBOOK: &str = "
       01  REPLY.
           05  RETURN-CODE       PIC 9(2).
           05  CUSTOMER          PIC X(10).
           05  AMOUNT            PIC S9(7)V99 COMP-3.
           05  MADE-ON           PIC 9(8).
           05  ROWS              PIC 9.
           05  ITEM OCCURS 0 TO 4 TIMES DEPENDING ON ROWS.
               10  PART          PIC X(3).
               10  QUANTITY      PIC 9(3).
               10  FILLER        PIC X.
";
const MEANING: &str = "\
version = 1
[error]
field = \"RETURN-CODE\"
ok = 0
[fields]
MADE-ON = { date = \"YYYYMMDD\" }
CUSTOMER = { pii = \"name\" }
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

fn record(code: u8, amount: &str, items: &[(&str, u16)]) -> Vec<u8> {
    let items: Vec<String> = items
        .iter()
        .map(|(part, quantity)| format!(r#"{{"PART":"{part}","QUANTITY":{quantity}}}"#))
        .collect();
    let json = format!(
        r#"{{"RETURN-CODE":{code},"CUSTOMER":"MEIER","AMOUNT":{amount},"MADE-ON":"2024-01-31","ITEM":[{}]}}"#,
        items.join(",")
    );
    layout().read_json(json.as_bytes()).unwrap()
}

fn records(rules: &Rules, legacy: Vec<u8>, modern: Vec<u8>) -> String {
    let shape = Shape::Record(layout());
    let (legacy, modern) = (answer(Side::Legacy, legacy), answer(Side::Modern, modern));
    let verdict = compare(rules, &shape, &legacy, &modern);
    assert_eq!(verdict, compare(rules, &shape, &modern, &legacy));
    told(&verdict)
}

#[test]
fn rules_hold_for_fields_of_records() {
    let shape = Shape::Record(layout());
    let mut rules = plain(&shape);
    let tolerance = Leniency {
        tolerance: Some("0.01".parse().unwrap()),
        ..Leniency::default()
    };
    rules.lenient("AMOUNT", tolerance.clone(), &shape).unwrap();
    let legacy = record(0, "1234.57", &[]);
    assert_eq!(
        records(&rules, legacy.clone(), record(0, "1234.56", &[])),
        "equal"
    );
    insta::assert_snapshot!(records(&rules, legacy, record(0, "1234.55", &[])), @"field AMOUNT at offset 12 (5 bytes): legacy 1234.57 (x'000123457C') modern 1234.55 (x'000123455C')");
    let trim = Leniency {
        trim: Some(Trim::End),
        ..Leniency::default()
    };
    let time = Leniency {
        time: Some(TimeRule::default()),
        ..Leniency::default()
    };
    let faults: Vec<String> = [
        ("CUSTOMER", tolerance.clone()),
        ("AMOUNT", trim),
        ("AMOUNT", time),
        ("MADE-ON", tolerance.clone()),
        ("AMUONT", tolerance.clone()),
        ("(header location)", tolerance),
    ]
    .into_iter()
    .map(|(name, how)| rules.lenient(name, how, &shape).unwrap_err())
    .collect();
    insta::assert_snapshot!(faults.join("\n"), @r#"
    CUSTOMER is text: a tolerance is of numbers; numbers = "any form" takes texts of numbers for such
    AMOUNT is a number: it has no blanks and no capitals
    AMOUNT is a number: say in which form it holds a date or time, here or in the copybook's meaning
    MADE-ON is a date or time: what it may differ by is `within`
    no field `AMUONT` in this copybook (is it `AMOUNT`?)
    header location does not count: it is not in `headers`
    "#);
}

#[test]
fn a_table_in_any_order_is_compared_occurrence_by_occurrence() {
    let shape = Shape::Record(layout());
    let mut by_part = plain(&shape);
    let by = By::Keys(vec!["PART".to_owned()]);
    by_part.unordered("ITEM", &by, &shape).unwrap();
    let mut by_value = plain(&shape);
    by_value.unordered("ITEM", &By::Value, &shape).unwrap();
    let legacy = || record(0, "1", &[("AAA", 1), ("BBB", 2), ("CCC", 3)]);
    for rules in [&by_part, &by_value] {
        let same = record(0, "1", &[("CCC", 3), ("AAA", 1), ("BBB", 2)]);
        assert_eq!(records(rules, legacy(), same), "equal");
    }
    let other = || record(0, "1", &[("CCC", 3), ("AAA", 9), ("BBB", 2)]);
    insta::assert_snapshot!(records(&by_part, legacy(), other()), @"field ITEM(1).QUANTITY at offset 29 (3 bytes): legacy 1 (x'F0F0F1') modern 9 (x'F0F0F9')");
    let less = record(0, "1", &[("CCC", 3), ("AAA", 1)]);
    insta::assert_snapshot!(records(&by_part, legacy(), less), @r#"
    field ROWS at offset 25 (1 byte): legacy 3 (x'F3') modern 2 (x'F2')
    field ITEM(2).PART at offset 33 (3 bytes): legacy BBB (x'C2C2C2') modern (absent)
    field ITEM(2).QUANTITY at offset 36 (3 bytes): legacy 2 (x'F0F0F2') modern (absent)
    field ITEM(2).FILLER-1 at offset 39 (1 byte), in bytes only: legacy x'40' modern (absent)
    "#);
    let faults: Vec<String> = [
        ("AMOUNT", By::Value),
        ("ITEM", By::Keys(vec!["AMOUNT".to_owned()])),
        ("ITEM(1)", By::Value),
        ("ITEMS", By::Value),
    ]
    .into_iter()
    .map(|(name, by)| plain(&shape).unordered(name, &by, &shape).unwrap_err())
    .collect();
    insta::assert_snapshot!(faults.join("\n"), @r#"
    AMOUNT is no table: it has no order
    AMOUNT is no field of ITEM
    ITEM(1) is no table: it has no order
    no field `ITEMS` in this copybook (is it `ITEM`?)
    "#);
}

#[test]
fn an_error_against_a_success_is_one_difference() {
    let shape = Shape::Record(layout());
    let rules = plain(&shape);
    let items = [("AAA", 1), ("BBB", 2)];
    insta::assert_snapshot!(records(&rules, record(0, "1234.57", &items), record(8, "0", &[])), @"field RETURN-CODE: legacy 0 modern 8");
    // Two errors are compared.
    insta::assert_snapshot!(records(&rules, record(12, "1", &[]), record(8, "2", &[])), @r#"
    field RETURN-CODE at offset 0 (2 bytes): legacy 12 (x'F1F2') modern 8 (x'F0F8')
    field AMOUNT at offset 12 (5 bytes): legacy 1.00 (x'000000100C') modern 2.00 (x'000000200C')
    "#);
    let by_member = |codes| {
        let failure = Failure::of_member("result.code", codes).unwrap();
        plain(&Shape::Json).with_failure(failure)
    };
    let ok = by_member(Codes::Ok(vec!["0".to_owned(), "4".to_owned()]));
    let good = r#"{"result":{"code":"00"},"a":1,"b":2}"#;
    let bad = r#"{"result":{"code":12},"message":"gone"}"#;
    insta::assert_snapshot!(json(&ok, good, bad), @"field result.code: legacy 00 modern 12");
    insta::assert_snapshot!(json(&ok, good, r#"{"result":{"code":4},"a":1,"b":3}"#), @r#"
    field b: legacy 2 modern 3
    field result.code: legacy 00 modern 4
    "#);
    let error = by_member(Codes::Error(vec!["12".to_owned()]));
    insta::assert_snapshot!(json(&error, bad, good), @"field result.code: legacy 12 modern 00");
    // An answer that does not say is compared as it is.
    insta::assert_snapshot!(json(&error, bad, r#"{"message":"gone"}"#), @"field result: legacy {...} modern (absent)");
    assert!(Failure::of_member("a[*].b", Codes::Ok(Vec::new())).is_err());
}

#[test]
fn headers_count_where_they_are_named_and_statuses_may_be_mapped() {
    let location = HeaderName::from_static("location");
    let cookie = HeaderName::from_static("set-cookie");
    let rules = plain(&Shape::Opaque)
        .with_headers(vec![location, cookie])
        .with_status(vec![(StatusCode::OK, StatusCode::CREATED)]);
    let (mut legacy, mut modern) = (answer(Side::Legacy, "x"), answer(Side::Modern, "x"));
    legacy.headers.insert("location", "/a/1".parse().unwrap());
    modern.headers.insert("location", "/b/1".parse().unwrap());
    legacy
        .headers
        .insert("set-cookie", "s=MARKER".parse().unwrap());
    legacy.headers.insert("date", "now".parse().unwrap());
    modern.status = StatusCode::CREATED;
    let verdict = compare(&rules, &Shape::Opaque, &legacy, &modern);
    insta::assert_snapshot!(told(&verdict), @r#"
    field (header location): legacy /a/1 modern /b/1
    field (header set-cookie): legacy *** modern (absent)
    "#);
    let mut lenient = rules;
    let pattern = Leniency {
        pattern: Some(crate::route::condition::pattern("/[ab]/1").unwrap()),
        ..Leniency::default()
    };
    lenient
        .lenient("(header Location)", pattern, &Shape::Opaque)
        .unwrap();
    modern
        .headers
        .insert("set-cookie", "s=MARKER".parse().unwrap());
    assert_eq!(
        compare(&lenient, &Shape::Opaque, &legacy, &modern),
        Verdict::Equal
    );
    // Only this way round.
    legacy.status = StatusCode::CREATED;
    modern.status = StatusCode::OK;
    assert_ne!(
        compare(&lenient, &Shape::Opaque, &legacy, &modern),
        Verdict::Equal
    );
}

#[test]
fn texts_are_compared_line_by_line() {
    let shape = Shape::Opaque;
    let lines = |rules: &Rules, one: &str, other: &str| {
        let legacy = text(Side::Legacy, one.to_owned());
        let modern = text(Side::Modern, other.to_owned());
        let verdict = compare(rules, &shape, &legacy, &modern);
        assert_eq!(verdict, compare(rules, &shape, &modern, &legacy));
        told(&verdict)
    };
    let rules = plain(&shape);
    insta::assert_snapshot!(lines(&rules, "a\nb\nc\nd\n", "a\nx\nc\nnew\nd\n"), @r#"
    field (line 2): legacy b modern x
    field (line 4): legacy (absent) modern new
    "#);
    insta::assert_snapshot!(lines(&rules, "a\n", "a"), @"field (line 2): legacy  modern (absent)");
    let mut trimmed = rules.clone();
    let trim = Leniency {
        trim: Some(Trim::End),
        ..Leniency::default()
    };
    trimmed.lenient("(line)", trim, &shape).unwrap();
    assert_eq!(lines(&trimmed, "a  \r\nb\r\n", "a\nb\n"), "equal");
    // What is no text on one of the sides is bytes.
    let verdict = compare(
        &rules,
        &shape,
        &text(Side::Legacy, "a\nb"),
        &answer(Side::Modern, "a\nc"),
    );
    insta::assert_snapshot!(told(&verdict), @"field (body) at offset 2: legacy x'62' modern x'63'");
}

#[test]
fn what_is_known_to_differ_is_not_hidden_by_what_cannot_be_read() {
    let (legacy, mut modern) = (answer(Side::Legacy, "{}"), answer(Side::Modern, "<html>"));
    modern.status = StatusCode::CREATED;
    let verdict = compare(&plain(&Shape::Json), &Shape::Json, &legacy, &modern);
    insta::assert_snapshot!(told(&verdict), @"field (status): legacy 200 modern 201");
}

/// Small values, so that many of two texts are near each other.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        (0..5_i64).prop_map(Into::into),
        (0..40_i32).prop_map(|tenths| serde_json::Value::from(f64::from(tenths) / 8.0)),
        "[abAB]{0,2} ?".prop_map(Into::into),
        (0..5_i64).prop_map(|number| number.to_string().into()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Which rules, for which places.
#[derive(Debug, Clone)]
struct Drawn {
    ignore: Vec<String>,
    tolerance: Option<u8>,
    lenient: Vec<(String, u8)>,
    unordered: Vec<(String, bool)>,
}

fn place() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a", "b", "a.b", "*", "a[*]", "[*]", "[*].a", "b[*].a", "a[0]",
    ])
    .prop_map(str::to_owned)
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        prop::collection::vec(place(), 0..2),
        prop::option::of(0..4_u8),
        prop::collection::vec((place(), 0..4_u8), 0..3),
        prop::collection::vec((place(), any::<bool>()), 0..2),
    )
        .prop_map(|(ignore, tolerance, lenient, unordered)| Drawn {
            ignore,
            tolerance,
            lenient,
            unordered,
        })
}

impl Drawn {
    fn rules(&self) -> Rules {
        let shape = Shape::Json;
        let mut rules = Rules::new(&self.ignore, &shape, &[]).unwrap();
        if let Some(tolerance) = self.tolerance {
            let how = Leniency {
                tolerance: Some(parsers::Decimal::new(i128::from(tolerance) * 5, 1)),
                ..Leniency::default()
            };
            for everywhere in ["*", "[*]"] {
                rules.lenient(everywhere, how.clone(), &shape).unwrap();
            }
        }
        for (place, kind) in &self.lenient {
            let how = match kind {
                0 => Leniency {
                    trim: Some(Trim::Both),
                    ..Leniency::default()
                },
                1 => Leniency {
                    case: Case::Ignored,
                    ..Leniency::default()
                },
                2 => Leniency {
                    numbers: Numbers::AnyForm,
                    ..Leniency::default()
                },
                _ => Leniency {
                    pattern: Some(crate::route::condition::pattern("a.*").unwrap()),
                    ..Leniency::default()
                },
            };
            rules.lenient(place, how, &shape).unwrap();
        }
        for (place, by_key) in &self.unordered {
            let by = if *by_key {
                By::Keys(vec!["a".to_owned()])
            } else {
                By::Value
            };
            rules.unordered(place, &by, &shape).unwrap();
        }
        rules
    }
}

fn verdict(rules: &Rules, one: &serde_json::Value, other: &serde_json::Value) -> Verdict {
    let one = answer(Side::Legacy, one.to_string());
    let other = answer(Side::Modern, other.to_string());
    compare(rules, &Shape::Json, &one, &other)
}

/// The other order of the members and other spaces, so that the texts are not the same.
fn spaced(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// The places that differ.
fn places(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Different(found) => found
            .fields
            .iter()
            .map(|field| field.path.clone())
            .collect(),
        _ => Vec::new(),
    }
}

/// A record with two to four items, of which some bytes are anything.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let item = (prop::sample::select(vec!["AAA", "BBB"]), 0..3_u16);
    let items = prop::collection::vec(item, 2..5);
    let changes = prop::collection::vec((0..64_usize, any::<u8>()), 0..3);
    (items, changes, 40..80_usize).prop_map(|(items, changes, length)| {
        let mut record = record(0, "1.00", &items);
        for (at, byte) in changes {
            if let Some(place) = record.get_mut(at) {
                *place = byte;
            }
        }
        record.truncate(length);
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn records_with_tables_in_any_order_are_compared_symmetrically_whatever_is_in_them(
        one in damaged(),
        other in damaged(),
        by_value in any::<bool>(),
        turn in 0..4_usize,
    ) {
        let shape = Shape::Record(layout());
        let mut rules = plain(&shape);
        let by = if by_value { By::Value } else { By::Keys(vec!["PART".to_owned()]) };
        rules.unordered("ITEM", &by, &shape).unwrap();
        let verdict = |one: &[u8], other: &[u8]| {
            let (one, other) = (one.to_vec(), other.to_vec());
            compare(&rules, &shape, &answer(Side::Legacy, one), &answer(Side::Modern, other))
        };
        prop_assert_eq!(verdict(&one, &one), Verdict::Equal);
        let (there, back) = (verdict(&one, &other), verdict(&other, &one));
        prop_assert_eq!(there == Verdict::Equal, back == Verdict::Equal, "{:?} {:?}", there, back);
        // Whole items in another order are no difference; without the rule they are one wherever bytes moved.
        let items = [("AAA", 1), ("BBB", 2), ("AAA", 3), ("BBB", 0)];
        let mut turned = items;
        turned.rotate_left(turn);
        let (straight, turned) = (record(0, "1.00", &items), record(0, "1.00", &turned));
        if by_value {
            prop_assert_eq!(verdict(&straight, &turned), Verdict::Equal);
        }
        let ordered = compare(&plain(&shape), &shape, &answer(Side::Legacy, straight.clone()), &answer(Side::Modern, turned.clone()));
        prop_assert_eq!(ordered == Verdict::Equal, straight == turned);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn comparing_is_reflexive_and_symmetric(one in value(), other in value(), drawn in drawn()) {
        let rules = drawn.rules();
        let again = compare(&rules, &Shape::Json, &answer(Side::Legacy, one.to_string()), &answer(Side::Modern, spaced(&one)));
        prop_assert_eq!(again, Verdict::Equal);
        let there = verdict(&rules, &one, &other);
        let back = verdict(&rules, &other, &one);
        prop_assert_eq!(there == Verdict::Equal, back == Verdict::Equal, "{:?} {:?}", there, back);
        // Whose answer the client got says nothing about what differs.
        let swapped = compare(&rules, &Shape::Json, &answer(Side::Modern, other.to_string()), &answer(Side::Legacy, one.to_string()));
        prop_assert_eq!(there == Verdict::Equal, swapped == Verdict::Equal);
    }

    #[test]
    fn more_tolerance_and_more_rules_only_remove_differences(one in value(), other in value(), drawn in drawn(), more in 0..6_u8) {
        let strict = verdict(&drawn.rules(), &one, &other);
        let wider = Drawn {
            tolerance: Some(drawn.tolerance.map_or(more, |tolerance| tolerance + more)),
            ..drawn.clone()
        };
        let wide = verdict(&wider.rules(), &one, &other);
        prop_assert!(strict != Verdict::Equal || wide == Verdict::Equal, "{:?} {:?}", strict, wide);
        if drawn.unordered.is_empty() {
            let before = places(&strict);
            for place in places(&wide) {
                prop_assert!(before.contains(&place), "{} was not there before", place);
            }
        }
    }

    #[test]
    fn ignoring_only_removes_differences(one in value(), other in value(), drawn in drawn(), place in place()) {
        let strict = verdict(&drawn.rules(), &one, &other);
        let mut ignoring = drawn.clone();
        ignoring.ignore.push(place);
        let wide = verdict(&ignoring.rules(), &one, &other);
        prop_assert!(strict != Verdict::Equal || wide == Verdict::Equal);
        if drawn.unordered.iter().all(|(_, by_key)| *by_key) {
            let before = places(&strict);
            for place in places(&wide) {
                prop_assert!(before.contains(&place), "{} was not there before", place);
            }
        }
    }
}
