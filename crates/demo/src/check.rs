//! What a reader found in a topic against what the books say must be there.
//!
//! In: messages as a read_committed reader got them, and the company's books. Out: how many agreed, and what did not, named.
//! Pure. Texts are compared byte for byte: a digit more or less is a difference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::books::{Dead, Event, Expected, Op};

/// One message of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Partition.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers in order.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// What must be in `source` of every event of a generation.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// `source.dataset`.
    pub dataset: &'a str,
    /// `source.generation`.
    pub generation: &'a str,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Events that are as they must be, by kind.
    pub events: BTreeMap<Op, u64>,
    /// Tombstones that follow their delete.
    pub tombstones: u64,
    /// Dead letters that are as they must be.
    pub dead: u64,
    /// The first few things that are not as they must be.
    pub failures: Vec<String>,
    /// How many are not.
    pub failed: u64,
}

const SHOWN: usize = 5;

impl Findings {
    /// Events of all kinds.
    pub fn total(&self) -> u64 {
        self.events.values().sum()
    }

    /// Events of one kind.
    pub fn of(&self, op: Op) -> u64 {
        self.events.get(&op).copied().unwrap_or_default()
    }

    /// Notes something that is not as it must be.
    pub fn fail(&mut self, failure: impl Into<String>) {
        self.failed += 1;
        if self.failures.len() < SHOWN {
            self.failures.push(failure.into());
        }
    }

    /// Notes it when `seen` is not `wanted`.
    pub fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, wanted: &T, seen: &T) {
        if wanted != seen {
            self.fail(format!("{what}: wanted {wanted:?}, got {seen:?}"));
        }
    }

    /// Adds another's findings.
    pub fn add(&mut self, other: Findings) {
        for (op, count) in other.events {
            *self.events.entry(op).or_default() += count;
        }
        self.tombstones += other.tombstones;
        self.dead += other.dead;
        self.failed += other.failed;
        let room = SHOWN.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    before: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    source: Source,
    op: String,
    ts_ms: i64,
}

#[derive(Deserialize)]
struct Source {
    connector: String,
    dataset: String,
    generation: String,
    snapshot: Option<String>,
}

/// Compares what one generation added to a topic with what it must add: every event once, with its true before and after,
/// every delete followed by its tombstone, and nothing else.
pub fn events(
    topic: &str,
    messages: &[Message],
    expected: &Expected,
    origin: Origin<'_>,
) -> Findings {
    let mut findings = Findings::default();
    let mut seen = BTreeSet::new();
    let mut deleted: BTreeMap<i32, &[u8]> = BTreeMap::new();
    for message in messages {
        let place = format!("{topic} [{}] @{}", message.partition, message.offset);
        let Some(key) = message.key.as_deref() else {
            findings.fail(format!("{place}: no key"));
            continue;
        };
        let pending = deleted.remove(&message.partition);
        let Some(value) = message.value.as_deref() else {
            if pending == Some(key) {
                findings.tombstones += 1;
            } else {
                findings.fail(format!("{place}: a tombstone without its delete before it"));
            }
            continue;
        };
        if pending.is_some() {
            findings.fail(format!("{place}: the delete before it has no tombstone"));
        }
        let key_text = String::from_utf8_lossy(key);
        let Some(event) = expected.events.get(key_text.as_ref()) else {
            findings.fail(format!("{place}: nothing happened to key {key_text}"));
            continue;
        };
        if !seen.insert(key) {
            findings.fail(format!("{place}: doubled, key {key_text}"));
            continue;
        }
        if event.op == Op::Delete {
            deleted.insert(message.partition, key);
        }
        match envelope(value, event, origin) {
            Ok(()) => *findings.events.entry(event.op).or_default() += 1,
            Err(what) => findings.fail(format!("{place}, key {key_text}: {what}")),
        }
    }
    for (partition, _) in deleted {
        findings.fail(format!(
            "{topic} [{partition}]: the last delete has no tombstone"
        ));
    }
    for key in expected
        .events
        .keys()
        .filter(|key| !seen.contains(key.as_bytes()))
    {
        findings.fail(format!("{topic}: no event for key {key}"));
    }
    findings
}

fn envelope(value: &[u8], event: &Event, origin: Origin<'_>) -> Result<(), String> {
    let seen: Envelope<'_> =
        serde_json::from_slice(value).map_err(|error| format!("no envelope: {error}"))?;
    let check = |what: &str, wanted: &str, got: &str| {
        if wanted == got {
            Ok(())
        } else {
            Err(format!("{what}: {}", first_difference(wanted, got)))
        }
    };
    check("op", event.op.letter(), &seen.op)?;
    check(
        "before",
        event.before.as_deref().unwrap_or("null"),
        seen.before.map_or("null", RawValue::get),
    )?;
    check(
        "after",
        event.after.as_deref().unwrap_or("null"),
        seen.after.map_or("null", RawValue::get),
    )?;
    check("source.connector", "figway-dataset", &seen.source.connector)?;
    check("source.dataset", origin.dataset, &seen.source.dataset)?;
    check(
        "source.generation",
        origin.generation,
        &seen.source.generation,
    )?;
    let first_load = seen
        .source
        .snapshot
        .as_deref()
        .is_some_and(|snapshot| snapshot != "false");
    if first_load != (event.op == Op::Read) {
        return Err(format!(
            "source.snapshot: got {:?} for op {}",
            seen.source.snapshot, seen.op
        ));
    }
    if seen.ts_ms <= 0 {
        Err(format!("ts_ms: got {}", seen.ts_ms))
    } else {
        Ok(())
    }
}

/// The state a reader has who folds a topic: the last `after` of every key that is not deleted.
///
/// # Errors
/// A message that is no envelope and no tombstone.
pub fn fold(messages: &[Message]) -> Result<BTreeMap<String, String>, String> {
    let mut state = BTreeMap::new();
    for message in messages {
        let key = String::from_utf8_lossy(message.key.as_deref().unwrap_or_default()).into_owned();
        let after = match message.value.as_deref() {
            None => None,
            Some(value) => {
                let envelope: Envelope<'_> = serde_json::from_slice(value).map_err(|error| {
                    format!(
                        "[{}] @{}: no envelope: {error}",
                        message.partition, message.offset
                    )
                })?;
                envelope.after.map(|after| after.get().to_owned())
            }
        };
        match after {
            Some(after) => state.insert(key, after),
            None => state.remove(&key),
        };
    }
    Ok(state)
}

/// Compares a topic's fold with the books.
pub fn state(topic: &str, messages: &[Message], books: &BTreeMap<String, String>) -> Findings {
    let mut findings = Findings::default();
    let state = match fold(messages) {
        Ok(state) => state,
        Err(error) => {
            findings.fail(format!("{topic} {error}"));
            return findings;
        }
    };
    for (key, wanted) in books {
        match state.get(key) {
            None => findings.fail(format!("{topic}: lost, key {key}")),
            Some(got) if got != wanted => findings.fail(format!(
                "{topic}, key {key}: {}",
                first_difference(wanted, got)
            )),
            Some(_) => {}
        }
    }
    for key in state.keys().filter(|key| !books.contains_key(*key)) {
        findings.fail(format!("{topic}: should be gone, key {key}"));
    }
    findings
}

/// Compares a generation's dead letters with the faults that were planted: record number, field, offset and hex.
pub fn dead_letters(
    topic: &str,
    messages: &[Message],
    expected: &[Dead],
    generation: &str,
) -> Findings {
    let mut findings = Findings::default();
    let mut left: BTreeMap<String, &Dead> = expected
        .iter()
        .map(|dead| (dead.record_no.to_string(), dead))
        .collect();
    for message in messages {
        let place = format!("{topic} [{}] @{}", message.partition, message.offset);
        let header = |name: &str| {
            let found = message
                .headers
                .iter()
                .rev()
                .find(|(known, _)| known.strip_prefix("figway-dlq-") == Some(name));
            found
                .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                .unwrap_or_default()
        };
        let Some(dead) = left.remove(&header("record")) else {
            findings.fail(format!(
                "{place}: no fault was planted in record {:?}",
                header("record")
            ));
            continue;
        };
        let spot = dead.spot;
        let raw = message.value.as_deref().unwrap_or_default();
        let field = raw
            .get(spot.offset..spot.offset + spot.len)
            .unwrap_or_default();
        let before = findings.failed;
        findings.same(
            &format!("{place}, generation"),
            &generation.to_owned(),
            &header("generation"),
        );
        findings.same(
            &format!("{place}, field"),
            &spot.field.to_owned(),
            &header("field"),
        );
        findings.same(
            &format!("{place}, field offset"),
            &spot.offset.to_string(),
            &header("field-offset"),
        );
        findings.same(
            &format!("{place}, first byte of the field"),
            &Some(&spot.byte),
            &field.first(),
        );
        findings.same(
            &format!("{place}, field hex"),
            &hex(field),
            &header("field-hex").to_lowercase(),
        );
        if header("reason").is_empty() {
            findings.fail(format!("{place}: no reason"));
        }
        if findings.failed == before {
            findings.dead += 1;
        }
    }
    for record in left.keys() {
        findings.fail(format!(
            "{topic}: no dead letter for record {record} of {generation}"
        ));
    }
    findings
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A few characters around the place where two texts part.
fn first_difference(wanted: &str, got: &str) -> String {
    let common = wanted
        .chars()
        .zip(got.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let window = |text: &str| {
        text.chars()
            .skip(common.saturating_sub(24))
            .take(64)
            .collect::<String>()
    };
    format!("wanted …{}…, got …{}…", window(wanted), window(got))
}

#[cfg(test)]
mod tests;
