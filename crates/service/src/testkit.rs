//! A handler tried without a broker: requests in; replies, events, retries and dead letters out.
//!
//! Everything between the topic of requests and the transaction is the service's own code: headers, deadlines, de-duplication, order,
//! retries, dead letters. Only Kafka is missing. Time is tokio's: under `#[tokio::test(start_paused = true)]` retries take none.
//!
//! ```
//! use service::testkit::{Ask, TestKit};
//! use service::{HandlerError, Reply, Request};
//!
//! async fn echo(request: Request) -> Result<Reply, HandlerError> {
//!     if request.body.is_empty() {
//!         return Err(HandlerError::reject("nothing to say"));
//!     }
//!     Ok(Reply::json(200, request.body))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(async {
//! let mut kit = TestKit::new(echo);
//! let done = kit.ask(Ask::new("hello")).await;
//! assert_eq!((done.status(), done.body()), (Some(200), &b"hello"[..]));
//! let done = kit.ask(Ask::new("")).await;
//! assert_eq!(done.status(), Some(422));
//! assert_eq!(done.dead_letter.expect("a dead letter").kind, "rejected");
//! # });
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use kafka::reply as name;
use kafka::{Incoming, KafkaConfig, Outgoing};
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::ServiceConfig;
use crate::count::{Count, Counts};
use crate::decide::now_ms;
use crate::decode::Raw;
use crate::handler::Handler;
use crate::outcome::Done;
use crate::parked::Parked;
use crate::partition::{Partition, Shared};
use crate::replies::Replies;
use crate::seen::{Seen, Stored};

/// The topic of replies that requests of the kit name.
const REPLIES: &str = "replies";

/// A request to be tried. Its reply goes to the kit.
#[derive(Clone, Debug)]
pub struct Ask {
    id: Uuid,
    key: Option<Bytes>,
    body: Bytes,
    headers: Vec<(String, Bytes)>,
}

impl Ask {
    /// A request of that body, under an id that no other has, without a key.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            id: Uuid::new_v4(),
            key: None,
            body: body.into(),
            headers: Vec::new(),
        }
    }

    /// The same with that key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same under that id: two of one id are one request, sent twice.
    #[must_use]
    pub fn id(mut self, id: Uuid) -> Self {
        self.id = id;
        self
    }

    /// The same with one more header (`kafka::reply` has the names that the gateway uses).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same of that media type.
    #[must_use]
    pub fn content_type(self, content_type: &str) -> Self {
        self.header(name::CONTENT_TYPE, content_type.to_owned())
    }

    /// The same for comparison only.
    #[must_use]
    pub fn shadow(self) -> Self {
        self.header(name::SHADOW, "true")
    }

    /// The same with a deadline that has passed.
    #[must_use]
    pub fn expired(self) -> Self {
        self.header(name::DEADLINE, (now_ms() - 1).to_string())
    }

    fn raw(self, offset: i64) -> Raw {
        let mut headers = vec![
            (
                name::REQUEST_ID.to_owned(),
                Bytes::copy_from_slice(self.id.as_bytes()),
            ),
            (
                name::REPLY_TOPIC.to_owned(),
                Bytes::from_static(REPLIES.as_bytes()),
            ),
        ];
        headers.extend(self.headers);
        Raw {
            partition: 0,
            offset,
            level: 0,
            origin: offset,
            timestamp_ms: Some(now_ms()),
            key: self.key,
            value: Some(self.body),
            headers,
        }
    }
}

/// What one request left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The record on the topic of replies; none when the request was dropped.
    pub reply: Option<Outgoing>,
    /// The handler's events, in their order.
    pub events: Vec<Outgoing>,
    /// The dead letter, if it became one.
    pub dead_letter: Option<DeadLetter>,
    /// The records that carried it through topics of retries, in their order.
    pub parked: Vec<Outgoing>,
    /// Whether it was answered before and got the stored reply.
    pub duplicate: bool,
    /// Whether it was dropped because its deadline had passed.
    pub expired: bool,
}

/// A dead letter, in the SDK's words.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// `rejected`, `undecodable`, `retried`, `timeout` and so on.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// The record on the topic of dead letters.
    pub record: Outgoing,
}

impl Outcome {
    /// The status of the reply.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let reply = self.reply.as_ref()?;
        let status = header(reply, name::STATUS)?;
        str::from_utf8(status).ok()?.parse().ok()
    }

    /// The body of the reply; empty without one.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        let reply = self.reply.as_ref();
        reply
            .and_then(|reply| reply.value.as_deref())
            .unwrap_or_default()
    }

    fn of(done: Done, config: &ServiceConfig) -> Self {
        let mut outcome = Self {
            reply: None,
            events: Vec::new(),
            dead_letter: None,
            parked: Vec::new(),
            duplicate: done.counts.contains(&Count::Duplicate),
            expired: done.counts.contains(&Count::Expired),
        };
        for record in done.records {
            if *record.topic == *REPLIES {
                outcome.reply = Some(record);
            } else if *record.topic == *config.dead_letters {
                let said = |name| {
                    let value = header(&record, name).unwrap_or_default();
                    String::from_utf8_lossy(value).into_owned()
                };
                outcome.dead_letter = Some(DeadLetter {
                    kind: said("figway-dlq-kind"),
                    reason: said("figway-dlq-reason"),
                    record,
                });
            } else if *record.topic != *config.seen {
                outcome.events.push(record);
            }
        }
        outcome
    }
}

fn header<'a>(record: &'a Outgoing, name: &str) -> Option<&'a [u8]> {
    let mut headers = record.headers.iter().rev();
    let found = headers.find(|(found, _)| found == name);
    found.map(|(_, value)| &**value)
}

/// A service of one handler and one partition without a broker.
#[derive(Debug)]
pub struct TestKit<H> {
    shared: Arc<Shared<H>>,
    partition: Option<Partition>,
    next: i64,
    /// In topics of retries.
    places: i64,
    /// What a broker would keep: replies to ids, in order.
    answered: Vec<(Uuid, Stored)>,
}

impl<H: Handler> TestKit<H> {
    /// With the settings that a service has by itself.
    pub fn new(handler: H) -> Self {
        Self::with(handler, |_| {})
    }

    /// With other settings. The headers of dead letters stay ours.
    pub fn with(handler: H, set: impl FnOnce(&mut ServiceConfig)) -> Self {
        let kafka = KafkaConfig::at("localhost:1");
        let mut config = ServiceConfig::new(kafka, "requests", "testkit");
        set(&mut config);
        config.dead_letter_headers = crate::DeadLetterHeaders::Figway;
        let mut shared = Shared::new(config, handler);
        shared.replies = Replies::assumed();
        Self {
            shared: Arc::new(shared),
            partition: None,
            next: 0,
            places: 0,
            answered: Vec::new(),
        }
    }

    /// The service's numbers: how often a handler wanted to be asked again is among them.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts.clone()
    }

    /// What one request leaves behind.
    ///
    /// # Panics
    /// When the handler says that the service cannot go on.
    pub async fn ask(&mut self, ask: Ask) -> Outcome {
        let mut outcomes = self.ask_all(vec![ask]).await;
        outcomes.pop().expect("one request has one outcome")
    }

    /// What requests leave behind that come at the same time, in their order.
    ///
    /// # Panics
    /// When the handler says that the service cannot go on.
    pub async fn ask_all(&mut self, asks: Vec<Ask>) -> Vec<Outcome> {
        let mut partition = self.take();
        let first = self.next;
        for ask in asks {
            partition.push(ask.raw(self.next));
            self.next += 1;
        }
        let (mut outcomes, mut carried) = (BTreeMap::new(), BTreeMap::<_, Vec<_>>::new());
        while (first..self.next).any(|offset| !outcomes.contains_key(&offset)) {
            if !partition.is_ready(Instant::now())
                && let Some(at) = partition.next_retry()
            {
                tokio::time::sleep_until(at).await;
            }
            let handled = partition.handle(Arc::clone(&self.shared), usize::MAX).await;
            assert!(handled.fatal.is_none(), "{:?}", handled.fatal);
            partition = handled.partition;
            for mut done in handled.done {
                for count in &done.counts {
                    self.shared.counts.add(*count, 1);
                }
                self.answered.extend(done.answer.clone());
                let origin = done.raw.origin;
                if let Some(level) = done.parked
                    && let Some(record) = done.records.pop()
                {
                    partition.push(self.read_back(&record, level));
                    carried.entry(origin).or_default().push(record);
                    continue;
                }
                let mut outcome = Outcome::of(done, &self.shared.config);
                outcome.parked = carried.remove(&origin).unwrap_or_default();
                outcomes.insert(origin, outcome);
            }
        }
        self.partition = Some(partition);
        debug_assert!(outcomes.keys().copied().eq(first..self.next));
        outcomes.into_values().collect()
    }

    /// As when the service was ended and another of the same name has taken its place: the handler is told, and what is known of
    /// requests is what was committed.
    ///
    /// # Errors
    /// What [`Handler::assigned`] fails with.
    pub async fn restart(&mut self) -> Result<(), crate::HandlerError> {
        self.shared.handler.revoked(&[0]).await;
        self.partition = None;
        self.shared.handler.assigned(&[0]).await
    }

    /// A record of a topic of retries, as it is read again.
    fn read_back(&mut self, record: &Outgoing, level: usize) -> Raw {
        self.places += 1;
        let headers = record.headers.iter();
        let incoming = Incoming {
            partition: 0,
            offset: self.places,
            timestamp_ms: Some(now_ms()),
            key: record.key.as_deref().map(<[u8]>::to_vec),
            value: record.value.as_deref().map(<[u8]>::to_vec),
            headers: headers
                .map(|(name, value)| (name.clone(), value.to_vec()))
                .collect(),
        };
        Raw::parked(incoming, level)
    }

    fn take(&mut self) -> Partition {
        self.partition.take().unwrap_or_else(|| {
            let mut seen = Seen::new(self.shared.config.window);
            for (id, stored) in &self.answered {
                seen.insert(*id, stored.clone(), now_ms());
            }
            let config = &self.shared.config;
            Partition::new(seen, config.order, config.levels(), Parked::default())
        })
    }
}

#[cfg(test)]
mod tests;
