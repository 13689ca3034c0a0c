//! The requests of one partition: those that may not overtake each other one after the other, others side by side.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::commits::Commits;
use crate::config::{Order, Retries, ServiceConfig};
use crate::count::{Count, Counts};
use crate::decide::{Decided, Decision, Room, now_ms};
use crate::decode::Raw;
use crate::handler::Handler;
use crate::metrics::Metrics;
use crate::outcome::{Done, Names};
use crate::parked::Parked;
use crate::queue::{Lane, Queue, Retry, Waiting};
use crate::replies::Replies;
use crate::seen::Seen;
use crate::status::Status;

/// After that long no other request is begun in one go. Whoever is under way longer counts as slow.
pub(crate) const SLICE: Duration = Duration::from_millis(500);

/// What is done waits so long for others of its partition that are under way, and is then told without them.
const TOGETHER: Duration = Duration::from_millis(20);

/// When to look again at what there was no room for.
const SOON: Duration = Duration::from_millis(100);

/// What all partitions share.
#[derive(Debug)]
pub(crate) struct Shared<H> {
    pub(crate) handler: H,
    pub(crate) config: ServiceConfig,
    pub(crate) names: Names,
    pub(crate) replies: Replies,
    pub(crate) counts: Counts,
    pub(crate) metrics: Metrics,
    pub(crate) status: Status,
    pub(crate) commits: Commits,
}

/// A partition that this instance has.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) seen: Seen,
    /// Of the topic of requests, and of each topic of retries.
    queues: Vec<Queue>,
    parked: Parked,
    order: Order,
    /// The most requests under way.
    at_once: usize,
}

/// How far a partition's requests were handled.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) partition: Partition,
    /// What is to be committed, in the order of the offsets.
    pub(crate) done: Vec<Done>,
    /// The service cannot go on.
    pub(crate) fatal: Option<String>,
}

impl<H> Shared<H> {
    /// What a service of that configuration shares. Contacts nobody.
    pub(crate) fn new(config: ServiceConfig, handler: H) -> Self {
        let counts = Counts::default();
        let metrics = Metrics::new(counts.clone());
        // A partition waits for the slowest of its handlers, and then for its transactions.
        let patience = config.handle_for + SLICE + 4 * config.kafka.transaction_timeout;
        Self {
            names: Names::of(&config),
            replies: Replies::new(&config.kafka),
            status: Status::new(metrics.clone(), patience),
            metrics,
            counts,
            commits: Commits::default(),
            handler,
            config,
        }
    }
}

impl Partition {
    /// With so many topics of retries, and what is parked in them.
    pub(crate) fn new(seen: Seen, order: Order, levels: usize, parked: Parked) -> Self {
        Self {
            seen,
            queues: (0..=levels).map(|_| Queue::new(order)).collect(),
            parked,
            order,
            at_once: match order {
                Order::Partition => 1,
                Order::Key { at_once } => at_once.max(1),
            },
        }
    }

    /// A request was read.
    pub(crate) fn push(&mut self, raw: Raw) {
        if let Some(queue) = self.queues.get_mut(raw.level) {
            queue.push(raw, now_ms());
        }
    }

    /// How many requests it holds of the topic of requests, and of each topic of retries.
    pub(crate) fn lens(&self) -> Vec<usize> {
        self.queues.iter().map(Queue::len).collect()
    }

    /// How many requests are parked.
    pub(crate) fn parked(&self) -> usize {
        self.parked.len()
    }

    /// Whether something can be done now.
    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        self.queues.iter().any(|queue| queue.is_ready(now))
    }

    /// When the first of those comes that wait for their time.
    pub(crate) fn next_retry(&self) -> Option<Instant> {
        self.queues.iter().filter_map(Queue::next_retry).min()
    }

    /// Handles at most so many requests; less when some are to be tried again, or they take long.
    pub(crate) async fn handle<H: Handler>(self, shared: Arc<Shared<H>>, most: usize) -> Handled {
        #[expect(
            clippy::disallowed_methods,
            reason = "bounded by the requests that are handled"
        )]
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut handled = self.handle_telling(shared, most, &tell).await;
        let mut done = Vec::new();
        while let Ok(earlier) = told.try_recv() {
            done.extend(earlier);
        }
        done.append(&mut handled.done);
        Handled { done, ..handled }
    }

    /// The same; what may be committed while another request takes long is told at once, before what comes of it in the end.
    pub(crate) async fn handle_telling<H: Handler>(
        mut self,
        shared: Arc<Shared<H>>,
        most: usize,
        tell: &mpsc::UnboundedSender<Vec<Done>>,
    ) -> Handled {
        let begun = Instant::now();
        let (mut left, mut fatal) = (most, None);
        let mut busy: HashSet<Lane> = HashSet::new();
        let mut running = FuturesUnordered::new();
        loop {
            while left > 0
                && running.len() < self.at_once
                && begun.elapsed() < SLICE
                && let Some(waiting) = self.take_free(&busy)
            {
                left -= 1;
                if let Some(level) = self.parked.behind(&waiting.lanes, waiting.raw.origin) {
                    if self.room(&shared.config, &waiting) == Room::None {
                        self.put_off(waiting);
                        continue;
                    }
                    let follows = shared.names.parked(waiting.raw, level, None, now_ms());
                    self.keep(&shared, follows);
                    continue;
                }
                busy.extend(waiting.lanes.iter().cloned());
                // An earlier one of the same id would have kept it from being begun.
                let stored = waiting.raw.id().and_then(|id| self.seen.get(id)).cloned();
                let room = self.room(&shared.config, &waiting);
                running.push(shared.decide(waiting, stored, room));
            }
            let decided = tokio::select! {
                biased;
                decided = running.next() => decided,
                () = tokio::time::sleep(TOGETHER), if self.has_done() => {
                    // Who does not listen any more has forgotten this partition.
                    drop(tell.send(self.take_done()));
                    continue;
                }
            };
            let Some(Decided {
                lanes,
                level,
                decision,
            }) = decided
            else {
                break;
            };
            for lane in &lanes {
                // What was parked counts as parked until it is committed: what follows it waits for that.
                if level == 0 || *lane == Lane::Partition {
                    busy.remove(lane);
                }
            }
            match decision {
                Decision::Done(one) => self.keep(&shared, one),
                Decision::Late(one) => {
                    self.keep(&shared, one);
                    // What is done is not to wait for another that hangs as well.
                    left = 0;
                }
                Decision::Again(waiting) => {
                    shared.counts.add(Count::Retried, 1);
                    self.put_back(waiting);
                }
                Decision::Fatal(waiting, reason) => {
                    self.put_back(waiting);
                    fatal = Some(reason);
                    left = 0;
                }
            }
        }
        drop(running);
        Handled {
            done: self.take_done(),
            partition: self,
            fatal,
        }
    }

    /// What was parked comes first.
    fn take_free(&mut self, busy: &HashSet<Lane>) -> Option<Waiting> {
        let now = Instant::now();
        let mut queues = self.queues.iter_mut().rev();
        queues.find_map(|queue| queue.take_free(busy, now))
    }

    fn put_back(&mut self, waiting: Waiting) {
        if let Some(queue) = self.queues.get_mut(waiting.raw.level) {
            queue.put_back(waiting);
        }
    }

    /// It waits where it is, as there is no room for it where it belongs, and is looked at again soon.
    fn put_off(&mut self, waiting: Waiting) {
        let now = Instant::now();
        let retry = Retry {
            since: waiting.retry.map_or(now, |retry| retry.since),
            at: now + SOON,
        };
        self.put_back(Waiting {
            retry: Some(retry),
            ..waiting
        });
    }

    /// Whether that one may be parked. One that is already takes no more room.
    fn room(&self, config: &ServiceConfig, waiting: &Waiting) -> Room {
        match &config.retries {
            Retries::Topics { most, .. } if waiting.raw.level > 0 || self.parked.len() < *most => {
                Room::Left
            }
            Retries::Topics { .. } | Retries::Blocking => Room::None,
        }
    }

    fn keep<H>(&mut self, shared: &Shared<H>, one: Done) {
        if let Some((id, stored)) = &one.answer {
            let early = self.seen.insert(*id, stored.clone(), now_ms());
            shared.counts.add(Count::Forgotten, early);
        }
        if let Some(level) = one.parked {
            self.parked
                .insert(&one.raw.lanes(self.order), one.raw.origin, level);
        }
        if let Some(queue) = self.queues.get_mut(one.raw.level) {
            queue.finish(one);
        }
    }

    fn has_done(&self) -> bool {
        self.queues.iter().any(Queue::has_done)
    }

    /// What is to be committed: of topics of retries before what came behind it.
    fn take_done(&mut self) -> Vec<Done> {
        let mut done = Vec::new();
        for queue in self.queues.iter_mut().rev() {
            done.extend(queue.take_done());
        }
        for one in &done {
            if one.raw.level > 0 && one.parked.is_none() {
                self.parked
                    .remove(&one.raw.lanes(self.order), one.raw.origin);
            }
        }
        done
    }
}

#[cfg(test)]
mod tests;
