//! Two records of one layout, compared field by field, and byte by byte where no field is.
//!
//! Every byte that differs belongs to some difference: to a field that either record has, or else to a FILLER, to
//! slack, or to what lies beyond the layout. A field that does not decode is shown by its bytes.

use std::fmt::Write as _;
use std::ops::Range;

use parsers::{Date, Field, FieldError, FieldKind, Layout, Number, Text, Time, Timestamp, Visitor};

use super::answer::{Answer, Difference, DifferenceKind, Shown};
use super::{Found, Rules};
use crate::place;

/// Compares two record bodies.
pub(super) fn compare(
    rules: &Rules,
    layout: &Layout,
    primary: &Answer,
    mirror: &Answer,
    found: &mut Found,
) {
    let mut pair = Pair {
        rules,
        layout,
        primary,
        mirror,
        hidden: layout.fields().filter(|field| field.is_hidden()).collect(),
        found,
    };
    let one = fields(layout, &primary.body);
    let other = fields(layout, &mirror.body);
    pair.fields(&one, &other);
}

/// A field that a record has, with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    start: usize,
    /// Its number in the layout.
    field: u32,
    len: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Decodes,
    Invalid,
}

/// The fields of a record by place.
fn fields(layout: &Layout, record: &[u8]) -> Vec<Entry> {
    let mut places = Places {
        record: record.len(),
        tables: Vec::new(),
        base: 0,
        entries: Vec::new(),
    };
    // The visitor keeps every fault, so that the walk comes to its end.
    let _whole = layout.walk(record, &mut places);
    // Choices of a group may come after its other members.
    places.entries.sort_unstable();
    places
        .entries
        .dedup_by_key(|entry| (entry.start, entry.field));
    places.entries
}

struct Pair<'p> {
    rules: &'p Rules,
    layout: &'p Layout,
    primary: &'p Answer,
    mirror: &'p Answer,
    /// The FILLERs of the layout.
    hidden: Vec<&'p Field>,
    found: &'p mut Found,
}

impl<'p> Pair<'p> {
    /// Both sorted by place. Bytes between fields are compared on the way.
    fn fields(&mut self, one: &[Entry], other: &[Entry]) {
        let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
        let mut covered = 0;
        loop {
            let (one, other) = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => (left.next(), None),
                (None, Some(_)) => (None, right.next()),
                (Some(one), Some(other)) => {
                    match (one.start, one.field).cmp(&(other.start, other.field)) {
                        std::cmp::Ordering::Less => (left.next(), None),
                        std::cmp::Ordering::Greater => (None, right.next()),
                        std::cmp::Ordering::Equal => (left.next(), right.next()),
                    }
                }
            };
            let Some(entry) = one.or(other) else { break };
            self.between(covered..entry.start);
            let len = one
                .map_or(0, |entry| entry.len)
                .max(other.map_or(0, |entry| entry.len));
            covered = covered.max(entry.start.saturating_add(len));
            self.field(one.copied(), other.copied(), entry.field, entry.start, len);
        }
        let end = self.primary.body.len().max(self.mirror.body.len());
        self.between(covered..end);
    }

    fn field(
        &mut self,
        one: Option<Entry>,
        other: Option<Entry>,
        id: u32,
        start: usize,
        len: usize,
    ) {
        let place = start..start.saturating_add(len);
        let bytes = [
            part(&self.primary.body, &place),
            part(&self.mirror.body, &place),
        ];
        // Of a view that only one record has, what chose it differs as well, and is a field.
        if bytes.first() == bytes.last() {
            return;
        }
        let Some(field) = self.layout.field(id) else {
            return;
        };
        if self.rules.ignores_field(field) {
            return;
        }
        let mut path = place::path(self.layout, field, start);
        if path.contains('(') && self.rules.ignores_occurrence(&path) {
            return;
        }
        // A table whose count is not known is meant as a whole.
        if field.is_table()
            && field.kind() == FieldKind::Group
            && let Some((whole, _)) = path.rsplit_once('(')
        {
            path = whole.to_owned();
        }
        let (layout, first) = (self.layout, self.primary.side);
        self.found.add(|| {
            let [left, right] = bytes;
            let left = show(layout, &self.primary.body, one, left, &path);
            let right = show(layout, &self.mirror.body, other, right, &path);
            let same_value = one.is_some()
                && other.is_some()
                && left.value.is_some()
                && left.value == right.value;
            let mut difference = Difference {
                field: place::pattern(layout, field),
                kind: if same_value {
                    DifferenceKind::Bytes
                } else {
                    DifferenceKind::Value
                },
                offset: Some(start),
                length: Some(len),
                ..Difference::between(first, left, right, path)
            };
            if place::is_private(layout, field) {
                difference.mask();
            }
            difference
        });
    }

    /// Bytes that no field has: each run that differs, cut where a FILLER ends.
    fn between(&mut self, bytes: Range<usize>) {
        if bytes.is_empty() || self.rules.ignores_fillers() {
            return;
        }
        let (one, other) = (
            part(&self.primary.body, &bytes),
            part(&self.mirror.body, &bytes),
        );
        if one == other {
            return;
        }
        let mut at = bytes.start;
        while let Some(first) = differs_at(&self.primary.body, &self.mirror.body, at..bytes.end) {
            let filler = self.filler_at(first, &bytes);
            let run = match &filler {
                Some((_, run)) => run.start..run.end.min(bytes.end),
                None => first..bytes.end,
            };
            at = run.end.max(first.saturating_add(1));
            self.filler(filler.map(|(field, _)| field), &run);
        }
    }

    /// The FILLER of a byte that no field has. Of several views of these bytes it is not known which one holds:
    /// the largest FILLER that goes between the fields is the likeliest.
    fn filler_at(
        &self,
        offset: usize,
        between: &Range<usize>,
    ) -> Option<(&'p Field, Range<usize>)> {
        let hidden = self.hidden.iter().filter_map(|field| {
            let place = place::occurrence_at(self.layout, field, offset)?;
            Some((*field, place))
        });
        let last = between.end >= self.primary.body.len().max(self.mirror.body.len());
        hidden
            .filter(|(_, place)| place.start >= between.start && (last || place.end <= between.end))
            .max_by_key(|(_, place)| place.len())
    }

    fn filler(&mut self, field: Option<&Field>, run: &Range<usize>) {
        if field.is_some_and(|field| self.rules.ignores_field(field)) {
            return;
        }
        let path = match field {
            Some(field) => place::path(self.layout, field, run.start),
            None => format!("@{}", run.start),
        };
        if path.contains('(') && self.rules.ignores_occurrence(&path) {
            return;
        }
        let (layout, primary, mirror) = (self.layout, self.primary, self.mirror);
        self.found.add(|| {
            let hex = |answer: &Answer| Shown {
                value: None,
                hex: Some(part(&answer.body, run))
                    .filter(|bytes| !bytes.is_empty())
                    .map(Shown::hex),
            };
            let mut difference = Difference {
                kind: DifferenceKind::Bytes,
                offset: Some(run.start),
                length: Some(run.len()),
                ..Difference::between(primary.side, hex(primary), hex(mirror), path)
            };
            if let Some(field) = field {
                difference.field = place::pattern(layout, field);
                if place::is_private(layout, field) {
                    difference.mask();
                }
            } else {
                difference.field = "(bytes of no field)".to_owned();
            }
            difference
        });
    }
}

/// The bytes of a place, as far as the record goes.
fn part<'r>(record: &'r [u8], place: &Range<usize>) -> &'r [u8] {
    record
        .get(place.start..place.end.min(record.len()))
        .unwrap_or_default()
}

/// The first place where two records differ; the end of one counts.
fn differs_at(one: &[u8], other: &[u8], mut within: Range<usize>) -> Option<usize> {
    within.find(|at| one.get(*at) != other.get(*at))
}

/// One side of a field that differs.
fn show(layout: &Layout, record: &[u8], entry: Option<Entry>, bytes: &[u8], path: &str) -> Shown {
    let value = entry
        .filter(|entry| entry.state == State::Decodes)
        .and_then(|_| value(layout, record, path));
    Shown {
        value,
        hex: Some(bytes)
            .filter(|bytes| !bytes.is_empty())
            .map(Shown::hex),
    }
}

/// The value of one field, as JSON has it.
fn value(layout: &Layout, record: &[u8], path: &str) -> Option<String> {
    let path = layout.resolve(path).ok()?;
    let mut printed = Printed(None);
    layout.walk_field(record, &path, &mut printed).ok()?;
    printed.0.map(|text| Shown::value(&text))
}

/// Notes where fields stand.
struct Places {
    record: usize,
    /// Tables that are open: field, stride, and the base of the occurrence that comes next.
    tables: Vec<Table>,
    /// Displacement of all tables together.
    base: usize,
    entries: Vec<Entry>,
}

struct Table {
    field: u32,
    stride: usize,
    /// The displacement around it.
    around: usize,
    next: usize,
}

impl Places {
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

    fn leaf(&mut self, field: &Field, state: State, len: usize) {
        self.enter(field);
        self.entries.push(Entry {
            start: self.base.saturating_add(field.offset()),
            field: field.id(),
            len,
            state,
        });
    }
}

impl Visitor for Places {
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
        self.leaf(field, State::Decodes, field.len());
    }
    fn number(&mut self, field: &Field, _: Number<'_>) {
        self.leaf(field, State::Decodes, field.len());
    }
    fn float(&mut self, field: &Field, _: f64) {
        self.leaf(field, State::Decodes, field.len());
    }
    fn date(&mut self, field: &Field, _: Date) {
        self.leaf(field, State::Decodes, field.len());
    }
    fn time(&mut self, field: &Field, _: Time) {
        self.leaf(field, State::Decodes, field.len());
    }
    fn timestamp(&mut self, field: &Field, _: Timestamp) {
        self.leaf(field, State::Decodes, field.len());
    }
    fn flag(&mut self, field: &Field, _: bool) {
        self.leaf(field, State::Decodes, field.len());
    }
    fn bytes(&mut self, field: &Field, _: &[u8]) {
        self.leaf(field, State::Decodes, field.len());
    }
    fn null(&mut self, field: &Field) {
        self.leaf(field, State::Decodes, field.len());
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
        let start = self.base.saturating_add(field.offset()).min(self.record);
        self.entries.push(Entry {
            start,
            field: field.id(),
            len: bytes.len(),
            state: State::Invalid,
        });
        Ok(())
    }
}

/// The value of one elementary field as JSON has it, text without quotation marks.
struct Printed(Option<String>);

impl Printed {
    fn set(&mut self, text: String) {
        self.0.get_or_insert(text);
    }
}

impl Visitor for Printed {
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, text: Text<'_>) {
        let mut out = String::new();
        text.push_to(&mut out);
        self.set(out);
    }
    fn number(&mut self, _: &Field, number: Number<'_>) {
        let mut out = Vec::new();
        number.push_json(&mut out);
        self.set(String::from_utf8_lossy(&out).into_owned());
    }
    fn float(&mut self, _: &Field, value: f64) {
        self.set(value.to_string());
    }
    fn date(&mut self, _: &Field, date: Date) {
        self.set(date.to_string());
    }
    fn time(&mut self, _: &Field, time: Time) {
        self.set(time.to_string());
    }
    fn timestamp(&mut self, _: &Field, timestamp: Timestamp) {
        self.set(timestamp.to_string());
    }
    fn flag(&mut self, _: &Field, value: bool) {
        self.set(value.to_string());
    }
    fn bytes(&mut self, _: &Field, bytes: &[u8]) {
        let mut out = String::new();
        for byte in bytes {
            let _written = write!(out, "{byte:02X}");
        }
        self.set(out);
    }
    fn null(&mut self, _: &Field) {
        self.set("null".to_owned());
    }
}
