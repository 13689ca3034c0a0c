//! Parts of a line, put at its end by hand: the formatters of the standard library take several times as long, and every request of a log has
//! a dozen.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use uuid::Uuid;

/// Text that needs no escape.
pub(super) fn plain(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = itoa::Buffer::new();
    plain(out, digits.format(number));
}

/// Milliseconds with microseconds behind the point.
pub(super) fn millis(out: &mut Vec<u8>, time: Duration) {
    let whole = time.as_secs().saturating_mul(1000);
    number(out, whole.saturating_add(time.subsec_millis().into()));
    out.push(b'.');
    thousandths(out, time.subsec_micros() % 1000);
}

/// Three digits.
pub(super) fn thousandths(out: &mut Vec<u8>, number: u32) {
    let digits = [number / 100, number / 10, number]
        .map(|digit| b'0' + u8::try_from(digit % 10).unwrap_or_default());
    out.extend_from_slice(&digits);
}

pub(super) fn id(out: &mut Vec<u8>, id: Uuid) {
    let mut text = Uuid::encode_buffer();
    plain(out, id.as_hyphenated().encode_lower(&mut text));
}

/// What came from outside: `other` writes the bytes that are not printable ASCII.
pub(super) fn escaped(out: &mut Vec<u8>, text: &[u8], other: fn(&mut Vec<u8>, u8)) {
    // Without a way out at each byte, so that many are looked at at once; almost always there is nothing to escape.
    if text
        .iter()
        .fold(true, |plain, byte| plain & is_plain(*byte))
    {
        out.extend_from_slice(text);
        return;
    }
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            byte if is_plain(*byte) => out.push(*byte),
            byte => other(out, *byte),
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

/// What is seldom written.
pub(super) fn formatted(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // A vector takes whatever is written to it.
    let _never = out.write_fmt(text);
}
