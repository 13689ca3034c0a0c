//! A tap on a body: copies what streams by, up to a bound, and says when it is over. The stream itself never notices.
//!
//! In: a [`Payload`]. Out: the same, and later its copy or why there is none. Never waits, never fails the stream.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

use super::{Dropped, Held, Queue};
use crate::message::{Gathered, Payload, PayloadError};

/// A copied body with its part of the budget, or why there is none.
pub type Copied = Result<(Gathered, Held), Dropped>;

/// The copy of a body that may still be streaming by.
#[derive(Debug, Clone)]
pub struct Copying(Arc<Mutex<Copied>>);

impl Copying {
    /// What there is by now; [`Dropped::Incomplete`] while the end has not been seen.
    pub fn take(&self) -> Copied {
        let mut copied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mem::replace(&mut *copied, Err(Dropped::Incomplete))
    }
}

/// Puts a tap on the body of a request.
pub fn tap(payload: Payload, queue: &Queue) -> (Payload, Copying) {
    let slot = Arc::new(Mutex::new(Err(Dropped::Incomplete)));
    let copying = Copying(Arc::clone(&slot));
    let payload = tap_then(payload, queue, move |copied| {
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = copied;
    });
    (payload, copying)
}

/// Puts a tap on a body and calls `done` once, when the body has come to its end or is dropped before. A body at hand is over at
/// once. `done` must not block.
pub fn tap_then(
    payload: Payload,
    queue: &Queue,
    done: impl FnOnce(Copied) + Send + 'static,
) -> Payload {
    match payload {
        Payload::Empty => {
            done(Ok((Gathered::default(), Held::default())));
            Payload::Empty
        }
        Payload::Whole { data, trailers } => {
            let copy = if data.len() > queue.body_limit() {
                Err(Dropped::TooLarge)
            } else {
                queue.hold(data.len()).map(|held| {
                    let whole = Gathered {
                        data: data.clone(),
                        trailers: trailers.clone(),
                    };
                    (whole, held)
                })
            };
            done(copy);
            Payload::Whole { data, trailers }
        }
        // What goes through it has no end and is no answer.
        Payload::Tunnel(tunnel) => {
            done(Err(Dropped::Incomplete));
            Payload::Tunnel(tunnel)
        }
        streaming @ Payload::Stream(_) => Payload::Stream(Box::pin(Tapped {
            inner: streaming,
            queue: queue.clone(),
            copy: Ok(Partial::default()),
            done: Some(Box::new(done)),
        })),
    }
}

#[derive(Default)]
struct Partial {
    data: BytesMut,
    trailers: Option<Box<http::HeaderMap>>,
    held: Held,
}

struct Tapped {
    inner: Payload,
    queue: Queue,
    copy: Result<Partial, Dropped>,
    done: Option<Box<dyn FnOnce(Copied) + Send>>,
}

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tapped").finish_non_exhaustive()
    }
}

impl Tapped {
    fn copy(&mut self, frame: &Frame<Bytes>) {
        let Ok(partial) = &mut self.copy else { return };
        if let Some(trailers) = frame.trailers_ref() {
            partial.trailers = Some(Box::new(trailers.clone()));
        }
        let Some(data) = frame.data_ref() else { return };
        let room = self.queue.body_limit().saturating_sub(partial.data.len());
        let held = if data.len() > room {
            Err(Dropped::TooLarge)
        } else {
            self.queue.hold(data.len())
        };
        match held {
            Ok(held) => {
                partial.held.join(held);
                partial.data.extend_from_slice(data);
            }
            // What was copied so far is of no use: its memory and its budget go back now.
            Err(dropped) => self.copy = Err(dropped),
        }
    }

    fn finish(&mut self, end: End) {
        let Some(done) = self.done.take() else { return };
        let copy = mem::replace(&mut self.copy, Err(Dropped::Incomplete));
        done(match (copy, end) {
            (Err(dropped), _) => Err(dropped),
            (Ok(_), End::Early) => Err(Dropped::Incomplete),
            (Ok(partial), End::Whole) => Ok((
                Gathered {
                    data: partial.data.freeze(),
                    trailers: partial.trailers,
                },
                partial.held,
            )),
        });
    }
}

#[derive(Clone, Copy)]
enum End {
    Whole,
    Early,
}

impl Body for Tapped {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                self.copy(frame);
                // Whoever knows the length stops polling after the last byte.
                if self.inner.is_end_stream() {
                    self.finish(End::Whole);
                }
            }
            Poll::Ready(Some(Err(_))) => self.finish(End::Early),
            Poll::Ready(None) => self.finish(End::Whole),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        self.finish(End::Early);
    }
}

#[cfg(test)]
mod tests;
