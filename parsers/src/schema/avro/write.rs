//! A walk to Avro's binary encoding, straight into the caller's buffer.
//!
//! Avro writes the members of a record in the order of its schema and leaves none out. The walk comes in the same
//! order but skips views that do not hold; the writer knows the member it expects, and writes null for those between.

use crate::error::{FieldError, FieldErrorKind};
use crate::layout::{Field, Layout, to_usize};
use crate::schema::shape::{Member, What};
use crate::schema::wire::{avro_length, behind_length, long, minimal_i64, minimal_i128, varint};
use crate::schema::{Invalid, Scalar};
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

use super::{Annotations, AvroOptions};

/// What the writer knows of each field, by its id.
#[derive(Debug)]
pub(super) struct Plan {
    slots: Vec<Slot>,
    /// Of the members of all groups, one group after the other: may it be left out?
    optional: Vec<bool>,
    /// Members of the record itself.
    width: u32,
    invalid: Invalid,
    /// Names of level 88 entries are enums; with Connect's annotations they are texts.
    enums: bool,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Index into `optional`.
    place: u32,
    /// The members of a group: first, and one past the last.
    members: (u32, u32),
    optional: bool,
    item_optional: bool,
    scalar: Scalar,
    /// Not in the schema.
    absent: bool,
}

const ABSENT: Slot = Slot {
    place: 0,
    members: (0, 0),
    optional: false,
    item_optional: false,
    scalar: Scalar::String,
    absent: true,
};

impl Plan {
    pub(super) fn new(layout: &Layout, members: &[Member<'_>], options: &AvroOptions) -> Plan {
        let mut plan = Plan {
            slots: vec![ABSENT; layout.fields().count()],
            optional: Vec::new(),
            width: 0,
            invalid: options.invalid,
            enums: options.annotations == Annotations::Avro,
        };
        plan.width = plan.group(members).1;
        plan
    }

    fn group(&mut self, members: &[Member<'_>]) -> (u32, u32) {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let first = count(self.optional.len());
        self.optional
            .extend(members.iter().map(|member| member.optional));
        let end = count(self.optional.len());
        for (place, member) in (first..end).zip(members) {
            let (inner, scalar) = match &member.what {
                What::Group(members) => (self.group(members), Scalar::String),
                What::Scalar(scalar) => ((0, 0), *scalar),
            };
            if let Some(slot) = self.slots.get_mut(to_usize(member.field.id())) {
                *slot = Slot {
                    place,
                    members: inner,
                    optional: member.optional,
                    item_optional: member.item_optional,
                    scalar,
                    absent: false,
                };
            }
        }
        (first, end)
    }
}

/// Appends one record; on an error `out` is as it was.
pub(super) fn write(
    plan: &Plan,
    layout: &Layout,
    record: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), FieldError> {
    let start = out.len();
    let mut writer = Writer {
        plan,
        out,
        next: 0,
        open: Vec::new(),
        tables: Vec::new(),
        fault: None,
    };
    let done = layout.walk(record, &mut writer).and_then(|()| {
        writer.skip_to(plan.width);
        writer.fault.take().map_or(Ok(()), |fault| {
            let path = layout.field(fault.0).map_or("", Field::path);
            Err(FieldError::of_value(FieldErrorKind::Type, path, fault.1))
        })
    });
    if done.is_err() {
        out.truncate(start);
    }
    done
}

struct Writer<'p, 'o> {
    plan: &'p Plan,
    out: &'o mut Vec<u8>,
    /// The member that comes next.
    next: u32,
    /// Of the groups around: the member that comes after, and where the group inside ends.
    open: Vec<(u32, u32)>,
    /// Tables that are open, innermost last.
    tables: Vec<u32>,
    /// The first value that the schema has no room for.
    fault: Option<(u32, &'static str)>,
}

/// Branches of a union with null, as Avro writes their index.
const NULL: u8 = 0;
const VALUE: u8 = 2;

impl Writer<'_, '_> {
    #[inline]
    fn slot(&self, field: &Field) -> Slot {
        self.plan
            .slots
            .get(to_usize(field.id()))
            .copied()
            .unwrap_or(ABSENT)
    }

    /// What stands before a value.
    #[inline]
    fn begin(&mut self, field: &Field) -> Slot {
        let slot = self.slot(field);
        let optional = if field.is_table() {
            slot.item_optional
        } else {
            self.arrive(slot.place, field);
            slot.optional
        };
        if optional {
            self.out.push(VALUE);
        }
        slot
    }

    /// Comes to a member, writing null for those before it.
    #[inline]
    fn arrive(&mut self, place: u32, field: &Field) {
        if place != self.next {
            self.skip_to(place);
            if place != self.next {
                self.cannot(field, "this view is not where the schema has it");
            }
        }
        self.next = place.saturating_add(1);
    }

    fn skip_to(&mut self, place: u32) {
        while self.next < place {
            let optional = self.plan.optional.get(to_usize(self.next));
            if optional != Some(&true) {
                let slots = self.plan.slots.iter().zip(0u32..);
                let id = slots
                    .filter(|(slot, _)| !slot.absent)
                    .find(|(slot, _)| slot.place == self.next)
                    .map_or(0, |(_, id)| id);
                self.fault.get_or_insert((id, "wanted a value, got none"));
            }
            self.out.push(NULL);
            self.next = self.next.saturating_add(1);
        }
    }

    /// The number of a name in its enum.
    fn symbol(&mut self, field: &Field, text: Text<'_>) {
        let names = field.names().iter();
        let of = |name: &str| names.zip(0i64..).find(|(known, _)| *known == name);
        match text.as_decoded().and_then(of) {
            Some((_, index)) => long(index, self.out),
            None => self.cannot(field, "a text that is none of its names"),
        }
    }

    #[cold]
    fn cannot(&mut self, field: &Field, reason: &'static str) {
        self.fault.get_or_insert((field.id(), reason));
    }

    fn decimal(&mut self, field: &Field, slot: Slot, number: Number<'_>) {
        if let Some(value) = slot.scalar.unscaled_i64(number) {
            let (bytes, from) = minimal_i64(value);
            let bytes = bytes.get(from..).unwrap_or_default();
            varint(avro_length(bytes.len()), self.out);
            self.out.extend_from_slice(bytes);
        } else if let Some(value) = slot.scalar.unscaled(number) {
            let (bytes, from) = minimal_i128(value);
            let bytes = bytes.get(from..).unwrap_or_default();
            varint(avro_length(bytes.len()), self.out);
            self.out.extend_from_slice(bytes);
        } else {
            self.cannot(field, "the number has more digits than its schema");
        }
    }
}

impl Visitor for Writer<'_, '_> {
    fn group_start(&mut self, field: &Field) {
        let slot = self.begin(field);
        self.open.push((self.next, slot.members.1));
        self.next = slot.members.0;
    }

    fn group_end(&mut self, _: &Field) {
        if let Some((next, end)) = self.open.pop() {
            self.skip_to(end);
            self.next = next;
        }
    }

    fn array_start(&mut self, field: &Field, len: usize) {
        let slot = self.slot(field);
        self.arrive(slot.place, field);
        if slot.optional {
            self.out.push(VALUE);
        }
        self.tables.push(field.id());
        if len > 0 {
            varint(avro_length(len), self.out);
        }
    }

    fn array_end(&mut self, _: &Field) {
        self.tables.pop();
        self.out.push(0);
    }

    #[inline]
    fn text(&mut self, field: &Field, text: Text<'_>) {
        self.begin(field);
        if self.plan.enums && field.is_enum() {
            return self.symbol(field, text);
        }
        behind_length(self.out, text.raw().len(), avro_length, |out| {
            text.push_utf8(out);
        });
    }

    #[inline]
    fn number(&mut self, field: &Field, number: Number<'_>) {
        let slot = self.begin(field);
        match slot.scalar {
            Scalar::Int16 | Scalar::Int32 | Scalar::Int64 => {
                match slot.scalar.unscaled_i64(number) {
                    Some(value) => long(value, self.out),
                    None => self.cannot(field, "the number has more digits than its schema"),
                }
            }
            _ => self.decimal(field, slot, number),
        }
    }

    fn float(&mut self, field: &Field, value: f64) {
        self.begin(field);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    fn date(&mut self, field: &Field, date: Date) {
        self.begin(field);
        long(i64::from(date.days_since_epoch()), self.out);
    }

    fn time(&mut self, field: &Field, time: Time) {
        let slot = self.begin(field);
        match slot.scalar {
            Scalar::Time(unit) => long(unit.time(time), self.out),
            _ => self.cannot(field, "a time in a schema that has none here"),
        }
    }

    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        let slot = self.begin(field);
        match slot.scalar {
            Scalar::Timestamp(unit) => match unit.timestamp(timestamp) {
                Some(units) => long(units, self.out),
                None => self.cannot(field, "the timestamp is beyond its schema"),
            },
            _ => {
                let text = timestamp.to_string();
                varint(avro_length(text.len()), self.out);
                self.out.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn flag(&mut self, field: &Field, value: bool) {
        self.begin(field);
        self.out.push(u8::from(value));
    }

    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.begin(field);
        varint(avro_length(bytes.len()), self.out);
        self.out.extend_from_slice(bytes);
    }

    fn null(&mut self, field: &Field) {
        let slot = self.slot(field);
        let optional = if field.is_table() {
            slot.item_optional
        } else {
            self.arrive(slot.place, field);
            slot.optional
        };
        if optional {
            self.out.push(NULL);
        } else {
            self.cannot(field, "wanted a value, got none");
        }
    }

    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        if self.plan.invalid == Invalid::Fail {
            return Err(error);
        }
        if field.is_hidden() {
            return Ok(());
        }
        if field.is_table() && self.tables.last() != Some(&field.id()) {
            // The table as a whole: its count is unknown, or the record ends before it.
            let slot = self.slot(field);
            self.arrive(slot.place, field);
            self.out.push(NULL);
        } else {
            self.null(field);
        }
        Ok(())
    }
}
