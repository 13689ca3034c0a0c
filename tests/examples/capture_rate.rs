//! How fast a data set is captured and how much memory that takes, beside librdkafka's plain idempotent producer in the same run.
//!
//! `cargo run --release -p tests --example capture_rate -- BOOTSTRAP [RECORDS]`
//!
//! Three passes over a data set of 300-byte records: the first generation (every record an `r`), a second one with a tenth of the records changed, a third
//! one that is the same again. Then the plain producer sends as many records of the size that the events had. Run the broker as a process of its own, so that
//! the memory shown is the worker's.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement speaks, and stops at the first fault"
)]

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use cdc::{Capture, CaptureConfig, Event, Mode, Observer, Phase};
use ops::shutdown::Shutdown;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

const COPYBOOK: &str = "      * 300 bytes, as such records are.
       01  MATERIAL.
           05  MAT-NO       PIC 9(10).
           05  MAT-NAME     PIC X(40).
           05  MAT-GROUP    PIC X(8).
           05  MAT-PLANT    PIC X(4).
           05  MAT-PRICE    PIC S9(9)V99 COMP-3.
           05  MAT-STOCK    PIC S9(9) COMP.
           05  MAT-CHANGED  PIC 9(8).
           05  MAT-COUNTER  PIC S9(7) COMP-3.
           05  MAT-TEXT     PIC X(60) OCCURS 3.
           05  MAT-QTY      PIC S9(7)V999 COMP-3 OCCURS 5.
           05  FILLER       PIC X(6).
";
const MEANING: &str =
    "version = 1\nkey = [\"MAT-NO\"]\n[fields.\"MAT-CHANGED\"]\ndate = \"YYYYMMDD\"\n";
const LEN: usize = 300;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let bootstrap = arguments
        .next()
        .expect("usage: capture_rate BOOTSTRAP [RECORDS]");
    let records: u64 = arguments
        .next()
        .map_or(1_000_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let config = prepare(folder.path(), &bootstrap);
    println!("{records} records of {LEN} bytes");
    for (generation, changed, what) in [
        (1, 0, "first generation"),
        (2, 10, "a tenth changed"),
        (3, 10, "nothing changed"),
    ] {
        write_generation(folder.path(), generation, records, changed);
        let (observer, phases) = watch();
        let began = Instant::now();
        let ended = Capture::from_config(config.clone())
            .run(&Shutdown::new(), Mode::Once, observer)
            .await;
        let time = began.elapsed();
        let [reading, comparing, sending] = *phases.lock().unwrap();
        let position = ended.into_iter().next().unwrap().outcome.unwrap();
        let sent = position.finished.unwrap().emitted.total();
        println!(
            "{what:>18}: {sent:>8} events in {:>6.2} s, {:>8.0} records read/s, {:>8.0} events/s, memory at most {} MB \
             (reading {:.2} s, comparing {:.2} s, sending {:.2} s)",
            time.as_secs_f64(),
            rate(records, time),
            rate(sent, time),
            peak_mb(),
            reading.as_secs_f64(),
            comparing.as_secs_f64(),
            sending.as_secs_f64()
        );
    }
    let size = event_size(&config).await;
    kafka::Topics::new(config.kafka())
        .ensure(&[kafka::TopicSpec::new("rate.plain", Some(4))])
        .await
        .unwrap();
    let time = tokio::task::spawn_blocking(move || plain(&bootstrap, records, size))
        .await
        .unwrap();
    println!(
        "{:>18}: {records:>8} records of {size} bytes in {:.2} s, {:.0}/s",
        "plain producer",
        time.as_secs_f64(),
        rate(records, time)
    );
}

/// How long each phase took, from its first word to its last; the end of the one before counts as the first.
fn watch() -> (Observer, Arc<Mutex<[Duration; 3]>>) {
    let phases = Arc::new(Mutex::new([Duration::ZERO; 3]));
    let last = Mutex::new(Instant::now());
    let told = Arc::clone(&phases);
    let observer = Observer::new(move |event| {
        let Event::Progress { phase, .. } = event else {
            return;
        };
        let mut last = last.lock().unwrap();
        let place = match phase {
            Phase::Reading => 0,
            Phase::Comparing => 1,
            Phase::Sending => 2,
        };
        told.lock().unwrap()[place] += last.elapsed();
        *last = Instant::now();
    });
    (observer, phases)
}

fn prepare(folder: &Path, bootstrap: &str) -> CaptureConfig {
    std::fs::create_dir(folder.join("data")).unwrap();
    std::fs::write(folder.join("MATERIAL.cpy"), COPYBOOK).unwrap();
    std::fs::write(folder.join("MATERIAL.meaning.toml"), MEANING).unwrap();
    let run = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let text = format!(
        "version = 1\nprefix = \"rate{run}\"\n[kafka]\nbootstrap = \"{bootstrap}\"\n[state]\ndirectory = \"state\"\n[[source]]\nname = \"material-{run}\"\n\
         kind = \"dataset\"\ndirectory = \"data\"\npattern = \"G????\"\ncopybook = \"MATERIAL.cpy\"\nrecord_format = \"FB\"\nrecord_length = {LEN}\n\
         code_page = \"cp037\"\nsettle = \"0ms\"\nmax_deletes = \"100%\"\ntopic = {{ partitions = 4 }}\n"
    );
    std::fs::write(folder.join("capture.toml"), text).unwrap();
    CaptureConfig::read(&folder.join("capture.toml")).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Records in an order that is not that of their keys; every `changed`th has another price than in generation 1.
fn write_generation(folder: &Path, generation: u32, records: u64, changed: u64) {
    let layout = layout();
    let mut record = layout
        .read_json(
            br#"{"MAT-NO":0,"MAT-NAME":"Paracetamol 500 mg, film-coated","MAT-GROUP":"ANALG","MAT-PLANT":"DE01","MAT-PRICE":12.34,"MAT-STOCK":4711,
               "MAT-CHANGED":"2026-11-21","MAT-COUNTER":17,"MAT-TEXT":["store below 25 degrees","keep dry, protect from light","batch release by QA"],
               "MAT-QTY":[1.5,2.25,3.125,0,-7]}"#,
        )
        .unwrap();
    assert_eq!(record.len(), LEN);
    let path = folder.join("data").join(format!("G{generation:04}"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for number in 0..records {
        // A bijection on 0..2^20 and up: odd multiplier, modulo a power of two.
        let bits = 64 - records.max(2).leading_zeros();
        let key = number.wrapping_mul(0x9E37_79B1) & ((1 << bits) - 1);
        for (byte, digit) in record.iter_mut().zip(format!("{key:010}").bytes()) {
            *byte = 0xF0 | (digit & 0x0F);
        }
        // The price's last digit.
        record[67] = if changed > 0 && number % changed == 0 {
            0x5C
        } else {
            0x4C
        };
        file.write_all(&record).unwrap();
    }
    file.flush().unwrap();
}

fn layout() -> Arc<parsers::Layout> {
    let copybook = parsers::Copybook::parse(parsers::CopybookText {
        file: "MATERIAL.cpy",
        text: COPYBOOK,
    })
    .unwrap();
    let meaning = parsers::Meaning::parse("MATERIAL.meaning.toml", MEANING).unwrap();
    parsers::Layout::compile(
        &copybook,
        Some(&meaning),
        &parsers::LayoutOptions::default(),
    )
    .unwrap()
}

/// The size of one event, key and value.
async fn event_size(config: &CaptureConfig) -> usize {
    let topic = config.sources()[0].topic().to_owned();
    let (sender, sizes) = std::sync::mpsc::channel();
    let measure = move |record: kafka::Incoming| {
        sender
            .send(
                record.key.map_or(0, |key| key.len()) + record.value.map_or(0, |value| value.len()),
            )
            .ok();
    };
    kafka::Reader::new(config.kafka())
        .for_each(&topic, kafka::Isolation::Committed, measure)
        .await
        .unwrap();
    let (mut count, mut bytes) = (0, 0);
    for size in sizes {
        count += 1;
        bytes += size;
    }
    bytes / count.max(1)
}

fn plain(bootstrap: &str, records: u64, size: usize) -> Duration {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4");
    let producer: ThreadedProducer<DefaultProducerContext> = config.create().unwrap();
    // Text that compresses as events do.
    let value: Vec<u8> = COPYBOOK
        .bytes()
        .cycle()
        .take(size.saturating_sub(20))
        .collect();
    let began = Instant::now();
    for number in 0..records {
        let key = format!("{number:020}");
        let mut record = BaseRecord::to("rate.plain").key(&key).payload(&value);
        while let Err((error, back)) = producer.send(record) {
            assert!(
                matches!(
                    error,
                    KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)
                ),
                "{error}"
            );
            producer.poll(Duration::from_millis(1));
            record = back;
        }
    }
    producer.flush(Duration::from_secs(120)).unwrap();
    began.elapsed()
}

#[allow(clippy::cast_precision_loss, reason = "a rate to show")]
fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// The most memory this process ever had, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
