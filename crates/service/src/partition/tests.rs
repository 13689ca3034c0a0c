//! Batches with faults over one partition, without a broker: order per key, nothing lost, nothing twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use kafka::{KafkaConfig, Outgoing};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::handler::HandlerError;
use crate::message::{Reply, Request};
use crate::seen::Stored;

/// One request: its id, its key, and what its handler does.
#[derive(Clone, Debug)]
struct Script {
    id: u8,
    key: Option<u8>,
    takes_ms: u64,
    retries: u32,
}

/// What goes wrong with a batch.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// Killed that long after it began.
    Killed(u64),
    /// Its transaction does not come about.
    Aborted,
}

fn script() -> impl Strategy<Value = Script> {
    let key = proptest::option::weighted(0.9, 0..4_u8);
    (0..40_u8, key, 0..30_u64, 0..8_u32).prop_map(|(id, key, takes_ms, retries)| Script {
        id,
        // Most ids have one key, as real ones do; some come under two.
        key: if id % 5 == 0 { key } else { Some(id % 4) },
        takes_ms,
        retries: retries.saturating_sub(5),
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => (0..60_u64).prop_map(Fault::Killed),
        1 => Just(Fault::Aborted),
    ]
}

/// What a broker would hold.
#[derive(Default)]
struct Committed {
    next: i64,
    seen: Vec<(Uuid, Stored)>,
    /// Key and id of each event.
    events: Vec<(Option<u8>, u8)>,
    duplicates: usize,
    /// Of each topic of retries its records, and how far they are processed.
    retries: Vec<(Vec<Outgoing>, i64)>,
}

/// Which keys have a request under way, and how often each request was tried.
#[derive(Default)]
struct Watch {
    running: Mutex<Vec<Option<u8>>>,
    tries: Mutex<HashMap<i64, u32>>,
}

/// Removes its key when the handler is done or dropped.
struct Running(Arc<Watch>, Option<u8>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let index = running.iter().position(|key| *key == self.1);
        running.remove(index.unwrap());
    }
}

async fn handle(
    watch: Arc<Watch>,
    script: Script,
    request: Request,
) -> Result<Reply, HandlerError> {
    let running = {
        let mut running = watch.running.lock().unwrap();
        assert!(
            script.key.is_none() || !running.contains(&script.key),
            "two of one key"
        );
        running.push(script.key);
        Running(Arc::clone(&watch), script.key)
    };
    tokio::time::sleep(Duration::from_millis(script.takes_ms)).await;
    drop(running);
    let mut tries = watch.tries.lock().unwrap();
    let tried = tries.entry(request.offset).or_default();
    *tried += 1;
    if *tried <= script.retries {
        return Err(HandlerError::retry(Duration::from_millis(7), "not yet"));
    }
    let event = Outgoing::new("events", request.key, Some(Bytes::from(vec![script.id])));
    Ok(Reply::json(200, "{}").event(event))
}

fn raw(script: &Script, offset: i64) -> Raw {
    let id = Uuid::from_u128(script.id.into());
    Raw {
        partition: 0,
        offset,
        level: 0,
        origin: offset,
        timestamp_ms: None,
        key: script.key.map(|key| Bytes::from(vec![key])),
        value: Some(Bytes::new()),
        headers: vec![(
            kafka::reply::REQUEST_ID.to_owned(),
            Bytes::copy_from_slice(id.as_bytes()),
        )],
    }
}

/// A record of a topic of retries, as it is read.
fn read_back(record: &Outgoing, offset: i64, level: usize) -> Raw {
    let headers = record.headers.iter();
    let incoming = kafka::Incoming {
        partition: 0,
        offset,
        timestamp_ms: None,
        key: record.key.as_deref().map(<[u8]>::to_vec),
        value: record.value.as_deref().map(<[u8]>::to_vec),
        headers: headers
            .map(|(name, value)| (name.clone(), value.to_vec()))
            .collect(),
    };
    Raw::parked(incoming, level)
}

/// What is committed; what of it went into topics of retries is read by `partition`.
fn commit(committed: &mut Committed, partition: &mut Partition, done: Vec<Done>) {
    for mut one in done {
        let next = match one.raw.level {
            0 => &mut committed.next,
            level => &mut committed.retries[level - 1].1,
        };
        assert_eq!(one.raw.offset, *next, "a gap, or out of order");
        *next += 1;
        if let Some(level) = one.parked {
            let topic = &mut committed.retries[level - 1].0;
            topic.push(one.records.pop().unwrap());
            let offset = i64::try_from(topic.len()).unwrap() - 1;
            partition.push(read_back(topic.last().unwrap(), offset, level));
            continue;
        }
        committed.duplicates += usize::from(one.counts == [Count::Duplicate]);
        committed.seen.extend(one.answer);
        for event in one
            .records
            .iter()
            .filter(|record| &*record.topic == "events")
        {
            let key = event.key.as_ref().map(|key| key[0]);
            committed
                .events
                .push((key, event.value.as_ref().unwrap()[0]));
        }
    }
}

async fn run(
    scripts: Vec<Script>,
    faults: Vec<Fault>,
    (order, retries): (Order, Retries),
    most: usize,
) -> Committed {
    let watch = Arc::new(Watch::default());
    let (watched, scripted) = (Arc::clone(&watch), scripts.clone());
    let handler = move |request: Request| {
        let place = usize::try_from(request.offset).unwrap();
        handle(Arc::clone(&watched), scripted[place].clone(), request)
    };
    let mut config = ServiceConfig::new(KafkaConfig::at("localhost:1"), "in", "g");
    (config.order, config.retries) = (order, retries);
    let (window, levels) = (config.window, config.levels());
    let shared = Arc::new(Shared::new(config, handler));
    let mut committed = Committed {
        retries: vec![(Vec::new(), 0); levels],
        ..Committed::default()
    };
    let left = |committed: &Committed| {
        let parked =
            |(records, next): &(Vec<_>, i64)| *next < i64::try_from(records.len()).unwrap();
        committed.next < i64::try_from(scripts.len()).unwrap()
            || committed.retries.iter().any(parked)
    };
    let mut faults = faults.into_iter();
    let all = i64::try_from(scripts.len()).unwrap();
    'session: while left(&committed) {
        let mut seen = Seen::new(window);
        for (id, stored) in &committed.seen {
            seen.insert(*id, stored.clone(), now_ms());
        }
        let (mut parked, mut waiting) = (Parked::default(), Vec::new());
        for (level, (records, next)) in (1..).zip(&committed.retries) {
            for (offset, record) in (0..).zip(records).skip(usize::try_from(*next).unwrap()) {
                let raw = read_back(record, offset, level);
                parked.insert(&raw.lanes(order), raw.origin, level);
                waiting.push(raw);
            }
        }
        let mut partition = Partition::new(seen, order, levels, parked);
        for offset in committed.next..all {
            let script = &scripts[usize::try_from(offset).unwrap()];
            partition.push(raw(script, offset));
        }
        for raw in waiting {
            partition.push(raw);
        }
        while left(&committed) {
            if !partition.is_ready(Instant::now()) {
                tokio::time::sleep_until(partition.next_retry().unwrap()).await;
                continue;
            }
            let fault = faults.next().unwrap_or(Fault::None);
            let killed = Duration::from_millis(match fault {
                Fault::Killed(ms) => ms,
                Fault::None | Fault::Aborted => 1_000_000,
            });
            let handling = partition.handle(Arc::clone(&shared), most);
            let Ok(handled) = tokio::time::timeout(killed, handling).await else {
                continue 'session;
            };
            if matches!(fault, Fault::Aborted) {
                continue 'session;
            }
            partition = handled.partition;
            commit(&mut committed, &mut partition, handled.done);
        }
    }
    committed
}

/// Per key the ids in the order in which they came first.
fn wanted(scripts: &[Script]) -> BTreeMap<Option<u8>, Vec<u8>> {
    let (mut seen, mut wanted) = (Vec::new(), BTreeMap::<_, Vec<u8>>::new());
    for script in scripts {
        if !seen.contains(&script.id) {
            seen.push(script.id);
            wanted.entry(script.key).or_default().push(script.id);
        }
    }
    wanted
}

proptest! {
    #[test]
    fn whatever_goes_wrong_each_request_is_done_once_and_in_the_order_of_its_key(
        scripts in proptest::collection::vec(script(), 1..60),
        faults in proptest::collection::vec(fault(), 0..20),
        order in prop_oneof![
            Just(Order::Partition),
            (1..9_usize).prop_map(|at_once| Order::Key { at_once }),
        ],
        retries in prop_oneof![
            Just(Retries::Blocking),
            (1..40_usize).prop_map(|most| Retries::Topics {
                delays: [3, 20, 5].map(Duration::from_millis).to_vec(),
                most,
            }),
        ],
        most in 1..30_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let in_all = (order, &retries) == (Order::Partition, &Retries::Blocking);
        let running = run(scripts.clone(), faults, (order, retries), most);
        let committed = runtime.block_on(running);
        let mut got = BTreeMap::<_, Vec<u8>>::new();
        for (key, id) in &committed.events {
            got.entry(*key).or_default().push(*id);
        }
        let mut wanted = wanted(&scripts);
        if !in_all {
            // No order is promised without a key.
            for ids in [&mut got, &mut wanted] {
                ids.entry(None).or_default().sort_unstable();
            }
        }
        let once: usize = wanted.values().map(Vec::len).sum();
        prop_assert_eq!(got, wanted);
        prop_assert_eq!(committed.duplicates, scripts.len() - once);
    }
}

#[test]
fn requests_of_different_keys_are_under_way_side_by_side() {
    let scripts: Vec<_> = (0..40)
        .map(|id| Script {
            id,
            key: Some(id % 4),
            takes_ms: 10,
            retries: 0,
        })
        .collect();
    let took = |order| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let begun = Instant::now();
            run(scripts.clone(), Vec::new(), (order, Retries::Blocking), 100).await;
            begun.elapsed().as_millis()
        })
    };
    let times = [
        took(Order::Partition),
        took(Order::Key { at_once: 2 }),
        took(Order::Key { at_once: 100 }),
    ];
    // 40 requests of 10 ms; the clock is the test's, in steps of 1 ms.
    for (time, wanted) in times.into_iter().zip([400, 200, 100]) {
        assert!((wanted..wanted + wanted / 5).contains(&time), "{times:?}");
    }
}
