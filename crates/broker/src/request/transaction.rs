//! Transactions on the wire; what they mean is in [`crate::transaction`].

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::describe_transactions_response::{TopicData, TransactionState};
use kafka_protocol::messages::list_transactions_response::TransactionState as ListedTransaction;
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse, DescribeProducersRequest, DescribeProducersResponse,
    DescribeTransactionsRequest, DescribeTransactionsResponse, EndTxnRequest, EndTxnResponse,
    InitProducerIdRequest, InitProducerIdResponse, ListTransactionsRequest,
    ListTransactionsResponse, ProducerId as WireProducerId, TopicName, TransactionalId,
};

use super::{code, text};
use crate::catalog::Phase;
use crate::clock::Now;
use crate::state::State;
use crate::transaction::{End, ProducerId};

/// Clients before KIP-588 know only one word for being fenced.
fn fenced(error: ResponseError, version: i16, since: i16) -> ResponseError {
    match error {
        ResponseError::ProducerFenced if version < since => ResponseError::InvalidProducerEpoch,
        other => other,
    }
}

pub(super) fn init_producer(
    state: &mut State,
    request: &InitProducerIdRequest,
    version: i16,
    now: Now,
) -> InitProducerIdResponse {
    let expected = (request.producer_id.0 >= 0).then_some(ProducerId {
        id: request.producer_id.0,
        epoch: request.producer_epoch,
    });
    let producer = match &request.transactional_id {
        None => state.new_producer(),
        Some(id) => state.init_producer(id, request.transaction_timeout_ms, expected, now),
    };
    match producer {
        Ok(producer) => InitProducerIdResponse::default()
            .with_producer_id(WireProducerId(producer.id))
            .with_producer_epoch(producer.epoch),
        Err(error) => InitProducerIdResponse::default()
            .with_error_code(fenced(error, version, 4).code())
            .with_producer_id(WireProducerId(-1))
            .with_producer_epoch(-1),
    }
}

pub(super) fn add_partitions(
    state: &mut State,
    request: &AddPartitionsToTxnRequest,
    version: i16,
    now: Now,
) -> AddPartitionsToTxnResponse {
    let topics = &request.v3_and_below_topics;
    let all = || {
        topics.iter().flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|it| (topic.name.to_string(), *it))
        })
    };
    let unknown: Vec<_> = all()
        .filter(|(topic, index)| state.partition(topic, *index).is_err())
        .collect();
    let producer = ProducerId {
        id: request.v3_and_below_producer_id.0,
        epoch: request.v3_and_below_producer_epoch,
    };
    let result = if unknown.is_empty() {
        let partitions = all().collect();
        state.add_to_transaction(
            &request.v3_and_below_transactional_id,
            producer,
            partitions,
            None,
            now,
        )
    } else {
        // All or none: the others are told that nothing was tried.
        Err(ResponseError::OperationNotAttempted)
    };
    let result = result.map_err(|error| fenced(error, version, 2));
    let results = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|index| {
            let is_unknown = unknown
                .iter()
                .any(|(name, at)| name == topic.name.as_str() && at == index);
            let error = if is_unknown {
                ResponseError::UnknownTopicOrPartition.code()
            } else {
                code(&result)
            };
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(*index)
                .with_partition_error_code(error)
        });
        AddPartitionsToTxnTopicResult::default()
            .with_name(topic.name.clone())
            .with_results_by_partition(partitions.collect())
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
}

pub(super) fn add_offsets(
    state: &mut State,
    request: &AddOffsetsToTxnRequest,
    version: i16,
    now: Now,
) -> AddOffsetsToTxnResponse {
    let producer = ProducerId {
        id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    let group = Some(request.group_id.to_string());
    let result = match request.group_id.is_empty() {
        true => Err(ResponseError::InvalidGroupId),
        false => {
            state.add_to_transaction(&request.transactional_id, producer, Vec::new(), group, now)
        }
    };
    let result = result.map_err(|error| fenced(error, version, 2));
    AddOffsetsToTxnResponse::default().with_error_code(code(&result))
}

pub(super) fn end(
    state: &mut State,
    request: &EndTxnRequest,
    version: i16,
    now: Now,
) -> EndTxnResponse {
    let producer = ProducerId {
        id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    let end = if request.committed {
        End::Commit
    } else {
        End::Abort
    };
    let result = state.end_transaction(&request.transactional_id, producer, end, now);
    let result = result.map_err(|error| fenced(error, version, 2));
    EndTxnResponse::default().with_error_code(code(&result))
}

pub(super) fn describe(
    state: &mut State,
    request: &DescribeTransactionsRequest,
) -> DescribeTransactionsResponse {
    let states = request.transactional_ids.iter().map(|id| {
        let Some(there) = state.catalog.image().transactions.get(id.as_str()) else {
            return TransactionState::default()
                .with_error_code(ResponseError::TransactionalIdNotFound.code())
                .with_transactional_id(id.clone());
        };
        let mut topics: Vec<TopicData> = Vec::new();
        for (topic, partition) in &there.partitions {
            match topics.last_mut() {
                Some(last) if last.topic.as_str() == topic => last.partitions.push(*partition),
                _ => topics.push(
                    TopicData::default()
                        .with_topic(TopicName(text(topic)))
                        .with_partitions(vec![*partition]),
                ),
            }
        }
        TransactionState::default()
            .with_transactional_id(id.clone())
            .with_transaction_state(text(there.phase.name()))
            .with_transaction_timeout_ms(i32::try_from(there.timeout_ms).unwrap_or(i32::MAX))
            .with_transaction_start_time_ms(if there.phase == Phase::Ongoing {
                there.started_ms
            } else {
                -1
            })
            .with_producer_id(WireProducerId(there.producer_id))
            .with_producer_epoch(there.epoch)
            .with_topics(topics)
    });
    DescribeTransactionsResponse::default().with_transaction_states(states.collect())
}

pub(super) fn list(
    state: &mut State,
    request: &ListTransactionsRequest,
    version: i16,
    now: Now,
) -> ListTransactionsResponse {
    let is_wanted = |phase: Phase, producer_id: i64, age: i64| {
        let (states, producers) = (&request.state_filters, &request.producer_id_filters);
        (states.is_empty() || states.iter().any(|wanted| wanted.as_str() == phase.name()))
            && (producers.is_empty() || producers.iter().any(|wanted| wanted.0 == producer_id))
            && (version < 1 || request.duration_filter < 0 || age > request.duration_filter)
    };
    let all = state.catalog.image().transactions.iter();
    let listed = all
        .filter(|(_, there)| {
            is_wanted(
                there.phase,
                there.producer_id,
                now.ms.saturating_sub(there.started_ms),
            )
        })
        .map(|(id, there)| {
            ListedTransaction::default()
                .with_transactional_id(TransactionalId(text(id)))
                .with_producer_id(WireProducerId(there.producer_id))
                .with_transaction_state(text(there.phase.name()))
        });
    ListTransactionsResponse::default().with_transaction_states(listed.collect())
}

pub(super) fn describe_producers(
    state: &mut State,
    request: &DescribeProducersRequest,
) -> DescribeProducersResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partition_indexes.iter().map(|index| {
            let response = PartitionResponse::default().with_partition_index(*index);
            match state.partition(&topic.name, *index) {
                Err(error) => response.with_error_code(error.code()),
                Ok((_, there)) => {
                    let producers = there.producers.iter().map(|(id, producer)| {
                        ProducerState::default()
                            .with_producer_id(WireProducerId(id))
                            .with_producer_epoch(i32::from(producer.epoch))
                            .with_last_sequence(producer.last_sequence())
                            .with_last_timestamp(producer.last_timestamp)
                            .with_current_txn_start_offset(producer.open_from.unwrap_or(-1))
                    });
                    response.with_active_producers(producers.collect())
                }
            }
        });
        let partitions = partitions.collect();
        TopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions)
    });
    DescribeProducersResponse::default().with_topics(topics.collect())
}
