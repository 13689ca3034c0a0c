//! The requests of one partition, one after the other: decide what each leaves behind.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::config::ServiceConfig;
use crate::count::{Count, Counts};
use crate::decode::{self, Raw, ReplyTo};
use crate::handler::{Handler, HandlerError};
use crate::outcome::{Asked, Dead, Done, Names};
use crate::replies::Replies;
use crate::seen::Seen;

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
}

/// A partition that this instance has.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) seen: Seen,
    pub(crate) queue: VecDeque<Raw>,
    /// The request at the front is tried again.
    pub(crate) retry: Option<Retry>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// Its offset.
    offset: i64,
    /// When it was tried first.
    since: Instant,
    /// When it is tried next.
    pub(crate) at: Instant,
}

/// How far a partition's requests were handled.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) partition: Partition,
    pub(crate) done: Vec<Done>,
    /// The service cannot go on.
    pub(crate) fatal: Option<String>,
}

impl Partition {
    pub(crate) fn new(seen: Seen) -> Self {
        Self {
            seen,
            queue: VecDeque::new(),
            retry: None,
        }
    }

    /// Handles at most so many requests of the queue; less when one is to be tried again, or they take long.
    pub(crate) async fn handle<H: Handler>(
        mut self,
        shared: Arc<Shared<H>>,
        most: usize,
    ) -> Handled {
        let mut done = Vec::new();
        let mut fatal = None;
        let begun = Instant::now();
        while done.len() < most
            && begun.elapsed() < SLICE
            && let Some(raw) = self.queue.pop_front()
        {
            match shared.decide(&self, raw).await {
                Decision::Done(one) => self.keep(&shared, one, &mut done),
                Decision::Late(one) => {
                    self.keep(&shared, one, &mut done);
                    // What is done is not to wait for another that hangs as well.
                    break;
                }
                Decision::Again(raw, retry) => {
                    shared.counts.add(Count::Retried, 1);
                    self.queue.push_front(raw);
                    self.retry = Some(retry);
                    break;
                }
                Decision::Fatal(reason) => {
                    fatal = Some(reason);
                    break;
                }
            }
        }
        Handled {
            partition: self,
            done,
            fatal,
        }
    }

    fn keep<H>(&mut self, shared: &Shared<H>, one: Done, done: &mut Vec<Done>) {
        if let Some((id, stored)) = &one.answer {
            let early = self.seen.insert(*id, stored.clone(), now_ms());
            shared.counts.add(Count::Forgotten, early);
        }
        self.retry = None;
        done.push(one);
    }

    /// Whether something can be done now.
    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        !self.queue.is_empty() && self.retry.is_none_or(|retry| retry.at <= now)
    }
}

enum Decision {
    Done(Done),
    /// The same, of a handler that did not answer in time.
    Late(Done),
    Again(Raw, Retry),
    Fatal(String),
}

impl<H: Handler> Shared<H> {
    async fn decide(&self, partition: &Partition, raw: Raw) -> Decision {
        let now = now_ms();
        let to = match self.names.reply_to(&raw) {
            Ok(to) => to,
            Err(dead) => return Decision::Done(self.names.dead(raw, None, None, *dead, now)),
        };
        let request = match decode::request(&raw) {
            Ok(request) => request,
            Err(poison) => {
                let dead = Dead::unreadable(poison);
                let to = self.reachable(to).await;
                return Decision::Done(self.names.dead(raw, to.as_ref(), None, dead, now));
            }
        };
        let asked = Asked::from(&request);
        if asked.deadline_ms.is_some_and(|deadline| deadline <= now) {
            return Decision::Done(Names::expired(raw));
        }
        if !asked.shadow
            && let Some(stored) = partition.seen.get(asked.id)
        {
            let stored = stored.clone();
            let to = self.reachable(to).await;
            return Decision::Done(Names::duplicate(raw, to.as_ref(), &stored));
        }
        if let Some(to) = &to
            && !self.replies.exist(to).await
        {
            let dead = Dead::new(
                "no-reply-topic",
                400,
                "the topic or partition of its reply does not exist",
            );
            return Decision::Done(self.names.dead(raw, None, Some(&asked), dead, now));
        }
        let limit = self.limit(&asked, now);
        let handling = self.handler.handle(request);
        // Nothing is open yet: dropped, it leaves nothing behind.
        let Ok(answer) = tokio::time::timeout(limit, handling).await else {
            return Decision::Late(self.late(raw, to.as_ref(), &asked, limit));
        };
        match answer {
            Ok(reply) => Decision::Done(self.names.answered(raw, to.as_ref(), &asked, reply, now)),
            Err(HandlerError::Reject { reason, reply }) => {
                let dead = Dead {
                    kind: "rejected",
                    reason,
                    status: 422,
                    reply,
                };
                Decision::Done(self.names.dead(raw, to.as_ref(), Some(&asked), dead, now))
            }
            Err(HandlerError::DeadLetter {
                kind,
                status,
                reason,
            }) => {
                let dead = Dead::new(kind, status, reason);
                Decision::Done(self.names.dead(raw, to.as_ref(), Some(&asked), dead, now))
            }
            Err(HandlerError::Retry { after, reason }) => {
                let at = Instant::now();
                let known = partition.retry.filter(|retry| retry.offset == raw.offset);
                let since = known.map_or(at, |retry| retry.since);
                // With a deadline of its own the request is dropped when that has passed.
                if asked.deadline_ms.is_none() && at.duration_since(since) >= self.config.retry_for
                {
                    let dead = Dead::new("retried", 503, reason);
                    return Decision::Done(self.names.dead(
                        raw,
                        to.as_ref(),
                        Some(&asked),
                        dead,
                        now,
                    ));
                }
                let retry = Retry {
                    offset: raw.offset,
                    since,
                    at: at.checked_add(after).unwrap_or(at),
                };
                Decision::Again(raw, retry)
            }
            Err(HandlerError::Fatal { reason }) => Decision::Fatal(reason),
        }
    }

    /// How long the handler may take.
    fn limit(&self, asked: &Asked, now: i64) -> Duration {
        let left = asked.deadline_ms.map(|deadline| {
            let left = u64::try_from(deadline.saturating_sub(now)).unwrap_or(0);
            Duration::from_millis(left)
        });
        left.map_or(self.config.handle_for, |left| {
            left.min(self.config.handle_for)
        })
    }

    /// What becomes of a request whose handler did not answer in time.
    fn late(&self, raw: Raw, to: Option<&ReplyTo>, asked: &Asked, limit: Duration) -> Done {
        tracing::warn!(
            group = self.config.group,
            partition = raw.partition,
            offset = raw.offset,
            limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            "the handler did not answer in time"
        );
        if asked.deadline_ms.is_some() && limit < self.config.handle_for {
            return Names::expired(raw);
        }
        let dead = Dead::new("timeout", 504, "the service took too long");
        self.names.dead(raw, to, Some(asked), dead, now_ms())
    }

    /// Where the reply goes, if there is such a place.
    async fn reachable(&self, to: Option<ReplyTo>) -> Option<ReplyTo> {
        match to {
            Some(to) if self.replies.exist(&to).await => Some(to),
            _ => None,
        }
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
