//! Members of a group and transactions that carry their offsets, against the embedded broker.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{
    Consumed, GroupConsumer, GroupEvent, Isolation, KafkaConfig, Kind, Membership, Outgoing,
    Producer, Reader, StartAt, Subscription, TopicSpec, Topics, TransactionalProducer,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn broker() -> (Broker, KafkaConfig) {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let config = KafkaConfig::at(broker.bootstrap());
    (broker, config)
}

async fn topics(config: &KafkaConfig, names: &[&str]) {
    let specs: Vec<_> = names
        .iter()
        .map(|name| TopicSpec::new(*name, Some(2)))
        .collect();
    Topics::new(config).ensure(&specs).await.unwrap();
}

fn record(topic: &str, partition: i32, value: &str) -> Outgoing {
    let mut record = Outgoing::new(topic, None, Some(Bytes::from(value.to_owned())));
    record.partition = Some(partition);
    record
}

fn join(config: &KafkaConfig, instance: Option<&str>, start: StartAt) -> GroupConsumer {
    let subscription = Subscription {
        topic: "in".to_owned(),
        group: "g".to_owned(),
        instance: instance.map(str::to_owned),
        start,
    };
    GroupConsumer::join(config, &subscription).unwrap()
}

async fn next(consumer: &mut GroupConsumer) -> GroupEvent {
    let event = tokio::time::timeout(PATIENCE, consumer.next());
    event.await.expect("an event").unwrap()
}

async fn assigned(consumer: &mut GroupConsumer) -> (Vec<i32>, Membership) {
    loop {
        match next(consumer).await {
            GroupEvent::Assigned {
                mut partitions,
                membership,
            } => {
                partitions.sort_unstable();
                return (partitions, membership);
            }
            GroupEvent::Revoked(_) => {}
            GroupEvent::Records(_) => panic!("records before an assignment"),
        }
    }
}

async fn values(consumer: &mut GroupConsumer, count: usize) -> Vec<String> {
    let mut values = Vec::new();
    while values.len() < count {
        if let GroupEvent::Records(records) = next(consumer).await {
            values.extend(records.into_iter().map(|record| {
                format!(
                    "{}@{}={}",
                    record.partition,
                    record.offset,
                    String::from_utf8(record.value.unwrap()).unwrap()
                )
            }));
        }
    }
    values.sort_unstable();
    values
}

fn consumed(next: &[(i32, i64)], membership: &Membership) -> Consumed {
    Consumed {
        topic: "in".to_owned(),
        next: next.iter().copied().collect::<BTreeMap<_, _>>(),
        beside: BTreeMap::new(),
        membership: membership.clone(),
    }
}

async fn committed(config: &KafkaConfig, topic: &str) -> Vec<String> {
    let records = Reader::new(config)
        .read(topic, Isolation::Committed)
        .await
        .unwrap();
    let value = |record: kafka::Incoming| String::from_utf8(record.value.unwrap()).unwrap();
    records.into_iter().map(value).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_member_goes_on_behind_what_was_committed_with_its_results() {
    let (_broker, config) = broker();
    topics(&config, &["in", "out"]).await;
    let producer = Producer::open(&config, PATIENCE).unwrap();
    for value in ["a", "b", "c"] {
        producer.send(record("in", 0, value)).await.unwrap();
    }
    let mut first = join(&config, Some("one"), StartAt::Committed);
    let (partitions, membership) = assigned(&mut first).await;
    assert_eq!(partitions, [0, 1]);
    assert_eq!(values(&mut first, 3).await, ["0@0=a", "0@1=b", "0@2=c"]);

    let mut transactional = TransactionalProducer::open(&config, "one", PATIENCE)
        .await
        .unwrap();
    transactional
        .commit_consumed(
            vec![record("out", 0, "A"), record("out", 1, "B")],
            consumed(&[(0, 2)], &membership),
        )
        .await
        .unwrap();
    drop(first);

    // The old member may not have let go yet: the name alone gives its place to the new one.
    let mut second = join(&config, Some("one"), StartAt::Committed);
    assigned(&mut second).await;
    assert_eq!(values(&mut second, 1).await, ["0@2=c"]);
    assert_eq!(committed(&config, "out").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_of_a_membership_that_has_passed_are_refused_with_all_that_came_with_them() {
    let (_broker, config) = broker();
    topics(&config, &["in", "out"]).await;
    let mut first = join(&config, None, StartAt::Committed);
    let (_, old) = assigned(&mut first).await;

    // The second member's coming takes everything away and gives it anew.
    let mut second = join(&config, None, StartAt::Committed);
    let waiting = tokio::spawn(async move {
        let (partitions, _) = assigned(&mut second).await;
        (second, partitions)
    });
    let (mine, new) = assigned(&mut first).await;
    let (_second, others) = waiting.await.unwrap();
    assert_eq!((mine.len(), others.len()), (1, 1));

    let mut producer = TransactionalProducer::open(&config, "one", PATIENCE)
        .await
        .unwrap();
    let stale = producer
        .commit_consumed(vec![record("out", 0, "stale")], consumed(&[(0, 1)], &old))
        .await
        .unwrap_err();
    assert_eq!(stale.kind(), Kind::Rebalanced, "{stale}");
    // The same producer goes on.
    producer
        .commit_consumed(vec![record("out", 0, "fresh")], consumed(&[(0, 1)], &new))
        .await
        .unwrap();
    assert_eq!(committed(&config, "out").await, ["fresh"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_at_the_end_gets_all_that_is_written_once_it_knows_its_partitions() {
    let (_broker, config) = broker();
    topics(&config, &["in"]).await;
    let producer = Producer::open(&config, PATIENCE).unwrap();
    producer.send(record("in", 0, "before")).await.unwrap();
    let mut first = join(&config, None, StartAt::End);
    assert_eq!(assigned(&mut first).await.0, [0, 1]);
    producer.send(record("in", 0, "a")).await.unwrap();
    assert_eq!(values(&mut first, 1).await, ["0@1=a"]);

    // Another one comes: only what it gets is taken away.
    let mut second = join(&config, None, StartAt::End);
    let waiting = tokio::spawn(async move {
        loop {
            let (partitions, _) = assigned(&mut second).await;
            if !partitions.is_empty() {
                return (second, partitions);
            }
        }
    });
    let gone = loop {
        if let GroupEvent::Revoked(revocation) = next(&mut first).await
            && !revocation.partitions.is_empty()
        {
            break revocation.partitions.clone();
        }
    };
    let (mut second, given) = waiting.await.unwrap();
    assert_eq!(gone, given);
    producer.send(record("in", given[0], "b")).await.unwrap();
    let got = values(&mut second, 1).await;
    assert!(got[0].ends_with("=b"), "{got:?}");
}

/// More than wait to be taken at any time, so that reading pauses, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_does_not_wait_for_what_is_there() {
    const RECORDS: i32 = 20_000;
    let (_broker, config) = broker();
    topics(&config, &["in"]).await;
    let mut producer = TransactionalProducer::open(&config, "one", PATIENCE)
        .await
        .unwrap();
    let turn = |number| record("in", number % 2, "x");
    let batch = (1..RECORDS).map(turn).collect();
    producer.commit(batch, move |_| turn(0)).await.unwrap();
    let mut consumer = join(&config, None, StartAt::Committed);
    assigned(&mut consumer).await;
    // How long each wait is for what comes next, with time between to let it come.
    let (mut count, mut waits) = (0, Vec::new());
    let all = usize::try_from(RECORDS).unwrap();
    while count < all {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let begun = std::time::Instant::now();
        if let GroupEvent::Records(records) = next(&mut consumer).await {
            count += records.len();
        }
        waits.push(begun.elapsed());
        while let Some(records) = consumer.try_records() {
            count += records.len();
        }
    }
    assert!(waits.len() > 5, "nothing had to wait: {waits:?}");
    // Where nothing wakes librdkafka's thread, four or five of them take up to a second.
    let long = waits
        .iter()
        .filter(|wait| **wait > Duration::from_millis(250));
    assert!(long.count() < 2, "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_broker_is_known_and_its_return_too() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = BrokerConfig {
        storage: broker::Storage::Directory(directory.path().to_owned()),
        ..BrokerConfig::default()
    };
    let broker = Broker::start(settings.clone()).unwrap();
    settings.listen = broker.address();
    let config = KafkaConfig::at(broker.bootstrap());
    topics(&config, &["in"]).await;
    let mut consumer = join(&config, None, StartAt::End);
    assigned(&mut consumer).await;
    assert_eq!(consumer.away(), None);
    broker.shutdown().await.unwrap();
    until(|| consumer.away().is_some()).await;
    let _broker = Broker::start(settings).unwrap();
    until(|| consumer.away().is_none()).await;
}

async fn until(holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited)
        .await
        .expect("it holds");
}
