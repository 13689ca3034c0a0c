//! A backend behind Kafka: a request goes to a topic, its reply comes to a partition that this gateway holds.
//!
//! In: an [`Ask`]; out: the reply as a [`Response`]. Connecting happens in the background and is never waited for: without Kafka, or
//! without a partition of replies, an ask fails at once and nothing was sent. The wait for a reply ends with the reply, with the loss
//! of its partition, or at its deadline; a reply that comes after that is counted and dropped. Requests of one key
//! go to one partition, in the order in which they were asked.

mod desk;
mod form;
mod large;
mod link;
mod promised;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ::http::StatusCode;
use ::http::header::CONTENT_TYPE;
use bytes::Bytes;
use kafka::{Incoming, KafkaConfig, Kind as Cause, Outgoing, Producer, reply as name, writeback};
use payload::{Packed, Policy};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use uuid::Uuid;

use self::desk::{Closed, Desk, Reply};
pub use self::form::{Correlation, Form};
use self::large::Large;
pub use self::promised::{replayed, to_be_found};
use super::{Ask, Call, DeadlineWatch};
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::{Payload, Response};
use crate::metrics::Metrics;
use crate::outcome::{self, Outcomes};
use crate::route::{Delivery, Effect, Ours};

/// What a record needs besides its body: the limit of a message counts headers and key as well.
const BESIDES: u32 = 64 << 10;

/// What a record's value can have.
#[must_use]
pub fn room(kafka: &KafkaConfig) -> u32 {
    kafka.max_message.saturating_sub(BESIDES)
}

/// Where a reply is to go, and what it is found by.
struct ReplyAt<'a> {
    topic: &'a str,
    partition: i32,
    correlation: [u8; 16],
    /// On everyone's clock.
    deadline_ms: i64,
    /// Under which id the service is to know the request.
    id: Uuid,
    fingerprint: Option<u128>,
}

/// Which topics, and how much at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The brokers.
    pub kafka: KafkaConfig,
    /// The topic of requests; the service creates it.
    pub requests: String,
    /// The topic of replies; created when it is missing. At most as many gateways get replies as it has partitions.
    pub replies: String,
    /// Which headers requests and replies have.
    pub form: Form,
    /// The most requests that wait for their replies; one more is refused.
    pub max_in_flight: usize,
    /// Which way bodies travel, by their size.
    pub payload: Policy,
    /// Where it is kept what became of requests, if it is.
    pub outcomes: Option<outcome::Config>,
}

/// A service behind Kafka. Dropping it ends the connection; who waits for a reply then learns that it is lost.
#[derive(Debug)]
pub struct Service {
    config: Arc<Config>,
    desk: Arc<Desk>,
    producer: Producer,
    large: Large,
    outcomes: Option<Outcomes>,
    task: AbortHandle,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    /// Connects in the background. Must be called inside a runtime.
    ///
    /// # Errors
    /// librdkafka does not take the settings.
    pub fn open(config: Config, metrics: &Metrics) -> Result<Self, kafka::Error> {
        let producer = Producer::open(&config.kafka, config.kafka.timeout)?;
        let large = Large::new(
            config.payload,
            room(&config.kafka),
            config.kafka.payloads()?,
        );
        let outcomes = config.outcomes.clone().map(Outcomes::open).transpose()?;
        let config = Arc::new(config);
        let desk = Arc::new(Desk::new(
            config.max_in_flight,
            metrics.late_replies().clone(),
        ));
        let running = link::run(Arc::clone(&config), Arc::clone(&desk));
        Ok(Self {
            config,
            desk,
            producer,
            large,
            outcomes,
            task: tokio::spawn(running).abort_handle(),
        })
    }

    /// Why an ask would fail now: no Kafka, no topic, no partition of replies. For health and its page.
    #[must_use]
    pub fn unavailable(&self) -> Option<Closed> {
        self.desk.closed()
    }

    /// Waits until one would not.
    pub(crate) async fn available(&self) {
        let behind = || self.outcomes().is_some_and(|outcomes| !outcomes.is_ready());
        while self.unavailable().is_some() || behind() {
            tokio::time::sleep(link::LOOK).await;
        }
    }

    /// How many requests wait for their replies.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let kept = self.outcomes().map_or(0, Outcomes::in_flight);
        self.desk.in_flight().saturating_add(kept)
    }

    /// What became of requests, where that is kept.
    #[must_use]
    pub fn outcomes(&self) -> Option<&Outcomes> {
        self.outcomes.as_ref()
    }

    fn refused(&self, closed: Closed) -> BackendError {
        let error = |kind| BackendError::new(kind, Sent::No);
        match closed {
            Closed::Full => error(Kind::Overloaded).because(closed),
            Closed::Away | Closed::NoPartition => error(Kind::Unavailable).because(closed),
            Closed::NoTopic => error(Kind::Unavailable).because(format!(
                "the topic {} or {} is not there yet",
                self.config.requests, self.config.replies
            )),
        }
    }

    /// A reply as an answer, whichever way its body travels.
    async fn answer(&self, reply: Incoming) -> Result<Response, BackendError> {
        let body = self.large.give(&reply).await?;
        let response = self.config.form.response(reply)?;
        Ok(match body {
            Some(payload) => Response {
                payload,
                ..response
            },
            None => response,
        })
    }

    /// The record of a request; without a place for its reply one that nobody waits for.
    fn record(&self, ask: &Ask, body: Packed, reply: Option<&ReplyAt<'_>>) -> Outgoing {
        let mut headers = Vec::with_capacity(21);
        if let Some(at) = reply {
            let form = &self.config.form;
            headers.extend(form.address(at.topic, at.partition, at.correlation));
        }
        let id = reply.map_or(ask.id, |at| at.id);
        let mut put = |name: &str, value: Bytes| headers.push((name.to_owned(), value));
        put(name::REQUEST_ID, Bytes::from(id.to_string()));
        if let Some(at) = reply {
            put(name::DEADLINE, Bytes::from(at.deadline_ms.to_string()));
        }
        if let Some(fingerprint) = reply.and_then(|at| at.fingerprint) {
            let fingerprint = Bytes::copy_from_slice(&fingerprint.to_be_bytes());
            put(name::FINGERPRINT, fingerprint);
        }
        put(name::ROUTE, Bytes::copy_from_slice(ask.route.as_bytes()));
        put(name::EFFECT, Bytes::from_static(effect(ask.effect)));
        put(
            name::METHOD,
            Bytes::copy_from_slice(ask.parts.method.as_str().as_bytes()),
        );
        let path = ask
            .parts
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str());
        put(name::PATH, Bytes::copy_from_slice(path.as_bytes()));
        if ask.shadow {
            put(name::SHADOW, Bytes::from_static(b"true"));
        }
        if let Some(back) = &ask.back {
            writeback::mark(back, &mut headers);
        }
        let mut put = |name: &str, value: Bytes| headers.push((name.to_owned(), value));
        // W3C trace context goes on under its own names.
        for field in [CONTENT_TYPE.as_str(), "traceparent", "tracestate"] {
            if let Some(value) = ask.parts.headers.get(field) {
                put(field, Bytes::copy_from_slice(value.as_bytes()));
            }
        }
        headers.extend(self.large.headers(&body, reply.is_some()));
        Outgoing {
            topic: self.config.requests.as_str().into(),
            partition: None,
            // Without a key of the route the request's own: the same request goes to the same partition each time.
            key: Some(
                ask.key
                    .clone()
                    .unwrap_or_else(|| Bytes::copy_from_slice(id.as_bytes())),
            ),
            value: Some(body.value),
            headers,
            timestamp_ms: None,
        }
    }
}

impl Call for Service {
    /// Dropped half-way the request may be executed until its deadline has passed; its reply is then late.
    async fn call(&self, mut ask: Box<Ask>) -> Result<Response, BackendError> {
        if let Some(promise) = ask.promise.take() {
            return Box::pin(self.promised(ask, *promise)).await;
        }
        let forgets = match ask.delivery {
            // What is asked for later has a promise.
            Delivery::Reply | Delivery::Async(_) => None,
            Delivery::Forget(status) => Some(status),
        };
        // Before the body, so that a client learns soon, and no more bodies are taken at a time than requests may wait.
        let seat = match forgets {
            None => self.desk.seat(),
            Some(_) => self.desk.seat_for_body(),
        }
        .map_err(|closed| self.refused(closed))?;
        let body = self.large.take(&mut ask).await?;
        if let Some(status) = forgets {
            drop(seat);
            let record = self.record(&ask, body, None);
            written(&self.producer, record, ask.deadline).await?;
            return Ok(accepted(status));
        }
        let (ticket, reply) = seat.admit().map_err(|closed| self.refused(closed))?;
        let at = ReplyAt {
            topic: &self.config.replies,
            partition: ticket.partition(),
            correlation: ticket.id(),
            deadline_ms: unix_ms(ask.deadline),
            id: ask.id,
            fingerprint: None,
        };
        let record = self.record(&ask, body, Some(&at));
        let reply = async { delivered(reply.await) };
        let reply = receive(&self.producer, record, reply, ask.deadline).await?;
        self.answer(reply).await
    }

    fn deadline_watch(&self) -> DeadlineWatch {
        DeadlineWatch::Itself
    }
}

/// Sends, and waits until all replicas in sync have it.
async fn written(
    producer: &Producer,
    record: Outgoing,
    deadline: Instant,
) -> Result<(), BackendError> {
    match tokio::time::timeout_at(deadline, producer.send(record)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(not_sent(error)),
        Err(_) => Err(BackendError::new(Kind::Unconfirmed, Sent::Maybe)),
    }
}

/// Sends, and waits for the reply; the reply also stands for an acknowledgement that is still on its way.
async fn receive(
    producer: &Producer,
    record: Outgoing,
    reply: impl Future<Output = Result<Incoming, BackendError>>,
    deadline: Instant,
) -> Result<Incoming, BackendError> {
    let sending = producer.send(record);
    let over = tokio::time::sleep_until(deadline);
    tokio::pin!(sending, over, reply);
    let mut is_written = false;
    loop {
        tokio::select! {
            biased;
            reply = &mut reply => return reply,
            sent = &mut sending, if !is_written => match sent {
                Ok(_) => is_written = true,
                Err(error) => return Err(not_sent(error)),
            },
            () = &mut over => {
                let kind = if is_written { Kind::Timeout } else { Kind::Unconfirmed };
                return Err(BackendError::new(kind, Sent::Maybe));
            }
        }
    }
}

fn delivered(reply: Result<Reply, oneshot::error::RecvError>) -> Result<Incoming, BackendError> {
    match reply {
        Ok(Reply::Came(record)) => Ok(record),
        Ok(Reply::Lost) | Err(_) => Err(BackendError::new(Kind::LostReply, Sent::Maybe)),
    }
}

fn not_sent(error: kafka::Error) -> BackendError {
    let (kind, sent) = match error.kind() {
        Cause::UnknownOutcome => (Kind::Unconfirmed, Sent::Maybe),
        Cause::Retriable => (Kind::Overloaded, Sent::No),
        _ if error.is_too_large() => (Kind::TooLarge, Sent::No),
        _ => (Kind::NotWritten, Sent::No),
    };
    BackendError::new(kind, sent).because(error)
}

/// What stands for a reply that nobody waits for.
fn accepted(status: StatusCode) -> Response {
    let (mut parts, ()) = ::http::Response::new(()).into_parts();
    parts.status = status;
    parts.extensions.insert(Ours);
    Response {
        parts,
        payload: Payload::bytes(Bytes::new()),
        spelling: h1::Spelling::default(),
        side: None,
    }
}

fn effect(effect: Effect) -> &'static [u8] {
    match effect {
        Effect::Read => b"read",
        Effect::Idempotent => b"idempotent",
        Effect::Write => b"write",
    }
}

/// The deadline on everyone's clock. Gateways and services are to keep their clocks together (NTP).
fn unix_ms(deadline: Instant) -> i64 {
    let left = deadline.saturating_duration_since(Instant::now());
    outcome::now_ms().saturating_add(i64::try_from(left.as_millis()).unwrap_or(i64::MAX))
}
