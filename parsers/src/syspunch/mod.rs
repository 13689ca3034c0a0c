//! Db2 LOAD statements to [`Copybook`]: the description that UNLOAD and DSNTIAUL write to SYSPUNCH beside the data.
//!
//! In: the text of a SYSPUNCH data set, or a job with the statement in it. Out: one record for each `INTO TABLE`, with
//! its columns as entries, or every fault found. Nothing here knows an offset's meaning to a reader of records: that
//! is [`crate::Layout`], which a SYSPUNCH file reaches by the same way as a copybook.
//!
//! The steps, one module each: [`cards`] takes columns 73 to 80, comments and job control away and makes words;
//! [`reader`] takes them one by one; [`statement`] reads what stands around the columns, [`column`] a column, [`kind`] its type; [`record`] puts
//! the columns in their places. Db2 13 for z/OS, Utility Guide and Reference, "LOAD", "UNLOAD"; Application
//! Programming and SQL Guide, "Unloading data by using DSNTIAUL".

mod cards;
mod column;
mod kind;
mod reader;
mod record;
mod statement;

use std::sync::Arc;

use crate::charset::CodePage;
use crate::copybook::{Copybook, CopybookText, Literal};
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// What a column of a record is stored as; beside its place this is all that a layout needs.
#[derive(Debug, Clone)]
pub(crate) struct SqlColumn {
    pub(crate) store: Store,
    /// Bytes, with a length prefix, of the longest value.
    pub(crate) size: u32,
    /// The type as a listing shows it: `DECIMAL(9,2)`.
    pub(crate) text: Box<str>,
    /// What makes the column null.
    pub(crate) null_if: Option<NullIf>,
    /// It has no more bytes than its length says, and what follows moves.
    pub(crate) moving: bool,
}

/// The form of a column's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// Characters, padded with blanks.
    Text(Page),
    /// A halfword with the length, and so many characters of one or two bytes.
    Varying {
        page: Page,
        unit: Unit,
    },
    /// A halfword with the length, and bytes.
    VaryingBytes,
    Packed {
        digits: u16,
        scale: u16,
    },
    Zoned {
        digits: u16,
        scale: u16,
    },
    /// 2, 4 or 8 bytes, two's complement.
    Integer,
    Float {
        ieee: bool,
    },
    Bytes,
    /// A byte that says whether another column is null: no value of its own.
    Indicator,
}

/// Whose characters a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// The record's.
    Record,
    /// Its own, by a CCSID.
    Own(CodePage),
    /// The double-byte characters that go with the record's.
    DoubleByte,
}

/// What a length counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    /// Characters of two bytes.
    Pairs,
}

/// `NULLIF`: the column is null where the record has these bytes there.
#[derive(Debug, Clone)]
pub(crate) struct NullIf {
    /// Offset in the record, every varying column at its longest.
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) value: Literal,
    pub(crate) span: Span,
}

/// `WHEN`: the records of one table among those of several.
#[derive(Debug, Clone)]
pub(crate) struct When {
    pub(crate) name: String,
    /// Offset in the record, what is there, and where the condition stands.
    pub(crate) tests: Vec<(u32, Literal, Span)>,
}

/// What a LOAD statement says of its records besides their columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unload {
    /// By EBCDIC, ASCII or UNICODE and the CCSIDs.
    pub(crate) page: Option<CodePage>,
    pub(crate) whens: Vec<When>,
}

/// Whether a text is a LOAD statement rather than COBOL: the first word that no job control, comment or other
/// utility statement has is LOAD, and INTO TABLE follows somewhere.
pub fn is_load_statement(text: &str) -> bool {
    cards::is_load(text)
}

/// Reads the LOAD statements of a SYSPUNCH data set.
///
/// # Errors
/// Every fault with its place; reading goes on after a fault at the next column.
pub(crate) fn parse(text: CopybookText<'_>) -> Result<Copybook, Vec<CopybookError>> {
    let file: Arc<str> = Arc::from(text.file);
    let mut faults = Vec::new();
    let tokens = cards::split(&file, text.text, &mut faults);
    let tables = statement::tables(&file, &tokens, &mut faults);
    let (items, unload) = record::records(&file, &tables, &mut faults);
    if tables.is_empty() && faults.is_empty() {
        let span = Span {
            line: 1,
            column: 1,
            len: 1,
            ..Span::default()
        };
        let message = "no INTO TABLE with columns in this LOAD statement";
        faults.push(
            CopybookError::new(CopybookErrorKind::Structure, &file, span, message)
                .with_help("UNLOAD and DSNTIAUL write the columns to SYSPUNCH: ask for that file"),
        );
    }
    if !faults.is_empty() {
        faults.sort_by_key(CopybookError::order);
        return Err(faults);
    }
    Ok(Copybook {
        files: vec![Arc::clone(&file)],
        file,
        items,
        unload: Some(unload),
        holes: false,
    })
}
