//! Bodies: chunks, their extensions and trailers, and where a body ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use bytes::BytesMut;
use h1::RefusedKind::*;
use h1::{BodyLength, Decoder, Limits, Piece, RefusedKind};

fn limits() -> Limits {
    Limits {
        head: 200,
        fields: 3,
        target: 100,
    }
}

/// What comes of it in pieces of that size: the data, the trailers as lines, and what was left.
fn decode(
    length: BodyLength,
    bytes: &[u8],
    step: usize,
) -> Result<(Vec<u8>, String, Vec<u8>, bool), RefusedKind> {
    decode_with(Decoder::new(length, &limits()), bytes, step)
}

fn decode_with(
    mut decoder: Decoder,
    bytes: &[u8],
    step: usize,
) -> Result<(Vec<u8>, String, Vec<u8>, bool), RefusedKind> {
    let (mut buf, mut data, mut trailers) = (BytesMut::new(), Vec::new(), String::new());
    let mut pieces = bytes.chunks(step);
    loop {
        match decoder.next(&mut buf).map_err(|refused| {
            assert_eq!(decoder.next(&mut BytesMut::new()), Err(refused));
            refused.kind()
        })? {
            Piece::Data(piece) => {
                assert!(!piece.is_empty());
                data.extend_from_slice(&piece);
            }
            Piece::Trailers(map) => {
                for (name, value) in &map {
                    trailers += &format!("{name}={};", value.to_str().unwrap());
                }
                assert!(decoder.at_end());
            }
            Piece::End => {
                buf.extend(pieces.flatten());
                return Ok((data, trailers, buf.to_vec(), true));
            }
            Piece::More => match pieces.next() {
                Some(piece) => buf.extend_from_slice(piece),
                None => return Ok((data, trailers, buf.to_vec(), decoder.closed().is_ok())),
            },
        }
    }
}

#[track_caller]
fn whole(length: BodyLength, bytes: &str, data: &str, trailers: &str, left: &str) {
    for step in 1..=bytes.len() {
        let (came, told, rest, ended) = decode(length, bytes.as_bytes(), step).unwrap();
        assert_eq!(String::from_utf8(came).unwrap(), data);
        assert_eq!(told, trailers);
        assert_eq!(String::from_utf8(rest).unwrap(), left);
        assert!(ended);
    }
}

#[track_caller]
fn refused(kind: RefusedKind, bodies: &[&[u8]]) {
    for body in bodies {
        for step in [1, 2, 3, body.len()] {
            match decode(BodyLength::Chunked, body, step) {
                Err(told) => assert_eq!(told, kind, "{}", body.escape_ascii()),
                other => panic!("{}: {other:?}", body.escape_ascii()),
            }
        }
    }
}

#[test]
fn ends_where_its_length_says() {
    whole(BodyLength::Exactly(3), "abcdef", "abc", "", "def");
    whole(BodyLength::Exactly(0), "abc", "", "", "abc");
    whole(BodyLength::None, "abc", "", "", "abc");
    whole(BodyLength::UntilClose, "abc", "abc", "", "");
    let cut = decode(BodyLength::Exactly(4), b"abc", 1).unwrap();
    assert_eq!(cut, (b"abc".to_vec(), String::new(), Vec::new(), false));
}

#[test]
fn chunks_are_put_together() {
    whole(
        BodyLength::Chunked,
        "3\r\nabc\r\n0\r\n\r\nnext",
        "abc",
        "",
        "next",
    );
    whole(BodyLength::Chunked, "0\r\n\r\n", "", "", "");
    whole(
        BodyLength::Chunked,
        "A\r\n0123456789\r\n00b\r\n\r\n0\r\n\r\n7\r\n0\r\n0\r\n\r\n",
        "0123456789\r\n0\r\n\r\n7\r\n0",
        "",
        "",
    );
    whole(
        BodyLength::Chunked,
        "1;a\r\nx\r\n1 ; a = b;c=\"d\\\";\t\u{e4}\"\r\ny\r\n0;last\r\nX-Sum: 1\r\nx-a:  b \r\n\r\nrest",
        "xy",
        "x-sum=1;x-a=b;",
        "rest",
    );
    for cut in [
        "",
        "3",
        "3\r\n",
        "3\r\nab",
        "3\r\nabc",
        "3\r\nabc\r\n",
        "0\r\n",
        "0\r\n\r",
        "0\r\nX: a\r\n",
    ] {
        assert!(
            !decode(BodyLength::Chunked, cut.as_bytes(), 100).unwrap().3,
            "{cut:?}"
        );
    }
}

#[test]
fn garbled_chunks_are_refused() {
    refused(
        BadChunk,
        &[
            b"\r\n",
            b"+3\r\nabc\r\n",
            b"-3\r\nabc\r\n",
            b"0x3\r\nabc\r\n",
            b"3h\r\nabc\r\n",
            b"3_0\r\nabc\r\n",
            b"g\r\n",
            b" 3\r\nabc\r\n",
            b"\t3\r\nabc\r\n",
            b"3 \r\nabc\r\n",
            b"3\t\r\nabc\r\n",
            b"3 3\r\nabc\r\n",
            b"3,\r\nabc\r\n",
            b"3.\r\nabc\r\n",
            b"\"3\"\r\nabc\r\n",
            b"3\nabc\r\n",
            b"3\rabc\r\n",
            b"3\r\rabc\r\n",
            b"\n3\r\nabc\r\n",
            b"3\0\r\nabc\r\n",
            b"\xef\xbc\x93\r\nabc\r\n",
            b"8000000000000000\r\n",
            b"ffffffffffffffff\r\n",
            b"10000000000000003\r\nabc",
            b"100000000000000000000000000000003\r\nabc",
            b"3\r\nabcd\r\n",
            b"3\r\nabc\n0\r\n\r\n",
            b"3\r\nabc\r0\r\n\r\n",
            b"3\r\nabc\r\r\n0\r\n\r\n",
            b"3\r\nabcXX0\r\n\r\n",
            b"3\r\nab\r\n0\r\n\r\n",
            b"3;\r\nabc\r\n",
            b"3;;a\r\nabc\r\n",
            b"3;a=\r\nabc\r\n",
            b"3;=a\r\nabc\r\n",
            b"3;a b\r\nabc\r\n",
            b"3;a=\"b\r\nabc\r\n",
            b"3;a=\"b\"c\r\nabc\r\n",
            b"3;a\nabc\r\n0\r\n\r\n",
            b"3;\nabc\r\n0\r\n\r\n",
            b"3;a=\"\n\"\r\nabc\r\n",
            b"3;a\rX\r\nabc\r\n",
            b"3;a\0\r\nabc\r\n",
            b"0\n\n",
            b"3;\xc3\xa4\r\nabc\r\n",
        ],
    );
    let long = [b"3;".as_slice(), &[b'a'; 2000], b"\r\n"].concat();
    refused(BadChunk, &[&long]);
    let often = b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n".repeat(200);
    refused(BadChunk, &[&often]);
}

#[test]
fn an_answer_comes_without_the_trailers_that_must_not_be_trailers() {
    let answer = |section: &str, step| {
        let bytes = format!("2\r\nok\r\n0\r\n{section}\r\nleft");
        let decoder = Decoder::of_answer(BodyLength::Chunked, &limits());
        let (data, trailers, left, ended) = decode_with(decoder, bytes.as_bytes(), step).unwrap();
        assert_eq!((&*data, &*left, ended), (&b"ok"[..], &b"left"[..], true));
        trailers
    };
    for step in [1, 99] {
        let some = answer("X-Sum: 1\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n", step);
        assert_eq!(some, "x-sum=1;");
        assert_eq!(answer("Content-Length: 9\r\n", step), "");
    }
}

#[test]
fn trailers_are_fields_that_may_come_late() {
    let after = |field: &str| format!("0\r\n{field}\r\n\r\n").into_bytes();
    for field in [
        "Content-Length: 1",
        "Transfer-Encoding: chunked",
        "Host: a",
        "Connection: close",
        "Trailer: x",
        "TE: trailers",
        "Authorization: x",
        "Cookie: x",
        "Set-Cookie: x",
        "Content-Type: x",
        "Content-Encoding: x",
        "content-range: x",
        "Keep-Alive: x",
        "Upgrade: x",
        "If-Match: x",
    ] {
        refused(BadTrailer, &[&after(field)]);
    }
    for field in [" X: a", "X : a", "X", ": a", "X: \0", "X\0: a"] {
        refused(BadField, &[&after(field)]);
    }
    refused(Folded, &[&after("X: a\r\n b")]);
    refused(
        BadLineEnd,
        &[
            b"0\r\nX: a\n\r\n",
            b"0\r\nX: a\rb\r\n\r\n",
            b"0\r\n\n",
            b"0\r\n\rX",
        ],
    );
    refused(
        HeadTooLarge,
        &[
            &after("A: 1\r\nB: 1\r\nC: 1\r\nD: 1"),
            &after(&format!("X: {}", "a".repeat(300))),
        ],
    );
    refused(BadLength, &[&after("Content-Length: x")]);
}
