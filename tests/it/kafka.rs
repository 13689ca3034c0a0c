//! The `kafka` crate against a broker: the embedded one, or the one that `FIGWAY_KAFKA` names.
//!
//! What a worker does wrong on purpose (dying in the middle, coming back as a zombie) is done with librdkafka directly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{
    Checkpoint, CheckpointKey, CheckpointStore, Error, Incoming, Isolation, KafkaConfig, Kind,
    Outgoing, Reader, Tails, TopicSpec, Topics, TransactionalProducer, fold,
};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

mod proxy;

use proxy::{Lose, Proxy};

const PATIENCE: Duration = Duration::from_secs(20);

/// A broker and names that no other test uses.
struct Cluster {
    config: KafkaConfig,
    name: String,
    _broker: Option<Broker>,
}

impl Cluster {
    async fn start(test: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{test}-{}-{number}", std::process::id());
        match std::env::var("FIGWAY_KAFKA") {
            Ok(bootstrap) => Self {
                config: config(&bootstrap),
                name,
                _broker: None,
            },
            Err(_) => {
                let broker = embedded(BrokerConfig::default()).await;
                Self {
                    config: config(&broker.bootstrap()),
                    name,
                    _broker: Some(broker),
                }
            }
        }
    }

    /// An embedded broker that clients reach through a proxy only; `None` with another broker.
    async fn behind_proxy(test: &str) -> Option<(Self, Proxy)> {
        if std::env::var_os("FIGWAY_KAFKA").is_some() {
            println!("FIGWAY_KAFKA names a broker that tells its own address: not run");
            return None;
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bootstrap = listener.local_addr().unwrap().to_string();
        let advertised = Some(bootstrap.clone());
        let broker = embedded(BrokerConfig {
            advertised,
            ..BrokerConfig::default()
        })
        .await;
        let proxy = Proxy::start(listener, broker.address());
        Some((
            Self {
                config: config(&bootstrap),
                name: test.to_owned(),
                _broker: Some(broker),
            },
            proxy,
        ))
    }

    fn topic(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    async fn create(&self, specs: &[TopicSpec]) {
        Topics::new(&self.config).ensure(specs).await.unwrap();
    }

    /// A data topic of that many partitions.
    async fn data(&self, partitions: i32) -> Arc<str> {
        let topic = self.topic("data");
        self.create(&[TopicSpec::data(&topic, Some(partitions), &self.config)])
            .await;
        topic.into()
    }

    /// The checkpoint store of this test, its topic created.
    async fn store(&self) -> CheckpointStore {
        let store = CheckpointStore::new(&self.config).in_topic(self.topic("checkpoints"));
        self.create(&[store.topic_spec()]).await;
        store
    }

    async fn producer(&self, id: &str) -> TransactionalProducer {
        self.try_producer(id).await.unwrap()
    }

    async fn try_producer(&self, id: &str) -> Result<TransactionalProducer, Error> {
        TransactionalProducer::open(&self.config, &self.topic(id), PATIENCE).await
    }

    async fn committed(&self, topic: &str) -> Vec<Incoming> {
        Reader::new(&self.config)
            .read(topic, Isolation::Committed)
            .await
            .unwrap()
    }

    /// A worker of the same shard that knows nothing of the rules.
    fn careless(&self, id: &str) -> BaseProducer {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.config.bootstrap)
            .set("transactional.id", self.topic(id))
            .set("transaction.timeout.ms", "60000")
            .create()
            .unwrap();
        producer.init_transactions(PATIENCE).unwrap();
        producer
    }
}

/// A broker of its own; starting it blocks.
async fn embedded(config: BrokerConfig) -> Broker {
    tokio::task::spawn_blocking(|| Broker::start(config))
        .await
        .unwrap()
        .unwrap()
}

fn config(bootstrap: &str) -> KafkaConfig {
    KafkaConfig {
        timeout: PATIENCE,
        ..KafkaConfig::at(bootstrap)
    }
}

fn record(topic: &Arc<str>, key: &str, value: &str) -> Outgoing {
    Outgoing::new(
        Arc::clone(topic),
        Some(Bytes::copy_from_slice(key.as_bytes())),
        Some(Bytes::copy_from_slice(value.as_bytes())),
    )
}

fn checkpoint(position: i64, tails: &Tails) -> Checkpoint {
    Checkpoint {
        position: position.into(),
        epoch: 1,
        layout: "5eed".to_owned(),
        run_id: "test".to_owned(),
        ts_ms: 0,
        tails: tails.clone(),
    }
}

fn key() -> CheckpointKey {
    CheckpointKey::new("lots", "0")
}

/// The last record of a transaction: the checkpoint of that position.
fn last(
    store: &CheckpointStore,
    position: i64,
) -> impl FnOnce(&Tails) -> Outgoing + Send + 'static {
    let store = store.clone();
    move |tails| store.outgoing(&key(), &checkpoint(position, tails))
}

fn values(records: &[Incoming]) -> Vec<String> {
    records
        .iter()
        .map(|record| {
            String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
        })
        .collect()
}

/// Sends without committing, as a worker that dies between flush and commit leaves it.
fn leave_open(producer: &BaseProducer, topic: &str, key: &str, value: &str) {
    producer.begin_transaction().unwrap();
    producer
        .send(BaseRecord::to(topic).key(key).payload(value))
        .unwrap();
    producer.flush(PATIENCE).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_and_its_checkpoint_are_seen_together() {
    let cluster = Cluster::start("together").await;
    let (topic, store) = (cluster.data(3).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    assert_eq!(store.restore(&producer, &key()).await.unwrap(), None);

    let batch: Vec<Outgoing> = (0..3_000)
        .map(|n| record(&topic, &format!("k{n}"), &format!("v{n}")))
        .collect();
    let tails = producer.commit(batch, last(&store, 1)).await.unwrap();
    let written: i64 = (0..3)
        .map(|partition| tails.get(&topic, partition).unwrap())
        .sum();
    assert_eq!(written, 3_000);
    assert_eq!(tails.get(&cluster.topic("checkpoints"), 0), Some(1));

    // a tombstone, headers and a time go through as they are
    let gone = Outgoing {
        headers: vec![
            ("a".to_owned(), Bytes::from_static(b"1")),
            ("a".to_owned(), Bytes::from_static(b"")),
        ],
        timestamp_ms: Some(1_795_293_530_793),
        ..Outgoing::new(Arc::clone(&topic), Some(Bytes::from_static(b"k7")), None)
    };
    let later = producer.commit(vec![gone], last(&store, 2)).await.unwrap();

    let records = cluster.committed(&topic).await;
    assert_eq!(records.len(), 3_001);
    let tombstone = records
        .iter()
        .find(|record| record.value.is_none())
        .unwrap();
    assert_eq!(
        tombstone.headers,
        [
            ("a".to_owned(), b"1".to_vec()),
            ("a".to_owned(), b"".to_vec())
        ]
    );
    assert_eq!(tombstone.timestamp_ms, Some(1_795_293_530_793));
    let state = fold(records);
    assert_eq!(state.len(), 2_999);
    assert_eq!(state.get(b"k8".as_slice()).unwrap(), b"v8");

    let mut ends = tails;
    ends.merge(&later);
    store.verify_tails(&ends).await.unwrap();
    let restored = store.restore(&producer, &key()).await.unwrap().unwrap();
    assert_eq!(restored.position, 2);
    assert_eq!(
        store
            .restore(&producer, &CheckpointKey::new("lots", "1"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(store.look().await.unwrap(), [(key(), restored)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_where_javas_clients_send_them() {
    let cluster = Cluster::start("partitioner").await;
    let (topic, store) = (cluster.data(7).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let batch =
        ["21", "foobar", "a-little-bit-long-string", "abc"].map(|key| record(&topic, key, key));
    producer
        .commit(batch.into(), last(&store, 1))
        .await
        .unwrap();
    let found: BTreeMap<String, i32> = cluster
        .committed(&topic)
        .await
        .into_iter()
        .map(|record| {
            (
                String::from_utf8(record.key.unwrap()).unwrap(),
                record.partition,
            )
        })
        .collect();
    // hashes from Kafka's own UtilsTest.testMurmur2: (hash & 0x7fffffff) % 7
    let hashes = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("abc", 479_470_107),
    ];
    for (key, hash) in hashes {
        assert_eq!(found[key], (hash & 0x7fff_ffff) % 7, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_before_its_commit_leaves_nothing() {
    let cluster = Cluster::start("dies").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let dying = cluster.careless("worker");
    leave_open(&dying, &topic, "k", "half");
    std::mem::forget(dying);

    let mut next = cluster.producer("worker").await;
    assert_eq!(store.restore(&next, &key()).await.unwrap(), None);
    next.commit(vec![record(&topic, "k", "whole")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["whole"]);
    let all = Reader::new(&cluster.config)
        .read(&topic, Isolation::Uncommitted)
        .await
        .unwrap();
    assert_eq!(
        values(&all),
        ["half", "whole"],
        "a reader of everything sees what was aborted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_fenced() {
    let cluster = Cluster::start("zombie").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut old = cluster.producer("worker").await;
    old.commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();
    let mut new = cluster.producer("worker").await;

    let error = old
        .commit(vec![record(&topic, "k", "zombie")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Fenced, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("another producer has taken over transactional id"),
        "{error}"
    );
    assert!(old.is_broken());
    let again = old
        .commit(vec![record(&topic, "k", "zombie")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(again.kind(), Kind::Fenced, "{again}");

    new.commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["1", "2"]);
    assert_eq!(
        store.restore(&new, &key()).await.unwrap().unwrap().position,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_that_had_already_flushed_cannot_commit() {
    let cluster = Cluster::start("flushed").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let zombie = cluster.careless("worker");
    leave_open(&zombie, &topic, "k", "zombie");
    let mut new = cluster.producer("worker").await;
    let refused = tokio::task::spawn_blocking(move || zombie.commit_transaction(PATIENCE))
        .await
        .unwrap();
    assert!(refused.is_err(), "the zombie committed");
    new.commit(vec![record(&topic, "k", "new")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_too_large_aborts_and_the_producer_goes_on() {
    let mut cluster = Cluster::start("large").await;
    cluster.config.max_message = 100_000;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let large = "x".repeat(200_000);
    let batch = vec![record(&topic, "a", "1"), record(&topic, "b", &large)];
    let error = producer.commit(batch, last(&store, 1)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Rejected, "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "a record of 200001 bytes for topic {topic} was not taken; the transaction was aborted"
        )
    );
    producer
        .commit(vec![record(&topic, "a", "2")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_waits_for_what_hides_its_own_newest_commit() {
    let cluster = Cluster::start("hidden").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();

    // Another shard's worker begins a transaction in the checkpoint topic; ours commits behind it.
    let other = cluster.careless("other");
    leave_open(
        &other,
        &cluster.topic("checkpoints"),
        r#"{"source":"orders","shard":"0"}"#,
        "unfinished",
    );
    producer
        .commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap();

    let hasty = store.clone().with_patience(Duration::from_millis(200));
    let error = hasty.restore(&producer, &key()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Blocked, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("another producer's open transaction at offset 2 of"),
        "{error}"
    );

    let waiting = tokio::spawn({
        let store = store.clone();
        async move {
            let restored = store.restore(&producer, &key()).await;
            (producer, restored)
        }
    });
    tokio::task::spawn_blocking(move || other.abort_transaction(PATIENCE))
        .await
        .unwrap()
        .unwrap();
    let (_, restored) = waiting.await.unwrap();
    assert_eq!(
        restored.unwrap().unwrap().position,
        2,
        "the newest commit, not the one before it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_an_unknown_version_stops() {
    let cluster = Cluster::start("version").await;
    let store = cluster.store().await;
    let mut producer = cluster.producer("worker").await;
    let mut record = store.outgoing(&key(), &checkpoint(1, &Tails::default()));
    record.value = Some(Bytes::from_static(br#"{"version":9}"#));
    producer.commit(vec![], move |_| record).await.unwrap();
    let error = store.restore(&producer, &key()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(
        error
            .to_string()
            .contains("has version 9 and this program reads 1"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_cut_or_made_anew_is_noticed() {
    let cluster = Cluster::start("cut").await;
    let (topic, store) = (cluster.data(2).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let batch = (0..100)
        .map(|n| record(&topic, &format!("k{n}"), "v"))
        .collect();
    let tails = producer.commit(batch, last(&store, 1)).await.unwrap();
    store.verify_tails(&tails).await.unwrap();

    let mut further = tails.clone();
    further.advance(&topic, 1, 1_000);
    let error = store.verify_tails(&further).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Truncated);
    let truncation = error.truncation().unwrap();
    assert_eq!((truncation.partition, truncation.wanted), (1, 1_000));
    assert_eq!(
        truncation.found,
        Some(tails.get(&topic, 1).unwrap() + 1),
        "its records and the commit's marker"
    );

    let mut elsewhere = Tails::default();
    elsewhere.advance(&topic, 2, 1);
    assert_eq!(
        store
            .verify_tails(&elsewhere)
            .await
            .unwrap_err()
            .truncation()
            .unwrap()
            .found,
        None
    );
    let mut nowhere = Tails::default();
    nowhere.advance(&cluster.topic("never"), 0, 1);
    assert_eq!(
        store
            .verify_tails(&nowhere)
            .await
            .unwrap_err()
            .truncation()
            .unwrap()
            .found,
        None
    );

    delete_topic(&cluster, &topic).await;
    cluster.create(&[TopicSpec::new(&*topic, Some(2))]).await;
    let error = store.verify_tails(&tails).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Truncated);
    assert_eq!(error.truncation().unwrap().found, Some(0), "{error}");
}

async fn delete_topic(cluster: &Cluster, topic: &str) {
    use rdkafka::admin::{AdminClient, AdminOptions};
    use rdkafka::client::DefaultClientContext;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &cluster.config.bootstrap)
        .create()
        .unwrap();
    admin
        .delete_topics(&[topic], &AdminOptions::new())
        .await
        .unwrap()[0]
        .as_ref()
        .unwrap();
    let topics = Topics::new(&cluster.config);
    while topics.partitions().await.unwrap().contains_key(topic) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_other_settings_is_an_error_that_names_the_fix() {
    let cluster = Cluster::start("settings").await;
    let topics = Topics::new(&cluster.config);
    let name = cluster.topic("t");
    let spec = TopicSpec::new(&name, Some(2))
        .with("cleanup.policy", "delete")
        .with("retention.ms", "1000");
    topics.ensure(std::slice::from_ref(&spec)).await.unwrap();
    topics.ensure(std::slice::from_ref(&spec)).await.unwrap();
    assert_eq!(topics.partitions().await.unwrap().get(&name), Some(&2));

    let other = TopicSpec::new(&name, Some(3))
        .with("cleanup.policy", "compact")
        .with("retention.ms", "1000");
    let error = topics.ensure(&[other]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Topic);
    let broker = &cluster.config.bootstrap;
    assert_eq!(
        error.to_string(),
        format!(
            "topic {name} has 2 partitions and needs 3: `kafka-topics.sh --bootstrap-server {broker} --alter --topic {name} \
             --partitions 3` (keys then move between partitions), or configure 2; topic {name} has cleanup.policy=delete and \
             needs compact: `kafka-configs.sh --bootstrap-server {broker} --alter --entity-type topics --entity-name {name} \
             --add-config cleanup.policy=compact`"
        )
    );

    let copies = TopicSpec {
        replication: Some(5),
        ..TopicSpec::new(cluster.topic("copies"), Some(1))
    };
    let error = topics.ensure(&[copies]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Topic);
    assert!(
        error
            .to_string()
            .contains("has not as many brokers as `replication` in [kafka] asks for"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_topic_with_partitions_is_refused() {
    let cluster = Cluster::start("partitions").await;
    let topic = cluster.topic("checkpoints");
    cluster.create(&[TopicSpec::new(&topic, Some(2))]).await;
    let store = CheckpointStore::new(&cluster.config).in_topic(&topic);
    let producer = cluster.producer("worker").await;
    let error = store.restore(&producer, &key()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Topic);
    assert!(
        error.to_string().contains("has 2 partitions and needs 1"),
        "{error}"
    );
    let error = store
        .in_topic(cluster.topic("never"))
        .restore(&producer, &key())
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("there is no topic"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_reach_the_worker_once() {
    let cluster = Cluster::start("releases").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    let mut releases = store.releases(&key()).await.unwrap();
    assert_eq!(releases.poll().await.unwrap(), []);

    let word = serde_json::json!({"who": "kim", "deletes": 12});
    store
        .write_release(&key(), "G0002V00", Some(&word))
        .await
        .unwrap();
    store
        .write_release(&CheckpointKey::new("lots", "1"), "G0009V00", Some(&word))
        .await
        .unwrap();
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();
    let found = releases.poll().await.unwrap();
    assert_eq!(
        found,
        [kafka::Release {
            generation: "G0002V00".to_owned(),
            value: Some(word.clone())
        }]
    );
    assert_eq!(releases.poll().await.unwrap(), []);

    let clear = store.clear_release(&key(), "G0002V00");
    producer.commit(vec![clear], last(&store, 2)).await.unwrap();
    store
        .write_release(&key(), "G0003V00", Some(&word))
        .await
        .unwrap();
    let found = releases.poll().await.unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|release| (release.generation.as_str(), release.value.is_some()))
        .collect();
    assert_eq!(shown, [("G0002V00", false), ("G0003V00", true)]);

    // none of that is in the way of the checkpoint
    assert_eq!(
        store
            .restore(&producer, &key())
            .await
            .unwrap()
            .unwrap()
            .position,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_there_is_one_clear_error() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let bootstrap = format!("127.0.0.1:{port}");
    let config = KafkaConfig {
        timeout: Duration::from_secs(1),
        ..KafkaConfig::at(&bootstrap)
    };
    let store = CheckpointStore::new(&config);
    let began = Instant::now();
    let errors = [
        TransactionalProducer::open(&config, "worker", config.timeout)
            .await
            .map(|_| ())
            .unwrap_err(),
        Topics::new(&config)
            .ensure(&[TopicSpec::new("t", Some(1))])
            .await
            .unwrap_err(),
        Reader::new(&config)
            .read("t", Isolation::Committed)
            .await
            .map(|_| ())
            .unwrap_err(),
        store.look().await.map(|_| ()).unwrap_err(),
        store.write_release(&key(), "g", None).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), Kind::Unreachable);
        assert_eq!(
            error.to_string(),
            format!(
                "no kafka broker answered at {bootstrap} within 1s (Connect to ipv4#{bootstrap} failed: \
                 Connection refused): start one (`figway broker` serves for a trial) or correct `bootstrap` in [kafka]"
            )
        );
    }
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "took {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_the_broker_ended_leaves_nothing() {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    let mut cluster = Cluster::start("late").await;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    cluster.config.transaction_timeout = Duration::from_secs(1);
    let mut producer = cluster.producer("worker").await;
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &cluster.config.bootstrap)
        .set("isolation.level", "read_committed")
        .create()
        .unwrap();
    let (data, checkpoints) = (Arc::clone(&topic), store.clone());
    let late = move |tails: &Tails| {
        // The worker stands still until the broker has lost patience: the transaction's end is then in the topic.
        let began = Instant::now();
        while reader.fetch_watermarks(&data, 0, PATIENCE).unwrap().1 <= 1 {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "the broker never ended the transaction"
            );
        }
        checkpoints.outgoing(&key(), &checkpoint(1, tails))
    };
    let error = producer
        .commit(vec![record(&topic, "k", "late")], late)
        .await
        .unwrap_err();
    println!("{:?}: {error}", error.kind());
    assert!(
        matches!(error.kind(), Kind::Fenced | Kind::Retriable | Kind::Fatal),
        "{:?}: {error}",
        error.kind()
    );
    assert_eq!(values(&cluster.committed(&topic).await), [""; 0]);

    let mut next = cluster.producer("worker").await;
    assert_eq!(store.restore(&next, &key()).await.unwrap(), None);
    next.commit(vec![record(&topic, "k", "again")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["again"]);
}

/// A commit that is lost on its way, and what the next worker finds.
async fn commit_through_a_losing_proxy(
    test: &str,
    lose: Lose,
) -> Option<(Vec<String>, Option<i64>)> {
    let (mut cluster, proxy) = Cluster::behind_proxy(test).await?;
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    let mut producer = cluster.producer("worker").await;
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();

    cluster.config.transaction_timeout = Duration::from_secs(3);
    let mut producer = cluster.producer("worker").await;
    proxy.lose(lose);
    let error = producer
        .commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownOutcome, "{error}");
    assert!(
        error
            .to_string()
            .contains("the batch may be visible or not"),
        "{error}"
    );
    let again = producer
        .commit(vec![record(&topic, "k", "2")], last(&store, 2))
        .await
        .unwrap_err();
    assert_eq!(again.kind(), Kind::UnknownOutcome, "{again}");

    proxy.lose(Lose::Nothing);
    let next = cluster.producer("worker").await;
    let restored = store.restore(&next, &key()).await.unwrap();
    let position = restored.and_then(|checkpoint| checkpoint.position.as_i64());
    Some((values(&cluster.committed(&topic).await), position))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_found_by_the_next_worker() {
    if let Some((values, position)) = commit_through_a_losing_proxy("answer", Lose::Answer).await {
        assert_eq!(values, ["1", "2"]);
        assert_eq!(position, Some(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrives_leaves_nothing() {
    if let Some((values, position)) = commit_through_a_losing_proxy("request", Lose::Request).await
    {
        assert_eq!(values, ["1"]);
        assert_eq!(position, Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_before_a_batch_is_told_and_the_batch_tried_again() {
    let Some((mut cluster, proxy)) = Cluster::behind_proxy("away").await else {
        return;
    };
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    cluster.config.transaction_timeout = Duration::from_secs(2);
    let mut producer = cluster.producer("worker").await;
    proxy.lose(Lose::Everything);
    let began = Instant::now();
    let error = producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Retriable, "{error}");
    let message = error.to_string();
    assert!(
        message.starts_with(
            "1 of 1 records not acknowledged in time; the transaction was aborted; kafka at "
        ),
        "{message}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "took {:?}",
        began.elapsed()
    );

    proxy.lose(Lose::Nothing);
    producer
        .commit(vec![record(&topic, "k", "1")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_in_a_batch_leaves_nothing_visible() {
    let Some((mut cluster, proxy)) = Cluster::behind_proxy("halfway").await else {
        return;
    };
    let (topic, store) = (cluster.data(1).await, cluster.store().await);
    cluster.config.transaction_timeout = Duration::from_secs(2);
    let mut producer = cluster.producer("worker").await;
    let (line, checkpoint) = (proxy.clone(), last(&store, 1));
    let cut = move |tails: &Tails| {
        line.lose(Lose::Everything);
        checkpoint(tails)
    };
    let error = producer
        .commit(vec![record(&topic, "k", "1")], cut)
        .await
        .unwrap_err();
    println!("{:?}: {error}", error.kind());
    assert!(
        matches!(error.kind(), Kind::Fatal | Kind::Fenced),
        "{:?}: {error}",
        error.kind()
    );

    proxy.lose(Lose::Nothing);
    let mut next = cluster.producer("worker").await;
    assert_eq!(store.restore(&next, &key()).await.unwrap(), None);
    next.commit(vec![record(&topic, "k", "2")], last(&store, 1))
        .await
        .unwrap();
    assert_eq!(values(&cluster.committed(&topic).await), ["2"]);
}
