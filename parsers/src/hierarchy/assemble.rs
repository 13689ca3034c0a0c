//! Records to trees, as they pass.

use super::{Hierarchy, HierarchyError, HierarchyErrorKind, Tree};
use crate::frame::Framed;

/// What a node costs besides its bytes, so that many empty records are bounded too.
const NODE: usize = 64;

/// Puts records together.
///
/// `push` takes the next record of the file and gives the tree that ended before it, `finish` the last one. Memory is
/// bounded by the limit and one record.
#[derive(Debug)]
pub struct Assembler<'h> {
    hierarchy: &'h Hierarchy,
    limit: usize,
    tree: Tree,
    /// Nodes that children may still come for, from the root down.
    open: Vec<usize>,
}

impl<'h> Assembler<'h> {
    /// The largest tree it puts together unless told otherwise: 64 MiB of records.
    pub const LIMIT: usize = 64 << 20;

    /// For one file.
    pub fn new(hierarchy: &'h Hierarchy) -> Assembler<'h> {
        Assembler {
            hierarchy,
            limit: Assembler::LIMIT,
            tree: Tree::default(),
            open: Vec::new(),
        }
    }

    /// Sets how large a tree may become, in bytes (of its records, and 64 for each).
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Assembler<'h> {
        self.limit = bytes;
        self
    }

    /// Takes a record; gives the tree before it, if the record begins another one.
    ///
    /// # Errors
    /// A record of no type, one whose parent is not before it, or one too many below a root.
    pub fn push(&mut self, record: Framed<'_>) -> Result<Option<Tree>, HierarchyError> {
        let place = (record.record_no, record.offset);
        let hierarchy = self.hierarchy;
        let Some(kind) = hierarchy.layout.record_type_index(record.bytes) else {
            let message = format!(
                "wanted a record of a type of the meaning ({}), and no rule of [record_types] holds",
                names(hierarchy)
            );
            return Err(
                HierarchyError::new(HierarchyErrorKind::Unknown, message).at(place.0, place.1)
            );
        };
        let Some(parent) = hierarchy.kinds.get(kind).and_then(|kind| kind.parent) else {
            let done = self.finish();
            self.tree.push(kind, None, record.bytes, place);
            self.open.push(0);
            return Ok(done);
        };
        let nodes = self.tree.nodes();
        let depth = self
            .open
            .iter()
            .rposition(|open| nodes.get(*open).is_some_and(|node| node.kind == parent));
        let Some(above) = depth.and_then(|depth| Some((depth, *self.open.get(depth)?))) else {
            return Err(self.orphan(kind, parent, place));
        };
        let nodes = self.tree.len().saturating_add(1).saturating_mul(NODE);
        let size = self.tree.size().saturating_add(record.bytes.len());
        if size.saturating_add(nodes) > self.limit {
            return Err(self.large(place));
        }
        self.open.truncate(above.0.saturating_add(1));
        let index = self.tree.push(kind, Some(above.1), record.bytes, place);
        self.open.push(index);
        Ok(None)
    }

    /// The last tree, at the end of the file.
    pub fn finish(&mut self) -> Option<Tree> {
        self.open.clear();
        let tree = std::mem::take(&mut self.tree);
        (!tree.is_empty()).then_some(tree)
    }

    #[cold]
    fn orphan(&self, kind: usize, parent: usize, place: (u64, u64)) -> HierarchyError {
        let (name, wanted) = (self.hierarchy.name(kind), self.hierarchy.name(parent));
        let last = self.tree.nodes().last();
        let message = match last {
            Some(last) => format!(
                "wanted a record of type `{wanted}` above this one of type `{name}`, and the last before it is of type `{}`",
                self.hierarchy.name(last.kind)
            ),
            None => format!(
                "wanted a record of type `{wanted}` above this one of type `{name}`, and there is none before it: \
                 the file was cut at its start, or sorted"
            ),
        };
        HierarchyError::new(HierarchyErrorKind::Orphan, message).at(place.0, place.1)
    }

    #[cold]
    fn large(&self, place: (u64, u64)) -> HierarchyError {
        let root = self.tree.place().map_or(0, |(record_no, _)| record_no);
        let message = format!(
            "the records below record {} come to more than {} bytes, the limit: are records of its own type missing?",
            root.saturating_add(1),
            self.limit
        );
        HierarchyError::new(HierarchyErrorKind::Large, message).at(place.0, place.1)
    }
}

fn names(hierarchy: &Hierarchy) -> String {
    let names: Vec<&str> = hierarchy
        .kinds
        .iter()
        .map(|kind| kind.name.as_str())
        .collect();
    names.join(", ")
}
