//! Literals compared with a field's bytes: level 88, record types, null conventions, flags.
//!
//! In: a literal and the field's codec, once, when a layout is compiled. Out: a [`Match`] that looks at bytes. Text
//! is compared as bytes (padded, in EBCDIC order for ranges), numbers by value whatever their sign nibbles.

use super::options::TextPolicy;
use crate::charset::CodePage;
use crate::codec::{self, Bad, Chars, Codec, FillBytes, Filler, NO_DIGITS};
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
            (Literal::Figurative(constant), _) => Ok(match fill(*constant, codec, page) {
                FillBytes::One(byte) => Match::Fill(byte),
                wide @ FillBytes::Two(_) => {
                    let mut bytes = vec![0; len];
                    wide.put(&mut bytes);
                    Match::Bytes(bytes.into_boxed_slice())
                }
            }),
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

/// What a figurative constant fills a field with.
fn fill(constant: Figurative, codec: Codec, page: CodePage) -> FillBytes {
    let filler = match constant {
        Figurative::Zero => Filler::Zero,
        Figurative::Space => Filler::Space,
        Figurative::HighValue => Filler::High,
        Figurative::LowValue => Filler::Low,
        Figurative::Quote => Filler::Quote,
    };
    match codec {
        Codec::Text { .. } | Codec::Zoned { .. } => codec.fill_of(filler),
        _ => Chars::of(page).fill(filler),
    }
}

/// The bytes a field has after `VALUE literal`: canonical, and what a null or a flag is written as.
pub(crate) fn bytes_of(
    literal: &Literal,
    codec: Codec,
    len: usize,
    page: CodePage,
) -> Result<Vec<u8>, Bad> {
    if len > LONGEST_LITERAL {
        let message = format!("a value for an item of more than {LONGEST_LITERAL} bytes");
        return Err(Bad::new(FieldErrorKind::Range, message));
    }
    let mut out = vec![0; len];
    if let Codec::Varying(varying) = codec {
        match literal {
            Literal::Text(text) | Literal::Number(text) => {
                varying.write_text(text, &TextPolicy::default(), &mut out)?;
            }
            Literal::Hex(bytes) => varying.write_bytes(bytes, &mut out)?,
            // Nothing fills what is as long as its value.
            Literal::Figurative(_) | Literal::All(_) => {}
        }
        return Ok(out);
    }
    let chars = match codec {
        Codec::Text { chars, .. } => chars,
        _ => Chars::of(page),
    };
    fill(Figurative::Space, codec, page).put(&mut out);
    match literal {
        Literal::Figurative(Figurative::Zero) if codec.is_number() => {
            codec.write_number(Decimal::new(0, 0), &mut out)?;
        }
        Literal::Figurative(Figurative::Zero) if codec.is_float() => out.fill(0),
        // NULL of a pointer.
        Literal::Figurative(_) if codec == Codec::Bytes => out.fill(0),
        Literal::Figurative(constant) => fill(*constant, codec, page).put(&mut out),
        Literal::Hex(bytes) => {
            let Some(start) = out.get_mut(..bytes.len()) else {
                let message = format!("X'..' has {} bytes and the field {len}", bytes.len());
                return Err(Bad::new(FieldErrorKind::Length, message));
            };
            start.copy_from_slice(bytes);
        }
        Literal::All(text) => {
            let mut once = Vec::new();
            chars.table.encode(text, &mut once).map_err(|character| {
                Bad::new(
                    FieldErrorKind::Character,
                    format!("`{character}` is not in {}", chars.page),
                )
            })?;
            for (place, byte) in out.iter_mut().zip(once.iter().cycle()) {
                *place = *byte;
            }
        }
        Literal::Number(text) | Literal::Text(text) => match codec {
            Codec::Text { chars, right } => {
                codec::text::write(text, right, chars, &TextPolicy::default(), &mut out)?;
            }
            Codec::FloatShort(form) | Codec::FloatLong(form) => {
                let number = text.parse().map_err(|_| not_numeric(text))?;
                codec::float::write_as(form, number, &mut out)?;
            }
            Codec::Bytes | Codec::Varying(_) => {
                return Err(Bad::new(
                    FieldErrorKind::Type,
                    "the field is bytes: wanted a hexadecimal literal",
                ));
            }
            Codec::Zoned { .. }
            | Codec::Packed { .. }
            | Codec::PackedNoSign { .. }
            | Codec::Binary { .. } => {
                codec.write_number(text.parse().map_err(|_| not_numeric(text))?, &mut out)?;
            }
        },
    }
    Ok(out)
}

/// What a field holds where nothing is given.
#[derive(Debug)]
pub(crate) enum Initial {
    /// These bytes.
    Bytes(Box<[u8]>),
    /// Blanks or zero, not kept as bytes: a few words of copybook would take gigabytes.
    Long(Codec),
    /// This byte all along: a long item with a figurative constant.
    Fill(u8),
}

/// Longer items without a VALUE, or with one of one byte throughout, keep no bytes of what they hold at first.
const LONG: usize = 1 << 20;
/// The longest item that literals are compared with, or put into: they are kept as long as the item.
pub(super) const LONGEST_LITERAL: usize = 134_217_727;

impl Initial {
    /// A VALUE's bytes, or blanks or zero.
    pub(crate) fn new(value: Option<Vec<u8>>, codec: Codec, len: usize) -> Initial {
        let fill = |value: &[u8]| {
            let first = value.first().copied().filter(|_| value.len() > LONG)?;
            value.iter().all(|byte| *byte == first).then_some(first)
        };
        match value {
            Some(value) => match fill(&value) {
                Some(byte) => Initial::Fill(byte),
                None => Initial::Bytes(value.into_boxed_slice()),
            },
            None if len > LONG => Initial::Long(codec),
            None => {
                let mut out = vec![0; len];
                initial(codec, &mut out);
                Initial::Bytes(out.into_boxed_slice())
            }
        }
    }

    /// Writes it to the field, whose length it has.
    pub(crate) fn put(&self, out: &mut [u8]) {
        match self {
            Initial::Bytes(bytes) if bytes.len() == out.len() => out.copy_from_slice(bytes),
            Initial::Bytes(_) => {}
            Initial::Fill(byte) => out.fill(*byte),
            Initial::Long(codec) => initial(*codec, out),
        }
    }

    /// Whether the field holds it.
    #[inline]
    pub(crate) fn is(&self, field: &[u8]) -> bool {
        match self {
            Initial::Bytes(bytes) => **bytes == *field,
            Initial::Fill(fill) => field.iter().all(|byte| byte == fill),
            Initial::Long(codec) => {
                let mut block = [0; 4096];
                initial(*codec, &mut block);
                field
                    .chunks(block.len())
                    .all(|chunk| block.starts_with(chunk))
            }
        }
    }
}

/// Blanks, or zero.
fn initial(codec: Codec, out: &mut [u8]) {
    out.fill(0);
    match codec {
        Codec::Text { .. } => codec.fill_of(Filler::Space).put(out),
        Codec::Zoned { sign, zones, .. } => codec::zoned::write(false, 0, sign, zones, out),
        Codec::Packed { signed, .. } => codec::packed::write(false, 0, signed, out),
        Codec::FloatShort(_)
        | Codec::FloatLong(_)
        | Codec::Binary { .. }
        | Codec::PackedNoSign { .. }
        | Codec::Varying(_)
        | Codec::Bytes => {}
    }
}
