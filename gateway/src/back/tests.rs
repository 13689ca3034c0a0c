//! Promises of write-back, over the embedded broker.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use futures_util::future::join_all;
use kafka::{Isolation, KafkaConfig, Outgoing, Producer, Reader, Topics, reply, writeback};
use ops::shutdown::Shutdown;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::entry::PARKED;
use super::told::{Told, told};
use super::window::MOST;
use crate::control::command::Count;
use crate::control::{Change, LossPolicy, Proposal, Refused};
use crate::gateway::{Gateway, Options};
use crate::mode::Mode;

/// What may take so long at most.
const PATIENCE: Duration = Duration::from_secs(60);
const PARKED_TOPIC: &str = "figway.writeback.lots.parked";

type Seen = Arc<Mutex<Vec<String>>>;

/// Legacy takes whatever it is asked to, and remembers request line and body; a body `away` it does not take for now.
async fn legacy() -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let seen = Seen::default();
    let told = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let told = Arc::clone(&told);
            tokio::spawn(async move {
                let mut got = Vec::new();
                let mut part = [0; 4096];
                loop {
                    let count = stream.read(&mut part).await.unwrap_or(0);
                    if count == 0 {
                        return;
                    }
                    got.extend_from_slice(&part[..count]);
                    let text = String::from_utf8_lossy(&got).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else {
                        continue;
                    };
                    let length = head.lines().find_map(|line| {
                        let line = line.to_ascii_lowercase();
                        line.strip_prefix("content-length: ")
                            .map(|length| length.trim().parse::<usize>().unwrap())
                    });
                    if body.len() < length.unwrap_or(0) {
                        continue;
                    }
                    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
                    told.lock().unwrap().push(format!("{line} {body}"));
                    if body == "away" {
                        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                        stream.write_all(answer).await.unwrap();
                        return;
                    }
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                    stream.write_all(answer).await.unwrap();
                    return;
                }
            });
        }
    });
    (at, seen)
}

/// A broker, a legacy system, and the folder of a gateway between them.
struct Rig {
    kafka: KafkaConfig,
    producer: Producer,
    seen: Seen,
    folder: tempfile::TempDir,
    _broker: Broker,
}

impl Rig {
    async fn start(config: BrokerConfig) -> Self {
        let broker = Broker::start(config).unwrap();
        let kafka = KafkaConfig::at(broker.bootstrap());
        let (at, seen) = legacy().await;
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            r#"version = 1
[listen]
http = "127.0.0.1:0"
[control]
store = "file"
directory = "state"
[kafka]
bootstrap = "{}"
[backends.old]
http = "http://{at}"
[backends.new]
kafka = {{ requests = "lot.requests", replies = "figway.replies" }}
[groups.lots]
mode = "legacy"
back_sync = "durable"
[[routes]]
name = "post"
group = "lots"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
[[routes]]
name = "other"
match = {{ method = "POST", path = "/payments" }}
legacy = "old"
"#,
            broker.bootstrap()
        );
        std::fs::write(folder.path().join("routes.toml"), text).unwrap();
        Self {
            producer: Producer::open(&kafka, Duration::from_secs(10)).unwrap(),
            kafka,
            seen,
            folder,
            _broker: broker,
        }
    }

    /// A gateway whose group has its topics.
    async fn gateway(&self) -> (Gateway, Shutdown) {
        let (gateway, shutdown) = gateway(self.folder.path()).await;
        let topics = Topics::new(&self.kafka);
        let there = async || {
            let wanted = [
                "figway.writeback.lots",
                PARKED_TOPIC,
                "figway.writeback.lots.state",
            ];
            let known = topics.partitions_of(wanted.map(str::to_owned)).await;
            known.is_ok_and(|known| known.len() == wanted.len())
        };
        until(there).await;
        (gateway, shutdown)
    }

    async fn write(&self, write: Write<'_>) {
        let sent = writeback::Sent {
            group: write.of.into(),
            method: "POST".to_owned(),
            path: write.path.to_owned(),
            content_type: None,
            fields: Vec::new(),
            body: None,
        };
        let mut headers = Vec::new();
        writeback::mark(&sent, &mut headers);
        let mut put =
            |name: &str, value: String| headers.push((name.to_owned(), Bytes::from(value)));
        put(reply::REQUEST_ID, Uuid::now_v7().to_string());
        put(reply::ROUTE, write.route.to_owned());
        put(reply::EFFECT, "write".to_owned());
        let key = Bytes::from(write.path.rsplit('/').next().unwrap().to_owned());
        let body = Bytes::from(write.body.to_owned());
        let mut record = writeback::of_request(&headers, Some(&key), Some(&body))
            .unwrap()
            .unwrap();
        record.topic = "figway.writeback.lots".into();
        record.partition = write.partition;
        self.producer.send(record).await.unwrap();
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Reason and route of what is parked.
    async fn parked(&self) -> Vec<(String, String)> {
        let reader = Reader::new(&self.kafka);
        let records = reader.read(PARKED_TOPIC, Isolation::Committed).await;
        let parked = records.unwrap().into_iter().filter_map(|record| {
            let Ok(Told::Parked(entry, reason, _)) = told(record) else {
                return None;
            };
            let route = entry.write.as_ref().unwrap().back.route.clone();
            Some((reason.code().to_owned(), route))
        });
        let mut parked: Vec<_> = parked.collect();
        parked.sort();
        parked
    }
}

/// A record of the topic of group `lots`.
struct Write<'w> {
    /// The group that it says it is of.
    of: &'w str,
    route: &'w str,
    path: &'w str,
    body: &'w str,
    /// By its key if none.
    partition: Option<i32>,
}

impl<'w> Write<'w> {
    fn new(path: &'w str, body: &'w str) -> Self {
        Self {
            of: "lots",
            route: "post",
            path,
            body,
            partition: None,
        }
    }
}

async fn gateway(folder: &Path) -> (Gateway, Shutdown) {
    let resolved = crate::config::Resolved::read(&folder.join("routes.toml"));
    let resolved = resolved.unwrap_or_else(|faults| panic!("{faults}"));
    let shutdown = Shutdown::new();
    let gateway = Gateway::start(resolved, Options::default(), &shutdown).await;
    (gateway.unwrap(), shutdown)
}

async fn until(so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

fn to(mode: Mode) -> Proposal {
    Proposal {
        group: "lots".to_owned(),
        change: Change::Set(mode),
        expected: None,
        who: "tester".to_owned(),
        why: "a test".to_owned(),
        reference: None,
        loss: LossPolicy::Refuse,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_does_not_go_back_while_its_parked_writes_cannot_be_read() {
    let rig = Rig::start(BrokerConfig::default()).await;
    let (gateway, shutdown) = rig.gateway().await;
    let control = gateway.control();
    until(async || {
        let entered = control.submit(to(Mode::Modern)).await;
        assert!(
            matches!(entered, Ok(_) | Err(Refused::NoWayBack { .. })),
            "{entered:?}"
        );
        entered.is_ok()
    })
    .await;
    until(async || control.lacking("lots").count == Count::Exact).await;
    // A newer gateway has parked a write there.
    let newer = Outgoing {
        partition: Some(0),
        headers: vec![(PARKED.to_owned(), Bytes::from_static(b"99"))],
        ..Outgoing::new(
            PARKED_TOPIC,
            Some(Bytes::from_static(b"7")),
            Some(Bytes::new()),
        )
    };
    rig.producer.send(newer).await.unwrap();
    let refused = control.submit(to(Mode::Legacy)).await;
    let Err(Refused::NotBack { missing }) = refused else {
        panic!("legacy may lack a write: {refused:?}");
    };
    assert_eq!(missing.lacking.count, Count::AtLeast);
    let why = missing.why.unwrap();
    assert!(why.contains("run the newer one"), "{why}");
    // What others ask in between says so too.
    until(async || control.lacking("lots").count == Count::AtLeast).await;
    assert!(shutdown.drain(Duration::from_secs(40)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_reaches_no_route_of_another_group() {
    let rig = Rig::start(BrokerConfig::default()).await;
    let (_gateway, shutdown) = rig.gateway().await;
    rig.write(Write {
        route: "other",
        ..Write::new("/payments", "not of this group")
    })
    .await;
    rig.write(Write {
        of: "orders",
        ..Write::new("/lots/L1", "of a group by that name")
    })
    .await;
    rig.write(Write::new("/lots/L2", "of this group")).await;
    until(async || rig.parked().await.len() == 2 && rig.seen().len() == 1).await;
    assert_eq!(rig.seen(), ["POST /lots/L2 of this group"]);
    let no_route = |route: &str| ("no_route".to_owned(), route.to_owned());
    assert_eq!(rig.parked().await, [no_route("other"), no_route("post")]);
    assert!(shutdown.drain(Duration::from_secs(40)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_is_sent_twice_when_the_groups_offsets_are_forgotten() {
    let rig = Rig::start(BrokerConfig {
        offsets_retention: Duration::from_secs(1),
        maintenance_interval: Duration::from_millis(200),
        ..BrokerConfig::default()
    })
    .await;
    let (gateway, shutdown) = rig.gateway().await;
    let paths: Vec<String> = (0..4).map(|number| format!("/lots/L{number}")).collect();
    for path in &paths {
        rig.write(Write::new(path, "before")).await;
    }
    until(async || rig.seen().len() == 4).await;
    assert!(shutdown.drain(Duration::from_secs(40)).await);
    drop(gateway);
    let reader = Reader::new(&rig.kafka);
    let offsets = async || {
        let found = reader.committed("figway.writeback.lots", "figway.writeback.lots");
        found.await.unwrap().len()
    };
    assert!(offsets().await > 0);
    // The member's session ends, the group is empty, its offsets are forgotten.
    until(async || offsets().await == 0).await;
    let (_gateway, shutdown) = rig.gateway().await;
    for path in &paths {
        rig.write(Write::new(path, "after")).await;
    }
    // Those of a key come in order: what was sent again would have come before these.
    let after = || {
        rig.seen()
            .iter()
            .filter(|one| one.ends_with("after"))
            .count()
    };
    until(async || after() == 4).await;
    let mut seen = rig.seen();
    seen.sort();
    let both = |path: &String| ["after", "before"].map(|body| format!("POST {path} {body}"));
    assert_eq!(seen, paths.iter().flat_map(both).collect::<Vec<_>>());
    assert!(shutdown.drain(Duration::from_secs(40)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_stands_holds_up_no_other() {
    let rig = Rig::start(BrokerConfig::default()).await;
    let (_gateway, shutdown) = rig.gateway().await;
    // Legacy does not take the first, and more waits behind it than is looked at at once.
    let behind = (0..MOST + 50).map(|_| {
        rig.write(Write {
            partition: Some(0),
            ..Write::new("/lots/L0", "away")
        })
    });
    join_all(behind).await;
    until(async || !rig.seen().is_empty()).await;
    rig.write(Write {
        partition: Some(1),
        ..Write::new("/lots/L1", "taken")
    })
    .await;
    until(async || {
        rig.seen()
            .last()
            .is_some_and(|one| one == "POST /lots/L1 taken")
    })
    .await;
    assert!(shutdown.drain(Duration::from_secs(40)).await);
}
