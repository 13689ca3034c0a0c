//! Record bytes to event data: a layout's fields as a Connect schema, a record as a datum of it.
//!
//! In: a layout, records. Out: a schema once; per record a datum or what is wrong with it. Pure. Numbers keep every digit: what fits an integer is one,
//! everything else is a decimal.

mod build;

use std::sync::Arc;

use event::{Datum, Field as SchemaField, Schema};
use parsers::schema::{Scalar, TimeUnit};
use parsers::{Field, FieldError, FieldKind, Layout};

use crate::error::{Error, ErrorKind, Result};
use build::{Builder, KeyBuilder, NullKeys};

/// Why a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRecord {
    /// The field's path, when one is to blame.
    pub(crate) field: Option<String>,
    /// Its offset in the record.
    pub(crate) field_offset: Option<u64>,
    /// Its first bytes.
    pub(crate) field_hex: Option<String>,
    /// A word to count by.
    pub(crate) kind: &'static str,
    /// What was wanted and what came; may show bytes of the record.
    pub(crate) reason: String,
}

impl BadRecord {
    pub(crate) fn duplicate_key() -> Self {
        Self {
            field: None,
            field_offset: None,
            field_hex: None,
            kind: "duplicate-key",
            reason: "a later record of the generation has the same key".to_owned(),
        }
    }

    fn null_key(field: &Field, start: usize) -> Self {
        Self {
            field: Some(field.path().to_owned()),
            field_offset: u64::try_from(start).ok(),
            field_hex: None,
            kind: "null-key",
            reason: "a key field has no value".to_owned(),
        }
    }

    /// What is wrong without a byte of the record: for logs, status and holds.
    pub(crate) fn without_contents(&self) -> String {
        let field = self
            .field
            .as_deref()
            .map_or_else(|| "record".to_owned(), |field| format!("field {field}"));
        let offset = self
            .field_offset
            .map_or_else(String::new, |offset| format!(" at byte {offset}"));
        format!("{field}{offset}: {}", self.kind)
    }
}

impl From<FieldError> for BadRecord {
    fn from(error: FieldError) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            field: text(error.path()),
            field_offset: error.offset().and_then(|offset| u64::try_from(offset).ok()),
            field_hex: text(&error.hex()),
            kind: error.kind().name(),
            reason: error.reason().to_owned(),
        }
    }
}

/// Reads keys and finds faults; makes nothing of the values.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    layout: &'a Layout,
    /// Whether a key field may be null: then each key is looked at for that.
    null_keys: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        Self {
            layout,
            null_keys: layout.key_fields().any(Field::is_nullable),
        }
    }

    /// Appends the canonical key.
    pub(crate) fn write_key(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), BadRecord> {
        self.layout.write_key(record, out)?;
        if self.null_keys {
            let mut nulls = NullKeys::default();
            self.layout.walk_key(record, &mut nulls)?;
            if let Some(bad) = nulls.found {
                return Err(bad);
            }
        }
        Ok(())
    }

    /// What is wrong with the first field that does not decode, if one does not.
    pub(crate) fn body_fault(&self, record: &[u8]) -> Option<BadRecord> {
        self.layout.validate(record).err().map(BadRecord::from)
    }
}

/// Makes data of records.
#[derive(Debug)]
pub(crate) struct Decoder {
    layout: Arc<Layout>,
    schema: Schema,
    key_fields: Vec<SchemaField>,
    /// Per field id its place in the group around it; `None` for what no output shows.
    places: Vec<Option<usize>>,
    /// Per field id the number of members, for groups.
    members: Vec<usize>,
    /// Members of the record itself.
    width: usize,
    /// Per field id its place in the key.
    key_places: Vec<Option<usize>>,
}

impl Decoder {
    pub(crate) fn new(layout: Arc<Layout>) -> Result<Self> {
        let count = layout.fields().count();
        let mut tree = Tree {
            layout: &layout,
            places: vec![None; count],
            members: vec![0; count],
        };
        let (schema, width) = tree.group(None)?;
        let (places, members) = (tree.places, tree.members);
        let mut key_places = vec![None; count];
        let mut key_schema = Vec::new();
        for (place, field) in layout.key_fields().enumerate() {
            if let Some(slot) = index(&mut key_places, field) {
                *slot = Some(place);
            }
            key_schema.push(SchemaField::new(field.label(), scalar(field)));
        }
        Ok(Self {
            layout,
            schema,
            key_fields: key_schema,
            places,
            members,
            width,
            key_places,
        })
    }

    /// What it decodes by.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The schema of a record, without a name.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The fields of the key, in its order.
    pub(crate) fn key_fields(&self) -> &[SchemaField] {
        &self.key_fields
    }

    /// A record as a datum of the schema.
    pub(crate) fn value(&self, record: &[u8]) -> Result<Datum, BadRecord> {
        let mut builder = Builder {
            decoder: self,
            stack: Vec::with_capacity(8),
            text: String::new(),
        };
        builder.stack.push(vec![Datum::Null; self.width]);
        self.layout.walk(record, &mut builder)?;
        Ok(Datum::Struct(builder.stack.pop().unwrap_or_default()))
    }

    /// A record's key as a datum of the key's schema.
    pub(crate) fn key(&self, record: &[u8]) -> Result<Datum, BadRecord> {
        let mut builder = KeyBuilder {
            decoder: self,
            values: vec![Datum::Null; self.key_fields.len()],
        };
        self.layout.walk_key(record, &mut builder)?;
        Ok(Datum::Struct(builder.values))
    }

    pub(crate) fn key_fault(&self, record: &[u8]) -> Option<BadRecord> {
        Reader::new(&self.layout)
            .write_key(record, &mut Vec::new())
            .err()
    }

    pub(crate) fn body_fault(&self, record: &[u8]) -> Option<BadRecord> {
        Reader::new(&self.layout).body_fault(record)
    }
}

fn index<'v, T>(values: &'v mut [T], field: &Field) -> Option<&'v mut T> {
    usize::try_from(field.id())
        .ok()
        .and_then(|id| values.get_mut(id))
}

fn at<T: Copy>(values: &[T], field: &Field) -> Option<T> {
    usize::try_from(field.id())
        .ok()
        .and_then(|id| values.get(id))
        .copied()
}

/// Goes through the fields once to make the schema.
struct Tree<'a> {
    layout: &'a Layout,
    places: Vec<Option<usize>>,
    members: Vec<usize>,
}

impl Tree<'_> {
    fn group(&mut self, group: Option<&Field>) -> Result<(Schema, usize)> {
        let mut members = Vec::new();
        for field in self
            .layout
            .members(group)
            .filter(|field| !field.is_hidden())
        {
            if let Some(place) = index(&mut self.places, field) {
                *place = Some(members.len());
            }
            let mut schema = match field.kind() {
                FieldKind::Group => {
                    let (schema, width) = self.group(Some(field))?;
                    if let Some(members) = index(&mut self.members, field) {
                        *members = width;
                    }
                    schema
                }
                _ => scalar(field),
            };
            let missing =
                field.is_variant() || (field.is_nullable() && field.kind() != FieldKind::Group);
            if field.occurs().is_some() {
                // An element is null where its own bytes say so; the table itself only where another view holds.
                if field.is_nullable() {
                    schema = schema.optional();
                }
                schema = Schema::array(schema).map_err(no_schema)?;
                if field.is_variant() {
                    schema = schema.optional();
                }
            } else if missing {
                schema = schema.optional();
            }
            members.push(SchemaField::new(field.label(), described(schema, field)));
        }
        let width = members.len();
        Ok((Schema::structure(members).map_err(no_schema)?, width))
    }
}

fn described(schema: Schema, field: &Field) -> Schema {
    match field.description() {
        Some(text) => schema.doc(text),
        None => schema,
    }
}

fn no_schema(error: event::Error) -> Error {
    Error::new(ErrorKind::Config, "the copybook has no event schema").with_source(error)
}

/// The Connect type of a field's values. The mapping is the layout's own, so that what `parsers` writes straight from
/// record bytes has the same schema.
fn scalar(field: &Field) -> Schema {
    match Scalar::of(field) {
        Some(Scalar::Boolean) => Schema::boolean(),
        Some(Scalar::Int16) => Schema::int16(),
        Some(Scalar::Int32) => Schema::int32(),
        Some(Scalar::Int64) => Schema::int64(),
        Some(Scalar::Decimal { precision, scale }) => {
            event::decimal::schema(u32::from(precision), i32::from(scale))
        }
        Some(Scalar::Double) => Schema::float64(),
        Some(Scalar::Date) => event::time::date(),
        Some(Scalar::Time(TimeUnit::Milli)) => event::time::time(),
        Some(Scalar::Time(TimeUnit::Micro)) => event::time::micro_time(),
        Some(Scalar::Time(TimeUnit::Nano)) => event::time::nano_time(),
        Some(Scalar::Timestamp(TimeUnit::Milli)) => event::time::timestamp(),
        Some(Scalar::Timestamp(TimeUnit::Micro)) => event::time::micro_timestamp(),
        Some(Scalar::Timestamp(TimeUnit::Nano)) => event::time::nano_timestamp(),
        Some(Scalar::Bytes) => Schema::bytes(),
        _ => Schema::string(),
    }
}

#[cfg(test)]
mod tests;
