//! What a connection speaks, from its first bytes.
//!
//! hyper-util's auto builder has no deadline for this (hyper issue 3756), so it is done here, under the caller's. What follows the
//! first bytes passes through here too, and ends when the client has taken nothing of an answer for too long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// RFC 9113 section 3.4. No method of HTTP/1.1 is called PRI.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http1,
    Http2,
}

/// A connection whose first bytes were read, and which gives them again.
#[derive(Debug)]
pub(super) struct Opened {
    stream: TcpStream,
    first: [u8; PREFACE.len()],
    filled: usize,
    given: usize,
    speaks: Speaks,
    stalled: Stalled,
}

impl Opened {
    /// Reads until it is clear what the client speaks; afterwards a write fails with [`io::ErrorKind::TimedOut`] once the client has
    /// taken nothing for `stall`. Dropped half-way it closes the connection.
    ///
    /// # Errors
    /// The client said nothing, or not all of a preface.
    pub(super) async fn read(mut stream: TcpStream, stall: Duration) -> io::Result<Self> {
        let mut first = [0; PREFACE.len()];
        let mut filled = 0;
        let speaks = loop {
            let room = first.get_mut(filled..).unwrap_or_default();
            let read = stream.read(room).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            let so_far = first.get(..filled).unwrap_or_default();
            if !PREFACE.starts_with(so_far) {
                break Speaks::Http1;
            }
            if so_far.len() == PREFACE.len() {
                break Speaks::Http2;
            }
        };
        Ok(Self {
            stream,
            first,
            filled,
            given: 0,
            speaks,
            stalled: Stalled {
                after: stall,
                timer: None,
                waits: false,
            },
        })
    }

    pub(super) fn speaks(&self) -> Speaks {
        self.speaks
    }
}

/// How long a write has been waiting for the client to take something.
#[derive(Debug)]
struct Stalled {
    after: Duration,
    /// Made by the first write that has to wait; most connections never have one.
    timer: Option<Pin<Box<Sleep>>>,
    waits: bool,
}

impl Stalled {
    /// What came of a write, or that it has waited too long. The task is woken for that.
    fn watch(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        let after = self.after;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(after)));
        if !self.waits {
            self.waits = true;
            timer.as_mut().reset(Instant::now() + after);
        }
        timer
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Opened {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given < self.filled {
            let until = self.filled.min(self.given + buffer.remaining());
            let again = self.first.get(self.given..until).unwrap_or_default();
            buffer.put_slice(again);
            self.given = until;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Opened {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.stalled.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.stalled.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
