//! Records put together parent to child, and taken apart again: IMS unloads, orders with their lines.
//!
//! In: the records of a file in their order, and a layout whose meaning says `parent` of record types. Out: a [`Tree`]
//! per record that has no parent, with all that stands below it; as JSON a record with a list for each type of
//! children; and from that the same records in the same order. Works as the file passes: memory is bounded by one tree,
//! which has a limit.
//!
//! IMS writes a database in hierarchic sequence: a parent before its children, each with all that is below it. A record
//! belongs to the nearest record before it that is of its parent's type and still open. (IMS "Application Programming":
//! "hierarchic sequence".)

mod assemble;
mod json;
mod tree;

use std::fmt;
use std::sync::Arc;

pub use assemble::Assembler;
pub use tree::Tree;

use crate::error::FieldError;
use crate::layout::Layout;

/// Which record types stand below which, of one layout.
#[derive(Debug, Clone)]
pub struct Hierarchy {
    layout: Arc<Layout>,
    kinds: Vec<Kind>,
}

/// A record type's place.
#[derive(Debug, Clone)]
struct Kind {
    name: String,
    /// Its name as a list in its parent.
    list: String,
    parent: Option<usize>,
    /// In the order of the meaning file.
    children: Vec<usize>,
}

impl Hierarchy {
    /// Of a layout whose meaning says `parent` of some record type; `None` of any other.
    pub fn of(layout: &Arc<Layout>) -> Option<Hierarchy> {
        let mut kinds: Vec<Kind> = layout
            .record_types()
            .map(|kind| Kind {
                name: kind.name.clone(),
                list: kind.list.clone(),
                parent: kind.parent,
                children: Vec::new(),
            })
            .collect();
        let parents: Vec<(usize, usize)> = kinds
            .iter()
            .enumerate()
            .filter_map(|(index, kind)| Some((index, kind.parent?)))
            .collect();
        if parents.is_empty() {
            return None;
        }
        for (child, parent) in parents {
            if let Some(kind) = kinds.get_mut(parent) {
                kind.children.push(child);
            }
        }
        Some(Hierarchy {
            layout: Arc::clone(layout),
            kinds,
        })
    }

    /// The layout of the records.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The record types, by number.
    pub(crate) fn kinds(&self) -> std::ops::Range<usize> {
        0..self.kinds.len()
    }

    /// Whether records of the type stand below no other.
    pub(crate) fn is_root(&self, kind: usize) -> bool {
        self.kinds
            .get(kind)
            .is_some_and(|kind| kind.parent.is_none())
    }

    /// The type's name in the meaning.
    pub(crate) fn name(&self, kind: usize) -> &str {
        self.kinds.get(kind).map_or("", |kind| &kind.name)
    }

    /// The types below it, in the order of the meaning file.
    pub(crate) fn children(&self, kind: usize) -> &[usize] {
        self.kinds.get(kind).map_or(&[], |kind| &kind.children)
    }

    /// What the list of its records is called in their parent.
    pub(crate) fn list(&self, kind: usize) -> &str {
        self.kinds.get(kind).map_or("", |kind| &kind.list)
    }
}

/// What is wrong with records as a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HierarchyErrorKind {
    /// A record of no record type of the meaning.
    Unknown,
    /// A record whose parent is not before it.
    Orphan,
    /// More records below one than the limit allows.
    Large,
    /// A record that does not decode or encode.
    Field,
    /// Text that is not the JSON of a tree, or that says the order of its records wrongly.
    Json,
}

/// A record that does not stand where it can, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HierarchyError {
    kind: HierarchyErrorKind,
    /// Number in the file from 0, and offset; `None` of a tree that is in no file yet.
    place: Option<(u64, u64)>,
    /// Where in the JSON: `admissions(2).tests(1)`.
    path: String,
    message: String,
    field: Option<Box<FieldError>>,
}

impl HierarchyError {
    fn new(kind: HierarchyErrorKind, message: impl Into<String>) -> HierarchyError {
        HierarchyError {
            kind,
            place: None,
            path: String::new(),
            message: message.into(),
            field: None,
        }
    }

    fn of_field(error: FieldError) -> HierarchyError {
        HierarchyError {
            field: Some(Box::new(error)),
            ..HierarchyError::new(HierarchyErrorKind::Field, "")
        }
    }

    #[must_use]
    fn at(mut self, record_no: u64, offset: u64) -> HierarchyError {
        self.place = Some((record_no, offset));
        self
    }

    #[must_use]
    fn below(mut self, path: &str) -> HierarchyError {
        self.path = match self.path.as_str() {
            "" => path.to_owned(),
            inner => format!("{path}.{inner}"),
        };
        self
    }

    /// The kind of fault.
    pub fn kind(&self) -> HierarchyErrorKind {
        self.kind
    }

    /// The record's number in its file, from 0, where it is in one.
    pub fn record_no(&self) -> Option<u64> {
        self.place.map(|(record_no, _)| record_no)
    }

    /// Where the record begins in its file, in bytes.
    pub fn offset(&self) -> Option<u64> {
        self.place.map(|(_, offset)| offset)
    }

    /// The field that does not decode or encode.
    pub fn field(&self) -> Option<&FieldError> {
        self.field.as_deref()
    }
}

impl fmt::Display for HierarchyError {
    /// Counts records from 1, as people do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((record_no, offset)) = self.place {
            write!(
                f,
                "record {} at byte {offset}: ",
                record_no.saturating_add(1)
            )?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.field {
            Some(field) => write!(f, "{field}"),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for HierarchyError {}
