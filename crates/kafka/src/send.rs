//! Records sent one by one, each with its acknowledgement awaited: requests, commands. No transaction.
//!
//! In: an [`Outgoing`]. Out: where it was written, or an [`Error`] whose kind says whether it can have been:
//! [`Kind::UnknownOutcome`] means perhaps, every other kind means that it was not. Many may be on their way at once; their
//! number is bounded, and one too many is refused at once.

mod status;

use std::error::Error as Fault;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;

use crate::log::ClientLog;
use crate::producer::{creation, headers, permanent, unreachable};
use crate::security::authorise;
use crate::{Error, KafkaConfig, Kind, Outgoing};
use status::Persisted;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// A producer whose every record is acknowledged by all replicas, and written once however often it has to be tried
/// (`enable.idempotence`). Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Producer {
    config: Arc<KafkaConfig>,
    patience: Duration,
    /// Another one after librdkafka has given this one up.
    link: Arc<Mutex<Arc<Link>>>,
}

struct Link {
    /// There until it is dropped.
    producer: Option<ThreadedProducer<Acknowledgements>>,
    bootstrap: String,
    patience: Duration,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}

impl Producer {
    /// A producer that gives a record up when it was not acknowledged within `patience`. Contacts nobody: it connects in the
    /// background and gets over an absence of the broker by itself.
    ///
    /// # Errors
    /// [`Kind::Config`] for settings that librdkafka does not take.
    pub fn open(config: &KafkaConfig, patience: Duration) -> Result<Self, Error> {
        Ok(Self {
            link: Arc::new(Mutex::new(Arc::new(Link::open(config, patience)?))),
            config: Arc::new(config.clone()),
            patience,
        })
    }

    /// Sends a record and waits for its acknowledgement.
    ///
    /// If the future is dropped half-way the record goes out all the same.
    ///
    /// # Errors
    /// [`Kind::UnknownOutcome`] when the record may have been written; in all other cases it was not:
    /// [`Kind::Unreachable`] when no broker could be reached within the patience, [`Kind::Rejected`] when the record or the right
    /// to write it is refused for good, [`Kind::Retriable`] otherwise (too many on their way above all).
    pub async fn send(&self, record: Outgoing) -> Result<Written, Error> {
        let link = Arc::clone(&self.link());
        let result = link.send(record).await;
        if result.is_err() && link.is_broken() {
            self.replace(&link);
        }
        result
    }

    /// Why the broker does not answer, when that is known to be so.
    #[must_use]
    pub fn away(&self) -> Option<String> {
        let link = Arc::clone(&self.link());
        let producer = link.producer.as_ref()?;
        producer.context().log.reason()
    }

    fn link(&self) -> MutexGuard<'_, Arc<Link>> {
        // Nothing is done half-way under this lock.
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing can be sent with one that met a fatal error: the broker has forgotten who it was.
    fn replace(&self, broken: &Arc<Link>) {
        let mut link = self.link();
        if !Arc::ptr_eq(&link, broken) {
            return;
        }
        match Link::open(&self.config, self.patience) {
            Ok(fresh) => {
                tracing::warn!("a producer could not go on and was replaced");
                *link = Arc::new(fresh);
            }
            Err(error) => tracing::error!(error = %error, "a producer cannot be replaced"),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // librdkafka's threads take a moment to end: not on the time of a caller that runs asynchronously.
        if let Some(producer) = self.producer.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            drop(runtime.spawn_blocking(move || drop(producer)));
        }
    }
}

impl Link {
    fn open(config: &KafkaConfig, patience: Duration) -> Result<Self, Error> {
        let mut client = config.producer()?;
        client.set("message.timeout.ms", patience.as_millis().to_string());
        // Each record has someone who waits for it.
        client.set("linger.ms", "0");
        let context = Acknowledgements {
            log: ClientLog::new(config),
        };
        let producer: ThreadedProducer<Acknowledgements> =
            client.create_with_context(context).map_err(creation)?;
        authorise(config.tokens().as_ref(), producer.client())?;
        Ok(Self {
            producer: Some(producer),
            bootstrap: config.bootstrap.clone(),
            patience,
        })
    }

    fn is_broken(&self) -> bool {
        let fatal = |producer: &ThreadedProducer<_>| producer.client().fatal_error().is_some();
        self.producer.as_ref().is_some_and(fatal)
    }

    async fn send(&self, record: Outgoing) -> Result<Written, Error> {
        let Some(producer) = &self.producer else {
            return Err(gone());
        };
        let (done, outcome) = oneshot::channel();
        let sent = producer.send(BaseRecord {
            topic: &record.topic,
            partition: record.partition,
            payload: record.value.as_deref(),
            key: record.key.as_deref(),
            timestamp: record.timestamp_ms,
            headers: headers(&record.headers),
            delivery_opaque: Box::new(done),
        });
        if let Err((error, _)) = sent {
            return Err(Self::not_taken(&record.topic, error));
        }
        match outcome.await {
            Ok(Ok(written)) => Ok(written),
            Ok(Err((error, persisted))) => {
                let reason = producer.context().log.reason();
                Err(self.not_acknowledged(&record.topic, error, persisted, reason))
            }
            Err(_) => Err(gone()),
        }
    }

    fn not_taken(topic: &str, error: KafkaError) -> Error {
        let message = format!("a record for topic {topic} was not taken");
        let kind = match error.rdkafka_error_code() {
            Some(Code::QueueFull) => Kind::Retriable,
            Some(Code::Fatal) => Kind::Fatal,
            _ if permanent(&error) => Kind::Rejected,
            _ => Kind::Retriable,
        };
        Error::new(kind, message).caused_by(error)
    }

    fn not_acknowledged(
        &self,
        topic: &str,
        error: KafkaError,
        persisted: Persisted,
        reason: Option<String>,
    ) -> Error {
        if persisted == Persisted::Perhaps {
            let message = format!(
                "a record for topic {topic} was sent and no clear answer came: it may be written or not"
            );
            return Error::new(Kind::UnknownOutcome, message).caused_by(error);
        }
        if permanent(&error) {
            return Error::new(
                Kind::Rejected,
                format!("a record for topic {topic} was refused"),
            )
            .caused_by(error);
        }
        match reason {
            Some(reason) => {
                unreachable(&self.bootstrap, self.patience, Some(&reason)).caused_by(error)
            }
            None => Error::new(
                Kind::Retriable,
                format!("a record for topic {topic} was not written"),
            )
            .caused_by(error),
        }
    }
}

fn gone() -> Error {
    Error::new(
        Kind::UnknownOutcome,
        "the producer ended before an acknowledgement came",
    )
}

type Outcome = Result<Written, (KafkaError, Persisted)>;

/// The producer's context: hands each acknowledgement to who waits for it.
#[derive(Debug)]
struct Acknowledgements {
    log: ClientLog,
}

impl ClientContext for Acknowledgements {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Fault>> {
        self.log.generate_oauth_token(config)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
    }
}

impl ProducerContext for Acknowledgements {
    type DeliveryOpaque = Box<oneshot::Sender<Outcome>>;

    fn delivery(&self, result: &DeliveryResult<'_>, done: Self::DeliveryOpaque) {
        let outcome = match result {
            Ok(message) => {
                self.log.answered();
                Ok(Written {
                    partition: message.partition(),
                    offset: message.offset(),
                })
            }
            Err((error, message)) => Err((error.clone(), status::of(message))),
        };
        // Who does not wait any more does not need to know.
        drop(done.send(outcome));
    }
}
