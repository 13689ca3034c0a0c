//! Asking the other side as well, without anyone feeling it (invariant 4).
//!
//! In: what a [`tap`] copied while a request and its answer streamed by. Out: a [`Job`] on a bounded queue, for whoever asks the other
//! side and compares. What is over a bound is dropped and counted, never waited for.

mod pair;
pub mod tap;
pub mod worker;

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::exchange::Taken;
use crate::message::Gathered;
use crate::mode::Mode;
use crate::route::{Leg, Side};
use crate::snapshot::Snapshot;

/// One exchange that is over for the client, to be repeated with the other side and compared.
pub struct Job {
    /// What the exchange saw; the other side is asked through the same.
    pub snapshot: Arc<Snapshot>,
    /// Its id, route, path parameters and key; the mirrored request carries the same id.
    pub taken: Taken,
    /// The mode it ran in.
    pub mode: Mode,
    /// Whom to ask.
    pub leg: Arc<Leg>,
    /// The head of the request as the client sent it.
    pub request: http::request::Parts,
    /// Its body, in the client's shape.
    pub request_body: Gathered,
    /// Which side answered the client.
    pub answered: Side,
    /// The head of the answer as the client got it.
    pub response: http::response::Parts,
    /// Its body, in the client's shape.
    pub response_body: Gathered,
    /// How long the side that answered took until the head of its answer.
    pub took: std::time::Duration,
    /// What its bodies take of the budget; given back with the job.
    pub held: Held,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("route", &self.taken.route.name)
            .field("id", &self.taken.id)
            .finish_non_exhaustive()
    }
}

/// A part of the budget of bytes.
#[derive(Debug, Default)]
pub struct Held(Option<OwnedSemaphorePermit>);

impl Held {
    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.0 {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
    }

    /// Both together.
    pub fn join(&mut self, mut other: Self) {
        if let Some(more) = other.0.take() {
            self.add(more);
        }
    }
}

/// Why an exchange is not mirrored although its plan says so. Each is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// The queue is full: the other side is slower than the traffic.
    QueueFull,
    /// A body is larger than may be copied.
    TooLarge,
    /// All copies together would be larger than may be kept.
    BudgetSpent,
    /// The client or the side that answers broke off.
    Incomplete,
}

impl Dropped {
    /// As it stands in metrics and evidence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::TooLarge => "too_large",
            Self::BudgetSpent => "budget_spent",
            Self::Incomplete => "incomplete",
        }
    }
}

/// What may wait to be mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Exchanges waiting.
    pub jobs: usize,
    /// Bytes of one body.
    pub body: usize,
    /// Bytes of all bodies that are copied or wait.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            jobs: 1_000,
            body: 1 << 20,
            bytes: 64 << 20,
        }
    }
}

/// The entrance of the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    jobs: mpsc::Sender<Job>,
    budget: Arc<Semaphore>,
    limits: Limits,
}

impl Queue {
    /// A queue and its exit.
    #[must_use]
    pub fn new(limits: Limits) -> (Self, mpsc::Receiver<Job>) {
        let (jobs, exit) = mpsc::channel(limits.jobs.max(1));
        let budget = limits.bytes.min(Semaphore::MAX_PERMITS);
        let budget = Arc::new(Semaphore::new(budget));
        let queue = Self {
            jobs,
            budget,
            limits,
        };
        (queue, exit)
    }

    /// The largest body that is copied, in bytes.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.limits.body
    }

    /// Takes `bytes` of the budget, or says that it is spent.
    ///
    /// # Errors
    /// [`Dropped::BudgetSpent`].
    pub fn hold(&self, bytes: usize) -> Result<Held, Dropped> {
        let bytes = u32::try_from(bytes).map_err(|_| Dropped::TooLarge)?;
        if bytes == 0 {
            return Ok(Held::default());
        }
        Arc::clone(&self.budget)
            .try_acquire_many_owned(bytes)
            .map(|permit| Held(Some(permit)))
            .map_err(|_| Dropped::BudgetSpent)
    }

    /// Hands a job over if there is room; never waits.
    ///
    /// # Errors
    /// [`Dropped::QueueFull`]; also when nobody takes jobs any more.
    pub fn offer(&self, job: Job) -> Result<(), Dropped> {
        self.jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) | TrySendError::Closed(_) => Dropped::QueueFull,
        })
    }
}
