//! One connection to an origin, driven by whoever uses it: no task, no channel. It is idle in a pool or in the hands of one exchange.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::io::poll_read_buf;

use super::pool::Owner;
use super::wire::{Wire, is_quiet, is_quiet_now};

/// A first read has room for this: the head and all of most answers.
pub(super) const READ: usize = 16 << 10;

thread_local! {
    /// What comes first is read into memory that its thread shares, and copied by its length: an answer that waits for its client holds no
    /// more than itself, and memory that was just used is faster than any other.
    static FIRST: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// Below this it is not worth reading into what is left of a buffer.
const LITTLE: usize = 512;

/// A connection that speaks HTTP/1.
#[derive(Debug)]
pub(super) struct Connection {
    wire: Wire,
    /// What was read and is not yet taken. Holds no memory while the connection is idle.
    pub(super) buffer: BytesMut,
    /// Made by the first wait, then kept: it is moved only when it fires too early or would fire too late.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it has carried an exchange before.
    pub(super) reused: bool,
    /// Whom it belongs to, where it was authenticated as a whole or made for one client.
    pub(super) owner: Option<Owner>,
    /// Since when it has been idle.
    pub(super) since: Instant,
}

impl Connection {
    pub(super) fn new(wire: Wire) -> Self {
        Self {
            wire,
            buffer: BytesMut::new(),
            timer: None,
            reused: false,
            owner: None,
            since: Instant::now(),
        }
    }

    /// Made ready for a pool. None if it cannot carry another exchange: something came that nobody asked for.
    pub(super) fn rested(mut self) -> Option<Self> {
        if !self.buffer.is_empty() {
            return None;
        }
        self.buffer = BytesMut::new();
        self.reused = true;
        self.since = Instant::now();
        Some(self)
    }

    /// Whether it still lives, as far as this side has heard.
    pub(super) fn is_quiet(&mut self) -> bool {
        is_quiet(&mut self.wire)
    }

    /// Whether it still lives, as far as the system has heard.
    pub(super) fn is_quiet_now(&self) -> bool {
        is_quiet_now(&self.wire)
    }

    /// Reads once, with room for `room` bytes at least; how many came, 0 at the end.
    pub(super) fn poll_read(
        &mut self,
        room: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.buffer.is_empty() && room <= READ {
            return self.poll_first(context);
        }
        let spare = self.buffer.capacity().saturating_sub(self.buffer.len());
        if spare < room.min(LITTLE) || self.buffer.is_empty() {
            self.buffer.reserve(room);
        }
        poll_read_buf(Pin::new(&mut self.wire), context, &mut self.buffer)
    }

    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        FIRST.with_borrow_mut(|shared| {
            let mut buffer = ReadBuf::new(shared);
            ready!(Pin::new(&mut self.wire).poll_read(context, &mut buffer))?;
            let read = buffer.filled();
            if !read.is_empty() {
                self.buffer = BytesMut::from(read);
            }
            Poll::Ready(Ok(read.len()))
        })
    }

    /// Writes once.
    pub(super) fn poll_write(
        &mut self,
        slices: &[io::IoSlice<'_>],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match slices {
            [one] => Pin::new(&mut self.wire).poll_write(context, one),
            many => Pin::new(&mut self.wire).poll_write_vectored(context, many),
        }
    }

    /// Pushes out what the stream itself may hold back, as one with records does.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    /// Whether it is later than that; the task is woken when it is.
    pub(super) fn poll_late(&mut self, until: Instant, context: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        // One that stands earlier, for a wait that is over, is moved when it fires: most never do.
        while timer.as_mut().poll(context).is_ready() {
            if timer.deadline() >= until {
                return Poll::Ready(());
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }

    /// The stream, and what was read of it beyond HTTP.
    pub(super) fn into_parts(self) -> (Wire, BytesMut) {
        (self.wire, self.buffer)
    }
}
