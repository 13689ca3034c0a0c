//! One stay in the group, with one producer: takes records, has them handled, commits what they leave behind.
//!
//! Ends when the shutdown begins, when nothing can go on ([`End::Over`]), or when it is simplest and safest to forget everything and
//! begin from what is committed ([`End::Again`]).

mod commit;
mod gather;
mod hands;
mod open;
mod place;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kafka::{GroupConsumer, GroupEvent, Kind, Membership, TransactionalProducer};
use ops::shutdown::Shutdown;
use tokio::task::JoinError;
use tokio::time::Instant;

use crate::decode::Raw;
use crate::error::{Error, ErrorKind};
use crate::handler::{Handler, HandlerError};
use crate::outcome::Done;
use crate::partition::{Partition, SLICE, Shared};
use hands::{Hands, Held};

/// How long handlers may go on once a shutdown has begun. What they have not answered by then is handled again by the next instance.
const LAST: Duration = Duration::from_secs(3);

/// What is done waits so long for other partitions, to be committed with what comes of them.
const TOGETHER: Duration = Duration::from_millis(2);

/// How a session ended.
pub(crate) enum End {
    /// As it was asked to.
    Shutdown,
    /// For good.
    Over(Error),
    /// To begin anew.
    Again(kafka::Error),
    /// To begin anew without what was not committed, for that reason.
    Forget(&'static str),
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
    partitions: BTreeMap<i32, Held>,
    /// How many topics of retries are read.
    levels: usize,
    /// From where each partition of them is read that is held, and when that was last committed.
    places: BTreeMap<(String, i32), i64>,
    refreshed: Instant,
    hands: Hands,
    /// What is done and not committed, and since when there is something.
    done: VecDeque<Vec<Done>>,
    since: Option<Instant>,
    /// Partitions that are not read, as enough of them waits for something that takes long.
    stuck: BTreeSet<i32>,
    /// Why the service cannot go on.
    failed: Option<String>,
    /// The partition that was begun last: the next is one behind it.
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
        // What is under way is dropped.
        session.hands = Hands::new();
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
                *worked |= self.finish(shutdown).await?;
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
            self.hold();
            self.measure();
            self.gather(shutdown).await?;
            if self.refreshed.elapsed() > place::REFRESH {
                self.refresh().await?;
            }
            let together = self.together();
            // What waits is handled while what is done is committed.
            self.begin(Instant::now());
            if together.is_none() {
                *worked |= self.commit().await?;
            }
            match hands::oldest(&self.partitions) {
                Some(begun) => self.shared.status.works_since(begun),
                None => self.shared.status.waits(),
            }
            let full = self.is_full();
            let (retry, slow) = (self.next_retry(), full && self.hands.len() > 0);
            let event = tokio::select! {
                biased;
                () = shutdown.begun() => continue,
                brought = self.hands.next(&mut self.partitions), if self.hands.len() > 0 => {
                    let Some(brought) = brought.map_err(panicked)? else { continue };
                    self.keep(brought, shutdown).await?;
                    continue;
                }
                event = next(&mut self.consumer, full) => event?,
                () = at(retry) => continue,
                () = at(together) => continue,
                () = tokio::time::sleep(place::REFRESH) => continue,
                // Which of them are stuck shows with time.
                () = tokio::time::sleep(SLICE), if slow => continue,
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
                for restored in self.restore(&partitions).await? {
                    let config = &self.shared.config;
                    let partition = restored.partition;
                    for (level, next) in (1..).zip(restored.places) {
                        let place = (config.retry_topic(level), partition);
                        self.places.insert(place, next);
                    }
                    let (seen, parked) = (restored.seen, restored.parked);
                    let held = Partition::new(seen, config.order, self.levels, parked);
                    self.partitions.insert(partition, Held::new(held));
                }
                self.refresh().await?;
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
                if revocation.lost {
                    // Another may have begun with them: nothing of it can be committed.
                    self.hands.drop_all().await;
                    self.done.clear();
                    self.since = None;
                    if self
                        .partitions
                        .keys()
                        .any(|held| !revocation.partitions.contains(held))
                    {
                        return Err(End::Forget(
                            "partitions were lost while others were worked on",
                        ));
                    }
                } else {
                    self.finish(shutdown).await?;
                }
                for partition in &revocation.partitions {
                    self.partitions.remove(partition);
                }
                self.places
                    .retain(|(_, partition), _| !revocation.partitions.contains(partition));
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
    }

    /// Has no more read of what there is enough of: of topics of retries, and of partitions whose requests all wait for one. They hold up
    /// no other that way.
    fn hold(&mut self) {
        let most = self.shared.config.batch;
        let now = Instant::now();
        let mut enough = BTreeSet::new();
        self.stuck.retain(|number| {
            let held = self.partitions.get(number);
            held.is_some_and(|held| held.len() > most / 2)
        });
        for (number, held) in &self.partitions {
            let lens = held.lens();
            if lens.first().is_some_and(|len| *len >= most) && held.is_stuck(now) {
                self.stuck.insert(*number);
            }
            let full = lens.iter().skip(1).enumerate();
            let full = full.filter(|(_, len)| **len >= most);
            enough.extend(full.map(|(topic, _)| (Some(topic), *number)));
        }
        enough.extend(self.stuck.iter().map(|number| (None, *number)));
        self.consumer.hold(enough);
    }

    /// Whether enough waits that can be worked on; what comes next stays with the consumer, whose queue is bounded.
    fn is_full(&self) -> bool {
        let free = self
            .partitions
            .iter()
            .filter(|(number, _)| !self.stuck.contains(number));
        free.map(|(_, held)| held.len()).sum::<usize>() >= 2 * self.shared.config.batch
    }

    fn measure(&self) {
        let waiting = self.partitions.values().map(Held::len).sum();
        let parked = self.partitions.values().map(Held::parked).sum();
        let metrics = &self.shared.metrics;
        metrics.holds(self.partitions.len(), waiting, parked);
    }

    /// When something can be begun again, where there is a place for it.
    fn next_retry(&self) -> Option<Instant> {
        if self.hands.len() >= self.shared.config.concurrency {
            return None;
        }
        let retries = self.partitions.values().filter_map(Held::next_retry);
        retries.min()
    }

    /// Has what waits handled, several partitions at the same time.
    fn begin(&mut self, now: Instant) {
        let ready = self.ready(now);
        let busy = ready.len() + self.hands.len();
        let most = (self.shared.config.batch / busy.max(1)).max(1);
        for number in ready {
            if let Some(held) = self.partitions.get_mut(&number) {
                self.last = number;
                self.hands.begin(number, held, &self.shared, most);
            }
        }
    }

    /// Partitions with something to do, as many as may be worked on; another begins each time.
    fn ready(&self, now: Instant) -> Vec<i32> {
        let behind = self.partitions.range(self.last.saturating_add(1)..);
        let before = self.partitions.range(..=self.last);
        let ready = behind.chain(before).filter(|(_, held)| held.is_ready(now));
        let free = self
            .shared
            .config
            .concurrency
            .saturating_sub(self.hands.len());
        ready.map(|(number, _)| *number).take(free).collect()
    }
}

fn panicked(_: JoinError) -> End {
    End::Over(Error::new(ErrorKind::Handler, "the handler panicked"))
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
