//! Produce: batches checked without the lock, appended under it, forced to the disk without it when asked.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ApiKey, ProduceResponse, ResponseKind, TopicName};

use super::{Shared, text};
use crate::clock::Now;
use crate::config::Sync;
use crate::log::batch::{Fault, HEADER, Header, NO_PRODUCER};
use crate::log::medium::Source;
use crate::log::record;
use crate::partition::{Appended, Refusal};
use crate::state::State;
use crate::transaction::ProducerId;
use crate::wire::Broken;
use crate::wire::produce::{Produce, decode};

pub(super) async fn produce(
    shared: &Shared,
    version: i16,
    body: Bytes,
    now: Now,
) -> Result<Option<ResponseKind>, Broken> {
    let malformed = |why| Broken::Malformed {
        api: ApiKey::Produce as i16,
        version,
        why,
    };
    let request = decode(version, body).map_err(malformed)?;
    let checked: Vec<Vec<Result<(), Refusal>>> = request
        .topics
        .iter()
        .map(|(_, parts)| parts.iter().map(|part| check(&part.batch)).collect())
        .collect();
    let (mut response, tails) = {
        let mut state = shared.lock();
        if state.closed {
            return Err(Broken::Closing);
        }
        append_all(&mut state, &request, checked, now)
    };
    if !tails.is_empty() {
        let forced =
            tokio::task::spawn_blocking(move || tails.iter().try_for_each(Source::sync)).await;
        if let Err(error) = forced.map_err(std::io::Error::other).flatten() {
            tracing::error!(error = %error, "cannot force a log to the disk");
            let partitions = response
                .responses
                .iter_mut()
                .flat_map(|topic| &mut topic.partition_responses);
            partitions.for_each(|partition| {
                partition.error_code = ResponseError::KafkaStorageError.code();
            });
        }
    }
    Ok((request.acks != 0).then_some(response.into()))
}

/// Checks what needs no state: one whole batch of magic 2 with a right checksum and sound records.
fn check(batch: &Bytes) -> Result<(), Refusal> {
    let refuse = |fault: Fault| {
        let code = match fault {
            Fault::Checksum { .. } | Fault::Cut { .. } => ResponseError::CorruptMessage,
            Fault::Magic(_) | Fault::Header(_) | Fault::Records(_) => ResponseError::InvalidRecord,
        };
        Refusal::new(code, fault.to_string())
    };
    let invalid = |why| Err(Refusal::new(ResponseError::InvalidRecord, why));
    let first = Header::read(batch).map_err(refuse)?;
    if batch.len() > first.len && batch.len() - first.len >= HEADER {
        return invalid("wanted one record batch for a partition, got more");
    }
    let header = Header::check(batch).map_err(refuse)?;
    if header.is_control() {
        return invalid("a client may not write control batches");
    }
    if header.records <= 0 || header.last_offset_delta.checked_add(1) != Some(header.records) {
        return invalid("the number of records and the last offset disagree");
    }
    if header.producer_id != NO_PRODUCER && (header.producer_epoch < 0 || header.base_sequence < 0)
    {
        return invalid("a producer id needs an epoch and a sequence number");
    }
    if header.is_transactional() && header.producer_id == NO_PRODUCER {
        return invalid("a transactional batch needs a producer id");
    }
    record::check(&header, batch).map_err(refuse)
}

fn append_all(
    state: &mut State,
    request: &Produce,
    checked: Vec<Vec<Result<(), Refusal>>>,
    now: Now,
) -> (ProduceResponse, Vec<Source>) {
    let mut tails = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for ((name, parts), checked) in request.topics.iter().zip(checked) {
        let mut partitions = Vec::with_capacity(parts.len());
        for (part, checked) in parts.iter().zip(checked) {
            let appended = checked
                .and_then(|()| append(state, request, name, part.partition, &part.batch, now));
            let there = state.partition(name, part.partition).ok();
            let start = there.as_ref().map_or(-1, |(_, there)| there.log.start());
            if appended.is_ok() && state.config.sync == Sync::Fsync {
                // A batch sent again may have been appended but not forced yet: it is forced too.
                let tail = state
                    .partition(name, part.partition)
                    .ok()
                    .and_then(|(_, there)| there.tail().ok().flatten());
                tails.extend(tail);
            }
            partitions.push(partition_response(part.partition, appended, start));
        }
        topics.push(
            TopicProduceResponse::default()
                .with_name(TopicName(text(name)))
                .with_partition_responses(partitions),
        );
    }
    (ProduceResponse::default().with_responses(topics), tails)
}

fn append(
    state: &mut State,
    request: &Produce,
    topic: &str,
    partition: i32,
    batch: &Bytes,
    now: Now,
) -> Result<Appended, Refusal> {
    if !matches!(request.acks, -1..=1) {
        return Err(ResponseError::InvalidRequiredAcks.into());
    }
    let header = Header::read(batch)
        .map_err(|fault| Refusal::new(ResponseError::InvalidRecord, fault.to_string()))?;
    if header.is_transactional() {
        let Some(id) = &request.transactional_id else {
            return Err(Refusal::new(
                ResponseError::InvalidRecord,
                "a transactional batch in a request without a transactional id",
            ));
        };
        state.partition(topic, partition)?;
        let producer = ProducerId {
            id: header.producer_id,
            epoch: header.producer_epoch,
        };
        state.verify_in_transaction(id, producer, &(topic.to_owned(), partition))?;
    }
    let (settings, there) = state.partition(topic, partition)?;
    if request.acks == -1 && settings.min_insync_replicas > 1 {
        let why = format!(
            "min.insync.replicas is {}, one node is all there is",
            settings.min_insync_replicas
        );
        return Err(Refusal::new(ResponseError::NotEnoughReplicas, why));
    }
    there.append(batch, settings, now.ms)
}

fn partition_response(
    index: i32,
    appended: Result<Appended, Refusal>,
    start: i64,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match appended {
        Ok(appended) => response
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.append_time)
            .with_log_start_offset(start),
        Err(refusal) => {
            tracing::debug!(partition = index, code = %refusal.code, why = refusal.why, "refused a batch");
            response
                .with_error_code(refusal.code.code())
                .with_base_offset(-1)
                .with_log_append_time_ms(-1)
                .with_log_start_offset(start)
                .with_error_message(Some(text(refusal.why)))
        }
    }
}
