//! What a view costs, beside what bounds it. Not run by itself: `bench/views.sh` does, in release.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::index::Definition;
use super::key;
use super::store::{Place, Row, Store, Write};
use super::stores::Stores;
use crate::gateway::{Gateway, Options};

/// Reads of a round, and rounds: the best one counts, since others work on the machine too.
const READS: u64 = 500_000;
const ROUNDS: usize = 5;
/// Of a row, as the issue has it.
const BYTES: usize = 300;
const AT_ONCE: u64 = 20_000;

fn rows() -> u64 {
    std::env::var("FIGWAY_VIEW_ROWS").map_or(5_000_000, |rows| rows.parse().unwrap())
}

fn definition() -> Definition {
    Definition {
        topic: "pharma.lot".to_owned(),
        ..Definition::default()
    }
}

/// A number that looks drawn.
fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 32)
}

fn key_of(number: u64) -> key::Key {
    let json = format!(r#"{{"LOT-NUMBER":"L{number:09}","LOT-RECORD-TYPE":"H","LOT-SEQUENCE":0}}"#);
    key::of_record(json.as_bytes()).unwrap()
}

fn row_of(number: u64) -> String {
    let mut text = format!(
        r#"{{"LOT-NUMBER":"L{number:09}","LOT-QUANTITY-ON-HAND":{}.125,"NOTE":""#,
        number % 10_000
    );
    let mut at = number;
    while text.len() < BYTES - 2 {
        at = mix(at);
        text.push(char::from(b'A' + u8::try_from(at % 26).unwrap()));
    }
    text.push_str("\"}");
    text
}

fn batch(numbers: std::ops::Range<u64>, durable: bool) -> Write {
    let end = i64::try_from(numbers.end).unwrap();
    Write {
        rows: numbers
            .map(|number| (key_of(number), Some(Row::State(row_of(number).into()))))
            .collect(),
        places: [(
            0,
            Place {
                next: end,
                last: None,
                as_of_ms: Some(super::now_ms()),
            },
        )]
        .into(),
        filled: true,
        followed_ms: Some(super::now_ms()),
        durable,
    }
}

/// Seconds of processor time of this process so far.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Megabytes that this process has, and had at most.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1024
    };
    (of("VmRSS"), of("VmHWM"))
}

/// Microseconds of processor time of each of `count` calls, of the best round.
fn each(count: u64, mut act: impl FnMut(u64)) -> f64 {
    let mut best = f64::MAX;
    for round in 0..u64::try_from(ROUNDS).unwrap() {
        let before = cpu();
        for number in 0..count {
            act(mix(number + round * count));
        }
        best = best.min((cpu() - before) * 1e6 / f64::from(u32::try_from(count).unwrap()));
    }
    best
}

fn open(directory: &Path) -> Arc<Store> {
    let owned = Arc::new(Stores::default()).own(directory);
    owned.find(&definition()).unwrap().current
}

#[test]
#[ignore = "takes minutes and gigabytes: bench/views.sh"]
fn store() {
    let directory = PathBuf::from(std::env::var("FIGWAY_VIEW_FOLDER").unwrap());
    let rows = rows();
    let (began, before) = (Instant::now(), cpu());
    let filled = open(&directory);
    let pen = filled.pen();
    let mut at = 0;
    while at < rows {
        let end = rows.min(at + AT_ONCE);
        filled
            .write(
                pen,
                &batch(at..end, end == rows || at % (AT_ONCE * 10) == 0),
            )
            .unwrap();
        at = end;
    }
    println!(
        "fill {rows} rows of {BYTES} bytes: {:.0} s, {:.0} s of processor time, at most {} MB",
        began.elapsed().as_secs_f64(),
        cpu() - before,
        memory().1
    );
    drop(filled);

    // A process of its own writes until it is killed.
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "backend::view::measure::writer",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut some = [0; 4096];
    let out = writer.stdout.as_mut().unwrap();
    let mut said = String::new();
    while !said.contains("writes") {
        let read = out.read(&mut some).unwrap();
        assert!(read > 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    std::thread::park_timeout(Duration::from_secs(5));
    writer.kill().unwrap();
    writer.wait().unwrap();
    let began = Instant::now();
    let store = open(&directory);
    let (_, filled) = store.places().unwrap();
    assert!(filled);
    let row = store.get(&key_of(1)).unwrap();
    assert!(row.is_some());
    println!("ready after a kill: {:.3} s", began.elapsed().as_secs_f64());

    let path = directory.join("view.redb");
    println!("file: {} MB", path.metadata().unwrap().len() >> 20);
    let read = each(READS, |number| {
        let row = store.get(&key_of(number % rows)).unwrap();
        assert!(matches!(row, Some(Row::State(json)) if json.len() == BYTES));
    });
    let (now, most) = memory();
    println!(
        "a point read: {read:.2} us of one core, {:.0} a second; memory {now} MB, at most {most} MB",
        1e6 / read
    );
    let made = each(READS, |number| {
        std::hint::black_box(key_of(number % rows));
    });
    println!("  of that making the key: {made:.2} us");
    let file = File::open(&path).unwrap();
    let pages = path.metadata().unwrap().len() / 4096;
    let mut page = [0; 4096];
    let plain = each(READS, |number| {
        file.read_exact_at(&mut page, number % pages * 4096)
            .unwrap();
    });
    println!("bound: a page of the file, at random: {plain:.2} us");
    let some = rows.min(500_000);
    let map: HashMap<key::Key, String> = (0..some)
        .map(|number| (key_of(number), row_of(number)))
        .collect();
    let looked = each(READS, |number| {
        let row = map.get(&key_of(number % some)).unwrap();
        std::hint::black_box(row.as_bytes().to_vec());
    });
    println!("bound: a HashMap of {some} rows, the key included: {looked:.2} us");
}

#[test]
#[ignore = "killed by the one above"]
fn writer() {
    let directory = PathBuf::from(std::env::var("FIGWAY_VIEW_FOLDER").unwrap());
    let store = open(&directory);
    let pen = store.pen();
    println!("writes");
    let began = Instant::now();
    let mut at = 0;
    while began.elapsed() < Duration::from_secs(60) {
        store
            .write(pen, &batch(at..at + 100, at % 5000 == 0))
            .unwrap();
        at += 100;
    }
}

const ROUTES: &str = r#"
version = 1
[listen]
http = "127.0.0.1:0"
[control]
store = "file"
directory = "FOLDER"
[kafka]
bootstrap = "BROKER"
[backends.lots.view]
topic = "pharma.lot"
key = { KEY, LOT-NUMBER = "{lot}" }
max_staleness = "1h"
[[routes]]
name = "view"
match = { method = "GET", path = "/lots/{lot}" }
mode = "retired"
modern = "lots"
[[routes]]
name = "static"
match = { path = "/static/{lot}" }
answer = { status = 200, content_type = "application/json", text = 'ROW' }
"#;

/// A gateway with its state in `state`.
async fn gateway(folder: &Path, state: &Path, bootstrap: &str, key: &str) -> Gateway {
    let file = folder.join("routes.toml");
    let text = ROUTES
        .replace("FOLDER", &state.display().to_string())
        .replace("BROKER", bootstrap)
        .replace("KEY", key)
        .replace("ROW", &row_of(7));
    std::fs::write(&file, text).unwrap();
    let shutdown = ops::shutdown::Shutdown::default();
    let resolved = crate::config::Resolved::read(&file).unwrap();
    let gateway = Gateway::start(resolved, Options::default(), &shutdown).await;
    gateway.unwrap()
}

async fn answers(address: SocketAddr, path: &str) {
    let ready = async {
        while !asks(address, path, 1).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), ready).await;
    in_time.unwrap();
}

/// Microseconds of the processor for each of so many requests by each of these paths, of the best rounds. `*` is another row each time.
async fn told(what: &str, address: SocketAddr, paths: [&str; 2]) {
    let requests = std::env::var("FIGWAY_VIEW_REQUESTS");
    let requests: u32 = requests.map_or(100_000, |count| count.parse().unwrap());
    let mut best = [f64::MAX; 2];
    for _ in 0..ROUNDS {
        for (place, path) in paths.into_iter().enumerate() {
            let before = cpu();
            assert!(asks(address, path, requests).await);
            best[place] = best[place].min((cpu() - before) * 1e6 / f64::from(requests));
        }
    }
    println!(
        "HTTP, one connection, processor time of the gateway, {what}: view {:.2} us, static answer {:.2} us: {:.2} times",
        best[0],
        best[1],
        best[0] / best[1]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "bench/views.sh"]
async fn http() {
    let mut rig = super::tests::Rig::start().await;
    let values: BTreeMap<String, String> = (0..1000)
        .map(|number| (format!("L{number:03}"), super::tests::put(&row_of(number))))
        .collect();
    let changes: Vec<(i32, &str, &str)> = values
        .iter()
        .map(|(lot, value)| (0, &**lot, &**value))
        .collect();
    rig.capture(&changes, 0).await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let bootstrap = rig.kafka.bootstrap.clone();
    let gateway = gateway(folder.path(), &state, &bootstrap, "LOT-SEQUENCE = 0").await;
    let paths = ["/lots/L007", "/static/L007"];
    answers(gateway.http(), paths[0]).await;
    told("one row of 1000", gateway.http(), paths).await;
}

/// Of the store that `store` has filled; without Kafka, which it does not need to be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "bench/views.sh"]
async fn http_of_all() {
    let directory = PathBuf::from(std::env::var("FIGWAY_VIEW_FOLDER").unwrap());
    let folder = tempfile::tempdir_in(&directory).unwrap();
    let state = folder.path().join("state");
    let views = state.join("views");
    std::fs::create_dir_all(&views).unwrap();
    let rows = rows();
    {
        let store = open(&directory);
        let pen = store.pen();
        store.write(pen, &batch(rows - 1..rows, true)).unwrap();
    }
    let view = views.join(crate::backend::file_name("lots"));
    std::fs::create_dir_all(&view).unwrap();
    let began = Instant::now();
    std::fs::rename(directory.join("view.redb"), view.join("view.redb")).unwrap();
    let key = "LOT-RECORD-TYPE = \"H\", LOT-SEQUENCE = 0";
    let gateway = gateway(folder.path(), &state, "127.0.0.1:9", key).await;
    let paths = ["/lots/*", "/static/*"];
    answers(gateway.http(), paths[0]).await;
    println!(
        "a gateway ready to answer from {rows} rows: {:.3} s",
        began.elapsed().as_secs_f64()
    );
    told(&format!("any of {rows} rows"), gateway.http(), paths).await;
    let (now, most) = memory();
    println!("  memory of the gateway {now} MB, at most {most} MB");
}

/// From a process of its own, whose time is not counted.
async fn asks(address: SocketAddr, path: &str, times: u32) -> bool {
    let mut client = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "backend::view::measure::client"])
        .env("FIGWAY_VIEW_ASK", format!("{address} {path} {times}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    client.wait().await.unwrap().success()
}

#[test]
#[ignore = "started by the one above"]
fn client() {
    let asked = std::env::var("FIGWAY_VIEW_ASK").unwrap();
    let words: Vec<&str> = asked.split(' ').collect();
    let mut stream = TcpStream::connect(words[0]).unwrap();
    stream.set_nodelay(true).unwrap();
    let rows = rows();
    let mut got = [0; 4096];
    for number in 0..words[2].parse::<u64>().unwrap() {
        let lot = format!("L{:09}", mix(number) % rows);
        let path = words[1].replace('*', &lot);
        let request = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            length += stream.read(&mut got[length..]).unwrap();
            let text = std::str::from_utf8(&got[..length]).unwrap();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                if body.len() >= BYTES {
                    break;
                }
            }
        }
    }
}
