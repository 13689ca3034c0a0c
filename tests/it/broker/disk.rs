//! A full disk: writes are refused with a clear error, nothing is damaged, and it goes on when there is room.
//!
//! The disk is a small tmpfs in a mount namespace of the child's own, which needs no privileges where user
//! namespaces are allowed; elsewhere the test says that it did not run.

use std::process::{Command, Stdio};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};

use super::process::Process;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
struct Results(std::sync::Arc<std::sync::Mutex<Vec<Result<i64, KafkaError>>>>);

impl ClientContext for Results {}

impl ProducerContext for Results {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        let result = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error.clone()),
        };
        self.0.lock().unwrap().push(result);
    }
}

/// A small disk on `directory` for whatever is executed next; a file `ballast` on it can be taken away.
const SMALL_DISK: &str = "mount -t tmpfs -o size=3m tmpfs \"$FIGWAY_TEST_BROKER_DIRECTORY\" && \
    head -c 1000000 /dev/zero > \"$FIGWAY_TEST_BROKER_DIRECTORY/ballast\" && exec \"$@\"";

fn namespaces_are_allowed() -> bool {
    let probe = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /mnt",
        ])
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    if !namespaces_are_allowed() {
        println!("no unprivileged mount namespaces: not run");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let shell = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        SMALL_DISK,
        "sh",
    ];
    let process = Process::start(directory.path(), ([127, 0, 0, 1], 0).into(), &shell);
    let bootstrap = process.address.to_string();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &bootstrap);
    let admin: rdkafka::admin::AdminClient<_> = config.create().unwrap();
    let topic = rdkafka::admin::NewTopic::new("t", 1, rdkafka::admin::TopicReplication::Fixed(1));
    super::block_on(admin.create_topics([&topic], &rdkafka::admin::AdminOptions::new())).unwrap();
    let send = |settings: &[(&str, &str)], count: usize| {
        let mut config = config.clone();
        config.set("linger.ms", "0").set("batch.num.messages", "1");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        let results = Results::default();
        let producer: ThreadedProducer<Results> =
            config.create_with_context(results.clone()).unwrap();
        let value = vec![b'x'; 100_000];
        for _ in 0..count {
            let record = BaseRecord::<(), [u8]>::to("t").partition(0).payload(&value);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
        std::mem::take(&mut *results.0.lock().unwrap())
    };
    let before = send(&[("retries", "0"), ("message.timeout.ms", "5000")], 40);
    let kept: Vec<i64> = before
        .iter()
        .filter_map(|result| result.as_ref().ok().copied())
        .collect();
    assert!(
        (5..30).contains(&kept.len()),
        "{} records of 100 kB went on 2 MB",
        kept.len()
    );
    let refused = before
        .iter()
        .find_map(|result| result.as_ref().err())
        .and_then(KafkaError::rdkafka_error_code);
    assert_eq!(refused, Some(RDKafkaErrorCode::KafkaStorageError));
    // Room again: through the process, which alone sees its disk.
    let root = format!("/proc/{}/root{}", process.id(), directory.path().display());
    std::fs::remove_file(std::path::Path::new(&root).join("ballast")).unwrap();
    let after = send(&[], 5);
    let after: Vec<i64> = after.into_iter().map(Result::unwrap).collect();
    let consumer: BaseConsumer = config
        .clone()
        .set("group.id", "g")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut place = TopicPartitionList::new();
    place
        .add_partition_offset("t", 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&place).unwrap();
    let mut read = Vec::new();
    loop {
        match consumer.poll(PATIENCE).expect("the end comes") {
            Ok(message) => {
                assert!(message.payload().unwrap().iter().all(|byte| *byte == b'x'));
                read.push(message.offset());
            }
            Err(KafkaError::PartitionEOF(_)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    // A producer that is not idempotent may send again in another order.
    let mut wanted: Vec<i64> = kept.into_iter().chain(after).collect();
    wanted.sort_unstable();
    assert_eq!(read, wanted, "every acknowledged record, and no other");
}
