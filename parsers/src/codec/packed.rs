//! COMP-3: two digits a byte, the last nibble the sign; COMP-6 and COMP-3U: digits only.
//!
//! Sign nibbles: A C E F plus, B D minus (z/Architecture Principles of Operation, "Decimal-operand formats");
//! canonical are C and D in a signed field, F in an unsigned one. A picture with an even number of digits leaves a
//! spare nibble in front: a digit there is read as part of the number, as the machine's arithmetic does.

use super::exact::{MOST_DIGITS, ascii};
use super::zones::Zones;
use super::{Bad, Digits};
use crate::error::FieldErrorKind;

/// What was read; the digits are ASCII in the caller's buffer.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) negative: bool,
    pub(crate) canonical: bool,
    pub(crate) len: usize,
}

/// Both digits of a byte in ASCII, or zeros where a nibble is no digit.
static PAIRS: [[u8; 2]; 256] = pairs();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "const evaluation: any fault here is a compile error"
)]
const fn pairs() -> [[u8; 2]; 256] {
    let mut table = [[0; 2]; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let (high, low) = ((byte >> 4) as u8, (byte & 15) as u8);
        if high < 10 && low < 10 {
            table[byte] = [b'0' + high, b'0' + low];
        }
        byte += 1;
    }
    table
}

#[inline]
#[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
pub(crate) fn read(bytes: &[u8], signed: bool, places: u16, out: &mut Digits) -> Result<Read, Bad> {
    let [front @ .., last] = bytes else {
        return Err(Bad::new(FieldErrorKind::Digit, "no digits"));
    };
    let (pairs, tail) = out.as_chunks_mut::<2>();
    debug_assert!(tail.is_empty(), "an even buffer");
    let Some((pairs, [end, ..])) = pairs.split_at_mut_checked(front.len()) else {
        return Err(Bad::new(
            FieldErrorKind::Range,
            "more digits than a number can have",
        ));
    };
    let mut valid = true;
    for (pair, byte) in pairs.iter_mut().zip(front) {
        *pair = PAIRS[usize::from(*byte)];
        valid &= pair[0] != 0;
    }
    let (high, sign) = (last >> 4, last & 0x0f);
    if !valid || high > 9 {
        return Err(not_a_number(bytes, || bad_digit(bytes)));
    }
    end[0] = b'0' | high;
    let negative = match sign {
        0xa | 0xc | 0xe | 0xf => false,
        0xb | 0xd => true,
        _ => return Err(not_a_number(bytes, || bad_sign(sign))),
    };
    let len = front.len().saturating_mul(2).saturating_add(1);
    let canonical = match (signed, sign) {
        (false, 0xf) | (true, 0xc) => true,
        // Minus zero reads as zero, whose canonical sign is plus.
        (true, 0xd) => high != 0 || front.iter().any(|byte| *byte != 0),
        (false, 0xb | 0xd) => {
            return Err(Bad::new(
                FieldErrorKind::Sign,
                "a minus sign in a field without a sign",
            ));
        }
        _ => false,
    };
    let spare = len > usize::from(places) && out.first().is_some_and(|digit| *digit != b'0');
    if spare && len > 38 {
        return Err(Bad::new(
            FieldErrorKind::Range,
            "a number of more than 38 digits",
        ));
    }
    Ok(Read {
        negative,
        canonical: canonical && !spare,
        len,
    })
}

/// COMP-6 (Micro Focus, GnuCOBOL): all nibbles are digits. An odd number of them leaves a spare one in front.
#[inline]
#[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
pub(crate) fn read_no_sign(bytes: &[u8], places: u16, out: &mut Digits) -> Result<Read, Bad> {
    let (pairs, _) = out.as_chunks_mut::<2>();
    let Some(pairs) = pairs.get_mut(..bytes.len()) else {
        return Err(Bad::new(
            FieldErrorKind::Range,
            "more digits than a number can have",
        ));
    };
    let mut valid = true;
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = PAIRS[usize::from(*byte)];
        valid &= pair[0] != 0;
    }
    if !valid || bytes.is_empty() {
        return Err(not_a_number(bytes, || bad_unsigned(bytes)));
    }
    let len = bytes.len().saturating_mul(2);
    let spare = len > usize::from(places) && out.first().is_some_and(|digit| *digit != b'0');
    Ok(Read {
        negative: false,
        canonical: !spare,
        len,
    })
}

/// Fill characters are EBCDIC's whatever the text: a packed field has no characters of its own.
#[cold]
fn not_a_number(bytes: &[u8], otherwise: impl FnOnce() -> Bad) -> Bad {
    if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0x20) {
        return super::not_a_number(bytes, Zones::Translated, otherwise);
    }
    super::not_a_number(bytes, Zones::Ebcdic, otherwise)
}

#[cold]
fn bad_unsigned(bytes: &[u8]) -> Bad {
    let found = bytes
        .iter()
        .enumerate()
        .find(|(_, byte)| **byte >> 4 > 9 || **byte & 0x0f > 9);
    let message = match found {
        Some((index, byte)) => format!(
            "wanted two packed digits as byte {} of the field, got {byte:02X}{}",
            index.saturating_add(1),
            if index.saturating_add(1) == bytes.len() && *byte >> 4 <= 9 {
                " (a sign nibble? COMP-3 has one, COMP-6 has none)"
            } else {
                ""
            }
        ),
        None => "wanted packed digits".to_owned(),
    };
    Bad::new(FieldErrorKind::Digit, message)
}

#[cold]
fn bad_digit(bytes: &[u8]) -> Bad {
    let last = bytes.len().saturating_sub(1);
    let found = bytes
        .iter()
        .enumerate()
        .find(|(index, byte)| **byte >> 4 > 9 || (*index != last && **byte & 0x0f > 9));
    let mut message = match found {
        Some((index, byte)) => format!(
            "wanted two packed digits as byte {} of the field, got {byte:02X}",
            index.saturating_add(1)
        ),
        None => "wanted packed digits".to_owned(),
    };
    if bytes.iter().all(|byte| (0xf0..=0xf9).contains(byte)) {
        message.push_str(" (these are zoned digits: is the field USAGE DISPLAY?)");
    }
    Bad::new(FieldErrorKind::Digit, message)
}

#[cold]
fn bad_sign(nibble: u8) -> Bad {
    Bad::new(
        FieldErrorKind::Sign,
        format!("wanted a sign (A to F) as the last nibble, got {nibble:X}"),
    )
}

/// Writes canonical bytes; the magnitude fits.
pub(crate) fn write(negative: bool, magnitude: u128, signed: bool, out: &mut [u8]) {
    write_digits(negative, &ascii(magnitude), signed, out);
}

/// Writes canonical bytes of as many of the last digits, which are ASCII, as there is room for.
#[inline]
pub(super) fn write_digits(
    negative: bool,
    ascii: &[u8; MOST_DIGITS],
    signed: bool,
    out: &mut [u8],
) {
    let sign = match (signed, negative) {
        (false, _) => 0xf,
        (true, false) => 0xc,
        (true, true) => 0xd,
    };
    if let ([front @ .., last], [digits @ .., units]) = (out, ascii) {
        *last = (units << 4) | sign;
        write_pairs(digits, front);
    }
}

/// Writes canonical bytes of digits of four bits. False where that is not all there is room for.
#[inline]
pub(super) fn write_nibbles(negative: bool, nibbles: u64, signed: bool, out: &mut [u8]) -> bool {
    let sign = match (signed, negative) {
        (false, _) => 0xf,
        (true, false) => 0xc,
        (true, true) => 0xd,
    };
    let bytes = ((u128::from(nibbles) << 4) | sign).to_be_bytes();
    let start = bytes.len().checked_sub(out.len());
    match start.and_then(|start| bytes.get(start..)) {
        Some(bytes) => {
            out.copy_from_slice(bytes);
            true
        }
        None => false,
    }
}

/// Writes the digits; the magnitude fits.
pub(crate) fn write_no_sign(magnitude: u128, out: &mut [u8]) {
    write_pairs(&ascii(magnitude), out);
}

/// Writes as many of the last digits, which are ASCII, as there is room for, two a byte.
#[inline]
pub(super) fn write_pairs(ascii: &[u8], out: &mut [u8]) {
    let (odd, pairs) = ascii.as_rchunks::<2>();
    let more = out.len().saturating_sub(pairs.len());
    let (zeros, places) = out.split_at_mut_checked(more).unwrap_or_default();
    zeros.fill(0x00);
    // A digit without a pair.
    if let (Some(zero), [digit]) = (zeros.last_mut(), odd) {
        *zero = digit & 0x0f;
    }
    let start = pairs.len().saturating_sub(places.len());
    for (byte, [high, low]) in places
        .iter_mut()
        .zip(pairs.get(start..).unwrap_or_default())
    {
        *byte = (high << 4) | (low & 0x0f);
    }
}
