//! Goodbyes, windows, and heads in pieces.

use super::frames::fatal;
use crate::case::{Case, Wants, h2};
use crate::h2::frame::*;
use crate::h2::hpack::block;

pub(crate) fn cases() -> Vec<Case> {
    let open = post(1, &[("content-length", "5")]);
    let cut = &block(&GET)[..10];
    let rest = &block(&GET)[10..];
    vec![
        h2(
            "RFC 9113 6.8",
            "a client that says goodbye still gets its answer",
        )
        .bytes(get(1, &[]))
        .sees_any()
        .bytes(frame(GOAWAY, 0, 0, &[0; 8]))
        .origin(crate::case::OK)
        .wants(1, Wants::Status(200))
        .wants(1, Wants::Body(b"ok".to_vec())),
        fatal(
            "RFC 9113 6.8",
            "a goodbye of a stream",
            frame(GOAWAY, 0, 1, &[0; 8]),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.9",
            "a window of nothing for the connection",
            window(0, 0),
            &[PROTOCOL],
        ),
        h2("RFC 9113 6.9", "a window of nothing for a stream")
            .bytes([open.clone(), window(1, 0)].concat())
            .wants(1, Wants::Refused(&[PROTOCOL], &[])),
        fatal(
            "RFC 9113 6.9",
            "a window of three bytes",
            frame(WINDOW_UPDATE, 0, 0, b"abc"),
            &[FRAME_SIZE, PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.9.1",
            "a window that overflows for the connection",
            window(0, 0x7fff_ffff),
            &[FLOW_CONTROL, PROTOCOL],
        ),
        h2("RFC 9113 6.9.1", "a window that overflows for a stream")
            .bytes([open, window(1, 0x7fff_ffff)].concat())
            .wants(1, Wants::Refused(&[FLOW_CONTROL], &[])),
        fatal(
            "RFC 9113 6.10",
            "a continuation of nothing",
            frame(CONTINUATION, END_HEADERS, 1, cut),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.10",
            "a continuation of another stream",
            [
                frame(HEADERS, END_STREAM, 1, cut),
                frame(CONTINUATION, END_HEADERS, 3, rest),
            ]
            .concat(),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.10",
            "a continuation of what has ended",
            [
                get(1, &[("x", "y")]),
                frame(CONTINUATION, END_HEADERS, 1, cut),
            ]
            .concat(),
            &[PROTOCOL],
        )
        .seen_is_fine(),
        h2("RFC 9113 6.10", "a block in pieces")
            .bytes(
                [
                    frame(HEADERS, END_STREAM, 1, cut),
                    frame(CONTINUATION, 0, 1, b""),
                    frame(CONTINUATION, END_HEADERS, 1, rest),
                ]
                .concat(),
            )
            .sees("GET / HTTP/1.1|host: a||")
            .origin(crate::case::OK)
            .wants(1, Wants::Status(200)),
        h2("RFC 9113 6.2", "a head with padding and a priority")
            .bytes(frame(
                HEADERS,
                END_STREAM | END_HEADERS | PADDED | 0x20,
                1,
                &[&[3, 0, 0, 0, 0, 9], block(&GET).as_slice(), &[0, 0, 0]].concat(),
            ))
            .sees("GET / HTTP/1.1|host: a||")
            .origin(crate::case::OK)
            .wants(1, Wants::Status(200)),
    ]
}
