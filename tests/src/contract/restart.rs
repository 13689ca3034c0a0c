//! A restart forgets nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::producer::Producer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::{See, block_on, eventually, next, options, send_one, send_values, texts};
use super::{PATIENCE, Subject, unique};

pub(super) fn everything_is_there_after(subject: &Subject) -> Result<()> {
    let restart = subject
        .restart
        .as_ref()
        .context("nobody said how to restart this broker")?;
    let topic = subject.topic(
        "kept",
        2,
        &[("retention.ms", "-1"), ("max.message.bytes", "5000000")],
    )?;
    let trimmed = subject.topic("trimmed", 1, &[])?;
    let (group, id) = (unique("kept"), unique("kept"));
    let plain = subject.producer(&[])?;
    send_one(
        &plain,
        &topic,
        Some(b"key"),
        Some(b"plain"),
        &[("header", Some(b"x"))],
    )?;
    send_values(&plain, &trimmed, &["0", "1", "2"])?;
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(&trimmed, 0, Offset::Offset(2))?;
    block_on(subject.admin()?.delete_records(&place, &options()))??;
    let transactional = subject.transactional(&id, Duration::from_secs(60))?;
    for (value, commit) in [("committed", true), ("aborted", false)] {
        transactional.begin_transaction()?;
        send_values(&transactional, &topic, &[value])?;
        if commit {
            transactional.commit_transaction(PATIENCE)?;
        } else {
            transactional.abort_transaction(PATIENCE)?;
        }
    }
    {
        let consumer = subject.consumer(&group, See::Committed, &[])?;
        consumer.subscribe(&[&topic])?;
        next(&consumer)?;
        consumer.commit_consumer_state(CommitMode::Sync)?;
    }
    let bootstrap = restart()?;
    let after = Subject {
        bootstrap,
        restart: None,
    };
    eventually(|| {
        let read = texts(&after.read_all(&topic, See::Committed)?);
        ensure!(read == ["plain", "committed"], "the records: {read:?}");
        Ok(())
    })?;
    let first = after
        .read_all(&topic, See::Everything)?
        .into_iter()
        .next()
        .context("no record")?;
    ensure!(
        first.headers == [("header".to_owned(), Some(b"x".to_vec()))],
        "its headers: {first:?}"
    );
    ensure!(
        texts(&after.read_all(&trimmed, See::Everything)?) == ["2"],
        "deleted records came back"
    );
    let consumer = after.consumer(&group, See::Committed, &[])?;
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(&topic, 0);
    let committed = consumer.committed_offsets(wanted, PATIENCE)?;
    let offset = committed
        .find_partition(&topic, 0)
        .context("no such partition")?
        .offset();
    ensure!(
        offset == Offset::Offset(1),
        "the group's offset: {offset:?}"
    );
    // The producer that was there before is fenced by its successor, whose epoch goes on.
    let next_one = after.transactional(&id, Duration::from_secs(60))?;
    next_one.begin_transaction()?;
    send_values(&next_one, &topic, &["after"])?;
    next_one.commit_transaction(PATIENCE)?;
    eventually(|| {
        let read = texts(&after.read_all(&topic, See::Committed)?);
        ensure!(
            read == ["plain", "committed", "after"],
            "the records: {read:?}"
        );
        Ok(())
    })?;
    ensure!(after.create(&topic, 1, &[]).is_err(), "the topic is known");
    Ok(())
}
