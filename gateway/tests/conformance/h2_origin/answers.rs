//! What an origin of HTTP/2 answers, and what of it reaches the client.

use super::asked;
use crate::case::{Case, Wants, h2_origin};
use crate::h2::frame::*;
use crate::h2::hpack::block;

const INTERIM: &str = "RFC 9110 15.2";
const MALFORMED: &str = "RFC 9113 8.1.1";
const FIELDS: &str = "RFC 9113 8.2.1";
const HOPS: &str = "RFC 9113 8.2.2";
const PSEUDO: &str = "RFC 9113 8.3";
const STATUS: &str = "RFC 9113 8.3.2";
const TRAILERS: &str = "RFC 9113 8.1";
const YES: (&str, &str) = (":status", "200");

#[allow(clippy::too_many_lines, reason = "one list")]
pub(crate) fn cases() -> Vec<Case> {
    // Its stream is ended, and nothing of it is passed on.
    let bad = |section, name: &str, fields: &[(&str, &str)]| {
        asked(section, name)
            .effect("write")
            .says(headers(1, END_STREAM, fields))
            .status(502)
            .behind(1, Wants::Refused(&[PROTOCOL], &[]))
    };
    // Known before the client has heard of it.
    let length = |how: &str, body: &str| {
        asked(MALFORMED, &format!("{how} is said than comes"))
            .effect("write")
            .says(
                [
                    headers(1, 0, &[YES, ("content-length", "9")]),
                    data(1, END_STREAM, body.as_bytes()),
                ]
                .concat(),
            )
    };
    // The client has the head already.
    let cut = |how: &str, first: &[u8], second: &[u8]| {
        asked(
            MALFORMED,
            &format!("{how} than the length says, when the answer has begun"),
        )
        .says(
            [
                headers(1, 0, &[YES, ("content-length", "9")]),
                data(1, 0, first),
            ]
            .concat(),
        )
        .status(200)
        .says(data(1, END_STREAM, second))
    };
    let head = |method: &str| {
        h2_origin(
            "RFC 9110 6.4.1",
            format!("{method} of which there is no body"),
        )
        .client(&format!("{method} / HTTP/1.1|Host: a||"))
        .greets(super::plain())
        .behind(1, Wants::Asks(":path", "/"))
    };
    let large = "y".repeat(16_000);
    let mut more = frame(HEADERS, END_STREAM, 1, &block(&[YES, ("x", &large)]));
    more.extend(frame(CONTINUATION, 0, 1, &block(&[("x", &large)])).repeat(4));
    more.extend(frame(CONTINUATION, END_HEADERS, 1, b""));
    vec![
        asked(STATUS, "an answer")
            .says(headers(
                1,
                0,
                &[YES, ("x-lot", "4711"), ("content-length", "2")],
            ))
            .says(data(1, END_STREAM, b"ok"))
            .status(200)
            .field("x-lot", "4711")
            .body("ok"),
        asked(TRAILERS, "a body without a length, and trailers")
            .says(headers(1, 0, &[YES, ("trailer", "grpc-status")]))
            .says(
                [
                    data(1, 0, b"o"),
                    data(1, 0, b"k"),
                    headers(1, END_STREAM, &[("grpc-status", "0")]),
                ]
                .concat(),
            )
            .status(200)
            .body("ok")
            .trailers("grpc-status: 0|"),
        asked(INTERIM, "early hints come")
            .says(headers(1, 0, &[(":status", "103"), ("link", "</a>")]))
            .status(103)
            .field("link", "</a>")
            .answers(1),
        asked("RFC 9113 6.1", "data and heads with padding")
            .says(frame(
                HEADERS,
                END_HEADERS | PADDED,
                1,
                &[&[2][..], &block(&[YES, ("content-length", "2")]), b"\0\0"].concat(),
            ))
            .says(frame(DATA, PADDED | END_STREAM, 1, b"\x03ok\0\0\0"))
            .status(200)
            .body("ok"),
        asked("RFC 9113 6.10", "a head in pieces")
            .says(frame(HEADERS, END_STREAM, 1, &block(&[YES])))
            .says(frame(
                CONTINUATION,
                0,
                1,
                &block(&[("content-length", "0")]),
            ))
            .says(frame(CONTINUATION, END_HEADERS, 1, &block(&[("x", "y")])))
            .status(200)
            .field("x", "y")
            .body(""),
        asked("RFC 9113 6.9", "a body larger than the window is let come")
            .says(headers(1, 0, &[YES, ("content-length", "200000")]))
            .says(data(1, 0, &[b'x'; 10_000]).repeat(10))
            .behind(1, Wants::Opened(65_000))
            .says(data(1, 0, &[b'x'; 10_000]).repeat(9))
            .says(data(1, END_STREAM, &[b'x'; 10_000]))
            .status(200)
            .body(&"x".repeat(200_000)),
        head("HEAD")
            .says(headers(1, END_STREAM, &[YES, ("content-length", "99")]))
            .status(200)
            .field("content-length", "99"),
        asked("RFC 9110 15.3.5", "204")
            .says(headers(1, END_STREAM, &[(":status", "204")]))
            .status(204),
        asked("RFC 9110 15.4.5", "304")
            .says(headers(
                1,
                END_STREAM,
                &[(":status", "304"), ("etag", "\"q\"")],
            ))
            .status(304)
            .field("etag", "\"q\""),
        asked(STATUS, "no status")
            .effect("write")
            .says(headers(1, END_STREAM, &[("x", "y")]))
            .status(502),
        bad(PSEUDO, "a status twice", &[YES, (":status", "404")]),
        bad(PSEUDO, "a pseudo field behind others", &[("x", "y"), YES]),
        bad(FIELDS, "a name in large letters", &[YES, ("X-Upper", "y")]),
        bad(
            FIELDS,
            "a line end in a value",
            &[YES, ("x", "y\r\nset-cookie: a")],
        ),
        bad(HOPS, "Connection", &[YES, ("connection", "close")]),
        bad(
            HOPS,
            "Transfer-Encoding",
            &[YES, ("transfer-encoding", "chunked")],
        ),
        asked("RFC 9113 8.6", "a protocol that HTTP/2 cannot change to")
            .effect("write")
            .says(headers(1, 0, &[(":status", "101"), ("x", "y")]))
            .says(super::ok(1))
            .status(502),
        asked(TRAILERS, "an interim answer that ends the stream")
            .effect("write")
            .says(headers(1, END_STREAM, &[(":status", "103")]))
            .gets_final(502),
        length("more", "ok")
            .status(502)
            .behind(1, Wants::Refused(&[PROTOCOL], &[])),
        length("less", "0123456789")
            .status(502)
            .behind(1, Wants::Refused(&[PROTOCOL], &[])),
        cut("less", b"o", b"k")
            .field("content-length", "9")
            .broken()
            .behind(1, Wants::Refused(&[PROTOCOL], &[])),
        cut("more", b"0", b"123456789")
            .broken()
            .behind(1, Wants::Refused(&[PROTOCOL], &[])),
        cut("nothing more", b"o", b"").broken(),
        asked(
            MALFORMED,
            "trailers before all that the length says has come",
        )
        .says(headers(1, 0, &[YES, ("content-length", "9")]))
        .status(200)
        .says([data(1, 0, b"ok"), headers(1, END_STREAM, &[("x", "y")])].concat())
        .broken(),
        asked("RFC 9113 10.5.1", "a head larger than we take")
            .effect("write")
            .says(more)
            .status(502),
    ]
}
