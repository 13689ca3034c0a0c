//! What was written lately, shared among gateways over a topic whose records do not live long: so that whoever wrote reads it again.
//!
//! A write is told to the topic before its client is answered, as long as Kafka takes it quickly. Each gateway says every second that it
//! is there, and reads that again: what it knows is complete up to then. One that does not hear itself knows nothing, and says so.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kafka::{Follow, Follower, KafkaConfig, Outgoing, Producer, TopicSpec, Topics};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::now_ms;
use super::remembered::{Mark, Remembered};

/// One partition, so that all of it has one order.
const TOPIC: &str = "figway.writes";
/// How long a record lives there: longer than any view may be old and be asked.
const LIVES: &str = "3600000";
/// The form of its records.
const VERSION: u32 = 1;
/// Between two words that this gateway is there.
const BEAT: Duration = Duration::from_secs(1);
/// Who has not heard itself for so long knows nothing of the others.
const DEAF: Duration = Duration::from_secs(5);
/// How long a client waits for its write to be told.
const TOLD: Duration = Duration::from_millis(250);
/// How long the producer tries.
const PATIENCE: Duration = Duration::from_secs(10);
/// The clocks of gateways and of the source may differ by so much.
const SKEW: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Serialize, Deserialize)]
struct Told {
    version: u32,
    /// Which topic's key was written; of a beat, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    /// In hexadecimal; none of a write whose key was not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    at_ms: i64,
    by: Uuid,
}

/// What was written to the source of one topic.
#[derive(Debug)]
pub(super) struct Writes {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    topic: String,
    /// This view, among all that tell and hear.
    me: Uuid,
    kept: Duration,
    remembered: Mutex<Remembered>,
    /// What was told before then has been heard, in milliseconds since 1970.
    complete: AtomicI64,
    producer: Option<Producer>,
    /// Kafka took the last record in time.
    quick: AtomicBool,
}

impl Drop for Writes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a write that is over now is surely shown, in milliseconds since 1970, by a source whose clock may be ahead of ours.
pub(super) fn after_now() -> i64 {
    now_ms().saturating_add(millis(SKEW))
}

impl Writes {
    /// Begins to listen, and to say that it is there. `kept` is how old the view may be. Must be called inside a runtime.
    pub(super) fn open(kafka: &KafkaConfig, topic: &str, kept: Duration) -> Self {
        let producer = Producer::open(kafka, PATIENCE)
            .map_err(|error| tracing::error!(%error, "writes cannot be told to other gateways"));
        let shared = Arc::new(Shared {
            topic: topic.to_owned(),
            me: Uuid::new_v4(),
            kept: kept.saturating_add(SKEW),
            remembered: Mutex::default(),
            complete: AtomicI64::new(i64::MIN),
            producer: producer.ok(),
            quick: AtomicBool::new(true),
        });
        let task = tokio::spawn(run(kafka.clone(), Arc::clone(&shared)));
        Self { shared, task }
    }

    /// A write of that key is over; none where the key was not found. Waits a moment until other gateways are told, unless Kafka is slow.
    /// Dropped half-way this gateway knows.
    pub(super) async fn wrote(&self, key: Option<&[u8]>, at_ms: i64) {
        let mark = key.map(|key| Mark::of(&self.shared.topic, key));
        self.shared.remembered().written(mark, at_ms);
        let told = Told {
            version: VERSION,
            topic: Some(self.shared.topic.clone()),
            key: mark.map(|mark| hex(&mark.0)),
            at_ms,
            by: self.shared.me,
        };
        let shared = Arc::clone(&self.shared);
        let telling = tokio::spawn(async move { tell(&shared, &told).await });
        if self.shared.quick.load(Ordering::Relaxed) {
            let quick = tokio::time::timeout(TOLD, telling).await.is_ok();
            self.shared.quick.store(quick, Ordering::Relaxed);
        }
    }

    /// Whether a view that shows the source as of then may lack a write of that key, or of any where the key is not known; also where
    /// nobody knows what was written.
    pub(super) fn lacks(&self, key: Option<&[u8]>, as_of_ms: i64) -> bool {
        let heard = self.shared.complete.load(Ordering::Relaxed);
        if now_ms().saturating_sub(heard) > millis(DEAF) {
            return true;
        }
        let mark = key.map(|key| Mark::of(&self.shared.topic, key));
        self.shared.remembered().lacks(mark, as_of_ms)
    }
}

/// Whether Kafka has it.
async fn tell(shared: &Shared, told: &Told) -> bool {
    let (Some(producer), Ok(value)) = (&shared.producer, serde_json::to_vec(told)) else {
        return false;
    };
    let mut record = Outgoing::new(TOPIC, None, Some(Bytes::from(value)));
    record.partition = Some(0);
    let sent = producer.send(record).await;
    shared.quick.store(sent.is_ok(), Ordering::Relaxed);
    sent.is_ok()
}

/// Until aborted.
async fn run(kafka: KafkaConfig, shared: Arc<Shared>) {
    let beating = async {
        let mut ticks = tokio::time::interval(BEAT);
        loop {
            ticks.tick().await;
            let told = Told {
                version: VERSION,
                topic: None,
                key: None,
                at_ms: now_ms(),
                by: shared.me,
            };
            tell(&shared, &told).await;
        }
    };
    let hearing = async {
        let mut said = String::new();
        loop {
            let error = match hear(&kafka, &shared).await {
                Ok(never) => match never {},
                Err(error) => error.to_string(),
            };
            if error != said {
                tracing::warn!(
                    topic = TOPIC,
                    error,
                    "what was written is not known; reads go to legacy"
                );
                said = error;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::join!(beating, hearing);
}

async fn hear(
    kafka: &KafkaConfig,
    shared: &Shared,
) -> Result<std::convert::Infallible, kafka::Error> {
    let spec = TopicSpec::new(TOPIC, Some(1))
        .with("cleanup.policy", "delete")
        .initially("retention.ms", LIVES);
    Topics::new(kafka).ensure(&[spec]).await?;
    let mut records = Follower::start(kafka, Follow::committed(TOPIC))?;
    loop {
        let step = records.next().await?;
        let now = now_ms();
        let mut remembered = shared.remembered();
        for value in step
            .records
            .iter()
            .filter_map(|record| record.value.as_ref())
        {
            let told = serde_json::from_slice::<Told>(value).ok();
            let Some(told) = told.filter(|told| told.version == VERSION) else {
                continue;
            };
            if told.topic.as_deref() == Some(&*shared.topic) {
                match told.key.as_deref().map(unhex) {
                    None => remembered.written(None, told.at_ms),
                    // Of another length: nobody's.
                    Some(None) => {}
                    Some(Some(key)) => remembered.written(Some(Mark(key)), told.at_ms),
                }
            } else if told.topic.is_none() && told.by == shared.me {
                shared.complete.store(told.at_ms, Ordering::Relaxed);
            }
        }
        remembered.passed(now.saturating_sub(millis(shared.kept)));
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok()?;
    (text.len() == 32).then(|| number.to_be_bytes())
}
