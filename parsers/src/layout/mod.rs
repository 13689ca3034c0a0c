//! A copybook with its meaning, compiled: [`Layout`].
//!
//! In: a [`Copybook`](crate::Copybook) and perhaps a [`Meaning`]. Out: offsets, lengths and a flat program for each record; through
//! them keys, walks, JSON and encoding. Compiled once and shared by `Arc`; immutable.
//!
//! Read in this order: [`storage`] (offsets), [`occurs`], [`resolve`] (meaning), [`program`] (the flat form),
//! [`walk`] (decoding), [`encode`].

mod choose;
mod compile;
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
mod words;

use crate::charset::CodePage;
use crate::codec::Codec;
use crate::error::FieldError;
use crate::path::{FieldPath, PathError};
use crate::value::{Group, Record};
use crate::visitor::Visitor;
pub use control::{ControlRecords, ControlValues, RecordClass};
pub(crate) use field::to_usize;
pub use field::{Field, FieldKind, FieldOccurs, Pii};
pub(crate) use listing::form as form_of;
pub use meaning::Meaning;
pub use options::{Dialect, LayoutOptions, RecordChoice};
pub(crate) use program::Leaf;
use program::Program;
use select::{ErrorTest, RecordType};
use walk::Frame;
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

    /// The fields right under a group, or with `None` the members of the record as a [`Visitor`] sees them (hidden
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
            PathError::Unknown { .. } => self.renaming(path).ok_or(error),
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

    /// One pass over the record, calling the visitor for each field in order.
    ///
    /// # Errors
    /// Whatever [`Visitor::invalid`] gave back, which by default is the first field that does not decode.
    pub fn walk<V: Visitor>(&self, record: &[u8], visitor: &mut V) -> Result<(), FieldError> {
        Walker::new(self, record).record(visitor)
    }

    /// As [`walk`](Self::walk), and says how many bytes of the record the layout accounts for: fewer than there are
    /// where something lies behind it, more where a view does not fill its area. Of bytes that go on with the next
    /// record it is where that begins.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn measure<V: Visitor>(&self, record: &[u8], visitor: &mut V) -> Result<usize, FieldError> {
        let mut walker = Walker::new(self, record);
        walker.record(visitor)?;
        Ok(walker.accounted())
    }

    /// The key fields only, in the order of the key; nothing else of the record needs to decode.
    ///
    /// # Errors
    /// As [`walk`](Self::walk); also for a record of a type that does not have the key's fields, such as a trailer.
    pub fn walk_key<V: Visitor>(&self, record: &[u8], visitor: &mut V) -> Result<(), FieldError> {
        let mut walker = Walker::new(self, record);
        walker.has_key()?;
        self.key_leaves().try_for_each(|leaf| {
            walker.start_of(leaf.field)?;
            walker.leaf(leaf, &Frame::ROOT, visitor)
        })
    }

    /// One field only, whatever record type it belongs to; without subscripts the first occurrence. A group is
    /// walked with all its members, as a group.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn walk_field<V: Visitor>(
        &self,
        record: &[u8],
        path: &FieldPath,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        Walker::new(self, record).one(path, visitor)
    }

    /// Whether the place of a field depends on the counts in the record: a table of varying length (OCCURS DEPENDING
    /// ON) is before it or around it. Then [`Field::offset`] is where it stands with most occurrences, and
    /// [`Visitor::raw`] says where it is.
    pub fn is_movable(&self, field: &Field) -> bool {
        self.program.is_movable(field.id)
    }

    /// Strides of the tables a field is in or is, outermost first.
    fn strides(&self, field: u32) -> Vec<u32> {
        let mut strides = Vec::new();
        let mut at = self.field(field);
        while let Some(field) = at {
            strides.extend(field.occurs.map(|occurs| occurs.stride));
            at = field.parent.and_then(|parent| self.field(parent));
        }
        strides.reverse();
        strides
    }

    /// How many of these bytes are the record that begins them, by the counts that it holds: its canonical length.
    /// Nothing but the counts has to decode.
    ///
    /// # Errors
    /// A count that does not decode, or a table that is cut.
    pub fn record_len(&self, bytes: &[u8]) -> Result<usize, FieldError> {
        let mut walker = Walker::new(self, bytes);
        walker.record(&mut probe::Skim)?;
        Ok(walker.accounted())
    }

    /// Checks that every field decodes.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn validate(&self, record: &[u8]) -> Result<(), FieldError> {
        Walker::new(self, record).record(&mut probe::Probe)
    }

    /// Appends the canonical key: each key field decoded and encoded in its preferred form, one after the other.
    /// Records with equal key values give equal bytes, whatever their sign nibbles; the length is the same for all
    /// records of a layout, but for keys with a column of an unloaded table that is as long as its value. Bytewise order is a total order, by EBCDIC for text and not by value for numbers.
    ///
    /// # Errors
    /// A key field that does not decode, or a record of a type without them; `out` is then as it was.
    pub fn write_key(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FieldError> {
        let start = out.len();
        let mut walker = Walker::new(self, record);
        let done = walker.has_key().and_then(|()| {
            self.key_leaves()
                .try_for_each(|leaf| walker.canonical(leaf, out))
        });
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    /// Every field that does not decode, each once, in the order of the copybook; none where
    /// [`validate`](Self::validate) holds.
    pub fn faults(&self, record: &[u8]) -> Vec<FieldError> {
        let mut faults = probe::Faults::default();
        // It goes on after each of them, so that the walk itself has no error left.
        match self.walk(record, &mut faults) {
            Ok(()) => faults.0,
            Err(error) => vec![error],
        }
    }

    /// Decodes a record to values and residue: [`encode`](Self::encode) gives the same bytes back.
    ///
    /// # Errors
    /// The first field that does not decode.
    pub fn decode(&self, record: &[u8]) -> Result<Record, FieldError> {
        crate::value::decode(self, record)
    }

    /// Encodes values to record bytes, in canonical form but for what the residue says. Members that are missing get
    /// their VALUE, or blanks or zero; an OCCURS DEPENDING ON counter that is missing is set.
    ///
    /// # Errors
    /// A member the layout does not have, or a value its field cannot hold.
    pub fn encode(&self, record: &Record) -> Result<Vec<u8>, FieldError> {
        encode::encode(self, record, None)
    }

    /// As [`encode`](Self::encode), of values alone.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_values(&self, values: &Group) -> Result<Vec<u8>, FieldError> {
        encode::encode(self, &Record::from(values.clone()), None)
    }

    /// Appends the record as one JSON object, without a newline: names and nesting as in the copybook, numbers with
    /// full scale, and `_raw` with the residue where there is any.
    ///
    /// # Errors
    /// The first field that does not decode; `out` is then as it was.
    pub fn write_json(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FieldError> {
        crate::json::write(self, record, &crate::json::JsonOptions::default(), out)
    }

    /// As [`write_json`](Self::write_json), with a choice of what to do about fields that do not decode and residue.
    ///
    /// # Errors
    /// In strict mode the first field that does not decode; `out` is then as it was.
    pub fn write_json_with(
        &self,
        record: &[u8],
        options: &crate::json::JsonOptions,
        out: &mut Vec<u8>,
    ) -> Result<(), FieldError> {
        crate::json::write(self, record, options, out)
    }

    /// Record bytes of a JSON object as [`write_json`](Self::write_json) makes it, edited or not.
    ///
    /// # Errors
    /// Text that is no such object, or what [`encode`](Self::encode) says.
    pub fn read_json(&self, json: &[u8]) -> Result<Vec<u8>, FieldError> {
        encode::of_json(self, json, None)
    }

    /// As [`read_json`](Self::read_json), of a record that may have at most `most` bytes: tables that make it longer are
    /// refused before their occurrences are made. Whoever writes the record still checks its length.
    ///
    /// # Errors
    /// As [`read_json`](Self::read_json).
    pub fn read_json_within(&self, json: &[u8], most: u32) -> Result<Vec<u8>, FieldError> {
        encode::of_json(self, json, Some(most))
    }
}
