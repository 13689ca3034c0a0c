//! The topic: read back at the start, written in transactions, by one registry at a time.
//!
//! Opening fences whoever wrote before (one transactional id per topic), then all that is committed is read. A write is one
//! transaction and is known only when it is committed; where its outcome is not, the topic is read again before the next.

use std::sync::Mutex;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kafka::{KafkaConfig, Kind, Outgoing, Reader, TopicSpec, Topics, TransactionalProducer};

use crate::record::Change;
use crate::state::State;

/// How long to wait for another's transaction that is still open.
const PATIENCE: Duration = Duration::from_secs(70);

/// Where changes go.
#[derive(Debug)]
pub(crate) struct Store {
    kafka: KafkaConfig,
    topic: Arc<str>,
    producer: Option<TransactionalProducer>,
    fenced: bool,
}

/// Why the topic cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Kafka.
    #[error("the registry's topic cannot be used")]
    Kafka(#[from] kafka::Error),
    /// A record says what this version does not know.
    #[error("offset {offset} of topic {topic} is not understood: {why}")]
    Record {
        /// The topic.
        topic: String,
        /// Where.
        offset: i64,
        /// Why.
        why: String,
    },
}

impl Store {
    pub(crate) fn new(kafka: KafkaConfig, topic: &str) -> Self {
        Self {
            kafka,
            topic: topic.into(),
            producer: None,
            fenced: false,
        }
    }

    /// Makes the topic if it is not there, takes it over, and reads it.
    pub(crate) async fn open(&mut self) -> Result<State, StoreError> {
        let spec = TopicSpec::new(&*self.topic, Some(1)).with("cleanup.policy", "compact");
        Topics::new(&self.kafka).ensure(&[spec]).await?;
        let id = format!("figway-registry-{}", self.topic);
        let producer = TransactionalProducer::open(&self.kafka, &id, self.kafka.timeout).await?;
        let read = Arc::new(Mutex::new((State::default(), None)));
        let into = Arc::clone(&read);
        Reader::new(&self.kafka)
            .settled(&self.topic, 0, 0, PATIENCE, move |record| {
                let mut read = into.lock().unwrap_or_else(PoisonError::into_inner);
                let change = record.key.as_deref().map_or(Ok(Change::Nothing), |key| {
                    Change::read(key, record.value.as_deref()).map_err(|error| error.to_string())
                });
                let applied = change.and_then(|change| read.0.apply(change));
                if let (Err(why), None) = (applied, &read.1) {
                    read.1 = Some((record.offset, why));
                }
            })
            .await?;
        let (state, wrong) =
            std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some((offset, why)) = wrong {
            return Err(StoreError::Record {
                topic: self.topic.to_string(),
                offset,
                why,
            });
        }
        self.producer = Some(producer);
        Ok(state)
    }

    /// Whether [`Store::open`] must be called before the next write.
    pub(crate) fn must_open(&self) -> bool {
        self.producer.is_none()
    }

    /// Whether another registry has the topic now: this one has written for the last time.
    pub(crate) fn is_fenced(&self) -> bool {
        self.fenced
    }

    /// Writes the changes in one transaction.
    ///
    /// # Errors
    /// The changes are not there, or, when [`Store::must_open`] says so afterwards, perhaps they are.
    pub(crate) async fn append(&mut self, changes: &[Change]) -> Result<(), String> {
        let mut records = Vec::with_capacity(changes.len());
        for change in changes {
            let (key, value) = change.record().map_err(|error| error.to_string())?;
            records.push(Outgoing::new(
                Arc::clone(&self.topic),
                Some(Bytes::from(key)),
                value.map(Bytes::from),
            ));
        }
        let Some(last) = records.pop() else {
            return Ok(());
        };
        let Some(producer) = &mut self.producer else {
            return Err("the topic is not open".to_owned());
        };
        match producer.commit(records, |_| last).await {
            Ok(_) => Ok(()),
            Err(error) => {
                match error.kind() {
                    Kind::Retriable | Kind::Rejected | Kind::Unreachable => {}
                    kind => {
                        self.fenced = kind == Kind::Fenced;
                        self.producer = None;
                    }
                }
                Err(error.to_string())
            }
        }
    }
}
