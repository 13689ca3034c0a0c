//! The words for a [`Framing`]: what people write in `capture.toml` and on the command line.
//!
//! In: a format and settings, as one text (`VB; rdw_order = little; rdw_counts = data`) or one by one (a table's keys).
//! Out: a [`Framing`], once the layout is known, or what is wrong with which key. [`Framing`]'s `Display` gives the text
//! back.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::framing::{
    Blocks, EmptyLine, Framing, LineEnd, LongLine, Pad, Partial, RecordFormat, Word, WordCounts,
    WordOrder, WordRest,
};
use super::length::LengthRule;
use crate::charset::CodePage;
use crate::layout::Layout;

/// Names of record formats.
const FORMATS: &[&str] = &["F", "FB", "V", "VB", "VS", "VBS", "U", "TEXT", "LENGTH"];

/// Keys besides the format, for messages.
const KEYS: &[&str] = &[
    "record_length",
    "blocks",
    "rdw_order",
    "rdw_counts",
    "rdw_adjust",
    "rdw_rest",
    "bdw_order",
    "bdw_counts",
    "bdw_adjust",
    "bdw_rest",
    "length",
    "length_field",
    "lengths",
    "line_end",
    "line_length",
    "long_lines",
    "empty_lines",
    "pad_lines",
    "skip_file_start",
    "skip_file_end",
    "skip_record_start",
    "skip_record_end",
    "largest_record",
    "minimum_record",
    "maximum_record",
    "partial_record",
];

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

    /// The framing. A fixed length that was not given is the layout's, if that has one; rules for lengths are read
    /// against it.
    ///
    /// # Errors
    /// A length that is not known, a rule without a layout or with fields it does not have, settings of another format.
    pub fn resolve(&self, layout: Option<&Arc<Layout>>) -> Result<Framing, FramingSpecError> {
        let mut framing = self.framing.clone();
        framing.format = match self.name {
            "F" => RecordFormat::F {
                len: self.fixed_length(layout)?,
            },
            "FB" => RecordFormat::Fb {
                len: self.fixed_length(layout)?,
            },
            "V" => RecordFormat::V,
            "VB" => RecordFormat::Vb,
            "VS" => RecordFormat::Vs,
            "VBS" => RecordFormat::Vbs,
            "U" => RecordFormat::U { block: self.len },
            "TEXT" => RecordFormat::Text,
            _ => RecordFormat::Length,
        };
        let rule = self.rule(layout)?;
        let spanned = matches!(framing.format, RecordFormat::Vs | RecordFormat::Vbs);
        let wrong = |key: &str, message: &str| Err(FramingSpecError::new(key, message));
        if framing.blocks.is_some() && self.name != "FB" {
            return wrong(
                "blocks",
                "blocks are said of FB only: U has a block size, the others BDWs",
            );
        }
        if framing.format != RecordFormat::Length && rule.is_some() {
            return wrong(
                "length",
                "a length by fields goes with the format LENGTH only",
            );
        }
        if spanned && framing.rdw.rest == WordRest::Free {
            return wrong(
                "rdw_rest",
                "spanned records have the segment's place there: wanted `zeros`",
            );
        }
        if framing.maximum < framing.minimum {
            return wrong(
                "maximum_record",
                "it is less than minimum_record: no record would be left",
            );
        }
        framing.length = rule.map(Arc::new);
        let page = layout.map(|layout| layout.code_page());
        let byte = page.map_or(b' ', CodePage::blank);
        framing.lines.pad = match (self.pad, layout) {
            (None, _) => None,
            (Some(PadTo::Length(len)), _) => Some(Pad { len, byte }),
            (Some(PadTo::Layout), Some(layout)) => Some(Pad {
                len: u32::try_from(layout.max_len()).unwrap_or(u32::MAX),
                byte,
            }),
            (Some(PadTo::Layout), None) => {
                return wrong("pad_lines", "wanted a copybook, or a number of bytes");
            }
        };
        if framing.format == RecordFormat::Length && framing.length.is_none() {
            return wrong(
                "length",
                "wanted `length`, an expression over fields, or `length_field` with `lengths`",
            );
        }
        Ok(framing)
    }

    fn fixed_length(&self, layout: Option<&Arc<Layout>>) -> Result<u32, FramingSpecError> {
        if let Some(len) = self.len {
            return Ok(len);
        }
        let missing = |message: String| FramingSpecError::new("record_length", message);
        let Some(layout) = layout else {
            return Err(missing("wanted a record length, such as F(80)".to_owned()));
        };
        let (min, max) = (layout.min_len(), layout.max_len());
        if min != max {
            return Err(missing(format!(
                "records of this copybook have {min} to {max} bytes: give record_length"
            )));
        }
        let skip = self.framing.record;
        u32::try_from(max)
            .ok()
            .and_then(|len| len.checked_add(skip.start)?.checked_add(skip.end))
            .ok_or_else(|| missing("the record length is too large".to_owned()))
    }

    fn rule(&self, layout: Option<&Arc<Layout>>) -> Result<Option<LengthRule>, FramingSpecError> {
        let mapped = !self.lengths.is_empty() || self.otherwise.is_some();
        let wrong = |key: &str, message: &str| Err(FramingSpecError::new(key, message));
        let (key, result) = match (&self.expression, &self.field) {
            (None, None) if mapped => return wrong("lengths", "wanted `length_field` beside it"),
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return wrong("length", "wanted `length` or `length_field`, not both");
            }
            (Some(_), None) if mapped => {
                return wrong("lengths", "wanted `length_field` beside it, not `length`");
            }
            (expression, field) => {
                let Some(layout) = layout else {
                    return wrong("length", "wanted a copybook: the length is in fields");
                };
                match (expression, field) {
                    (Some(text), _) => ("length", LengthRule::expression(text, layout)),
                    (None, field) => {
                        let field = field.as_deref().unwrap_or_default();
                        let lengths = self.lengths.clone();
                        let rule = LengthRule::by_value(field, lengths, self.otherwise, layout);
                        ("length_field", rule)
                    }
                }
            }
        };
        match result {
            Ok(rule) => Ok(Some(rule)),
            Err(error) => Err(FramingSpecError::new(key, error.to_string())),
        }
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

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let custom = Framing::new(self.format);
        match (&self.length, self.format) {
            (Some(rule), RecordFormat::Length) => write!(f, "LENGTH({rule})")?,
            _ => write!(f, "{}", self.format)?,
        }
        match self.blocks {
            None => {}
            Some(Blocks::Word) => f.write_str("; blocks = bdw")?,
            Some(Blocks::Of(size)) => write!(f, "; blocks = {size}")?,
        }
        for (name, word) in [("rdw", self.rdw), ("bdw", self.bdw)] {
            write_word(f, name, word)?;
        }
        let lines = self.lines;
        write_choice(f, "line_end", LINE_ENDS, lines.end)?;
        if let Some(len) = lines.fixed {
            write!(f, "; line_length = {len}")?;
        }
        write_choice(f, "long_lines", LONG_LINES, lines.long)?;
        write_choice(f, "empty_lines", EMPTY_LINES, lines.empty)?;
        if let Some(pad) = lines.pad {
            write!(f, "; pad_lines = {}", pad.len)?;
        }
        for (key, value, usual) in [
            ("skip_file_start", self.file.start, 0),
            ("skip_file_end", self.file.end, 0),
            ("skip_record_start", self.record.start, 0),
            ("skip_record_end", self.record.end, 0),
            ("largest_record", self.longest, custom.longest),
            ("minimum_record", self.minimum, custom.minimum),
            ("maximum_record", self.maximum, custom.maximum),
        ] {
            if value != usual {
                write!(f, "; {key} = {value}")?;
            }
        }
        write_choice(f, "partial_record", PARTIALS, self.partial)
    }
}

fn write_word(f: &mut fmt::Formatter<'_>, name: &str, word: Word) -> fmt::Result {
    write_choice(f, &format!("{name}_order"), ORDERS, word.order)?;
    write_choice(f, &format!("{name}_counts"), COUNTS, word.counts)?;
    if word.adjust != 0 {
        write!(f, "; {name}_adjust = {}", word.adjust)?;
    }
    write_choice(f, &format!("{name}_rest"), RESTS, word.rest)
}

/// Writes a choice that is not the usual one.
fn write_choice<T: Copy + PartialEq + Default>(
    f: &mut fmt::Formatter<'_>,
    key: &str,
    choices: &[(&str, T)],
    value: T,
) -> fmt::Result {
    match choices.iter().find(|(_, choice)| *choice == value) {
        Some((word, _)) if value != T::default() => write!(f, "; {key} = {word}"),
        _ => Ok(()),
    }
}

const ORDERS: &[(&str, WordOrder)] = &[("big", WordOrder::Big), ("little", WordOrder::Little)];
const COUNTS: &[(&str, WordCounts)] = &[("all", WordCounts::All), ("data", WordCounts::Data)];
const RESTS: &[(&str, WordRest)] = &[("zeros", WordRest::Strict), ("free", WordRest::Free)];
const LINE_ENDS: &[(&str, LineEnd)] = &[
    ("any", LineEnd::Any),
    ("lf", LineEnd::Lf),
    ("crlf", LineEnd::CrLf),
    ("cr", LineEnd::Cr),
    ("nel", LineEnd::Nel),
    ("ebcdic-lf", LineEnd::EbcdicLf),
];
const LONG_LINES: &[(&str, LongLine)] = &[
    ("error", LongLine::Error),
    ("split", LongLine::Split),
    ("cut", LongLine::Cut),
];
const EMPTY_LINES: &[(&str, EmptyLine)] = &[("skip", EmptyLine::Skip), ("keep", EmptyLine::Keep)];
const PARTIALS: &[(&str, Partial)] = &[
    ("error", Partial::Error),
    ("keep", Partial::Keep),
    ("drop", Partial::Drop),
];

fn one_of<T: Copy>(key: &str, value: &str, choices: &[(&str, T)]) -> Result<T, FramingSpecError> {
    match choices.iter().find(|(word, _)| *word == value) {
        Some((_, choice)) => Ok(*choice),
        None => {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let message = format!("{key}: wanted {}, got `{value}`", words.join(" or "));
            Err(FramingSpecError::new(key, message))
        }
    }
}

fn number<T: FromStr>(key: &str, value: &str) -> Result<T, FramingSpecError> {
    value.parse().map_err(|_| {
        FramingSpecError::new(
            key,
            format!("{key}: wanted a number of bytes, got `{value}`"),
        )
    })
}

fn at_least_one(key: &str, value: &str) -> Result<u32, FramingSpecError> {
    let number = number::<u32>(key, value)?;
    if number == 0 {
        let message = format!("{key}: wanted at least 1 byte");
        return Err(FramingSpecError::new(key, message));
    }
    Ok(number)
}
