//! What every schema is made from: the members of a record as outputs show them, with types and nulls decided.

use super::Invalid;
use super::names::{Taken, sanitised};
use super::scalar::Scalar;
use crate::layout::{Field, Layout};

/// A member of the record or of a group.
#[derive(Debug)]
pub(crate) struct Member<'l> {
    pub(crate) field: &'l Field,
    /// Its name where only letters, digits and `_` will do; no other member of the group has it.
    pub(crate) name: String,
    /// It may have no value: null, another view's, or invalid where that gives null. Of a table: all of it.
    pub(crate) optional: bool,
    /// An occurrence may have no value; false for what is no table.
    pub(crate) item_optional: bool,
    pub(crate) what: What<'l>,
}

#[derive(Debug)]
pub(crate) enum What<'l> {
    Group(Vec<Member<'l>>),
    Scalar(Scalar),
}

impl Member<'_> {
    pub(crate) fn is_table(&self) -> bool {
        self.field.is_table()
    }
}

/// The members of a record.
pub(crate) fn of(layout: &Layout, invalid: Invalid) -> Vec<Member<'_>> {
    members(layout, None, invalid)
}

fn members<'l>(layout: &'l Layout, group: Option<&Field>, invalid: Invalid) -> Vec<Member<'l>> {
    let mut taken = Taken::default();
    let visible = layout.members(group).filter(|field| !field.is_hidden());
    visible
        .map(|field| {
            let what = match Scalar::of(field) {
                Some(scalar) => What::Scalar(scalar),
                None => What::Group(members(layout, Some(field), invalid)),
            };
            let is_scalar = matches!(what, What::Scalar(_));
            let lenient = invalid == Invalid::Null;
            let null = is_scalar && (lenient || field.is_nullable());
            Member {
                field,
                name: taken.unique(sanitised(field.label())),
                // The count of a table that varies may be what is invalid, and the record may end before any table.
                optional: field.is_variant() || if field.is_table() { lenient } else { null },
                item_optional: field.is_table() && null,
                what,
            }
        })
        .collect()
}
