//! Single records and followed topics, against the embedded broker.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{
    Follow, Follower, Incoming, KafkaConfig, Kind, Outgoing, Producer, Step, TopicSpec, Topics,
    TransactionalProducer,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn broker() -> (Broker, KafkaConfig) {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let config = KafkaConfig::at(broker.bootstrap());
    (broker, config)
}

async fn topic(config: &KafkaConfig, name: &str, partitions: i32) {
    let spec = TopicSpec::new(name, Some(partitions));
    Topics::new(config).ensure(&[spec]).await.unwrap();
}

fn record(partition: i32, value: &str) -> Outgoing {
    let mut record = Outgoing::new("t", None, Some(Bytes::from(value.to_owned())));
    record.partition = Some(partition);
    record
}

fn follow(config: &KafkaConfig, from: &[(i32, i64)]) -> Follower {
    let mut follow = Follow::committed("t");
    follow.from = from.iter().copied().collect();
    Follower::start(config, follow).unwrap()
}

async fn step(follower: &mut Follower) -> Step {
    let step = tokio::time::timeout(PATIENCE, follower.next());
    step.await.expect("a step").unwrap()
}

/// Records until the follower has caught up, and where each partition then stands.
async fn caught_up(follower: &mut Follower) -> (Vec<String>, BTreeMap<i32, i64>) {
    let (mut values, mut ends) = (Vec::new(), BTreeMap::new());
    loop {
        let step = step(follower).await;
        values.extend(step.records.iter().map(text));
        ends.extend(step.ends);
        if step.caught_up {
            return (values, ends);
        }
    }
}

fn text(record: &Incoming) -> String {
    let value = String::from_utf8(record.value.clone().unwrap()).unwrap();
    format!("{}@{}={value}", record.partition, record.offset)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_given_then_what_comes() {
    let (_broker, config) = broker();
    topic(&config, "t", 2).await;
    let producer = Producer::open(&config, PATIENCE).unwrap();
    for (partition, value) in [(0, "a"), (1, "b"), (0, "c")] {
        producer.send(record(partition, value)).await.unwrap();
    }
    let mut follower = follow(&config, &[(0, 1)]);
    let (mut values, _) = caught_up(&mut follower).await;
    values.sort_unstable();
    assert_eq!(values, ["0@1=c", "1@0=b"]);

    let written = producer.send(record(1, "d")).await.unwrap();
    assert_eq!((written.partition, written.offset), (1, 1));
    loop {
        let step = step(&mut follower).await;
        assert!(step.caught_up);
        if let Some(record) = step.records.first() {
            assert_eq!(text(record), "1@1=d");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marker_after_the_last_record_does_not_keep_it_from_catching_up() {
    let (_broker, config) = broker();
    topic(&config, "t", 1).await;
    let mut empty = follow(&config, &[]);
    assert_eq!(caught_up(&mut empty).await.0, Vec::<String>::new());

    let mut producer = TransactionalProducer::open(&config, "p", PATIENCE)
        .await
        .unwrap();
    producer
        .commit(vec![record(0, "a")], |_| record(0, "b"))
        .await
        .unwrap();
    let mut follower = follow(&config, &[]);
    let (values, ends) = caught_up(&mut follower).await;
    assert_eq!(values, ["0@0=a", "0@1=b"]);
    // Two records and the marker of their commit.
    assert_eq!(ends, [(0, 3)].into());
    // Started again from there, nothing is missing and nothing comes twice.
    let mut again = follow(&config, &[(0, 3)]);
    assert_eq!(caught_up(&mut again).await.0, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_shorter_than_where_we_stood_is_an_error() {
    let (_broker, config) = broker();
    topic(&config, "t", 1).await;
    let mut follower = follow(&config, &[(0, 7)]);
    let error = tokio::time::timeout(PATIENCE, follower.next())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Truncated);
    let truncation = error.truncation().unwrap();
    assert_eq!((truncation.wanted, truncation.found), (7, Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_yet_is_waited_for() {
    let (_broker, config) = broker();
    let mut follower = follow(&config, &[]);
    topic(&config, "t", 1).await;
    let producer = Producer::open(&config, PATIENCE).unwrap();
    producer.send(record(0, "a")).await.unwrap();
    let mut values = Vec::new();
    while values.is_empty() {
        values.extend(step(&mut follower).await.records.iter().map(text));
    }
    assert_eq!(values, ["0@0=a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_a_record_never_left() {
    let (broker, mut config) = broker();
    config.timeout = Duration::from_millis(300);
    let config = config;
    broker.shutdown().await.unwrap();
    let producer = Producer::open(&config, Duration::from_millis(300)).unwrap();
    let error = producer.send(record(0, "a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_too_large_is_refused_and_was_not_written() {
    let (_broker, config) = broker();
    topic(&config, "t", 1).await;
    let mut record = record(0, "");
    record.value = Some(Bytes::from(vec![0; 17 << 20]));
    let producer = Producer::open(&config, PATIENCE).unwrap();
    let error = producer.send(record).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Rejected, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_has_forgotten_everything_is_written_to_again() {
    let (broker, config) = broker();
    topic(&config, "t", 1).await;
    let producer = Producer::open(&config, PATIENCE).unwrap();
    for _ in 0..3 {
        producer.send(record(0, "a")).await.unwrap();
    }
    let settings = BrokerConfig {
        listen: broker.address(),
        ..BrokerConfig::default()
    };
    broker.shutdown().await.unwrap();
    let _broker = Broker::start(settings).unwrap();
    topic(&config, "t", 1).await;
    let written = async {
        loop {
            match producer.send(record(0, "b")).await {
                Ok(written) => return written,
                Err(error) => println!("{:?}: {error}", error.kind()),
            }
        }
    };
    let written = tokio::time::timeout(PATIENCE, written).await;
    assert_eq!(written.expect("it is written").offset, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_transaction_is_no_record_that_is_still_to_come() {
    let (_broker, config) = broker();
    topic(&config, "t", 1).await;
    topic(&config, "marks", 1).await;
    let mut producer = TransactionalProducer::open(&config, "x", PATIENCE)
        .await
        .unwrap();
    let committed = producer.commit(vec![record(0, "a")], |_| {
        Outgoing::new("marks", None, Some(Bytes::from_static(b"m")))
    });
    committed.await.unwrap();
    let reader = kafka::Reader::new(&config);
    let ends = reader.ends("t", kafka::Isolation::Committed).await;
    assert_eq!(ends.unwrap(), BTreeMap::from([(0, (0, 2))]));
    let fetcher = kafka::Fetcher::new(&config, "t");
    assert!(!fetcher.is_end(0, 0).await.unwrap());
    for next in [1, 2] {
        assert!(fetcher.is_end(0, next).await.unwrap(), "{next}");
    }
    // One that was ended early is of use again.
    assert!(!fetcher.is_end(0, 0).await.unwrap());
    assert!(fetcher.record(0, 0).await.unwrap().is_some());
}
