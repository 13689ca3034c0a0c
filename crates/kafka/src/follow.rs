//! Following a topic for ever, from given offsets, without a consumer group: the control log, views of a topic.
//!
//! In: a [`Follow`]. Out: [`Step`]s, in the order of each partition's offsets, and the moment at which everything that was there
//! when the following began has been given. A broker that is away is waited for, and so is a topic that is not there yet.
//! Reading happens on a thread of its own; what waits to be taken is bounded, by count and by bytes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;
use tokio::sync::mpsc;

use crate::blocking::Deadline;
use crate::log::ClientLog;
use crate::producer::creation;
use crate::reader::{Client, passing};
use crate::security::authorise;
use crate::{Error, Incoming, Isolation, KafkaConfig, Kind, Truncation};

/// The most records of one [`Step`].
const RECORDS: usize = 1_000;
/// No more is added to a step that has that many bytes.
const BYTES: usize = 1 << 20;
/// How many steps may wait to be taken.
const WAITING: usize = 2;
/// Between two looks whether anyone still listens.
const LOOK: Duration = Duration::from_millis(50);
/// Between two tries to find a broker or a topic.
const RETRY: Duration = Duration::from_millis(250);
/// Between two looks whether the topic got more partitions.
const PARTITIONS: Duration = Duration::from_secs(60);

/// What to follow.
#[derive(Clone, Debug)]
pub struct Follow {
    /// The topic.
    pub topic: String,
    /// What to see of transactions.
    pub isolation: Isolation,
    /// Per partition the first offset wanted; the beginning of those that are not named.
    pub from: BTreeMap<i32, i64>,
}

impl Follow {
    /// All that is committed, from the beginning.
    pub fn committed(topic: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            isolation: Isolation::Committed,
            from: BTreeMap::new(),
        }
    }
}

/// What came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Records, those of one partition in the order of their offsets. May be empty.
    pub records: Vec<Incoming>,
    /// Partitions whose end was reached after these records, and the offset before which everything that this reader may see
    /// has been given.
    pub ends: BTreeMap<i32, i64>,
    /// Whether, with this step, all that was there when the following began has been given. Stays true.
    pub caught_up: bool,
}

/// Gives the records of a topic as they come. Dropped, it stops reading.
#[derive(Debug)]
pub struct Follower {
    steps: mpsc::Receiver<Result<Step, Error>>,
    stop: Arc<AtomicBool>,
}

impl Follower {
    /// Begins to follow. Contacts the broker in the background.
    ///
    /// # Errors
    /// [`Kind::Config`] for settings that librdkafka does not take, [`Kind::Retriable`] when the system gives no thread.
    pub fn start(config: &KafkaConfig, follow: Follow) -> Result<Self, Error> {
        let mut client = config.consumer(follow.isolation.as_str())?;
        // A fetch waits at the broker until something comes; the end of an empty topic is told that much later.
        client.set("fetch.wait.max.ms", "50");
        client.set("queued.max.messages.kbytes", "16384");
        let consumer: BaseConsumer<ClientLog> = client
            .create_with_context(ClientLog::new(config))
            .map_err(creation)?;
        authorise(config.tokens().as_ref(), consumer.client())?;
        let (sender, steps) = mpsc::channel(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let reading = Reading {
            config: config.clone(),
            consumer,
            follow,
            sender,
            stop: Arc::clone(&stop),
            at: BTreeMap::new(),
            goals: BTreeMap::new(),
        };
        std::thread::Builder::new()
            .name("kafka-follow".to_owned())
            .spawn(move || reading.run())
            .map_err(|error| {
                Error::new(Kind::Retriable, "no thread to follow a topic with").caused_by(error)
            })?;
        Ok(Self { steps, stop })
    }

    /// The next step. May be dropped at any time: nothing is lost.
    ///
    /// # Errors
    /// [`Kind::Truncated`] when the topic does not have the offset to begin from or go on at (cut, made anew, or expired), and
    /// [`Kind::Topic`] when it cannot be read. After an error there are no more steps: follow anew.
    pub async fn next(&mut self) -> Result<Step, Error> {
        self.steps.recv().await.unwrap_or_else(|| {
            Err(Error::new(
                Kind::Retriable,
                "the following of a topic has ended",
            ))
        })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The reading thread.
struct Reading {
    config: KafkaConfig,
    consumer: BaseConsumer<ClientLog>,
    follow: Follow,
    sender: mpsc::Sender<Result<Step, Error>>,
    stop: Arc<AtomicBool>,
    /// Per assigned partition the offset before which everything has been given.
    at: BTreeMap<i32, i64>,
    /// Per partition that is not yet where the topic ended at the start: that end.
    goals: BTreeMap<i32, i64>,
}

impl Reading {
    fn run(mut self) {
        if let Err(error) = self.follow()
            && !self.stopped()
        {
            // Who went away in this moment does not need to know.
            drop(self.sender.blocking_send(Err(error)));
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.sender.is_closed()
    }

    /// Until nobody listens any more.
    fn follow(&mut self) -> Result<(), Error> {
        let Some(count) = self.wait_for_topic()? else {
            return Ok(());
        };
        self.begin(0..count)?;
        if self.goals.is_empty() {
            let ends = self.at.clone();
            self.give(Step {
                records: Vec::new(),
                ends,
                caught_up: true,
            });
        }
        let mut looked = Instant::now();
        while !self.stopped() {
            let step = self.step()?;
            if !step.records.is_empty() || !step.ends.is_empty() {
                self.give(step);
            }
            if looked.elapsed() > PARTITIONS {
                looked = Instant::now();
                self.look_for_partitions()?;
            }
        }
        Ok(())
    }

    fn give(&self, step: Step) {
        // A closed channel is seen by `stopped`.
        drop(self.sender.blocking_send(Ok(step)));
    }

    /// How many partitions the topic has, once it is there.
    fn wait_for_topic(&self) -> Result<Option<i32>, Error> {
        let client = self.asking()?;
        let mut told = false;
        while !self.stopped() {
            match client.partitions(&self.follow.topic) {
                Ok(Some(count)) if count > 0 => return Ok(Some(count)),
                Ok(_) if !told => {
                    tracing::info!(
                        topic = self.follow.topic,
                        "waiting for the topic to be created"
                    );
                    told = true;
                }
                Ok(_) => {}
                Err(error) if error.kind() == Kind::Unreachable => {}
                Err(error) => return Err(error),
            }
            std::thread::park_timeout(RETRY);
        }
        Ok(None)
    }

    /// Assigns those partitions besides the ones that are assigned already.
    fn begin(&mut self, partitions: std::ops::Range<i32>) -> Result<(), Error> {
        let client = self.asking()?;
        for partition in partitions {
            let Some((first, end)) = self.watermarks(&client, partition)? else {
                return Ok(());
            };
            let from = self.follow.from.get(&partition).copied().unwrap_or(first);
            if from < first || from > end {
                return Err(self.truncated(partition, from, Some(end)));
            }
            self.at.insert(partition, from);
            if from < end {
                self.goals.insert(partition, end);
            }
        }
        let mut list = TopicPartitionList::new();
        for (partition, from) in &self.at {
            list.add_partition_offset(&self.follow.topic, *partition, Offset::Offset(*from))
                .map_err(|error| self.unreadable(error))?;
        }
        self.consumer
            .assign(&list)
            .map_err(|error| self.unreadable(error))
    }

    /// A client for questions: while it waits it polls, and must not be given what the reading one is.
    fn asking(&self) -> Result<Client, Error> {
        Client::new(&self.config, self.follow.isolation)
    }

    fn watermarks(&self, client: &Client, partition: i32) -> Result<Option<(i64, i64)>, Error> {
        while !self.stopped() {
            match client.watermarks(&self.follow.topic, partition) {
                Ok(found) => return Ok(Some(found)),
                Err(error) if error.kind() == Kind::Unreachable => std::thread::park_timeout(RETRY),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// What there is: waits for the first record or end, and takes what comes with it.
    fn step(&mut self) -> Result<Step, Error> {
        let mut step = Step::default();
        let mut bytes = 0;
        let mut wait = Deadline::after(LOOK);
        while step.records.len() < RECORDS && bytes < BYTES {
            let polled = self.consumer.poll(wait.remaining());
            match polled {
                Some(Ok(message)) => {
                    self.consumer.context().answered();
                    let (partition, offset) = (message.partition(), message.offset());
                    let record = Incoming::from(&message);
                    drop(message);
                    // What an older assignment had queued.
                    if self.at.get(&partition).is_some_and(|at| offset < *at) {
                        continue;
                    }
                    bytes += record.size();
                    step.records.push(record);
                    self.moved(partition, offset + 1);
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.consumer.context().answered();
                    // All there was when the goal was set stands before this end, markers of transactions included.
                    if let Some(goal) = self.goals.get(&partition).copied() {
                        self.moved(partition, goal);
                    }
                    if let Some(at) = self.at.get(&partition) {
                        step.ends.insert(partition, *at);
                    }
                }
                Some(Err(error)) => self.judge(error)?,
                None => break,
            }
            // What is there already comes at once.
            wait = Deadline::after(Duration::ZERO);
        }
        step.caught_up = self.goals.is_empty();
        Ok(step)
    }

    fn moved(&mut self, partition: i32, to: i64) {
        let at = self.at.entry(partition).or_insert(to);
        *at = to.max(*at);
        if self.goals.get(&partition).is_some_and(|goal| *at >= *goal) {
            self.goals.remove(&partition);
        }
    }

    fn judge(&self, error: KafkaError) -> Result<(), Error> {
        match error.rdkafka_error_code() {
            // The offset is out of range, and `auto.offset.reset` says that this is an error.
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                let client = self.asking()?;
                for (partition, at) in &self.at {
                    match client.watermarks(&self.follow.topic, *partition) {
                        Ok((first, end)) if *at < first || *at > end => {
                            return Err(self.truncated(*partition, *at, Some(end)));
                        }
                        _ => {}
                    }
                }
                Err(self.unreadable(error))
            }
            // Deleted, and perhaps about to be made anew.
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
                let (partition, at) = self
                    .at
                    .first_key_value()
                    .map_or((0, 0), |(p, at)| (*p, *at));
                Err(self.truncated(partition, at, None))
            }
            _ if passing(&error) => Ok(()),
            _ => Err(self.unreadable(error)),
        }
    }

    /// A topic may get more partitions while it is followed.
    fn look_for_partitions(&mut self) -> Result<(), Error> {
        let known = i32::try_from(self.at.len()).unwrap_or(i32::MAX);
        match self.asking()?.partitions(&self.follow.topic) {
            Ok(Some(count)) if count > known => {
                tracing::info!(
                    topic = self.follow.topic,
                    count,
                    "the topic has more partitions"
                );
                self.begin(known..count)
            }
            _ => Ok(()),
        }
    }

    fn truncated(&self, partition: i32, wanted: i64, found: Option<i64>) -> Error {
        Error::truncated(Truncation {
            topic: self.follow.topic.clone(),
            partition,
            wanted,
            found,
        })
    }

    fn unreadable(&self, error: KafkaError) -> Error {
        Error::new(
            Kind::Topic,
            format!("topic {} cannot be read", self.follow.topic),
        )
        .caused_by(error)
    }
}
