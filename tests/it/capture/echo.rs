//! Writes that the gateway gave back to legacy, captured again: each is told by the id that legacy keeps of it.

use kafka::Incoming;
use serde_json::{Value, json};

use super::rig::{MEANING, Rig, TOPIC};

const COPYBOOK: &str = "       01  LOT.
           05  LOT-ID       PIC X(4).
           05  LOT-QTY      PIC S9(5) COMP-3.
           05  LAST-WRITE   PIC X(36).
           05  LOT-NOTE     PIC X(900).
";
/// As the gateway gives them to requests.
const FIRST: &str = "0192c5a1-7c11-7d05-8c5d-1234567890ab";
const SECOND: &str = "0192c5a1-7c12-7d05-8c5d-1234567890ac";

/// Of each record: operation, lot, quantity, and the write that it is the echo of.
fn shown(record: &Incoming) -> Option<String> {
    let echo = record.header("figway-echo-of").map(|id| {
        let text = std::str::from_utf8(id).unwrap();
        text.to_owned()
    });
    let value: Option<Value> =
        record
            .value
            .as_ref()
            .map(|value| match record.header("figway-payload-chunk-set") {
                None => serde_json::from_slice(value).unwrap(),
                Some(_) => json!({"op": "chunk"}),
            });
    let value = value?;
    let lot = &value["after"];
    Some(format!(
        "{} {} {} {}",
        value["op"].as_str().unwrap(),
        lot["LOT-ID"].as_str().unwrap_or("-"),
        lot["LOT-QTY"],
        echo.as_deref().unwrap_or("-")
    ))
}

async fn captured(more: &str) -> Vec<String> {
    let more = format!("echo_field = \"LAST-WRITE\"\n{more}");
    let rig = Rig::of(COPYBOOK, MEANING, "FB", &more);
    let lot = |id: &str, quantity: i32, write: &str| {
        let note = "a note ".repeat(100);
        rig.encode(
            &json!({"LOT-ID": id, "LOT-QTY": quantity, "LAST-WRITE": write, "LOT-NOTE": note}),
        )
    };
    rig.write(
        1,
        &[
            lot("A", 9, FIRST),
            lot("B", 9, ""),
            lot("C", 9, FIRST),
            lot("D", 9, "CLERK 4711"),
        ]
        .concat(),
    );
    // A is written back to, B as well, C is changed by a clerk whose program empties the field, D goes, E is new by the same write as A.
    rig.write(
        2,
        &[
            lot("A", 8, SECOND),
            lot("B", 8, SECOND),
            lot("C", 8, ""),
            lot("E", 1, SECOND),
        ]
        .concat(),
    );
    // What is done at a terminal leaves no id in the field, and what it says of A has not changed.
    rig.write(
        3,
        &[
            lot("A", 7, SECOND),
            lot("B", 7, "CLERK 4711"),
            lot("C", 8, ""),
            lot("E", 1, SECOND),
        ]
        .concat(),
    );
    rig.once().await;
    let records = rig.read(TOPIC).await;
    records.iter().filter_map(shown).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_names_the_write_that_it_is_the_echo_of() {
    insta::assert_snapshot!(captured("").await.join("\n"), @"
    r A 9 -
    r B 9 -
    r C 9 -
    r D 9 -
    u A 8 0192c5a1-7c12-7d05-8c5d-1234567890ac
    u B 8 0192c5a1-7c12-7d05-8c5d-1234567890ac
    u C 8 -
    d - null -
    c E 1 0192c5a1-7c12-7d05-8c5d-1234567890ac
    u A 7 -
    u B 7 -
    ");
}

/// Whichever way an event travels, and with all its chunks.
#[tokio::test(flavor = "multi_thread")]
async fn chunks_name_it_too() {
    let more = "topic = { cleanup_policy = \"delete\" }\npayload = { above = \"1 KiB\", by = \"chunks\", chunk = \"512 B\" }\n";
    let shown = captured(more).await;
    let chunks = shown.iter().filter(|line| line.starts_with("chunk"));
    let echoes = chunks.filter(|line| line.ends_with(SECOND)).count();
    assert!(echoes > 6, "{shown:?}");
    let mut whole: Vec<&String> = shown
        .iter()
        .filter(|line| !line.starts_with("chunk"))
        .collect();
    whole.dedup();
    assert!(whole.iter().all(|line| line.ends_with(" -")), "{whole:?}");
}
