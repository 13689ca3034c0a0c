//! What a data set says of itself in its header and trailer: how many records, what they add up to, of which business date; and whether that is so.
//!
//! In: every record of a generation, in the order of the file. Out: disagreements for the hold rules, totals and date for the marker. A total over records of
//! which one cannot be read is not compared: the record is counted as bad already.

use std::cmp::Ordering;
use std::sync::Arc;

use parsers::{ControlValues, Decimal, Layout, RecordClass};

use crate::checkpoint::ControlTotal;
use crate::config::SourceConfig;
use crate::decode::BadRecord;

/// Collects counts and sums while the records pass by.
#[derive(Debug)]
pub(crate) struct Controls {
    layout: Arc<Layout>,
    /// Whether there is anything to look for.
    wanted: bool,
    header: Option<ControlValues>,
    trailer: Option<ControlValues>,
    details: u64,
    /// Headers and trailers.
    others: u64,
    total: Option<Decimal>,
    /// Details that the total could not be read from.
    unread: u64,
    faults: Vec<String>,
}

impl Controls {
    pub(crate) fn new(config: &SourceConfig) -> Self {
        let layout = Arc::clone(config.layout());
        let rules = layout.control_records();
        Self {
            wanted: rules.has_header() || rules.has_trailer(),
            total: rules.total_of().map(|_| Decimal::from(0)),
            header: None,
            trailer: None,
            details: 0,
            others: 0,
            unread: 0,
            faults: Vec::new(),
            layout,
        }
    }

    /// Takes a record; `true` when it is a header or trailer, not data.
    pub(crate) fn take(&mut self, record_no: u64, record: &[u8]) -> bool {
        if !self.wanted {
            self.details += 1;
            return false;
        }
        match self.layout.classify(record) {
            Ok(RecordClass::Detail) => {
                self.detail(record_no, record);
                false
            }
            Ok(RecordClass::Header(values)) => {
                if record_no > 1 {
                    self.fault(format!(
                        "record {record_no} is a header, and a header is the first record"
                    ));
                }
                self.header = Some(values);
                self.others += 1;
                true
            }
            Ok(RecordClass::Trailer(values)) => {
                if self.trailer.is_some() {
                    self.fault(format!(
                        "record {record_no} is a second trailer: are two data sets in one file?"
                    ));
                }
                self.trailer = Some(values);
                self.others += 1;
                true
            }
            Err(error) => {
                let bad = BadRecord::from(error);
                self.fault(format!(
                    "record {record_no}, a header or trailer, cannot be read: {}",
                    bad.without_contents()
                ));
                self.others += 1;
                true
            }
        }
    }

    fn detail(&mut self, record_no: u64, record: &[u8]) {
        self.details += 1;
        if self.trailer.is_some() {
            self.fault(format!("record {record_no} stands behind the trailer"));
        }
        let Some(total) = self.total else { return };
        match self.layout.control_amount(record) {
            Ok(amount) => match amount.and_then(|amount| total.checked_add(amount)) {
                Some(sum) => self.total = Some(sum),
                None => self.unread += 1,
            },
            Err(_) => self.unread += 1,
        }
    }

    /// A few say as much as a million.
    fn fault(&mut self, message: String) {
        if self.faults.len() < 5 {
            self.faults.push(message);
        }
    }

    /// Everything that is not as header and trailer say; to be asked at the end of a file that was read whole.
    pub(crate) fn disagreements(&self) -> Vec<String> {
        let mut faults = self.faults.clone();
        let rules = self.layout.control_records();
        if rules.has_header() && self.header.is_none() && self.others + self.details > 0 {
            faults.push("there is no header".to_owned());
        }
        if rules.has_trailer() && self.trailer.is_none() && self.others + self.details > 0 {
            faults.push(
                "there is no trailer: the file was cut, or is of another data set".to_owned(),
            );
        }
        for control in self.totals() {
            if !control.agrees() {
                faults.push(format!(
                    "the {} says {} {}, and there are {}",
                    control.by, control.stated, control.total.name, control.total.counted
                ));
            }
        }
        if let (Some(header), Some(trailer)) = (self.header.as_ref(), self.trailer.as_ref())
            && let (Some(first), Some(last)) = (header.business_date, trailer.business_date)
            && first != last
        {
            faults.push(format!(
                "the header is of business date {first}, the trailer of {last}"
            ));
        }
        faults
    }

    /// What was stated and what was found, for the marker.
    pub(crate) fn control_totals(&self) -> Vec<ControlTotal> {
        self.totals()
            .into_iter()
            .map(|control| control.total)
            .collect()
    }

    /// The business date, as ISO 8601.
    pub(crate) fn business_date(&self) -> Option<String> {
        let stated = [&self.trailer, &self.header]
            .into_iter()
            .flatten()
            .find_map(|values| values.business_date);
        stated.map(|date| date.to_string())
    }

    fn totals(&self) -> Vec<Stated> {
        let mut totals = Vec::new();
        for (by, values) in [("header", &self.header), ("trailer", &self.trailer)] {
            let Some(values) = values else { continue };
            if let Some(stated) = values.count {
                let counted = if values.counts_all {
                    self.details + self.others
                } else {
                    self.details
                };
                totals.push(Stated::new(
                    by,
                    "records",
                    counted.to_string(),
                    stated.to_string(),
                    Some(counted.cmp(&stated)),
                ));
            }
            if let (Some(stated), Some(counted)) = (values.total, self.total) {
                let of = self
                    .layout
                    .control_records()
                    .total_of()
                    .map_or_else(String::new, ToString::to_string);
                if self.unread == 0 {
                    totals.push(Stated::new(
                        by,
                        &of,
                        counted.to_string(),
                        stated.to_string(),
                        Some(counted.compare(stated)),
                    ));
                } else {
                    totals.push(Stated::new(
                        by,
                        &of,
                        "unknown".to_owned(),
                        stated.to_string(),
                        None,
                    ));
                }
            }
        }
        totals
    }
}

/// One thing a header or trailer says.
struct Stated {
    by: &'static str,
    stated: String,
    total: ControlTotal,
    /// `None` when it cannot be told.
    compared: Option<Ordering>,
}

impl Stated {
    fn new(
        by: &'static str,
        name: &str,
        counted: String,
        stated: String,
        compared: Option<Ordering>,
    ) -> Self {
        Self {
            by,
            total: ControlTotal {
                name: name.to_owned(),
                counted,
                stated: stated.clone(),
            },
            stated,
            compared,
        }
    }

    fn agrees(&self) -> bool {
        self.compared.is_none_or(Ordering::is_eq)
    }
}
