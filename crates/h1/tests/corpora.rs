//! The corpora of the fuzz targets, replayed, mutated a little, and put together from the pieces that tricks are made of.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../fuzz/heads.rs"]
mod heads;
#[path = "../../../fuzz/replay.rs"]
mod replay;

/// What fields, start lines and chunks are made of when somebody means ill.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"\0",
    b"\x0b",
    b":",
    b",",
    b";",
    b"=",
    b"\"",
    b"#",
    b"0",
    b"0\r\n",
    b"GET / HTTP/1.1\r\n",
    b"POST ",
    b"CONNECT ",
    b"OPTIONS * ",
    b"http://a/",
    b" HTTP/1.0\r\n",
    b" HTTP/1.1\r\n",
    b" HTTP/2.0\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204 \r\n",
    b"HTTP/1.1 304\r\n",
    b"HTTP/1.0 100 x\r\n",
    b"Host: a\r\n",
    b"host: [::1]:1\r\n",
    b"Content-Length: 3\r\n",
    b"Content-Length: 0\r\n",
    b"content-length:+1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding : identity\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive, upgrade\r\n",
    b"Upgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"X-A: b\r\n",
    b"x-a:\r\n",
    b"X: a\r\n b\r\n",
    b"3\r\nabc\r\n",
    b"1;a=b\r\nx\r\n",
    b"f",
    b"ffffffffffffffff",
    b"0\r\nX-T: 1\r\n\r\n",
    b"0\r\n\r\n",
];

fn replay(target: &str, check: fn(&[u8])) {
    replay::replay(target, PIECES, 2000, check);
}

#[test]
fn request() {
    replay("h1_request", heads::request);
}

#[test]
fn response() {
    replay("h1_response", heads::response);
}

#[test]
fn chunked() {
    replay("h1_chunked", heads::chunked);
}
