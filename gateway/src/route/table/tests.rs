//! Which route a request takes: the rules of the Kubernetes Gateway API's `HTTPRouteRule.matches` and `hostnames`, and
//! the agreement of [`select`] with [`explain`].

use std::path::Path;

use http::Request;
use jiff::Timestamp;
use ops::config::{Faults, Source};
use proptest::prelude::*;

use super::*;
use crate::config::Resolved;
use crate::message::{ClientCertificate, Peer, TlsPeer};
use crate::route::explain::{Verdict, explain};

/// A table of routes `a`, `b`, `c`… with these matches, each the inside of an inline table.
fn table(matches: &[&str]) -> Arc<Table> {
    resolve(matches).unwrap()
}

fn resolve(matches: &[&str]) -> Result<Arc<Table>, Faults> {
    let names = (b'a'..=b'z').map(|letter| char::from(letter).to_string());
    let more = (0..).map(|number| format!("r{number}"));
    let routes = matches.iter().zip(names.chain(more)).map(|(rule, name)| {
        format!("[[routes]]\nname = \"{name}\"\nmatch = {{ {rule} }}\nlegacy = \"erp\"\n")
    });
    let text = format!(
        "version = 1\n[backends.erp]\nhttp = \"http://erp\"\n{}",
        routes.collect::<String>()
    );
    let source = Source::new("routes.toml", text);
    Resolved::of(&source, Path::new("routes.toml")).map(|resolved| resolved.table)
}

/// `GET http://host/path name:value …` as the head of a request.
fn head(line: &str) -> Parts {
    let mut words = line.split(' ');
    let mut request = Request::builder()
        .method(words.next().unwrap())
        .uri(words.next().unwrap());
    for word in words {
        let (name, value) = word.split_once(':').unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

/// A request that nothing but its head is known of, long ago.
fn asked(parts: &Parts) -> Asked<'_> {
    Asked::new(parts, None, Timestamp::UNIX_EPOCH)
}

/// The route a request takes, with its parameters; `-` for none. What explains it must agree.
fn taken(table: &Table, line: &str) -> String {
    taken_by(table, &asked(&head(line)))
}

fn taken_by(table: &Table, asked: &Asked<'_>) -> String {
    let explained = explain(table, asked)
        .taken()
        .map(|one| Arc::clone(one.entry.name()));
    let (name, params) = match select(table, asked) {
        Ok(Choice::Route(Selected { route, params, .. })) => {
            (Some(Arc::clone(&route.name)), params)
        }
        Ok(Choice::Fixed { fixed, params }) => (Some(Arc::clone(&fixed.name)), params),
        Ok(other) => panic!("no rule wants a body: {other:?}"),
        Err(NoRoute) => (None, PathParams::default()),
    };
    assert_eq!(name, explained, "{}", asked.parts.uri);
    let params: Vec<String> = params
        .names()
        .map(|name| format!(" {name}={}", params.raw(name).unwrap()))
        .collect();
    format!("{}{}", name.as_deref().unwrap_or("-"), params.concat())
}

#[test]
fn an_exact_path_comes_before_a_prefix_and_a_longer_prefix_before_a_shorter() {
    let table = table(&[
        r#"path = "/{*rest}""#,
        r#"path = "/lots/{*rest}""#,
        r#"path = "/lots/{lot}""#,
        r#"path = "/lots/all""#,
        r#"path = "/lots/{lot}/usage""#,
        r#"path = "/{entity}/L1/usage""#,
    ]);
    for (line, route) in [
        ("GET /lots/all", "d"),
        ("GET /lots/L1", "c lot=L1"),
        ("GET /lots/L1/usage", "e lot=L1"),
        ("GET /orders/L1/usage", "f entity=orders"),
        ("GET /lots/L1/parts", "b rest=L1/parts"),
        ("GET /lots/", "b rest="),
        ("GET /lots", "a rest=lots"),
        ("GET /", "a rest="),
        ("GET /lots//usage", "b rest=/usage"),
    ] {
        assert_eq!(taken(&table, line), route, "{line}");
    }
}

#[test]
fn then_a_method_then_more_headers_then_more_query_parameters_then_the_first_written() {
    let table = table(&[
        r#"path = "/x""#,
        r#"path = "/x", query = { a = "1", b = "2" }"#,
        r#"path = "/x", headers = { x-a = "1" }"#,
        r#"path = "/x", headers = { x-b = "1" }"#,
        r#"path = "/x", headers = { x-a = "1", x-b = "1" }"#,
        r#"path = "/x", method = "GET""#,
        r#"path = "/x", query = { a = "1" }"#,
    ]);
    for (line, route) in [
        ("PUT /x", "a"),
        ("PUT /x?a=1", "g"),
        ("PUT /x?b=2&a=1", "b"),
        ("PUT /x?b=2&a=1 x-a:1", "c"),
        ("PUT /x x-b:1", "d"),
        ("PUT /x x-a:1 x-b:1", "e"),
        ("GET /x?b=2&a=1 x-a:1 x-b:1", "f"),
        // Neither has more headers than the other.
        ("PUT /x x-b:1 x-a:2", "d"),
    ] {
        assert_eq!(taken(&table, line), route, "{line}");
    }
    let twins = self::table(&[
        r#"path = "/x", headers = { x-b = "1" }"#,
        r#"path = "/x", headers = { x-a = "1" }"#,
    ]);
    assert_eq!(taken(&twins, "GET /x x-a:1 x-b:1"), "a");
}

#[test]
fn a_host_comes_before_everything_and_an_exact_one_before_a_wildcard() {
    let table = table(&[
        r#"path = "/x""#,
        r#"host = "*.example.com", path = "/{*rest}""#,
        r#"host = "*.eu.example.com", path = "/{*rest}""#,
        r#"host = "ERP.eu.example.com", path = "/{*rest}""#,
    ]);
    for (line, route) in [
        ("GET /x", "a"),
        ("GET /x host:other.com", "a"),
        ("GET /x host:example.com", "a"),
        ("GET /x host:a.example.com", "b rest=x"),
        ("GET /x host:a.b.example.com:8080", "b rest=x"),
        ("GET /x host:a.EU.example.com", "c rest=x"),
        ("GET /x host:erp.eu.Example.com.:80", "d rest=x"),
        ("GET /y host:badexample.com", "-"),
        // The target's authority wins over the header.
        ("GET http://erp.eu.example.com/x host:other.com", "d rest=x"),
    ] {
        assert_eq!(taken(&table, line), route, "{line}");
    }
}

#[test]
fn a_more_exact_path_that_fails_on_the_head_leaves_the_request_to_others() {
    let table = table(&[
        r#"path = "/lots/{lot}""#,
        r#"path = "/lots/all", method = "POST""#,
        r#"path = "/lots/{lot}", headers = { x-tran = "LOTI" }"#,
    ]);
    assert_eq!(taken(&table, "GET /lots/all"), "a lot=all");
    assert_eq!(taken(&table, "POST /lots/all"), "b");
    assert_eq!(taken(&table, "GET /lots/1 x-tran:LOTI"), "c lot=1");
    // Any of several values counts.
    assert_eq!(taken(&table, "GET /lots/1 x-tran:A x-tran:LOTI"), "c lot=1");
}

#[test]
fn paths_and_queries_are_read_as_they_are_meant() {
    let table = table(&[
        r#"path = "/a%20b%20c/{x}""#,
        r#"path = "/q", query = { "a b" = "c&d" }"#,
        r#"path = "/caf%C3%A9""#,
    ]);
    for (line, route) in [
        ("GET /a%20b%20c/1", "a x=1"),
        ("GET /%61%20b%20c/a%2Fb", "a x=a%2Fb"),
        ("GET /q?a+b=c%26d", "b"),
        ("GET /q?x=1&a%20b=c%26d&y", "b"),
        ("GET /q?a+b=c", "-"),
        ("GET /caf%c3%a9", "c"),
        ("OPTIONS *", "-"),
    ] {
        assert_eq!(taken(&table, line), route, "{line}");
    }
}

#[test]
fn a_path_with_dots_takes_no_route() {
    let table = table(&[
        r#"path = "/{*rest}""#,
        r#"path = "/cics/{tran}""#,
        r#"path = "/cics/{tran}/x""#,
    ]);
    for path in [
        "/cics/..",
        "/cics/../x",
        "/a/./b",
        "/cics/%2E%2e/x",
        "/a/%2e",
        "/..",
        // What others than we read as such: parameters taken off, another slash, a slash that was encoded.
        "/cics/..;/x",
        "/cics/..;a=b/x",
        "/cics/%2e.;/x",
        "/cics/..%2fx",
        "/cics/a%2F..%2Fx",
        "/cics/..\\x",
        "/cics/..%5cx",
        "/cics/.%5C",
        // Blanks, which some take off, and a NUL, which ends a name for others.
        "/cics/..%20/x",
        "/cics/%20../x",
        "/cics/.%20./x",
        "/cics/..%20./x",
        "/cics/..%09",
        "/cics/..%00/x",
        "/cics/..%00a/x",
        "/cics/..%20;a/x",
    ] {
        assert_eq!(taken(&table, &format!("GET {path}")), "-", "{path}");
    }
    assert_eq!(taken(&table, "GET /cics/..."), "b tran=...");
    assert_eq!(taken(&table, "GET /cics/%20"), "b tran=%20");
    assert_eq!(taken(&table, "GET /cics/.%20a"), "b tran=.%20a");
    assert_eq!(taken(&table, "GET /cics/..a/x"), "c tran=..a");
    assert_eq!(taken(&table, "GET /cics/a..;b/x"), "c tran=a..;b");
    assert_eq!(taken(&table, "GET /cics/a%2Fb.c"), "b tran=a%2Fb.c");
}

#[test]
fn an_expression_comes_between_text_and_parameters_and_a_prefix_last() {
    let table = table(&[
        r#"path = { prefix = "/lots" }"#,
        r#"path = "/lots/{lot}""#,
        r#"path = { regex = "/lots/(?<number>[0-9]+)" }"#,
        r#"path = "/lots/7""#,
        r#"path = { prefix = "/" }"#,
        r#"path = { regex = ".*/secret" }"#,
        r#"path = { prefix = "/lots/{lot}/usage" }"#,
    ]);
    for (line, route) in [
        ("GET /lots/7", "d"),
        ("GET /lots/70", "c number=70"),
        ("GET /lots/%37%30", "c number=70"),
        ("GET /lots/L1", "b lot=L1"),
        ("GET /lots", "a below="),
        ("GET /lots/", "a below=/"),
        ("GET /lots/a/b", "a below=/a/b"),
        ("GET /lots/a/usage", "g lot=a below="),
        ("GET /lots/a/usage/1", "g lot=a below=/1"),
        ("GET /x/secret", "f"),
        ("GET /lots/x/secret", "a below=/x/secret"),
        ("GET /lotsa", "e below=/lotsa"),
        ("GET /", "e below=/"),
        ("OPTIONS *", "e below=/"),
        ("GET /lots/../x", "-"),
    ] {
        assert_eq!(taken(&table, line), route, "{line}");
    }
}

#[test]
fn texts_are_wanted_whole_in_part_by_expression_or_at_all() {
    let table = table(&[
        r#"path = "/x", headers = { x-a = { prefix = "LOT" } }"#,
        r#"path = "/x", headers = { x-b = { regex = "L[0-9]+" } }"#,
        r#"path = "/x", query = { debug = { present = true } }"#,
        r#"path = "/x", cookies = { seat = "12" }"#,
        r#"path = "/x", cookies = { seat = { present = false } }"#,
        r#"path = "/y", method = ["GET", "HEAD"]"#,
    ]);
    for (line, route) in [
        ("GET /x x-a:LOTI", "a"),
        ("GET /x x-a:LO cookie:seat=1", "-"),
        ("GET /x x-b:L12", "b"),
        ("GET /x x-b:XL12 cookie:seat=1", "-"),
        ("GET /x?debug cookie:seat=12", "c"),
        ("GET /x cookie:a=1;seat=12", "d"),
        ("GET /x cookie:a=1 cookie:seat=12", "d"),
        ("GET /x cookie:seat=1", "-"),
        ("GET /x", "e"),
        ("HEAD /y", "f"),
        ("POST /y", "-"),
    ] {
        assert_eq!(taken(&table, line), route, "{line}");
    }
}

#[test]
fn a_priority_comes_before_everything() {
    let table = table(&[
        r#"path = "/x", host = "h.com", method = "GET""#,
        r#"path = { prefix = "/" }, priority = 1"#,
        r#"path = { prefix = "/" }, priority = 2, headers = { x-a = "1" }"#,
        r#"path = "/x", priority = -1, method = "GET", headers = { x-a = "1", x-b = "1" }"#,
    ]);
    assert_eq!(taken(&table, "GET /x host:h.com"), "b below=/x");
    assert_eq!(taken(&table, "GET /x host:h.com x-a:1 x-b:1"), "c below=/x");
}

#[test]
fn who_asks_and_when_decide_too() {
    let text = r#"
version = 1
[backends.erp]
http = "http://erp"
[calendars.day]
zone = "Europe/Berlin"
open = ["mon-fri 06:00-22:00"]
[[routes]]
name = "inside"
match = { path = "/x", priority = 1, client = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"] }
legacy = "erp"
[[routes]]
name = "partner"
match = { path = "/x", tls = { name = "partner.example", subject = { prefix = "CN=partner" } } }
legacy = "erp"
[[routes]]
name = "named"
match = { path = "/x", tls = { server_name = "Erp.example.com", certificate = false } }
legacy = "erp"
[[routes]]
name = "night"
match = { path = "/x", tls = false, time = { outside = "day" } }
answer = { status = 503, text = "closed" }
[[routes]]
name = "day"
match = { path = "/x", tls = false, time = "day" }
redirect = "/y"
"#;
    let source = Source::new("routes.toml", text);
    let table = Resolved::of(&source, Path::new("routes.toml"))
        .unwrap()
        .table;
    let (day, night) = ("2026-11-20T12:00:00Z", "2026-11-20T23:00:00Z");
    let parts = head("GET /x");
    let take = |address: &str, tls: Option<TlsPeer>, at: &str| {
        let address = std::net::SocketAddr::new(address.parse().unwrap(), 1);
        let peer = Peer {
            address,
            local: address,
            tls,
        };
        taken_by(
            &table,
            &Asked::new(&parts, Some(&peer), at.parse::<Timestamp>().unwrap()),
        )
    };
    let tls = |name: &str, certificate: Option<(&str, &str)>| {
        Some(TlsPeer {
            server_name: Some(name.into()),
            version: "TLSv1.3",
            alpn: None,
            certificate: certificate.map(|(subject, name)| ClientCertificate {
                subject: subject.to_owned(),
                names: vec!["other.example".to_owned(), name.to_owned()],
                fingerprint: [7; 32],
                serial: "1".to_owned(),
                der: bytes::Bytes::new(),
            }),
        })
    };
    assert_eq!(take("10.1.2.3", None, day), "inside");
    assert_eq!(take("::ffff:10.1.2.3", None, day), "inside");
    assert_eq!(take("fd00::1", None, day), "inside");
    assert_eq!(take("192.0.2.7", None, day), "inside");
    assert_eq!(take("192.0.2.8", None, day), "day");
    assert_eq!(take("192.0.2.8", None, night), "night");
    assert_eq!(
        take(
            "192.0.2.8",
            tls("a.b", Some(("CN=partner,O=P", "partner.example"))),
            day
        ),
        "partner"
    );
    assert_eq!(
        take(
            "192.0.2.8",
            tls("a.b", Some(("CN=other", "partner.example"))),
            day
        ),
        "-"
    );
    assert_eq!(
        take("192.0.2.8", tls("erp.example.com", None), day),
        "named"
    );
    assert_eq!(take("192.0.2.8", tls("a.b", None), day), "-");
    assert_eq!(
        taken_by(
            &table,
            &Asked::new(&parts, None, day.parse::<Timestamp>().unwrap())
        ),
        "day"
    );
}

#[test]
fn many_routes_of_one_path_are_looked_up_by_the_value_that_tells_them_apart() {
    let mut rules: Vec<String> = (0..300)
        .map(|number| {
            format!(r#"path = "/x", headers = {{ x-all = "same", x-tran = "T{number}" }}"#)
        })
        .collect();
    rules
        .extend((0..300).map(|number| format!(r#"path = "/x", query = {{ tran = "T{number}" }}"#)));
    rules.extend(
        (0..300).map(|number| format!(r#"path = "/x", cookies = {{ tran = "T{number}" }}"#)),
    );
    rules.push(r#"path = "/x", method = "PUT""#.to_owned());
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let table = table(&rules);
    let name = |number: usize| format!("r{}", number - 26);
    assert_eq!(taken(&table, "GET /x x-all:same x-tran:T299"), name(299));
    assert_eq!(taken(&table, "GET /x x-tran:T299"), "-");
    assert_eq!(taken(&table, "GET /x?tran=T7"), name(307));
    assert_eq!(taken(&table, "GET /x?tran=T7 x-all:same x-tran:T0"), "a");
    assert_eq!(taken(&table, "GET /x cookie:tran=T8"), name(608));
    assert_eq!(taken(&table, "PUT /x cookie:tran=T8"), name(900));
    assert_eq!(taken(&table, "GET /x"), "-");
}

#[test]
fn explaining_names_what_each_route_wants() {
    let table = table(&[
        r#"path = "/{*rest}""#,
        r#"host = "erp.example.com", path = "/x""#,
        r#"path = "/x", method = "POST""#,
        r#"path = "/x", headers = { x-tran = "LOTI" }"#,
        r#"path = "/x", query = { page = "1" }"#,
        r#"path = "/y""#,
        r#"path = "/x""#,
    ]);
    let parts = head("GET /x?page=2 x-tran:SECRET");
    let asked = asked(&parts);
    let explained: Vec<String> = explain(&table, &asked)
        .considered
        .iter()
        .map(|one| format!("{}: {}", one.entry.name(), one.reason(&asked)))
        .collect();
    assert_eq!(
        explained,
        [
            "b: the host is not erp.example.com",
            "c: the method is not POST",
            "d: the header x-tran is not LOTI",
            "e: the query parameter page is not 1",
            "f: the path is not /y",
            "g: matches, and is tried first",
            "a: matches too, but another is tried before it",
        ]
    );
}

/// A path as the file writes it: a template, a prefix, an expression.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![4 => Just("a"), 1 => Just("b"), 4 => Just("{1}"), 1 => Just("")];
    let template = (
        prop::collection::vec(segment, 1..3),
        prop::option::of(Just("{*rest}")),
    )
        .prop_map(|(segments, rest)| {
            let mut path: Vec<String> = Vec::new();
            for (place, segment) in segments.into_iter().chain(rest).enumerate() {
                // A name stands once in a path.
                path.push(segment.replace(['1', '2'], &format!("p{place}")));
            }
            format!("\"/{}\"", path.join("/"))
        });
    prop_oneof![
        6 => template,
        2 => "(/[ab]){0,2}/?".prop_map(|text| format!("{{ prefix = \"/{}\" }}", text.trim_start_matches('/'))),
        2 => "/(a/)?(\\[ab\\]|\\(\\?<x>\\.\\*\\)|a\\.\\*|a\\|b)".prop_map(|text| format!("{{ regex = '{text}' }}")),
    ]
}

/// What a text must be, as the file writes it.
fn text() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        5 => Just("\"1\""),
        3 => Just("\"2\""),
        1 => Just("{ prefix = \"1\" }"),
        1 => Just("{ regex = \"[12]+\" }"),
        1 => Just("{ present = true }"),
        1 => Just("{ present = false }"),
    ]
}

/// A rule out of few words, so that rules and requests often meet.
fn rule() -> impl Strategy<Value = String> {
    (
        path(),
        prop::option::of(prop_oneof![Just("h.com"), Just("*.com"), Just("*.h.com")]),
        prop::option::of(prop_oneof![
            Just("\"GET\""),
            Just("\"PUT\""),
            Just("[\"GET\", \"POST\"]")
        ]),
        prop::collection::btree_map(prop_oneof![Just("x-a"), Just("x-b")], text(), 0..2),
        prop::collection::btree_map(prop_oneof![Just("p"), Just("q")], text(), 0..2),
        prop::collection::btree_map(Just("seat"), text(), 0..2),
        prop::option::weighted(0.1, -1..2i32),
    )
        .prop_map(|(path, host, method, headers, query, cookies, priority)| {
            let mut out = format!("path = {path}");
            if let Some(host) = host {
                out += &format!(", host = \"{host}\"");
            }
            if let Some(method) = method {
                out += &format!(", method = {method}");
            }
            if let Some(priority) = priority {
                out += &format!(", priority = {priority}");
            }
            for (what, pairs) in [("headers", headers), ("query", query), ("cookies", cookies)] {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(name, value)| format!("{name} = {value}"))
                    .collect();
                out += &format!(", {what} = {{ {} }}", pairs.join(", "));
            }
            out
        })
}

fn request() -> impl Strategy<Value = String> {
    (
        prop_oneof![Just("GET"), Just("PUT"), Just("POST")],
        prop_oneof![6 => "(/a){1,3}", 2 => "(/(a|b|c|%61|\\.\\.|)){1,4}"],
        prop::collection::vec("[pq]=[11112]", 0..3),
        prop::option::of(prop_oneof![
            Just("h.com"),
            Just("x.h.com"),
            Just("COM"),
            Just("y.com:80")
        ]),
        prop::collection::vec("x-[ab]:[11112]|cookie:seat=[12]", 0..3),
    )
        .prop_map(|(method, path, query, host, headers)| {
            let mut line = format!("{method} {path}?{}", query.join("&"));
            for header in host
                .map(|host| format!("host:{host}"))
                .into_iter()
                .chain(headers)
            {
                line += " ";
                line += &header;
            }
            line
        })
}

proptest! {
    /// The tree and the rules read one by one take the same route, which no other matching one comes before.
    #[test]
    fn select_and_explain_agree(
        rules in prop::collection::vec(rule(), 1..40),
        requests in prop::collection::vec(request(), 1..8),
    ) {
        let mut kept: Vec<String> = Vec::new();
        for rule in rules {
            // The resolver refuses the second of two that match the same.
            let with: Vec<&str> = kept.iter().map(String::as_str).chain([rule.as_str()]).collect();
            if resolve(&with).is_ok() {
                kept.push(rule);
            }
        }
        let table = table(&kept.iter().map(String::as_str).collect::<Vec<_>>());
        for line in requests {
            taken(&table, &line);
            let parts = head(&line);
            let explained = explain(&table, &asked(&parts));
            let matching = |verdict| matches!(verdict, Verdict::Taken | Verdict::Later);
            let all = explained.considered.iter().filter(|one| matching(one.verdict));
            if let Some(best) = explained.taken() {
                for other in all {
                    prop_assert!(best.entry.rule.precedence(&other.entry.rule).is_le());
                }
            }
        }
    }
}
