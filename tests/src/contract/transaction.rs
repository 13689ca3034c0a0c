//! Transactions: all or nothing, whoever dies when.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer};

use super::client::{See, delivered, eventually, queue, queue_values, send_values, settle, texts};
use super::{PATIENCE, Subject, unique};

const LONG: Duration = Duration::from_secs(60);

fn is_visible(subject: &Subject, topic: &str, wanted: &[&str]) -> Result<()> {
    let read = texts(&subject.read_all(topic, See::Committed)?);
    ensure!(
        read == wanted,
        "a read_committed reader wants {wanted:?}, got {read:?}"
    );
    Ok(())
}

pub(super) fn commit_shows_all_at_once(subject: &Subject) -> Result<()> {
    let topic = subject.topic("commit", 1, &[])?;
    let producer = subject.transactional(&unique("commit"), LONG)?;
    producer.begin_transaction()?;
    send_values(&producer, &topic, &["a", "b"])?;
    is_visible(subject, &topic, &[])?;
    let uncommitted = texts(&subject.read_all(&topic, See::Everything)?);
    ensure!(
        uncommitted == ["a", "b"],
        "a read_uncommitted reader got {uncommitted:?}"
    );
    send_values(&producer, &topic, &["c"])?;
    producer.commit_transaction(PATIENCE)?;
    // Kafka answers a commit before the markers are everywhere.
    eventually(|| is_visible(subject, &topic, &["a", "b", "c"]))?;
    producer.begin_transaction()?;
    send_values(&producer, &topic, &["d"])?;
    producer.commit_transaction(PATIENCE)?;
    eventually(|| is_visible(subject, &topic, &["a", "b", "c", "d"]))?;
    let offsets: Vec<i64> = subject
        .read_all(&topic, See::Committed)?
        .iter()
        .map(|record| record.offset)
        .collect();
    ensure!(
        offsets == [0, 1, 2, 4],
        "the marker takes offset 3: got {offsets:?}"
    );
    Ok(())
}

pub(super) fn abort_shows_nothing(subject: &Subject) -> Result<()> {
    let topic = subject.topic("abort", 1, &[])?;
    let producer = subject.transactional(&unique("abort"), LONG)?;
    for round in 0..3 {
        producer.begin_transaction()?;
        send_values(&producer, &topic, &["no", "neither"])?;
        producer.abort_transaction(PATIENCE)?;
        producer.begin_transaction()?;
        send_values(&producer, &topic, &[&format!("yes {round}")])?;
        producer.commit_transaction(PATIENCE)?;
    }
    eventually(|| is_visible(subject, &topic, &["yes 0", "yes 1", "yes 2"]))?;
    ensure!(
        subject.read_all(&topic, See::Everything)?.len() == 9,
        "read_uncommitted sees the aborted records too"
    );
    Ok(())
}

pub(super) fn empty_transactions_are_fine(subject: &Subject) -> Result<()> {
    let topic = subject.topic("empty", 1, &[])?;
    let producer = subject.transactional(&unique("empty"), LONG)?;
    producer.begin_transaction()?;
    producer.commit_transaction(PATIENCE)?;
    producer.begin_transaction()?;
    producer.abort_transaction(PATIENCE)?;
    producer.begin_transaction()?;
    send_values(&producer, &topic, &["x"])?;
    producer.commit_transaction(PATIENCE)?;
    eventually(|| is_visible(subject, &topic, &["x"]))
}

pub(super) fn many_partitions_commit_together(subject: &Subject) -> Result<()> {
    let topics = [
        subject.topic("many-a", 4, &[])?,
        subject.topic("many-b", 4, &[])?,
    ];
    let producer = subject.transactional(&unique("many"), LONG)?;
    for value in ["committed", "aborted"] {
        producer.begin_transaction()?;
        for topic in &topics {
            for partition in 0..4 {
                let number = Box::new(usize::try_from(partition)?);
                let record = BaseRecord::<(), str, Box<usize>>::with_opaque_to(topic, number);
                queue(&producer, record.partition(partition).payload(value))?;
            }
        }
        delivered(&producer)?;
        if value == "committed" {
            producer.commit_transaction(PATIENCE)?;
        } else {
            producer.abort_transaction(PATIENCE)?;
        }
    }
    for topic in &topics {
        for partition in 0..4 {
            eventually(|| {
                let from = rdkafka::Offset::Beginning;
                let read = texts(&subject.read(topic, partition, from, See::Committed)?);
                ensure!(
                    read == ["committed"],
                    "partition {partition} of {topic}: {read:?}"
                );
                Ok(())
            })?;
        }
    }
    Ok(())
}

pub(super) fn too_long_is_aborted(subject: &Subject) -> Result<()> {
    let topic = subject.topic("timeout", 1, &[])?;
    let id = unique("timeout");
    let producer = subject.transactional(&id, Duration::from_secs(2))?;
    producer.begin_transaction()?;
    send_values(&producer, &topic, &["late"])?;
    let other = subject.producer(&[])?;
    send_values(&other, &topic, &["behind it"])?;
    // What the open transaction hides comes to light when the broker has aborted it.
    eventually(|| is_visible(subject, &topic, &["behind it"]))?;
    let Err(error) = producer.commit_transaction(PATIENCE) else {
        bail!("the commit came too late and went through")
    };
    ensure!(
        matches!(&error, KafkaError::Transaction(error) if error.is_fatal() || error.txn_requires_abort()),
        "wanted a fatal error or one that asks for an abort, got {error:?}"
    );
    drop(producer);
    let next = subject.transactional(&id, LONG)?;
    next.begin_transaction()?;
    send_values(&next, &topic, &["in time"])?;
    next.commit_transaction(PATIENCE)?;
    eventually(|| is_visible(subject, &topic, &["behind it", "in time"]))
}

pub(super) fn zombie_is_fenced(subject: &Subject) -> Result<()> {
    let topic = subject.topic("fenced", 1, &[])?;
    let id = unique("fenced");
    let zombie = subject.transactional(&id, LONG)?;
    zombie.begin_transaction()?;
    send_values(&zombie, &topic, &["of the zombie"])?;
    let successor = subject.transactional(&id, LONG)?;
    successor.begin_transaction()?;
    send_values(&successor, &topic, &["of the successor"])?;
    // Neither a record nor the commit of the zombie counts any more.
    queue_values(&zombie, &topic, &["too late"])?;
    let refused = settle(&zombie)?
        .into_iter()
        .next()
        .context("no delivery report")?;
    ensure!(refused.is_err(), "a fenced producer wrote a record");
    let Err(error) = zombie.commit_transaction(PATIENCE) else {
        bail!("a fenced producer committed")
    };
    let fatal = zombie.client().fatal_error().map(|(code, _)| code);
    ensure!(
        matches!(fatal, Some(RDKafkaErrorCode::Fenced)),
        "wanted the fatal error fenced, got {fatal:?} and {error:?}"
    );
    successor.commit_transaction(PATIENCE)?;
    eventually(|| is_visible(subject, &topic, &["of the successor"]))
}

pub(super) fn restart_of_a_producer_aborts_what_it_left(subject: &Subject) -> Result<()> {
    let topic = subject.topic("left", 1, &[])?;
    let id = unique("left");
    for round in 0..3 {
        let producer = subject.transactional(&id, LONG)?;
        producer.begin_transaction()?;
        send_values(&producer, &topic, &[&format!("left open {round}")])?;
        // Dropped in the middle.
    }
    let producer = subject.transactional(&id, LONG)?;
    producer.begin_transaction()?;
    send_values(&producer, &topic, &["ended"])?;
    producer.commit_transaction(PATIENCE)?;
    eventually(|| is_visible(subject, &topic, &["ended"]))
}

pub(super) fn open_one_hides_what_comes_after(subject: &Subject) -> Result<()> {
    let topic = subject.topic("hidden", 1, &[])?;
    let plain = subject.producer(&[])?;
    send_values(&plain, &topic, &["before"])?;
    let open = subject.transactional(&unique("open"), LONG)?;
    open.begin_transaction()?;
    send_values(&open, &topic, &["open"])?;
    let other = subject.transactional(&unique("other"), LONG)?;
    other.begin_transaction()?;
    send_values(&other, &topic, &["other"])?;
    other.commit_transaction(PATIENCE)?;
    send_values(&plain, &topic, &["after"])?;
    is_visible(subject, &topic, &["before"])?;
    let reader = subject.consumer("unused", See::Committed, &[])?;
    let mut assignment = rdkafka::TopicPartitionList::new();
    assignment.add_partition_offset(&topic, 0, rdkafka::Offset::Offset(1))?;
    rdkafka::consumer::Consumer::assign(&reader, &assignment)?;
    ensure!(
        super::client::read_to_end(&reader)?.is_empty(),
        "nothing is to be seen behind the open transaction"
    );
    open.abort_transaction(PATIENCE)?;
    // The reader that waited is given what was hidden.
    ensure!(
        super::client::next(&reader)?.text() == "other",
        "the first record behind it"
    );
    ensure!(
        super::client::next(&reader)?.text() == "after",
        "the second record behind it"
    );
    eventually(|| is_visible(subject, &topic, &["before", "other", "after"]))
}
