//! Where a field stands in a record: paths with subscripts, their offsets, and whose a byte is. Pure.
//!
//! Offsets of a layout are those of first occurrences, and tables have fixed strides: the occurrence that a field's
//! bytes belong to follows from where they stand. All positions here are of records with most occurrences of every
//! table; [`crate::compare`] has the ones of a record with less.

use std::ops::Range;

use parsers::layout::FieldOccurs;
use parsers::{Field, Layout};

/// The tables a field is in or is itself, outermost first.
fn tables(layout: &Layout, field: &Field) -> Vec<FieldOccurs> {
    let mut found = Vec::new();
    let mut at = Some(field);
    while let Some(field) = at {
        found.extend(field.occurs());
        at = field.parent_id().and_then(|id| layout.field(id));
    }
    found.reverse();
    found
}

/// Subscripts, from 1, of the occurrence that stands at `start`.
fn subscripts(layout: &Layout, field: &Field, start: usize) -> Vec<u32> {
    let mut left = start.saturating_sub(field.offset());
    let mut found = Vec::new();
    for occurs in tables(layout, field) {
        let stride = size(occurs.stride).max(1);
        let index = left.checked_div(stride).unwrap_or(0);
        left = left.checked_rem(stride).unwrap_or(0);
        found.push(u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1));
    }
    found
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The fields that make up a path, outermost first: groups below the record, and the field itself.
pub(crate) fn chain<'l>(layout: &'l Layout, field: &'l Field) -> Vec<&'l Field> {
    let depth = field.path().split('.').count();
    let mut found = Vec::with_capacity(depth);
    let mut at = Some(field);
    while let Some(field) = at.filter(|_| found.len() < depth) {
        found.push(field);
        at = field.parent_id().and_then(|id| layout.field(id));
    }
    found.reverse();
    found
}

/// The path of a field with something after the name of each table.
fn render(layout: &Layout, field: &Field, mut subscript: impl FnMut() -> String) -> String {
    let mut out = String::with_capacity(field.path().len().saturating_add(8));
    // The names of the path, not of the fields: of two members of one name the second is `NAME-2` in the path.
    for (name, field) in field.path().split('.').zip(chain(layout, field)) {
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(name);
        if field.is_table() {
            out.push_str(&subscript());
        }
    }
    out
}

/// The path with the subscripts of the occurrence at `start`: `LOT-RESULT(2).RES-VALUE`.
pub(crate) fn path(layout: &Layout, field: &Field, start: usize) -> String {
    let mut subscripts = subscripts(layout, field, start).into_iter();
    render(layout, field, || {
        format!("({})", subscripts.next().unwrap_or(1))
    })
}

/// The path for all occurrences: `LOT-RESULT(*).RES-VALUE`.
pub(crate) fn pattern(layout: &Layout, field: &Field) -> String {
    render(layout, field, || "(*)".to_owned())
}

/// The field of a path with or without subscripts, and where its occurrence stands.
pub(crate) fn of<'l>(layout: &'l Layout, path: &str) -> Option<(&'l Field, usize)> {
    let mut bare = String::with_capacity(path.len());
    let mut subscripts: Vec<usize> = Vec::new();
    let mut rest = path;
    while let Some((name, after)) = rest.split_once('(') {
        let (number, after) = after.split_once(')')?;
        bare.push_str(name);
        subscripts.push(number.parse().ok()?);
        rest = after;
    }
    bare.push_str(rest);
    let field = layout.fields().find(|field| field.path() == bare)?;
    let mut start = field.offset();
    for (occurs, subscript) in tables(layout, field).iter().zip(subscripts) {
        let index = subscript.saturating_sub(1);
        start = start.saturating_add(size(occurs.stride).saturating_mul(index));
    }
    Some((field, start))
}

/// The occurrences, outermost first, that a field at `start` is part of, of tables whose count varies.
pub(crate) fn counted_occurrences(
    layout: &Layout,
    field: &Field,
    start: usize,
) -> Vec<Range<usize>> {
    let mut around = Vec::new();
    let mut at = Some(field);
    while let Some(field) = at {
        around.extend(field.occurs().map(|occurs| (field.offset(), occurs)));
        at = field.parent_id().and_then(|id| layout.field(id));
    }
    let mut found = Vec::new();
    let mut base = 0usize;
    for ((offset, occurs), subscript) in around
        .into_iter()
        .rev()
        .zip(subscripts(layout, field, start))
    {
        let index = size(subscript.saturating_sub(1));
        base = base.saturating_add(size(occurs.stride).saturating_mul(index));
        if occurs.depending_on.is_some() {
            let start = base.saturating_add(offset);
            found.push(start..start.saturating_add(size(occurs.stride)));
        }
    }
    found
}

/// The bytes of the occurrence of a field that a byte belongs to, if it belongs to one.
pub(crate) fn occurrence_at(layout: &Layout, field: &Field, offset: usize) -> Option<Range<usize>> {
    let mut left = offset.checked_sub(field.offset())?;
    for occurs in tables(layout, field) {
        if left.checked_div(size(occurs.stride))? >= size(occurs.max) {
            return None;
        }
        left = left.checked_rem(size(occurs.stride))?;
    }
    let start = offset.checked_sub(left)?;
    (left < field.len()).then(|| start..start.saturating_add(field.len()))
}

/// Whether a field, or a group around it, is marked as personal data.
pub(crate) fn is_private(layout: &Layout, field: &Field) -> bool {
    let mut at = Some(field);
    while let Some(field) = at {
        if field.pii().is_some() {
            return true;
        }
        at = field.parent_id().and_then(|id| layout.field(id));
    }
    false
}
