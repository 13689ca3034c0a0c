//! Why a service ended.

use std::fmt;

/// What kind of end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Topics or settings cannot be used; a person must change them.
    Config,
    /// Another instance with the same name has taken over.
    Fenced,
    /// The handler said that it cannot go on, or panicked.
    Handler,
    /// What a predecessor left cannot be read by this version.
    Unreadable,
    /// Kafka has forgotten how far the group was; a person must say where it goes on.
    Forgotten,
}

/// Why [`crate::Service::run`] ended. A broker that is away is no reason: it is waited for.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<kafka::Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn caused_by(mut self, source: kafka::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// What kind of end.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
