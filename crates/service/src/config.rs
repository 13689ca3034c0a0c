//! What a service is started with.

use std::time::Duration;

use kafka::KafkaConfig;
use payload::{Payloads, Policy};

use crate::dead_letter::DeadLetterHeaders;

/// How a [`crate::Service`] runs.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// The brokers.
    pub kafka: KafkaConfig,
    /// The topic of requests.
    pub requests: String,
    /// How many partitions the topic of requests gets when it is created here; the broker's default when none is given. The topic of
    /// what was seen always has as many.
    pub partitions: Option<i32>,
    /// The consumer group: the service's name.
    pub group: String,
    /// This instance's name: another for each instance that runs at the same time, and the same after a restart, which then takes
    /// over at once what the instance had. Two with the same name fence each other.
    pub instance: String,
    /// The topic of requests that could not be processed.
    pub dead_letters: String,
    /// Whose headers dead letters have.
    pub dead_letter_headers: DeadLetterHeaders,
    /// The topic of what was answered.
    pub seen: String,
    /// How many partitions are worked on at the same time.
    pub concurrency: usize,
    /// Which requests of a partition are handled one after the other.
    pub order: Order,
    /// The most requests of one transaction.
    pub batch: usize,
    /// How far duplicates are known.
    pub window: Window,
    /// Where requests wait that are tried again.
    pub retries: Retries,
    /// How long a request that has no deadline of its own is tried again after [`crate::HandlerError::Retry`] before it becomes a
    /// dead letter. With [`Retries::Topics`] their number counts instead.
    pub retry_for: Duration,
    /// The longest a handler may take for one request, also when the request's deadline is later. Then its future is dropped, and the
    /// request becomes a dead letter of the kind `timeout` (or, past its own deadline, is dropped as expired). Others of its
    /// partition that are done before it, and other partitions, do not wait for it.
    pub handle_for: Duration,
    /// Where bodies are that are too large for a record ([`KafkaConfig::payloads`]). Without one, requests that refer to a body
    /// there are dead letters.
    pub payloads: Option<Payloads>,
    /// What becomes of requests whose body is in the store.
    pub large: Large,
    /// Which way bodies of replies travel, as far as their askers read them there.
    pub replies: Policy,
}

/// What becomes of requests whose body is in the store, or compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Large {
    /// The largest body that is given whole, as [`crate::Request::body`], in bytes.
    pub whole: u64,
    /// What becomes of a larger one.
    pub beyond: Beyond,
}

/// What becomes of a request whose body is not given whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It is a dead letter, and its client gets 413.
    Refused,
    /// The handler gets it, with [`crate::Request::large`] for the body and nothing as [`crate::Request::body`].
    Streamed,
}

impl Default for Large {
    fn default() -> Self {
        Self {
            whole: 16 << 20,
            beyond: Beyond::Refused,
        }
    }
}

/// Which requests of one partition wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All: they are handled one after the other, in the order of their offsets.
    Partition,
    /// Those of one key, and those of one request id: they are handled one after the other, in the order of their offsets. Others
    /// are handled side by side, in one task: a handler that computes for long does so on a thread of its own
    /// (`tokio::task::spawn_blocking`). Requests without a key wait for none.
    ///
    /// What is done behind a request that is not (it takes long, or is tried again) is held back until that is done too, at most two
    /// batches of it: a group's position in a partition is one number, and what stands before it is never handled again. Where the
    /// deadline of one passes meanwhile it does not count: the service begins anew behind what is committed, and drops it as expired.
    Key {
        /// The most requests of one partition under way.
        at_once: usize,
    },
}

/// Where requests wait that are to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retries {
    /// Where they are: what is behind them (with [`Order::Key`]: of their key) waits in the topic of requests.
    Blocking,
    /// In topics of their own, `<requests>.retry.1` and so on, of as many partitions as the topic of requests, with the headers of Spring's
    /// retry topics: what is behind them goes on. A request is tried once at first and once after each delay, and is then a dead
    /// letter; the time in [`crate::HandlerError::Retry`] does not count.
    ///
    /// The order of keys stays: later requests of a key that has a parked one are parked behind it, and so are requests sent again
    /// that are parked. So a client may wait for a delay although its own request would be answered at once.
    Topics {
        /// How long requests stay in each of the topics.
        delays: Vec<Duration>,
        /// The most parked requests of one partition; what is to be tried again beyond that waits where it is.
        most: usize,
    },
}

/// How far back duplicates are known, per partition; whichever bound is met first. A duplicate whose deadline has passed is dropped
/// in any case, so the window needs to be no longer than the longest deadline of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// For how long.
    pub time: Duration,
    /// For how many requests.
    pub count: usize,
    /// For how many bytes of stored replies.
    pub bytes: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(15 * 60),
            count: 50_000,
            bytes: 32 << 20,
        }
    }
}

impl ServiceConfig {
    /// The defaults: topics `<requests>.dlq` and `<requests>.seen`, instance `1`, 8 partitions at a time and within each
    /// one request after the other, 100 requests per
    /// transaction, 30 seconds for a handler.
    pub fn new(kafka: KafkaConfig, requests: impl Into<String>, group: impl Into<String>) -> Self {
        let requests = requests.into();
        Self {
            kafka,
            partitions: None,
            group: group.into(),
            instance: "1".to_owned(),
            dead_letters: kafka::reply::dead_letters_of(&requests),
            dead_letter_headers: DeadLetterHeaders::default(),
            seen: kafka::reply::seen_of(&requests),
            requests,
            concurrency: 8,
            order: Order::Partition,
            retries: Retries::Blocking,
            batch: 100,
            window: Window::default(),
            retry_for: Duration::from_secs(30),
            handle_for: Duration::from_secs(30),
            payloads: None,
            large: Large::default(),
            replies: Policy::plain(usize::MAX),
        }
    }

    /// The same under another instance's name.
    #[must_use]
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = name.into();
        self
    }

    /// How many topics of retries there are.
    pub(crate) fn levels(&self) -> usize {
        match &self.retries {
            Retries::Blocking => 0,
            Retries::Topics { delays, .. } => delays.len(),
        }
    }

    /// The name of the topic of retries of that number, from 1.
    pub(crate) fn retry_topic(&self, level: usize) -> String {
        format!("{}.retry.{level}", self.requests)
    }

    /// The transactional id, and the group's instance id: one name, so that both fence the same.
    pub(crate) fn identity(&self) -> String {
        format!("{}.{}", self.group, self.instance)
    }
}
