//! Whether a client takes its answers: with HTTP/2 each stream has a window, and one that is never opened holds what it was sent, while the
//! connection itself looks well.
//!
//! Room on the connection goes to its streams in the order in which they began to wait (the crate keeps a queue). One that is overtaken by
//! those behind it is therefore held back by its own window, and ends when that has lasted for too long, as an answer over HTTP/1.x does. When
//! nothing at all of what could be taken is, the connection ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// The answers of one connection that are being sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow(Arc<Mutex<Streams>>);

#[derive(Debug, Default)]
struct Streams {
    /// Those that have something for which the client gives no room, in the order in which they began to wait.
    waiting: BTreeMap<u64, Wait>,
    next: u64,
    /// The last in that order of those that got room.
    served: Option<u64>,
    /// When one of them last got room, or when the first of them began to wait. One that begins where others wait, or that leaves without
    /// having got any, shows nothing: a client could let all others stand by asking for more.
    moved: Option<Instant>,
}

#[derive(Debug)]
struct Wait {
    since: Instant,
    waker: Waker,
    cut: bool,
}

impl Streams {
    /// Those that were overtaken and not given up yet, the one that waits for longest first.
    fn overtaken(&mut self) -> impl Iterator<Item = &mut Wait> {
        let served = self.served.unwrap_or(0);
        let waits = self.waiting.range_mut(..served).map(|(_, wait)| wait);
        waits.filter(|wait| !wait.cut)
    }
}

impl Flow {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream has something, and there is no room for it; until what this gives is dropped. The task is woken if it is given up.
    pub(super) fn waits(&self, context: &Context<'_>) -> Waiting {
        let mut streams = self.streams();
        let ticket = streams.next;
        streams.next = ticket.wrapping_add(1);
        let now = Instant::now();
        let wait = Wait {
            since: now,
            waker: context.waker().clone(),
            cut: false,
        };
        if streams.waiting.is_empty() {
            streams.moved = Some(now);
        }
        streams.waiting.insert(ticket, wait);
        Waiting {
            flow: self.clone(),
            ticket,
        }
    }

    /// When to look; none where nothing waits.
    pub(super) fn due(&self, patience: Duration) -> Option<Instant> {
        let mut streams = self.streams();
        if streams.waiting.is_empty() {
            return None;
        }
        let one = streams.overtaken().next().map(|wait| wait.since);
        let all = streams.moved;
        let first = match (one, all) {
            (Some(one), Some(all)) => one.min(all),
            (one, all) => one.or(all)?,
        };
        Some(first + patience)
    }

    /// Gives up the streams whose clients have let them stand for too long.
    pub(super) fn cut(&self, patience: Duration, now: Instant) {
        for wait in self.streams().overtaken() {
            if wait.since + patience > now {
                return;
            }
            wait.cut = true;
            wait.waker.wake_by_ref();
        }
    }

    /// Whether there are streams with something to be taken, and of none of them is anything.
    pub(super) fn is_stuck(&self, patience: Duration, now: Instant) -> bool {
        let streams = self.streams();
        let since = streams.moved.filter(|_| !streams.waiting.is_empty());
        since.is_some_and(|since| since + patience <= now)
    }
}

/// One stream that waits for its client.
#[derive(Debug)]
pub(super) struct Waiting {
    flow: Flow,
    ticket: u64,
}

impl Waiting {
    /// It waits on; whether it was given up.
    pub(super) fn goes_on(&self, context: &Context<'_>) -> bool {
        let mut streams = self.flow.streams();
        let Some(wait) = streams.waiting.get_mut(&self.ticket) else {
            return true;
        };
        wait.waker.clone_from(context.waker());
        !wait.cut
    }

    /// There is room for some of it.
    pub(super) fn served(self) {
        let mut streams = self.flow.streams();
        streams.served = streams.served.max(Some(self.ticket));
        streams.moved = Some(Instant::now());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut streams = self.flow.streams();
        streams.waiting.remove(&self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(9);

    fn context() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    async fn after(seconds: u64) -> Instant {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_stuck_when_nothing_is_taken_of_all_that_could_be() {
        let flow = Flow::default();
        let stuck = |after| flow.is_stuck(PATIENCE, Instant::now() + Duration::from_secs(after));
        assert!(!stuck(99), "nothing waits");
        let first = flow.waits(&context());
        assert!(!stuck(8));
        assert!(stuck(9));
        after(5).await;
        let second = flow.waits(&context());
        second.served();
        assert!(!stuck(8), "one of them moved");
        assert!(stuck(9));
        drop(first);
        assert!(!stuck(99));
    }

    #[tokio::test(start_paused = true)]
    async fn asking_for_more_and_taking_it_back_does_not_keep_the_others_standing() {
        let flow = Flow::default();
        let still: Vec<_> = (0..100).map(|_| flow.waits(&context())).collect();
        let began = Instant::now();
        let mut now = began;
        while !flow.is_stuck(PATIENCE, now) {
            assert!(now < began + PATIENCE, "nothing of it was taken");
            assert_eq!(flow.due(PATIENCE), Some(began + PATIENCE));
            let taken_back = flow.waits(&context());
            now = after(1).await;
            drop(taken_back);
        }
        drop(still);
        // What waits after that has its own time.
        let _next = flow.waits(&context());
        assert!(!flow.is_stuck(PATIENCE, now + Duration::from_secs(8)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_stands_still_while_others_move_is_given_up() {
        let flow = Flow::default();
        let still = flow.waits(&context());
        // What a client takes a little of now and then.
        for _ in 0..4 {
            let now = after(2).await;
            flow.cut(PATIENCE, now);
            assert!(still.goes_on(&context()));
            assert!(!flow.is_stuck(PATIENCE, now));
            flow.waits(&context()).served();
        }
        let due = flow.due(PATIENCE).unwrap();
        assert_eq!(due - Instant::now(), Duration::from_secs(1));
        flow.cut(PATIENCE, after(1).await);
        assert!(!still.goes_on(&context()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_whose_turn_has_not_come_is_not_given_up() {
        let flow = Flow::default();
        // A slow client: all are served, each in its turn, and the last waits for long.
        let mut queue: Vec<_> = (0..20).map(|_| flow.waits(&context())).collect();
        while !queue.is_empty() {
            flow.cut(PATIENCE, after(2).await);
            assert!(queue.iter().all(|waiting| waiting.goes_on(&context())));
            queue.remove(0).served();
        }
        assert_eq!(flow.due(PATIENCE), None);
    }
}
