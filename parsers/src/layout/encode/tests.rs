//! Which texts are read straight to bytes, and that it makes no difference; nor that they come as steps.

use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::value::RawValue;

use super::steps::Steps;
use super::{direct, encode};
use crate::json::Cursor;
use crate::{Copybook, CopybookText, Layout, LayoutOptions, Step};

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

/// The steps that say what a JSON text says; none where steps cannot.
fn steps(
    layout: &Layout,
    field: Option<u32>,
    json: &str,
    out: &mut Vec<Step<'static>>,
) -> Option<()> {
    match json.as_bytes().first()? {
        b'{' => {
            out.push(Step::object(field));
            let group = field.or(layout.collapsed.then_some(0));
            for (name, raw) in crate::json::members(json.as_bytes()).ok()? {
                let member = layout.labels.find(&layout.fields, group, &name)?;
                steps(layout, Some(member.id), raw.get(), out)?;
            }
            out.push(Step::end());
        }
        b'[' => {
            out.push(Step::list(field));
            for raw in serde_json::from_str::<Vec<&RawValue>>(json).ok()? {
                steps(layout, None, raw.get(), out)?;
            }
            out.push(Step::end());
        }
        b'"' => out.push(Step::text(
            field,
            Cow::Owned(serde_json::from_str(json).ok()?),
        )),
        _ => out.push(Step::plain(field, Cow::Owned(json.to_owned()))),
    }
    Some(())
}

/// Whether the text was read straight; then it gave the bytes of its values. Steps give the same, or are left where the text is.
fn is_straight(json: &str) -> bool {
    let layout = layout();
    let values = crate::json::read(&layout, json.as_bytes());
    let by_values = values.and_then(|values| encode(&layout, &values, None));
    let read = direct::read(&layout, Cursor::new(json.as_bytes()), None).ok();
    let mut told = Vec::new();
    if steps(&layout, None, json.trim(), &mut told).is_some() {
        let by_steps = direct::read(&layout, Steps::new(&told), None).ok();
        assert_eq!(by_steps, read, "{json}");
    }
    match read {
        Some(record) => {
            assert_eq!(Ok(record), by_values, "{json}");
            true
        }
        None => false,
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

#[test]
fn steps_that_no_json_says_are_left() {
    let layout = layout();
    let id = |name: &str| Some(layout.field_of(&layout.resolve(name).unwrap()).id());
    let text = |name: &str| Step::text(id(name), "1".into());
    let (object, end) = (Step::object(None), Step::end());
    let is_left = |steps: &[Step<'_>]| layout.read_steps(steps, 1000).is_none();
    assert!(!is_left(&[object.clone(), text("ID"), end.clone()]));
    for left in [
        vec![],
        vec![object.clone()],
        vec![end.clone()],
        vec![text("ID")],
        vec![object.clone(), end.clone(), end.clone()],
        vec![object.clone(), end.clone(), text("ID")],
        vec![object.clone(), text("ID"), text("ID"), end.clone()],
        vec![
            object.clone(),
            text("ID"),
            text("RATE"),
            text("ID"),
            end.clone(),
        ],
        vec![object.clone(), text("PART.DAYS"), end.clone()],
        vec![object.clone(), Step::text(None, "1".into()), end.clone()],
        vec![
            object.clone(),
            Step::list(id("ID")),
            end.clone(),
            end.clone(),
        ],
        vec![object.clone(), Step::list(id("FIXED")), end.clone()],
        vec![object.clone(), Step::object(id("PART")), end.clone()],
        vec![
            object.clone(),
            Step::plain(id("RATE"), "01".into()),
            end.clone(),
        ],
        vec![object, Step::plain(id("RATE"), "".into()), end],
    ] {
        assert!(is_left(&left), "{left:?}");
    }
}

/// JSON of a value for a field of that picture, seldom of another.
fn value(fitting: &'static str) -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "null",
        "true",
        "1e1",
        "-0",
        "01",
        "\"\"",
        "\"007\"",
        "\"-1.5\"",
        "\"x\\u00e4\"",
        "\"ABCDEFG\"",
        "123456789.25",
        "{}",
        "[]",
        "[1,2]",
        "{\"DAYS\":1}",
    ];
    prop_oneof![30 => fitting, 1 => prop::sample::select(ODD).prop_map(str::to_owned)]
}

fn object(members: Vec<(&'static str, BoxedStrategy<String>)>) -> BoxedStrategy<String> {
    let count = members.len();
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| {
            let member = move |value: String| match value.is_empty() {
                true => None,
                false => Some(format!("\"{name}\":{value}")),
            };
            prop::option::weighted(0.9, value.prop_map(member))
        })
        .collect();
    // Now and then two of them change places, or one is there twice.
    (members, 0..count.saturating_mul(4), 0..count, 0..80)
        .prop_map(move |(mut members, from, to, twice)| {
            if from < count {
                members.swap(from, to);
            }
            if twice == 0 {
                members.extend(members.get(to).cloned());
            }
            let members: Vec<String> = members.into_iter().flatten().flatten().collect();
            format!("{{{}}}", members.join(","))
        })
        .boxed()
}

fn list(value: BoxedStrategy<String>, count: std::ops::Range<usize>) -> BoxedStrategy<String> {
    prop::collection::vec(value, count)
        .prop_map(|items| format!("[{}]", items.join(",")))
        .boxed()
}

fn records() -> BoxedStrategy<String> {
    let part = object(vec![
        ("DAYS", value("-?[1-9][0-9]{0,3}").boxed()),
        ("WIDE", value("-?[1-9][0-9]{0,3}").boxed()),
        ("SIGNED", value("-?[1-9][0-9]{0,2}").boxed()),
    ]);
    let line = object(vec![
        ("T1", value("\"[a-z]?\"").boxed()),
        ("T2", value("-?[0-9]\\.[0-9]").boxed()),
    ]);
    let view = prop_oneof![4 => Just("null".to_owned()), 1 => Just("12".to_owned())];
    object(vec![
        ("ID", value("\"[A-Zäß]{0,4}\"").boxed()),
        ("AMOUNT", value("-?[1-9][0-9]{0,4}(\\.[0-9]{1,2})?").boxed()),
        ("RATE", value("[1-9][0-9]{0,2}(\\.[0-9]{1,4})?").boxed()),
        ("PART", part),
        ("V1", value("\"[0-9]{4}\"").boxed()),
        ("V2", view.boxed()),
        ("FIXED", list(value("[1-9][0-9]?").boxed(), 0..4)),
        // Seldom given: it is set with the table.
        ("N", prop_oneof![6 => "", 1 => "[0-5]"].boxed()),
        ("T", list(line, 0..6)),
    ])
}

/// Cases that are all of one kind would prove nothing.
#[test]
fn records_of_the_property_are_of_both_kinds() {
    let mut runner = TestRunner::deterministic();
    let records = records();
    let is_straight = |_| is_straight(&records.new_tree(&mut runner).unwrap().current());
    let straight = (0..400).map(is_straight).filter(|straight| *straight);
    let straight = straight.count();
    assert!((80..320).contains(&straight), "{straight} of 400");
}

proptest! {
    #[test]
    fn steps_give_the_bytes_of_their_json_or_are_left(json in records()) {
        is_straight(&json);
    }
}
