//! The one error of the crate: what went wrong with the broker itself. Faults of a request are answered to
//! the client as Kafka error codes and never come here.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What kind of fault, for a caller that decides what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The address could not be listened on.
    Listen,
    /// Another broker holds the directory.
    Locked,
    /// Reading or writing the directory failed.
    Storage,
    /// A file holds what this version did not write or cannot read; nothing was changed.
    Damaged,
    /// The configuration asks for something that cannot be.
    Config,
}

/// Why the broker could not start or stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another broker holds the directory.
    #[error("the directory {} is in use by another broker", .directory.display())]
    Locked {
        /// Which.
        directory: PathBuf,
    },
    /// Reading or writing a file failed.
    #[error("cannot {action} {}", .path.display())]
    Storage {
        /// What was being done.
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A file holds what cannot be read.
    #[error("{} is damaged at byte {at}: {what}", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        at: u64,
        /// What was wanted and what came.
        what: String,
    },
    /// The configuration asks for something that cannot be.
    #[error("broker configuration: {0}")]
    Config(String),
}

impl Error {
    /// What kind of fault.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Listen { .. } => Kind::Listen,
            Self::Locked { .. } => Kind::Locked,
            Self::Storage { .. } => Kind::Storage,
            Self::Damaged { .. } => Kind::Damaged,
            Self::Config(_) => Kind::Config,
        }
    }

    pub(crate) fn storage(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Storage {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// What the crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
