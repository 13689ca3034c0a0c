//! Requests, as bytes in and what was made of them out; each rule with its section.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use bytes::BytesMut;
use h1::RefusedKind::*;
use h1::{BodyLength, Limits, Refused, RefusedKind, RequestHead, read_request};

fn limits() -> Limits {
    Limits {
        head: 1000,
        fields: 5,
        target: 100,
    }
}

fn read(bytes: &[u8]) -> Result<Option<RequestHead>, Refused> {
    read_request(&mut BytesMut::from(bytes), &limits())
}

fn head(text: &str) -> RequestHead {
    match read(text.as_bytes()) {
        Ok(Some(head)) => head,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[track_caller]
fn refused(kind: RefusedKind, requests: &[&[u8]]) {
    for request in requests {
        match read(request) {
            Err(refused) => assert_eq!(refused.kind(), kind, "{}", request.escape_ascii()),
            other => panic!("{}: {other:?}", request.escape_ascii()),
        }
        // In pieces it is the same.
        let mut buf = BytesMut::new();
        let told = request.iter().find_map(|byte| {
            buf.extend_from_slice(&[*byte]);
            read_request(&mut buf, &limits()).err()
        });
        let kinds = told.map(|refused| refused.kind());
        assert_eq!(kinds, Some(kind), "in pieces: {}", request.escape_ascii());
    }
}

/// With these lines between the host and the end.
fn with(fields: &str) -> RequestHead {
    head(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))
}

#[track_caller]
fn refused_with(kind: RefusedKind, fields: &[&[u8]]) {
    for field in fields {
        let whole = [b"POST / HTTP/1.1\r\nHost: a\r\n".as_slice(), field, b"\r\n"].concat();
        refused(kind, &[&whole]);
    }
}

#[test]
fn takes_a_head_and_leaves_the_rest() {
    let mut buf = BytesMut::from("GET /a?b HTTP/1.1\r\nhOsT: x\r\nAccept:*/*\r\n\r\nnext");
    let head = read_request(&mut buf, &limits()).unwrap().unwrap();
    assert_eq!(&buf[..], b"next");
    assert_eq!(head.parts.method, "GET");
    assert_eq!(head.parts.uri, "/a?b");
    assert_eq!(head.parts.version, http::Version::HTTP_11);
    assert_eq!(head.parts.headers["host"], "x");
    assert_eq!(head.parts.headers["accept"], "*/*");
    assert_eq!(head.length, BodyLength::None);
    assert!(head.keep_alive && !head.expects_continue && !head.upgrade);
}

#[test]
fn targets_come_in_four_forms() {
    for (line, uri) in [
        ("GET //a//b HTTP/1.1", "//a//b"),
        ("GET /%00%zz?|&\u{e4} HTTP/1.1", "/%00%zz?|&\u{e4}"),
        ("OPTIONS * HTTP/1.1", "*"),
        ("GET http://a:80/b HTTP/1.1", "http://a:80/b"),
        ("GET HTTPS://[::1]?q HTTP/1.1", "https://[::1]/?q"),
        ("OPTIONS http://a:80/ HTTP/1.1", "http://a:80/"),
        ("OPTIONS http://a?q HTTP/1.1", "http://a/?q"),
        ("CONNECT a:443 HTTP/1.1", "a:443"),
        ("CONNECT [::1]:443 HTTP/1.1", "[::1]:443"),
    ] {
        let head = head(&format!("{line}\r\nHost: a\r\n\r\n"));
        assert_eq!(head.parts.uri.to_string(), uri, "{line}");
    }
    let all = head("OPTIONS http://a:80 HTTP/1.1\r\nHost: a\r\n\r\n")
        .parts
        .uri;
    assert_eq!(
        (all.authority().unwrap().as_str(), all.path()),
        ("a:80", "*")
    );
    for line in [
        "GET * HTTP/1.1",
        "GET a HTTP/1.1",
        "GET a:80 HTTP/1.1",
        "GET ?q HTTP/1.1",
        "GET http:///a HTTP/1.1",
        "GET http://u@a/ HTTP/1.1",
        "GET http://a:b/ HTTP/1.1",
        "GET ftp://a/ HTTP/1.1",
        "GET javascript:a HTTP/1.1",
        "OPTIONS ** HTTP/1.1",
        "CONNECT / HTTP/1.1",
        "CONNECT a HTTP/1.1",
        "CONNECT a: HTTP/1.1",
        "CONNECT [::1] HTTP/1.1",
        "CONNECT http://a:1 HTTP/1.1",
        "CONNECT u@a:1 HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
    ] {
        refused(
            BadTarget,
            &[format!("{line}\r\nHost: a\r\n\r\n").as_bytes()],
        );
    }
    refused(BadTarget, &[b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"]);
}

#[test]
fn request_lines_have_one_space_twice() {
    refused(
        BadStartLine,
        &[
            b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / a HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET\r\n\r\n",
            b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x16\x03\x01\x00\xa5",
            b"GET / HTTP/1\r\n\r\n",
            b"GET / HTTP/1.10\r\n\r\n",
            b"GET / HTTP/01.1\r\n\r\n",
            b"GET / HTTP/1,1\r\n\r\n",
            b"GET / http/1.1\r\n\r\n",
            b"GET / HTTPS/1.1\r\n\r\n",
            b"GET / HTTP/A.1\r\n\r\n",
            b"GET / \r\n\r\n",
            b"\r\n\r\n\r\n\r\n\r\n",
        ],
    );
    refused(
        BadVersion,
        &[
            b"GET / HTTP/2.0\r\n\r\n",
            b"GET / HTTP/0.9\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
    );
    refused(
        MethodTooLong,
        &[
            &[b'A'; 40],
            &[&[b'A'; 33], b" / HTTP/1.1\r\n".as_slice()].concat(),
        ],
    );
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(100));
    refused(TargetTooLong, &[long.as_bytes()]);
    let longest = head(&format!(
        "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
        "a".repeat(99)
    ));
    assert_eq!(longest.parts.uri.path().len(), 100);
    assert_eq!(
        head("GET / HTTP/1.2\r\nHost: a\r\n\r\n").parts.version,
        http::Version::HTTP_11
    );
    assert_eq!(
        head("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").parts.uri,
        "/"
    );
    assert_eq!(
        head("get / HTTP/1.1\r\nHost: a\r\n\r\n").parts.method,
        "get"
    );
}

#[test]
fn lines_end_with_cr_lf() {
    refused(
        BadLineEnd,
        &[
            b"GET / HTTP/1.1\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n\n",
            b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n",
            b"GET / HTTP/1.1\rHost: a\r\r",
            b"\nGET / HTTP/1.1\r\n",
            b"\rGET / HTTP/1.1\r\n",
        ],
    );
}

#[test]
fn fields_are_a_token_a_colon_and_a_value() {
    assert_eq!(with("X: \t a b\t\r\n").parts.headers["x"], "a b");
    assert_eq!(with("X:\r\n").parts.headers["x"], "");
    assert_eq!(
        with("X: \u{e4}\r\n").parts.headers["x"].as_bytes(),
        "\u{e4}".as_bytes()
    );
    refused_with(
        BadField,
        &[
            b"X : a\r\n",
            b"X\t: a\r\n",
            b": a\r\n",
            b"X\r\n",
            b"X Y: a\r\n",
            b"X\0: a\r\n",
            b"X(: a\r\n",
            b"\xc3\xa4: a\r\n",
            b"X: a\0b\r\n",
            b"X: a\x0bb\r\n",
            b"X: \x7f\r\n",
            b"Transfer-Encoding\x0b: chunked\r\n",
            b"Transfer-Encoding: \x0bchunked\r\n",
            b"\x0bTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\0\r\n",
        ],
    );
    refused_with(
        Folded,
        &[
            b"X: a\r\n b\r\n",
            b"X: a\r\n\tb\r\n",
            b"X: a\r\n Transfer-Encoding: chunked\r\n",
        ],
    );
    refused(
        BadField,
        &[
            b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            b"GET / HTTP/1.1\r\n\tX: a\r\nHost: a\r\n\r\n",
        ],
    );
    refused_with(HeadTooLarge, &[b"A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n"]);
    refused_with(
        HeadTooLarge,
        &[format!("X: {}\r\n", "a".repeat(1000)).as_bytes()],
    );
}

#[test]
fn there_is_one_host() {
    refused(
        NoHost,
        &[b"GET / HTTP/1.1\r\n\r\n", b"GET http://a/ HTTP/1.1\r\n\r\n"],
    );
    assert_eq!(
        head("GET / HTTP/1.0\r\n\r\n").parts.version,
        http::Version::HTTP_10
    );
    for good in [
        "a",
        "a:80",
        "a:",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:80",
        "a_b.c",
        "%41",
        "A-b~",
    ] {
        assert_eq!(
            head(&format!("GET / HTTP/1.1\r\nHost: {good}\r\n\r\n"))
                .parts
                .headers["host"],
            good
        );
    }
    for bad in [
        "", "a b", "a:b", "a:80:80", "a:+1", "a:65536", "u@a", "a/b", "a?b", "a#b", "[::1", "::1",
        "[a]", "[::1]a", "[]", "%4", "%zz", "a\\b", "<a>", "a\u{e4}", ":80", "http://a", "a, a b",
    ] {
        refused(
            BadHost,
            &[format!("GET / HTTP/1.1\r\nHost: {bad}\r\n\r\n").as_bytes()],
        );
    }
    refused_with(BadHost, &[b"Host: a\r\n", b"host: b\r\n"]);
    refused(BadHost, &[b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"]);
}

#[test]
fn a_body_ends_at_one_place() {
    assert_eq!(with("Content-Length: 0\r\n").length, BodyLength::Exactly(0));
    assert_eq!(
        with("Content-Length: 0042\r\n").length,
        BodyLength::Exactly(42)
    );
    assert_eq!(
        with("Content-Length:9223372036854775807\r\n").length,
        BodyLength::Exactly(i64::MAX as u64)
    );
    assert_eq!(
        with("transfer-encoding: Chunked \r\n").length,
        BodyLength::Chunked
    );
    refused_with(
        BadLength,
        &[
            b"Content-Length:\r\n",
            b"Content-Length: +1\r\n",
            b"Content-Length: -1\r\n",
            b"Content-Length: 0x1\r\n",
            b"Content-Length: 1 1\r\n",
            b"Content-Length: 1,1\r\n",
            b"Content-Length: 1, 2\r\n",
            b"Content-Length: ,1\r\n",
            b"Content-Length: 1;a\r\n",
            b"Content-Length: 1_0\r\n",
            b"Content-Length: 1.0\r\n",
            b"Content-Length: 1e1\r\n",
            b"Content-Length: \"1\"\r\n",
            b"Content-Length: \xd9\xa1\r\n",
            b"Content-Length: 9223372036854775808\r\n",
            b"Content-Length: 18446744073709551617\r\n",
            b"Content-Length: 1\r\nContent-Length: 1\r\n",
            b"Content-Length: 1\r\ncontent-length: 2\r\n",
        ],
    );
    refused_with(
        LengthAndChunked,
        &[
            b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
            b"Transfer-Encoding: identity\r\nContent-Length: 1\r\n",
        ],
    );
    refused_with(
        BadCoding,
        &[
            b"Transfer-Encoding:\r\n",
            b"Transfer-Encoding: identity\r\n",
            b"Transfer-Encoding: gzip\r\n",
            b"Transfer-Encoding: chunked, gzip\r\n",
            b"Transfer-Encoding: chunked, identity\r\n",
            b"Transfer-Encoding: chunked, chunked\r\n",
            b"Transfer-Encoding: ,chunked\r\n",
            b"Transfer-Encoding: chunked,\r\n",
            b"Transfer-Encoding: chunked;a=b\r\n",
            b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding: chunkedx\r\n",
            b"Transfer-Encoding: chunked x\r\n",
            b"Transfer-Encoding: \"chunked\"\r\n",
            b"Transfer-Encoding: 'chunked'\r\n",
            b"Transfer-Encoding: ch\xc5\xabnked\r\n",
            b"Transfer-Encoding: \xe2\x84\xaahunked\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        ],
    );
    refused_with(
        UnknownCoding,
        &[
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Transfer-Encoding: gzip;q=1 , chunked\r\n",
        ],
    );
    refused(
        CodingInHttp10,
        &[
            b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        ],
    );
}

#[test]
fn connections_persist_as_their_version_says() {
    let keeps = |version: &str, fields: &str| {
        head(&format!("GET / {version}\r\nHost: a\r\n{fields}\r\n")).keep_alive
    };
    assert!(keeps("HTTP/1.1", ""));
    assert!(!keeps("HTTP/1.1", "Connection: Close\r\n"));
    assert!(!keeps("HTTP/1.1", "Connection: x, close ,y\r\n"));
    assert!(!keeps(
        "HTTP/1.1",
        "Connection: keep-alive\r\nConnection: close\r\n"
    ));
    assert!(keeps("HTTP/1.1", "Connection: closer\r\n"));
    assert!(!keeps("HTTP/1.0", ""));
    assert!(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
    assert!(!keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

#[test]
fn upgrades_and_expectations_are_of_http_11() {
    let upgrade =
        "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nExpect: 100-Continue\r\n";
    let head_11 = with(upgrade);
    assert!(head_11.upgrade && head_11.expects_continue);
    let head_10 = head(&format!("GET / HTTP/1.0\r\n{upgrade}\r\n"));
    assert!(!head_10.upgrade && !head_10.expects_continue);
    assert!(!with("Upgrade: websocket\r\n").upgrade);
    assert!(!with("Connection: upgrade\r\n").upgrade);
    assert!(!with("Expect: 200-ok\r\n").expects_continue);
}

#[test]
fn refusals_say_what_a_client_gets() {
    let told = |text: &str| {
        let refused = read(text.as_bytes()).unwrap_err();
        (
            refused.status().as_u16(),
            refused.section(),
            refused.to_string(),
        )
    };
    let (status, section, text) = told("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(
        (status, section, text.as_str()),
        (400, "RFC 9112 3.2", "there is no host")
    );
    assert_eq!(told("GET / HTTP/3.0\r\n").0, 505);
    assert_eq!(
        told("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br, chunked\r\n\r\n").0,
        501
    );
    assert_eq!(told(&format!("GET /{} ", "a".repeat(200))).0, 414);
    assert_eq!(
        told(&format!("GET / HTTP/1.1\r\nX: {} ", "a".repeat(1000))).0,
        431
    );
}
