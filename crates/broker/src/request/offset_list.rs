//! ListOffsets and OffsetForLeaderEpoch: where a log begins and ends, and which offset a time has.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};

use super::Shared;
use crate::log::batch::LEADER_EPOCH;
use crate::log::read::Plan;
use crate::partition::Isolation;
use crate::state::State;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// A timestamp, -1 for none, and an offset, -1 for none.
type Found = (i64, i64);

pub(super) fn list(
    shared: &Shared,
    request: &ListOffsetsRequest,
    version: i16,
) -> ListOffsetsResponse {
    let isolation = Isolation::from_wire(request.isolation_level);
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let response = ListOffsetsPartitionResponse::default()
                .with_partition_index(wanted.partition_index);
            match find(shared, &topic.name, wanted, isolation) {
                Ok((timestamp, offset)) => {
                    // The field came with version 4.
                    let epoch = if offset < 0 || version < 4 {
                        -1
                    } else {
                        LEADER_EPOCH
                    };
                    response
                        .with_timestamp(timestamp)
                        .with_offset(offset)
                        .with_leader_epoch(epoch)
                }
                Err(error) => response
                    .with_error_code(error.code())
                    .with_timestamp(-1)
                    .with_offset(-1),
            }
        });
        ListOffsetsTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn find(
    shared: &Shared,
    topic: &str,
    wanted: &ListOffsetsPartition,
    isolation: Isolation,
) -> Result<Found, ResponseError> {
    let (plan, timestamp) = {
        let mut state = shared.lock();
        let (_, there) = state.partition(topic, wanted.partition_index)?;
        if wanted.current_leader_epoch > LEADER_EPOCH {
            return Err(ResponseError::UnknownLeaderEpoch);
        }
        let (start, limit) = (there.log.start(), there.limit(isolation));
        let timestamp = match wanted.timestamp {
            LATEST => return Ok((-1, limit)),
            EARLIEST | EARLIEST_LOCAL => return Ok((-1, start)),
            LATEST_TIERED => return Ok((-1, -1)),
            MAX_TIMESTAMP => there.log.max_timestamp(),
            timestamp if timestamp >= 0 => timestamp,
            _ => return Err(ResponseError::UnsupportedVersion),
        };
        (there.log.plan_by_time(start, limit, timestamp), timestamp)
    };
    let found = plan
        .and_then(|plan: Plan| plan.find_timestamp(timestamp))
        .map_err(|error| {
            tracing::error!(topic, error = %error, "cannot read a log");
            ResponseError::KafkaStorageError
        })?;
    Ok(found.unwrap_or((-1, -1)))
}

pub(super) fn for_leader_epoch(
    state: &mut State,
    request: &OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let response = EpochEndOffset::default().with_partition(wanted.partition);
            match state.partition(&topic.topic, wanted.partition) {
                Err(error) => response.with_error_code(error.code()),
                Ok(_) if wanted.current_leader_epoch > LEADER_EPOCH => {
                    response.with_error_code(ResponseError::UnknownLeaderEpoch.code())
                }
                Ok((_, there)) if wanted.leader_epoch == LEADER_EPOCH => response
                    .with_leader_epoch(LEADER_EPOCH)
                    .with_end_offset(there.log.end()),
                Ok(_) => response,
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default()
            .with_topic(topic.topic.clone())
            .with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}
