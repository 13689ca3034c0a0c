//! Reading topics back: for `status`, for tests, and for the checkpoint store.

mod client;
mod incoming;

use std::collections::BTreeMap;

use crate::blocking::blocking;
use crate::{Error, KafkaConfig};
pub(crate) use client::{Client, no_topic, passing};
pub use incoming::Incoming;

/// What a reader may see of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Only what is committed, up to the first transaction that is still open.
    Committed,
    /// Everything, what was aborted too.
    Uncommitted,
}

impl Isolation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "read_committed",
            Self::Uncommitted => "read_uncommitted",
        }
    }
}

/// Reads topics from their beginning to the end they have when the call begins.
#[derive(Clone, Debug)]
pub struct Reader {
    config: KafkaConfig,
}

impl Reader {
    /// A reader; connects with the first call.
    #[must_use]
    pub fn new(config: &KafkaConfig) -> Self {
        Self {
            config: config.clone(),
        }
    }

    pub(crate) fn config(&self) -> &KafkaConfig {
        &self.config
    }

    /// All records of the topic, in the order of their partitions' offsets. For topics that fit into memory.
    ///
    /// # Errors
    /// As [`Reader::for_each`].
    pub async fn read(&self, topic: &str, isolation: Isolation) -> Result<Vec<Incoming>, Error> {
        let (config, topic) = (self.config.clone(), topic.to_owned());
        blocking(move || {
            let mut records = Vec::new();
            read_topic(&config, &topic, isolation, |record| records.push(record))?;
            Ok(records)
        })
        .await
    }

    /// Calls `f` with each record of the topic. If the future is dropped half-way the reading goes on in the background.
    ///
    /// # Errors
    /// [`crate::Kind::Unreachable`] when no broker answers, [`crate::Kind::Topic`] when there is no such topic.
    pub async fn for_each<F>(&self, topic: &str, isolation: Isolation, f: F) -> Result<(), Error>
    where
        F: FnMut(Incoming) + Send + 'static,
    {
        let (config, topic) = (self.config.clone(), topic.to_owned());
        blocking(move || read_topic(&config, &topic, isolation, f)).await
    }

    /// Per partition the first offset there is and the end that a reader of that isolation may read to.
    ///
    /// # Errors
    /// As [`Reader::for_each`].
    pub async fn ends(
        &self,
        topic: &str,
        isolation: Isolation,
    ) -> Result<BTreeMap<i32, (i64, i64)>, Error> {
        let (config, topic) = (self.config.clone(), topic.to_owned());
        blocking(move || {
            let client = Client::new(&config, isolation)?;
            let count = client.partitions(&topic)?.ok_or_else(|| no_topic(&topic))?;
            (0..count)
                .map(|partition| Ok((partition, client.watermarks(&topic, partition)?)))
                .collect()
        })
        .await
    }
}

/// What a topic comes to: the latest value of each key; a key whose latest record is a tombstone is left out, and so are
/// records without a key. Give the records of one topic in the order they were read.
pub fn fold(records: impl IntoIterator<Item = Incoming>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut latest = BTreeMap::new();
    for record in records {
        match (record.key, record.value) {
            (Some(key), Some(value)) => {
                latest.insert(key, value);
            }
            (Some(key), None) => {
                latest.remove(&key);
            }
            (None, _) => {}
        }
    }
    latest
}

fn read_topic(
    config: &KafkaConfig,
    topic: &str,
    isolation: Isolation,
    mut f: impl FnMut(Incoming),
) -> Result<(), Error> {
    let client = Client::new(config, isolation)?;
    let count = client.partitions(topic)?.ok_or_else(|| no_topic(topic))?;
    let mut ends = BTreeMap::new();
    for partition in 0..count {
        ends.insert(partition, client.watermarks(topic, partition)?);
    }
    client.read(topic, &ends, |message| {
        f(message.into());
        Ok(())
    })
}
