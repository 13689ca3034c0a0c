//! One field's bytes to its scalar and back, one module per usage.
//!
//! In: exactly the field's bytes, or a value. Out: digits, an integer, a float; or canonical bytes. Each reader also
//! says whether writing what it read gives the same bytes (`canonical`): if not they are residue. Knows no names.

pub(crate) mod binary;
pub(crate) mod float;
pub(crate) mod packed;
pub(crate) mod text;
pub(crate) mod zoned;

use crate::copybook::Sign;
use crate::decimal::Decimal;
use crate::error::FieldErrorKind;
use crate::visitor::{Magnitude, Number};

/// How a field's bytes hold its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Characters; `right` is JUSTIFIED.
    Text { right: bool },
    /// One digit a byte; no sign byte or nibble counts when `sign` is `None`.
    Zoned {
        sign: Option<Sign>,
        scale: i32,
        digits: u16,
    },
    /// Two digits a byte and a sign nibble.
    Packed {
        signed: bool,
        scale: i32,
        digits: u16,
    },
    /// 2, 4 or 8 bytes; `native` is COMP-5, whose range is its bytes'.
    Binary {
        signed: bool,
        scale: i32,
        digits: u16,
        native: bool,
    },
    /// COMP-1.
    FloatShort,
    /// COMP-2.
    FloatLong,
}

/// Why bytes do not decode or a value does not encode; the caller adds the place.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) kind: FieldErrorKind,
    pub(crate) message: String,
}

impl Bad {
    pub(crate) fn new(kind: FieldErrorKind, message: impl Into<String>) -> Bad {
        Bad {
            kind,
            message: message.into(),
        }
    }
}

/// Room for the digits of the longest number: 38, and the spare nibble of a packed field.
pub(crate) type Digits = [u8; 48];

pub(crate) const NO_DIGITS: Digits = [0; 48];

impl Codec {
    /// True for usages whose value is a [`Number`].
    pub(crate) fn is_number(self) -> bool {
        matches!(
            self,
            Codec::Zoned { .. } | Codec::Packed { .. } | Codec::Binary { .. }
        )
    }

    /// Reads a number; the digits go to `digits`. The bool is `canonical`.
    #[inline]
    pub(crate) fn number<'d>(
        self,
        bytes: &[u8],
        digits: &'d mut Digits,
    ) -> Result<(Number<'d>, bool), Bad> {
        match self {
            Codec::Zoned { sign, scale, .. } => {
                let read = zoned::read(bytes, sign, digits)?;
                let magnitude = Magnitude::Digits(digits.get(..read.len).unwrap_or_default());
                Ok((
                    Number {
                        negative: read.negative,
                        magnitude,
                        scale,
                    },
                    read.canonical,
                ))
            }
            Codec::Packed {
                signed,
                scale,
                digits: places,
            } => {
                let read = packed::read(bytes, signed, places, digits)?;
                let magnitude = Magnitude::Digits(digits.get(..read.len).unwrap_or_default());
                Ok((
                    Number {
                        negative: read.negative,
                        magnitude,
                        scale,
                    },
                    read.canonical,
                ))
            }
            Codec::Binary {
                signed,
                scale,
                digits: places,
                native,
            } => {
                let (negative, value) = binary::read(bytes, signed);
                let number = Number {
                    negative,
                    magnitude: Magnitude::Int(value),
                    scale,
                };
                Ok((number, native || binary::fits(value, places)))
            }
            Codec::Text { .. } | Codec::FloatShort | Codec::FloatLong => {
                Err(Bad::new(FieldErrorKind::Type, "wanted a numeric field"))
            }
        }
    }

    /// Writes a number as the field's canonical bytes; `out` is exactly the field.
    pub(crate) fn write_number(self, value: Decimal, out: &mut [u8]) -> Result<(), Bad> {
        let (scale, signed) = match self {
            Codec::Zoned { scale, sign, .. } => (scale, sign.is_some()),
            Codec::Packed { scale, signed, .. } | Codec::Binary { scale, signed, .. } => {
                (scale, signed)
            }
            Codec::Text { .. } | Codec::FloatShort | Codec::FloatLong => {
                return Err(Bad::new(FieldErrorKind::Type, "wanted a numeric field"));
            }
        };
        let whole = value.rescale(scale).ok_or_else(|| {
            Bad::new(
                FieldErrorKind::Range,
                format!("{value} does not fit a field of {}", places(scale)),
            )
        })?;
        if whole.unscaled < 0 && !signed {
            return Err(Bad::new(
                FieldErrorKind::Sign,
                format!("{value} is negative and the field has no sign"),
            ));
        }
        let magnitude = whole.unscaled.unsigned_abs();
        let negative = whole.unscaled < 0;
        let digits = match self {
            Codec::Binary {
                native: true,
                digits,
                ..
            } => {
                return binary::write_native(whole.unscaled, signed, out)
                    .ok_or_else(|| too_large(value, digits));
            }
            Codec::Zoned { digits, .. }
            | Codec::Packed { digits, .. }
            | Codec::Binary { digits, .. } => digits,
            Codec::Text { .. } | Codec::FloatShort | Codec::FloatLong => 0,
        };
        let limit = crate::decimal::pow10(u32::from(digits)).map_or(u128::MAX, i128::unsigned_abs);
        if magnitude >= limit {
            return Err(too_large(value, digits));
        }
        match self {
            Codec::Zoned { sign, .. } => zoned::write(negative, magnitude, sign, out),
            Codec::Packed { .. } => packed::write(negative, magnitude, signed, out),
            Codec::Binary { .. } => {
                return binary::write_native(whole.unscaled, signed, out)
                    .ok_or_else(|| too_large(value, digits));
            }
            Codec::Text { .. } | Codec::FloatShort | Codec::FloatLong => {}
        }
        Ok(())
    }
}

fn too_large(value: Decimal, digits: u16) -> Bad {
    Bad::new(
        FieldErrorKind::Range,
        format!("{value} is too large for a field of {digits} digits"),
    )
}

fn places(scale: i32) -> String {
    match scale {
        0 => "no decimal places".to_owned(),
        1 => "1 decimal place".to_owned(),
        scale if scale > 0 => format!("{scale} decimal places"),
        scale => format!("whole multiples of 1 and {} zeros", scale.unsigned_abs()),
    }
}

/// True when every byte is `fill` (and there is one).
pub(crate) fn all(bytes: &[u8], fill: u8) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| *byte == fill)
}

/// EBCDIC blank.
pub(crate) const BLANK: u8 = 0x40;

/// Why a number of nothing but one fill byte is refused, or what else is wrong with it.
pub(crate) fn not_a_number(bytes: &[u8], otherwise: impl FnOnce() -> Bad) -> Bad {
    let rule = |name: &str, what: &str| {
        Bad::new(
            FieldErrorKind::Blank,
            format!(
                "{what} where a number is wanted (`null = \"{name}\"` in the meaning makes that null)"
            ),
        )
    };
    if all(bytes, BLANK) {
        rule("spaces", "blanks")
    } else if all(bytes, 0x00) {
        rule("low-values", "low-values")
    } else if all(bytes, 0xff) {
        rule("high-values", "high-values")
    } else if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        Bad::new(
            FieldErrorKind::Digit,
            "these are ASCII digits: the file was translated from EBCDIC in transfer; ask for it in binary",
        )
    } else {
        otherwise()
    }
}
