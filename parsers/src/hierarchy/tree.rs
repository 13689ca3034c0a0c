//! A record with all that stands below it, as one run of bytes: it can be handed from thread to thread.

use std::ops::Range;

use crate::frame::Framed;

/// A record with all that stands below it, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// The records, one behind the other.
    bytes: Vec<u8>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: usize,
    /// The node it stands below; the root stands below itself.
    pub(super) parent: usize,
    /// Its bytes.
    pub(super) bytes: Range<usize>,
    pub(super) record_no: u64,
    pub(super) offset: u64,
}

impl Tree {
    /// Its records in the order of the file, the root first.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.nodes.iter().map(|node| self.bytes_of(node))
    }

    /// The same with where each stands in its file.
    pub fn framed(&self) -> impl Iterator<Item = Framed<'_>> {
        self.nodes.iter().map(|node| Framed {
            bytes: self.bytes_of(node),
            offset: node.offset,
            record_no: node.record_no,
        })
    }

    /// For each of its records, in that order, which of them it stands below; the root stands below none.
    pub fn parents(&self) -> impl Iterator<Item = Option<usize>> {
        let nodes = self.nodes.iter().enumerate();
        nodes.map(|(index, node)| (node.parent != index).then_some(node.parent))
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// True of a tree that was never filled.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Bytes of all records.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Where its root stands in the file: number from 0, and offset.
    pub fn place(&self) -> Option<(u64, u64)> {
        self.nodes.first().map(|node| (node.record_no, node.offset))
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn bytes_of(&self, node: &Node) -> &[u8] {
        self.bytes.get(node.bytes.clone()).unwrap_or_default()
    }

    /// Appends a record; its number in the tree.
    pub(super) fn push(
        &mut self,
        kind: usize,
        parent: Option<usize>,
        record: &[u8],
        (record_no, offset): (u64, u64),
    ) -> usize {
        let index = self.nodes.len();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(record);
        self.nodes.push(Node {
            kind,
            parent: parent.unwrap_or(index),
            bytes: start..self.bytes.len(),
            record_no,
            offset,
        });
        index
    }

    /// Appends the tree in a form that [`from_bytes`](Self::from_bytes) reads: to hand it to another thread as one
    /// record of a [`crate::batch`]. Not a form to keep.
    pub fn push_to(&self, out: &mut Vec<u8>) {
        for node in &self.nodes {
            let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
            let bytes = self.bytes_of(node);
            for number in [
                number(node.kind),
                number(node.parent),
                node.record_no,
                node.offset,
                number(bytes.len()),
            ] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.extend_from_slice(bytes);
        }
    }

    /// The tree of [`push_to`](Self::push_to)'s bytes; `None` of others.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Tree> {
        let mut tree = Tree::default();
        while !bytes.is_empty() {
            let mut number = || {
                let (number, rest) = bytes.split_first_chunk::<8>()?;
                bytes = rest;
                Some(u64::from_le_bytes(*number))
            };
            let kind = usize::try_from(number()?).ok()?;
            let parent = usize::try_from(number()?).ok()?;
            let place = (number()?, number()?);
            let len = usize::try_from(number()?).ok()?;
            let (record, rest) = bytes.split_at_checked(len)?;
            bytes = rest;
            let above = (parent < tree.len()).then_some(parent);
            tree.push(kind, above, record, place);
        }
        (!tree.is_empty()).then_some(tree)
    }
}
