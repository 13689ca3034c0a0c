//! Values through the program to record bytes.
//!
//! In: a [`Record`]: values by name, and residue. Out: bytes; the residue of a field is used where it still decodes
//! to the value given. Walks the same ops as [`super::walk`]; a choice whose discriminating field comes after it is
//! written after the other members of its group.

mod choice;
mod direct;
mod leaf;
mod lookup;
mod members;
mod row;
mod source;
mod steps;
mod table;

pub use steps::Step;

use lookup::Lookup;
use steps::Steps;

use super::Layout;
use super::extent;
use super::field::{Field, to_usize};
use super::place::Place;
use super::program::{Choice, Op};
use super::walk::Frame;
use crate::codec::Bad;
use crate::error::{FieldError, FieldErrorKind};
use crate::json::Cursor;
use crate::value::{Group, Record, Residue, Value, WHOLE};

/// Record bytes of a JSON object: straight, or where its text needs a second look by way of its values.
pub(crate) fn of_json(
    layout: &Layout,
    json: &[u8],
    most: Option<u32>,
) -> Result<Vec<u8>, FieldError> {
    match direct::read(layout, Cursor::new(json), most) {
        Ok(record) => Ok(record),
        Err(direct::Left) => encode(layout, &crate::json::read(layout, json)?, most),
    }
}

/// Record bytes of steps, or none where the JSON of the same values has to say them.
pub(crate) fn of_steps(layout: &Layout, steps: &[Step<'_>], most: Option<u32>) -> Option<Vec<u8>> {
    direct::read(layout, Steps::new(steps), most).ok()
}

pub(crate) fn encode(
    layout: &Layout,
    record: &Record,
    most: Option<u32>,
) -> Result<Vec<u8>, FieldError> {
    if let Some(whole) = record.residue.get(WHOLE) {
        return match crate::value::shows(layout, whole, &record.values) {
            true => Ok(whole.clone()),
            false => Err(edited()),
        };
    }
    let mut encoder = Encoder::new(layout, &record.residue, most);
    let nothing = || record.values.iter().all(|(_, value)| *value == Value::Null);
    if !layout.only.is_empty()
        && let Some(row) = encoder.other_table(nothing())
    {
        return Ok(row);
    }
    let root = layout.collapsed.then_some(0);
    encoder.body(
        0,
        layout.program.ops.len(),
        root,
        Some(&record.values),
        &Frame::ROOT,
    )?;
    encoder.settle()?;
    Ok(encoder.finish())
}

#[cold]
fn edited() -> FieldError {
    let message = "the record was kept whole (`@record`), as its values alone do not give it back, and these are \
        not its values: leave `_raw` out to write them as a record of their own";
    FieldError::of_value(FieldErrorKind::Member, "_raw", message.to_owned())
}

struct Encoder<'a> {
    layout: &'a Layout,
    residue: &'a Residue,
    out: Vec<u8>,
    /// Canonical length, as in the walk: of what varies at the record's end.
    length: usize,
    place: Place,
    /// After the last byte that a value needs.
    covered: usize,
    /// Counters that had a value, last time they were passed: those are checked, others are set.
    given: Vec<u32>,
    /// Choices whose rules are about fields that were not written yet.
    far: Vec<choice::Far<'a>>,
    /// Null bytes of several columns that were written: what a column given for one of them says.
    said: Vec<row::Said<'a>>,
    /// Some residue is of one occurrence of a table, or of bytes of no field.
    residue_of_places: bool,
    /// Tables that make the record longer are refused.
    most: usize,
}

impl<'a> Encoder<'a> {
    fn new(layout: &'a Layout, residue: &'a Residue, most: Option<u32>) -> Encoder<'a> {
        Encoder {
            layout,
            residue,
            out: Vec::with_capacity(to_usize(layout.program.fixed_end)),
            length: 0,
            place: Place::new(&layout.program),
            covered: 0,
            given: Vec::new(),
            far: Vec::new(),
            said: Vec::new(),
            residue_of_places: residue.keys().any(|path| path.contains(['(', '@'])),
            most: most.map_or(usize::MAX, to_usize),
        }
    }

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
    #[inline]
    fn bytes(&mut self, start: usize, len: usize) -> &mut [u8] {
        let end = start.saturating_add(len);
        self.make(end);
        self.out.get_mut(start..end).unwrap_or_default()
    }

    /// Makes the bytes to a place.
    #[inline]
    fn make(&mut self, end: usize) {
        if self.out.len() < end {
            self.grow(end);
        }
    }

    #[inline(never)]
    fn grow(&mut self, end: usize) {
        self.out.resize(end, self.layout.page.blank());
    }

    fn put(&mut self, start: usize, bytes: &[u8]) {
        self.bytes(start, bytes.len()).copy_from_slice(bytes);
    }

    fn finish(mut self) -> Vec<u8> {
        let number = |bytes: &Vec<u8>| {
            <[u8; 4]>::try_from(bytes.as_slice())
                .ok()
                .map(u32::from_be_bytes)
        };
        let whole = match self.place.lost {
            true => self.length,
            false => self.length.max(self.place.fixed_end(&self.layout.program)),
        };
        let short = self.residue.get("@length").and_then(number).map(to_usize);
        let length = match short {
            Some(length) if length < whole && length >= self.covered => length,
            _ => whole,
        };
        self.out.resize(length, self.layout.page.blank());
        if self.residue.is_empty() {
            return self.out;
        }
        if let Some(beyond) = self
            .residue
            .get(&format!("@{whole}"))
            .filter(|_| length == whole && !self.place.lost)
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
        let is_known = |name: &str| {
            let found = self.layout.labels.find(&self.layout.fields, group, name);
            found.is_some()
        };
        // Most often the members come in the layout's own order.
        let mut next = labels();
        let unknown = values
            .iter()
            .find(|(name, _)| next.next() != Some(*name) && !is_known(name));
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
        // Choices, each with what the tables before it lack.
        let mut late: Vec<(&Choice, usize)> = Vec::new();
        let mut lookup = Lookup::new(values);
        let mut at = from;
        while let Some(op) = layout.program.ops.get(at).filter(|_| at < to) {
            let mut value = |id: u32| lookup.get(self.field(id).label());
            let here = at;
            at = at.saturating_add(1);
            match op {
                Op::Choice { choice, end } => {
                    at = to_usize(*end);
                    let shift = self.place.shift;
                    match layout.program.choices.get(to_usize(*choice)) {
                        Some(choice) if choice.late => late.push((choice, shift)),
                        Some(choice) => self.choice(choice, shift, values, frame)?,
                        None => {}
                    }
                }
                Op::Array { table, end } => {
                    at = to_usize(*end);
                    if let Some(table) = layout.program.tables.get(to_usize(*table)) {
                        let value = value(table.field);
                        self.array(table, here.saturating_add(1), at, value, frame)?;
                    }
                }
                Op::Mark { slot, offset } => {
                    let start = self.place.start(frame, *offset);
                    self.place.mark(*slot, start);
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
                Op::Varying(leaf) => {
                    if let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) {
                        self.varying(leaf, value(leaf.field), frame)?;
                    }
                }
                Op::GroupEnd { .. } => {}
                Op::Gap { offset, len, fill } => {
                    let start = self.place.start(frame, *offset);
                    self.gap(start, to_usize(*len), *fill);
                }
            }
            if self.place.lost {
                break;
            }
        }
        for (choice, shift) in late {
            self.choice(choice, shift, values, frame)?;
        }
        Ok(())
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

    /// Bytes of no field.
    fn gap(&mut self, start: usize, len: usize, fill: u8) {
        self.bytes(start, len).fill(fill);
        if self.residue.is_empty() {
            return;
        }
        if let Some(bytes) = self
            .residue
            .get(&format!("@{start}"))
            .filter(|bytes| bytes.len() <= len)
        {
            self.put(start, bytes);
        }
    }
}

#[cfg(test)]
mod tests;
