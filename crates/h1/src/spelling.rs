//! How the sender of a head spelt it: old clients and servers look for names in the case they know, and in the order they know.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;

/// The field lines of a head as they came, and the reason phrase of a response. The default has none: names are written as
/// [`http::HeaderName`] has them, in lower case. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Spelling {
    /// Whole lines.
    lines: Bytes,
    /// Whether one of them is the host.
    host: bool,
    /// Of the status that it was sent with.
    reason: Option<(StatusCode, Bytes)>,
}

impl fmt::Debug for Spelling {
    /// Its length: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spelling({} bytes)", self.lines.len())
    }
}

impl Spelling {
    pub(crate) fn of_request(lines: Bytes, host: bool) -> Self {
        Self {
            lines,
            host,
            reason: None,
        }
    }

    pub(crate) fn of_response(lines: Bytes, status: StatusCode, reason: Bytes) -> Self {
        Self {
            lines,
            host: false,
            reason: Some((status, reason)),
        }
    }

    /// The field lines, each with its line end.
    pub(crate) fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// Whether the sender spelt a host.
    pub(crate) fn has_host(&self) -> bool {
        self.host
    }

    /// The reason phrase that came with this status; the one that is registered, or none, where it came with another.
    pub(crate) fn reason(&self, status: StatusCode) -> &[u8] {
        match &self.reason {
            Some((of, reason)) if *of == status => reason,
            _ => status.canonical_reason().unwrap_or_default().as_bytes(),
        }
    }
}
