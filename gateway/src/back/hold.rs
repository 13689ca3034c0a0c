//! Writes of a group are held while it changes back to legacy: none is begun, and those under way are waited for. No I/O.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

/// The groups whose writes go back to legacy, as far as anything is under way with them.
#[derive(Debug, Default)]
pub struct Holds {
    groups: Mutex<HashMap<Arc<str>, Counted>>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Counted {
    under_way: usize,
    /// How many hold it.
    held: usize,
    /// Until then a write may be executed of which nobody heard.
    unheard: Option<Instant>,
}

/// A write under way. Dropped before it is [`heard`](Self::heard) of, it may be executed until its deadline.
#[derive(Debug)]
pub struct UnderWay {
    holds: Arc<Holds>,
    group: Arc<str>,
    deadline: Option<Instant>,
}

/// Held as long as this lives.
#[derive(Debug)]
pub struct Held {
    holds: Arc<Holds>,
    group: Arc<str>,
}

impl Holds {
    fn groups(&self) -> MutexGuard<'_, HashMap<Arc<str>, Counted>> {
        // Nothing is done half-way under this lock.
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, group: &Arc<str>, change: impl FnOnce(&mut Counted)) {
        {
            let mut groups = self.groups();
            change(groups.entry(Arc::clone(group)).or_default());
        }
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Begins a write that ends by `deadline`; none while the group is held.
    #[must_use]
    pub fn begin(self: &Arc<Self>, group: &Arc<str>, deadline: Instant) -> Option<UnderWay> {
        let mut groups = self.groups();
        let counted = groups.entry(Arc::clone(group)).or_default();
        if counted.held > 0 {
            return None;
        }
        counted.under_way = counted.under_way.saturating_add(1);
        Some(UnderWay {
            holds: Arc::clone(self),
            group: Arc::clone(group),
            deadline: Some(deadline),
        })
    }

    /// Holds a group.
    #[must_use]
    pub fn hold(self: &Arc<Self>, group: &Arc<str>) -> Held {
        self.change(group, |counted| {
            counted.held = counted.held.saturating_add(1);
        });
        Held {
            holds: Arc::clone(self),
            group: Arc::clone(group),
        }
    }

    /// Waits until nobody holds it.
    pub async fn released(&self, group: &str) {
        self.until(|| self.groups().get(group).is_none_or(|one| one.held == 0))
            .await;
    }

    async fn until(&self, so: impl Fn() -> bool) {
        let mut changed = self.changed.subscribe();
        while !so() {
            // The sender lives as long as this.
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Held {
    /// Waits until no write of the group is under way; then says until when one may still be executed of which nobody heard.
    pub async fn silent(&self) -> Option<Instant> {
        let quiet = || {
            let groups = self.holds.groups();
            groups.get(&self.group).is_none_or(|one| one.under_way == 0)
        };
        self.holds.until(quiet).await;
        self.holds.groups().get(&self.group)?.unheard
    }
}

impl UnderWay {
    /// It is known what became of it.
    pub fn heard(mut self) {
        self.deadline = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let deadline = self.deadline;
        self.holds.change(&self.group, |counted| {
            counted.under_way = counted.under_way.saturating_sub(1);
            counted.unheard = counted.unheard.max(deadline);
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.holds.change(&self.group, |counted| {
            counted.held = counted.held.saturating_sub(1);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_group_is_silent_when_nothing_of_it_is_under_way() {
        let (holds, lots) = (Arc::new(Holds::default()), Arc::from("lots"));
        let deadline = Instant::now() + Duration::from_secs(4);
        let (one, other) = (holds.begin(&lots, deadline), holds.begin(&lots, deadline));
        let held = holds.hold(&lots);
        assert!(holds.begin(&lots, deadline).is_none());
        assert!(holds.begin(&"orders".into(), deadline).is_some());
        one.unwrap().heard();
        let silent = tokio::spawn(async move {
            let unheard = held.silent().await;
            (held, unheard)
        });
        tokio::task::yield_now().await;
        assert!(!silent.is_finished());
        // Its client went away: it may be executed until its deadline.
        drop(other);
        let (held, unheard) = silent.await.unwrap();
        assert_eq!(unheard, Some(deadline));
        let released = tokio::spawn({
            let holds = Arc::clone(&holds);
            async move { holds.released("lots").await }
        });
        tokio::task::yield_now().await;
        assert!(!released.is_finished());
        drop(held);
        released.await.unwrap();
        assert!(holds.begin(&lots, deadline).is_some());
    }
}
