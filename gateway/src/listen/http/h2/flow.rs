//! Whether a client takes its answers at all: with HTTP/2 each stream has a window, and one that is never opened holds what it was sent,
//! while the connection itself looks well.
//!
//! A stream that stands still is a matter of the client's, as a film that was paused. When nothing at all of what could be taken is, for too
//! long, the connection ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The answers of one connection that are being sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow(Arc<Mutex<Streams>>);

#[derive(Debug, Default)]
struct Streams {
    /// How many have something that the client gives no room for.
    waiting: usize,
    /// When that last began or ended for one of them.
    moved: Option<Instant>,
}

impl Flow {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream has something, and there is no room for it; until what this gives is dropped.
    pub(super) fn waits(&self) -> Waiting {
        let mut streams = self.streams();
        streams.waiting = streams.waiting.saturating_add(1);
        streams.moved = Some(Instant::now());
        Waiting(self.clone())
    }

    /// When to look; none where nothing waits.
    pub(super) fn due(&self, patience: Duration) -> Option<Instant> {
        let streams = self.streams();
        match (streams.waiting, streams.moved) {
            (0, _) | (_, None) => None,
            (_, Some(moved)) => Some(moved + patience),
        }
    }

    /// Whether there are streams with something to be taken, and none of them moved.
    pub(super) fn is_stuck(&self, patience: Duration, now: Instant) -> bool {
        self.due(patience).is_some_and(|due| due <= now)
    }
}

/// One stream that waits for its client.
#[derive(Debug)]
pub(super) struct Waiting(Flow);

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut streams = self.0.streams();
        streams.waiting = streams.waiting.saturating_sub(1);
        streams.moved = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_stuck_when_nothing_is_taken_of_all_that_could_be() {
        let (flow, patience) = (Flow::default(), Duration::from_secs(9));
        let stuck = |after| flow.is_stuck(patience, Instant::now() + Duration::from_secs(after));
        assert!(!stuck(99), "nothing waits");
        let first = flow.waits();
        assert!(!stuck(8));
        assert!(stuck(9));
        tokio::time::advance(Duration::from_secs(5)).await;
        let second = flow.waits();
        drop(second);
        assert!(!stuck(5), "one of them moved");
        assert!(stuck(9));
        drop(first);
        assert!(!stuck(99));
    }
}
