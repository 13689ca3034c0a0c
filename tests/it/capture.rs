//! Capture on the embedded broker: what comes out for what the data set does, damage and people's decisions included.

mod echo;
mod exactly_once;
mod hold;
mod large;
mod layout;
mod registered;
pub(crate) mod rig;
mod trailer;
mod trouble;

use cdc::State;
use rig::{Rig, TOPIC, json, name};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_generation_is_a_snapshot_and_the_next_ones_are_changes() {
    let rig = Rig::new();
    rig.lots(
        1,
        &[("A1", 5, "one"), ("B2", -7, "two"), ("C3", 0, "three")],
    );
    rig.once().await;
    let seen = rig.seen().await;
    assert_eq!(
        seen.iter().map(|seen| seen.short()).collect::<Vec<_>>(),
        ["r A1 5", "r B2 -7", "r C3 0"]
    );
    assert_eq!(
        seen.iter()
            .map(|seen| seen.snapshot.as_str())
            .collect::<Vec<_>>(),
        ["first", "true", "last"]
    );

    rig.lots(
        2,
        &[("A1", 6, "one"), ("C3", 0, "three"), ("D4", 1, "four")],
    );
    rig.once().await;
    assert_eq!(rig.since(3).await, ["u A1 5→6", "d B2 -7", "c D4 1"]);
    assert!(
        rig.seen()
            .await
            .iter()
            .skip(3)
            .all(|seen| seen.snapshot == "false" && seen.generation == name(2))
    );

    // The same again: nothing.
    rig.lots(
        3,
        &[("D4", 1, "four"), ("A1", 6, "one"), ("C3", 0, "three")],
    );
    rig.once().await;
    assert_eq!(rig.seen().await.len(), 6);
    let expected =
        [("A1", 6), ("C3", 0), ("D4", 1)].map(|(id, quantity)| (id.to_owned(), quantity));
    assert_eq!(rig.fold().await, expected.into());
    let status = rig.status().await;
    assert_eq!(status.state, State::Current);
    assert_eq!(status.generation, Some(name(3)));
    assert_eq!(status.counts.unwrap().unchanged, 3);
    assert!(status.age.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_generations_at_once_come_one_after_the_other() {
    let rig = Rig::new();
    rig.lots(1, &[("A1", 1, "")]);
    rig.lots(2, &[("A1", 2, "")]);
    rig.lots(3, &[("A1", 3, "")]);
    std::fs::write(
        rig.folder.path().join("data/LOT.G0004V00.part"),
        b"on its way",
    )
    .unwrap();
    rig.once().await;
    assert_eq!(rig.since(0).await, ["r A1 1", "u A1 1→2", "u A1 2→3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_what_debezium_consumers_read_and_says_where_it_comes_from() {
    let rig = Rig::new();
    rig.lots(1, &[("A1", 5, "one")]);
    rig.once().await;
    let record = rig.read(TOPIC).await.remove(0);
    assert_eq!(
        json(record.key.as_ref()),
        serde_json::json!({"LOT-ID": "A1"})
    );
    let mut value = json(record.value.as_ref());
    let source = value["source"].take();
    for clock in ["ts_ms", "ts_us", "ts_ns"] {
        assert!(value[clock].take().is_i64());
        assert!(source[clock].is_i64());
    }
    assert_eq!(
        value,
        serde_json::json!({"before": null, "after": {"LOT-ID": "A1", "LOT-QTY": 5, "LOT-NAME": "one"}, "source": null,
            "transaction": null, "op": "r", "ts_ms": null, "ts_us": null, "ts_ns": null})
    );
    assert_eq!(source["connector"], "figway-dataset");
    assert_eq!(source["name"], "plant");
    assert_eq!(source["dataset"], "lots");
    assert_eq!(source["generation"], name(1));
    assert_eq!(
        (source["record_no"].as_i64(), source["file_offset"].as_i64()),
        (Some(1), Some(0))
    );
    assert_eq!(source["code_page"], "cp037");
    assert_eq!(
        source["snapshot"], "last",
        "a set of one record: the last flag wins"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_body_is_a_dead_letter_and_its_key_keeps_its_old_image() {
    let rig = Rig::with("max_deletes = 10");
    rig.lots(1, &[("A1", 5, "one"), ("B2", 7, "two"), ("C3", 9, "three")]);
    rig.once().await;
    let mut bytes = rig.bytes(&[("A1", 5, "one"), ("B2", 8, "two"), ("C3", 10, "three")]);
    bytes[12 + 4] = 0xFF; // no packed digit
    rig.write(2, &bytes);
    rig.once().await;
    assert_eq!(rig.since(3).await, ["u C3 9→10"]);
    let [letter] = <[_; 1]>::try_from(rig.dead_letters().await).unwrap();
    assert_eq!(letter["figway-dlq-generation"], name(2));
    assert_eq!(letter["figway-dlq-record"], "2");
    assert_eq!(letter["figway-dlq-offset"], "12");
    assert_eq!(letter["figway-dlq-field"], "LOT-QTY");
    assert_eq!(letter["figway-dlq-field-offset"], "4");
    assert_eq!(letter["figway-dlq-field-hex"], "FF008C");
    let raw = rig.read("plant.lots.dlq").await.remove(0);
    assert_eq!(raw.value.as_deref(), Some(&bytes[12..24]), "untouched");
    assert_eq!(json(raw.key.as_ref()), serde_json::json!({"LOT-ID": "B2"}));

    // The carried record has its true `before` when it reads again.
    rig.lots(
        3,
        &[("A1", 5, "one"), ("B2", 8, "two"), ("C3", 10, "three")],
    );
    rig.once().await;
    assert_eq!(rig.since(4).await, ["u B2 7→8"]);
    assert_eq!(rig.status().await.totals.dead_letters, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn markers_say_what_is_complete_and_how_fresh_it_is() {
    let rig = Rig::with("topic = { partitions = 3 }");
    rig.lots(1, &[("A1", 5, "one"), ("B2", 7, "two")]);
    rig.once().await;
    let [end] = <[_; 1]>::try_from(rig.read("plant.generations").await).unwrap();
    assert_eq!(end.key.as_deref(), Some(&b"lots"[..]));
    let end = json(end.value.as_ref());
    assert_eq!(end["generation"], name(1));
    assert_eq!(end["outcome"], "applied");
    assert_eq!(end["kind"], "snapshot");
    assert_eq!(end["counts"]["records"], 2);
    assert_eq!(end["emitted"]["read"], 2);
    assert_eq!(end["file"]["size"], 24);

    let progress = kafka::fold(rig.read("figway.progress").await);
    assert_eq!(progress.len(), 3, "one per partition");
    let data = rig.read(TOPIC).await;
    for (key, value) in progress {
        let (key, value) = (json(Some(&key)), json(Some(&value)));
        assert_eq!(
            key,
            serde_json::json!({"topic": TOPIC, "partition": value["partition"]})
        );
        let end = data
            .iter()
            .filter(|record| i64::from(record.partition) == value["partition"])
            .map(|record| record.offset + 1)
            .max();
        assert_eq!(value["offset"].as_i64(), Some(end.unwrap_or(0)));
        assert_eq!(value["state"], "current");
        assert_eq!(value["generation"], name(1));
        assert!(value["as_of_ms"].is_i64());
    }
}
