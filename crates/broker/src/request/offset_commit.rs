//! OffsetCommit and TxnOffsetCommit: offsets of a group that count now, or when a transaction commits.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestTopic;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::txn_offset_commit_request::TxnOffsetCommitRequestTopic;
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, TopicName, TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::code;
use crate::catalog::{Committed, Entry, TopicPartition};
use crate::clock::Now;
use crate::state::State;
use crate::transaction::ProducerId;

/// The longest metadata of a committed offset (`offset.metadata.max.bytes`).
const LONGEST_METADATA: usize = 4096;

/// An offset a client wants to commit.
struct Wanted<'a> {
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<&'a StrBytes>,
}

/// What a client wants to commit, by topic, from either request.
type Topics<'a> = Vec<(&'a TopicName, Vec<Wanted<'a>>)>;
/// Error codes by topic and partition.
type Codes = Vec<(TopicName, Vec<(i32, i16)>)>;

fn wanted(topic: &OffsetCommitRequestTopic) -> (&TopicName, Vec<Wanted<'_>>) {
    let partitions = topic.partitions.iter().map(|partition| Wanted {
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.as_ref(),
    });
    (&topic.name, partitions.collect())
}

fn wanted_in_transaction(topic: &TxnOffsetCommitRequestTopic) -> (&TopicName, Vec<Wanted<'_>>) {
    let partitions = topic.partitions.iter().map(|partition| Wanted {
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.as_ref(),
    });
    (&topic.name, partitions.collect())
}

pub(super) fn commit(
    state: &mut State,
    request: &OffsetCommitRequest,
    now: Now,
) -> OffsetCommitResponse {
    let allowed = may_commit(state, request, now);
    let group = request.group_id.to_string();
    let topics = request.topics.iter().map(wanted).collect();
    let codes = commit_all(state, allowed, topics, now, |partition, committed| {
        let group = group.clone();
        Entry::Offset {
            group,
            partition,
            committed,
        }
    });
    let topics = codes.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, error)| {
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

pub(super) fn commit_in_transaction(
    state: &mut State,
    request: &TxnOffsetCommitRequest,
    now: Now,
) -> TxnOffsetCommitResponse {
    let allowed = may_commit_in_transaction(state, request, now);
    let (producer_id, group) = (request.producer_id.0, request.group_id.to_string());
    let topics = request.topics.iter().map(wanted_in_transaction).collect();
    let codes = commit_all(state, allowed, topics, now, |partition, committed| {
        let group = group.clone();
        Entry::PendingOffset {
            producer_id,
            group,
            partition,
            committed,
        }
    });
    let topics = codes.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, error)| {
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

/// Checks every offset and writes those that are right down together.
fn commit_all(
    state: &mut State,
    allowed: Result<(), ResponseError>,
    topics: Topics<'_>,
    now: Now,
    entry: impl Fn(TopicPartition, Committed) -> Entry,
) -> Codes {
    let mut entries = Vec::new();
    let mut codes = Vec::with_capacity(topics.len());
    for (name, partitions) in topics {
        let mut of_topic = Vec::with_capacity(partitions.len());
        for wanted in partitions {
            let checked = allowed.and_then(|()| check(state, name, &wanted, now));
            of_topic.push((wanted.partition, code(&checked)));
            entries.extend(
                checked
                    .ok()
                    .map(|committed| entry((name.to_string(), wanted.partition), committed)),
            );
        }
        codes.push((name.clone(), of_topic));
    }
    if !entries.is_empty() && state.catalog.commit(entries).is_err() {
        let unwritten = ResponseError::CoordinatorNotAvailable.code();
        let all = codes.iter_mut().flat_map(|(_, partitions)| partitions);
        all.filter(|(_, code)| *code == 0)
            .for_each(|(_, code)| *code = unwritten);
    }
    codes
}

fn check(
    state: &mut State,
    topic: &str,
    wanted: &Wanted<'_>,
    now: Now,
) -> Result<Committed, ResponseError> {
    state.partition(topic, wanted.partition)?;
    let metadata = wanted.metadata.map_or("", StrBytes::as_str);
    if metadata.len() > LONGEST_METADATA {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    Ok(Committed {
        offset: wanted.offset,
        leader_epoch: wanted.leader_epoch,
        metadata: metadata.to_owned(),
        at_ms: now.ms,
        order: state.catalog.next_order(),
    })
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
