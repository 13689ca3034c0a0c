//! Writing batches, each in one transaction: all of its records and the checkpoint that stands for them, or nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::blocking::blocking;
use crate::{Error, KafkaConfig, Tails};

mod classify;
mod consumed;
mod delivery;
mod session;

pub(crate) use classify::{creation, permanent, unreachable};
pub use consumed::Consumed;
pub(crate) use delivery::Deliveries;

use session::Session;
pub(crate) use session::headers;

/// A record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic; it must exist ([`crate::Topics::ensure`]).
    pub topic: Arc<str>,
    /// The partition; by the key's murmur2 hash, as Java's clients do it, when none is given, at random without a key.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Headers, in order.
    pub headers: Vec<(String, Bytes)>,
    /// Milliseconds since 1970-01-01T00:00:00Z; the time of sending when none is given.
    pub timestamp_ms: Option<i64>,
}

impl Outgoing {
    /// A record with key and value and nothing else.
    pub fn new(topic: impl Into<Arc<str>>, key: Option<Bytes>, value: Option<Bytes>) -> Self {
        Self {
            topic: topic.into(),
            partition: None,
            key,
            value,
            headers: Vec::new(),
            timestamp_ms: None,
        }
    }
}

/// The one producer of a shard. Opening it fences every other with the same transactional id.
pub struct TransactionalProducer {
    session: Arc<Session>,
}

impl std::fmt::Debug for TransactionalProducer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionalProducer")
            .field("transactional_id", &self.session.id())
            .finish_non_exhaustive()
    }
}

impl TransactionalProducer {
    /// Opens the producer, which ends an open transaction of an older one with that id and fences it.
    ///
    /// If dropped half-way the opening goes on in the background and its producer is thrown away; the fencing stands.
    ///
    /// # Errors
    /// [`crate::Kind::Unreachable`] when no broker answered within `timeout`, [`crate::Kind::Config`] for settings that librdkafka or the
    /// broker refuses, [`crate::Kind::Rejected`] without the right to use the id, [`crate::Kind::Retriable`] when the broker did not
    /// get ready in time, [`crate::Kind::Fenced`] when another opened at the same moment and won.
    pub async fn open(
        config: &KafkaConfig,
        transactional_id: &str,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let (config, id) = (config.clone(), transactional_id.to_owned());
        blocking(move || {
            let session = Session::open(&config, id, timeout)?;
            Ok(Self {
                session: Arc::new(session),
            })
        })
        .await
    }

    /// Writes `batch`, then the record that `last` makes of where the batch ended (the checkpoint), and commits: readers of
    /// committed records see all of it or nothing. Returns the ends of all partitions written to, the last record's included.
    ///
    /// If the future is dropped half-way the transaction goes on to its end in the background; a later call waits for it.
    ///
    /// # Errors
    /// By [`crate::Kind`]: after `Retriable` and `Rejected` nothing of the batch is visible and this producer goes on; after
    /// `Fatal`, `Fenced` and `UnknownOutcome` it is of no use: open another and restore the checkpoint.
    pub async fn commit<F>(&mut self, batch: Vec<Outgoing>, last: F) -> Result<Tails, Error>
    where
        F: FnOnce(&Tails) -> Outgoing + Send + 'static,
    {
        let session = Arc::clone(&self.session);
        blocking(move || session.commit(&batch, last)).await
    }

    /// Writes `batch` and commits, with it, how far records of a topic have been processed: readers of committed records see
    /// all of it and the group goes on behind it, or neither. Returns the ends of all partitions written to.
    ///
    /// If the future is dropped half-way the transaction goes on to its end in the background; a later call waits for it.
    ///
    /// # Errors
    /// As [`TransactionalProducer::commit`], and [`crate::Kind::Rebalanced`] when the membership has passed.
    pub async fn commit_consumed(
        &mut self,
        batch: Vec<Outgoing>,
        consumed: Consumed,
    ) -> Result<Tails, Error> {
        let session = Arc::clone(&self.session);
        blocking(move || session.commit_consumed(&batch, &consumed)).await
    }

    /// Whether this producer is of no more use: see the errors of [`TransactionalProducer::commit`].
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.session.is_broken()
    }

    /// The id it was opened with.
    #[must_use]
    pub fn transactional_id(&self) -> &str {
        self.session.id()
    }
}

impl Drop for TransactionalProducer {
    fn drop(&mut self) {
        // librdkafka's threads take a moment to end: not on the caller's time, if it runs asynchronously.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let session = Arc::clone(&self.session);
            drop(runtime.spawn_blocking(move || drop(session)));
        }
    }
}
