//! The beginning of a connection and of each request on it: its first bytes, and heads.
//!
//! In: what a client sends, as it comes. Out: a head, or why there is none. Decides how long a client has for it, also at the end of the
//! listener; answers nothing.

use std::future::poll_fn;
use std::task::Poll;

use ::h1::RequestHead;
use tokio::time::Instant;

use super::{Conversation, READ};
use crate::error::GatewayError;
use crate::listen::http::drain::Stage;
use crate::listen::http::preface::Speaks;
use crate::listen::http::{Answer, Line};

/// Why there is no further head.
pub(super) enum NoHead {
    /// Nobody asked for anything.
    Close,
    /// What came is none, or came too slowly.
    Unread(GatewayError),
}

impl<S, A> Conversation<'_, S, A>
where
    S: Line,
    A: Answer,
{
    /// What it speaks, from its first bytes, which stay; none where it says too little.
    pub(in crate::listen::http) async fn first(&mut self) -> Option<Speaks> {
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
            if stage >= Stage::Closing {
                return Poll::Ready(None);
            }
            self.clock
                .poll(self.since + self.shared.limits.head, context)
                .map(|()| None)
        })
        .await
    }

    /// The next head.
    pub(super) async fn head(&mut self) -> Result<RequestHead, NoHead> {
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
                        // It came behind another: its client was told that what it sent ahead may be lost (RFC 9112 section 9.6).
                        Ok(Some(_)) if stage >= Stage::Silent => {
                            return Poll::Ready(Err(NoHead::Close));
                        }
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
            let late = if begun {
                NoHead::Unread(GatewayError::HeadLate)
            } else {
                NoHead::Close
            };
            let is_late = match stage {
                Stage::Open | Stage::Draining => false,
                Stage::Closing => !begun,
                Stage::Silent | Stage::Over => true,
            };
            if is_late {
                return Poll::Ready(Err(late));
            }
            self.clock
                .poll(self.since + limits.head, context)
                .map(|()| Err(late))
        })
        .await
    }
}
