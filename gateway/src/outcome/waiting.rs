//! Who waits here: for the verdict on a claim, or for the reply to a request. No I/O.

use std::collections::HashMap;

use kafka::Incoming;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::book::Verdict;

/// As many wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

#[derive(Debug)]
struct Waits {
    turn: u64,
    by: Uuid,
    reply: oneshot::Sender<Incoming>,
}

#[derive(Debug)]
pub(super) struct Waiting {
    most: usize,
    next: u64,
    verdicts: HashMap<(Uuid, Uuid), oneshot::Sender<Verdict>>,
    /// By the request's id, with who claimed it.
    replies: HashMap<Uuid, Vec<Waits>>,
    count: usize,
}

impl Waiting {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            next: 0,
            verdicts: HashMap::new(),
            replies: HashMap::new(),
            count: 0,
        }
    }

    /// How many wait for replies.
    pub(super) fn replies(&self) -> usize {
        self.count
    }

    pub(super) fn verdict(&mut self, id: Uuid, by: Uuid) -> oneshot::Receiver<Verdict> {
        let (sender, receiver) = oneshot::channel();
        self.verdicts.insert((id, by), sender);
        receiver
    }

    pub(super) fn forget(&mut self, id: Uuid, by: Uuid) {
        self.verdicts.remove(&(id, by));
    }

    pub(super) fn judged(&mut self, id: Uuid, by: Uuid, verdict: Verdict) {
        if let Some(waits) = self.verdicts.remove(&(id, by)) {
            // Who gave up meanwhile does not need to know.
            drop(waits.send(verdict));
        }
    }

    pub(super) fn reply(
        &mut self,
        request: Uuid,
        by: Uuid,
    ) -> Result<(u64, oneshot::Receiver<Incoming>), Full> {
        if self.count >= self.most {
            return Err(Full);
        }
        let turn = self.next;
        self.next = self.next.wrapping_add(1);
        let (reply, receiver) = oneshot::channel();
        let waits = Waits { turn, by, reply };
        self.replies.entry(request).or_default().push(waits);
        self.count += 1;
        Ok((turn, receiver))
    }

    pub(super) fn gone(&mut self, request: Uuid, turn: u64) {
        self.take(request, |waits| waits.turn == turn);
    }

    /// Hands a reply to who waits for it; whether anybody does.
    pub(super) fn came(&mut self, request: Uuid, reply: &Incoming) -> bool {
        let waits = self.take(request, |_| true);
        handed(waits, reply)
    }

    /// Hands a reply to who made that claim; whether anybody waits for it.
    pub(super) fn refused(&mut self, request: Uuid, by: Uuid, reply: &Incoming) -> bool {
        let waits = self.take(request, |waits| waits.by == by);
        handed(waits, reply)
    }

    fn take(&mut self, request: Uuid, which: impl Fn(&Waits) -> bool) -> Vec<Waits> {
        let Some(waits) = self.replies.get_mut(&request) else {
            return Vec::new();
        };
        let (taken, left): (Vec<_>, Vec<_>) = std::mem::take(waits).into_iter().partition(which);
        self.count -= taken.len();
        if left.is_empty() {
            self.replies.remove(&request);
        } else {
            *waits = left;
        }
        taken
    }
}

fn handed(waits: Vec<Waits>, reply: &Incoming) -> bool {
    let mut any = false;
    for waits in waits {
        any |= waits.reply.send(reply.clone()).is_ok();
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let mut waiting = Waiting::new(2);
        let id = Uuid::from_u128(1);
        let reply = Incoming {
            partition: 0,
            offset: 3,
            timestamp_ms: None,
            key: None,
            value: None,
            headers: Vec::new(),
        };
        let (by, other) = (Uuid::from_u128(2), Uuid::from_u128(3));
        let (one, mut first) = waiting.reply(id, by).unwrap();
        let (two, second) = waiting.reply(id, by).unwrap();
        assert_eq!(waiting.reply(id, by).unwrap_err(), Full);
        drop(second);
        waiting.gone(id, two);
        waiting.gone(id, two);
        assert_eq!(waiting.replies(), 1);
        assert!(!waiting.refused(id, other, &reply));
        assert!(waiting.came(id, &reply));
        assert!(matches!(first.try_recv(), Ok(came) if came.offset == 3));
        waiting.gone(id, one);
        assert_eq!(waiting.replies(), 0);
        assert!(!waiting.came(id, &reply));
    }
}
