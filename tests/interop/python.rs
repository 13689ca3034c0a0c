//! The example service in Python behind the gateway, killed (`kill -9`) again and again: clients lose nothing and nothing is done twice.
//!
//! `FIGWAY_PYTHON` is a Python that has `confluent-kafka`, `python3` without it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use broker::{Broker, BrokerConfig};
use kafka::{
    Isolation, KafkaConfig, Outgoing, Producer, Reader, TopicSpec, Topics, reply, writeback,
};
use serde_json::Value;
use tests::gateway::client;
use tests::gateway::rig::Rig;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(120);
const REQUESTS: u32 = 60;
const FIRST: i64 = 100;

/// A service that does not outlive its test.
struct Running(Child);

impl Running {
    fn kill(&mut self) {
        // Fails only where it has ended by itself.
        drop(self.0.kill());
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The service, ready to answer.
fn start(bootstrap: &str) -> Running {
    let python = std::env::var("FIGWAY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python/stock_service.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([
            bootstrap,
            "one",
            &format!("bolt={FIRST}"),
            &format!("nut={FIRST}"),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "the service says so when it is");
    Running(child)
}

fn routes(bootstrap: &str) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{bootstrap}"
[backends.service]
kafka = {{ requests = "stock.requests", replies = "figway.replies" }}
[groups.stock]
mode = "modern"
back_sync = "none"
[backends.old]
http = "http://127.0.0.1:1"
[[routes]]
name = "reserve"
group = "stock"
match = {{ method = "POST", path = "/stock/{{item}}" }}
effect = "write"
request = "json"
response = "json"
legacy = "old"
modern = "service"
canary_key = {{ path = "item" }}
timeout = "20s"
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_service_behind_the_gateway_is_killed_and_nothing_is_lost_or_done_twice() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let bootstrap = broker.bootstrap();
    let mut service = start(&bootstrap);
    let gateway = Rig::start(&routes(&bootstrap)).await.unwrap();
    // The gateway sends nothing before it knows where replies come in.
    loop {
        let headers = [("content-type", "application/json")];
        let body = r#"{"item":"none","quantity":1}"#;
        let got = client::ask(gateway.address(), "POST", "/stock/none", &headers, body)
            .await
            .unwrap();
        match got.status {
            404 => break,
            503 => tokio::time::sleep(Duration::from_millis(50)).await,
            other => panic!("{other}: {}", got.text()),
        }
    }
    let mut accepted: BTreeMap<&str, i64> = BTreeMap::new();
    let (mut ended, begun) = (BTreeSet::new(), Instant::now());
    for number in 0..REQUESTS {
        let item = if number % 3 == 0 { "nut" } else { "bolt" };
        let body = match number {
            30 => r#"{"item":"bolt"}"#.to_owned(),
            31 => format!(r#"{{"item":"{item}","quantity":100000}}"#),
            _ => format!(r#"{{"item":"{item}","quantity":1}}"#),
        };
        let target = format!("/stock/{item}");
        let headers = [("content-type", "application/json")];
        let asking = client::ask(gateway.address(), "POST", &target, &headers, body);
        tokio::pin!(asking);
        // Every tenth time the service dies while the request is under way.
        let got = if number % 10 == 5 {
            let early =
                tokio::time::timeout(Duration::from_millis(u64::from(number)), &mut asking).await;
            service.kill();
            service = start(&bootstrap);
            match early {
                Ok(got) => got,
                Err(_) => asking.await,
            }
        } else {
            asking.await
        };
        let got = got.unwrap();
        ended.insert(got.status);
        match (number, got.status) {
            (30, 422) | (31, 409) => {}
            (_, 200) => *accepted.entry(item).or_default() += 1,
            other => panic!("{other:?}: {}", got.text()),
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "request {number} after {:?}",
            begun.elapsed()
        );
    }
    assert_eq!(ended, BTreeSet::from([200, 409, 422]));
    service.kill();

    let reader = Reader::new(&KafkaConfig::at(&bootstrap));
    let events = reader
        .read("stock.reserved", Isolation::Committed)
        .await
        .unwrap();
    let (mut ids, mut left) = (BTreeSet::new(), BTreeMap::new());
    for event in &events {
        let event: Value = serde_json::from_slice(event.value.as_deref().unwrap()).unwrap();
        assert!(
            ids.insert(event["request"].to_string()),
            "done twice: {event}"
        );
        let before = left
            .entry(event["item"].as_str().unwrap().to_owned())
            .or_insert(FIRST);
        *before -= 1;
        assert_eq!(event["left"], *before, "{event}");
    }
    for (item, count) in accepted {
        assert_eq!(left[item], FIRST - count, "{item}");
    }
    let dead = reader
        .read("stock.requests.dlq", Isolation::Committed)
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        dead[0].header("figway-dlq-reason"),
        Some(&b"wanted an item and a quantity"[..])
    );
}

/// A record of the topic of requests whose gateway wants its write for legacy, and where to.
fn marked(topic: &str, item: &str, quantity: u32) -> Outgoing {
    let body = format!(r#"{{"item":"{item}","quantity":{quantity}}}"#);
    let mut record = Outgoing::new(
        "stock.requests",
        Some(item.to_owned().into()),
        Some(body.into()),
    );
    let sent = writeback::Sent {
        group: "stock".into(),
        method: "POST".to_owned(),
        path: format!("/cics/{item}"),
        content_type: Some("application/octet-stream".into()),
        fields: vec![("x-user".to_owned(), "ANNA".into())],
        body: Some("\u{1}as legacy has it".into()),
    };
    let mut put = |name: &str, value: String| {
        record.headers.push((name.to_owned(), value.into()));
    };
    put(reply::REQUEST_ID, Uuid::now_v7().to_string());
    put(reply::ROUTE, "reserve".to_owned());
    put(reply::EFFECT, "write".to_owned());
    writeback::mark(&sent, &mut record.headers);
    let named = record
        .headers
        .iter_mut()
        .find(|(name, _)| name == writeback::TOPIC);
    named.unwrap().1 = topic.to_owned().into();
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_python_service_accepts_goes_back_to_legacy_too() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let bootstrap = broker.bootstrap();
    let config = KafkaConfig::at(&bootstrap);
    let back = writeback::topic_of("stock");
    let specs = [TopicSpec::new(&back, Some(2))];
    Topics::new(&config).ensure(&specs).await.unwrap();
    let mut service = start(&bootstrap);
    let producer = Producer::open(&config, PATIENCE).unwrap();
    let first = marked(&back, "bolt", 3);
    // Sent twice; refused; for a place that is none; and as deep as no reader goes.
    let mut deep = marked(&back, "nut", 1);
    deep.value = Some("[".repeat(100_000).into());
    for record in [
        first.clone(),
        first,
        marked(&back, "bolt", 1_000),
        marked("figway.writeback.stock.parked", "nut", 1),
        deep,
        marked(&back, "nut", 2),
    ] {
        producer.send(record).await.unwrap();
    }
    let reader = Reader::new(&config);
    let begun = Instant::now();
    let (mut records, mut dead) = (Vec::new(), Vec::new());
    while records.len() < 2 || dead.len() < 2 {
        assert!(begun.elapsed() < PATIENCE, "{records:?} {dead:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        records = reader.read(&back, Isolation::Committed).await.unwrap();
        dead = reader
            .read("stock.requests.dlq", Isolation::Committed)
            .await
            .unwrap();
    }
    service.kill();
    assert_eq!((records.len(), dead.len()), (2, 2));
    let mut keys = BTreeSet::new();
    for record in &records {
        let key = record.key.clone().unwrap();
        keys.insert(String::from_utf8(key).unwrap());
        let write = writeback::decode(record).unwrap();
        assert_eq!((&*write.route, &*write.effect), ("reserve", "write"));
        assert_eq!((&*write.sent.group, &*write.sent.method), ("stock", "POST"));
        assert_eq!(write.sent.fields.len(), 1);
        assert_eq!(write.body, "\u{1}as legacy has it");
    }
    assert_eq!(keys, BTreeSet::from(["bolt".to_owned(), "nut".to_owned()]));
    assert_eq!(
        reader
            .read("stock.reserved", Isolation::Committed)
            .await
            .unwrap()
            .len(),
        2
    );
}
