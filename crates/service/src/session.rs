//! One stay in the group, with one producer: takes records, has them handled, commits what they leave behind.
//!
//! Ends when the shutdown begins, when nothing can go on ([`End::Over`]), or when it is simplest and safest to forget everything and
//! begin from what is committed ([`End::Again`]).

mod commit;
mod open;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kafka::{GroupConsumer, GroupEvent, Kind, Membership, TransactionalProducer};
use ops::shutdown::Shutdown;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::decode::Raw;
use crate::error::{Error, ErrorKind};
use crate::handler::{Handler, HandlerError};
use crate::outcome::Done;
use crate::partition::{Handled, Partition, Shared};

/// How long handlers may go on once a shutdown has begun. What they have not answered by then is handled again by the next instance.
const LAST: Duration = Duration::from_secs(3);

/// How a session ended.
pub(crate) enum End {
    /// As it was asked to.
    Shutdown,
    /// For good.
    Over(Error),
    /// To begin anew.
    Again(kafka::Error),
}

impl From<kafka::Error> for End {
    fn from(error: kafka::Error) -> Self {
        match error.kind() {
            Kind::Fenced => {
                let message = "another instance with the same name has taken over";
                Self::Over(Error::new(ErrorKind::Fenced, message).caused_by(error))
            }
            Kind::Config => {
                let message = "the service's settings cannot be used";
                Self::Over(Error::new(ErrorKind::Config, message).caused_by(error))
            }
            _ => Self::Again(error),
        }
    }
}

/// A member of the group and its producer.
pub(crate) struct Session<H> {
    shared: Arc<Shared<H>>,
    consumer: GroupConsumer,
    producer: TransactionalProducer,
    membership: Option<Membership>,
    partitions: BTreeMap<i32, Partition>,
    /// The last partition of the batch before: the next begins behind it.
    last: i32,
}

impl<H: Handler> Session<H> {
    /// Runs one session to its end. `worked` becomes true once something was committed.
    pub(crate) async fn run(
        shared: &Arc<Shared<H>>,
        shutdown: &Shutdown,
        worked: &mut bool,
    ) -> End {
        let opened = tokio::select! {
            opened = Self::open(Arc::clone(shared)) => opened,
            () = shutdown.begun() => return End::Shutdown,
        };
        let mut session = match opened {
            Ok(session) => session,
            Err(end) => return end,
        };
        let Err(end) = session.work(shutdown, worked).await;
        shared.status.set_ready(false);
        shared.status.waits();
        shared.metrics.holds(0, 0, 0);
        let held: Vec<_> = session.partitions.keys().copied().collect();
        if !held.is_empty() {
            let revoked = shared.handler.revoked(&held);
            if unless_ending(shutdown, revoked).await.is_none() {
                tracing::warn!(
                    group = shared.config.group,
                    "the handler did not let go of its partitions in time"
                );
            }
        }
        end
    }

    async fn work(
        &mut self,
        shutdown: &Shutdown,
        worked: &mut bool,
    ) -> Result<std::convert::Infallible, End> {
        loop {
            if shutdown.has_begun() {
                return Err(End::Shutdown);
            }
            while let Some(change) = self.consumer.try_change() {
                self.take(change, shutdown).await?;
            }
            while !self.is_full()
                && let Some(records) = self.consumer.try_records()
            {
                self.enqueue(records);
            }
            self.enqueue_parked();
            self.measure();
            let now = Instant::now();
            if self
                .partitions
                .values()
                .any(|partition| partition.is_ready(now))
            {
                self.shared.status.works();
                self.batch(now, shutdown).await?;
                *worked = true;
                continue;
            }
            self.shared.status.waits();
            let full = self.is_full();
            let retry = self.next_retry();
            let event = tokio::select! {
                biased;
                () = shutdown.begun() => return Err(End::Shutdown),
                event = next(&mut self.consumer, full) => event?,
                () = at(retry), if retry.is_some() => continue,
            };
            self.take(event, shutdown).await?;
        }
    }

    async fn take(&mut self, event: GroupEvent, shutdown: &Shutdown) -> Result<(), End> {
        match event {
            GroupEvent::Assigned {
                partitions,
                membership,
            } => {
                self.membership = Some(membership);
                for (partition, seen, parked) in self.restore(&partitions).await? {
                    let config = &self.shared.config;
                    let held = Partition::new(seen, config.order, config.levels(), parked);
                    self.partitions.insert(partition, held);
                }
                let assigned = tokio::select! {
                    assigned = self.shared.handler.assigned(&partitions) => assigned,
                    () = shutdown.begun() => return Err(End::Shutdown),
                };
                assigned.map_err(|error| End::Over(handler_failed(&error)))?;
                self.shared.status.set_ready(true);
                tracing::info!(
                    group = self.shared.config.group,
                    ?partitions,
                    "partitions assigned"
                );
            }
            GroupEvent::Revoked(revocation) => {
                for partition in &revocation.partitions {
                    self.partitions.remove(partition);
                }
                if !revocation.partitions.is_empty() {
                    let revoked = self.shared.handler.revoked(&revocation.partitions);
                    if unless_ending(shutdown, revoked).await.is_none() {
                        return Err(End::Shutdown);
                    }
                }
            }
            GroupEvent::Records(records) => self.enqueue(records),
        }
        Ok(())
    }

    fn enqueue(&mut self, records: Vec<kafka::Incoming>) {
        for record in records {
            if let Some(partition) = self.partitions.get_mut(&record.partition) {
                partition.push(Raw::from(record));
            }
        }
    }

    /// Takes what was read of topics of retries, and no more of those of which enough waits.
    fn enqueue_parked(&mut self) {
        for (topic, record) in self.consumer.take_beside() {
            if let Some(partition) = self.partitions.get_mut(&record.partition) {
                partition.push(Raw::parked(record, topic.saturating_add(1)));
            }
        }
        if self.shared.config.levels() > 0 {
            let most = self.shared.config.batch;
            let mut enough = BTreeSet::new();
            for (number, partition) in &self.partitions {
                let full = partition.of_retries().filter(|(_, count)| *count >= most);
                enough.extend(full.map(|(level, _)| (level - 1, *number)));
            }
            self.consumer.hold_beside(enough);
        }
    }

    /// Whether enough waits; what comes next stays with the consumer, whose queue is bounded.
    fn is_full(&self) -> bool {
        let held = self.partitions.values().map(Partition::len);
        held.sum::<usize>() >= 2 * self.shared.config.batch
    }

    fn measure(&self) {
        let waiting = self.partitions.values().map(Partition::len).sum();
        let parked = self.partitions.values().map(Partition::parked).sum();
        let metrics = &self.shared.metrics;
        metrics.holds(self.partitions.len(), waiting, parked);
    }

    fn next_retry(&self) -> Option<Instant> {
        let retries = self.partitions.values().filter_map(Partition::next_retry);
        retries.min()
    }

    /// Has what waits handled, several partitions at the same time, and commits what that leaves behind. In a shutdown that is what
    /// was done soon enough.
    async fn batch(&mut self, now: Instant, shutdown: &Shutdown) -> Result<(), End> {
        let ready = self.ready(now);
        let most = (self.shared.config.batch / ready.len().max(1)).max(1);
        let mut tasks = JoinSet::new();
        for number in ready {
            if let Some(partition) = self.partitions.remove(&number) {
                self.last = number;
                let shared = Arc::clone(&self.shared);
                tasks.spawn(async move { (number, partition.handle(shared, most).await) });
            }
        }
        let mut done = Vec::new();
        let mut fatal = None;
        let over = over(shutdown);
        tokio::pin!(over);
        loop {
            let joined = tokio::select! {
                biased;
                joined = tasks.join_next() => joined,
                () = &mut over => break,
            };
            let Some(joined) = joined else { break };
            let (number, handled) = joined
                .map_err(|_| End::Over(Error::new(ErrorKind::Handler, "the handler panicked")))?;
            let Handled {
                partition,
                done: more,
                fatal: why,
            } = handled;
            self.partitions.insert(number, partition);
            done.extend(more);
            fatal = fatal.or(why);
        }
        if !tasks.is_empty() {
            tracing::warn!(
                group = self.shared.config.group,
                partitions = tasks.len(),
                "handlers did not end in time: the next instance handles their requests again"
            );
        }
        self.commit(done).await?;
        if !tasks.is_empty() {
            return Err(End::Shutdown);
        }
        match fatal {
            Some(reason) => Err(End::Over(handler_failed(&HandlerError::Fatal { reason }))),
            None => Ok(()),
        }
    }

    /// Partitions with something to do, as many as may be worked on; another begins each time.
    fn ready(&self, now: Instant) -> Vec<i32> {
        let behind = self.partitions.range(self.last.saturating_add(1)..);
        let before = self.partitions.range(..=self.last);
        let ready = behind
            .chain(before)
            .filter(|(_, partition)| partition.is_ready(now));
        ready
            .map(|(number, _)| *number)
            .take(self.shared.config.concurrency)
            .collect()
    }

    async fn commit(&mut self, done: Vec<Done>) -> Result<(), End> {
        if done.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let committed = commit::all(self, done).await;
        self.shared.metrics.committed(begun.elapsed());
        committed
    }
}

/// The next event; only a change while enough waits.
async fn next(consumer: &mut GroupConsumer, full: bool) -> Result<GroupEvent, kafka::Error> {
    if full {
        consumer.next_change().await
    } else {
        consumer.next().await
    }
}

/// [`LAST`] after the shutdown began, or after now where that is later.
async fn over(shutdown: &Shutdown) {
    shutdown.begun().await;
    tokio::time::sleep(LAST).await;
}

/// What comes of it; none when it is not done by [`over`].
async fn unless_ending<T>(shutdown: &Shutdown, doing: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = doing => Some(done),
        () = over(shutdown) => None,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn handler_failed(error: &HandlerError) -> Error {
    Error::new(ErrorKind::Handler, error.to_string())
}
