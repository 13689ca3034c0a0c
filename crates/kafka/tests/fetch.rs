//! Records by their places.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{Fetcher, KafkaConfig, Outgoing, Producer, TopicSpec, Topics};
use tokio::task::JoinSet;

fn threads() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix("Threads:"));
    count.unwrap().trim().parse().unwrap()
}

/// Each question has two clients of librdkafka, and each of those some threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_questions_at_once_take_few_clients() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let config = KafkaConfig::at(broker.bootstrap());
    let topic = TopicSpec::new("t", Some(1));
    Topics::new(&config).ensure(&[topic]).await.unwrap();
    let producer = Producer::open(&config, Duration::from_secs(10)).unwrap();
    let record = Outgoing::new("t", None, Some(Bytes::from_static(b"x")));
    producer.send(record).await.unwrap();
    let fetcher = Fetcher::new(&config, "t");
    assert!(fetcher.record(0, 0).await.unwrap().is_some());
    let before = threads();
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let fetcher = fetcher.clone();
        asking.spawn(async move {
            let found = fetcher.record(0, 0).await.unwrap();
            (found.is_some(), threads())
        });
    }
    let mut most = 0;
    while let Some(answered) = asking.join_next().await {
        let (found, threads) = answered.unwrap();
        assert!(found);
        most = most.max(threads);
    }
    // Eight at once are sixteen clients.
    assert!(most < before + 120, "{before} threads became {most}");
}
