//! The Debezium envelope: what changed, before and after, with its source block.
//!
//! Field order, names and versions are those of Debezium 3 (`io.debezium.data.Envelope`): `before`, `after`, `source`,
//! `transaction`, `op`, `ts_ms`, `ts_us`, `ts_ns`. An update always has its `before`: Flink's debezium format fails the
//! job on one without.

use std::sync::Arc;

use crate::source::clock_fields;
use crate::{Datum, Error, Field, Schema, Type};

/// What happened to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Read in a snapshot: `r`.
    Read,
    /// Created: `c`.
    Create,
    /// Updated: `u`.
    Update,
    /// Deleted: `d`. A tombstone (same key, null value) follows it.
    Delete,
}

impl Op {
    /// The letter in the event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "r",
            Self::Create => "c",
            Self::Update => "u",
            Self::Delete => "d",
        }
    }
}

/// The schemas of one topic's values.
#[derive(Clone, Debug)]
pub struct EnvelopeSchema {
    envelope: Arc<Schema>,
}

impl EnvelopeSchema {
    /// The envelope around `value` (a struct) for that topic. `value` is renamed `<topic>.Value` and made optional; the
    /// envelope is `<topic>.Envelope`, version 2.
    ///
    /// # Errors
    /// When `value` or `source` is no struct, or nests too deep.
    pub fn new(topic: &str, value: &Schema, source: Arc<Schema>) -> Result<Self, Error> {
        must_be_struct("value", value)?;
        must_be_struct("source", &source)?;
        let value = Arc::new(value.clone().named(format!("{topic}.Value")).optional());
        let transaction = Schema::structure(vec![
            Field::new("id", Schema::string()),
            Field::new("total_order", Schema::int64()),
            Field::new("data_collection_order", Schema::int64()),
        ])?;
        let envelope = Schema::structure(vec![
            Field::new("before", Arc::clone(&value)),
            Field::new("after", value),
            Field::new("source", source),
            Field::new(
                "transaction",
                transaction.named("event.block").version(1).optional(),
            ),
            Field::new("op", Schema::string()),
            Field::new("ts_ms", Schema::int64().optional()),
            Field::new("ts_us", Schema::int64().optional()),
            Field::new("ts_ns", Schema::int64().optional()),
        ])?;
        Ok(Self {
            envelope: Arc::new(envelope.named(format!("{topic}.Envelope")).version(2)),
        })
    }

    /// The schema of the whole value: what a converter is made for.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.envelope
    }
}

/// The schema of a topic's keys: a struct `<topic>.Key` of the key fields, never null.
///
/// # Errors
/// When there is no field, a field is optional, or two have one name: a null in a key could not be told from another.
pub fn key_schema(topic: &str, fields: Vec<Field>) -> Result<Arc<Schema>, Error> {
    if fields.is_empty() {
        return Err(Error::schema("wanted at least one key field, got none"));
    }
    if let Some(field) = fields.iter().find(|field| field.schema().is_optional()) {
        return Err(
            Error::schema("wanted a key field that is never null, got an optional one")
                .in_field(field.name()),
        );
    }
    Ok(Arc::new(
        Schema::structure(fields)?.named(format!("{topic}.Key")),
    ))
}

fn must_be_struct(what: &str, schema: &Schema) -> Result<(), Error> {
    if matches!(schema.ty(), Type::Struct(_)) {
        return Ok(());
    }
    Err(Error::schema(format!(
        "wanted a struct as the envelope's {what}, got {}",
        schema.ty().connect_name()
    )))
}

/// One change. Which of `before` and `after` there are follows from how it is made, so a change can't be half.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    before: Datum,
    after: Datum,
    source: Datum,
    op: Op,
    ts_ns: i64,
}

impl Envelope {
    /// A record found by a snapshot. `ts_ns`, here and below: when the event was made, in nanoseconds since
    /// 1970-01-01T00:00:00Z (when the change happened is in the source block).
    #[must_use]
    pub fn read(after: Datum, source: Datum, ts_ns: i64) -> Self {
        Self {
            before: Datum::Null,
            after,
            source,
            op: Op::Read,
            ts_ns,
        }
    }

    /// A new record.
    #[must_use]
    pub fn create(after: Datum, source: Datum, ts_ns: i64) -> Self {
        Self {
            before: Datum::Null,
            after,
            source,
            op: Op::Create,
            ts_ns,
        }
    }

    /// A changed record.
    #[must_use]
    pub fn update(before: Datum, after: Datum, source: Datum, ts_ns: i64) -> Self {
        Self {
            before,
            after,
            source,
            op: Op::Update,
            ts_ns,
        }
    }

    /// A record that is gone. Send a tombstone (the key, no value) after it.
    #[must_use]
    pub fn delete(before: Datum, source: Datum, ts_ns: i64) -> Self {
        Self {
            before,
            after: Datum::Null,
            source,
            op: Op::Delete,
            ts_ns,
        }
    }

    /// What happened.
    #[must_use]
    pub fn op(&self) -> Op {
        self.op
    }

    /// The record before the change; null for a read or created one.
    #[must_use]
    pub fn before(&self) -> &Datum {
        &self.before
    }

    /// The record after the change; null for a deleted one.
    #[must_use]
    pub fn after(&self) -> &Datum {
        &self.after
    }

    /// The value of the event: fits [`EnvelopeSchema::schema`] when `before`, `after` and `source` fit theirs.
    ///
    /// # Errors
    /// When the `before` or `after` which this kind of change must have is null: consumers fail on such an event.
    pub fn into_datum(self) -> Result<Datum, Error> {
        let missing = |side: &str| {
            Error::datum(format!(
                "wanted a record on an event with op {}, got null",
                self.op.as_str()
            ))
            .in_field(side)
        };
        if self.before == Datum::Null && matches!(self.op, Op::Update | Op::Delete) {
            return Err(missing("before"));
        }
        if self.after == Datum::Null && !matches!(self.op, Op::Delete) {
            return Err(missing("after"));
        }
        let (ts_ms, ts_us, ts_ns) = clock_fields(self.ts_ns);
        let op = OPS.with(|texts| {
            let known = [Op::Read, Op::Create, Op::Update, Op::Delete]
                .iter()
                .zip(texts)
                .find(|(op, _)| **op == self.op);
            known.map_or_else(|| self.op.as_str().into(), |(_, text)| text.clone())
        });
        Ok(Datum::Struct(vec![
            self.before,
            self.after,
            self.source,
            Datum::Null,
            op,
            ts_ms,
            ts_us,
            ts_ns,
        ]))
    }
}

thread_local! {
    // The four letters, made once: a text of a datum is shared.
    static OPS: [Datum; 4] = [Op::Read, Op::Create, Op::Update, Op::Delete].map(|op| op.as_str().into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic() -> EnvelopeSchema {
        let value = Schema::structure(vec![Field::new("id", Schema::int32())]).unwrap();
        let source = Schema::structure(vec![]).unwrap();
        EnvelopeSchema::new("t", &value, source.into()).unwrap()
    }

    fn record(id: i32) -> Datum {
        Datum::Struct(vec![id.into()])
    }

    #[test]
    fn each_op_fits_the_schema() {
        let source = || Datum::Struct(vec![]);
        for envelope in [
            Envelope::read(record(1), source(), 1),
            Envelope::create(record(1), source(), 1),
            Envelope::update(record(1), record(2), source(), 1),
            Envelope::delete(record(1), source(), 1),
        ] {
            topic()
                .schema()
                .check(&envelope.into_datum().unwrap())
                .unwrap();
        }
    }

    #[test]
    fn an_update_without_its_before_is_refused() {
        let error = Envelope::update(Datum::Null, record(1), Datum::Struct(vec![]), 0)
            .into_datum()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "field before: wanted a record on an event with op u, got null"
        );
    }

    #[test]
    fn a_key_is_never_null() {
        let fields = vec![Field::new("id", Schema::int32().optional())];
        let error = key_schema("t", fields).unwrap_err();
        assert_eq!(
            error.to_string(),
            "field id: wanted a key field that is never null, got an optional one"
        );
        assert_eq!(
            key_schema("t", vec![]).unwrap_err().to_string(),
            "wanted at least one key field, got none"
        );
    }
}
