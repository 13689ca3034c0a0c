//! The error codes of transactions, and what a reader is shown, message by message.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;

use crate::batch::{Writer, batch};
use crate::client::{Client, name, start, text};

const KEEP: &[(&str, &str)] = &[("message.timestamp.after.max.ms", "9223372036854775807")];

struct Producer {
    client: Client,
    id: i64,
    epoch: i16,
    sequence: i32,
}

fn id() -> TransactionalId {
    TransactionalId(text("x"))
}

impl Producer {
    fn init(mut client: Client) -> Self {
        let request = InitProducerIdRequest::default();
        let answer = client.call(
            &request
                .with_transactional_id(Some(id()))
                .with_transaction_timeout_ms(60_000),
            4,
        );
        assert_eq!(answer.error_code, 0);
        Self {
            client,
            id: answer.producer_id.0,
            epoch: answer.producer_epoch,
            sequence: 0,
        }
    }

    fn add(&mut self, partition: i32) -> i16 {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![partition]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(id())
            .with_v3_and_below_producer_id(ProducerId(self.id))
            .with_v3_and_below_producer_epoch(self.epoch)
            .with_v3_and_below_topics(vec![topic]);
        let answer = self.client.call(&request, 3);
        answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
    }

    fn send(&mut self, value: &str) -> i16 {
        let writer = Writer {
            id: self.id,
            epoch: self.epoch,
            sequence: self.sequence,
            transactional: true,
        };
        let answer = self
            .client
            .produce("t", Some("x"), &batch(writer, &[value]));
        if answer.error_code == 0 {
            self.sequence += 1;
        }
        answer.error_code
    }

    fn end(&mut self, committed: bool) -> i16 {
        let request = EndTxnRequest::default()
            .with_transactional_id(id())
            .with_producer_id(ProducerId(self.id))
            .with_producer_epoch(self.epoch)
            .with_committed(committed);
        self.client.call(&request, 3).error_code
    }
}

#[test]
fn the_order_of_calls_is_kept() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", KEEP);
    let mut producer = Producer::init(client);
    let invalid = ResponseError::InvalidTxnState.code();
    assert_eq!(producer.end(true), invalid, "nothing to end");
    assert_eq!(
        producer.send("a"),
        invalid,
        "the partition is not in the transaction"
    );
    assert_eq!(
        producer.add(7),
        ResponseError::UnknownTopicOrPartition.code()
    );
    assert_eq!(producer.add(0), 0);
    assert_eq!(producer.send("a"), 0);
    assert_eq!(producer.end(true), 0);
    assert_eq!(producer.end(true), 0, "asked again");
    assert_eq!(producer.end(false), invalid, "it is committed");
    assert_eq!(producer.send("b"), invalid, "the next has not begun");
}

#[test]
fn who_is_fenced_is_told_so_in_its_words() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", KEEP);
    let mut old = Producer::init(client);
    old.add(0);
    old.send("left open");
    let mut new = Producer::init(Client::connect(&broker));
    assert_eq!((new.id, new.epoch > old.epoch), (old.id, true));
    assert_eq!(old.send("late"), ResponseError::InvalidProducerEpoch.code());
    assert_eq!(old.add(0), ResponseError::ProducerFenced.code());
    assert_eq!(old.end(true), ResponseError::ProducerFenced.code());
    let request = EndTxnRequest::default()
        .with_transactional_id(id())
        .with_producer_id(ProducerId(old.id));
    let in_old_words = old
        .client
        .call(&request.with_producer_epoch(old.epoch), 1)
        .error_code;
    assert_eq!(in_old_words, ResponseError::InvalidProducerEpoch.code());
    let unknown = EndTxnRequest::default()
        .with_transactional_id(id())
        .with_producer_id(ProducerId(999));
    assert_eq!(
        old.client.call(&unknown, 3).error_code,
        ResponseError::InvalidProducerIdMapping.code()
    );
    assert_eq!((new.add(0), new.send("a"), new.end(true)), (0, 0, 0));
}

#[test]
fn a_reader_is_told_what_was_aborted() {
    let broker = start();
    let mut reader = Client::connect(&broker);
    reader.create("t", KEEP);
    let mut producer = Producer::init(Client::connect(&broker));
    producer.add(0);
    producer.send("aborted");
    let open = reader.fetch("t", 0, 1);
    assert_eq!((open.last_stable_offset, open.high_watermark), (0, 1));
    assert_eq!(open.records, Some(Bytes::new()));
    producer.end(false);
    let fetched = reader.fetch("t", 0, 1);
    assert_eq!((fetched.last_stable_offset, fetched.high_watermark), (2, 2));
    let aborted = fetched.aborted_transactions.unwrap();
    assert_eq!(
        (
            aborted.len(),
            aborted[0].producer_id.0,
            aborted[0].first_offset
        ),
        (1, producer.id, 0)
    );
    assert_eq!(reader.fetch("t", 0, 0).aborted_transactions, None);
    assert!(
        reader
            .fetch("t", 2, 1)
            .aborted_transactions
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_wrong_timeout_or_name_is_refused() {
    let broker = start();
    let mut client = Client::connect(&broker);
    let mut init = |id: &str, timeout| {
        let request =
            InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(text(id))));
        client
            .call(&request.with_transaction_timeout_ms(timeout), 4)
            .error_code
    };
    assert_eq!(init("", 1000), ResponseError::InvalidRequest.code());
    assert_eq!(
        init("x", 0),
        ResponseError::InvalidTransactionTimeout.code()
    );
    assert_eq!(
        init("x", i32::MAX),
        ResponseError::InvalidTransactionTimeout.code()
    );
    assert_eq!(init("x", 900_000), 0);
}

#[test]
fn an_offset_in_an_open_transaction_is_unstable() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", KEEP);
    let mut producer = Producer::init(client);
    let commit = |producer: &mut Producer| {
        let partition = TxnOffsetCommitRequestPartition::default().with_committed_offset(5);
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(id())
            .with_group_id(GroupId(text("g")))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_generation_id(-1)
            .with_topics(vec![topic]);
        producer.client.call(&request, 3).topics[0].partitions[0].error_code
    };
    assert_eq!(
        commit(&mut producer),
        ResponseError::InvalidTxnState.code(),
        "the group was not added"
    );
    let add = AddOffsetsToTxnRequest::default()
        .with_transactional_id(id())
        .with_producer_id(ProducerId(producer.id))
        .with_producer_epoch(producer.epoch)
        .with_group_id(GroupId(text("g")));
    assert_eq!(producer.client.call(&add, 3).error_code, 0);
    assert_eq!(commit(&mut producer), 0);
    let fetch = |stable| {
        let topic = OffsetFetchRequestTopics::default()
            .with_name(name("t"))
            .with_partition_indexes(vec![0]);
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(GroupId(text("g")))
            .with_topics(Some(vec![topic]));
        let request = OffsetFetchRequest::default()
            .with_groups(vec![group])
            .with_require_stable(stable);
        let answer =
            Client::connect(&broker).call(&request, 9).groups[0].topics[0].partitions[0].clone();
        (answer.error_code, answer.committed_offset)
    };
    assert_eq!(
        fetch(true),
        (ResponseError::UnstableOffsetCommit.code(), -1)
    );
    assert_eq!(fetch(false), (0, -1));
    assert_eq!(producer.end(true), 0);
    assert_eq!(fetch(true), (0, 5));
}
