//! Where a log begins and ends, and how a reader finds its place in it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::{See, block_on, delivered, next, options, queue, send_values, texts};
use super::{PATIENCE, Subject, unique};

fn place(topic: &str, offset: Offset) -> Result<TopicPartitionList> {
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, 0, offset)?;
    Ok(place)
}

fn watermarks(subject: &Subject, topic: &str) -> Result<(i64, i64)> {
    Ok(subject
        .producer(&[])?
        .client()
        .fetch_watermarks(topic, 0, PATIENCE)?)
}

pub(super) fn watermarks_follow(subject: &Subject) -> Result<()> {
    let topic = subject.topic("watermarks", 1, &[])?;
    ensure!(watermarks(subject, &topic)? == (0, 0), "an empty log");
    let producer = subject.producer(&[])?;
    send_values(&producer, &topic, &["0", "1", "2"])?;
    let after = watermarks(subject, &topic)?;
    ensure!(after == (0, 3), "wanted 0 and 3, got {after:?}");
    let transactional = subject.transactional(&unique("watermarks"), PATIENCE)?;
    transactional.begin_transaction()?;
    send_values(&transactional, &topic, &["3"])?;
    transactional.commit_transaction(PATIENCE)?;
    let after = watermarks(subject, &topic)?;
    ensure!(
        after == (0, 5),
        "the marker takes an offset too: wanted 0 and 5, got {after:?}"
    );
    Ok(())
}

fn offset_at(consumer: &BaseConsumer, topic: &str, timestamp: i64) -> Result<Offset> {
    let found = consumer.offsets_for_times(place(topic, Offset::Offset(timestamp))?, PATIENCE)?;
    Ok(found
        .find_partition(topic, 0)
        .context("no such partition")?
        .offset())
}

pub(super) fn offsets_by_time(subject: &Subject) -> Result<()> {
    const START: i64 = 1_700_000_000_000;
    // Old records: retention by time would take them.
    let topic = subject.topic("times", 1, &[("retention.ms", "-1")])?;
    // Both within one batch and over many, compressed and not; every tenth record is out of order.
    let mut wanted = Vec::new();
    for codec in ["none", "gzip"] {
        let producer = subject.producer(&[
            ("compression.type", codec),
            ("linger.ms", "100"),
            ("batch.num.messages", "30"),
        ])?;
        for _ in 0..100_usize {
            let number = i64::try_from(wanted.len())?;
            let timestamp = START + 1000 * if number % 10 == 9 { number - 5 } else { number };
            let record =
                BaseRecord::<(), str, Box<usize>>::with_opaque_to(&topic, Box::new(wanted.len()));
            queue(
                &producer,
                record.partition(0).payload("x").timestamp(timestamp),
            )?;
            wanted.push(timestamp);
        }
        delivered(&producer)?;
    }
    let consumer = subject.consumer("unused", See::Everything, &[])?;
    for timestamp in [
        0,
        START,
        START + 1,
        START + 9_000,
        START + 57_500,
        START + 99_000,
        START + 198_000,
    ] {
        let first = wanted
            .iter()
            .position(|at| *at >= timestamp)
            .context("one is late enough")?;
        let found = offset_at(&consumer, &topic, timestamp)?;
        ensure!(
            found == Offset::Offset(i64::try_from(first)?),
            "at {timestamp} wanted offset {first}, got {found:?}"
        );
    }
    let later = offset_at(&consumer, &topic, START + 1_000_000)?;
    ensure!(
        later == Offset::End,
        "after the last record wanted the end, got {later:?}"
    );
    Ok(())
}

pub(super) fn a_waiting_fetch_is_woken(subject: &Subject) -> Result<()> {
    let topic = subject.topic("woken", 1, &[])?;
    let producer = subject.producer(&[])?;
    let consumer = subject.consumer("unused", See::Committed, &[("fetch.wait.max.ms", "30000")])?;
    consumer.assign(&place(&topic, Offset::Beginning)?)?;
    let begun = Instant::now();
    for number in 0..5 {
        send_values(&producer, &topic, &[&number.to_string()])?;
        ensure!(
            next(&consumer)?.text() == number.to_string(),
            "record {number}"
        );
    }
    ensure!(
        begun.elapsed() < Duration::from_secs(20),
        "the fetches waited for their time to pass, not for records"
    );
    Ok(())
}

pub(super) fn deleted_records_are_gone(subject: &Subject) -> Result<()> {
    let topic = subject.topic("deleted", 1, &[])?;
    let producer = subject.producer(&[("batch.num.messages", "3"), ("linger.ms", "20")])?;
    let values: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    send_values(
        &producer,
        &topic,
        &values.iter().map(String::as_str).collect::<Vec<_>>(),
    )?;
    let admin = subject.admin()?;
    let results = block_on(admin.delete_records(&place(&topic, Offset::Offset(4))?, &options()))??;
    let low = results
        .find_partition(&topic, 0)
        .context("no result")?
        .offset();
    ensure!(
        low == Offset::Offset(4),
        "wanted the log to begin at 4, got {low:?}"
    );
    ensure!(
        watermarks(subject, &topic)? == (4, 10),
        "watermarks {:?}",
        watermarks(subject, &topic)?
    );
    let read = texts(&subject.read_all(&topic, See::Committed)?);
    ensure!(
        read == ["4", "5", "6", "7", "8", "9"],
        "from the beginning: {read:?}"
    );
    block_on(admin.delete_records(&place(&topic, Offset::End)?, &options()))??;
    ensure!(
        watermarks(subject, &topic)? == (10, 10),
        "watermarks {:?}",
        watermarks(subject, &topic)?
    );
    send_values(&producer, &topic, &["10"])?;
    ensure!(
        texts(&subject.read_all(&topic, See::Committed)?) == ["10"],
        "what came after"
    );
    Ok(())
}

pub(super) fn out_of_range_is_said(subject: &Subject) -> Result<()> {
    let topic = subject.topic("range", 1, &[])?;
    send_values(&subject.producer(&[])?, &topic, &["0"])?;
    let consumer = subject.consumer("unused", See::Committed, &[("auto.offset.reset", "error")])?;
    consumer.assign(&place(&topic, Offset::Offset(99))?)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match consumer.poll(Duration::from_secs(1)) {
            Some(Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset))) => {
                return Ok(());
            }
            None => {}
            other => anyhow::bail!("wanted offset out of range, got {other:?}"),
        }
    }
    anyhow::bail!("no error came")
}
