//! The partitions of a session, and the tasks that work on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::decode::Raw;
use crate::handler::Handler;
use crate::outcome::Done;
use crate::partition::{Handled, Partition, SLICE, Shared};

/// A partition that this instance has.
pub(super) struct Held {
    /// None while a task works on it.
    partition: Option<Partition>,
    /// What came meanwhile.
    came: Vec<Raw>,
    /// When a task began to work on it, and what it held then: how many requests of each topic, and how many were parked.
    away: (Instant, Vec<usize>, usize),
}

impl Held {
    pub(super) fn new(partition: Partition) -> Self {
        Self {
            partition: Some(partition),
            came: Vec::new(),
            away: (Instant::now(), Vec::new(), 0),
        }
    }

    /// A request was read.
    pub(super) fn push(&mut self, raw: Raw) {
        match &mut self.partition {
            Some(partition) => partition.push(raw),
            None => self.came.push(raw),
        }
    }

    /// How many requests it holds of the topic of requests, and of each topic of retries.
    pub(super) fn lens(&self) -> Vec<usize> {
        let Some(partition) = &self.partition else {
            let mut lens = self.away.1.clone();
            for raw in &self.came {
                if let Some(len) = lens.get_mut(raw.level) {
                    *len += 1;
                }
            }
            return lens;
        };
        partition.lens()
    }

    /// How many it holds of the topic of requests.
    pub(super) fn len(&self) -> usize {
        self.lens().first().copied().unwrap_or(0)
    }

    /// How many requests are parked.
    pub(super) fn parked(&self) -> usize {
        let here = self.partition.as_ref().map(Partition::parked);
        here.unwrap_or(self.away.2)
    }

    /// Whether something can be begun now.
    pub(super) fn is_ready(&self, now: Instant) -> bool {
        let here = self.partition.as_ref();
        here.is_some_and(|partition| partition.is_ready(now))
    }

    /// Whether nothing of it can be begun although it holds something: it waits for a time, or for a handler that is slow.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        match &self.partition {
            Some(partition) => !partition.is_ready(now),
            None => now.duration_since(self.away.0) > SLICE,
        }
    }

    /// When the first of those comes that wait for their time.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.partition.as_ref().and_then(Partition::next_retry)
    }
}

/// The tasks.
pub(super) struct Hands {
    tasks: JoinSet<(i32, Handled)>,
    tell: mpsc::UnboundedSender<Vec<Done>>,
    told: mpsc::UnboundedReceiver<Vec<Done>>,
}

/// What a task has brought about.
pub(super) enum Brought {
    /// This may be committed; it goes on.
    Some(Vec<Done>),
    /// This may be committed besides, and it has ended; for good when there is a reason.
    All(Vec<Done>, Option<String>),
}

impl Hands {
    pub(super) fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "bounded by the requests that tasks were given"
        )]
        let (tell, told) = mpsc::unbounded_channel();
        Self {
            tasks: JoinSet::new(),
            tell,
            told,
        }
    }

    /// How many are at work.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Has at most so many requests of a partition handled.
    pub(super) fn begin<H: Handler>(
        &mut self,
        number: i32,
        held: &mut Held,
        shared: &Arc<Shared<H>>,
        most: usize,
    ) {
        let Some(partition) = held.partition.take() else {
            return;
        };
        held.away = (Instant::now(), partition.lens(), partition.parked());
        let (shared, tell) = (Arc::clone(shared), self.tell.clone());
        self.tasks
            .spawn(async move { (number, partition.handle_telling(shared, most, &tell).await) });
    }

    /// What comes next; none when nothing is under way. May be dropped at any time.
    ///
    /// # Errors
    /// A handler panicked.
    pub(super) async fn next(
        &mut self,
        held: &mut BTreeMap<i32, Held>,
    ) -> Result<Option<Brought>, JoinError> {
        // A task tells before it ends.
        let ended = tokio::select! {
            biased;
            Some(done) = self.told.recv() => return Ok(Some(Brought::Some(done))),
            ended = self.tasks.join_next() => ended,
        };
        ended.transpose().map(|ended| Some(self.back(held, ended?)))
    }

    /// The same of what is there already.
    pub(super) fn try_next(
        &mut self,
        held: &mut BTreeMap<i32, Held>,
    ) -> Result<Option<Brought>, JoinError> {
        if let Ok(done) = self.told.try_recv() {
            return Ok(Some(Brought::Some(done)));
        }
        let ended = self.tasks.try_join_next();
        ended.transpose().map(|ended| Some(self.back(held, ended?)))
    }

    fn back(
        &mut self,
        held: &mut BTreeMap<i32, Held>,
        (number, handled): (i32, Handled),
    ) -> Brought {
        let mut done = Vec::new();
        // Told between the look and the end. What others told is as good now.
        while let Ok(earlier) = self.told.try_recv() {
            done.extend(earlier);
        }
        let Handled {
            mut partition,
            done: last,
            fatal,
        } = handled;
        done.extend(last);
        if let Some(held) = held.get_mut(&number) {
            for raw in held.came.drain(..) {
                partition.push(raw);
            }
            held.partition = Some(partition);
        }
        Brought::All(done, fatal)
    }

    /// Drops all that is under way, and what came of it.
    pub(super) async fn drop_all(&mut self) {
        self.tasks.shutdown().await;
        while self.told.try_recv().is_ok() {}
    }
}

/// When the first of those at work began.
pub(super) fn oldest(held: &BTreeMap<i32, Held>) -> Option<Instant> {
    let away = held.values().filter(|held| held.partition.is_none());
    away.map(|held| held.away.0).min()
}
