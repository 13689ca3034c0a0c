//! Offsets of a group that are part of a transaction.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::Producer;
use rdkafka::topic_partition_list::Offset;

use super::client::{See, eventually, next, send_values};
use super::{PATIENCE, Subject, unique};

struct Bench {
    input: String,
    output: String,
    group: String,
    consumer: BaseConsumer,
}

fn bench(subject: &Subject) -> Result<Bench> {
    let (input, output) = (
        subject.topic("input", 1, &[])?,
        subject.topic("output", 1, &[])?,
    );
    send_values(&subject.producer(&[])?, &input, &["0", "1", "2"])?;
    let group = unique("group");
    let consumer = subject.consumer(&group, See::Committed, &[])?;
    consumer.subscribe(&[&input])?;
    for _ in 0..3 {
        next(&consumer)?;
    }
    Ok(Bench {
        input,
        output,
        group,
        consumer,
    })
}

fn committed(bench: &Bench) -> Result<Option<i64>> {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(&bench.input, 0);
    let committed = bench.consumer.committed_offsets(wanted, PATIENCE)?;
    let offset = committed
        .find_partition(&bench.input, 0)
        .context("no such partition")?
        .offset();
    Ok(if let Offset::Offset(offset) = offset {
        Some(offset)
    } else {
        None
    })
}

fn send_offsets(subject: &Subject, bench: &Bench, offset: i64) -> Result<super::client::Sender> {
    let producer = subject.transactional(&unique("offsets"), Duration::from_secs(60))?;
    producer.begin_transaction()?;
    send_values(&producer, &bench.output, &["result"])?;
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(&bench.input, 0, Offset::Offset(offset))?;
    let metadata = bench
        .consumer
        .group_metadata()
        .context("the consumer is in no group")?;
    producer.send_offsets_to_transaction(&offsets, &metadata, PATIENCE)?;
    Ok(producer)
}

pub(super) fn offsets_count_when_it_commits(subject: &Subject) -> Result<()> {
    let bench = bench(subject)?;
    let producer = send_offsets(subject, &bench, 2)?;
    producer.commit_transaction(PATIENCE)?;
    eventually(|| {
        let committed = committed(&bench)?;
        ensure!(
            committed == Some(2),
            "wanted offset 2 of group {}, got {committed:?}",
            bench.group
        );
        Ok(())
    })?;
    let read = subject.read_all(&bench.output, See::Committed)?;
    ensure!(read.len() == 1, "wanted 1 result, got {}", read.len());
    Ok(())
}

pub(super) fn offsets_do_not_count_when_it_aborts(subject: &Subject) -> Result<()> {
    let bench = bench(subject)?;
    let producer = send_offsets(subject, &bench, 1)?;
    producer.commit_transaction(PATIENCE)?;
    let producer = send_offsets(subject, &bench, 3)?;
    producer.abort_transaction(PATIENCE)?;
    eventually(|| {
        let committed = committed(&bench)?;
        ensure!(
            committed == Some(1),
            "wanted offset 1 of group {}, got {committed:?}",
            bench.group
        );
        Ok(())
    })?;
    let read = subject.read_all(&bench.output, See::Committed)?;
    ensure!(read.len() == 1, "wanted 1 result, got {}", read.len());
    Ok(())
}
