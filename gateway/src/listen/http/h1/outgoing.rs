//! An answer on its way out: its head, then its body as it comes.

use std::pin::Pin;
use std::task::{Context, Poll};

use ::h1::BodyLength;
use bytes::Bytes;
use http_body::{Body as _, Frame};
use tokio::io::AsyncWrite;

use super::framing::{Body, Shape};
use super::wire::Wire;
use crate::message::Payload;

const CHUNK_END: &[u8] = b"\r\n";
const LAST_CHUNK_END: &[u8] = b"\r\n0\r\n\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The answer cannot be sent to its end: the client must see that it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut;

/// What is left of an answer whose head is in the wire's front.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// None once its end is put.
    payload: Option<Payload>,
    framing: Framing,
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Left(u64),
    Chunked,
    UntilClose,
}

impl Outgoing {
    pub(super) fn new(payload: Payload, shape: Shape) -> Self {
        let framing = match shape.length {
            BodyLength::None => Framing::Left(0),
            BodyLength::Exactly(length) => Framing::Left(length),
            BodyLength::Chunked => Framing::Chunked,
            BodyLength::UntilClose => Framing::UntilClose,
        };
        Self {
            payload: (shape.body == Body::Follows).then_some(payload),
            framing,
        }
    }

    /// Moves what there is of the body to the wire, and that to the client. Ready when all of it is out; pending, it waits for either.
    pub(super) fn poll<S: AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Cut>> {
        loop {
            let mut waits = false;
            while wire.is_clear() && !waits && self.payload.is_some() {
                waits = match self.take(wire, context) {
                    Ok(taken) => taken.is_pending(),
                    Err(cut) => {
                        // Whoever hears nothing at all may think that nobody was asked, and ask again: it hears how the answer began.
                        let _out = wire.poll_out(context);
                        return Poll::Ready(Err(cut));
                    }
                };
            }
            match wire.poll_out(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Cut)),
                Poll::Ready(Ok(())) if self.payload.is_none() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) if waits => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
            }
        }
    }

    fn take<S>(&mut self, wire: &mut Wire<S>, context: &mut Context<'_>) -> Result<Poll<()>, Cut> {
        let Some(payload) = &mut self.payload else {
            return Ok(Poll::Ready(()));
        };
        let frame = match Pin::new(&mut *payload).poll_frame(context) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(Some(Err(_))) => return Err(Cut),
            Poll::Ready(Some(Ok(frame))) => Some(frame),
            Poll::Ready(None) => None,
        };
        let ended = frame.is_none() || payload.is_end_stream();
        match frame.map(Frame::into_data) {
            Some(Ok(data)) => self.put(data, ended, wire)?,
            Some(Err(frame)) => {
                let trailers = frame.into_trailers().ok();
                self.end(trailers.as_ref(), wire)?;
                return Ok(Poll::Ready(()));
            }
            None => self.end(None, wire)?,
        }
        if ended {
            self.payload = None;
        }
        Ok(Poll::Ready(()))
    }

    fn put<S>(&mut self, data: Bytes, ended: bool, wire: &mut Wire<S>) -> Result<(), Cut> {
        match &mut self.framing {
            Framing::Left(left) => {
                let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                *left = left.checked_sub(length).ok_or(Cut)?;
                if ended && *left != 0 {
                    return Err(Cut);
                }
                wire.put(data, b"");
            }
            Framing::UntilClose => wire.put(data, b""),
            // A chunk of nothing would be the last.
            Framing::Chunked if data.is_empty() && !ended => {}
            Framing::Chunked if data.is_empty() => wire.front.extend_from_slice(LAST_CHUNK),
            Framing::Chunked => {
                ::h1::write_chunk_size(&mut wire.front, data.len());
                wire.put(data, if ended { LAST_CHUNK_END } else { CHUNK_END });
            }
        }
        Ok(())
    }

    fn end<S>(
        &mut self,
        trailers: Option<&::http::HeaderMap>,
        wire: &mut Wire<S>,
    ) -> Result<(), Cut> {
        self.payload = None;
        match self.framing {
            Framing::Left(0) | Framing::UntilClose => Ok(()),
            Framing::Left(_) => Err(Cut),
            Framing::Chunked => {
                ::h1::write_last_chunk(&mut wire.front, trailers);
                Ok(())
            }
        }
    }
}
