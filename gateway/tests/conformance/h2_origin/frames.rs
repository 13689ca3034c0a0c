//! Frames that must not come, and those that are nothing to us.

use super::asked;
use crate::case::{Case, Wants};
use crate::h2::frame::*;
use crate::h2::hpack::block;

const IDLE: &str = "RFC 9113 5.1";
const SETTING: &str = "RFC 9113 6.5.2";
const WINDOW: &str = "RFC 9113 6.9";

pub(crate) fn cases() -> Vec<Case> {
    let bad = |section, name: &str, frames: Vec<u8>, codes| {
        asked(section, name)
            .effect("write")
            .says(frames)
            .status(502)
            .behind(0, Wants::Goaway(codes))
    };
    let yes = block(&[(":status", "200")]);
    let more = 0x7fff_ffff;
    vec![
        bad(
            "RFC 9113 6.1",
            "data of no stream",
            data(0, 0, b"x"),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.1",
            "more padding than there is",
            frame(DATA, PADDED, 1, b"\x09x"),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.2",
            "a head of no stream",
            headers(0, END_STREAM, &[(":status", "200")]),
            &[PROTOCOL],
        ),
        bad(
            IDLE,
            "an answer that nobody asked for",
            headers(3, END_STREAM, &[(":status", "200")]),
            &[PROTOCOL],
        ),
        bad(
            IDLE,
            "data that nobody asked for",
            data(5, END_STREAM, b"x"),
            &[PROTOCOL],
        ),
        bad(
            IDLE,
            "an end of what was never begun",
            reset(7, 8),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 5.1.1",
            "a stream that the origin begins",
            headers(2, END_STREAM, &[(":status", "200")]),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.4",
            "an end of the wrong size",
            frame(RST_STREAM, 0, 1, b"\0\0\0"),
            &[FRAME_SIZE, PROTOCOL],
        ),
        bad(
            "RFC 9113 6.5",
            "settings of a stream",
            frame(SETTINGS, 0, 1, b""),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.5",
            "settings of the wrong size",
            frame(SETTINGS, 0, 0, b"\0\x03\0\0\0"),
            &[FRAME_SIZE, PROTOCOL],
        ),
        bad(
            "RFC 9113 6.5",
            "an acknowledgement with settings",
            frame(SETTINGS, ACK, 0, b"\0\x03\0\0\0\x09"),
            &[FRAME_SIZE, PROTOCOL],
        ),
        bad(
            SETTING,
            "a window larger than there can be",
            settings(&[(4, 0x8000_0000)]),
            &[FLOW_CONTROL, PROTOCOL],
        ),
        bad(
            SETTING,
            "frames smaller than they must be taken",
            settings(&[(5, 100)]),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 8.4",
            "an answer that is pushed",
            frame(
                PUSH_PROMISE,
                END_HEADERS,
                1,
                &[&2_u32.to_be_bytes()[..], &block(&GET)].concat(),
            ),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.7",
            "an echo of the wrong size",
            frame(PING, 0, 0, b"0123456"),
            &[FRAME_SIZE, PROTOCOL],
        ),
        bad(
            "RFC 9113 6.7",
            "an echo of a stream",
            frame(PING, 0, 1, b"01234567"),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.8",
            "a farewell of a stream",
            frame(GOAWAY, 0, 1, &[0; 8]),
            &[PROTOCOL],
        ),
        bad(
            WINDOW,
            "a window opened by nothing",
            window(0, 0),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.9.1",
            "a window opened beyond what there can be",
            [window(0, more), window(0, more)].concat(),
            &[FLOW_CONTROL],
        ),
        bad(
            "RFC 9113 4.2",
            "a frame larger than we take",
            data(1, 0, &[b'x'; 16_385]),
            &[FRAME_SIZE],
        ),
        bad(
            "RFC 9113 6.10",
            "a piece of no head",
            frame(CONTINUATION, END_HEADERS, 1, &yes),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 6.10",
            "a head that is broken into",
            [frame(HEADERS, 0, 1, &yes), data(1, END_STREAM, b"x")].concat(),
            &[PROTOCOL],
        ),
        bad(
            "RFC 9113 4.3",
            "a head that cannot be unpacked",
            frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                1,
                b"\xff\xff\xff\xff\xff",
            ),
            &[COMPRESSION, PROTOCOL],
        ),
        bad(
            "RFC 9113 3.4",
            "an origin that speaks HTTP/1.1",
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            &[FRAME_SIZE, PROTOCOL],
        ),
        asked("RFC 9113 6.9", "a window of a stream opened by nothing")
            .effect("write")
            .says(window(1, 0))
            .status(502)
            .behind(1, Wants::Refused(&[PROTOCOL], &[])),
        asked("RFC 9113 5.5", "a frame that nobody knows")
            .says(frame(99, 0xff, 1, b"what?"))
            .answers(1),
        asked("RFC 9113 6.5.2", "a setting that nobody knows")
            .says(settings(&[(0x9999, 7)]))
            .behind(0, Wants::Acks(2))
            .answers(1),
        asked("RFC 9113 6.3", "a priority")
            .says(frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 9]))
            .answers(1),
        asked("RFC 9113 6.7", "an echo is given")
            .says(frame(PING, 0, 0, b"01234567"))
            .behind(0, Wants::Pong(b"01234567"))
            .answers(1),
    ]
}
