//! Responses: what an origin may say, and how long its body is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use bytes::BytesMut;
use h1::RefusedKind::*;
use h1::{BodyLength, Limits, Refused, RefusedKind, ResponseHead, read_response};
use http::Method;

fn limits() -> Limits {
    Limits {
        head: 1000,
        fields: 5,
        target: 100,
    }
}

fn read_to(method: &Method, bytes: &[u8]) -> Result<Option<ResponseHead>, Refused> {
    read_response(&mut BytesMut::from(bytes), &limits(), method)
}

#[track_caller]
fn head_to(method: &Method, text: &str) -> ResponseHead {
    match read_to(method, text.as_bytes()) {
        Ok(Some(head)) => head,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[track_caller]
fn head(text: &str) -> ResponseHead {
    head_to(&Method::GET, text)
}

#[track_caller]
fn refused(kind: RefusedKind, responses: &[&[u8]]) {
    for response in responses {
        match read_to(&Method::GET, response) {
            Err(refused) => assert_eq!(refused.kind(), kind, "{}", response.escape_ascii()),
            other => panic!("{}: {other:?}", response.escape_ascii()),
        }
        let mut buf = BytesMut::new();
        let told = response.iter().find_map(|byte| {
            buf.extend_from_slice(&[*byte]);
            read_response(&mut buf, &limits(), &Method::GET).err()
        });
        let kinds = told.map(|refused| refused.kind());
        assert_eq!(kinds, Some(kind), "in pieces: {}", response.escape_ascii());
    }
}

#[test]
fn takes_a_head_and_leaves_the_rest() {
    let mut buf =
        BytesMut::from("HTTP/1.1 404 nicht da\r\nX-a: b\r\nContent-Length: 4\r\n\r\nbody");
    let head = read_response(&mut buf, &limits(), &Method::GET)
        .unwrap()
        .unwrap();
    assert_eq!(&buf[..], b"body");
    assert_eq!(head.parts.status, 404);
    assert_eq!(head.parts.headers["x-a"], "b");
    assert_eq!(head.length, BodyLength::Exactly(4));
    assert!(head.keep_alive);
}

#[test]
fn status_lines_are_version_status_and_reason() {
    for (line, status) in [
        ("HTTP/1.1 200 OK", 200),
        ("HTTP/1.1 200 ", 200),
        ("HTTP/1.1 200", 200),
        ("HTTP/1.0 599 a \t b \u{e4}", 599),
        ("HTTP/1.1 999 odd", 999),
        ("HTTP/1.2 200 OK", 200),
    ] {
        assert_eq!(
            head(&format!("{line}\r\n\r\n")).parts.status,
            status,
            "{line}"
        );
    }
    refused(
        BadStartLine,
        &[
            b"HTTP/1.1  200 OK\r\n\r\n",
            b"HTTP/1.1\t200 OK\r\n\r\n",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 +20 OK\r\n\r\n",
            b"HTTP/1.1 099 OK\r\n\r\n",
            b"HTTP/1.1 200\tOK\r\n\r\n",
            b"HTTP/1.1 200 O\0K\r\n\r\n",
            b"HTTP/1.1 200 O\x7fK\r\n\r\n",
            b"HTTP/1.1 OK\r\n\r\n",
            b"http/1.1 200 OK\r\n\r\n",
            b"HTTP/1 200 OK\r\n\r\n",
            b"ICY 200 OK\r\n\r\n",
            b" HTTP/1.1 200 OK\r\n\r\n",
            b"\r\nHTTP/1.1 200 OK\r\n\r\n",
            b"<html>",
            b"\x15\x03\x01\x00\x02",
            b"\x00\x00\x12\x04",
        ],
    );
    refused(
        BadVersion,
        &[b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP/0.9 200 OK\r\n\r\n"],
    );
    refused(
        BadLineEnd,
        &[
            b"HTTP/1.1 200 OK\n\n",
            b"HTTP/1.1 200 OK\r\nX: a\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n",
            b"HTTP/1.1 200 O\rK\r\n\r\n",
        ],
    );
    let long = [b"HTTP/1.1 200 ".as_slice(), &[b'a'; 1000]].concat();
    refused(HeadTooLarge, &[&long]);
}

#[test]
fn what_a_gateway_may_mend_is_mended() {
    let mended =
        head("HTTP/1.1 200 OK\r\nContent-Length : 3\r\nX\t: a\r\n b\r\n\t\r\n  c\r\nY: d\r\n\r\n");
    assert_eq!(mended.length, BodyLength::Exactly(3));
    assert_eq!(mended.parts.headers["x"], "a   b  \t    c");
    assert_eq!(mended.parts.headers["y"], "d");
    refused(
        BadField,
        &[
            b"HTTP/1.1 200 OK\r\n X: a\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n : a\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX Y: a\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: a\r\n \0b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX\r\n : b\r\n\r\n",
        ],
    );
}

#[test]
fn a_body_is_as_long_as_its_request_and_status_say() {
    let length = |method: &Method, status: u16, fields: &str| {
        head_to(method, &format!("HTTP/1.1 {status} x\r\n{fields}\r\n")).length
    };
    let (length_3, chunked) = ("Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n");
    let get = &Method::GET;
    assert_eq!(length(get, 200, length_3), BodyLength::Exactly(3));
    assert_eq!(length(get, 200, chunked), BodyLength::Chunked);
    assert_eq!(length(get, 200, ""), BodyLength::UntilClose);
    assert_eq!(length(get, 206, length_3), BodyLength::Exactly(3));
    for fields in [length_3, chunked, ""] {
        assert_eq!(length(&Method::HEAD, 200, fields), BodyLength::None);
        assert_eq!(length(get, 304, fields), BodyLength::None);
        assert_eq!(length(get, 204, fields), BodyLength::None);
        assert_eq!(length(&Method::CONNECT, 200, fields), BodyLength::None);
    }
    assert_eq!(
        length(&Method::CONNECT, 403, length_3),
        BodyLength::Exactly(3)
    );
    for status in [100, 101, 103, 199] {
        assert_eq!(length(get, status, ""), BodyLength::None);
        assert_eq!(
            length(get, status, "Content-Length: 0\r\n"),
            BodyLength::None
        );
    }
}

#[test]
fn a_body_ends_at_one_place() {
    for fields in [
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1, 1",
        "Content-Length: a",
    ] {
        refused(
            BadLength,
            &[format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes()],
        );
        // Not even where there is no body.
        refused(
            BadLength,
            &[format!("HTTP/1.1 304 x\r\n{fields}\r\n\r\n").as_bytes()],
        );
    }
    refused(
        LengthAndChunked,
        &[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
    );
    refused(
        UnknownCoding,
        &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
    );
    refused(
        BadCoding,
        &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
    );
    refused(
        CodingInHttp10,
        &[b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    );
    refused(
        BadCoding,
        &[b"HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\n"],
    );
    refused(BadLength, &[b"HTTP/1.1 103 x\r\nContent-Length: 1\r\n\r\n"]);
    refused(BadHost, &[b"HTTP/1.1 200 x\r\nHost: a\r\nHost: a\r\n\r\n"]);
}

#[test]
fn a_connection_is_kept_where_the_end_is_known() {
    let keeps = |text: &str| head(&format!("{text}\r\n\r\n")).keep_alive;
    assert!(keeps("HTTP/1.1 200 OK\r\nContent-Length: 1"));
    assert!(keeps("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"));
    assert!(!keeps("HTTP/1.1 200 OK"));
    assert!(!keeps(
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close"
    ));
    assert!(!keeps("HTTP/1.0 200 OK\r\nContent-Length: 1"));
    assert!(keeps(
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive"
    ));
    assert!(!keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive"));
    assert!(keeps("HTTP/1.1 204 x"));
    assert!(keeps("HTTP/1.1 204 x\r\nContent-Length: 0"));
    assert!(!keeps("HTTP/1.1 204 x\r\nContent-Length: 1"));
    assert!(!keeps("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked"));
    assert!(keeps("HTTP/1.1 304 x\r\nContent-Length: 10"));
}
