//! OCCURS DEPENDING ON: which field counts a table, and whether the table may stand where it does.
//!
//! In: fields with offsets. Out: counters by number in [`super::FieldOccurs`], or faults. A table of varying length
//! must be the last thing of the record (or of its variant of a REDEFINES at the end): nothing may follow it.

use std::sync::Arc;

use super::field::Field;
use super::storage::Storage;
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// Resolves every DEPENDING ON.
pub(super) fn resolve(file: &Arc<str>, storage: &mut Storage, faults: &mut Vec<CopybookError>) {
    for (table, name, span) in std::mem::take(&mut storage.depending) {
        match counter(storage, table, &name) {
            Ok(counter) => {
                let occurs = storage
                    .fields
                    .get_mut(index(table))
                    .and_then(|field| field.occurs.as_mut());
                if let Some(occurs) = occurs {
                    occurs.depending_on = Some(counter);
                }
            }
            Err(message) => {
                faults.push(CopybookError::new(
                    CopybookErrorKind::Path,
                    file,
                    span,
                    message,
                ));
            }
        }
        if let Some((message, help)) = misplaced(&storage.fields, table) {
            let span = storage
                .spans
                .get(index(table))
                .copied()
                .unwrap_or(Span::default());
            let fault = CopybookError::new(CopybookErrorKind::NotSupported, file, span, message);
            faults.push(fault.with_help(help));
        }
    }
}

fn index(id: u32) -> usize {
    super::field::to_usize(id)
}

/// The counting field: a whole number before the table, at a fixed place.
fn counter(storage: &Storage, table: u32, name: &str) -> Result<u32, String> {
    let path = crate::path::resolve(&storage.fields, name)
        .map_err(|error| format!("DEPENDING ON: {error}"))?;
    let field = storage
        .fields
        .get(index(path.field))
        .ok_or("DEPENDING ON: no such field")?;
    let form = storage
        .forms
        .get(index(path.field))
        .and_then(Option::as_ref);
    let whole = form.is_some_and(|form| form.codec.is_number())
        && matches!(field.kind, super::FieldKind::Number { scale, .. } if scale <= 0);
    if !whole {
        return Err(format!(
            "DEPENDING ON {name}: wanted a field that holds a whole number"
        ));
    }
    let mut around = Some(field);
    while let Some(field) = around {
        if field.occurs.is_some() {
            return Err(format!(
                "DEPENDING ON {name}: the counter may not be in a table itself"
            ));
        }
        around = field
            .parent
            .and_then(|parent| storage.fields.get(index(parent)));
    }
    if storage
        .fields
        .get(index(table))
        .is_some_and(|table| field.offset >= table.offset)
    {
        return Err(format!(
            "DEPENDING ON {name}: the counter must stand before the table"
        ));
    }
    Ok(path.field)
}

/// Why a table of varying length may not stand where it does.
fn misplaced(fields: &[Field], table: u32) -> Option<(String, &'static str)> {
    let mut at = fields.get(index(table))?;
    let name = at.name.clone();
    let inner = fields
        .get(index(table).saturating_add(1)..index(at.end))?
        .iter()
        .find(|field| field.occurs.is_some_and(|occurs| occurs.min != occurs.max));
    if let Some(inner) = inner {
        let message = format!(
            "not at the tail: the table {} of varying length is inside {name}",
            inner.name
        );
        return Some((
            message,
            "a table whose occurrences vary in length themselves is not supported yet",
        ));
    }
    loop {
        let area = at.redefines.unwrap_or(at.id);
        let after = fields
            .iter()
            .skip(index(at.end))
            .find(|field| field.parent == at.parent && field.redefines != Some(area));
        if let Some(after) = after {
            let message = format!(
                "not at the tail: {} follows the table {name}, whose length varies",
                after.name
            );
            return Some((
                message,
                "fields after an OCCURS DEPENDING ON are not supported yet",
            ));
        }
        match at.parent.and_then(|parent| fields.get(index(parent))) {
            Some(parent) if parent.occurs.is_some() => {
                let message = format!(
                    "not at the tail: {name} is inside the table {}",
                    parent.name
                );
                return Some((
                    message,
                    "a table whose occurrences vary in length themselves is not supported yet",
                ));
            }
            Some(parent) => at = parent,
            None => return None,
        }
    }
}
