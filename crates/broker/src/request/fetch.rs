//! Fetch: plans taken under the lock, read without it; waits for bytes and is woken by the partition itself.
//!
//! Sessions (KIP-227) are not kept: every fetch names all its partitions, as a client without them does.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, FetchableTopicResponse, PartitionData,
};
use kafka_protocol::messages::{FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::sync::Notify;

use super::{Shared, text};
use crate::clock::Now;
use crate::log::batch::LEADER_EPOCH;
use crate::log::read::Plan;
use crate::partition::Isolation;
use crate::producer_state::Aborted;
use crate::state::State;
use crate::wire::Broken;
use crate::wire::frame::Frame;

/// What is to be read of one partition, or why nothing is.
#[derive(Debug)]
struct Wanted {
    index: i32,
    max_bytes: usize,
    high_watermark: i64,
    last_stable: i64,
    start: i64,
    aborted: Vec<Aborted>,
    plan: Result<Plan, ResponseError>,
    /// About how many bytes there are to read.
    available: u64,
}

/// Answers a fetch. Dropped half-way nothing has happened.
pub(super) async fn fetch(
    shared: &Shared,
    frame: &mut Frame,
    request: FetchRequest,
) -> Result<FetchResponse, Broken> {
    let version = frame.version;
    if request.session_id != 0 {
        let refused = ResponseError::FetchSessionIdNotFound.code();
        return Ok(FetchResponse::default().with_error_code(refused));
    }
    let deadline = Now::read().after_ms(request.max_wait_ms);
    let min_bytes = u64::try_from(request.min_bytes).unwrap_or(0);
    let isolation = Isolation::from_wire(request.isolation_level);
    let notify = Arc::new(Notify::new());
    let most = shared.lock().config.limits.fetch_bytes;
    loop {
        let topics = {
            let mut state = shared.lock();
            let topics: Vec<_> = request
                .topics
                .iter()
                .map(|topic| prepare(&mut state, topic, version, isolation))
                .collect();
            let late = Instant::now() >= deadline || shared.stop.is_cancelled() || state.closed;
            if !late && !is_enough(&topics, min_bytes) {
                wait_for(&mut state, &topics, &notify);
                None
            } else {
                Some(topics)
            }
        };
        if let Some(topics) = topics {
            let most = usize::try_from(request.max_bytes).unwrap_or(0).min(most);
            // Once as read and once as sent.
            frame
                .take_room(size(&topics, most).saturating_mul(2))
                .await?;
            let responses = read(&request, version, isolation, topics, most);
            return Ok(FetchResponse::default().with_responses(responses));
        }
        tokio::select! {
            () = notify.notified() => {}
            () = tokio::time::sleep_until(deadline.into()) => {}
            () = shared.stop.cancelled() => {}
        }
    }
}

type Prepared = (String, Vec<Wanted>);

fn prepare(state: &mut State, topic: &FetchTopic, version: i16, isolation: Isolation) -> Prepared {
    // From version 13 on topics are named by id.
    let (name, unknown) = if version < 13 {
        (
            Some(topic.topic.to_string()),
            ResponseError::UnknownTopicOrPartition,
        )
    } else {
        (
            state.catalog.image().names.get(&topic.topic_id).cloned(),
            ResponseError::UnknownTopicId,
        )
    };
    let name = name.unwrap_or_default();
    let wanted = topic.partitions.iter().map(|wanted| {
        prepare_partition(state, &name, wanted, isolation).unwrap_or_else(|error| {
            let error = if error == ResponseError::UnknownTopicOrPartition && name.is_empty() {
                unknown
            } else {
                error
            };
            Wanted::failed(wanted.partition, error)
        })
    });
    let wanted = wanted.collect();
    (name, wanted)
}

impl Wanted {
    fn failed(index: i32, error: ResponseError) -> Self {
        Self {
            index,
            max_bytes: 0,
            high_watermark: -1,
            last_stable: -1,
            start: -1,
            aborted: Vec::new(),
            plan: Err(error),
            available: 0,
        }
    }
}

fn prepare_partition(
    state: &mut State,
    topic: &str,
    wanted: &FetchPartition,
    isolation: Isolation,
) -> Result<Wanted, ResponseError> {
    let most = state.config.limits.fetch_bytes;
    let (_, there) = state.partition(topic, wanted.partition)?;
    if wanted.current_leader_epoch > LEADER_EPOCH {
        return Err(ResponseError::UnknownLeaderEpoch);
    }
    let (from, limit) = (wanted.fetch_offset, there.limit(isolation));
    let max_bytes = usize::try_from(wanted.partition_max_bytes)
        .unwrap_or(0)
        .min(most);
    let in_range = (there.log.start()..=there.log.end()).contains(&from);
    let plan = match there.log.plan(from, limit, max_bytes) {
        _ if !in_range => Err(ResponseError::OffsetOutOfRange),
        Ok(plan) => Ok(plan),
        Err(error) => Err(storage(topic, &error)),
    };
    Ok(Wanted {
        index: wanted.partition,
        max_bytes,
        high_watermark: there.log.end(),
        last_stable: there.last_stable(),
        start: there.log.start(),
        aborted: match isolation {
            Isolation::ReadCommitted => there.producers.aborted(from, limit),
            Isolation::ReadUncommitted => Vec::new(),
        },
        available: if from < limit && in_range {
            there.log.bytes_from(from).max(1)
        } else {
            0
        },
        plan,
    })
}

fn storage(topic: &str, error: &io::Error) -> ResponseError {
    tracing::error!(topic, error = %error, "cannot read a log");
    ResponseError::KafkaStorageError
}

fn is_enough(topics: &[Prepared], min_bytes: u64) -> bool {
    let all = || topics.iter().flat_map(|(_, wanted)| wanted);
    let available: u64 = all().map(|wanted| wanted.available).sum();
    available >= min_bytes || all().any(|wanted| wanted.plan.is_err())
}

fn wait_for(state: &mut State, topics: &[Prepared], notify: &Arc<Notify>) {
    for (name, wanted) in topics {
        for wanted in wanted {
            if let Ok((_, there)) = state.partition(name, wanted.index) {
                there.wait(notify);
            }
        }
    }
}

/// About how many bytes an answer will have.
fn size(topics: &[Prepared], most: usize) -> usize {
    let wanted = topics.iter().flat_map(|(_, wanted)| wanted);
    let sizes = wanted.map(|wanted| {
        let available = usize::try_from(wanted.available).unwrap_or(usize::MAX);
        wanted.max_bytes.min(available)
    });
    sizes.fold(0, usize::saturating_add).min(most)
}

fn read(
    request: &FetchRequest,
    version: i16,
    isolation: Isolation,
    topics: Vec<Prepared>,
    most: usize,
) -> Vec<FetchableTopicResponse> {
    let mut left = most;
    let mut nothing_yet = true;
    let mut responses = Vec::with_capacity(topics.len());
    for ((name, wanted), asked) in topics.into_iter().zip(&request.topics) {
        let mut partitions = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let (data, len) = read_partition(&name, wanted, isolation, left, nothing_yet);
            left = left.saturating_sub(len);
            nothing_yet &= len == 0;
            partitions.push(data);
        }
        let response = FetchableTopicResponse::default().with_partitions(partitions);
        responses.push(match version {
            ..13 => response.with_topic(TopicName(text(name))),
            _ => response.with_topic_id(asked.topic_id),
        });
    }
    responses
}

fn read_partition(
    topic: &str,
    wanted: Wanted,
    isolation: Isolation,
    left: usize,
    nothing_yet: bool,
) -> (PartitionData, usize) {
    let data = PartitionData::default()
        .with_partition_index(wanted.index)
        .with_high_watermark(wanted.high_watermark)
        .with_last_stable_offset(wanted.last_stable)
        .with_log_start_offset(wanted.start)
        .with_aborted_transactions(None)
        .with_records(Some(Bytes::new()));
    let batches = wanted.plan.and_then(|plan| {
        plan.read(wanted.max_bytes.min(left), nothing_yet)
            .map_err(|error| storage(topic, &error))
    });
    let batches = match batches {
        Ok(batches) => batches,
        Err(error) => return (data.with_error_code(error.code()), 0),
    };
    let len = batches.bytes.len();
    let aborted = (isolation == Isolation::ReadCommitted).then(|| {
        let seen = wanted
            .aborted
            .iter()
            .filter(|aborted| aborted.first_offset < batches.next);
        seen.map(|aborted| {
            AbortedTransaction::default()
                .with_producer_id(ProducerId(aborted.producer_id))
                .with_first_offset(aborted.first_offset)
        })
        .collect()
    });
    (
        data.with_records(Some(batches.bytes))
            .with_aborted_transactions(aborted),
        len,
    )
}
