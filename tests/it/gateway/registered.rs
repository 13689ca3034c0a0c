//! A view of a topic whose schemas stand in a registry: it answers as one of the same topic in plain JSON does, whichever form that has.

use std::time::Duration;

use bytes::Bytes;
use kafka::{Outgoing, Producer};
use registry::SchemaRegistry;
use serde_json::json;
use tests::gateway::client;
use tests::gateway::rig::{PATIENCE, Rig};
use tokio::sync::oneshot;

use crate::capture::rig::{Rig as Capture, TOPIC};

const COPYBOOK: &str = "      * A lot, with what one form says in another way than the next.
       01  LOT.
           05  LOT-KEY.
               10  LOT-ID     PIC X(4).
               10  LOT-SEQ    PIC 9(3) COMP-3.
           05  LOT-QTY        PIC S9(5)V99 COMP-3.
           05  LOT-MADE-ON    PIC 9(8).
           05  LOT-NOTE       PIC X(3) OCCURS 2 TIMES.
           05  1ST-PRICE      PIC 9(15)V9(4).
";
const MEANING: &str = "version = 1\nkey = [\"LOT-ID\", \"LOT-SEQ\"]\n[fields]\nLOT-MADE-ON = { date = \"YYYYMMDD\", null = \"zeros\" }\n";

/// A capture that has written a first load, then an update, a delete and a new one.
struct Written {
    capture: Capture,
    /// Ends the registry.
    registry: oneshot::Sender<()>,
    address: std::net::SocketAddr,
}

impl Written {
    async fn open(format: &str) -> Self {
        let capture = Capture::of(COPYBOOK, MEANING, "FB", "");
        let listen = "127.0.0.1:0".parse().unwrap();
        let (registry, address) = serve(&capture, listen).await;
        let more = match format {
            "json" => String::new(),
            _ => format!("format = \"{format}\"\n[registry]\nurl = \"http://{address}\"\n"),
        };
        let capture = capture.with_more(&more);
        let lot = |id: &str, sequence: i64, quantity: f64, made: Option<&str>| {
            capture.encode(&json!({
                "LOT-KEY": {"LOT-ID": id, "LOT-SEQ": sequence}, "LOT-QTY": quantity, "LOT-MADE-ON": made,
                "LOT-NOTE": ["a", "\u{e4}"], "1ST-PRICE": 123_456.5,
            }))
        };
        let first = [
            lot("A1", 1, 1.25, Some("2026-11-01")),
            lot("A1", 2, -99999.99, None),
            lot("B2", 7, 0.0, None),
        ];
        capture.write(1, &first.concat());
        capture.once().await;
        let second = [
            lot("A1", 1, 2.5, Some("1969-12-31")),
            lot("A1", 2, -99999.99, None),
            lot("D4", 999, 0.01, None),
        ];
        capture.write(2, &second.concat());
        capture.once().await;
        Self {
            capture,
            registry,
            address,
        }
    }

    fn routes(&self) -> String {
        let bootstrap = self.capture.kafka().bootstrap;
        let registry = self.address;
        format!(
            r#"
[kafka]
bootstrap = "{bootstrap}"
[registry]
url = "http://{registry}"
timeout = "1s"
[backends.lots.view]
topic = "{TOPIC}"
key = {{ LOT-ID = "{{lot}}", LOT-SEQ = {{ number = "{{seq}}" }} }}
indexes = {{ by_quantity = [{{ number = "LOT-QTY" }}] }}
max_staleness = "10m"
[[routes]]
name = "lot"
mode = "retired"
match = {{ method = "GET", path = "/lots/{{lot}}/{{seq}}" }}
modern = "lots"
[[routes]]
name = "lots"
mode = "retired"
match = {{ method = "GET", path = "/lots" }}
modern = "lots"
"#
        )
    }
}

async fn serve(
    capture: &Capture,
    listen: std::net::SocketAddr,
) -> (oneshot::Sender<()>, std::net::SocketAddr) {
    let open = SchemaRegistry::open(&capture.kafka(), registry::TOPIC, listen).await;
    let open = open.unwrap();
    let address = open.address();
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(open.serve(async move {
        let _dropped = ended.await;
    }));
    (end, address)
}

async fn get(rig: &Rig, target: &str) -> String {
    let got = client::get(rig.address(), target).await.unwrap();
    format!("{} {}", got.status, got.text())
}

async fn until(rig: &Rig, target: &str, status: u16) -> String {
    let waited = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            let got = client::get(rig.address(), target).await.unwrap();
            if got.status == status {
                return got.text();
            }
            ticks.tick().await;
        }
    };
    match tokio::time::timeout(PATIENCE, waited).await {
        Ok(text) => text,
        Err(_) => panic!("{target}: {}", get(rig, target).await),
    }
}

const ASKED: [&str; 6] = [
    "/lots/A1/1",
    "/lots/A1/002",
    "/lots/B2/7",
    "/lots/D4/999",
    "/lots?limit=2",
    "/lots?from=0&limit=1",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_view_answers_the_same_whatever_form_the_topic_has() {
    let mut answers: Vec<(&str, Vec<String>)> = Vec::new();
    for format in ["json", "avro", "protobuf", "json-registered"] {
        let written = Written::open(format).await;
        let first = written.capture.read(TOPIC).await.swap_remove(0);
        let is_json = first.key.unwrap().starts_with(b"{");
        assert_eq!(is_json, format == "json");
        let rig = Rig::start(&written.routes()).await.unwrap();
        until(&rig, "/lots/D4/999", 200).await;
        let mut got = Vec::new();
        for target in ASKED {
            got.push(get(&rig, target).await);
        }
        answers.push((format, got));
    }
    let [(_, plain), others @ ..] = answers.as_slice() else {
        unreachable!("there are four");
    };
    insta::assert_snapshot!(plain.join("\n"), @r#"
200 {"LOT-KEY":{"LOT-ID":"A1","LOT-SEQ":1},"LOT-QTY":2.50,"LOT-MADE-ON":-1,"LOT-NOTE":["a","ä"],"1ST-PRICE":123456.5000}
200 {"LOT-KEY":{"LOT-ID":"A1","LOT-SEQ":2},"LOT-QTY":-99999.99,"LOT-MADE-ON":null,"LOT-NOTE":["a","ä"],"1ST-PRICE":123456.5000}
404 {"type":"about:blank","title":"Not Found","status":404}
200 {"LOT-KEY":{"LOT-ID":"D4","LOT-SEQ":999},"LOT-QTY":0.01,"LOT-MADE-ON":null,"LOT-NOTE":["a","ä"],"1ST-PRICE":123456.5000}
200 {"items":[{"LOT-KEY":{"LOT-ID":"A1","LOT-SEQ":2},"LOT-QTY":-99999.99,"LOT-MADE-ON":null,"LOT-NOTE":["a","ä"],"1ST-PRICE":123456.5000},{"LOT-KEY":{"LOT-ID":"D4","LOT-SEQ":999},"LOT-QTY":0.01,"LOT-MADE-ON":null,"LOT-NOTE":["a","ä"],"1ST-PRICE":123456.5000}],"next":"AaxaBTWE2AW1AoF_____MQCkKlWYuI_tX3pR2s5kUOCc"}
200 {"items":[{"LOT-KEY":{"LOT-ID":"D4","LOT-SEQ":999},"LOT-QTY":0.01,"LOT-MADE-ON":null,"LOT-NOTE":["a","ä"],"1ST-PRICE":123456.5000}],"next":"AQCTD9yaDdMNAoF_____MQCkKlWYuI_tX3pR2s5kUOCc"}
"#);
    for (format, got) in others {
        assert_eq!(got, plain, "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_away_is_waited_for_and_a_schema_it_does_not_have_costs_its_row() {
    let written = Written::open("avro").await;
    let routes = written.routes();
    let Written {
        capture,
        registry,
        address,
    } = written;
    drop(registry);
    gone(address).await;
    let mut rig = Rig::start(&routes).await.unwrap();
    // Not filled: unavailable, and no answer.
    until(&rig, "/lots/D4/999", 503).await;
    let (_registry, _) = serve(&capture, address).await;
    let known = until(&rig, "/lots/D4/999", 200).await;

    // Somebody writes with a schema that is in another registry.
    let records = capture.read(TOPIC).await;
    let of_d4 = |key: &Vec<u8>| key.windows(2).any(|two| two == b"D4");
    let last = records
        .into_iter()
        .find(|record| record.key.as_ref().is_some_and(of_d4));
    let last = last.unwrap();
    let producer = Producer::open(&capture.kafka(), PATIENCE).unwrap();
    let mut odd = Outgoing::new(
        TOPIC,
        last.key.map(Bytes::from),
        Some(Bytes::from_static(&[0, 0, 0, 0x27, 0x0f, 2])),
    );
    odd.partition = Some(last.partition);
    producer.send(odd).await.unwrap();
    let told = until(&rig, "/lots/D4/999", 502).await;
    assert!(told.contains("502"), "{told}");
    assert!(get(&rig, "/lots/A1/1").await.starts_with("200"));
    // What was read is known without the registry.
    rig.again().await.unwrap();
    until(&rig, "/lots/A1/1", 200).await;
    assert!(get(&rig, "/lots/D4/999").await.starts_with("502"));
    assert!(known.contains("\"LOT-QTY\":0.01"), "{known}");
}

/// Nobody listens there any more.
async fn gone(address: std::net::SocketAddr) {
    let waited = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap();
}
