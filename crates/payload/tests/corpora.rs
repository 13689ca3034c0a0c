//! The corpus of the fuzz target, replayed and mutated a little.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../fuzz/payloads.rs"]
mod payloads;
#[path = "../../../fuzz/replay.rs"]
mod replay;

/// Headers and what stands in them, and how a frame begins.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b"figway-payload-encoding: identity\n",
    b"figway-payload-encoding: zstd\n",
    b"figway-payload-length: 5\n",
    b"figway-payload-length: 18446744073709551615\n",
    b"figway-payload-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n",
    b"figway-payload-claim: 20261123/5f/5f0123456789abcdef0123456789abcd\n",
    b"figway-payload-claim: until-20261201/5f/5f0123456789abcdef0123456789abcd\n",
    b"figway-payload-claim: forever/5f/5f0123456789abcdef0123456789abcd\n",
    b"figway-payload-claim: ../../../../../../../../etc/passwd\n",
    b"figway-payload-key: 2026a\n",
    b"figway-payload-chunk-set: 00000000000000000000000000000007\n",
    b"figway-payload-chunk-index: 0\n",
    b"figway-payload-chunk-count: 1\n",
    b"figway-payload-chunk-count: 10000\n",
    b"\x28\xb5\x2f\xfd\x00\x58\x29\x00\x00hello",
    b"hello",
];

#[test]
fn bodies_in_forms_of_their_own() {
    replay::replay("payload", PIECES, 2_000, payloads::form);
}
