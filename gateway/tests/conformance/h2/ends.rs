//! How streams and connections end that do not end as they began to: early answers, clients that go, a gateway that does.

use crate::case::{Case, OK, Wants, h2};
use crate::h2::frame::*;

const EARLY: &str = "RFC 9113 8.1";
const GOES: &str = "RFC 9113 6.8";
const NO: &str = "HTTP/1.1 413 Content Too Large|Connection: close|Content-Length: 2||no";

pub(crate) fn cases() -> Vec<Case> {
    let head = [&[(":method", "HEAD")], &GET[1..]].concat();
    let mut refused = h2(
        "RFC 9113 6.9",
        "what is not taken of a body is no room lost for others",
    )
    .effect("write")
    // Its settings make room for more than the usual 64 KiB.
    .wants(0, Wants::Alive);
    for stream in [1, 3, 5, 7, 9, 11] {
        // Together more than the connection's window.
        let part = data(stream, 0, &[b'x'; 16_000]).repeat(13);
        refused = refused
            .bytes([post(stream, &[]), part].concat())
            .fresh()
            .sees_any()
            .origin(NO)
            .wants(stream, Wants::Status(413))
            .wants(stream, Wants::Body(b"no".to_vec()))
            .wants(stream, Wants::Reset(&[NO_ERROR]));
    }
    vec![
        h2(
            EARLY,
            "an answer before the body's end ends the stream without an error",
        )
        .effect("write")
        .bytes([post(1, &[]), data(1, 0, b"hello")].concat())
        .sees_any()
        .origin(NO)
        .wants(1, Wants::Status(413))
        .wants(1, Wants::Body(b"no".to_vec()))
        .wants(1, Wants::Reset(&[NO_ERROR]))
        .bytes(get(3, &[]))
        .fresh()
        .sees_any()
        .origin(OK)
        .wants(3, Wants::Status(200)),
        refused.wants(0, Wants::Alive),
        h2(
            "RFC 9113 5.4.1",
            "a client that closes its connection ends all that it asked",
        )
        .bytes(get(1, &[]))
        .sees_any()
        .client_closes()
        .origin_closed(),
        h2("RFC 9113 5.4.1", "one that resets it does")
            .bytes(get(1, &[]))
            .sees_any()
            .client_resets()
            .origin_closed(),
        h2(
            "RFC 9113 5.4.2",
            "a client that ends its stream within an answer ends the question",
        )
        .bytes(get(1, &[]))
        .sees_any()
        .origin("HTTP/1.1 200 OK|Content-Length: 26||abc")
        .wants(1, Wants::Bytes(3))
        .bytes(reset(1, 8))
        .origin_closed(),
        h2(GOES, "what was asked is answered when the gateway goes")
            .bytes(get(1, &[]))
            .sees_any()
            .drain()
            .wants(1, Wants::Alive)
            .origin(OK)
            .wants(1, Wants::Status(200))
            .wants(1, Wants::Body(b"ok".to_vec()))
            .wants(0, Wants::Goaway(&[NO_ERROR])),
        h2(GOES, "what is not answered in time then is cut off")
            .bytes(get(1, &[]))
            .sees_any()
            .drain()
            .wants(0, Wants::Goaway(&[NO_ERROR]))
            .origin_closed(),
        h2("RFC 9110 9.3.2", "HEAD to which the gateway itself answers")
            .origin_goes()
            .bytes(headers(1, END_STREAM, &head))
            .wants(1, Wants::Status(502))
            .wants(1, Wants::Body(Vec::new()))
            .wants(0, Wants::Alive),
    ]
}
