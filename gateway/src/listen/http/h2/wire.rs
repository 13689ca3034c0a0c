//! The bytes of a connection. What is written in small pieces is gathered until the connection's task has said all it has to say: `h2`
//! writes every frame of data by itself, and each write costs the system more than the frame.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::rewound::Rewound;

/// What is gathered at most, in bytes.
const MOST: usize = 64 << 10;
/// A larger piece is not worth copying. A frame of data is none, unless the client takes larger ones than it must.
const SMALL: usize = 17 << 10;
/// Room that is made at first.
const FIRST: usize = 4 << 10;

/// The same bytes for `h2`, which reads and writes, and for the task, which says when it is enough. Used by one task only: nobody waits
/// for the other.
#[derive(Debug)]
pub(super) struct Wire<S>(Arc<Mutex<Inner<S>>>);

impl<S> Clone for Wire<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Inner<S> {
    stream: Rewound<S>,
    out: BytesMut,
    /// Whether the stream may hold back what it was given, as one with records does.
    unflushed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: Rewound<S>) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            stream,
            out: BytesMut::new(),
            unflushed: false,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what was gathered. Ready when all is out.
    pub(super) fn poll_out(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_out(context)
    }

    /// Keeps no room for what may be said later.
    pub(super) fn rests(&self) {
        let mut inner = self.inner();
        if inner.out.is_empty() {
            inner.out = BytesMut::new();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Inner<S> {
    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.out))?;
            self.wrote(written)?;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, written: usize) -> io::Result<()> {
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.unflushed = true;
        self.out.advance(written.min(self.out.len()));
        Ok(())
    }

    /// Takes pieces: a copy of them where there is room, else by writing them behind what was gathered.
    fn poll_take(
        &mut self,
        pieces: &[IoSlice<'_>],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if length <= SMALL && self.out.len() + length <= MOST {
            if self.out.capacity() == 0 {
                self.out.reserve(FIRST.max(length));
            }
            for piece in pieces {
                self.out.extend_from_slice(piece);
            }
            return Poll::Ready(Ok(length));
        }
        loop {
            let gathered = self.out.len();
            let mut all = [IoSlice::new(&[]); PIECES];
            let mut places = all.iter_mut();
            let given = std::iter::once(IoSlice::new(&self.out)).chain(pieces.iter().copied());
            let mut used = 0;
            for (place, piece) in (&mut places).zip(given) {
                *place = piece;
                used += 1;
            }
            let all = all.get(..used).unwrap_or_default();
            let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, all))?;
            self.wrote(written)?;
            if let Some(beyond) = written.checked_sub(gathered)
                && beyond > 0
            {
                return Poll::Ready(Ok(beyond));
            }
        }
    }
}

/// How many pieces are written at once. `h2` gives two: heads of frames, and data.
const PIECES: usize = 8;

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_take(&[IoSlice::new(bytes)], context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_take(pieces, context)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Does nothing: the task does, once for all.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        ready!(inner.poll_out(context))?;
        Pin::new(&mut inner.stream).poll_shutdown(context)
    }
}
