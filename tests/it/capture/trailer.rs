//! Data sets that say themselves how many records they have, what these add up to, and of which day they are; variable records in blocks.

use kafka::Incoming;
use parsers::RecordFormat;
use parsers::frame::write_record;
use serde_json::{Value, json};

use super::rig::{self, Rig, TOPIC, name};

const COPYBOOK: &str = "      * A lot, or what is said of all of them.
       01  LOT-RECORD.
           05  REC-TYPE      PIC X.
           05  LOT-DETAIL.
               10  LOT-ID    PIC X(4).
               10  LOT-QTY   PIC S9(5)V99 COMP-3.
               10  LOT-NOTES PIC 9.
               10  LOT-NOTE  PIC X(3) OCCURS 0 TO 4 TIMES
                   DEPENDING ON LOT-NOTES.
           05  LOT-TRAILER REDEFINES LOT-DETAIL.
               10  TRL-COUNT PIC 9(3).
               10  TRL-QTY   PIC S9(7)V99 COMP-3.
               10  TRL-DATE  PIC 9(8).
";
const MEANING: &str = r#"version = 1
key = ["LOT-ID"]
record_length = "view"

[record_types.DETAIL]
when = { REC-TYPE = "D" }
view = "LOT-DETAIL"

[record_types.TRAILER]
when = { REC-TYPE = "T" }
view = "LOT-TRAILER"

[fields."TRL-DATE"]
date = "YYYYMMDD"

[trailer]
record_type = "TRAILER"
count = "TRL-COUNT"
total = { field = "TRL-QTY", of = "LOT-QTY" }
business_date = "TRL-DATE"
"#;

/// Details as (id, quantity, notes), and what the trailer says.
struct DataSet<'a> {
    details: &'a [(&'a str, f64, &'a [&'a str])],
    count: u64,
    total: f64,
    date: &'a str,
}

impl DataSet<'_> {
    fn write(&self, rig: &Rig, generation: u32) {
        let details = self.details.iter().map(|(id, quantity, notes)| {
            json!({"REC-TYPE": "D", "LOT-DETAIL": {"LOT-ID": id, "LOT-QTY": quantity, "LOT-NOTES": notes.len(), "LOT-NOTE": notes}})
        });
        let trailer = json!({"REC-TYPE": "T", "LOT-TRAILER": {"TRL-COUNT": self.count, "TRL-QTY": self.total, "TRL-DATE": self.date}});
        let mut bytes = Vec::new();
        for record in details.chain([trailer]) {
            write_record(RecordFormat::V, &rig.encode(&record), &mut bytes).unwrap();
        }
        rig.write(generation, &bytes);
    }
}

const FIRST: DataSet<'_> = DataSet {
    details: &[("A1", 1.25, &["new"]), ("B2", -2.5, &[])],
    count: 2,
    total: -1.25,
    date: "2026-11-20",
};

fn short(record: &Incoming) -> String {
    let value = rig::json(record.value.as_ref());
    let side = if value["after"].is_null() {
        "before"
    } else {
        "after"
    };
    let detail = &value[side]["LOT-DETAIL"];
    format!(
        "{} {} {}",
        value["op"].as_str().unwrap(),
        detail["LOT-ID"].as_str().unwrap(),
        detail["LOT-NOTE"]
    )
}

async fn reasons(rig: &Rig) -> Vec<String> {
    rig.status()
        .await
        .held
        .iter()
        .flat_map(|held| &held.reasons)
        .map(ToString::to_string)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailer_is_no_record_and_its_sums_go_into_the_marker() {
    let rig = Rig::of(COPYBOOK, MEANING, "V", "");
    FIRST.write(&rig, 1);
    rig.once().await;
    let records = rig.read(TOPIC).await;
    assert_eq!(
        records.iter().map(short).collect::<Vec<_>>(),
        [r#"r A1 ["new"]"#, "r B2 []"]
    );
    let end = rig::json(rig.read("plant.generations").await[0].value.as_ref());
    assert_eq!(end["business_date"], "2026-11-20");
    assert_eq!(
        end["controls"],
        json!([
            {"name": "records", "counted": "2", "stated": "2"},
            {"name": "LOT-DETAIL.LOT-QTY", "counted": "-1.25", "stated": "-1.25"},
        ])
    );
    let value: Value = rig::json(records[0].value.as_ref());
    assert_eq!(
        value["after"]["LOT-TRAILER"],
        Value::Null,
        "the view that does not hold"
    );
    assert_eq!(
        value["source"]["file_offset"], 4,
        "behind the descriptor word"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailer_that_disagrees_holds_the_generation_with_every_reason() {
    let rig = Rig::of(COPYBOOK, MEANING, "V", "");
    FIRST.write(&rig, 1);
    DataSet {
        details: &[("A1", 1.25, &[]), ("B2", 2.5, &[])],
        count: 3,
        total: -1.25,
        date: "2026-11-19",
    }
    .write(&rig, 2);
    rig.once().await;
    assert_eq!(
        reasons(&rig).await,
        [
            "the trailer says 3 records, and there are 2",
            "the trailer says that LOT-DETAIL.LOT-QTY adds up to -1.25, and it adds up to 3.75",
            "its business date 2026-11-19 is before the last generation's, 2026-11-20",
        ]
    );
    assert_eq!(rig.read(TOPIC).await.len(), 2);
    // Made again, and right.
    DataSet {
        details: &[("A1", 1.25, &[]), ("B2", -2.5, &[])],
        date: "2026-11-21",
        ..FIRST
    }
    .write(&rig, 2);
    rig.once().await;
    assert_eq!(
        rig.read(TOPIC)
            .await
            .split_off(2)
            .iter()
            .map(short)
            .collect::<Vec<_>>(),
        ["u A1 []"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_its_trailer_was_cut() {
    let rig = Rig::of(COPYBOOK, MEANING, "V", "");
    FIRST.write(&rig, 1);
    rig.once().await;
    let whole = std::fs::read(rig.data(1)).unwrap();
    // Between two records: no framing error.
    let trailer = 4 + 1 + 3 + 5 + 8;
    rig.write(2, &whole[..whole.len() - trailer]);
    rig.once().await;
    assert_eq!(
        reasons(&rig).await,
        ["there is no trailer: the file was cut, or is of another data set"]
    );
    // In the descriptor word of another format.
    rig.write(2, &rig.encode(&json!({"REC-TYPE": "D", "LOT-DETAIL": {"LOT-ID": "A1", "LOT-QTY": 1, "LOT-NOTES": 0, "LOT-NOTE": []}})));
    rig.once().await;
    let reasons = reasons(&rig).await;
    assert!(
        reasons[0].contains("record 1 at byte 0") && reasons[0].contains("RDW"),
        "{reasons:?}"
    );
    assert_eq!(rig.status().await.generation, Some(name(1)));
}
