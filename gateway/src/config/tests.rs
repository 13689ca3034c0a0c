//! What a `routes.toml` means. What a person reads when it is wrong is in the golden cases of `figway check`.

use std::path::Path;
use std::time::Duration;

use ops::Setting;
use ops::config::Source;

use super::{BackendSpec, ControlStore, KeyMember, Resolved};
use crate::mode::Mode;
use crate::route::shape::{ErrorBody, ErrorForm, Shape};
use crate::route::{BackSync, Effect, Fallback, KeySource, PathTemplate, Side};

const REQUEST: &str = "       01  LOT-REQUEST.
           05  LOT-NUMBER   PIC X(8).
           05  PLANT        PIC 9(4).
";
const RESPONSE: &str = "       01  LOT-RESPONSE.
           05  STATUS-PART.
               10  RETURN-CODE  PIC 9(2).
               10  MESSAGE      PIC X(12).
           05  QUANTITY     PIC S9(7)V99 COMP-3.
";

const FILE: &str = r#"
version = 1
revision = 3

[listen]
http = "127.0.0.1:0"
max_body = "1 MiB"

[admin]
listen = "127.0.0.1:0"
token = "env:FIGWAY_ADMIN_TOKEN"

[kafka]
bootstrap = "localhost:9092"

[copybooks.REQUEST]
file = "REQUEST.cpy"

[copybooks.RESPONSE]
file = "RESPONSE.cpy"
code_page = "cp037"

[backends.cics]
http = "http://127.0.0.1:9080"
connect_timeout = "2s"

[backends.service]
kafka = { requests = "lot.requests", replies = "figway.replies" }

[backends.view]
view = { topic = "pharma.lot", key = { LOT-NUMBER = "{lot}", LOT-RECORD-TYPE = "H", LOT-SEQUENCE = 0 } }

[groups.lots]
mode = { canary = 10 }
back_sync = "none"

[[routes]]
name = "inquiry"
match = { method = "POST", path = "/cics/LOTI/{region}", headers = { "X-Tran" = "LOTI" } }
effect = "read"
group = "lots"
request = { record = "REQUEST" }
response = { record = "RESPONSE" }
legacy = { backend = "cics", path = "/x/{region}" }
modern = { backend = "service", request = "json", response = "json" }
canary_key = { field = "LOT-NUMBER" }
fallback = "legacy"
mirror = { sample = 50 }
timeout = "5s"
max_body = "64 KiB"
ignore = ["QUANTITY"]
errors = { status = 200, record = "RESPONSE", set = { RETURN-CODE = 12, MESSAGE = "{reason}" } }

[[routes]]
name = "lot"
match = { method = "GET", path = "/lots/{lot}" }
response = "json"
legacy = "cics"
modern = "view"
canary_key = { path = "lot" }

[[routes]]
name = "rest"
match = { path = "/{*rest}" }
legacy = "cics"
"#;

fn resolve(text: &str) -> Result<Resolved, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("REQUEST.cpy"), REQUEST).unwrap();
    std::fs::write(folder.path().join("RESPONSE.cpy"), RESPONSE).unwrap();
    let path = folder.path().join("routes.toml");
    Resolved::of(&Source::new("routes.toml", text), &path).map_err(|faults| faults.to_string())
}

#[test]
fn every_part_of_a_file_is_taken_over() {
    let resolved = resolve(FILE).unwrap();
    assert_eq!(resolved.revision, 3);
    assert_eq!(resolved.listen.drain, Duration::from_secs(10));
    assert_eq!(resolved.listen.drain_idle, Duration::from_secs(1));
    assert_eq!(
        resolved.admin.unwrap().token,
        Some(Setting::Environment("FIGWAY_ADMIN_TOKEN".into()))
    );
    assert_eq!(
        resolved.control.store,
        ControlStore::Kafka {
            topic: "figway.control".into()
        }
    );
    let BackendSpec::View(view) = &resolved.backends[2].spec else {
        panic!("{:?}", resolved.backends)
    };
    let key = |name: &str, member| (name.to_owned(), member);
    assert_eq!(
        view.key,
        [
            key(
                "LOT-NUMBER",
                KeyMember::Text(PathTemplate::parse("{lot}").unwrap())
            ),
            key(
                "LOT-RECORD-TYPE",
                KeyMember::Text(PathTemplate::parse("H").unwrap())
            ),
            key("LOT-SEQUENCE", KeyMember::Number(0)),
        ]
    );
    let table = &resolved.table;
    let inquiry = table.route("inquiry").unwrap();
    let group = table.group(inquiry.group).unwrap();
    assert_eq!(
        (&*group.name, group.back_sync),
        ("lots", Some(BackSync::None))
    );
    assert_eq!(group.seed.to_string(), "canary 10 %");
    assert!(group.keyed && group.sides.modern && !group.writes);
    assert!(matches!(inquiry.canary_key, Some(KeySource::Field { .. })));
    assert_eq!(inquiry.fallback, Fallback::Legacy);
    assert_eq!(inquiry.max_body, 64 << 10);
    let legacy = inquiry.leg(Side::Legacy).unwrap();
    let modern = inquiry.leg(Side::Modern).unwrap();
    assert!(!inquiry.transcodes_request(legacy) && inquiry.transcodes_request(modern));
    let lot = table.route("lot").unwrap();
    assert_eq!((lot.effect, lot.max_body), (Effect::Read, 1 << 20));
    assert!(matches!(
        lot.modern.as_ref().unwrap().shapes.response,
        Shape::Json
    ));
    let rest = table.route("rest").unwrap();
    assert_eq!(rest.effect, Effect::Write);
    assert_eq!(table.group(rest.group).unwrap().seed, Mode::Legacy);
}

#[test]
fn errors_are_encoded_beforehand() {
    let resolved = resolve(FILE).unwrap();
    let route = resolved.table.route("inquiry").unwrap();
    let ErrorForm::Own {
        status,
        body: ErrorBody::Record { other, .. },
        ..
    } = &*route.errors
    else {
        panic!("{:?}", route.errors)
    };
    assert_eq!(status.unwrap(), 200);
    let Shape::Record(layout) = &route.client.response else {
        panic!("{:?}", route.client)
    };
    let mut json = Vec::new();
    layout.write_json(other, &mut json).unwrap();
    assert_eq!(
        String::from_utf8(json).unwrap(),
        r#"{"STATUS-PART":{"RETURN-CODE":12,"MESSAGE":"the request"},"QUANTITY":0.00}"#
    );
}

#[test]
fn the_smallest_file_serves_a_laptop() {
    let resolved = resolve(
        "version = 1\n[backends.erp]\nhttp = \"http://localhost:9\"\n[[routes]]\nname = \"all\"\nmatch = { path = \"/{*rest}\" }\nlegacy = \"erp\"\n",
    )
    .unwrap();
    assert_eq!(
        resolved.listen.http.map(|at| at.to_string()).as_deref(),
        Some("127.0.0.1:8080")
    );
    assert_eq!(resolved.control.store, ControlStore::File);
    assert!(resolved.admin.is_none() && resolved.kafka.is_none());
    assert!(
        resolved
            .control
            .directory
            .ends_with(Path::new("var/gateway"))
    );
    let moved = resolved.with_bootstrap("other:9092");
    assert_eq!(moved.kafka.unwrap().bootstrap, "other:9092");
}
