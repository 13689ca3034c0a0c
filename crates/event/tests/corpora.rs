//! The corpora of the fuzz targets, replayed and mutated a little.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../fuzz/replay.rs"]
mod replay;
#[path = "../../../fuzz/schemas.rs"]
mod schemas;

/// Lengths, tags and numbers at their ends.
const PIECES: &[&[u8]] = &[
    &[0],
    &[1],
    &[2],
    &[0x80],
    &[0xff],
    &[0x08],
    &[0x0a, 0x00],
    &[0x12, 0x01],
    &[0x7a, 0x02, 0x08],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0, 0, 0, 0, 1],
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"\"big\":",
    b"1e9",
    b"\"\\ud800\"",
    b",",
];

#[test]
fn references_to_schemas() {
    replay::replay("schema_ref", PIECES, 2_000, schemas::schema_ref);
}

#[test]
fn data_of_registered_schemas() {
    replay::replay("datum", PIECES, 2_000, schemas::datum);
}
