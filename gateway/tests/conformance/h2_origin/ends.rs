//! How streams and connections of an origin end, and what is asked again because of it.

use super::{asked, ok, plain};
use crate::case::{Case, GET, Wants, h2_origin};
use crate::h2::frame::*;

const RETRY: &str = "RFC 9113 8.7";
const RESET: &str = "RFC 9113 5.4.2";
const GOES: &str = "RFC 9113 6.8";
const DELETE: &str = "DELETE / HTTP/1.1|Host: a||";

pub(crate) fn cases() -> Vec<Case> {
    let write = |section, name: &str| {
        h2_origin(section, name)
            .effect("write")
            .client(DELETE)
            .greets(plain())
            .behind(1, Wants::Asks(":method", "DELETE"))
    };
    let both = |section, name: &str| {
        h2_origin(section, name)
            .bytes([hello(), get(1, &[])].concat())
            .greets(plain())
            .behind(1, Wants::Asks(":method", "GET"))
    };
    let half = || headers(1, 0, &[(":status", "200"), ("content-length", "9")]);
    vec![
        write(
            RETRY,
            "a write whose stream was refused is asked again: nobody looked at it",
        )
        .says(reset(1, REFUSED_STREAM))
        .behind(3, Wants::Asks(":method", "DELETE"))
        .answers(3),
        write(RETRY, "a write whose stream was ended otherwise is not")
            .says(reset(1, CANCEL))
            .status(502)
            .behind(3, Wants::Unasked),
        write(RETRY, "nor one whose connection broke")
            .origin_resets()
            .status(502)
            .unseen(),
        write(
            RETRY,
            "a write behind the last that the origin saw is asked again elsewhere",
        )
        .says(goaway(0, NO_ERROR))
        .greets(plain())
        .behind(1, Wants::Asks(":method", "DELETE"))
        .answers(1),
        write(
            RETRY,
            "a write that it did see is not, when it goes without an answer",
        )
        .says(goaway(1, NO_ERROR))
        .origin_closes()
        .status(502)
        .unseen(),
        asked(RETRY, "a read whose stream was ended is asked again")
            .says(reset(1, INTERNAL))
            .behind(3, Wants::Asks(":method", "GET"))
            .answers(3),
        asked(RETRY, "no read is whose answer has begun")
            .says(half())
            .status(200)
            .says(reset(1, INTERNAL))
            .broken()
            .behind(3, Wants::Unasked),
        asked(
            GOES,
            "what the origin saw it answers, and the next goes elsewhere",
        )
        .says(goaway(1, NO_ERROR))
        .behind(0, Wants::Alive)
        .answers(1)
        .client(GET)
        .greets(plain())
        .behind(1, Wants::Asks(":method", "GET"))
        .answers(1),
        asked(RESET, "an answer whose stream is ended is not whole")
            .says([half(), data(1, 0, b"hal")].concat())
            .status(200)
            .says(reset(1, CANCEL))
            .broken(),
        asked(RESET, "nor is one whose connection breaks")
            .says([half(), data(1, 0, b"hal")].concat())
            .status(200)
            .origin_resets()
            .broken(),
        asked(
            RESET,
            "nor one without a length whose connection ends in good order",
        )
        .says([headers(1, 0, &[(":status", "200")]), data(1, 0, b"hal")].concat())
        .status(200)
        .origin_closes()
        .broken(),
        asked(RESET, "a client that goes ends its stream")
            .client_closes()
            .behind(1, Wants::Reset(&[CANCEL]))
            .behind(0, Wants::Alive),
        asked(RESET, "and other streams go on")
            .on(1)
            .client(GET)
            .behind(3, Wants::Asks(":method", "GET"))
            .on(0)
            .client_closes()
            .behind(1, Wants::Reset(&[CANCEL]))
            .on(1)
            .answers(3),
        h2_origin(
            "RFC 9113 8.1",
            "an answer before the request's end is an answer",
        )
        .effect("write")
        .client("POST / HTTP/1.1|Host: a|Content-Length: 5||he")
        .greets(plain())
        .behind(1, Wants::Bytes(2))
        .says([ok(1), reset(1, NO_ERROR)].concat())
        .status(200)
        .body("ok"),
        h2_origin(RESET, "a body that breaks off is not whole for the origin")
            .effect("write")
            .client("POST / HTTP/1.1|Host: a|Content-Length: 5||he")
            .greets(plain())
            .behind(1, Wants::Bytes(2))
            .client_closes()
            .behind(1, Wants::Reset(&[CANCEL])),
        both(
            RESET,
            "a client of HTTP/2 sees an answer end whose stream is ended",
        )
        .says([half(), data(1, 0, b"hal")].concat())
        .wants(1, Wants::First(200))
        .wants(1, Wants::Bytes(3))
        .says(reset(1, CANCEL))
        .wants(1, Wants::Reset(&[INTERNAL]))
        .wants(0, Wants::Alive),
        both(
            "RFC 9113 8.1.1",
            "and one that is shorter than its length says",
        )
        .says([half(), data(1, 0, b"hal")].concat())
        .wants(1, Wants::First(200))
        .wants(1, Wants::Bytes(3))
        .says(data(1, END_STREAM, b"f"))
        .wants(1, Wants::Reset(&[INTERNAL]))
        .wants(0, Wants::Alive),
        both("RFC 9113 8.1.1", "or longer")
            .says([half(), data(1, 0, b"hal")].concat())
            .wants(1, Wants::First(200))
            .wants(1, Wants::Bytes(3))
            .says(data(1, 0, b"1234567"))
            .wants(1, Wants::Reset(&[INTERNAL]))
            .wants(0, Wants::Alive),
        both(
            "RFC 9113 8.1.1",
            "it is told so where that is known before it has heard of it",
        )
        .effect("write")
        .says([half(), data(1, END_STREAM, b"half")].concat())
        .wants(1, Wants::Status(502)),
        both(
            "RFC 9113 8.1",
            "and trailers of a request with a length go on",
        )
        .answers_both(1)
        .bytes(
            [
                post(3, &[("content-length", "2")]),
                data(3, 0, b"hi"),
                headers(3, END_STREAM, &[("x-sum", "9")]),
            ]
            .concat(),
        )
        .behind(3, Wants::Body(b"hi".to_vec()))
        .behind(3, Wants::Trailer("x-sum", "9"))
        .answers_both(3),
        asked(
            "RFC 9113 9.1",
            "a connection that the origin has closed is not asked",
        )
        .answers(1)
        .origin_closes()
        .client(GET)
        .greets(plain())
        .behind(1, Wants::Asks(":method", "GET"))
        .answers(1),
    ]
}
