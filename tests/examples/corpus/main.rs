//! Runs a corpus of copybooks and records with another parser's answers.
//!
//! `cargo run --release -p tests --example corpus -- DIR` runs every case below DIR: a folder with `copybook.cpy`, data,
//! options under the peer's names, and its answer (`expected.jsonl`, `expected_layout.txt`, `expected.bin`,
//! `expected_error.txt` or `expected_ascii.txt`). It prints each case that differs with the first difference and ends
//! with `N passed, M failed, K skipped`; the exit code is 1 when a case failed or none was found.
//!
//! What decodes and encodes is `parsers`; here are the peer's option names ([`options`]) and its ways of showing a
//! record, nothing else.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::needless_pass_by_value,
    clippy::struct_excessive_bools,
    clippy::type_complexity,
    unreachable_pub,
    missing_docs,
    reason = "an example talks to its terminal and may stop on its own mistakes"
)]

mod assembly;
mod book;
mod bytes;
mod bzip2;
mod case;
mod columns;
mod compare;
mod deviations;
mod exclusions;
mod expression;
mod fault;
mod files;
mod fillers;
mod hierarchy;
mod item;
mod json;
mod known;
mod names;
mod options;
mod plan;
mod policy;
mod records;
mod run;
mod segments;
mod show;
mod table;
mod tree;
mod twin;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use deviations::Deviations;
use run::Outcome;

pub fn main() -> ExitCode {
    match report() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all; false when a case failed or there is none.
fn report() -> Result<bool> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.context("wanted a folder: corpus DIR")?;
    let deviations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/corpus-deviations.md");
    let totals = run_all(&folder, &deviations, &mut |line| println!("{line}"))?;
    println!("{totals}");
    Ok(totals.failed == 0 && totals.passed > 0)
}

/// How many cases there were of each kind.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Runs every case below a folder and says what did not pass.
///
/// # Errors
/// A folder that cannot be read.
pub fn run_all(folder: &Path, deviations: &Path, say: &mut dyn FnMut(String)) -> Result<Totals> {
    let deviations = Deviations::read(deviations)?;
    let mut totals = Totals::default();
    for case in case::find(folder)? {
        match run::run(&case) {
            Outcome::Passed => totals.passed += 1,
            Outcome::Failed(difference) => match deviations.rule(&case.folder, &difference) {
                Some(rule) => {
                    totals.skipped += 1;
                    say(format!(
                        "skipped {}: {difference}: a deviation, {rule}",
                        case.name
                    ));
                }
                None => {
                    totals.failed += 1;
                    say(format!("FAILED  {}: {difference}", case.name));
                }
            },
            Outcome::Skipped(reason) => {
                totals.skipped += 1;
                say(format!("skipped {}: {reason}", case.name));
            }
        }
    }
    Ok(totals)
}
