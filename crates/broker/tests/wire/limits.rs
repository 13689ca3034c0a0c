//! What is too much is refused, and only whoever asked feels it.

use std::time::Duration;

use broker::{Broker, BrokerConfig, Limits};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::{ApiVersionsRequest, CreateTopicsRequest, MetadataRequest};

use crate::batch::{NOBODY, batch};
use crate::client::{Client, frame, name, produce_request, start};

fn start_with(limits: Limits) -> Broker {
    Broker::start(BrokerConfig {
        limits,
        ..BrokerConfig::default()
    })
    .unwrap()
}

#[test]
fn a_frame_too_large_closes_its_connection() {
    let broker = start_with(Limits {
        frame_bytes: 1000,
        small_frame_bytes: 500,
        ..Limits::default()
    });
    let mut other = Client::connect(&broker);
    for bytes in [
        &[0, 0, 4, 0][..],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0xff; 4],
        &[0, 0, 0, 1, 0],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut client = Client::connect(&broker);
        client.send_raw(bytes);
        assert_eq!(client.receive_raw(), None, "{bytes:?}");
    }
    // Within the bound for records, not for anything else.
    let mut metadata = frame(&MetadataRequest::default().with_topics(None), 1, 1);
    metadata[..4].copy_from_slice(&[0, 0, 3, 0]);
    let mut client = Client::connect(&broker);
    client.send_raw(&metadata);
    client.send_raw(&[0; 800]);
    assert_eq!(client.receive_raw(), None);
    assert_eq!(other.call(&ApiVersionsRequest::default(), 0).error_code, 0);
}

#[test]
fn a_request_that_stops_half_way_is_given_up() {
    let broker = start_with(Limits {
        read_timeout: Duration::from_millis(50),
        ..Limits::default()
    });
    let mut client = Client::connect(&broker);
    client.send_raw(&frame(&MetadataRequest::default(), 1, 1)[..9]);
    assert_eq!(client.receive_raw(), None);
}

#[test]
fn one_connection_too_many_is_closed() {
    let broker = start_with(Limits {
        connections: 2,
        ..Limits::default()
    });
    let mut first = Client::connect(&broker);
    let mut second = Client::connect(&broker);
    first.call(&ApiVersionsRequest::default(), 0);
    second.call(&ApiVersionsRequest::default(), 0);
    assert!(
        Client::connect(&broker)
            .try_call(&ApiVersionsRequest::default(), 0)
            .is_none()
    );
    first.call(&ApiVersionsRequest::default(), 0);
}

#[test]
fn one_partition_too_many_is_refused() {
    let broker = start_with(Limits {
        partitions: 3,
        ..Limits::default()
    });
    let mut client = Client::connect(&broker);
    let mut create = |topic: &str, partitions| {
        let topic = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions);
        let request =
            CreateTopicsRequest::default().with_topics(vec![topic.with_replication_factor(1)]);
        client.call(&request, 5).topics[0].error_code
    };
    assert_eq!(create("a", 2), 0);
    assert_eq!(create("b", 2), ResponseError::InvalidPartitions.code());
    assert_eq!(create("b", 1), 0);
}

#[test]
fn a_produce_without_acknowledgement_is_not_answered() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create(
        "t",
        &[("message.timestamp.after.max.ms", "9223372036854775807")],
    );
    client.send(
        &produce_request("t", None, &batch(NOBODY, &["quiet"]), 0),
        9,
    );
    // The next answer is of the next request.
    assert_eq!(
        client
            .produce("t", None, &batch(NOBODY, &["loud"]))
            .base_offset,
        1
    );
    let wrong = client.call(&produce_request("t", None, &batch(NOBODY, &["x"]), 5), 9);
    assert_eq!(
        wrong.responses[0].partition_responses[0].error_code,
        ResponseError::InvalidRequiredAcks.code()
    );
}
