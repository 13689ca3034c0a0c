//! The end of each request on a connection, and of the connection: answers go out, what is left of a request is read, our side is closed.
//!
//! In: an answer. Out: how the turn ended. Never asks anybody.

use std::future::poll_fn;
use std::task::{Context, Poll};

use ::h1::{BodyLength, Spelling};
use ::http::header::{CONNECTION, HeaderValue, UPGRADE};
use ::http::response;
use tokio::time::Instant;

use super::feed::{Begin, Discard, Feed, Gone, Read};
use super::framing::{Asked, shape};
use super::outgoing::{Cut, Outgoing};
use super::{Conversation, LINGER, Turn};
use crate::error::GatewayError;
use crate::listen::http::drain::Stage;
use crate::listen::http::{Answer, HalfClosed, Line, Unread};
use crate::message::{Payload, Response};

impl<S, A> Conversation<'_, S, A>
where
    S: Line,
    A: Answer,
{
    /// Sends an answer, and makes the connection ready for the next request.
    pub(super) async fn respond(
        &mut self,
        response: Response,
        asked: Asked,
        feed: &mut Feed,
    ) -> Turn {
        self.interims.close();
        let Response {
            mut parts,
            payload,
            spelling,
            ..
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
    pub(super) async fn unread(&mut self, error: &GatewayError) -> Turn {
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
            half_closed: HalfClosed::Answer,
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
    pub(super) async fn close(&mut self) {
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
    pub(super) async fn linger(&mut self) {
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
