//! DISPLAY numbers as people and reports write them: blanks between, a `+` or `-` of their own, a decimal point.
//!
//! In: the bytes of a field that the strict reader refused, and the policies. Out: sign and digits with the scale of
//! the picture. Never the preferred form, so the bytes are residue always.

use super::zones::{Punch, Zones};
use super::{Bad, Digits, Filler};
use crate::error::FieldErrorKind;
use crate::layout::options::{DisplayNumbers, Numbers, SignPolicy};

/// What was read; the digits are ASCII in the caller's buffer.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) negative: bool,
    pub(crate) len: usize,
}

/// Reads what the policies allow.
pub(crate) fn read(
    bytes: &[u8],
    signed: bool,
    zones: Zones,
    scale: i32,
    numbers: &Numbers,
    out: &mut Digits,
) -> Result<Read, Bad> {
    if let Zones::Utf16(order) = zones {
        let mut buffer = super::NO_DIGITS;
        let narrow = super::zoned::narrow(bytes, order, &mut buffer)?;
        return read(narrow, signed, Zones::Ascii, scale, numbers, out);
    }
    let spaced = numbers.display != DisplayNumbers::Exact;
    let explicit = numbers.display == DisplayNumbers::Explicit;
    let lenient = numbers.sign == SignPolicy::Lenient;
    let blank = |byte: &u8| *byte == 0x00 || *byte == zones.fill(Filler::Space);
    let points: [u8; 2] = match zones {
        Zones::Ebcdic => [0x4b, 0x6b],
        Zones::Translated | Zones::Ascii | Zones::Utf16(_) => [b'.', b','],
    };
    let first = bytes.iter().position(|byte| !blank(byte)).unwrap_or(0);
    let last = bytes.iter().rposition(|byte| !blank(byte)).unwrap_or(0);
    let mut sign: Option<bool> = None;
    let mut decimals: Option<usize> = None;
    let mut len = 0usize;
    let bad = |index: usize, byte: u8| {
        let message = format!(
            "wanted a digit, a sign{} as byte {} of the field, got {byte:02X}",
            if explicit {
                ", a blank or a decimal point"
            } else if spaced {
                " or a blank"
            } else {
                ""
            },
            index.saturating_add(1)
        );
        Bad::new(FieldErrorKind::Digit, message)
    };
    for (index, byte) in bytes.iter().enumerate() {
        if spaced && blank(byte) {
            continue;
        }
        if explicit && points.contains(byte) {
            if decimals.is_some() {
                return Err(Bad::new(FieldErrorKind::Digit, "a second decimal point"));
            }
            decimals = Some(0);
            continue;
        }
        if spaced
            && (*byte == zones.plus() || *byte == zones.minus())
            && (lenient || sign.is_none())
        {
            sign = Some(*byte == zones.minus());
            continue;
        }
        let punched = zones.overpunch(*byte).map_err(|_| bad(index, *byte))?;
        if punched.sign != Punch::None {
            let here = signed && sign.is_none() && (index == first || index == last);
            if !lenient && !here {
                return Err(bad(index, *byte));
            }
            sign = Some(punched.sign.is_minus());
        }
        let place = out.get_mut(..38).and_then(|digits| digits.get_mut(len));
        *place.ok_or_else(|| {
            Bad::new(FieldErrorKind::Range, "more digits than a number can have")
        })? = b'0' | punched.digit;
        len = len.saturating_add(1);
        decimals = decimals.map(|decimals| decimals.saturating_add(1));
    }
    if len == 0 {
        return Err(Bad::new(FieldErrorKind::Digit, "no digits"));
    }
    let negative = sign == Some(true);
    if negative && !signed && !lenient {
        return Err(Bad::new(
            FieldErrorKind::Sign,
            "a minus sign in a field without a sign",
        ));
    }
    if let Some(decimals) = decimals {
        // Zeros up to the picture's scale; more decimal places than that are no number of this field.
        let zeros = usize::try_from(scale)
            .ok()
            .and_then(|scale| scale.checked_sub(decimals));
        let place = zeros.and_then(|zeros| {
            let end = len.checked_add(zeros).filter(|end| *end <= 38)?;
            out.get_mut(len..end)
        });
        let Some(place) = place else {
            let message = format!("{decimals} decimal places in a field of {scale}");
            return Err(Bad::new(FieldErrorKind::Range, message));
        };
        place.fill(b'0');
        len = len.saturating_add(place.len());
    }
    Ok(Read { negative, len })
}
