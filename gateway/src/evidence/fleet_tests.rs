//! That the evidence of a fleet adds up: whatever is read in whatever order, over crashes, restarts and clearings, nothing counts twice.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::fleet::Keeping;
use super::part::{Part, PartError, Said};
use super::tests::{about, differing, outcome};
use super::{Clearing, Evidence, Finding, Limits, Of, RouteReport};
use crate::compare::Verdict;
use crate::route::{Side, Table};

const NAMES: [&str; 2] = ["gw-1", "gw-2"];
const ROUTE: &str = "lot";

/// A gateway's evidence, as a process has it.
fn process(name: &str, run: u128) -> Evidence {
    let evidence = Evidence::new(Limits::default());
    let (asks, _) = mpsc::channel(1);
    let keeping = Keeping {
        asks,
        signs: Box::new(|_, _| true),
        trouble: Box::new(|| None),
        store: "kafka",
    };
    evidence.is_kept(name, Uuid::from_u128(run), keeping);
    evidence.heard_lock().begins();
    evidence
}

/// The same, with nothing to read.
fn alone(name: &str, run: u128) -> Evidence {
    let evidence = process(name, run);
    evidence.heard_lock().is_whole();
    evidence
}

fn table() -> Table {
    Table::new(Vec::new(), Vec::new())
}

/// The topic: keys and values as they were written.
#[derive(Default)]
struct Topic(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Topic {
    fn put(&mut self, key: &super::part::Key, value: Option<Vec<u8>>) {
        self.0.push((key.to_text().into_bytes(), value));
    }

    /// What compaction leaves.
    fn compacted(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut last = BTreeMap::new();
        for (at, (key, _)) in self.0.iter().enumerate() {
            last.insert(key, at);
        }
        let mut left: Vec<_> = last.into_values().collect();
        left.sort_unstable();
        left.into_iter()
            .filter_map(|at| self.0.get(at).cloned())
            .filter(|(_, value)| value.is_some())
            .collect()
    }
}

fn hear(evidence: &Evidence, records: &[(Vec<u8>, Option<Vec<u8>>)]) {
    for (key, value) in records {
        evidence.hears(Said::read(key, value.as_deref()).unwrap(), None);
    }
}

/// One gateway: its process, and how far that has read.
struct Gateway {
    evidence: Evidence,
    read: usize,
    /// Counted, and not certain to be written.
    unwritten: u64,
}

struct Fleet {
    topic: Topic,
    gateways: Vec<Gateway>,
    runs: u128,
    /// All that were counted, and all that were lost by a crash, since the route was cleared.
    counted: u64,
    lost: u64,
}

#[derive(Debug, Clone)]
enum Step {
    Count(usize, u8),
    Write(usize),
    /// Written, and the process is gone before it knows.
    WriteAndCrash(usize),
    Read(usize),
    /// Read once more from the first record, as after a disconnection.
    ReadAnew(usize),
    TakeUp(usize),
    Crash(usize),
    Clear(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let gateway = || 0..NAMES.len();
    prop_oneof![
        4 => (gateway(), 1..20_u8).prop_map(|(of, count)| Step::Count(of, count)),
        4 => gateway().prop_map(Step::Write),
        1 => gateway().prop_map(Step::WriteAndCrash),
        3 => gateway().prop_map(Step::Read),
        1 => gateway().prop_map(Step::ReadAnew),
        3 => gateway().prop_map(Step::TakeUp),
        2 => gateway().prop_map(Step::Crash),
        1 => gateway().prop_map(Step::Clear),
    ]
}

impl Fleet {
    fn new() -> Self {
        let mut fleet = Self {
            topic: Topic::default(),
            gateways: Vec::new(),
            runs: 0,
            counted: 0,
            lost: 0,
        };
        for name in NAMES {
            fleet.runs += 1;
            fleet.gateways.push(Gateway {
                evidence: process(name, fleet.runs),
                read: 0,
                unwritten: 0,
            });
        }
        fleet
    }

    fn write(&mut self, of: usize) {
        self.read(of);
        let gateway = &mut self.gateways[of];
        for (name, part, mark) in gateway.evidence.to_write(100) {
            let bytes = part.to_bytes(super::keep::RECORD).unwrap();
            self.topic.put(&part.key(), Some(bytes));
            gateway.evidence.wrote(&name, mark);
        }
        for (route, run) in gateway.evidence.done_with() {
            let gateway = NAMES[of].to_owned();
            let key = super::part::Key::Part {
                route,
                gateway,
                run,
            };
            self.topic.put(&key, None);
        }
        gateway.unwritten = 0;
    }

    fn crash(&mut self, of: usize) {
        self.runs += 1;
        let gateway = &mut self.gateways[of];
        gateway.evidence = process(NAMES[of], self.runs);
        gateway.read = 0;
        self.lost += std::mem::take(&mut gateway.unwritten);
    }

    fn read(&mut self, of: usize) {
        let gateway = &mut self.gateways[of];
        hear(&gateway.evidence, &self.topic.0[gateway.read..]);
        gateway.read = self.topic.0.len();
        gateway.evidence.heard_lock().is_whole();
    }

    fn there(&self) -> HashSet<Uuid> {
        self.gateways.iter().map(|one| one.evidence.run()).collect()
    }

    fn done(&mut self, step: &Step) {
        match *step {
            Step::Count(of, count) => {
                let (gateway, route) = (&mut self.gateways[of], Arc::from(ROUTE));
                for _ in 0..count {
                    let evidence = &gateway.evidence;
                    evidence.answered(&outcome(&route, Some(Side::Legacy), Some(Side::Modern)));
                    let found = about("all", Finding::Compared(Verdict::Equal));
                    evidence.found(&route, found, SystemTime::now());
                }
                gateway.unwritten += u64::from(count);
                self.counted += u64::from(count);
            }
            Step::Write(of) => self.write(of),
            Step::WriteAndCrash(of) => {
                self.write(of);
                self.crash(of);
            }
            Step::Read(of) => self.read(of),
            Step::ReadAnew(of) => {
                let compacted = self.topic.compacted();
                let gateway = &mut self.gateways[of];
                gateway.evidence.heard_lock().broke_off("a test");
                gateway.evidence.heard_lock().begins();
                hear(&gateway.evidence, &compacted);
                gateway.evidence.heard_lock().is_whole();
                gateway.read = self.topic.0.len();
            }
            Step::TakeUp(of) => {
                self.read(of);
                let there = self.there();
                self.gateways[of].evidence.takes_up(&there, Duration::ZERO);
            }
            Step::Crash(of) => self.crash(of),
            Step::Clear(of) => {
                // All have read what was cleared before: at once is not after.
                for of in 0..NAMES.len() {
                    self.read(of);
                }
                let clearing = Clearing {
                    routes: vec![Arc::from(ROUTE)],
                    who: "anna".to_owned(),
                    why: "a new version".to_owned(),
                    change: None,
                };
                let cleared = self.gateways[of].evidence.clearing(ROUTE, &clearing);
                self.topic
                    .put(&cleared.key(), Some(cleared.to_bytes().unwrap()));
                for of in 0..NAMES.len() {
                    self.read(of);
                    self.gateways[of].unwritten = 0;
                }
                (self.counted, self.lost) = (0, 0);
            }
        }
    }

    fn route(evidence: &Evidence) -> RouteReport {
        let report = evidence.report_of(&table(), None, Of::Fleet);
        report.routes.into_iter().next().unwrap_or_default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_fleet_counts_everything_once(steps in prop::collection::vec(step(), 1..60)) {
        let mut fleet = Fleet::new();
        for step in &steps {
            fleet.done(step);
            // Whatever has been read, nobody sees more than there was.
            for gateway in &fleet.gateways {
                let seen = Fleet::route(&gateway.evidence);
                prop_assert!(seen.answers.legacy <= fleet.counted, "{} of {}", seen.answers.legacy, fleet.counted);
            }
        }
        for of in 0..NAMES.len() {
            fleet.write(of);
        }
        for of in 0..NAMES.len() {
            fleet.read(of);
        }
        // What was lost is what a crash took before it was written.
        let expected = fleet.counted - fleet.lost;
        for gateway in &fleet.gateways {
            let seen = Fleet::route(&gateway.evidence);
            prop_assert_eq!((seen.answers.legacy, seen.equal, seen.planned), (expected, expected, expected));
        }
        // Somebody else who reads only what compaction has left sees the same.
        let other = process("gw-9", 9_999);
        hear(&other, &fleet.topic.compacted());
        prop_assert_eq!(Fleet::route(&other).equal, expected);
        // And who reads everything twice.
        hear(&other, &fleet.topic.compacted());
        prop_assert_eq!(Fleet::route(&other).equal, expected);
    }

    #[test]
    fn the_order_of_keys_says_nothing(counts in prop::collection::vec((0..4_u8, 1..9_u8), 1..12), seed in any::<u64>()) {
        let mut records = Vec::new();
        for (number, (of, count)) in counts.iter().enumerate() {
            let evidence = alone(&format!("gw-{of}"), number as u128 + 1);
            let route = Arc::from(ROUTE);
            for at in 0..*count {
                let finding = differing("price", usize::from(at), usize::from(at) + 1);
                evidence.found(&route, about("all", finding), SystemTime::UNIX_EPOCH);
            }
            let (_, part, _) = evidence.to_write(1).remove(0);
            let value = part.to_bytes(super::keep::RECORD).unwrap();
            records.push((part.key().to_text().into_bytes(), Some(value)));
        }
        let told = |records: &[_]| {
            let reader = process("reader", 77);
            hear(&reader, records);
            serde_json::to_value(Fleet::route(&reader)).unwrap()
        };
        let one = told(&records);
        let mut other = records.clone();
        other.rotate_left(usize::try_from(seed % 7).unwrap() % records.len());
        other.reverse();
        prop_assert_eq!(&told(&other), &one);
        other.extend(records);
        prop_assert_eq!(&told(&other), &one);
    }
}

#[test]
fn a_gateway_of_the_same_name_that_was_taken_for_dead_counts_anew() {
    let mut fleet = Fleet::new();
    fleet.done(&Step::Count(0, 5));
    fleet.done(&Step::Write(0));
    // Another process of that name takes it up, as one would whose presence nobody hears of.
    let heir = alone(NAMES[0], 100);
    hear(&heir, &fleet.topic.0);
    heir.takes_up(&HashSet::new(), Duration::ZERO);
    let (name, part, mark) = heir.to_write(1).remove(0);
    fleet
        .topic
        .put(&part.key(), Some(part.to_bytes(1 << 20).unwrap()));
    heir.wrote(&name, mark);
    fleet.done(&Step::Read(0));
    let old = fleet.gateways[0].evidence.run();
    assert_ne!(old, Uuid::from_u128(1), "it is another run now");
    fleet.done(&Step::Count(0, 2));
    fleet.done(&Step::Write(0));
    for of in 0..NAMES.len() {
        fleet.done(&Step::Read(of));
        assert_eq!(Fleet::route(&fleet.gateways[of].evidence).equal, 7);
    }
}

#[test]
fn what_other_rules_found_is_not_added_and_is_told() {
    let route: Arc<str> = Arc::from(ROUTE);
    let (one, other) = (alone("gw-1", 1), alone("gw-2", 2));
    one.found(
        &route,
        about("all", differing("price", 1, 2)),
        SystemTime::now(),
    );
    let mut found = about("all", Finding::Compared(Verdict::Equal));
    found.rules = "a later file's";
    other.found(&route, found, SystemTime::now());
    other.answered(&outcome(&route, Some(Side::Modern), None));
    let (_, part, _) = other.to_write(1).remove(0);
    hear(
        &one,
        &[(
            part.key().to_text().into_bytes(),
            Some(part.to_bytes(1 << 20).unwrap()),
        )],
    );
    let seen = Fleet::route(&one);
    assert_eq!((seen.equal, seen.different), (0, 1));
    assert_eq!(seen.other_rules, ["gw-2"]);
    assert_eq!(seen.answers.modern, 1, "who answered has no rules");
}

#[test]
fn a_record_is_never_larger_than_it_may_be() {
    let evidence = alone("gw-1", 1);
    let route: Arc<str> = Arc::from(ROUTE);
    for number in 0..400 {
        let finding = differing(&format!("field-{}", number % 100), 1, 2);
        evidence.found(&route, about("all", finding), SystemTime::now());
    }
    let (_, part, _) = evidence.to_write(1).remove(0);
    let whole = part.to_bytes(usize::MAX).unwrap();
    let count = |part: &Part| {
        let all = &part.found.as_ref().unwrap().variants["all"];
        let fields: u64 = all.fields.values().map(|field| field.count).sum();
        (all.different, fields + all.more_fields)
    };
    for limit in [whole.len() - 1, 40_000, 20_000, 4_000] {
        let bytes = part.to_bytes(limit).unwrap();
        assert!(bytes.len() <= limit);
        let Said::Part(read) = Said::read(part.key().to_text().as_bytes(), Some(&bytes)).unwrap()
        else {
            panic!("a part");
        };
        assert!(read.shortened);
        assert_eq!(count(&read), (400, 400), "in {limit} bytes");
    }
    assert!(matches!(part.to_bytes(50), Err(PartError::TooLarge { .. })));
}

#[test]
fn what_is_of_a_later_program_is_not_guessed_at() {
    let key = br#"["cleared","lot"]"#;
    assert_eq!(
        Said::read(key, Some(br#"{"v":2,"more":1}"#)),
        Err(PartError::Version(2))
    );
    assert!(matches!(
        Said::read(key, Some(b"{}")),
        Err(PartError::Unreadable(_))
    ));
    assert!(matches!(
        Said::read(br#"["epoch","lot"]"#, None),
        Err(PartError::Unreadable(_))
    ));
    let other = br#"{"v":1,"route":"other","epoch":1,"at":1,"gateway":"gw","who":"a","why":"b"}"#;
    assert!(matches!(
        Said::read(key, Some(other)),
        Err(PartError::Unreadable(_))
    ));
    let evidence = process("gw-1", 1);
    evidence.heard_lock().is_whole();
    assert!(evidence.fleet_totals(&table(), "lots").is_ok());
    evidence
        .heard_lock()
        .stops("evidence has version 2".to_owned());
    assert!(evidence.fleet_totals(&table(), "lots").is_err());
    let report = evidence.report_of(&table(), None, Of::Fleet);
    assert!(report.parts.trouble.unwrap().contains("version 2"));
}

/// Invariant: records of this version are read by every program that knows it.
#[test]
fn a_part_of_version_1_is_read() {
    let key = br#"["part","lot","gw-1","00000000-0000-0000-0000-000000000007"]"#;
    let value = br#"{"v":1,"gateway":"gw-1","run":"00000000-0000-0000-0000-000000000007","count":3,"route":"lot","epoch":2,"at":5000,
        "since":1000,"absorbed":["00000000-0000-0000-0000-000000000006"],"live":{"legacy":{"answers":7,"errors":1,"latency":{"sum_us":70,
        "counts":{"10":7}}},"modern":{"answers":0,"errors":0,"latency":{"sum_us":0,"counts":{}}},"gateway":0,"fallbacks":0,
        "server_errors":1,"planned":7,"spared":0,"asked_legacy":7,"last_legacy":4000,"last_modern":null},"found":null,"shortened":false}"#;
    let Said::Part(part) = Said::read(key, Some(value)).unwrap() else {
        panic!("a part");
    };
    assert_eq!(
        (part.count, part.live.legacy.answers, part.epoch),
        (3, 7, 2)
    );
    assert_eq!(part.absorbed, [Uuid::from_u128(6)]);
}
