//! The requests of one partition: those that may not overtake each other one after the other, others side by side.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::config::{Order, ServiceConfig};
use crate::count::{Count, Counts};
use crate::decide::{Decided, Decision, now_ms};
use crate::handler::Handler;
use crate::metrics::Metrics;
use crate::outcome::{Done, Names};
use crate::queue::{Lane, Queue};
use crate::replies::Replies;
use crate::seen::Seen;
use crate::status::Status;

/// After that long no other request of the batch is begun: what is done waits for the slowest partition to be written.
const SLICE: Duration = Duration::from_millis(500);

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
}

/// A partition that this instance has.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) seen: Seen,
    pub(crate) queue: Queue,
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
        // A batch waits for the slowest of its handlers, and then for its transactions.
        let patience = config.handle_for + SLICE + 4 * config.kafka.transaction_timeout;
        Self {
            names: Names::of(&config),
            replies: Replies::new(&config.kafka),
            status: Status::new(metrics.clone(), patience),
            metrics,
            counts,
            handler,
            config,
        }
    }
}

impl Partition {
    pub(crate) fn new(seen: Seen, order: Order) -> Self {
        Self {
            seen,
            queue: Queue::new(order),
            at_once: match order {
                Order::Partition => 1,
                Order::Key { at_once } => at_once.max(1),
            },
        }
    }

    /// Handles at most so many requests of the queue; less when some are to be tried again, or they take long.
    pub(crate) async fn handle<H: Handler>(
        mut self,
        shared: Arc<Shared<H>>,
        most: usize,
    ) -> Handled {
        let begun = Instant::now();
        let (mut left, mut fatal) = (most, None);
        let mut busy: HashSet<Lane> = HashSet::new();
        let mut running = FuturesUnordered::new();
        loop {
            while left > 0
                && running.len() < self.at_once
                && begun.elapsed() < SLICE
                && let Some(waiting) = self.queue.take_free(&busy, Instant::now())
            {
                left -= 1;
                busy.extend(waiting.lanes.iter().cloned());
                // An earlier one of the same id would have kept it from being begun.
                let stored = waiting.raw.id().and_then(|id| self.seen.get(id)).cloned();
                running.push(shared.decide(waiting, stored));
            }
            let Some(Decided { lanes, decision }) = running.next().await else {
                break;
            };
            for lane in &lanes {
                busy.remove(lane);
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
                    self.queue.put_back(waiting);
                }
                Decision::Fatal(waiting, reason) => {
                    self.queue.put_back(waiting);
                    fatal = Some(reason);
                    left = 0;
                }
            }
        }
        drop(running);
        Handled {
            done: self.queue.take_done(),
            partition: self,
            fatal,
        }
    }

    fn keep<H>(&mut self, shared: &Shared<H>, one: Done) {
        if let Some((id, stored)) = &one.answer {
            let early = self.seen.insert(*id, stored.clone(), now_ms());
            shared.counts.add(Count::Forgotten, early);
        }
        self.queue.finish(one);
    }
}

#[cfg(test)]
mod tests;
