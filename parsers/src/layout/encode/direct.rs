//! JSON text, or steps in its place, to record bytes in one pass, without values in between.
//!
//! In: a [`Source`]. Out: the same bytes as [`super::encode`] makes of its values, or [`Left`]. Runs the same ops in the same
//! order and writes what is given straight from the source: characters through one table, digits as digits. Whatever needs
//! a second look (`_raw`, an unknown member, a number to be rounded, anything that is wrong) is left to the values,
//! which also have the messages.

use super::members::{Members, Parts};
use super::source::Source;
use super::{Encoder, Residue};
use crate::codec::Codec;
use crate::error::FieldError;
use crate::layout::Layout;
use crate::layout::field::to_usize;
use crate::layout::program::{Choice, Form, Leaf, Occurrences, Op};
use crate::layout::walk::Frame;
use crate::value::Value;

/// The text is left to another reader.
#[derive(Debug)]
pub(super) struct Left;

impl From<FieldError> for Left {
    fn from(_: FieldError) -> Left {
        Left
    }
}

/// So many bytes of a table are made before its occurrences are seen.
const AT_ONCE: usize = 1 << 16;

static NO_RESIDUE: Residue = Residue::new();

/// The record of an object.
pub(super) fn read<S: Source>(
    layout: &Layout,
    mut source: S,
    most: Option<u32>,
) -> Result<Vec<u8>, Left> {
    if layout.labels.reserved {
        return Err(Left);
    }
    let mut encoder = Encoder::new(layout, &NO_RESIDUE, most);
    // All at once, where nothing looks at what is not written yet.
    if layout_is_plain(layout) {
        encoder.make(to_usize(layout.program.fixed_end));
    }
    let root = layout.collapsed.then_some(0);
    encoder.object(
        &mut source,
        (0, layout.program.ops.len()),
        root,
        &Frame::ROOT,
    )?;
    encoder.settle()?;
    match source.is_at_end() {
        true => Ok(encoder.finish()),
        false => Err(Left),
    }
}

impl<'a> Encoder<'a> {
    /// An object: the members of a group, or of the record.
    fn object<S: Source>(
        &mut self,
        source: &mut S,
        ops: (usize, usize),
        group: Option<u32>,
        frame: &Frame<'_>,
    ) -> Result<(), Left> {
        if !source.object() {
            return Err(Left);
        }
        let mut members = Members::new(*source, group);
        self.read_members(&mut members, ops, frame)?;
        *source = members.end()?;
        Ok(())
    }

    /// As [`members`](Self::members), straight.
    fn read_members<S: Source>(
        &mut self,
        members: &mut Members<S>,
        (from, to): (usize, usize),
        frame: &Frame<'_>,
    ) -> Result<(), Left> {
        let layout = self.layout;
        // Choices, each with what the tables before it lack and what is given for its views.
        let mut late: Vec<(&Choice, usize, Parts<S>)> = Vec::new();
        let mut at = from;
        while let Some(op) = layout.program.ops.get(at).filter(|_| at < to) {
            let here = at;
            at = at.saturating_add(1);
            match op {
                Op::Leaf(leaf) => {
                    let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) else {
                        continue;
                    };
                    if leaf.hidden {
                        self.leaf(leaf, None, frame)?;
                        continue;
                    }
                    members.value(layout, self.field(leaf.field), |source| match source {
                        None => Ok(self.leaf(leaf, None, frame)?),
                        Some(source) => self.read_leaf(leaf, source, frame),
                    })?;
                }
                Op::Varying(leaf) => {
                    let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) else {
                        continue;
                    };
                    if leaf.hidden {
                        self.varying(leaf, None, frame)?;
                        continue;
                    }
                    let field = self.field(leaf.field);
                    members.value(layout, field, |source| {
                        let value = source.map(|source| source.value(field).ok_or(Left));
                        let value = value.transpose()?;
                        Ok(self.varying(leaf, value.as_ref(), frame)?)
                    })?;
                }
                Op::GroupStart { field, end } => {
                    at = to_usize(*end);
                    members.value(layout, self.field(*field), |source| {
                        self.read_one((here, to_usize(*end)), source, frame)
                    })?;
                }
                Op::Array { table, end } => {
                    at = to_usize(*end);
                    let Some(table) = layout.program.tables.get(to_usize(*table)) else {
                        continue;
                    };
                    let ops = (here.saturating_add(1), at);
                    let field = self.field(table.field);
                    if field.hidden {
                        self.array(table, ops.0, ops.1, None, frame)?;
                        continue;
                    }
                    members.value(layout, field, |source| match source {
                        None => Ok(self.array(table, ops.0, ops.1, None, frame)?),
                        Some(source) => self.read_table(table, ops, source, frame),
                    })?;
                }
                Op::Choice { choice, end } => {
                    at = to_usize(*end);
                    let Some(choice) = layout.program.choices.get(to_usize(*choice)) else {
                        continue;
                    };
                    let parts = members.views(layout, choice)?;
                    let shift = self.place.shift;
                    match choice.late {
                        true => late.push((choice, shift, parts)),
                        false => self.read_choice::<S>(choice, shift, parts, frame)?,
                    }
                }
                Op::Mark { slot, offset } => {
                    let start = self.place.start(frame, *offset);
                    self.place.mark(*slot, start);
                }
                Op::GroupEnd { .. } => {}
                Op::Gap { offset, len, fill } => {
                    let start = self.place.start(frame, *offset);
                    self.gap(start, to_usize(*len), *fill);
                }
            }
            if self.place.lost {
                return Err(Left);
            }
        }
        for (choice, shift, parts) in late {
            self.read_choice::<S>(choice, shift, parts, frame)?;
        }
        Ok(())
    }

    /// As [`one`](Self::one), straight.
    fn read_one<S: Source>(
        &mut self,
        (from, to): (usize, usize),
        source: Option<&mut S>,
        frame: &Frame<'_>,
    ) -> Result<(), Left> {
        let layout = self.layout;
        let Some(source) = source else {
            return Ok(self.one(from, to, None, frame)?);
        };
        match layout.program.ops.get(from) {
            Some(Op::Leaf(leaf)) => match layout.program.leaves.get(to_usize(*leaf)) {
                Some(leaf) => self.read_leaf(leaf, source, frame),
                None => Err(Left),
            },
            Some(Op::GroupStart { .. }) if source.null() => {
                Ok(self.one(from, to, Some(&Value::Null), frame)?)
            }
            Some(Op::GroupStart { field, .. }) => {
                self.object(source, (from.saturating_add(1), to), Some(*field), frame)
            }
            _ => Err(Left),
        }
    }

    /// As [`array`](Self::array), straight.
    fn read_table<S: Source>(
        &mut self,
        table: &Occurrences,
        ops: (usize, usize),
        source: &mut S,
        frame: &Frame<'_>,
    ) -> Result<(), Left> {
        if source.null() {
            return Ok(self.array(table, ops.0, ops.1, Some(&Value::Null), frame)?);
        }
        if !source.list() {
            return Err(Left);
        }
        let start = self.place.start(frame, self.field(table.field).offset);
        let count = match &table.counter {
            None => table.max,
            Some(counter) => {
                let known = self.given.contains(&counter.field);
                let items = if known {
                    0
                } else {
                    source.items().ok_or(Left)?
                };
                self.counted(table, counter, items, true, frame)?
            }
        };
        let stride = to_usize(table.stride);
        let room = if table.keeps { table.max } else { count };
        self.has_room(table, start, room, frame)?;
        if layout_is_plain(self.layout) && !table.inner {
            let len = stride.saturating_mul(to_usize(count)).min(AT_ONCE);
            self.make(start.saturating_add(len));
        }
        let alike = self.alike(table);
        let mut ended = source.list_ends();
        for index in 0..count {
            let inner = frame.inside(stride, index);
            if ended {
                // A list that is shorter than its counter says is refused.
                if table.counter.is_some() {
                    return Err(Left);
                }
                self.one(ops.0, ops.1, None, &inner)?;
                if alike {
                    let written = start.saturating_add(stride.saturating_mul(to_usize(index)));
                    let more = count.saturating_sub(index).saturating_sub(1);
                    self.repeat(written, stride, to_usize(more));
                    break;
                }
            } else {
                self.read_one(ops, Some(&mut *source), &inner)?;
                ended = source.item_ends().ok_or(Left)?;
            }
            if self.place.lost {
                return Err(Left);
            }
            self.has_room(table, self.out.len(), 0, frame)?;
        }
        if !ended {
            return Err(Left);
        }
        self.after_table(table, count, frame);
        Ok(())
    }

    /// As [`choice`](Self::choice), straight, of what its views are given.
    fn read_choice<S: Source>(
        &mut self,
        choice: &'a Choice,
        shift: usize,
        parts: Parts<S>,
        frame: &Frame<'_>,
    ) -> Result<(), Left> {
        let layout = self.layout;
        let given = parts.clone();
        let part = |id: u32| given.iter().find(|(field, _)| *field == id);
        let present = |id: u32| part(id).is_some_and(|(_, part)| !S::is_null(*part));
        let mut read = None;
        self.aside(shift, |encoder| {
            encoder.views(choice, None, &present, frame, |encoder, view| {
                read = Some(view.field);
                let ops = (to_usize(view.body.0), to_usize(view.body.1));
                encoder.read_members(&mut Members::<S>::of(parts), ops, frame)
            })
        })?;
        // Views beside it are values of theirs all the same.
        for (id, part) in given.iter().filter(|(id, _)| Some(*id) != read) {
            let sound = layout
                .field(*id)
                .is_some_and(|field| S::is_value_of(layout, field, *part));
            if !sound {
                return Err(Left);
            }
        }
        Ok(())
    }

    /// As [`leaf`](Self::leaf), straight.
    #[inline]
    fn read_leaf<S: Source>(
        &mut self,
        leaf: &'a Leaf,
        source: &mut S,
        frame: &Frame<'_>,
    ) -> Result<(), Left> {
        let plain = matches!(leaf.form, Form::Plain) && leaf.null.is_none() && !leaf.indicator;
        if plain && self.read_plain(leaf, source, frame) {
            return Ok(());
        }
        let value = source.value(self.field(leaf.field)).ok_or(Left)?;
        Ok(self.leaf(leaf, Some(&value), frame)?)
    }

    /// Text and numbers that are just what their field has room for.
    #[inline]
    fn read_plain<S: Source>(&mut self, leaf: &Leaf, source: &mut S, frame: &Frame<'_>) -> bool {
        let start = self.place.start(frame, leaf.offset);
        let len = to_usize(leaf.len);
        let done = match leaf.codec {
            Codec::Text { chars, right } => {
                let table = chars.table;
                if right || !table.is_single_byte() {
                    return false;
                }
                let place = self.bytes(start, len);
                let Some(count) = source.translated(table.of_json(), place) else {
                    return false;
                };
                place
                    .get_mut(count..)
                    .unwrap_or_default()
                    .fill(table.blank());
                true
            }
            codec if codec.is_number() => {
                let before = *source;
                let Some(number) = source.number() else {
                    return false;
                };
                let place = self.bytes(start, len);
                let written =
                    codec.write_exact(number.negative, number.whole, number.fraction, place);
                if !written {
                    *source = before;
                }
                written
            }
            _ => false,
        };
        if done {
            self.note(leaf, true);
            self.covered = self.covered.max(start.saturating_add(len));
        }
        done
    }
}

/// Whether nothing looks at bytes of fields that are not written yet.
fn layout_is_plain(layout: &Layout) -> bool {
    layout.program.choices.is_empty()
}
