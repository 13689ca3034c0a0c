//! Header and trailer records: which records of a data set they are, and what they say of the others.
//!
//! In: the meaning's `[header]` and `[trailer]`, and records. Out: their counts, totals and business dates, and what
//! each detail adds to the total. Whether they agree is for whoever has read the whole data set to say.

use super::Layout;
use super::field::{Field, FieldKind, to_usize};
use super::meaning::{ControlRecord, ControlRule};
use super::resolve::Resolver;
use super::select::Test;
use super::walk::Walker;
use crate::decimal::Decimal;
use crate::error::{CopybookErrorKind, FieldError, FieldErrorKind};
use crate::path::FieldPath;
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

/// What the meaning says of header and trailer records.
#[derive(Debug, Clone, Default)]
pub struct ControlRecords {
    pub(crate) header: Option<ControlRecordRule>,
    pub(crate) trailer: Option<ControlRecordRule>,
}

/// One of the two.
#[derive(Debug, Clone)]
pub(crate) struct ControlRecordRule {
    pub(crate) tests: Vec<Test>,
    pub(crate) count: Option<FieldPath>,
    pub(crate) counts_all: bool,
    pub(crate) total: Option<(FieldPath, FieldPath)>,
    pub(crate) business_date: Option<FieldPath>,
}

impl ControlRecords {
    /// What tells headers and trailers.
    pub(super) fn tests(&self) -> impl Iterator<Item = &Test> {
        let rules = [&self.header, &self.trailer].into_iter().flatten();
        rules.flat_map(|rule| &rule.tests)
    }

    /// True when a data set has a header record.
    pub fn has_header(&self) -> bool {
        self.header.is_some()
    }

    /// True when a data set has a trailer record: one without it is cut.
    pub fn has_trailer(&self) -> bool {
        self.trailer.is_some()
    }

    /// The field of detail records that a control total is over.
    pub fn total_of(&self) -> Option<&FieldPath> {
        let rules = [&self.trailer, &self.header];
        rules
            .into_iter()
            .flatten()
            .find_map(|rule| rule.total.as_ref())
            .map(|(_, of)| of)
    }
}

/// What a record is to its data set.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordClass {
    /// Data.
    Detail,
    /// A header, with what it says.
    Header(ControlValues),
    /// A trailer, with what it says.
    Trailer(ControlValues),
}

/// What a header or trailer says of its data set; `None` where the meaning names no field for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControlValues {
    /// How many records: details, or all with header and trailer when `counts_all`.
    pub count: Option<u64>,
    /// Whether `count` counts header and trailer too.
    pub counts_all: bool,
    /// The sum of [`ControlRecords::total_of`] over all details.
    pub total: Option<Decimal>,
    /// The business day of the data.
    pub business_date: Option<Date>,
}

impl Layout {
    /// Header and trailer rules.
    pub fn control_records(&self) -> &ControlRecords {
        &self.control
    }

    /// Tells details from headers and trailers, and reads the latter.
    ///
    /// # Errors
    /// A control field that does not decode.
    pub fn classify(&self, record: &[u8]) -> Result<RecordClass, FieldError> {
        let mut walker = Walker::new(self, record);
        let mut is = |rule: &&ControlRecordRule| rule.tests.iter().all(|test| walker.holds(test));
        if let Some(rule) = self.control.header.as_ref().filter(&mut is) {
            return self.control_values(rule, record).map(RecordClass::Header);
        }
        if let Some(rule) = self.control.trailer.as_ref().filter(&mut is) {
            return self.control_values(rule, record).map(RecordClass::Trailer);
        }
        Ok(RecordClass::Detail)
    }

    /// What a detail record adds to the control total: the sum of the total's field over all its occurrences, zero
    /// where the record's type has no such field; `None` without a control total.
    ///
    /// # Errors
    /// The field does not decode, or what must be passed to find it.
    pub fn control_amount(&self, record: &[u8]) -> Result<Option<Decimal>, FieldError> {
        let Some(path) = self.control.total_of() else {
            return Ok(None);
        };
        let mut sum = Sum {
            field: path.field,
            total: Decimal::new(0, 0),
            overflow: false,
        };
        // Most often it is one field, and nothing else has to decode.
        let mut walker = Walker::new(self, record);
        let views = self.total_views.as_ref();
        match views
            .map(|views| walker.has_views(views))
            .transpose()?
            .flatten()
        {
            Some(true) => self.walk_field(record, path, &mut sum)?,
            Some(false) => {}
            None => self.walk(record, &mut sum)?,
        }
        if sum.overflow {
            let message = "the sum has more than 38 digits";
            return Err(FieldError::of_value(
                FieldErrorKind::Range,
                path.as_str(),
                message,
            ));
        }
        Ok(Some(sum.total))
    }

    fn control_values(
        &self,
        rule: &ControlRecordRule,
        record: &[u8],
    ) -> Result<ControlValues, FieldError> {
        let count = match &rule.count {
            Some(path) => match self.control_field(path, record)?.0 {
                Some(number) => Some(
                    number
                        .to_i128()
                        .and_then(|count| u64::try_from(count).ok())
                        .ok_or_else(|| {
                            let message = format!("{number} as a count of records");
                            FieldError::of_value(FieldErrorKind::Count, path.as_str(), message)
                        })?,
                ),
                None => None,
            },
            None => None,
        };
        let total = match &rule.total {
            Some((path, _)) => self.control_field(path, record)?.0,
            None => None,
        };
        let business_date = match &rule.business_date {
            Some(path) => self.control_field(path, record)?.1,
            None => None,
        };
        Ok(ControlValues {
            count,
            counts_all: rule.counts_all,
            total,
            business_date,
        })
    }

    fn control_field(
        &self,
        path: &FieldPath,
        record: &[u8],
    ) -> Result<(Option<Decimal>, Option<Date>), FieldError> {
        let mut seen = Seen {
            number: None,
            date: None,
        };
        self.walk_field(record, path, &mut seen)?;
        Ok((seen.number, seen.date))
    }
}

impl Resolver<'_> {
    /// `[header]` or `[trailer]`.
    pub(super) fn control(
        &mut self,
        rule: Option<&ControlRule>,
        types: &[super::select::RecordType],
    ) -> Option<ControlRecordRule> {
        let rule = rule?;
        let tests = match &rule.record {
            ControlRecord::When(when) => self.when(when),
            ControlRecord::Type(at) => match types.iter().find(|kind| kind.name == at.value) {
                Some(kind) => kind.tests.clone(),
                None => {
                    let message = format!("no record type `{}` in [record_types]", at.value);
                    self.fault(CopybookErrorKind::Meaning, at.span, message);
                    return None;
                }
            },
        };
        let count = rule
            .count
            .as_ref()
            .and_then(|at| self.control_path(at, Wanted::Number));
        let total = rule.total.as_ref().and_then(|(field, of)| {
            let field = self.control_path(field, Wanted::Number);
            let of = self
                .path(of)
                .filter(|path| self.is(path, of, Wanted::Number));
            Some((field?, of?))
        });
        let business_date = rule
            .business_date
            .as_ref()
            .and_then(|at| self.control_path(at, Wanted::Date));
        // A rule whose tests did not resolve would take every record for a header.
        (!tests.is_empty()).then_some(ControlRecordRule {
            tests,
            count,
            counts_all: rule.counts_all,
            total,
            business_date,
        })
    }

    fn control_path(
        &mut self,
        at: &super::meaning::At<String>,
        wanted: Wanted,
    ) -> Option<FieldPath> {
        self.path(at).filter(|path| self.is(path, at, wanted))
    }

    fn is(&mut self, path: &FieldPath, at: &super::meaning::At<String>, wanted: Wanted) -> bool {
        let kind = self.fields.get(to_usize(path.field)).map(Field::kind);
        let right = match wanted {
            Wanted::Number => matches!(kind, Some(FieldKind::Number { .. })),
            Wanted::Date => matches!(kind, Some(FieldKind::Date | FieldKind::Timestamp { .. })),
        };
        if !right {
            let what = match wanted {
                Wanted::Number => "a numeric field",
                Wanted::Date => "a field with a `date` or `timestamp` in [fields]",
            };
            self.fault(
                CopybookErrorKind::Meaning,
                at.span,
                format!("{}: wanted {what}", at.value),
            );
        }
        right
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Number,
    Date,
}

/// Adds up one field.
struct Sum {
    field: u32,
    total: Decimal,
    overflow: bool,
}

impl Visitor for Sum {
    fn number(&mut self, field: &Field, number: Number<'_>) {
        if field.id() == self.field {
            match self.total.checked_add(number.decimal()) {
                Some(total) => self.total = total,
                None => self.overflow = true,
            }
        }
    }
    /// Another field that does not decode is another's matter.
    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        if field.id() == self.field {
            Err(error)
        } else {
            Ok(())
        }
    }
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, _: Text<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: Date) {}
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, _: Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {}
}

/// Keeps the one number or date it sees.
struct Seen {
    number: Option<Decimal>,
    date: Option<Date>,
}

impl Visitor for Seen {
    fn number(&mut self, _: &Field, number: Number<'_>) {
        self.number = Some(number.decimal());
    }
    fn date(&mut self, _: &Field, date: Date) {
        self.date = Some(date);
    }
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, timestamp: Timestamp) {
        self.date = Some(timestamp.date);
    }
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, _: Text<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {}
}
