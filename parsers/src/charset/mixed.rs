//! Text of double-byte pages: alone (PIC G), and mixed with single bytes between shift codes (PIC X).
//!
//! In: bytes or text. Out: the other. Mixed text begins with single bytes; SO (0E) leads to pairs, SI (0F) back. A
//! shift that changes nothing is passed over, and text may end in either state; encoding writes the fewest shifts
//! and ends with single bytes, so bytes with others do not come back (`Table::check` says so). Control codes are
//! single bytes only. (z/OS Enterprise COBOL Programming Guide, "Processing alphanumeric data items that contain
//! DBCS data"; Character Data Representation Architecture, encoding scheme 1301.)

use super::Table;
use super::double::Double;

const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// Appends pairs' text; `Err` is the offset of the first pair that is no character, or of a last byte alone.
pub(super) fn decode_pairs(double: &Double, bytes: &[u8], out: &mut String) -> Result<(), usize> {
    out.reserve(bytes.len());
    let (pairs, rest) = bytes.as_chunks::<2>();
    for (at, [lead, trail]) in pairs.iter().enumerate() {
        if !double.push(*lead, *trail, out) {
            return Err(at.saturating_mul(2));
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(bytes.len().saturating_sub(1))
    }
}

/// Appends the pairs of a text; `Err` is the first character without one.
pub(super) fn encode_pairs(double: &Double, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (pair, len) = double.pair_of(rest).ok_or(character)?;
        out.extend_from_slice(&pair);
        rest = rest.get(len..).unwrap_or_default();
    }
    Ok(())
}

/// Appends mixed text, with U+FFFD for each byte or pair that is no character where `lossy`.
///
/// # Errors
/// The offset of the first that is none; never where `lossy`.
pub(super) fn decode(
    table: &Table,
    double: &Double,
    bytes: &[u8],
    lossy: bool,
    out: &mut String,
) -> Result<(), usize> {
    out.reserve(bytes.len());
    let mut pairs = false;
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let at = bytes.len().saturating_sub(rest.len());
        let mut next = after;
        let known = match (first, after) {
            (&SHIFT_OUT, _) => {
                pairs = true;
                true
            }
            (&SHIFT_IN, _) => {
                pairs = false;
                true
            }
            (lead, [trail, after @ ..]) if pairs && !matches!(*trail, SHIFT_OUT | SHIFT_IN) => {
                next = after;
                double.push(*lead, *trail, out)
            }
            _ if pairs => false,
            (byte, _) => match table.char_of(*byte) {
                char::REPLACEMENT_CHARACTER => false,
                character => {
                    out.push(character);
                    true
                }
            },
        };
        if !known && !lossy {
            return Err(at);
        }
        if !known {
            out.push(char::REPLACEMENT_CHARACTER);
        }
        rest = next;
    }
    Ok(())
}

/// Appends mixed text's bytes; a character of both kinds is written as a single byte.
///
/// # Errors
/// The first character that is of neither.
pub(super) fn encode(
    table: &Table,
    double: &Double,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), char> {
    out.reserve(text.len());
    let mut pairs = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        // Two characters that one pair stands for are that pair.
        let both = double
            .pair_of(rest)
            .filter(|(_, len)| *len > character.len_utf8());
        let single = if both.is_some() {
            None
        } else {
            table.byte_of(character)
        };
        let len = if let Some(byte) = single {
            if pairs {
                out.push(SHIFT_IN);
                pairs = false;
            }
            out.push(byte);
            character.len_utf8()
        } else {
            let Some((pair, len)) = both.or_else(|| double.pair_of(rest)) else {
                if pairs {
                    out.push(SHIFT_IN);
                }
                return Err(character);
            };
            if !pairs {
                out.push(SHIFT_OUT);
                pairs = true;
            }
            out.extend_from_slice(&pair);
            len
        };
        rest = rest.get(len..).unwrap_or_default();
    }
    if pairs {
        out.push(SHIFT_IN);
    }
    Ok(())
}
