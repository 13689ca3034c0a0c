//! One elementary item: its bytes to one call of a visitor.
//!
//! In: a leaf of the program with its codec and meaning. Out: the call, and whether the bytes are the ones that
//! writing the value ([`super::scalar_write`]) would give. Knows nothing of records around it.

mod edited;
mod temporal;
mod text;

use super::field::Field;
use super::matching::Match;
use super::names::{Names, Unnamed};
use super::options::{
    BadCount, DisplayNumbers, Fill, InvalidNumber, Numbers, Short, SignPolicy, TextPolicy,
};
use super::program::{Form, Leaf};
use super::walk::Walker;
use crate::codec::{self, Bad, Chars, Codec, Filler, NO_DIGITS};
use crate::error::FieldErrorKind;
use crate::temporal::Temporal;
use crate::visitor::{Magnitude, Number, Text, Visitor};

/// What is done about data that is not as the copybook says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Policy {
    pub(crate) numbers: Numbers,
    pub(crate) text: TextPolicy,
    pub(crate) short: Short,
    pub(crate) bad_count: BadCount,
}

impl Walker<'_> {
    /// One elementary item's bytes to one call of the visitor. Gives back whether writing the value gives the same
    /// bytes.
    #[inline]
    pub(crate) fn scalar<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        if !matches!((&leaf.form, &leaf.nulls), (Form::Plain, None)) {
            return self.meant(leaf, bytes, visitor);
        }
        self.plain::<V>(leaf, bytes, visitor)
    }

    #[inline]
    fn plain<V: Visitor>(&self, leaf: &Leaf, bytes: &[u8], visitor: &mut V) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        match leaf.codec {
            Codec::Text { chars, right } if chars.plain => {
                let text = codec::text::trim(bytes, right, chars.table.blank());
                visitor.text(field, Text::new(text, chars.table));
                Ok(true)
            }
            Codec::Text { chars, right } => self.checked_text(leaf, bytes, chars, right, visitor),
            Codec::FloatShort(form) | Codec::FloatLong(form) => {
                match codec::float::read_as(form, bytes) {
                    Ok(value) => {
                        visitor.float(field, value);
                        Ok(!V::RESIDUE || codec::float::is_canonical(form, value, bytes))
                    }
                    Err(bad) => self.invalid_number(field, bad, visitor),
                }
            }
            Codec::Bytes => {
                visitor.bytes(field, bytes);
                Ok(true)
            }
            Codec::Varying(varying) => self.varying_value(leaf, bytes, varying, visitor),
            Codec::Zoned { .. }
            | Codec::Packed { .. }
            | Codec::PackedNoSign { .. }
            | Codec::Binary { .. } => match leaf.codec.short(bytes) {
                Some((number, true)) => {
                    visitor.number(field, number);
                    Ok(true)
                }
                _ => self.number(leaf, bytes, visitor),
            },
        }
    }

    /// A number of any length and with any sign.
    #[inline(never)]
    fn number<V: Visitor>(&self, leaf: &Leaf, bytes: &[u8], visitor: &mut V) -> Result<bool, Bad> {
        let mut digits = NO_DIGITS;
        let (number, canonical) = match leaf.codec.number(bytes, &mut digits) {
            Ok(read) => read,
            Err(bad) => return self.odd_number(leaf, bytes, bad, visitor),
        };
        if !canonical
            && self.layout.policy.numbers.sign == SignPolicy::Preferred
            && let Some(bad) = codec::not_preferred(leaf.codec, bytes)
        {
            return self.odd_number(leaf, bytes, bad, visitor);
        }
        visitor.number(self.field(leaf.field), number);
        Ok(canonical)
    }

    /// A number that the strict reader refuses, by the policies.
    #[cold]
    fn odd_number<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        bad: Bad,
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        let numbers = &self.layout.policy.numbers;
        if let Some(done) = self.filled(field, leaf.codec, bytes, leaf.codec.scale(), visitor) {
            return Ok(done);
        }
        let mut digits = NO_DIGITS;
        let lenient = numbers.sign == SignPolicy::Lenient;
        let read = match leaf.codec {
            Codec::Zoned {
                sign, scale, zones, ..
            } if lenient || numbers.display != DisplayNumbers::Exact => {
                codec::spaced::read(bytes, sign.is_some(), zones, scale, numbers, &mut digits)
                    .ok()
                    .map(|read| (read.negative, read.len))
            }
            Codec::Packed {
                digits: places,
                signed: false,
                ..
            } if lenient => codec::packed::read(bytes, true, places, &mut digits)
                .ok()
                .map(|read| (read.negative, read.len)),
            _ => None,
        };
        let Some((negative, len)) = read else {
            return self.invalid_number(field, bad, visitor);
        };
        let number = Number {
            negative,
            magnitude: Magnitude::Digits(digits.get(..len).unwrap_or_default()),
            scale: leaf.codec.scale(),
        };
        visitor.number(field, number);
        Ok(false)
    }

    /// Nothing but one fill character, where the policy makes that null or zero.
    fn filled<V: Visitor>(
        &self,
        field: &Field,
        codec: Codec,
        bytes: &[u8],
        scale: i32,
        visitor: &mut V,
    ) -> Option<bool> {
        let numbers = &self.layout.policy.numbers;
        let is = |filler| codec.fill_of(filler).fills(bytes);
        let fill = if is(Filler::Space) {
            numbers.spaces
        } else if is(Filler::Low) {
            numbers.low_values
        } else if is(Filler::High) {
            numbers.high_values
        } else {
            return None;
        };
        match fill {
            Fill::Error => return None,
            Fill::Null => visitor.null(field),
            Fill::Zero => visitor.number(
                field,
                Number {
                    negative: false,
                    magnitude: Magnitude::Int(0),
                    scale,
                },
            ),
        }
        Some(false)
    }

    fn invalid_number<V: Visitor>(
        &self,
        field: &Field,
        bad: Bad,
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        match self.layout.policy.numbers.invalid {
            InvalidNumber::Error => Err(bad),
            InvalidNumber::Null => {
                visitor.null(field);
                Ok(false)
            }
        }
    }

    /// A leaf that the meaning says more about, or whose picture is edited. Gives back whether its bytes are
    /// canonical.
    fn meant<V: Visitor>(&self, leaf: &Leaf, bytes: &[u8], visitor: &mut V) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        if let Some(nulls) = &leaf.nulls
            && nulls
                .matches
                .iter()
                .any(|null| null.holds(leaf.codec, bytes))
        {
            visitor.null(field);
            return Ok(*nulls.canonical == *bytes);
        }
        match &leaf.form {
            Form::Plain => self.plain(leaf, bytes, visitor),
            Form::Bytes => {
                visitor.bytes(field, bytes);
                Ok(true)
            }
            Form::Edited(editor) => self.edited(leaf, editor, bytes, visitor),
            Form::Temporal(form) => {
                let (value, canonical) = temporal::read(leaf.codec, form, bytes)?;
                match value {
                    Temporal::Date(date) => visitor.date(field, date),
                    Temporal::Time(time) => visitor.time(field, time),
                    Temporal::Timestamp(both) => visitor.timestamp(field, both),
                }
                Ok(canonical)
            }
            Form::Names(names) => {
                if let Some((name, canonical)) = names.of(leaf.codec, bytes) {
                    let table = Chars::of(self.layout.page).table;
                    visitor.text(field, Text::decoded(bytes, table, name));
                    return Ok(*canonical == *bytes);
                }
                if names.only {
                    return Err(Names::nameless());
                }
                let mut unnamed = Unnamed::new(visitor, names, bytes);
                let canonical = self.plain(leaf, bytes, &mut unnamed)?;
                unnamed.end().map(|()| canonical)
            }
            Form::Flag(flag) => {
                let holds =
                    |values: &[Match]| values.iter().any(|value| value.holds(leaf.codec, bytes));
                let (value, canonical) = if holds(&flag.yes) {
                    (true, &flag.yes_bytes)
                } else if holds(&flag.no) {
                    (false, &flag.no_bytes)
                } else {
                    return Err(Bad::new(
                        FieldErrorKind::Flag,
                        "neither of the values that the meaning gives this flag",
                    ));
                };
                visitor.flag(field, value);
                Ok(**canonical == *bytes)
            }
        }
    }
}
