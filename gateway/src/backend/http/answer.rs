//! The body of an answer, read from its connection as it is asked for, while the rest of the request goes on beside it.
//!
//! The connection goes back to its pool with the last byte. Dropped before, as when the client goes away, it is closed.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h1::{Decoder, Piece};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::broke_off;
use super::exchange::Exchange;
use super::pool::{Place, Pool};
use crate::message::PayloadError;

/// A read of a body has room for this at most.
const LARGE: usize = 64 << 10;

/// A body that is still coming.
#[derive(Debug)]
pub(super) struct Answer {
    /// None once all is read.
    open: Option<Open>,
    /// What was read and is not yet given.
    first: VecDeque<Piece>,
}

#[derive(Debug)]
struct Open {
    exchange: Exchange,
    decoder: Decoder,
    pool: Weak<Pool>,
    place: Place,
    lasting: Lasting,
    /// How long it may stand still.
    idle: Duration,
    /// When it must be at its end.
    ends: Option<Instant>,
    /// Since when it stands still.
    still: Option<Instant>,
}

/// Whether a connection can carry another exchange after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    Yes,
    No,
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) idle: Duration,
    pub(super) ends: Option<Instant>,
}

impl Answer {
    pub(super) fn new(
        exchange: Exchange,
        decoder: Decoder,
        lasting: Lasting,
        patience: Patience,
        pool: Weak<Pool>,
        place: Place,
    ) -> Self {
        let open = Open {
            exchange,
            decoder,
            pool,
            place,
            lasting,
            idle: patience.idle,
            ends: patience.ends,
            still: None,
        };
        Self {
            open: Some(open),
            first: VecDeque::new(),
        }
    }

    /// With what was read already.
    pub(super) fn after(mut self, first: VecDeque<Piece>) -> Self {
        self.first = first;
        self
    }

    /// The last byte is read: whoever asks next may have the connection.
    fn end(&mut self) {
        if let Some(open) = self.open.take() {
            open.end();
        }
    }
}

impl Open {
    fn end(self) {
        let whole = self.exchange.is_sent() && self.lasting == Lasting::Yes;
        if whole && let Some(pool) = self.pool.upgrade() {
            pool.put(self.exchange.connection);
        }
        // Only now: whoever waits for a place must find the connection.
        drop(self.place);
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, PayloadError>> {
        self.exchange.poll_rest(context);
        // Also of an answer that never stands still.
        if self.ends.is_some_and(|ends| Instant::now() >= ends) {
            return Poll::Ready(Err(PayloadError::Late));
        }
        let connection = &mut self.exchange.connection;
        loop {
            match self
                .decoder
                .next(&mut connection.buffer)
                .map_err(PayloadError::broken)?
            {
                Piece::More => {}
                piece => {
                    self.still = None;
                    return Poll::Ready(Ok(piece));
                }
            }
            // One more than is expected: a read that leaves room has emptied the stream, and says so without another.
            let room = self.decoder.left().map_or(LARGE, |left| {
                usize::try_from(left).map_or(LARGE, |left| left.saturating_add(1).min(LARGE))
            });
            match connection.poll_read(room, context) {
                Poll::Ready(Ok(0)) => {
                    self.decoder.closed().map_err(PayloadError::broken)?;
                    self.lasting = Lasting::No;
                    return Poll::Ready(Ok(Piece::End));
                }
                Poll::Ready(Ok(_)) => self.still = None,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(PayloadError::broken(error))),
                Poll::Pending => {
                    let still = *self.still.get_or_insert_with(Instant::now);
                    let until = still + self.idle;
                    let until = self.ends.map_or(until, |ends| ends.min(until));
                    return connection
                        .poll_late(until, context)
                        .map(|()| Err(PayloadError::Late));
                }
            }
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        if let Some(piece) = self.first.pop_front() {
            return Poll::Ready(frame(piece).map(Ok));
        }
        let Some(open) = &mut self.open else {
            return Poll::Ready(None);
        };
        let polled = open.poll_piece(context);
        let at_end = open.decoder.at_end();
        let frame = match polled {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(piece)) => frame(piece),
            Poll::Ready(Err(error)) => {
                if let Some(pool) = open.pool.upgrade() {
                    broke_off(&pool.origin, &error);
                }
                self.open = None;
                return Poll::Ready(Some(Err(error)));
            }
        };
        if at_end || frame.is_none() {
            self.end();
        }
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.open.is_none() && self.first.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let Some(open) = &self.open else {
            return SizeHint::with_exact(length(&self.first));
        };
        match open.decoder.left() {
            Some(left) => SizeHint::with_exact(left.saturating_add(length(&self.first))),
            None => SizeHint::default(),
        }
    }
}

fn frame(piece: Piece) -> Option<Frame<Bytes>> {
    match piece {
        Piece::Data(data) => Some(Frame::data(data)),
        Piece::Trailers(trailers) => Some(Frame::trailers(trailers)),
        Piece::End | Piece::More => None,
    }
}

/// How many bytes of a body these are.
fn length(pieces: &VecDeque<Piece>) -> u64 {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Data(data) => u64::try_from(data.len()).unwrap_or(u64::MAX),
            Piece::Trailers(_) | Piece::End | Piece::More => 0,
        })
        .sum()
}
