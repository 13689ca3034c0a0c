//! A claim of this gateway until its request is sent: whatever ends before that gives it back.

use uuid::Uuid;

use super::{Outcomes, Verdict};

/// A claim. Dropped before [`Held::sent`] it is given back, in the background.
#[derive(Debug)]
#[must_use = "dropped, the claim is given back"]
pub struct Held<'o> {
    outcomes: &'o Outcomes,
    id: Uuid,
    by: Uuid,
    goes: bool,
    is_sent: bool,
}

impl<'o> Held<'o> {
    pub(super) fn new(outcomes: &'o Outcomes, id: Uuid, by: Uuid) -> Self {
        Self {
            outcomes,
            id,
            by,
            goes: true,
            is_sent: false,
        }
    }

    /// Only a claim that goes is there to be given back.
    pub(super) fn judged(&mut self, verdict: &Verdict) {
        self.goes = matches!(verdict, Verdict::Go { .. });
    }

    /// From here on the request may be on its way.
    pub fn sent(&mut self) {
        self.is_sent = true;
    }

    /// It is certain that it was not sent.
    pub fn not_sent(mut self) {
        self.is_sent = false;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let outcomes = self.outcomes;
        outcomes.shared.state().waiting.forget(self.id, self.by);
        if self.goes && !self.is_sent {
            outcomes.release(self.id, self.by);
        }
    }
}
