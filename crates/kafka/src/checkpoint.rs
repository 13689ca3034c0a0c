//! Where each shard of each source stands: the compacted topic `figway.checkpoints`, one partition, one key per shard.
//!
//! A checkpoint is written inside the transaction that carries its records ([`CheckpointStore::outgoing`] makes the record for
//! [`TransactionalProducer::commit`]). It is read back in an order that must not change:
//!
//! 1. `init_transactions`: whatever an older worker left open is ended, and no older worker can write any more. That is why
//!    [`CheckpointStore::restore`] wants an opened producer.
//! 2. The end of the partition as a reader of *everything* sees it. A reader of committed records sees only up to the last
//!    stable offset, and another worker's open transaction may stand before our own newest commit (KAFKA-10167).
//! 3. Committed records up to that end: once the last stable offset has reached it, end of file means the end.

use std::time::Duration;

use bytes::Bytes;
use rdkafka::message::Message;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blocking::{Deadline, blocking};
use crate::reader::{Client, Isolation, no_topic};
use crate::topics::TopicSpec;
use crate::{Error, KafkaConfig, Kind, Outgoing, Tails, TransactionalProducer, Truncation};

mod record;

pub(crate) use record::{RecordKey, json_bytes};

/// The topic that checkpoints are kept in.
pub const CHECKPOINTS: &str = "figway.checkpoints";

/// The form of the value that this version writes, and the only one it reads.
const VERSION: u64 = 1;

/// Whose checkpoint it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointKey {
    /// The source's name in the configuration.
    pub source: String,
    /// The shard of the source.
    pub shard: String,
}

impl CheckpointKey {
    /// The key of that shard.
    pub fn new(source: impl Into<String>, shard: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            shard: shard.into(),
        }
    }
}

impl std::fmt::Display for CheckpointKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.source, self.shard)
    }
}

/// How far a shard has come, and where its topics then ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The position in the source; only the source knows what it means.
    pub position: Value,
    /// Counts the takeovers of the shard.
    pub epoch: u64,
    /// Fingerprint of the layout that the records were read with, in hex.
    pub layout: String,
    /// The run of the worker that wrote this.
    pub run_id: String,
    /// When it was written, in milliseconds since 1970-01-01T00:00:00Z.
    pub ts_ms: i64,
    /// The ends of all partitions the shard has ever written to.
    pub tails: Tails,
}

#[derive(Serialize)]
struct Versioned<'a> {
    version: u64,
    #[serde(flatten)]
    checkpoint: &'a Checkpoint,
}

/// Reads checkpoints, makes their records, and checks that what they stand for is there.
#[derive(Clone, Debug)]
pub struct CheckpointStore {
    pub(crate) config: KafkaConfig,
    pub(crate) topic: String,
    patience: Duration,
}

impl CheckpointStore {
    /// The store in [`CHECKPOINTS`].
    #[must_use]
    pub fn new(config: &KafkaConfig) -> Self {
        // Another worker's transaction stands in the way for as long as the broker lets it.
        let patience = config.transaction_timeout.saturating_add(config.timeout);
        Self {
            config: config.clone(),
            topic: CHECKPOINTS.to_owned(),
            patience,
        }
    }

    /// The same store in another topic.
    #[must_use]
    pub fn in_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = topic.into();
        self
    }

    /// The same store with another bound on how long a restore waits for another producer's transaction.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The topic this store needs: for [`crate::Topics::ensure`].
    #[must_use]
    pub fn topic_spec(&self) -> TopicSpec {
        // A restore reads what compaction has not yet taken away, and that never takes from the newest segment: small ones,
        // rolled and cleaned early, keep it to some tens of megabytes.
        TopicSpec::new(&self.topic, Some(1))
            .with("cleanup.policy", "compact")
            .initially("segment.bytes", "16777216")
            .initially("min.cleanable.dirty.ratio", "0.1")
    }

    /// The record of a checkpoint, for the end of the transaction that it stands for.
    #[must_use]
    pub fn outgoing(&self, key: &CheckpointKey, checkpoint: &Checkpoint) -> Outgoing {
        let value = json_bytes(&Versioned {
            version: VERSION,
            checkpoint,
        });
        self.record(key, None, Some(value))
    }

    pub(crate) fn record(
        &self,
        key: &CheckpointKey,
        release: Option<&str>,
        value: Option<Bytes>,
    ) -> Outgoing {
        let key = RecordKey {
            source: key.source.clone(),
            shard: key.shard.clone(),
            release: release.map(str::to_owned),
        };
        Outgoing {
            partition: Some(0),
            ..Outgoing::new(self.topic.as_str(), Some(key.bytes()), value)
        }
    }

    /// The newest checkpoint of that shard; `None` when it has none. `fence` is the shard's own producer, opened before: no older
    /// worker can write another checkpoint behind our back.
    ///
    /// # Errors
    /// [`Kind::Blocked`] when another producer's transaction stays open too long, [`Kind::Unreadable`] for a checkpoint of
    /// another version, [`Kind::Topic`] when the topic is missing or has more than one partition, [`Kind::Unreachable`].
    pub async fn restore(
        &self,
        fence: &TransactionalProducer,
        key: &CheckpointKey,
    ) -> Result<Option<Checkpoint>, Error> {
        tracing::debug!(transactional_id = fence.transactional_id(), %key, "restoring the checkpoint");
        let (store, key) = (self.clone(), key.clone());
        blocking(move || {
            let mut newest = None;
            store.read_to_end(|record_key, offset, value| {
                if record_key.release.is_none() && record_key.is_of(&key) {
                    newest = value.map(|value| (offset, value.to_vec()));
                }
            })?;
            newest
                .map(|(offset, value)| store.parse(&key, offset, &value))
                .transpose()
        })
        .await
    }

    /// The newest committed checkpoint of every shard, as far as it can be seen now: for `status`. Does not fence; a worker
    /// must use [`CheckpointStore::restore`].
    ///
    /// # Errors
    /// As [`CheckpointStore::restore`], without waiting for open transactions.
    pub async fn look(&self) -> Result<Vec<(CheckpointKey, Checkpoint)>, Error> {
        let store = self.clone();
        blocking(move || {
            let client = Client::new(&store.config, Isolation::Committed)?;
            store.check_partitions(&client)?;
            let end = client.watermarks(&store.topic, 0)?.1;
            let mut newest = std::collections::BTreeMap::new();
            store.read_until(&client, end, |record_key, offset, value| {
                if record_key.release.is_none() {
                    let key = CheckpointKey::new(record_key.source, record_key.shard);
                    match value {
                        Some(value) => newest.insert(key, (offset, value.to_vec())),
                        None => newest.remove(&key),
                    };
                }
            })?;
            let read = newest.into_iter().map(|(key, (offset, value))| {
                let checkpoint = store.parse(&key, offset, &value)?;
                Ok((key, checkpoint))
            });
            read.collect()
        })
        .await
    }

    /// Whether each of those partitions still reaches as far as the checkpoint says: after a failover to a copy, or when a topic
    /// was made anew, it may not. Offsets are all that is compared: a topic made anew *and* filled further is not noticed.
    ///
    /// # Errors
    /// [`Kind::Truncated`] for the first that does not ([`Error::truncation`]), [`Kind::Unreachable`].
    pub async fn verify_tails(&self, tails: &Tails) -> Result<(), Error> {
        let (config, tails) = (self.config.clone(), tails.clone());
        blocking(move || {
            let client = Client::new(&config, Isolation::Uncommitted)?;
            let mut counts = std::collections::BTreeMap::new();
            for (topic, partition, wanted) in tails.iter() {
                let count = match counts.get(topic) {
                    Some(count) => *count,
                    None => *counts
                        .entry(topic)
                        .or_insert(client.partitions(topic)?.unwrap_or(0)),
                };
                let found = if partition < count {
                    Some(client.watermarks(topic, partition)?.1)
                } else {
                    None
                };
                if found.is_none_or(|found| found < wanted) {
                    return Err(Error::truncated(Truncation {
                        topic: topic.to_owned(),
                        partition,
                        wanted,
                        found,
                    }));
                }
            }
            Ok(())
        })
        .await
    }

    /// Calls `f` with key, offset and value of every committed record up to the end that the partition has now.
    fn read_to_end(&self, f: impl FnMut(RecordKey, i64, Option<&[u8]>)) -> Result<(), Error> {
        let everything = Client::new(&self.config, Isolation::Uncommitted)?;
        self.check_partitions(&everything)?;
        let end = everything.watermarks(&self.topic, 0)?.1;
        drop(everything);
        let committed = Client::new(&self.config, Isolation::Committed)?;
        self.wait_for_stable(&committed, end)?;
        self.read_until(&committed, end, f)
    }

    fn read_until(
        &self,
        client: &Client,
        end: i64,
        mut f: impl FnMut(RecordKey, i64, Option<&[u8]>),
    ) -> Result<(), Error> {
        client.read(&self.topic, &[(0, (0, end))].into(), |message| {
            if let Some(key) = RecordKey::read(&self.topic, message.offset(), message.key()) {
                f(key, message.offset(), message.payload());
            }
            Ok(())
        })
    }

    /// Until the last stable offset has reached `end`.
    fn wait_for_stable(&self, committed: &Client, end: i64) -> Result<(), Error> {
        let deadline = Deadline::after(self.patience);
        let mut told = false;
        loop {
            let stable = committed.watermarks(&self.topic, 0)?.1;
            if stable >= end {
                return Ok(());
            }
            if deadline.passed() {
                return Err(Error::new(
                    Kind::Blocked,
                    format!(
                        "another producer's open transaction at offset {stable} of {} hides what stands up to offset {end}, and \
                         did not end within {}s: `kafka-transactions.sh --bootstrap-server {} find-hanging --topic {}` names it",
                        self.topic,
                        self.patience.as_secs_f64(),
                        self.config.bootstrap,
                        self.topic
                    ),
                ));
            }
            if !told {
                tracing::info!(
                    topic = self.topic,
                    stable,
                    end,
                    "waiting for another producer's open transaction"
                );
                told = true;
            }
            committed.pause();
        }
    }

    /// With several partitions a key's place would depend on their number, and a change would hide checkpoints.
    fn check_partitions(&self, client: &Client) -> Result<(), Error> {
        match client.partitions(&self.topic)? {
            Some(1) => Ok(()),
            Some(count) => Err(Error::new(
                Kind::Topic,
                format!(
                    "topic {} has {count} partitions and needs 1: make it anew, or name another",
                    self.topic
                ),
            )),
            None => Err(no_topic(&self.topic)),
        }
    }

    fn parse(&self, key: &CheckpointKey, offset: i64, value: &[u8]) -> Result<Checkpoint, Error> {
        let place = || format!("checkpoint of {key} at offset {offset} of {}", self.topic);
        let unreadable = |message: String| Error::new(Kind::Unreadable, message);
        let json: Value = serde_json::from_slice(value)
            .map_err(|error| unreadable(format!("{} is no JSON", place())).caused_by(error))?;
        let Value::Object(mut fields) = json else {
            return Err(unreadable(format!("{} is no JSON object", place())));
        };
        let version = fields.remove("version");
        if version.as_ref().and_then(Value::as_u64) != Some(VERSION) {
            let found = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(unreadable(format!(
                "{} has version {found} and this program reads {VERSION}: run the newer program that wrote it",
                place()
            )));
        }
        serde_json::from_value(Value::Object(fields)).map_err(|error| {
            unreadable(format!(
                "{} has not the fields of version {VERSION}",
                place()
            ))
            .caused_by(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> CheckpointStore {
        CheckpointStore::new(&KafkaConfig::default())
    }

    fn checkpoint() -> Checkpoint {
        let mut tails = Tails::default();
        tails.advance("plant.lots", 0, 12);
        Checkpoint {
            position: serde_json::json!({"base": "ab", "last": null}),
            epoch: 3,
            layout: "5eed".to_owned(),
            run_id: "r1".to_owned(),
            ts_ms: 1_795_293_530_793,
            tails,
        }
    }

    #[test]
    fn a_checkpoint_has_a_form_that_stays() {
        let record = store().outgoing(&CheckpointKey::new("lots", "0"), &checkpoint());
        assert_eq!(record.key.unwrap(), r#"{"source":"lots","shard":"0"}"#);
        let value = record.value.unwrap();
        assert_eq!(
            value,
            r#"{"version":1,"position":{"base":"ab","last":null},"epoch":3,"layout":"5eed","run_id":"r1","ts_ms":1795293530793,"tails":{"plant.lots":[[0,12]]}}"#
        );
        assert_eq!(
            store()
                .parse(&CheckpointKey::new("lots", "0"), 7, &value)
                .unwrap(),
            checkpoint()
        );
    }

    #[test]
    fn another_version_stops() {
        let parse = |value: &str| {
            let error = store()
                .parse(&CheckpointKey::new("lots", "0"), 7, value.as_bytes())
                .unwrap_err();
            assert_eq!(error.kind(), Kind::Unreadable);
            error.to_string()
        };
        assert_eq!(
            parse(r#"{"version":2,"position":1}"#),
            "checkpoint of lots/0 at offset 7 of figway.checkpoints has version 2 and this program reads 1: run the newer \
             program that wrote it"
        );
        assert!(parse("{}").contains("has version none"));
        assert!(parse("nonsense").contains("is no JSON"));
        assert!(parse(r#"{"version":1,"position":1}"#).contains("has not the fields of version 1"));
        let more = r#"{"version":1,"position":1,"epoch":1,"layout":"","run_id":"","ts_ms":1,"tails":{},"new":1}"#;
        assert!(parse(more).contains("has not the fields of version 1"));
    }
}
