//! Figurative constants: the one character that SPACES, ZEROS, LOW-VALUES and the like fill a field with.
//!
//! In: a codec and a constant. Out: the bytes of its character, put into a field or looked for in one.

use super::{Codec, Varying, Zones};
use crate::layout::options::Endian;

/// What a figurative constant fills a field with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filler {
    Zero,
    Space,
    Quote,
    Low,
    High,
}

/// One character of a figurative constant in the field's own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FillBytes {
    One(u8),
    Two([u8; 2]),
}

impl FillBytes {
    /// Whether it is all that a field has.
    pub(crate) fn fills(self, bytes: &[u8]) -> bool {
        match self {
            FillBytes::One(byte) => all(bytes, byte),
            FillBytes::Two(pair) => {
                let (pairs, odd) = bytes.as_chunks::<2>();
                !pairs.is_empty() && odd.is_empty() && pairs.iter().all(|at| *at == pair)
            }
        }
    }

    /// Fills a field.
    pub(crate) fn put(self, out: &mut [u8]) {
        match self {
            FillBytes::One(byte) => out.fill(byte),
            FillBytes::Two(pair) => {
                for (place, byte) in out.iter_mut().zip(pair.iter().cycle()) {
                    *place = *byte;
                }
            }
        }
    }
}

impl Codec {
    /// A figurative constant in the field's own form; EBCDIC's where it has no characters.
    pub(crate) fn fill_of(self, fill: Filler) -> FillBytes {
        match self {
            Codec::Text { chars, .. }
            | Codec::Varying(Varying {
                chars: Some(chars), ..
            }) => chars.fill(fill),
            Codec::Zoned {
                zones: Zones::Utf16(order),
                ..
            } if !matches!(fill, Filler::Low | Filler::High) => {
                let byte = Zones::Ascii.fill(fill);
                FillBytes::Two(match order {
                    Endian::Big => [0, byte],
                    Endian::Little => [byte, 0],
                })
            }
            Codec::Zoned { zones, .. } => FillBytes::One(zones.fill(fill)),
            _ => FillBytes::One(Zones::Ebcdic.fill(fill)),
        }
    }
}

/// True when every byte is `fill` (and there is one).
pub(crate) fn all(bytes: &[u8], fill: u8) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| *byte == fill)
}
