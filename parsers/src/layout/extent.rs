//! Where records and their parts end: fixed, with the fewest occurrences, with the most.
//!
//! In: fields. Out: offsets. The only place that knows what makes a record's length vary: tables with DEPENDING ON,
//! and views of a place at the tail.

use super::field::{Field, to_usize};

/// Whether a choice's record length is its view's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewLength {
    /// Views with a table of varying length are as long as they are; others fill their area.
    Natural,
    /// The record always ends with the chosen view.
    View,
}

/// The fields right under `parent`, or the outermost ones.
pub(crate) fn members(fields: &[Field], parent: Option<u32>) -> impl Iterator<Item = u32> + '_ {
    let (mut at, end) = match parent.and_then(|id| fields.get(to_usize(id))) {
        Some(group) => (group.id.saturating_add(1), group.end),
        None => (0, u32::try_from(fields.len()).unwrap_or(u32::MAX)),
    };
    std::iter::from_fn(move || {
        let field = fields.get(to_usize(at)).filter(|_| at < end)?;
        let found = at;
        at = field.end.max(at.saturating_add(1));
        Some(found)
    })
}

/// Bytes of a field, all occurrences together.
pub(super) fn total(fields: &[Field], id: u32) -> u32 {
    fields.get(to_usize(id)).map_or(0, |field| {
        field
            .len
            .saturating_mul(field.occurs.map_or(1, |occurs| occurs.max))
    })
}

/// Which end of a record is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Before what varies: a table's occurrences, the views of a choice that ends the record.
    Fixed,
    /// With the fewest occurrences and the shortest views.
    Least,
    /// With the most and the longest.
    Most,
}

/// Where records end.
pub(super) struct Ends<'a> {
    pub(super) fields: &'a [Field],
    pub(super) length: ViewLength,
}

impl Ends<'_> {
    fn get(&self, id: u32) -> Option<&Field> {
        self.fields.get(to_usize(id))
    }

    /// Whether a field has a table of varying length in it, or is one.
    pub(super) fn varies(&self, id: u32) -> bool {
        let Some(field) = self.get(id) else {
            return false;
        };
        self.fields
            .get(to_usize(id)..to_usize(field.end))
            .unwrap_or_default()
            .iter()
            .any(|field| {
                field
                    .occurs
                    .is_some_and(|occurs| occurs.depending_on.is_some())
            })
    }

    /// Whether the record ends with the chosen one of these views.
    pub(super) fn variable(&self, views: &[u32]) -> bool {
        let last = views.first().is_some_and(|view| self.is_last(*view));
        last && views.len() > 1
            && (self.length == ViewLength::View || views.iter().any(|view| self.varies(*view)))
    }

    /// Nothing follows the area of this field, at any level, and it is in no table.
    fn is_last(&self, id: u32) -> bool {
        let Some(mut at) = self.get(id) else {
            return false;
        };
        loop {
            let area = at.redefines.unwrap_or(at.id);
            let followed = self
                .fields
                .iter()
                .skip(to_usize(at.end))
                .any(|field| field.parent == at.parent && field.redefines != Some(area));
            if followed || at.occurs.is_some() {
                return false;
            }
            match at.parent.and_then(|parent| self.get(parent)) {
                Some(parent) => at = parent,
                None => return true,
            }
        }
    }

    /// The furthest end of brothers.
    pub(super) fn end(&self, ids: &[u32], extent: Extent) -> u32 {
        let mut furthest = 0;
        for id in ids {
            let Some(field) = self.get(*id) else { continue };
            if field.redefines.is_some_and(|base| ids.contains(&base)) {
                continue;
            }
            let views = ids
                .iter()
                .copied()
                .filter(|view| {
                    *view == *id
                        || self
                            .get(*view)
                            .is_some_and(|view| view.redefines == Some(*id))
                })
                .collect::<Vec<u32>>();
            let ends = views.iter().map(|view| self.end_of(*view, extent));
            let end = match extent {
                Extent::Fixed if self.variable(&views) => field.offset,
                Extent::Least if views.len() > 1 && self.is_last(*id) => ends.min().unwrap_or(0),
                _ => ends.max().unwrap_or(0),
            };
            furthest = furthest.max(end);
        }
        furthest
    }

    fn end_of(&self, id: u32, extent: Extent) -> u32 {
        let Some(field) = self.get(id) else { return 0 };
        match field.occurs {
            Some(occurs) if extent == Extent::Fixed && occurs.depending_on.is_some() => {
                field.offset
            }
            Some(occurs) if extent == Extent::Least => field
                .offset
                .saturating_add(field.len.saturating_mul(occurs.min)),
            None if field.usage.is_none() && self.open_ended(id) => {
                let ids: Vec<u32> = members(self.fields, Some(id)).collect();
                self.end(&ids, extent)
            }
            _ => field.offset.saturating_add(total(self.fields, id)),
        }
    }

    /// Whether a group's end is not simply its offset and length.
    fn open_ended(&self, id: u32) -> bool {
        let Some(field) = self.get(id) else {
            return false;
        };
        self.fields
            .get(to_usize(id).saturating_add(1)..to_usize(field.end))
            .unwrap_or_default()
            .iter()
            .any(|field| {
                field.redefined
                    || field
                        .occurs
                        .is_some_and(|occurs| occurs.depending_on.is_some())
            })
    }
}
