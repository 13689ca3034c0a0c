//! What can go wrong with a body.

use std::error::Error as StdError;

use crate::header::Malformed;

/// What kind of error it is: whether it will ever be otherwise, and whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A record's headers say no form that this version knows.
    Malformed,
    /// The object is not in the store: it has expired, or the store is another.
    Missing,
    /// What is there is not what the record says: another length, another digest, or it was tampered with.
    Altered,
    /// The object is encrypted with a key that is not among ours.
    UnknownKey,
    /// It is larger than allowed.
    TooLarge,
    /// The store cannot be reached, read or written now; another time it may.
    Store,
    /// The settings cannot be used.
    Config,
}

/// Why a body could not be stored or had. Never quotes the body or a key.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn because(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the same may well succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.kind == Kind::Store
    }

    pub(crate) fn altered(what: &'static str) -> Self {
        Self::new(Kind::Altered, what)
    }
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(Kind::Malformed, malformed.to_string())
    }
}
