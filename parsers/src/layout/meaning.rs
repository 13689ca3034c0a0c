//! The sidecar `NAME.meaning.toml`: what a copybook cannot say about its fields.
//!
//! In: the text of the file. Out: a [`Meaning`], or every fault in it with line and caret. Knows no copybook yet: its
//! paths are resolved when a layout is compiled ([`super::resolve`]).
//!
//! ```toml
//! version = 1
//! record = "LOT-RECORD"                 # which 01, where there are several; a list makes them alternatives
//! key = ["LOT-ID", "LOT-SEQ"]
//!
//! [record_types.HEADER]                 # a name of your own
//! when = { REC-TYPE = "H" }             # value or list of values; or `when = "IS-HEADER"`, a level 88
//! view = "LOT-HEADER"                   # the REDEFINES that holds then
//!
//! [fields."LOT-EXPIRY"]
//! date = "CYYMMDD"                      # also YYYYMMDD, YYDDD, YYYYDDD, YYYY-MM-DD, YYMMDD with pivot = 50
//! null = ["zeros", "9999-12-31"]        # also low-values, high-values, spaces, or a literal
//! name = "expiryDate"
//!
//! [trailer]
//! record_type = "TRAILER"               # or `when`
//! count = "TRL-COUNT"
//! total = { field = "TRL-QTY", of = "LOT-QTY" }
//! ```

use std::sync::Arc;

use toml::de::DeTable;

use super::extent::ViewLength;
use super::sidecar::Reader;
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::temporal::TemporalKind;

/// A value with its place in the file.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// A meaning file, read but not yet held against a copybook.
#[derive(Debug, Clone)]
pub struct Meaning {
    pub(super) file: Arc<str>,
    pub(super) records: Vec<At<String>>,
    pub(super) key: Vec<At<String>>,
    pub(super) length: ViewLength,
    pub(super) types: Vec<TypeRule>,
    pub(super) fields: Vec<FieldRule>,
    pub(super) header: Option<ControlRule>,
    pub(super) trailer: Option<ControlRule>,
}

/// `[record_types.NAME]`.
#[derive(Debug, Clone)]
pub(super) struct TypeRule {
    pub(super) name: At<String>,
    pub(super) when: When,
    pub(super) views: Vec<At<String>>,
}

/// When a record is of a type.
#[derive(Debug, Clone)]
pub(super) enum When {
    /// A level 88 condition-name.
    Condition(At<String>),
    /// Each field has one of its values.
    Fields(Vec<(At<String>, Vec<At<Scalar>>)>),
}

/// A literal of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Text(String),
    Number(String),
}

/// `[fields."PATH"]`.
#[derive(Debug, Clone)]
pub(super) struct FieldRule {
    pub(super) path: At<String>,
    /// `date`, `time` or `timestamp`, with its form.
    pub(super) temporal: Option<(TemporalKind, At<String>)>,
    pub(super) pivot: Option<At<u8>>,
    pub(super) null: Vec<At<Scalar>>,
    pub(super) flag: Option<FlagRule>,
    pub(super) binary: Option<At<bool>>,
    pub(super) name: Option<At<String>>,
    pub(super) pii: Option<String>,
    pub(super) description: Option<String>,
}

/// `flag = { true = .., false = .. }`.
#[derive(Debug, Clone)]
pub(super) struct FlagRule {
    pub(super) yes: Vec<At<Scalar>>,
    pub(super) no: Vec<At<Scalar>>,
}

/// `[header]` and `[trailer]`.
#[derive(Debug, Clone)]
pub(super) struct ControlRule {
    pub(super) record: ControlRecord,
    pub(super) count: Option<At<String>>,
    pub(super) counts_all: bool,
    pub(super) total: Option<(At<String>, At<String>)>,
    pub(super) business_date: Option<At<String>>,
}

/// Which records are headers or trailers.
#[derive(Debug, Clone)]
pub(super) enum ControlRecord {
    Type(At<String>),
    When(When),
}

impl Meaning {
    /// Reads the text of a meaning file.
    ///
    /// # Errors
    /// Every fault of the file itself: TOML, unknown keys, wrong types, an unknown version.
    pub fn parse(file: &str, toml: &str) -> Result<Meaning, Vec<CopybookError>> {
        let file: Arc<str> = Arc::from(file);
        let mut reader = Reader {
            file: &file,
            text: toml,
            faults: Vec::new(),
        };
        let (document, errors) = DeTable::parse_recoverable(toml);
        for error in errors {
            let span = reader.span(error.span().unwrap_or(0..1));
            let fault =
                CopybookError::new(CopybookErrorKind::Meaning, &file, span, error.message());
            reader.faults.push(fault);
        }
        if !reader.faults.is_empty() {
            return Err(reader.faults);
        }
        let meaning = reader.document(document.get_ref());
        let mut faults = reader.faults;
        faults.sort_by_key(|fault| (fault.line(), fault.column()));
        if faults.is_empty() {
            Ok(meaning)
        } else {
            Err(faults)
        }
    }

    /// The name given to `parse`.
    pub fn file(&self) -> &str {
        &self.file
    }
}
