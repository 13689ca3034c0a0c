//! What lenient decoding went past, for the person at the terminal: each field with its record, the first of them in
//! full.
//!
//! In: records, from several threads in any order. Out: a text. Memory is bounded by the records that are shown.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use parsers::{Framed, Layout};

use crate::figures::grouped;

/// Records shown in full.
const SHOWN: usize = 10;

/// Fields that were kept as bytes.
pub(super) struct Kept {
    layout: Arc<Layout>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    records: u64,
    fields: usize,
    /// By record number, what each says.
    first: BTreeMap<u64, Vec<String>>,
}

impl Kept {
    pub(super) fn new(layout: &Arc<Layout>) -> Kept {
        Kept {
            layout: Arc::clone(layout),
            seen: Mutex::default(),
        }
    }

    /// Takes note of a record's fields that do not decode.
    pub(super) fn look(&self, record: Framed<'_>) {
        if self.layout.validate(record.bytes).is_ok() {
            return;
        }
        let faults = self.layout.faults(record.bytes);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.records += 1;
        seen.fields += faults.len();
        let last = seen.first.last_key_value().map(|(number, _)| *number);
        if seen.first.len() >= SHOWN && last.is_some_and(|last| record.record_no > last) {
            return;
        }
        // People count records from 1.
        let place = format!(
            "record {} at byte {}",
            record.record_no.saturating_add(1),
            record.offset
        );
        let lines = faults.iter().map(|fault| format!("{place}: {fault}"));
        seen.first.insert(record.record_no, lines.collect());
        if seen.first.len() > SHOWN {
            seen.first.pop_last();
        }
    }

    /// What there is to say, if there is anything.
    pub(super) fn report(self, file: &str) -> Option<String> {
        let seen = self
            .seen
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if seen.records == 0 {
            return None;
        }
        let mut lines: Vec<String> = seen
            .first
            .into_values()
            .flatten()
            .map(|line| format!("{file}, {line}"))
            .collect();
        let plural = |number: u64, one: &str| match number {
            1 => format!("1 {one}"),
            number => format!("{} {one}s", grouped(number)),
        };
        lines.push(format!(
            "{} of {} did not decode and were kept as bytes",
            plural(u64::try_from(seen.fields).unwrap_or(u64::MAX), "field"),
            plural(seen.records, "record"),
        ));
        Some(lines.join("\n"))
    }
}
