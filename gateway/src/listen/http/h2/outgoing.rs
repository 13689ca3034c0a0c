//! The body of an answer on its way out, no faster than the client gives room for it.

use std::pin::Pin;
use std::task::{Context, Poll};

use ::h2::{Reason, SendStream};
use bytes::Bytes;
use http_body::Body as _;

use super::flow::{Flow, Waiting};
use crate::message::Payload;

/// What is asked room for at once, in bytes.
const PART: usize = 64 << 10;

/// What is left of an answer whose head is out.
#[derive(Debug)]
pub(super) struct Outgoing {
    stream: SendStream<Bytes>,
    payload: Payload,
    /// What waits for room.
    data: Bytes,
    /// Nothing comes behind `data`.
    ended: bool,
    /// How much is still to come of `payload`, where its head says so.
    left: Option<u64>,
    waiting: Option<Waiting>,
}

/// It does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The client takes no more.
    Gone,
    /// It broke off: the client must not take it for whole.
    Short,
    /// The client has let it stand for too long.
    Late,
}

impl Outgoing {
    pub(super) fn new(stream: SendStream<Bytes>, payload: Payload, left: Option<u64>) -> Self {
        Self {
            stream,
            payload,
            data: Bytes::new(),
            ended: false,
            left,
            waiting: None,
        }
    }

    /// Sends on. Ready when all is with the connection, or the stream has ended.
    pub(super) fn poll(&mut self, flow: &Flow, context: &mut Context<'_>) -> Poll<()> {
        match self.poll_send(flow, context) {
            Poll::Pending => self.stream.poll_reset(context).map(|_reason| ()),
            Poll::Ready(Ok(()) | Err(Cut::Gone)) => Poll::Ready(()),
            Poll::Ready(Err(Cut::Short)) => {
                self.stream.send_reset(Reason::INTERNAL_ERROR);
                Poll::Ready(())
            }
            Poll::Ready(Err(Cut::Late)) => {
                self.stream.send_reset(Reason::CANCEL);
                Poll::Ready(())
            }
        }
    }

    fn poll_send(&mut self, flow: &Flow, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        loop {
            while !self.data.is_empty() {
                let Some(room) = self.poll_room(context)? else {
                    match &self.waiting {
                        None => self.waiting = Some(flow.waits(context)),
                        Some(waiting) if waiting.goes_on(context) => {}
                        Some(_) => return Poll::Ready(Err(Cut::Late)),
                    }
                    return Poll::Pending;
                };
                match self.waiting.take() {
                    Some(waiting) => waiting.served(),
                    None => flow.passes(),
                }
                let part = self.data.split_to(room);
                let last = self.ended && self.data.is_empty();
                self.stream.send_data(part, last).map_err(|_| Cut::Gone)?;
                if last {
                    return Poll::Ready(Ok(()));
                }
            }
            if self.ended {
                let end = self.stream.send_data(Bytes::new(), true);
                return Poll::Ready(end.map_err(|_| Cut::Gone));
            }
            let frame = match Pin::new(&mut self.payload).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(Cut::Short)),
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(None) => {
                    self.end()?;
                    continue;
                }
            };
            match frame.into_data() {
                Ok(data) => {
                    if let Some(left) = &mut self.left {
                        let long = u64::try_from(data.len()).unwrap_or(u64::MAX);
                        *left = left.checked_sub(long).ok_or(Cut::Short)?;
                    }
                    self.data = data;
                    if self.payload.is_end_stream() {
                        self.end()?;
                    }
                }
                Err(frame) => {
                    self.end()?;
                    let trailers = frame.into_trailers().unwrap_or_default();
                    let sent = self.stream.send_trailers(trailers);
                    return Poll::Ready(sent.map_err(|_| Cut::Short));
                }
            }
        }
    }

    /// All of the payload was taken.
    fn end(&mut self) -> Result<(), Cut> {
        self.ended = true;
        match self.left {
            None | Some(0) => Ok(()),
            // Nobody else would notice (RFC 9113 section 8.1.1).
            Some(_) => Err(Cut::Short),
        }
    }

    /// Room for some of `data`; none if there is no room, and the task is woken when there is.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Result<Option<usize>, Cut> {
        self.stream.reserve_capacity(self.data.len().min(PART));
        loop {
            let room = self.stream.capacity().min(self.data.len());
            if room > 0 {
                return Ok(Some(room));
            }
            match self.stream.poll_capacity(context) {
                Poll::Pending => return Ok(None),
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(_)) | None) => return Err(Cut::Gone),
            }
        }
    }
}
