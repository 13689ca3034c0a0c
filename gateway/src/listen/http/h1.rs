//! A connection that speaks HTTP/1.x: one request after the other, each answered before the next is looked at.
//!
//! All of it happens in the one task of the connection: reading heads and bodies, asking, writing. A request's body is read when it is
//! asked for, and not ahead of that but for a little; an answer's when the client has taken what was before it.

mod feed;
mod framing;
mod mail;
mod outgoing;
mod wire;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::h1::{BodyLength, RequestHead, Spelling};
use ::http::header::{CONNECTION, HeaderValue, UPGRADE};
use ::http::{StatusCode, Version, response};
use tokio::time::Instant;

use self::feed::{Begin, Discard, Feed, Gone, Read};
use self::framing::{Asked, shape};
use self::outgoing::{Cut, Outgoing};
use self::wire::Wire;
use super::clock::Clock;
use super::drain::{Member, Stage};
use super::preface::Speaks;
use super::rewound::Rewound;
use super::splice::splice;
use super::{Answer, FIRST, Line, Listener, Unread};
use crate::error::GatewayError;
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
    /// Whether there was one before.
    asked: bool,
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

/// Why there is no further head.
enum NoHead {
    /// Nobody asked for anything.
    Close,
    /// What came is none, or came too slowly.
    Unread(GatewayError),
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
            asked: false,
            shared,
        }
    }

    /// What it speaks, from its first bytes, which stay; none where it says too little.
    pub(super) async fn first(&mut self) -> Option<Speaks> {
        poll_fn(|context| {
            let stage = self.member.stage(context);
            if stage == Stage::Over {
                return Poll::Ready(None);
            }
            loop {
                if let Some(speaks) = Speaks::of(&self.wire.input) {
                    return Poll::Ready(Some(speaks));
                }
                match self.wire.poll_fill(READ, context) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(None),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => break,
                }
            }
            let patience = self.shared.limits.head;
            let patience = match stage {
                Stage::Draining => FIRST.min(patience),
                Stage::Open | Stage::Over => patience,
            };
            self.clock
                .poll(self.since + patience, context)
                .map(|()| None)
        })
        .await
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
                Turn::Next => {
                    self.since = Instant::now();
                    self.asked = true;
                }
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

    /// The next head.
    async fn head(&mut self) -> Result<RequestHead, NoHead> {
        let limits = self.shared.limits;
        let mut begun = !self.wire.input.is_empty();
        let mut fresh = begun;
        poll_fn(|context| {
            let stage = self.member.stage(context);
            if stage == Stage::Over {
                return Poll::Ready(Err(NoHead::Close));
            }
            // The time is asked for once where a head comes in one piece.
            let mut now = None;
            loop {
                if fresh {
                    fresh = false;
                    match ::h1::read_request(&mut self.wire.input, &limits.heads) {
                        Ok(Some(head)) => {
                            self.received = now.unwrap_or_else(Instant::now);
                            return Poll::Ready(Ok(head));
                        }
                        Ok(None) => {}
                        Err(refused) => {
                            let unread = GatewayError::Unreadable(refused);
                            return Poll::Ready(Err(NoHead::Unread(unread)));
                        }
                    }
                }
                match self.wire.poll_fill(READ, context) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(NoHead::Close)),
                    Poll::Ready(Ok(_)) => {
                        if !begun {
                            begun = true;
                            self.since = *now.insert(Instant::now());
                        }
                        fresh = true;
                    }
                    Poll::Pending => break,
                }
            }
            let mut patience = limits.head;
            if stage == Stage::Draining && !begun {
                if self.asked {
                    return Poll::Ready(Err(NoHead::Close));
                }
                patience = patience.min(FIRST);
            }
            let late = if begun {
                NoHead::Unread(GatewayError::HeadLate)
            } else {
                NoHead::Close
            };
            self.clock
                .poll(self.since + patience, context)
                .map(|()| Err(late))
        })
        .await
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

    /// Sends an answer, and makes the connection ready for the next request.
    async fn respond(&mut self, response: Response, asked: Asked, feed: &mut Feed) -> Turn {
        self.interims.close();
        let Response {
            mut parts,
            payload,
            spelling,
        } = response;
        if let Payload::Tunnel(_) = payload {
            return self.switch(parts, &spelling, payload).await;
        }
        if parts.status.is_informational() {
            tracing::error!(status = %parts.status, "an answer that is not the last");
            return Turn::Close;
        }
        let (ends, goes_on) = poll_fn(|context| {
            let ends = self.member.stage(context) != Stage::Open;
            Poll::Ready((ends, feed.may_go_on(context)))
        })
        .await;
        let shape = shape(asked, &mut parts, &payload, goes_on && !ends);
        self.wire.expect(shape.length);
        ::h1::write_response(&mut self.wire.front, &parts, &spelling, shape.length);
        drop((parts, spelling));
        let mut outgoing = Outgoing::new(payload, shape);
        let sent = poll_fn(|context| self.poll_send(&mut outgoing, feed, context)).await;
        drop(outgoing);
        if sent.is_err() {
            if shape.length == BodyLength::UntilClose {
                // An orderly end would make it look whole.
                self.wire.abort();
            }
            return Turn::Break;
        }
        if !shape.persists {
            // Whoever has said all, and knows that it ends, reads on: nothing stands against closing at once.
            let told = !asked.keep_alive || ends;
            let said_all = feed.is_ended() && self.wire.input.is_empty();
            return if feed.is_closed() || (told && said_all) {
                Turn::Close
            } else {
                Turn::Linger
            };
        }
        if feed.is_ended() || self.discarded(feed).await {
            Turn::Next
        } else {
            Turn::Linger
        }
    }

    fn poll_send(
        &mut self,
        outgoing: &mut Outgoing,
        feed: &mut Feed,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Cut>> {
        loop {
            if self.member.stage(context) == Stage::Over {
                return Poll::Ready(Err(Cut));
            }
            if let Poll::Ready(sent) = outgoing.poll(&mut self.wire, context) {
                return Poll::Ready(sent);
            }
            // The answer may wait for the rest of what it answers.
            match feed.poll(&mut self.wire, context) {
                Ok(Read::Fed) => continue,
                Ok(Read::Nothing) => {}
                Err(Gone) => return Poll::Ready(Err(Cut)),
            }
            if self.poll_stalled(feed, context).is_ready() {
                return Poll::Ready(Err(Cut));
            }
            if feed.waits_since().is_none() || self.poll_late(feed, context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Sends the head after which the connection speaks something else (RFC 9110 section 15.2.2).
    async fn switch(
        &mut self,
        mut parts: response::Parts,
        spelling: &Spelling,
        tunnel: Payload,
    ) -> Turn {
        if parts.headers.contains_key(UPGRADE) {
            parts
                .headers
                .insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        }
        ::h1::write_response(&mut self.wire.front, &parts, spelling, BodyLength::None);
        let written = poll_fn(|context| {
            if self.member.stage(context) == Stage::Over {
                return Poll::Ready(false);
            }
            match self.wire.poll_out(context) {
                Poll::Ready(out) => Poll::Ready(out.is_ok()),
                Poll::Pending => match self.wire.stuck() {
                    Some(since) => self
                        .clock
                        .poll(since + self.shared.limits.stall, context)
                        .map(|()| false),
                    None => Poll::Pending,
                },
            }
        })
        .await;
        if written {
            Turn::Tunnel(tunnel)
        } else {
            Turn::Close
        }
    }

    /// Tells a client that its request could not be read.
    async fn unread(&mut self, error: &GatewayError) -> Turn {
        let unread = Unread {
            error,
            peer: &self.peer,
            since: self.since,
        };
        let response = self.shared.answer.unread(&unread);
        let begin = Begin {
            length: BodyLength::None,
            expects_continue: false,
            limits: &self.shared.limits.heads,
            // What it sends now does not matter any more.
            half_closed: super::HalfClosed::Answer,
        };
        let (_, mut feed) = Feed::begin(begin, &mut self.wire);
        self.respond(response, Asked::unread(), &mut feed).await;
        if feed.is_closed() {
            Turn::Close
        } else {
            Turn::Linger
        }
    }

    /// Reads the rest of a request's body; whether it came to its end.
    async fn discarded(&mut self, feed: &mut Feed) -> bool {
        let mut left = Discard::within(LINGER);
        poll_fn(|context| {
            if self.member.stage(context) == Stage::Over {
                return Poll::Ready(false);
            }
            match feed.poll_discard(&mut left, &mut self.wire, context) {
                Poll::Ready(ended) => Poll::Ready(ended),
                Poll::Pending => self.clock.poll(left.until, context).map(|()| false),
            }
        })
        .await
    }

    /// Ends our side.
    async fn close(&mut self) {
        let due = Instant::now() + self.shared.limits.stall;
        poll_fn(|context| {
            if self.member.stage(context) == Stage::Over {
                return Poll::Ready(());
            }
            match self.wire.poll_close(context) {
                Poll::Ready(_) => Poll::Ready(()),
                Poll::Pending => self.clock.poll(due, context),
            }
        })
        .await;
    }

    /// Waits until the client has closed its side too, but not for long.
    async fn linger(&mut self) {
        let due = Instant::now() + LINGER;
        poll_fn(|context| {
            if self.member.stage(context) == Stage::Over {
                return Poll::Ready(());
            }
            loop {
                match self.wire.poll_discard(context) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => return self.clock.poll(due, context),
                }
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests;
