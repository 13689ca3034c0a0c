//! Where the fields of a record stand. Pure.
//!
//! In: a layout and a record. Out: each field that the record has, with two positions: its **place**, which is where
//! it stands with most occurrences of every table and is the same in all records of the layout, and its **start**,
//! which is where this record has it. They differ behind a table of varying length (OCCURS DEPENDING ON).

use parsers::{Date, Field, FieldError, Layout, Number, Text, Time, Timestamp, Visitor};

use crate::place;

/// A field that a record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) place: usize,
    /// Its number in the layout.
    pub(super) field: u32,
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Decodes,
    Invalid,
}

/// The fields of a record by place.
#[derive(Debug)]
pub(super) struct Places<'l> {
    layout: &'l Layout,
    /// Whether counts move anything in records of this layout.
    moving: bool,
    pub(super) entries: Vec<Entry>,
}

impl<'l> Places<'l> {
    pub(super) fn of(layout: &'l Layout, record: &[u8]) -> Places<'l> {
        let mut walk = Walk {
            record: record.len(),
            tables: Vec::new(),
            base: 0,
            start: 0,
            entries: Vec::new(),
        };
        // The visitor keeps every fault, so that the walk comes to its end.
        let _whole = layout.walk(record, &mut walk);
        let mut entries = walk.entries;
        // Choices of a group may come after its other members.
        entries.sort_unstable();
        entries.dedup_by_key(|entry| (entry.place, entry.field));
        Places {
            layout,
            moving: layout.fields().any(|field| layout.is_movable(field)),
            entries,
        }
    }

    /// Where this record has a field of another record, or would have it in another view; or, where it does not have
    /// that occurrence of a table, the place at which the occurrence begins.
    pub(super) fn start(&self, entry: &Entry) -> Result<usize, usize> {
        if !self.moving {
            return Ok(entry.place);
        }
        let key = (entry.place, entry.field);
        if let Ok(own) = self
            .entries
            .binary_search_by_key(&key, |own| (own.place, own.field))
        {
            return Ok(self.entries.get(own).map_or(entry.place, |own| own.start));
        }
        let from = |place: usize| self.entries.partition_point(|own| own.place < place);
        if let Some(field) = self.layout.field(entry.field) {
            for occurrence in place::counted_occurrences(self.layout, field, entry.place) {
                if from(occurrence.start) == from(occurrence.end) {
                    return Err(occurrence.start);
                }
            }
        }
        let before = from(entry.place).checked_sub(1);
        let before = before.and_then(|before| self.entries.get(before));
        let lacking = before.map_or(0, |own| own.place.saturating_sub(own.start));
        Ok(entry.place.saturating_sub(lacking))
    }
}

/// Notes where fields stand.
struct Walk {
    record: usize,
    /// Tables that are open: field, stride, and the base of the occurrence that comes next.
    tables: Vec<Table>,
    /// Displacement of all tables together.
    base: usize,
    /// Where the record has the field that comes next.
    start: usize,
    entries: Vec<Entry>,
}

struct Table {
    field: u32,
    stride: usize,
    /// The displacement around it.
    around: usize,
    next: usize,
}

impl Walk {
    /// A field or one occurrence of it comes.
    fn enter(&mut self, field: &Field) {
        if !field.is_table() {
            return;
        }
        if let Some(table) = self
            .tables
            .last_mut()
            .filter(|table| table.field == field.id())
        {
            self.base = table
                .around
                .saturating_add(table.stride.saturating_mul(table.next));
            table.next = table.next.saturating_add(1);
        }
    }

    fn leaf(&mut self, field: &Field) {
        self.enter(field);
        self.entries.push(Entry {
            place: self.base.saturating_add(field.offset()),
            field: field.id(),
            start: self.start,
            len: field.len(),
            state: State::Decodes,
        });
    }
}

impl Visitor for Walk {
    const RAW: bool = true;

    fn raw(&mut self, _: &Field, start: usize, _: &[u8]) {
        self.start = start;
    }
    fn group_start(&mut self, field: &Field) {
        self.enter(field);
    }
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, field: &Field, _: usize) {
        let stride = field.occurs().map_or(0, |occurs| occurs.stride);
        self.tables.push(Table {
            field: field.id(),
            stride: usize::try_from(stride).unwrap_or(usize::MAX),
            around: self.base,
            next: 0,
        });
    }
    fn array_end(&mut self, _: &Field) {
        if let Some(table) = self.tables.pop() {
            self.base = table.around;
        }
    }
    fn text(&mut self, field: &Field, _: Text<'_>) {
        self.leaf(field);
    }
    fn number(&mut self, field: &Field, _: Number<'_>) {
        self.leaf(field);
    }
    fn float(&mut self, field: &Field, _: f64) {
        self.leaf(field);
    }
    fn date(&mut self, field: &Field, _: Date) {
        self.leaf(field);
    }
    fn time(&mut self, field: &Field, _: Time) {
        self.leaf(field);
    }
    fn timestamp(&mut self, field: &Field, _: Timestamp) {
        self.leaf(field);
    }
    fn flag(&mut self, field: &Field, _: bool) {
        self.leaf(field);
    }
    fn bytes(&mut self, field: &Field, _: &[u8]) {
        self.leaf(field);
    }
    fn null(&mut self, field: &Field) {
        self.leaf(field);
    }
    fn invalid(
        &mut self,
        field: &Field,
        error: FieldError,
        bytes: &[u8],
    ) -> Result<(), FieldError> {
        // A table without a count and a record without a type have an offset of their own kind: their bytes run to
        // the end of the record.
        let _ = error;
        self.enter(field);
        let beyond = self.start.saturating_sub(self.record);
        let place = self.base.saturating_add(field.offset());
        self.entries.push(Entry {
            place: place.saturating_sub(beyond),
            field: field.id(),
            start: self.start.saturating_sub(beyond),
            len: bytes.len(),
            state: State::Invalid,
        });
        Ok(())
    }
}
