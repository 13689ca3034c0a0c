//! All that can be wrong with a request on its way through a whole gateway to a service behind Kafka: what clients get, in either form, and what is
//! kept as a dead letter. One golden.

use std::fmt::Write as _;
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use kafka::{Isolation, KafkaConfig, Outgoing, Producer, Reader, TopicSpec, Topics, reply};
use ops::shutdown::Shutdown;
use serde_json::Value;
use service::{Decode as _, HandlerError, Json, Reply, Request, Service, ServiceConfig};
use tests::gateway::client::{Got, ask};
use tests::gateway::rig::{PATIENCE, Rig};
use tokio::net::TcpListener;

use crate::kafka::proxy::{Lose, Proxy};

const COPYBOOK: &str = "       01  LOT-USE.
           05  LOT-NUMBER   PIC X(4).
           05  QUANTITY     PIC 9(3).
";
const JSON: (&str, &str) = ("content-type", "application/json");

/// Clients that read JSON, and clients of records who know one kind of error.
fn routes(bootstrap: &str) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{bootstrap}"
max_message = "1 MiB"
[copybooks.USE]
file = "USE.cpy"
[backends.gone]
http = "http://127.0.0.1:1"
[backends.lots]
kafka = {{ requests = "lot.requests", replies = "figway.replies" }}
[[routes]]
name = "json"
mode = "modern"
back_sync = "none"
match = {{ method = "POST", path = "/lots" }}
request = "json"
response = "json"
legacy = "gone"
modern = "lots"
timeout = "1500ms"
max_body = "4 MiB"
[[routes]]
name = "record"
mode = "modern"
back_sync = "none"
match = {{ method = "POST", path = "/cics/LOTU" }}
request = {{ record = "USE" }}
response = {{ record = "USE" }}
legacy = "gone"
modern = {{ backend = "lots", request = "json", response = "json" }}
timeout = "1500ms"
errors = {{ status = 200, content_type = "text/plain", text = "RC=16 {{code}} {{reason}}" }}
"#
    )
}

/// Takes lot `OK`, and says no to others in each way there is.
async fn answer(request: Request) -> Result<Reply, HandlerError> {
    let posting: Value = Json::new().decode(&request)?;
    match posting["LOT-NUMBER"].as_str() {
        Some("POIS") => Err(HandlerError::reject("no such lot")),
        Some("HTML") => Ok(Reply::new(200, "text/html", "<p>done</p>")),
        Some("SLOW") => std::future::pending().await,
        _ => Ok(Reply::json(200, r#"{"LOT-NUMBER":"OK","QUANTITY":7}"#)),
    }
}

struct Case {
    rig: Rig,
    proxy: Proxy,
    kafka: KafkaConfig,
    /// How many dead letters were told.
    letters: usize,
    told: String,
    _broker: Broker,
}

impl Case {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bootstrap = listener.local_addr().unwrap().to_string();
        let broker = Broker::start(BrokerConfig {
            advertised: Some(bootstrap.clone()),
            ..BrokerConfig::default()
        })
        .unwrap();
        let proxy = Proxy::start(listener, broker.address());
        let kafka = KafkaConfig::at(&bootstrap);
        let requests = TopicSpec::new("lot.requests", Some(1));
        Topics::new(&kafka).ensure(&[requests]).await.unwrap();
        let files = [("USE.cpy", COPYBOOK)];
        let rig = Rig::with(&routes(&bootstrap), &files).await.unwrap();
        Self {
            rig,
            proxy,
            kafka,
            letters: 0,
            told: String::new(),
            _broker: broker,
        }
    }

    /// A service until that shutdown.
    fn serve(&self) -> Shutdown {
        let shutdown = Shutdown::new();
        let config = ServiceConfig::new(self.kafka.clone(), "lot.requests", "lots");
        let (service, ending) = (Service::new(config, answer), shutdown.clone());
        shutdown.spawn(async move { service.run(&ending).await.unwrap() });
        shutdown
    }

    async fn post(&self, target: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Got {
        let asking = ask(self.rig.address(), "POST", target, headers, body);
        tokio::time::timeout(PATIENCE, asking)
            .await
            .unwrap()
            .unwrap()
    }

    /// Asks until the way to the service is there.
    async fn ready(&self) {
        let asking = async {
            while self.post("/lots", &[JSON], "{}").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap();
    }

    fn tell(&mut self, got: &Got) {
        let media = got
            .headers
            .get("content-type")
            .map_or("-", |it| it.to_str().unwrap());
        let mut text = match media {
            "application/octet-stream" => format!("{:02x?}", &got.body[..]),
            _ => got.text(),
        };
        if let Some(id) = got.headers.get("figway-request-id") {
            text = text.replace(id.to_str().unwrap(), "ID");
        }
        let shown: String = text.chars().take(300).collect();
        writeln!(self.told, "  {} {media} {shown}", got.status).unwrap();
    }

    /// What came of that, to clients of both kinds.
    async fn both(&mut self, what: &str, json: String, record: &str) {
        writeln!(self.told, "{what}").unwrap();
        let got = self.post("/lots", &[JSON], json).await;
        self.tell(&got);
        // "0" to "9" and letters of EBCDIC.
        let record: Vec<u8> = record
            .bytes()
            .map(|byte| match byte {
                b'0'..=b'9' => byte - b'0' + 0xf0,
                b'A'..=b'I' => byte - b'A' + 0xc1,
                b'J'..=b'R' => byte - b'J' + 0xd1,
                b'S'..=b'Z' => byte - b'S' + 0xe2,
                _ => 0x40,
            })
            .collect();
        let got = self.post("/cics/LOTU", &[], record).await;
        self.tell(&got);
        self.bury().await;
    }

    /// Dead letters since the last time.
    async fn bury(&mut self) {
        let letters = Reader::new(&self.kafka)
            .read("lot.requests.dlq", Isolation::Committed)
            .await;
        // The service makes the topic, when there is one.
        for letter in letters.unwrap_or_default().iter().skip(self.letters) {
            self.letters += 1;
            let value = letter.value.as_deref().unwrap_or_default();
            let said = |name: &str| {
                let value = letter.header(name).unwrap_or_default();
                String::from_utf8_lossy(value).into_owned()
            };
            let (kind, reason) = (said("figway-dlq-kind"), said("figway-dlq-reason"));
            let value = String::from_utf8_lossy(value);
            writeln!(self.told, "  dead letter {kind}: {reason}: {value}").unwrap();
        }
    }
}

fn use_of(lot: &str) -> String {
    format!(r#"{{"LOT-NUMBER":"{lot}","QUANTITY":7}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_dead_letters_of_all_that_can_be_wrong_with_a_request() {
    let mut case = Case::start().await;
    let serving = case.serve();
    case.ready().await;
    case.both("answered", use_of("OK"), "OK  007").await;
    let large = use_of(&"X".repeat(2 << 20));
    case.both("oversized", large, "OK  0070").await;
    case.both("undecodable", "{\"LOT".to_owned(), "OK  0A7")
        .await;
    writeln!(case.told, "wrong type").unwrap();
    for (target, media) in [("/lots", "text/html"), ("/cics/LOTU", "application/json")] {
        let got = case
            .post(target, &[("content-type", media)], use_of("OK"))
            .await;
        case.tell(&got);
    }
    case.bury().await;
    case.both("poisoned", use_of("POIS"), "POIS007").await;
    case.both(
        "answered in a type that is not the route's",
        use_of("HTML"),
        "HTML007",
    )
    .await;
    case.both("expired while it was handled", use_of("SLOW"), "SLOW007")
        .await;

    // Nobody serves: they expire where they are.
    assert!(serving.drain(PATIENCE).await);
    case.both("expired before it was handled", use_of("OK"), "OK  007")
        .await;
    let serving = case.serve();
    case.ready().await;

    writeln!(case.told, "after a reply that nobody waits for").unwrap();
    let producer = Producer::open(&case.kafka, PATIENCE).unwrap();
    for id in [vec![7; 16], b"?".to_vec()] {
        let mut stray = Outgoing::new("figway.replies", None, Some("{}".into()));
        stray.headers = vec![(reply::CORRELATION_ID.to_owned(), Bytes::from(id))];
        producer.send(stray).await.unwrap();
    }
    let got = case.post("/lots", &[JSON], use_of("OK")).await;
    case.tell(&got);

    case.proxy.lose(Lose::Records);
    case.both("sent, and never acknowledged", use_of("OK"), "OK  007")
        .await;
    case.proxy.lose(Lose::Nothing);
    insta::assert_snapshot!(case.told);
    serving.begin();
}
