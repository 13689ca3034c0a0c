//! Acknowledgements: one number per partition instead of a future per record.
//!
//! librdkafka's polling thread calls [`Deliveries::delivery`] for each record; that takes an uncontended lock and moves one
//! end offset. The thread that writes the batch waits for the count of its round.

use std::error::Error as Fault;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::ProducerContext;

use crate::blocking::Deadline;
use crate::log::ClientLog;
use crate::{KafkaConfig, Tails};

/// How many topics one transaction may write to: the number of a topic rides with each record.
const TOPICS: usize = 1 << 16;

/// The producer's context: counts what is acknowledged.
#[derive(Debug)]
pub(crate) struct Deliveries {
    pub(crate) log: ClientLog,
    state: Mutex<State>,
    reached: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Tells this round's acknowledgements from late ones of a round that was given up.
    round: usize,
    acknowledged: usize,
    /// Wake the writer when that many are acknowledged.
    wake_at: usize,
    /// Per topic of the round, per partition: the end, or nothing written.
    ends: Vec<Vec<Option<i64>>>,
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    topic: usize,
    partition: i32,
    error: KafkaError,
}

/// One transaction's records, on the writer's side.
#[derive(Debug)]
pub(crate) struct Round {
    number: usize,
    topics: Vec<Arc<str>>,
    sent: usize,
}

impl Round {
    /// What rides with a record for that topic.
    pub(crate) fn opaque(&mut self, topic: &Arc<str>) -> usize {
        let known = self
            .topics
            .iter()
            .position(|known| Arc::ptr_eq(known, topic) || known == topic);
        let index = known.unwrap_or_else(|| {
            self.topics.push(Arc::clone(topic));
            self.topics.len() - 1
        });
        (self.number * TOPICS) | (index % TOPICS)
    }

    pub(crate) fn sent(&mut self) {
        self.sent += 1;
    }
}

impl Deliveries {
    pub(crate) fn new(config: &KafkaConfig) -> Self {
        Self {
            log: ClientLog::new(config),
            state: Mutex::default(),
            reached: Condvar::new(),
        }
    }

    /// Begins to count anew.
    pub(crate) fn begin(&self) -> Round {
        let mut state = self.state();
        // Wrapped at 2^32, so that number and topic fit one word.
        state.round = (state.round + 1) % (1 << 32);
        state.acknowledged = 0;
        state.wake_at = usize::MAX;
        state.ends.clear();
        state.failure = None;
        Round {
            number: state.round,
            topics: Vec::new(),
            sent: 0,
        }
    }

    /// Waits until all that was sent in this round is acknowledged, and tells where its partitions end.
    ///
    /// An error when one record was not written, or the deadline passed first.
    pub(crate) fn wait(
        &self,
        round: &Round,
        deadline: Deadline,
    ) -> Result<Tails, (String, KafkaError)> {
        let mut state = self.state();
        state.wake_at = round.sent;
        while state.acknowledged < round.sent && state.failure.is_none() && !deadline.passed() {
            let waited = self.reached.wait_timeout(state, deadline.remaining());
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.wake_at = usize::MAX;
        if let Some(Failure {
            topic,
            partition,
            error,
        }) = &state.failure
        {
            let topic = round.topics.get(*topic).map_or("?", |topic| topic);
            return Err((
                format!("a record for topic {topic} partition {partition} was not written"),
                error.clone(),
            ));
        }
        if state.acknowledged < round.sent {
            let open = round.sent - state.acknowledged;
            let error = KafkaError::Flush(rdkafka::error::RDKafkaErrorCode::OperationTimedOut);
            return Err((
                format!("{open} of {} records not acknowledged in time", round.sent),
                error,
            ));
        }
        let mut tails = Tails::default();
        for (topic, partitions) in round.topics.iter().zip(&state.ends) {
            for (partition, end) in (0..).zip(partitions) {
                if let Some(end) = end {
                    tails.advance(topic, partition, *end);
                }
            }
        }
        Ok(tails)
    }

    /// Waits a little, until something more is acknowledged: the queue is full.
    pub(crate) fn wait_for_room(&self, round: &Round) {
        let mut state = self.state();
        if state.acknowledged < round.sent && state.failure.is_none() {
            state.wake_at = state.acknowledged + 1;
            let waited = self.reached.wait_timeout(state, Duration::from_millis(100));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.wake_at = usize::MAX;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds this lock panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
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

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let (round, topic) = (opaque / TOPICS, opaque % TOPICS);
        let mut state = self.state();
        if round != state.round {
            return;
        }
        match result {
            Ok(message) => {
                let end = message.offset() + 1;
                if let Ok(partition) = usize::try_from(message.partition()) {
                    if state.ends.len() <= topic {
                        state.ends.resize_with(topic + 1, Vec::new);
                    }
                    if let Some(ends) = state.ends.get_mut(topic) {
                        if ends.len() <= partition {
                            ends.resize(partition + 1, None);
                        }
                        if let Some(known) = ends.get_mut(partition) {
                            *known = Some(known.map_or(end, |known| end.max(known)));
                        }
                    }
                }
            }
            Err((error, message)) => {
                if state.failure.is_none() {
                    state.failure = Some(Failure {
                        topic,
                        partition: message.partition(),
                        error: error.clone(),
                    });
                    self.reached.notify_all();
                }
            }
        }
        state.acknowledged += 1;
        if state.acknowledged >= state.wake_at {
            self.reached.notify_all();
            drop(state);
            self.log.answered();
        }
    }
}
