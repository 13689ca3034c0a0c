//! The example service in Python behind the gateway, killed (`kill -9`) again and again: clients lose nothing and nothing is done twice.
//!
//! `FIGWAY_PYTHON` is a Python that has `confluent-kafka`, `python3` without it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use broker::{Broker, BrokerConfig};
use kafka::{Isolation, KafkaConfig, Reader};
use serde_json::Value;
use tests::gateway::client;
use tests::gateway::rig::Rig;

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
