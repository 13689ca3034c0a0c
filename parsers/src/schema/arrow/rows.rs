//! Records to columns: a walk that appends each value to the column of its field.
//!
//! A column whose field the walk does not come to (another view holds) is brought up to the others with nulls when its
//! group ends.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use super::column::{Items, offsets};
use super::{Arrow, Plan};
use crate::error::{FieldError, FieldErrorKind};
use crate::layout::{Field, Layout, to_usize};
use crate::schema::{Invalid, Scalar};
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

/// Columns that records are appended to.
#[derive(Debug)]
pub struct Rows {
    schema: SchemaRef,
    plan: Arc<Plan>,
    columns: Vec<Column>,
    len: usize,
}

/// What a field has.
#[derive(Debug)]
struct Column {
    items: Items,
    /// Of a table: where the items of each row end, with a 0 in front, and which rows are not null.
    ends: Vec<i32>,
    valid: Vec<bool>,
}

impl Rows {
    pub(super) fn new(arrow: &Arrow) -> Rows {
        let scalars = arrow.plan.slots.iter();
        let column = |scalar| Column {
            items: Items::new(scalar),
            ends: vec![0],
            valid: Vec::new(),
        };
        Rows {
            schema: arrow.schema(),
            plan: Arc::clone(&arrow.plan),
            columns: scalars
                .map(|slot| column(slot.as_ref().and_then(|slot| slot.scalar)))
                .collect(),
            len: 0,
        }
    }

    /// Records so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a record of the layout this was made for.
    ///
    /// # Errors
    /// The first field that does not decode, unless [`Invalid::Null`] was asked for, or for which its column has no
    /// room (2 GiB of text); the columns are then as they were.
    pub fn push(&mut self, layout: &Layout, record: &[u8]) -> Result<(), FieldError> {
        let plan = Arc::clone(&self.plan);
        let mut writer = Writer {
            plan: &plan,
            columns: &mut self.columns,
            tables: Vec::new(),
            fault: None,
        };
        let row = self.len.saturating_add(1);
        let done = layout.walk(record, &mut writer).and_then(|()| {
            for member in &plan.members {
                writer.pad(*member, row);
            }
            writer.fault.take().map_or(Ok(()), |(id, reason)| {
                let path = layout.field(id).map_or("", Field::path);
                Err(FieldError::of_value(FieldErrorKind::Type, path, reason))
            })
        });
        match done {
            Ok(()) => self.len = row,
            Err(_) => self.forget(),
        }
        done
    }

    /// Takes away what a record that failed has left.
    fn forget(&mut self) {
        let plan = Arc::clone(&self.plan);
        for member in &plan.members {
            truncate(&plan, &mut self.columns, *member, self.len);
        }
    }

    /// The rows so far as a batch; leaves none.
    ///
    /// # Errors
    /// None that records can cause: what Arrow finds wrong with arrays.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let plan = Arc::clone(&self.plan);
        let len = std::mem::take(&mut self.len);
        let arrays: Result<Vec<ArrayRef>, ArrowError> = plan
            .members
            .iter()
            .map(|member| take(&plan, &mut self.columns, *member))
            .collect();
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(len));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays?, &options)
    }
}

fn truncate(plan: &Plan, columns: &mut [Column], id: u32, len: usize) {
    let (Some(slot), Some(column)) = (plan.slot(id), columns.get_mut(to_usize(id))) else {
        return;
    };
    let mut items = len;
    if slot.is_table {
        column.ends.truncate(len.saturating_add(1));
        column.valid.truncate(len);
        let end = column.ends.last().copied().unwrap_or(0);
        items = usize::try_from(end).unwrap_or(0);
    }
    column.items.truncate(items);
    for member in &slot.members {
        truncate(plan, columns, *member, items);
    }
}

fn take(plan: &Plan, columns: &mut [Column], id: u32) -> Result<ArrayRef, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("field {id} has no column"));
    let slot = plan.slot(id).ok_or_else(missing)?;
    let item = match slot.column.data_type() {
        DataType::List(item) => Some(Arc::clone(item)),
        _ => None,
    };
    let kind = item
        .as_ref()
        .map_or(slot.column.data_type(), |item| item.data_type());
    let values: ArrayRef = match (slot.scalar, kind) {
        (None, DataType::Struct(fields)) => {
            let members: Result<Vec<ArrayRef>, ArrowError> = slot
                .members
                .iter()
                .map(|member| take(plan, columns, *member))
                .collect();
            let column = columns.get_mut(to_usize(id)).ok_or_else(missing)?;
            let len = column.items.len();
            let nulls = column.items.nulls();
            Arc::new(StructArray::try_new_with_length(
                fields.clone(),
                members?,
                nulls,
                len,
            )?)
        }
        (Some(scalar), _) => {
            let column = columns.get_mut(to_usize(id)).ok_or_else(missing)?;
            column.items.take(scalar)?
        }
        (None, _) => return Err(missing()),
    };
    let Some(item) = item else {
        return Ok(values);
    };
    let column = columns.get_mut(to_usize(id)).ok_or_else(missing)?;
    let ends = std::mem::replace(&mut column.ends, vec![0]);
    let valid = std::mem::take(&mut column.valid);
    let nulls = valid.contains(&false).then(|| valid.into());
    Ok(Arc::new(ListArray::try_new(
        item,
        offsets(ends),
        values,
        nulls,
    )?))
}

struct Writer<'r> {
    plan: &'r Plan,
    columns: &'r mut [Column],
    /// Tables that are open, innermost last.
    tables: Vec<u32>,
    /// The first value that its column has no room for.
    fault: Option<(u32, &'static str)>,
}

impl Writer<'_> {
    #[inline]
    fn column(&mut self, field: &Field) -> Option<&mut Column> {
        self.columns.get_mut(to_usize(field.id()))
    }

    fn scalar(&self, field: &Field) -> Option<Scalar> {
        self.plan.slot(field.id())?.scalar
    }

    #[inline]
    fn push(&mut self, field: &Field, push: impl FnOnce(&mut Items) -> bool) {
        let done = self
            .column(field)
            .is_some_and(|column| push(&mut column.items));
        if !done {
            self.cannot(field.id(), "the value has no room in its column");
        }
    }

    #[cold]
    fn cannot(&mut self, field: u32, reason: &'static str) {
        self.fault.get_or_insert((field, reason));
    }

    /// Brings a field up to `len` with nulls.
    fn pad(&mut self, id: u32, len: usize) {
        let plan = self.plan;
        let (Some(slot), Some(column)) = (plan.slot(id), self.columns.get_mut(to_usize(id))) else {
            return;
        };
        let short = |have: usize| have < len;
        let mut padded = false;
        let mut items = len;
        if slot.is_table {
            while short(column.valid.len()) {
                column.ends.push(column.ends.last().copied().unwrap_or(0));
                column.valid.push(false);
                padded = true;
            }
            items = column.items.len();
        } else {
            while short(column.items.len()) {
                column.items.push_null();
                padded = true;
            }
        }
        // Also where the group was there: it ends with all its members at its own length.
        if padded {
            for member in &slot.members {
                self.pad_inside(*member, items);
            }
            if !slot.optional {
                self.cannot(id, "wanted a value, got none");
            }
        }
    }

    /// The same below something that is null: nothing there is missing.
    fn pad_inside(&mut self, id: u32, len: usize) {
        let fault = self.fault;
        self.pad(id, len);
        self.fault = fault;
    }

    /// No value.
    fn none(&mut self, field: &Field) {
        let plan = self.plan;
        let Some(slot) = plan.slot(field.id()) else {
            return;
        };
        let may = if slot.is_table {
            slot.item_optional
        } else {
            slot.optional
        };
        if !may {
            self.cannot(field.id(), "wanted a value, got none");
        }
        if let Some(column) = self.column(field) {
            column.items.push_null();
            let len = column.items.len();
            for member in &slot.members {
                self.pad_inside(*member, len);
            }
        }
    }
}

impl Visitor for Writer<'_> {
    fn group_start(&mut self, field: &Field) {
        if self.plan.slot(field.id()).is_none() {
            return;
        }
        if let Some(column) = self.column(field) {
            column.items.push_struct();
        }
    }

    fn group_end(&mut self, field: &Field) {
        let plan = self.plan;
        let len = self.column(field).map_or(0, |column| column.items.len());
        for member in plan.slot(field.id()).map_or(&[][..], |slot| &slot.members) {
            self.pad(*member, len);
        }
    }

    fn array_start(&mut self, field: &Field, _: usize) {
        self.tables.push(field.id());
    }

    fn array_end(&mut self, field: &Field) {
        self.tables.pop();
        if self.plan.slot(field.id()).is_none() {
            return;
        }
        let Some(column) = self.column(field) else {
            return;
        };
        match i32::try_from(column.items.len()) {
            Ok(end) => {
                column.ends.push(end);
                column.valid.push(true);
            }
            Err(_) => self.cannot(field.id(), "the list is full"),
        }
    }

    fn text(&mut self, field: &Field, text: Text<'_>) {
        self.push(field, |items| items.push_bytes(|out| text.push_utf8(out)));
    }

    fn number(&mut self, field: &Field, number: Number<'_>) {
        let Some(scalar) = self.scalar(field) else {
            return;
        };
        match scalar.unscaled(number) {
            Some(value) => self.push(field, |items| items.push_integer(value)),
            None => self.cannot(field.id(), "the number has more digits than its column"),
        }
    }

    fn float(&mut self, field: &Field, value: f64) {
        self.push(field, |items| items.push_double(value));
    }

    fn date(&mut self, field: &Field, date: Date) {
        let days = i128::from(date.days_since_epoch());
        self.push(field, |items| items.push_integer(days));
    }

    fn time(&mut self, field: &Field, time: Time) {
        match self.scalar(field) {
            Some(Scalar::Time(unit)) => {
                let units = i128::from(unit.time(time));
                self.push(field, |items| items.push_integer(units));
            }
            _ => self.cannot(field.id(), "a time in a column of something else"),
        }
    }

    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        match self.scalar(field) {
            Some(Scalar::Timestamp(unit)) => match unit.timestamp(timestamp) {
                Some(units) => self.push(field, |items| items.push_integer(i128::from(units))),
                None => self.cannot(field.id(), "the timestamp is beyond its column"),
            },
            _ => {
                let text = timestamp.to_string();
                self.push(field, |items| {
                    items.push_bytes(|out| out.extend_from_slice(text.as_bytes()))
                });
            }
        }
    }

    fn flag(&mut self, field: &Field, value: bool) {
        self.push(field, |items| items.push_boolean(value));
    }

    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.push(field, |items| {
            items.push_bytes(|out| out.extend_from_slice(bytes))
        });
    }

    fn null(&mut self, field: &Field) {
        self.none(field);
    }

    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        if self.plan.invalid == Invalid::Fail {
            return Err(error);
        }
        // A table as a whole, its count unknown or the record at its end, is left to padding.
        if !field.is_hidden() && (!field.is_table() || self.tables.last() == Some(&field.id())) {
            self.none(field);
        }
        Ok(())
    }
}
