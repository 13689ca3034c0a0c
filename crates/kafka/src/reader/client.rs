//! A consumer of partitions that it is given, blocking: what all reading to an end goes through, and questions about topics.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::topic_partition_list::Offset;

use super::Isolation;
use crate::blocking::Deadline;
use crate::log::ClientLog;
use crate::producer::{creation, unreachable};
use crate::security::authorise;
use crate::{Error, KafkaConfig, Kind};

/// A consumer that reads assigned partitions; blocking.
pub(crate) struct Client {
    consumer: BaseConsumer<ClientLog>,
    bootstrap: String,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(config: &KafkaConfig, isolation: Isolation) -> Result<Self, Error> {
        Self::of(config, &config.consumer(isolation.as_str())?)
    }

    fn of(config: &KafkaConfig, client: &ClientConfig) -> Result<Self, Error> {
        let consumer: BaseConsumer<ClientLog> = client
            .create_with_context(ClientLog::new(config))
            .map_err(creation)?;
        authorise(config.tokens().as_ref(), consumer.client())?;
        Ok(Self {
            consumer,
            bootstrap: config.bootstrap.clone(),
            timeout: config.timeout,
        })
    }

    /// One that may ask how far a group is; it does not join it.
    pub(crate) fn of_group(config: &KafkaConfig, group: &str) -> Result<Self, Error> {
        let mut client = config.consumer(Isolation::Committed.as_str())?;
        client.set("group.id", group);
        Self::of(config, &client)
    }

    /// How far the group of this client is.
    pub(crate) fn committed(&self, list: &TopicPartitionList) -> Result<TopicPartitionList, Error> {
        self.ask(|wait| self.consumer.committed_offsets(list.clone(), wait))
    }

    /// How many partitions the topic has; `None` when there is no such topic.
    pub(crate) fn partitions(&self, topic: &str) -> Result<Option<i32>, Error> {
        Ok(self.partitions_and_leaders(topic)?.map(|(count, _)| count))
    }

    /// As [`Client::partitions`], and whether someone leads each of them.
    pub(crate) fn partitions_and_leaders(&self, topic: &str) -> Result<Option<(i32, bool)>, Error> {
        let metadata = self.ask(|wait| self.consumer.fetch_metadata(Some(topic), wait))?;
        let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
            return Ok(None);
        };
        match found.error().map(Code::from) {
            None | Some(Code::LeaderNotAvailable) => {
                let led = |part: &MetadataPartition| part.leader() >= 0 && part.error().is_none();
                Ok(Some((count(found), found.partitions().iter().all(led))))
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => Ok(None),
            Some(code) => Err(
                Error::new(Kind::Topic, format!("topic {topic} cannot be read")).caused_by(code),
            ),
        }
    }

    /// How many partitions each topic has.
    pub(crate) fn topics(&self) -> Result<BTreeMap<String, i32>, Error> {
        let metadata = self.ask(|wait| self.consumer.fetch_metadata(None, wait))?;
        let usable = metadata
            .topics()
            .iter()
            .filter(|topic| topic.error().is_none());
        Ok(usable
            .map(|topic| (topic.name().to_owned(), count(topic)))
            .collect())
    }

    /// First offset and end. The end is the last stable offset for a reader of committed records (librdkafka 1.7.1 and
    /// later), the high watermark for the other.
    pub(crate) fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), Error> {
        self.ask(|wait| self.consumer.fetch_watermarks(topic, partition, wait))
    }

    pub(crate) fn offsets_for_times(
        &self,
        times: TopicPartitionList,
        wait: Duration,
    ) -> KafkaResult<TopicPartitionList> {
        self.consumer.offsets_for_times(times, wait)
    }

    /// Asks until there is an answer or the time is up: librdkafka gives up a question as soon as one connection breaks.
    pub(crate) fn ask<T>(&self, question: impl Fn(Duration) -> KafkaResult<T>) -> Result<T, Error> {
        let deadline = Deadline::after(self.timeout);
        loop {
            match question(deadline.remaining().max(Duration::from_millis(10))) {
                Ok(answer) => {
                    self.consumer.client().context().answered();
                    return Ok(answer);
                }
                Err(error) if passing(&error) && !deadline.passed() => self.pause(),
                Err(error) if passing(&error) => return Err(self.silent().caused_by(error)),
                Err(error) => {
                    return Err(
                        Error::new(Kind::Topic, "kafka refused to tell about a topic")
                            .caused_by(error),
                    );
                }
            }
        }
    }

    /// Reads each partition from the first of its two offsets (or the first there still is) up to the second, or to where the
    /// broker says that there is no more: what stands just before an end may be a transaction's marker, which is no record.
    pub(crate) fn read(
        &self,
        topic: &str,
        ranges: &BTreeMap<i32, (i64, i64)>,
        mut f: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let unreadable = |error: KafkaError| {
            Error::new(Kind::Topic, format!("topic {topic} cannot be read")).caused_by(error)
        };
        let mut open = BTreeMap::new();
        let mut list = TopicPartitionList::new();
        for (partition, (start, end)) in ranges {
            if start < end {
                open.insert(*partition, *end);
                let start = if *start == 0 {
                    Offset::Beginning
                } else {
                    Offset::Offset(*start)
                };
                list.add_partition_offset(topic, *partition, start)
                    .map_err(unreadable)?;
            }
        }
        // A new assignment also throws away what an older one left in the queue, its ends above all.
        self.consumer.assign(&list).map_err(unreadable)?;
        let mut silence = Deadline::after(self.timeout);
        while !open.is_empty() {
            match self.next(silence)? {
                Some(Event::Record(message)) => {
                    silence = Deadline::after(self.timeout);
                    let Some(end) = open.get(&message.partition()).copied() else {
                        continue;
                    };
                    if message.offset() < end {
                        f(&message)?;
                    }
                    if message.offset() + 1 >= end {
                        open.remove(&message.partition());
                    }
                }
                Some(Event::End(partition)) => {
                    silence = Deadline::after(self.timeout);
                    open.remove(&partition);
                }
                None => return Err(self.silent()),
            }
        }
        Ok(())
    }

    /// Reads nothing more ahead, where a reading was ended early.
    pub(crate) fn rest(&self) {
        // What is left assigned costs memory, and the next reading assigns anew.
        drop(self.consumer.unassign());
    }

    /// The next record or end, or nothing until the deadline.
    pub(crate) fn next(&self, deadline: Deadline) -> Result<Option<Event<'_>>, Error> {
        loop {
            match self
                .consumer
                .poll(deadline.remaining().min(Duration::from_millis(100)))
            {
                Some(Ok(message)) => {
                    self.consumer.client().context().answered();
                    return Ok(Some(Event::Record(message)));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.consumer.client().context().answered();
                    return Ok(Some(Event::End(partition)));
                }
                Some(Err(error)) if passing(&error) => {}
                Some(Err(error)) => {
                    return Err(Error::new(Kind::Topic, "reading failed").caused_by(error));
                }
                None => {}
            }
            if deadline.passed() {
                return Ok(None);
            }
        }
    }

    /// Nothing came for as long as this client waits.
    fn silent(&self) -> Error {
        // The reason waits in the queue of events.
        for _ in 0..64 {
            if self.consumer.poll(Duration::ZERO).is_none() {
                break;
            }
        }
        let reason = self.consumer.client().context().reason();
        unreachable(&self.bootstrap, self.timeout, reason.as_deref())
    }

    /// Waits a moment between two questions, while events are served.
    pub(crate) fn pause(&self) {
        // Nothing is assigned: this only lets time pass.
        drop(self.consumer.poll(Duration::from_millis(20)));
    }
}

pub(crate) fn no_topic(topic: &str) -> Error {
    Error::new(Kind::Topic, format!("there is no topic {topic}"))
}

fn count(topic: &MetadataTopic) -> i32 {
    i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX)
}

/// What a reader comes upon.
pub(crate) enum Event<'a> {
    Record(BorrowedMessage<'a>),
    /// There is no more in that partition for now.
    End(i32),
}

/// Errors that librdkafka gets over by itself when the broker returns.
pub(crate) fn passing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::OperationTimedOut
                | Code::Resolve
                | Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
                | Code::BrokerNotAvailable
                | Code::RequestTimedOut
                | Code::NetworkException
        )
    )
}
