//! The service on Kafka: requests from `lot.requests`, replies and events in one transaction.
//!
//! In: requests as the SDK gives them. Out: replies with their events. Everything is decided by [`decide`]; here the state is
//! kept: captured topics are followed ([`Projection`]), own events are restored from [`EVENTS`] whenever partitions are given to
//! this instance, and forgotten when they are taken or when what was handled was not committed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::service::{Handler, HandlerError, Service, ServiceConfig};
use bytes::Bytes;
use kafka::{Isolation, KafkaConfig, Outgoing, Reader, TopicSpec, Topics};
use ops::shutdown::Shutdown;
use tokio::sync::watch;

use super::{EVENTS, Event, Projection, Request, Rounding, State, decide};
use crate::error::{Error, Kind, Result};
use crate::together::join;

/// Where requests come in.
pub const REQUESTS: &str = "lot.requests";
/// The consumer group, which is the service's name.
pub const GROUP: &str = "lot-service";

/// The lot service. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct LotService {
    projection: Projection,
    rounding: Arc<Mutex<Rounding>>,
    reader: Reader,
    /// Whether the service's own events are in the state.
    restored: Arc<watch::Sender<bool>>,
}

impl LotService {
    /// Makes its topic of events and begins to follow what is captured, until `shutdown` begins.
    ///
    /// # Errors
    /// [`Kind::Kafka`] when the topic cannot be made.
    pub async fn start(
        kafka: &KafkaConfig,
        partitions: i32,
        rounding: Arc<Mutex<Rounding>>,
        shutdown: &Shutdown,
    ) -> Result<LotService> {
        let events = TopicSpec::data(EVENTS, Some(partitions), kafka);
        Topics::new(kafka)
            .ensure(&[events])
            .await
            .map_err(|error| {
                Error::new(
                    Kind::Kafka,
                    "the lot service's topic of events cannot be used",
                )
                .because(error)
            })?;
        Ok(LotService {
            projection: Projection::start(kafka, shutdown)?,
            rounding,
            reader: Reader::new(kafka),
            restored: Arc::new(watch::Sender::new(false)),
        })
    }

    /// Answers requests until `shutdown` begins. Dropped, it is gone as by a kill: what was not committed is handled again by
    /// whoever comes next.
    ///
    /// # Errors
    /// [`Kind::Kafka`] when it cannot go on.
    pub async fn run(
        &self,
        kafka: &KafkaConfig,
        partitions: i32,
        shutdown: &Shutdown,
    ) -> Result<()> {
        let mut config = ServiceConfig::new(kafka.clone(), REQUESTS, GROUP);
        config.partitions = Some(partitions);
        Service::new(config, self.clone())
            .run(shutdown)
            .await
            .map_err(|error| Error::new(Kind::Kafka, "the lot service ended").because(error))
    }

    /// Looks at the state.
    pub fn with<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        self.projection.with(|state| f(state))
    }

    /// Waits until it has been given partitions and restored what it did itself: from then on requests are answered.
    pub async fn ready(&self) {
        // The sender lives as long as this handle.
        drop(
            self.restored
                .subscribe()
                .wait_for(|restored| *restored)
                .await,
        );
    }

    /// Waits until everything that was captured before the start is known.
    ///
    /// # Errors
    /// As [`Projection::caught_up`].
    pub async fn caught_up(&self) -> Result<()> {
        self.projection.caught_up().await
    }

    fn rounding(&self) -> Rounding {
        *self.rounding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &::service::Request) -> Result<::service::Reply, HandlerError> {
        if !*self.restored.borrow() {
            return Err(HandlerError::retry(SOON, "own events are being restored"));
        }
        let asked = Request::read(&request.body)
            .map_err(|unreadable| HandlerError::reject(unreadable.to_string()))?;
        let rounding = self.rounding();
        // Between the decision and what follows from it nobody else decides.
        let decision = self.projection.with(|state| {
            let decision = decide(state, &asked, rounding);
            if !request.shadow {
                for event in &decision.events {
                    state.happened(event);
                }
                if let (Request::Posting(posting), true) = (&asked, decision.events.is_empty()) {
                    state.repeated(&posting.reference);
                }
            }
            decision
        });
        let mut reply = ::service::Reply::json(200, decision.reply.to_json());
        if decision.events.is_empty() {
            // Legacy is not to hear of what was refused, or done before.
            reply = reply.without_change();
        }
        for event in &decision.events {
            let value = event
                .to_json()
                .map_err(|error| HandlerError::fatal(error.to_string()))?;
            let key = Bytes::copy_from_slice(event.key().as_bytes());
            reply = reply.event(Outgoing::new(EVENTS, Some(key), Some(Bytes::from(value))));
        }
        Ok(reply)
    }
}

/// Adds an event; what cannot be read stays as the error it is.
fn take(events: &Mutex<Result<Vec<Event>>>, value: Option<&[u8]>) {
    let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Ok(read), Some(value)) = (&mut *events, value) {
        match Event::from_json(value) {
            Ok(event) => read.push(event),
            Err(error) => *events = Err(error),
        }
    }
}

/// How long a predecessor's transaction may stay undecided.
const PATIENCE: Duration = Duration::from_secs(60);

/// When to look again.
const SOON: Duration = Duration::from_millis(10);

impl Handler for LotService {
    async fn handle(&self, request: ::service::Request) -> Result<::service::Reply, HandlerError> {
        self.answer(&request)
    }

    /// All own events are read, whichever partitions came: a reference may have been used for another lot.
    async fn assigned(&self, _partitions: &[i32]) -> Result<(), HandlerError> {
        let fatal = |error: &dyn std::fmt::Display| HandlerError::fatal(error.to_string());
        self.caught_up().await.map_err(|error| fatal(&error))?;
        let ends = self.reader.ends(EVENTS, Isolation::Uncommitted).await;
        let ends = ends.map_err(|error| fatal(&error))?;
        let read = Arc::new(Mutex::new(Ok(Vec::new())));
        let settling = ends.into_keys().map(|partition| {
            let into = Arc::clone(&read);
            self.reader
                .settled(EVENTS, partition, 0, PATIENCE, move |record| {
                    take(&into, record.value.as_deref());
                })
        });
        for settled in join(settling.collect()).await {
            settled.map_err(|error| fatal(&error))?;
        }
        let events = std::mem::replace(
            &mut *read.lock().unwrap_or_else(PoisonError::into_inner),
            Ok(Vec::new()),
        )
        .map_err(|error| fatal(&error))?;
        self.projection.with(|state| {
            state.forget_own();
            for event in &events {
                state.happened(event);
            }
        });
        self.restored.send_replace(true);
        Ok(())
    }

    async fn revoked(&self, _partitions: &[i32]) {
        self.restored.send_replace(false);
        self.projection.with(State::forget_own);
    }
}
