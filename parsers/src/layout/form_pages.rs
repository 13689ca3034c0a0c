//! Code pages of single fields, and what the policies say of null.
//!
//! In: fields with their forms, the options. Out: the same with other code pages where the options name some, and
//! marked as nullable where a policy can make them null. Runs once, when a layout is compiled.

use std::sync::Arc;

use super::field::{Field, FieldKind, to_usize};
use super::options::{Fill, InvalidNumber, InvalidText, LayoutOptions, LowValueText};
use super::storage::Storage;
use crate::codec::{Chars, Codec, Varying, Zones};
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// Sets the code pages that the options name by path.
pub(super) fn apply(
    file: &Arc<str>,
    storage: &mut Storage,
    options: &LayoutOptions,
    faults: &mut Vec<CopybookError>,
) {
    let rules = options.rules();
    for (path, page) in &options.pages {
        let found = match crate::path::resolve(&storage.fields, path) {
            Ok(found) => found,
            Err(error) => {
                let span = Span {
                    line: 1,
                    column: 1,
                    len: 1,
                    ..Span::default()
                };
                let message = format!("code page {page} of a field: {error}");
                faults.push(CopybookError::new(
                    CopybookErrorKind::Path,
                    file,
                    span,
                    message,
                ));
                continue;
            }
        };
        let end = storage
            .fields
            .get(to_usize(found.field))
            .map_or(found.field, |field| field.end);
        let inside = to_usize(found.field)..to_usize(end);
        for form in storage
            .forms
            .get_mut(inside)
            .into_iter()
            .flatten()
            .flatten()
        {
            match &mut form.codec {
                // National, double-byte and UTF-8 items have the page of their usage.
                Codec::Text { chars, .. } if !chars.own => {
                    *chars = Chars::new(*page, &rules.text, true);
                }
                Codec::Varying(Varying {
                    chars: Some(chars), ..
                }) if !chars.own => *chars = Chars::new(*page, &rules.text, true),
                Codec::Zoned { zones, .. } if !matches!(zones, Zones::Utf16(_)) => {
                    *zones = rules.zones(*page);
                }
                _ => {}
            }
        }
    }
}

/// Marks the fields that a policy can make null.
pub(super) fn nullable(fields: &mut [Field], storage: &Storage, options: &LayoutOptions) {
    let numbers = &options.numbers;
    let fills = [numbers.spaces, numbers.low_values, numbers.high_values];
    let invalid = numbers.invalid == InvalidNumber::Null;
    let number = invalid || fills.contains(&Fill::Null);
    let text =
        options.text.low_values == LowValueText::Null || options.text.invalid == InvalidText::Null;
    for (field, form) in fields.iter_mut().zip(&storage.forms) {
        let Some(form) = form else { continue };
        field.nullable |= match (field.kind, form.codec) {
            (FieldKind::Text { .. }, _) => text,
            (FieldKind::Number { .. } | FieldKind::FloatLong, Codec::Text { .. }) => number,
            (_, Codec::Zoned { .. } | Codec::Packed { .. } | Codec::PackedNoSign { .. }) => number,
            (_, Codec::Binary { .. }) => invalid && field.len() > 8,
            (_, Codec::FloatShort(_) | Codec::FloatLong(_)) => invalid,
            _ => false,
        };
    }
}
