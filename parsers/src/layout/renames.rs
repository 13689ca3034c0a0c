//! Level 66: other names for an item, or for all that stands from one item to another (RENAMES ... THRU).
//!
//! In: a compiled layout and the entries. Out: views that are found by name and read by [`Layout::walk_field`]; no
//! output shows them on its own. Enterprise COBOL Language Reference, "RENAMES clause": neither item may have an
//! OCCURS clause or be in a table, and the second ends after the first.

use super::field::{Field, FieldKind, to_usize};
use super::program::Op;
use super::storage::Storage;
use super::walk::{Frame, Walker};
use super::{Layout, extent};
use crate::copybook::{Copybook, Item, Renames};
use crate::error::{CopybookError, CopybookErrorKind, FieldError};
use crate::path::{FieldPath, PathError};
use crate::visitor::Visitor;

/// A view of a level 66 entry.
#[derive(Debug)]
pub(crate) struct View {
    /// The view as a field: an alias has the form of its item, a THRU is a group. No field of the layout has its
    /// number.
    pub(crate) field: Field,
    /// The item, or the first of them.
    of: u32,
    /// The record that the entry is of.
    record: String,
    /// Where it goes on to: the ops to run, in order. Empty for an alias.
    pieces: Vec<(usize, usize)>,
}

impl Layout {
    /// The level 66 entries as fields, in the order of the copybook: [`resolve`](Self::resolve) finds them by name,
    /// [`walk_field`](Self::walk_field) reads them. They are not among [`fields`](Self::fields), and JSON does not
    /// show them.
    pub fn renames(&self) -> impl Iterator<Item = &Field> {
        self.renames.iter().map(|view| &view.field)
    }

    /// The views of the records' level 66 entries.
    pub(super) fn compile_renames(
        &mut self,
        copybook: &Copybook,
        items: &[&Item],
        faults: &mut Vec<CopybookError>,
    ) {
        for item in items {
            for entry in item.renames() {
                match self.view(item, entry) {
                    Ok(view) => self.renames.push(view),
                    Err(message) => faults.push(fault(copybook, entry, &message)),
                }
            }
        }
    }

    /// An entry as a view of the fields, whose names were checked.
    fn view(&self, record: &Item, entry: &Renames) -> Result<View, String> {
        let (first, last) = ends(&self.fields, record, entry)?;
        let count = self.fields.len().saturating_add(self.renames.len());
        let id = u32::try_from(count).unwrap_or(u32::MAX);
        let mut field = Field {
            id,
            end: id.saturating_add(1),
            level: 66,
            name: entry.name().to_owned(),
            path: entry.name().to_owned(),
            redefines: None,
            redefined: false,
            ..first.clone()
        };
        field.set_label(entry.name().to_owned());
        let record = record.name().unwrap_or_default().to_owned();
        let Some((to, last)) = entry.to().zip(last) else {
            let of = first.id;
            return Ok(View {
                field,
                of,
                record,
                pieces: Vec::new(),
            });
        };
        let (begin, end) = (self.ops_of(first), self.ops_of(last));
        let (Some((begin, _)), Some((_, end))) = (begin, end) else {
            return Err(format!("{} or {to} has no place of its own", entry.from()));
        };
        field.kind = FieldKind::Group;
        (field.picture, field.usage) = (None, None);
        field.conditions = Vec::new();
        field.len = end_of(&self.fields, last).saturating_sub(first.offset);
        Ok(View {
            field,
            of: first.id,
            record,
            pieces: self.pieces(begin, end),
        })
    }

    /// The ops of a field: from its own to the one after it.
    fn ops_of(&self, field: &Field) -> Option<(usize, usize)> {
        let ops = &self.program.ops;
        let at = ops.iter().position(|op| match op {
            Op::Leaf(leaf) => {
                let leaf = self.program.leaves.get(to_usize(*leaf));
                leaf.is_some_and(|leaf| leaf.field == field.id)
            }
            Op::GroupStart { field: group, .. } => *group == field.id,
            _ => false,
        })?;
        match ops.get(at)? {
            Op::GroupStart { end, .. } => Some((at, to_usize(*end))),
            _ => Some((at, at.saturating_add(1))),
        }
    }

    /// What of the ops between two is whole: members of groups that are in it in part are on their own, and of a
    /// place with several views the one that the renaming begins or ends in.
    fn pieces(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        let mut at = from;
        while let Some(op) = self.program.ops.get(at).filter(|_| at < to) {
            let end = match op {
                Op::GroupStart { end, .. } | Op::Array { end, .. } => to_usize(*end),
                Op::Choice { choice, end } if to_usize(*end) > to => {
                    let choice = self.program.choices.get(to_usize(*choice));
                    let mut views = choice.iter().flat_map(|choice| &choice.views);
                    let view = views.find(|view| {
                        (to_usize(view.body.0)..to_usize(view.body.1))
                            .contains(&to.saturating_sub(1))
                    });
                    at = view.map_or(to, |view| to_usize(view.body.0));
                    continue;
                }
                Op::Choice { end, .. } => to_usize(*end),
                Op::Leaf(_)
                | Op::Varying(_)
                | Op::GroupEnd { .. }
                | Op::Mark { .. }
                | Op::Gap { .. } => at.saturating_add(1),
            };
            let partly = matches!(op, Op::GroupEnd { .. }) || end > to;
            let end = if partly { at.saturating_add(1) } else { end };
            match pieces.last_mut().filter(|_| !partly) {
                Some(last) if last.1 == at => last.1 = end,
                _ if partly => {}
                _ => pieces.push((at, end)),
            }
            // Out of the view that the first item is in: its others are not renamed.
            at = self.end_of_view(end).unwrap_or(end);
        }
        pieces
    }

    /// Where a place with several views ends, for an op that begins one of its views but the first.
    fn end_of_view(&self, at: usize) -> Option<usize> {
        self.program.ops.iter().find_map(|op| match op {
            Op::Choice { choice, end } => {
                let choice = self.program.choices.get(to_usize(*choice))?;
                let mut others = choice.views.iter().map(|view| to_usize(view.body.1));
                others
                    .any(|end_of_body| end_of_body == at)
                    .then_some(to_usize(*end))
                    .filter(|end| *end > at)
            }
            _ => None,
        })
    }

    /// The view of a name, where no field has it.
    pub(super) fn renaming(&self, path: &str) -> Result<Option<FieldPath>, PathError> {
        let views = self.renames.iter();
        let names = views.map(|view| (view.record.as_str(), view.field.name.as_str()));
        let Some(view) = meant(path, names)?.and_then(|at| self.renames.get(at)) else {
            return Ok(None);
        };
        let id = match view.pieces.is_empty() {
            true => view.of,
            false => view.field.id,
        };
        Ok(Some(FieldPath::new(id, Vec::new(), &view.field.name)))
    }

    /// A view by the number of its field.
    pub(super) fn view_of(&self, id: u32) -> Option<&View> {
        let index = to_usize(id).checked_sub(self.fields.len())?;
        self.renames.get(index)
    }
}

/// Which of some names of level 66, each behind the name of its record, a path means. Language Reference, "RENAMES
/// clause": such a name may be qualified by its record's, and by no group's.
pub(super) fn meant<'n>(
    path: &str,
    names: impl Iterator<Item = (&'n str, &'n str)>,
) -> Result<Option<usize>, PathError> {
    let upper = path.trim().to_uppercase();
    let (record, name) = match upper.rsplit_once('.') {
        Some((record, name)) => (Some(record), name),
        None => (None, upper.as_str()),
    };
    let of = |own: &str| record.is_none_or(|record| record == own);
    let found: Vec<(usize, &str)> = names
        .enumerate()
        .filter(|(_, (own, other))| *other == name && of(own))
        .map(|(at, (own, _))| (at, own))
        .collect();
    match found.as_slice() {
        [] => Ok(None),
        [(at, _)] => Ok(Some(*at)),
        several => Err(PathError::Ambiguous {
            path: path.to_owned(),
            candidates: several
                .iter()
                .take(4)
                .map(|(_, own)| format!("{own}.{name}"))
                .collect(),
        }),
    }
}

/// Tells of every entry whose names mean no items that it may rename: beside the other faults of a record, before there
/// is a layout.
pub(super) fn check(
    copybook: &Copybook,
    items: &[&Item],
    fields: &[Field],
    storage: &Storage,
    faults: &mut Vec<CopybookError>,
) {
    for item in items {
        for entry in item.renames() {
            let names = [Some(entry.from()), entry.to()];
            let unsure = names.into_iter().flatten().any(|name| {
                let path = crate::path::resolve(fields, name);
                path.is_ok_and(|path| storage.is_unsure(fields, path.field))
            });
            if let Err(message) = ends(fields, item, entry)
                && !unsure
            {
                faults.push(fault(copybook, entry, &message));
            }
        }
    }
}

fn fault(copybook: &Copybook, entry: &Renames, message: &str) -> CopybookError {
    let message = format!("{} RENAMES: {message}", entry.name());
    CopybookError::new(
        CopybookErrorKind::Path,
        &copybook.file,
        entry.span(),
        message,
    )
}

/// The item that an entry renames, and after THRU the last of them.
pub(super) fn ends<'f>(
    fields: &'f [Field],
    record: &Item,
    entry: &Renames,
) -> Result<(&'f Field, Option<&'f Field>), String> {
    let first = renamed(fields, record, entry.from())?;
    let Some(to) = entry.to() else {
        return Ok((first, None));
    };
    let last = renamed(fields, record, to)?;
    if last.offset < first.offset
        || end_of(fields, last) <= end_of(fields, first)
        || (first.id..first.end).contains(&last.id)
    {
        return Err(format!("{to} must end after {}", entry.from()));
    }
    Ok((first, Some(last)))
}

/// The offset behind an item.
pub(super) fn end_of(fields: &[Field], field: &Field) -> u32 {
    field.offset.saturating_add(extent::total(fields, field.id))
}

/// The item that a name of an entry means: of its own record where several have one.
fn renamed<'f>(fields: &'f [Field], record: &Item, name: &str) -> Result<&'f Field, String> {
    let found = crate::path::resolve(fields, name).or_else(|error| match error {
        PathError::Ambiguous { .. } => {
            let own = format!("{}.{name}", record.name().unwrap_or_default());
            crate::path::resolve(fields, &own).map_err(|_| error)
        }
        error => Err(error),
    });
    let found = found.map_err(|error| error.to_string())?;
    let get = |id: u32| fields.get(to_usize(id));
    let field = get(found.field).ok_or_else(|| format!("no field `{name}`"))?;
    let mut around = std::iter::successors(Some(field), |field| field.parent.and_then(get));
    if around.any(Field::is_table) {
        return Err(format!("{name} is a table or in one"));
    }
    match field.parent {
        None => Err(format!("{name} is the record itself")),
        Some(_) => Ok(field),
    }
}

impl Walker<'_> {
    /// A view: as a group, with its members at their places.
    pub(super) fn renamed<V: Visitor>(
        &mut self,
        view: &View,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let mut run = |walker: &mut Walker<'_>, frame: &Frame<'_>| {
            visitor.group_start(&view.field);
            for (from, to) in &view.pieces {
                walker.run(*from, *to, frame, visitor)?;
            }
            visitor.group_end(&view.field);
            Ok(())
        };
        match self.layout.program.moving || self.layout.program.is_marked() {
            true => self.seek(view.of, &[], &mut run),
            false => run(self, &Frame::ROOT),
        }
    }
}
