//! OCCURS DEPENDING ON: which field counts a table, and whether the table may stand where it does.
//!
//! In: fields with offsets. Out: counters by number in [`super::FieldOccurs`], or faults. What a table of varying
//! length moves is for [`super::moving`] to say.

use std::collections::HashMap;
use std::sync::Arc;

use super::field::Field;
use super::matching::Match;
use super::moving::Moving;
use super::options::{LayoutOptions, Odo};
use super::storage::Storage;
use crate::copybook::{Copybook, Item, Literal};
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::path::PathError;

/// Resolves every DEPENDING ON.
pub(super) fn resolve(
    copybook: &Copybook,
    storage: &mut Storage,
    odo: Odo,
    texts: &[(u32, Vec<(Match, u32)>)],
    faults: &mut Vec<CopybookError>,
) {
    let depending = std::mem::take(&mut storage.depending);
    let named = counters_of(copybook, storage, &depending);
    for (table, name, span) in depending {
        let counter = match named.get(&name) {
            Some(Ok(found))
                if [*found, table]
                    .iter()
                    .any(|id| storage.is_unsure(&storage.fields, *id)) =>
            {
                continue;
            }
            Some(Ok(found)) => counter(storage, table, &name, *found, odo, texts),
            Some(Err(message)) => Err(message.clone()),
            None => continue,
        };
        match counter {
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
                    &copybook.file,
                    span,
                    message,
                ));
            }
        }
    }
}

/// The field that each name after DEPENDING ON means; looked up once, however many tables and fields there are.
fn counters_of(
    copybook: &Copybook,
    storage: &Storage,
    depending: &[(u32, String, Span)],
) -> HashMap<String, Result<u32, String>> {
    fn last(name: &str) -> &str {
        name.rsplit('.').next().unwrap_or(name).trim()
    }
    let mut by_name: HashMap<String, Vec<&Field>> = HashMap::new();
    for (_, name, _) in depending {
        by_name.entry(last(name).to_uppercase()).or_default();
    }
    for field in &storage.fields {
        if let Some(fields) = by_name.get_mut(&field.name) {
            fields.push(field);
        }
    }
    let mut found = HashMap::new();
    for (_, name, _) in depending {
        if found.contains_key(name) {
            continue;
        }
        let candidates = by_name.get(&last(name).to_uppercase());
        let candidates = candidates.into_iter().flatten().copied();
        let path = crate::path::resolve_among(&storage.fields, candidates, name);
        let path = path.map_err(|error| match error {
            PathError::Unknown { .. } if stands_outside(copybook.items(), last(name)) => format!(
                "DEPENDING ON: `{}` is outside of this record: what counts a table must be in it",
                last(name)
            ),
            error => format!("DEPENDING ON: {error}"),
        });
        found.insert(name.clone(), path.map(|path| path.field));
    }
    found
}

/// Whether an item of the name is in the text all the same: a level 77, or in an 01 that the layout is not of.
fn stands_outside(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| {
        let named = item
            .name()
            .is_some_and(|own| own.eq_ignore_ascii_case(name));
        named || stands_outside(item.children(), name)
    })
}

fn index(id: u32) -> usize {
    super::field::to_usize(id)
}

/// The texts that count, for the counters, or single tables, that the options name.
pub(super) fn counts(
    file: &Arc<str>,
    storage: &Storage,
    options: &LayoutOptions,
    faults: &mut Vec<CopybookError>,
) -> Vec<(u32, Vec<(Match, u32)>)> {
    let mut found = Vec::new();
    for (path, texts) in &options.counts {
        let mut fault = |message: String| {
            let span = Span {
                line: 1,
                column: 1,
                ..Span::default()
            };
            faults.push(CopybookError::new(
                CopybookErrorKind::Path,
                file,
                span,
                format!("counts of {path}: {message}"),
            ));
        };
        let id = match crate::path::resolve(&storage.fields, path) {
            Ok(path) => path.field,
            Err(error) => {
                fault(error.to_string());
                continue;
            }
        };
        // A table's own counts are texts of its counter.
        let depending = storage.depending.iter().find(|(table, ..)| *table == id);
        let counter = match depending.map(|(_, name, _)| name) {
            None => id,
            Some(name) => match crate::path::resolve(&storage.fields, name) {
                Ok(path) => path.field,
                // It is told of where the table is.
                Err(_) => continue,
            },
        };
        let field = storage.fields.get(index(counter));
        let form = storage.forms.get(index(counter)).and_then(Option::as_ref);
        let (Some(field), Some(form)) = (field, form) else {
            fault("wanted an elementary item".to_owned());
            continue;
        };
        let mut matches = Vec::new();
        for (text, count) in texts {
            let literal = Literal::Text(text.clone());
            match Match::of(&literal, form.codec, field.len(), options.code_page) {
                Ok(text) => matches.push((text, *count)),
                Err(bad) => fault(bad.message),
            }
        }
        found.push((id, matches));
    }
    found
}

/// The counting field: a whole number (or a text that stands for one) before the table, in no table that the counted
/// one is not in.
fn counter(
    storage: &Storage,
    table: u32,
    name: &str,
    found: u32,
    odo: Odo,
    texts: &[(u32, Vec<(Match, u32)>)],
) -> Result<u32, String> {
    let get = |id: u32| storage.fields.get(index(id));
    let (Some(field), Some(table)) = (get(found), get(table)) else {
        return Err("DEPENDING ON: no such field".to_owned());
    };
    let form = storage.forms.get(index(found)).and_then(Option::as_ref);
    let whole = form.is_some_and(|form| form.codec.is_number())
        && matches!(field.kind, super::FieldKind::Number { scale, .. } if scale <= 0);
    let text = form.is_some()
        && texts
            .iter()
            .any(|(of, _)| [field.id, table.id].contains(of));
    if !whole && !text {
        return Err(format!(
            "DEPENDING ON {name}: wanted a field that holds a whole number"
        ));
    }
    if (table.id..table.end).contains(&field.id) {
        return Err(format!(
            "DEPENDING ON {name}: the counter may not be in the table that it counts"
        ));
    }
    let mut around = Some(field);
    while let Some(field) = around {
        // The counter is of the same occurrence as the table.
        if field.occurs.is_some() && !(field.id..field.end).contains(&table.id) {
            return Err(format!(
                "DEPENDING ON {name}: the counter may not be in a table itself that {} is not in",
                table.name
            ));
        }
        around = field.parent.and_then(get);
    }
    // With storage for most occurrences its place is known wherever it stands.
    let in_table = found != 0
        && Moving {
            fields: &storage.fields,
            odo,
        }
        .in_table(field.id);
    if field.offset >= table.offset && (odo == Odo::Moving || in_table) {
        return Err(format!(
            "DEPENDING ON {name}: the counter must stand before the table"
        ));
    }
    Ok(found)
}
