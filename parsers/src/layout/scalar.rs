//! One elementary item: its bytes to one call of a visitor, and a value to its bytes.
//!
//! In: a leaf of the program with its codec and meaning. Out: the call, and whether the bytes are the ones that
//! writing the value would give; or those bytes. Knows nothing of records around it.

use super::field::Field;
use super::matching::Match;
use super::program::{Form, Leaf};
use super::walk::Walker;
use crate::charset::{CodePage, Table};
use crate::codec::{self, Bad, Codec, NO_DIGITS};
use crate::decimal::Decimal;
use crate::error::FieldErrorKind;
use crate::temporal::{Date, Temporal, TemporalForm, TemporalKind, Time, Timestamp};
use crate::value::Value;
use crate::visitor::{Number, Text, Visitor};

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
            Codec::Text { right } => {
                visitor.text(
                    field,
                    Text::new(codec::text::trim(bytes, right), self.table),
                );
                Ok(true)
            }
            Codec::FloatShort | Codec::FloatLong => {
                let value = codec::float::read(bytes);
                visitor.float(field, value);
                Ok(!V::RESIDUE || float_is_canonical(value, bytes))
            }
            Codec::Zoned { .. } | Codec::Packed { .. } | Codec::Binary { .. } => {
                let mut digits = NO_DIGITS;
                let (number, canonical) = leaf.codec.number(bytes, &mut digits)?;
                visitor.number(field, number);
                Ok(canonical)
            }
        }
    }

    /// A leaf that the meaning says more about. Gives back whether its bytes are canonical.
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
            Form::Temporal(form) => {
                let (value, canonical) = read_temporal(leaf.codec, form, bytes, self.table)?;
                match value {
                    Temporal::Date(date) => visitor.date(field, date),
                    Temporal::Time(time) => visitor.time(field, time),
                    Temporal::Timestamp(both) => visitor.timestamp(field, both),
                }
                Ok(canonical)
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

fn float_is_canonical(value: f64, bytes: &[u8]) -> bool {
    let mut again = [0; 8];
    match again.get_mut(..bytes.len()) {
        Some(again) => codec::float::write(value, again).is_ok() && again == bytes,
        None => false,
    }
}

/// A date or time out of a text, a number or a clock value. The bool is whether writing it gives the same bytes.
fn read_temporal(
    codec: Codec,
    form: &TemporalForm,
    bytes: &[u8],
    table: &'static Table,
) -> Result<(Temporal, bool), Bad> {
    let none = |shown: &str| {
        Bad::new(
            FieldErrorKind::Date,
            format!(
                "`{shown}` is no {} of the form {}",
                bare(form),
                form.as_str()
            ),
        )
    };
    if let (true, Ok(clock)) = (form.is_clock(), <[u8; 8]>::try_from(bytes)) {
        let value = form
            .read_clock(clock)
            .ok_or_else(|| none(&crate::json::hex(bytes)))?;
        return Ok((value, form.write_clock(value) == Some(clock)));
    }
    let mut ascii = NO_DIGITS;
    if let Codec::Text { right } = codec {
        let text = codec::text::trim(bytes, right);
        let Some(ascii) = ascii.get_mut(..text.len()) else {
            return Err(none("..."));
        };
        for (to, byte) in ascii.iter_mut().zip(text) {
            *to = u8::try_from(table.char_of(*byte)).unwrap_or(0);
        }
        let value = form
            .read(ascii)
            .ok_or_else(|| none(&String::from_utf8_lossy(ascii)))?;
        return Ok((value, true));
    }
    let mut digits = NO_DIGITS;
    let (number, canonical) = codec.number(bytes, &mut digits)?;
    let bad = || none(&number.decimal().to_string());
    let value = match form.width() {
        Some(width) => number
            .right_aligned(width, &mut ascii)
            .filter(|_| !number.is_negative())
            .and_then(|text| form.read(text)),
        None => number
            .decimal()
            .to_i128()
            .and_then(|count| form.read_count(count)),
    };
    Ok((value.ok_or_else(bad)?, canonical))
}

fn bare(form: &TemporalForm) -> &'static str {
    match form.kind() {
        TemporalKind::Date => "date",
        TemporalKind::Time => "time",
        TemporalKind::Timestamp => "timestamp",
    }
}

/// The canonical bytes of a value; `out` is exactly the field.
pub(crate) fn write(leaf: &Leaf, value: &Value, page: CodePage, out: &mut [u8]) -> Result<(), Bad> {
    let wrong = |wanted: &str| {
        Bad::new(
            FieldErrorKind::Type,
            format!("wanted {wanted}, got {}", value.kind_name()),
        )
    };
    match (&leaf.form, value) {
        (_, Value::Null) => match &leaf.nulls {
            Some(nulls) => out.copy_from_slice(&nulls.canonical),
            None => {
                return Err(Bad::new(
                    FieldErrorKind::Type,
                    "null, and the meaning gives this field no null",
                ));
            }
        },
        (Form::Bytes, Value::Bytes(bytes)) if bytes.len() == out.len() => {
            out.copy_from_slice(bytes);
        }
        (Form::Bytes, Value::Bytes(bytes)) => {
            let message = format!("{} bytes in a field of {}", bytes.len(), out.len());
            return Err(Bad::new(FieldErrorKind::Length, message));
        }
        (Form::Bytes, _) => return Err(wrong("bytes")),
        (Form::Flag(flag), Value::Flag(value)) => {
            out.copy_from_slice(if *value {
                &flag.yes_bytes
            } else {
                &flag.no_bytes
            });
        }
        (Form::Flag(_), _) => return Err(wrong("true or false")),
        (Form::Temporal(form), value) => {
            let value = match (form.kind(), value) {
                (TemporalKind::Date, Value::Date(date)) => Temporal::Date(*date),
                (TemporalKind::Time, Value::Time(time)) => Temporal::Time(*time),
                (TemporalKind::Timestamp, Value::Timestamp(both)) => Temporal::Timestamp(*both),
                (kind, _) => return Err(wrong(kind.name())),
            };
            write_temporal(leaf.codec, form, value, page, out)?;
        }
        (Form::Plain, Value::Text(text)) => match leaf.codec {
            Codec::Text { right } => codec::text::write(text, right, page, out)?,
            _ => return Err(wrong("a number")),
        },
        (Form::Plain, Value::Number(number)) => match leaf.codec {
            Codec::Text { .. } => return Err(wrong("text")),
            // Decimal text to the nearest double, as any parser does.
            Codec::FloatShort | Codec::FloatLong => {
                let number = number.to_string().parse().map_err(|_| wrong("a number"))?;
                codec::float::write(number, out)?;
            }
            codec => codec.write_number(*number, out)?,
        },
        (Form::Plain, Value::Float(number)) => match leaf.codec {
            Codec::FloatShort | Codec::FloatLong => codec::float::write(*number, out)?,
            _ => return Err(wrong("a decimal number or text")),
        },
        (Form::Plain, _) => return Err(wrong("a text or a number")),
    }
    Ok(())
}

fn write_temporal(
    codec: Codec,
    form: &TemporalForm,
    value: Temporal,
    page: CodePage,
    out: &mut [u8],
) -> Result<(), Bad> {
    let cannot = || {
        Bad::new(
            FieldErrorKind::Date,
            format!("{value} cannot be written as {}", form.as_str()),
        )
    };
    if form.is_clock() {
        let clock = form.write_clock(value).ok_or_else(cannot)?;
        if let Ok(out) = <&mut [u8; 8]>::try_from(&mut *out) {
            *out = clock;
            return Ok(());
        }
        return Err(cannot());
    }
    if form.width().is_none() {
        let count = form.write_count(value).ok_or_else(cannot)?;
        return codec.write_number(Decimal::new(count, 0), out);
    }
    let text = form.write(value).ok_or_else(cannot)?;
    match codec {
        Codec::Text { right } => codec::text::write(&text, right, page, out),
        codec => codec.write_number(text.parse().map_err(|_| cannot())?, out),
    }
}

/// A visitor that only wants to know whether everything decodes.
pub(super) struct Probe;

/// The same, with canonical bytes told from others.
pub(super) struct Checked;

macro_rules! silent {
    ($($visitor:ty, $residue:literal;)*) => {$(
impl Visitor for $visitor {
    const RESIDUE: bool = $residue;
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, _: Text<'_>) {}
    fn number(&mut self, _: &Field, _: Number<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: Date) {}
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, _: Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {}
}
    )*};
}

silent! {
    Probe, false;
    Checked, true;
}
