//! A member of a consumer group: records of the partitions it was given, and word of every change of what it is given.
//!
//! In: a [`Subscription`]. Out: [`GroupEvent`]s. A change comes before any record that was read under it, and no record of a
//! partition comes after its revocation. The group waits, within bounds, until a [`Revocation`] is dropped, so that what was
//! begun with its partitions can be brought to an end. Positions are committed by whoever processes the records, in a
//! transaction ([`crate::TransactionalProducer::commit_consumed`]), or not at all. Reading happens on a thread of its own; what
//! waits to be taken is bounded.

mod member;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use tokio::sync::mpsc;

use crate::log::ClientLog;
use crate::producer::creation;
use crate::security::authorise;
use crate::{Error, Incoming, Isolation, KafkaConfig, Kind};
use member::{Change, Context, Member, Tagged};

/// How many batches of records may wait to be taken.
const WAITING: usize = 2;
/// How many changes may wait to be taken.
const CHANGES: usize = 16;

/// Where a partition is read from when it is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The group's committed offset; the beginning when there is none.
    Committed,
    /// The end it has in that moment: what comes from then on. Committed offsets do not count.
    End,
}

/// What a [`GroupConsumer`] subscribes to.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The topic.
    pub topic: String,
    /// The group.
    pub group: String,
    /// A name that no other member of the group has and that stays over restarts (`group.instance.id`, KIP-345): a restarted
    /// member gets its partitions back at once. Without one a member that was killed is missed only after its session.
    pub instance: Option<String>,
    /// Where partitions are read from.
    pub start: StartAt,
}

/// What a member learns.
#[derive(Debug)]
pub enum GroupEvent {
    /// Partitions were given to this member, besides the ones it has.
    Assigned {
        /// Which.
        partitions: Vec<i32>,
        /// What their offsets are committed with.
        membership: Membership,
    },
    /// Partitions are taken away; the group waits until this is dropped.
    Revoked(Revocation),
    /// Records of partitions it has, those of one partition in the order of their offsets.
    Records(Vec<Incoming>),
}

/// A member's standing in its group, at one time (member and generation): a commit with one that has passed is refused (KIP-447).
#[derive(Clone)]
pub struct Membership(pub(crate) Arc<ConsumerGroupMetadata>);

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Membership")
    }
}

/// Partitions that are taken away. Drop it when nothing is under way with them any more.
#[derive(Debug)]
pub struct Revocation {
    /// Which.
    pub partitions: Vec<i32>,
    /// Whether they are gone already: another member may have them, and nothing can be committed for them any more.
    pub lost: bool,
    _done: Option<std::sync::mpsc::SyncSender<()>>,
}

/// A member of a group. Dropped, it leaves (a member with an instance name keeps its place for the length of its session).
#[derive(Debug)]
pub struct GroupConsumer {
    changes: mpsc::Receiver<Change>,
    records: mpsc::Receiver<Vec<Tagged>>,
    failure: mpsc::Receiver<Error>,
    stop: Arc<AtomicBool>,
    log: Arc<ClientLog>,
    /// Per partition held the number of the change that gave it.
    held: BTreeMap<i32, u64>,
    /// Records of topics beside the group's that nobody has taken yet.
    beside: VecDeque<(usize, Incoming)>,
    /// Partitions that are not to be read for now.
    wanted: Held,
}

/// A partition of the group's topic (none), or of the topic beside it of that number.
pub type Place = (Option<usize>, i32);

/// Partitions that are not to be read.
type Held = Arc<Mutex<BTreeSet<Place>>>;

impl GroupConsumer {
    /// Joins the group in the background; an absent broker is waited for.
    ///
    /// # Errors
    /// [`Kind::Config`] for settings that librdkafka does not take, [`Kind::Retriable`] when the system gives no thread.
    pub fn join(config: &KafkaConfig, subscription: &Subscription) -> Result<Self, Error> {
        Self::join_beside(config, subscription, &[])
    }

    /// The same for one that reads other topics besides: of each of them always the partitions that it has of the group's topic, from
    /// the group's committed offsets, or from their beginning. They must have as many partitions. Their records come by
    /// [`GroupConsumer::take_beside`]; [`StartAt::Committed`] only.
    ///
    /// # Errors
    /// As [`GroupConsumer::join`].
    pub fn join_beside(
        config: &KafkaConfig,
        subscription: &Subscription,
        beside: &[String],
    ) -> Result<Self, Error> {
        let mut client = config.consumer(Isolation::Committed.as_str())?;
        client.set("group.id", &subscription.group);
        if let Some(instance) = &subscription.instance {
            client.set("group.instance.id", instance);
        }
        let (reset, strategy) = match subscription.start {
            StartAt::Committed => ("earliest", "range"),
            // Only what moves is taken away: waits for the rest go on.
            StartAt::End => ("latest", "cooperative-sticky"),
        };
        client.set("auto.offset.reset", reset);
        client.set("partition.assignment.strategy", strategy);
        client.set("enable.partition.eof", "false");
        client.set("session.timeout.ms", "10000");
        client.set("heartbeat.interval.ms", "1000");
        // A fetch waits at the broker until something comes, and a partition newly assigned waits for that fetch.
        client.set("fetch.wait.max.ms", "100");
        client.set("queued.max.messages.kbytes", "16384");
        let log = Arc::new(ClientLog::new(config));
        let (change_sender, changes) = mpsc::channel(CHANGES);
        let context = Context::new(
            Arc::clone(&log),
            change_sender,
            subscription.start,
            config.timeout,
            beside.to_vec(),
        );
        let consumer: BaseConsumer<Context> =
            client.create_with_context(context).map_err(creation)?;
        authorise(config.tokens().as_ref(), consumer.client())?;
        let (record_sender, records) = mpsc::channel(WAITING);
        let (failed, failure) = mpsc::channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let wanted = Held::default();
        let member = Member {
            consumer,
            topic: subscription.topic.clone(),
            records: record_sender,
            stop: Arc::clone(&stop),
            stays: subscription.instance.is_some(),
            wanted: Arc::clone(&wanted),
            paused: (BTreeSet::new(), None),
        };
        std::thread::Builder::new()
            .name("kafka-group".to_owned())
            .spawn(move || {
                if let Err(error) = member.run() {
                    // Who went away in this moment does not need to know.
                    drop(failed.try_send(error));
                }
            })
            .map_err(|error| {
                Error::new(Kind::Retriable, "no thread to read a topic with").caused_by(error)
            })?;
        Ok(Self {
            changes,
            records,
            failure,
            stop,
            log,
            held: BTreeMap::new(),
            beside: VecDeque::new(),
            wanted,
        })
    }

    /// Records of topics beside, each with the number of its topic, that came with the last event: it may have been one of no records.
    /// None of them is of a partition that is not held any more.
    pub fn take_beside(&mut self) -> Vec<(usize, Incoming)> {
        std::mem::take(&mut self.beside).into()
    }

    /// Which partitions are not to be read for now; records that are on their way still come. One that is read again is fetched again.
    pub fn hold(&self, places: BTreeSet<Place>) {
        // Nothing is done half-way under this lock.
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = places;
    }

    /// The next event; changes come before records. May be dropped at any time: nothing is lost.
    ///
    /// # Errors
    /// [`Kind::Fenced`] when another member has taken this one's instance name, [`Kind::Topic`] when the topic cannot be read.
    /// After an error nothing comes any more: join anew.
    pub async fn next(&mut self) -> Result<GroupEvent, Error> {
        loop {
            let tagged = tokio::select! {
                biased;
                Some(change) = self.changes.recv() => return Ok(self.changed(change)),
                Some(tagged) = self.records.recv() => tagged,
                failure = self.failure.recv() => return Err(failure.unwrap_or_else(ended)),
            };
            if let Some(records) = self.admit(tagged) {
                return Ok(GroupEvent::Records(records));
            }
        }
    }

    /// The next change, while records wait: for one who has enough to do. May be dropped at any time.
    ///
    /// # Errors
    /// As [`GroupConsumer::next`].
    pub async fn next_change(&mut self) -> Result<GroupEvent, Error> {
        tokio::select! {
            biased;
            Some(change) = self.changes.recv() => Ok(self.changed(change)),
            failure = self.failure.recv() => Err(failure.unwrap_or_else(ended)),
        }
    }

    /// A change that is here already, without waiting.
    pub fn try_change(&mut self) -> Option<GroupEvent> {
        let change = self.changes.try_recv().ok()?;
        Some(self.changed(change))
    }

    /// Records that are here already, without waiting; none when there are none or a change comes first.
    pub fn try_records(&mut self) -> Option<Vec<Incoming>> {
        while self.changes.is_empty() {
            let tagged = self.records.try_recv().ok()?;
            if let Some(records) = self.admit(tagged) {
                return Some(records);
            }
        }
        None
    }

    /// Why no broker answers, when that is so. It is looked for in the background, and this ends by itself.
    #[must_use]
    pub fn away(&self) -> Option<String> {
        self.log.down()
    }

    fn changed(&mut self, change: Change) -> GroupEvent {
        match change {
            Change::Assigned {
                number,
                partitions,
                membership,
            } => {
                self.held
                    .extend(partitions.iter().map(|partition| (*partition, number)));
                GroupEvent::Assigned {
                    partitions,
                    membership,
                }
            }
            Change::Revoked {
                partitions,
                lost,
                done,
            } => {
                for partition in &partitions {
                    self.held.remove(partition);
                }
                self.beside
                    .retain(|(_, record)| !partitions.contains(&record.partition));
                GroupEvent::Revoked(Revocation {
                    partitions,
                    lost,
                    _done: done,
                })
            }
        }
    }

    /// Those records that belong to what is held.
    fn admit(&mut self, tagged: Vec<Tagged>) -> Option<Vec<Incoming>> {
        let (mut records, before) = (Vec::new(), self.beside.len());
        for tagged in tagged {
            let since = self.held.get(&tagged.record.partition);
            if since.is_none_or(|since| *since > tagged.number) {
                continue;
            }
            match tagged.beside {
                None => records.push(tagged.record),
                Some(topic) => self.beside.push_back((topic, tagged.record)),
            }
        }
        (!records.is_empty() || self.beside.len() > before).then_some(records)
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn ended() -> Error {
    Error::new(Kind::Retriable, "the reading of a topic has ended")
}
