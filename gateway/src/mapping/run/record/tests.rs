//! That a record written straight is the one that the JSON of its values gives, and is refused with the same words.

use proptest::prelude::*;

use super::super::{Around, Run};
use crate::mapping::program::{Format, Program};
use crate::mapping::tests::{BOTH, JSON, mapping};
use crate::transcode::TranscodeError;

/// The record, straight; none where that is left to JSON. Both ways give the same record, or the same fault.
fn straight(program: &Program, body: &str) -> Option<Vec<u8>> {
    let Format::Record(layout) = &program.to else {
        panic!("no record");
    };
    let around = Around::default();
    let told = |error: TranscodeError| format!("{}: {error}", error.kind().as_str());
    let mut straight = None;
    let read = program.read(body.as_bytes(), &around, |tree, scope| {
        let ops = 0..program.ops.len();
        let by_json = Run::new(program, tree, &around).by_json(layout, ops.clone(), scope);
        let made = Run::new(program, tree, &around).record(layout, ops.clone(), scope);
        let by_json = by_json.map_err(told);
        assert_eq!(made.map_err(told), by_json, "{body}");
        match Run::new(program, tree, &around).straight(layout, ops, scope) {
            Ok(None) => {}
            Ok(Some(record)) => {
                assert_eq!(Ok(&record), by_json.as_ref(), "{body}");
                straight = Some(record);
            }
            Err(fault) => assert_eq!(Err(told(fault)), by_json, "{body}"),
        }
        Ok(())
    });
    read.ok().and(straight)
}

/// One with a group that is taken as it comes.
const WHOLE: &str = r#"
version = 1
[request]
from = "json"
to = "record:ORDER"
unmapped = ["ACTION", "STATUS-CODE", "AMOUNT", "DUE-ON", "MADE-ON", "TAG-COUNT", "TAG", "LINE-COUNT", "LINE"]
fields = [
  { from = "/id", to = "ORDER-ID" },
  { from = "/site", to = "SITE", type = "any" },
]
"#;

/// The same from XML, where numbers are made of texts.
const XML: &str = r#"
version = 1
[request]
from = "xml"
to = "record:ORDER"
unmapped = ["ACTION", "STATUS-CODE", "DUE-ON", "MADE-ON", "SITE", "TAG-COUNT"]
fields = [
  { from = "/order/id", to = "ORDER-ID" },
  { from = "/order/amount", to = "AMOUNT" },
  { from = "/order/tag", to = "TAG", optional = true },
  { from = "/order/line", to = "LINE", fields = [
    { from = "/@no", to = "QTY" },
    { from = "/#text", to = "MATERIAL" },
  ] },
]
"#;

#[test]
fn a_record_that_its_rules_give_is_written_straight() {
    let program = mapping(BOTH).request.unwrap();
    assert!(straight(&program, JSON).is_some());
    let fewer = r#"{"id":"\"ä","state":"OPEN-ORDER","amount":"1","made":"2005-01-02","site":{"shelf":7},"lines":[]}"#;
    assert!(straight(&program, fewer).is_some());
    let program = mapping(XML).request.unwrap();
    let xml = "<order><id>O-1</id><amount>+007.5</amount><tag>A</tag><line no='12'>STEEL</line><line no='-1'/></order>";
    assert!(straight(&program, xml).is_some());
}

#[test]
fn names_that_came_with_the_message_and_what_is_wrong_are_left_to_json() {
    let program = mapping(WHOLE).request.unwrap();
    for site in [
        r#"{"PLANT":"A","SHELF":1}"#,
        r#"{"SHELF":1,"OTHER":1}"#,
        r#"{"PLANT":"TOO LONG"}"#,
        "7",
    ] {
        let json = format!(r#"{{"id":"A","site":{site}}}"#);
        assert!(straight(&program, &json).is_none(), "{site}");
    }
    let program = mapping(BOTH).request.unwrap();
    for (given, wrong) in [
        ("-12.50", "123456.00"),
        ("-12.50", "0.125"),
        ("\"007\"", "\"1007\""),
        ("\"B\"", "\"TOO LONG\""),
        ("\"qty\":-1", "\"qty\":99999"),
    ] {
        assert!(straight(&program, &JSON.replace(given, wrong)).is_none());
    }
}

proptest! {
    #[test]
    fn straight_and_by_json_are_one(
        id in "[A-Zäß\"\\\\ ]{0,9}",
        state in prop::sample::select(&["OPEN-ORDER", "CLOSED-ORDER", "O", "C", "X"][..]),
        amount in prop_oneof![3 => "-?[1-9][0-9]{0,5}(\\.[0-9]{1,3})?", 1 => "\"[-+]?[0-9]{1,3}\"", 1 => Just("1e2".to_owned())],
        due in prop::option::of(prop::sample::select(&["24.12.2026", "29.02.2024", "30.02.2024"][..])),
        shelf in "\"?0?[0-9]{1,3}\"?",
        tags in prop::collection::vec("[A-Z]{0,4}", 0..4),
        lines in prop::collection::vec(("glass|steel|x", -40_000i32..40_000), 0..4),
    ) {
        let program = mapping(BOTH).request.unwrap();
        let quoted = |text: &str| format!("{text:?}");
        let due = due.map(|due| format!("\"due\":\"{due}\",")).unwrap_or_default();
        let tags: Vec<String> = tags.iter().map(|tag| quoted(tag)).collect();
        let lines: Vec<String> = lines.iter().map(|(what, qty)| format!("{{\"material\":\"{what}\",\"qty\":{qty}}}")).collect();
        let json = format!(
            "{{\"id\":{},\"state\":\"{state}\",\"amount\":{amount},{due}\"made\":\"2005-01-02\",\"site\":{{\"shelf\":{shelf}}},\"tags\":[{}],\"lines\":[{}]}}",
            quoted(&id), tags.join(","), lines.join(","),
        );
        straight(&program, &json);
    }
}
