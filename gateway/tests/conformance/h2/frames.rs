//! Frames: sizes, flags, streams and their states, settings.

use crate::case::{Case, Wants, h1, h2};
use crate::h2::frame::*;
use crate::h2::hpack::block;

/// A whole plain exchange on a stream.
fn exchange(case: Case, stream: u32) -> Case {
    case.bytes(get(stream, &[]))
        .sees_any()
        .origin(crate::case::OK)
        .wants(stream, Wants::Status(200))
        .wants(stream, Wants::Body(b"ok".to_vec()))
}

/// Errors of the connection. The h2 library says PROTOCOL_ERROR of some for which RFC 9113 has a code of its own.
pub(super) fn fatal(
    section: &'static str,
    name: &str,
    frames: Vec<u8>,
    codes: &'static [u32],
) -> Case {
    h2(section, name)
        .bytes(frames)
        .wants(0, Wants::Goaway(codes))
        .unseen()
}

/// Errors of one stream; a server may end the connection for them.
fn stream_error(section: &'static str, name: &str, frames: Vec<u8>, codes: &'static [u32]) -> Case {
    h2(section, name)
        .bytes(frames)
        .wants(1, Wants::Refused(codes, &[]))
        .unseen()
}

#[allow(clippy::too_many_lines, reason = "one list")]
pub(crate) fn cases() -> Vec<Case> {
    let open = post(1, &[("content-length", "5")]);
    let cut = &block(&GET)[..10];
    let rest = &block(&GET)[10..];
    vec![
        exchange(h2("RFC 9113 3.4", "a plain request"), 1),
        exchange(
            exchange(
                exchange(h2("RFC 9113 5.1.1", "one stream after another"), 1),
                3,
            ),
            7,
        ),
        h1("RFC 9113 3.4", "a preface that goes wrong is no request")
            .in_suite_h2()
            .bytes(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec())
            .status(505)
            .closed()
            .unseen(),
        h1("RFC 9113 3.4", "a preface that comes byte by byte")
            .in_suite_h2()
            .dribbles("PRI * HTTP/2.0||SM||")
            .bytes(frame(SETTINGS, 0, 0, b""))
            .wants(0, Wants::Acks(1)),
        exchange(
            h2("RFC 9113 4.1", "a frame of a kind nobody knows is nothing")
                .bytes(frame(0xbe, 0xff, 0, b"what"))
                .bytes(frame(0xbe, 0, 9, b"")),
            1,
        ),
        exchange(
            h2("RFC 9113 4.1", "flags that mean nothing are nothing")
                .bytes(frame(PING, 0xfe, 0, b"12345678"))
                .wants(0, Wants::Pong(b"12345678")),
            1,
        ),
        fatal(
            "RFC 9113 4.2",
            "a frame longer than we take",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &vec![0; 17_000]),
            &[FRAME_SIZE, PROTOCOL],
        ),
        stream_error(
            "RFC 9113 4.2",
            "data longer than we take",
            [open.clone(), data(1, 0, &vec![b'x'; 17_000])].concat(),
            &[FRAME_SIZE, PROTOCOL],
        )
        .seen_is_fine(),
        fatal(
            "RFC 9113 4.3",
            "a block that cannot be read",
            frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                1,
                &[0xff, 0xff, 0xff, 0xff, 0xff],
            ),
            &[COMPRESSION, PROTOCOL],
        ),
        fatal(
            "RFC 9113 4.3",
            "an index beyond the table",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xbf, 0x82]),
            &[COMPRESSION, PROTOCOL],
        ),
        fatal(
            "RFC 7541 4.2",
            "a table larger than we have",
            frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                1,
                &[0x3f, 0xe1, 0xff, 0x3f],
            ),
            &[COMPRESSION, PROTOCOL],
        ),
        fatal(
            "RFC 7541 5.2",
            "a Huffman code with padding of zeros",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0, 0x81, 0, 0x81, 0]),
            &[COMPRESSION, PROTOCOL],
        ),
        fatal(
            "RFC 9113 5.1",
            "data on a stream that is not open",
            data(1, END_STREAM, b"x"),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 5.1",
            "an end of a stream that is not open",
            reset(1, CALM),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 5.1",
            "a window for a stream that is not open",
            window(1, 1),
            &[PROTOCOL],
        ),
        h2("RFC 9113 5.1", "data behind the end of a stream")
            .bytes([get(1, &[]), data(1, 0, b"x")].concat())
            .wants(1, Wants::Refused(&[STREAM_CLOSED, PROTOCOL], &[])),
        h2("RFC 9113 5.1", "a head behind the end of a stream")
            .bytes([get(1, &[]), get(1, &[])].concat())
            .wants(1, Wants::Refused(&[STREAM_CLOSED, PROTOCOL], &[])),
        fatal(
            "RFC 9113 5.1.1",
            "a stream of the server's number",
            get(2, &[]),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 5.1.1",
            "a stream of number 0",
            get(0, &[]),
            &[PROTOCOL],
        ),
        h2("RFC 9113 5.1.1", "a stream of a smaller number")
            .bytes([get(5, &[]), get(3, &[])].concat())
            .wants(0, Wants::Goaway(&[PROTOCOL, STREAM_CLOSED])),
        fatal(
            "RFC 9113 5.5",
            "a frame of a kind nobody knows within a block",
            [
                frame(HEADERS, END_STREAM, 1, cut),
                frame(0xbe, 0, 0, b""),
                frame(CONTINUATION, END_HEADERS, 1, rest),
            ]
            .concat(),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.1",
            "data of no stream",
            data(0, 0, b"x"),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.1",
            "padding longer than its frame",
            [open.clone(), frame(DATA, PADDED, 1, &[9, b'x'])].concat(),
            &[PROTOCOL],
        )
        .seen_is_fine(),
        fatal(
            "RFC 9113 6.2",
            "padding longer than its head",
            frame(HEADERS, PADDED | END_HEADERS, 1, &[200, 0x82]),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.2",
            "a head within a head",
            [frame(HEADERS, END_STREAM, 1, cut), get(3, &[])].concat(),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.2",
            "data within a head",
            [frame(HEADERS, 0, 1, cut), data(1, 0, b"x")].concat(),
            &[PROTOCOL],
        ),
        exchange(
            h2("RFC 9113 6.3", "a priority means nothing").bytes(frame(
                PRIORITY,
                0,
                1,
                &[0, 0, 0, 0, 9],
            )),
            1,
        ),
        fatal(
            "RFC 9113 6.4",
            "an end of stream 0",
            reset(0, CALM),
            &[PROTOCOL],
        ),
        h2("RFC 9113 6.4", "an end of three bytes")
            .bytes([open, frame(RST_STREAM, 0, 1, b"abc")].concat())
            .wants(0, Wants::Goaway(&[FRAME_SIZE, PROTOCOL])),
        h2("RFC 9113 6.5", "settings are acknowledged")
            .bytes(settings(&[(3, 7)]))
            .wants(0, Wants::Acks(2)),
        exchange(
            h2("RFC 9113 6.5", "a setting nobody knows is nothing")
                .bytes(settings(&[(0xbe, 9)]))
                .wants(0, Wants::Acks(2)),
            1,
        ),
        fatal(
            "RFC 9113 6.5",
            "settings of a stream",
            frame(SETTINGS, 0, 1, b""),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.5",
            "an acknowledgement with content",
            frame(SETTINGS, ACK, 0, &[0; 6]),
            &[FRAME_SIZE, PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.5",
            "settings of five bytes",
            frame(SETTINGS, 0, 0, &[0; 5]),
            &[FRAME_SIZE, PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.5.2",
            "a push that is neither on nor off",
            settings(&[(2, 2)]),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.5.2",
            "a window above the largest",
            settings(&[(4, 0x8000_0000)]),
            &[FLOW_CONTROL, PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.5.2",
            "frames smaller than the smallest",
            settings(&[(5, 16_383)]),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.5.2",
            "frames larger than the largest",
            settings(&[(5, 0x100_0000)]),
            &[PROTOCOL],
        ),
        h2("RFC 9113 6.5.2", "we say how many streams there may be")
            .wants(0, Wants::AtMost(3, 1000)),
        h2("RFC 9113 6.5.2", "we say how large a head may be")
            .wants(0, Wants::AtMost(6, 256 * 1024)),
        fatal(
            "RFC 9113 6.6",
            "a push by a client",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82]),
            &[PROTOCOL],
        ),
        h2("RFC 9113 6.7", "an echo")
            .bytes(frame(PING, 0, 0, b"01234567"))
            .wants(0, Wants::Pong(b"01234567")),
        fatal(
            "RFC 9113 6.7",
            "an echo of a stream",
            frame(PING, 0, 1, b"01234567"),
            &[PROTOCOL],
        ),
        fatal(
            "RFC 9113 6.7",
            "an echo of seven bytes",
            frame(PING, 0, 0, b"0123456"),
            &[FRAME_SIZE, PROTOCOL],
        ),
        exchange(
            exchange(
                h2(
                    "RFC 9113 6.8",
                    "at a shutdown a request that was sent before its client knew is answered",
                ),
                1,
            )
            .drain(),
            3,
        )
        .wants(0, Wants::Leaves(&[MOST, 3])),
        h2(
            "RFC 9113 9.1",
            "at a shutdown what is under way ends, and the connection then",
        )
        .bytes(get(1, &[]))
        .sees_any()
        .drain()
        .origin(crate::case::OK)
        .wants(1, Wants::Status(200))
        .wants(1, Wants::Body(b"ok".to_vec()))
        .wants(0, Wants::Goaway(&[NO_ERROR])),
    ]
}
