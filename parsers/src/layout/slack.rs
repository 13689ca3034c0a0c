//! SYNCHRONIZED: the boundaries items ask for, and where slack bytes go.
//!
//! In: items with the usage they inherit. Out: alignments in bytes. Enterprise COBOL Language Reference,
//! "SYNCHRONIZED clause", "Slack bytes".

use crate::copybook::{Item, PictureKind, Usage};

/// The boundary an elementary item asks for: 1 without SYNCHRONIZED or where it has no effect.
fn alignment(item: &Item, inherited: Option<Usage>) -> u64 {
    if item.synchronized.is_none() {
        return 1;
    }
    let digits = item.picture().map_or(0, |picture| match picture.kind() {
        PictureKind::Numeric { digits, .. } => digits,
        _ => 0,
    });
    match item.usage().or(inherited).unwrap_or_default() {
        Usage::Binary | Usage::Native if digits <= 4 => 2,
        Usage::Binary | Usage::Native | Usage::FloatShort => 4,
        Usage::FloatLong => 8,
        _ => 1,
    }
}

/// Slack bytes go in front of the outermost group that begins with the synchronized item ("Slack bytes within
/// records": they belong to the item before it).
pub(super) fn leading_alignment(item: &Item, inherited: Option<Usage>) -> u64 {
    let usage = item.usage().or(inherited);
    match item.children().first() {
        Some(first) => leading_alignment(first, usage),
        None => alignment(item, inherited),
    }
}

/// The widest boundary below an item ("Slack bytes between records", for the occurrences of a table).
pub(super) fn largest_alignment(item: &Item, inherited: Option<Usage>) -> u64 {
    let usage = item.usage().or(inherited);
    item.children()
        .iter()
        .map(|child| largest_alignment(child, usage))
        .max()
        .unwrap_or_else(|| alignment(item, inherited))
}
