//! The sidecar `NAME.meaning.toml`: what a copybook cannot say about its fields.
//!
//! In: the text of the file. Out: a [`Meaning`], or every fault in it with line and caret. Knows no copybook yet: its
//! paths are resolved when a layout is compiled ([`super::resolve`]).
//!
//! ```toml
//! version = 1
//! revision = 3                          # of this file, for people
//! effective = { from = 2024-01-01 }     # the days it is right for; also `to`
//! record = "LOT-RECORD"                 # which 01, where there are several; a list makes them alternatives
//! key = ["LOT-ID", "LOT-SEQ"]
//!
//! [record_types.HEADER]                 # a name of your own
//! when = { REC-TYPE = "H" }             # value or list of values; or `when = "IS-HEADER"`, a level 88
//! view = "LOT-HEADER"                   # the REDEFINES that holds then
//! parent = "PLANT"                      # the type of the record it belongs to, which stands before it
//! list = "headers"                      # what the list of them is called there; the type's name if not given
//!
//! [fields."LOT-EXPIRY"]
//! date = "CYYMMDD"                      # also YYYYMMDD, YYDDD, YYMMDD with pivot = 50, days since 1600-12-31;
//!                                       # time = "HHMMSS", timestamp = "YYYY-MM-DD-HH.MM.SS.FFFFFF"
//! null = ["zeros", "9999-12-31"]        # also low-values, high-values, spaces, or a literal
//! name = "expiryDate"
//!
//! [fields."PRICE"]
//! scale = 2                             # of a DECIMAL column of a Db2 LOAD statement, which does not say
//!
//! [redefines.LOT-PARTY]                 # a REDEFINES that is no record type: view = when, in order
//! LOT-PERSON = { LOT-PARTY-KIND = "P" }
//! else = "LOT-COMPANY"
//!
//! [trailer]
//! record_type = "TRAILER"               # or `when`
//! count = "TRL-COUNT"
//! total = { field = "TRL-QTY", of = "LOT-QTY" }
//!
//! [error]                               # answers that say something went wrong
//! field = "LOT-RETURN-CODE"
//! ok = ["00", "04"]                     # or `when = "IS-ERROR"`
//!
//! [[change]]                            # what is different from a day on: rules of the same name are replaced
//! from = 2027-01-01
//! fields."LOT-EXPIRY" = { date = "YYYYMMDD", name = "expiryDate" }
//! ```

use std::sync::Arc;

use toml::de::DeTable;

use super::extent::ViewLength;
use super::sidecar::Reader;
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::temporal::{Date, TemporalKind};

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
    pub(super) revision: Option<i64>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) rules: Rules,
    /// By day, ascending.
    pub(super) changes: Vec<Change>,
}

/// `[[change]]`: rules that replace those of the same name from a day on.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) from: Date,
    pub(super) rules: Rules,
}

/// What the file says, on one day.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) records: Vec<At<String>>,
    pub(super) key: Vec<At<String>>,
    pub(super) length: Option<ViewLength>,
    pub(super) types: Vec<TypeRule>,
    pub(super) redefines: Vec<RedefinesRule>,
    pub(super) fields: Vec<FieldRule>,
    pub(super) header: Option<ControlRule>,
    pub(super) trailer: Option<ControlRule>,
    pub(super) error: Option<ErrorRule>,
}

impl Rules {
    /// These rules with a later change: what it names is replaced whole, the rest stays.
    fn changed(mut self, change: &Rules) -> Rules {
        fn replace<T: Clone>(old: &mut Vec<T>, new: &[T], same: impl Fn(&T, &T) -> bool) {
            for rule in new {
                match old.iter_mut().find(|other| same(other, rule)) {
                    Some(place) => *place = rule.clone(),
                    None => old.push(rule.clone()),
                }
            }
        }
        if !change.records.is_empty() {
            self.records.clone_from(&change.records);
        }
        if !change.key.is_empty() {
            self.key.clone_from(&change.key);
        }
        let same = |a: &At<String>, b: &At<String>| a.value.eq_ignore_ascii_case(&b.value);
        replace(&mut self.types, &change.types, |a, b| {
            a.name.value == b.name.value
        });
        replace(&mut self.redefines, &change.redefines, |a, b| {
            same(&a.area, &b.area)
        });
        replace(&mut self.fields, &change.fields, |a, b| {
            same(&a.path, &b.path)
        });
        self.length = change.length.or(self.length);
        self.header = change.header.clone().or(self.header);
        self.trailer = change.trailer.clone().or(self.trailer);
        self.error = change.error.clone().or(self.error);
        self
    }
}

/// `[redefines.AREA]`: which view of one area holds, in order.
#[derive(Debug, Clone)]
pub(super) struct RedefinesRule {
    pub(super) area: At<String>,
    /// A `when` without tests always holds.
    pub(super) views: Vec<(At<String>, When)>,
}

/// `[error]`: which records say that something went wrong.
#[derive(Debug, Clone)]
pub(super) enum ErrorRule {
    /// Those whose field has none of these values.
    Code {
        field: At<String>,
        ok: Vec<At<Scalar>>,
    },
    /// Those for which this holds; the field is what to show of them.
    When {
        field: Option<At<String>>,
        when: When,
    },
}

impl ErrorRule {
    /// A place to show with a fault.
    pub(super) fn at(&self) -> Option<Span> {
        match self {
            ErrorRule::Code { field, .. } => Some(field.span),
            ErrorRule::When {
                field: Some(field), ..
            } => Some(field.span),
            ErrorRule::When {
                when: When::Condition(name),
                ..
            } => Some(name.span),
            ErrorRule::When {
                when: When::Fields(fields),
                ..
            } => fields.first().map(|(path, _)| path.span),
        }
    }
}

/// `[record_types.NAME]`.
#[derive(Debug, Clone)]
pub(super) struct TypeRule {
    pub(super) name: At<String>,
    pub(super) when: When,
    pub(super) views: Vec<At<String>>,
    /// The type whose records such a record stands below.
    pub(super) parent: Option<At<String>>,
    /// What the list of them is called there.
    pub(super) list: Option<At<String>>,
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
    /// Digits right of the point of a DECIMAL column whose LOAD statement does not say.
    pub(super) scale: Option<At<u16>>,
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

    /// The revision the file gives itself, for people.
    pub fn revision(&self) -> Option<i64> {
        self.revision
    }

    /// The first and the last day the file is right for, where it says so.
    pub fn effective(&self) -> (Option<Date>, Option<Date>) {
        (self.from, self.to)
    }

    /// The days from which something changes, ascending.
    pub fn changes(&self) -> impl Iterator<Item = Date> {
        self.changes.iter().map(|change| change.from)
    }

    /// The rules that hold on a day; without one, those after the last change.
    pub(super) fn rules_on(&self, day: Option<Date>) -> Rules {
        self.changes
            .iter()
            .filter(|change| day.is_none_or(|day| change.from <= day))
            .fold(self.rules.clone(), |rules, change| {
                rules.changed(&change.rules)
            })
    }

    /// The name given to `parse`.
    pub fn file(&self) -> &str {
        &self.file
    }
}
