//! Whatever happens between the window, Kafka and legacy: a write is executed once, or parked; and never before an earlier one of its key.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::back::entry::tests::record;
use crate::route::back::{AfterParked, InDoubt};

const KEYS: [&str; 3] = ["A", "B", "C"];

fn entry(offset: i64, key: &str, effect: &str) -> Arc<Entry> {
    Arc::new(Entry::of(record(offset, key, effect)))
}

/// What is committed: all that outlives a gateway.
#[derive(Debug, Default)]
struct Kafka {
    topic: Vec<Arc<Entry>>,
    next: i64,
    kept: Kept,
    parked: BTreeMap<i64, (Arc<Entry>, Reason, i64)>,
    settled: BTreeSet<i64>,
}

impl Kafka {
    fn commit(&mut self, step: &Step) {
        if let Some(next) = step.next {
            assert!(next >= self.next, "the offset never goes back");
            self.next = next;
        }
        if let Some(kept) = &step.kept {
            self.kept = kept.clone();
        }
        assert_eq!(self.kept.next, Some(self.next), "the offset is kept twice");
        for (entry, reason) in &step.parked {
            let parked = (Arc::clone(entry), reason.clone(), step.at_ms);
            self.parked.insert(entry.offset, parked);
        }
        for (offset, _) in &step.resolved {
            self.parked.remove(offset);
            self.settled.insert(*offset);
        }
    }

    fn window(&self, policy: &Arc<BackPolicy>) -> Window {
        let parked = self.parked.values().cloned().collect();
        let mut window = Window::restore(
            Arc::clone(policy),
            self.next,
            self.kept.clone(),
            parked,
            self.settled.clone(),
        );
        for entry in &self.topic {
            if entry.offset >= self.next {
                window.push(Arc::clone(entry));
            }
        }
        window
    }
}

/// A gateway, legacy and all between, thrown about by dice.
struct World {
    policy: Arc<BackPolicy>,
    kafka: Kafka,
    window: Window,
    jobs: Vec<Job>,
    /// Offsets in the order in which legacy executed them.
    executed: Vec<i64>,
    refused: BTreeSet<i64>,
    now: Instant,
    /// Grows with each step.
    now_ms: i64,
}

impl World {
    fn new(policy: BackPolicy, writes: &[(usize, bool)]) -> Self {
        let policy = Arc::new(policy);
        let mut kafka = Kafka::default();
        for (place, (key, idempotent)) in writes.iter().enumerate() {
            // Marks of transactions take offsets too.
            let offset = i64::try_from(place * 2).unwrap();
            let effect = if *idempotent { "idempotent" } else { "write" };
            kafka.topic.push(entry(offset, KEYS[*key], effect));
        }
        let window = kafka.window(&policy);
        Self {
            policy,
            kafka,
            window,
            jobs: Vec::new(),
            executed: Vec::new(),
            refused: BTreeSet::new(),
            now: Instant::now(),
            now_ms: 0,
        }
    }

    fn step(&mut self) {
        let room = self.policy.at_once.saturating_sub(self.jobs.len());
        self.now_ms += 1;
        let step = self.window.step(self.now, self.now_ms, room);
        self.kafka.commit(&step);
        self.jobs.extend(step.jobs);
    }

    /// Legacy does what it is asked, or not; the answer comes back, or not.
    fn answer(&mut self, which: usize, dice: u8) {
        if self.jobs.is_empty() {
            return;
        }
        let job = self.jobs.swap_remove(which % self.jobs.len());
        let offset = job.entry.offset;
        let came = match job.what {
            Task::Ask => match dice % 4 {
                0 => Came::Asked(None),
                _ => Came::Asked(Some(self.executed.contains(&offset))),
            },
            Task::Send => Came::Sent(match dice % 8 {
                0 => Verdict::Again,
                1 => {
                    self.executed.push(offset);
                    self.lost(&job)
                }
                2 => self.lost(&job),
                3 => {
                    self.refused.insert(offset);
                    Verdict::Park(Reason::Conflict("no".to_owned()))
                }
                _ => {
                    self.executed.push(offset);
                    Verdict::Applied
                }
            }),
        };
        self.window.came(offset, &came, self.now);
    }

    fn lost(&self, job: &Job) -> Verdict {
        match job.entry.effect() {
            crate::route::Effect::Write => Verdict::Doubt,
            _ => Verdict::Again,
        }
    }

    /// The gateway is killed: of what was under way some is executed; what was not committed is not known any more.
    fn kill(&mut self, dice: u8) {
        for (number, job) in std::mem::take(&mut self.jobs).into_iter().enumerate() {
            if job.what == Task::Send && (usize::from(dice) >> (number % 8)) & 1 == 1 {
                self.executed.push(job.entry.offset);
            }
        }
        self.window = self.kafka.window(&self.policy);
    }

    /// The gateway is killed after it decided, before it committed.
    fn kill_before_commit(&mut self) {
        let _lost = self.window.step(self.now, self.now_ms, self.policy.at_once);
        self.kill(0xff);
    }

    fn act(&mut self, action: u16) {
        let [kind, dice] = action.to_be_bytes();
        match kind % 16 {
            0 => self.kill(dice),
            1 => self.kill_before_commit(),
            2 => self.now += Duration::from_millis(u64::from(dice) * 10),
            3..8 => self.step(),
            _ => self.answer(usize::from(kind), dice),
        }
    }

    /// From now on all is well.
    fn calm(&mut self) {
        for _ in 0..200 {
            self.now += Duration::from_secs(60);
            self.step();
            while !self.jobs.is_empty() {
                self.answer(0, 7);
            }
        }
    }
}

fn policy(in_doubt: InDoubt, after_parked: AfterParked) -> BackPolicy {
    BackPolicy {
        in_doubt,
        after_parked,
        at_once: 4,
        ..BackPolicy::default()
    }
}

proptest! {
    #[test]
    fn every_write_is_executed_once_or_parked_and_keys_keep_their_order(
        writes in vec((0..KEYS.len(), any::<bool>()), 1..20),
        actions in vec(any::<u16>(), 0..200),
        asks in any::<bool>(),
    ) {
        let asked = InDoubt::Ask(crate::route::PathTemplate::parse("/x/{key}").unwrap());
        let in_doubt = if asks { asked } else { InDoubt::Park };
        let mut world = World::new(policy(in_doubt, AfterParked::Wait), &writes);
        for action in actions {
            world.act(action);
        }
        world.calm();
        let mut last = BTreeMap::<Bytes, i64>::new();
        for offset in &world.executed {
            let entry = world.kafka.topic.iter().find(|entry| entry.offset == *offset).unwrap();
            let before = last.insert(entry.key.clone(), *offset);
            prop_assert!(before.is_none_or(|before| before <= *offset), "{offset} after {before:?}");
        }
        let end = world.kafka.topic.last().unwrap().offset + 1;
        prop_assert_eq!(world.kafka.next, end, "everything is settled or parked");
        prop_assert!(world.kafka.kept.sent.is_empty() && world.kafka.kept.done.is_empty());
        for entry in &world.kafka.topic {
            let times = world.executed.iter().filter(|offset| **offset == entry.offset).count();
            let parked = world.kafka.parked.get(&entry.offset).map(|(_, reason, _)| reason.code());
            match (entry.effect(), parked) {
                (crate::route::Effect::Write, None) => prop_assert_eq!(times, 1),
                (crate::route::Effect::Write, Some("in_doubt")) => prop_assert!(times <= 1 && !asks),
                (_, Some("in_doubt")) => prop_assert!(false, "what is idempotent is never in doubt"),
                (_, Some("behind")) => prop_assert_eq!(times, 0),
                (_, Some(reason)) => {
                    prop_assert_eq!(reason, "conflict");
                    prop_assert!(world.refused.contains(&entry.offset));
                }
                (_, None) => prop_assert!(times >= 1),
            }
        }
    }

    #[test]
    fn where_others_go_on_none_waits_for_a_parked_one(
        writes in vec((0..KEYS.len(), any::<bool>()), 1..20),
        actions in vec(any::<u16>(), 0..200),
    ) {
        let mut world = World::new(policy(InDoubt::Park, AfterParked::GoOn), &writes);
        for action in actions {
            world.act(action);
        }
        world.calm();
        for entry in &world.kafka.topic {
            let times = world.executed.iter().filter(|offset| **offset == entry.offset).count();
            let parked = world.kafka.parked.get(&entry.offset).map(|(_, reason, _)| reason.code());
            prop_assert_ne!(parked, Some("behind"));
            if entry.effect() == crate::route::Effect::Write {
                prop_assert!(times <= 1);
            }
            prop_assert!(times >= 1 || parked.is_some());
        }
    }
}

fn someone(what: Wanted) -> Resolution {
    Resolution {
        what,
        who: "ANNA".to_owned(),
        why: "seen".to_owned(),
        at_ms: 0,
        seen_ms: None,
    }
}

/// By whoever sees it as it is parked now.
fn having_looked(world: &World, offset: i64, what: Wanted) -> Resolution {
    Resolution {
        seen_ms: Some(world.kafka.parked[&offset].2),
        ..someone(what)
    }
}

#[test]
fn a_decision_does_not_count_for_what_came_after_it() {
    let mut world = World::new(policy(InDoubt::Park, AfterParked::Wait), &[(0, false)]);
    world.step();
    world.answer(0, 3);
    world.step();
    // Two people see a conflict, and both have it tried again.
    let retry = having_looked(&world, 0, Wanted::Retry);
    world.window.decided(0, retry.clone());
    world.step();
    // Legacy executes it and answers 500.
    world.answer(0, 1);
    world.window.decided(0, retry.clone());
    world.step();
    world.window.decided(0, retry.clone());
    world.calm();
    assert_eq!(world.executed, [0], "executed twice");
    // Also for whoever takes the partition over and reads it once more.
    world.kill(0);
    world.window.decided(0, retry);
    world.calm();
    assert_eq!(world.executed, [0], "executed twice");
    let (_, reason, _) = &world.kafka.parked[&0];
    assert_eq!(reason, &Reason::InDoubt);
    // Who has looked at it since may.
    let retry = having_looked(&world, 0, Wanted::Retry);
    world.window.decided(0, retry);
    world.calm();
    assert_eq!(world.executed, [0, 0]);
    assert!(world.kafka.parked.is_empty());
}

#[test]
fn a_person_lets_a_key_go_on() {
    let writes = [(0, false), (0, false), (0, false)];
    let mut world = World::new(policy(InDoubt::Park, AfterParked::Wait), &writes);
    world.step();
    world.answer(0, 3);
    world.step();
    assert_eq!(world.kafka.parked.len(), 3, "two wait behind the first");
    assert!(world.jobs.is_empty());
    world.window.decided(0, someone(Wanted::Skip));
    world.calm();
    assert_eq!(world.executed, [2, 4]);
    assert!(world.kafka.parked.is_empty());
}

#[test]
fn a_parked_write_that_is_tried_again_when_its_gateway_dies_is_in_doubt() {
    let mut world = World::new(policy(InDoubt::Park, AfterParked::Wait), &[(0, false)]);
    world.step();
    world.answer(0, 3);
    world.step();
    world.window.decided(0, someone(Wanted::Retry));
    world.step();
    assert_eq!(world.jobs.len(), 1);
    world.kill(0xff);
    // Whoever comes next reads that somebody wanted it.
    world.window.decided(0, someone(Wanted::Retry));
    world.calm();
    let (_, reason, _) = &world.kafka.parked[&0];
    assert_eq!((reason, world.executed.len()), (&Reason::InDoubt, 1));
}

#[test]
fn a_partition_is_read_again_when_half_of_what_waits_is_done() {
    let writes = vec![(0, true); MOST];
    let mut world = World::new(policy(InDoubt::Park, AfterParked::Wait), &writes[1..]);
    assert!(!world.window.has_enough());
    let last = i64::try_from(MOST * 2).unwrap();
    world.window.push(entry(last, KEYS[0], "idempotent"));
    assert!(world.window.has_enough());
    while world.window.len() >= MOST / 2 {
        assert!(world.window.has_enough());
        world.step();
        world.answer(0, 7);
    }
    world.step();
    assert!(!world.window.has_enough());
}
