//! Compaction and retention, whenever the broker gets to them.

use std::time::Duration;

use anyhow::{Result, ensure};
use rdkafka::producer::{BaseRecord, Producer};

use super::client::{
    Read, See, delivered, eventually, queue, read_to_end, send_one, send_values, texts,
};
use super::{PATIENCE, Subject, unique};

const QUICK: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.ms", "50"),
    ("min.cleanable.dirty.ratio", "0.01"),
    ("delete.retention.ms", "100"),
];

fn fold(records: &[Read]) -> Vec<(String, String)> {
    let text = |bytes: &Option<Vec<u8>>| {
        String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
    };
    let mut last: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    for record in records {
        match &record.value {
            Some(_) => drop(last.insert(text(&record.key), text(&record.value))),
            None => drop(last.remove(&text(&record.key))),
        }
    }
    last.into_iter().collect()
}

/// Lets a segment grow old enough to be ended by the next record.
fn age() {
    std::thread::park_timeout(Duration::from_millis(60));
}

pub(super) fn last_of_each_key_stays(subject: &Subject) -> Result<()> {
    let topic = subject.topic("compacted", 1, QUICK)?;
    let producer = subject.producer(&[("compression.type", "zstd")])?;
    for round in 0..5 {
        for key in 0..20 {
            let (key, value) = (format!("key {key}"), format!("value {round}"));
            let record = BaseRecord::<str, str, Box<usize>>::with_opaque_to(&topic, Box::new(0));
            queue(&producer, record.partition(0).key(&key).payload(&value))?;
        }
        delivered(&producer)?;
        age();
    }
    send_one(&producer, &topic, Some(b"key 7"), None, &[])?;
    let aborting = subject.transactional(&unique("compacted"), PATIENCE)?;
    aborting.begin_transaction()?;
    send_one(&aborting, &topic, Some(b"key 3"), Some(b"aborted"), &[])?;
    aborting.abort_transaction(PATIENCE)?;
    let committing = subject.transactional(&unique("compacted"), PATIENCE)?;
    committing.begin_transaction()?;
    send_one(&committing, &topic, Some(b"key 4"), Some(b"committed"), &[])?;
    committing.commit_transaction(PATIENCE)?;
    let wanted: Vec<(String, String)> = (0..20)
        .filter(|key| *key != 7)
        .map(|key| {
            (
                format!("key {key}"),
                if key == 4 {
                    "committed".to_owned()
                } else {
                    "value 4".to_owned()
                },
            )
        })
        .chain([("last".to_owned(), "end".to_owned())])
        .collect::<std::collections::BTreeMap<_, _>>()
        .into_iter()
        .collect();
    eventually(|| {
        // The active segment is never compacted: a record now and then ends it.
        age();
        send_one(&producer, &topic, Some(b"last"), Some(b"end"), &[])?;
        let read = subject.read_all(&topic, See::Committed)?;
        ensure!(
            fold(&read) == wanted,
            "the fold of what is left: {:?}",
            fold(&read)
        );
        let count = |is: &dyn Fn(&Read) -> bool| read.iter().filter(|record| is(record)).count();
        let tombstones = count(&|record| record.value.is_none());
        let rest = count(&|record| record.text() != "end");
        ensure!(
            tombstones == 0 && rest == 19,
            "wanted 19 records beside the last, got {rest}; {tombstones} tombstones"
        );
        ensure!(
            read.windows(2)
                .all(|pair| matches!(pair, [a, b] if a.offset < b.offset)),
            "offsets go back"
        );
        Ok(())
    })?;
    // A reader that starts in a gap goes on behind it.
    let reader = subject.consumer("unused", See::Committed, &[])?;
    let mut place = rdkafka::TopicPartitionList::new();
    place.add_partition_offset(&topic, 0, rdkafka::Offset::Offset(1))?;
    rdkafka::consumer::Consumer::assign(&reader, &place)?;
    ensure!(!read_to_end(&reader)?.is_empty(), "nothing behind the gap");
    Ok(())
}

pub(super) fn old_segments_go(subject: &Subject) -> Result<()> {
    let topic = subject.topic(
        "retained",
        1,
        &[("retention.ms", "500"), ("segment.ms", "50")],
    )?;
    let producer = subject.producer(&[])?;
    for _ in 0..3 {
        send_values(&producer, &topic, &["old"])?;
        age();
    }
    eventually(|| {
        let (low, high) = producer.client().fetch_watermarks(&topic, 0, PATIENCE)?;
        ensure!(
            low == 3 && high == 3,
            "wanted all 3 records gone, the log is {low} to {high}"
        );
        Ok(())
    })?;
    send_values(&producer, &topic, &["new"])?;
    let read = subject.read(&topic, 0, rdkafka::Offset::Offset(3), See::Committed)?;
    ensure!(texts(&read) == ["new"], "what came after: {read:?}");
    Ok(())
}
