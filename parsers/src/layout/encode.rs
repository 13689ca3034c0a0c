//! Values through the program to record bytes.
//!
//! In: a [`Record`]: values by name, and residue. Out: bytes; the residue of a field is used where it still decodes
//! to the value given. Walks the same ops as [`super::walk`]; choices of a group come after its other members, so
//! that their discriminating fields are there.

use super::Layout;
use super::extent;
use super::field::{Field, to_usize};
use super::program::{Choice, Leaf, Op};
use super::scalar_write::write;
use super::select;
use super::walk::{Frame, Walker};
use crate::codec::{Bad, Codec};
use crate::decimal::Decimal;
use crate::error::{FieldError, FieldErrorKind};
use crate::value::{Group, Record, Residue, Value, same};

pub(crate) fn encode(layout: &Layout, record: &Record) -> Result<Vec<u8>, FieldError> {
    let mut encoder = Encoder {
        layout,
        residue: &record.residue,
        out: Vec::with_capacity(to_usize(layout.program.fixed_end)),
        length: to_usize(layout.program.fixed_end),
        covered: 0,
        given: Vec::new(),
    };
    let root = layout.collapsed.then_some(0);
    encoder.body(
        0,
        layout.program.ops.len(),
        root,
        Some(&record.values),
        &Frame::ROOT,
    )?;
    Ok(encoder.finish())
}

struct Encoder<'a> {
    layout: &'a Layout,
    residue: &'a Residue,
    out: Vec<u8>,
    /// Canonical length, as in the walk.
    length: usize,
    /// After the last byte that a value needs.
    covered: usize,
    /// Fields that had a value: an OCCURS counter among them is checked, one that is not is set.
    given: Vec<u32>,
}

impl<'a> Encoder<'a> {
    fn field(&self, id: u32) -> &'a Field {
        self.layout
            .fields
            .get(to_usize(id))
            .unwrap_or(&self.layout.nothing)
    }

    fn path(&self, field: &Field, frame: &Frame<'_>) -> String {
        crate::path::with_subscripts(&self.layout.fields, field, &frame.subscripts())
    }

    fn fault(&self, field: &Field, frame: &Frame<'_>, bad: Bad) -> FieldError {
        FieldError::of_value(bad.kind, self.path(field, frame), bad.message)
    }

    /// Residue of a field; no path is put together for a record without any.
    fn residue_of(&self, field: &Field, frame: &Frame<'_>) -> Option<&'a [u8]> {
        if self.residue.is_empty() {
            return None;
        }
        self.residue
            .get(&self.path(field, frame))
            .map(Vec::as_slice)
    }

    /// The bytes of a place, made if they are not there yet.
    fn place(&mut self, start: usize, len: usize) -> &mut [u8] {
        let end = start.saturating_add(len);
        if self.out.len() < end {
            self.out.resize(end, self.layout.page.blank());
        }
        self.out.get_mut(start..end).unwrap_or_default()
    }

    fn put(&mut self, start: usize, bytes: &[u8]) {
        self.place(start, bytes.len()).copy_from_slice(bytes);
    }

    fn finish(mut self) -> Vec<u8> {
        let number = |bytes: &Vec<u8>| {
            <[u8; 4]>::try_from(bytes.as_slice())
                .ok()
                .map(u32::from_be_bytes)
        };
        let short = self.residue.get("@length").and_then(number).map(to_usize);
        let length = match short {
            Some(length) if length < self.length && length >= self.covered => length,
            _ => self.length,
        };
        self.out.resize(length, self.layout.page.blank());
        if let Some(beyond) = self
            .residue
            .get(&format!("@{}", self.length))
            .filter(|_| length == self.length)
        {
            self.out.extend_from_slice(beyond);
        }
        self.out
    }

    /// The members of a group, or of the record.
    fn body(
        &mut self,
        from: usize,
        to: usize,
        group: Option<u32>,
        values: Option<&Group>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        if let Some(values) = values {
            self.known(group, values, frame)?;
        }
        self.members(from, to, values, frame)
    }

    fn known(
        &self,
        group: Option<u32>,
        values: &Group,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let labels = || {
            let members = extent::members(&self.layout.fields, group).map(|id| self.field(id));
            members.filter(|field| !field.hidden).map(Field::label)
        };
        // Most often the members come in the layout's own order.
        let mut next = labels();
        let unknown = values
            .iter()
            .find(|(name, _)| next.next() != Some(*name) && !labels().any(|label| label == *name));
        let Some((name, _)) = unknown else {
            return Ok(());
        };
        let near = crate::path::nearest(&name.to_uppercase(), labels());
        let near = near
            .map(|near| format!(" (is it `{near}`?)"))
            .unwrap_or_default();
        let path = group
            .map(|id| self.path(self.field(id), frame))
            .unwrap_or_default();
        Err(FieldError::of_value(
            FieldErrorKind::Member,
            path,
            format!("no field `{name}` here{near}"),
        ))
    }

    fn members(
        &mut self,
        from: usize,
        to: usize,
        values: Option<&Group>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let mut choices: Vec<&Choice> = Vec::new();
        let mut at = from;
        while let Some(op) = layout.program.ops.get(at).filter(|_| at < to) {
            let value = |id: u32| values.and_then(|values| values.get(self.field(id).label()));
            let here = at;
            at = at.saturating_add(1);
            match op {
                Op::Choice { choice, end } => {
                    choices.extend(layout.program.choices.get(to_usize(*choice)));
                    at = to_usize(*end);
                }
                Op::Array { field, end } => {
                    at = to_usize(*end);
                    let value = value(*field);
                    self.array(*field, here.saturating_add(1), at, value, frame)?;
                }
                Op::GroupStart { field, end } => {
                    at = to_usize(*end);
                    let value = value(*field);
                    self.one(here, at, value, frame)?;
                }
                Op::Leaf(leaf) => {
                    let leaf = layout.program.leaves.get(to_usize(*leaf));
                    let value = leaf.and_then(|leaf| value(leaf.field));
                    self.one(here, at, value, frame)?;
                }
                Op::GroupEnd { .. } => {}
                Op::Gap { offset, len, fill } => self.gap(*offset, *len, *fill, frame),
            }
        }
        choices
            .into_iter()
            .try_for_each(|choice| self.choice(choice, values, frame))
    }

    /// One item, or one occurrence of it: the ops from `from` are its own.
    fn one(
        &mut self,
        from: usize,
        to: usize,
        value: Option<&Value>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        match layout.program.ops.get(from) {
            Some(Op::Leaf(leaf)) => match layout.program.leaves.get(to_usize(*leaf)) {
                Some(leaf) => self.leaf(leaf, value, frame),
                None => Ok(()),
            },
            Some(Op::GroupStart { field, .. }) => {
                let members = match value {
                    Some(Value::Group(members)) => Some(members),
                    None | Some(Value::Null) => None,
                    Some(other) => {
                        let message = format!("wanted a group, got {}", other.kind_name());
                        let bad = Bad::new(FieldErrorKind::Type, message);
                        return Err(self.fault(self.field(*field), frame, bad));
                    }
                };
                self.body(from.saturating_add(1), to, Some(*field), members, frame)
            }
            // A FILLER group without names: nothing is given for it.
            _ => self.members(from, to, None, frame),
        }
    }

    fn gap(&mut self, offset: u32, len: u32, fill: u8, frame: &Frame<'_>) {
        let start = frame.base.saturating_add(to_usize(offset));
        let place = self.place(start, to_usize(len));
        place.fill(fill);
        if self.residue.is_empty() {
            return;
        }
        if let Some(bytes) = self
            .residue
            .get(&format!("@{start}"))
            .filter(|bytes| bytes.len() <= to_usize(len))
        {
            self.put(start, bytes);
        }
    }

    fn leaf(
        &mut self,
        leaf: &Leaf,
        value: Option<&Value>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = frame.base.saturating_add(to_usize(leaf.offset));
        let len = to_usize(leaf.len);
        let residue = self
            .residue_of(field, frame)
            .filter(|residue| residue.len() <= len);
        // A FILLER has no value to disagree with its residue.
        let kept = residue.filter(|bytes| match value {
            None => leaf.hidden,
            Some(value) => self.reads_as(leaf, bytes, value),
        });
        if value.is_some_and(|value| *value != Value::Null) {
            self.given.push(leaf.field);
        }
        if let Some(bytes) = kept {
            self.place(start, len).copy_from_slice(&leaf.initial);
            self.put(start, bytes);
            if bytes.len() == len {
                self.covered = self.covered.max(start.saturating_add(len));
            }
            return Ok(());
        }
        let policy = self.layout.policy;
        let place = self.place(start, len);
        let done = match value {
            None => {
                place.copy_from_slice(&leaf.initial);
                Ok(())
            }
            Some(value) => write(leaf, value, &policy, place),
        };
        self.covered = self.covered.max(start.saturating_add(len));
        done.map_err(|bad| self.fault(field, frame, bad))
    }

    /// Whether bytes decode to a value; bytes that do not decode stand for null.
    fn reads_as(&self, leaf: &Leaf, bytes: &[u8], value: &Value) -> bool {
        let read = match bytes.len() == to_usize(leaf.len) {
            true => crate::value::scalar(&Walker::new(self.layout, bytes), leaf, bytes),
            false => None,
        };
        match read {
            Some(read) => same(&read, value),
            None => *value == Value::Null,
        }
    }

    fn array(
        &mut self,
        id: u32,
        from: usize,
        to: usize,
        value: Option<&Value>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let field = self.field(id);
        let Some(occurs) = field.occurs else {
            return Ok(());
        };
        let start = frame.base.saturating_add(field.offset());
        // The count could not be read, so the rest of the record is kept as it was.
        let lost = match value {
            Some(Value::Null) => true,
            value => value.is_none() && field.hidden,
        };
        if let Some(bytes) = self.residue_of(field, frame).filter(|_| lost) {
            self.put(start, bytes);
            self.length = self.length.max(start.saturating_add(bytes.len()));
            return Ok(());
        }
        let items: &[Value] = match value {
            Some(Value::Array(items)) => items,
            None | Some(Value::Null) => &[],
            Some(other) => {
                let bad = Bad::new(
                    FieldErrorKind::Type,
                    format!("wanted a list, got {}", other.kind_name()),
                );
                return Err(self.fault(field, frame, bad));
            }
        };
        let count = match occurs.depending_on {
            None => occurs.max,
            Some(counter) => self.counted(field, counter, items.len(), value.is_some(), frame)?,
        };
        if items.len() > to_usize(count) {
            let bad = Bad::new(
                FieldErrorKind::Count,
                format!("{} occurrences in a table of {count}", items.len()),
            );
            return Err(self.fault(field, frame, bad));
        }
        let stride = to_usize(occurs.stride);
        if occurs.depending_on.is_some() {
            self.length = self
                .length
                .max(start.saturating_add(stride.saturating_mul(to_usize(count))));
        }
        for index in 0..count {
            let inner = Frame {
                base: frame
                    .base
                    .saturating_add(stride.saturating_mul(to_usize(index))),
                subscript: index.saturating_add(1),
                tables: frame.tables.saturating_add(1),
                around: Some(frame),
            };
            self.one(from, to, items.get(to_usize(index)), &inner)?;
        }
        Ok(())
    }

    /// How many occurrences: what the counter says if it was given, else the counter is set.
    fn counted(
        &mut self,
        table: &Field,
        counter: u32,
        items: usize,
        listed: bool,
        frame: &Frame<'_>,
    ) -> Result<u32, FieldError> {
        let Some(occurs) = table.occurs else {
            return Ok(0);
        };
        if self.given.contains(&counter) {
            let count = Walker::new(self.layout, &self.out)
                .count(counter, table, occurs.min, occurs.max)?;
            // A table of FILLERs has no list to be given.
            if to_usize(count) == items || table.hidden {
                return Ok(count);
            }
            let message = format!(
                "{items} occurrences and {} says {count}",
                self.field(counter).name()
            );
            return Err(self.fault(table, frame, Bad::new(FieldErrorKind::Count, message)));
        }
        let least = if listed { 0 } else { occurs.min };
        let count = u32::try_from(items).unwrap_or(u32::MAX).max(least);
        if !(occurs.min..=occurs.max).contains(&count) {
            let message = format!(
                "{items} occurrences: wanted {} to {}",
                occurs.min, occurs.max
            );
            return Err(self.fault(table, frame, Bad::new(FieldErrorKind::Count, message)));
        }
        let field = self.field(counter);
        let codec = self
            .leaf_of(counter)
            .map_or(Codec::Bytes, |leaf| leaf.codec);
        let place = self.place(field.offset(), field.len());
        let done = codec.write_number(Decimal::new(i128::from(count), 0), place);
        done.map(|()| count)
            .map_err(|bad| self.fault(field, &Frame::ROOT, bad))
    }

    fn leaf_of(&self, field: u32) -> Option<&'a Leaf> {
        let program = &self.layout.program;
        program
            .leaves
            .get(to_usize((*program.leaf_of.get(to_usize(field))?)?))
    }

    fn choice(
        &mut self,
        choice: &Choice,
        values: Option<&Group>,
        frame: &Frame<'_>,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let label = |id: u32| layout.fields.get(to_usize(id)).map_or("", Field::label);
        let given = |id: u32| values.and_then(|values| values.get(label(id)));
        let present = |id: u32| given(id).is_some_and(|value| *value != Value::Null);
        let Some(first) = choice.views.first() else {
            return Ok(());
        };
        // No view could be read: the bytes are all there is.
        if !choice.views.iter().any(|view| present(view.field))
            && given(first.field) == Some(&Value::Null)
            && let Some(bytes) = self.residue_of(self.field(first.field), frame)
        {
            let start = frame.base.saturating_add(to_usize(choice.offset));
            self.put(start, bytes);
            self.length = self.length.max(if choice.variable {
                start.saturating_add(bytes.len())
            } else {
                0
            });
            return Ok(());
        }
        // The view that is given; else, by rules, the one that the fields before it choose. A view may hold its own
        // discriminating field, so whether it is the right one shows when it is written.
        let base = |tables| frame.base_of(tables);
        let ruled = !choice.rules.is_empty();
        let chosen = |out: &[u8]| choice.views.get(select::choose(&choice.rules, out, &base)?);
        let given = choice.views.iter().find(|view| present(view.field));
        let view = given.or_else(|| {
            if ruled {
                chosen(&self.out)
            } else {
                Some(first)
            }
        });
        if let Some(view) = view {
            if choice.variable {
                let end = frame.base.saturating_add(to_usize(view.fixed_end));
                self.length = self.length.max(end);
            }
            self.members(to_usize(view.body.0), to_usize(view.body.1), values, frame)?;
        }
        if !ruled {
            return Ok(());
        }
        let chosen = chosen(&self.out);
        let other = choice.views.iter().find(|view| {
            present(view.field) && chosen.is_none_or(|chosen| chosen.field != view.field)
        });
        let message = match (chosen, other) {
            (Some(_), None) => return Ok(()),
            (Some(chosen), Some(_)) => {
                let name = self.field(chosen.field).name();
                format!(
                    "a value for a view that does not hold: {} chooses {name}",
                    self.discriminators(choice, frame)
                )
            }
            (None, _) => format!(
                "no record type of the meaning fits: {}",
                self.discriminators(choice, frame)
            ),
        };
        let field = self.field(other.unwrap_or(first).field);
        Err(self.fault(field, frame, Bad::new(FieldErrorKind::RecordType, message)))
    }

    fn discriminators(&self, choice: &Choice, frame: &Frame<'_>) -> String {
        let base = |tables| frame.base_of(tables);
        select::shown(&choice.rules, &self.layout.fields, &self.out, &base)
    }
}
