//! How connections learn that their listener ends.
//!
//! Each request would pay for a future that waits for the end; instead each connection looks at a word when it is polled, and is
//! woken when the word changes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::sync::Notify;

/// How far the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It is not.
    Open,
    /// What is in flight may end; nothing new begins.
    Draining,
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

    /// Nothing new may begin.
    pub(super) fn begin(&self) {
        self.reach(Stage::Draining);
    }

    /// What has not ended is to be cut off.
    pub(super) fn force(&self) {
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
            _ => Stage::Over,
        }
    }

    /// Waits until no connection is left.
    pub(super) async fn empty(&self) {
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

    #[tokio::test]
    async fn members_are_woken_and_waited_for() {
        let ends = Arc::<Ends>::default();
        let mut member = Member::of(&ends);
        let task = tokio::spawn(async move {
            let over = |context: &mut Context<'_>| match member.stage(context) {
                Stage::Over => Poll::Ready(()),
                Stage::Open | Stage::Draining => Poll::Pending,
            };
            poll_fn(over).await;
        });
        ends.begin();
        ends.force();
        ends.empty().await;
        task.await.unwrap();
    }
}
