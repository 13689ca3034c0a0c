//! Every request in every version served is answered in that version.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource as IncrementalResource, AlterableConfig as IncrementalConfig,
};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;

use crate::batch::{NOBODY, batch};
use crate::client::{Client, name, produce_request, start, text};

/// Calls in every version from `from` to `to`; the answers.
pub(crate) fn every<R: Request + Clone>(
    client: &mut Client,
    from: i16,
    to: i16,
    make: impl Fn(i16) -> R,
) -> Vec<(i16, R::Response)> {
    assert!(R::VERSIONS.min <= from && to <= R::VERSIONS.max);
    (from..=to)
        .map(|version| (version, client.call(&make(version), version)))
        .collect()
}

pub(crate) fn group() -> GroupId {
    GroupId(text("g"))
}

#[test]
fn the_first_contact_of_any_client() {
    let broker = start();
    let mut client = Client::connect(&broker);
    for (version, answer) in every(&mut client, 0, 4, |version| match version {
        ..3 => ApiVersionsRequest::default(),
        _ => ApiVersionsRequest::default()
            .with_client_software_name(text("test"))
            .with_client_software_version(text("1")),
    }) {
        assert_eq!(answer.error_code, 0);
        let produce = answer.api_keys.iter().find(|api| api.api_key == 0).unwrap();
        assert_eq!(
            (produce.min_version, produce.max_version),
            (0, 11),
            "version {version}"
        );
        assert_eq!(answer.api_keys.len(), 33);
    }
}

#[test]
fn a_newer_client_is_told_what_there_is() {
    let broker = start();
    let mut client = Client::connect(&broker);
    // ApiVersions 99 with a body from the future: length, key 18, version 99, correlation 7, rest.
    let mut future = vec![0, 0, 0, 12, 0, 18, 0, 99, 0, 0, 0, 7];
    future.extend_from_slice(&[0xff; 4]);
    client.send_raw(&future);
    let answer = client.receive_raw().unwrap();
    // Version 0 throughout: correlation, error, one entry of key, from, to; no tagged fields.
    assert_eq!(
        answer[..],
        [0, 0, 0, 7, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4]
    );
    assert_eq!(
        client.call(&ApiVersionsRequest::default(), 0).error_code,
        0,
        "the connection goes on"
    );
}

#[test]
fn an_unknown_version_closes_the_connection() {
    let broker = start();
    let mut client = Client::connect(&broker);
    assert!(
        client
            .try_call(&FetchRequest::default().with_session_epoch(-1), 18)
            .is_none()
    );
    assert!(
        Client::connect(&broker)
            .try_call(&MetadataRequest::default(), 12)
            .is_some(),
        "others are served"
    );
}

#[test]
fn topics_and_records_in_every_version() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create(
        "t",
        &[("message.timestamp.after.max.ms", "9223372036854775807")],
    );
    let all = every(&mut client, 0, 12, |version| match version {
        0 => MetadataRequest::default().with_topics(Some(Vec::new())),
        _ => MetadataRequest::default().with_topics(None),
    });
    let id = all.last().unwrap().1.topics[0].topic_id;
    assert!(
        all.iter()
            .all(|(_, answer)| answer.topics[0].partitions[0].leader_id == 1)
    );
    let one = MetadataRequestTopic::default()
        .with_name(None)
        .with_topic_id(id);
    let by_id = client.call(&MetadataRequest::default().with_topics(Some(vec![one])), 12);
    assert_eq!(by_id.topics[0].name, Some(name("t")));
    let sent = batch(NOBODY, &["x"]);
    for (version, answer) in every(&mut client, 3, 11, |_| produce_request("t", None, &sent, 1)) {
        assert_eq!(
            answer.responses[0].partition_responses[0].base_offset,
            i64::from(version) - 3
        );
    }
    for (version, answer) in every(&mut client, 4, 16, |version| {
        let partition = FetchPartition::default()
            .with_fetch_offset(2)
            .with_partition_max_bytes(1000);
        let topic = FetchTopic::default().with_partitions(vec![partition]);
        let topic = if version < 13 {
            topic.with_topic(name("t"))
        } else {
            topic.with_topic_id(id)
        };
        let request = FetchRequest::default()
            .with_max_bytes(1000)
            .with_isolation_level(1)
            .with_topics(vec![topic]);
        request.with_session_epoch(if version < 7 { -1 } else { 0 })
    }) {
        let topic = &answer.responses[0];
        let partition = &topic.partitions[0];
        assert_eq!(
            (
                partition.error_code,
                partition.high_watermark,
                answer.session_id
            ),
            (0, 9, 0)
        );
        assert_eq!(
            partition.records.as_ref().unwrap()[..8],
            2_i64.to_be_bytes(),
            "version {version}"
        );
    }
    for (version, answer) in every(&mut client, 1, 9, |_| {
        let partition = ListOffsetsPartition::default().with_timestamp(-1);
        let topic = ListOffsetsTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![partition]);
        ListOffsetsRequest::default().with_topics(vec![topic])
    }) {
        assert_eq!(
            answer.topics[0].partitions[0].offset, 9,
            "version {version}"
        );
    }
    every(&mut client, 2, 4, |_| {
        OffsetForLeaderEpochRequest::default()
    });
    every(&mut client, 0, 2, |_| {
        let partition = DeleteRecordsPartition::default().with_offset(1);
        let topic = DeleteRecordsTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![partition]);
        DeleteRecordsRequest::default().with_topics(vec![topic])
    });
    for (version, answer) in every(&mut client, 0, 3, |version| {
        let topic = CreatePartitionsTopic::default()
            .with_name(name("t"))
            .with_count(i32::from(version) + 2);
        CreatePartitionsRequest::default().with_topics(vec![topic.with_assignments(None)])
    }) {
        assert_eq!(answer.results[0].error_code, 0, "version {version}");
    }
    every(&mut client, 2, 7, |version| {
        let topic = CreatableTopic::default()
            .with_name(name(&format!("new-{version}")))
            .with_num_partitions(-1);
        CreateTopicsRequest::default().with_topics(vec![topic.with_replication_factor(-1)])
    });
    for (version, answer) in every(&mut client, 1, 6, |version| match version {
        1 => DeleteTopicsRequest::default().with_topic_names(vec![name("no-such")]),
        2..6 => {
            DeleteTopicsRequest::default().with_topic_names(vec![name(&format!("new-{version}"))])
        }
        _ => {
            let by_name = DeleteTopicState::default().with_name(Some(name("new-7")));
            let by_id = DeleteTopicState::default()
                .with_name(None)
                .with_topic_id(id);
            DeleteTopicsRequest::default().with_topics(vec![by_name, by_id])
        }
    }) {
        let wanted = if version == 1 {
            ResponseError::UnknownTopicOrPartition.code()
        } else {
            0
        };
        assert!(
            answer
                .responses
                .iter()
                .all(|topic| topic.error_code == wanted),
            "version {version}: {answer:?}"
        );
    }
}

#[test]
fn settings_in_every_version() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", &[]);
    for (version, answer) in every(&mut client, 1, 4, |version| {
        let topic = DescribeConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(text("t"));
        let node = DescribeConfigsResource::default()
            .with_resource_type(4)
            .with_resource_name(text("1"));
        let topic = topic.with_configuration_keys(None);
        DescribeConfigsRequest::default()
            .with_resources(vec![topic, node.with_configuration_keys(None)])
            .with_include_synonyms(true)
            .with_include_documentation(version >= 3)
    }) {
        assert!(
            answer
                .results
                .iter()
                .all(|it| it.error_code == 0 && it.configs.len() > 5),
            "version {version}"
        );
    }
    every(&mut client, 0, 2, |_| {
        let config = AlterableConfig::default()
            .with_name(text("retention.ms"))
            .with_value(Some(text("5")));
        let resource = AlterConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(text("t"));
        AlterConfigsRequest::default().with_resources(vec![resource.with_configs(vec![config])])
    });
    for (version, answer) in every(&mut client, 0, 1, |_| {
        let config = IncrementalConfig::default()
            .with_name(text("cleanup.policy"))
            .with_config_operation(2)
            .with_value(Some(text("compact")));
        let resource = IncrementalResource::default()
            .with_resource_type(2)
            .with_resource_name(text("t"));
        IncrementalAlterConfigsRequest::default()
            .with_resources(vec![resource.with_configs(vec![config])])
    }) {
        assert_eq!(
            answer.responses[0].error_code, 0,
            "version {version}: {answer:?}"
        );
    }
    every(&mut client, 0, 1, |_| DescribeClusterRequest::default());
}

#[test]
fn groups_in_every_version() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", &[]);
    for version in 0..=9 {
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(text("range"))
            .with_metadata(Bytes::from_static(b"m"));
        let mut join = JoinGroupRequest::default()
            .with_group_id(GroupId(text(&format!("g{version}"))))
            .with_session_timeout_ms(10_000)
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol]);
        if version >= 1 {
            join.rebalance_timeout_ms = 10_000;
        }
        let mut joined = client.call(&join, version);
        if version >= 4 {
            assert_eq!(joined.error_code, ResponseError::MemberIdRequired.code());
            join.member_id = joined.member_id.clone();
            joined = client.call(&join, version);
        }
        assert_eq!(
            (
                joined.error_code,
                joined.generation_id,
                joined.members.len()
            ),
            (0, 1, 1),
            "version {version}"
        );
        let synced = |version: i16| {
            SyncGroupRequest::default()
                .with_group_id(join.group_id.clone())
                .with_generation_id(1)
                .with_member_id(joined.member_id.clone())
                .with_protocol_type((version >= 5).then(|| text("consumer")))
                .with_protocol_name((version >= 5).then(|| text("range")))
        };
        every(&mut client, 0, 5, synced);
        let beat = HeartbeatRequest::default()
            .with_group_id(join.group_id.clone())
            .with_generation_id(1)
            .with_member_id(joined.member_id.clone());
        assert_eq!(client.call(&beat, version.min(4)).error_code, 0);
        let leave = LeaveGroupRequest::default().with_group_id(join.group_id.clone());
        let leave_version = version.min(5);
        let leave = match leave_version {
            ..3 => leave.with_member_id(joined.member_id),
            _ => leave.with_members(vec![
                MemberIdentity::default().with_member_id(joined.member_id),
            ]),
        };
        let left = client.call(&leave, leave_version);
        assert!(left.error_code == 0 && left.members.iter().all(|member| member.error_code == 0));
    }
    for (version, answer) in every(&mut client, 2, 9, |_| {
        let partition = OffsetCommitRequestPartition::default().with_committed_offset(7);
        let topic = OffsetCommitRequestTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![partition]);
        OffsetCommitRequest::default()
            .with_group_id(group())
            .with_topics(vec![topic])
    }) {
        assert_eq!(
            answer.topics[0].partitions[0].error_code, 0,
            "version {version}"
        );
    }
    for (version, answer) in every(&mut client, 1, 9, |version| match version {
        ..8 => {
            let topic = OffsetFetchRequestTopic::default()
                .with_name(name("t"))
                .with_partition_indexes(vec![0]);
            OffsetFetchRequest::default()
                .with_group_id(group())
                .with_topics(Some(vec![topic]))
        }
        _ => {
            let topic = OffsetFetchRequestTopics::default()
                .with_name(name("t"))
                .with_partition_indexes(vec![0]);
            let group = OffsetFetchRequestGroup::default()
                .with_group_id(group())
                .with_topics(Some(vec![topic]));
            OffsetFetchRequest::default().with_groups(vec![group])
        }
    }) {
        let offset = match version {
            ..8 => answer.topics[0].partitions[0].committed_offset,
            _ => answer.groups[0].topics[0].partitions[0].committed_offset,
        };
        assert_eq!(offset, 7, "version {version}");
    }
    every(&mut client, 0, 5, |version| match version {
        ..4 => FindCoordinatorRequest::default().with_key(text("g")),
        _ => FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g")]),
    });
    every(&mut client, 0, 5, |_| ListGroupsRequest::default());
    every(&mut client, 0, 6, |_| {
        DescribeGroupsRequest::default().with_groups(vec![group(), GroupId(text("no-such"))])
    });
    every(&mut client, 0, 0, |_| {
        OffsetDeleteRequest::default().with_group_id(group())
    });
    every(&mut client, 0, 2, |_| {
        DeleteGroupsRequest::default().with_groups_names(vec![group()])
    });
}

#[test]
fn transactions_in_every_version() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", &[]);
    let id = || TransactionalId(text("x"));
    let mut producer = (ProducerId(-1), -1);
    for (_, answer) in every(&mut client, 0, 5, |_| {
        InitProducerIdRequest::default()
            .with_transactional_id(Some(id()))
            .with_transaction_timeout_ms(60_000)
    }) {
        assert_eq!(answer.error_code, 0);
        producer = (answer.producer_id, answer.producer_epoch);
    }
    assert_eq!(producer.1, 5, "each of them fences the one before");
    for (version, answer) in every(&mut client, 0, 3, |_| {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![0]);
        AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(id())
            .with_v3_and_below_producer_id(producer.0)
            .with_v3_and_below_producer_epoch(producer.1)
            .with_v3_and_below_topics(vec![topic])
    }) {
        let topic = &answer.results_by_topic_v3_and_below[0];
        assert_eq!(
            topic.results_by_partition[0].partition_error_code, 0,
            "version {version}"
        );
    }
    for (version, answer) in every(&mut client, 0, 4, |_| {
        AddOffsetsToTxnRequest::default()
            .with_transactional_id(id())
            .with_producer_id(producer.0)
            .with_producer_epoch(producer.1)
            .with_group_id(group())
    }) {
        assert_eq!(answer.error_code, 0, "version {version}");
    }
    every(&mut client, 0, 4, |_| {
        TxnOffsetCommitRequest::default()
            .with_transactional_id(id())
            .with_group_id(group())
            .with_producer_id(producer.0)
            .with_producer_epoch(producer.1)
    });
    every(&mut client, 0, 0, |_| {
        DescribeTransactionsRequest::default().with_transactional_ids(vec![id()])
    });
    every(&mut client, 0, 1, |_| ListTransactionsRequest::default());
    every(&mut client, 0, 0, |_| DescribeProducersRequest::default());
    for (version, answer) in every(&mut client, 0, 4, |_| {
        EndTxnRequest::default()
            .with_transactional_id(id())
            .with_producer_id(producer.0)
            .with_producer_epoch(producer.1)
            .with_committed(true)
    }) {
        assert_eq!(
            answer.error_code, 0,
            "asking again is fine, version {version}"
        );
    }
}
