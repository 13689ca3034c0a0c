//! Bytes of any kind: never a panic, never more memory than the bounds allow, and others are served on.
//!
//! The allocator of this test binary notes the largest piece of memory anyone asked for; panics are counted by
//! a hook, as a panic in a task of the broker ends only that task. Seeds are fixed: a failure comes again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use broker::Broker;
use kafka_protocol::messages::*;

use crate::batch::{NOBODY, Writer, batch, seal};
use crate::client::{Client, frame, name, produce_request, start, text};

struct Watch;

static LARGEST: AtomicUsize = AtomicUsize::new(0);
static PANICS: AtomicUsize = AtomicUsize::new(0);

#[allow(
    unsafe_code,
    reason = "an allocator that watches can only be written so"
)]
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Watch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised us.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: as the caller promised us.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static WATCH: Watch = Watch;

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // Bytes that lengths and flags are made of come more often than others.
        match self.below(4) {
            0 => 0xff,
            1 => 0x7f,
            2 => u8::try_from(self.below(8)).unwrap(),
            _ => u8::try_from(self.below(256)).unwrap(),
        }
    }
}

/// Requests of every family, in an old and a flexible version, as clients send them.
fn seeds() -> Vec<Vec<u8>> {
    use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
    use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
    use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
    let topic = MetadataRequestTopic::default().with_name(Some(name("t")));
    let metadata = MetadataRequest::default().with_topics(Some(vec![topic]));
    let partition = FetchPartition::default().with_partition_max_bytes(1000);
    let topic = FetchTopic::default()
        .with_topic(name("t"))
        .with_partitions(vec![partition]);
    let fetch = FetchRequest::default()
        .with_max_bytes(1000)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let join = JoinGroupRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_session_timeout_ms(6000)
        .with_rebalance_timeout_ms(1)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    let plain = batch(NOBODY, &["a", "b"]);
    let produce = produce_request("t", None, &plain, 1);
    let writer = Writer {
        id: 1,
        epoch: 0,
        sequence: 0,
        transactional: true,
    };
    let transactional = produce_request("t", Some("x"), &batch(writer, &["c"]), -1);
    let init = InitProducerIdRequest::default()
        .with_transactional_id(Some(TransactionalId(text("x"))))
        .with_transaction_timeout_ms(1000);
    vec![
        frame(&metadata, 1, 1),
        frame(&metadata, 12, 1),
        frame(&fetch, 4, 1),
        frame(&fetch, 12, 1),
        frame(&join, 3, 1),
        frame(&join, 9, 1),
        frame(&produce, 3, 1),
        frame(&produce, 11, 1),
        frame(&transactional, 9, 1),
        frame(&init, 0, 1),
        frame(&init, 4, 1),
        frame(&ApiVersionsRequest::default(), 0, 1),
        frame(&ApiVersionsRequest::default(), 3, 1),
    ]
}

/// A request that goes somewhere: a seed with a few bytes changed, cut, or put in.
fn mutate(dice: &mut Dice, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed[4..].to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 => bytes.truncate(at.max(8)),
            1 => bytes.insert(at, dice.byte()),
            2 => {
                bytes.splice(at..at, [0xff, 0xff, 0xff, 0xff, 0x0f]);
            }
            // The API key and version: another decoder gets these bytes.
            3 => bytes[1] = u8::try_from(dice.below(90)).unwrap(),
            4 => bytes[3] = u8::try_from(dice.below(19)).unwrap(),
            _ => bytes[at] = dice.byte(),
        }
    }
    let mut frame = i32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    frame.append(&mut bytes);
    frame
}

/// The seed with a length that lies at every place a length could be, in each form lengths have.
fn lying_lengths(seed: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 12..seed.len() {
        for lie in [
            &[0xff, 0xff, 0xff, 0xff, 0x0f][..],
            &[0xff, 0xff, 0xff, 0x7f],
            &[0x7f, 0xff, 0xff, 0xff],
        ] {
            for replaced in [0, 1, 4] {
                let mut bytes = seed.to_vec();
                bytes.splice(at..(at + replaced).min(seed.len()), lie.iter().copied());
                let length = i32::try_from(bytes.len() - 4).unwrap();
                bytes[..4].copy_from_slice(&length.to_be_bytes());
                all.push(bytes);
            }
        }
    }
    all
}

fn throw(broker: &Broker, bytes: &[u8]) {
    let mut client = Client::connect(broker);
    client.send_raw(bytes);
    client.hang_up();
    while client.receive_raw().is_some() {}
}

#[test]
fn no_bytes_break_the_broker() {
    // The largest frame here is small: whatever is asked for beyond this was asked for by a length that lies.
    const BOUND: usize = 16 << 20;
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some("broker") {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    let broker = start();
    Client::connect(&broker).create("t", &[("cleanup.policy", "compact,delete")]);
    LARGEST.store(0, Ordering::Relaxed);
    let seeds = seeds();
    for seed in &seeds {
        throw(&broker, seed);
    }
    for seed in &seeds {
        lying_lengths(seed)
            .iter()
            .for_each(|bytes| throw(&broker, bytes));
    }
    let mut dice = Dice(20_261_121);
    for round in 0..3_000 {
        let bytes = match round % 10 {
            0 => (0..dice.below(200)).map(|_| dice.byte()).collect(),
            _ => {
                let seed = &seeds[dice.below(seeds.len())];
                mutate(&mut dice, seed)
            }
        };
        throw(&broker, &bytes);
    }
    // Batches with a right checksum over wrong contents get further.
    for _ in 0..1_000 {
        let mut batch = batch(NOBODY, &["a", "b"]);
        for _ in 0..=dice.below(3) {
            let at = 21 + dice.below(batch.len() - 21);
            batch[at] = dice.byte();
        }
        seal(&mut batch);
        throw(
            &broker,
            &frame(&produce_request("t", None, &batch, 1), 9, 1),
        );
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest < BOUND, "someone asked for {largest} bytes at once");
    assert_eq!(
        Client::connect(&broker)
            .call(&ApiVersionsRequest::default(), 0)
            .error_code,
        0
    );
}
