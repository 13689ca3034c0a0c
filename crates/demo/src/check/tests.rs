use super::*;
use crate::books::Verdict;

const ORIGIN: Origin<'_> = Origin {
    dataset: "PHARMA.LOT",
    generation: "G0002V00",
};

fn message(offset: i64, key: &str, op: &str, before: &str, after: &str) -> Message {
    let snapshot = op == "r";
    let value = format!(
        r#"{{"before":{before},"after":{after},"source":{{"connector":"figway-dataset","dataset":"PHARMA.LOT","generation":"G0002V00","snapshot":"{snapshot}"}},"op":"{op}","ts_ms":1}}"#
    );
    Message {
        offset,
        key: Some(key.into()),
        value: Some(value.into()),
        ..Message::default()
    }
}

fn tombstone(offset: i64, key: &str) -> Message {
    Message {
        offset,
        key: Some(key.into()),
        ..Message::default()
    }
}

fn expected() -> Expected {
    let text = |text: &str| Some(text.to_owned());
    let events = [
        (
            "1",
            Event {
                op: Op::Create,
                before: None,
                after: text("12.50"),
            },
        ),
        (
            "2",
            Event {
                op: Op::Update,
                before: text("1"),
                after: text("2"),
            },
        ),
        (
            "3",
            Event {
                op: Op::Delete,
                before: text("3"),
                after: None,
            },
        ),
    ];
    let events = events
        .into_iter()
        .map(|(key, event)| (key.to_owned(), event))
        .collect();
    Expected {
        verdict: Verdict::Applied,
        events,
        dead: Vec::new(),
    }
}

fn good() -> Vec<Message> {
    vec![
        message(0, "1", "c", "null", "12.50"),
        message(1, "2", "u", "1", "2"),
        message(2, "3", "d", "3", "null"),
        tombstone(3, "3"),
    ]
}

fn check(spoil: impl FnOnce(&mut Vec<Message>)) -> String {
    let mut messages = good();
    spoil(&mut messages);
    events("t", &messages, &expected(), ORIGIN)
        .failures
        .join("; ")
}

#[test]
fn what_is_as_it_must_be_is_counted() {
    let findings = events("t", &good(), &expected(), ORIGIN);
    assert_eq!(
        (findings.total(), findings.tombstones, findings.failed),
        (3, 1, 0),
        "{findings:?}"
    );
    assert_eq!(
        fold(&good()).unwrap(),
        BTreeMap::from([("1".into(), "12.50".into()), ("2".into(), "2".into())])
    );
}

#[test]
fn every_kind_of_difference_is_named() {
    assert_eq!(
        check(|all| all[0] = message(0, "1", "c", "null", "12.5")),
        "t [0] @0, key 1: after: wanted …12.50…, got …12.5…"
    );
    assert_eq!(
        check(|all| all[1] = message(1, "2", "u", "null", "2")),
        "t [0] @1, key 2: before: wanted …1…, got …null…"
    );
    assert_eq!(
        check(|all| all.push(message(9, "1", "c", "null", "12.50"))),
        "t [0] @9: doubled, key 1"
    );
    assert_eq!(
        check(|all| all.push(message(9, "7", "d", "7", "null"))),
        "t [0] @9: nothing happened to key 7"
    );
    assert_eq!(
        check(|all| drop(all.pop())),
        "t [0]: the last delete has no tombstone"
    );
    assert_eq!(check(|all| drop(all.remove(0))), "t: no event for key 1");
    assert_eq!(
        check(|all| all.push(tombstone(9, "1"))),
        "t [0] @9: a tombstone without its delete before it"
    );
}
