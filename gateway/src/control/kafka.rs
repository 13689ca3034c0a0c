//! The control log as a Kafka topic: one partition, nothing is ever deleted or compacted, every entry acknowledged by all replicas.
//!
//! In: bytes of entries. Out: [`Event`]s. The topic is made or checked before anything is read; a broker that is away is waited
//! for, and that it is away is told within seconds. Read uncommitted: we write no transactions, and somebody else's must not hold
//! the log up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::kafka::{
    Error, Follow, Follower, Isolation, KafkaConfig, Kind, Outgoing, Producer, Pulse, Reader,
    TopicSpec, Topics,
};
use ops::shutdown::Shutdown;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::StartError;
use super::file::Entry;
use super::fold::Stop;
use super::lock;
use super::log::{AppendError, EVENTS, Event, ReadError, Take, chain};

const PARTITION: i32 = 0;
/// How long one question to the broker may take before it counts as away.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two questions whether the log is still there.
const PULSE: Duration = Duration::from_secs(1);
/// Between two tries when a person must change something.
const PAUSE: Duration = Duration::from_secs(5);

/// The log as a topic.
#[derive(Debug, Clone)]
pub(crate) struct KafkaStore {
    config: KafkaConfig,
    topic: Arc<str>,
    producer: Producer,
    /// Somebody wants to know now where the log ends.
    asked: Arc<Notify>,
}

impl KafkaStore {
    /// Begins to follow the topic in the background: from the entry folded last (it is delivered again), or from the first.
    pub(crate) fn open(
        config: &KafkaConfig,
        topic: &str,
        last: Option<u64>,
        deadline: Duration,
        shutdown: &Shutdown,
    ) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        let unusable = |error: Error| StartError::Unusable { why: chain(&error) };
        let store = Self {
            config: config.clone(),
            topic: topic.into(),
            producer: Producer::open(config, deadline / 2).map_err(unusable)?,
            asked: Arc::default(),
        };
        let (events, receiver) = mpsc::channel(EVENTS);
        let following = Following {
            store: store.clone(),
            pulse: Pulse::new(config, Isolation::Uncommitted, PATIENCE),
            events,
            next: last.map_or(0, |last| last.saturating_add(1)),
        };
        let ending = shutdown.token();
        shutdown.spawn(async move {
            tokio::select! {
                () = following.run() => {}
                () = ending.cancelled() => {}
            }
        });
        Ok((store, receiver))
    }

    /// Has the end of the log asked for now, and not only at the next turn.
    pub(crate) fn ask(&self) {
        self.asked.notify_one();
    }

    pub(crate) async fn append(&self, bytes: Vec<u8>) -> Result<(), AppendError> {
        let record = Outgoing {
            partition: Some(PARTITION),
            ..Outgoing::new(Arc::clone(&self.topic), None, Some(bytes.into()))
        };
        match self.producer.send(record).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::UnknownOutcome => {
                tracing::warn!(error = %chain(&error), "whether an entry of the control log was written is not known yet");
                Err(AppendError::Unknown)
            }
            Err(error) => Err(AppendError::NotWritten(chain(&error))),
        }
    }

    pub(crate) async fn for_each<T: Take>(&self, take: T) -> Result<T, ReadError> {
        for_each(&self.config, &self.topic, take).await
    }

    fn spec(&self) -> TopicSpec {
        TopicSpec::new(&*self.topic, Some(1))
            .with("cleanup.policy", "delete")
            .with("retention.ms", "-1")
            .with("retention.bytes", "-1")
    }
}

/// Every entry there is now, in order, to `take`, which is given back.
pub(super) async fn for_each<T: Take>(
    config: &KafkaConfig,
    topic: &str,
    take: T,
) -> Result<T, ReadError> {
    let taken = Arc::new(Mutex::new(Some(take)));
    let taking = Arc::clone(&taken);
    let read = Reader::new(config)
        .for_each(topic, Isolation::Uncommitted, move |record| {
            if let (Some(take), Some(entry)) = (&mut *lock(&taking), entry(record)) {
                take.take(entry);
            }
        })
        .await;
    let failed = |why| ReadError { why };
    read.map_err(|error| failed(chain(&error)))?;
    let take = lock(&taken).take();
    take.ok_or_else(|| failed("it was interrupted".to_owned()))
}

/// The task that follows.
struct Following {
    store: KafkaStore,
    pulse: Pulse,
    events: mpsc::Sender<Event>,
    /// The offset after the last entry delivered.
    next: u64,
}

/// Why following had to begin again, or ends.
enum Ended {
    /// Nobody listens any more, or the log is another one: told, and over.
    ForGood,
    /// Try again.
    Again(Event, Duration),
}

impl Following {
    async fn run(mut self) {
        loop {
            let ended = match self.ensure().await {
                Ok(()) => self.follow().await,
                Err(ended) => ended,
            };
            let Ended::Again(event, pause) = ended else {
                return;
            };
            if self.events.send(event).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The topic is there, and keeps what is written to it.
    async fn ensure(&self) -> Result<(), Ended> {
        let config = KafkaConfig {
            timeout: PATIENCE,
            ..self.store.config.clone()
        };
        let ensured = Topics::new(&config).ensure(&[self.store.spec()]).await;
        ensured.map_err(|error| again(&error))
    }

    async fn follow(&mut self) -> Ended {
        // Begins with the entry delivered last, for whoever folds to see that it is still the same log.
        let mut next = self.next.saturating_sub(1);
        let Ok(from) = i64::try_from(next) else {
            return self.stop(cut(0, next)).await;
        };
        let follow = Follow {
            isolation: Isolation::Uncommitted,
            from: BTreeMap::from([(PARTITION, from)]),
            ..Follow::committed(&*self.store.topic)
        };
        let mut follower = match Follower::start(&self.store.config, follow) {
            Ok(follower) => follower,
            Err(error) => return again(&error),
        };
        // Where the log ended when it was last asked, as long as it answers.
        let mut end: Option<(u64, Instant)> = None;
        let mut pulse = tokio::time::interval(PULSE);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let told = tokio::select! {
                step = follower.next() => match step {
                    Ok(step) => {
                        let told = self.deliver(step.records, &mut next).await;
                        // Behind the last entry there may stand what is none: the marker of somebody's transaction.
                        let reached = step.ends.get(&PARTITION).copied();
                        next = next.max(reached.and_then(|end| u64::try_from(end).ok()).unwrap_or(0));
                        told
                    }
                    Err(error) if error.kind() == Kind::Truncated => {
                        let end = error.truncation().and_then(|cut| cut.found);
                        return self.stop(cut(end.unwrap_or(0), next)).await;
                    }
                    Err(error) => return again(&error),
                },
                () = async { tokio::select! { _ = pulse.tick() => {}, () = self.store.asked.notified() => {} } } => {
                    let asked = Instant::now();
                    let ends = self.pulse.ends(&self.store.topic, PARTITION).await;
                    match ends {
                        // It ends before what was delivered once: before a run of this gateway, or in it.
                        Ok((_, found)) if u64::try_from(found).unwrap_or(0) < self.next => {
                            return self.stop(cut(found, self.next.saturating_sub(1))).await;
                        }
                        Ok((_, found)) => {
                            end = u64::try_from(found).ok().map(|end| (end, asked));
                            Ok(())
                        }
                        Err(error) => {
                            end = None;
                            self.events.send(Event::Lost(said(&error))).await
                        }
                    }
                }
            };
            if told.is_err() {
                return Ended::ForGood;
            }
            if let Some((end, asked)) = end
                && next >= end
                && self.events.send(Event::CaughtUp(asked)).await.is_err()
            {
                return Ended::ForGood;
            }
        }
    }

    async fn deliver(
        &mut self,
        records: Vec<::kafka::Incoming>,
        next: &mut u64,
    ) -> Result<(), mpsc::error::SendError<Event>> {
        for entry in records.into_iter().filter_map(entry) {
            *next = entry.offset.saturating_add(1);
            self.next = *next;
            self.events.send(Event::Entry(entry)).await?;
        }
        Ok(())
    }

    async fn stop(&self, stop: Stop) -> Ended {
        // Nobody listens: then it is over all the same.
        self.events.send(Event::Stop(stop)).await.ok();
        Ended::ForGood
    }
}

fn cut(end: i64, next: u64) -> Stop {
    Stop::Cut {
        end: u64::try_from(end).unwrap_or(0),
        folded: next,
    }
}

/// That nobody answered says all there is to say; other errors have causes of their own.
fn said(error: &Error) -> String {
    if error.kind() == Kind::Unreachable {
        error.to_string()
    } else {
        chain(error)
    }
}

fn again(error: &Error) -> Ended {
    match error.kind() {
        Kind::Unreachable | Kind::Retriable => Ended::Again(Event::Lost(said(error)), PULSE),
        _ => Ended::Again(Event::Unusable(chain(error)), PAUSE),
    }
}

/// A record without a value is an entry without bytes, which no fold understands.
fn entry(record: ::kafka::Incoming) -> Option<Entry> {
    let offset = u64::try_from(record.offset).ok()?;
    Some(Entry {
        offset,
        bytes: record.value.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
