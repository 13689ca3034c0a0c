//! A record through the program to a visitor: the one place where record bytes become values.
//!
//! In: a compiled layout, a record, a [`Visitor`]. Out: its calls. Allocates nothing for a field that decodes; paths
//! with subscripts are put together only for residue and faults.

mod fault;
mod table;

use std::cell::Cell;

use super::Layout;
use super::field::{Field, to_usize};
use super::place::Place;
use super::program::{Leaf, Op};
use super::select;
use crate::error::FieldError;
use crate::visitor::Visitor;

/// Where in which tables the walk is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Displacement of all tables together.
    pub(crate) base: usize,
    /// Occurrence of the innermost table, from 1.
    pub(crate) subscript: u32,
    /// How many tables.
    pub(crate) tables: u16,
    pub(crate) around: Option<&'a Frame<'a>>,
}

impl Frame<'_> {
    pub(crate) const ROOT: Frame<'static> = Frame {
        base: 0,
        subscript: 0,
        tables: 0,
        around: None,
    };

    /// Subscripts, outermost first.
    pub(crate) fn subscripts(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut at = Some(self);
        while let Some(frame) = at.filter(|frame| frame.tables > 0) {
            found.push(frame.subscript);
            at = frame.around;
        }
        found.reverse();
        found
    }

    /// One occurrence of a table here; `index` counts from 0.
    pub(super) fn inside(&self, stride: usize, index: u32) -> Frame<'_> {
        Frame {
            base: self
                .base
                .saturating_add(stride.saturating_mul(to_usize(index))),
            subscript: index.saturating_add(1),
            tables: self.tables.saturating_add(1),
            around: Some(self),
        }
    }

    /// The displacement of the outermost `tables` tables.
    pub(crate) fn base_of(&self, tables: u16) -> usize {
        let mut at = self;
        while at.tables > tables
            && let Some(around) = at.around
        {
            at = around;
        }
        at.base
    }
}

pub(crate) struct Walker<'a> {
    pub(super) layout: &'a Layout,
    pub(super) record: &'a [u8],
    /// Canonical length of the record, as far as what varies at its end is known.
    pub(super) length: usize,
    pub(super) place: Place,
    /// Above 0: in a view that does not govern, whose residue is another's.
    pub(super) quiet: u32,
    /// Occurrences of tables that lie past the end of the record, as far as the walk has come.
    pub(super) missing: usize,
    /// Null bytes, of an unloaded table, that were kept for a column that reads as null.
    pub(super) said: Vec<u32>,
    /// Where fields are, or which, was not plain: what was told may not give the record back.
    pub(super) doubt: Cell<bool>,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(layout: &'a Layout, record: &'a [u8]) -> Walker<'a> {
        Walker {
            layout,
            record,
            length: 0,
            place: Place::new(&layout.program),
            quiet: 0,
            missing: 0,
            said: Vec::new(),
            doubt: Cell::new(false),
        }
    }

    /// The whole record, with what lies beyond the layout.
    pub(crate) fn record<V: Visitor>(&mut self, visitor: &mut V) -> Result<(), FieldError> {
        if !self.layout.only.is_empty()
            && let Err(error) = self.of_this_table()
        {
            return self.other_table(error, visitor);
        }
        self.run(0, self.layout.program.ops.len(), &Frame::ROOT, visitor)?;
        if V::RESIDUE {
            let length = self.accounted();
            match self.record.get(length..) {
                Some([]) => {}
                Some(beyond) => visitor.residue(&format!("@{length}"), beyond),
                // Shorter than canonical, with no field missing: a view that does not fill its area.
                None => {
                    self.doubt.set(true);
                    let length = u32::try_from(self.record.len()).unwrap_or(u32::MAX);
                    visitor.residue("@length", &length.to_be_bytes());
                }
            }
        }
        Ok(())
    }

    pub(crate) fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// After a walk: bytes of the record that the layout accounts for.
    pub(crate) fn accounted(&self) -> usize {
        match self.place.lost {
            true => self.length,
            false => self.length.max(self.place.fixed_end(&self.layout.program)),
        }
    }

    /// After a walk that told residue: whether writing the values needs to be tried, to see that it gives the record
    /// back. In all other cases each field's bytes have their place whatever the others hold, and were looked at on
    /// their own.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.doubt.get() || self.layout.program.counts_in_views
    }

    pub(super) fn field(&self, id: u32) -> &'a Field {
        // Ids in ops are positions in `fields`; the first one stands in for an id that cannot be.
        self.layout
            .fields
            .get(to_usize(id))
            .unwrap_or(&self.layout.nothing)
    }

    pub(crate) fn path(&self, field: &Field, frame: &Frame<'_>) -> String {
        crate::path::with_subscripts(&self.layout.fields, field, &frame.subscripts())
    }

    pub(crate) fn run<V: Visitor>(
        &mut self,
        from: usize,
        to: usize,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let ops = &layout.program.ops;
        let mut at = from;
        while let Some(op) = ops.get(at).filter(|_| at < to) {
            at = at.saturating_add(1);
            match op {
                Op::Leaf(leaf) => {
                    if let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) {
                        self.leaf(leaf, frame, visitor)?;
                    }
                }
                Op::Varying(leaf) => {
                    if let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) {
                        self.varying(leaf, frame, visitor)?;
                    }
                    if self.place.lost {
                        self.close(at, to, visitor);
                        return Ok(());
                    }
                }
                Op::GroupStart { field, end } => {
                    let field = self.field(*field);
                    if V::RAW {
                        let start = self.place.start(frame, field.offset);
                        let bytes = self.group(field, (at, to_usize(*end)), frame);
                        visitor.raw(field, start, bytes);
                    }
                    visitor.group_start(field);
                }
                Op::GroupEnd { field } => visitor.group_end(self.field(*field)),
                Op::Array { table, end } => {
                    let end = to_usize(*end);
                    if let Some(table) = layout.program.tables.get(to_usize(*table)) {
                        self.array(table, at, end, frame, visitor)?;
                    }
                    if self.place.lost {
                        self.close(end, to, visitor);
                        return Ok(());
                    }
                    at = end;
                }
                Op::Choice { choice, end } => {
                    at = to_usize(*end);
                    if let Some(choice) = layout.program.choices.get(to_usize(*choice)) {
                        self.choice(choice, frame, visitor)?;
                    }
                    if self.place.lost {
                        self.close(at, to, visitor);
                        return Ok(());
                    }
                }
                Op::Mark { slot, offset } => {
                    self.place.mark(*slot, self.place.start(frame, *offset));
                }
                Op::Gap { offset, len, fill } => {
                    if V::RESIDUE && self.quiet == 0 {
                        self.gap(*offset, *len, *fill, frame, visitor);
                    }
                }
            }
        }
        Ok(())
    }

    /// The ends of the groups that are open, without what would follow in them.
    #[cold]
    fn close<V: Visitor>(&self, from: usize, to: usize, visitor: &mut V) {
        let ops = &self.layout.program.ops;
        let mut at = from;
        while let Some(op) = ops.get(at).filter(|_| at < to) {
            at = at.saturating_add(1);
            match op {
                Op::GroupStart { end, .. } | Op::Array { end, .. } | Op::Choice { end, .. } => {
                    at = to_usize(*end);
                }
                Op::GroupEnd { field } => visitor.group_end(self.field(*field)),
                Op::Leaf(_) | Op::Varying(_) | Op::Mark { .. } | Op::Gap { .. } => {}
            }
        }
    }

    fn gap<V: Visitor>(&self, offset: u32, len: u32, fill: u8, frame: &Frame<'_>, visitor: &mut V) {
        let start = self.place.start(frame, offset);
        self.loose(start, start.saturating_add(to_usize(len)), fill, visitor);
    }

    /// Bytes of no field between two positions.
    pub(super) fn loose<V: Visitor>(&self, start: usize, end: usize, fill: u8, visitor: &mut V) {
        if let Some(bytes) = self.record.get(start..end.min(self.record.len()))
            && bytes.iter().any(|byte| *byte != fill)
        {
            visitor.residue(&format!("@{start}"), bytes);
        }
    }

    #[inline]
    pub(super) fn leaf<V: Visitor>(
        &mut self,
        leaf: &Leaf,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let start = self.place.start(frame, leaf.offset);
        let Some(bytes) = select::bytes_at(self.record, start, leaf.len) else {
            return self.short(leaf, frame, visitor);
        };
        let field = self.field(leaf.field);
        if leaf.hidden {
            // A null byte says nothing of its own where it is one of its two values.
            let said = || {
                let null = leaf.nulls.as_ref().filter(|_| leaf.indicator);
                null.is_some_and(|null| *null.canonical == *bytes)
            };
            if V::RESIDUE && self.quiet == 0 && !leaf.initial.is(bytes) && !said() {
                if leaf.indicator {
                    if self.said.contains(&leaf.field) {
                        return Ok(());
                    }
                    self.said.push(leaf.field);
                }
                visitor.residue(&self.path(field, frame), bytes);
            }
            return Ok(());
        }
        if leaf.null.is_some() {
            return self.column(leaf, start, bytes, frame, visitor);
        }
        if V::RAW {
            visitor.raw(field, start, bytes);
        }
        let canonical = match self.scalar(leaf, bytes, visitor) {
            Ok(canonical) => canonical,
            Err(bad) => return self.invalid(leaf, bytes, bad, frame, visitor),
        };
        if V::RESIDUE && !canonical && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), bytes);
        }
        Ok(())
    }
}
