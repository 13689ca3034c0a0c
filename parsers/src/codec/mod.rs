//! One field's bytes to its scalar and back, one module per usage.
//!
//! In: exactly the field's bytes, or a value. Out: digits, an integer, a float; or canonical bytes. Each reader also
//! says whether writing what it read gives the same bytes (`canonical`): if not they are residue. Knows no names.

pub(crate) mod binary;
pub(crate) mod edit;
pub(crate) mod fit;
pub(crate) mod float;
pub(crate) mod ieee;
pub(crate) mod packed;
pub(crate) mod spaced;
pub(crate) mod text;
pub(crate) mod varying;
pub(crate) mod zoned;

use crate::copybook::Sign;
use crate::decimal::Decimal;
use crate::error::FieldErrorKind;
use crate::layout::options::Endian;
use crate::visitor::{Magnitude, Number};
pub(crate) use text::Chars;
pub(crate) use varying::Varying;
pub(crate) use zoned::Zones;

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

    /// Reads a number; the digits go to `digits`. The bool is `canonical`.
    #[inline]
    pub(crate) fn number<'d>(
        self,
        bytes: &[u8],
        digits: &'d mut Digits,
    ) -> Result<(Number<'d>, bool), Bad> {
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

/// True when every byte is `fill` (and there is one).
pub(crate) fn all(bytes: &[u8], fill: u8) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| *byte == fill)
}

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

/// Why a number of nothing but one fill byte is refused, or what else is wrong with it.
pub(crate) fn not_a_number(bytes: &[u8], zones: Zones, otherwise: impl FnOnce() -> Bad) -> Bad {
    let rule = |name: &str, what: &str| {
        Bad::new(
            FieldErrorKind::Blank,
            format!(
                "{what} where a number is wanted (`null = \"{name}\"` in the meaning makes that null)"
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
