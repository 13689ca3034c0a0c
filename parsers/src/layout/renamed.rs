//! Names of level 66 in a meaning: another name for a field is that field; one for several is a key or is tested.
//!
//! In: a name that no field has, and the records' level 66 entries. Out: the field, or the first and last of several
//! with the bytes they stand in; or faults in the meaning file. An entry that is wrong in itself is told with the
//! copybook.

use super::field::{Field, to_usize};
use super::meaning::At;
use super::renames::{end_of, ends, meant};
use super::resolve::Resolver;
use super::select::Test;
use crate::codec::{Chars, Codec};
use crate::error::CopybookErrorKind;
use crate::path::{self, PathError};

/// Several fields of one name.
#[derive(Clone, Copy)]
pub(super) struct Through {
    pub(super) first: u32,
    pub(super) last: u32,
}

/// What a name of level 66 stands for.
pub(super) enum Renamed {
    One(u32),
    Several(Through),
    /// Its entry, or a field it names, is wrong: that is told of the copybook.
    Wrong,
    /// Several entries of that name.
    Unclear(PathError),
}

impl Resolver<'_> {
    /// What the name stands for; fields' own names are not looked at.
    pub(super) fn renamed(&self, name: &str) -> Option<Renamed> {
        let entries = self
            .items
            .iter()
            .flat_map(|item| item.renames().iter().map(|entry| (*item, entry)));
        let names = entries
            .clone()
            .map(|(item, entry)| (item.name().unwrap_or_default(), entry.name()));
        let mut entries = entries;
        let (item, entry) = match meant(name, names) {
            Ok(found) => entries.nth(found?)?,
            Err(error) => return Some(Renamed::Unclear(error)),
        };
        let Ok((first, last)) = ends(self.fields, item, entry) else {
            return Some(Renamed::Wrong);
        };
        let unsure = |field: &Field| self.storage.is_unsure(self.fields, field.id);
        Some(match last {
            _ if unsure(first) || last.is_some_and(unsure) => Renamed::Wrong,
            None => Renamed::One(first.id),
            Some(last) => Renamed::Several(Through {
                first: first.id,
                last: last.id,
            }),
        })
    }

    /// The fields of a name with THRU that no field has.
    pub(super) fn through(&self, at: &At<String>) -> Option<Through> {
        if path::resolve(self.fields, &at.value).is_ok() {
            return None;
        }
        match self.renamed(&at.value)? {
            Renamed::Several(through) => Some(through),
            Renamed::One(_) | Renamed::Wrong | Renamed::Unclear(_) => None,
        }
    }

    /// The named elementary fields of several, in order, as parts of a key.
    pub(super) fn parts_of(&mut self, through: Through, at: &At<String>) -> Option<Vec<u32>> {
        let Through { first, last } = through;
        let end = self.fields.get(to_usize(last))?.end;
        let mut parts = Vec::new();
        let mut id = first;
        while id < end {
            let field = self.fields.get(to_usize(id))?;
            let next = id.saturating_add(1);
            let view = field.redefines.is_some() && id != first;
            if field.occurs.is_some() {
                let message = format!("key {}: a table stands in it", at.value);
                self.fault(CopybookErrorKind::Meaning, at.span, message);
                return None;
            }
            if view && (field.id..field.end).contains(&last) {
                let message = format!(
                    "key {}: it ends in another view than it begins in",
                    at.value
                );
                self.fault(CopybookErrorKind::Meaning, at.span, message);
                return None;
            }
            if !view && field.usage.is_some() && !field.hidden {
                parts.push(id);
            }
            id = if view { field.end.max(next) } else { next };
        }
        Some(parts)
    }

    /// A test of several fields: as text, like a group.
    pub(super) fn test_of(&mut self, through: Through, at: &At<String>) -> Option<Test> {
        let fields = self.fields.get(to_usize(through.first)..)?;
        let first = fields.first()?;
        let last = self.fields.get(to_usize(through.last))?;
        let (offset, end) = (first.offset, end_of(self.fields, last));
        let mut inside = fields.iter().take_while(|field| field.id < last.end);
        if inside.any(|field| {
            field
                .occurs
                .is_some_and(|occurs| occurs.depending_on.is_some())
        }) {
            let message = format!("{}: a table of varying length stands in it", at.value);
            self.fault(CopybookErrorKind::Meaning, at.span, message);
            return None;
        }
        Some(Test {
            field: through.first,
            offset,
            len: end.saturating_sub(offset),
            codec: Codec::Text {
                chars: Chars::of(self.page),
                right: false,
            },
            tables: 0,
            values: Vec::new(),
        })
    }
}
