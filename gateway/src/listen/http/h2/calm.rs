//! Whether a client takes its requests back faster than they can be answered (CVE-2023-44487, "rapid reset"). Each costs it a few bytes
//! and us a request to a backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many may be taken back before it matters how many were answered.
const ALLOWED: u64 = 100;

/// The requests of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Calm(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    taken_back: AtomicU64,
}

impl Calm {
    /// One more.
    pub(super) fn asked(&self) -> Asked {
        Asked {
            calm: self.clone(),
            answered: false,
        }
    }

    /// Whether more were taken back than answered, beyond what is allowed.
    pub(super) fn is_lost(&self) -> bool {
        let answered = self.0.answered.load(Ordering::Relaxed);
        self.0.taken_back.load(Ordering::Relaxed) > answered.saturating_add(ALLOWED)
    }
}

/// A request; taken back if it is dropped before it is answered.
#[derive(Debug)]
pub(super) struct Asked {
    calm: Calm,
    answered: bool,
}

impl Asked {
    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let count = if self.answered {
            &self.calm.0.answered
        } else {
            &self.calm.0.taken_back
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_lost_by_what_is_taken_back_beyond_what_is_answered() {
        let calm = Calm::default();
        for _ in 0..10 {
            calm.asked().answered();
        }
        for _ in 0..ALLOWED + 10 {
            drop(calm.asked());
        }
        assert!(!calm.is_lost());
        drop(calm.asked());
        assert!(calm.is_lost());
    }
}
