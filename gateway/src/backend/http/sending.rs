//! A request on its way out: its head, and its body as it comes.
//!
//! Knows how much was written, so that it can be begun again on another connection as long as that is nothing. The head goes out with the
//! first part of the body in one write, a chunk with its size and its end.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use h1::BodyLength;
use http_body::Body as _;
use tokio::time::Instant;

use super::connection::Connection;
use crate::message::{Payload, PayloadError, kept_trailers};

const END_OF_CHUNK: Bytes = Bytes::from_static(b"\r\n");

/// Why a request could not be sent to its end.
#[derive(Debug)]
pub(super) enum Cut {
    /// The origin takes no more of it.
    Wire(io::Error),
    /// Its own body broke off.
    Body(PayloadError),
}

/// What is left to send.
#[derive(Debug)]
pub(super) struct Sending {
    /// Written in this order: the head or the size of a chunk, a part of the body, what ends it.
    first: BytesMut,
    data: Bytes,
    last: Bytes,
    body: Option<Payload>,
    length: Length,
    /// The body is not asked for before then, unless the origin agrees to it (RFC 9110 section 10.1.1).
    held: Option<Instant>,
    written: bool,
    polled: bool,
    flushed: bool,
}

/// How the body is marked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// So many bytes are still to come.
    Left(u64),
    Chunked,
}

impl Sending {
    /// Begins with that head, whose framing is `length`.
    pub(super) fn new(head: BytesMut, length: BodyLength, body: Payload) -> Self {
        let length = match length {
            BodyLength::Chunked => Length::Chunked,
            BodyLength::Exactly(bytes) => Length::Left(bytes),
            BodyLength::None | BodyLength::UntilClose => Length::Left(0),
        };
        let mut sending = Self {
            first: head,
            data: Bytes::new(),
            last: Bytes::new(),
            body: None,
            length,
            held: None,
            written: false,
            polled: false,
            flushed: false,
        };
        match body {
            Payload::Empty | Payload::Tunnel(_) => {}
            Payload::Whole { data, trailers } => {
                sending.part(data);
                if sending.length == Length::Chunked {
                    sending.last_chunk(trailers.map(|trailers| *trailers));
                }
            }
            body @ Payload::Stream(_) => sending.body = Some(body),
        }
        sending
    }

    /// Does not ask for the body before then, unless it is [`wanted`](Self::wanted) sooner.
    pub(super) fn held(mut self, until: Instant) -> Self {
        self.held = self.body.is_some().then_some(until);
        self
    }

    /// Until when the body is held back.
    pub(super) fn is_held(&self) -> Option<Instant> {
        self.held
    }

    /// The body is wanted now.
    pub(super) fn wanted(&mut self) {
        self.held = None;
    }

    /// Whether anything was written of it.
    pub(super) fn is_written(&self) -> bool {
        self.written
    }

    /// Whether its body is still as it was.
    pub(super) fn is_untouched(&self) -> bool {
        !self.polled
    }

    /// Whether the origin has all that it was told to expect. What else comes of the body, as trailers behind a length do, it never sees.
    pub(super) fn is_whole(&self) -> bool {
        self.flushed && !self.waits() && self.length == Length::Left(0)
    }

    /// The body, if it was a stream that is not at its end.
    pub(super) fn into_body(self) -> Option<Payload> {
        self.body
    }

    fn waits(&self) -> bool {
        !(self.first.is_empty() && self.data.is_empty() && self.last.is_empty())
    }

    /// Sends on. Ready when all is out.
    pub(super) fn poll(
        &mut self,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Cut>> {
        let mut asked = false;
        loop {
            let more = self.data.is_empty() && self.last.is_empty() && self.held.is_none();
            // A head does not wait for a body that is still to come.
            if more && !asked && self.body.is_some() {
                asked = self.take(context)?.is_pending();
            }
            if !self.waits() {
                if !self.flushed {
                    ready!(connection.poll_flush(context)).map_err(Cut::Wire)?;
                    self.flushed = true;
                }
                return match self.body {
                    Some(_) => Poll::Pending,
                    None => Poll::Ready(Ok(())),
                };
            }
            let written = ready!(self.write(connection, context)).map_err(Cut::Wire)?;
            if written == 0 {
                return Poll::Ready(Err(Cut::Wire(io::ErrorKind::WriteZero.into())));
            }
            self.written = true;
            self.flushed = false;
            self.advance(written);
        }
    }

    fn write(
        &self,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match (
            self.first.is_empty(),
            self.data.is_empty(),
            self.last.is_empty(),
        ) {
            (false, true, true) => connection.poll_write(&[IoSlice::new(&self.first)], context),
            (true, false, true) => connection.poll_write(&[IoSlice::new(&self.data)], context),
            _ => connection.poll_write(
                &[
                    IoSlice::new(&self.first),
                    IoSlice::new(&self.data),
                    IoSlice::new(&self.last),
                ],
                context,
            ),
        }
    }

    fn advance(&mut self, written: usize) {
        let first = written.min(self.first.len());
        self.first.advance(first);
        let data = (written - first).min(self.data.len());
        self.data.advance(data);
        let last = (written - first - data).min(self.last.len());
        self.last.advance(last);
    }

    /// The next part of the body, if it is there.
    fn take(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Cut> {
        let Some(body) = &mut self.body else {
            return Ok(Poll::Ready(()));
        };
        self.polled = true;
        let frame = match Pin::new(&mut *body).poll_frame(context) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(Some(Err(error))) => return Err(Cut::Body(error)),
            Poll::Ready(Some(Ok(frame))) => Some(frame),
            Poll::Ready(None) => None,
        };
        let ended = frame.is_none() || body.is_end_stream();
        let mut trailers = None;
        match frame.map(http_body::Frame::into_data) {
            Some(Ok(data)) => {
                if let Length::Left(left) = &mut self.length {
                    let long = u64::try_from(data.len()).unwrap_or(u64::MAX);
                    *left = left.checked_sub(long).ok_or_else(unlike)?;
                }
                self.part(data);
            }
            Some(Err(frame)) => trailers = frame.into_trailers().ok(),
            None => {}
        }
        if ended || trailers.is_some() {
            self.body = None;
            match self.length {
                Length::Left(0) => {}
                Length::Left(_) => return Err(unlike()),
                Length::Chunked => self.last_chunk(trailers),
            }
        }
        Ok(Poll::Ready(()))
    }

    fn part(&mut self, data: Bytes) {
        // One of nothing would end the body.
        if data.is_empty() {
            return;
        }
        if self.length == Length::Chunked {
            h1::write_chunk_size(&mut self.first, data.len());
            self.last = END_OF_CHUNK;
        }
        self.data = data;
    }

    fn last_chunk(&mut self, trailers: Option<::http::HeaderMap>) {
        let mut last = BytesMut::from(&*self.last);
        h1::write_last_chunk(&mut last, trailers.map(kept_trailers).as_ref());
        self.last = last.freeze();
    }
}

/// The body is not as long as it was said to be: whoever read on would take something else for it.
fn unlike() -> Cut {
    Cut::Body(PayloadError::broken(
        "the body is not as long as its head says",
    ))
}
