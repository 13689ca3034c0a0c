//! Topics and their settings.

use anyhow::{Context, Result, anyhow, bail, ensure};
use rdkafka::admin::{
    AlterConfig, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::{See, block_on, code, eventually, options, send_values, texts};
use super::{PATIENCE, Subject, unique};

fn partition_count(subject: &Subject, topic: &str) -> Result<usize> {
    let consumer: BaseConsumer = subject.config().create()?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let topic = metadata
        .topics()
        .first()
        .context("no such topic in the answer")?;
    match topic.error() {
        None => Ok(topic.partitions().len()),
        Some(error) => bail!("metadata: {error:?}"),
    }
}

/// The value of a setting, and whether the topic itself says so.
fn setting(subject: &Subject, topic: &str, name: &str) -> Result<(String, bool)> {
    let admin = subject.admin()?;
    let results =
        block_on(admin.describe_configs(&[ResourceSpecifier::Topic(topic)], &options()))??;
    let resource = results
        .into_iter()
        .next()
        .context("no result")?
        .map_err(|code| anyhow!(KafkaError::AdminOp(code)))?;
    let entry = resource
        .get(name)
        .with_context(|| format!("no setting {name}"))?;
    Ok((
        entry.value.clone().unwrap_or_default(),
        entry.source == ConfigSource::DynamicTopic,
    ))
}

pub(super) fn created_with_what_was_asked(subject: &Subject) -> Result<()> {
    let topic = subject.topic(
        "made",
        3,
        &[("retention.ms", "-1"), ("cleanup.policy", "compact")],
    )?;
    ensure!(partition_count(subject, &topic)? == 3, "partitions");
    let kept = setting(subject, &topic, "retention.ms")?;
    ensure!(kept == ("-1".to_owned(), true), "retention.ms: {kept:?}");
    let policy = setting(subject, &topic, "cleanup.policy")?;
    ensure!(
        policy == ("compact".to_owned(), true),
        "cleanup.policy: {policy:?}"
    );
    // Not set: Kafka's defaults, which the topic checks of Figway rely on.
    for (name, value) in [
        ("min.insync.replicas", "1"),
        ("max.message.bytes", "1048588"),
        ("delete.retention.ms", "86400000"),
        ("segment.bytes", "1073741824"),
        ("segment.ms", "604800000"),
        ("message.timestamp.type", "CreateTime"),
        ("min.cleanable.dirty.ratio", "0.5"),
        ("retention.bytes", "-1"),
        ("compression.type", "producer"),
    ] {
        let (found, own) = setting(subject, &topic, name)?;
        ensure!(
            found == value && !own,
            "{name}: {found}, set by the topic: {own}"
        );
    }
    Ok(())
}

pub(super) fn wrong_ones_are_refused(subject: &Subject) -> Result<()> {
    let refused = |name: &str, partitions, settings: &[(&str, &str)], wanted| {
        let code = subject
            .create(name, partitions, settings)
            .err()
            .and_then(|error| code(&error));
        ensure!(
            code == Some(wanted),
            "topic '{name}': wanted {wanted:?}, got {code:?}"
        );
        anyhow::Ok(())
    };
    let there = subject.topic("there", 1, &[])?;
    refused(&there, 1, &[], RDKafkaErrorCode::TopicAlreadyExists)?;
    refused("no spaces", 1, &[], RDKafkaErrorCode::InvalidTopic)?;
    refused("..", 1, &[], RDKafkaErrorCode::InvalidTopic)?;
    let new = unique("wrong");
    refused(
        &new,
        1,
        &[("no.such.setting", "1")],
        RDKafkaErrorCode::InvalidConfig,
    )?;
    refused(
        &new,
        1,
        &[("retention.ms", "soon")],
        RDKafkaErrorCode::InvalidConfig,
    )?;
    refused(
        &new,
        1,
        &[("cleanup.policy", "keep")],
        RDKafkaErrorCode::InvalidConfig,
    )?;
    let admin = subject.admin()?;
    let topic = NewTopic::new(&new, 1, TopicReplication::Fixed(3));
    let results = block_on(admin.create_topics([&topic], &options()))??;
    let code = results
        .into_iter()
        .next()
        .and_then(Result::err)
        .map(|(_, code)| code);
    ensure!(
        code == Some(RDKafkaErrorCode::InvalidReplicationFactor),
        "three replicas on one node: {code:?}"
    );
    let topic = NewTopic::new(&new, 1, TopicReplication::Fixed(1));
    let results = block_on(admin.create_topics([&topic], &options().validate_only(true)))??;
    ensure!(
        results.iter().all(Result::is_ok),
        "only validated: {results:?}"
    );
    ensure!(
        partition_count(subject, &new).is_err(),
        "a topic that was only validated is there"
    );
    Ok(())
}

pub(super) fn nothing_is_created_by_reading(subject: &Subject) -> Result<()> {
    let name = unique("unknown");
    ensure!(
        partition_count(subject, &name).is_err(),
        "metadata of a topic there is not"
    );
    ensure!(
        partition_count(subject, &name).is_err(),
        "asking for it has created it"
    );
    Ok(())
}

pub(super) fn partitions_are_added(subject: &Subject) -> Result<()> {
    let topic = subject.topic("wider", 1, &[])?;
    send_values(&subject.producer(&[])?, &topic, &["x"])?;
    let admin = subject.admin()?;
    let widen = |count| -> Result<Option<RDKafkaErrorCode>> {
        let results =
            block_on(admin.create_partitions(&[NewPartitions::new(&topic, count)], &options()))??;
        Ok(results
            .into_iter()
            .next()
            .and_then(Result::err)
            .map(|(_, code)| code))
    };
    ensure!(widen(3)?.is_none(), "from 1 to 3");
    eventually(|| {
        let count = partition_count(subject, &topic)?;
        ensure!(count == 3, "wanted 3 partitions, got {count}");
        Ok(())
    })?;
    let fewer = widen(2)?;
    ensure!(
        fewer == Some(RDKafkaErrorCode::InvalidPartitions),
        "from 3 to 2: {fewer:?}"
    );
    ensure!(
        texts(&subject.read_all(&topic, See::Everything)?) == ["x"],
        "what was there before"
    );
    ensure!(
        subject
            .read(&topic, 2, rdkafka::Offset::Beginning, See::Everything)?
            .is_empty(),
        "the new one is empty"
    );
    Ok(())
}

pub(super) fn settings_change(subject: &Subject) -> Result<()> {
    let topic = subject.topic("settings", 1, &[("retention.ms", "1000000")])?;
    let admin = subject.admin()?;
    let alter = |name: &str, value: &str| -> Result<()> {
        let change = AlterConfig::new(ResourceSpecifier::Topic(&topic)).set(name, value);
        block_on(admin.alter_configs([&change], &options()))??;
        Ok(())
    };
    alter("max.message.bytes", "2000")?;
    eventually(|| {
        let now = setting(subject, &topic, "max.message.bytes")?;
        ensure!(
            now == ("2000".to_owned(), true),
            "max.message.bytes: {now:?}"
        );
        // AlterConfigs puts back what it does not name.
        let back = setting(subject, &topic, "retention.ms")?.0;
        ensure!(back == "604800000", "retention.ms: {back}");
        Ok(())
    })?;
    // rust-rdkafka does not hand out the error of one resource; what counts is that nothing changed.
    alter("max.message.bytes", "many")?;
    let now = setting(subject, &topic, "max.message.bytes")?.0;
    ensure!(now == "2000", "after a wrong value: {now}");
    // It is in force, not only shown.
    let producer = subject.producer(&[])?;
    let refused = send_values(&producer, &topic, &[&"x".repeat(4000)])
        .err()
        .and_then(|error| code(&error));
    ensure!(
        refused == Some(RDKafkaErrorCode::MessageSizeTooLarge),
        "a record of 4000 bytes: {refused:?}"
    );
    Ok(())
}

pub(super) fn deleted_and_made_again(subject: &Subject) -> Result<()> {
    let topic = subject.topic("again", 2, &[])?;
    send_values(&subject.producer(&[])?, &topic, &["of the first"])?;
    let admin = subject.admin()?;
    let delete = || -> Result<Option<RDKafkaErrorCode>> {
        let results = block_on(admin.delete_topics(&[&topic], &options()))??;
        Ok(results
            .into_iter()
            .next()
            .and_then(Result::err)
            .map(|(_, code)| code))
    };
    ensure!(delete()?.is_none(), "deleting a topic");
    eventually(|| {
        ensure!(
            partition_count(subject, &topic).is_err(),
            "the topic is still there"
        );
        Ok(())
    })?;
    let gone = delete()?;
    ensure!(
        gone == Some(RDKafkaErrorCode::UnknownTopicOrPartition),
        "deleting it again: {gone:?}"
    );
    eventually(|| subject.create(&topic, 1, &[]))?;
    eventually(|| {
        let read = subject.read_all(&topic, See::Everything)?;
        ensure!(
            read.is_empty(),
            "a topic made again has {} old records",
            read.len()
        );
        Ok(())
    })?;
    send_values(&subject.producer(&[])?, &topic, &["of the second"])?;
    ensure!(
        texts(&subject.read_all(&topic, See::Everything)?) == ["of the second"],
        "what it holds"
    );
    Ok(())
}
