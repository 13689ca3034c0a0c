//! Writes of a group are held while it changes sides: none is begun, and those under way are waited for. No I/O.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

/// The groups whose writes may change sides, as far as anything is under way with them.
#[derive(Debug, Default)]
pub struct Holds {
    groups: Mutex<HashMap<Arc<str>, Arc<Gate>>>,
}

/// A group's.
#[derive(Debug, Default)]
struct Gate {
    counted: Mutex<Counted>,
    /// Changes when it is held or released, and when nothing of a held one is under way any more.
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
    gate: Arc<Gate>,
    deadline: Option<Instant>,
}

/// Held as long as this lives.
#[derive(Debug)]
pub struct Held {
    gate: Arc<Gate>,
}

impl Gate {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        // Nothing is done half-way under this lock.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn until(&self, so: impl Fn(&Counted) -> bool) {
        let mut changed = self.changed.subscribe();
        while !so(&self.counted()) {
            // The sender lives as long as this.
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Holds {
    fn gate(&self, group: &str) -> Arc<Gate> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        match groups.get(group) {
            Some(gate) => Arc::clone(gate),
            None => Arc::clone(groups.entry(group.into()).or_default()),
        }
    }

    /// Begins a write that ends by `deadline`; none while the group is held.
    #[must_use]
    pub fn begin(&self, group: &str, deadline: Instant) -> Option<UnderWay> {
        let gate = self.gate(group);
        {
            let mut counted = gate.counted();
            if counted.held > 0 {
                return None;
            }
            counted.under_way = counted.under_way.saturating_add(1);
        }
        Some(UnderWay {
            gate,
            deadline: Some(deadline),
        })
    }

    /// Holds a group.
    #[must_use]
    pub fn hold(&self, group: &str) -> Held {
        let gate = self.gate(group);
        {
            let mut counted = gate.counted();
            counted.held = counted.held.saturating_add(1);
        }
        gate.tell();
        Held { gate }
    }

    /// Waits until nobody holds it.
    pub async fn released(&self, group: &str) {
        self.gate(group).until(|counted| counted.held == 0).await;
    }
}

impl Held {
    /// Waits until no write of the group is under way; then says until when one may still be executed of which nobody heard.
    pub async fn silent(&self) -> Option<Instant> {
        self.gate.until(|counted| counted.under_way == 0).await;
        self.gate.counted().unheard
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
        let silent = {
            let mut counted = self.gate.counted();
            counted.under_way = counted.under_way.saturating_sub(1);
            counted.unheard = counted.unheard.max(self.deadline);
            counted.held > 0 && counted.under_way == 0
        };
        if silent {
            self.gate.tell();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        {
            let mut counted = self.gate.counted();
            counted.held = counted.held.saturating_sub(1);
        }
        self.gate.tell();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_group_is_silent_when_nothing_of_it_is_under_way() {
        let (holds, lots) = (Arc::new(Holds::default()), "lots");
        let deadline = Instant::now() + Duration::from_secs(4);
        let (one, other) = (holds.begin(lots, deadline), holds.begin(lots, deadline));
        let held = holds.hold(lots);
        assert!(holds.begin(lots, deadline).is_none());
        assert!(holds.begin("orders", deadline).is_some());
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
        assert!(holds.begin(lots, deadline).is_some());
    }
}
