//! One worker takes over from another, in the middle of a generation and from anywhere: nothing twice, nothing left out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use cdc::{Capture, ErrorKind, Event, Mode, Observer, Phase};
use ops::shutdown::Shutdown;
use parking::Gate;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::rig::{Rig, fold, name};

/// A record with a short name, for sets of any size.
fn numbered(rig: &Rig, number: usize, quantity: i64) -> Vec<u8> {
    let id: &'static str = Box::leak(format!("{number:04}").into_boxed_str());
    rig.record((id, quantity, "lot"))
}

/// Two generations: 300 records, then a third of them changed, a third gone, some new, one damaged.
fn two_generations(rig: &Rig) {
    let first: Vec<u8> = (0..300).flat_map(|n| numbered(rig, n, 1)).collect();
    rig.write(1, &first);
    let mut second: Vec<u8> = (0..330)
        .filter(|n| n % 3 != 1 || *n >= 300)
        .flat_map(|n| numbered(rig, n, if n % 3 == 0 { 2 } else { 1 }))
        .collect();
    second[4] = 0xFF; // the first record's quantity is no number
    rig.write(2, &second);
}

const SMALL_BATCHES: &str = "batch = { records = 10 }\nmax_deletes = 1000";

/// What must have been seen of [`two_generations`], and that it came once.
async fn check_two_generations(rig: &Rig) {
    let seen = rig.seen().await;
    let mut times: BTreeMap<(String, String), usize> = BTreeMap::new();
    for one in &seen {
        *times
            .entry((one.generation.clone(), one.id.clone()))
            .or_default() += 1;
    }
    assert!(
        times.values().all(|times| *times == 1),
        "doubled: {:?}",
        times
            .iter()
            .filter(|(_, times)| **times > 1)
            .collect::<Vec<_>>()
    );
    let expected: BTreeMap<String, i64> = (0..330)
        .filter(|n| n % 3 != 1 || *n >= 300)
        .map(|n| (format!("{n:04}"), if n % 3 == 0 && n > 0 { 2 } else { 1 }))
        .collect();
    assert_eq!(rig.fold().await, expected);
    let ops = |op: &str, generation: u32| {
        seen.iter()
            .filter(|seen| seen.op == op && seen.generation == name(generation))
            .count()
    };
    assert_eq!(
        (ops("r", 1), ops("c", 2), ops("u", 2), ops("d", 2)),
        (300, 30, 99, 100)
    );
    assert_eq!(rig.dead_letters().await.len(), 1);
    assert_eq!(rig.read("plant.generations").await.len(), 2);
    let snapshot: Vec<_> = seen
        .iter()
        .take(300)
        .map(|seen| seen.snapshot.as_str())
        .collect();
    assert_eq!((snapshot[0], snapshot[299]), ("first", "last"));
    assert!(snapshot[1..299].iter().all(|flag| *flag == "true"));
}

mod parking {
    use super::{Receiver, SyncSender, sync_channel};

    /// Where a worker is made to wait, and told to go on.
    pub(crate) struct Gate {
        pub(crate) arrived: SyncSender<()>,
        pub(crate) go: std::sync::Mutex<Receiver<()>>,
    }

    impl Gate {
        pub(crate) fn new() -> (Self, Receiver<()>, SyncSender<()>) {
            let (arrived, has_arrived) = sync_channel(1);
            let (let_go, go) = sync_channel(1);
            (
                Self {
                    arrived,
                    go: std::sync::Mutex::new(go),
                },
                has_arrived,
                let_go,
            )
        }
    }
}

/// Calls `at` after the `nth` committed batch of that generation.
fn after_batch(generation: u32, nth: usize, at: impl Fn() + Send + Sync + 'static) -> Observer {
    let batches = std::sync::atomic::AtomicUsize::new(0);
    Observer::new(move |event| {
        if let Event::Progress {
            phase: Phase::Sending,
            generation: of,
            ..
        } = event
            && of == name(generation)
            && batches.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == nth
        {
            at();
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_zombie_is_fenced_and_emits_nothing() {
    let rig = Rig::with(SMALL_BATCHES);
    two_generations(&rig);
    let (gate, arrived, go) = Gate::new();
    let observer = after_batch(2, 3, move || {
        gate.arrived.send(()).unwrap();
        gate.go
            .lock()
            .unwrap()
            .recv_timeout(Duration::from_secs(60))
            .unwrap();
    });
    let shutdown = Shutdown::new();
    let zombie = Capture::from_config(rig.config());
    let running = tokio::spawn(async move { zombie.run(&shutdown, Mode::Forever, observer).await });
    tokio::task::spawn_blocking(move || arrived.recv_timeout(Duration::from_secs(60)).unwrap())
        .await
        .unwrap();
    // It stands still with a batch in hand. Another worker takes the source over and does the rest.
    rig.once().await;
    check_two_generations(&rig).await;
    go.send(()).unwrap();
    let ended = running.await.unwrap().remove(0);
    assert_eq!(ended.outcome.unwrap_err().kind(), ErrorKind::Fenced);
    check_two_generations(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_another_state_folder_goes_on_at_the_same_key() {
    for nth in [1, 7, 31, 40] {
        let rig = Rig::with(SMALL_BATCHES);
        two_generations(&rig);
        for generation in [1, 2] {
            let shutdown = Shutdown::new();
            let stop = shutdown.clone();
            let observer = after_batch(generation, nth, move || stop.begin());
            Capture::from_config(rig.config())
                .run(&shutdown, Mode::Once, observer)
                .await;
            // As on another machine: no images here.
            std::fs::remove_dir_all(rig.state()).unwrap();
        }
        rig.once().await;
        check_two_generations(&rig).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sees_its_own_checkpoint_behind_another_producers_open_transaction() {
    let rig = Rig::with(SMALL_BATCHES);
    two_generations(&rig);
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let opened = Arc::new(std::sync::Mutex::new(None));
    let (bootstrap, open) = (rig.broker.bootstrap(), Arc::clone(&opened));
    // Between two of our batches somebody else writes to the checkpoint topic and does not commit; then we write on, and stop.
    let first = after_batch(1, 5, move || {
        *open.lock().unwrap() = Some(open_transaction(&bootstrap));
    });
    let second = after_batch(1, 9, move || stop.begin());
    let observer = {
        let both = [first, second];
        Observer::new(move |event| both.iter().for_each(|one| one.tell(event)))
    };
    Capture::from_config(rig.config())
        .run(&shutdown, Mode::Once, observer)
        .await;
    let foreign = opened.lock().unwrap().take().expect("it was opened");
    // The restore waits for it; its end is what it waits for.
    let waiting = tokio::spawn({
        let config = rig.config();
        async move {
            Capture::from_config(config)
                .run(&Shutdown::new(), Mode::Once, Observer::nobody())
                .await
        }
    });
    tokio::task::spawn_blocking(move || {
        foreign.abort_transaction(Duration::from_secs(10)).unwrap();
    })
    .await
    .unwrap();
    waiting.await.unwrap().remove(0).outcome.unwrap();
    check_two_generations(&rig).await;
}

fn open_transaction(
    bootstrap: &str,
) -> ThreadedProducer<rdkafka::producer::DefaultProducerContext> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("transactional.id", "somebody-else")
        .set("enable.idempotence", "true");
    let producer: ThreadedProducer<_> = config.create().unwrap();
    producer.init_transactions(Duration::from_secs(10)).unwrap();
    producer.begin_transaction().unwrap();
    let record = BaseRecord::to("figway.checkpoints")
        .key(r#"{"source":"other","shard":"0"}"#)
        .payload("{}");
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    producer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_with_another_prefix_begins_anew_in_its_own_topic() {
    let rig = Rig::new();
    rig.lots(1, &[("A1", 1, "one"), ("A2", 2, "two")]);
    rig.once().await;
    rig.lots(2, &[("A1", 1, "one"), ("A2", 3, "two")]);
    rig.once().await;
    let known = rig.seen().await.len();

    // The same source in another configuration on the same Kafka, or the same configuration with another prefix.
    let path = rig.folder.path().join("other.toml");
    let text = rig
        .config_text()
        .replace("prefix = \"plant\"", "prefix = \"works\"");
    std::fs::write(&path, text).unwrap();
    let config = cdc::CaptureConfig::read(&path).unwrap();
    for ended in Capture::from_config(config)
        .run(&Shutdown::new(), Mode::Once, Observer::nobody())
        .await
    {
        ended.outcome.unwrap();
    }
    let works = fold(&rig.read("works.lots").await);
    assert_eq!(works, rig.fold().await, "all of it is there");
    assert_eq!(works.len(), 2);
    assert_eq!(rig.seen().await.len(), known, "and nothing more here");

    // Neither has taken the other's place.
    rig.lots(3, &[("A1", 9, "one"), ("A2", 3, "two")]);
    rig.once().await;
    assert_eq!(rig.since(known).await, ["u A1 1→9"]);
}
