//! How connections learn that their listener ends.
//!
//! The end comes in steps, so that a client which asks on a kept connection at that very moment is answered, and told that the connection ends.
//!
//! Each request would pay for a future that waits for the end; instead each connection looks at a word when it is polled, and is
//! woken when the word changes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How far the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It is not.
    Open,
    /// Whoever asks now is answered, and told that the connection ends.
    Draining,
    /// Only a request that has begun to come is waited for.
    Closing,
    /// No request begins any more; what is in flight may end.
    Silent,
    /// Now.
    Over,
}

/// The end of a listener.
#[derive(Debug, Default)]
pub(super) struct Ends {
    stage: AtomicU8,
    names: AtomicU64,
    members: Mutex<HashMap<u64, Option<Waker>>>,
    emptied: Notify,
}

impl Ends {
    fn members(&self) -> MutexGuard<'_, HashMap<u64, Option<Waker>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes through the end, step by step, until no connection is left: `moment` for whoever is about to ask, as much again for what has
    /// begun to come, and for all of it no longer than `drain`. `silent` is dropped when no request can begin any more.
    pub(super) async fn end<T>(&self, moment: Duration, drain: Duration, silent: T) {
        let begun = Instant::now();
        let over = begun + drain;
        let mut silent = Some(silent);
        let steps = [
            (Stage::Draining, begun + moment),
            (Stage::Closing, begun + moment.saturating_mul(2)),
            (Stage::Silent, over),
        ];
        for (stage, until) in steps {
            self.reach(stage);
            if stage == Stage::Silent {
                silent.take();
            }
            if timeout_at(until.min(over), self.empty()).await.is_ok() {
                return;
            }
        }
        self.reach(Stage::Over);
    }

    fn reach(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
        let wakers: Vec<_> = self.members().values().flatten().cloned().collect();
        for waker in wakers {
            waker.wake();
        }
    }

    fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Open,
            1 => Stage::Draining,
            2 => Stage::Closing,
            3 => Stage::Silent,
            _ => Stage::Over,
        }
    }

    /// Waits until no connection is left.
    async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.members().is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

/// A connection that is to end with its listener.
#[derive(Debug)]
pub(super) struct Member {
    ends: Arc<Ends>,
    name: u64,
    /// Whom the listener wakes; a copy, so that it is only told of a change.
    waker: Option<Waker>,
}

impl Member {
    pub(super) fn of(ends: &Arc<Ends>) -> Self {
        let name = ends.names.fetch_add(1, Ordering::Relaxed);
        ends.members().insert(name, None);
        Self {
            ends: Arc::clone(ends),
            name,
            waker: None,
        }
    }

    /// How far the end is; the task is woken when that changes.
    pub(super) fn stage(&mut self, context: &Context<'_>) -> Stage {
        let waker = context.waker();
        if !self.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            self.waker = Some(waker.clone());
            self.ends.members().insert(self.name, self.waker.clone());
        }
        self.ends.stage()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut members = self.ends.members();
        members.remove(&self.name);
        let empty = members.is_empty();
        drop(members);
        if empty && self.ends.stage() != Stage::Open {
            self.ends.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    const MOMENT: Duration = Duration::from_secs(1);
    const DRAIN: Duration = Duration::from_secs(10);

    /// A connection that ends at that stage; when it did.
    fn lasting(ends: &Arc<Ends>, until: Stage) -> tokio::task::JoinHandle<Duration> {
        let (mut member, begun) = (Member::of(ends), Instant::now());
        tokio::spawn(async move {
            let reached = |context: &mut Context<'_>| match member.stage(context) {
                stage if stage >= until => Poll::Ready(()),
                _ => Poll::Pending,
            };
            poll_fn(reached).await;
            begun.elapsed()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_comes_in_steps_and_each_wakes_who_waits_for_it() {
        let ends = Arc::<Ends>::default();
        let stages = [Stage::Draining, Stage::Closing, Stage::Silent, Stage::Over];
        let tasks = stages.map(|stage| lasting(&ends, stage));
        ends.end(MOMENT, DRAIN, ()).await;
        let mut seconds = Vec::new();
        for task in tasks {
            seconds.push(task.await.unwrap().as_secs());
        }
        assert_eq!(seconds, [0, 1, 2, 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_nobody_who_is_gone_and_never_longer_than_the_whole() {
        let begun = Instant::now();
        let ends = Arc::<Ends>::default();
        let busy = lasting(&ends, Stage::Closing);
        ends.end(MOMENT, DRAIN, ()).await;
        assert_eq!(begun.elapsed(), MOMENT);
        busy.await.unwrap();

        let ends = Arc::<Ends>::default();
        let busy = lasting(&ends, Stage::Over);
        ends.end(DRAIN, MOMENT, ()).await;
        assert_eq!(busy.await.unwrap(), MOMENT, "a long moment is cut short");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_said_when_no_request_can_begin_any_more() {
        let begun = Instant::now();
        let ends = Arc::<Ends>::default();
        let busy = lasting(&ends, Stage::Over);
        let (silent, told) = tokio::sync::oneshot::channel::<()>();
        let ending = Arc::clone(&ends);
        tokio::spawn(async move { ending.end(MOMENT, DRAIN, silent).await });
        told.await.unwrap_err();
        assert_eq!(begun.elapsed(), 2 * MOMENT);
        busy.await.unwrap();
    }
}
