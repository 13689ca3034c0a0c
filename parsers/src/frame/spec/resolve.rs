//! A spec and a layout to a framing: lengths that the layout has, rules over its fields, settings that contradict.
//!
//! In: a [`FramingSpec`] and perhaps a layout. Out: a [`Framing`], or the key that is wrong.

use std::sync::Arc;

use super::{FramingSpec, FramingSpecError, PadTo};
use crate::charset::CodePage;
use crate::frame::framing::{Framing, Pad, RecordFormat, WordRest};
use crate::frame::length::LengthRule;
use crate::layout::Layout;

impl FramingSpec {
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
