//! Whether the entries of `_raw` are of this layout.
//!
//! In: residue as it was read. Out: an error for an entry that names no field, or has more or fewer bytes than its
//! field. What an edited value makes of the rest is for encoding to say.

use crate::error::{FieldError, FieldErrorKind};
use crate::layout::{Field, FieldKind, Layout};
use crate::path::PathError;
use crate::value::{Residue, is_place};

/// Checks every entry.
pub(super) fn check(layout: &Layout, residue: &Residue) -> Result<(), FieldError> {
    let fault = |kind, path: &str, message: String| {
        FieldError::of_value(kind, "_raw", format!("{path}: {message}"))
    };
    // Of a record that was cut, fields may have less.
    let mut cut = residue.contains_key("@length");
    let mut short = None;
    for (path, bytes) in residue {
        if is_place(path) {
            let offset = path.trim_start_matches('@');
            let inside = |offset: usize| offset <= layout.max_len();
            if !matches!(offset, "length" | "record") && !offset.parse().is_ok_and(inside) {
                let message = "no such place in the record".to_owned();
                return Err(fault(FieldErrorKind::Member, path, message));
            }
            continue;
        }
        let field = match found(layout, path) {
            Ok(Some(field)) => field,
            Ok(None) => continue,
            Err(message) => return Err(fault(FieldErrorKind::Member, path, message)),
        };
        if !of_one_length(field, path) {
            // In place of something that was not readable, all to the end of the record.
            cut = true;
            continue;
        }
        if bytes.len() > field.len() {
            let message = format!("{} bytes in a field of {}", bytes.len(), field.len());
            return Err(fault(FieldErrorKind::Length, path, message));
        }
        if bytes.len() < field.len() {
            short = short.or(Some((path, bytes.len(), field.len())));
        }
    }
    match short {
        Some((path, got, len)) if !cut => {
            let message = format!("{got} bytes in a field of {len}");
            Err(fault(FieldErrorKind::Length, path, message))
        }
        _ => Ok(()),
    }
}

/// An elementary item that is no view, and is no table unless it is one occurrence.
fn of_one_length(field: &Field, path: &str) -> bool {
    let whole = field.is_table() && !path.ends_with(')');
    field.kind() != FieldKind::Group && !field.is_variant() && !field.moving && !whole
}

/// The field of an entry; `None` where several have the path, as names in a table may be there twice.
fn found<'l>(layout: &'l Layout, path: &str) -> Result<Option<&'l Field>, String> {
    let mut fields = layout.fields();
    if let Some(field) = fields.find(|field| field.path() == path) {
        return Ok(Some(field));
    }
    match layout.resolve(path) {
        Ok(found) => Ok(Some(layout.field_of(&found))),
        Err(PathError::Ambiguous { .. }) => Ok(None),
        // A table itself has the subscripts of those around it.
        Err(PathError::Subscript(message)) => {
            let bare: String = path
                .split('(')
                .map(|part| part.split_once(')').map_or(part, |(_, after)| after))
                .collect();
            let table = layout.resolve(&bare).ok();
            let table = table.map(|path| layout.field_of(&path));
            match table.filter(|field| field.is_table() && message.contains("subscripts")) {
                Some(_) => Ok(None),
                None => Err(message),
            }
        }
        Err(error) => Err(error.to_string()),
    }
}
