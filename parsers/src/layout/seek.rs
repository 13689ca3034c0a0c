//! One place of a record whose fields move, found by passing over what is before it.
//!
//! In: a record, a field, subscripts. Out: the walk's state as it is when it reaches the field. Reads counters and
//! nothing else; takes time as a walk of what is before the field.

use super::field::{Field, to_usize};
use super::program::{Occurrences, Op};
use super::select::Test;
use super::walk::{Frame, Walker};
use crate::error::{FieldError, FieldErrorKind};

/// What is done at the field.
type Then<'t, 'a> = &'t mut dyn FnMut(&mut Walker<'a>, &Frame<'_>) -> Result<(), FieldError>;

impl<'a> Walker<'a> {
    /// Calls `then` where the field stands, at the occurrences that its subscripts say (the first where there are
    /// none). A field without ops of its own is not found, and `then` is not called.
    pub(super) fn seek(
        &mut self,
        field: u32,
        subscripts: &[u32],
        then: Then<'_, 'a>,
    ) -> Result<(), FieldError> {
        let ops = &self.layout.program.ops;
        match ops.iter().position(|op| self.is_of(op, field)) {
            Some(target) => {
                self.place = super::place::Place::new(&self.layout.program);
                self.towards(0, target, subscripts, &Frame::ROOT, then)
            }
            None => Ok(()),
        }
    }

    /// Whether an op is the field's own.
    pub(super) fn is_of(&self, op: &Op, wanted: u32) -> bool {
        match op {
            Op::Leaf(leaf) | Op::Varying(leaf) => {
                let leaf = self.layout.program.leaves.get(to_usize(*leaf));
                leaf.is_some_and(|leaf| leaf.field == wanted)
            }
            Op::GroupStart { field, .. } => *field == wanted,
            _ => false,
        }
    }

    fn towards(
        &mut self,
        from: usize,
        target: usize,
        subscripts: &[u32],
        frame: &Frame<'_>,
        then: Then<'_, 'a>,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let mut at = from;
        while let Some(op) = layout.program.ops.get(at).filter(|_| at < target) {
            at = at.saturating_add(1);
            match op {
                Op::Mark { slot, offset } => {
                    let start = self.place.start(frame, *offset);
                    self.place.mark(*slot, start);
                }
                Op::Array { table, end } => {
                    let Some(table) = layout.program.tables.get(to_usize(*table)) else {
                        continue;
                    };
                    let end = to_usize(*end);
                    if target < end {
                        let (own, inner) = match subscripts.split_first() {
                            Some((first, rest)) => (*first, rest),
                            None => (1, subscripts),
                        };
                        return self.occurrence(
                            table,
                            (at, end),
                            target,
                            (own, inner),
                            frame,
                            then,
                        );
                    }
                    self.skip(table, (at, end), frame)?;
                    at = end;
                }
                // The field is in one of the views, or after them all.
                Op::Choice { choice, end } => {
                    let views = layout.program.choices.get(to_usize(*choice));
                    let mut views = views.iter().flat_map(|choice| &choice.views);
                    let inside =
                        |body: (u32, u32)| (to_usize(body.0)..to_usize(body.1)).contains(&target);
                    at = match views.find(|view| inside(view.body)) {
                        Some(view) => to_usize(view.body.0),
                        None => to_usize(*end),
                    };
                }
                Op::Varying(leaf) => {
                    if let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) {
                        self.skip_varying(leaf, frame)?;
                    }
                }
                Op::Leaf(_) | Op::GroupStart { .. } | Op::GroupEnd { .. } | Op::Gap { .. } => {}
            }
        }
        then(self, frame)
    }

    /// On into one occurrence of a table.
    fn occurrence(
        &mut self,
        table: &Occurrences,
        body: (usize, usize),
        target: usize,
        (own, inner): (u32, &[u32]),
        frame: &Frame<'_>,
        then: Then<'_, 'a>,
    ) -> Result<(), FieldError> {
        let field = self.field(table.field);
        if let Some(counter) = &table.counter {
            let count = self.count(counter, table)?;
            if own > count {
                let message = format!("occurrence {own} of a table of {count}");
                let path = self.path(field, frame);
                let start = self.place.start(frame, field.offset);
                let error = FieldError::at(FieldErrorKind::Count, path, start, &[], message);
                return Err(error);
            }
        }
        let stride = to_usize(table.stride);
        let index = own.saturating_sub(1);
        if table.inner {
            for before in 0..index {
                self.pass(body.0, body.1, &frame.inside(stride, before))?;
            }
        }
        self.towards(body.0, target, inner, &frame.inside(stride, index), then)
    }

    /// Passes over ops: counters and marks only.
    fn pass(&mut self, from: usize, to: usize, frame: &Frame<'_>) -> Result<(), FieldError> {
        let layout = self.layout;
        let mut at = from;
        while let Some(op) = layout.program.ops.get(at).filter(|_| at < to) {
            at = at.saturating_add(1);
            match op {
                Op::Mark { slot, offset } => {
                    let start = self.place.start(frame, *offset);
                    self.place.mark(*slot, start);
                }
                Op::Array { table, end } => {
                    let end = to_usize(*end);
                    if let Some(table) = layout.program.tables.get(to_usize(*table)) {
                        self.skip(table, (at, end), frame)?;
                    }
                    at = end;
                }
                // A place with several views keeps its length.
                Op::Choice { end, .. } => at = to_usize(*end),
                Op::Varying(leaf) => {
                    if let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) {
                        self.skip_varying(leaf, frame)?;
                    }
                }
                Op::Leaf(_) | Op::GroupStart { .. } | Op::GroupEnd { .. } | Op::Gap { .. } => {}
            }
        }
        Ok(())
    }

    /// Passes over a whole table.
    fn skip(
        &mut self,
        table: &Occurrences,
        body: (usize, usize),
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        if !table.moves && !table.inner {
            return Ok(());
        }
        let count = match &table.counter {
            None => table.max,
            Some(counter) => self.count(counter, table)?,
        };
        let stride = to_usize(table.stride);
        if table.inner {
            let field = self.field(table.field);
            let start = self.place.start(frame, field.offset);
            if self.too_many_missing(table, start, count) {
                return Err(self.ends_in(field, frame, (start, count), true));
            }
            for index in 0..count {
                self.pass(body.0, body.1, &frame.inside(stride, index))?;
            }
        }
        if table.moves {
            let lacking = to_usize(table.max.saturating_sub(count));
            let lacking = stride.saturating_mul(lacking);
            self.place.shift = self.place.shift.saturating_add(lacking);
        }
        Ok(())
    }

    /// The bytes of a group that the walk is at the start of, whose ops are `body`: as many as are there.
    #[cold]
    pub(super) fn group(&self, field: &Field, body: (usize, usize), frame: &Frame<'_>) -> &'a [u8] {
        let start = self.place.start(frame, field.offset);
        let mut side = Walker {
            place: self.place.clone(),
            said: Vec::new(),
            doubt: std::cell::Cell::new(false),
            ..*self
        };
        // Where a count does not read, the group ends where it would with most occurrences from there on.
        let _unread = side.pass(body.0, body.1, frame);
        let end = side
            .place
            .start(frame, field.offset.saturating_add(field.len));
        let end = end.min(self.record.len());
        self.record.get(start..end).unwrap_or_default()
    }

    /// Whether a test on a field in no table holds.
    pub(super) fn holds(&mut self, test: &Test) -> bool {
        let start = self.start_of(test.field);
        start.is_ok_and(|start| test.holds(self.record, start))
    }

    /// Where a field in no table stands.
    pub(super) fn start_of(&mut self, field: u32) -> Result<usize, FieldError> {
        let offset = self.field(field).offset;
        self.place.shift = 0;
        if self.layout.program.is_movable(field) {
            // The walk's state stays as it is at the field, but for what it will pass once more.
            let missing = self.missing;
            let found = self.seek(field, &[], &mut |_, _| Ok(()));
            self.missing = missing;
            found?;
        }
        Ok(self.place.start(&Frame::ROOT, offset))
    }
}
