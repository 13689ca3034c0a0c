//! Clients that cost more than they pay.

use crate::case::{Case, OK, Wants, h2};
use crate::h2::frame::*;
use crate::h2::hpack::block;

const FLOOD: &str = "RFC 9113 10.5";

pub(crate) fn cases() -> Vec<Case> {
    let many = |frame: Vec<u8>, times: usize| frame.repeat(times);
    let resets: Vec<u8> = (0..5_000_u32)
        .flat_map(|n| [get(2 * n + 1, &[]), reset(2 * n + 1, 8)].concat())
        .collect();
    let bad: Vec<u8> = (0..5_000_u32)
        .flat_map(|n| [get(2 * n + 1, &[]), window(2 * n + 1, 0)].concat())
        .collect();
    // Slowly enough for each to be taken on: the library counts those that are not.
    let taken_back = (0..101_u32).fold(
        h2(FLOOD, "more requests that are taken back than answered"),
        |case, n| {
            case.bytes(get(2 * n + 1, &[]))
                .fresh()
                .sees_any()
                .bytes(reset(2 * n + 1, 8))
        },
    );
    let taken_back = taken_back.wants(0, Wants::Goaway(&[CALM]));
    // No route takes that path: such an answer costs nobody anything, and pays for nothing.
    let nowhere = GET.map(|(name, value)| match name {
        ":path" => (name, "/.."),
        _ => (name, value),
    });
    let paid_with_nothing = (0..100_u32).fold(
        h2(
            FLOOD,
            "requests taken back between others that are not for a backend",
        ),
        |case, n| {
            case.bytes(get(4 * n + 1, &[]))
                .fresh()
                .sees_any()
                .bytes(reset(4 * n + 1, 8))
                .bytes(headers(4 * n + 3, END_STREAM, &nowhere))
                .wants(4 * n + 3, Wants::Status(404))
        },
    );
    let paid_with_nothing = paid_with_nothing
        .bytes(get(401, &[]))
        .fresh()
        .sees_any()
        .bytes(reset(401, 8))
        .wants(0, Wants::Goaway(&[CALM]));
    let large = "y".repeat(16_000);
    let begun = frame(HEADERS, END_STREAM, 1, &block(&GET));
    let more = frame(CONTINUATION, 0, 1, &block(&[("x", &large)]));
    let nothing = frame(CONTINUATION, 0, 1, b"");
    let streams: Vec<u8> = (0..200_u32).flat_map(|n| get(2 * n + 1, &[])).collect();
    vec![
        h2(FLOOD, "streams that are begun and ended at once")
            .bytes(resets)
            .wants(0, Wants::Goaway(&[CALM])),
        taken_back,
        paid_with_nothing,
        h2(FLOOD, "streams that are made to be ended by us")
            .bytes(bad)
            .wants(0, Wants::Goaway(&[CALM, PROTOCOL])),
        h2(FLOOD, "a head without end")
            .bytes([begun.clone(), many(more.clone(), 200)].concat())
            .wants(0, Wants::Goaway(&[CALM, COMPRESSION, PROTOCOL]))
            .unseen(),
        h2(FLOOD, "a head that goes on with nothing")
            .bytes([begun.clone(), many(nothing, 100_000)].concat())
            .wants(0, Wants::Goaway(&[CALM, PROTOCOL]))
            .unseen(),
        h2("RFC 9113 10.5.1", "a head larger than we take")
            .bytes(
                [
                    begun,
                    many(more, 20),
                    frame(CONTINUATION, END_HEADERS, 1, b""),
                ]
                .concat(),
            )
            .wants(1, Wants::Refused(&[PROTOCOL, CALM], &[431]))
            .unseen(),
        h2("RFC 6585 5", "more fields than we take")
            .bytes(get(1, &vec![("x-a", "1"); 200]))
            .wants(1, Wants::Refused(&[PROTOCOL, CALM], &[431]))
            .unseen(),
        h2("RFC 9113 8.2.3", "a cookie of many crumbs is one field")
            .bytes(get(1, &vec![("cookie", "a=1"); 200]))
            .sees_any()
            .origin(OK)
            .wants(1, Wants::Status(200)),
        h2("RFC 9113 5.1.2", "more streams than we take")
            .bytes(streams)
            .wants(399, Wants::Reset(&[REFUSED_STREAM])),
        h2(FLOOD, "echoes are answered, and the connection goes on")
            .bytes(many(frame(PING, 0, 0, b"01234567"), 500))
            .wants(0, Wants::Alive),
        h2(
            FLOOD,
            "settings are acknowledged, and the connection goes on",
        )
        .bytes(many(settings(&[(3, 9)]), 200))
        .wants(0, Wants::Acks(201))
        .wants(0, Wants::Alive),
    ]
}
