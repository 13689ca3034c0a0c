//! A copybook with its meaning, compiled: [`Layout`].
//!
//! In: a [`Copybook`](crate::Copybook) and perhaps a [`Meaning`]. Out: offsets, lengths and a flat program for each record; through
//! them keys, walks, JSON and encoding. Compiled once and shared by `Arc`; immutable.
//!
//! Read in this order: [`storage`] (offsets), [`occurs`], [`resolve`] (meaning), [`program`] (the flat form),
//! [`walk`] (decoding), [`encode`].

mod choose;
mod clauses;
mod compile;
mod condition;
mod control;
mod encode;
mod extent;
mod field;
mod field_meaning;
mod fingerprint;
mod form;
mod form_pages;
mod form_rules;
mod key;
mod labels;
mod listing;
mod matching;
mod meaning;
mod moving;
mod names;
mod occurs;
pub mod options;
mod parents;
mod place;
mod probe;
mod program;
mod record;
mod records;
mod renamed;
mod renames;
mod resolve;
mod scalar;
mod scalar_write;
mod seek;
mod select;
mod sidecar;
mod slack;
mod sql;
mod storage;
mod unloaded;
mod value_clause;
mod walk;
mod when;
mod words;

use crate::charset::CodePage;
use crate::codec::Codec;
use crate::path::{FieldPath, PathError};
pub use condition::ConditionTest;
pub use control::{ControlRecords, ControlValues, RecordClass};
pub use encode::Step;
pub(crate) use field::to_usize;
pub use field::{Field, FieldKind, FieldOccurs, Pii};
pub(crate) use listing::form as form_of;
pub use meaning::Meaning;
pub use options::{Dialect, LayoutOptions, RecordChoice};
pub(crate) use program::Leaf;
use program::Program;
use select::{ErrorTest, RecordType};
pub(crate) use walk::Walker;
pub use words::{LayoutOptionError, LayoutWord, LayoutWords};

/// A compiled record layout.
#[derive(Debug)]
pub struct Layout {
    name: String,
    page: CodePage,
    policy: scalar::Policy,
    fields: Vec<Field>,
    labels: labels::Labels,
    renames: Vec<renames::View>,
    collapsed: bool,
    program: Program,
    key: Vec<FieldPath>,
    /// Leaves of the key.
    key_leaves: Vec<u32>,
    /// Choices with rules that the key fields are in, with the view that must hold: (choice, view).
    key_views: Vec<(u32, usize)>,
    types: Vec<RecordType>,
    control: ControlRecords,
    /// The views that hold where a record has the field of the control total, if that can be told alone.
    total_views: Option<Vec<(u32, usize)>>,
    error: Option<ErrorTest>,
    /// What holds for every record, where the layout is of one table of a Db2 unload; else the record is another's.
    only: Vec<select::Test>,
    fingerprint: [u8; 32],
    /// Stands for a field that cannot be missing.
    nothing: Field,
}

impl Layout {
    /// How an elementary field's bytes hold its value.
    pub(crate) fn codec_of(&self, field: &Field) -> Option<Codec> {
        self.program.leaf_of(field.id()).map(|leaf| leaf.codec)
    }

    /// Whether nothing follows the field at any level, and it is in no table and in none of several views: where it ends
    /// the record does.
    pub(crate) fn ends_with(&self, field: &Field) -> bool {
        let parent = |field: &Field| field.parent_id().and_then(|id| self.field(id));
        let mut above = std::iter::successors(Some(field), |field| parent(field));
        let moving = moving::Moving {
            fields: &self.fields,
            odo: options::Odo::Moving,
        };
        !above.any(Field::is_variant) && moving.is_last(field.id())
    }

    /// The record's name: of the 01, or of the file where there is no single one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The code page of its text.
    pub fn code_page(&self) -> CodePage {
        self.page
    }

    /// Bytes of the shortest record with the fewest occurrences. One that lacks slack, or what a view leaves of its
    /// area, at its end still decodes.
    pub fn min_len(&self) -> usize {
        to_usize(self.program.min_len)
    }

    /// Bytes of the longest record without anything beyond the layout: LRECL of a fixed-length data set.
    pub fn max_len(&self) -> usize {
        to_usize(self.program.max_len)
    }

    /// Every field in the order of the copybook, groups before their members; the 01 itself first.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// A field by its number.
    pub fn field(&self, id: u32) -> Option<&Field> {
        let view = || self.view_of(id).map(|view| &view.field);
        self.fields.get(to_usize(id)).or_else(view)
    }

    /// The fields right under a group, or with `None` the members of the record as a [`Visitor`](crate::Visitor) sees them (hidden
    /// ones among them).
    pub fn members(&self, group: Option<&Field>) -> impl Iterator<Item = &Field> {
        let parent = group.map(Field::id).or(self.collapsed.then_some(0));
        extent::members(&self.fields, parent).filter_map(|id| self.field(id))
    }

    /// The field right under a group, or with `None` the member of the record, that outputs show under a name.
    pub(crate) fn member(&self, group: Option<&Field>, label: &str) -> Option<&Field> {
        let parent = group.map(Field::id).or(self.collapsed.then_some(0));
        self.labels.find(&self.fields, parent, label)
    }

    /// Finds a field by name: `CUSTOMER.ADDRESS(2).CITY`, qualified as far as needed, in any case. The names of level
    /// 66 entries are found where no field has them.
    ///
    /// # Errors
    /// [`PathError`] when none or several answer to it.
    pub fn resolve(&self, path: &str) -> Result<FieldPath, PathError> {
        crate::path::resolve(&self.fields, path).or_else(|error| match error {
            PathError::Unknown { .. } => self.renaming(path)?.ok_or(error),
            error => Err(error),
        })
    }

    /// The field of a path of this layout.
    pub fn field_of(&self, path: &FieldPath) -> &Field {
        self.field(path.field).unwrap_or(&self.nothing)
    }

    /// The key, from the meaning; empty for a record without one.
    pub fn key(&self) -> &[FieldPath] {
        &self.key
    }

    /// The elementary fields of the key, groups taken apart, in order.
    pub fn key_fields(&self) -> impl Iterator<Item = &Field> {
        self.key_leaves().filter_map(|leaf| self.field(leaf.field))
    }

    fn key_leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.key_leaves
            .iter()
            .filter_map(|leaf| self.program.leaves.get(to_usize(*leaf)))
    }

    /// The record type of the meaning that the record is of: the first whose `when` holds.
    pub fn record_type(&self, record: &[u8]) -> Option<&str> {
        let mut walker = Walker::new(self, record);
        self.types
            .iter()
            .find(|kind| kind.holds(&mut walker))
            .map(|kind| kind.name.as_str())
    }

    /// Types of whole records, in the order of the meaning.
    pub(crate) fn record_types(&self) -> impl Iterator<Item = &RecordType> {
        self.types.iter().filter(|kind| kind.whole)
    }

    /// Views that no record of a type has, by the type's place among [`record_types`](Self::record_types): those beside
    /// the one it names, unless another rule could choose there.
    pub(crate) fn views_beside(&self, kind: usize) -> Vec<u32> {
        let Some(kind) = self.record_types().nth(kind) else {
            return Vec::new();
        };
        let is_sure = |kind: &RecordType| kind.whole && kind.tests.iter().all(|t| t.tables == 0);
        let mut beside = Vec::new();
        for choice in &self.program.choices {
            let views = || choice.views.iter().map(|view| view.field);
            let Some(own) = views().find(|view| kind.views.contains(view)) else {
                continue;
            };
            let mut others = self.types.iter().filter(|kind| !is_sure(kind));
            if !others.any(|other| views().any(|view| other.views.contains(&view))) {
                beside.extend(views().filter(|view| *view != own));
            }
        }
        beside
    }

    /// The place of the record's type among [`record_types`](Self::record_types).
    pub(crate) fn record_type_index(&self, record: &[u8]) -> Option<usize> {
        let mut walker = Walker::new(self, record);
        self.record_types().position(|kind| kind.holds(&mut walker))
    }

    /// Whether the record says that something went wrong, by the meaning's `[error]`; `None` without such a rule. Old
    /// systems answer HTTP 200 with a return code in the record.
    pub fn is_error(&self, record: &[u8]) -> Option<bool> {
        let mut walker = Walker::new(self, record);
        self.error.as_ref().map(|error| error.holds(&mut walker))
    }

    /// The field that says so, where the meaning names one.
    pub fn error_field(&self) -> Option<&FieldPath> {
        self.error.as_ref().and_then(|error| error.field.as_ref())
    }
}
