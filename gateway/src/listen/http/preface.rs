//! What a connection speaks, from its first bytes.
//!
//! hyper-util's auto builder has no deadline for this (hyper issue 3756), so it is done here, under the caller's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

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
}

impl Opened {
    /// Reads until it is clear what the client speaks. Dropped half-way it closes the connection.
    ///
    /// # Errors
    /// The client said nothing, or not all of a preface.
    pub(super) async fn read(mut stream: TcpStream) -> io::Result<Self> {
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
        })
    }

    pub(super) fn speaks(&self) -> Speaks {
        self.speaks
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
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
