//! Reading topics back: for `status`, for tests, and for the checkpoint store.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::topic_partition_list::Offset;

use crate::blocking::{Deadline, blocking};
use crate::log::ClientLog;
use crate::producer::{creation, unreachable};
use crate::security::authorise;
use crate::{Error, KafkaConfig, Kind};

/// What a reader may see of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Only what is committed, up to the first transaction that is still open.
    Committed,
    /// Everything, what was aborted too.
    Uncommitted,
}

impl Isolation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "read_committed",
            Self::Uncommitted => "read_uncommitted",
        }
    }
}

/// A record read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The partition.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970-01-01T00:00:00Z, when the record has a time.
    pub timestamp_ms: Option<i64>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Incoming {
    /// How many bytes its key, value and headers have.
    #[must_use]
    pub fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers
    }

    /// The last header of that name: where there are several, the last counts.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut named = self.headers.iter().rev();
        let found = named.find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_slice())
    }
}

impl From<&BorrowedMessage<'_>> for Incoming {
    fn from(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers
                .iter()
                .map(|header| {
                    (
                        header.key.to_owned(),
                        header.value.unwrap_or_default().to_vec(),
                    )
                })
                .collect()
        });
        Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        }
    }
}

/// Reads topics from their beginning to the end they have when the call begins.
#[derive(Clone, Debug)]
pub struct Reader {
    config: KafkaConfig,
}

impl Reader {
    /// A reader; connects with the first call.
    #[must_use]
    pub fn new(config: &KafkaConfig) -> Self {
        Self {
            config: config.clone(),
        }
    }

    pub(crate) fn config(&self) -> &KafkaConfig {
        &self.config
    }

    /// All records of the topic, in the order of their partitions' offsets. For topics that fit into memory.
    ///
    /// # Errors
    /// As [`Reader::for_each`].
    pub async fn read(&self, topic: &str, isolation: Isolation) -> Result<Vec<Incoming>, Error> {
        let (config, topic) = (self.config.clone(), topic.to_owned());
        blocking(move || {
            let mut records = Vec::new();
            read_topic(&config, &topic, isolation, |record| records.push(record))?;
            Ok(records)
        })
        .await
    }

    /// Calls `f` with each record of the topic. If the future is dropped half-way the reading goes on in the background.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] when no broker answers, [`Kind::Topic`] when there is no such topic.
    pub async fn for_each<F>(&self, topic: &str, isolation: Isolation, f: F) -> Result<(), Error>
    where
        F: FnMut(Incoming) + Send + 'static,
    {
        let (config, topic) = (self.config.clone(), topic.to_owned());
        blocking(move || read_topic(&config, &topic, isolation, f)).await
    }

    /// Per partition the first offset there is and the end that a reader of that isolation may read to.
    ///
    /// # Errors
    /// As [`Reader::for_each`].
    pub async fn ends(
        &self,
        topic: &str,
        isolation: Isolation,
    ) -> Result<BTreeMap<i32, (i64, i64)>, Error> {
        let (config, topic) = (self.config.clone(), topic.to_owned());
        blocking(move || {
            let client = Client::new(&config, isolation)?;
            let count = client.partitions(&topic)?.ok_or_else(|| no_topic(&topic))?;
            (0..count)
                .map(|partition| Ok((partition, client.watermarks(&topic, partition)?)))
                .collect()
        })
        .await
    }
}

/// What a topic comes to: the latest value of each key; a key whose latest record is a tombstone is left out, and so are
/// records without a key. Give the records of one topic in the order they were read.
pub fn fold(records: impl IntoIterator<Item = Incoming>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut latest = BTreeMap::new();
    for record in records {
        match (record.key, record.value) {
            (Some(key), Some(value)) => {
                latest.insert(key, value);
            }
            (Some(key), None) => {
                latest.remove(&key);
            }
            (None, _) => {}
        }
    }
    latest
}

fn read_topic(
    config: &KafkaConfig,
    topic: &str,
    isolation: Isolation,
    mut f: impl FnMut(Incoming),
) -> Result<(), Error> {
    let client = Client::new(config, isolation)?;
    let count = client.partitions(topic)?.ok_or_else(|| no_topic(topic))?;
    let mut ends = BTreeMap::new();
    for partition in 0..count {
        ends.insert(partition, client.watermarks(topic, partition)?);
    }
    client.read(topic, &ends, |message| {
        f(message.into());
        Ok(())
    })
}

pub(crate) fn no_topic(topic: &str) -> Error {
    Error::new(Kind::Topic, format!("there is no topic {topic}"))
}

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
