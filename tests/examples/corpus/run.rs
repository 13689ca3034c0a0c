//! One case, from its files to what became of it.

use anyhow::Result;

use super::book::Book;
use super::case::Case;
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
    let compiled = Book::compile(&case.copybooks, &case.options);
    if let Some(expected) = case.file("expected_layout.txt")? {
        return Ok(outcome(table::difference(&compiled?.items, &expected)));
    }
    if let Some(expected) = case.file("expected_error.txt")? {
        let refused = match compiled {
            Err(_) => true,
            Ok(_) => false,
        };
        let first = expected.lines().next().unwrap_or_default();
        return Ok(outcome(
            (!refused).then(|| format!("expected the error {first:?}, got none")),
        ));
    }
    Ok(Outcome::Skipped("no answer is given".to_owned()))
}

fn outcome(difference: Option<String>) -> Outcome {
    difference.map_or(Outcome::Passed, Outcome::Failed)
}
