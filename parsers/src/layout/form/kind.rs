//! What a schema needs to know of a form: text, number, float or bytes, and the most that it holds.
//!
//! In: a [`Form`] and its size. Out: a [`FieldKind`].

use crate::codec::Codec;
use crate::layout::field::FieldKind;
use crate::layout::storage::Form;

/// What a schema needs to know.
pub(in crate::layout) fn kind_of(form: &Form, size: u32) -> FieldKind {
    if let Some(edit) = &form.edit {
        return edit.kind();
    }
    match form.codec {
        Codec::Text { chars, .. } => FieldKind::Text {
            chars: if chars.table.padding().len() == 2 {
                size / 2
            } else {
                size
            },
        },
        Codec::Zoned {
            sign,
            scale,
            digits,
            ..
        } => FieldKind::Number {
            digits,
            storage_digits: digits,
            scale,
            signed: sign.is_some(),
        },
        Codec::Packed {
            signed,
            scale,
            digits,
        } => FieldKind::Number {
            digits,
            storage_digits: (digits | 1).min(38),
            scale,
            signed,
        },
        Codec::PackedNoSign { scale, digits } => FieldKind::Number {
            digits,
            storage_digits: digits.next_multiple_of(2),
            scale,
            signed: false,
        },
        Codec::Binary {
            signed,
            scale,
            digits,
            ..
        } => FieldKind::Number {
            digits,
            storage_digits: storage_digits(size, signed),
            scale,
            signed,
        },
        Codec::Varying(varying) => {
            let room = size.saturating_sub(2);
            match varying.chars {
                None => FieldKind::Bytes,
                Some(_) if varying.pairs => FieldKind::Text { chars: room / 2 },
                Some(_) => FieldKind::Text { chars: room },
            }
        }
        Codec::FloatShort(_) => FieldKind::FloatShort,
        Codec::FloatLong(_) => FieldKind::FloatLong,
        Codec::Bytes => FieldKind::Bytes,
    }
}

/// Digits that always fit so many bytes.
pub(super) fn integer_digits(size: u32) -> u16 {
    match size {
        1 => 2,
        2 => 4,
        4 => 9,
        _ => 18,
    }
}

/// Digits of the largest number that so many bytes hold.
pub(super) fn storage_digits(size: u32, signed: bool) -> u16 {
    let most = usize::try_from(size)
        .ok()
        .and_then(|size| crate::codec::binary::range(size, signed))
        .map_or(0, |(least, most)| {
            most.unsigned_abs().max(least.unsigned_abs())
        });
    u16::try_from(most.checked_ilog10().unwrap_or(0))
        .map_or(38, |log| log.saturating_add(1).min(38))
}
