//! How fast transactions write, beside librdkafka's plain idempotent producer in the same run.
//!
//! `cargo run --release -p kafka --example rate -- BOOTSTRAP [RECORDS] [BYTES] [BATCH]`
//!
//! Both write the same records into topics of four partitions with the same settings; rounds alternate, so that a machine
//! that gets slower does so for both. The plain one waits for all acknowledgements at the end of its round.
#![allow(clippy::print_stdout, reason = "a measurement speaks")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka::{
    Checkpoint, CheckpointKey, CheckpointStore, KafkaConfig, Outgoing, TopicSpec, Topics,
    TransactionalProducer,
};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const ROUNDS: usize = 3;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let bootstrap = arguments
        .next()
        .ok_or("usage: rate BOOTSTRAP [RECORDS] [BYTES] [BATCH]")?;
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (records, bytes, batch) = (number(300_000)?, number(300)?, number(10_000)?);

    let config = KafkaConfig::at(&bootstrap);
    let store = CheckpointStore::new(&config).in_topic("rate.checkpoints");
    let specs = [
        TopicSpec::new("rate.plain", Some(4)),
        TopicSpec::new("rate.transactional", Some(4)),
        store.topic_spec(),
    ];
    Topics::new(&config).ensure(&specs).await?;
    let value = Bytes::from(text(bytes));
    println!("{records} records of {bytes} bytes, {batch} to a transaction, {ROUNDS} rounds each");

    let plain = Arc::new(plain_producer(&bootstrap)?);
    let mut transactional =
        TransactionalProducer::open(&config, "rate", Duration::from_secs(30)).await?;
    for round in 1..=ROUNDS {
        let (producer, payload) = (Arc::clone(&plain), value.clone());
        let plain_time =
            tokio::task::spawn_blocking(move || write_plain(&producer, &payload, records))
                .await??;
        let (time, commits, longest) =
            write_batches(&mut transactional, &store, &value, records, batch).await?;
        println!(
            "round {round}: plain {:>9.0}/s   transactional {:>9.0}/s ({:.0} %)   {commits} commits, longest {longest:?}",
            rate(records, plain_time),
            rate(records, time),
            100.0 * plain_time.as_secs_f64() / time.as_secs_f64(),
        );
    }
    Ok(())
}

/// Text that compresses about as well as business records do.
fn text(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b"ABCDEFGH01234567 000"[usize::try_from((state >> 33) % 20).unwrap_or(0)]
    };
    (0..bytes).map(|_| letter()).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a rate for eyes")]
fn rate(records: usize, time: Duration) -> f64 {
    records as f64 / time.as_secs_f64()
}

fn plain_producer(bootstrap: &str) -> Result<ThreadedProducer<DefaultProducerContext>, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "5")
        .create()
}

fn write_plain(
    producer: &ThreadedProducer<DefaultProducerContext>,
    value: &[u8],
    records: usize,
) -> Result<Duration, Failure> {
    let began = Instant::now();
    for number in 0..records {
        let key = format!("{number:010}");
        let mut record = BaseRecord::to("rate.plain").key(&key).payload(value);
        while let Err((error, back)) = producer.send(record) {
            if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            std::thread::yield_now();
            record = back;
        }
    }
    while producer.in_flight_count() > 0 {
        std::thread::yield_now();
    }
    Ok(began.elapsed())
}

async fn write_batches(
    producer: &mut TransactionalProducer,
    store: &CheckpointStore,
    value: &Bytes,
    records: usize,
    batch: usize,
) -> Result<(Duration, usize, Duration), Failure> {
    let topic: Arc<str> = "rate.transactional".into();
    let began = Instant::now();
    let (mut commits, mut longest) = (0, Duration::ZERO);
    let mut next = 0;
    while next < records {
        let end = records.min(next + batch);
        let outgoing = (next..end)
            .map(|number| {
                Outgoing::new(
                    Arc::clone(&topic),
                    Some(format!("{number:010}").into()),
                    Some(value.clone()),
                )
            })
            .collect();
        let store = store.clone();
        let commit = Instant::now();
        producer
            .commit(outgoing, move |tails| {
                let checkpoint = Checkpoint {
                    position: end.into(),
                    epoch: 1,
                    layout: String::new(),
                    run_id: "rate".to_owned(),
                    ts_ms: 0,
                    tails: tails.clone(),
                };
                store.outgoing(&CheckpointKey::new("rate", "0"), &checkpoint)
            })
            .await?;
        longest = longest.max(commit.elapsed());
        commits += 1;
        next = end;
    }
    Ok((began.elapsed(), commits, longest))
}
