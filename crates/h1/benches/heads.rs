//! What a head costs: read, written as it came, and written with fields taken off and added.

use bytes::BytesMut;
use divan::{Bencher, black_box};
use h1::{BodyLength, Decoder, Limits};
use http::{HeaderValue, Method};

fn main() {
    divan::main();
}

const PLAIN: &str = "GET /a HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
const BROWSER: &str = "GET /accounts/17?full=true HTTP/1.1\r\nHost: bank.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) \
    Gecko/20100101 Firefox/128.0\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate\r\nReferer: http://bank.example/accounts\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n\
    X-Request-Id: 01a2033a-48d1-7152-a928-0aa6c3755c4c\r\nUpgrade-Insecure-Requests: 1\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nServer: old\r\nDate: Sun, 22 Nov 2026 13:00:00 GMT\r\nContent-Type: application/octet-stream\r\n\
    Content-Length: 1024\r\nConnection: keep-alive\r\n\r\n";

/// One of them.
#[derive(Debug, Clone, Copy)]
enum Head {
    Plain,
    Browser,
}

impl Head {
    fn text(self) -> &'static str {
        match self {
            Self::Plain => PLAIN,
            Self::Browser => BROWSER,
        }
    }
}

#[divan::bench(args = [Head::Plain, Head::Browser])]
fn read_request(bencher: Bencher<'_, '_>, head: Head) {
    let limits = Limits::default();
    let head = head.text();
    let mut buf = BytesMut::with_capacity(16 << 10);
    bencher.bench_local(|| {
        buf.reserve(head.len());
        buf.extend_from_slice(black_box(head.as_bytes()));
        h1::read_request(&mut buf, &limits)
    });
}

#[divan::bench]
fn read_response(bencher: Bencher<'_, '_>) {
    let limits = Limits::default();
    let mut buf = BytesMut::with_capacity(16 << 10);
    bencher.bench_local(|| {
        buf.reserve(ANSWER.len());
        buf.extend_from_slice(black_box(ANSWER.as_bytes()));
        h1::read_response(&mut buf, &limits, &Method::GET)
    });
}

#[divan::bench(args = [Head::Plain, Head::Browser])]
fn write_request(bencher: Bencher<'_, '_>, head: Head) {
    let head = h1::read_request(&mut BytesMut::from(head.text()), &Limits::default());
    let head = head.ok().flatten().expect("a request");
    let mut out = BytesMut::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        h1::write_request(
            &mut out,
            black_box(&head.parts),
            &head.spelling,
            head.length,
        );
    });
}

/// As a gateway passes one on.
#[divan::bench(args = [Head::Plain, Head::Browser])]
fn write_request_changed(bencher: Bencher<'_, '_>, head: Head) {
    let head = h1::read_request(&mut BytesMut::from(head.text()), &Limits::default());
    let mut head = head.ok().flatten().expect("a request");
    head.parts.headers.remove("connection");
    for (name, value) in [
        ("via", "1.1 figway"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("figway-request-id", "01a2033a-48d1-7152-a928-0aa6c3755c4c"),
    ] {
        head.parts
            .headers
            .insert(name, HeaderValue::from_static(value));
    }
    let mut out = BytesMut::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        h1::write_request(
            &mut out,
            black_box(&head.parts),
            &head.spelling,
            head.length,
        );
    });
}

#[divan::bench]
fn write_response(bencher: Bencher<'_, '_>) {
    let head = h1::read_response(
        &mut BytesMut::from(ANSWER),
        &Limits::default(),
        &Method::GET,
    );
    let mut head = head.ok().flatten().expect("an answer");
    head.parts.headers.remove("connection");
    let mut out = BytesMut::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        h1::write_response(
            &mut out,
            black_box(&head.parts),
            &head.spelling,
            head.length,
        );
    });
}

/// 64 KiB in chunks of 4 KiB.
#[divan::bench]
fn read_chunks(bencher: Bencher<'_, '_>) {
    let mut body = BytesMut::new();
    for _ in 0..16 {
        h1::write_chunk_size(&mut body, 4096);
        body.extend_from_slice(&[b'x'; 4096]);
        body.extend_from_slice(h1::CHUNK_END);
    }
    h1::write_last_chunk(&mut body, None);
    bencher
        .with_inputs(|| body.clone())
        .bench_local_values(|mut buf| {
            let mut decoder = Decoder::new(BodyLength::Chunked, &Limits::default());
            while !decoder.at_end() {
                black_box(decoder.next(&mut buf)).expect("chunks");
            }
        });
}
