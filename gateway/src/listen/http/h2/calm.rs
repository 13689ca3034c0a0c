//! Whether a client takes its requests back faster than they can be answered (CVE-2023-44487, "rapid reset"). Each costs it a few bytes
//! and us a request to a backend. Pure.

/// So many may be taken back before it matters how many were answered.
const ALLOWED: u64 = 100;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// There was an answer to it.
    Answered,
    /// Nobody waited for one any more.
    TakenBack,
}

/// The requests of one connection.
#[derive(Debug, Default)]
pub(super) struct Calm {
    answered: u64,
    taken_back: u64,
}

impl Calm {
    /// One more.
    pub(super) fn ended(&mut self, ended: Ended) {
        let count = match ended {
            Ended::Answered => &mut self.answered,
            Ended::TakenBack => &mut self.taken_back,
        };
        *count = count.saturating_add(1);
    }

    /// Whether more were taken back than answered, beyond what is allowed.
    pub(super) fn is_lost(&self) -> bool {
        self.taken_back > self.answered.saturating_add(ALLOWED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_lost_by_what_is_taken_back_beyond_what_is_answered() {
        let mut calm = Calm::default();
        for _ in 0..10 {
            calm.ended(Ended::Answered);
        }
        for _ in 0..ALLOWED + 10 {
            calm.ended(Ended::TakenBack);
        }
        assert!(!calm.is_lost());
        calm.ended(Ended::TakenBack);
        assert!(calm.is_lost());
    }
}
