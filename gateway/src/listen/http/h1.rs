//! A connection that speaks HTTP/1.x: one request after the other, each answered before the next is looked at.
//!
//! All of it happens in the one task of the connection: reading heads and bodies, asking, writing. A request's body is read when it is
//! asked for, and not ahead of that but for a little; an answer's when the client has taken what was before it.

mod feed;
mod framing;
mod head;
mod mail;
mod outgoing;
mod reply;
mod wire;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::h1::{BodyLength, RequestHead};
use ::http::{StatusCode, Version};
use tokio::time::Instant;

use self::feed::{Begin, Feed, Gone, Read};
use self::framing::Asked;
use self::head::NoHead;
use self::wire::Wire;
use super::clock::Clock;
use super::drain::{Member, Stage};
use super::rewound::Rewound;
use super::splice::splice;
use super::{Answer, Line, Listener};
use crate::message::{Interim, Interims, Payload, Peer, Request, Response, request_id};

/// What is read at once of heads.
const READ: usize = 8 << 10;
/// How long a client is listened to that is to read its last answer: closing over what it still sends would destroy that.
const LINGER: Duration = Duration::from_secs(10);
/// Answers that are not the last and wait for a client which takes nothing.
const INTERIM: usize = 16 << 10;

/// One connection and all it carries.
#[derive(Debug)]
pub(super) struct Conversation<'a, S, A> {
    wire: Wire<S>,
    peer: Arc<Peer>,
    member: Member,
    clock: Clock,
    interims: Interims,
    /// Since when the next head is waited for.
    since: Instant,
    /// When the last head was complete.
    received: Instant,
    shared: &'a Listener<A>,
}

/// How a turn ended.
enum Turn {
    /// Another may follow.
    Next,
    /// The connection ends, and the client may still be sending.
    Linger,
    /// The connection ends.
    Close,
    /// The connection breaks off, since what was sent on it does.
    Break,
    /// It is something else now.
    Tunnel(Payload),
}

impl<'a, S, A> Conversation<'a, S, A>
where
    S: Line,
    A: Answer,
{
    pub(super) fn new(stream: S, peer: Arc<Peer>, member: Member, shared: &'a Listener<A>) -> Self {
        let now = Instant::now();
        Self {
            wire: Wire::new(stream),
            peer,
            member,
            clock: Clock::default(),
            interims: Interims::default(),
            since: now,
            received: now,
            shared,
        }
    }

    /// The connection with what was read of it, to speak something else.
    pub(super) fn into_opened(self) -> (Rewound<S>, Arc<Peer>, Member) {
        let (stream, first) = self.wire.into_parts();
        let opened = Rewound::new(stream, first, self.shared.limits.stall);
        (opened, self.peer, self.member)
    }

    /// Answers until either side ends it. Dropped half-way, what was asked is cancelled.
    pub(super) async fn run(mut self) {
        loop {
            self.wire.rest();
            let turn = match self.head().await {
                Ok(head) => self.turn(head).await,
                Err(NoHead::Close) => return,
                Err(NoHead::Unread(error)) => self.unread(&error).await,
            };
            match turn {
                Turn::Next => self.since = Instant::now(),
                Turn::Close => return self.close().await,
                Turn::Break => return,
                Turn::Linger => {
                    self.close().await;
                    return self.linger().await;
                }
                Turn::Tunnel(Payload::Tunnel(backend)) => {
                    let counts = &self.shared.counts;
                    let (opened, _, member) = self.into_opened();
                    // Boxed: few connections become one.
                    return Box::pin(splice(opened, backend, member, counts)).await;
                }
                Turn::Tunnel(_) => return,
            }
        }
    }

    /// One request and its answer.
    async fn turn(&mut self, head: RequestHead) -> Turn {
        let RequestHead {
            parts,
            spelling,
            length,
            keep_alive,
            expects_continue,
            ..
        } = head;
        let asked = Asked::of(&parts, keep_alive);
        let begin = Begin {
            length,
            expects_continue,
            limits: &self.shared.limits.heads,
            half_closed: self.shared.limits.half_closed,
        };
        let (payload, mut feed) = Feed::begin(begin, &mut self.wire);
        let interim = match parts.version {
            Version::HTTP_11 => self.interims.open(),
            // It knows of none (RFC 9110 section 15.2).
            _ => Interim::default(),
        };
        let request = Request {
            id: request_id(),
            parts,
            payload,
            received: self.received,
            peer: Some(Arc::clone(&self.peer)),
            spelling,
            interim,
        };
        let answer = Arc::clone(&self.shared.answer);
        // Boxed: a connection that is idle does not hold its place.
        let mut answering = Box::pin(answer.answer(request));
        let answered =
            poll_fn(|context| self.poll_answer(answering.as_mut(), &mut feed, context)).await;
        drop(answering);
        match answered {
            Ok(response) => self.respond(response, asked, &mut feed).await,
            Err(Gone) => Turn::Close,
        }
    }

    fn poll_answer(
        &mut self,
        mut answering: Pin<&mut impl Future<Output = Response>>,
        feed: &mut Feed,
        context: &mut Context<'_>,
    ) -> Poll<Result<Response, Gone>> {
        loop {
            if self.member.stage(context) == Stage::Over {
                return Poll::Ready(Err(Gone));
            }
            let answered = answering.as_mut().poll(context);
            self.interims(feed, context);
            if let Poll::Ready(response) = answered {
                return Poll::Ready(Ok(response));
            }
            let read = match feed.poll(&mut self.wire, context) {
                Ok(read) => read,
                Err(gone) => return Poll::Ready(Err(gone)),
            };
            if let Poll::Ready(Err(_)) = self.wire.poll_out(context) {
                return Poll::Ready(Err(Gone));
            }
            if read == Read::Fed {
                continue;
            }
            if self.poll_stalled(feed, context).is_ready() {
                return Poll::Ready(Err(Gone));
            }
            if feed.waits_since().is_none() || self.poll_late(feed, context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Writes the answers that are not the last.
    fn interims(&mut self, feed: &mut Feed, context: &mut Context<'_>) {
        while self.wire.front.len() < INTERIM {
            let Poll::Ready((parts, spelling)) = self.interims.poll_next(context) else {
                return;
            };
            // Who does not wait for it was told already, or never asked.
            if parts.status == StatusCode::CONTINUE && !feed.take_expectation() {
                continue;
            }
            ::h1::write_response(&mut self.wire.front, &parts, &spelling, BodyLength::None);
        }
    }

    /// The client takes nothing.
    fn poll_stalled(&mut self, _feed: &Feed, context: &mut Context<'_>) -> Poll<()> {
        match self.wire.stuck() {
            Some(since) => self.clock.poll(since + self.shared.limits.stall, context),
            None => Poll::Pending,
        }
    }

    /// The client sends nothing of a body that is waited for: then whoever waits is told.
    fn poll_late(&mut self, feed: &mut Feed, context: &mut Context<'_>) -> Poll<()> {
        let Some(since) = feed.waits_since() else {
            return Poll::Pending;
        };
        let due = since + self.shared.limits.stall;
        self.clock.poll(due, context).map(|()| feed.late(context))
    }
}

#[cfg(test)]
mod tests;
