//! The same records as ASCII lines, as a transfer in text mode makes them: numbers with their overpunches.
//!
//! In: a case of EBCDIC records, and the lines. Out: where the values of a record and of its line differ.

use anyhow::{Result, ensure};

use super::book::Book;
use super::case::Case;
use super::compare;
use super::options::Options;
use super::records::Records;

/// Every line whose values the record does not have.
pub fn difference(case: &Case, lines: &str) -> Result<Option<String>> {
    let book = Book::compile(&case.copybooks, &case.options)?;
    let records = Records::new(&book, &case.options)?.all(case.data()?)?;
    let mut ascii = Options::default();
    ascii.set("encoding", "ascii");
    ascii.set("record_format", "D");
    ascii.set("ascii_charset", "iso-8859-1");
    let book = Book::compile(&case.copybooks, &ascii)?;
    let file = vec![("expected_ascii.txt".to_owned(), lines.as_bytes().to_vec())];
    let twins = Records::new(&book, &ascii)?.all(file)?;
    let (records, twins) = (records.concat(), twins.concat());
    ensure!(
        records.len() == twins.len(),
        "{} records and {} lines",
        records.len(),
        twins.len()
    );
    let mut found = Vec::new();
    for (number, (record, twin)) in records.iter().zip(&twins).enumerate() {
        found.extend(
            compare::difference(twin, record).map(|found| format!("line {}: {found}", number + 1)),
        );
    }
    Ok((!found.is_empty()).then(|| found.join("; ")))
}
