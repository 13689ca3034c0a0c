//! Consumer groups: who reads what, from where, and who is told it is out.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::BaseRecord;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::{
    Read, See, block_on, code, delivered, eventually, next, options, queue, send_values,
};
use super::{PATIENCE, Subject, unique};

/// Sends one record to each of four partitions.
fn feed(subject: &Subject, topic: &str, value: &str) -> Result<()> {
    let producer = subject.producer(&[])?;
    for partition in 0..4 {
        let number = Box::new(usize::try_from(partition)?);
        let record = BaseRecord::<(), str, Box<usize>>::with_opaque_to(topic, number);
        queue(&producer, record.partition(partition).payload(value))?;
    }
    delivered(&producer).map(drop)
}

fn partitions(consumer: &BaseConsumer) -> Result<BTreeSet<i32>> {
    Ok(consumer
        .assignment()?
        .elements()
        .iter()
        .map(|it| it.partition())
        .collect())
}

/// Polls all consumers until `done`; whatever they read on the way.
fn poll_until(
    consumers: &[&BaseConsumer],
    mut done: impl FnMut(&[Read]) -> Result<bool>,
) -> Result<Vec<Read>> {
    let deadline = Instant::now() + PATIENCE;
    let mut read = Vec::new();
    while !done(&read)? {
        ensure!(
            Instant::now() < deadline,
            "waited in vain; {} records were read",
            read.len()
        );
        for consumer in consumers {
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) {
                read.push(Read::of(&message));
            }
        }
    }
    Ok(read)
}

pub(super) fn two_members_share_and_take_over(subject: &Subject) -> Result<()> {
    let topic = subject.topic("shared", 4, &[])?;
    feed(subject, &topic, "first")?;
    let group = unique("shared");
    let settings = [
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "200"),
    ];
    let first = subject.consumer(&group, See::Committed, &settings)?;
    first.subscribe(&[&topic])?;
    poll_until(&[&first], |read| {
        Ok(read.len() == 4 && partitions(&first)?.len() == 4)
    })?;
    first.commit_consumer_state(CommitMode::Sync)?;
    let second = subject.consumer(&group, See::Committed, &settings)?;
    second.subscribe(&[&topic])?;
    let shared = || anyhow::Ok((partitions(&first)?, partitions(&second)?));
    poll_until(&[&first, &second], |_| {
        shared().map(|(a, b)| a.len() == 2 && b.len() == 2)
    })?;
    let (a, b) = shared()?;
    ensure!(
        a.is_disjoint(&b),
        "both read the same partition: {a:?} and {b:?}"
    );
    feed(subject, &topic, "second")?;
    let read = poll_until(&[&first, &second], |read| Ok(read.len() == 4))?;
    ensure!(
        read.iter().all(|record| record.text() == "second"),
        "what was committed came again: {read:?}"
    );
    first.commit_consumer_state(CommitMode::Sync)?;
    second.commit_consumer_state(CommitMode::Sync)?;
    // One leaves: the other has all, and goes on where both had come to.
    drop(second);
    poll_until(&[&first], |_| Ok(partitions(&first)?.len() == 4))?;
    feed(subject, &topic, "third")?;
    let read = poll_until(&[&first], |read| Ok(read.len() == 4))?;
    ensure!(
        read.iter().all(|record| record.text() == "third"),
        "what was committed came again: {read:?}"
    );
    Ok(())
}

pub(super) fn committed_offsets_are_where_the_next_one_starts(subject: &Subject) -> Result<()> {
    let topic = subject.topic("committed", 1, &[])?;
    let producer = subject.producer(&[])?;
    send_values(&producer, &topic, &["0", "1", "2", "3"])?;
    let group = unique("committed");
    {
        let consumer = subject.consumer(&group, See::Committed, &[])?;
        consumer.subscribe(&[&topic])?;
        ensure!(next(&consumer)?.text() == "0", "the first record");
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&topic, 0, Offset::Offset(2))?;
        offsets
            .find_partition(&topic, 0)
            .context("just added")?
            .set_metadata("where I am");
        consumer.commit(&offsets, CommitMode::Sync)?;
    }
    let consumer = subject.consumer(&group, See::Committed, &[])?;
    consumer.subscribe(&[&topic])?;
    ensure!(
        next(&consumer)?.text() == "2",
        "the record at the committed offset"
    );
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(&topic, 0);
    let committed = consumer.committed_offsets(wanted, PATIENCE)?;
    let committed = committed
        .find_partition(&topic, 0)
        .context("no such partition")?;
    ensure!(
        committed.metadata() == "where I am",
        "metadata {:?}",
        committed.metadata()
    );
    Ok(())
}

pub(super) fn commit_of_a_member_that_was_left_behind_is_refused(subject: &Subject) -> Result<()> {
    let topic = subject.topic("behind", 4, &[])?;
    feed(subject, &topic, "x")?;
    let group = unique("behind");
    // Polls once and never again, so it is thrown out after max.poll.interval.ms.
    let settings = [
        ("session.timeout.ms", "6000"),
        ("max.poll.interval.ms", "6000"),
        ("heartbeat.interval.ms", "200"),
    ];
    let slow = subject.consumer(&group, See::Committed, &settings)?;
    slow.subscribe(&[&topic])?;
    next(&slow)?;
    let other = subject.consumer(&group, See::Committed, &settings)?;
    other.subscribe(&[&topic])?;
    poll_until(&[&other], |_| Ok(partitions(&other)?.len() == 4))?;
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(&topic, 0, Offset::Offset(1))?;
    let refused = slow.commit(&offsets, CommitMode::Sync);
    let code = refused
        .as_ref()
        .err()
        .and_then(rdkafka::error::KafkaError::rdkafka_error_code);
    let wanted = [
        RDKafkaErrorCode::IllegalGeneration,
        RDKafkaErrorCode::UnknownMemberId,
        RDKafkaErrorCode::RebalanceInProgress,
    ];
    ensure!(
        code.is_some_and(|code| wanted.contains(&code)),
        "wanted one of {wanted:?}, got {refused:?}"
    );
    // What it has still to hear of is served before it closes: librdkafka hangs otherwise (its issue 4884).
    slow.unsubscribe();
    while slow.poll(Duration::from_millis(50)).is_some() {}
    Ok(())
}

pub(super) fn groups_are_listed_and_deleted(subject: &Subject) -> Result<()> {
    let topic = subject.topic("listed", 1, &[])?;
    send_values(&subject.producer(&[])?, &topic, &["x"])?;
    let group = unique("listed");
    let consumer = subject.consumer(&group, See::Committed, &[])?;
    consumer.subscribe(&[&topic])?;
    next(&consumer)?;
    consumer.commit_consumer_state(CommitMode::Sync)?;
    let state = |group: &str| -> Result<Option<(String, usize)>> {
        let listed = consumer.client().fetch_group_list(Some(group), PATIENCE)?;
        let found = listed.groups().iter().find(|found| found.name() == group);
        Ok(found.map(|found| (found.state().to_owned(), found.members().len())))
    };
    let stable = state(&group)?;
    ensure!(
        stable == Some(("Stable".to_owned(), 1)),
        "wanted a stable group of one, got {stable:?}"
    );
    let admin = subject.admin()?;
    let delete = || -> Result<()> {
        let results = block_on(admin.delete_groups(&[&group], &options()))??;
        match results.into_iter().next() {
            Some(Err((_, code))) => Err(rdkafka::error::KafkaError::AdminOp(code).into()),
            _ => Ok(()),
        }
    };
    let refused = delete().err().and_then(|error| code(&error));
    ensure!(
        refused == Some(RDKafkaErrorCode::NonEmptyGroup),
        "wanted group not empty, got {refused:?}"
    );
    drop(consumer);
    eventually(|| delete().map(drop))?;
    let gone = delete().err().and_then(|error| code(&error));
    ensure!(
        gone == Some(RDKafkaErrorCode::GroupIdNotFound),
        "wanted no such group, got {gone:?}"
    );
    let consumer = subject.consumer(&group, See::Committed, &[])?;
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(&topic, 0);
    let committed = consumer.committed_offsets(wanted, PATIENCE)?;
    let offset = committed
        .find_partition(&topic, 0)
        .context("no such partition")?
        .offset();
    ensure!(
        offset == Offset::Invalid,
        "the deleted group still has offset {offset:?}"
    );
    Ok(())
}
