//! What is wrong is refused in every version served, in words of that version.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;

use crate::batch::{NOBODY, batch};
use crate::client::{Client, name, produce_request, start, text};

use crate::versions::{every, group};

#[test]
fn refusals_in_every_version() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", &[]);
    for (version, answer) in every(&mut client, 3, 11, |_| {
        produce_request("no-such", None, &batch(NOBODY, &["x"]), 1)
    }) {
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!(
            partition.error_code,
            ResponseError::UnknownTopicOrPartition.code(),
            "version {version}"
        );
    }
    every(&mut client, 3, 11, |_| {
        produce_request("t", None, b"no batch", 1)
    });
    for (version, answer) in every(&mut client, 4, 16, |version| {
        let topic = FetchTopic::default().with_partitions(vec![FetchPartition::default()]);
        let topic = if version < 13 {
            topic.with_topic(name("no-such"))
        } else {
            topic
        };
        FetchRequest::default()
            .with_session_epoch(-1)
            .with_max_wait_ms(30_000)
            .with_topics(vec![topic])
    }) {
        let wanted = match version {
            ..13 => ResponseError::UnknownTopicOrPartition,
            _ => ResponseError::UnknownTopicId,
        };
        assert_eq!(
            answer.responses[0].partitions[0].error_code,
            wanted.code(),
            "version {version}"
        );
    }
    for (version, answer) in every(&mut client, 7, 16, |_| {
        FetchRequest::default().with_session_id(5)
    }) {
        assert_eq!(
            answer.error_code,
            ResponseError::FetchSessionIdNotFound.code(),
            "version {version}"
        );
    }
    every(&mut client, 1, 9, |_| {
        let partition = ListOffsetsPartition::default().with_partition_index(9);
        let topic = ListOffsetsTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![partition]);
        ListOffsetsRequest::default().with_topics(vec![topic])
    });
    for (version, answer) in every(&mut client, 2, 7, |_| {
        CreateTopicsRequest::default()
            .with_topics(vec![CreatableTopic::default().with_name(name("t"))])
    }) {
        assert_eq!(
            answer.topics[0].error_code,
            ResponseError::TopicAlreadyExists.code(),
            "version {version}"
        );
    }
    every(&mut client, 1, 6, |version| match version {
        ..6 => DeleteTopicsRequest::default().with_topic_names(vec![name("no-such")]),
        _ => DeleteTopicsRequest::default()
            .with_topics(vec![DeleteTopicState::default().with_name(None)]),
    });
    every(&mut client, 0, 3, |_| {
        let topic = CreatePartitionsTopic::default()
            .with_name(name("t"))
            .with_count(1);
        CreatePartitionsRequest::default().with_topics(vec![topic])
    });
    every(&mut client, 1, 4, |_| {
        let node = DescribeConfigsResource::default().with_resource_type(9);
        DescribeConfigsRequest::default().with_resources(vec![node])
    });
    every(&mut client, 0, 2, |_| {
        AlterConfigsRequest::default().with_resources(vec![AlterConfigsResource::default()])
    });
    every(&mut client, 0, 12, |version| {
        let topic = MetadataRequestTopic::default().with_name(Some(name("no such")));
        let request = MetadataRequest::default().with_topics(Some(vec![topic]));
        request.with_allow_auto_topic_creation(version < 4)
    });
    for (version, answer) in every(&mut client, 0, 9, |_| JoinGroupRequest::default()) {
        assert_eq!(
            answer.error_code,
            ResponseError::InvalidGroupId.code(),
            "version {version}"
        );
    }
    for (version, answer) in every(&mut client, 0, 5, |_| SyncGroupRequest::default()) {
        assert_eq!(
            answer.error_code,
            ResponseError::UnknownMemberId.code(),
            "version {version}"
        );
    }
    every(&mut client, 0, 4, |_| HeartbeatRequest::default());
    every(&mut client, 0, 5, |version| match version {
        ..3 => LeaveGroupRequest::default().with_member_id(text("m")),
        _ => LeaveGroupRequest::default().with_members(vec![MemberIdentity::default()]),
    });
    every(&mut client, 2, 9, |_| {
        let topic = OffsetCommitRequestTopic::default().with_name(name("no-such"));
        let topic = topic.with_partitions(vec![OffsetCommitRequestPartition::default()]);
        OffsetCommitRequest::default()
            .with_group_id(group())
            .with_topics(vec![topic])
    });
    every(&mut client, 0, 5, |_| {
        FindCoordinatorRequest::default().with_key_type(0)
    });
    every(&mut client, 1, 5, |version| {
        let request = FindCoordinatorRequest::default().with_key_type(2);
        if version < 4 {
            request
        } else {
            request.with_coordinator_keys(vec![text("x")])
        }
    });
    every(&mut client, 0, 5, |_| InitProducerIdRequest::default());
    every(&mut client, 0, 4, |_| AddOffsetsToTxnRequest::default());
    every(&mut client, 0, 4, |_| EndTxnRequest::default());
}
