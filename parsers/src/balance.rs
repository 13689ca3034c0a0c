//! Whether a file holds what its header and trailer say: how many records, and what they add up to.
//!
//! In: the records of a file in their order. Out, at its end: what header and trailer say beside what there is, and
//! every disagreement with both. Batch jobs have always written these so that a file that was cut, sent twice or mixed
//! up is noticed.

use std::fmt;
use std::sync::Arc;

use crate::decimal::Decimal;
use crate::error::FieldError;
use crate::layout::{ControlValues, Layout, RecordClass};
use crate::temporal::Date;

/// So many faults say as much as all of them.
const MOST: usize = 20;

/// What is wrong with a file by its header or trailer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Imbalance {
    /// The meaning says that there is one.
    Missing {
        /// `header` or `trailer`.
        what: &'static str,
    },
    /// It says another number of records than there are.
    Count {
        /// `header` or `trailer`.
        what: &'static str,
        /// What it says.
        stated: u64,
        /// How many there are.
        found: u64,
        /// Whether that is with header and trailer.
        all: bool,
    },
    /// It says another total than the records add up to.
    Total {
        /// `header` or `trailer`.
        what: &'static str,
        /// The field that is added up.
        of: String,
        /// What it says.
        stated: Decimal,
        /// What there is.
        found: Decimal,
    },
    /// A total that cannot be held against anything: a field of it does not decode, or it is too large a number.
    Unread {
        /// The field that is added up.
        of: String,
        /// Records without an amount.
        records: u64,
    },
    /// Header and trailer are of different days.
    BusinessDate {
        /// The header's.
        header: Date,
        /// The trailer's.
        trailer: Date,
    },
    /// A record where none can be: a second header, one behind the trailer.
    Place {
        /// Its number, from 0.
        record_no: u64,
        /// Where it begins in the file, if it is in one.
        offset: Option<u64>,
        /// What is wrong with it.
        message: &'static str,
    },
    /// A header or trailer whose own fields do not decode.
    Field {
        /// Its number, from 0.
        record_no: u64,
        /// Where it begins in the file, if it is in one.
        offset: Option<u64>,
        /// Why.
        error: FieldError,
    },
}

impl fmt::Display for Imbalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Imbalance::Missing { what } => write!(
                f,
                "there is no {what}: the file was cut, or is of another data set"
            ),
            Imbalance::Count {
                what,
                stated,
                found,
                all,
            } => {
                let of = if *all { " with header and trailer" } else { "" };
                write!(
                    f,
                    "the {what} says {stated} records{of}, and there are {found}"
                )
            }
            Imbalance::Total {
                what,
                of,
                stated,
                found,
            } => write!(
                f,
                "the {what} says that {of} adds up to {stated}, and it adds up to {found}"
            ),
            Imbalance::Unread { of, records } => write!(
                f,
                "{of} cannot be added up: it cannot be read in every record ({records} in which it cannot)"
            ),
            Imbalance::BusinessDate { header, trailer } => write!(
                f,
                "the header is of business date {header}, the trailer of {trailer}"
            ),
            Imbalance::Place {
                record_no,
                offset,
                message,
            } => write!(
                f,
                "record {}{} {message}",
                record_no.saturating_add(1),
                At(*offset)
            ),
            Imbalance::Field {
                record_no,
                offset,
                error,
            } => write!(
                f,
                "record {}{} is a header or trailer and cannot be read: {error}",
                record_no.saturating_add(1),
                At(*offset)
            ),
        }
    }
}

impl std::error::Error for Imbalance {}

/// One thing that a header or trailer says, and what there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `header` or `trailer`.
    pub what: &'static str,
    /// What it is about.
    pub about: Stated,
}

/// What a header or trailer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stated {
    /// How many records there are.
    Records {
        /// What it says.
        stated: u64,
        /// How many there are.
        found: u64,
        /// Whether that is with header and trailer.
        all: bool,
    },
    /// What a field of the records adds up to.
    Total {
        /// The field.
        of: String,
        /// What it says.
        stated: Decimal,
        /// What there is; `None` if it cannot be added up.
        found: Option<Decimal>,
    },
}

struct At(Option<u64>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(offset) => write!(f, " at byte {offset}"),
            None => Ok(()),
        }
    }
}

/// Counts and adds while the records pass by.
#[derive(Debug)]
pub struct Balance {
    layout: Arc<Layout>,
    header: Option<ControlValues>,
    trailer: Option<ControlValues>,
    details: u64,
    /// Headers and trailers.
    others: u64,
    total: Option<Decimal>,
    unread: u64,
    faults: Vec<Imbalance>,
}

impl Balance {
    /// For one file; `None` where the meaning says nothing of headers and trailers.
    pub fn new(layout: &Arc<Layout>) -> Option<Balance> {
        let rules = layout.control_records();
        (rules.has_header() || rules.has_trailer()).then(|| Balance {
            total: rules.total_of().map(|_| Decimal::from(0)),
            layout: Arc::clone(layout),
            header: None,
            trailer: None,
            details: 0,
            others: 0,
            unread: 0,
            faults: Vec::new(),
        })
    }

    /// Takes the next record; `record_no` counts from 0, `offset` is where it begins in its file, if it is in one. True
    /// when it is a header or trailer, not data.
    pub fn take(&mut self, record_no: u64, offset: Option<u64>, record: &[u8]) -> bool {
        let place = |message| Imbalance::Place {
            record_no,
            offset,
            message,
        };
        match self.layout.classify(record) {
            Ok(RecordClass::Detail) => {
                if self.trailer.is_some() {
                    self.fault(place("stands behind the trailer"));
                }
                self.detail(record);
                return false;
            }
            Ok(RecordClass::Header(values)) => {
                if self.header.is_some() {
                    self.fault(place("is a second header: are two data sets in one file?"));
                } else if self.details > 0 || self.others > 0 {
                    self.fault(place("is a header, and a header is the first record"));
                }
                self.header = Some(values);
            }
            Ok(RecordClass::Trailer(values)) => {
                if self.trailer.is_some() {
                    self.fault(place("is a second trailer: are two data sets in one file?"));
                }
                self.trailer = Some(values);
            }
            Err(error) => self.fault(Imbalance::Field {
                record_no,
                offset,
                error,
            }),
        }
        self.others = self.others.saturating_add(1);
        true
    }

    fn detail(&mut self, record: &[u8]) {
        self.details = self.details.saturating_add(1);
        let Some(total) = self.total else { return };
        let amount = self.layout.control_amount(record).ok().flatten();
        match amount.and_then(|amount| total.checked_add(amount)) {
            Some(sum) => self.total = Some(sum),
            None => self.unread = self.unread.saturating_add(1),
        }
    }

    fn fault(&mut self, fault: Imbalance) {
        if self.faults.len() < MOST {
            self.faults.push(fault);
        }
    }

    /// True when no record came by.
    pub fn is_empty(&self) -> bool {
        self.details == 0 && self.others == 0
    }

    /// The day that the trailer says, else the header's.
    pub fn business_date(&self) -> Option<Date> {
        [&self.trailer, &self.header]
            .into_iter()
            .flatten()
            .find_map(|values| values.business_date)
    }

    /// What header and trailer say, beside what there is.
    pub fn statements(&self) -> Vec<Statement> {
        let mut all = Vec::new();
        for (what, values) in [("header", &self.header), ("trailer", &self.trailer)] {
            let Some(values) = values else { continue };
            let records = self.records(values);
            let about = records.into_iter().chain(self.total(values));
            all.extend(about.map(|about| Statement { what, about }));
        }
        all
    }

    fn records(&self, values: &ControlValues) -> Option<Stated> {
        let all = values.counts_all;
        let others = if all { self.others } else { 0 };
        Some(Stated::Records {
            stated: values.count?,
            found: self.details.saturating_add(others),
            all,
        })
    }

    fn total(&self, values: &ControlValues) -> Option<Stated> {
        Some(Stated::Total {
            of: self.layout.control_records().total_of()?.to_string(),
            stated: values.total?,
            found: self.total.filter(|_| self.unread == 0),
        })
    }

    /// Everything that is not as header and trailer say, once the file was read whole.
    pub fn faults(&self) -> Vec<Imbalance> {
        let mut faults = self.faults.clone();
        let rules = self.layout.control_records();
        let unreadable = faults
            .iter()
            .any(|fault| matches!(fault, Imbalance::Field { .. }));
        for (what, missing) in [
            ("header", rules.has_header() && self.header.is_none()),
            ("trailer", rules.has_trailer() && self.trailer.is_none()),
        ] {
            if missing && !unreadable {
                faults.push(Imbalance::Missing { what });
            }
        }
        let statements = self.statements().into_iter();
        faults.extend(statements.filter_map(|statement| self.fault_of(statement)));
        if let (Some(header), Some(trailer)) = (&self.header, &self.trailer)
            && let (Some(header), Some(trailer)) = (header.business_date, trailer.business_date)
            && header != trailer
        {
            faults.push(Imbalance::BusinessDate { header, trailer });
        }
        faults
    }

    fn fault_of(&self, Statement { what, about }: Statement) -> Option<Imbalance> {
        match about {
            Stated::Records { stated, found, all } => {
                (stated != found).then_some(Imbalance::Count {
                    what,
                    stated,
                    found,
                    all,
                })
            }
            Stated::Total {
                of, found: None, ..
            } => Some(Imbalance::Unread {
                of,
                records: self.unread,
            }),
            Stated::Total {
                of,
                stated,
                found: Some(found),
            } => stated.compare(found).is_ne().then_some(Imbalance::Total {
                what,
                of,
                stated,
                found,
            }),
        }
    }
}
