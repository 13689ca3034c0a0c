//! The body of a request: the client may send on as fast as it is taken, and is told to begin when somebody first wants it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::h1::Spelling;
use ::h2::RecvStream;
use ::http::StatusCode;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::listen::http::clock::Clock;
use crate::message::{Interim, PayloadError};

/// A body that is still coming. Dropped before its end, what else comes of it is thrown away.
#[derive(Debug)]
pub(super) struct Incoming {
    stream: RecvStream,
    /// How many bytes are still to come, where that is known.
    left: Option<u64>,
    /// The client waits to be told that it is wanted.
    awaits: Option<Interim>,
    /// How long nothing may come of what is waited for.
    stall: Duration,
    since: Option<Instant>,
    clock: Clock,
    trailers: bool,
}

impl Incoming {
    pub(super) fn new(
        stream: RecvStream,
        length: Option<u64>,
        stall: Duration,
        awaits: Option<Interim>,
    ) -> Self {
        Self {
            stream,
            left: length,
            awaits,
            stall,
            since: None,
            clock: Clock::default(),
            trailers: false,
        }
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        if !self.trailers {
            if let Some(data) = ready!(self.stream.poll_data(context)) {
                let data = data.map_err(PayloadError::broken)?;
                // Room for as much more.
                let room = self.stream.flow_control().release_capacity(data.len());
                room.map_err(PayloadError::broken)?;
                let long = u64::try_from(data.len()).unwrap_or(u64::MAX);
                self.left = self.left.map(|left| left.saturating_sub(long));
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            self.trailers = true;
        }
        let trailers = ready!(self.stream.poll_trailers(context)).map_err(PayloadError::broken)?;
        Poll::Ready(trailers.map(|trailers| {
            // The crate drops pseudo fields, which make a message malformed (RFC 9113 section 8.1), without a word. Where something else
            // is with them it refuses their order; a section with nothing at all is not told apart, and nobody sends one.
            if trailers.is_empty() {
                return Err(PayloadError::broken("trailers without a field"));
            }
            Ok(Frame::trailers(trailers))
        }))
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let this = &mut *self;
        if let Poll::Ready(next) = this.poll_next(context) {
            (this.since, this.awaits) = (None, None);
            return Poll::Ready(next);
        }
        if let Some(interim) = this.awaits.take() {
            let (mut parts, ()) = ::http::Response::new(()).into_parts();
            parts.status = StatusCode::CONTINUE;
            interim.send(parts, Spelling::default());
        }
        let since = *this.since.get_or_insert_with(Instant::now);
        this.clock
            .poll(since + this.stall, context)
            .map(|()| Some(Err(PayloadError::Late)))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
