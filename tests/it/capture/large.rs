//! Events that do not fit into a record, or are better not sent as they are: compressed, in chunks, in the store.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka::{Incoming, TopicSpec, Topics};
use payload::{Assembler, Bounds, Form, Payloads, Place, decode};
use serde_json::{Value, json};

use super::rig::{MEANING, Rig, TOPIC};

const COPYBOOK: &str = "       01  LOT.
           05  LOT-ID    PIC X(4).
           05  LOT-NOTE  PIC X(3000).
";
/// Objects of an encrypted store that never expire.
const STORE: &str = "[kafka.payload]\nfolder = \"payload\"\nretention = \"forever\"\nkey = \"a\"\nkeys = { a = \"file:payload.key\" }\n";

fn rig(rules: &str, store: &str) -> Rig {
    let rig = Rig::of(COPYBOOK, MEANING, "FB", rules);
    let key = rig.folder.path().join("payload.key");
    std::fs::write(&key, "5a".repeat(32)).unwrap();
    let store = store.replace("payload.key", key.to_str().unwrap());
    rig.with_more(&format!("\n{store}"))
}

/// Three lots; then one with a longer note, one gone, one new.
async fn two_generations(rig: &Rig) {
    let lot = |id: &str, note: &str| rig.encode(&json!({"LOT-ID": id, "LOT-NOTE": note}));
    let long = "a scanned note ".repeat(180);
    let first = [lot("A", &long), lot("B", "short"), lot("C", &long)];
    rig.write(1, &first.concat());
    let second = [lot("B", &long), lot("C", &long), lot("D", "new")];
    rig.write(2, &second.concat());
    rig.once().await;
}

/// What a reader of the topic makes of it, and how the records travelled.
async fn bodies(rig: &Rig) -> (Vec<(String, Option<Value>)>, BTreeMap<&'static str, usize>) {
    let config = rig.config();
    let payloads = config.kafka().payloads().unwrap();
    let (mut all, mut ways) = (Vec::new(), BTreeMap::new());
    let mut assembler = Assembler::new(Bounds::default());
    for record in rig.read(TOPIC).await {
        let key: Value = serde_json::from_slice(record.key.as_ref().unwrap()).unwrap();
        let (way, body) = body(&record, payloads.as_ref(), &mut assembler).await;
        *ways.entry(way).or_default() += 1;
        let Some(body) = body else { continue };
        let value = body.map(|body| serde_json::from_slice(&body).unwrap());
        all.push((key["LOT-ID"].as_str().unwrap().to_owned(), value));
    }
    assert_eq!(assembler.waiting(), 0);
    (all, ways)
}

/// Of a chunk nothing before the last of its set.
async fn body(
    record: &Incoming,
    payloads: Option<&Payloads>,
    assembler: &mut Assembler,
) -> (&'static str, Option<Option<Bytes>>) {
    let Some(value) = record.value.clone().map(Bytes::from) else {
        return ("tombstone", Some(None));
    };
    let Some(form) = Form::parse(|name| record.header(name)).unwrap() else {
        return ("plain", Some(Some(value)));
    };
    match &form.place {
        Place::Here => {
            assert!(value.len() < 1 << 10);
            let body = decode(form.manifest, value, u64::MAX).unwrap();
            ("compressed", Some(Some(body)))
        }
        Place::Chunk(chunk) => {
            assert!(value.len() <= 512);
            let whole = assembler.push(*chunk, form.manifest, value, 0).unwrap();
            ("chunk", whole.map(Some))
        }
        Place::Object { key, .. } => {
            assert_eq!(key.as_ref().map(payload::KeyId::as_str), Some("a"));
            let reader = payloads.unwrap().open_object(&form).await.unwrap();
            ("object", Some(Some(reader.whole(u64::MAX).await.unwrap())))
        }
    }
}

/// Without what differs from run to run.
fn same(events: Vec<(String, Option<Value>)>) -> Vec<(String, Option<Value>)> {
    let without = |mut value: Value| {
        value["ts_ms"] = Value::Null;
        value["ts_us"] = Value::Null;
        value["ts_ns"] = Value::Null;
        value["source"] = Value::Null;
        value
    };
    let events = events.into_iter();
    events
        .map(|(key, value)| (key, value.map(without)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_the_same_whichever_way_it_travels() {
    let one = "topic = { partitions = 1, cleanup_policy = \"delete\" }\n";
    let plain = rig(one, "");
    two_generations(&plain).await;
    let (wanted, ways) = bodies(&plain).await;
    // Three at first; then a deletion with its tombstone, a change and a new one.
    assert_eq!(ways, BTreeMap::from([("plain", 6), ("tombstone", 1)]));
    let wanted = same(wanted);
    let cases = [
        (
            "payload = { compress_above = \"1 KiB\" }",
            "",
            vec!["compressed", "plain", "tombstone"],
        ),
        (
            "payload = { above = \"1 KiB\", by = \"chunks\", chunk = \"512 B\" }",
            "",
            vec!["chunk", "plain", "tombstone"],
        ),
        (
            "payload = { above = \"1 KiB\", by = \"claim\" }",
            STORE,
            vec!["object", "plain", "tombstone"],
        ),
    ];
    for (rules, store, expected) in cases {
        let rig = rig(&format!("{one}{rules}"), store);
        two_generations(&rig).await;
        let (found, ways) = bodies(&rig).await;
        assert!(same(found) == wanted, "{rules}");
        let ways: Vec<_> = ways.into_keys().collect();
        assert_eq!(ways, expected, "{rules}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn references_go_into_a_topic_that_is_compacted_where_objects_never_expire() {
    let rig = rig("payload = { above = \"1 KiB\", by = \"claim\" }", STORE);
    two_generations(&rig).await;
    let (_, ways) = bodies(&rig).await;
    assert_eq!(ways.get("object"), Some(&4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_all_that_is_sent_stops_the_source_and_loses_nothing() {
    let small = rig("payload = { above = \"1 KiB\" }", "");
    let lot = json!({"LOT-ID": "A", "LOT-NOTE": "n".repeat(3_000)});
    small.write(1, &small.encode(&lot));
    let ended = small.try_once().await.pop().unwrap();
    let error = ended.outcome.unwrap_err();
    assert_eq!(error.kind(), cdc::ErrorKind::KafkaRefused);
    let told = error.chain();
    assert!(told.contains("at most 1024 are sent"), "{told}");
    assert_eq!(small.read(TOPIC).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_large_is_named_by_topic_key_record_size_and_limit() {
    let lots = |rig: &Rig| {
        // Nothing that compression makes small: the topic's limit is one of what comes to it.
        let mut number = 1_u32;
        let mut digit = move || {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + u8::try_from((number >> 24) % 60).unwrap())
        };
        let mut lot = |id: &str, length: usize| {
            let note: String = std::iter::repeat_with(&mut digit).take(length).collect();
            rig.encode(&json!({"LOT-ID": id, "LOT-NOTE": note}))
        };
        rig.write(1, &[lot("A", 10), lot("B", 3_000), lot("C", 20)].concat());
    };
    // Refused by the source's own rule, and where it has none by Kafka.
    for (rules, most) in [
        ("payload = { above = \"1 KiB\" }", "at most 1024 are sent"),
        ("", "at most 1500 are taken"),
    ] {
        let small = rig(rules, "");
        let topic = TopicSpec::new(TOPIC, Some(1))
            .with("cleanup.policy", "compact")
            .with("max.message.bytes", "1500");
        Topics::new(&small.kafka()).ensure(&[topic]).await.unwrap();
        lots(&small);
        let ended = small.try_once().await.pop().unwrap();
        let error = ended.outcome.unwrap_err();
        assert_eq!(error.kind(), cdc::ErrorKind::KafkaRefused);
        let told = error.chain();
        let event = format!("the event of record 2 with key 0xc2404040 for topic {TOPIC}");
        assert!(told.contains(&event) && told.contains(most), "{told}");
        let bytes = told.split_once(" bytes").unwrap().0;
        let bytes: usize = bytes.rsplit_once(' ').unwrap().1.parse().unwrap();
        assert!((3_000..6_000).contains(&bytes), "{told}");
        assert_eq!(small.read(TOPIC).await.len(), 0);
    }
}
