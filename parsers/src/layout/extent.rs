//! Where records and their parts end: fixed, with the fewest occurrences, with the most.
//!
//! In: fields. Out: offsets. The only place that knows what makes a record's length vary: tables with DEPENDING ON,
//! and views of a place at the tail.

use super::field::{Field, to_usize};
use super::moving::Moving;

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

/// Brothers by the area they share: each field with those that redefine it. These follow it, with nothing between
/// (storage sees to that), so one pass finds them all.
pub(super) fn areas<'i>(fields: &'i [Field], ids: &'i [u32]) -> impl Iterator<Item = &'i [u32]> {
    let base = move |id: u32| {
        let field = fields.get(to_usize(id));
        field.and_then(|field| field.redefines)
    };
    ids.chunk_by(move |first, second| {
        base(*second).is_some_and(|area| area == base(*first).unwrap_or(*first))
    })
}

/// Which end of a record is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Before what varies: a table's occurrences, the views of a choice that ends the record.
    Fixed,
    /// With the most and the longest.
    Most,
}

/// Where records end.
pub(super) struct Ends<'a> {
    pub(super) moving: Moving<'a>,
    pub(super) length: ViewLength,
}

impl Ends<'_> {
    fn get(&self, id: u32) -> Option<&Field> {
        self.moving.fields.get(to_usize(id))
    }

    /// Whether a field has a table of varying length in it, or is one.
    fn varies(&self, id: u32) -> bool {
        let end = self.get(id).map_or(id, |field| field.end);
        (id..end)
            .any(|id| self.moving.varying(id) || self.get(id).is_some_and(|field| field.moving))
    }

    /// Whether the record ends with the chosen one of these views.
    pub(super) fn variable(&self, views: &[u32]) -> bool {
        let last = views.first().is_some_and(|view| self.moving.is_last(*view));
        last && views.len() > 1
            && (self.length == ViewLength::View || views.iter().any(|view| self.varies(*view)))
    }

    /// The shortest record: with the fewest occurrences and the shortest view at its end.
    pub(super) fn least(&self, roots: &[u32]) -> u32 {
        let most = self.end(roots, Extent::Most);
        most.saturating_sub(self.lacking(roots))
    }

    /// What brothers can lack together.
    fn lacking(&self, ids: &[u32]) -> u32 {
        let mut lacking = 0u32;
        for views in areas(self.moving.fields, ids) {
            let last = views.first().is_some_and(|id| self.moving.is_last(*id));
            let one = |id: u32| self.lacking_of(id, last);
            lacking = lacking.saturating_add(match views {
                [only] => one(*only),
                views if last => {
                    let ends = |view: &u32| total(self.moving.fields, *view);
                    let most = views.iter().map(ends).max().unwrap_or(0);
                    let least = views
                        .iter()
                        .map(|view| ends(view).saturating_sub(one(*view)));
                    most.saturating_sub(least.min().unwrap_or(0))
                }
                _ => 0,
            });
        }
        lacking
    }

    fn lacking_of(&self, id: u32, last: bool) -> u32 {
        let Some(field) = self.get(id) else { return 0 };
        match field.occurs {
            // In a padded record a table at the end may still be cut after its last occurrence.
            Some(occurs) if last && occurs.depending_on.is_some() && !self.moving.varying(id) => {
                let fewest = occurs.max.saturating_sub(occurs.min);
                field.len.saturating_mul(fewest)
            }
            None if last && field.usage.is_none() => {
                let ids: Vec<u32> = members(self.moving.fields, Some(id)).collect();
                self.lacking(&ids)
            }
            _ => self.moving.lacking(id),
        }
    }

    /// The furthest end of brothers.
    pub(super) fn end(&self, ids: &[u32], extent: Extent) -> u32 {
        let mut furthest = 0;
        for views in areas(self.moving.fields, ids) {
            let Some(field) = views.first().and_then(|id| self.get(*id)) else {
                continue;
            };
            let ends = views.iter().map(|view| self.end_of(*view, extent));
            let end = match extent {
                Extent::Fixed if self.variable(views) => field.offset,
                _ => ends.max().unwrap_or(0),
            };
            furthest = furthest.max(end);
        }
        furthest
    }

    fn end_of(&self, id: u32, extent: Extent) -> u32 {
        let Some(field) = self.get(id) else { return 0 };
        match field.occurs {
            Some(_) if extent == Extent::Fixed && self.moving.varying(id) => field.offset,
            None if field.usage.is_none() && self.open_ended(id) => {
                let ids: Vec<u32> = members(self.moving.fields, Some(id)).collect();
                self.end(&ids, extent)
            }
            _ => field.offset.saturating_add(total(self.moving.fields, id)),
        }
    }

    /// Whether a group's end is not simply its offset and length.
    fn open_ended(&self, id: u32) -> bool {
        let end = self.get(id).map_or(id, |field| field.end);
        (id..end)
            .skip(1)
            .any(|id| self.moving.varying(id) || self.get(id).is_some_and(|field| field.redefined))
    }
}
