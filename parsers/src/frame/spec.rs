//! The words for a [`Framing`]: what people write in `capture.toml` and on the command line.
//!
//! In: a format and settings, as one text (`VB; rdw_order = little; rdw_counts = data`) or one by one (a table's keys).
//! Out: a [`Framing`], once the layout is known, or what is wrong with which key. [`Framing`]'s `Display` gives the text
//! back.

mod display;
mod resolve;
mod words;

use std::str::FromStr;
use std::sync::Arc;

use super::framing::{Blocks, Framing, RecordFormat};
use crate::layout::Layout;
use words::{
    COUNTS, EMPTY_LINES, KEYS, LINE_ENDS, LONG_LINES, ORDERS, PARTIALS, RESTS, at_least_one,
    number, one_of,
};

/// Names of record formats.
const FORMATS: &[&str] = &["F", "FB", "V", "VB", "VS", "VBS", "U", "TEXT", "LENGTH"];

/// How a file is cut, as written; the layout may still have to say lengths and where fields are.
#[derive(Debug, Clone)]
pub struct FramingSpec {
    name: &'static str,
    /// Whether the length was given, and which.
    len: Option<u32>,
    framing: Framing,
    expression: Option<String>,
    field: Option<String>,
    lengths: Vec<(String, u32)>,
    otherwise: Option<u32>,
    pad: Option<PadTo>,
}

/// What short lines are filled up to.
#[derive(Debug, Clone, Copy)]
enum PadTo {
    Layout,
    Length(u32),
}

/// What is wrong with which setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FramingSpecError {
    key: String,
    message: String,
}

impl FramingSpecError {
    fn new(key: &str, message: impl Into<String>) -> FramingSpecError {
        FramingSpecError {
            key: key.to_owned(),
            message: message.into(),
        }
    }

    /// The key that it is about; `format` for the format itself.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FramingSpec {
    /// A format by its name in any case, with its length if it has one: `FB`, `F(80)`, `U(32760)`, `LENGTH(LEN + 4)`,
    /// `LENGTH(KIND: A=10 B=20 *=15)`.
    ///
    /// # Errors
    /// A name that is no format's, or brackets it does not take.
    pub fn of_format(text: &str) -> Result<FramingSpec, FramingSpecError> {
        let wrong = |message: String| FramingSpecError::new("format", message);
        let text = text.trim();
        let (word, inner) = match text.split_once('(') {
            None => (text, None),
            Some((word, rest)) => match rest.trim_end().strip_suffix(')') {
                Some(inner) => (word.trim_end(), Some(inner.trim())),
                None => return Err(wrong(format!("wanted `)` at the end of `{text}`"))),
            },
        };
        let upper = word.to_ascii_uppercase();
        let Some(name) = FORMATS.iter().find(|name| **name == upper) else {
            let known = FORMATS.join(", ");
            return Err(wrong(format!(
                "unknown record format `{word}`; known are: {known}"
            )));
        };
        let mut spec = FramingSpec {
            name,
            len: None,
            framing: Framing::new(RecordFormat::V),
            expression: None,
            field: None,
            lengths: Vec::new(),
            otherwise: None,
            pad: None,
        };
        match (*name, inner) {
            (_, None) => {}
            ("F" | "FB" | "U", Some(inner)) => spec.len = Some(at_least_one("format", inner)?),
            ("LENGTH", Some(inner)) => match inner.split_once(':') {
                Some((field, lengths)) if !field.contains('(') => {
                    spec.set("length_field", field.trim())?;
                    spec.set("lengths", lengths)?;
                }
                _ => spec.set("length", inner)?,
            },
            (name, Some(_)) => return Err(wrong(format!("{name} takes nothing in brackets"))),
        }
        Ok(spec)
    }

    /// Changes one setting. The keys are those of `capture.toml`'s `record_format` table; `-` and `_` are the same.
    ///
    /// # Errors
    /// A key that is none, or a value it does not take.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), FramingSpecError> {
        let name = key.trim().replace('-', "_");
        let value = value.trim();
        let framing = &mut self.framing;
        match name.as_str() {
            "record_length" => self.len = Some(at_least_one(key, value)?),
            "blocks" => {
                framing.blocks = Some(match value {
                    "bdw" => Blocks::Word,
                    _ => Blocks::Of(at_least_one(key, value)?),
                });
            }
            "rdw_order" => framing.rdw.order = one_of(key, value, ORDERS)?,
            "rdw_counts" => framing.rdw.counts = one_of(key, value, COUNTS)?,
            "rdw_adjust" => framing.rdw.adjust = number(key, value)?,
            "rdw_rest" => framing.rdw.rest = one_of(key, value, RESTS)?,
            "bdw_order" => framing.bdw.order = one_of(key, value, ORDERS)?,
            "bdw_counts" => framing.bdw.counts = one_of(key, value, COUNTS)?,
            "bdw_adjust" => framing.bdw.adjust = number(key, value)?,
            "bdw_rest" => framing.bdw.rest = one_of(key, value, RESTS)?,
            "length" => self.expression = Some(value.to_owned()),
            "length_field" => self.field = Some(value.to_owned()),
            "lengths" => self.lengths(key, value)?,
            "line_end" => framing.lines.end = one_of(key, value, LINE_ENDS)?,
            "line_length" => framing.lines.fixed = Some(at_least_one(key, value)?),
            "long_lines" => framing.lines.long = one_of(key, value, LONG_LINES)?,
            "empty_lines" => framing.lines.empty = one_of(key, value, EMPTY_LINES)?,
            "pad_lines" => {
                self.pad = Some(match value {
                    "layout" => PadTo::Layout,
                    _ => PadTo::Length(at_least_one(key, value)?),
                });
            }
            "skip_file_start" => framing.file.start = number(key, value)?,
            "skip_file_end" => framing.file.end = number(key, value)?,
            "skip_record_start" => framing.record.start = number(key, value)?,
            "skip_record_end" => framing.record.end = number(key, value)?,
            "largest_record" => framing.longest = at_least_one(key, value)?,
            "minimum_record" => framing.minimum = number(key, value)?,
            "maximum_record" => framing.maximum = at_least_one(key, value)?,
            "partial_record" => framing.partial = one_of(key, value, PARTIALS)?,
            _ => {
                let near = crate::path::nearest(&name, KEYS.iter().copied())
                    .map_or_else(String::new, |near| format!(" (is it `{near}`?)"));
                let known = KEYS.join(", ");
                return Err(FramingSpecError::new(
                    key,
                    format!("unknown key `{key}`{near}: wanted {known}"),
                ));
            }
        }
        Ok(())
    }

    /// Adds one record length to those of [`FramingSpec::set`]'s `lengths`: that of records whose `length_field` has the
    /// value; of all others where the value is `*`.
    pub fn length_of(&mut self, value: &str, len: u32) {
        if value == "*" {
            self.otherwise = Some(len);
        } else {
            self.lengths.push((value.to_owned(), len));
        }
    }

    /// `A=10 B=20 "C D"=30 *=15`, with blanks or commas between.
    fn lengths(&mut self, key: &str, text: &str) -> Result<(), FramingSpecError> {
        let mut rest = text.trim_start_matches([' ', ',']);
        while !rest.is_empty() {
            let wrong = || FramingSpecError::new(key, format!("wanted VALUE=LENGTH, got `{rest}`"));
            let (value, after) = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let (value, after) = quoted.split_once('"').ok_or_else(wrong)?;
                    (
                        value,
                        after.trim_start().strip_prefix('=').ok_or_else(wrong)?,
                    )
                }
                None => rest.split_once('=').ok_or_else(wrong)?,
            };
            let after = after.trim_start();
            let end = after.find([' ', ',']).unwrap_or(after.len());
            let (len, next) = after.split_at_checked(end).ok_or_else(wrong)?;
            self.length_of(value.trim_end(), at_least_one(key, len)?);
            rest = next.trim_start_matches([' ', ',']);
        }
        Ok(())
    }

    /// Whether its format has one record length, as F and FB do.
    pub fn is_fixed(&self) -> bool {
        matches!(self.name, "F" | "FB")
    }

    /// The record length that was given.
    pub fn record_length(&self) -> Option<u32> {
        self.len
    }
}

/// `FORMAT; key = value; ...`.
impl FromStr for FramingSpec {
    type Err = FramingSpecError;

    fn from_str(text: &str) -> Result<FramingSpec, FramingSpecError> {
        let mut parts = text.split(';');
        let mut spec = FramingSpec::of_format(parts.next().unwrap_or_default())?;
        for part in parts.filter(|part| !part.trim().is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                let message = format!("wanted `key = value`, got `{}`", part.trim());
                return Err(FramingSpecError::new(part.trim(), message));
            };
            spec.set(key.trim(), value)?;
        }
        Ok(spec)
    }
}

impl Framing {
    /// Reads `FORMAT; key = value; ...`, as [`FramingSpec`] does.
    ///
    /// # Errors
    /// As [`FramingSpec::of_format`], [`FramingSpec::set`] and [`FramingSpec::resolve`].
    pub fn parse(text: &str, layout: Option<&Arc<Layout>>) -> Result<Framing, FramingSpecError> {
        text.parse::<FramingSpec>()?.resolve(layout)
    }
}
