//! One field's bytes to its scalar and back, one module per usage.
//!
//! In: exactly the field's bytes, or a value. Out: digits, an integer, a float; or canonical bytes. Each reader also
//! says whether writing what it read gives the same bytes (`canonical`): if not they are residue. Knows no names.

pub(crate) mod binary;
pub(crate) mod edit;
mod exact;
mod fill;
pub(crate) mod fit;
pub(crate) mod float;
pub(crate) mod ieee;
pub(crate) mod packed;
mod refusal;
pub(crate) mod short;
pub(crate) mod spaced;
pub(crate) mod text;
pub(crate) mod varying;
pub(crate) mod zoned;
mod zones;

use crate::copybook::Sign;
use crate::decimal::Decimal;
use crate::error::FieldErrorKind;
use crate::layout::options::Endian;
use crate::visitor::{Magnitude, Number};
pub(crate) use exact::Run;
pub(crate) use fill::{FillBytes, Filler, all};
pub(crate) use refusal::{not_a_number, not_preferred};
pub(crate) use text::Chars;
pub(crate) use varying::Varying;
pub(crate) use zones::Zones;

/// How a field's bytes hold its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Characters; `right` is JUSTIFIED.
    Text { chars: Chars, right: bool },
    /// One digit a byte; no sign byte or nibble counts when `sign` is `None`.
    Zoned {
        sign: Option<Sign>,
        scale: i32,
        digits: u16,
        zones: Zones,
    },
    /// Two digits a byte and a sign nibble.
    Packed {
        signed: bool,
        scale: i32,
        digits: u16,
    },
    /// COMP-6, COMP-3U: two digits a byte and no sign nibble.
    PackedNoSign { scale: i32, digits: u16 },
    /// 1 to 8 or 16 bytes; `native` is a range of its bytes' (COMP-5, TRUNC(BIN)).
    Binary {
        signed: bool,
        scale: i32,
        digits: u16,
        native: bool,
        order: Endian,
    },
    /// COMP-1.
    FloatShort(Float),
    /// COMP-2.
    FloatLong(Float),
    /// A length and so many characters or bytes: a column of an unloaded Db2 table.
    Varying(Varying),
    /// POINTER and whatever else is only bytes.
    Bytes,
}

/// The form of a floating-point number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Float {
    /// IBM hexadecimal.
    Hfp(Endian),
    /// IEEE 754.
    Ieee(Endian),
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
            Codec::Zoned { .. }
                | Codec::Packed { .. }
                | Codec::PackedNoSign { .. }
                | Codec::Binary { .. }
        )
    }

    /// True where any bytes decode.
    pub(crate) fn is_sure(self, len: u32) -> bool {
        match self {
            Codec::Text { chars, .. } => chars.plain,
            Codec::Binary { .. } => len <= 8,
            Codec::FloatShort(float) | Codec::FloatLong(float) => matches!(float, Float::Hfp(_)),
            Codec::Bytes => true,
            Codec::Zoned { .. }
            | Codec::Packed { .. }
            | Codec::PackedNoSign { .. }
            | Codec::Varying(_) => false,
        }
    }

    /// True for COMP-1 and COMP-2.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Codec::FloatShort(_) | Codec::FloatLong(_))
    }

    /// Digits right of the decimal point; 0 for what is no number.
    pub(crate) fn scale(self) -> i32 {
        match self {
            Codec::Zoned { scale, .. }
            | Codec::Packed { scale, .. }
            | Codec::PackedNoSign { scale, .. }
            | Codec::Binary { scale, .. } => scale,
            _ => 0,
        }
    }

    /// True where a value below zero can be written.
    pub(crate) fn is_signed(self) -> bool {
        match self {
            Codec::Zoned { sign, .. } => sign.is_some(),
            Codec::Packed { signed, .. } | Codec::Binary { signed, .. } => signed,
            Codec::PackedNoSign { .. } | Codec::Text { .. } | Codec::Varying(_) | Codec::Bytes => {
                false
            }
            Codec::FloatShort(_) | Codec::FloatLong(_) => true,
        }
    }

    /// Reads a number as most are: short, with a usual sign and nothing wrong. The bool is `canonical`.
    #[inline]
    pub(crate) fn short(self, bytes: &[u8]) -> Option<(Number<'static>, bool)> {
        match self {
            Codec::Zoned {
                sign, scale, zones, ..
            } => Some(short::zoned(bytes, sign, zones)?.number(scale)),
            Codec::Packed {
                signed,
                scale,
                digits,
            } => Some(short::packed(bytes, signed, digits)?.number(scale)),
            _ => None,
        }
    }

    /// Reads a number; the digits go to `digits`. The bool is `canonical`.
    pub(crate) fn number<'d>(
        self,
        bytes: &[u8],
        digits: &'d mut Digits,
    ) -> Result<(Number<'d>, bool), Bad> {
        if let Some(read) = self.short(bytes) {
            return Ok(read);
        }
        match self {
            Codec::Zoned {
                sign, scale, zones, ..
            } => {
                let read = zoned::read(bytes, sign, zones, digits)?;
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
            Codec::PackedNoSign {
                scale,
                digits: places,
            } => {
                let read = packed::read_no_sign(bytes, places, digits)?;
                let magnitude = Magnitude::Digits(digits.get(..read.len).unwrap_or_default());
                Ok((
                    Number {
                        negative: false,
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
                order,
            } => {
                if bytes.len() > 8 {
                    let (negative, len) = binary::read_wide(bytes, signed, order, digits)?;
                    let number = Number {
                        negative,
                        magnitude: Magnitude::Digits(digits.get(..len).unwrap_or_default()),
                        scale,
                    };
                    return Ok((number, native || len <= usize::from(places)));
                }
                let (negative, value) = binary::read(bytes, signed, order);
                let number = Number {
                    negative,
                    magnitude: Magnitude::Int(value),
                    scale,
                };
                Ok((number, native || binary::fits(value, places)))
            }
            _ => Err(Bad::new(FieldErrorKind::Type, "wanted a numeric field")),
        }
    }

    /// Writes a number as the field's canonical bytes; `out` is exactly the field.
    pub(crate) fn write_number(self, value: Decimal, out: &mut [u8]) -> Result<(), Bad> {
        if !self.is_number() {
            return Err(Bad::new(FieldErrorKind::Type, "wanted a numeric field"));
        }
        let (scale, signed) = (self.scale(), self.is_signed());
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
                order,
                ..
            } => {
                return binary::write(whole.unscaled, signed, order, out)
                    .ok_or_else(|| too_large(value, digits));
            }
            Codec::Zoned { digits, .. }
            | Codec::Packed { digits, .. }
            | Codec::PackedNoSign { digits, .. }
            | Codec::Binary { digits, .. } => digits,
            _ => 0,
        };
        let limit = crate::decimal::pow10(u32::from(digits)).map_or(u128::MAX, i128::unsigned_abs);
        if magnitude >= limit {
            return Err(too_large(value, digits));
        }
        match self {
            Codec::Zoned { sign, zones, .. } => zoned::write(negative, magnitude, sign, zones, out),
            Codec::Packed { .. } => packed::write(negative, magnitude, signed, out),
            Codec::PackedNoSign { .. } => packed::write_no_sign(magnitude, out),
            Codec::Binary { order, .. } => {
                return binary::write(whole.unscaled, signed, order, out)
                    .ok_or_else(|| too_large(value, digits));
            }
            _ => {}
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
