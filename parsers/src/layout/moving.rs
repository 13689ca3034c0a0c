//! What tables of varying length (OCCURS DEPENDING ON) move.
//!
//! In: fields with counters, and whether storage moves at all. Out: which tables push what follows them, which fields
//! have no fixed place, how short things can get. Offsets are compiled with most occurrences everywhere; only what a
//! table lacks at run time is taken off them ([`super::place`]). Enterprise COBOL Programming Guide, "Appendix:
//! Complex OCCURS DEPENDING ON"; slack bytes stay as they are with most occurrences (Language Reference, "Slack
//! bytes within records").

use super::extent::members;
use super::field::{Field, to_usize};
use super::options::Odo;

/// Answers about one set of fields.
#[derive(Clone, Copy)]
pub(super) struct Moving<'a> {
    pub(super) fields: &'a [Field],
    pub(super) odo: Odo,
}

impl<'a> Moving<'a> {
    fn get(&self, id: u32) -> Option<&'a Field> {
        self.fields.get(to_usize(id))
    }

    /// Whether a field is a table whose storage follows its count.
    pub(super) fn varying(&self, id: u32) -> bool {
        self.odo == Odo::Moving
            && self
                .get(id)
                .and_then(|field| field.occurs)
                .is_some_and(|occurs| occurs.depending_on.is_some())
    }

    /// Whether a field is such a table, or has one in it that is in no REDEFINES below it: an area of several views
    /// keeps its length.
    pub(super) fn shrinks(&self, id: u32) -> bool {
        self.varying(id) || self.inner(id) || self.get(id).is_some_and(|field| field.moving)
    }

    /// As [`shrinks`](Self::shrinks), of one occurrence.
    pub(super) fn inner(&self, id: u32) -> bool {
        self.get(id).is_some_and(|field| field.usage.is_none())
            && members(self.fields, Some(id)).any(|member| {
                self.get(member).is_some_and(|field| !field.is_variant()) && self.shrinks(member)
            })
    }

    /// Whether a table pushes anything: something follows it at some level, or it is inside another table. A table at
    /// the tail of the record, or of its view of a REDEFINES there, only ends the record.
    pub(super) fn moves(&self, table: u32) -> bool {
        self.varying(table) && !self.is_last(table)
    }

    /// Nothing follows the area of this field, at any level, and it is in no table.
    pub(super) fn is_last(&self, id: u32) -> bool {
        let Some(mut at) = self.get(id) else {
            return false;
        };
        loop {
            let area = at.redefines.unwrap_or(at.id);
            let followed = match at.parent {
                // Brothers follow within their group.
                Some(parent) => {
                    let end = self.get(parent).map_or(0, |parent| parent.end);
                    self.after(at, area, end)
                }
                None => self.after(at, area, u32::try_from(self.fields.len()).unwrap_or(0)),
            };
            if followed || (at.id != id && at.occurs.is_some()) {
                return false;
            }
            match at.parent.and_then(|parent| self.get(parent)) {
                Some(parent) => at = parent,
                None => return true,
            }
        }
    }

    /// Whether a brother with an area of its own follows, before `end`: then the last brother has one, as views follow
    /// the field they redefine.
    fn after(&self, at: &Field, area: u32, end: u32) -> bool {
        let mut last = end.checked_sub(1).and_then(|id| self.get(id));
        while let Some(field) = last.filter(|field| field.parent != at.parent) {
            last = field.parent.and_then(|parent| self.get(parent));
        }
        last.is_some_and(|last| last.redefines.unwrap_or(last.id) != area)
    }

    /// Of each field whether its place depends on counts: a table that moves stands before it, or around it.
    pub(super) fn movable(&self) -> Vec<bool> {
        let mut movable = vec![false; self.fields.len()];
        self.below(None, false, &mut movable);
        movable
    }

    fn below(&self, parent: Option<u32>, mut moved: bool, movable: &mut [bool]) {
        for id in members(self.fields, parent) {
            let Some(field) = self.get(id) else { continue };
            if let Some(slot) = movable.get_mut(to_usize(id)) {
                *slot = moved;
            }
            let shrinks = self.shrinks(id);
            if field.usage.is_none() {
                self.below(
                    Some(id),
                    moved || (shrinks && field.occurs.is_some()),
                    movable,
                );
            }
            moved |= shrinks && !field.is_variant();
        }
    }

    /// Whether a field is in a table; the table itself is not.
    pub(super) fn in_table(&self, id: u32) -> bool {
        let mut at = self.get(id).and_then(|field| field.parent);
        while let Some(field) = at.and_then(|id| self.get(id)) {
            if field.occurs.is_some() {
                return true;
            }
            at = field.parent;
        }
        false
    }

    /// Bytes of one occurrence with the fewest occurrences of the tables in it.
    pub(super) fn least(&self, id: u32) -> u32 {
        let Some(field) = self.get(id) else { return 0 };
        if !self.inner(id) {
            return field.len;
        }
        let lacking = members(self.fields, Some(id))
            .filter(|member| self.get(*member).is_some_and(|field| !field.is_variant()))
            .map(|member| self.lacking(member))
            .fold(0, u32::saturating_add);
        field.len.saturating_sub(lacking)
    }

    /// The most bytes that a field, all occurrences together, can be shorter than with most occurrences.
    pub(super) fn lacking(&self, id: u32) -> u32 {
        let Some(field) = self.get(id) else { return 0 };
        if field.moving {
            // All but the length itself.
            return field.len.saturating_sub(2);
        }
        let most = field.len.saturating_mul(field.occurs.map_or(1, |o| o.max));
        let least = match field.occurs {
            Some(occurs) if self.varying(id) => self.least(id).saturating_mul(occurs.min),
            Some(occurs) => self.least(id).saturating_mul(occurs.max),
            None => self.least(id),
        };
        most.saturating_sub(least)
    }
}
