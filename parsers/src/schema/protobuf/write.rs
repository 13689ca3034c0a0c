//! A walk to Protobuf's wire format, straight into the caller's buffer.

use std::collections::BTreeMap;

use super::model::{Enum, FieldOf, Kind, Message};
use crate::decimal::Decimal;
use crate::error::{FieldError, FieldErrorKind};
use crate::layout::{Field, Layout, to_usize};
use crate::schema::shape::{Member, What};
use crate::schema::wire::{behind_length, proto_length, set_length, varint};
use crate::schema::{Invalid, Scalar};
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

/// What the writer knows of each field, by its id.
#[derive(Debug)]
pub(super) struct Plan {
    slots: Vec<Slot>,
    /// Numbers of the names of fields that are enums, by the field's id.
    enums: BTreeMap<u32, Vec<u32>>,
    invalid: Invalid,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// What stands before the value, or before each occurrence.
    tag: u32,
    /// The same of the value in an occurrence that may have none.
    inner: u32,
    form: Form,
    optional: bool,
    scalar: Scalar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Left out where it is the default.
    Plain,
    /// Written where there is a value.
    Optional,
    /// An occurrence among others behind one tag.
    Packed,
    /// An occurrence with a tag of its own.
    Repeated,
    /// An occurrence in a message of its own.
    Wrapped,
}

const NO_SLOT: Slot = Slot {
    tag: 0,
    inner: 0,
    form: Form::Optional,
    optional: false,
    scalar: Scalar::String,
};

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;

fn wire(kind: &Kind) -> u32 {
    match kind {
        Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Enum(_) => VARINT,
        Kind::Double => FIXED64,
        Kind::String | Kind::Bytes | Kind::Message(_) => LENGTH,
    }
}

impl Plan {
    pub(super) fn new(
        layout: &Layout,
        members: &[Member<'_>],
        message: &Message,
        invalid: Invalid,
    ) -> Plan {
        let mut plan = Plan {
            slots: vec![NO_SLOT; layout.fields().count()],
            enums: BTreeMap::new(),
            invalid,
        };
        plan.group(members, message);
        plan
    }

    fn group(&mut self, members: &[Member<'_>], message: &Message) {
        for (member, field) in members.iter().zip(&message.fields) {
            let nested = |name: &str| message.nested.iter().find(|nested| nested.name == name);
            let scalar = match (&member.what, &field.kind) {
                (What::Group(members), Kind::Message(name)) => {
                    if let Some(message) = nested(name) {
                        self.group(members, message);
                    }
                    Scalar::String
                }
                (What::Scalar(scalar), _) => *scalar,
                (What::Group(_), _) => Scalar::String,
            };
            let one = enum_of(member, field, message);
            let item = match one {
                Some(one) => {
                    let numbers = one.values.iter().skip(1).map(|(_, number)| *number);
                    self.enums.insert(member.field.id(), numbers.collect());
                    Kind::Enum(one.name.clone())
                }
                None => Kind::of(scalar),
            };
            let is_scalar = matches!(member.what, What::Scalar(_));
            let form = if member.is_table() {
                if member.item_optional {
                    Form::Wrapped
                } else if is_scalar && wire(&item) != LENGTH {
                    Form::Packed
                } else {
                    Form::Repeated
                }
            } else if member.optional || !is_scalar {
                Form::Optional
            } else {
                Form::Plain
            };
            let outer = match form {
                Form::Plain | Form::Optional => wire(&field.kind),
                Form::Packed | Form::Repeated | Form::Wrapped => LENGTH,
            };
            let inner_number = match (&field.kind, form) {
                (Kind::Message(name), Form::Wrapped) => nested(name)
                    .and_then(|item| item.fields.first())
                    .map_or(1, |value| value.number),
                _ => 1,
            };
            if let Some(slot) = self.slots.get_mut(to_usize(member.field.id())) {
                *slot = Slot {
                    tag: (field.number << 3) | outer,
                    inner: (inner_number << 3) | wire(&item),
                    form,
                    optional: member.optional && !member.is_table(),
                    scalar,
                };
            }
        }
    }
}

/// The enum of a field's values, or of those in the message around each.
fn enum_of<'m>(member: &Member<'_>, field: &FieldOf, message: &'m Message) -> Option<&'m Enum> {
    if !member.field.is_enum() {
        return None;
    }
    match &field.kind {
        Kind::Enum(name) => message.enums.iter().find(|one| one.name == *name),
        Kind::Message(item) => {
            let item = message.nested.iter().find(|nested| nested.name == *item)?;
            item.enums.first()
        }
        _ => None,
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
        open: Vec::new(),
        tables: Vec::new(),
        fault: None,
    };
    let done = layout.walk(record, &mut writer).and_then(|()| {
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

/// What to do about a length of zero.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    /// A message without fields is there.
    Keep,
    /// A table without occurrences is not.
    LeaveOut,
}

struct Writer<'p, 'o> {
    plan: &'p Plan,
    out: &'o mut Vec<u8>,
    /// Messages and packed tables that are open, innermost last: where the tag and where the length is.
    open: Vec<(usize, usize)>,
    /// Tables that are open, innermost last.
    tables: Vec<u32>,
    /// The first value that the schema has no room for.
    fault: Option<(u32, &'static str)>,
}

impl Writer<'_, '_> {
    #[inline]
    fn slot(&self, field: &Field) -> Slot {
        self.plan
            .slots
            .get(to_usize(field.id()))
            .copied()
            .unwrap_or(NO_SLOT)
    }

    /// A value, with what stands before it.
    #[inline]
    fn put(&mut self, slot: Slot, is_default: bool, write: impl FnOnce(&mut Vec<u8>)) {
        match slot.form {
            Form::Plain if is_default => {}
            Form::Plain | Form::Optional | Form::Repeated => {
                varint(u64::from(slot.tag), self.out);
                write(self.out);
            }
            Form::Packed => write(self.out),
            Form::Wrapped => {
                varint(u64::from(slot.tag), self.out);
                behind_length(self.out, 0, proto_length, |out| {
                    varint(u64::from(slot.inner), out);
                    write(out);
                });
            }
        }
    }

    #[inline]
    fn whole(&mut self, slot: Slot, value: i64) {
        self.put(slot, value == 0, |out| varint(value.cast_unsigned(), out));
    }

    fn open(&mut self, tag: u32) {
        let start = self.out.len();
        varint(u64::from(tag), self.out);
        self.open.push((start, self.out.len()));
        self.out.push(0);
    }

    fn close(&mut self, empty: Empty) {
        let Some((start, at)) = self.open.pop() else {
            return;
        };
        let length = self.out.len().saturating_sub(at).saturating_sub(1);
        if length == 0 && empty == Empty::LeaveOut {
            self.out.truncate(start);
        } else {
            set_length(self.out, at, 1, proto_length(length));
        }
    }

    /// The number of a name in its enum.
    fn symbol(&mut self, field: &Field, slot: Slot, text: Text<'_>) {
        let plan = self.plan;
        let number = text.as_decoded().and_then(|name| {
            let numbers = plan.enums.get(&field.id())?;
            let mut known = field.names().iter().zip(numbers);
            known.find(|(known, _)| *known == name)
        });
        match number {
            Some((_, number)) => self.whole(slot, i64::from(*number)),
            None => self.cannot(field, "a text that is none of its names"),
        }
    }

    #[cold]
    fn cannot(&mut self, field: &Field, reason: &'static str) {
        self.fault.get_or_insert((field.id(), reason));
    }
}

impl Visitor for Writer<'_, '_> {
    fn group_start(&mut self, field: &Field) {
        let slot = self.slot(field);
        self.open(slot.tag);
    }

    fn group_end(&mut self, _: &Field) {
        self.close(Empty::Keep);
    }

    fn array_start(&mut self, field: &Field, _: usize) {
        let slot = self.slot(field);
        self.tables.push(field.id());
        if slot.form == Form::Packed {
            self.open(slot.tag);
        }
    }

    fn array_end(&mut self, field: &Field) {
        self.tables.pop();
        if self.slot(field).form == Form::Packed {
            self.close(Empty::LeaveOut);
        }
    }

    #[inline]
    fn text(&mut self, field: &Field, text: Text<'_>) {
        let slot = self.slot(field);
        if field.is_enum() {
            return self.symbol(field, slot, text);
        }
        self.put(slot, text.is_empty(), |out| {
            behind_length(out, text.raw().len(), proto_length, |out| {
                text.push_utf8(out);
            });
        });
    }

    #[inline]
    fn number(&mut self, field: &Field, number: Number<'_>) {
        let slot = self.slot(field);
        match slot.scalar {
            Scalar::Int16 | Scalar::Int32 | Scalar::Int64 => {
                match slot.scalar.unscaled_i64(number) {
                    Some(value) => self.whole(slot, value),
                    None => self.cannot(field, "the number has more digits than its schema"),
                }
            }
            scalar if number.scale() == i32::from(scalar.scale()) => {
                self.put(slot, false, |out| {
                    behind_length(out, 1, proto_length, |out| number.push_json(out));
                });
            }
            scalar => match scalar.unscaled(number) {
                Some(value) => {
                    let text = Decimal::new(value, i32::from(scalar.scale())).to_string();
                    self.put(slot, false, |out| {
                        varint(proto_length(text.len()), out);
                        out.extend_from_slice(text.as_bytes());
                    });
                }
                None => self.cannot(field, "the number has more digits than its schema"),
            },
        }
    }

    fn float(&mut self, field: &Field, value: f64) {
        let slot = self.slot(field);
        self.put(slot, value.to_bits() == 0, |out| {
            out.extend_from_slice(&value.to_le_bytes());
        });
    }

    fn date(&mut self, field: &Field, date: Date) {
        let slot = self.slot(field);
        self.whole(slot, i64::from(date.days_since_epoch()));
    }

    fn time(&mut self, field: &Field, time: Time) {
        let slot = self.slot(field);
        match slot.scalar {
            Scalar::Time(unit) => self.whole(slot, unit.time(time)),
            _ => self.cannot(field, "a time in a schema that has none here"),
        }
    }

    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        let slot = self.slot(field);
        match slot.scalar {
            Scalar::Timestamp(unit) => match unit.timestamp(timestamp) {
                Some(units) => self.whole(slot, units),
                None => self.cannot(field, "the timestamp is beyond its schema"),
            },
            _ => {
                let text = timestamp.to_string();
                self.put(slot, false, |out| {
                    varint(proto_length(text.len()), out);
                    out.extend_from_slice(text.as_bytes());
                });
            }
        }
    }

    fn flag(&mut self, field: &Field, value: bool) {
        let slot = self.slot(field);
        self.put(slot, !value, |out| out.push(u8::from(value)));
    }

    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        let slot = self.slot(field);
        self.put(slot, bytes.is_empty(), |out| {
            varint(proto_length(bytes.len()), out);
            out.extend_from_slice(bytes);
        });
    }

    fn null(&mut self, field: &Field) {
        let slot = self.slot(field);
        match slot.form {
            Form::Wrapped => {
                varint(u64::from(slot.tag), self.out);
                self.out.push(0);
            }
            _ if slot.optional => {}
            _ => self.cannot(field, "wanted a value, got none"),
        }
    }

    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        if self.plan.invalid == Invalid::Fail {
            return Err(error);
        }
        // Nothing is no value; but an occurrence that is nothing keeps its place among the others.
        if self.tables.last() == Some(&field.id()) && self.slot(field).form == Form::Wrapped {
            self.null(field);
        }
        Ok(())
    }
}
