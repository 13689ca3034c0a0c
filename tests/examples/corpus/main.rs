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

mod book;
mod bytes;
mod bzip2;
mod case;
mod compare;
mod expression;
mod files;
mod fillers;
mod hierarchy;
mod item;
mod json;
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

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

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
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for case in case::find(&folder)? {
        match run::run(&case) {
            Outcome::Passed => passed += 1,
            Outcome::Failed(difference) => {
                failed += 1;
                println!("FAILED  {}: {difference}", case.name);
            }
            Outcome::Skipped(reason) => {
                skipped += 1;
                println!("skipped {}: {reason}", case.name);
            }
        }
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    Ok(failed == 0 && passed > 0)
}
