//! What can go wrong with a backend, and whether it may have seen the request.

use std::fmt;
use std::time::Duration;

use crate::message::PayloadError;

/// Whether a backend may have seen a request. Everything that may be done after a failure hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not one byte of it left us, or it was taken back before anyone could read it.
    No,
    /// Some of it may have arrived, so it may have been executed.
    Maybe,
}

/// What kind of failure of a backend. The words are stable: metrics, evidence and error codes are made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BackendErrorKind {
    /// No connection.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// Every connection or place in the queue is taken; nothing was sent.
    Overloaded,
    /// The connection broke off before the head of the answer.
    Broken,
    /// An answer came, but none that can be passed on: not the protocol, not the shape, too large, or cut off.
    BadAnswer,
    /// A view lags behind by more than its route allows.
    Stale,
    /// What it is reached through is not there: no Kafka, or a view not yet filled.
    Unavailable,
    /// Too many requests to it failed: nothing is sent to it for a while.
    CircuitOpen,
    /// The request was delivered and its answer is lost: the partition of replies moved away.
    LostReply,
    /// The request could not be written to its topic; nothing was sent.
    NotWritten,
    /// The request was sent to its topic, and whether it was written there is not known.
    Unconfirmed,
    /// The request is larger than its topic takes; nothing was sent.
    TooLarge,
    /// The same request is under way, so nothing was sent.
    InFlight,
    /// Another request had the key of this one, so nothing was sent, or nothing executed.
    OtherRequest,
    /// The request itself did not come to its end while it was being sent on; nobody's fault but the client's.
    RequestBody(BodyFault),
}

/// Why the body of a request did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyFault {
    /// Larger than the route allows, in bytes.
    TooLarge {
        /// What the route allows.
        limit: usize,
    },
    /// The client broke off.
    Broken,
    /// The client stopped sending.
    Late,
}

impl From<&PayloadError> for BodyFault {
    fn from(error: &PayloadError) -> Self {
        match error {
            PayloadError::Broken(_) => Self::Broken,
            PayloadError::TooLarge { limit } => Self::TooLarge { limit: *limit },
            PayloadError::Late => Self::Late,
        }
    }
}

impl BackendErrorKind {
    /// As it stands in codes, metrics and evidence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Overloaded => "overloaded",
            Self::Broken => "broken",
            Self::BadAnswer => "bad_answer",
            Self::Stale => "stale",
            Self::Unavailable => "unavailable",
            Self::CircuitOpen => "circuit_open",
            Self::LostReply => "lost_reply",
            Self::NotWritten => "not_written",
            Self::Unconfirmed => "unconfirmed",
            Self::TooLarge => "too_large",
            Self::InFlight => "in_flight",
            Self::OtherRequest => "other_request",
            Self::RequestBody(_) => "request_body",
        }
    }

    /// Those that are a backend's doing.
    pub const OF_BACKENDS: [Self; 12] = [
        Self::Unreachable,
        Self::Timeout,
        Self::Overloaded,
        Self::Broken,
        Self::BadAnswer,
        Self::Stale,
        Self::Unavailable,
        Self::CircuitOpen,
        Self::LostReply,
        Self::NotWritten,
        Self::Unconfirmed,
        Self::TooLarge,
    ];

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "the backend cannot be reached",
            Self::Timeout => "the backend did not answer in time",
            Self::Overloaded => "the backend takes no more requests",
            Self::Broken => "the backend broke off before it answered",
            Self::BadAnswer => "the backend's answer cannot be passed on",
            Self::Stale => "the view lags behind by more than the route allows",
            Self::Unavailable => "kafka, or the view behind it, is not available",
            Self::CircuitOpen => "the backend failed too often and is left alone for a while",
            Self::LostReply => "the request was delivered but its reply is lost",
            Self::NotWritten => "the request could not be written to its topic",
            Self::Unconfirmed => "it is not known whether the request was written",
            Self::TooLarge => "the request is larger than its topic takes",
            Self::InFlight => "the same request is under way",
            Self::OtherRequest => "another request had the same key",
            Self::RequestBody(_) => "the client's request did not come to its end",
        }
    }
}

/// A call of a backend that gave no answer.
#[derive(Debug)]
pub struct BackendError {
    kind: BackendErrorKind,
    sent: Sent,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl BackendError {
    /// A failure of that kind; `sent` must be [`Sent::Maybe`] unless it is certain that nobody can have read the request.
    #[must_use]
    pub fn new(kind: BackendErrorKind, sent: Sent) -> Self {
        Self {
            kind,
            sent,
            retry_after: None,
            source: None,
        }
    }

    /// The same with its cause. The cause must not quote the request or the answer.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// The same, with the time after which asking again may be of use.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// After which time asking again may be of use, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What kind.
    #[must_use]
    pub fn kind(&self) -> BackendErrorKind {
        self.kind
    }

    /// Whether the request may have been seen.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.message())
    }
}

impl std::error::Error for BackendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}
