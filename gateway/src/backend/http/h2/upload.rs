//! The body of a request on its way to an origin over HTTP/2, no faster than the origin takes it.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::h2::{Reason, SendStream};
use bytes::Bytes;
use http_body::Body as _;
use tokio::time::{Sleep, sleep};

use super::super::origin::AGREE;
use crate::message::{Payload, PayloadError, kept_trailers};

/// What is asked room for at once.
const PART: usize = 64 << 10;

/// What is left to send.
#[derive(Debug)]
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    body: Payload,
    data: Bytes,
    /// All of the body is in `data`.
    ended: bool,
    /// The body is not asked for before then, unless the origin agrees to it.
    held: Option<Pin<Box<Sleep>>>,
    /// How long the origin may take nothing of it.
    idle: Duration,
    /// Made when it takes nothing.
    stands: Option<Pin<Box<Sleep>>>,
}

/// Why it could not be sent to its end.
#[derive(Debug)]
pub(super) enum Cut {
    /// The origin wants no more of it.
    Stream,
    /// The origin takes nothing of it, for too long.
    Late,
    /// It broke off itself.
    Body(PayloadError),
}

impl Upload {
    pub(super) fn new(
        stream: SendStream<Bytes>,
        body: Payload,
        expects: bool,
        idle: Duration,
    ) -> Self {
        Self {
            stream,
            body,
            data: Bytes::new(),
            ended: false,
            held: expects.then(|| Box::pin(sleep(AGREE))),
            idle,
            stands: None,
        }
    }

    /// The body is wanted now.
    pub(super) fn wanted(&mut self) {
        self.held = None;
    }

    /// Sends on, and leaves none when all is sent.
    ///
    /// # Errors
    /// It goes no further. A body that broke off has reset its stream: the origin must not take it for whole.
    pub(super) fn drive(upload: &mut Option<Self>, context: &mut Context<'_>) -> Result<(), Cut> {
        let Some(sending) = upload else { return Ok(()) };
        match sending.poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) => {
                *upload = None;
                Ok(())
            }
            Poll::Ready(Err(cut)) => {
                if matches!(cut, Cut::Body(_)) {
                    sending.stream.send_reset(Reason::CANCEL);
                }
                Err(cut)
            }
        }
    }

    /// There is no room for what waits.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        let idle = self.idle;
        let timer = self.stands.get_or_insert_with(|| Box::pin(sleep(idle)));
        timer.as_mut().poll(context).map(|()| Err(Cut::Late))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        if self.stream.poll_reset(context).is_ready() {
            return Poll::Ready(Err(Cut::Stream));
        }
        if let Some(held) = &mut self.held {
            if held.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.held = None;
        }
        loop {
            while !self.data.is_empty() {
                self.stream.reserve_capacity(self.data.len().min(PART));
                let room = match self.stream.poll_capacity(context) {
                    Poll::Pending => return self.poll_late(context),
                    Poll::Ready(Some(Ok(room))) => room.min(self.data.len()),
                    Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Err(Cut::Stream)),
                };
                self.stands = None;
                let part = self.data.split_to(room);
                let last = self.ended && self.data.is_empty();
                self.stream.send_data(part, last).map_err(|_| Cut::Stream)?;
                if last {
                    return Poll::Ready(Ok(()));
                }
            }
            if self.ended {
                self.stream
                    .send_data(Bytes::new(), true)
                    .map_err(|_| Cut::Stream)?;
                return Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => self.ended = true,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Cut::Body(error))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.data = data;
                        self.ended = self.body.is_end_stream();
                    }
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        self.stream
                            .send_trailers(kept_trailers(trailers))
                            .map_err(|_| Cut::Stream)?;
                        return Poll::Ready(Ok(()));
                    }
                },
            }
        }
    }
}
