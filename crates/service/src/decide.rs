//! What becomes of one request: decoded, known already, expired, handled, rejected, or tried again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use tracing::Instrument;

use crate::decode::{self, Raw, ReplyTo};
use crate::handler::{Handler, HandlerError};
use crate::large;
use crate::message::{Reply, Request};
use crate::outcome::{Asked, Dead, Done, Names};
use crate::parked;
use crate::partition::Shared;
use crate::queue::{Lane, Retry, Waiting};
use crate::seen::Stored;
use crate::trace::TraceContext;
use crate::write_back::Back;

/// What became of one request.
pub(crate) struct Decided {
    /// What it was under way on.
    pub(crate) lanes: Vec<Lane>,
    /// The topic it was read from, as [`Raw::level`].
    pub(crate) level: usize,
    pub(crate) decision: Decision,
}

pub(crate) enum Decision {
    Done(Done),
    /// The same, of a handler that did not answer in time.
    Late(Done),
    /// To be tried again.
    Again(Waiting),
    /// The service cannot go on, for that reason.
    Fatal(Waiting, String),
}

/// Whether another request may be parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Left,
    None,
}

impl<H: Handler> Shared<H> {
    /// Has one request handled; `stored` is what was answered to it before.
    pub(crate) async fn decide(
        &self,
        waiting: Waiting,
        stored: Option<Stored>,
        room: Room,
    ) -> Decided {
        let (lanes, level) = (waiting.lanes.clone(), waiting.raw.level);
        let decision = self.decision(waiting, stored, room).await;
        Decided {
            lanes,
            level,
            decision,
        }
    }

    async fn decision(&self, waiting: Waiting, stored: Option<Stored>, room: Room) -> Decision {
        let now = now_ms();
        let to = match self.names.reply_to(&waiting.raw) {
            Ok(to) => to,
            Err(dead) => {
                return Decision::Done(self.names.dead(waiting.raw, None, None, *dead, now));
            }
        };
        let request = match decode::request(&waiting.raw) {
            Ok(request) => request,
            Err(poison) => {
                let dead = Dead::unreadable(poison);
                let to = self.reachable(to).await;
                let dead = self.names.dead(waiting.raw, to.as_ref(), None, dead, now);
                return Decision::Done(dead);
            }
        };
        let asked = Asked::from(&request);
        let sent = waiting.raw.timestamp_ms;
        let due = asked.deadline_ms.map(|deadline| {
            let sent = sent.unwrap_or(now);
            self.commits.due(deadline, sent)
        });
        // What could not be committed before its deadline is not begun.
        if due.is_some_and(|due| due <= now) {
            return Decision::Done(Names::expired(waiting.raw));
        }
        if let Some(stored) = stored.filter(|_| !asked.shadow) {
            let to = self.reachable(to).await;
            if stored.is_of_another(&asked) {
                return Decision::Done(Names::mismatch(waiting.raw, to.as_ref()));
            }
            return Decision::Done(Names::duplicate(waiting.raw, to.as_ref(), &stored));
        }
        let back = match Back::of(&waiting.raw, request.effect.as_deref()) {
            Ok(back) => back,
            Err(dead) => {
                let to = self.reachable(to).await;
                let asked = Some(&asked);
                return Decision::Done(self.names.dead(
                    waiting.raw,
                    to.as_ref(),
                    asked,
                    *dead,
                    now,
                ));
            }
        };
        if let Some(to) = &to
            && !self.replies.exist(to).await
        {
            let dead = Dead::new(
                "no-reply-topic",
                400,
                "the topic or partition of its reply does not exist",
            );
            return Decision::Done(self.names.dead(waiting.raw, None, Some(&asked), dead, now));
        }
        self.handled(
            waiting,
            request,
            to.as_ref(),
            &asked,
            (back, room, now, due),
        )
        .await
    }

    async fn handled(
        &self,
        waiting: Waiting,
        request: Request,
        to: Option<&ReplyTo>,
        asked: &Asked,
        (back, room, now, due): (Back, Room, i64, Option<i64>),
    ) -> Decision {
        let limit = self.limit(due, now);
        let (trace, begun) = (request.trace.clone(), Instant::now());
        let span = tracing::debug_span!(
            "request",
            id = %request.id,
            route = request.route,
            trace = trace.as_ref().map(TraceContext::trace_id)
        );
        let handling = self.answer(&waiting.raw, request).instrument(span);
        // Nothing is open yet: dropped, it leaves nothing behind.
        let answer = tokio::time::timeout(limit, handling).await;
        self.metrics.handled(begun.elapsed());
        let Ok(answer) = answer else {
            return Decision::Late(self.late(waiting.raw, to, asked, limit));
        };
        let dead = match answer {
            Ok(mut reply) => {
                for event in &mut reply.events {
                    if let Some(trace) = &trace {
                        trace.put(&mut event.headers);
                    }
                }
                let left = (reply, back);
                let done = self.names.answered(waiting.raw, to, asked, left, now);
                return Decision::Done(done);
            }
            Err(HandlerError::Reject { reason, reply }) => Dead {
                reply,
                ..Dead::new("rejected", 422, reason)
            },
            Err(HandlerError::DeadLetter {
                kind,
                status,
                reason,
            }) => Dead::new(kind, status, reason),
            Err(HandlerError::Retry { after, reason }) => {
                return self.again(waiting, to, asked, (after, reason), (room, now));
            }
            Err(HandlerError::Fatal { reason }) => return Decision::Fatal(waiting, reason),
        };
        Decision::Done(self.names.dead(waiting.raw, to, Some(asked), dead, now))
    }

    /// The handler's answer, with the bodies as they travel.
    async fn answer(&self, raw: &Raw, request: Request) -> Result<Reply, HandlerError> {
        let request = large::with_body(&self.config, raw, request).await?;
        let reply = self.handler.handle(request).await?;
        large::packed(&self.config, raw, reply).await
    }

    /// What becomes of a request that is to be tried again: it is parked, or waits where it is, or there were enough tries.
    fn again(
        &self,
        waiting: Waiting,
        to: Option<&ReplyTo>,
        asked: &Asked,
        (after, reason): (Duration, String),
        (room, now_ms): (Room, i64),
    ) -> Decision {
        let dead = |raw, reason: String| {
            let dead = Dead::new("retried", 503, reason);
            Decision::Done(self.names.dead(raw, to, Some(asked), dead, now_ms))
        };
        let level = waiting.raw.level.saturating_add(1);
        if let Some(delay) = self.names.delay(level) {
            let tried = usize::try_from(waiting.raw.attempts()).unwrap_or(usize::MAX);
            let due = parked::due(delay, now_ms);
            // Nobody waits any more when it would be tried: better told now.
            let late = asked.deadline_ms.is_some_and(|deadline| deadline <= due);
            if late || tried > self.names.retries.len() {
                return dead(waiting.raw, reason);
            }
            if room == Room::Left {
                let parked = self.names.parked(waiting.raw, level, Some(&reason), now_ms);
                return Decision::Done(parked);
            }
        }
        let now = Instant::now();
        let since = waiting.retry.map_or(now, |retry| retry.since);
        // With a deadline of its own the request is dropped when that has passed.
        if asked.deadline_ms.is_none() && now.duration_since(since) >= self.config.retry_for {
            return dead(waiting.raw, reason);
        }
        let retry = Retry {
            since,
            at: now.checked_add(after).unwrap_or(now),
        };
        Decision::Again(Waiting {
            retry: Some(retry),
            ..waiting
        })
    }

    /// How long the handler may take.
    fn limit(&self, due: Option<i64>, now: i64) -> Duration {
        let left = due.map(|due| {
            let left = u64::try_from(due.saturating_sub(now)).unwrap_or(0);
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
