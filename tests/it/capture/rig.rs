//! A small data set, an embedded broker, and readers: what the capture tests share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use broker::{Broker, BrokerConfig};
use cdc::{Capture, CaptureConfig, Choice, Decision, Ended, Mode, Observer, SourceStatus};
use kafka::{Incoming, Isolation, KafkaConfig, Reader};
use ops::shutdown::Shutdown;
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions, Meaning};
use serde_json::{Value, json};

pub(crate) const COPYBOOK: &str = "      * A lot.
       01  LOT.
           05  LOT-ID    PIC X(4).
           05  LOT-QTY   PIC S9(5) COMP-3.
           05  LOT-NAME  PIC X(5).
";
pub(crate) const MEANING: &str = "version = 1\nkey = [\"LOT-ID\"]\n";
pub(crate) const TOPIC: &str = "plant.lots";

/// One record: id, quantity, name.
pub(crate) type Lot = (&'static str, i64, &'static str);

pub(crate) struct Rig {
    pub(crate) broker: Broker,
    pub(crate) folder: tempfile::TempDir,
    layout: Arc<Layout>,
    format: &'static str,
    extra: String,
    left_out: String,
}

/// What one event says, without times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) op: String,
    pub(crate) id: String,
    pub(crate) before: Option<i64>,
    pub(crate) after: Option<i64>,
    pub(crate) generation: String,
    pub(crate) snapshot: String,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With more lines in the `[[source]]`.
    pub(crate) fn with(extra: &str) -> Self {
        Self::of(COPYBOOK, MEANING, "FB", extra)
    }

    /// With another copybook and record format.
    pub(crate) fn of(copybook: &str, meaning: &str, format: &'static str, extra: &str) -> Self {
        ops::telemetry::init("off");
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("LOT.cpy"), copybook).unwrap();
        std::fs::write(folder.path().join("LOT.meaning.toml"), meaning).unwrap();
        let broker = start_broker(BrokerConfig::default());
        Self {
            broker,
            folder,
            layout: layout(copybook, meaning),
            format,
            extra: extra.to_owned(),
            left_out: String::new(),
        }
    }

    pub(crate) fn kafka(&self) -> KafkaConfig {
        KafkaConfig::at(self.broker.bootstrap())
    }

    /// With more lines at the end of the file.
    pub(crate) fn with_more(mut self, lines: &str) -> Self {
        self.extra.push_str(lines);
        self
    }

    /// Without these of the usual lines.
    pub(crate) fn without(mut self, line: &str) -> Self {
        self.left_out = line.to_owned();
        self
    }

    pub(crate) fn config_text(&self) -> String {
        let text = format!(
            "version = 1\nprefix = \"plant\"\n[kafka]\nbootstrap = \"{}\"\n[state]\ndirectory = \"state\"\n\
             [[source]]\nname = \"lots\"\nkind = \"dataset\"\ndirectory = \"data\"\npattern = \"LOT.G????V00\"\ncopybook = \"LOT.cpy\"\n\
             record_format = \"{}\"\ncode_page = \"cp037\"\npoll = \"20ms\"\nsettle = \"20ms\"\n{}\n",
            self.broker.bootstrap(),
            self.format,
            self.extra
        );
        text.replacen(&self.left_out, "", 1)
    }

    pub(crate) fn config(&self) -> CaptureConfig {
        let path = self.folder.path().join("capture.toml");
        std::fs::write(&path, self.config_text()).unwrap();
        CaptureConfig::read(&path).unwrap_or_else(|faults| panic!("{faults}"))
    }

    pub(crate) fn data(&self, generation: u32) -> PathBuf {
        self.folder.path().join("data").join(name(generation))
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn record(&self, (id, quantity, name): Lot) -> Vec<u8> {
        let json = json!({"LOT-ID": id, "LOT-QTY": quantity, "LOT-NAME": name});
        self.layout.read_json(json.to_string().as_bytes()).unwrap()
    }

    /// A record of whatever the copybook describes.
    pub(crate) fn encode(&self, record: &Value) -> Vec<u8> {
        self.layout
            .read_json(record.to_string().as_bytes())
            .unwrap()
    }

    pub(crate) fn bytes(&self, lots: &[Lot]) -> Vec<u8> {
        lots.iter().flat_map(|lot| self.record(*lot)).collect()
    }

    /// Writes a generation as a careful job does: whole, then renamed; and long ago, so that nobody waits for it to settle.
    pub(crate) fn write(&self, generation: u32, bytes: &[u8]) {
        write_whole(&self.data(generation), bytes);
    }

    pub(crate) fn lots(&self, generation: u32, lots: &[Lot]) {
        self.write(generation, &self.bytes(lots));
    }

    /// Runs until there is nothing more to do; the source must end well.
    pub(crate) async fn once(&self) -> cdc::Position {
        let [ended] = <[Ended; 1]>::try_from(self.try_once().await).unwrap();
        ended
            .outcome
            .unwrap_or_else(|error| panic!("{}", error.chain()))
    }

    pub(crate) async fn try_once(&self) -> Vec<Ended> {
        Capture::from_config(self.config())
            .run(&Shutdown::new(), Mode::Once, Observer::nobody())
            .await
    }

    pub(crate) async fn status(&self) -> SourceStatus {
        let [status] =
            <[SourceStatus; 1]>::try_from(cdc::status(&self.config()).await.unwrap()).unwrap();
        status
    }

    pub(crate) async fn release(&self, generation: u32, choice: Choice) -> cdc::Result<()> {
        let decision = Decision {
            choice,
            who: "anna".into(),
            why: "CHG0042".into(),
        };
        cdc::release(&self.config(), "lots", &name(generation), &decision).await
    }

    pub(crate) async fn read(&self, topic: &str) -> Vec<Incoming> {
        Reader::new(&self.kafka())
            .read(topic, Isolation::Committed)
            .await
            .unwrap()
    }

    /// Every event of the data topic, in order; a tombstone is checked to follow its delete and left out.
    pub(crate) async fn seen(&self) -> Vec<Seen> {
        seen(&self.read(TOPIC).await)
    }

    /// The events since the first `known`, in short: `u A1 5→6`.
    pub(crate) async fn since(&self, known: usize) -> Vec<String> {
        self.seen()
            .await
            .iter()
            .skip(known)
            .map(Seen::short)
            .collect()
    }

    /// What the topic comes to: id to quantity.
    pub(crate) async fn fold(&self) -> BTreeMap<String, i64> {
        fold(&self.read(TOPIC).await)
    }

    pub(crate) async fn dead_letters(&self) -> Vec<BTreeMap<String, String>> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let letters = self.read("plant.lots.dlq").await;
        letters
            .iter()
            .map(|letter| {
                letter
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), text(value)))
                    .collect()
            })
            .collect()
    }
}

/// A broker; on a thread of its own because it brings its own runtime.
pub(crate) fn start_broker(config: BrokerConfig) -> Broker {
    std::thread::spawn(move || Broker::start(config).unwrap())
        .join()
        .unwrap()
}

pub(crate) fn name(generation: u32) -> String {
    format!("LOT.G{generation:04}V00")
}

pub(crate) fn layout(copybook: &str, meaning: &str) -> Arc<Layout> {
    let copybook = Copybook::parse(CopybookText {
        file: "LOT.cpy",
        text: copybook,
    })
    .unwrap();
    let meaning = Meaning::parse("LOT.meaning.toml", meaning).unwrap();
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook, Some(&meaning), &options).unwrap()
}

pub(crate) fn write_whole(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    std::fs::write(&part, bytes).unwrap();
    let file = std::fs::File::options().write(true).open(&part).unwrap();
    // Each time another one, so that a replaced file is another file whatever the clock's grain.
    static AGE: Mutex<u64> = Mutex::new(3600);
    let mut age = AGE.lock().unwrap();
    *age -= 1;
    file.set_modified(SystemTime::now() - Duration::from_secs(*age))
        .unwrap();
    std::fs::rename(part, path).unwrap();
}

pub(crate) fn json(bytes: Option<&Vec<u8>>) -> Value {
    serde_json::from_slice(bytes.expect("a record with this part")).unwrap()
}

pub(crate) fn seen(records: &[Incoming]) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut deleted: BTreeMap<i32, Option<String>> = BTreeMap::new();
    for record in records {
        let id = json(record.key.as_ref())["LOT-ID"]
            .as_str()
            .unwrap()
            .to_owned();
        let expected = deleted.insert(record.partition, None).flatten();
        let Some(value) = &record.value else {
            assert_eq!(expected, Some(id), "a tombstone follows its delete");
            continue;
        };
        assert_eq!(expected, None, "a delete is followed by its tombstone");
        let value: Value = serde_json::from_slice(value).unwrap();
        let quantity = |side: &str| {
            value[side]
                .get("LOT-QTY")
                .map(|quantity| quantity.as_i64().unwrap())
        };
        let one = Seen {
            op: value["op"].as_str().unwrap().to_owned(),
            before: quantity("before"),
            after: quantity("after"),
            generation: value["source"]["generation"].as_str().unwrap().to_owned(),
            snapshot: value["source"]["snapshot"].as_str().unwrap().to_owned(),
            id,
        };
        if one.op == "d" {
            deleted.insert(record.partition, Some(one.id.clone()));
        }
        seen.push(one);
    }
    seen
}

impl Seen {
    pub(crate) fn short(&self) -> String {
        let Self { op, id, .. } = self;
        match (self.before, self.after) {
            (None, Some(after)) => format!("{op} {id} {after}"),
            (Some(before), Some(after)) => format!("{op} {id} {before}→{after}"),
            (Some(before), None) => format!("{op} {id} {before}"),
            (None, None) => format!("{op} {id}"),
        }
    }
}

pub(crate) fn fold(records: &[Incoming]) -> BTreeMap<String, i64> {
    let latest = kafka::fold(records.iter().cloned());
    let live = latest.iter().filter_map(|(key, value)| {
        let (key, value): (Value, Value) = (
            serde_json::from_slice(key).unwrap(),
            serde_json::from_slice(value).unwrap(),
        );
        let quantity = value["after"].get("LOT-QTY")?.as_i64()?;
        Some((key["LOT-ID"].as_str().unwrap().to_owned(), quantity))
    });
    live.collect()
}
