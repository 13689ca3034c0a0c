//! Views behind whole gateways, over an embedded broker; legacy is another gateway, which answers by itself.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ops::shutdown::Shutdown;
use ring::hmac;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tests::{Rig, put};
use crate::gateway::{Gateway, Options};

const PATIENCE: Duration = Duration::from_secs(60);
const SECRET: &[u8] = b"a secret of the tests, long enough";

struct Running {
    gateway: Gateway,
    folder: tempfile::TempDir,
    shutdown: Shutdown,
}

struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(": ")?;
            given.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn write(folder: &Path, rest: &str) {
    let text = format!(
        "version = 1\n[listen]\nhttp = \"127.0.0.1:0\"\n[control]\nstore = \"file\"\ndirectory = \"state\"\n{rest}"
    );
    let part = folder.join("part");
    std::fs::write(&part, text).unwrap();
    std::fs::rename(part, folder.join("routes.toml")).unwrap();
}

impl Running {
    async fn start(rest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        let copybook = concat!(env!("CARGO_MANIFEST_DIR"), "/../copybooks/LOT");
        for end in [".cpy", ".meaning.toml"] {
            let to = folder.path().join(format!("LOT{end}"));
            std::fs::copy(format!("{copybook}{end}"), to).unwrap();
        }
        write(folder.path(), rest);
        let resolved = crate::config::Resolved::read(&folder.path().join("routes.toml"));
        let resolved = resolved.unwrap_or_else(|faults| panic!("{faults}"));
        let shutdown = Shutdown::new();
        let gateway = Gateway::start(resolved, Options::default(), &shutdown)
            .await
            .unwrap();
        Self {
            gateway,
            folder,
            shutdown,
        }
    }

    async fn ask(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> Got {
        let mut stream = TcpStream::connect(self.gateway.http()).await.unwrap();
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n");
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut got = String::new();
        stream.read_to_string(&mut got).await.unwrap();
        let (head, body) = got.split_once("\r\n\r\n").unwrap();
        Got {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    async fn get(&self, target: &str) -> Got {
        self.ask("GET", target, &[]).await
    }

    /// Asks until it is so.
    async fn until(&self, target: &str, so: impl Fn(&Got) -> bool) -> Got {
        let mut last = String::new();
        let asking = async {
            loop {
                let got = self.get(target).await;
                if so(&got) {
                    return got;
                }
                last = format!("{} {}", got.status, got.body);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, asking).await;
        in_time.unwrap_or_else(|_| panic!("{target} still gives {last}"))
    }

    async fn end(self) {
        assert!(self.shutdown.drain(PATIENCE).await);
    }
}

/// As the demo's capture writes a lot's header.
fn lot(material: &str, plant: u32, quantity: &str) -> String {
    put(&format!(
        r#"{{"LOT-KEY":{{"LOT-NUMBER":"x"}},"LOT-HEADER":{{"LOT-MATERIAL":"{material}","LOT-PLANT":{plant},"LOT-QUANTITY-ON-HAND":{quantity},"LOT-SUPPLIER":"secret"}}}}"#
    ))
}

fn token(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256"})), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("Bearer {signed}.{signature}")
}

fn names(got: &Got) -> String {
    let json = got.json();
    let rows = json["items"].as_array().unwrap();
    let of = |row: &Value| {
        let header = &row["LOT-HEADER"];
        format!(
            "{}/{}",
            header["LOT-MATERIAL"].as_str().unwrap(),
            header["LOT-QUANTITY-ON-HAND"]
        )
    };
    rows.iter().map(of).collect::<Vec<_>>().join(" ")
}

const LISTS: &str = r#"
[kafka]
bootstrap = "BROKER"
[tokens.corporate]
secret = "file:secret"
audience = "figway"
[copybooks.LOT]
file = "LOT.cpy"
code_page = "cp037"
[backends.lots.view]
topic = "pharma.lot"
key = { LOT-SEQUENCE = 0, LOT-NUMBER = "{lot}" }
copybook = "LOT"
collation = "source"
indexes = { by_material = ["LOT-MATERIAL", "LOT-QUANTITY-ON-HAND"], by_supplier = ["LOT-SUPPLIER"] }
role = "claim:roles"
roles = { buyer = ["LOT-MATERIAL", "LOT-QUANTITY-ON-HAND"], quality = ["*"] }
where = { LOT-PLANT = "claim:plants" }
[[routes]]
name = "lot"
match = { path = "/lots/{lot}" }
effect = "read"
mode = "retired"
modern = "lots"
[[routes]]
name = "lots"
match = { path = "/lots" }
effect = "read"
mode = "retired"
modern = "lots"
[[routes]]
name = "of-material"
match = { path = "/materials/{lot-material}/lots" }
effect = "read"
mode = "retired"
modern = "lots"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_the_order_of_the_source_and_show_each_client_its_own() {
    let mut rig = Rig::start().await;
    let changes = [
        ("L1", lot("m1", 1000, "-2.5")),
        ("L2", lot("M1", 1000, "10.000")),
        ("L3", lot("9X", 1000, "1")),
        ("L4", lot("M1", 1000, "9.5")),
        ("L5", lot("M1", 2000, "9.75")),
        ("L6", lot("M1", 3000, "0")),
    ];
    let changes: Vec<_> = changes
        .iter()
        .map(|(name, value)| (0, *name, &**value))
        .collect();
    rig.capture(&changes, 0).await;
    let running = Running::start(&LISTS.replace("BROKER", &rig.kafka.bootstrap)).await;
    let of = |roles: &[&str], plants: &[u32]| {
        token(&json!({"aud": "figway", "exp": 4_000_000_000u64, "roles": roles, "plants": plants}))
    };
    let buyer = of(&["buyer"], &[1000, 2000]);
    let ask = |target: &'static str, token: String| {
        let running = &running;
        async move {
            running
                .ask("GET", target, &[("authorization", &token)])
                .await
        }
    };
    let filled = async {
        while ask("/lots/L1", buyer.clone()).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, filled).await.unwrap();

    // Small letters, large letters, digits; quantities as numbers; two plants in one order.
    let all = ask("/lots", buyer.clone()).await;
    assert_eq!(names(&all), "m1/-2.5 M1/9.5 M1/9.75 M1/10.0 9X/1");
    assert!(
        !all.body.contains("secret") && !all.body.contains("LOT-PLANT"),
        "{}",
        all.body
    );
    assert!(
        all.body.contains(r#""LOT-QUANTITY-ON-HAND":10.000"#),
        "as it was written: {}",
        all.body
    );
    assert!(all.header("age").is_some());
    let first = ask("/materials/M1/lots?limit=2", buyer.clone()).await;
    assert_eq!(names(&first), "M1/9.5 M1/9.75");
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let path = format!("/materials/M1/lots?limit=2&after={next}");
    let second = running
        .ask("GET", &path, &[("authorization", &buyer)])
        .await;
    assert_eq!(
        (names(&second), second.json().get("next")),
        ("M1/10.0".to_owned(), None)
    );
    let ranged = ask("/lots?LOT-MATERIAL=M1&from=9.6&to=10", buyer.clone()).await;
    assert_eq!(names(&ranged), "M1/9.75 M1/10.0");
    let ranged = ask("/lots?from=M1", buyer.clone()).await;
    assert_eq!(names(&ranged), "M1/9.5 M1/9.75 M1/10.0 9X/1");
    let head = running
        .ask("HEAD", "/lots", &[("authorization", &buyer)])
        .await;
    let length = head.header("content-length").map(str::to_owned);
    assert_eq!(
        (head.status, &*head.body, length),
        (200, "", Some(all.body.len().to_string()))
    );

    // What a buyer does not see is no list either; quality sees it.
    let refused = ask("/lots?LOT-SUPPLIER=secret", buyer.clone()).await;
    assert_eq!(refused.status, 400);
    assert!(!refused.body.contains("by_supplier"), "{}", refused.body);
    assert_eq!(
        ask("/lots?index=by_supplier", buyer.clone()).await.status,
        400
    );
    let quality = of(&["quality", "nobody"], &[3000]);
    let seen = ask("/lots?LOT-SUPPLIER=secret", quality.clone()).await;
    assert_eq!(names(&seen), "M1/0");
    assert!(seen.body.contains(r#""LOT-PLANT":3000"#));

    // One row: of another plant it is not there; without its hidden fields.
    let one = ask("/lots/L4", buyer.clone()).await;
    assert_eq!(
        one.body,
        r#"{"LOT-HEADER":{"LOT-MATERIAL":"M1","LOT-QUANTITY-ON-HAND":9.5}}"#
    );
    let statuses = [
        ask("/lots/L6", buyer).await.status,
        ask("/lots/L6", quality).await.status,
        ask("/lots/L6", of(&["nobody"], &[3000])).await.status,
        ask("/lots/L6", of(&["quality"], &[])).await.status,
        ask("/lots", "Bearer no.to.ken".to_owned()).await.status,
        running.get("/lots/L6").await.status,
    ];
    assert_eq!(statuses, [404, 200, 403, 403, 401, 401]);
    running.end().await;
}

const WRITES: &str = r#"
[kafka]
bootstrap = "BROKER"
[backends.old]
http = "LEGACY"
[backends.lots.view]
topic = "pharma.lot"
key = { LOT-SEQUENCE = 0, LOT-NUMBER = "{lot}" }
max_staleness = "5m"
[groups.lots]
mode = "modern"
back_sync = "none"
[[routes]]
name = "lot"
match = { method = "GET", path = "/lots/{lot}" }
mode = "modern"
legacy = "old"
modern = "lots"
fallback = "legacy"
canary_key = { path = "lot" }
[[routes]]
name = "use"
match = { method = "POST", path = "/lots/{lot}/usage" }
legacy = "old"
canary_key = { path = "lot" }
read_your_writes = { view = "lots" }
[[routes]]
name = "use-with-token"
match = { method = "PUT", path = "/lots/{lot}/usage" }
legacy = "old"
read_your_writes = { token = true }
"#;

async fn legacy() -> Running {
    Running::start("[[routes]]\nname = \"all\"\nmatch = { path = \"/{*rest}\" }\nanswer = { status = 200, content_type = \"application/json\", text = '\"legacy\"' }\n").await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wrote_reads_it_again_from_any_gateway() {
    let mut rig = Rig::start().await;
    rig.capture(&[(0, "L1", &put("1")), (0, "L2", &put("2"))], 0)
        .await;
    let old = legacy().await;
    let routes = WRITES
        .replace(
            "[groups.lots]\nmode = \"modern\"\nback_sync = \"none\"\n",
            "",
        )
        .replace("BROKER", &rig.kafka.bootstrap)
        .replace("LEGACY", &format!("http://{}", old.gateway.http()));
    let (one, two) = (Running::start(&routes).await, Running::start(&routes).await);
    one.until("/lots/L1", |got| got.body == "1").await;
    two.until("/lots/L1", |got| got.body == "1").await;

    // Legacy has it; the view does not know yet, whichever gateway is asked.
    assert_eq!(
        one.ask("POST", "/lots/L1/usage", &[("content-length", "0")])
            .await
            .body,
        "\"legacy\""
    );
    assert_eq!(one.get("/lots/L1").await.body, "\"legacy\"");
    two.until("/lots/L1", |got| got.body == "\"legacy\"").await;
    // Only that key.
    assert_eq!(one.get("/lots/L2").await.body, "2");
    assert_eq!(two.get("/lots/L2").await.body, "2");
    // The source as it was before the write is not enough; as it was after it is.
    rig.capture(&[(0, "L1", &put("5"))], 10_000).await;
    one.until("/lots/L2", |got| {
        got.header("age")
            .is_some_and(|age| age.parse::<u32>().unwrap() >= 10)
    })
    .await;
    assert_eq!(one.get("/lots/L1").await.body, "\"legacy\"");
    rig.capture(&[(0, "L1", &put("6"))], -2_000).await;
    one.until("/lots/L1", |got| got.body == "6").await;
    two.until("/lots/L1", |got| got.body == "6").await;

    // With a token it is the client's word, to any gateway.
    let wrote = two
        .ask("PUT", "/lots/L2/usage", &[("content-length", "0")])
        .await;
    let version = wrote.header("figway-version").unwrap().to_owned();
    rig.capture(&[], 0).await;
    one.until("/lots/L2", |got| got.body == "2").await;
    let carried = one
        .ask("GET", "/lots/L2", &[("figway-version", &version)])
        .await;
    assert_eq!(carried.body, "\"legacy\"");
    rig.capture(&[], -2_000).await;
    let reached = async {
        while one
            .ask("GET", "/lots/L2", &[("figway-version", &version)])
            .await
            .body
            != "2"
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap();
    for running in [one, two, old] {
        running.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_has_a_view_filled_anew_while_it_answers() {
    let mut rig = Rig::start().await;
    rig.capture(&[(0, "L1", &put("1"))], 0).await;
    let admin = "[admin]\nlisten = \"127.0.0.1:0\"\ntoken = \"file:secret\"\n";
    let old = legacy().await;
    let routes = WRITES
        .replace(
            "[groups.lots]\nmode = \"modern\"\nback_sync = \"none\"\n",
            admin,
        )
        .replace("BROKER", &rig.kafka.bootstrap)
        .replace("LEGACY", &format!("http://{}", old.gateway.http()));
    let running = Running::start(&routes).await;
    running.until("/lots/L1", |got| got.body == "1").await;
    let url = format!("http://{}", running.gateway.admin().unwrap());
    let secret = ops::Secret::new(std::str::from_utf8(SECRET).unwrap());
    let client = crate::admin::client::Client::new(&url, Some(secret)).unwrap();
    let view = async || {
        let shown: Value = client.get("/v1/backends").await.unwrap();
        shown["backends"][1]["view"].clone()
    };
    assert_eq!(view().await["rows"], 1);
    let before = running.folder.path().join("state/views/lots/view.redb");
    let file = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&before).unwrap());
    let first = file();
    let rebuild = async |backend: &str| -> Result<Value, _> {
        client
            .post(&format!("/v1/backends/{backend}/rebuild"), &json!({}))
            .await
    };
    let codes = [rebuild("old").await, rebuild("none").await]
        .map(|refused| refused.unwrap_err().code().unwrap_or_default().to_owned());
    assert_eq!(codes, ["no_view", "not_found"]);
    rebuild("lots").await.unwrap();
    let swapped = async {
        while file() == first || view().await["rebuilding"] == true {
            assert_eq!(running.get("/lots/L1").await.body, "1");
        }
    };
    tokio::time::timeout(PATIENCE, swapped).await.unwrap();
    assert_eq!(running.get("/lots/L1").await.body, "1");
    running.end().await;
    old.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_index_is_filled_beside_what_answers() {
    let mut rig = Rig::start().await;
    let values: Vec<(String, String)> = (0..500)
        .map(|number| (format!("L{number}"), lot("M1", 1000, &number.to_string())))
        .collect();
    let changes: Vec<_> = values
        .iter()
        .map(|(name, value)| (0, &**name, &**value))
        .collect();
    rig.capture(&changes, 0).await;
    let routes = LISTS.replace("BROKER", &rig.kafka.bootstrap);
    let before = routes.split_once("role = ").unwrap().0.to_owned()
        + "[[routes]]"
        + routes.split_once("[[routes]]").unwrap().1;
    let running = Running::start(&before).await;
    running.until("/lots/L1", |got| got.status == 200).await;
    let by_plant = "/lots?lot-plant=1000&limit=1";
    assert_eq!(running.get(by_plant).await.status, 400);

    let after = before.replace(
        "indexes = { ",
        "indexes = { by_plant = [\"LOT-PLANT\", \"LOT-QUANTITY-ON-HAND\"], ",
    );
    write(running.folder.path(), &after);
    // From the first answer of the new list backwards there was never one without an answer to what was there before.
    let mut asked = 0;
    let listed = async {
        loop {
            let one = running.get("/lots/L1").await;
            assert_eq!(one.status, 200, "after {asked}: {}", one.body);
            let list = running.get("/materials/M1/lots?limit=1").await;
            assert_eq!(list.status, 200, "after {asked}: {}", list.body);
            asked += 1;
            let new = running.get(by_plant).await;
            if new.status == 200 {
                return new;
            }
            assert!(
                matches!(new.status, 400 | 503),
                "{} {}",
                new.status,
                new.body
            );
        }
    };
    let listed = tokio::time::timeout(PATIENCE, listed).await.unwrap();
    assert_eq!(names(&listed), "M1/0");
    assert!(listed.json()["next"].is_string());
    running.end().await;
}
