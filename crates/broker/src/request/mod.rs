//! From a request to its answer: one function per request, by family.
//!
//! Each takes the state and the time, decides, and returns; only those that Kafka lets wait (produce with
//! fsync, fetch, joining a group) are asynchronous, and hold no lock while they wait.

mod cluster;
mod config;
mod fetch;
mod group;
mod offset_commit;
mod offset_fetch;
mod offset_list;
mod produce;
mod topic;
mod transaction;

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, ResponseKind};
use kafka_protocol::protocol::StrBytes;
use tokio_util::sync::CancellationToken;

use crate::clock::Now;
use crate::state::State;
use crate::wire::Broken;
use crate::wire::api::Served;
use crate::wire::decode;
use crate::wire::frame::Frame;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Cancelled when the broker goes down.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            stop: CancellationToken::new(),
        }
    }

    /// The state. A handler that panicked has at worst left one change half done in memory, and every change
    /// is applied after its journal entry: going on is better than refusing everyone.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is asking, and where it thinks we are.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// As Kafka's tools show it: `/127.0.0.1`.
    pub(crate) host: String,
    pub(crate) advertised_host: String,
    pub(crate) advertised_port: i32,
}

/// A text for an answer.
pub(crate) fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// The code on the wire; 0 is no error.
fn code<T>(result: &Result<T, ResponseError>) -> i16 {
    result.as_ref().err().map_or(0, ResponseError::code)
}

/// Answers one request; `None` when its sender wants no answer.
pub(crate) async fn answer(
    shared: &Shared,
    client: &Client,
    frame: &mut Frame,
) -> Result<Option<ResponseKind>, Broken> {
    let unsupported = Broken::Unsupported {
        api: frame.api,
        version: frame.version,
    };
    let Some(served) = Served::by_key(frame.api) else {
        return Err(unsupported);
    };
    if !served.has(frame.version) {
        return match served.api {
            // KIP-511: a newer client learns what there is from an answer of version 0.
            ApiKey::ApiVersions => Ok(Some(cluster::unsupported_api_versions().into())),
            _ => Err(unsupported),
        };
    }
    let mut body = frame.bytes.clone();
    let header = decode::header(served.api, frame.version, &mut body)?;
    let client_id = header
        .client_id
        .map(|id| id.to_string())
        .unwrap_or_default();
    dispatch(shared, client, &client_id, served.api, frame, body).await
}

/// The version an answer is written in.
pub(crate) fn answer_version(frame: &Frame) -> i16 {
    match Served::by_key(frame.api) {
        Some(served) if !served.has(frame.version) => 0,
        _ => frame.version,
    }
}

async fn dispatch(
    shared: &Shared,
    client: &Client,
    client_id: &str,
    api: ApiKey,
    frame: &mut Frame,
    body: Bytes,
) -> Result<Option<ResponseKind>, Broken> {
    let version = frame.version;
    /// Decodes, locks, and calls a plain function of (state, request, ...).
    macro_rules! plain {
        ($function:path $(, $more:expr)*) => {{
            let request = decode::body(api, version, body)?;
            let mut state = shared.lock();
            if state.closed {
                return Err(Broken::Closing);
            }
            Ok(Some($function(&mut state, &request $(, $more)*).into()))
        }};
    }
    let now = Now::read();
    match api {
        ApiKey::Produce => produce::produce(shared, version, body, now).await,
        ApiKey::Fetch => {
            let request = decode::body(api, version, body)?;
            Ok(Some(fetch::fetch(shared, frame, request).await?.into()))
        }
        ApiKey::ListOffsets => Ok(Some(
            offset_list::list(shared, &decode::body(api, version, body)?, version).into(),
        )),
        ApiKey::JoinGroup => {
            let request = decode::body(api, version, body)?;
            Ok(Some(
                group::join(shared, request, version, client_id, client)
                    .await?
                    .into(),
            ))
        }
        ApiKey::SyncGroup => {
            let request = decode::body(api, version, body)?;
            Ok(Some(group::sync(shared, request).await?.into()))
        }
        ApiKey::ApiVersions => {
            decode::body::<kafka_protocol::messages::ApiVersionsRequest>(api, version, body)?;
            Ok(Some(cluster::api_versions().into()))
        }
        ApiKey::Metadata => plain!(cluster::metadata, version, client),
        ApiKey::FindCoordinator => plain!(cluster::find_coordinator, version, client),
        ApiKey::DescribeCluster => plain!(cluster::describe_cluster, client),
        ApiKey::OffsetForLeaderEpoch => plain!(offset_list::for_leader_epoch),
        ApiKey::CreateTopics => plain!(topic::create, version),
        ApiKey::DeleteTopics => plain!(topic::delete, version),
        ApiKey::CreatePartitions => plain!(topic::create_partitions),
        ApiKey::DeleteRecords => plain!(topic::delete_records),
        ApiKey::DescribeConfigs => plain!(config::describe, version),
        ApiKey::AlterConfigs => plain!(config::alter),
        ApiKey::IncrementalAlterConfigs => plain!(config::incremental_alter),
        ApiKey::Heartbeat => plain!(group::heartbeat, now),
        ApiKey::LeaveGroup => plain!(group::leave, version, now),
        ApiKey::ListGroups => plain!(group::list),
        ApiKey::DescribeGroups => plain!(group::describe, version),
        ApiKey::DeleteGroups => plain!(group::delete),
        ApiKey::OffsetCommit => plain!(offset_commit::commit, now),
        ApiKey::OffsetFetch => plain!(offset_fetch::fetch, version),
        ApiKey::OffsetDelete => plain!(offset_fetch::delete),
        ApiKey::TxnOffsetCommit => plain!(offset_commit::commit_in_transaction, now),
        ApiKey::InitProducerId => plain!(transaction::init_producer, version, now),
        ApiKey::AddPartitionsToTxn => plain!(transaction::add_partitions, version, now),
        ApiKey::AddOffsetsToTxn => plain!(transaction::add_offsets, version, now),
        ApiKey::EndTxn => plain!(transaction::end, version, now),
        ApiKey::DescribeTransactions => plain!(transaction::describe),
        ApiKey::ListTransactions => plain!(transaction::list, version, now),
        ApiKey::DescribeProducers => plain!(transaction::describe_producers),
        _ => Err(Broken::Unsupported {
            api: api as i16,
            version,
        }),
    }
}
