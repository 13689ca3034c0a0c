//! What clients meet while a backend is closed, through a whole gateway whose clock a test sets.

use std::time::Duration;

use broker::{Broker, BrokerConfig};
use futures_util::FutureExt as _;
use gateway::listen::http::Answer as _;
use gateway::message::{Interim, Payload, Request};
use kafka::{KafkaConfig, Outgoing, TopicSpec, Topics, TransactionalProducer};
use tokio::time::Instant;
use uuid::Uuid;

use super::rig::{Origin, Rig, rig_at};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const ASK: &str = "GET /lots/1 HTTP/1.1\r\nHost: h\r\n\r\n";

/// Legacy, whose day is from 6 to 22, and the new side, which never sleeps, in shadow.
fn mirrored(modern: &Origin, when_closed: &str) -> String {
    format!(
        r#"
[calendars.day]
open = ["daily 06:00-22:00"]
[backends.erp]
http = "ORIGIN"
calendar = "day"
[backends.new]
http = "{}"
[[routes]]
name = "lot"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
legacy = "erp"
modern = "new"
mode = "shadow"
{when_closed}
"#,
        modern.url()
    )
}

/// How many exchanges of the route were to be mirrored.
fn planned(rig: &Rig) -> u64 {
    let report = rig.gateway.app().evidence().report(Some("lot"));
    report.routes.first().map_or(0, |route| route.planned)
}

#[tokio::test]
async fn a_request_that_is_held_is_answered_when_its_backend_opens_and_mirrored_then() {
    let modern = Origin::new().await;
    let text = mirrored(&modern, "when_closed = { hold = \"20s\" }");
    // The gateway's clock is set later than that.
    let opens = Instant::now() + Duration::from_millis(1500);
    let rig = rig_at("2026-11-23T05:59:58.5Z", &text).await;
    let (mut client, mut gone) = (rig.client().await, rig.client().await);
    client.send(ASK).await;
    gone.send("GET /lots/2 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    // Nobody is asked for a client that does not wait.
    drop(gone);
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await;
    assert!(head.starts_with("GET /lots/1 "), "{head}");
    assert!(Instant::now() >= opens, "it was not held");
    origin.send(OK).await;
    client.until("ok").await;
    let mut copy = modern.accept().await;
    let head = copy.head().await;
    assert!(head.starts_with("GET /lots/1 "), "{head}");
    copy.send(OK).await;
    // By day nothing waits, and what went away was never asked.
    client.send(ASK).await;
    let head = origin.head().await;
    assert!(head.starts_with("GET /lots/1 "), "{head}");
    origin.send(OK).await;
    client.until("ok").await;
    assert_eq!(planned(&rig), 2);
}

#[tokio::test]
async fn what_would_be_held_for_too_long_is_refused_at_once_and_nobody_is_asked() {
    let modern = Origin::new().await;
    let text = mirrored(&modern, "when_closed = { hold = \"20s\" }");
    let rig = rig_at("2026-11-23T05:58:00Z", &text).await;
    let mut client = rig.client().await;
    client.send(ASK).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    let after = head
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: "));
    let after: u64 = after.unwrap().parse().unwrap();
    assert!((100..=120).contains(&after), "{after}");
    client
        .until(r#""code":"legacy_closed","request_id":""#)
        .await;
    assert_eq!(planned(&rig), 0, "a refusal is no answer to compare with");
}

#[tokio::test]
async fn no_more_than_a_thousand_wait_for_a_backend_to_open() {
    let modern = Origin::new().await;
    let text = mirrored(&modern, "when_closed = { hold = \"25s\" }");
    let rig = rig_at("2026-11-23T05:59:40Z", &text).await;
    let app = rig.gateway.app();
    let asked = || {
        let head = http::Request::get("/lots/1").header("host", "h").body(());
        app.answer(Request {
            id: Uuid::nil(),
            parts: head.unwrap().into_parts().0,
            payload: Payload::Empty,
            received: Instant::now(),
            peer: None,
            spelling: h1::Spelling::default(),
            interim: Interim::default(),
        })
    };
    let mut waiting = Vec::new();
    for _ in 0..1000 {
        let mut answer = Box::pin(asked());
        assert!(answer.as_mut().now_or_never().is_none(), "it is held");
        waiting.push(answer);
    }
    let refused = asked().now_or_never().expect("it does not wait");
    assert_eq!(refused.parts.status, 503);
    // Whoever goes makes room.
    waiting.pop();
    assert!(asked().now_or_never().is_none(), "it is held");
}

#[tokio::test]
async fn legacys_own_message_of_closed_hours_is_what_its_clients_get() {
    let modern = Origin::new().await;
    let message = r#"when_closed = { answer = { status = 200, text = "DFHAC2206 CICS CLOSED", headers = { X-Cics = "down" } } }"#;
    let rig = rig_at("2026-11-23T22:30:00Z", &mirrored(&modern, message)).await;
    let mut client = rig.client().await;
    for _ in 0..2 {
        client.send(ASK).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(head.contains("\nx-cics: down"), "{head}");
        assert!(head.contains("\nretry-after: "), "{head}");
        client.until("DFHAC2206 CICS CLOSED").await;
    }
    assert_eq!(planned(&rig), 0, "nothing of it is mirrored");
    rig.metric("figway_requests_total{route=\"lot\",side=\"gateway\",status=\"2xx\"} 2")
        .await;
}

const TOPIC: &str = "pharma.lot";

/// A topic with one lot, as capture writes it, and the word that it is complete.
async fn captured(kafka: &KafkaConfig) {
    let specs = [(TOPIC, 1), ("figway.progress", 1)];
    let specs = specs.map(|(name, count)| TopicSpec::new(name, Some(count)));
    Topics::new(kafka).ensure(&specs).await.unwrap();
    let mut producer = TransactionalProducer::open(kafka, "capture", Duration::from_secs(30))
        .await
        .unwrap();
    let marker = |offset: i64| {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis();
        let key = format!(r#"{{"topic":"{TOPIC}","partition":0}}"#);
        let value = format!(
            r#"{{"version":1,"topic":"{TOPIC}","partition":0,"offset":{offset},"source":"lot","generation":null,"as_of_ms":{now},"ts_ms":1,"state":"current"}}"#
        );
        Outgoing::new("figway.progress", Some(key.into()), Some(value.into()))
    };
    let after = r#"{"before":null,"after":{"LOT":"1","FROM":"view"},"op":"r"}"#;
    let lot = Outgoing::new(TOPIC, Some(r#"{"LOT":"1"}"#.into()), Some(after.into()));
    let ends = producer
        .commit(vec![lot], move |_| marker(0))
        .await
        .unwrap();
    let end = ends.get(TOPIC, 0).unwrap();
    producer
        .commit(Vec::new(), move |_| marker(end))
        .await
        .unwrap();
}

/// Reads from the topic's view by night; from legacy by day.
fn viewed(kafka: &KafkaConfig) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{}"
[calendars.day]
open = ["daily 06:00-22:00"]
[backends.erp]
http = "ORIGIN"
calendar = "day"
[backends.lots]
view = {{ topic = "{TOPIC}", key = {{ LOT = "{{lot}}" }}, max_staleness = "10m" }}
[[routes]]
name = "lot"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
response = "json"
legacy = "erp"
modern = "lots"
mode = "MODE"
when_closed = "view"
"#,
        kafka.bootstrap
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn by_night_the_view_answers_and_by_day_legacy_also_where_both_are_compared() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    captured(&kafka).await;
    for mode in ["legacy", "shadow"] {
        let text = viewed(&kafka).replace("MODE", mode);
        let rig = rig_at("2026-11-23T23:00:00Z", &text).await;
        let mut client = rig.client().await;
        // Until the view has read the topic it is not there to answer.
        let body = loop {
            client.send(ASK).await;
            let head = client.head().await;
            let body = client.until("}").await;
            if head.starts_with("HTTP/1.1 200 ") {
                break body;
            }
            assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        };
        assert_eq!(body, r#"{"LOT":"1","FROM":"view"}"#);
        assert_eq!(
            planned(&rig),
            0,
            "legacy is closed: there is nothing to compare"
        );

        let rig = rig_at("2026-11-23T12:00:00Z", &text).await;
        let mut client = rig.client().await;
        client.send(ASK).await;
        let mut origin = rig.origin.accept().await;
        origin.head().await;
        origin.send(OK).await;
        client.until("ok").await;
    }
}
