//! How long a request takes through gateway, Kafka, service and back, beside a plain record from producer to consumer, in turn.
//!
//! `cargo run --release -p tests --example request_latency [ROUNDS] [BOOTSTRAP]` prints the median and the 99th percentile in microseconds, on the
//! embedded broker in memory unless there is another. One request at a time, then 1,000 a second.
//!
//! The rows between the two say where the time goes: what the gateway answers itself is HTTP alone; the service without transactions reads, answers and
//! commits nothing; the service on our kit commits reply, what was seen and offset in a transaction of its own.

#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{Follow, Follower, KafkaConfig, Outgoing, Producer, TopicSpec, Topics, reply};
use ops::shutdown::Shutdown;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord};
use rdkafka::{Message, Offset, TopicPartitionList};
use service::{HandlerError, Reply, Request, Service, ServiceConfig};
use tests::gateway::client::Client;
use tests::gateway::rig::Rig;
use tokio::sync::Mutex;

/// When a service had the last request in its hands.
static REACHED: std::sync::Mutex<Option<Instant>> = std::sync::Mutex::new(None);
/// Those at first find connections and threads.
const WARM: usize = 200;
/// What is asked at once, of the rows that are not one at a time.
const RATE: u32 = 1_000;
/// A disk that somebody else fills lets a write wait for long.
const PATIENCE: Duration = Duration::from_secs(60);
const NAMES: [&str; 6] = [
    "a record from producer to consumer",
    "a request that the gateway answers itself",
    "  until a service without transactions has it",
    "a request, service without transactions",
    "  until a service on our kit has it",
    "a request, service on our kit",
];
const BODY: &str = "{\"lot\":\"L-1\",\"quantity\":5}";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let rounds: usize = words.next().map_or(Ok(2_000), |rounds| rounds.parse())?;
    let broker = Broker::start(BrokerConfig::default())?;
    let bootstrap = words.next().unwrap_or_else(|| broker.bootstrap());
    let kafka = KafkaConfig::at(&bootstrap);
    let mark = uuid::Uuid::new_v4().simple().to_string();
    let [kit, bare, plain] = ["kit", "bare", "plain"].map(|name| format!("latency.{mark}.{name}"));
    let specs = [(&kit, 4), (&bare, 4), (&plain, 1)];
    let specs = specs.map(|(name, count)| TopicSpec::new(name.as_str(), Some(count)));
    Topics::new(&kafka).ensure(&specs).await?;
    let shutdown = Shutdown::new();
    let config = ServiceConfig::new(kafka.clone(), kit.as_str(), kit.as_str());
    let service = Service::new(config, answer);
    let status = service.status();
    let ending = shutdown.clone();
    tokio::spawn(async move { service.run(&ending).await });
    tokio::spawn(answer_without_transactions(kafka.clone(), bare.clone()));
    let rig = Rig::start(&routes(&bootstrap, &kit, &bare)).await?;
    let mut client = Client::connect(rig.address()).await?;
    for target in ["/kit/L-1", "/bare/L-1"] {
        while client.ask("POST", target, &[], BODY).await?.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let mut pair = Some(Plain::new(&bootstrap, &plain)?);

    let mut times: [Vec<Duration>; NAMES.len()] = Default::default();
    for round in 0..rounds + WARM {
        let mut plain = pair.take().context("it is there")?;
        let (back, took) = tokio::task::spawn_blocking(move || {
            let took = plain.once(round);
            (plain, took)
        })
        .await?;
        pair = Some(back);
        let mut all = vec![took?];
        for target in ["/static", "/bare/L-1", "/kit/L-1"] {
            let begun = Instant::now();
            let got = client.ask("POST", target, &[], BODY).await?;
            let took = begun.elapsed();
            ensure!(got.status == 200, "{target}: {} {}", got.status, got.text());
            let reached = REACHED
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            all.extend(reached.map(|reached| reached.saturating_duration_since(begun)));
            all.push(took);
        }
        if round >= WARM {
            for (times, took) in times.iter_mut().zip(all) {
                times.push(took);
            }
        }
    }
    head("one at a time");
    let mut medians = Vec::new();
    for (name, times) in NAMES.iter().zip(&mut times) {
        medians.push(print(name, times));
    }
    if let [plain, .., kit] = medians[..] {
        let added = kit.saturating_sub(plain);
        println!("{:<50} {:>10}", "added to the record", added.as_micros());
    }
    head(&format!("{RATE} a second"));
    for (name, target) in [(NAMES[3], "/bare/"), (NAMES[5], "/kit/")] {
        let mut times = storm(&rig, target, Duration::from_secs(5)).await?;
        print(name, &mut times);
    }
    for line in status
        .metrics()
        .lines()
        .filter(|line| line.contains("commit") && !line.contains("bucket"))
    {
        println!("{line}");
    }
    shutdown.begin();
    Ok(())
}

fn head(title: &str) {
    println!("{title:<50} {:>10} {:>10}", "median us", "p99 us");
}

fn print(name: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |part: usize| {
        times
            .get(times.len() * part / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{name:<50} {:>10} {:>10}",
        at(50).as_micros(),
        at(99).as_micros()
    );
    at(50)
}

fn reached() {
    // Nothing is done half-way under this lock.
    *REACHED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

async fn answer(_: Request) -> Result<Reply, HandlerError> {
    reached();
    Ok(Reply::json(200, BODY))
}

/// What a service would do at least: reads a request and sends a reply, and may do either twice.
async fn answer_without_transactions(kafka: KafkaConfig, topic: String) -> Result<()> {
    let mut requests = Follower::start(&kafka, Follow::committed(topic))?;
    let producer = Producer::open(&kafka, kafka.timeout)?;
    loop {
        for request in requests.next().await?.records {
            reached();
            let header = |name: &str| request.header(name).map(<[u8]>::to_vec).context("a header");
            let topic = String::from_utf8(header(reply::REPLY_TOPIC)?)?;
            let partition = header(reply::REPLY_PARTITION)?;
            let mut answer = Outgoing::new(topic, None, Some(BODY.into()));
            answer.partition = Some(i32::from_be_bytes(partition.as_slice().try_into()?));
            answer.headers = vec![
                (
                    reply::CORRELATION_ID.to_owned(),
                    header(reply::CORRELATION_ID)?.into(),
                ),
                (reply::STATUS.to_owned(), Bytes::from_static(b"200")),
            ];
            let producer = producer.clone();
            tokio::spawn(async move { producer.send(answer).await });
        }
    }
}

/// Requests that do not wait for each other.
async fn storm(rig: &Rig, target: &'static str, length: Duration) -> Result<Vec<Duration>> {
    let (times, idle) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(Mutex::new(Vec::new())),
    );
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    let (begun, mut tasks) = (Instant::now(), tokio::task::JoinSet::new());
    let mut number = 0_u32;
    while begun.elapsed() < length {
        ticks.tick().await;
        number += 1;
        let (times, idle, address) = (Arc::clone(&times), Arc::clone(&idle), rig.address());
        tasks.spawn(async move {
            let begun = Instant::now();
            let free = idle.lock().await.pop();
            let mut client = match free {
                Some(client) => client,
                None => Client::connect(address).await?,
            };
            let target = format!("{target}L-{}", number % 64);
            let got = client.ask("POST", &target, &[], BODY).await?;
            ensure!(got.status == 200, "{}", got.text());
            times.lock().await.push(begun.elapsed());
            idle.lock().await.push(client);
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(std::mem::take(&mut *times.lock().await))
}

fn routes(bootstrap: &str, kit: &str, bare: &str) -> String {
    let mut text = format!(
        "[kafka]\nbootstrap = \"{bootstrap}\"\n[backends.old]\nhttp = \"http://127.0.0.1:1\"\n\
         [[routes]]\nname = \"static\"\nmatch = {{ path = \"/static\" }}\nanswer = {{ status = 200, text = \"ok\" }}\n"
    );
    for (name, topic) in [("kit", kit), ("bare", bare)] {
        text.push_str(&format!(
            "[backends.{name}.kafka]\nrequests = \"{topic}\"\nreplies = \"{topic}.replies\"\nmax_in_flight = 8000\n\
             [[routes]]\nname = \"{name}\"\nmode = \"modern\"\nback_sync = \"none\"\nmatch = {{ method = \"POST\", path = \"/{name}/{{lot}}\" }}\n\
             legacy = \"old\"\nmodern = \"{name}\"\ncanary_key = {{ path = \"lot\" }}\n"
        ));
    }
    text
}

/// A producer and a consumer of one partition.
struct Plain {
    producer: BaseProducer,
    consumer: BaseConsumer,
    topic: String,
}

impl Plain {
    fn new(bootstrap: &str, topic: &str) -> Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("linger.ms", "0")
            .set("acks", "all")
            .set("group.id", "latency");
        let (producer, consumer): (BaseProducer, BaseConsumer) =
            (config.create()?, config.create()?);
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(topic, 0, Offset::Beginning)?;
        consumer.assign(&place)?;
        Ok(Self {
            producer,
            consumer,
            topic: topic.to_owned(),
        })
    }

    fn once(&mut self, round: usize) -> Result<Duration> {
        let value = format!("{round} {BODY}");
        let begun = Instant::now();
        let record = BaseRecord::<(), str>::to(&self.topic)
            .partition(0)
            .payload(&value);
        self.producer.send(record).map_err(|(error, _)| error)?;
        // What is no record comes as nothing.
        let message = loop {
            ensure!(begun.elapsed() < PATIENCE, "no record came");
            if let Some(message) = self.consumer.poll(PATIENCE) {
                break message?;
            }
        };
        let took = begun.elapsed();
        ensure!(
            message.payload() == Some(value.as_bytes()),
            "another record came"
        );
        self.producer.poll(Duration::ZERO);
        Ok(took)
    }
}
