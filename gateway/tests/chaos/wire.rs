//! A connection of HTTP/2 into which other bytes can be put between the frames that a library writes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use gateway::tls::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is to be put in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inject(Arc<Mutex<Injected>>);

#[derive(Debug, Default)]
struct Injected {
    waiting: Vec<u8>,
    writer: Option<Waker>,
    reset: bool,
}

impl Inject {
    /// Once what the library writes now is out.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        let mut injected = self.0.lock().unwrap();
        injected.waiting.extend_from_slice(bytes);
        if let Some(writer) = injected.writer.take() {
            writer.wake();
        }
    }

    /// The connection ends with a reset, when it ends.
    pub(crate) fn reset(&self) {
        self.0.lock().unwrap().reset = true;
    }
}

/// The connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    inject: Inject,
    /// What is being put in, and must be out before anything else goes on.
    out: Vec<u8>,
}

impl Wire {
    pub(crate) fn over(stream: Stream) -> (Self, Inject) {
        let inject = Inject::default();
        let wire = Self {
            stream,
            inject: inject.clone(),
            out: Vec::new(),
        };
        (wire, inject)
    }

    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let wrote = ready!(Pin::new(&mut self.stream).poll_write(context, &self.out))?;
            self.out.drain(..wrote);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.inject.0.lock().unwrap().reset {
            let _unset = self.stream.tcp().set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_out(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    /// The library flushes when its last frame is out: here one ends.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        {
            let this = &mut *self;
            let mut injected = this.inject.0.lock().unwrap();
            this.out.append(&mut injected.waiting);
            injected.writer = Some(context.waker().clone());
        }
        ready!(self.poll_out(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A frame (RFC 9113 section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
