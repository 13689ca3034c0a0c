//! One elementary item: its bytes to one call of a visitor.
//!
//! In: a leaf of the program with its codec and meaning. Out: the call, and whether the bytes are the ones that
//! writing the value ([`super::scalar_write`]) would give. Knows nothing of records around it.

use super::field::Field;
use super::matching::Match;
use super::names::{Names, Unnamed};
use super::options::{
    BadCount, Controls, DisplayNumbers, Fill, InvalidNumber, InvalidText, LowValueText, Numbers,
    Short, SignPolicy, TextPolicy, Trim,
};
use super::program::{Form, Leaf};
use super::walk::Walker;
use crate::codec::edit::Editor;
use crate::codec::{self, Bad, Chars, Codec, Filler, NO_DIGITS, Varying};
use crate::decimal::Decimal;
use crate::error::{FieldError, FieldErrorKind};
use crate::temporal::{Date, Temporal, TemporalForm, TemporalKind, Time, Timestamp};
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
            | Codec::Binary { .. } => {
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
                visitor.number(field, number);
                Ok(canonical)
            }
        }
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

    /// Text of a page with holes or several bytes a character, or with a policy that changes it.
    fn checked_text<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        chars: Chars,
        right: bool,
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        let policy = &self.layout.policy.text;
        if policy.low_values == LowValueText::Null && codec::all(bytes, 0x00) {
            visitor.null(field);
            return Ok(false);
        }
        let table = chars.table;
        let checked = table.check(bytes);
        let untouched = policy.trim == Trim::Padding
            && match policy.controls {
                Controls::Keep => true,
                // The table blanks them.
                Controls::Blank => table.is_single_byte(),
                Controls::Drop => false,
            };
        match (checked, policy.invalid) {
            (Ok(canonical), _) if untouched => {
                let text = codec::text::trim_wide(bytes, right, table);
                visitor.text(field, Text::new(text, table));
                return Ok(canonical);
            }
            (Err(at), InvalidText::Error) => {
                return Err(codec::text::no_character(bytes, at, chars));
            }
            (Err(_), InvalidText::Null) => {
                visitor.null(field);
                return Ok(false);
            }
            _ => {}
        }
        let mut text = String::with_capacity(bytes.len());
        if policy.controls == Controls::Drop && !chars.page.is_ebcdic() && table.padding() == b" " {
            let kept: Vec<u8> = bytes.iter().copied().filter(|byte| *byte >= 0x20).collect();
            table.decode_lossy(&kept, &mut text);
        } else {
            table.decode_lossy(bytes, &mut text);
        }
        if checked.is_err() && policy.invalid == InvalidText::Blank {
            text = text.replace(char::REPLACEMENT_CHARACTER, " ");
        }
        let text = codec::text::refine(&text, right, policy);
        let canonical = V::RESIDUE && codec::text::gives(&text, right, chars, bytes);
        visitor.text(field, Text::decoded(bytes, table, &text));
        Ok(canonical)
    }

    /// A length and so much of a value; blanks at its end are its own.
    fn varying_value<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        varying: Varying,
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        let (value, behind) = varying.split(bytes)?;
        let padded = behind.iter().all(|byte| *byte == 0x00);
        let Some(chars) = varying.chars else {
            visitor.bytes(field, value);
            return Ok(padded);
        };
        let policy = &self.layout.policy.text;
        let untouched =
            matches!(policy.trim, Trim::Padding | Trim::None) && policy.controls != Controls::Drop;
        let checked = chars.table.check(value);
        match (checked, policy.invalid) {
            (Ok(canonical), _) if untouched => {
                visitor.text(field, Text::new(value, chars.table));
                return Ok(canonical && padded);
            }
            (Err(at), InvalidText::Error) => {
                return Err(codec::text::no_character(value, at, chars));
            }
            (Err(_), InvalidText::Null) => {
                visitor.null(field);
                return Ok(false);
            }
            _ => {}
        }
        let mut text = String::with_capacity(value.len());
        chars.table.decode_lossy(value, &mut text);
        if checked.is_err() && policy.invalid == InvalidText::Blank {
            text = text.replace(char::REPLACEMENT_CHARACTER, " ");
        }
        let whole = TextPolicy {
            trim: match policy.trim {
                Trim::Padding => Trim::None,
                trim => trim,
            },
            ..*policy
        };
        let text = codec::text::refine(&text, false, &whole);
        let mut again = vec![0x00; bytes.len()];
        let plain = TextPolicy::default();
        let canonical =
            V::RESIDUE && varying.write_text(&text, &plain, &mut again).is_ok() && again == bytes;
        visitor.text(field, Text::decoded(value, chars.table, &text));
        Ok(canonical)
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
                let (value, canonical) = read_temporal(leaf.codec, form, bytes)?;
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

    /// A field with an edited picture, as the value that it shows.
    fn edited<V: Visitor>(
        &self,
        leaf: &Leaf,
        editor: &Editor,
        bytes: &[u8],
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        let Codec::Text { chars, .. } = leaf.codec else {
            return self.plain(leaf, bytes, visitor);
        };
        let mut text = String::with_capacity(bytes.len());
        if let Err(at) = chars.table.decode(bytes, &mut text) {
            return self.invalid_number(
                field,
                codec::text::no_character(bytes, at, chars),
                visitor,
            );
        }
        // Several bytes may read as one character.
        let same = |shown: Option<String>| {
            shown.is_some_and(|shown| shown == text) && chars.table.check(bytes) == Ok(true)
        };
        match editor {
            Editor::Text(editor) => {
                let value = editor.parse(&text);
                visitor.text(field, Text::decoded(bytes, chars.table, &value));
                Ok(V::RESIDUE && same(editor.format(&value)))
            }
            Editor::Float(editor) => match editor.parse(&text) {
                Some(value) => {
                    visitor.float(field, value);
                    Ok(V::RESIDUE && same(editor.format(value)))
                }
                None => self.invalid_number(field, codec::edit::unread(&text), visitor),
            },
            Editor::Number(editor) => {
                if let Some(value) = editor.parse(&text) {
                    push_decimal(value, field, visitor);
                    return Ok(V::RESIDUE && same(editor.format(value)));
                }
                if let Some(done) = self.filled(field, leaf.codec, bytes, editor.scale(), visitor) {
                    return Ok(done);
                }
                let numbers = Numbers {
                    display: DisplayNumbers::Explicit,
                    ..self.layout.policy.numbers
                };
                if self.layout.policy.numbers.display != DisplayNumbers::Exact {
                    let mut digits = NO_DIGITS;
                    let zones = codec::Zones::of(chars.page);
                    let scale = editor.scale();
                    let read =
                        codec::spaced::read(bytes, true, zones, scale, &numbers, &mut digits);
                    if let Ok(read) = read {
                        let number = Number {
                            negative: read.negative,
                            magnitude: Magnitude::Digits(
                                digits.get(..read.len).unwrap_or_default(),
                            ),
                            scale,
                        };
                        visitor.number(field, number);
                        return Ok(false);
                    }
                }
                let bad = codec::not_a_number(bytes, codec::Zones::of(chars.page), || {
                    codec::edit::unread(&text)
                });
                self.invalid_number(field, bad, visitor)
            }
        }
    }
}

fn push_decimal<V: Visitor>(value: Decimal, field: &Field, visitor: &mut V) {
    let digits = value.unscaled.unsigned_abs().to_string();
    visitor.number(
        field,
        Number {
            negative: value.unscaled < 0,
            magnitude: Magnitude::Digits(digits.as_bytes()),
            scale: value.scale,
        },
    );
}

/// A date or time out of a text, a number or a clock value. The bool is whether writing it gives the same bytes.
fn read_temporal(codec: Codec, form: &TemporalForm, bytes: &[u8]) -> Result<(Temporal, bool), Bad> {
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
    if let Codec::Text { chars, right } = codec {
        let text = codec::text::trim_wide(bytes, right, chars.table);
        let mut wide = String::new();
        if !chars.table.is_single_byte() {
            chars.table.decode_lossy(text, &mut wide);
        }
        let len = if wide.is_empty() {
            text.len()
        } else {
            wide.chars().count()
        };
        let Some(ascii) = ascii.get_mut(..len) else {
            return Err(none("..."));
        };
        if wide.is_empty() {
            for (to, byte) in ascii.iter_mut().zip(text) {
                *to = u8::try_from(chars.table.char_of(*byte)).unwrap_or(0);
            }
        } else {
            for (to, character) in ascii.iter_mut().zip(wide.chars()) {
                *to = u8::try_from(character).unwrap_or(0);
            }
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

/// A visitor that only wants to know whether everything decodes.
pub(super) struct Probe;

/// The same, with canonical bytes told from others.
pub(super) struct Checked;

/// Looks only for how many occurrences tables have; whether other fields decode does not matter.
pub(super) struct Skim;

/// Collects what does not decode.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<FieldError>);

impl Faults {
    fn add(&mut self, error: FieldError) {
        // A counter is at fault once for itself and once for its table.
        if !self.0.iter().any(|other| other.path() == error.path()) {
            self.0.push(error);
        }
    }
}

macro_rules! silent {
    ($($visitor:ty, $residue:literal, |$this:ident, $field:ident, $error:ident| $invalid:expr;)*) => {$(
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
    fn invalid(&mut self, $field: &Field, $error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        let $this = self;
        $invalid
    }
}
    )*};
}

silent! {
    Probe, false, |_this, _field, error| Err(error);
    Checked, true, |_this, _field, error| Err(error);
    Skim, false, |_this, field, error| if field.is_table() { Err(error) } else { Ok(()) };
    Faults, false, |this, _field, error| {
        this.add(error);
        Ok(())
    };
}
