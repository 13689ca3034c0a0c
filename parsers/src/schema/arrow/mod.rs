//! Arrow record batches and Parquet from records (feature `arrow`).
//!
//! In: a layout once, then records. Out: an Arrow schema, record batches, Parquet row groups in the caller's writer.
//! Decimals are `Decimal128` (38 digits) or `Decimal256`, dates `Date32`, times and timestamps without a zone, groups
//! structs, tables lists. Columns are filled straight from the bytes of records. Memory: the rows of one batch.

mod column;
mod parquet;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field as Column, Fields, Schema, SchemaRef, TimeUnit as Unit};

pub use parquet::{Parquet, ParquetError};
pub use rows::Rows;

use super::shape::{self, Member, What};
use super::{Invalid, Scalar, TimeUnit};
use crate::layout::{Layout, to_usize};

/// A layout prepared for Arrow.
#[derive(Debug, Clone)]
pub struct Arrow {
    schema: SchemaRef,
    plan: Arc<Plan>,
}

/// What filling columns needs to know, by the id of fields.
#[derive(Debug)]
struct Plan {
    slots: Vec<Option<Slot>>,
    /// Members of the record.
    members: Vec<u32>,
    invalid: Invalid,
}

#[derive(Debug)]
struct Slot {
    column: Arc<Column>,
    /// `None` for a group.
    scalar: Option<Scalar>,
    members: Vec<u32>,
    is_table: bool,
    /// The field, all of a table, may be null.
    optional: bool,
    /// An occurrence may be.
    item_optional: bool,
}

/// The name of the items of a list, as Parquet's specification has it.
const ITEM: &str = "element";

impl Arrow {
    /// Prepares a layout. With [`Invalid::Null`] every column may be null.
    pub fn new(layout: &Layout, invalid: Invalid) -> Arrow {
        let mut plan = Plan {
            slots: layout.fields().map(|_| None).collect(),
            members: Vec::new(),
            invalid,
        };
        let members = shape::of(layout, invalid);
        plan.members = ids(&members);
        let columns = plan.group(&members);
        Arrow {
            schema: Arc::new(Schema::new(columns)),
            plan: Arc::new(plan),
        }
    }

    /// The schema. Names are those of the JSON; descriptions, classes of personal data and COBOL names that differ are
    /// metadata of the columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Columns to fill with records of the layout.
    pub fn rows(&self) -> Rows {
        Rows::new(self)
    }
}

impl Plan {
    fn group(&mut self, members: &[Member<'_>]) -> Fields {
        let shown = members.iter().filter(|member| has_values(member));
        shown.map(|member| self.member(member)).collect()
    }

    fn member(&mut self, member: &Member<'_>) -> Arc<Column> {
        let (scalar, inner, kind) = match &member.what {
            What::Group(members) => {
                let columns = self.group(members);
                (None, ids(members), DataType::Struct(columns))
            }
            What::Scalar(scalar) => (Some(*scalar), Vec::new(), kind(*scalar)),
        };
        let kind = if member.is_table() {
            DataType::List(Arc::new(Column::new(ITEM, kind, member.item_optional)))
        } else {
            kind
        };
        let field = member.field;
        let column = Column::new(field.label(), kind, member.optional);
        let column = Arc::new(column.with_metadata(metadata(member)));
        if let Some(slot) = self.slots.get_mut(to_usize(field.id())) {
            *slot = Some(Slot {
                column: Arc::clone(&column),
                scalar,
                members: inner,
                is_table: member.is_table(),
                optional: member.optional,
                item_optional: member.item_optional,
            });
        }
        column
    }

    fn slot(&self, field: u32) -> Option<&Slot> {
        self.slots.get(to_usize(field))?.as_ref()
    }
}

/// False for a group of FILLERs: Parquet has no struct without members.
fn has_values(member: &Member<'_>) -> bool {
    match &member.what {
        What::Group(members) => members.iter().any(has_values),
        What::Scalar(_) => true,
    }
}

fn ids(members: &[Member<'_>]) -> Vec<u32> {
    let shown = members.iter().filter(|member| has_values(member));
    shown.map(|member| member.field.id()).collect()
}

fn metadata(member: &Member<'_>) -> HashMap<String, String> {
    let field = member.field;
    let mut metadata = HashMap::new();
    let mut put = |name: &str, value: &str| metadata.insert(name.to_owned(), value.to_owned());
    if let Some(text) = field.description() {
        put("description", text);
    }
    if let Some(pii) = field.pii() {
        put("pii", pii.as_str());
    }
    if field.label() != field.name() {
        put("cobol", field.name());
    }
    metadata
}

/// The type of a column.
fn kind(scalar: Scalar) -> DataType {
    let unit = |unit| match unit {
        TimeUnit::Milli => Unit::Millisecond,
        TimeUnit::Micro => Unit::Microsecond,
        TimeUnit::Nano => Unit::Nanosecond,
    };
    match scalar {
        Scalar::Boolean => DataType::Boolean,
        Scalar::Int16 => DataType::Int16,
        Scalar::Int32 => DataType::Int32,
        Scalar::Int64 => DataType::Int64,
        Scalar::Decimal { precision, scale } => {
            // At most 38 digits and the zeros of a P picture.
            let digits = u8::try_from(precision).unwrap_or(u8::MAX);
            let places = i8::try_from(scale).unwrap_or(i8::MAX);
            if precision <= column::DIGITS_128 {
                DataType::Decimal128(digits, places)
            } else {
                DataType::Decimal256(digits, places)
            }
        }
        Scalar::Double => DataType::Float64,
        Scalar::Date => DataType::Date32,
        Scalar::Time(TimeUnit::Milli) => DataType::Time32(Unit::Millisecond),
        Scalar::Time(parts) => DataType::Time64(unit(parts)),
        Scalar::Timestamp(parts) => DataType::Timestamp(unit(parts), None),
        Scalar::Bytes => DataType::Binary,
        Scalar::String => DataType::Utf8,
    }
}
