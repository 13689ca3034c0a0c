//! A walk to JSON text, straight into the caller's buffer.

use super::{Invalid, JsonOptions, ShowResidue};
use crate::charset::push_json_char;
use crate::error::FieldError;
use crate::layout::{Field, Layout, Walker};
use crate::temporal::{Date, Time, Timestamp};
use crate::value::WHOLE;
use crate::visitor::{Magnitude, Number, Text, Visitor};

/// Appends one record as one object; on an error `out` is as it was.
pub(crate) fn write(
    layout: &Layout,
    record: &[u8],
    options: &JsonOptions,
    out: &mut Vec<u8>,
) -> Result<(), FieldError> {
    let start = out.len();
    let done = match options.residue {
        ShowResidue::Raw => write_all(layout, record, options, out),
        ShowResidue::Omit => {
            let mut writer = Writer::<false>::new(layout, out, options);
            layout.walk(record, &mut writer).map(|()| writer.end())
        }
    };
    if done.is_err() {
        out.truncate(start);
    }
    done
}

/// An object that gives the record back. Where that is not plain from how the record was read it is tried, and the whole
/// record is kept if its parts do not do.
fn write_all(
    layout: &Layout,
    record: &[u8],
    options: &JsonOptions,
    out: &mut Vec<u8>,
) -> Result<(), FieldError> {
    let start = out.len();
    let mut walker = Walker::new(layout, record);
    let mut writer = Writer::<true>::new(layout, out, options);
    walker.record(&mut writer)?;
    let doubt = walker.is_in_doubt() || writer.doubt;
    writer.end();
    if !doubt {
        return Ok(());
    }
    let back = out.get(start..).map(|json| layout.read_json(json));
    if back.is_some_and(|back| back.as_deref() == Ok(record)) {
        return Ok(());
    }
    out.truncate(start);
    let mut writer = Writer::<true>::new(layout, out, options);
    layout.walk(record, &mut writer)?;
    writer.raw.clear();
    writer.residue(WHOLE, record);
    writer.end();
    Ok(())
}

struct Writer<'o, const RESIDUE: bool> {
    layout: &'o Layout,
    out: &'o mut Vec<u8>,
    invalid: Invalid,
    /// Fields whose arrays are open, innermost last.
    arrays: Vec<u32>,
    /// Members of `_raw` and `_errors`, each with a comma in front.
    raw: Vec<u8>,
    errors: Vec<u8>,
    /// Paths in `_errors`.
    faulty: Vec<String>,
    /// A field that decides about others is null.
    doubt: bool,
}

impl<'o, const RESIDUE: bool> Writer<'o, RESIDUE> {
    fn new(layout: &'o Layout, out: &'o mut Vec<u8>, options: &JsonOptions) -> Writer<'o, RESIDUE> {
        out.push(b'{');
        Writer {
            layout,
            out,
            invalid: options.invalid,
            arrays: Vec::new(),
            raw: Vec::new(),
            errors: Vec::new(),
            faulty: Vec::new(),
            doubt: false,
        }
    }

    /// What goes before a value: the member's name, or a comma between occurrences.
    #[inline]
    fn begin(&mut self, field: &Field) {
        if field.is_table() {
            if self.out.last() != Some(&b'[') {
                self.out.push(b',');
            }
        } else {
            self.name(field);
        }
    }

    #[inline]
    fn name(&mut self, field: &Field) {
        let key = field.json_key();
        // The text of the key begins with a comma, which the first member does without.
        let first = self.out.last() == Some(&b'{');
        match field.json_key_block() {
            Some(block) if !first => push_front(block, key.len(), self.out),
            _ => {
                let key = key.get(usize::from(first)..);
                self.out.extend_from_slice(key.unwrap_or_default());
            }
        }
    }

    fn end(self) {
        for (name, members) in [("\"_raw\":{", &self.raw), ("\"_errors\":{", &self.errors)] {
            if let Some(members) = members.get(1..) {
                if self.out.last() != Some(&b'{') {
                    self.out.push(b',');
                }
                self.out.extend_from_slice(name.as_bytes());
                self.out.extend_from_slice(members);
                self.out.push(b'}');
            }
        }
        self.out.push(b'}');
    }
}

fn push_member(members: &mut Vec<u8>, path: &str, text: &str) {
    members.extend_from_slice(b",\"");
    push_escaped(path, members);
    members.extend_from_slice(b"\":\"");
    push_escaped(text, members);
    members.push(b'"');
}

impl<const RESIDUE: bool> Visitor for Writer<'_, RESIDUE> {
    const RESIDUE: bool = RESIDUE;

    fn group_start(&mut self, field: &Field) {
        self.begin(field);
        self.out.push(b'{');
    }
    fn group_end(&mut self, _: &Field) {
        self.out.push(b'}');
    }
    fn array_start(&mut self, field: &Field, _: usize) {
        self.arrays.push(field.id());
        self.name(field);
        self.out.push(b'[');
    }
    fn array_end(&mut self, _: &Field) {
        self.arrays.pop();
        self.out.push(b']');
    }
    #[inline]
    fn text(&mut self, field: &Field, text: Text<'_>) {
        self.begin(field);
        self.out.push(b'"');
        text.push_json(self.out);
        self.out.push(b'"');
    }
    #[inline]
    fn number(&mut self, field: &Field, number: Number<'_>) {
        self.begin(field);
        push_number(number, self.out);
    }
    fn float(&mut self, field: &Field, value: f64) {
        self.begin(field);
        // The shortest digits that read back as the same double.
        let text = match value.abs() {
            size if size > 0.0 && !(1e-7..1e17).contains(&size) => format!("{value:e}"),
            _ => value.to_string(),
        };
        self.out.extend_from_slice(text.as_bytes());
    }
    fn date(&mut self, field: &Field, date: Date) {
        self.begin(field);
        self.out.push(b'"');
        push_date(date, self.out);
        self.out.push(b'"');
    }
    fn time(&mut self, field: &Field, time: Time) {
        self.begin(field);
        push_quoted(&time, self.out);
    }
    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        self.begin(field);
        push_quoted(&timestamp, self.out);
    }
    fn flag(&mut self, field: &Field, value: bool) {
        self.begin(field);
        self.out
            .extend_from_slice(if value { b"true" } else { b"false" });
    }
    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.begin(field);
        self.out.push(b'"');
        self.out.extend_from_slice(super::hex(bytes).as_bytes());
        self.out.push(b'"');
    }
    fn null(&mut self, field: &Field) {
        self.doubt |= RESIDUE && self.layout.is_pivot(field);
        self.begin(field);
        self.out.extend_from_slice(b"null");
    }
    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        match self.invalid {
            Invalid::Fail => Err(error),
            Invalid::Keep => {
                self.doubt |= RESIDUE && self.layout.is_pivot(field);
                if !field.is_hidden() {
                    // One occurrence of a table, or a table whose count is unknown: then its array is not open.
                    if self.arrays.last() == Some(&field.id()) {
                        self.begin(field);
                    } else {
                        self.name(field);
                    }
                    self.out.extend_from_slice(b"null");
                }
                // A counter is at fault once for itself and once for its table.
                if !self.faulty.iter().any(|path| path == error.path()) {
                    push_member(&mut self.errors, error.path(), error.reason());
                    self.faulty.push(error.path().to_owned());
                }
                Ok(())
            }
        }
    }
    fn residue(&mut self, path: &str, bytes: &[u8]) {
        push_member(&mut self.raw, path, &super::hex(bytes));
    }
}

/// Appends what needs no escapes between quotation marks.
fn push_quoted(shown: &dyn std::fmt::Display, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a Vec does not fail.
    let _written = write!(out, "\"{shown}\"");
}

/// Appends a date as `YYYY-MM-DD`.
fn push_date(date: Date, out: &mut Vec<u8>) {
    let year = date.year();
    let digit = |number: u16| b'0' | u8::try_from(number.checked_rem(10).unwrap_or(0)).unwrap_or(0);
    let tens = |number: u16, by: u16| digit(number.checked_div(by).unwrap_or(0));
    let (month, day) = (u16::from(date.month()), u16::from(date.day()));
    out.extend_from_slice(&[
        tens(year, 1000),
        tens(year, 100),
        tens(year, 10),
        digit(year),
        b'-',
        tens(month, 10),
        digit(month),
        b'-',
        tens(day, 10),
        digit(day),
    ]);
}

/// Appends text as the inside of a JSON string.
pub(crate) fn push_escaped(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        push_json_char(character, out);
    }
}

/// Appends a number: no exponent, every digit of its scale.
#[inline]
pub(crate) fn push_number(number: Number<'_>, out: &mut Vec<u8>) {
    let scale = number.scale();
    if let Magnitude::Short(digits) = number.magnitude
        && let Ok(places) = usize::try_from(scale)
        && let Some((text, len)) = digits.text(places)
    {
        if number.is_negative() {
            out.push(b'-');
        }
        push_front(&text, len, out);
        return;
    }
    push_long_number(number, out);
}

/// Appends a number of any length and scale.
#[inline(never)]
fn push_long_number(number: Number<'_>, out: &mut Vec<u8>) {
    let scale = number.scale();
    let mut small = [0; 20];
    let digits = number.ascii(&mut small);
    if number.is_negative() {
        out.push(b'-');
    }
    let Ok(places) = usize::try_from(scale) else {
        push_whole(digits, out);
        if !number.is_zero() {
            out.resize(
                out.len()
                    .saturating_add(usize::try_from(scale.unsigned_abs()).unwrap_or(0)),
                b'0',
            );
        }
        return;
    };
    match digits.len().checked_sub(places) {
        Some(whole) => {
            let (whole, fraction) = digits.split_at_checked(whole).unwrap_or((digits, &[]));
            push_whole(whole, out);
            if !fraction.is_empty() {
                out.push(b'.');
                out.extend_from_slice(fraction);
            }
        }
        None => {
            out.extend_from_slice(b"0.");
            let zeros = places.saturating_sub(digits.len());
            out.resize(out.len().saturating_add(zeros), b'0');
            out.extend_from_slice(digits);
        }
    }
}

/// Appends the first bytes of some: all of them, which needs no loop and no call, and takes the others back.
#[inline]
fn push_front<const N: usize>(text: &[u8; N], len: usize, out: &mut Vec<u8>) {
    let end = out.len().saturating_add(len);
    out.extend_from_slice(text);
    out.truncate(end);
}

/// Digits without leading zeros, at least one.
#[inline]
fn push_whole(digits: &[u8], out: &mut Vec<u8>) {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    match digits.get(zeros..) {
        Some(rest) if !rest.is_empty() => out.extend_from_slice(rest),
        _ => out.push(b'0'),
    }
}
