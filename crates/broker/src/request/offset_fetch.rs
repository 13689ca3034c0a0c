//! OffsetFetch and OffsetDelete: which offsets a group has committed.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{code, text};
use crate::catalog::{Entry, TopicPartition};
use crate::state::State;

/// One offset of an answer; -1 where none is committed.
struct Found {
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: StrBytes,
    error: i16,
}

fn find(state: &State, group: &str, partition: &TopicPartition, require_stable: bool) -> Found {
    let mut found = Found {
        partition: partition.1,
        offset: -1,
        leader_epoch: -1,
        metadata: StrBytes::new(),
        error: 0,
    };
    if require_stable && state.catalog.image().is_unstable(group, partition) {
        found.error = ResponseError::UnstableOffsetCommit.code();
        return found;
    }
    if let Some(committed) = state
        .catalog
        .image()
        .offsets
        .get(group)
        .and_then(|offsets| offsets.get(partition))
    {
        found.offset = committed.offset;
        found.leader_epoch = committed.leader_epoch;
        found.metadata = text(&committed.metadata);
    }
    found
}

/// The offsets of a group, those asked for or all, by topic.
fn find_all(
    state: &State,
    group: &str,
    asked: Option<Vec<(TopicName, Vec<i32>)>>,
    require_stable: bool,
) -> Vec<(TopicName, Vec<Found>)> {
    let asked = asked.unwrap_or_else(|| {
        let mut all: Vec<(TopicName, Vec<i32>)> = Vec::new();
        for (topic, partition) in state
            .catalog
            .image()
            .offsets
            .get(group)
            .into_iter()
            .flat_map(|it| it.keys())
        {
            match all.last_mut() {
                Some((name, partitions)) if name.as_str() == topic => partitions.push(*partition),
                _ => all.push((TopicName(text(topic)), vec![*partition])),
            }
        }
        all
    });
    asked
        .into_iter()
        .map(|(topic, partitions)| {
            let find = |partition| {
                find(
                    state,
                    group,
                    &(topic.to_string(), partition),
                    require_stable,
                )
            };
            let found = partitions.into_iter().map(find).collect();
            (topic, found)
        })
        .collect()
}

pub(super) fn fetch(
    state: &mut State,
    request: &OffsetFetchRequest,
    version: i16,
) -> OffsetFetchResponse {
    let stable = request.require_stable;
    if version < 8 {
        // Before version 2 there is no way to ask for all.
        let asked = request.topics.as_ref().map(|topics| {
            topics
                .iter()
                .map(|it| (it.name.clone(), it.partition_indexes.clone()))
                .collect()
        });
        let topics = find_all(state, &request.group_id, asked, stable)
            .into_iter()
            .map(|(name, found)| {
                let partitions = found.into_iter().map(|found| {
                    OffsetFetchResponsePartition::default()
                        .with_partition_index(found.partition)
                        .with_committed_offset(found.offset)
                        .with_committed_leader_epoch(found.leader_epoch)
                        .with_metadata(Some(found.metadata))
                        .with_error_code(found.error)
                });
                OffsetFetchResponseTopic::default()
                    .with_name(name)
                    .with_partitions(partitions.collect())
            });
        return OffsetFetchResponse::default().with_topics(topics.collect());
    }
    let groups = request.groups.iter().map(|group| {
        let asked = group.topics.as_ref().map(|topics| {
            topics
                .iter()
                .map(|it| (it.name.clone(), it.partition_indexes.clone()))
                .collect()
        });
        let topics = find_all(state, &group.group_id, asked, stable)
            .into_iter()
            .map(|(name, found)| {
                let partitions = found.into_iter().map(|found| {
                    OffsetFetchResponsePartitions::default()
                        .with_partition_index(found.partition)
                        .with_committed_offset(found.offset)
                        .with_committed_leader_epoch(found.leader_epoch)
                        .with_metadata(Some(found.metadata))
                        .with_error_code(found.error)
                });
                OffsetFetchResponseTopics::default()
                    .with_name(name)
                    .with_partitions(partitions.collect())
            });
        let topics = topics.collect();
        OffsetFetchResponseGroup::default()
            .with_group_id(group.group_id.clone())
            .with_topics(topics)
    });
    OffsetFetchResponse::default().with_groups(groups.collect())
}

pub(super) fn delete(state: &mut State, request: &OffsetDeleteRequest) -> OffsetDeleteResponse {
    let remembered = state
        .catalog
        .image()
        .offsets
        .contains_key(request.group_id.as_str());
    let busy = match state.groups.get(request.group_id.as_str()) {
        None if !remembered => {
            return OffsetDeleteResponse::default()
                .with_error_code(ResponseError::GroupIdNotFound.code());
        }
        group => group.is_some_and(|group| !group.is_empty()),
    };
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let partitions = topic.partitions.iter().map(|partition| {
            let deleted = delete_one(
                state,
                &request.group_id,
                &topic.name,
                partition.partition_index,
                busy,
            );
            OffsetDeleteResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(code(&deleted))
        });
        let partitions = partitions.collect();
        topics.push(
            OffsetDeleteResponseTopic::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions),
        );
    }
    OffsetDeleteResponse::default().with_topics(topics)
}

fn delete_one(
    state: &mut State,
    group: &str,
    topic: &str,
    partition: i32,
    busy: bool,
) -> Result<(), ResponseError> {
    state.partition(topic, partition)?;
    if busy {
        // Which topics its members read is in opaque bytes; a group at work keeps all its offsets.
        return Err(ResponseError::GroupSubscribedToTopic);
    }
    let entry = Entry::OffsetDeleted {
        group: group.to_owned(),
        partition: (topic.to_owned(), partition),
    };
    let deleted = state.catalog.commit(vec![entry]);
    deleted.map_err(|_| ResponseError::CoordinatorNotAvailable)
}
