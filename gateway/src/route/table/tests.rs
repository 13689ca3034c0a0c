//! Which route a request takes: the rules of the Kubernetes Gateway API's `HTTPRouteRule.matches` and `hostnames`, and
//! the agreement of [`select`] with [`explain`].

use std::path::Path;

use http::Request;
use ops::config::{Faults, Source};
use proptest::prelude::*;

use super::*;
use crate::config::Resolved;
use crate::route::explain::{Verdict, explain};

/// A table of routes `a`, `b`, `c`… with these matches, each the inside of an inline table.
fn table(matches: &[&str]) -> Arc<Table> {
    resolve(matches).unwrap()
}

fn resolve(matches: &[&str]) -> Result<Arc<Table>, Faults> {
    let routes = matches.iter().zip(b'a'..).map(|(rule, name)| {
        let name = char::from(name);
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

/// The route a request takes, with its parameters; `-` for none. What explains it must agree.
fn taken(table: &Table, line: &str) -> String {
    let parts = head(line);
    let selected = select(table, &parts);
    let explained = explain(table, &parts)
        .taken()
        .map(|one| Arc::clone(&one.route.name));
    assert_eq!(
        selected
            .as_ref()
            .ok()
            .map(|one| Arc::clone(&one.route.name)),
        explained,
        "{line}"
    );
    match selected {
        Ok(selected) => {
            let params: Vec<String> = selected
                .params
                .names()
                .map(|name| format!(" {name}={}", selected.params.raw(name).unwrap()))
                .collect();
            format!("{}{}", selected.route.name, params.concat())
        }
        Err(NoRoute) => "-".to_owned(),
    }
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
    ] {
        assert_eq!(taken(&table, &format!("GET {path}")), "-", "{path}");
    }
    assert_eq!(taken(&table, "GET /cics/..."), "b tran=...");
    assert_eq!(taken(&table, "GET /cics/..a/x"), "c tran=..a");
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
    let explained: Vec<String> = explain(&table, &parts)
        .considered
        .iter()
        .map(|one| format!("{}: {}", one.route.name, one.reason()))
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

/// A rule out of few words, so that rules and requests often meet.
fn rule() -> impl Strategy<Value = String> {
    let segment = prop_oneof![4 => Just("a"), 1 => Just("b"), 4 => Just("{1}"), 1 => Just("")];
    (
        prop::collection::vec(segment, 1..3),
        prop::option::of(Just("{*rest}")),
        prop::option::of(prop_oneof![Just("h.com"), Just("*.com"), Just("*.h.com")]),
        prop::option::of(prop_oneof![Just("GET"), Just("PUT")]),
        prop::collection::btree_map(prop_oneof![Just("x-a"), Just("x-b")], "1", 0..2),
        prop::collection::btree_map(prop_oneof![Just("p"), Just("q")], "1", 0..2),
    )
        .prop_map(|(segments, rest, host, method, headers, query)| {
            let mut path: Vec<String> = Vec::new();
            for (place, segment) in segments.into_iter().chain(rest).enumerate() {
                // A name stands once in a path.
                path.push(segment.replace(['1', '2'], &format!("p{place}")));
            }
            let mut out = format!("path = \"/{}\"", path.join("/"));
            if let Some(host) = host {
                out += &format!(", host = \"{host}\"");
            }
            if let Some(method) = method {
                out += &format!(", method = \"{method}\"");
            }
            for (what, pairs) in [("headers", headers), ("query", query)] {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(name, value)| format!("{name} = \"{value}\""))
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
        prop::collection::vec("x-[ab]:[11112]", 0..3),
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
        rules in prop::collection::vec(rule(), 1..12),
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
            let explained = explain(&table, &parts);
            let matching = |verdict| matches!(verdict, Verdict::Taken | Verdict::Later);
            let all = explained.considered.iter().filter(|one| matching(one.verdict));
            if let Some(best) = explained.taken() {
                for other in all {
                    prop_assert!(best.rule.precedence(other.rule).is_le());
                }
            }
        }
    }
}
