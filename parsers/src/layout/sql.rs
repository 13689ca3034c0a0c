//! Columns of an unloaded Db2 table: their codecs, their null bytes, which records are of which table.
//!
//! In: entries that a LOAD statement made ([`crate::syspunch`]). Out: the same as a copybook's entries give: forms in
//! storage, and for each nullable column its [`Indicator`]. Runs once, when a layout is compiled.

use std::sync::Arc;

use super::field::{Field, to_usize};
use super::form::kind_of;
use super::matching::{self, Match};
use super::meaning::Rules;
use super::options::Endian;
use super::program::Nulls;
use super::select::{RecordType, Test};
use super::storage::{Form, Pass, Storage};
use crate::charset::CodePage;
use crate::codec::{Chars, Codec, Float, Varying};
use crate::copybook::Sign;
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::syspunch::{NullIf, Page, SqlColumn, Store, Unit, When};

/// Where the byte is that says whether a column is null, and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Indicator {
    /// Its field.
    pub(crate) field: u32,
    pub(crate) at: At,
    /// The bytes of a null; others are a value's, whose own are 00.
    pub(crate) null: Box<[u8]>,
    /// They say so of another column as well.
    pub(crate) shared: bool,
}

/// A place beside a column, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    /// At this offset whatever is before the column.
    Fixed(u32),
    /// So many bytes before its first.
    Before(u32),
    /// So many bytes after its last.
    After(u32),
}

impl Indicator {
    /// The position beside a column of `len` bytes at `start`.
    pub(crate) fn start(&self, start: usize, len: usize) -> usize {
        match self.at {
            At::Fixed(offset) => to_usize(offset),
            At::Before(bytes) => start.saturating_sub(to_usize(bytes)),
            At::After(bytes) => start.saturating_add(len).saturating_add(to_usize(bytes)),
        }
    }
}

impl Pass<'_> {
    /// Codec and size of a column.
    pub(super) fn column(&mut self, column: &SqlColumn, span: Span) -> Option<(Form, u32)> {
        let rules = self.rules;
        let codec = match column.store {
            Store::Text(page) => Codec::Text {
                chars: self.chars_of(page, &column.text, span)?,
                right: false,
            },
            Store::Varying { page, unit } => Codec::Varying(Varying {
                chars: Some(self.chars_of(page, &column.text, span)?),
                pairs: unit == Unit::Pairs,
            }),
            Store::VaryingBytes => Codec::Varying(Varying {
                chars: None,
                pairs: false,
            }),
            Store::Packed { digits, scale } => Codec::Packed {
                signed: true,
                scale: i32::from(scale),
                digits,
            },
            Store::Zoned { digits, scale } => Codec::Zoned {
                sign: Some(Sign {
                    leading: false,
                    separate: false,
                }),
                scale: i32::from(scale),
                digits,
                zones: rules.zones(rules.page),
            },
            Store::Integer => Codec::Binary {
                signed: true,
                scale: 0,
                digits: match column.size {
                    2 => 5,
                    4 => 10,
                    _ => 19,
                },
                native: true,
                order: Endian::Big,
            },
            Store::Float { ieee } => {
                let form = if ieee {
                    Float::Ieee(Endian::Big)
                } else {
                    rules.float
                };
                match column.size {
                    4 => Codec::FloatShort(form),
                    _ => Codec::FloatLong(form),
                }
            }
            Store::Bytes | Store::Indicator => Codec::Bytes,
        };
        let form = Form {
            codec,
            edit: None,
            value: None,
            null_if: column.null_if.clone(),
            indicator: column.store == Store::Indicator,
        };
        Some((form, column.size))
    }

    fn chars_of(&mut self, page: Page, words: &str, span: Span) -> Option<Chars> {
        let rules = self.rules;
        match page {
            Page::Record => Some(rules.chars()),
            Page::Own(page) if page == rules.page => Some(rules.chars()),
            Page::Own(page) => Some(Chars::new(page, &rules.text, true)),
            Page::DoubleByte => {
                let page = rules.page.double_byte();
                if page.is_none() {
                    let message = format!(
                        "{words} wants double-byte characters, and {} has none",
                        rules.page
                    );
                    self.fault_with(
                        span,
                        message,
                        "the third CCSID of the statement names their code page",
                    );
                }
                page.map(|page| Chars::new(page, &rules.text, true))
            }
        }
    }
}

/// The kind of a column, for the field that is made of it.
pub(super) fn described(field: &mut Field, column: &SqlColumn, form: &Form) {
    field.kind = kind_of(form, column.size);
    field.sql = Some(column.text.clone());
    field.moving = column.moving;
}

/// Puts the point of DECIMAL columns where the meaning says: UNLOAD and DSNTIAUL do not write their scale.
pub(super) fn scales(
    file: &Arc<str>,
    rules: &Rules,
    storage: &mut Storage,
    faults: &mut Vec<CopybookError>,
) {
    for rule in &rules.fields {
        let Some(wanted) = &rule.scale else { continue };
        // A path that names nothing is told with the rest of the rule.
        let Ok(found) = crate::path::resolve(&storage.fields, &rule.path.value) else {
            continue;
        };
        let id = to_usize(found.field);
        let (Some(field), Some(Some(form))) =
            (storage.fields.get_mut(id), storage.forms.get_mut(id))
        else {
            continue;
        };
        let mut fault = |message: String| {
            let kind = CopybookErrorKind::Meaning;
            faults.push(CopybookError::new(kind, file, wanted.span, message));
        };
        match &mut form.codec {
            Codec::Packed { scale, digits, .. } | Codec::Zoned { scale, digits, .. }
                if field.sql.is_some() =>
            {
                if wanted.value > *digits {
                    fault(format!("{} has {digits} digits", field.name));
                    continue;
                }
                *scale = i32::from(wanted.value);
                let words = field.sql.as_deref().unwrap_or_default();
                let words = words.split('(').next().unwrap_or_default();
                field.sql = Some(format!("{words}({digits},{})", wanted.value).into_boxed_str());
                field.kind = kind_of(form, field.len);
            }
            _ => fault("`scale` is for DECIMAL columns of a LOAD statement".to_owned()),
        }
    }
}

/// The indicator of each column that has one, by field; and the null values of columns that are their own.
pub(super) fn indicators(
    file: &Arc<str>,
    fields: &mut [Field],
    storage: &Storage,
    page: CodePage,
    faults: &mut Vec<CopybookError>,
) -> Vec<(u32, Null)> {
    let mut found = Vec::new();
    for (id, form) in storage.forms.iter().enumerate() {
        let Some(null_if) = form.as_ref().and_then(|form| form.null_if.as_ref()) else {
            continue;
        };
        let codec = form.as_ref().map_or(Codec::Bytes, |form| form.codec);
        match null_of(fields, id, null_if, codec, page) {
            Ok(null) => {
                if let Some(field) = fields.get_mut(id) {
                    field.nullable = true;
                    found.push((field.id, null));
                }
            }
            Err(message) => faults.push(CopybookError::new(
                CopybookErrorKind::NotSupported,
                file,
                null_if.span,
                message,
            )),
        }
    }
    let said: Vec<u32> = found.iter().filter_map(|(_, null)| null.byte()).collect();
    for (_, null) in &mut found {
        if let Null::Byte(indicator) = null {
            let of = |field: &&u32| **field == indicator.field;
            indicator.shared = said.iter().filter(of).count() > 1;
        }
    }
    found
}

/// What makes one column null.
pub(super) enum Null {
    Byte(Indicator),
    Own(Nulls),
}

impl Null {
    fn byte(&self) -> Option<u32> {
        match self {
            Null::Byte(indicator) => Some(indicator.field),
            Null::Own(_) => None,
        }
    }
}

fn null_of(
    fields: &[Field],
    id: usize,
    null_if: &NullIf,
    codec: Codec,
    page: CodePage,
) -> Result<Null, String> {
    let field = fields.get(id).ok_or("no such column")?;
    let text = Codec::Text {
        chars: Chars::of(page),
        right: false,
    };
    let len = to_usize(null_if.len);
    let bytes = matching::bytes_of(&null_if.value, text, len, page).map_err(|bad| bad.message)?;
    let bytes = bytes.into_boxed_slice();
    // Offsets of a statement are the record's own: every 01 begins at 0.
    if (null_if.offset, null_if.len) == (field.offset, field.len) {
        if matches!(codec, Codec::Varying(_)) {
            return Err("NULLIF by a varying value itself is not supported".to_owned());
        }
        return Ok(Null::Own(Nulls {
            matches: vec![Match::Bytes(bytes.clone())],
            canonical: bytes,
        }));
    }
    let beside = fields.iter().find(|other| {
        other.parent == field.parent && other.offset == null_if.offset && other.sql.is_some()
    });
    let beside = beside.ok_or("NULLIF looks at bytes that are no null byte")?;
    let moves = |from: u32, to: u32| {
        fields.iter().any(|other| {
            other.parent == field.parent && other.moving && (from..to).contains(&other.id)
        })
    };
    let at = if !moves(0, beside.id) {
        At::Fixed(beside.offset)
    } else if beside.id < field.id && !moves(beside.id, field.id) {
        At::Before(field.offset.saturating_sub(beside.offset))
    } else if beside.id > field.id && !moves(field.id.saturating_add(1), beside.id) {
        let end = field.offset.saturating_add(field.len);
        At::After(beside.offset.saturating_sub(end))
    } else {
        return Err("a varying column stands between this one and its null byte".to_owned());
    };
    Ok(Null::Byte(Indicator {
        field: beside.id,
        at,
        null: bytes,
        shared: false,
    }))
}

/// The tables of the statement as record types: a record is of the first whose WHEN holds.
pub(super) fn record_types(fields: &[Field], whens: &[When], page: CodePage) -> Vec<RecordType> {
    let records = fields.iter().filter(|field| field.parent.is_none());
    let mut types = Vec::new();
    for record in records {
        let Some(when) = whens.iter().find(|when| when.name == record.name) else {
            continue;
        };
        let text = Codec::Text {
            chars: Chars::of(page),
            right: false,
        };
        let tests = when.tests.iter().filter_map(|(offset, literal, _)| {
            let len = match literal {
                crate::copybook::Literal::Hex(bytes) => bytes.len(),
                crate::copybook::Literal::Text(text) => text.chars().count(),
                _ => return None,
            };
            let bytes = matching::bytes_of(literal, text, len, page).ok()?;
            let inside = fields
                .iter()
                .filter(|field| field.parent == Some(record.id));
            let field = inside
                .take_while(|field| field.offset <= *offset)
                .last()
                .map_or(record.id, |field| field.id);
            Some(Test {
                field,
                offset: *offset,
                len: u32::try_from(len).ok()?,
                codec: Codec::Bytes,
                tables: 0,
                values: vec![Match::Bytes(bytes.into_boxed_slice())],
            })
        });
        types.push(RecordType {
            name: when.name.clone(),
            tests: tests.collect(),
            views: vec![record.id],
            whole: true,
            parent: None,
            list: String::new(),
        });
    }
    types
}
