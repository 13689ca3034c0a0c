//! Requests over HTTP/2 and what becomes of them in HTTP/1.1: pseudo fields, names and values that must not come through.

use crate::case::{Case, OK, Wants, h2};
use crate::h2::frame::*;

const FIELDS: &str = "RFC 9113 8.2.1";
const NEIGHBOURS: &str = "RFC 9113 8.2.2";
const PSEUDO: &str = "RFC 9113 8.3";
const REQUEST: &str = "RFC 9113 8.3.1";

/// Malformed (RFC 9113 section 8.1.1): refused, and the origin never hears of it.
fn bad(section: &'static str, name: impl Into<String>, fields: &[(&str, &str)]) -> Case {
    h2(section, name)
        .bytes(headers(1, END_STREAM, fields))
        .wants(1, Wants::Refused(&[PROTOCOL], &[400]))
        .unseen()
}

fn with(section: &'static str, name: impl Into<String>, field: (&str, &str)) -> Case {
    bad(section, name, &[&GET[..], &[field]].concat())
}

fn good(section: &'static str, name: &str, fields: &[(&str, &str)], head: &str) -> Case {
    h2(section, name)
        .bytes(headers(1, END_STREAM, fields))
        .sees(head)
        .origin(OK)
        .wants(1, Wants::Status(200))
        .wants(1, Wants::Body(b"ok".to_vec()))
}

#[allow(clippy::too_many_lines, reason = "one list")]
pub(crate) fn cases() -> Vec<Case> {
    let [method, scheme, path, authority] = GET;
    let mut cases = vec![
        with(PSEUDO, "a pseudo field that there is not", (":x", "y")),
        with(PSEUDO, "a pseudo field of answers", (":status", "200")),
        with(PSEUDO, "a method twice", (":method", "GET")),
        with(PSEUDO, "a path twice", (":path", "/admin")),
        with(PSEUDO, "an authority twice", (":authority", "b")),
        with(PSEUDO, "a scheme twice", (":scheme", "http")),
        bad(
            PSEUDO,
            "a pseudo field behind a field",
            &[method, scheme, ("x", "y"), path, authority],
        ),
        bad(REQUEST, "no method", &[scheme, path, authority]),
        bad(REQUEST, "no scheme", &[method, path, authority]),
        bad(REQUEST, "no path", &[method, scheme, authority]),
        bad(REQUEST, "no authority and no Host", &[method, scheme, path]),
        bad(
            REQUEST,
            "an empty path",
            &[method, scheme, (":path", ""), authority],
        ),
        bad(
            REQUEST,
            "a path that begins with no slash",
            &[method, scheme, (":path", "a"), authority],
        ),
        bad(
            REQUEST,
            "a path with a space, which would end it",
            &[method, scheme, (":path", "/ HTTP/1.1"), authority],
        ),
        bad(
            REQUEST,
            "a path with CR LF",
            &[
                method,
                scheme,
                (":path", "/ HTTP/1.1\r\nHost: b\r\n\r\nGET /admin"),
                authority,
            ],
        ),
        bad(
            REQUEST,
            "a path with a null",
            &[method, scheme, (":path", "/\0"), authority],
        ),
        bad(
            REQUEST,
            "a path with a tab",
            &[method, scheme, (":path", "/a\tb"), authority],
        ),
        bad(
            REQUEST,
            "a path that is a URL",
            &[method, scheme, (":path", "http://b/"), authority],
        ),
        bad(
            REQUEST,
            "an asterisk for a GET",
            &[method, scheme, (":path", "*"), authority],
        ),
        bad(
            REQUEST,
            "a method with a space",
            &[(":method", "GET / HTTP/1.1"), scheme, path, authority],
        ),
        bad(
            REQUEST,
            "a method with CR LF",
            &[
                (":method", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"),
                scheme,
                path,
                authority,
            ],
        ),
        bad(
            REQUEST,
            "an empty method",
            &[(":method", ""), scheme, path, authority],
        ),
        bad(
            REQUEST,
            "a scheme with a URL in it",
            &[method, (":scheme", "http://b/?"), path, authority],
        ),
        bad(
            REQUEST,
            "a scheme with CR LF",
            &[method, (":scheme", "http\r\nX: y"), path, authority],
        ),
        bad(
            REQUEST,
            "an authority with a user",
            &[method, scheme, path, (":authority", "u@a")],
        ),
        bad(
            REQUEST,
            "an authority with a path",
            &[method, scheme, path, (":authority", "a/b")],
        ),
        bad(
            REQUEST,
            "an authority with a space",
            &[method, scheme, path, (":authority", "a b")],
        ),
        bad(
            REQUEST,
            "an authority with CR LF",
            &[method, scheme, path, (":authority", "a\r\nX: y")],
        ),
        bad(
            REQUEST,
            "an authority with a port that is none",
            &[method, scheme, path, (":authority", "a:b")],
        ),
        bad(
            REQUEST,
            "an empty authority",
            &[method, scheme, path, (":authority", "")],
        ),
        with(
            REQUEST,
            "a Host that differs from the authority",
            ("host", "b"),
        ),
        bad(
            REQUEST,
            "two Hosts",
            &[method, scheme, path, ("host", "a"), ("host", "a")],
        ),
        bad(
            REQUEST,
            "two Hosts beside an authority",
            &[
                method,
                scheme,
                path,
                authority,
                ("host", "a"),
                ("host", "a"),
            ],
        ),
        bad(
            "RFC 9113 8.5",
            "CONNECT with a path",
            &[(":method", "CONNECT"), path, authority],
        ),
        h2("RFC 9113 8.5", "CONNECT without an authority")
            .bytes(headers(1, END_STREAM, &[(":method", "CONNECT")]))
            .wants(1, Wants::Refused(&[PROTOCOL], &[400, 501]))
            .unseen(),
        good(
            REQUEST,
            "a fragment is cut off before anybody looks at it",
            &[method, scheme, (":path", "/a#b"), authority],
            "GET /a HTTP/1.1|host: a||",
        ),
        h2("RFC 9113 8.5", "a CONNECT that nobody takes")
            .bytes(headers(
                1,
                END_STREAM,
                &[(":method", "CONNECT"), (":authority", "a:443")],
            ))
            .wants(1, Wants::Refused(&[PROTOCOL], &[400, 405, 501]))
            .unseen(),
        good(
            REQUEST,
            "the authority becomes Host, the first field",
            &[method, scheme, path, authority, ("x", "y")],
            "GET / HTTP/1.1|host: a|x: y||",
        ),
        good(
            REQUEST,
            "Host without an authority",
            &[method, scheme, path, ("host", "a")],
            "GET / HTTP/1.1|host: a||",
        ),
        good(
            REQUEST,
            "Host beside the same authority",
            &[method, scheme, path, authority, ("host", "a")],
            "GET / HTTP/1.1|host: a||",
        ),
        good(
            REQUEST,
            "a query",
            &[method, scheme, (":path", "/a%20b?c=d"), authority],
            "GET /a%20b?c=d HTTP/1.1|host: a||",
        ),
        good(
            REQUEST,
            "OPTIONS for the server as a whole",
            &[(":method", "OPTIONS"), scheme, (":path", "*"), authority],
            "OPTIONS * HTTP/1.1|host: a||",
        ),
        good(
            "RFC 9113 8.2.3",
            "crumbs of a cookie become one",
            &[
                method,
                scheme,
                path,
                authority,
                ("cookie", "a=1"),
                ("x", "y"),
                ("cookie", "b=2"),
                ("cookie", "c=3"),
            ],
            "GET / HTTP/1.1|host: a|cookie: a=1; b=2; c=3|x: y||",
        ),
        good(
            NEIGHBOURS,
            "te: trailers goes on",
            &[method, scheme, path, authority, ("te", "trailers")],
            "GET / HTTP/1.1|host: a|te: trailers|connection: te||",
        ),
    ];
    for (name, field) in [
        ("a name in capitals", ("X-Upper", "y")),
        ("a name with a space", ("x y", "z")),
        ("a name with a colon", ("x:y", "z")),
        (
            "a name that ends with a colon",
            ("transfer-encoding:", "chunked"),
        ),
        ("a name with CR LF", ("x\r\ny", "z")),
        (
            "a name that is a whole field",
            ("transfer-encoding: chunked\r\nx", "y"),
        ),
        ("a name with a null", ("x\0", "y")),
        ("a name with a byte above ASCII", ("\u{e4}", "y")),
        ("an empty name", ("", "y")),
        (
            "a value with CR LF",
            ("x", "y\r\nTransfer-Encoding: chunked"),
        ),
        ("a value with LF", ("x", "y\nTransfer-Encoding: chunked")),
        ("a value with CR", ("x", "y\rz")),
        ("a value with a null", ("x", "y\0")),
        (
            "a value with a second request",
            ("x", "y\r\n\r\nGET /admin HTTP/1.1\r\nHost: a"),
        ),
        ("a value that begins with a space", ("x", " y")),
        ("a value that ends with a tab", ("x", "y\t")),
    ] {
        cases.push(with(FIELDS, name, field));
    }
    for (name, field) in [
        ("Transfer-Encoding", ("transfer-encoding", "chunked")),
        ("Transfer-Encoding of nothing", ("transfer-encoding", "")),
        ("Connection", ("connection", "close")),
        ("Connection that nominates", ("connection", "x-secret")),
        ("Keep-Alive", ("keep-alive", "timeout=5")),
        ("Proxy-Connection", ("proxy-connection", "close")),
        ("Upgrade", ("upgrade", "websocket")),
        ("TE other than trailers", ("te", "gzip")),
    ] {
        cases.push(with(
            NEIGHBOURS,
            format!("{name}, which is between neighbours of HTTP/1.1"),
            field,
        ));
    }
    cases
}
