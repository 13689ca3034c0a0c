//! A connection that no longer speaks HTTP: the bytes that came with the origin's agreement first, then all that follows.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Connection;
use super::pool::Place;
use super::wire::Wire;
use crate::message::Tunnel;

/// Takes the place of its connection until it is dropped.
#[derive(Debug)]
pub(super) struct Tunnelled {
    wire: Wire,
    first: BytesMut,
    idle: Option<Duration>,
    _place: Place,
}

impl Tunnelled {
    pub(super) fn new(connection: Connection, idle: Option<Duration>, place: Place) -> Self {
        let (wire, first) = connection.into_parts();
        Self {
            wire,
            first,
            idle,
            _place: place,
        }
    }
}

impl Tunnel for Tunnelled {
    fn idle(&self) -> Option<Duration> {
        self.idle
    }
}

impl AsyncRead for Tunnelled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.wire).poll_read(context, buffer);
        }
        let given = self.first.len().min(buffer.remaining());
        buffer.put_slice(self.first.get(..given).unwrap_or_default());
        self.first.advance(given);
        if self.first.is_empty() {
            self.first = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnelled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}
