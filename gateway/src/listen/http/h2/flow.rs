//! Whether a client takes its answers at all: with HTTP/2 each stream has a window, and one that is never opened holds what it was sent,
//! while the connection itself looks well.
//!
//! A stream that stands still is a matter of the client's, as a film that was paused. When all that have something to be taken do, for too
//! long, the connection ends.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::message::{Payload, PayloadError};

/// The answers of one connection that are being sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow(Arc<Mutex<Streams>>);

#[derive(Debug, Default)]
struct Streams {
    next: u64,
    /// Since when what a stream was given is not taken; none where the backend is waited for.
    open: HashMap<u64, Option<Instant>>,
}

impl Flow {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same body, watched.
    pub(super) fn over(&self, payload: Payload) -> Flowing {
        let name = match &payload {
            // Nothing of it could be left.
            Payload::Empty | Payload::Tunnel(_) => None,
            _ => {
                let mut streams = self.streams();
                streams.next = streams.next.wrapping_add(1);
                let name = streams.next;
                streams.open.insert(name, None);
                Some(name)
            }
        };
        Flowing {
            payload,
            flow: self.clone(),
            name,
        }
    }

    /// When to look.
    pub(super) fn due(&self, patience: Duration) -> Instant {
        let streams = self.streams();
        let oldest = streams.open.values().flatten().min();
        oldest.copied().unwrap_or_else(Instant::now) + patience
    }

    /// Whether there are streams with something to be taken, and none of them moved.
    pub(super) fn is_stuck(&self, patience: Duration, now: Instant) -> bool {
        let streams = self.streams();
        let mut waiting = streams.open.values().flatten().peekable();
        waiting.peek().is_some() && waiting.all(|since| *since + patience <= now)
    }
}

/// A body on its way to a client.
#[derive(Debug)]
pub(super) struct Flowing {
    payload: Payload,
    flow: Flow,
    /// None of one that need not be watched.
    name: Option<u64>,
}

impl Body for Flowing {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let polled = Pin::new(&mut self.payload).poll_frame(context);
        if let Some(name) = self.name {
            let since = polled.is_ready().then(Instant::now);
            self.flow.streams().open.insert(name, since);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload.size_hint()
    }
}

impl Drop for Flowing {
    fn drop(&mut self) {
        if let Some(name) = self.name {
            self.flow.streams().open.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_stuck_when_nothing_is_taken_of_all_that_could_be() {
        let (flow, patience) = (Flow::default(), Duration::from_secs(9));
        let stuck = |after| flow.is_stuck(patience, Instant::now() + Duration::from_secs(after));
        assert!(!stuck(99));
        let mut first = flow.over(Payload::bytes("first"));
        let mut second = flow.over(Payload::bytes("second"));
        assert!(!stuck(99), "nothing was given yet");
        first.frame().await.unwrap().unwrap();
        assert!(!stuck(8));
        assert!(stuck(9));
        tokio::time::advance(Duration::from_secs(5)).await;
        second.frame().await.unwrap().unwrap();
        assert!(!stuck(5), "one of them moved");
        assert!(stuck(9));
        drop((first, second));
        assert!(!stuck(99));
    }
}
