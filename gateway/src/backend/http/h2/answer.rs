//! The body of an answer over HTTP/2: the origin sends no more than the client takes. Dropped before its end it is reset.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::h2::RecvStream;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use ::http::uri::Authority;

use super::super::pool::Place;
use super::super::{Config, broke_off};
use super::Turn;
use super::upload::Upload;
use crate::message::{Payload, PayloadError};

/// A body that is still coming.
#[derive(Debug)]
pub(super) struct Answer {
    recv: RecvStream,
    /// What came of it with its head.
    first: Option<Frame<Bytes>>,
    upload: Option<Upload>,
    origin: Authority,
    idle: Duration,
    /// When it must be at its end.
    ends: Option<Instant>,
    /// Made by the first wait.
    timer: Option<Pin<Box<Sleep>>>,
    waits: bool,
    trailers: bool,
    /// How much is still to come, where the origin says so; it is held to that.
    left: Option<u64>,
    _held: (Turn, Place),
}

impl Answer {
    pub(super) fn new(
        recv: RecvStream,
        upload: Option<Upload>,
        config: &Config,
        held: (Turn, Place),
    ) -> Self {
        Self {
            recv,
            first: None,
            upload,
            origin: config.authority.clone(),
            idle: config.body_idle,
            ends: None,
            timer: None,
            waits: false,
            trailers: false,
            left: None,
            _held: held,
        }
    }

    pub(super) fn until(mut self, ends: Option<Instant>) -> Self {
        self.ends = ends;
        self
    }

    pub(super) fn of_length(mut self, length: Option<u64>) -> Self {
        self.left = length;
        self
    }

    /// What the client gets: all of it where it came with the head, which most answers do.
    ///
    /// # Errors
    /// It is wrong, and nothing of it has gone on.
    pub(super) async fn begun(mut self) -> Result<Payload, ::h2::Error> {
        let first = poll_fn(|context| Poll::Ready(self.poll_next(context))).await;
        match first {
            Poll::Pending => {}
            Poll::Ready(Some(frame)) => {
                let frame = frame?;
                if self.upload.is_none() && self.recv.is_end_stream() && frame.is_data() {
                    let data = frame.into_data().unwrap_or_default();
                    return Ok(Payload::bytes(data));
                }
                self.first = Some(frame);
            }
            Poll::Ready(None) => {}
        }
        Ok(Payload::Stream(Box::pin(self)))
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ::h2::Error>>> {
        if !self.trailers {
            if let Some(data) = ready!(self.recv.poll_data(context)) {
                let data = data?;
                // Room for more only once this has gone on: the caller asks again when it has.
                self.recv.flow_control().release_capacity(data.len())?;
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            self.trailers = true;
        }
        let trailers = ready!(self.recv.poll_trailers(context))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    /// The next frame goes on.
    fn given(&mut self, frame: &Frame<Bytes>) {
        let Some(data) = frame.data_ref() else { return };
        let long = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(long));
    }

    /// It goes no further.
    fn broken(&self, error: PayloadError) -> PayloadError {
        broke_off(&self.origin, &error);
        error
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        // The answer does not depend on the rest of its request.
        if Upload::drive(&mut self.upload, context).is_err() {
            self.upload = None;
        }
        // Also of an answer that never stands still.
        if self.ends.is_some_and(|ends| Instant::now() >= ends) {
            return Poll::Ready(Some(Err(self.broken(PayloadError::Late))));
        }
        let next = match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(first))),
            None => self.poll_next(context),
        };
        if let Poll::Ready(next) = next {
            self.waits = false;
            if let Some(Ok(frame)) = &next {
                self.given(frame);
            }
            let next =
                next.map(|next| next.map_err(|error| self.broken(PayloadError::broken(error))));
            return Poll::Ready(next);
        }
        let (idle, ends) = (self.idle, self.ends);
        let first = !std::mem::replace(&mut self.waits, true);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(idle)));
        if first {
            let still = Instant::now() + idle;
            let until = ends.map_or(still, |ends| ends.min(still));
            timer.as_mut().reset(until);
        }
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Some(Err(self.broken(PayloadError::Late))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.recv.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
