//! Offsets of consumer groups: OffsetCommit, TxnOffsetCommit, OffsetFetch, OffsetDelete.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetFetchRequest, OffsetFetchResponse, TopicName, TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{code, text};
use crate::catalog::{Committed, Entry, TopicPartition};
use crate::clock::Now;
use crate::state::State;
use crate::transaction::ProducerId;

/// The longest metadata of a committed offset (`offset.metadata.max.bytes`).
const LONGEST_METADATA: usize = 4096;

/// An offset a client wants to commit.
struct Wanted<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<&'a StrBytes>,
}

fn check(
    state: &mut State,
    wanted: &Wanted<'_>,
    now: Now,
) -> Result<(TopicPartition, Committed), ResponseError> {
    state.partition(wanted.topic, wanted.partition)?;
    let metadata = wanted.metadata.map_or("", StrBytes::as_str);
    if metadata.len() > LONGEST_METADATA {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    let committed = Committed {
        offset: wanted.offset,
        leader_epoch: wanted.leader_epoch,
        metadata: metadata.to_owned(),
        at_ms: now.ms,
        order: state.catalog.next_order(),
    };
    Ok(((wanted.topic.to_owned(), wanted.partition), committed))
}

pub(super) fn commit(
    state: &mut State,
    request: OffsetCommitRequest,
    now: Now,
) -> OffsetCommitResponse {
    let allowed = may_commit(state, &request, now);
    let group = request.group_id.to_string();
    let mut entries = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let wanted = Wanted {
                topic: &topic.name,
                partition: partition.partition_index,
                offset: partition.committed_offset,
                leader_epoch: partition.committed_leader_epoch,
                metadata: partition.committed_metadata.as_ref(),
            };
            let checked = allowed.and_then(|()| check(state, &wanted, now));
            partitions.push((partition.partition_index, code(&checked)));
            entries.extend(checked.ok().map(|(partition, committed)| {
                let group = group.clone();
                Entry::Offset {
                    group,
                    partition,
                    committed,
                }
            }));
        }
        topics.push((topic.name.clone(), partitions));
    }
    let written = write(state, entries);
    let topics = topics.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, error)| {
            let error = if error == 0 { code(&written) } else { error };
            OffsetCommitResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(error)
        });
        OffsetCommitResponseTopic::default()
            .with_name(name)
            .with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

fn write(state: &mut State, entries: Vec<Entry>) -> Result<(), ResponseError> {
    if entries.is_empty() {
        return Ok(());
    }
    state
        .catalog
        .commit(entries)
        .map_err(|_| ResponseError::CoordinatorNotAvailable)
}

fn may_commit(
    state: &mut State,
    request: &OffsetCommitRequest,
    now: Now,
) -> Result<(), ResponseError> {
    if request.group_id.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    let generation = request.generation_id_or_member_epoch;
    if !state.groups.contains_key(request.group_id.as_str()) && generation >= 0 {
        return Err(ResponseError::IllegalGeneration);
    }
    let group = state.group(&request.group_id, now)?;
    let instance_id = request.group_instance_id.as_deref();
    group.may_commit(&request.member_id, instance_id, generation, now.instant)
}

pub(super) fn commit_in_transaction(
    state: &mut State,
    request: TxnOffsetCommitRequest,
    now: Now,
) -> TxnOffsetCommitResponse {
    let allowed = may_commit_in_transaction(state, &request, now);
    let (producer_id, group) = (request.producer_id.0, request.group_id.to_string());
    let mut entries = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let wanted = Wanted {
                topic: &topic.name,
                partition: partition.partition_index,
                offset: partition.committed_offset,
                leader_epoch: partition.committed_leader_epoch,
                metadata: partition.committed_metadata.as_ref(),
            };
            let checked = allowed.and_then(|()| check(state, &wanted, now));
            partitions.push((partition.partition_index, code(&checked)));
            entries.extend(checked.ok().map(|(partition, committed)| {
                let group = group.clone();
                Entry::PendingOffset {
                    producer_id,
                    group,
                    partition,
                    committed,
                }
            }));
        }
        topics.push((topic.name.clone(), partitions));
    }
    let written = write(state, entries);
    let topics = topics.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, error)| {
            let error = if error == 0 { code(&written) } else { error };
            TxnOffsetCommitResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(error)
        });
        TxnOffsetCommitResponseTopic::default()
            .with_name(name)
            .with_partitions(partitions.collect())
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}

fn may_commit_in_transaction(
    state: &mut State,
    request: &TxnOffsetCommitRequest,
    now: Now,
) -> Result<(), ResponseError> {
    if request.group_id.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    let producer = ProducerId {
        id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    state.verify_group_in_transaction(&request.transactional_id, producer, &request.group_id)?;
    // Without member and generation the producer does not want to be fenced by the group (KIP-447).
    if request.generation_id < 0 && request.member_id.is_empty() {
        return Ok(());
    }
    let instance_id = request.group_instance_id.as_deref();
    match state.groups.get_mut(request.group_id.as_str()) {
        Some(group) => group.may_commit(
            &request.member_id,
            instance_id,
            request.generation_id,
            now.instant,
        ),
        None => Err(ResponseError::IllegalGeneration),
    }
}

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
    request: OffsetFetchRequest,
    version: i16,
) -> OffsetFetchResponse {
    let stable = request.require_stable;
    if version < 8 {
        // Before version 2 there is no way to ask for all.
        let asked = request.topics.map(|topics| {
            topics
                .into_iter()
                .map(|it| (it.name, it.partition_indexes))
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
    let groups = request.groups.into_iter().map(|group| {
        let asked = group.topics.map(|topics| {
            topics
                .into_iter()
                .map(|it| (it.name, it.partition_indexes))
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
            .with_group_id(group.group_id)
            .with_topics(topics)
    });
    OffsetFetchResponse::default().with_groups(groups.collect())
}

pub(super) fn delete(state: &mut State, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
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
    write(state, vec![entry])
}
