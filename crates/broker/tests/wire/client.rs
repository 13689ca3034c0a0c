//! A client with no opinions: sends one request, gives back its answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{
    CreateTopicsRequest, FetchRequest, ProduceRequest, RequestHeader, ResponseHeader, TopicName,
    TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(crate) fn name(name: &str) -> TopicName {
    TopicName(text(name))
}

/// A broker in memory.
pub(crate) fn start() -> Broker {
    Broker::start(BrokerConfig::default()).unwrap()
}

pub(crate) struct Client {
    stream: TcpStream,
    correlation: i32,
}

/// The bytes of a request with its length.
pub(crate) fn frame<R: Request>(request: &R, version: i16, correlation: i32) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(text("wire")));
    header
        .encode(&mut bytes, R::header_version(version))
        .unwrap();
    request.encode(&mut bytes, version).unwrap();
    let mut frame = i32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(&bytes);
    frame
}

impl Client {
    pub(crate) fn connect(broker: &Broker) -> Self {
        let stream = TcpStream::connect(broker.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            correlation: 0,
        }
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        // The broker may have closed already; what counts is what it answers.
        self.stream.write_all(bytes).ok();
    }

    /// Says that nothing more will be sent.
    pub(crate) fn hang_up(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).ok();
    }

    pub(crate) fn send<R: Request>(&mut self, request: &R, version: i16) {
        self.correlation += 1;
        let frame = frame(request, version, self.correlation);
        self.send_raw(&frame);
    }

    /// The bytes of the next answer, `None` when the connection was closed.
    pub(crate) fn receive_raw(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).ok()?;
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut answer).ok()?;
        Some(answer.into())
    }

    pub(crate) fn receive<R: Request>(&mut self, version: i16) -> Option<R::Response> {
        let mut bytes = self.receive_raw()?;
        let header =
            ResponseHeader::decode(&mut bytes, R::Response::header_version(version)).unwrap();
        assert_eq!(header.correlation_id, self.correlation);
        let response = R::Response::decode(&mut bytes, version).unwrap();
        assert!(
            bytes.is_empty(),
            "{} bytes too many in an answer",
            bytes.len()
        );
        Some(response)
    }

    pub(crate) fn try_call<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Option<R::Response> {
        self.send(request, version);
        self.receive::<R>(version)
    }

    pub(crate) fn call<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.try_call(request, version).unwrap_or_else(|| {
            panic!(
                "the broker closed the connection on {} version {version}",
                R::KEY
            )
        })
    }

    pub(crate) fn create(&mut self, topic: &str, settings: &[(&str, &str)]) {
        let config = |(name, value): &(&str, &str)| {
            CreatableTopicConfig::default()
                .with_name(text(name))
                .with_value(Some(text(value)))
        };
        let topic = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(1)
            .with_replication_factor(1)
            .with_configs(settings.iter().map(config).collect());
        let created = self.call(&CreateTopicsRequest::default().with_topics(vec![topic]), 5);
        assert_eq!(created.topics[0].error_code, 0, "{created:?}");
    }

    /// Produces one batch to partition 0.
    pub(crate) fn produce(
        &mut self,
        topic: &str,
        transactional_id: Option<&str>,
        batch: &[u8],
    ) -> PartitionProduceResponse {
        let request = produce_request(topic, transactional_id, batch, -1);
        self.call(&request, 9)
            .responses
            .remove(0)
            .partition_responses
            .remove(0)
    }

    /// Fetches partition 0.
    pub(crate) fn fetch(&mut self, topic: &str, offset: i64, isolation: i8) -> PartitionData {
        let partition = FetchPartition::default()
            .with_fetch_offset(offset)
            .with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default()
            .with_topic(name(topic))
            .with_partitions(vec![partition]);
        let request = FetchRequest::default()
            .with_max_bytes(1 << 20)
            .with_isolation_level(isolation)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        self.call(&request, 12)
            .responses
            .remove(0)
            .partitions
            .remove(0)
    }
}

pub(crate) fn produce_request(
    topic: &str,
    transactional_id: Option<&str>,
    batch: &[u8],
    acks: i16,
) -> ProduceRequest {
    let data = PartitionProduceData::default().with_records(Some(Bytes::copy_from_slice(batch)));
    let topic = TopicProduceData::default()
        .with_name(name(topic))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(10_000)
        .with_transactional_id(transactional_id.map(|id| TransactionalId(text(id))))
        .with_topic_data(vec![topic])
}
