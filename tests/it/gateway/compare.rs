//! Comparing 10,000 mirrored requests: each planted difference is found where it is and as often as it was planted, nothing else is
//! reported, and a rare variant that always fails is shown by its own figures.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway::evidence::{Evidence, Report};
use tests::gateway::client::Client;
use tests::gateway::rig::{PATIENCE, Rig};
use tests::gateway::stand::{Answer, Asked, Stand};

const REQUESTS: usize = 10_000;
/// One answer of so many is of the rare variant.
const RARE: usize = 1_000;

const COPYBOOK: &str = "       01  REPLY.
           05  RETURN-CODE       PIC 9(2).
               88  DONE          VALUE 0.
               88  WARNED        VALUE 4.
           05  CUSTOMER          PIC X(10).
           05  REGION            PIC X(8).
           05  AMOUNT            PIC S9(7)V99 COMP-3.
           05  MADE-ON           PIC 9(8).
           05  ROWS              PIC 9.
           05  ITEM OCCURS 0 TO 4 TIMES DEPENDING ON ROWS.
               10  PART          PIC X(3).
               10  QUANTITY      PIC 9(3).
";
const MEANING: &str = "version = 1
[error]
field = \"RETURN-CODE\"
ok = [0, 4]
[fields]
MADE-ON = { date = \"YYYYMMDD\" }
CUSTOMER = { pii = \"name\" }
";
/// What the new service says in its own words.
const MAPPING: &str = r#"version = 1
[response]
from = "json"
to = "record:REPLY"
fields = [
  { from = "/code", to = "RETURN-CODE" },
  { from = "/name", to = "CUSTOMER" },
  { from = "/region", to = "REGION" },
  { from = "/sum", to = "AMOUNT" },
  { from = "/day", to = "MADE-ON", date = { from = "DD.MM.YYYY" } },
  { from = "/lines", to = "ITEM", count = "ROWS", fields = [
    { from = "/part", to = "PART" },
    { from = "/quantity", to = "QUANTITY" },
  ] },
]
"#;

fn routes(legacy: &str, modern: &str) -> String {
    let compare_record = r#"
[routes.compare]
ignore = ["REGION"]
variants = { conditions = ["DONE", "WARNED"] }
[routes.compare.fields]
AMOUNT = { tolerance = "0.01" }
MADE-ON = { within = "24h" }
ITEM = { unordered = { by = "PART" } }
"#;
    format!(
        r#"
[copybooks.REPLY]
file = "REPLY.cpy"
meaning = "REPLY.meaning.toml"
[mappings.reply]
file = "reply.mapping.toml"
[backends.old]
http = "{legacy}"
[backends.new]
http = "{modern}"
[groups.all]
mode = "shadow"

[[routes]]
name = "json"
group = "all"
match = {{ method = "GET", path = "/json/{{n}}" }}
response = "json"
legacy = "old"
modern = "new"
[routes.compare]
ignore = ["trace"]
headers = ["Location"]
status = [{{ legacy = 200, modern = 203 }}]
error_when = {{ field = "code", ok = ["0"] }}
variants = {{ field = "kind", values = ["standard", "recall", "destroyed"] }}
[routes.compare.fields]
price = {{ tolerance = "0.01" }}
weight = {{ relative = "0.1 %" }}
at = {{ within = "2s" }}
day = {{ form = ["YYYYMMDD"] }}
name = {{ trim = "end", case = "ignored" }}
reference = {{ pattern = "[0-9a-f]{{8}}" }}
count = {{ numbers = "any form" }}
tags = {{ unordered = "values" }}
items = {{ unordered = {{ by = "id" }} }}

[[routes]]
name = "record"
group = "all"
match = {{ method = "GET", path = "/record/{{n}}" }}
response = {{ record = "REPLY" }}
legacy = "old"
modern = {{ backend = "new", response = "json" }}
{compare_record}
[[routes]]
name = "mapped"
group = "all"
match = {{ method = "GET", path = "/mapped/{{n}}" }}
response = {{ record = "REPLY" }}
legacy = "old"
modern = {{ backend = "new", mapping = "reply" }}
{compare_record}
[[routes]]
name = "xml"
group = "all"
match = {{ method = "GET", path = "/xml/{{n}}" }}
response = "xml"
legacy = "old"
modern = "new"
[routes.compare.fields]
"reply.price" = {{ tolerance = "0.01" }}

[[routes]]
name = "text"
group = "all"
match = {{ method = "GET", path = "/text/{{n}}" }}
legacy = "old"
modern = "new"
[routes.compare.fields]
"(line)" = {{ trim = "end" }}

[[routes]]
name = "bytes"
group = "all"
match = {{ method = "GET", path = "/bytes/{{n}}" }}
legacy = "old"
modern = "new"
"#
    )
}

/// Which route request `n` takes: half of them JSON, the others one after the other.
fn route(n: usize) -> &'static str {
    match n % 10 {
        0..=4 => "json",
        5 => "record",
        6 => "mapped",
        7 => "xml",
        8 => "text",
        _ => "bytes",
    }
}

/// What is wrong with modern's answer to request `n` of its route, by the field that shows it. One in 25 has something.
fn planted(n: usize) -> Option<&'static str> {
    if route(n) == "json" && is_rare(n) {
        return Some("price");
    }
    let of_route = n / 10;
    if of_route % 25 != 3 {
        return None;
    }
    let kinds: &[&str] = match route(n) {
        "json" => &[
            "price",
            "weight",
            "at",
            "day",
            "name",
            "reference",
            "count",
            "tags[*]",
            "items[*].quantity",
            "missing",
            "added",
            "(status)",
            "(header location)",
            "code",
        ],
        "record" | "mapped" => &[
            "AMOUNT",
            "MADE-ON",
            "CUSTOMER",
            "ITEM(*).QUANTITY",
            "RETURN-CODE",
        ],
        "xml" => &["reply.price", "reply.name"],
        "text" => &["(line)"],
        _ => &["(body)"],
    };
    kinds.get(of_route / 25 % kinds.len()).copied()
}

fn is_rare(n: usize) -> bool {
    n.is_multiple_of(RARE)
}

/// Which request this is, by its path.
fn number(asked: &Asked) -> usize {
    let number = asked.target.rsplit('/').next().unwrap_or_default();
    number.parse().unwrap()
}

/// Legacy's answer, or modern's: which differs in what the rules allow, always, and in what is planted.
fn answer(n: usize, modern: bool) -> Answer {
    let wrong = planted(n).filter(|_| modern);
    let is = |field: &str| wrong == Some(field);
    match route(n) {
        "json" => {
            let kind = if is_rare(n) { "recall" } else { "standard" };
            let pick = |right: &'static str,
                        allowed: &'static str,
                        field: &str,
                        bad: &'static str| {
                match (modern, is(field)) {
                    (_, true) => bad,
                    (true, false) => allowed,
                    (false, false) => right,
                }
            };
            let price = pick("12.50", "12.51", "price", "12.52");
            let weight = pick("1000", "1000.9", "weight", "1002");
            let at = pick(
                "2026-01-31T12:00:00Z",
                "2026-01-31T13:00:01+01:00",
                "at",
                "2026-01-31T12:00:03Z",
            );
            let day = pick(r#""20260131""#, r#""2026-01-31""#, "day", r#""2026-02-01""#);
            let name = pick("Lot seven", "LOT SEVEN  ", "name", "Lot eight");
            let reference = pick("0123abcd", "ffff0000", "reference", "none");
            let count = pick("7", r#""7.0""#, "count", r#""8""#);
            let tags = pick(r#"["a","b"]"#, r#"["b","a"]"#, "tags[*]", r#"["b","x"]"#);
            let items = pick(
                r#"[{"id":1,"quantity":2},{"id":2,"quantity":3}]"#,
                r#"[{"id":2,"quantity":3},{"id":1,"quantity":2.0}]"#,
                "items[*].quantity",
                r#"[{"id":2,"quantity":4},{"id":1,"quantity":2}]"#,
            );
            let missing = if is("missing") { "" } else { r#""missing":1,"# };
            let added = if is("added") { r#""added":1,"# } else { "" };
            let trace = if modern { "m" } else { "l" };
            let body = if is("code") {
                format!(r#"{{"code":8,"kind":"{kind}","message":"gone"}}"#)
            } else {
                format!(
                    r#"{{"code":0,"kind":"{kind}","price":{price},"weight":{weight},"at":"{at}","day":{day},"name":"{name}","reference":"{reference}","count":{count},"tags":{tags},"items":{items},{missing}{added}"trace":"{trace}{n}"}}"#
                )
            };
            let status = match (is("(status)"), modern) {
                (true, _) => 201,
                (false, true) => 203,
                (false, false) => 200,
            };
            let location = if is("(header location)") {
                "/other"
            } else {
                "/lots"
            };
            Answer::Say {
                status,
                headers: vec![
                    ("content-type", "application/json".to_owned()),
                    ("location", location.to_owned()),
                ],
                body: body.into(),
            }
        }
        route @ ("record" | "mapped") => {
            let code = if is("RETURN-CODE") {
                8
            } else {
                4 * (n / 10 % 2)
            };
            let pick = |right: &'static str,
                        allowed: &'static str,
                        field: &str,
                        bad: &'static str| {
                match (modern, is(field)) {
                    (_, true) => bad,
                    (true, false) => allowed,
                    (false, false) => right,
                }
            };
            let amount = pick("1234.57", "1234.56", "AMOUNT", "1234.55");
            let name = pick("MEIER", "MEIER", "CUSTOMER", "MAIER");
            let region = if modern { "NEW" } else { "OLD" };
            let quantity = if is("ITEM(*).QUANTITY") { 9 } else { 2 };
            let (first, second) = (("AAA", 1), ("BBB", quantity));
            let items = if modern {
                [second, first]
            } else {
                [first, second]
            };
            if route == "mapped" && modern {
                let day = pick("", "01.02.2026", "MADE-ON", "02.02.2026");
                let lines = items.map(|(part, quantity)| {
                    format!(r#"{{"part":"{part}","quantity":{quantity}}}"#)
                });
                return Answer::json(format!(
                    r#"{{"code":{code},"name":"{name}","region":"{region}","sum":{amount},"day":"{day}","lines":[{}]}}"#,
                    lines.join(",")
                ));
            }
            let day = pick("2026-01-31", "2026-02-01", "MADE-ON", "2026-02-02");
            let lines = items
                .map(|(part, quantity)| format!(r#"{{"PART":"{part}","QUANTITY":{quantity}}}"#));
            let json = format!(
                r#"{{"RETURN-CODE":{code},"CUSTOMER":"{name}","REGION":"{region}","AMOUNT":{amount},"MADE-ON":"{day}","ITEM":[{}]}}"#,
                lines.join(",")
            );
            match modern {
                true => Answer::json(json),
                false => Answer::bytes(record(&json)),
            }
        }
        "xml" => {
            let price = match (modern, is("reply.price")) {
                (_, true) => "12.52",
                (true, false) => "12.51",
                (false, false) => "12.50",
            };
            let name = if is("reply.name") { "b" } else { "a" };
            let space = if modern { "\n  " } else { "" };
            let body =
                format!("<reply>{space}<name>{name}</name>{space}<price>{price}</price></reply>");
            say("application/xml", body)
        }
        "text" => {
            let end = if modern { " \r\n" } else { "\n" };
            let second = if is("(line)") { "two, and more" } else { "two" };
            say("text/plain", format!("one{end}{second}{end}three{end}"))
        }
        _ => {
            let last = if is("(body)") { 1 } else { 0 };
            Answer::bytes(vec![9, 8, 7, last])
        }
    }
}

fn say(media: &str, body: String) -> Answer {
    Answer::Say {
        status: 200,
        headers: vec![("content-type", media.to_owned())],
        body: body.into(),
    }
}

fn record(json: &str) -> Vec<u8> {
    thread_local! {
        static LAYOUT: Arc<parsers::Layout> = layout();
    }
    LAYOUT.with(|layout| layout.read_json(json.as_bytes()).unwrap())
}

fn layout() -> Arc<parsers::Layout> {
    let copybook = parsers::Copybook::parse(parsers::CopybookText {
        file: "REPLY.cpy",
        text: COPYBOOK,
    })
    .unwrap();
    let meaning = parsers::Meaning::parse("REPLY.meaning.toml", MEANING).unwrap();
    parsers::Layout::compile(
        &copybook,
        Some(&meaning),
        &parsers::LayoutOptions::default(),
    )
    .unwrap()
}

/// Waits until so much was found of all routes.
async fn found(evidence: &Evidence, wanted: usize) {
    let mut findings = evidence.findings();
    let wanted = u64::try_from(wanted).unwrap();
    let done = tokio::time::timeout(PATIENCE, findings.wait_for(|found| *found >= wanted));
    done.await.expect("found in time").unwrap();
}

/// All requests through the gateway, on several connections, never faster than they are compared.
async fn ask_all(rig: &Rig) {
    const AT_ONCE: usize = 8;
    const LEG: usize = 400;
    let evidence = Arc::clone(rig.gateway().app().evidence());
    let mut clients = Vec::new();
    for _ in 0..AT_ONCE {
        clients.push(Client::connect(rig.address()).await.unwrap());
    }
    for leg in 0..REQUESTS / LEG {
        let mut under_way = tokio::task::JoinSet::new();
        for (index, mut client) in clients.drain(..).enumerate() {
            under_way.spawn(async move {
                for n in (leg * LEG + index..(leg + 1) * LEG).step_by(AT_ONCE) {
                    let target = format!("/{}/{n}", route(n));
                    let got = client.ask("GET", &target, &[], "").await.unwrap();
                    assert_eq!(got.status, 200, "{target}");
                }
                client
            });
        }
        clients = under_way.join_all().await;
        found(&evidence, (leg + 1) * LEG).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_differences_are_found_and_no_others() {
    let legacy = Stand::start(|asked| async move { answer(number(&asked), false) }).await;
    let modern = Stand::start(|asked| async move { answer(number(&asked), true) }).await;
    let files = [
        ("REPLY.cpy", COPYBOOK),
        ("REPLY.meaning.toml", MEANING),
        ("reply.mapping.toml", MAPPING),
    ];
    let text = routes(&legacy.url(), &modern.url());
    let mut rig = Rig::with(&text, &files).await.unwrap();
    ask_all(&rig).await;
    let report = rig.gateway().app().evidence().report(None);

    let mut wanted: BTreeMap<(String, String), u64> = BTreeMap::new();
    for n in 0..REQUESTS {
        if let Some(field) = planted(n) {
            *wanted
                .entry((route(n).to_owned(), field.to_owned()))
                .or_default() += 1;
        }
    }
    let mut seen = BTreeMap::new();
    for route in &report.routes {
        for field in route.fields.values() {
            assert_eq!(field.count, field.answers);
            seen.insert((route.route.to_string(), field.field.clone()), field.count);
        }
    }
    assert_eq!(seen, wanted, "{:?}", told(&report));
    let sum =
        |of: fn(&gateway::evidence::RouteReport) -> u64| report.routes.iter().map(of).sum::<u64>();
    assert_eq!(sum(|route| route.different), wanted.values().sum::<u64>());
    assert_eq!(sum(|route| route.compared), REQUESTS as u64);
    assert_eq!(
        sum(|route| route.errors + route.dropped + route.not_comparable),
        0
    );

    the_rare_variant(&report);
    // What the copybook marks as personal data is masked, also where both sides came by different ways.
    for name in ["record", "mapped"] {
        let route = report
            .routes
            .iter()
            .find(|route| &*route.route == name)
            .unwrap();
        let sample = &route.fields["CUSTOMER"].samples[0];
        assert!(
            sample.masked && !sample.text.contains("MAIER"),
            "{}",
            sample.text
        );
        let names: Vec<&str> = route
            .variants
            .iter()
            .map(|variant| variant.variant.as_str())
            .collect();
        assert_eq!(names, ["DONE", "WARNED"]);
    }
    rig.stop().await.unwrap();
}

/// Ten samples of ten thousand: lost in the match rate of the route, and plain in its own.
fn the_rare_variant(report: &Report) {
    let route = report
        .routes
        .iter()
        .find(|route| &*route.route == "json")
        .unwrap();
    assert!(route.match_rate.unwrap() > 0.95, "{:?}", route.match_rate);
    let of = |name: &str| {
        route
            .variants
            .iter()
            .find(|variant| variant.variant == name)
    };
    let rare = of("recall").unwrap();
    let times = (REQUESTS / RARE) as u64;
    assert_eq!((rare.samples, rare.different), (times, times));
    assert_eq!(
        (rare.match_rate, rare.match_at_least),
        (Some(0.0), Some(0.0))
    );
    assert_eq!(rare.fields.len(), 1);
    assert_eq!(
        (&*rare.fields[0].field.field, rare.fields[0].match_rate),
        ("price", Some(0.0))
    );
    assert!(rare.first_seen <= rare.last_seen && rare.first_seen.is_some());
    let standard = of("standard").unwrap();
    assert_eq!(
        standard.samples + rare.samples,
        route.equal + route.different
    );
    assert!(standard.match_at_least > Some(0.94) && standard.match_at_least < standard.match_rate);
}

fn told(report: &Report) -> Vec<String> {
    let routes = report.routes.iter();
    routes
        .flat_map(|route| route.fields.values())
        .flat_map(|field| field.samples.front())
        .map(|sample| sample.text.clone())
        .collect()
}
