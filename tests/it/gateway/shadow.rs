//! Shadow mode through a whole gateway: what differs is found by field, offset and bytes, and nobody feels the mirror.

use std::sync::Arc;
use std::time::Duration;

use gateway::evidence::RouteReport;
use tests::gateway::client::{Client, ask};
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};

const REQUEST: &str = "       01  LOT-REQUEST.
           05  LOT-NUMBER   PIC X(8).
";
const RESPONSE: &str = "       01  LOT-RESPONSE.
           05  RETURN-CODE  PIC 9(2).
           05  MESSAGE-TEXT PIC X(12).
           05  RESPONSE-AT  PIC X(8).
           05  LOT-VALUE    PIC S9(7)V99 COMP-3.
";
const LEGACY: &str =
    r#"{"RETURN-CODE":0,"MESSAGE-TEXT":"FOUND","RESPONSE-AT":"12:00:00","LOT-VALUE":1234.57}"#;

fn routes(legacy: &str, modern: &str) -> String {
    format!(
        r#"
[copybooks.REQUEST]
file = "REQUEST.cpy"
[copybooks.RESPONSE]
file = "RESPONSE.cpy"
[backends.cics]
http = "{legacy}"
[backends.lots]
http = "{modern}"
[[routes]]
name = "inquiry"
match = {{ path = "/cics/LOTI" }}
effect = "read"
mode = "shadow"
request = {{ record = "REQUEST" }}
response = {{ record = "RESPONSE" }}
legacy = "cics"
modern = {{ backend = "lots", path = "/lots", request = "json", response = "json" }}
ignore = ["RESPONSE-AT"]
timeout = "2s"
"#
    )
}

/// Records of the copybooks above, from JSON.
fn record(copybook: &str, json: &str) -> Vec<u8> {
    let copybook = parsers::Copybook::parse(parsers::CopybookText {
        file: "test.cpy",
        text: copybook,
    })
    .unwrap();
    let options = parsers::LayoutOptions::default();
    let layout = parsers::Layout::compile(&copybook, None, &options).unwrap();
    layout.read_json(json.as_bytes()).unwrap()
}

async fn start(modern: &Stand) -> (Rig, Stand) {
    let legacy = Stand::start(|_| async { Answer::bytes(record(RESPONSE, LEGACY)) }).await;
    let text = routes(&legacy.url(), &modern.url());
    let files = [("REQUEST.cpy", REQUEST), ("RESPONSE.cpy", RESPONSE)];
    (Rig::with(&text, &files).await.unwrap(), legacy)
}

/// The evidence of the one route, when so much was found.
async fn evidence(running: &Rig, findings: u64) -> RouteReport {
    let evidence = Arc::clone(running.gateway().app().evidence());
    let mut found = evidence.findings();
    let done = tokio::time::timeout(
        Duration::from_secs(30),
        found.wait_for(|found| *found >= findings),
    );
    done.await.expect("found in time").unwrap();
    evidence.report(Some("inquiry")).routes.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_rounding_difference_is_found_by_field_offset_and_bytes() {
    let modern = Stand::start(|asked| async move {
        let cents = if asked.body == r#"{"LOT-NUMBER":"B2201-07"}"#.as_bytes() {
            56
        } else {
            57
        };
        Answer::json(format!(
            r#"{{"RETURN-CODE":0,"MESSAGE-TEXT":"FOUND","RESPONSE-AT":"NOW","LOT-VALUE":1234.{cents}}}"#
        ))
    })
    .await;
    let (mut running, legacy) = start(&modern).await;
    for lot in ["A1", "B2201-07", "C3"] {
        let request = record(REQUEST, &format!(r#"{{"LOT-NUMBER":"{lot}"}}"#));
        let got = ask(running.address(), "POST", "/cics/LOTI", &[], request)
            .await
            .unwrap();
        assert_eq!(
            got.body,
            record(RESPONSE, LEGACY),
            "legacy's answer, byte for byte"
        );
    }
    let report = evidence(&running, 3).await;
    assert_eq!((report.compared, report.equal, report.different), (3, 2, 1));
    let field = report.fields.values().next().unwrap();
    assert_eq!((report.fields.len(), field.count), (1, 1));
    insta::assert_snapshot!(field.samples[0].text, @r#"field LOT-VALUE at offset 22 (5 bytes): legacy 1234.57 (x'000123457C') modern 1234.56 (x'000123456C')"#);
    for asked in modern.seen() {
        assert_eq!(asked.headers["figway-shadow"], "true");
        assert_eq!(asked.headers["content-type"], "application/json");
    }
    for asked in legacy.seen() {
        assert!(!asked.headers.contains_key("figway-shadow"));
    }
    running.stop().await.unwrap();
}

/// Invariant 4.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_mirror_is_not_felt_and_is_counted() {
    let modern = Stand::start(|_| std::future::pending::<Answer>()).await;
    let (mut running, _legacy) = start(&modern).await;
    let request = record(REQUEST, r#"{"LOT-NUMBER":"B2201-07"}"#);
    let answer = record(RESPONSE, LEGACY);
    let mut client = Client::connect(running.address()).await.unwrap();
    // More than may be under way and wait: the rest is dropped.
    let most = 32 + 1000;
    for _ in 0..most + 50 {
        let got = client
            .ask("POST", "/cics/LOTI", &[], request.clone())
            .await
            .unwrap();
        assert_eq!((got.status, &got.body[..]), (200, &answer[..]));
    }
    let report = evidence(&running, 50).await;
    assert_eq!(report.answers.legacy, most + 50);
    assert_eq!(report.compared, 0);
    assert!(report.dropped + report.errors >= 50, "{report:?}");
    running.stop().await.unwrap();
}
