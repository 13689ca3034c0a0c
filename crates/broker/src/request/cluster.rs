//! ApiVersions, Metadata, FindCoordinator, DescribeCluster: what there is and where. The answer to "where" is
//! always this node.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, DescribeClusterRequest, DescribeClusterResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::{Client, text};
use crate::log::batch::LEADER_EPOCH;
use crate::setting::Overrides;
use crate::state::{NODE, State};
use crate::wire::api::{SERVED, Served};

fn version_range(served: &Served) -> ApiVersion {
    ApiVersion::default()
        .with_api_key(served.api as i16)
        .with_min_version(served.advertised_from())
        .with_max_version(served.to)
}

pub(super) fn api_versions() -> ApiVersionsResponse {
    ApiVersionsResponse::default().with_api_keys(SERVED.iter().map(version_range).collect())
}

/// What a client gets that asked in a version there is not yet (KIP-511).
pub(super) fn unsupported_api_versions() -> ApiVersionsResponse {
    let own = SERVED
        .iter()
        .filter(|served| served.api == ApiKey::ApiVersions);
    ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(own.map(version_range).collect())
}

pub(super) fn metadata(
    state: &mut State,
    request: &MetadataRequest,
    version: i16,
    client: &Client,
) -> MetadataResponse {
    let all = match &request.topics {
        None => true,
        Some(topics) => version == 0 && topics.is_empty(),
    };
    let topics = if all {
        let names: Vec<String> = state.catalog.image().topics.keys().cloned().collect();
        names
            .iter()
            .map(|name| describe_topic(state, name))
            .collect()
    } else {
        let create = request.allow_auto_topic_creation && state.config.auto_create_topics;
        let wanted = request.topics.iter().flatten();
        wanted
            .map(|wanted| wanted_topic(state, wanted, create))
            .collect()
    };
    let broker = MetadataResponseBroker::default()
        .with_node_id(BrokerId(NODE))
        .with_host(text(&client.advertised_host))
        .with_port(client.advertised_port);
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(text(&state.catalog.image().cluster_id)))
        .with_controller_id(BrokerId(NODE))
        .with_topics(topics)
}

fn wanted_topic(
    state: &mut State,
    wanted: &MetadataRequestTopic,
    create: bool,
) -> MetadataResponseTopic {
    if let Some(name) = &wanted.name {
        let name = name.to_string();
        if create
            && !state.topics.contains_key(&name)
            && super::topic::check_name(state, &name).is_ok()
        {
            let created =
                state.create_topic(&name, state.config.default_partitions, Overrides::new());
            if let Err(refusal) = created {
                return failed_topic(Some(&name), wanted.topic_id, refusal.code);
            }
        }
        return describe_topic(state, &name);
    }
    match state.catalog.image().names.get(&wanted.topic_id).cloned() {
        Some(name) => describe_topic(state, &name),
        None => failed_topic(None, wanted.topic_id, ResponseError::UnknownTopicId),
    }
}

fn failed_topic(name: Option<&str>, id: Uuid, error: ResponseError) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_error_code(error.code())
        .with_name(name.map(|name| TopicName(text(name))))
        .with_topic_id(id)
}

fn describe_topic(state: &State, name: &str) -> MetadataResponseTopic {
    let Some(entry) = state.catalog.image().topics.get(name) else {
        let error = match super::topic::check_form(name) {
            Ok(()) => ResponseError::UnknownTopicOrPartition,
            Err(refusal) => refusal.code,
        };
        return failed_topic(Some(name), Uuid::nil(), error);
    };
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(NODE))
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(vec![BrokerId(NODE)])
            .with_isr_nodes(vec![BrokerId(NODE)])
    };
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(text(name))))
        .with_topic_id(entry.id)
        .with_partitions((0..entry.partitions).map(partition).collect())
}

pub(super) fn find_coordinator(
    _state: &mut State,
    request: &FindCoordinatorRequest,
    version: i16,
    client: &Client,
) -> FindCoordinatorResponse {
    // 0 is a group, 1 a transactional id; share groups (2) are not served.
    let error = if matches!(request.key_type, 0 | 1) {
        0
    } else {
        ResponseError::InvalidRequest.code()
    };
    if version < 4 {
        return FindCoordinatorResponse::default()
            .with_error_code(error)
            .with_node_id(BrokerId(NODE))
            .with_host(text(&client.advertised_host))
            .with_port(client.advertised_port);
    }
    let coordinator = |key: &StrBytes| {
        Coordinator::default()
            .with_key(key.clone())
            .with_error_code(error)
            .with_node_id(BrokerId(NODE))
            .with_host(text(&client.advertised_host))
            .with_port(client.advertised_port)
    };
    FindCoordinatorResponse::default()
        .with_coordinators(request.coordinator_keys.iter().map(coordinator).collect())
}

pub(super) fn describe_cluster(
    state: &mut State,
    request: &DescribeClusterRequest,
    client: &Client,
) -> DescribeClusterResponse {
    let broker = DescribeClusterBroker::default()
        .with_broker_id(BrokerId(NODE))
        .with_host(text(&client.advertised_host))
        .with_port(client.advertised_port);
    DescribeClusterResponse::default()
        .with_endpoint_type(request.endpoint_type)
        .with_cluster_id(text(&state.catalog.image().cluster_id))
        .with_controller_id(BrokerId(NODE))
        .with_brokers(vec![broker])
}
