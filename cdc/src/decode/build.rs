//! The visitors that make data of a record's fields.

use event::Datum;
use parsers::schema::Scalar;
use parsers::{Date, Field, Number, Text, Time, Timestamp, Visitor};

use super::{BadRecord, Decoder, at};

/// A time in the unit of the field's schema, since midnight.
fn time_of_day(field: &Field, time: Time) -> Datum {
    match Scalar::of(field) {
        Some(Scalar::Time(unit)) => unit.time(time).into(),
        _ => Datum::Null,
    }
}

/// A timestamp in the unit of the field's schema, since 1970 and in no zone; text where that has no room.
fn instant(field: &Field, timestamp: Timestamp) -> Datum {
    match Scalar::of(field) {
        Some(Scalar::Timestamp(unit)) => unit.timestamp(timestamp).into(),
        _ => Datum::from(timestamp.to_string()),
    }
}

/// A number at its schema's scale; null, which no schema of a number then has room for, where that cannot be.
fn number(field: &Field, number: Number<'_>) -> Datum {
    match Scalar::of(field) {
        Some(scalar @ Scalar::Decimal { scale, .. }) => match scalar.unscaled(number) {
            Some(value) => event::Decimal::new(value, i32::from(scale)).into(),
            None => Datum::Null,
        },
        Some(scalar) => scalar.unscaled_i64(number).into(),
        None => Datum::Null,
    }
}

/// Builds the datum of a record: per open group or table the values so far.
pub(super) struct Builder<'a> {
    pub(super) decoder: &'a Decoder,
    pub(super) stack: Vec<Vec<Datum>>,
    pub(super) text: String,
}

impl Builder<'_> {
    /// A table's element goes to its end, a member to its place.
    fn put(&mut self, field: &Field, datum: Datum) {
        let Some(open) = self.stack.last_mut() else {
            return;
        };
        if field.occurs().is_some() && !matches!(datum, Datum::Array(_)) {
            open.push(datum);
        } else if let Some(place) = at(&self.decoder.places, field).flatten()
            && let Some(slot) = open.get_mut(place)
        {
            *slot = datum;
        }
    }
}

impl Visitor for Builder<'_> {
    fn group_start(&mut self, field: &Field) {
        self.stack.push(vec![
            Datum::Null;
            at(&self.decoder.members, field).unwrap_or(0)
        ]);
    }

    fn group_end(&mut self, field: &Field) {
        let members = self.stack.pop().unwrap_or_default();
        self.put(field, Datum::Struct(members));
    }

    fn array_start(&mut self, _: &Field, len: usize) {
        self.stack.push(Vec::with_capacity(len));
    }

    fn array_end(&mut self, field: &Field) {
        let elements = self.stack.pop().unwrap_or_default();
        self.put(field, Datum::Array(elements));
    }

    fn text(&mut self, field: &Field, text: Text<'_>) {
        self.text.clear();
        text.push_to(&mut self.text);
        let datum = Datum::from(self.text.as_str());
        self.put(field, datum);
    }

    fn number(&mut self, field: &Field, value: Number<'_>) {
        self.put(field, number(field, value));
    }

    fn float(&mut self, field: &Field, value: f64) {
        self.put(field, Datum::Float64(value));
    }

    fn date(&mut self, field: &Field, date: Date) {
        self.put(field, date.days_since_epoch().into());
    }

    fn time(&mut self, field: &Field, time: Time) {
        self.put(field, time_of_day(field, time));
    }

    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        self.put(field, instant(field, timestamp));
    }

    fn flag(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.put(field, bytes.to_vec().into());
    }

    fn null(&mut self, field: &Field) {
        self.put(field, Datum::Null);
    }
}

/// Builds the datum of a key.
pub(super) struct KeyBuilder<'a> {
    pub(super) decoder: &'a Decoder,
    pub(super) values: Vec<Datum>,
}

impl KeyBuilder<'_> {
    fn put(&mut self, field: &Field, datum: Datum) {
        if let Some(place) = at(&self.decoder.key_places, field).flatten()
            && let Some(slot) = self.values.get_mut(place)
        {
            *slot = datum;
        }
    }
}

impl Visitor for KeyBuilder<'_> {
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}

    fn text(&mut self, field: &Field, text: Text<'_>) {
        let mut characters = String::new();
        text.push_to(&mut characters);
        self.put(field, characters.into());
    }

    fn number(&mut self, field: &Field, value: Number<'_>) {
        self.put(field, number(field, value));
    }

    fn float(&mut self, field: &Field, value: f64) {
        self.put(field, Datum::Float64(value));
    }

    fn date(&mut self, field: &Field, date: Date) {
        self.put(field, date.days_since_epoch().into());
    }

    fn time(&mut self, field: &Field, time: Time) {
        self.put(field, time_of_day(field, time));
    }

    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        self.put(field, instant(field, timestamp));
    }

    fn flag(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.put(field, bytes.to_vec().into());
    }

    fn null(&mut self, _: &Field) {}
}

/// Looks for a key field without a value.
#[derive(Default)]
pub(super) struct NullKeys {
    pub(super) found: Option<BadRecord>,
    /// Where the record has the field that comes next.
    start: usize,
}

impl Visitor for NullKeys {
    const RAW: bool = true;

    fn raw(&mut self, _: &Field, start: usize, _: &[u8]) {
        self.start = start;
    }
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, _: Text<'_>) {}
    fn number(&mut self, _: &Field, _: Number<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: Date) {}
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, _: Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}

    fn null(&mut self, field: &Field) {
        self.found
            .get_or_insert_with(|| BadRecord::null_key(field, self.start));
    }
}
