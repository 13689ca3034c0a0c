//! Whom a request is for.

use crate::case::{Case, h1};

const HOST: &str = "RFC 9112 3.2";
const VALUE: &str = "RFC 9110 7.2";

pub(crate) fn cases() -> Vec<Case> {
    let bad = |name: &str, value: &str| {
        h1(VALUE, format!("{name} for a Host"))
            .refused(&format!("GET / HTTP/1.1|Host: {value}||"), 400)
    };
    let good = |name: &str, value: &str| {
        let request = format!("GET / HTTP/1.1|Host: {value}||");
        h1(VALUE, format!("{name} for a Host"))
            .client(&request)
            .sees(&request)
            .answered()
    };
    let mut cases = vec![
        h1(HOST, "no Host").refused("GET / HTTP/1.1||", 400),
        h1(HOST, "no Host beside an absolute target").refused("GET http://a/ HTTP/1.1||", 400),
        h1(HOST, "two Hosts").refused("GET / HTTP/1.1|Host: a|Host: b||", 400),
        h1(HOST, "the same Host twice").refused("GET / HTTP/1.1|Host: a|Host: a||", 400),
        h1(HOST, "two Hosts in HTTP/1.0").refused("GET / HTTP/1.0|Host: a|Host: b||", 400),
        h1(HOST, "two Hosts beside an absolute target")
            .refused("GET http://a/ HTTP/1.1|Host: a|HOST: b||", 400),
        h1(HOST, "a Host that is only nominated away")
            .client("GET / HTTP/1.1|Host: a|Connection: host||")
            .sees("GET / HTTP/1.1|Host: a||")
            .answered(),
        h1(HOST, "a bad Host beside an absolute target")
            .refused("GET http://a/ HTTP/1.1|Host: b/c||", 400),
        h1("RFC 9110 4.2.1", "an empty Host").refused("GET / HTTP/1.1|Host:||", 400),
        h1(HOST, "no Host in HTTP/1.0")
            .client("GET / HTTP/1.0||")
            .sees_any()
            .answered()
            .closed(),
    ];
    for (name, value) in [
        ("two names", "a, b"),
        ("a name with a space", "a b"),
        ("a path", "a/b"),
        ("a query", "a?b"),
        ("a fragment", "a#b"),
        ("a user", "u@a"),
        ("a URL", "http://a"),
        ("a port of letters", "a:x"),
        ("a port with a sign", "a:+80"),
        ("a port out of range", "a:99999"),
        ("two ports", "a:80:80"),
        ("a port alone", ":80"),
        ("an IPv6 address without brackets", "::1"),
        ("an IPv6 address that does not end", "[::1"),
        ("an IPv6 address with more behind it", "[::1]x"),
        ("brackets around no address", "[a]"),
        ("a backslash", "a\\b"),
        ("an escape that is none", "a%zz"),
        ("a byte above ASCII", "\u{e4}"),
        ("angle brackets", "<a>"),
        ("a quote", "\"a\""),
    ] {
        cases.push(bad(name, value));
    }
    for (name, value) in [
        ("a name with a port", "a.example:8080"),
        ("an IPv4 address", "127.0.0.1:80"),
        ("an IPv6 address", "[2001:db8::1]:8080"),
        ("a name with an underscore", "my_host"),
        ("a name with a dot at the end", "a.example."),
        ("a name with capitals", "A.Example"),
    ] {
        cases.push(good(name, value));
    }
    cases
}
