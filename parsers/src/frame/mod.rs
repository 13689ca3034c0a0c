//! Data set files to records and back: record formats F, FB, V and VB.
//!
//! In: chunks of a file of any size. Out: [`Framed`] records with their place. Push style: no reader inside, memory is
//! bounded by one record and the chunk. z/OS DFSMS "Using Data Sets": record descriptor words (RDW) and block
//! descriptor words (BDW) are big endian and count themselves.

mod deframe;
mod explain;
mod write;

use std::fmt;

pub use deframe::{Deframer, Framed};
pub use explain::explain;
pub use write::{Framer, write_record};

/// How records lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordFormat {
    /// Fixed length.
    F {
        /// Bytes of a record (LRECL).
        len: u32,
    },
    /// Fixed length, blocked: in a file the same as F.
    Fb {
        /// Bytes of a record (LRECL).
        len: u32,
    },
    /// Variable length: each record has an RDW in front; no BDWs (as FTP with RDW sends it).
    V,
    /// Variable length, blocked: each block has a BDW in front, each record an RDW.
    Vb,
}

impl fmt::Display for RecordFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordFormat::F { len } => write!(f, "F({len})"),
            RecordFormat::Fb { len } => write!(f, "FB({len})"),
            RecordFormat::V => f.write_str("V"),
            RecordFormat::Vb => f.write_str("VB"),
        }
    }
}

/// What is wrong with a file as its record format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameErrorKind {
    /// The file ends inside a record or block.
    Cut,
    /// A descriptor word that cannot be one.
    Descriptor,
    /// Spanned segments (VBS), which are not supported yet.
    Spanned,
    /// A record length of 0, or a record too long to be written.
    Length,
}

/// A file that is not of its record format, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameError {
    kind: FrameErrorKind,
    offset: u64,
    record: u64,
    message: String,
    /// The descriptor word that cannot be one.
    found: Option<[u8; 4]>,
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
            found: None,
            help: None,
        }
    }

    #[must_use]
    pub(crate) fn with_help(mut self, help: Option<String>) -> FrameError {
        self.help = help;
        self
    }

    #[must_use]
    pub(crate) fn with_found(mut self, word: [u8; 4]) -> FrameError {
        self.found = Some(word);
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
        match self.found {
            None => Ok(()),
            Some(word) => write!(f, ", found 0x{}", crate::json::hex(&word)),
        }
    }
}

impl std::error::Error for FrameError {}
