//! One case, from its files to what became of it.

use anyhow::{Context, Result};

use super::book::Book;
use super::case::Case;
use super::compare;
use super::exclusions;
use super::fault::Wanted;
use super::json::Json;
use super::known;
use super::records::Records;
use super::table;
use super::twin;
use super::write;

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
    let refused_options = exclusions::check(&case.options).is_err();
    if let Some(reason) = known::skipped(&case.options)
        && !refused_options
    {
        return Ok(Outcome::Skipped(reason));
    }
    if let Some(expected) = case.file("expected_layout.txt")? {
        let book = Book::compile(&case.copybooks, &case.options)?;
        return Ok(outcome(table::difference(&book.items, &expected)));
    }
    if let Some(expected) = case.file("expected_error.txt")? {
        return Ok(refused(case, &expected));
    }
    if let Some(expected) = case.bytes("expected.bin")? {
        let lines = case.file("input.jsonl")?.context("no input.jsonl")?;
        let book = Book::compile(&case.copybooks, &case.options)?;
        let written = write::records(&book, &case.options, &lines)?;
        return Ok(outcome(write::difference(&expected, &written)));
    }
    if let Some(expected) = case.file("expected.jsonl")? {
        let timed = case.options.text("segment_id_prefix").is_none();
        return Ok(outcome(differing(&expected, timed, &records(case)?)?));
    }
    let mut answers = 0;
    if let Some(expected) = case.file("expected_ascii.txt")? {
        answers += 1;
        if let Some(found) = twin::difference(case, &expected)? {
            return Ok(Outcome::Failed(found));
        }
    }
    if let Some(second) = case.second()? {
        answers += 1;
        if let other @ Outcome::Failed(_) = judge(&second)? {
            return Ok(other);
        }
    }
    Ok(match answers {
        0 => Outcome::Skipped("no answer is given".to_owned()),
        _ => Outcome::Passed,
    })
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
    outcome(match read {
        Ok(()) => Some(format!("expected the error {first:?}, got none")),
        Err(error) => {
            let same = Wanted::of(expected).is(&error);
            (!same).then(|| format!("expected the error {first:?}, got {error:#}"))
        }
    })
}

fn records(case: &Case) -> Result<Vec<Vec<Json>>> {
    let book = Book::compile(&case.copybooks, &case.options)?;
    Records::new(&book, &case.options)?.all(case.data()?)
}

/// Where the records of files are not as expected: the first, and how many they are. In which order the peer reads
/// files of a folder is not said, so every order of a few files is tried.
fn differing(expected: &str, timed: bool, got: &[Vec<Json>]) -> Result<Option<String>> {
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
    let mut first = None;
    for order in orders(got.len()) {
        let got: Vec<&Json> = order.iter().flat_map(|file| &got[*file]).collect();
        let found = difference(&expected, &got);
        if found.is_none() {
            return Ok(None);
        }
        first = first.or(found);
    }
    Ok(first)
}

fn difference(expected: &[Json], got: &[&Json]) -> Option<String> {
    let mut first = None;
    let mut differing = 0;
    for (number, (expected, got)) in expected.iter().zip(got).enumerate() {
        if let Some(found) = compare::difference(expected, got) {
            differing += 1;
            first.get_or_insert_with(|| format!("record {}: {found}", number + 1));
        }
    }
    if let Some(first) = first {
        let of = expected.len();
        return Some(format!("{first} ({differing} of {of} records differ)"));
    }
    (expected.len() != got.len())
        .then(|| format!("expected {} records, got {}", expected.len(), got.len()))
}

/// The orders of a few files, the given one first; of many files only that one.
fn orders(files: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    if files > 4 {
        return vec![(0..files).collect()];
    }
    for file in 0..files {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            (0..=order.len()).rev().map(move |at| {
                let mut order = order.clone();
                order.insert(at, file);
                order
            })
        });
        orders = longer.collect();
    }
    orders
}
