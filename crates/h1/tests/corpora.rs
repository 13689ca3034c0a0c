//! The corpora of the fuzz targets, replayed, mutated a little, and put together from the pieces that tricks are made of.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../fuzz/heads.rs"]
mod heads;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

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

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no corpus at {}", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A byte or a piece put in, a byte cut out or replaced, or the end cut off.
fn mutated(inputs: &[Vec<u8>], which: Index, changes: &[(Index, u8, u8, Index)]) -> Vec<u8> {
    let mut data = which.get(inputs).clone();
    for (at, what, byte, piece) in changes {
        let at = at.index(data.len() + 1);
        match what % 6 {
            0 => data.insert(at, *byte),
            1 if at < data.len() => drop(data.remove(at)),
            2 if at < data.len() => data[at] = *byte,
            3 => data.truncate(at),
            _ => drop(data.splice(at..at, piece.get(PIECES).iter().copied())),
        }
    }
    data
}

fn replay(target: &str, check: fn(&[u8])) {
    let inputs = corpus(target);
    for input in &inputs {
        check(input);
    }
    let change = (any::<Index>(), any::<u8>(), any::<u8>(), any::<Index>());
    let strategy = (any::<Index>(), prop::collection::vec(change, 1..8));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(2000));
    let done = runner.run(&strategy, |(which, changes)| {
        check(&mutated(&inputs, which, &changes));
        Ok(())
    });
    if let Err(error) = done {
        panic!("{target}: {error}");
    }
    let pieces = prop::collection::vec(any::<Index>(), 1..20);
    let done = runner.run(&pieces, |pieces| {
        let mut data = vec![2];
        for piece in pieces {
            data.extend_from_slice(piece.get::<&[u8]>(PIECES));
        }
        check(&data);
        check(&data[1..]);
        Ok(())
    });
    if let Err(error) = done {
        panic!("{target}: {error}");
    }
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
