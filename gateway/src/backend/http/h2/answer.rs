//! The body of an answer over HTTP/2: the origin sends no more than the client takes. Dropped before its end it is reset.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::h2::RecvStream;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::super::pool::Place;
use super::upload::Upload;
use super::{Turn, broken};
use crate::message::PayloadError;

/// A body that is still coming.
#[derive(Debug)]
pub(super) struct Answer {
    recv: RecvStream,
    upload: Option<Upload>,
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
        idle: Duration,
        held: (Turn, Place),
    ) -> Self {
        Self {
            recv,
            upload,
            idle,
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

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        if !self.trailers {
            if let Some(data) = ready!(self.recv.poll_data(context)) {
                let data = data.map_err(broken)?;
                // Room for more only once this has gone on: the caller asks again when it has.
                let taken = self.recv.flow_control().release_capacity(data.len());
                taken.map_err(broken)?;
                let long = u64::try_from(data.len()).unwrap_or(u64::MAX);
                self.left = self.left.map(|left| left.saturating_sub(long));
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            self.trailers = true;
        }
        let trailers = ready!(self.recv.poll_trailers(context)).map_err(broken)?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
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
        let polled = self.poll_next(context);
        if polled.is_ready() {
            self.waits = false;
            return polled;
        }
        let (idle, ends) = (self.idle, self.ends);
        let first = !std::mem::replace(&mut self.waits, true);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(idle)));
        if first {
            let still = Instant::now() + idle;
            let until = ends.map_or(still, |ends| ends.min(still));
            timer.as_mut().reset(until);
        }
        timer
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(PayloadError::Late)))
    }

    fn is_end_stream(&self) -> bool {
        self.recv.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
