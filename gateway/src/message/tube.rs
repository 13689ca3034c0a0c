//! One stream of HTTP/2 as bytes both ways, whichever end of it is ours.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is asked room for at once, in bytes.
const PART: usize = 16 << 10;

/// A stream whose heads have been exchanged. Dropped before both sides have ended it, it is reset (RFC 8441 section 5).
#[derive(Debug)]
pub struct Tube {
    send: SendStream<Bytes>,
    recv: RecvStream,
    /// What has come and was not read yet.
    data: Bytes,
    closed: bool,
}

impl Tube {
    /// Of both directions of one stream.
    #[must_use]
    pub fn new(send: SendStream<Bytes>, recv: RecvStream) -> Self {
        Self {
            send,
            recv,
            data: Bytes::new(),
            closed: false,
        }
    }
}

impl AsyncRead for Tube {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.data.is_empty() {
            match ready!(this.recv.poll_data(context)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(data)) => this.data = data,
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
            }
        }
        let given = this.data.len().min(buffer.remaining());
        buffer.put_slice(this.data.get(..given).unwrap_or_default());
        this.data.advance(given);
        // Room for as much more.
        let released = this.recv.flow_control().release_capacity(given);
        Poll::Ready(released.map_err(broken))
    }
}

impl AsyncWrite for Tube {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let send = &mut self.send;
        send.reserve_capacity(bytes.len().min(PART));
        while send.capacity() == 0 {
            match ready!(send.poll_capacity(context)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let taken = send.capacity().min(bytes.len());
        let part = Bytes::copy_from_slice(bytes.get(..taken).unwrap_or_default());
        send.send_data(part, false).map_err(broken)?;
        Poll::Ready(Ok(taken))
    }

    /// Does nothing: the connection sends by itself.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.closed, true) {
            return Poll::Ready(Ok(()));
        }
        let ended = self.send.send_data(Bytes::new(), true);
        Poll::Ready(ended.map_err(broken))
    }
}

fn broken(error: h2::Error) -> io::Error {
    let kind = match error.reason() {
        Some(Reason::STREAM_CLOSED) => io::ErrorKind::BrokenPipe,
        _ => io::ErrorKind::ConnectionReset,
    };
    io::Error::new(kind, error)
}
