//! Messages by a mapping through a whole gateway, both ways: JSON in front of an old system that speaks records or SOAP, an old client in
//! front of a new one that speaks JSON, and both sides compared.

use std::path::Path;

use tempfile::TempDir;

use super::rig::{Line, Rig, rig_at};

const LOT: &str = "       01  LOT.
           05  LOT-ID            PIC X(6).
           05  STATE             PIC X.
               88  HELD          VALUE 'H'.
               88  FREE          VALUE 'F'.
           05  QTY               PIC 9(3).
           05  DONE-ON           PIC 9(8).
";

const JSON_TO_RECORD: &str = r#"
version = 1
[request]
from = "json"
to = "record:LOT"
fields = [
  { param = "lot", to = "LOT-ID", max = 6 },
  { from = "/state", to = "STATE", codes = "88" },
  { from = "/quantity", to = "QTY" },
  { const = 0, to = "DONE-ON" },
]
[response]
from = "record:LOT"
to = "json"
fields = [
  { from = "LOT-ID", to = "/lot" },
  { from = "STATE", to = "/state", codes = "88" },
  { from = "QTY", to = "/quantity" },
  { from = "DONE-ON", to = "/done", date = { from = "YYYYMMDD", to = "DD.MM.YYYY" } },
]
"#;

/// The old side's record for clients, over the new side's JSON.
const RECORD_TO_JSON: &str = r#"
version = 1
[request]
from = "record:LOT"
to = "json"
fields = [
  { from = "LOT-ID", to = "/lot" },
  { from = "STATE", to = "/state" },
  { from = "QTY", to = "/quantity" },
]
unmapped = ["DONE-ON"]
[response]
from = "json"
to = "record:LOT"
fields = [
  { from = "/lot", to = "LOT-ID" },
  { from = "/state", to = "STATE" },
  { from = "/quantity", to = "QTY" },
  { from = "/done", to = "DONE-ON", default = 0 },
]
"#;

const SOAP_TO_JSON: &str = r#"
version = 1
[request]
from = "soap"
to = "query"
method = "GET"
fields = [{ from = "/LotInquiry/@lot", to = "/lot" }]
[response]
from = "json"
to = "soap"
fields = [{ from = "/lot", to = "/LotAnswer/@lot" }, { from = "/quantity", to = "/LotAnswer/quantity" }]
[error]
from = "json"
to = "soap"
fields = [{ const = "soap:Client", to = "/soap:Fault/faultcode" }, { from = "/title", to = "/soap:Fault/faultstring" }]
"#;

fn files() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("lot.cpy", LOT);
    write("legacy.mapping.toml", JSON_TO_RECORD);
    write("modern.mapping.toml", RECORD_TO_JSON);
    write("soap.mapping.toml", SOAP_TO_JSON);
    folder
}

async fn rig(folder: &Path, mapping: &str, route: &str) -> Rig {
    let folder = folder.display();
    rig_at(
        "2026-11-22T12:00:00Z",
        &format!(
            r#"
[copybooks.LOT]
file = "{folder}/lot.cpy"
code_page = "ascii"
[mappings.lot]
file = "{folder}/{mapping}"
[backends.one]
http = "ORIGIN"
[[routes]]
name = "lot"
{route}
"#
        ),
    )
    .await
}

async fn ask(client: &mut Line, head: &str, body: &str) {
    let length = body.len();
    client
        .send(&format!(
            "{head}\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await;
}

async fn answer(origin: &mut Line, status: &str, media: &str, body: &str) {
    let length = body.len();
    origin
        .send(&format!(
            "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await;
}

#[tokio::test]
async fn json_goes_to_legacy_as_a_record_and_its_answer_comes_back_as_json() {
    let files = files();
    let route = r#"match = { method = "POST", path = "/lots/{lot}" }
legacy = { backend = "one", path = "/cics/LOTI", mapping = "lot" }"#;
    let rig = rig(files.path(), "legacy.mapping.toml", route).await;
    let mut client = rig.client().await;
    let head = "POST /lots/L-17 HTTP/1.1\r\nContent-Type: application/json";
    ask(&mut client, head, r#"{"quantity":7,"state":"HELD"}"#).await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await.to_lowercase();
    assert!(head.starts_with("post /cics/loti "), "{head}");
    assert!(
        head.contains("content-type: application/octet-stream"),
        "{head}"
    );
    assert!(head.contains("content-length: 18"), "{head}");
    origin.until("L-17  H00700000000").await;
    answer(&mut origin, "200 OK", "text/plain", "L-17  F00620261224").await;
    let told = client.until("}").await;
    assert!(
        told.to_lowercase()
            .contains("content-type: application/json"),
        "{told}"
    );
    assert!(
        told.ends_with(r#"{"lot":"L-17","state":"FREE","quantity":6,"done":"24.12.2026"}"#),
        "{told}"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_the_clients_fault_on_the_way_there_and_legacys_on_the_way_back() {
    let files = files();
    let route = r#"match = { method = "POST", path = "/lots/{lot}" }
legacy = { backend = "one", mapping = "lot" }"#;
    let rig = rig(files.path(), "legacy.mapping.toml", route).await;
    let mut client = rig.client().await;
    let head = "POST /lots/L-17 HTTP/1.1\r\nContent-Type: application/json";
    ask(&mut client, head, r#"{"quantity":1000,"state":"HELD"}"#).await;
    let told = client.until("}").await;
    assert!(told.starts_with("HTTP/1.1 422 "), "{told}");
    assert!(told.contains("/quantity, field QTY at byte 7"), "{told}");
    ask(&mut client, head, r#"{"quantity":1,"state":"HELD"}"#).await;
    let mut origin = rig.origin.accept().await;
    origin.until("H00100000000").await;
    answer(&mut origin, "200 OK", "text/plain", "L-17  F00620261399").await;
    let told = client.until("}").await;
    assert!(told.starts_with("HTTP/1.1 502 "), "{told}");
}

#[tokio::test]
async fn a_record_goes_to_a_new_service_as_json_and_back() {
    let files = files();
    let route = r#"match = { method = "POST", path = "/cics/LOTI" }
request = { record = "LOT" }
response = { record = "LOT" }
modern = { backend = "one", path = "/lots", mapping = "lot" }"#;
    let rig = rig(files.path(), "modern.mapping.toml", route).await;
    let mut client = rig.client().await;
    ask(
        &mut client,
        "POST /cics/LOTI HTTP/1.1",
        "L-17  H00700000000",
    )
    .await;
    let mut origin = rig.origin.accept().await;
    origin
        .until(r#"{"lot":"L-17","state":"H","quantity":7}"#)
        .await;
    let json = r#"{"quantity":8,"lot":"L-17","state":"F","more":[1,2]}"#;
    answer(&mut origin, "200 OK", "application/json", json).await;
    client.until("L-17  F00800000000").await;
}

#[tokio::test]
async fn a_soap_client_is_answered_by_a_service_that_speaks_json() {
    let files = files();
    let route = r#"match = { method = "POST", path = "/soap" }
effect = "read"
modern = { backend = "one", path = "/lots", mapping = "lot" }"#;
    let rig = rig(files.path(), "soap.mapping.toml", route).await;
    let mut client = rig.client().await;
    let envelope = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><LotInquiry xmlns=\"urn:lots\" lot=\"L 17\"/></s:Body></s:Envelope>";
    let head = "POST /soap HTTP/1.1\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: x";
    ask(&mut client, head, envelope).await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await.to_lowercase();
    assert!(head.starts_with("get /lots?lot=l+17 http/1.1\n"), "{head}");
    assert!(!head.contains("content-type"), "{head}");
    let json = r#"{"lot":"L 17","quantity":1.50}"#;
    answer(&mut origin, "200 OK", "application/json", json).await;
    let told = client.until("</soap:Envelope>").await;
    assert!(
        told.to_lowercase()
            .contains("content-type: text/xml; charset=utf-8"),
        "{told}"
    );
    assert!(
        told.contains(
            "<soap:Body><LotAnswer lot=\"L 17\"><quantity>1.50</quantity></LotAnswer></soap:Body>"
        ),
        "{told}"
    );
    ask(
        &mut client,
        "POST /soap HTTP/1.1\r\nContent-Type: text/xml",
        envelope,
    )
    .await;
    origin.head().await;
    answer(
        &mut origin,
        "404 Not Found",
        "application/problem+json",
        r#"{"title":"no such lot"}"#,
    )
    .await;
    let told = client.until("</soap:Envelope>").await;
    assert!(told.starts_with("HTTP/1.1 404 "), "{told}");
    assert!(
        told.contains("<faultstring>no such lot</faultstring>"),
        "{told}"
    );
}

#[tokio::test]
async fn both_sides_of_a_mirrored_route_are_compared_in_the_clients_shape() {
    let files = files();
    let folder = files.path().display();
    let rig = rig_at(
        "2026-11-22T12:00:00Z",
        &format!(
            r#"
[copybooks.LOT]
file = "{folder}/lot.cpy"
code_page = "ascii"
[mappings.old]
file = "{folder}/legacy.mapping.toml"
[backends.one]
http = "ORIGIN"
[backends.two]
http = "ORIGIN"
[groups.lots]
mode = "shadow"
[[routes]]
name = "lot"
group = "lots"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
effect = "read"
legacy = {{ backend = "one", mapping = "old" }}
modern = "two"
"#
        ),
    )
    .await;
    let mut client = rig.client().await;
    let head = "POST /lots/L-17 HTTP/1.1\r\nContent-Type: application/json";
    ask(&mut client, head, r#"{"quantity":7,"state":"HELD"}"#).await;
    let mut legacy = rig.origin.accept().await;
    legacy.until("L-17  H00700000000").await;
    answer(&mut legacy, "200 OK", "text/plain", "L-17  F00620261224").await;
    client.until("}").await;
    let mut modern = rig.origin.accept().await;
    let json = modern.until("}").await;
    assert!(json.ends_with(r#"{"quantity":7,"state":"HELD"}"#), "{json}");
    let other = r#"{"done":"24.12.2026","state":"FREE","lot":"L-17","quantity":5}"#;
    answer(&mut modern, "200 OK", "application/json", other).await;
    let evidence = rig.gateway.app().evidence();
    let mut findings = evidence.findings();
    let found = findings.wait_for(|found| *found > 0);
    tokio::time::timeout(std::time::Duration::from_secs(10), found)
        .await
        .expect("the answers are compared")
        .unwrap();
    let told = format!("{:?}", evidence.report(Some("lot")));
    assert!(told.contains("quantity"), "{told}");
}
