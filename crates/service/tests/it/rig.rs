//! A broker, and a client that sends requests and collects replies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{
    Follow, Follower, Incoming, Isolation, KafkaConfig, Outgoing, Producer, Reader, TopicSpec,
    Topics, reply,
};
use ops::shutdown::Shutdown;
use service::{Counts, Error, Handler, Service, ServiceConfig};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const REQUESTS: &str = "lot.requests";
pub(crate) const REPLIES: &str = "replies";
pub(crate) const EVENTS: &str = "lot.events";

pub(crate) struct Rig {
    pub(crate) config: KafkaConfig,
    pub(crate) producer: Producer,
    replies: Follower,
    /// Replies by correlation id, in the order they came.
    pub(crate) got: BTreeMap<Bytes, Vec<Got>>,
    pub(crate) broker: Option<Broker>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) status: String,
    pub(crate) body: String,
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) id: Uuid,
    pub(crate) correlation: Bytes,
    pub(crate) key: String,
    pub(crate) body: String,
    pub(crate) more: Vec<(String, Bytes)>,
}

impl Ask {
    pub(crate) fn new(id: u128, body: &str) -> Self {
        Self {
            id: Uuid::from_u128(id),
            correlation: Bytes::from(format!("c{id}")),
            key: format!("k{}", id % 7),
            body: body.to_owned(),
            more: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.more.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn correlated(mut self, with: &str) -> Self {
        self.correlation = Bytes::from(with.to_owned());
        self
    }

    fn record(&self) -> Outgoing {
        let mut record = Outgoing::new(
            REQUESTS,
            Some(Bytes::from(self.key.clone())),
            Some(Bytes::from(self.body.clone())),
        );
        let mut put = |name: &str, value: Bytes| record.headers.push((name.to_owned(), value));
        put(reply::REQUEST_ID, Bytes::from(self.id.to_string()));
        put(reply::CORRELATION_ID, self.correlation.clone());
        put(reply::REPLY_TOPIC, Bytes::from_static(REPLIES.as_bytes()));
        put(reply::REPLY_PARTITION, reply::encode_partition(0));
        record.headers.extend(self.more.clone());
        record
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::on(BrokerConfig::default()).await
    }

    pub(crate) async fn on(settings: BrokerConfig) -> Self {
        Self::with(Broker::start(settings).unwrap()).await
    }

    pub(crate) async fn with(broker: Broker) -> Self {
        let config = KafkaConfig::at(broker.bootstrap());
        let topics = [(REQUESTS, 4), (REPLIES, 1), (EVENTS, 2)];
        let specs = topics.map(|(name, count)| TopicSpec::new(name, Some(count)));
        Topics::new(&config).ensure(&specs).await.unwrap();
        Self {
            producer: Producer::open(&config, PATIENCE).unwrap(),
            replies: Follower::start(&config, Follow::committed(REPLIES)).unwrap(),
            got: BTreeMap::new(),
            config,
            broker: Some(broker),
        }
    }

    pub(crate) fn service_config(&self) -> ServiceConfig {
        ServiceConfig::new(self.config.clone(), REQUESTS, "lots")
    }

    pub(crate) fn serve<H: Handler>(&self, handler: H) -> Serving {
        Serving::start(self.service_config(), handler)
    }

    pub(crate) async fn send(&self, ask: &Ask) {
        self.producer.send(ask.record()).await.unwrap();
    }

    /// The reply to that correlation id.
    pub(crate) async fn reply(&mut self, correlation: &[u8]) -> Got {
        self.until(|rig| rig.got.contains_key(correlation)).await;
        self.got[correlation].last().unwrap().clone()
    }

    pub(crate) async fn ask(&mut self, ask: &Ask) -> Got {
        self.send(ask).await;
        self.reply(&ask.correlation).await
    }

    /// Takes replies until that holds.
    pub(crate) async fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        let taken = async {
            while !holds(self) {
                let step = self.replies.next().await.unwrap();
                for record in step.records {
                    self.take(&record);
                }
            }
        };
        tokio::time::timeout(PATIENCE, taken)
            .await
            .expect("the replies come");
    }

    fn take(&mut self, record: &Incoming) {
        let correlation = record.header(reply::CORRELATION_ID).unwrap().to_vec();
        self.got
            .entry(Bytes::from(correlation))
            .or_default()
            .push(Got {
                status: text(record.header(reply::STATUS).unwrap()),
                body: text(record.value.as_deref().unwrap_or_default()),
            });
    }

    /// All committed values of a topic.
    pub(crate) async fn committed(&self, topic: &str) -> Vec<Incoming> {
        let reader = Reader::new(&self.config);
        reader.read(topic, Isolation::Committed).await.unwrap()
    }

    pub(crate) async fn values(&self, topic: &str) -> Vec<String> {
        let records = self.committed(topic).await;
        let values = records.iter();
        values
            .map(|record| text(record.value.as_deref().unwrap_or_default()))
            .collect()
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Milliseconds since 1970-01-01T00:00:00Z, that much from now.
pub(crate) fn in_ms(ms: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (i64::try_from(now.as_millis()).unwrap() + ms).to_string()
}

/// A running service.
pub(crate) struct Serving {
    pub(crate) counts: Counts,
    pub(crate) task: JoinHandle<Result<(), Error>>,
    shutdown: Arc<Shutdown>,
}

impl Serving {
    pub(crate) fn start<H: Handler>(config: ServiceConfig, handler: H) -> Self {
        let service = Service::new(config, handler);
        let shutdown = Arc::new(Shutdown::new());
        let seen = Arc::clone(&shutdown);
        Self {
            counts: service.counts(),
            task: tokio::spawn(async move { service.run(&seen).await }),
            shutdown,
        }
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it wherever it is.
    pub(crate) async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }
}
