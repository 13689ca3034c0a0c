//! One stay in the group of appliers: takes writes, has legacy execute them, commits what came of it.
//!
//! Ends when the gateway does, or when it is simplest and safest to forget everything and begin from what is committed. Every commit carries the
//! membership under which its records were read (KIP-447): who has lost a partition commits nothing of it any more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kafka::{
    Consumed, GroupConsumer, GroupEvent, Kind, Membership, Outgoing, StartAt, Subscription,
    TransactionalProducer,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::entry::{Entry, Resolution};
use super::group::Group;
use super::restore;
use super::told;
use super::window::{self, Came, Step, Window};
use super::{End, Place, now_ms};

/// How long writes under way may take when partitions are taken away, or the gateway ends. The group waits a little longer.
const LAST: Duration = Duration::from_secs(25);
/// How long it may take to keep what came of them when the gateway ends.
const KEEP: Duration = Duration::from_secs(3);
/// How often a transaction that was aborted for a passing reason is tried again.
const TRIES: u32 = 5;
/// The most bytes of writes that are looked at at once in all partitions together.
const BYTES: usize = 8 * window::BYTES;
/// Before the first of them; longer before each.
const PAUSE: Duration = Duration::from_millis(20);

/// A member of the group and its producer.
pub(super) struct Session {
    group: Arc<Group>,
    consumer: GroupConsumer,
    producer: TransactionalProducer,
    membership: Option<Membership>,
    windows: BTreeMap<i32, Window>,
    running: JoinSet<Done>,
    /// Counts assignments: what came of a job of an earlier one is not known to be the last word.
    epoch: u64,
}

/// What came of a job.
struct Done {
    partition: i32,
    offset: i64,
    epoch: u64,
    came: Came,
}

impl Session {
    /// Makes sure of the topics, fences a predecessor of the same name, joins the group.
    pub(super) async fn open(group: Arc<Group>) -> Result<Self, End> {
        restore::ensure(&group).await?;
        let config = &group.kafka;
        let identity = group.identity();
        let producer = TransactionalProducer::open(config, &identity, config.timeout).await?;
        let subscription = Subscription {
            topic: group.topic.clone(),
            group: group.topic.clone(),
            instance: Some(identity),
            start: StartAt::Committed,
        };
        let consumer = GroupConsumer::join(config, &subscription)?;
        group.ready();
        Ok(Self {
            group,
            consumer,
            producer,
            membership: None,
            windows: BTreeMap::new(),
            running: JoinSet::new(),
            epoch: 0,
        })
    }

    /// Until the end. `wishes` are what people decided about parked writes.
    pub(super) async fn run(&mut self, wishes: &mut mpsc::Receiver<(Place, Resolution)>) -> End {
        let Err(end) = self.work(wishes).await;
        if matches!(end, End::Over) {
            let held: Vec<i32> = self.windows.keys().copied().collect();
            // What is not kept by then is in doubt for whoever comes next.
            match tokio::time::timeout(LAST + KEEP, self.let_go(&held)).await {
                Ok(Ok(()) | Err(End::Over)) => {}
                Ok(Err(End::Again(error))) => {
                    tracing::warn!(group = %self.group.name, %error, "what came of the last writes was not kept");
                }
                Ok(Err(End::Strange(_) | End::Forgotten)) | Err(_) => {
                    tracing::warn!(group = %self.group.name, "what came of the last writes was not kept in time");
                }
            }
        }
        self.group.holds_nothing();
        end
    }

    async fn work(
        &mut self,
        wishes: &mut mpsc::Receiver<(Place, Resolution)>,
    ) -> Result<Infallible, End> {
        loop {
            if self.group.ends() {
                return Err(End::Over);
            }
            while let Some(change) = self.consumer.try_change() {
                self.take(change).await?;
            }
            while !self.is_full()
                && let Some(records) = self.consumer.try_records()
            {
                self.enqueue(records)?;
            }
            while let Some(done) = self.running.try_join_next() {
                self.came(done.ok());
            }
            while let Ok((place, wish)) = wishes.try_recv() {
                self.wish(place, wish);
            }
            self.hold();
            self.group.show(self.windows.iter());
            if self.round(Begin::Jobs).await? {
                continue;
            }
            let (full, now) = (self.is_full(), Instant::now());
            let wakes = self.windows.values().filter_map(|window| window.wakes(now));
            let wakes = wakes.min();
            let event = tokio::select! {
                biased;
                () = self.group.ended() => return Err(End::Over),
                Some(done) = self.running.join_next() => {
                    self.came(done.ok());
                    continue;
                }
                Some((place, wish)) = wishes.recv() => {
                    self.wish(place, wish);
                    continue;
                }
                event = next(&mut self.consumer, full) => event?,
                () = at(wakes), if wakes.is_some() => continue,
            };
            self.take(event).await?;
        }
    }

    async fn take(&mut self, event: GroupEvent) -> Result<(), End> {
        match event {
            GroupEvent::Assigned {
                partitions,
                membership,
            } => {
                self.membership = Some(membership);
                self.epoch = self.epoch.wrapping_add(1);
                let taken = restore::windows(&self.group, &partitions).await?;
                self.windows.extend(taken.windows);
                if taken.forgotten {
                    // The offset is there then, and nobody has to read from the beginning.
                    self.round(Begin::Nothing).await?;
                    return Err(End::Forgotten);
                }
                tracing::info!(group = %self.group.name, ?partitions, "applies the writes of partitions to legacy");
            }
            GroupEvent::Revoked(revocation) => {
                if revocation.lost {
                    for partition in &revocation.partitions {
                        self.windows.remove(partition);
                    }
                } else {
                    self.let_go(&revocation.partitions).await?;
                }
            }
            GroupEvent::Records(records) => self.enqueue(records)?,
        }
        Ok(())
    }

    /// Brings to an end what is under way there, and commits what came of it.
    async fn let_go(&mut self, partitions: &[i32]) -> Result<(), End> {
        let until = Instant::now() + LAST;
        let busy = |session: &Self| {
            let windows = session.windows.iter();
            let mut leaving = windows.filter(|(partition, _)| partitions.contains(partition));
            leaving.any(|(_, window)| window.under_way() > 0)
        };
        while busy(self) {
            match timeout_at(until, self.running.join_next()).await {
                Ok(Some(done)) => self.came(done.ok()),
                Ok(None) | Err(_) => break,
            }
        }
        self.round(Begin::Nothing).await?;
        for partition in partitions {
            self.windows.remove(partition);
        }
        Ok(())
    }

    fn enqueue(&mut self, records: Vec<kafka::Incoming>) -> Result<(), End> {
        for record in records {
            let entry = Entry::of(record);
            if entry.is_newer() {
                return Err(End::Strange(format!(
                    "the write at offset {} of partition {} is of a form that this program does not know: run the newer one that wrote it",
                    entry.offset, entry.partition
                )));
            }
            if let Some(window) = self.windows.get_mut(&entry.partition) {
                window.push(Arc::new(entry));
            }
        }
        Ok(())
    }

    /// Has no more read of partitions of which enough waits. They hold up no others.
    fn hold(&mut self) {
        let windows = self.windows.iter_mut();
        let enough = windows
            .filter_map(|(partition, window)| window.has_enough().then_some((None, *partition)));
        self.consumer.hold(enough.collect());
    }

    /// Whether so much waits in all of them together that nothing more is taken.
    fn is_full(&self) -> bool {
        let bytes = self.windows.values().map(Window::bytes);
        bytes.fold(0, usize::saturating_add) >= BYTES
    }

    fn came(&mut self, done: Option<Done>) {
        // One that panicked stays under way: it may have been executed.
        let Some(done) = done else { return };
        if done.epoch != self.epoch {
            return;
        }
        if let Some(window) = self.windows.get_mut(&done.partition) {
            self.group.counted(&done.came);
            window.came(done.offset, &done.came, Instant::now());
        }
    }

    fn wish(&mut self, place: Place, wish: Resolution) {
        if let Some(window) = self.windows.get_mut(&place.partition) {
            window.decided(place.offset, wish);
        }
    }

    /// Commits what there is to commit, and begins what may begin then. Whether there was anything.
    async fn round(&mut self, begin: Begin) -> Result<bool, End> {
        let (now, now_ms, policy) = (Instant::now(), now_ms(), self.group.policy());
        let mut steps = Vec::new();
        for (partition, window) in &mut self.windows {
            window.follow(Arc::clone(&policy));
            let room = match begin {
                Begin::Jobs => policy.at_once.saturating_sub(window.under_way()),
                Begin::Nothing => 0,
            };
            let step = window.step(now, now_ms, room);
            if !step.is_empty() {
                steps.push((*partition, window.next(), step));
            }
        }
        if steps.is_empty() {
            return Ok(false);
        }
        self.commit(&steps).await?;
        for (partition, _, step) in steps {
            self.group.committed(partition, &step);
            for job in step.jobs {
                let (group, epoch) = (Arc::clone(&self.group), self.epoch);
                self.running.spawn(async move {
                    let came = group.run(&job).await;
                    Done {
                        partition,
                        offset: job.entry.offset,
                        epoch,
                        came,
                    }
                });
            }
        }
        Ok(true)
    }

    async fn commit(&mut self, steps: &[(i32, i64, Step)]) -> Result<(), End> {
        let Some(membership) = self.membership.clone() else {
            return Ok(()); // No partition, no steps.
        };
        let consumed = Consumed {
            topic: self.group.topic.clone(),
            next: steps
                .iter()
                .map(|(partition, next, _)| (*partition, *next))
                .collect(),
            beside: BTreeMap::new(),
            membership,
        };
        let records = self.records(steps);
        let mut tries = 0;
        loop {
            let committed = self
                .producer
                .commit_consumed(records.clone(), consumed.clone());
            match committed.await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == Kind::Retriable && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE * tries).await;
                }
                Err(error) => return Err(End::Again(error)),
            }
        }
    }

    fn records(&self, steps: &[(i32, i64, Step)]) -> Vec<Outgoing> {
        let group = &self.group;
        let mut records = Vec::new();
        for (partition, _, step) in steps {
            if let Some(kept) = &step.kept {
                records.push(told::kept(&group.state_topic, *partition, kept));
            }
            for (entry, reason) in &step.parked {
                records.push(entry.parked(&group.parked_topic, reason, step.at_ms));
            }
            for (offset, how) in &step.resolved {
                let topic = &group.parked_topic;
                records.push(told::resolved(topic, *partition, *offset, how, step.at_ms));
            }
        }
        records
    }
}

/// Whether jobs may begin.
#[derive(Clone, Copy)]
enum Begin {
    Jobs,
    Nothing,
}

/// The next event; only a change while enough waits.
async fn next(consumer: &mut GroupConsumer, full: bool) -> Result<GroupEvent, kafka::Error> {
    if full {
        consumer.next_change().await
    } else {
        consumer.next().await
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
