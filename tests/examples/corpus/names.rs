//! The peer's field names and ours.
//!
//! The peer writes `_` for `-` and leaves out quotation marks and colons; options name fields either way, alone or with
//! the groups around them before a point.

use anyhow::{Context, Result};
use parsers::{Field, FieldPath, Layout};

use super::options::identifier;

/// The field that the peer means.
///
/// # Errors
/// None has that name.
pub fn resolve(layout: &Layout, name: &str) -> Result<FieldPath> {
    let path = path(layout, name).with_context(|| format!("no field {name}"))?;
    Ok(layout.resolve(&path)?)
}

/// Its path in our names.
pub fn path(layout: &Layout, name: &str) -> Option<String> {
    let wanted: Vec<String> = name
        .split('.')
        .map(|part| identifier(part.trim()))
        .collect();
    layout
        .fields()
        .find(|field| fits(layout, field, &wanted))
        .map(|field| match field.path() {
            "" => field.name().to_owned(),
            path => path.to_owned(),
        })
}

/// Whether a field and the groups around it end in these names.
fn fits(layout: &Layout, field: &Field, wanted: &[String]) -> bool {
    let Some((last, before)) = wanted.split_last() else {
        return true;
    };
    identifier(field.name()).eq_ignore_ascii_case(last)
        && match field.parent_id().and_then(|id| layout.field(id)) {
            Some(parent) => fits(layout, parent, before),
            None => before.is_empty(),
        }
}
