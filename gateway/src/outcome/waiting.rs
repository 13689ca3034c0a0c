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
pub(super) struct Waiting {
    most: usize,
    next: u64,
    verdicts: HashMap<(Uuid, Uuid), oneshot::Sender<Verdict>>,
    replies: HashMap<Uuid, Vec<(u64, oneshot::Sender<Incoming>)>>,
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

    pub(super) fn reply(&mut self, id: Uuid) -> Result<(u64, oneshot::Receiver<Incoming>), Full> {
        if self.count >= self.most {
            return Err(Full);
        }
        let turn = self.next;
        self.next = self.next.wrapping_add(1);
        let (sender, receiver) = oneshot::channel();
        self.replies.entry(id).or_default().push((turn, sender));
        self.count += 1;
        Ok((turn, receiver))
    }

    pub(super) fn gone(&mut self, id: Uuid, turn: u64) {
        let Some(waits) = self.replies.get_mut(&id) else {
            return;
        };
        let before = waits.len();
        waits.retain(|(other, _)| *other != turn);
        self.count -= before - waits.len();
        if waits.is_empty() {
            self.replies.remove(&id);
        }
    }

    /// Hands a reply to who waits for it; whether anybody does.
    pub(super) fn came(&mut self, id: Uuid, reply: &Incoming) -> bool {
        let waits = self.replies.remove(&id).unwrap_or_default();
        self.count -= waits.len();
        let mut any = false;
        for (_, waits) in waits {
            any |= waits.send(reply.clone()).is_ok();
        }
        any
    }
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
        let (one, mut first) = waiting.reply(id).unwrap();
        let (two, second) = waiting.reply(id).unwrap();
        assert_eq!(waiting.reply(id).unwrap_err(), Full);
        drop(second);
        waiting.gone(id, two);
        waiting.gone(id, two);
        assert_eq!(waiting.replies(), 1);
        assert!(waiting.came(id, &reply));
        assert!(matches!(first.try_recv(), Ok(came) if came.offset == 3));
        waiting.gone(id, one);
        assert_eq!(waiting.replies(), 0);
        assert!(!waiting.came(id, &reply));
    }
}
