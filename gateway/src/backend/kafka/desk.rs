//! Who waits for which reply, and on which partitions replies come. No I/O.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kafka::Incoming;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Why nothing can be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// No broker answers.
    #[error("no kafka broker answers")]
    Away,
    /// The topic of requests or of replies is not there.
    #[error("the topic of requests or of replies is not there yet")]
    NoTopic,
    /// No partition of replies is ours: the group has not settled, or there are more gateways than partitions.
    #[error("this gateway holds no partition of replies")]
    NoPartition,
    /// As many wait as may.
    #[error("as many requests wait for replies as may")]
    Full,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Reply {
    /// The reply.
    Came(Incoming),
    /// The partition of its reply is not ours any more.
    Lost,
}

/// Our requests that wait for their replies.
#[derive(Debug)]
pub(super) struct Desk {
    /// The first half of every correlation id: replies to others come to the same topic.
    mark: [u8; 8],
    most: usize,
    late: Counter,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    topics: bool,
    away: bool,
    partitions: Vec<i32>,
    /// Which of them is next.
    turn: usize,
    next: u64,
    waits: HashMap<u64, Wait>,
    /// Requests whose bodies are still being taken.
    seats: usize,
}

#[derive(Debug)]
struct Wait {
    partition: i32,
    reply: oneshot::Sender<Reply>,
}

/// What a request holds while its body is taken, which may be long: it counts like one that waits. Given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    desk: Arc<Desk>,
}

/// A place in the desk; given back when dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    desk: Arc<Desk>,
    number: u64,
    partition: i32,
}

impl Desk {
    pub(super) fn new(most: usize, late: Counter) -> Self {
        let mut mark = [0; 8];
        for (to, from) in mark.iter_mut().zip(Uuid::new_v4().as_bytes()) {
            *to = *from;
        }
        Self {
            mark,
            most,
            late,
            state: Mutex::new(State {
                topics: false,
                away: false,
                partitions: Vec::new(),
                turn: 0,
                next: 0,
                waits: HashMap::new(),
                seats: 0,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is done half-way under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn closed(&self) -> Option<Closed> {
        self.state().open(self.most).err()
    }

    /// For a request that will wait for its reply, before its body is taken.
    pub(super) fn seat(self: &Arc<Self>) -> Result<Seat, Closed> {
        let mut state = self.state();
        state.open(self.most)?;
        Ok(self.seated(&mut state))
    }

    /// For a request that nobody waits for here: bodies that are taken for such are bounded as well.
    pub(super) fn seat_for_body(self: &Arc<Self>) -> Result<Seat, Closed> {
        let mut state = self.state();
        state.reachable()?;
        if state.seats >= self.most {
            return Err(Closed::Full);
        }
        Ok(self.seated(&mut state))
    }

    fn seated(self: &Arc<Self>, state: &mut State) -> Seat {
        state.seats = state.seats.saturating_add(1);
        Seat {
            desk: Arc::clone(self),
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.state().waits.len()
    }

    /// A place for one request, and where its reply comes: of the partitions that are ours now, not of those when its body began.
    fn admit(self: &Arc<Self>) -> Result<(Ticket, oneshot::Receiver<Reply>), Closed> {
        let mut state = self.state();
        state.reachable()?;
        let turn = state.turn % state.partitions.len().max(1);
        let partition = state
            .partitions
            .get(turn)
            .copied()
            .ok_or(Closed::NoPartition)?;
        state.turn = turn + 1;
        let number = state.next;
        state.next = state.next.wrapping_add(1);
        let (reply, receiver) = oneshot::channel();
        state.waits.insert(number, Wait { partition, reply });
        drop(state);
        let desk = Arc::clone(self);
        Ok((
            Ticket {
                desk,
                number,
                partition,
            },
            receiver,
        ))
    }

    /// Hands a reply to who waits for it.
    pub(super) fn reply(&self, correlation: [u8; 16], record: Incoming) {
        let (mark, number) = correlation.split_at(self.mark.len());
        let Ok(number) = number.try_into().map(u64::from_be_bytes) else {
            return;
        };
        if mark != self.mark {
            return; // Another gateway's, or another backend's.
        }
        let wait = self.state().waits.remove(&number);
        let handed = wait.is_some_and(|wait| wait.reply.send(Reply::Came(record)).is_ok());
        if !handed {
            self.late.inc();
            tracing::debug!("a reply came late");
        }
    }

    pub(super) fn topics_are(&self, there: bool) {
        self.state().topics = there;
    }

    pub(super) fn broker_is_away(&self, away: bool) {
        self.state().away = away;
    }

    /// These are ours now, besides the others.
    pub(super) fn got(&self, partitions: &[i32]) {
        let mut state = self.state();
        for partition in partitions {
            if !state.partitions.contains(partition) {
                state.partitions.push(*partition);
            }
        }
    }

    /// These are not ours any more: who waits for a reply on them waits in vain.
    pub(super) fn lost(&self, partitions: &[i32]) {
        let mut state = self.state();
        state.partitions.retain(|held| !partitions.contains(held));
        let gone = state
            .waits
            .extract_if(|_, wait| partitions.contains(&wait.partition));
        for (_, wait) in gone {
            // Who gave up meanwhile does not need to know.
            drop(wait.reply.send(Reply::Lost));
        }
    }

    /// None is ours any more.
    pub(super) fn lost_all(&self) {
        let held = self.state().partitions.clone();
        self.lost(&held);
    }
}

impl State {
    fn reachable(&self) -> Result<(), Closed> {
        if self.away {
            Err(Closed::Away)
        } else if !self.topics {
            Err(Closed::NoTopic)
        } else {
            Ok(())
        }
    }

    fn open(&self, most: usize) -> Result<(), Closed> {
        self.reachable()?;
        if self.partitions.is_empty() {
            Err(Closed::NoPartition)
        } else if self.waits.len().saturating_add(self.seats) >= most {
            Err(Closed::Full)
        } else {
            Ok(())
        }
    }
}

impl Seat {
    /// A place for the request, once its body is there.
    pub(super) fn admit(self) -> Result<(Ticket, oneshot::Receiver<Reply>), Closed> {
        self.desk.admit()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.desk.state();
        state.seats = state.seats.saturating_sub(1);
    }
}

impl Ticket {
    /// The correlation id.
    pub(super) fn id(&self) -> [u8; 16] {
        let mut id = [0; 16];
        let (head, tail) = id.split_at_mut(8);
        head.copy_from_slice(&self.desk.mark);
        tail.copy_from_slice(&self.number.to_be_bytes());
        id
    }

    pub(super) fn partition(&self) -> i32 {
        self.partition
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.desk.state().waits.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Incoming {
        Incoming {
            partition: 0,
            offset: 0,
            timestamp_ms: None,
            key: None,
            value: None,
            headers: Vec::new(),
        }
    }

    fn open(most: usize) -> Arc<Desk> {
        let desk = Arc::new(Desk::new(most, Counter::default()));
        assert_eq!(desk.closed(), Some(Closed::NoTopic));
        desk.topics_are(true);
        assert_eq!(desk.closed(), Some(Closed::NoPartition));
        desk.got(&[3, 5]);
        assert_eq!(desk.closed(), None);
        desk
    }

    #[test]
    fn replies_find_who_waits_and_late_ones_are_counted() {
        let desk = open(9);
        let (first, mut reply) = desk.seat().unwrap().admit().unwrap();
        let (second, other) = desk.seat().unwrap().admit().unwrap();
        assert_eq!((first.partition(), second.partition()), (3, 5));
        desk.reply(first.id(), record());
        assert!(matches!(reply.try_recv(), Ok(Reply::Came(_))));
        desk.reply(first.id(), record());
        assert_eq!(desk.late.get(), 1);
        let id = second.id();
        drop((second, other));
        desk.reply(id, record());
        assert_eq!(desk.late.get(), 2);
        // Not ours.
        desk.reply([7; 16], record());
        assert_eq!((desk.late.get(), desk.in_flight()), (2, 0));
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let desk = open(1);
        let one = desk.seat().unwrap().admit().unwrap();
        assert_eq!(desk.seat().unwrap_err(), Closed::Full);
        drop(one);
        assert!(desk.seat().unwrap().admit().is_ok());
    }

    #[test]
    fn bodies_that_are_still_taken_have_places() {
        let desk = open(2);
        let (one, two) = (desk.seat().unwrap(), desk.seat_for_body().unwrap());
        assert_eq!(desk.closed(), Some(Closed::Full));
        assert_eq!(desk.seat().unwrap_err(), Closed::Full);
        assert_eq!(desk.seat_for_body().unwrap_err(), Closed::Full);
        // Who has a place is not refused for those who took theirs later.
        let waits = one.admit().unwrap();
        assert_eq!(desk.seat().unwrap_err(), Closed::Full);
        drop(two);
        let seat = desk.seat().unwrap();
        drop(waits);
        desk.lost_all();
        assert_eq!(seat.admit().unwrap_err(), Closed::NoPartition);
        desk.got(&[3]);
        assert_eq!(desk.closed(), None);
    }

    #[test]
    fn who_waits_on_a_partition_that_goes_learns_it_at_once() {
        let desk = open(9);
        let (_first, mut on_3) = desk.seat().unwrap().admit().unwrap();
        let (_second, mut on_5) = desk.seat().unwrap().admit().unwrap();
        desk.lost(&[3]);
        assert!(matches!(on_3.try_recv(), Ok(Reply::Lost)));
        assert!(on_5.try_recv().is_err());
        assert_eq!(desk.seat().unwrap().admit().unwrap().0.partition(), 5);
        desk.lost_all();
        assert!(matches!(on_5.try_recv(), Ok(Reply::Lost)));
        assert_eq!(desk.seat().unwrap_err(), Closed::NoPartition);
    }
}
