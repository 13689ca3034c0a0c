//! What is wrong with a file as its record format: kind, place, what was wanted, what was found, what it may be.

use std::fmt;

/// What is wrong with a file as its record format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameErrorKind {
    /// The file ends inside a record or block.
    Cut,
    /// A descriptor word that cannot be one.
    Descriptor,
    /// A segment of a spanned record where none can be, or out of order.
    Spanned,
    /// A record length of 0, one above the largest record allowed, one its fields do not give, or a record that the
    /// format cannot hold.
    Length,
    /// A line that cannot be one: longer than allowed, or written with a line end inside.
    Line,
    /// A way of cutting a file that contradicts itself.
    Format,
}

/// A file that is not of its record format, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameError {
    kind: FrameErrorKind,
    offset: u64,
    record: u64,
    message: String,
    /// The bytes that cannot be what they should be.
    found: Vec<u8>,
    help: Option<String>,
}

impl FrameError {
    pub(crate) fn new(
        kind: FrameErrorKind,
        offset: u64,
        record: u64,
        message: impl Into<String>,
    ) -> FrameError {
        FrameError {
            kind,
            offset,
            record,
            message: message.into(),
            found: Vec::new(),
            help: None,
        }
    }

    #[must_use]
    pub(crate) fn with_help(mut self, help: Option<String>) -> FrameError {
        self.help = help;
        self
    }

    /// At most 16 bytes of it are kept.
    #[must_use]
    pub(crate) fn with_found(mut self, bytes: &[u8]) -> FrameError {
        self.found = bytes.get(..16).unwrap_or(bytes).to_vec();
        self
    }

    /// The message for places that contents must not reach: the bytes found are left out.
    pub fn without_bytes(&self) -> String {
        let record = self.record.saturating_add(1);
        format!("record {record} at byte {}: {}", self.offset, self.message)
    }

    /// The kind of fault.
    pub fn kind(&self) -> FrameErrorKind {
        self.kind
    }

    /// Where in the file, from 0.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The record it happened in or after, from 0.
    pub fn record_no(&self) -> u64 {
        self.record
    }

    /// What the file looks like instead, where that can be told.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for FrameError {
    /// Counts records from 1, as people do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_bytes())?;
        if self.found.is_empty() {
            return Ok(());
        }
        write!(f, ", found 0x{}", crate::json::hex(&self.found))
    }
}

impl std::error::Error for FrameError {}
