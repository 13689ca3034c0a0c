//! What a data set says of itself in its header and trailer: how many records, what they add up to, of which business date; and whether that is so.
//!
//! In: every record of a generation, in the order of the file. Out: disagreements for the hold rules, totals and date for the marker. A total over records of
//! which one cannot be read is not compared: the record is counted as bad already.

use parsers::{Balance, Imbalance, Stated};

use crate::checkpoint::ControlTotal;
use crate::config::SourceConfig;
use crate::decode::BadRecord;

/// [`Balance`] in capture's words.
#[derive(Debug)]
pub(crate) struct Controls(Option<Balance>);

impl Controls {
    pub(crate) fn new(config: &SourceConfig) -> Self {
        Self(Balance::new(config.layout()))
    }

    /// Takes a record, counted from 1; `true` when it is a header or trailer, not data.
    pub(crate) fn take(&mut self, record_no: u64, record: &[u8]) -> bool {
        let from_0 = record_no.saturating_sub(1);
        self.0
            .as_mut()
            .is_some_and(|balance| balance.take(from_0, None, record))
    }

    /// Everything that is not as header and trailer say; to be asked at the end of a file that was read whole. An empty file says nothing.
    pub(crate) fn disagreements(&self) -> Vec<String> {
        let balance = self.0.iter().filter(|balance| !balance.is_empty());
        balance.flat_map(Balance::faults).filter_map(told).collect()
    }

    /// What was stated and what was found, for the marker.
    pub(crate) fn control_totals(&self) -> Vec<ControlTotal> {
        let statements = self.0.iter().flat_map(Balance::statements);
        let totals = statements.map(|statement| match statement.about {
            Stated::Records { stated, found, .. } => ControlTotal {
                name: "records".to_owned(),
                counted: found.to_string(),
                stated: stated.to_string(),
            },
            Stated::Total { of, stated, found } => ControlTotal {
                name: of,
                counted: found.map_or_else(|| "unknown".to_owned(), |found| found.to_string()),
                stated: stated.to_string(),
            },
        });
        totals.collect()
    }

    /// The business date, as ISO 8601.
    pub(crate) fn business_date(&self) -> Option<String> {
        let date = self.0.as_ref()?.business_date()?;
        Some(date.to_string())
    }
}

/// What people are told of it: never a byte of a record.
fn told(fault: Imbalance) -> Option<String> {
    match fault {
        Imbalance::Unread { .. } => None,
        Imbalance::Field {
            record_no, error, ..
        } => Some(format!(
            "record {}, a header or trailer, cannot be read: {}",
            record_no.saturating_add(1),
            BadRecord::from(error).without_contents()
        )),
        fault => Some(fault.to_string()),
    }
}
