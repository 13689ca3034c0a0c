//! Which view of a record holds: record types of the meaning, tested on the record's bytes.
//!
//! In: the meaning's `[record_types]`, once. Out: per choice a list of [`Rule`]s, and per record type its [`Test`]s.
//! Tests are by value of fields, or by a level 88 condition-name.

use super::field::{Field, to_usize};
use super::matching::Match;
use super::walk::Walker;
use crate::codec::Codec;
use crate::path::FieldPath;

/// One field has one of some values.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    pub(crate) field: u32,
    /// Of the first occurrence.
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) codec: Codec,
    /// In how many tables the field is: their displacement is the choice's.
    pub(crate) tables: u16,
    pub(crate) values: Vec<Match>,
}

impl Test {
    /// Whether it holds in a record where its field stands at `start`.
    pub(crate) fn holds(&self, record: &[u8], start: usize) -> bool {
        let bytes = bytes_at(record, start, self.len);
        bytes.is_some_and(|bytes| {
            self.values
                .iter()
                .any(|value| value.holds(self.codec, bytes))
        })
    }
}

/// Bytes of a place, if the record has them.
#[inline]
pub(crate) fn bytes_at(record: &[u8], start: usize, len: u32) -> Option<&[u8]> {
    record.get(start..start.saturating_add(to_usize(len)))
}

/// A record type: its name, when it holds (all tests), which views it chooses.
#[derive(Debug, Clone)]
pub(crate) struct RecordType {
    pub(crate) name: String,
    pub(crate) tests: Vec<Test>,
    pub(crate) views: Vec<u32>,
    /// A type of whole records; otherwise a rule of one REDEFINES.
    pub(crate) whole: bool,
    /// The type whose records such a record stands below: its place among the types.
    pub(crate) parent: Option<usize>,
    /// What the list of such records is called in their parent.
    pub(crate) list: String,
}

/// Which records say that something went wrong.
#[derive(Debug, Clone)]
pub(crate) struct ErrorTest {
    /// The field to show.
    pub(crate) field: Option<FieldPath>,
    pub(crate) tests: Vec<Test>,
    /// The tests hold for records that say nothing is wrong.
    pub(crate) ok: bool,
}

impl ErrorTest {
    pub(crate) fn holds(&self, walker: &mut Walker<'_>) -> bool {
        self.tests.iter().all(|test| walker.holds(test)) != self.ok
    }
}

impl RecordType {
    /// Whether the record is of this type; types tested inside a table are not types of whole records.
    pub(crate) fn holds(&self, walker: &mut Walker<'_>) -> bool {
        let mut tests = self.tests.iter();
        self.whole && tests.all(|test| test.tables == 0 && walker.holds(test))
    }
}

/// A record type as one choice sees it.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) tests: Vec<Test>,
    /// Index of the view it chooses here; `None` when it says nothing about this choice.
    pub(crate) view: Option<usize>,
}

/// The rules of a choice between `views`, none of which may be named: then there are none.
pub(crate) fn rules(types: &[RecordType], views: &[u32]) -> Vec<Rule> {
    let rules: Vec<Rule> = types
        .iter()
        .map(|kind| {
            (
                kind,
                views.iter().position(|view| kind.views.contains(view)),
            )
        })
        .filter(|(kind, view)| kind.whole || view.is_some())
        .map(|(kind, view)| Rule {
            tests: kind.tests.clone(),
            view,
        })
        .collect();
    if rules.iter().any(|rule| rule.view.is_some()) {
        rules
    } else {
        Vec::new()
    }
}

/// Which view the rules choose. `place` gives the position of a test's field. A type that holds but names no view
/// here leaves the first one.
pub(crate) fn choose(
    rules: &[Rule],
    record: &[u8],
    place: &dyn Fn(&Test) -> usize,
) -> Option<usize> {
    let holds = |rule: &&Rule| {
        rule.tests
            .iter()
            .all(|test| test.holds(record, place(test)))
    };
    let named = rules.iter().filter(|rule| rule.view.is_some()).find(holds);
    match named {
        Some(rule) => rule.view,
        None => rules
            .iter()
            .filter(|rule| rule.view.is_none())
            .find(holds)
            .map(|_| 0),
    }
}

/// The discriminating fields of some rules as the record has them, for a message: `REC-TYPE = X'E9'`.
pub(crate) fn shown(
    rules: &[Rule],
    fields: &[Field],
    record: &[u8],
    place: &dyn Fn(&Test) -> usize,
) -> String {
    let mut seen = Vec::new();
    for test in rules.iter().flat_map(|rule| &rule.tests) {
        let name = fields.get(to_usize(test.field)).map_or("", Field::name);
        let text = match bytes_at(record, place(test), test.len) {
            Some(bytes) => format!(
                "{name} = X'{}'",
                crate::json::hex(bytes.get(..16).unwrap_or(bytes))
            ),
            None => format!("{name} is past the end of the record"),
        };
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen.join(", ")
}
