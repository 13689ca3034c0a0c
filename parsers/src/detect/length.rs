//! Records that say their own length: which field of the layout might be the one that does.
//!
//! In: a layout and the beginning of a file. Out: [`Framing`]s to try: a field's value as the length of all, of what
//! stands behind the field, or of what begins with it. What the first record cannot be is left out at once.

use std::sync::Arc;

use super::Sample;
use crate::frame::{Framing, LengthRule};
use crate::layout::{Field, FieldKind, Layout};

/// A length stands at the beginning of its record.
const NEAR: usize = 64;
/// So many fields are tried.
const FIELDS: usize = 16;

/// The ways of cutting that are worth following through the sample.
pub(super) fn framings(sample: Sample<'_>, layout: &Arc<Layout>) -> Vec<Framing> {
    let lengths = layout.fields().filter(|field| may_be_length(layout, field));
    let mut found = Vec::new();
    for field in lengths.take(FIELDS) {
        let mut counted_from = vec![
            0,
            field.offset(),
            field.offset().saturating_add(field.len()),
        ];
        counted_from.dedup();
        for from in counted_from {
            let text = match from {
                0 => field.path().to_owned(),
                from => format!("{} + {from}", field.path()),
            };
            if let Ok(rule) = LengthRule::expression(&text, layout)
                && is_possible(&rule, sample, layout)
            {
                found.push(Framing::by_length(rule));
            }
        }
    }
    found
}

/// A whole number near the beginning, in no table.
fn may_be_length(layout: &Layout, field: &Field) -> bool {
    let number = matches!(field.kind(), FieldKind::Number { scale: 0, .. });
    let end = field.offset().saturating_add(field.len());
    let around = std::iter::successors(Some(field), |field| {
        field.parent_id().and_then(|id| layout.field(id))
    });
    number && end <= NEAR && !around.into_iter().any(Field::is_table)
}

/// Whether the first record has a length that one of the layout can have.
fn is_possible(rule: &LengthRule, sample: Sample<'_>, layout: &Layout) -> bool {
    let len = sample
        .bytes
        .get(..rule.prefix())
        .and_then(|_| rule.length(sample.bytes).ok());
    len.and_then(|len| usize::try_from(len).ok())
        .is_some_and(|len| (layout.min_len().max(1)..=layout.max_len()).contains(&len))
}
