//! One case, from its files to what became of it.

use anyhow::{Context, Result};

use super::book::Book;
use super::case::Case;
use super::compare;
use super::json::Json;
use super::records::Records;
use super::table;

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    /// With the first difference.
    Failed(String),
    /// With the reason.
    Skipped(String),
}

/// Runs a case by what it has an answer for.
pub fn run(case: &Case) -> Outcome {
    match judge(case) {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn judge(case: &Case) -> Result<Outcome> {
    if case.custom_class {
        return Ok(Outcome::Skipped(
            "it needs a class of the peer's language".to_owned(),
        ));
    }
    if let Some(expected) = case.file("expected_layout.txt")? {
        let book = Book::compile(&case.copybooks, &case.options)?;
        return Ok(outcome(table::difference(&book.items, &expected)));
    }
    if let Some(expected) = case.file("expected_error.txt")? {
        return Ok(refused(case, &expected));
    }
    if let Some(expected) = case.file("expected.jsonl")? {
        let timed = case.options.text("segment_id_prefix").is_none();
        return Ok(outcome(differing(&expected, timed, &records(case)?)?));
    }
    Ok(Outcome::Skipped("no answer is given".to_owned()))
}

fn outcome(difference: Option<String>) -> Outcome {
    difference.map_or(Outcome::Passed, Outcome::Failed)
}

/// What must be refused is, by copybook, options or data.
fn refused(case: &Case, expected: &str) -> Outcome {
    let read = if case.folder.join("data").is_dir() || case.folder.join("data.bin").is_file() {
        records(case).map(drop)
    } else {
        Book::compile(&case.copybooks, &case.options).map(drop)
    };
    let first = expected.lines().next().unwrap_or_default();
    outcome(
        read.is_ok()
            .then(|| format!("expected the error {first:?}, got none")),
    )
}

fn records(case: &Case) -> Result<Vec<Json>> {
    let book = Book::compile(&case.copybooks, &case.options)?;
    Records::new(&book, &case.options)?.all(case.data()?)
}

/// The first record that is not as expected.
fn differing(expected: &str, timed: bool, got: &[Json]) -> Result<Option<String>> {
    let lines = expected.lines().filter(|line| !line.trim().is_empty());
    let mut expected = Vec::new();
    for (number, line) in lines.enumerate() {
        let mut record =
            Json::parse(line).with_context(|| format!("expected record {}", number + 1))?;
        if timed {
            compare::without_time(&mut record);
        }
        expected.push(record);
    }
    for (number, (expected, got)) in expected.iter().zip(got).enumerate() {
        if let Some(found) = compare::difference(expected, got) {
            return Ok(Some(format!("record {}: {found}", number + 1)));
        }
    }
    Ok((expected.len() != got.len())
        .then(|| format!("expected {} records, got {}", expected.len(), got.len())))
}
