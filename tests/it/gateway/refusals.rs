//! What a client sees on bad input: its route's own error form, or problem+json, and nothing of what it sent.

use gateway::route::shape::Shape;
use tests::gateway::client::{Got, ask};
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};

const REQUEST: &str = "       01  LOT-REQUEST.
           05  LOT-NUMBER   PIC X(8).
           05  QUANTITY     PIC S9(5)V99 COMP-3.
";
const RESPONSE: &str = "       01  LOT-RESPONSE.
           05  RETURN-CODE  PIC 9(2).
           05  MESSAGE-TEXT PIC X(60).
           05  LOT-VALUE    PIC S9(7)V99 COMP-3.
";

/// Record clients with an error form of their own; JSON clients of a system that wants records; a legacy that is gone.
fn routes(modern: &str) -> String {
    format!(
        r#"
[copybooks.REQUEST]
file = "REQUEST.cpy"
[copybooks.RESPONSE]
file = "RESPONSE.cpy"
[backends.gone]
http = "http://127.0.0.1:1"
[backends.lots]
http = "{modern}"
[[routes]]
name = "record-client"
match = {{ path = "/cics/LOTI" }}
effect = "read"
mode = "modern"
request = {{ record = "REQUEST" }}
response = {{ record = "RESPONSE" }}
legacy = "gone"
modern = {{ backend = "lots", request = "json", response = "json" }}
max_body = "1 KiB"
errors = {{ status = 200, record = "RESPONSE", set = {{ RETURN-CODE = 12, MESSAGE-TEXT = "{{reason}}" }} }}
[[routes]]
name = "json-client"
match = {{ path = "/lots" }}
effect = "read"
mode = "modern"
request = "json"
response = "json"
modern = {{ backend = "lots", request = {{ record = "REQUEST" }}, response = {{ record = "RESPONSE" }} }}
max_body = "1 KiB"
[kafka]
bootstrap = "127.0.0.1:1"
timeout = "500ms"
[backends.service]
kafka = {{ requests = "lot.requests", replies = "figway.replies" }}
[[routes]]
name = "kafka-gone"
match = {{ path = "/service" }}
mode = "modern"
back_sync = "none"
request = "json"
response = "json"
legacy = "gone"
modern = "service"
[[routes]]
name = "kafka-gone-records"
match = {{ path = "/cics/LOTU" }}
mode = "modern"
back_sync = "none"
request = {{ record = "REQUEST" }}
response = {{ record = "RESPONSE" }}
legacy = "gone"
modern = {{ backend = "service", request = "json", response = "json" }}
errors = {{ status = 200, record = "RESPONSE", set = {{ RETURN-CODE = 16, MESSAGE-TEXT = "{{reason}}" }} }}
[[routes]]
name = "legacy-gone-records"
match = {{ path = "/cics/LOTX" }}
response = {{ record = "RESPONSE" }}
legacy = "gone"
errors = {{ status = 200, record = "RESPONSE", set = {{ RETURN-CODE = 20, MESSAGE-TEXT = "{{reason}}" }} }}
[[routes]]
name = "legacy-gone"
match = {{ path = "/gone" }}
legacy = "gone"
"#
    )
}

struct Case {
    gateway: Rig,
    modern: Stand,
}

/// In every body that is refused; nothing that a client gets may have it.
const MARKER: &str = "MARKER42";

impl Case {
    async fn start() -> Self {
        let modern = Stand::start(|asked| async move {
            match asked.headers.get("x-want").map(|want| want.as_bytes()) {
                Some(b"404") => Answer::Say {
                    status: 404,
                    headers: vec![("content-type", "application/json".to_owned())],
                    body: r#"{"error":"no MARKER42"}"#.into(),
                },
                Some(b"html") => Answer::Say {
                    status: 200,
                    headers: vec![("content-type", "text/html".to_owned())],
                    body: "<p>MARKER42</p>".into(),
                },
                Some(b"misfit") => Answer::json(r#"{"RETURN-CODE":0,"LOT-VALUE":"MARKER42"}"#),
                _ => Answer::json(r#"{"RETURN-CODE":0,"MESSAGE-TEXT":"FOUND","LOT-VALUE":12.5}"#),
            }
        })
        .await;
        let files = [("REQUEST.cpy", REQUEST), ("RESPONSE.cpy", RESPONSE)];
        let gateway = Rig::with(&routes(&modern.url()), &files).await.unwrap();
        Self { gateway, modern }
    }

    fn record(&self, json: &str) -> Vec<u8> {
        let table = self.gateway.gateway().app().snapshot();
        let route = table.table().route("record-client").unwrap();
        match &route.client.request {
            Shape::Record(layout) => layout.read_json(json.as_bytes()).unwrap(),
            other => panic!("wanted a record, got {}", other.as_str()),
        }
    }

    async fn sees(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> String {
        let got = ask(self.gateway.address(), "POST", path, headers, body)
            .await
            .unwrap();
        let told = self.told(&got);
        assert!(!told.contains(MARKER), "{told}");
        told
    }

    /// Status, content type and body, records as JSON, without what differs each time.
    fn told(&self, got: &Got) -> String {
        let media = got
            .headers
            .get("content-type")
            .map_or("-", |value| value.to_str().unwrap());
        let body = if media == "application/octet-stream" {
            let snapshot = self.gateway.gateway().app().snapshot();
            let route = snapshot.table().route("record-client").unwrap();
            let Shape::Record(layout) = &route.client.response else {
                panic!("wanted a record");
            };
            let mut json = Vec::new();
            layout.write_json(&got.body, &mut json).unwrap();
            String::from_utf8(json).unwrap()
        } else {
            let text = got.text();
            match got.headers.get("figway-request-id") {
                Some(id) => text.replace(id.to_str().unwrap(), "<id>"),
                None => text,
            }
        };
        format!("{} {media} {body}", got.status)
    }
}

const OCTETS: &[(&str, &str)] = &[("content-type", "application/octet-stream")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_client_gets_its_own_error_form() {
    let mut case = Case::start().await;
    let good = case.record(r#"{"LOT-NUMBER":"MARKER42","QUANTITY":1}"#);
    let mut bad = good.clone();
    bad[8..].fill(0x40);
    let large = [good.as_slice(); 200].concat();
    let path = "/cics/LOTI";
    let sent_before = case.modern.seen().len();
    let refused = [
        case.sees(path, OCTETS, bad).await,
        case.sees(path, OCTETS, good[..5].to_vec()).await,
        case.sees(path, OCTETS, large).await,
        case.sees(path, JSON, r#"{"LOT-NUMBER":"MARKER42"}"#).await,
        case.sees(path, &[("content-encoding", "gzip")], good.clone())
            .await,
        case.sees("/cics/LOTU", OCTETS, good.clone()).await,
        case.sees("/cics/LOTX", OCTETS, good.clone()).await,
    ];
    assert_eq!(
        case.modern.seen().len(),
        sent_before,
        "nothing of it was sent on"
    );
    let answered = [
        case.sees(path, OCTETS, good.clone()).await,
        case.sees(path, &[("x-want", "404")], good.clone()).await,
        case.sees(path, &[("x-want", "html")], good.clone()).await,
        case.sees(path, &[("x-want", "misfit")], good).await,
    ];
    insta::assert_snapshot!(refused.join("\n"), @r#"
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"the body is no such record","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"the body is no such record","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"the body is too large","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"the body has the wrong content type","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"the body has a content coding","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":16,"MESSAGE-TEXT":"kafka, or the view behind it, is not available","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":20,"MESSAGE-TEXT":"the backend cannot be reached","LOT-VALUE":0.00}
    "#);
    insta::assert_snapshot!(answered.join("\n"), @r#"
    200 application/octet-stream {"RETURN-CODE":0,"MESSAGE-TEXT":"FOUND","LOT-VALUE":12.50}
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"modern answered with an error","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"the backend's answer cannot be passed on","LOT-VALUE":0.00}
    200 application/octet-stream {"RETURN-CODE":12,"MESSAGE-TEXT":"the backend's answer cannot be passed on","LOT-VALUE":0.00}
    "#);
    case.gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_json_client_gets_problem_json_with_field_offset_and_reason() {
    let mut case = Case::start().await;
    let path = "/lots";
    let large = format!(r#"{{"LOT-NUMBER":"{}"}}"#, MARKER.repeat(200));
    let refused = [
        case.sees(path, JSON, r#"{"LOT-NUMBER":"MARKER42-LONG"}"#)
            .await,
        case.sees(path, JSON, r#"{"QUANTITY":"MARKER42"}"#).await,
        case.sees(path, JSON, r#"{"QUANTITY":1.005}"#).await,
        case.sees(path, JSON, r#"{"MARKER42":1}"#).await,
        case.sees(path, JSON, r#"{"LOT-NUMBER":"MARKER42""#).await,
        case.sees(path, &[("content-type", "text/plain")], MARKER)
            .await,
        case.sees(path, JSON, large).await,
        case.sees("/nowhere", JSON, MARKER).await,
        case.sees("/gone", JSON, MARKER).await,
        case.sees("/service", JSON, r#"{"LOT-NUMBER":"MARKER42"}"#)
            .await,
    ];
    assert!(case.modern.seen().is_empty(), "nothing of it was sent on");
    insta::assert_snapshot!(refused.join("\n"), @r#"
    422 application/problem+json {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"field LOT-NUMBER at byte 0: a text longer than its field (PIC X(8), 8 bytes)","code":"does_not_fit","request_id":"<id>"}
    422 application/problem+json {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"field QUANTITY at byte 8: wanted a number of at most 38 digits","code":"does_not_fit","request_id":"<id>"}
    422 application/problem+json {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"field QUANTITY at byte 8: a number that does not fit (PIC S9(5)V99 COMP-3, 4 bytes)","code":"does_not_fit","request_id":"<id>"}
    422 application/problem+json {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"a member that this layout does not have","code":"does_not_fit","request_id":"<id>"}
    400 application/problem+json {"type":"about:blank","title":"Bad Request","status":400,"detail":"wanted one JSON object, each member once","code":"not_json","request_id":"<id>"}
    415 application/problem+json {"type":"about:blank","title":"Unsupported Media Type","status":415,"detail":"wanted content type application/json, in UTF-8","code":"wrong_content_type","request_id":"<id>"}
    413 application/problem+json {"type":"about:blank","title":"Payload Too Large","status":413,"detail":"the body is larger than 1024 bytes","code":"body_too_large","request_id":"<id>"}
    404 application/problem+json {"type":"about:blank","title":"Not Found","status":404,"detail":"no route takes this request","code":"no_route","request_id":"<id>"}
    502 application/problem+json {"type":"about:blank","title":"Bad Gateway","status":502,"detail":"legacy gave no answer: the backend cannot be reached","code":"legacy_unreachable","request_id":"<id>"}
    503 application/problem+json {"type":"about:blank","title":"Service Unavailable","status":503,"detail":"modern gave no answer: kafka, or the view behind it, is not available","code":"modern_unavailable","request_id":"<id>"}
    "#);
    case.gateway.stop().await.unwrap();
}
