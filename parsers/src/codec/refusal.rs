//! Why bytes are no number: what people did to a file, rather than which nibble is wrong.
//!
//! In: the bytes of a field that its reader refused, or that only a lenient one takes. Out: a [`Bad`] that says so. Never
//! decides whether they are refused.

use super::{Bad, Codec, Filler, Zones, all};
use crate::error::FieldErrorKind;

/// Why a number of nothing but one fill byte is refused, or what else is wrong with it.
pub(crate) fn not_a_number(bytes: &[u8], zones: Zones, otherwise: impl FnOnce() -> Bad) -> Bad {
    let rule = |name: &str, what: &str| {
        Bad::new(
            FieldErrorKind::Blank,
            format!(
                "{what} where a number is wanted (`null = \"{name}\"` in the meaning makes that null, the layout option \
                 `number_{} = null` all such numbers)",
                name.replace('-', "_")
            ),
        )
    };
    let digits =
        |zone: u8| !bytes.is_empty() && bytes.iter().all(|byte| (zone..=zone | 9).contains(byte));
    if all(bytes, zones.fill(Filler::Space)) {
        rule("spaces", "blanks")
    } else if all(bytes, 0x00) {
        rule("low-values", "low-values")
    } else if all(bytes, 0xff) {
        rule("high-values", "high-values")
    } else if zones == Zones::Ebcdic && digits(0x30) {
        Bad::new(
            FieldErrorKind::Digit,
            "these are ASCII digits: the file was translated from EBCDIC in transfer; ask for it in binary",
        )
    } else if zones != Zones::Ebcdic && digits(0xf0) {
        Bad::new(
            FieldErrorKind::Digit,
            "these are EBCDIC digits, and the code page is an ASCII one",
        )
    } else {
        otherwise()
    }
}

/// Why a number whose bytes are not canonical is refused where only the preferred signs are right.
#[cold]
pub(crate) fn not_preferred(codec: Codec, bytes: &[u8]) -> Option<Bad> {
    let bad = |message: String| Some(Bad::new(FieldErrorKind::Sign, message));
    match codec {
        Codec::Zoned {
            sign,
            zones: Zones::Ebcdic,
            ..
        } if sign.is_none_or(|sign| !sign.separate) => {
            let at = if sign.is_some_and(|sign| sign.leading) {
                bytes.first()
            } else {
                bytes.last()
            };
            let zone = *at? >> 4;
            match (sign, zone) {
                (None, 0xf) | (Some(_), 0xc | 0xd | 0xf) => None,
                (None, _) => bad(format!(
                    "wanted a digit (zone F), got the sign zone {zone:X}"
                )),
                (Some(_), _) => bad(format!("wanted the sign zone C, D or F, got {zone:X}")),
            }
        }
        // Digits of UTF-16 have no signs in them.
        Codec::Zoned {
            zones: Zones::Utf16(_),
            ..
        } => None,
        Codec::Zoned {
            sign: None, zones, ..
        } => {
            let last = *bytes.last()?;
            (!last.is_ascii_digit()).then(|| {
                let message = format!("wanted a digit, got the sign {last:02X}");
                debug_assert!(zones != Zones::Ebcdic, "handled above");
                Bad::new(FieldErrorKind::Sign, message)
            })
        }
        Codec::Packed { .. } => {
            let nibble = *bytes.last()? & 0x0f;
            if matches!(nibble, 0xc | 0xd | 0xf) {
                return None;
            }
            bad(format!("wanted the sign nibble C, D or F, got {nibble:X}"))
        }
        _ => None,
    }
}
