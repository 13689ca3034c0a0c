//! One segment of a partition's log: batches one after the other, and a sparse index kept in memory.
//!
//! The index is rebuilt from the headers when a broker starts; there are no index files to lose or to check.

use std::io;

use super::batch::Header;
use super::medium::Medium;

/// Bytes of log per index entry (`index.interval.bytes`).
const INTERVAL: u64 = 4096;

/// Where a batch lies, and the largest timestamp of all batches before it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: i64,
    position: u64,
    before: i64,
}

/// One segment.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The offset in its name: no offset in it is smaller.
    pub(crate) base: i64,
    pub(crate) medium: Medium,
    pub(crate) len: u64,
    /// The largest timestamp in milliseconds, -1 when empty.
    pub(crate) max_timestamp: i64,
    /// Timestamp of the first batch, for the roll by time.
    pub(crate) first_timestamp: Option<i64>,
    index: Vec<Entry>,
    indexed_to: u64,
}

impl Segment {
    pub(crate) fn new(base: i64, medium: Medium) -> Self {
        Self {
            base,
            medium,
            len: 0,
            max_timestamp: -1,
            first_timestamp: None,
            index: Vec::new(),
            indexed_to: 0,
        }
    }

    /// Notes a batch that lies at the end of the segment.
    pub(crate) fn note(&mut self, header: &Header) {
        if self.index.is_empty() || self.len - self.indexed_to >= INTERVAL {
            self.index.push(Entry {
                offset: header.base_offset,
                position: self.len,
                before: self.max_timestamp,
            });
            self.indexed_to = self.len;
        }
        self.len += u64::try_from(header.len).unwrap_or(u64::MAX);
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        self.first_timestamp.get_or_insert(header.max_timestamp);
    }

    /// Appends one batch.
    pub(crate) fn append(&mut self, header: &Header, batch: &[u8]) -> io::Result<()> {
        self.medium.append(self.len, batch)?;
        self.note(header);
        Ok(())
    }

    /// A position at or before the batch that holds `offset`.
    pub(crate) fn position(&self, offset: i64) -> u64 {
        let after = self.index.partition_point(|entry| entry.offset <= offset);
        after
            .checked_sub(1)
            .and_then(|at| self.index.get(at))
            .map_or(0, |entry| entry.position)
    }

    /// A position at or before the first batch with a timestamp of at least `timestamp`.
    pub(crate) fn position_by_time(&self, timestamp: i64) -> u64 {
        let after = self.index.partition_point(|entry| entry.before < timestamp);
        after
            .checked_sub(1)
            .and_then(|at| self.index.get(at))
            .map_or(0, |entry| entry.position)
    }
}
