//! Where in a record the walk is: compiled offsets less what tables of varying length lack.
//!
//! In: what was passed. Out: byte positions. A record without tables that move has nothing to take off, and pays one
//! subtraction a field.

use super::field::to_usize;
use super::program::{Occurrences, Program};
use super::walk::Frame;

/// A mark that was not passed yet.
const NOWHERE: usize = usize::MAX;

/// The part of a walk's state that says where things are.
#[derive(Debug, Default, Clone)]
pub(crate) struct Place {
    /// Bytes that the tables passed so far are shorter than with most occurrences.
    pub(super) shift: usize,
    /// Positions of the fields that something later looks at and that have no fixed place: counters and
    /// discriminating fields, as last passed.
    marks: Vec<usize>,
    /// A count or a view could not be read: where the rest of the record's fields are is not known.
    pub(super) lost: bool,
}

impl Place {
    /// Allocates only for a program with marks.
    pub(super) fn new(program: &Program) -> Place {
        Place {
            shift: 0,
            marks: vec![NOWHERE; program.marked.len()],
            lost: false,
        }
    }

    /// The position of an offset.
    #[inline]
    pub(super) fn start(&self, frame: &Frame<'_>, offset: u32) -> usize {
        let start = frame.base.saturating_add(to_usize(offset));
        start.saturating_sub(self.shift)
    }

    /// The position after `count` occurrences of a table that is at an offset.
    pub(super) fn after(
        &self,
        frame: &Frame<'_>,
        offset: u32,
        table: &Occurrences,
        count: u32,
    ) -> usize {
        let bytes = to_usize(table.stride).saturating_mul(to_usize(count));
        let start = frame.base.saturating_add(to_usize(offset));
        start.saturating_add(bytes).saturating_sub(self.shift)
    }

    /// Where the part of the record ends that has no table or view of varying length at its end, all else passed.
    pub(super) fn fixed_end(&self, program: &Program) -> usize {
        to_usize(program.fixed_end).saturating_sub(self.shift)
    }

    pub(super) fn mark(&mut self, slot: u32, position: usize) {
        if let Some(mark) = self.marks.get_mut(to_usize(slot)) {
            *mark = position;
        }
    }

    /// The position last marked.
    pub(super) fn marked(&self, slot: u32) -> Option<usize> {
        self.marks
            .get(to_usize(slot))
            .copied()
            .filter(|position| *position != NOWHERE)
    }
}
