//! Single records by their places, and what stands behind a place: for who keeps offsets in memory instead of records.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::blocking::{Deadline, blocking};
use crate::reader::{Client, Isolation};
use crate::settled::wait;
use crate::{Error, Incoming, KafkaConfig, Kind};

/// How many questions are asked at the same time, each with a pair of clients; the others wait.
const MOST: usize = 8;
/// How many pairs of clients are kept for the next question.
const KEPT: usize = 4;

/// Reads records of one topic by their offsets. Cheap to clone; all clones are one. Its clients are kept between questions, and a bounded
/// number of questions is asked at the same time.
#[derive(Clone, Debug)]
pub struct Fetcher {
    config: Arc<KafkaConfig>,
    topic: Arc<str>,
    idle: Arc<Mutex<Vec<Pair>>>,
    places: Arc<Semaphore>,
}

/// One client for each isolation: the end of everything, and of what may be read.
struct Pair {
    everything: Client,
    committed: Client,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Of that topic; connects with the first question.
    pub fn new(config: &KafkaConfig, topic: impl Into<Arc<str>>) -> Self {
        Self {
            config: Arc::new(config.clone()),
            topic: topic.into(),
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// The committed record at that place; none when the topic does not have it any more, or not yet. If the future is dropped
    /// half-way the reading goes on in the background.
    ///
    /// # Errors
    /// [`Kind::Unreachable`](crate::Kind::Unreachable) when no broker answers, [`Kind::Topic`](crate::Kind::Topic) when the topic cannot be read.
    pub async fn record(&self, partition: i32, offset: i64) -> Result<Option<Incoming>, Error> {
        self.asked(move |topic, pair| {
            let (first, end) = pair.committed.watermarks(topic, partition)?;
            if offset < first || offset >= end {
                return Ok(None);
            }
            let mut found = None;
            let range = BTreeMap::from([(partition, (offset, offset.saturating_add(1)))]);
            pair.committed.read(topic, &range, |message| {
                found = Some(Incoming::from(message)).filter(|found| found.offset == offset);
                Ok(())
            })?;
            Ok(found)
        })
        .await
    }

    /// The committed records of a partition from that offset (or the first there still is) to the end that the partition has now, once every
    /// transaction before that end is decided.
    ///
    /// # Errors
    /// [`Kind::Blocked`](crate::Kind::Blocked) when a transaction stayed open longer than `patience`; otherwise as [`Fetcher::record`].
    pub async fn since(
        &self,
        partition: i32,
        from: i64,
        patience: Duration,
    ) -> Result<Vec<Incoming>, Error> {
        self.asked(move |topic, pair| {
            let (first, end) = pair.everything.watermarks(topic, partition)?;
            let mut found = Vec::new();
            if from >= end {
                return Ok(found);
            }
            let patience = Deadline::after(patience);
            wait(&pair.committed, topic, partition, end, patience)?;
            let range = BTreeMap::from([(partition, (from.max(first), end))]);
            pair.committed.read(topic, &range, |message| {
                found.push(Incoming::from(message));
                Ok(())
            })?;
            Ok(found)
        })
        .await
    }

    /// Whether there is no committed record from that offset on, as the partition is now: what stands there besides is no record (the end of a
    /// transaction, what was aborted), or compaction took it.
    ///
    /// # Errors
    /// As [`Fetcher::record`].
    pub async fn is_end(&self, partition: i32, from: i64) -> Result<bool, Error> {
        self.asked(move |topic, pair| {
            let (first, end) = pair.committed.watermarks(topic, partition)?;
            let range = BTreeMap::from([(partition, (from.max(first), end))]);
            let mut found = false;
            let read = pair.committed.read(topic, &range, |_| {
                found = true;
                Err(Error::new(Kind::Retriable, "one record is enough"))
            });
            pair.committed.rest();
            if !found {
                read?;
            }
            Ok(!found)
        })
        .await
    }

    async fn asked<T: Send + 'static>(
        &self,
        question: impl FnOnce(&str, &Pair) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let this = self.clone();
        let place = Arc::clone(&self.places).acquire_owned().await;
        blocking(move || {
            // Held as long as the question goes on, whether or not anybody waits for its answer; nobody closes it.
            let _place = place.ok();
            let pair = match this.idle().pop() {
                Some(pair) => pair,
                None => Pair {
                    everything: Client::new(&this.config, Isolation::Uncommitted)?,
                    committed: Client::new(&this.config, Isolation::Committed)?,
                },
            };
            // One that met an error is not used again.
            let answer = question(&this.topic, &pair)?;
            let mut idle = this.idle();
            if idle.len() < KEPT {
                idle.push(pair);
            }
            Ok(answer)
        })
        .await
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Pair>> {
        // Nothing is done half-way under this lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
