//! A broker for one test, and what the tests have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{
    Checkpoint, CheckpointKey, CheckpointStore, Error, Incoming, Isolation, KafkaConfig, Outgoing,
    Reader, Tails, TopicSpec, Topics, TransactionalProducer,
};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::proxy::Proxy;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A broker and names that no other test uses.
pub(super) struct Cluster {
    pub(super) config: KafkaConfig,
    name: String,
    _broker: Option<Broker>,
}

impl Cluster {
    pub(super) async fn start(test: &str) -> Self {
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
    pub(super) async fn behind_proxy(test: &str) -> Option<(Self, Proxy)> {
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

    pub(super) fn topic(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    pub(super) async fn create(&self, specs: &[TopicSpec]) {
        Topics::new(&self.config).ensure(specs).await.unwrap();
    }

    /// A data topic of that many partitions.
    pub(super) async fn data(&self, partitions: i32) -> Arc<str> {
        let topic = self.topic("data");
        self.create(&[TopicSpec::data(&topic, Some(partitions), &self.config)])
            .await;
        topic.into()
    }

    /// The checkpoint store of this test, its topic created.
    pub(super) async fn store(&self) -> CheckpointStore {
        let store = CheckpointStore::new(&self.config).in_topic(self.topic("checkpoints"));
        self.create(&[store.topic_spec()]).await;
        store
    }

    pub(super) async fn producer(&self, id: &str) -> TransactionalProducer {
        self.try_producer(id).await.unwrap()
    }

    pub(super) async fn try_producer(&self, id: &str) -> Result<TransactionalProducer, Error> {
        TransactionalProducer::open(&self.config, &self.topic(id), PATIENCE).await
    }

    pub(super) async fn committed(&self, topic: &str) -> Vec<Incoming> {
        Reader::new(&self.config)
            .read(topic, Isolation::Committed)
            .await
            .unwrap()
    }

    /// A worker of the same shard that knows nothing of the rules.
    pub(super) fn careless(&self, id: &str) -> BaseProducer {
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
pub(super) async fn embedded(config: BrokerConfig) -> Broker {
    tokio::task::spawn_blocking(|| Broker::start(config))
        .await
        .unwrap()
        .unwrap()
}

pub(super) fn config(bootstrap: &str) -> KafkaConfig {
    KafkaConfig {
        timeout: PATIENCE,
        ..KafkaConfig::at(bootstrap)
    }
}

pub(super) fn record(topic: &Arc<str>, key: &str, value: &str) -> Outgoing {
    Outgoing::new(
        Arc::clone(topic),
        Some(Bytes::copy_from_slice(key.as_bytes())),
        Some(Bytes::copy_from_slice(value.as_bytes())),
    )
}

pub(super) fn checkpoint(position: i64, tails: &Tails) -> Checkpoint {
    Checkpoint {
        position: position.into(),
        epoch: 1,
        layout: "5eed".to_owned(),
        run_id: "test".to_owned(),
        ts_ms: 0,
        tails: tails.clone(),
    }
}

pub(super) fn key() -> CheckpointKey {
    CheckpointKey::new("lots", "0")
}

/// The last record of a transaction: the checkpoint of that position.
pub(super) fn last(
    store: &CheckpointStore,
    position: i64,
) -> impl FnOnce(&Tails) -> Outgoing + Send + 'static {
    let store = store.clone();
    move |tails| store.outgoing(&key(), &checkpoint(position, tails))
}

pub(super) fn values(records: &[Incoming]) -> Vec<String> {
    records
        .iter()
        .map(|record| {
            String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
        })
        .collect()
}

/// Sends without committing, as a worker that dies between flush and commit leaves it.
pub(super) fn leave_open(producer: &BaseProducer, topic: &str, key: &str, value: &str) {
    producer.begin_transaction().unwrap();
    producer
        .send(BaseRecord::to(topic).key(key).payload(value))
        .unwrap();
    producer.flush(PATIENCE).unwrap();
}
