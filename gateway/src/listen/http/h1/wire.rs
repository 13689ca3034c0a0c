//! The bytes of a connection, read and written as far as it goes without waiting.
//!
//! An idle connection owns no buffer: what comes first is read into one that its thread shares, and copied by its length.

use std::cell::RefCell;
use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use ::h1::BodyLength;
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::listen::http::Line;

/// Parts of a body up to this are copied behind the head: one plain write costs less than one of several pieces.
const LITTLE: usize = 2 << 10;
/// Most heads of answers are shorter.
const HEAD: usize = 640;
/// How much is put together before it is written.
const TOGETHER: usize = 16 << 10;

/// Most heads, and what comes with them, are shorter.
const SHARED: usize = 16 << 10;

thread_local! {
    static FIRST: RefCell<Vec<u8>> = RefCell::new(vec![0; SHARED]);
}

/// One connection with what was read of it and not yet used, and what is to be written to it.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    /// Read and not yet used.
    pub(super) input: BytesMut,
    /// Written in this order: heads and sizes of chunks, a part of a body, what ends that.
    pub(super) front: BytesMut,
    data: Bytes,
    tail: &'static [u8],
    flushed: bool,
    stuck: Option<Instant>,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            front: BytesMut::new(),
            data: Bytes::new(),
            tail: b"",
            flushed: true,
            stuck: None,
        }
    }

    /// The connection, and what was read of it.
    pub(super) fn into_parts(self) -> (S, BytesMut) {
        (self.stream, self.input)
    }

    /// Adds a part of a body behind the front; `tail` comes after it. Only where [`is_clear`](Self::is_clear).
    pub(super) fn put(&mut self, data: Bytes, tail: &'static [u8]) {
        if data.len() <= LITTLE {
            self.front.reserve(data.len().saturating_add(tail.len()));
            self.front.extend_from_slice(&data);
            self.front.extend_from_slice(tail);
            return;
        }
        self.data = data;
        self.tail = tail;
    }

    /// Takes memory at once for a head and a body of that length, if it will be copied behind it.
    pub(super) fn expect(&mut self, length: BodyLength) {
        if let BodyLength::Exactly(length) = length
            && let Ok(length) = usize::try_from(length)
            && length <= LITTLE
        {
            self.front.reserve(length.saturating_add(HEAD));
        }
    }

    /// Whether a part of a body has a place.
    pub(super) fn is_clear(&self) -> bool {
        self.is_front() && self.front.len() < TOGETHER
    }

    /// Whether all that is left to be written is the front.
    fn is_front(&self) -> bool {
        self.data.is_empty() && self.tail.is_empty()
    }

    /// Since when the other end has taken nothing of what waits.
    pub(super) fn stuck(&self) -> Option<Instant> {
        self.stuck
    }

    /// Gives back the memory of what is empty.
    pub(super) fn rest(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        self.front = BytesMut::new();
    }

    fn waits(&self) -> bool {
        !(self.front.is_empty() && self.is_front())
    }
}

impl<S: Line> Wire<S> {
    /// Lets the other end see that it is broken off, when it is dropped.
    pub(super) fn abort(&self) {
        self.stream.abort();
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Reads what there is, with room for so many bytes or a little more. 0: the other end has closed its side.
    pub(super) fn poll_fill(
        &mut self,
        room: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.input.is_empty() && room <= SHARED {
            return self.poll_first(context);
        }
        self.input.reserve(room);
        pin!(self.stream.read_buf(&mut self.input)).poll(context)
    }

    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        FIRST.with_borrow_mut(|shared| {
            let mut buffer = ReadBuf::new(shared);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let read = buffer.filled();
            if !read.is_empty() {
                self.input = BytesMut::from(read);
            }
            Poll::Ready(Ok(read.len()))
        })
    }

    /// Reads what there is and throws it away. 0: the other end has closed its side.
    pub(super) fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.clear();
        let read = ready!(self.poll_first(context));
        self.input.clear();
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Writes what waits. Ready when all of it is out.
    pub(super) fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let out = self.poll_out_on(context);
        if out.is_pending() {
            self.stuck.get_or_insert_with(Instant::now);
        }
        out
    }

    fn poll_out_on(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.waits() {
            let written = ready!(self.poll_write(context))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
            self.flushed = false;
            self.stuck = None;
        }
        if !self.flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.flushed = true;
            self.stuck = None;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.is_front() {
            return Pin::new(&mut self.stream).poll_write(context, &self.front);
        }
        let slices = [
            IoSlice::new(&self.front),
            IoSlice::new(&self.data),
            IoSlice::new(self.tail),
        ];
        // None of nothing at its head: some streams write the first alone.
        let from = slices.iter().take_while(|slice| slice.is_empty()).count();
        let slices = slices.get(from..).unwrap_or_default();
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn advance(&mut self, written: usize) {
        let front = written.min(self.front.len());
        self.front.advance(front);
        let data = (written - front).min(self.data.len());
        self.data.advance(data);
        if self.data.is_empty() {
            // What holds it may be a buffer of the backend's connection.
            self.data = Bytes::new();
        }
        let tail = (written - front - data).min(self.tail.len());
        self.tail = self.tail.get(tail..).unwrap_or_default();
    }

    /// Tells the other end that nothing more will come.
    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
