//! UTF-16 of either byte order: PIC N, Db2's GRAPHIC of Unicode tables.
//!
//! In: bytes or text. Out: the other. No byte-order mark is looked for or written; U+FEFF is a character.

use crate::layout::options::Endian;

fn unit(endian: Endian, pair: [u8; 2]) -> u16 {
    match endian {
        Endian::Big => u16::from_be_bytes(pair),
        Endian::Little => u16::from_le_bytes(pair),
    }
}

/// `Err` is the offset of the first surrogate without its other half, or of a last byte alone.
pub(super) fn decode(endian: Endian, bytes: &[u8], out: &mut String) -> Result<(), usize> {
    out.reserve(bytes.len());
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut at = 0usize;
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(endian, *pair))) {
        let character = character.map_err(|_| at)?;
        out.push(character);
        at = at.saturating_add(character.len_utf16().saturating_mul(2));
    }
    if rest.is_empty() { Ok(()) } else { Err(at) }
}

pub(super) fn encode(endian: Endian, text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len().saturating_mul(2));
    for unit in text.encode_utf16() {
        out.extend_from_slice(&match endian {
            Endian::Big => unit.to_be_bytes(),
            Endian::Little => unit.to_le_bytes(),
        });
    }
}
