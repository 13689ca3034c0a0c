//! `kill -9` of the broker at any point: what was acknowledged is there, once, in order.
//!
//! Where the kill falls is decided by a count of acknowledgements from fixed seeds, so it falls in the middle
//! of whatever the client has in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};
use tokio::sync::Notify;

use super::block_on;
use super::process::Process;

const PATIENCE: Duration = Duration::from_secs(120);

fn client(address: SocketAddr) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", address.to_string())
        .set("reconnect.backoff.ms", "10")
        .set("reconnect.backoff.max.ms", "100")
        .set("retry.backoff.ms", "20")
        .set("linger.ms", "0");
    config
}

fn create(address: SocketAddr, topics: &[&str]) {
    let admin: AdminClient<DefaultClientContext> = client(address).create().unwrap();
    let topics: Vec<_> = topics
        .iter()
        .map(|name| NewTopic::new(name, 1, TopicReplication::Fixed(1)))
        .collect();
    let created = block_on(admin.create_topics(&topics, &AdminOptions::new())).unwrap();
    assert!(created.iter().all(Result::is_ok), "{created:?}");
}

/// Hands everything a reader sees to `each`.
fn read_with(
    address: SocketAddr,
    topic: &str,
    isolation: &str,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) {
    let mut config = client(address);
    config
        .set("group.id", "reader")
        .set("enable.partition.eof", "true")
        .set("isolation.level", isolation);
    let consumer: BaseConsumer = config.create().unwrap();
    let mut place = TopicPartitionList::new();
    place
        .add_partition_offset(topic, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&place).unwrap();
    loop {
        match consumer.poll(PATIENCE).expect("the end comes") {
            Ok(message) => each(&message),
            Err(KafkaError::PartitionEOF(_)) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Offset and value of everything a reader sees.
fn read(address: SocketAddr, topic: &str, isolation: &str) -> Vec<(i64, String)> {
    let mut records = Vec::new();
    read_with(address, topic, isolation, |message| {
        let value = String::from_utf8(message.payload().unwrap().to_vec()).unwrap();
        records.push((message.offset(), value));
    });
    records
}

/// What was acknowledged, and the wish to be told when that makes a number.
#[derive(Default)]
struct Acknowledged {
    offsets: Mutex<BTreeMap<usize, i64>>,
    failed: Mutex<Vec<(usize, String)>>,
    count: AtomicU64,
    wanted: AtomicU64,
    reached: Notify,
}

#[derive(Clone, Default)]
struct Context(Arc<Acknowledged>);

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        match result {
            Ok(message) => drop(
                self.0
                    .offsets
                    .lock()
                    .unwrap()
                    .insert(*number, message.offset()),
            ),
            Err((error, _)) => self
                .0
                .failed
                .lock()
                .unwrap()
                .push((*number, error.to_string())),
        }
        if self.0.count.fetch_add(1, Ordering::SeqCst) + 1 == self.0.wanted.load(Ordering::SeqCst) {
            self.0.reached.notify_one();
        }
    }
}

/// The numbers one seed gives (SplitMix64).
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |end| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn restart(process: Process, directory: &Path) -> Process {
    let address = process.address;
    process.kill();
    Process::start(directory, address, &[])
}

#[test]
fn an_idempotent_producer_loses_and_doubles_nothing() {
    const KILLS: u64 = 12;
    const RECORDS: usize = 6_000;
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path(), anywhere(), &[]);
    let address = process.address;
    create(address, &["t"]);
    let context = Context::default();
    let mut config = client(address);
    config
        .set("enable.idempotence", "true")
        .set("batch.num.messages", "20")
        .set("message.timeout.ms", "110000");
    let producer: ThreadedProducer<Context> = config.create_with_context(context.clone()).unwrap();
    let sender = std::thread::spawn(move || {
        for number in 0..RECORDS {
            let value = format!("record {number}");
            let record = BaseRecord::<(), str, Box<usize>>::with_opaque_to("t", Box::new(number));
            producer
                .send(record.partition(0).payload(&value))
                .map_err(|(error, _)| error)
                .unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    });
    let mut roll = dice(1);
    for _ in 0..KILLS {
        let seen = context.0.count.load(Ordering::SeqCst);
        let wanted = seen + 1 + roll(400);
        if wanted >= u64::try_from(RECORDS).unwrap() {
            break;
        }
        context.0.wanted.store(wanted, Ordering::SeqCst);
        if context.0.count.load(Ordering::SeqCst) < wanted {
            block_on(context.0.reached.notified());
        }
        process = restart(process, directory.path());
    }
    sender.join().unwrap();
    assert_eq!(*context.0.failed.lock().unwrap(), []);
    let records = read(address, "t", "read_uncommitted");
    let acknowledged = context.0.offsets.lock().unwrap();
    assert_eq!((acknowledged.len(), records.len()), (RECORDS, RECORDS));
    for (number, (offset, value)) in records.iter().enumerate() {
        assert_eq!(
            (value, acknowledged[&number]),
            (&format!("record {number}"), *offset)
        );
    }
}

#[test]
fn a_transaction_answered_committed_is_committed_whole() {
    const KILLS: u64 = 8;
    const PER_TRANSACTION: usize = 5;
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), anywhere(), &[]);
    let address = process.address;
    let process = Arc::new(Mutex::new(Some(process)));
    let kill = {
        let (process, directory) = (Arc::clone(&process), directory.path().to_owned());
        move || {
            let mut process = process.lock().unwrap();
            *process = process.take().map(|running| restart(running, &directory));
        }
    };
    create(address, &["a", "b"]);
    let mut roll = dice(2);
    let mut committed = BTreeSet::new();
    let mut config = client(address);
    config
        .set("transactional.id", "x")
        .set("transaction.timeout.ms", "100000")
        .set("batch.num.messages", "2");
    let producer: ThreadedProducer<Context> =
        config.create_with_context(Context::default()).unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    for number in 0..4 * KILLS {
        producer.begin_transaction().unwrap();
        for at in 0..PER_TRANSACTION {
            for topic in ["a", "b"] {
                let value = format!("{number} {at}");
                let record = BaseRecord::<(), str, Box<usize>>::with_opaque_to(topic, Box::new(0));
                producer
                    .send(record.partition(0).payload(&value))
                    .map_err(|(error, _)| error)
                    .unwrap();
            }
        }
        let before = roll(3);
        if number % 4 == 3 && before == 0 {
            // While records are under way.
            kill();
        }
        producer.flush(PATIENCE).unwrap();
        if number % 4 == 3 && before == 1 {
            kill();
        }
        // While the commit is under way: from a thread that does not know how far it is.
        let during = (number % 4 == 3 && before == 2).then(|| {
            let kill = kill.clone();
            let spins = roll(200_000);
            std::thread::spawn(move || {
                (0..spins).for_each(|_| std::hint::spin_loop());
                kill();
            })
        });
        if roll(4) == 0 {
            producer.abort_transaction(PATIENCE).unwrap();
        } else {
            producer.commit_transaction(PATIENCE).unwrap();
            committed.insert(number);
        }
        if let Some(during) = during {
            during.join().unwrap();
        }
    }
    let wanted: Vec<String> = committed
        .iter()
        .flat_map(|number| (0..PER_TRANSACTION).map(move |at| format!("{number} {at}")))
        .collect();
    for topic in ["a", "b"] {
        let values: Vec<String> = read(address, topic, "read_committed")
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(values, wanted, "topic {topic}");
    }
}

#[test]
fn a_compacted_topic_keeps_the_last_of_each_key() {
    const KILLS: u64 = 10;
    const KEYS: u64 = 40;
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path(), anywhere(), &[]);
    let address = process.address;
    let admin: AdminClient<DefaultClientContext> = client(address).create().unwrap();
    let topic = NewTopic::new("t", 1, TopicReplication::Fixed(1))
        .set("cleanup.policy", "compact")
        .set("segment.bytes", "4000")
        .set("min.cleanable.dirty.ratio", "0.01")
        .set("delete.retention.ms", "50");
    block_on(admin.create_topics([&topic], &AdminOptions::new())).unwrap();
    let mut roll = dice(4);
    let mut wanted: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut config = client(address);
    config
        .set("transactional.id", "x")
        .set("transaction.timeout.ms", "100000");
    let producer: ThreadedProducer<Context> =
        config.create_with_context(Context::default()).unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    for round in 0..10 * KILLS {
        producer.begin_transaction().unwrap();
        let mut changes = Vec::new();
        for at in 0..roll(30) {
            let key = format!("key {}", roll(KEYS));
            let value = (roll(5) > 0).then(|| format!("{round} {at} {}", "x".repeat(50)));
            let mut record = BaseRecord::<str, str, Box<usize>>::with_opaque_to("t", Box::new(0));
            record.key = Some(&key);
            record.payload = value.as_deref();
            producer
                .send(record.partition(0))
                .map_err(|(error, _)| error)
                .unwrap();
            changes.push((key, value));
        }
        let aborts = roll(4) == 0;
        if aborts {
            // An abort throws away what is not sent yet. Had the kill taken the very first request of the
            // transaction, the broker, this one as Kafka, would refuse to abort what had not begun.
            producer.flush(PATIENCE).unwrap();
        }
        if round % 10 == 9 {
            process = restart(process, directory.path());
        }
        if aborts {
            producer.abort_transaction(PATIENCE).unwrap();
        } else {
            producer.commit_transaction(PATIENCE).unwrap();
            wanted.extend(changes);
        }
    }
    wanted.retain(|_, value| value.is_some());
    let mut folded = BTreeMap::new();
    let mut count = 0;
    read_with(address, "t", "read_committed", |message| {
        count += 1;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        folded.insert(text(message.key().unwrap()), message.payload().map(text));
    });
    folded.retain(|_, value| value.is_some());
    assert_eq!(folded, wanted);
    assert!(
        count < 700,
        "{count} records are left of about 1,000: nothing was compacted"
    );
    drop(process);
}

#[test]
fn committed_offsets_outlive_the_broker() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path(), anywhere(), &[]);
    let address = process.address;
    create(address, &["t"]);
    let mut roll = dice(3);
    for _ in 0..5 {
        let offset = i64::try_from(roll(1_000_000)).unwrap();
        let consumer: BaseConsumer = client(address).set("group.id", "g").create().unwrap();
        let mut place = TopicPartitionList::new();
        place
            .add_partition_offset("t", 0, Offset::Offset(offset))
            .unwrap();
        consumer.commit(&place, CommitMode::Sync).unwrap();
        process = restart(process, directory.path());
        let committed = consumer.committed_offsets(place, PATIENCE).unwrap();
        assert_eq!(
            committed.find_partition("t", 0).unwrap().offset(),
            Offset::Offset(offset)
        );
    }
    drop(process);
}
