//! What an origin of HTTP/2 says, frame by frame, for the [`Pulse`](super::pulse::Pulse) of its connection. The bytes go on untouched.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::super::wire::Wire;
use super::link::State;

/// How a frame begins (RFC 9113 section 4.1).
const HEAD: u8 = 9;
/// Types and a flag of frames (RFC 9113 section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const ACK: u8 = 1;

/// A connection that is listened to.
#[derive(Debug)]
pub(super) struct Ear {
    wire: Wire,
    state: Arc<State>,
    frame: Frame,
}

impl Ear {
    pub(super) fn new(wire: Wire, state: Arc<State>) -> Self {
        Self {
            wire,
            state,
            frame: Frame::default(),
        }
    }
}

/// The frame that is being read.
#[derive(Debug, Default)]
struct Frame {
    /// How much of its beginning was read.
    have: u8,
    length: usize,
    kind: u8,
    flags: u8,
    /// How much of the rest was not.
    left: usize,
}

/// What a frame says of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Of a request.
    Something,
    /// The echo of a ping.
    Echo,
}

impl Frame {
    /// Reads on; `said` is told of each frame that begins.
    fn read(&mut self, mut bytes: &[u8], mut said: impl FnMut(Said)) {
        loop {
            let skipped = self.left.min(bytes.len());
            self.left = self.left.saturating_sub(skipped);
            let rest = bytes.get(skipped..).unwrap_or_default();
            let Some((byte, rest)) = rest.split_first() else {
                return;
            };
            bytes = rest;
            match self.have {
                0..=2 => self.length = self.length << 8 | usize::from(*byte),
                3 => self.kind = *byte,
                4 => self.flags = *byte,
                _ => {}
            }
            self.have = self.have.saturating_add(1);
            if self.have < HEAD {
                continue;
            }
            match self.kind {
                DATA | HEADERS => said(Said::Something),
                PING if self.flags & ACK != 0 => said(Said::Echo),
                _ => {}
            }
            *self = Self {
                left: self.length,
                ..Self::default()
            };
        }
    }
}

impl AsyncRead for Ear {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { wire, state, frame } = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(wire).poll_read(context, buffer))?;
        let came = buffer.filled().get(before..).unwrap_or_default();
        if !came.is_empty() {
            let mut pulse = state.pulse();
            pulse.hears(Instant::now());
            frame.read(came, |said| match said {
                Said::Something => pulse.spoke(),
                Said::Echo => pulse.echoed(),
            });
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ear {
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
        slices: &[IoSlice<'_>],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_however_they_are_cut() {
        let stream = [
            b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01".as_slice(),
            b"\x00\x00\x02\x01\x04\x00\x00\x00\x01\x06\x01",
            b"\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678",
            b"\x00\x00\x08\x06\x01\x00\x00\x00\x0012345678",
            b"\x00\x00\x00\x00\x01\x00\x00\x00\x01",
        ]
        .concat();
        for cut in 1..=stream.len() {
            let mut frame = Frame::default();
            let mut all = Vec::new();
            for part in stream.chunks(cut) {
                frame.read(part, |said| all.push(said));
            }
            assert_eq!(all, [Said::Something, Said::Echo, Said::Something]);
        }
    }
}
