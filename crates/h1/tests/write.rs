//! Heads go out as they came, as far as nobody changed them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use bytes::BytesMut;
use h1::{BodyLength, Limits, RequestHead, ResponseHead, Spelling};
use http::{HeaderMap, HeaderValue, Method};

fn request(text: &str) -> RequestHead {
    h1::read_request(&mut BytesMut::from(text), &Limits::default())
        .unwrap()
        .unwrap()
}

fn response(text: &str) -> ResponseHead {
    h1::read_response(&mut BytesMut::from(text), &Limits::default(), &Method::GET)
        .unwrap()
        .unwrap()
}

fn sent(head: &RequestHead) -> String {
    let mut out = BytesMut::new();
    h1::write_request(&mut out, &head.parts, &head.spelling, head.length);
    String::from_utf8(out.to_vec()).unwrap()
}

fn answered(head: &ResponseHead) -> String {
    let mut out = BytesMut::new();
    h1::write_response(&mut out, &head.parts, &head.spelling, head.length);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn what_nobody_changed_goes_out_as_it_came() {
    for text in [
        "GET /a?b=%20 HTTP/1.1\r\nhOST: x\r\nX-B:1\r\nACCEPT:  */* \r\nx-b: 2\r\nEmpty:\r\n\r\n",
        "POST http://x/ HTTP/1.1\r\nContent-LENGTH: 5\r\nHost: x\r\n\r\n",
        "POST http://x:80?q HTTP/1.1\r\nHost: x\r\ntransfer-Encoding: chunked\r\nA: b\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS http://x HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    ] {
        assert_eq!(
            sent(&request(text)).replace("http://x:80/?q", "http://x:80?q"),
            text
        );
    }
    for text in [
        "HTTP/1.1 200 Gut so\r\nSeT-cookie: a\r\nX: y\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLINK: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\nETag: x\r\n\r\n",
    ] {
        assert_eq!(answered(&response(text)), text);
    }
}

#[test]
fn changed_fields_keep_their_place_and_new_ones_come_last() {
    let mut head = request(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Foo\r\nFOO: 1\r\nX-Forwarded-For: a\r\nCookie: 1\r\nB: 2\r\nCookie: 2\r\n\r\n",
    );
    let headers = &mut head.parts.headers;
    headers.remove("connection");
    headers.remove("foo");
    headers.insert("x-forwarded-for", HeaderValue::from_static("a, b"));
    headers.insert("host", HeaderValue::from_static("y"));
    headers.append("via", HeaderValue::from_static("1.1 figway"));
    headers.append("cookie", HeaderValue::from_static("3"));
    assert_eq!(
        sent(&head),
        "GET / HTTP/1.1\r\nHost: y\r\nX-Forwarded-For: a, b\r\nCookie: 1\r\nB: 2\r\nCookie: 2\r\ncookie: 3\r\nvia: 1.1 figway\r\n\r\n"
    );
    // Fewer values than lines.
    head.parts
        .headers
        .insert("cookie", HeaderValue::from_static("4"));
    assert_eq!(
        sent(&head),
        "GET / HTTP/1.1\r\nHost: y\r\nX-Forwarded-For: a, b\r\nCookie: 4\r\nB: 2\r\nvia: 1.1 figway\r\n\r\n"
    );
}

#[test]
fn framing_is_as_the_length_says() {
    let mut head = request("POST / HTTP/1.1\r\nHost: x\r\nCONTENT-Length: 005\r\nA: b\r\n\r\n");
    assert_eq!(
        sent(&head),
        "POST / HTTP/1.1\r\nHost: x\r\nCONTENT-Length: 5\r\nA: b\r\n\r\n"
    );
    head.length = BodyLength::Chunked;
    assert_eq!(
        sent(&head),
        "POST / HTTP/1.1\r\nHost: x\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    head.length = BodyLength::None;
    assert_eq!(sent(&head), "POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n");
    head.spelling = Spelling::default();
    head.length = BodyLength::Exactly(7);
    assert_eq!(
        sent(&head),
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\na: b\r\n\r\n"
    );

    let mut head = response(
        "HTTP/1.0 204 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            .replace("Transfer-Encoding: chunked\r\n", "")
            .as_str(),
    );
    assert_eq!(answered(&head), "HTTP/1.1 204 x\r\n\r\n");
    head.parts.status = http::StatusCode::OK;
    assert_eq!(
        answered(&head),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    );
    head.length = BodyLength::UntilClose;
    assert_eq!(answered(&head), "HTTP/1.1 200 OK\r\n\r\n");
}

#[test]
fn a_host_that_was_added_comes_first() {
    let mut head = request("GET / HTTP/1.0\r\nA: b\r\n\r\n");
    let host = HeaderValue::from_static("x");
    head.parts.headers.append("host", host);
    assert_eq!(sent(&head), "GET / HTTP/1.1\r\nhost: x\r\nA: b\r\n\r\n");
}

#[test]
fn mended_answers_are_written_mended() {
    let head = response("HTTP/1.0 200 OK\r\nContent-Length : 3\r\nX \t: a\r\n b\r\n\r\n");
    assert_eq!(
        answered(&head),
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: a   b\r\n\r\n"
    );
}

#[test]
fn chunks_are_written() {
    let mut out = BytesMut::new();
    for size in [0, 1, 15, 16, 255, 4096, 0xabcdef] {
        h1::write_chunk_size(&mut out, size);
    }
    let mut trailers = HeaderMap::new();
    trailers.append("x-sum", HeaderValue::from_static("1"));
    trailers.append("content-length", HeaderValue::from_static("1"));
    h1::write_last_chunk(&mut out, Some(&trailers));
    h1::write_last_chunk(&mut out, None);
    assert_eq!(
        &out[..],
        b"1\r\nf\r\n10\r\nff\r\n1000\r\nabcdef\r\n0\r\nx-sum: 1\r\n\r\n0\r\n\r\n"
    );
}

#[test]
fn lines_that_stay_are_told_from_those_that_only_begin_alike() {
    let text = "HTTP/1.1 200 OK\r\nServer: a\r\nX: bc\r\nX: b\r\nContent-Length: 5\r\nY: \r\n\r\n";
    // Values of one name that lost their first, a value that became shorter, a length that is another one now.
    let mut head = response(text);
    assert_eq!(answered(&head), text);
    head.parts
        .headers
        .insert("x", HeaderValue::from_static("b"));
    assert_eq!(
        answered(&head),
        "HTTP/1.1 200 OK\r\nServer: a\r\nX: b\r\nContent-Length: 5\r\nY: \r\n\r\n"
    );
    head.length = BodyLength::Exactly(55);
    assert_eq!(
        answered(&head),
        "HTTP/1.1 200 OK\r\nServer: a\r\nX: b\r\nContent-Length: 55\r\nY: \r\n\r\n"
    );
    head.length = BodyLength::Chunked;
    assert_eq!(
        answered(&head),
        "HTTP/1.1 200 OK\r\nServer: a\r\nX: b\r\nY: \r\ntransfer-encoding: chunked\r\n\r\n"
    );
    head.parts
        .headers
        .insert("server", HeaderValue::from_static("aa"));
    head.length = BodyLength::Exactly(5);
    assert_eq!(
        answered(&head),
        "HTTP/1.1 200 OK\r\nServer: aa\r\nX: b\r\nContent-Length: 5\r\nY: \r\n\r\n"
    );
    // All that stays comes in one piece also where something was added or nothing is left.
    let mut head = response("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n");
    head.length = BodyLength::UntilClose;
    head.parts
        .headers
        .append("c", HeaderValue::from_static("3"));
    assert_eq!(
        answered(&head),
        "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nc: 3\r\n\r\n"
    );
    head.parts.headers = HeaderMap::new();
    assert_eq!(answered(&head), "HTTP/1.1 200 OK\r\n\r\n");
}
