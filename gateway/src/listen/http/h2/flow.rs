//! Whether a client takes its answers: with HTTP/2 each stream has a window, and one that is never opened holds what it was sent, while the
//! connection itself looks well.
//!
//! Room on the connection goes to its streams in the order in which they began to wait (the crate keeps a queue). One that is overtaken by
//! those behind it is therefore held back by its own window, and ends when that has lasted for too long, as an answer over HTTP/1.x does. When
//! nothing at all of what could be taken is, the connection ends; or, where there were answers without anything to take, those that wait do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// The answers of one connection that are being sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many wait: mostly none does, and nothing else is looked at.
    waiting: AtomicUsize,
    streams: Mutex<Streams>,
}

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
    /// Whether there was an answer since, for which no room was needed.
    lives: bool,
}

#[derive(Debug)]
struct Wait {
    /// Since when one that began to wait later is served before it; none if none was.
    overtaken: Option<Instant>,
    waker: Waker,
    cut: bool,
}

impl Streams {
    fn moves(&mut self) {
        self.moved = Some(Instant::now());
        self.lives = false;
    }

    /// Since when nothing moved, where that is for too long.
    fn stands(&self, patience: Duration, now: Instant) -> bool {
        let since = self.moved.filter(|_| !self.waiting.is_empty());
        since.is_some_and(|since| since + patience <= now)
    }

    /// All that began to wait before this one are overtaken now, if they were not before. The crate's order is not quite this one: who got a
    /// part of what it asked for keeps its place there, before those that got all of it and ask again. Their turn comes at once, so time counts
    /// from here, however long they have waited for it.
    fn overtake(&mut self, ticket: u64) {
        let from = self.served.unwrap_or(0);
        if from < ticket {
            let now = Instant::now();
            for wait in self.waiting.range_mut(from..ticket).map(|(_, wait)| wait) {
                wait.overtaken = Some(now);
            }
            self.served = Some(ticket);
        }
        self.moves();
    }

    /// Those that were overtaken and not given up yet, the first to be so first.
    fn overtaken(&mut self) -> impl Iterator<Item = (Instant, &mut Wait)> {
        let served = self.served.unwrap_or(0);
        let waits = self.waiting.range_mut(..served).map(|(_, wait)| wait);
        waits
            .filter(|wait| !wait.cut)
            .filter_map(|wait| Some((wait.overtaken?, wait)))
    }
}

impl Wait {
    fn cut(&mut self) {
        self.cut = true;
        self.waker.wake_by_ref();
    }
}

impl Flow {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream has something, and there is no room for it; until what this gives is dropped. The task is woken if it is given up.
    pub(super) fn waits(&self, context: &Context<'_>) -> Waiting {
        let mut streams = self.streams();
        let ticket = streams.next;
        streams.next = ticket.wrapping_add(1);
        let wait = Wait {
            overtaken: None,
            waker: context.waker().clone(),
            cut: false,
        };
        if streams.waiting.is_empty() {
            streams.moves();
        }
        streams.waiting.insert(ticket, wait);
        self.0
            .waiting
            .store(streams.waiting.len(), Ordering::Relaxed);
        Waiting {
            flow: self.clone(),
            ticket,
        }
    }

    /// There was room at once: whoever waits is overtaken.
    pub(super) fn passes(&self) {
        if self.0.waiting.load(Ordering::Relaxed) > 0 {
            let mut streams = self.streams();
            let all = streams.next;
            streams.overtake(all);
        }
    }

    /// There is an answer, whether there is room for its body or not.
    pub(super) fn answers(&self) {
        if self.0.waiting.load(Ordering::Relaxed) > 0 {
            self.streams().lives = true;
        }
    }

    /// When to look; none where nothing waits.
    pub(super) fn due(&self, patience: Duration) -> Option<Instant> {
        let mut streams = self.streams();
        if streams.waiting.is_empty() {
            return None;
        }
        let one = streams.overtaken().next().map(|(since, _)| since);
        let all = streams.moved;
        let first = match (one, all) {
            (Some(one), Some(all)) => one.min(all),
            (one, all) => one.or(all)?,
        };
        Some(first + patience)
    }

    /// Gives up the streams whose clients have let them stand for too long.
    pub(super) fn cut(&self, patience: Duration, now: Instant) {
        let mut streams = self.streams();
        if streams.lives && streams.stands(patience, now) {
            // The client is there, and lets all of them stand.
            streams.waiting.values_mut().for_each(Wait::cut);
            streams.moves();
        }
        for (since, wait) in streams.overtaken() {
            if since + patience > now {
                return;
            }
            wait.cut();
        }
    }

    /// Whether there are streams with something to be taken, of none of them is anything, and nothing else shows that the client is there.
    pub(super) fn is_stuck(&self, patience: Duration, now: Instant) -> bool {
        let streams = self.streams();
        !streams.lives && streams.stands(patience, now)
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
        streams.overtake(self.ticket);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut streams = self.flow.streams();
        streams.waiting.remove(&self.ticket);
        self.flow
            .0
            .waiting
            .store(streams.waiting.len(), Ordering::Relaxed);
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
        // It was overtaken after two seconds.
        let due = flow.due(PATIENCE).unwrap();
        assert_eq!(due - Instant::now(), Duration::from_secs(3));
        flow.cut(PATIENCE, after(3).await);
        assert!(!still.goes_on(&context()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_stands_still_beside_answers_that_need_no_wait_ends_alone() {
        for needs_no_room in [Flow::passes, Flow::answers] {
            let flow = Flow::default();
            let still = flow.waits(&context());
            needs_no_room(&flow);
            for _ in 0..9 {
                assert!(still.goes_on(&context()));
                let now = after(1).await;
                assert!(!flow.is_stuck(PATIENCE, now));
                flow.cut(PATIENCE, now);
                needs_no_room(&flow);
            }
            assert!(!still.goes_on(&context()));
            assert!(!flow.is_stuck(PATIENCE, Instant::now()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_need_no_room_end_no_stream_whose_turn_may_come() {
        let flow = Flow::default();
        let queue: Vec<_> = (0..4).map(|_| flow.waits(&context())).collect();
        for waiting in queue {
            assert!(waiting.goes_on(&context()));
            flow.cut(PATIENCE, after(5).await);
            flow.answers();
            assert!(waiting.goes_on(&context()));
            waiting.served();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_overtaken_by_one_whose_place_the_crate_kept_has_time_for_its_turn() {
        let flow = Flow::default();
        // A round of a slow client takes longer than the patience; the second got a part in the last one, and goes first.
        let (first, second) = (flow.waits(&context()), flow.waits(&context()));
        let now = after(20).await;
        second.served();
        flow.cut(PATIENCE, now);
        assert!(first.goes_on(&context()), "its turn is the next");
        flow.cut(PATIENCE, after(8).await);
        assert!(first.goes_on(&context()));
        flow.cut(PATIENCE, after(1).await);
        assert!(!first.goes_on(&context()));
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
