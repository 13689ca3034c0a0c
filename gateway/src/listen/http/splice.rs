//! A tunnel: bytes both ways between a client and a backend, until both have closed, nothing has moved for too long, or the listener ends.

use std::future::{Future as _, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional_with_sizes};
use tokio::time::Instant;

use super::clock::Clock;
use super::drain::{Member, Stage};
use super::{Counted, Counts};
use crate::message::Tunnel;

/// Bytes under way in each direction at most.
const BUFFER: usize = 8 << 10;

/// Carries bytes until both ends have closed, or none have moved for as long as the backend allows. Each end's close is passed on; a failure
/// of one closes both. Dropped half-way it closes both.
pub(super) async fn splice<S>(
    mut client: S,
    backend: Box<dyn Tunnel>,
    mut member: Member,
    counts: &Counts,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _counted = Counted::one(&counts.tunnels);
    let idle = backend.idle();
    let moved = AtomicBool::new(false);
    let mut backend = Seen {
        inner: backend,
        moved: &moved,
    };
    let mut copying = pin!(copy_bidirectional_with_sizes(
        &mut client,
        &mut backend,
        BUFFER,
        BUFFER
    ));
    let mut clock = Clock::default();
    let mut since = Instant::now();
    poll_fn(|context| {
        if member.stage(context) == Stage::Over {
            return Poll::Ready(());
        }
        // How a tunnel ends is between the two.
        if copying.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let Some(idle) = idle else {
            return Poll::Pending;
        };
        if moved.swap(false, Ordering::Relaxed) {
            since = Instant::now();
        }
        clock.poll(since + idle, context).map(|()| {
            counts.tunnels_idle.inc();
        })
    })
    .await;
}

/// The backend's end, through which all bytes of both directions go.
struct Seen<'m> {
    inner: Box<dyn Tunnel>,
    moved: &'m AtomicBool,
}

impl Seen<'_> {
    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(bytes)) if bytes > 0) {
            self.moved.store(true, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Seen<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.moved.store(true, Ordering::Relaxed);
        }
        polled
    }
}

impl AsyncWrite for Seen<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
