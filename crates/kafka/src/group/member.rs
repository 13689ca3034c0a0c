//! The thread of a group's member: polls, and tells of changes from inside librdkafka's callback.

use std::collections::BTreeSet;
use std::error::Error as Fault;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::{Held, Membership, Place, StartAt};
use crate::log::ClientLog;
use crate::reader::passing;
use crate::{Error, Incoming, Kind};

/// The most records handed over at once.
const RECORDS: usize = 500;
/// No more is added to what is handed over when it has that many bytes.
const BYTES: usize = 1 << 20;
/// Between two looks whether anyone still listens.
const LOOK: Duration = Duration::from_millis(50);
/// How long a question may take that finds out whether a broker is there.
const PROBE: Duration = Duration::from_millis(500);
/// How long the group waits for one who has to let go of partitions.
const LET_GO: Duration = Duration::from_secs(30);

/// What the callback tells.
#[derive(Debug)]
pub(super) enum Change {
    Assigned {
        number: u64,
        partitions: Vec<i32>,
        membership: Membership,
    },
    Revoked {
        partitions: Vec<i32>,
        lost: bool,
        done: Option<SyncSender<()>>,
    },
}

/// A record, and the number of the last change before it was read.
#[derive(Debug)]
pub(super) struct Tagged {
    pub(super) number: u64,
    /// Of which topic: none of the group's, else which of those beside it.
    pub(super) beside: Option<usize>,
    pub(super) record: Incoming,
}

/// The consumer's context: turns rebalances into changes.
#[derive(Debug)]
pub(super) struct Context {
    log: Arc<ClientLog>,
    changes: mpsc::Sender<Change>,
    start: StartAt,
    timeout: Duration,
    /// Topics of which the same partitions are read as of the group's.
    beside: Vec<String>,
    number: AtomicU64,
}

impl Context {
    pub(super) fn new(
        log: Arc<ClientLog>,
        changes: mpsc::Sender<Change>,
        start: StartAt,
        timeout: Duration,
        beside: Vec<String>,
    ) -> Self {
        Self {
            log,
            changes,
            start,
            timeout,
            beside,
            number: AtomicU64::new(0),
        }
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList) {
        if self.start == StartAt::End {
            self.fix_ends(consumer, list);
        }
        let read = self.with_beside(list);
        let assigned = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(&read),
            RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.assign(&read),
        };
        if let Err(error) = assigned {
            tracing::warn!(error = %error, "partitions given by the group cannot be read");
            return;
        }
        let Some(membership) = consumer.group_metadata() else {
            return;
        };
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        // Who does not listen any more is about to leave.
        drop(self.changes.blocking_send(Change::Assigned {
            number,
            partitions: partitions(list),
            membership: Membership(Arc::new(membership)),
        }));
    }

    /// Those partitions and the same of the topics beside; without an offset the group's committed one counts.
    fn with_beside(&self, list: &TopicPartitionList) -> TopicPartitionList {
        let mut read = list.clone();
        for partition in partitions(list) {
            for topic in &self.beside {
                read.add_partition(topic, partition);
            }
        }
        read
    }

    /// An end that is known before anyone is told of the assignment: what is written after that is read.
    fn fix_ends(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList) {
        let wanted: Vec<_> = list
            .elements()
            .iter()
            .map(|element| (element.topic().to_owned(), element.partition()))
            .collect();
        for (topic, partition) in wanted {
            let end = match consumer.fetch_watermarks(&topic, partition, self.timeout) {
                Ok((_, end)) => Offset::Offset(end),
                Err(error) => {
                    tracing::warn!(topic, partition, error = %error, "the end of a partition is not known");
                    Offset::End
                }
            };
            if let Err(error) = list.set_partition_offset(&topic, partition, end) {
                tracing::warn!(topic, partition, error = %error, "a partition cannot be read from its end");
            }
        }
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let (done, waiting) = sync_channel(0);
        self.number.fetch_add(1, Ordering::Relaxed);
        let change = Change::Revoked {
            partitions: partitions(list),
            lost: consumer.assignment_lost(),
            done: Some(done),
        };
        if self.changes.blocking_send(change).is_ok()
            && waiting.recv_timeout(LET_GO) == Err(RecvTimeoutError::Timeout)
        {
            tracing::warn!("partitions were taken away while still in use");
        }
        let unassigned = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
            RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
        };
        if let Err(error) = unassigned {
            tracing::warn!(error = %error, "partitions taken by the group cannot be let go");
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    let elements = list.elements();
    elements.iter().map(|element| element.partition()).collect()
}

impl ClientContext for Context {
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

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, list);
        } else {
            self.revoke(consumer, list);
        }
    }
}

/// The polling thread.
pub(super) struct Member {
    pub(super) consumer: BaseConsumer<Context>,
    pub(super) topic: String,
    pub(super) records: mpsc::Sender<Vec<Tagged>>,
    pub(super) stop: Arc<AtomicBool>,
    /// Whether it has an instance name, and so leaves nothing when it ends.
    pub(super) stays: bool,
    /// Which partitions are not to be read for now.
    pub(super) wanted: Held,
    /// Which are not, since the change of that number.
    pub(super) paused: (BTreeSet<Place>, Option<u64>),
}

impl Member {
    /// Until nobody listens any more.
    pub(super) fn run(mut self) -> Result<(), Error> {
        let ended = self.read();
        self.leave();
        ended
    }

    fn read(&mut self) -> Result<(), Error> {
        self.consumer
            .subscribe(&[&self.topic])
            .map_err(|error| self.unreadable(error))?;
        let mut asked = Instant::now();
        while !self.stopped() {
            self.pause_and_resume()?;
            let records = self.take()?;
            if !records.is_empty() {
                self.hand_over(records)?;
            }
            // Nothing says by itself that a broker is back where there is nothing to read.
            if self.consumer.context().log.down().is_some() && asked.elapsed() > PROBE {
                if self
                    .consumer
                    .fetch_metadata(Some(&self.topic), PROBE)
                    .is_ok()
                {
                    self.consumer.context().log.answered();
                }
                asked = Instant::now();
            }
        }
        Ok(())
    }

    /// Serves the changes that are still to be heard of. One that is there when the consumer closes would block for ever: librdkafka answers
    /// no (un)assignment any more once it has left (its issue 4884, seen with 2.12.1). Who has an instance name stays in the group, as
    /// ever: its place is kept for who comes next under it.
    fn leave(&self) {
        if self.stays {
            while self.consumer.poll(Duration::ZERO).is_some() {}
            return;
        }
        self.consumer.unsubscribe();
        let begun = Instant::now();
        while begun.elapsed() < LET_GO {
            let quiet = self.consumer.poll(LOOK).is_none();
            let holds = self.consumer.assignment();
            if quiet && holds.is_ok_and(|holds| holds.count() == 0) {
                return;
            }
        }
        tracing::warn!(
            topic = self.topic,
            "a group is left with partitions still held"
        );
    }

    /// Does what was asked about partitions that are not to be read, and again when what is held has changed.
    fn pause_and_resume(&mut self) -> Result<(), Error> {
        let number = self.consumer.context().number.load(Ordering::Relaxed);
        let wanted = {
            // Nothing is done half-way under this lock.
            let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            let done = (&*wanted, Some(number));
            if done == (&self.paused.0, self.paused.1) {
                return Ok(());
            }
            wanted.clone()
        };
        let assigned = self.consumer.assignment();
        let assigned = assigned.map_err(|error| self.unreadable(error))?;
        let (mut pause, mut resume) = (TopicPartitionList::new(), TopicPartitionList::new());
        for held in assigned.elements() {
            let mut topics = self.consumer.context().beside.iter();
            let beside = topics.position(|topic| topic == held.topic());
            let place = (beside, held.partition());
            if wanted.contains(&place) {
                pause.add_partition(held.topic(), held.partition());
            } else if self.paused.0.contains(&place) {
                resume.add_partition(held.topic(), held.partition());
            }
        }
        self.consumer
            .pause(&pause)
            .and_then(|()| self.consumer.resume(&resume))
            .map_err(|error| self.unreadable(error))?;
        if !self.paused.0.is_subset(&wanted) {
            self.wake();
        }
        self.paused = (wanted, Some(number));
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.records.is_closed()
    }

    /// What there is: waits a little for the first record and takes what comes with it.
    fn take(&self) -> Result<Vec<Tagged>, Error> {
        let mut records = Vec::new();
        let mut bytes = 0;
        let mut wait = LOOK;
        while records.len() < RECORDS && bytes < BYTES {
            let Some(tagged) = self.poll(wait)? else {
                break;
            };
            bytes += tagged.record.size();
            records.push(tagged);
            // What is there already comes at once.
            wait = Duration::ZERO;
        }
        Ok(records)
    }

    fn poll(&self, wait: Duration) -> Result<Option<Tagged>, Error> {
        let context = self.consumer.context();
        match self.consumer.poll(wait) {
            Some(Ok(message)) => {
                context.log.answered();
                Ok(Some(Tagged {
                    number: context.number.load(Ordering::Relaxed),
                    beside: (message.topic() != self.topic)
                        .then(|| {
                            let mut topics = context.beside.iter();
                            topics.position(|topic| topic == message.topic())
                        })
                        .flatten(),
                    record: Incoming::from(&message),
                }))
            }
            Some(Err(error)) => self.judge(error).map(|()| None),
            None => Ok(None),
        }
    }

    /// Hands records over. While there is no room, what comes is put to them; reading pauses when that is as much as is handed over at
    /// once. Changes are served all the while.
    fn hand_over(&mut self, mut records: Vec<Tagged>) -> Result<(), Error> {
        let mut bytes: usize = records.iter().map(|tagged| tagged.record.size()).sum();
        let mut paused = false;
        while !self.stopped() {
            match self.records.try_send(records) {
                Ok(()) | Err(TrySendError::Closed(_)) => break,
                Err(TrySendError::Full(back)) => records = back,
            }
            if !paused
                && (records.len() >= RECORDS || bytes >= BYTES)
                && let Ok(held) = self.consumer.assignment()
            {
                self.consumer
                    .pause(&held)
                    .map_err(|error| self.unreadable(error))?;
                paused = true;
            }
            // A record may still come that was taken from the queue before the pause.
            let next = self.poll(Duration::from_millis(2))?;
            bytes += next.as_ref().map_or(0, |tagged| tagged.record.size());
            records.extend(next);
        }
        if paused {
            // Of what is held now: a partition that came in between is not paused, one that went is not ours to resume.
            let held = self.consumer.assignment();
            held.and_then(|held| self.consumer.resume(&held))
                .map_err(|error| self.unreadable(error))?;
            self.wake();
            // What was asked to stay paused is paused again before the next read.
            self.paused.1 = None;
        }
        Ok(())
    }

    /// Has librdkafka fetch again now. Its thread of a broker from which nothing was to be read looks once a second whether something is, and
    /// being resumed does not wake it (2.12.1, `rd_kafka_toppar_pause_resume`); a question to that broker does.
    fn wake(&self) {
        let Ok(mut asked) = self.consumer.assignment() else {
            return;
        };
        // Where they end, which nobody wants to know; where there is no answer there is nothing to fetch either.
        if asked.set_all_offsets(Offset::End).is_ok() {
            drop(self.consumer.offsets_for_times(asked, PROBE));
        }
    }

    fn judge(&self, error: KafkaError) -> Result<(), Error> {
        match error.rdkafka_error_code() {
            Some(Code::FencedInstanceId | Code::Fatal) => Err(Error::new(
                Kind::Fenced,
                "another member of the group has taken this one's instance name",
            )
            .caused_by(error)),
            // The group tries again by itself, and a topic may be about to be created.
            Some(
                Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::UnknownPartition
                | Code::PollExceeded
                | Code::RebalanceInProgress
                | Code::IllegalGeneration
                | Code::UnknownMemberId
                | Code::AutoOffsetReset,
            ) => Ok(()),
            _ if passing(&error) => Ok(()),
            _ => Err(self.unreadable(error)),
        }
    }

    fn unreadable(&self, error: KafkaError) -> Error {
        Error::new(Kind::Topic, format!("topic {} cannot be read", self.topic)).caused_by(error)
    }
}
