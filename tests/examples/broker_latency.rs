//! How long a record takes through the embedded broker, from `send` to the consumer's hands.
//!
//! `cargo run --release -p tests --example broker_latency [ROUNDS]` prints the median and the 99th percentile
//! in microseconds: memory, directory, directory with fsync.

#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::time::{Duration, Instant};

use anyhow::Result;
use broker::{Broker, BrokerConfig, Storage, Sync};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};

/// A disk that somebody else fills lets a write wait for its writeback, a quarter of a minute and longer.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> Result<()> {
    let rounds = std::env::args()
        .nth(1)
        .map_or(Ok(2000), |rounds| rounds.parse())?;
    let directory = tempfile::tempdir()?;
    println!("{:<12} {:>10} {:>10}", "storage", "median us", "p99 us");
    for (name, storage, sync) in [
        ("memory", Storage::Memory, Sync::Os),
        (
            "directory",
            Storage::Directory(directory.path().join("os")),
            Sync::Os,
        ),
        (
            "fsync",
            Storage::Directory(directory.path().join("fsync")),
            Sync::Fsync,
        ),
    ] {
        let broker = Broker::start(BrokerConfig {
            storage,
            sync,
            ..BrokerConfig::default()
        })?;
        let mut times = measure(&broker.bootstrap(), rounds)?;
        times.sort_unstable();
        let at = |part: usize| {
            times
                .get(times.len() * part / 100)
                .map_or(0, Duration::as_micros)
        };
        println!("{name:<12} {:>10} {:>10}", at(50), at(99));
    }
    Ok(())
}

fn measure(bootstrap: &str, rounds: usize) -> Result<Vec<Duration>> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("linger.ms", "0")
        .set("group.id", "latency")
        .set("enable.auto.commit", "false");
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let topic = NewTopic::new("latency", 1, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(admin.create_topics([&topic], &AdminOptions::new()))?;
    let producer: BaseProducer = config.create()?;
    let consumer: BaseConsumer = config.create()?;
    let mut place = TopicPartitionList::new();
    place.add_partition_offset("latency", 0, Offset::Beginning)?;
    consumer.assign(&place)?;
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds + 100 {
        let value = round.to_string();
        let begun = Instant::now();
        producer
            .send(
                BaseRecord::<(), str>::to("latency")
                    .partition(0)
                    .payload(&value),
            )
            .map_err(|(error, _)| error)?;
        let message = loop {
            // What the client does for itself, as a commit, ends a poll without a record too.
            if let Some(message) = consumer.poll(Duration::from_secs(1)) {
                break message?;
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "no record came");
        };
        let took = begun.elapsed();
        anyhow::ensure!(
            message.payload() == Some(value.as_bytes()),
            "another record came"
        );
        producer.poll(Duration::ZERO);
        // The first rounds find connections and threads.
        if round >= 100 {
            times.push(took);
        }
    }
    producer.flush(Duration::from_secs(10))?;
    Ok(times)
}
