//! CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords.

use std::collections::HashMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteRecordsRequest, DeleteRecordsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    TopicName,
};
use uuid::Uuid;

use super::text;
use crate::partition::Refusal;
use crate::setting::{self, Overrides, SETTINGS};
use crate::state::{NODE, State};

/// The longest topic name, as in Kafka.
const LONGEST_NAME: usize = 249;

/// Whether a topic may have that name: `[a-zA-Z0-9._-]`, 1 to 249 of them, not `.` or `..`.
pub(super) fn check_form(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || matches!(name, "." | "..")
        || !name.bytes().all(allowed)
    {
        let why =
            format!("'{name}' is no topic name: wanted 1 to 249 of a-z A-Z 0-9 . _ -, not . or ..");
        return Err(Refusal::new(ResponseError::InvalidTopicException, why));
    }
    Ok(())
}

/// Whether a new topic may have that name. Metrics of Kafka take `.` and `_` for the same, so names that
/// differ in nothing else collide there, and here.
pub(super) fn check_name(state: &State, name: &str) -> Result<(), Refusal> {
    check_form(name)?;
    if state.topics.contains_key(name) {
        return Err(Refusal::new(
            ResponseError::TopicAlreadyExists,
            format!("topic '{name}' already exists"),
        ));
    }
    if name.contains(['.', '_']) {
        let folded = name.replace('.', "_");
        if let Some(other) = state
            .topics
            .keys()
            .find(|other| other.replace('.', "_") == folded)
        {
            let why = format!("topic '{name}' collides with existing topic '{other}'");
            return Err(Refusal::new(ResponseError::InvalidTopicException, why));
        }
    }
    Ok(())
}

/// A topic that may be created.
struct Checked {
    partitions: i32,
    settings: Overrides,
}

pub(super) fn create(
    state: &mut State,
    request: &CreateTopicsRequest,
    version: i16,
) -> CreateTopicsResponse {
    let mut times: HashMap<String, usize> = HashMap::new();
    for topic in &request.topics {
        *times.entry(topic.name.to_string()).or_default() += 1;
    }
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let name = topic.name.to_string();
        match times.get_mut(&name) {
            Some(1) => {}
            Some(0) | None => continue,
            Some(times) => {
                *times = 0;
                let why = "the request names the topic more than once";
                results.push(create_result(
                    state,
                    &name,
                    version,
                    Err(Refusal::new(ResponseError::InvalidRequest, why)),
                ));
                continue;
            }
        }
        let checked = check_create(state, topic);
        let created = match checked {
            Ok(checked) if request.validate_only => Ok((Uuid::nil(), checked)),
            Ok(checked) => state
                .create_topic(&name, checked.partitions, checked.settings.clone())
                .map(|id| (id, checked)),
            Err(refusal) => Err(refusal),
        };
        results.push(create_result(state, &name, version, created));
    }
    CreateTopicsResponse::default().with_topics(results)
}

fn create_result(
    state: &State,
    name: &str,
    version: i16,
    created: Result<(Uuid, Checked), Refusal>,
) -> CreatableTopicResult {
    let result = CreatableTopicResult::default().with_name(TopicName(text(name)));
    match created {
        Ok((id, checked)) => {
            let result = result
                .with_num_partitions(checked.partitions)
                .with_replication_factor(1);
            let result = result.with_configs(Some(described(
                &checked.settings,
                &state.config.topic_defaults,
            )));
            if version >= 7 {
                result.with_topic_id(id)
            } else {
                result
            }
        }
        Err(refusal) => result
            .with_error_code(refusal.code.code())
            .with_error_message(Some(text(refusal.why)))
            .with_num_partitions(-1)
            .with_replication_factor(-1),
    }
}

fn described(overrides: &Overrides, defaults: &Overrides) -> Vec<CreatableTopicConfigs> {
    let describe = |setting| {
        let value = setting::value(setting, overrides, defaults);
        CreatableTopicConfigs::default()
            .with_name(text(setting.name))
            .with_value(Some(text(value)))
            .with_config_source(super::config::source(setting, overrides, defaults))
    };
    SETTINGS.iter().map(describe).collect()
}

fn check_create(state: &State, topic: &CreatableTopic) -> Result<Checked, Refusal> {
    check_name(state, &topic.name)?;
    let partitions = if topic.assignments.is_empty() {
        check_replication(topic.replication_factor)?;
        if topic.num_partitions == -1 {
            state.config.default_partitions
        } else {
            topic.num_partitions
        }
    } else {
        check_assignments(topic)?
    };
    if partitions < 1 {
        let why = format!("a topic needs at least 1 partition, got {partitions}");
        return Err(Refusal::new(ResponseError::InvalidPartitions, why));
    }
    check_room(state, partitions)?;
    let mut settings = Overrides::new();
    for config in &topic.configs {
        let Some(value) = &config.value else {
            let why = format!("configuration {} has no value", config.name);
            return Err(Refusal::new(ResponseError::InvalidConfig, why));
        };
        settings.insert(config.name.to_string(), value.to_string());
    }
    setting::check(&settings).map_err(|why| Refusal::new(ResponseError::InvalidConfig, why))?;
    Ok(Checked {
        partitions,
        settings,
    })
}

fn check_replication(factor: i16) -> Result<(), Refusal> {
    match factor {
        -1 | 1 => Ok(()),
        _ => {
            let why = format!(
                "replication factor {factor} cannot be had: this is a single node, wanted 1 (or -1)"
            );
            Err(Refusal::new(ResponseError::InvalidReplicationFactor, why))
        }
    }
}

fn check_assignments(topic: &CreatableTopic) -> Result<i32, Refusal> {
    let invalid = |why: &str| Err(Refusal::new(ResponseError::InvalidReplicaAssignment, why));
    if topic.num_partitions != -1 || topic.replication_factor != -1 {
        let why =
            "with assignments both the number of partitions and the replication factor are -1";
        return Err(Refusal::new(ResponseError::InvalidRequest, why));
    }
    let mut indexes: Vec<i32> = topic
        .assignments
        .iter()
        .map(|assigned| assigned.partition_index)
        .collect();
    indexes.sort_unstable();
    let count = i32::try_from(indexes.len()).unwrap_or(i32::MAX);
    if !indexes.into_iter().eq(0..count) {
        return invalid("the assignments are not of partitions 0, 1, 2, ...");
    }
    if topic
        .assignments
        .iter()
        .any(|assigned| assigned.broker_ids.iter().ne([&NODE]))
    {
        return invalid("a partition can only be assigned to node 1, the only one");
    }
    Ok(count)
}

fn check_room(state: &State, more: i32) -> Result<(), Refusal> {
    let most = state.config.limits.partitions;
    let total = state
        .partition_count()
        .saturating_add(usize::try_from(more).unwrap_or(usize::MAX));
    if total > most {
        let why = format!("the broker would have {total} partitions, it takes {most}");
        return Err(Refusal::new(ResponseError::InvalidPartitions, why));
    }
    Ok(())
}

pub(super) fn delete(
    state: &mut State,
    request: &DeleteTopicsRequest,
    version: i16,
) -> DeleteTopicsResponse {
    let wanted: Vec<(Option<String>, Uuid)> = if version < 6 {
        request
            .topic_names
            .iter()
            .map(|name| (Some(name.to_string()), Uuid::nil()))
            .collect()
    } else {
        let by_id = |id| state.catalog.image().names.get(id).cloned();
        let topics = request.topics.iter();
        let name = |topic: &DeleteTopicState| topic.name.as_ref().map(|name| name.to_string());
        topics
            .map(|topic| {
                (
                    name(topic).or_else(|| by_id(&topic.topic_id)),
                    topic.topic_id,
                )
            })
            .collect()
    };
    let mut responses = Vec::with_capacity(wanted.len());
    for (name, id) in wanted {
        let mut result = DeletableTopicResult::default()
            .with_name(name.clone().map(|name| TopicName(text(name))));
        let known = name
            .as_ref()
            .and_then(|name| state.catalog.image().topics.get(name))
            .map(|entry| entry.id);
        if version >= 6 {
            result = result.with_topic_id(known.unwrap_or(id));
        }
        let deleted = match name {
            Some(name) => state.delete_topic(&name),
            None => Err(ResponseError::UnknownTopicId.into()),
        };
        if let Err(refusal) = deleted {
            result = result.with_error_code(refusal.code.code());
            if version >= 5 {
                result = result.with_error_message(Some(text(refusal.why)));
            }
        }
        responses.push(result);
    }
    DeleteTopicsResponse::default().with_responses(responses)
}

pub(super) fn create_partitions(
    state: &mut State,
    request: &CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
        results.push(match add_partitions(state, topic, request.validate_only) {
            Ok(()) => result,
            Err(refusal) => result
                .with_error_code(refusal.code.code())
                .with_error_message(Some(text(refusal.why))),
        });
    }
    CreatePartitionsResponse::default().with_results(results)
}

fn add_partitions(
    state: &mut State,
    topic: &CreatePartitionsTopic,
    validate_only: bool,
) -> Result<(), Refusal> {
    let Some(entry) = state.catalog.image().topics.get(topic.name.as_str()) else {
        return Err(ResponseError::UnknownTopicOrPartition.into());
    };
    let more = topic.count.saturating_sub(entry.partitions);
    if more <= 0 {
        let why = format!(
            "topic has {} partitions, {} would not be an increase",
            entry.partitions, topic.count
        );
        return Err(Refusal::new(ResponseError::InvalidPartitions, why));
    }
    if let Some(assignments) = &topic.assignments {
        let here = assignments
            .iter()
            .all(|assigned| assigned.broker_ids.iter().eq([&NODE]));
        if i32::try_from(assignments.len()) != Ok(more) || !here {
            let why = "wanted one assignment to node 1 for each new partition";
            return Err(Refusal::new(ResponseError::InvalidReplicaAssignment, why));
        }
    }
    check_room(state, more)?;
    if validate_only {
        return Ok(());
    }
    let settings = entry.settings.clone();
    state.change_topic(&topic.name, topic.count, settings)
}

pub(super) fn delete_records(
    state: &mut State,
    request: &DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let partitions = topic.partitions.iter().map(|wanted| {
            let result = DeleteRecordsPartitionResult::default()
                .with_partition_index(wanted.partition_index);
            match delete_records_of(state, &topic.name, wanted.partition_index, wanted.offset) {
                Ok(start) => result.with_low_watermark(start),
                Err(error) => result.with_low_watermark(-1).with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        topics.push(
            DeleteRecordsTopicResult::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions),
        );
    }
    DeleteRecordsResponse::default().with_topics(topics)
}

fn delete_records_of(
    state: &mut State,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<i64, ResponseError> {
    // Kafka: "Records of partition can not be deleted due to the configured policy".
    if !state.partition(topic, partition)?.0.delete {
        return Err(ResponseError::PolicyViolation);
    }
    state.delete_records(topic, partition, offset)
}
