//! What can go wrong while the company's data is made or the tour is played. What does not hold is no error: it is a step's
//! outcome.

use std::path::{Path, PathBuf};

/// What kind of thing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file or folder could not be written or read.
    Io,
    /// A copybook, its meaning or `capture.toml` does not resolve: a mistake of ours.
    Config,
    /// A record could not be encoded: a mistake of ours.
    Encode,
    /// Kafka could not be reached or refused.
    Kafka,
    /// Capture ended with an error.
    Capture,
    /// A listener could not start, or a request got no answer of the form wanted.
    Http,
}

/// A failure, with what was being done.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of what can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn because(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn io(
        what: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Error + use<> {
        let path = PathBuf::from(path);
        move |error| {
            Error::new(Kind::Io, format!("could not {what} {}", path.display())).because(error)
        }
    }

    /// What kind of thing failed.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}
