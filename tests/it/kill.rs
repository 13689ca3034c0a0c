//! Kill anywhere: the worker and the broker are processes of their own and get SIGKILL at random points, again and again, while the data set goes on
//! changing and somebody else's transactions stand open. At the end the topic folds to the data set, and nothing came twice.
//!
//! The points are counted in the worker's own events, with fixed seeds, and then a random part of a few milliseconds: a run can be told again by its seed,
//! not replayed to the instruction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use broker::{BrokerConfig, Storage};
use cdc::{Capture, CaptureConfig, Event, Mode, Observer};
use kafka::{Incoming, Isolation, KafkaConfig, Reader};
use ops::shutdown::Shutdown;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use tests::killed::{Process, say};

use crate::capture::rig;

const WORKER: &str = "FIGWAY_TEST_KILL_WORKER";
pub(crate) const BROKER: &str = "FIGWAY_TEST_KILL_BROKER";
/// Records of the data set, more or less.
const RECORDS: u64 = 300;
/// Nothing here takes longer, or it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// SplitMix64: a run is its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}

/// Not a test of its own: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the kill tests"]
async fn worker_process() {
    let Ok(path) = std::env::var(WORKER) else {
        return;
    };
    let config = CaptureConfig::read(Path::new(&path)).unwrap_or_else(|faults| panic!("{faults}"));
    let observer = Observer::new(|event| match event {
        Event::Progress {
            generation,
            phase,
            done,
            ..
        } => say(&format!("{phase:?} {generation} {done}")),
        Event::Finished { generation, .. } => say(&format!("finished {generation}")),
        Event::Held {
            generation,
            reasons,
            ..
        } => say(&format!("held {generation} {reasons:?}")),
        Event::Idle { .. } => say("idle"),
        Event::Trouble { error, .. } => say(&format!("trouble {}", error.chain())),
        _ => {}
    });
    let ended = Capture::from_config(config)
        .run(&Shutdown::new(), Mode::Forever, observer)
        .await;
    say(&format!("ended {ended:?}"));
}

/// Not a test of its own: the broker that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the kill tests"]
async fn broker_process() {
    let Ok(told) = std::env::var(BROKER) else {
        return;
    };
    let (folder, listen) = told.split_once('|').unwrap();
    let storage = Storage::Directory(folder.into());
    let _broker = rig::start_broker(BrokerConfig {
        storage,
        listen: listen.parse().unwrap(),
        ..BrokerConfig::default()
    });
    say(&format!("listening {}", _broker.address()));
    std::future::pending::<()>().await;
}

/// The next thing it says, which is not that it cannot go on.
async fn hear(process: &mut Process) -> String {
    let said = process.hear(PATIENCE).await.unwrap();
    assert!(
        !said.starts_with("held") && !said.starts_with("ended"),
        "{said}"
    );
    said
}

async fn hear_until(process: &mut Process, wanted: &str) {
    while hear(process).await != wanted {}
}

struct Scene {
    folder: tempfile::TempDir,
    layout: std::sync::Arc<parsers::Layout>,
    dice: Dice,
    broker: Option<Process>,
    address: String,
    worker: Option<Process>,
    /// What the data set holds, and after each generation what it held.
    data: BTreeMap<String, i64>,
    history: Vec<BTreeMap<String, i64>>,
}

impl Scene {
    async fn begin(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("LOT.cpy"), rig::COPYBOOK).unwrap();
        std::fs::write(folder.path().join("LOT.meaning.toml"), rig::MEANING).unwrap();
        let mut scene = Self {
            folder,
            layout: rig::layout(rig::COPYBOOK, rig::MEANING),
            dice: Dice(seed),
            broker: None,
            address: "127.0.0.1:0".into(),
            worker: None,
            data: BTreeMap::new(),
            history: Vec::new(),
        };
        scene.start_broker().await;
        let config = format!(
            "version = 1\nprefix = \"plant\"\n[kafka]\nbootstrap = \"{}\"\ntimeout = \"5s\"\ntransaction_timeout = \"10s\"\n\
             [state]\ndirectory = \"state\"\n[[source]]\nname = \"lots\"\nkind = \"dataset\"\ndirectory = \"data\"\n\
             pattern = \"LOT.G????V00\"\ncopybook = \"LOT.cpy\"\nrecord_format = \"FB\"\ncode_page = \"cp037\"\npoll = \"10ms\"\n\
             settle = \"1ms\"\nmax_deletes = 100000\nbatch = {{ records = 7 }}\ntopic = {{ partitions = 2 }}\n",
            scene.address
        );
        std::fs::write(scene.config_path(), config).unwrap();
        scene
    }

    fn config_path(&self) -> PathBuf {
        self.folder.path().join("capture.toml")
    }

    async fn start_broker(&mut self) {
        let told = format!(
            "{}|{}",
            self.folder.path().join("broker").display(),
            self.address
        );
        let mut broker = Process::start("kill::broker_process", BROKER, &told).unwrap();
        let said = hear(&mut broker).await;
        self.address = said.strip_prefix("listening ").unwrap().to_owned();
        self.broker = Some(broker);
    }

    fn start_worker(&mut self) {
        let path = self.config_path().display().to_string();
        let worker = Process::start("kill::worker_process", WORKER, &path);
        self.worker = Some(worker.unwrap());
    }

    /// The data set changes, and is unloaded.
    fn next_generation(&mut self) {
        let changes = if self.history.is_empty() {
            RECORDS * 2
        } else {
            RECORDS / 3
        };
        for _ in 0..changes {
            let id = format!("{:04}", self.dice.below(RECORDS));
            if self.dice.below(4) == 0 {
                self.data.remove(&id);
            } else {
                let quantity = i64::try_from(self.dice.below(90_000)).unwrap();
                self.data.insert(id, quantity);
            }
        }
        // Never empty: that is another test.
        self.data
            .insert("0000".into(), i64::try_from(self.history.len()).unwrap());
        let bytes: Vec<u8> = self
            .data
            .iter()
            .flat_map(|(id, quantity)| {
                let json =
                    serde_json::json!({"LOT-ID": id, "LOT-QTY": quantity, "LOT-NAME": "lot"});
                self.layout.read_json(json.to_string().as_bytes()).unwrap()
            })
            .collect();
        self.history.push(self.data.clone());
        let number = u32::try_from(self.history.len()).unwrap();
        rig::write_whole(
            &self.folder.path().join("data").join(rig::name(number)),
            &bytes,
        );
    }

    /// Lets the worker go on for a random while; into the newest generation, if it has just come.
    async fn go_on(&mut self, new: bool) {
        let newest = rig::name(u32::try_from(self.history.len()).unwrap());
        let events = self.dice.below(20);
        let micros = self.dice.below(20_000);
        let worker = self.worker.as_mut().unwrap();
        while new && !hear(worker).await.contains(&newest) {}
        for _ in 0..events {
            hear(worker).await;
        }
        // Not a wait for something: the random part of the point where it is hit.
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }

    async fn kill_worker(&mut self) {
        self.worker.take().unwrap().kill().await.unwrap();
        self.start_worker();
    }

    async fn kill_broker(&mut self) {
        self.broker.take().unwrap().kill().await.unwrap();
        self.start_broker().await;
    }

    /// Waits for the last generation, then compares the topic with all that ever was.
    async fn end(mut self) {
        let last = rig::name(u32::try_from(self.history.len()).unwrap());
        // It may have finished it before it was killed: a new one makes sure that there is something to hear.
        self.next_generation();
        let worker = self.worker.as_mut().unwrap();
        let wanted = format!(
            "finished {}",
            rig::name(u32::try_from(self.history.len()).unwrap())
        );
        hear_until(worker, &wanted).await;
        self.worker.take().unwrap().kill().await.unwrap();
        let kafka = KafkaConfig::at(self.address.clone());
        let records = Reader::new(&kafka)
            .read(rig::TOPIC, Isolation::Committed)
            .await
            .unwrap();
        check(&records, &self.history);
        let ends = Reader::new(&kafka)
            .read("plant.generations", Isolation::Committed)
            .await
            .unwrap();
        assert_eq!(
            ends.len(),
            self.history.len(),
            "each generation ends once; killed while {last} was the newest"
        );
    }
}

/// Id to the quantity before and after.
type Steps = BTreeMap<String, (Option<i64>, Option<i64>)>;

/// The events are exactly those of the history: each (generation, key) that changed, once, with its true `before`.
fn check(records: &[Incoming], history: &[BTreeMap<String, i64>]) {
    let seen = rig::seen(records);
    let mut by_generation: BTreeMap<String, Steps> = BTreeMap::new();
    for one in &seen {
        let keys = by_generation.entry(one.generation.clone()).or_default();
        let twice = keys.insert(one.id.clone(), (one.before, one.after));
        assert!(
            twice.is_none(),
            "{} of {} came twice",
            one.id,
            one.generation
        );
    }
    let mut before = BTreeMap::new();
    for (number, after) in history.iter().enumerate() {
        let name = rig::name(u32::try_from(number + 1).unwrap());
        let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let expected: Steps = keys
            .into_iter()
            .map(|id| {
                (
                    id.clone(),
                    (before.get(id).copied(), after.get(id).copied()),
                )
            })
            .filter(|(_, (old, new))| old != new)
            .collect();
        assert_eq!(
            by_generation.remove(&name).unwrap_or_default(),
            expected,
            "generation {name}"
        );
        before = after.clone();
    }
    assert!(by_generation.is_empty());
    assert_eq!(rig::fold(records), *history.last().unwrap());
}

/// Somebody else's transaction, open across what happens to us.
struct Foreign(Option<ThreadedProducer<rdkafka::producer::DefaultProducerContext>>);

impl Foreign {
    /// Opens one; when the broker is just being killed there is none, which is as good.
    async fn open(address: &str) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", address)
            .set("transactional.id", "somebody-else")
            .set("transaction.timeout.ms", "3000");
        let open = move || -> Option<_> {
            let producer: ThreadedProducer<_> = config.create().unwrap();
            producer.init_transactions(Duration::from_secs(5)).ok()?;
            producer.begin_transaction().ok()?;
            let record = BaseRecord::to("figway.checkpoints")
                .key(r#"{"source":"other","shard":"0"}"#)
                .payload("{}");
            producer.send(record).map_err(|(error, _)| error).ok()?;
            producer.flush(Duration::from_secs(5)).ok()?;
            Some(producer)
        };
        Self(tokio::task::spawn_blocking(open).await.unwrap())
    }

    /// Ends it; one that cannot be ended runs into its timeout.
    async fn close(self) {
        let Some(producer) = self.0 else { return };
        tokio::task::spawn_blocking(move || {
            producer.abort_transaction(Duration::from_secs(5)).ok()
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_is_killed_25_times_and_nothing_is_lost_or_doubled() {
    let mut scene = Scene::begin(0xF16).await;
    scene.next_generation();
    scene.start_worker();
    for _ in 0..25 {
        let new = scene.dice.below(3) > 0;
        if new {
            scene.next_generation();
        }
        scene.go_on(new).await;
        scene.kill_worker().await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_killed_25_times_and_nothing_is_lost_or_doubled() {
    let mut scene = Scene::begin(0xB20).await;
    scene.next_generation();
    scene.start_worker();
    for _ in 0..25 {
        scene.next_generation();
        scene.go_on(true).await;
        scene.kill_broker().await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_killed_while_another_producers_transaction_is_open() {
    let mut scene = Scene::begin(0x0BE).await;
    scene.next_generation();
    scene.start_worker();
    let worker = scene.worker.as_mut().unwrap();
    hear_until(worker, &format!("finished {}", rig::name(1))).await;
    for round in 0..8 {
        let foreign = Foreign::open(&scene.address).await;
        scene.next_generation();
        scene.go_on(true).await;
        scene.kill_worker().await;
        if round % 3 == 2 {
            scene.kill_broker().await;
        }
        foreign.close().await;
    }
    scene.end().await;
}
