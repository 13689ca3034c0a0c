//! The only way out: transactions of records and the checkpoint that stands for them.
//!
//! In: encoded records and the position after them. Out: one committed transaction, or an error that says what to do. Opening it is DESIGN "Start":
//! topics, `init_transactions` (fences), checkpoint, ends of the data topics, in this order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use kafka::{
    Checkpoint, CheckpointKey, CheckpointStore, Outgoing, Releases, Tails, TopicSpec, Topics,
    TransactionalProducer,
};
use serde::Serialize;

use crate::checkpoint::{Acted, Hold, Position, Work};
use crate::config::SourceConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::marker::{Activity, GenerationEnd, PROGRESS_TOPIC, Progress, ProgressKey};
use crate::release::Release;
use crate::source::discover::millis;

/// A source is one shard so far.
const SHARD: &str = "0";

/// The checkpoint's key of whatever writes that data topic. A source is known by its topic, not by its name: two
/// configurations may use one name, and a source that is given another topic begins anew there.
pub(crate) fn checkpoint_key(topic: &str) -> CheckpointKey {
    CheckpointKey::new(topic, SHARD)
}

/// The producer of one source and what it knows of its topics.
#[derive(Debug)]
pub(crate) struct Sink {
    config: Arc<SourceConfig>,
    producer: TransactionalProducer,
    store: CheckpointStore,
    key: CheckpointKey,
    releases: Releases,
    /// The latest release per generation that was not taken back.
    released: BTreeMap<String, Release>,
    tails: Tails,
    epoch: u64,
    run_id: String,
}

impl Sink {
    /// Fences every other worker of the source and reads where it stands.
    pub(crate) async fn open(config: &Arc<SourceConfig>) -> Result<(Self, Position)> {
        let kafka = config.kafka();
        let store = CheckpointStore::new(kafka);
        Topics::new(kafka).ensure(&topics(config, &store)).await?;
        let producer = TransactionalProducer::open(
            kafka,
            &format!("figway-cdc-{}-{SHARD}", config.topic()),
            kafka.timeout,
        )
        .await?;
        let key = checkpoint_key(config.topic());
        let restored = store.restore(&producer, &key).await?;
        let (position, tails, epoch) = match restored {
            None => (Position::default(), Tails::default(), 0),
            Some(checkpoint) => {
                store.verify_tails(&checkpoint.tails).await?;
                (
                    Position::from_json(&checkpoint.position)?,
                    checkpoint.tails,
                    checkpoint.epoch,
                )
            }
        };
        let epoch = epoch + 1;
        let releases = store.releases(&key).await?;
        let run_id = format!(
            "{}-{}-{epoch}",
            std::process::id(),
            millis(SystemTime::now())
        );
        tracing::info!(
            source = config.name(),
            epoch,
            generation = position
                .finished
                .as_ref()
                .map(|finished| &finished.generation),
            "source taken over"
        );
        let sink = Self {
            config: Arc::clone(config),
            producer,
            store,
            key,
            releases,
            released: BTreeMap::new(),
            tails,
            epoch,
            run_id,
        };
        Ok((sink, position))
    }

    /// Commits `records` and the position after them. When this fails it may be unknown whether they were committed: only Kafka can say.
    pub(crate) async fn commit(
        &mut self,
        records: Vec<Outgoing>,
        position: &Position,
    ) -> Result<()> {
        let mut checkpoint = Checkpoint {
            position: position.to_json()?,
            epoch: self.epoch,
            layout: position.layout.clone().unwrap_or_default(),
            run_id: self.run_id.clone(),
            ts_ms: millis(SystemTime::now()),
            tails: self.tails.clone(),
        };
        let (store, key) = (self.store.clone(), self.key.clone());
        let ours = [
            self.config.topic().to_owned(),
            self.config.dead_letter_topic().to_owned(),
            self.config.generations_topic().to_owned(),
        ];
        let sent = self
            .producer
            .commit(records, move |tails| {
                // Only topics that belong to this source: others' compaction and retention are not its business.
                for (topic, partition, end) in tails
                    .iter()
                    .filter(|(topic, ..)| ours.iter().any(|our| our == topic))
                {
                    checkpoint.tails.advance(topic, partition, end);
                }
                store.outgoing(&key, &checkpoint)
            })
            .await?;
        self.tails.merge(&sent);
        Ok(())
    }

    /// The progress markers of every partition of the source's topic.
    pub(crate) fn progress(
        &self,
        position: &Position,
        activity: Activity,
        now_ms: i64,
    ) -> Result<Vec<Outgoing>> {
        (0..self.config.partitions())
            .map(|partition| {
                let key = ProgressKey {
                    topic: self.config.topic(),
                    partition,
                };
                let end = self.tails.get(key.topic, partition).unwrap_or(0);
                let marker =
                    Progress::new(self.config.name(), &key, end, position, activity, now_ms);
                Ok(record(PROGRESS_TOPIC, json(&key)?, json(&marker)?))
            })
            .collect()
    }

    /// The marker that goes out with a generation's last records.
    pub(crate) fn generation_end(&self, work: &Work, now_ms: i64) -> Result<Outgoing> {
        let marker = GenerationEnd::of(self.config.name(), self.config.topic(), work, now_ms);
        Ok(record(
            self.config.generations_topic(),
            Bytes::from(self.config.name().to_owned()),
            json(&marker)?,
        ))
    }

    /// The marker of a generation that was left out.
    pub(crate) fn generation_skipped(
        &self,
        hold: &Hold,
        release: &Acted,
        now_ms: i64,
    ) -> Result<Outgoing> {
        let marker = GenerationEnd::skipped(
            self.config.name(),
            self.config.topic(),
            hold,
            release,
            now_ms,
        );
        Ok(record(
            self.config.generations_topic(),
            Bytes::from(self.config.name().to_owned()),
            json(&marker)?,
        ))
    }

    /// What this run is called in its checkpoints.
    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The record that takes a release away, for the transaction that finishes what it allowed; the generation marker tells of it from then on.
    pub(crate) fn clear_release(&self, release: &Acted) -> Outgoing {
        self.store.clear_release(&self.key, &release.generation)
    }

    /// The releases there are, one per generation at most.
    pub(crate) async fn releases(&mut self) -> Result<Vec<Release>> {
        for found in self.releases.poll().await? {
            let release = found.value.and_then(|value| match serde_json::from_value::<Release>(value) {
                Ok(release) => Some(release),
                Err(error) => {
                    // An unknown form is never guessed at: the hold stays, and says so in the log.
                    tracing::warn!(source = self.config.name(), generation = found.generation, %error, "a release cannot be read");
                    None
                }
            });
            match release {
                Some(release) => self.released.insert(found.generation, release),
                None => self.released.remove(&found.generation),
            };
        }
        Ok(self.released.values().cloned().collect())
    }
}

fn record(topic: &str, key: Bytes, value: Bytes) -> Outgoing {
    Outgoing::new(topic, Some(key), Some(value))
}

fn json(value: &impl Serialize) -> Result<Bytes> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| {
        Error::new(ErrorKind::Internal, "a marker has no JSON form").with_source(error)
    })
}

/// Every topic of a source, with the settings it needs.
fn topics(config: &SourceConfig, store: &CheckpointStore) -> Vec<TopicSpec> {
    let kafka = config.kafka();
    let forever = |name: &str, partitions| {
        TopicSpec::data(name, Some(partitions), kafka)
            .with("cleanup.policy", "delete")
            .with("retention.ms", "-1")
    };
    let mut data = TopicSpec::data(config.topic(), Some(config.partitions()), kafka)
        .with("cleanup.policy", config.cleanup_policy());
    data.replication = config.replication();
    if config.payload().above == payload::Above::Claim && config.cleanup_policy() == "delete" {
        data = data.refers_to(kafka.payload.as_deref());
    }
    let mut letters = forever(config.dead_letter_topic(), 1);
    letters.replication = config.replication();
    vec![
        data,
        letters,
        forever(config.generations_topic(), 1),
        TopicSpec::new(PROGRESS_TOPIC, Some(1)).with("cleanup.policy", "compact"),
        store.topic_spec(),
    ]
}

impl From<kafka::Error> for Error {
    fn from(error: kafka::Error) -> Self {
        use kafka::Kind;
        let kind = match error.kind() {
            Kind::Config => ErrorKind::Config,
            Kind::Topic | Kind::Rejected => ErrorKind::KafkaRefused,
            Kind::Fenced => ErrorKind::Fenced,
            Kind::Truncated => ErrorKind::Truncated,
            Kind::Unreadable => ErrorKind::Checkpoint,
            // Unreachable, Retriable, Fatal, UnknownOutcome, Blocked: open anew, restore, go on from what Kafka says.
            _ => ErrorKind::Kafka,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}
