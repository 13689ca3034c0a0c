//! One request and its answer on one connection, both ways at once: the answer may come before the request is out, and then the rest of
//! the request goes on beside it.
//!
//! In: a [`Sending`] on a [`Connection`]. Out: the last head, after any number of 1xx, and an exchange that is read on as a body.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{Method, StatusCode};
use h1::{Refused, ResponseHead};
use tokio::time::Instant;

use super::connection::{Connection, READ};
use super::sending::{Cut, Sending};
use crate::message::{Interim, PayloadError, strip_hop_by_hop};

/// What an answer's head may be: more is no head that a client of ours could take.
pub(super) const LIMITS: h1::Limits = h1::Limits {
    head: 64 << 10,
    fields: 256,
    target: 8 << 10,
};

/// A request that is being sent and whose answer is awaited or read.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) connection: Connection,
    pub(super) sending: Sending,
    sent: Sent,
    /// By when the first byte of the head must be there; none before all is sent, and where nobody says so.
    first_byte: Option<Instant>,
    /// Whether anything new was read since the head was last looked for.
    fresh: bool,
}

/// How far the request is.
#[derive(Debug)]
enum Sent {
    No,
    Yes,
    /// The origin takes no more of it; it may have said why before.
    Cut(Option<io::Error>),
    /// The client broke off while the answer was already coming.
    Short,
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing was written: the connection was dead before.
    Unwritten(io::Error),
    /// It ended, or broke.
    Broken(io::Error),
    /// What came is no answer.
    Refused(Refused),
    /// The client's body broke off.
    Body(PayloadError),
    /// Too late.
    Late,
}

/// What an answer may mean, beside what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    /// By when its head must be there.
    pub(super) deadline: Instant,
    /// How long it may take once all is sent.
    pub(super) first_byte: Option<Duration>,
    /// Where answers go that are not the last.
    pub(super) interim: &'a Interim,
}

impl Exchange {
    pub(super) fn new(connection: Connection, sending: Sending) -> Self {
        Self {
            connection,
            sending,
            sent: Sent::No,
            first_byte: None,
            fresh: false,
        }
    }

    /// Sends on, and reads until the last head is there: a final status, or 101.
    pub(super) fn poll_head(
        &mut self,
        asked: Asked<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<ResponseHead, Fault>> {
        loop {
            match self.poll_sending(context) {
                Ok(()) => {}
                Err(Cut::Wire(error)) => {
                    if !self.sending.is_written() {
                        return Poll::Ready(Err(Fault::Unwritten(error)));
                    }
                    // It may have answered before it closed.
                    self.sent = Sent::Cut(Some(error));
                }
                Err(Cut::Body(error)) => return Poll::Ready(Err(Fault::Body(error))),
            }
            match self.head(asked) {
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Ok(None) => {}
                Err(refused) => return Poll::Ready(Err(Fault::Refused(refused))),
            }
            let held = self.sending.is_held();
            match self.connection.poll_read(READ, context) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.ended())),
                Poll::Ready(Ok(_)) => self.fresh = true,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Fault::Broken(error))),
                Poll::Pending => {
                    let deadline = self.deadline(asked);
                    let until = held.map_or(deadline, |held| held.min(deadline));
                    if self.connection.poll_late(until, context).is_pending() {
                        return Poll::Pending;
                    }
                    if until == deadline {
                        return Poll::Ready(Err(Fault::Late));
                    }
                    // Long enough for an origin that knows what was expected of it.
                    self.sending.wanted();
                }
            }
        }
    }

    /// By when the head must be there, as far as that is known now.
    fn deadline(&mut self, asked: Asked<'_>) -> Instant {
        let Some(patience) = asked.first_byte.filter(|_| self.is_sent()) else {
            return asked.deadline;
        };
        let first = *self
            .first_byte
            .get_or_insert_with(|| Instant::now() + patience);
        first.min(asked.deadline)
    }

    /// The head that is in the buffer, if it is the last and all of it is there.
    fn head(&mut self, asked: Asked<'_>) -> Result<Option<ResponseHead>, Refused> {
        while self.fresh {
            self.fresh = false;
            let read = h1::read_response(&mut self.connection.buffer, &LIMITS, asked.method)?;
            let Some(mut head) = read else { break };
            let status = head.parts.status;
            if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Some(head));
            }
            if status == StatusCode::CONTINUE {
                self.sending.wanted();
            }
            strip_hop_by_hop(&mut head.parts.headers);
            asked.interim.send(head.parts, head.spelling);
            self.fresh = !self.connection.buffer.is_empty();
        }
        Ok(None)
    }

    /// Sends on what can be sent.
    fn poll_sending(&mut self, context: &mut Context<'_>) -> Result<(), Cut> {
        if !matches!(self.sent, Sent::No) {
            return Ok(());
        }
        match self.sending.poll(&mut self.connection, context) {
            Poll::Ready(Ok(())) => self.sent = Sent::Yes,
            Poll::Ready(Err(cut)) => return Err(cut),
            Poll::Pending => {}
        }
        Ok(())
    }

    /// Sends on beside the answer, whose end does not depend on it.
    pub(super) fn poll_rest(&mut self, context: &mut Context<'_>) {
        match self.poll_sending(context) {
            Ok(()) => {}
            Err(Cut::Wire(error)) => self.sent = Sent::Cut(Some(error)),
            Err(Cut::Body(_)) => self.sent = Sent::Short,
        }
    }

    /// Whether the origin has all of the request, so that the next one may follow.
    pub(super) fn is_sent(&self) -> bool {
        match self.sent {
            Sent::Yes => true,
            Sent::No => self.sending.is_whole(),
            Sent::Cut(_) | Sent::Short => false,
        }
    }

    fn ended(&mut self) -> Fault {
        let cut = match &mut self.sent {
            Sent::Cut(error) => error.take(),
            Sent::No | Sent::Yes | Sent::Short => None,
        };
        Fault::Broken(cut.unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()))
    }
}
