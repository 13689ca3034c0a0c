//! The value of one field of a record, as JSON has it. Pure.

use std::fmt::Write as _;

use parsers::{Date, Field, Layout, Number, Text, Time, Timestamp, Visitor};

use super::leniency::{Sort, Value};

/// The value of one field, as JSON has it.
pub(super) fn value<'v>(layout: &Layout, record: &[u8], path: &str) -> Option<Value<'v>> {
    let path = layout.resolve(path).ok()?;
    let mut printed = Printed(None);
    layout.walk_field(record, &path, &mut printed).ok()?;
    let (sort, text) = printed.0?;
    Some(Value {
        sort,
        text: text.into(),
    })
}

/// The value of one elementary field as JSON has it, text without quotation marks.
struct Printed(Option<(Sort, String)>);

impl Printed {
    fn set(&mut self, sort: Sort, text: String) {
        self.0.get_or_insert((sort, text));
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
        self.set(Sort::Text, out);
    }
    fn number(&mut self, _: &Field, number: Number<'_>) {
        let mut out = Vec::new();
        number.push_json(&mut out);
        self.set(Sort::Number, String::from_utf8_lossy(&out).into_owned());
    }
    fn float(&mut self, _: &Field, value: f64) {
        self.set(Sort::Number, value.to_string());
    }
    fn date(&mut self, _: &Field, date: Date) {
        self.set(Sort::Text, date.to_string());
    }
    fn time(&mut self, _: &Field, time: Time) {
        self.set(Sort::Text, time.to_string());
    }
    fn timestamp(&mut self, _: &Field, timestamp: Timestamp) {
        self.set(Sort::Text, timestamp.to_string());
    }
    fn flag(&mut self, _: &Field, value: bool) {
        self.set(Sort::Word, value.to_string());
    }
    fn bytes(&mut self, _: &Field, bytes: &[u8]) {
        let mut out = String::new();
        for byte in bytes {
            let _written = write!(out, "{byte:02X}");
        }
        self.set(Sort::Text, out);
    }
    fn null(&mut self, _: &Field) {
        self.set(Sort::Word, "null".to_owned());
    }
}
