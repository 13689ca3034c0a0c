//! The body of a request, out of what comes on the connection and to whoever asks for it; after its end, a watch on the client.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use ::h1::{BodyLength, Decoder, Limits, Piece};
use http_body::Frame;
use tokio::io::AsyncRead;
use tokio::time::Instant;

use super::mail::{self, More, Reader, Sender, Waited};
use super::wire::Wire;
use crate::listen::http::HalfClosed;
use crate::message::{Payload, PayloadError};

/// What is read of a body at once.
const LARGE: usize = 64 << 10;
/// What is read of a client that is not waited for: further requests, or a body ahead of whoever takes it.
const AHEAD: usize = 16 << 10;
/// What is read of a body that nobody wants, so that its connection can go on.
const DISCARDED: u64 = 256 << 10;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The client has gone: nobody waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// What came of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Someone in this task got what it waited for.
    Fed,
    /// Nobody did.
    Nothing,
}

/// How a client stands to its own body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// It sends it.
    Nothing,
    /// It waits for a word, which is not said yet.
    Continue,
}

/// Where a body is.
#[derive(Debug)]
enum Stage {
    Open(Sender),
    /// Its end was read and passed on.
    Ended,
    /// It will not come to its end: nothing more can be read of this connection.
    Broken,
}

/// A request's body being read.
#[derive(Debug)]
pub(super) struct Feed {
    decoder: Decoder,
    stage: Stage,
    expects: Expects,
    /// The client has closed its side.
    closed: bool,
    half_closed: HalfClosed,
    since: Option<Instant>,
}

/// What a body is begun with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin<'a> {
    pub(super) length: BodyLength,
    pub(super) expects_continue: bool,
    pub(super) limits: &'a Limits,
    pub(super) half_closed: HalfClosed,
}

impl Feed {
    /// A body of that length, whole if all of it has been read already, and what feeds it.
    pub(super) fn begin<S>(begin: Begin<'_>, wire: &mut Wire<S>) -> (Payload, Self) {
        let mut feed = Self {
            decoder: Decoder::new(begin.length, begin.limits),
            stage: Stage::Ended,
            expects: Expects::Nothing,
            closed: false,
            half_closed: begin.half_closed,
            since: None,
        };
        if feed.decoder.at_end() {
            return (Payload::Empty, feed);
        }
        let left = feed.decoder.left();
        if let Some(length) = left.and_then(|left| usize::try_from(left).ok())
            && length <= wire.input.len()
        {
            let whole = Payload::bytes(wire.input.split_to(length).freeze());
            feed.decoder = Decoder::new(BodyLength::None, begin.limits);
            return (whole, feed);
        }
        let (sender, incoming) = mail::body(left);
        feed.stage = Stage::Open(sender);
        if begin.expects_continue {
            feed.expects = Expects::Continue;
        }
        (Payload::Stream(Box::pin(incoming)), feed)
    }

    /// Whether all of the body was read.
    pub(super) fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }

    /// Whether the client has closed its side.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the connection may go on when this request has been answered, as far as can be told before.
    pub(super) fn may_go_on(&self, context: &Context<'_>) -> bool {
        match &self.stage {
            Stage::Ended => !self.closed,
            Stage::Broken => false,
            // It may send its body or leave it: what comes next could be either (RFC 9110 section 10.1.1).
            Stage::Open(_) if self.expects == Expects::Continue => false,
            Stage::Open(sender) => {
                sender.reader(context) != Reader::Left
                    || self.decoder.left().is_some_and(|left| left <= DISCARDED)
            }
        }
    }

    /// The word that the client waits for has been said by somebody else. False if it does not wait, or not any more.
    pub(super) fn take_expectation(&mut self) -> bool {
        std::mem::replace(&mut self.expects, Expects::Nothing) == Expects::Continue
    }

    /// Since when more of the body is waited for.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        self.since
    }

    /// The client has stood still for too long.
    pub(super) fn late(&mut self, context: &Context<'_>) {
        self.cut(PayloadError::Late, context);
    }

    fn cut(&mut self, error: PayloadError, context: &Context<'_>) -> Read {
        self.since = None;
        let Stage::Open(sender) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Read::Nothing;
        };
        fed(sender.send(Some(Err(error)), More::No, context))
    }

    /// Reads on as far as there is somebody to read for, and beyond to see whether the client is still there.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn poll<S: AsyncRead + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
        context: &mut Context<'_>,
    ) -> Result<Read, Gone> {
        loop {
            let Stage::Open(sender) = &self.stage else {
                return self.watch(wire, context);
            };
            let reader = sender.reader(context);
            if reader == Reader::Left {
                return Ok(Read::Nothing);
            }
            if reader == Reader::Wants && self.take_expectation() && wire.input.is_empty() {
                wire.front.extend_from_slice(CONTINUE);
            }
            if reader != Reader::Full {
                match self.give(wire, context) {
                    Some(Read::Fed) => return Ok(Read::Fed),
                    Some(Read::Nothing) => continue,
                    None => {}
                }
            }
            if self.closed || wire.input.len() >= AHEAD {
                return Ok(Read::Nothing);
            }
            match wire.poll_fill(self.room(), context) {
                Poll::Ready(Ok(0)) => self.closed = true,
                Poll::Ready(Ok(_)) => self.since = None,
                Poll::Ready(Err(_)) => return Err(Gone),
                Poll::Pending => {
                    if reader == Reader::Wants {
                        self.since.get_or_insert_with(Instant::now);
                    }
                    return Ok(Read::Nothing);
                }
            }
        }
    }

    /// Gives the next part to a reader that has room; none if more must be read for that.
    fn give<S>(&mut self, wire: &mut Wire<S>, context: &Context<'_>) -> Option<Read> {
        let Stage::Open(sender) = &self.stage else {
            return None;
        };
        let (frame, more) = match self.decoder.next(&mut wire.input) {
            Ok(Piece::Data(data)) => (Some(Frame::data(data)), self.more()),
            Ok(Piece::Trailers(trailers)) => (Some(Frame::trailers(trailers)), More::No),
            Ok(Piece::End) => (None, More::No),
            Ok(Piece::More) if self.closed => {
                let end = io::Error::from(io::ErrorKind::UnexpectedEof);
                return Some(self.cut(PayloadError::broken(end), context));
            }
            Ok(Piece::More) => return None,
            Err(refused) => return Some(self.cut(PayloadError::broken(refused), context)),
        };
        self.since = None;
        let waited = sender.send(frame.map(Ok), more, context);
        if more == More::No {
            self.stage = Stage::Ended;
        }
        Some(fed(waited))
    }

    fn more(&self) -> More {
        if self.decoder.at_end() {
            More::No
        } else {
            More::Yes
        }
    }

    fn room(&self) -> usize {
        let left = self.decoder.left().map(usize::try_from);
        match left {
            Some(Ok(left)) => left.clamp(1, LARGE),
            _ => LARGE,
        }
    }

    /// Nothing is waited for, but the client may go.
    fn watch<S: AsyncRead + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
        context: &mut Context<'_>,
    ) -> Result<Read, Gone> {
        while !self.closed && wire.input.len() < AHEAD {
            match wire.poll_fill(AHEAD, context) {
                Poll::Ready(Ok(0)) => self.closed = true,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Err(Gone),
                Poll::Pending => return Ok(Read::Nothing),
            }
        }
        match self.half_closed {
            HalfClosed::Cancel if self.closed => Err(Gone),
            HalfClosed::Cancel | HalfClosed::Answer => Ok(Read::Nothing),
        }
    }

    /// Reads the rest of a body that nobody wants. Ready: whether the connection can go on after it.
    pub(super) fn poll_discard<S: AsyncRead + Unpin>(
        &mut self,
        left: &mut Discard,
        wire: &mut Wire<S>,
        context: &mut Context<'_>,
    ) -> Poll<bool> {
        loop {
            match self.stage {
                Stage::Ended => return Poll::Ready(!self.closed),
                Stage::Broken => return Poll::Ready(false),
                Stage::Open(_) => {}
            }
            match self.decoder.next(&mut wire.input) {
                Ok(Piece::Data(data)) => {
                    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                    match left.bytes.checked_sub(length) {
                        Some(rest) => left.bytes = rest,
                        None => return Poll::Ready(false),
                    }
                }
                Ok(Piece::Trailers(_)) => {}
                Ok(Piece::End) => self.stage = Stage::Ended,
                Err(_) => self.stage = Stage::Broken,
                Ok(Piece::More) => match wire.poll_fill(self.room(), context) {
                    Poll::Ready(Ok(0) | Err(_)) => self.stage = Stage::Broken,
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

/// How much more is thrown away, and until when.
#[derive(Debug)]
pub(super) struct Discard {
    bytes: u64,
    pub(super) until: Instant,
}

impl Discard {
    pub(super) fn within(time: Duration) -> Self {
        Self {
            bytes: DISCARDED,
            until: Instant::now() + time,
        }
    }
}

fn fed(waited: Waited) -> Read {
    match waited {
        Waited::Here => Read::Fed,
        Waited::Elsewhere => Read::Nothing,
    }
}
