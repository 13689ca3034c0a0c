//! Literals compared with a field's bytes: level 88, record types, null conventions, flags.
//!
//! In: a literal and the field's codec, once, when a layout is compiled. Out: a [`Match`] that looks at bytes. Text
//! is compared as bytes (padded, in EBCDIC order for ranges), numbers by value whatever their sign nibbles.

use crate::charset::CodePage;
use crate::codec::{self, BLANK, Bad, Codec, NO_DIGITS};
use crate::copybook::{Figurative, Literal, Range};
use crate::decimal::Decimal;
use crate::error::FieldErrorKind;

/// One value, or a range of them, of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Match {
    /// These bytes.
    Bytes(Box<[u8]>),
    /// Nothing but this byte.
    Fill(u8),
    /// A number of this value.
    Number(Decimal),
    /// Bytes from the first to the second.
    ByteRange(Box<[u8]>, Box<[u8]>),
    /// Numbers from the first to the second.
    NumberRange(Decimal, Decimal),
}

impl Match {
    /// Whether the field's bytes have the value.
    pub(crate) fn holds(&self, codec: Codec, bytes: &[u8]) -> bool {
        let number = || {
            let mut digits = NO_DIGITS;
            codec
                .number(bytes, &mut digits)
                .ok()
                .map(|(number, _)| number.decimal())
        };
        match self {
            Match::Bytes(wanted) => **wanted == *bytes,
            Match::Fill(fill) => codec::all(bytes, *fill),
            Match::Number(wanted) => number().is_some_and(|number| number.compare(*wanted).is_eq()),
            Match::ByteRange(from, to) => **from <= *bytes && *bytes <= **to,
            Match::NumberRange(from, to) => number()
                .is_some_and(|number| number.compare(*from).is_ge() && number.compare(*to).is_le()),
        }
    }

    /// The match of a literal on a field of `len` bytes.
    pub(crate) fn of(
        literal: &Literal,
        codec: Codec,
        len: usize,
        page: CodePage,
    ) -> Result<Match, Bad> {
        match (literal, codec.is_number()) {
            (Literal::Figurative(Figurative::Zero), true) => Ok(Match::Number(Decimal::new(0, 0))),
            (Literal::Figurative(constant), _) => Ok(Match::Fill(fill(*constant))),
            (Literal::Number(text) | Literal::Text(text), true) => match text.parse() {
                Ok(number) => Ok(Match::Number(number)),
                Err(_) => Err(not_numeric(text)),
            },
            _ => Ok(Match::Bytes(
                bytes_of(literal, codec, len, page)?.into_boxed_slice(),
            )),
        }
    }

    /// The match of a value or range of a level 88 entry.
    pub(crate) fn of_range(
        range: &Range,
        codec: Codec,
        len: usize,
        page: CodePage,
    ) -> Result<Match, Bad> {
        let from = Match::of(&range.from, codec, len, page)?;
        let Some(to) = &range.to else {
            return Ok(from);
        };
        match (from, Match::of(to, codec, len, page)?) {
            (Match::Number(from), Match::Number(to)) => Ok(Match::NumberRange(from, to)),
            (from, to) => match (from.bytes(len), to.bytes(len)) {
                (Some(from), Some(to)) => Ok(Match::ByteRange(from, to)),
                _ => Err(Bad::new(
                    FieldErrorKind::Type,
                    "wanted a range of two texts or two numbers",
                )),
            },
        }
    }

    fn bytes(self, len: usize) -> Option<Box<[u8]>> {
        match self {
            Match::Bytes(bytes) => Some(bytes),
            Match::Fill(fill) => Some(vec![fill; len].into_boxed_slice()),
            _ => None,
        }
    }
}

fn not_numeric(text: &str) -> Bad {
    Bad::new(
        FieldErrorKind::Type,
        format!("the field is numeric and '{text}' is no number"),
    )
}

/// The byte a figurative constant fills a text with.
fn fill(constant: Figurative) -> u8 {
    match constant {
        Figurative::Zero => 0xf0,
        Figurative::Space => BLANK,
        Figurative::HighValue => 0xff,
        Figurative::LowValue => 0x00,
        Figurative::Quote => 0x7f,
    }
}

/// The bytes a field has after `VALUE literal`: canonical, and what a null or a flag is written as.
pub(crate) fn bytes_of(
    literal: &Literal,
    codec: Codec,
    len: usize,
    page: CodePage,
) -> Result<Vec<u8>, Bad> {
    let mut out = vec![BLANK; len];
    match literal {
        Literal::Figurative(Figurative::Zero) if codec.is_number() => {
            codec.write_number(Decimal::new(0, 0), &mut out)?;
        }
        Literal::Figurative(Figurative::Zero)
            if matches!(codec, Codec::FloatShort | Codec::FloatLong) =>
        {
            out.fill(0);
        }
        Literal::Figurative(constant) => out.fill(fill(*constant)),
        Literal::Hex(bytes) => {
            let Some(start) = out.get_mut(..bytes.len()) else {
                let message = format!("X'..' has {} bytes and the field {len}", bytes.len());
                return Err(Bad::new(FieldErrorKind::Length, message));
            };
            start.copy_from_slice(bytes);
        }
        Literal::All(text) => {
            let mut bytes = Vec::new();
            for character in text.chars().cycle().take(len) {
                let byte = page.encode(character);
                bytes.push(byte.ok_or_else(|| {
                    Bad::new(
                        FieldErrorKind::Character,
                        format!("`{character}` is not in {page}"),
                    )
                })?);
            }
            out = bytes;
        }
        Literal::Number(text) | Literal::Text(text) => match codec {
            Codec::Text { right } => codec::text::write(text, right, page, &mut out)?,
            Codec::FloatShort | Codec::FloatLong => {
                let number = text.parse().map_err(|_| not_numeric(text))?;
                codec::float::write(number, &mut out)?;
            }
            Codec::Zoned { .. } | Codec::Packed { .. } | Codec::Binary { .. } => {
                codec.write_number(text.parse().map_err(|_| not_numeric(text))?, &mut out)?;
            }
        },
    }
    Ok(out)
}

/// What a field has where nothing else is said: blanks, or zero.
pub(crate) fn initial(codec: Codec, len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    match codec {
        Codec::Text { .. } => out.fill(BLANK),
        Codec::FloatShort | Codec::FloatLong | Codec::Binary { .. } => {}
        Codec::Zoned { sign, .. } => codec::zoned::write(false, 0, sign, &mut out),
        Codec::Packed { signed, .. } => codec::packed::write(false, 0, signed, &mut out),
    }
    out
}
