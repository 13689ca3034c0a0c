//! What can go wrong in capture, and what to do about each kind: one function, [`ErrorKind::reaction`].
//!
//! In: faults of files, images, configuration and Kafka. Out: one [`Error`] with a kind, a message that says what was wanted and what came, and where
//! a person can help, a sentence that says how. Never carries record bytes or field values; of a record that cannot be sent
//! its key as the checkpoint has it.

use std::fmt;
use std::path::Path;

/// What kind of thing failed. Decides, through [`ErrorKind::reaction`], what the worker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `capture.toml`, a copybook or a sidecar does not resolve.
    Config,
    /// A directory or file that must be there is not there, or may not be read.
    Missing,
    /// The file system of the state directory is full.
    DiskFull,
    /// Any other fault of reading or writing a file.
    Io,
    /// The generation's file changed while it was being read.
    FileChanged,
    /// A stored image has a wrong checksum, is cut, or is not an image.
    ImageDamaged,
    /// An image the checkpoint refers to is gone and could not be rebuilt.
    ImageLost,
    /// An image or a checkpoint was written by a version this program does not know.
    UnknownVersion,
    /// The checkpoint cannot be read, or does not fit what it describes.
    Checkpoint,
    /// The layout is not the one the checkpoint was written with.
    LayoutChanged,
    /// A broker did not answer, or asked to try again; nothing was committed, or it is unknown whether it was.
    Kafka,
    /// A topic is not as it must be, or the client is not allowed what it asks.
    KafkaRefused,
    /// Another worker has taken this source over.
    Fenced,
    /// A data topic is shorter than the checkpoint says.
    Truncated,
    /// The worker was asked to stop.
    Cancelled,
    /// A record that was readable a moment ago no longer is: a mistake in this program.
    Internal,
}

/// What the worker does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Open the producer anew, read the checkpoint back from Kafka and go on from there, after a pause that grows.
    Retry,
    /// Put the generation on hold for a person; the worker goes on.
    Hold,
    /// End this source: trying again cannot help, or would do harm.
    Stop,
}

impl ErrorKind {
    /// The one place where it is decided whether to retry, hold or stop. (Single records that cannot be decoded never become an [`Error`]: they are dead
    /// letters, decided in `resolve`.)
    pub fn reaction(self) -> Reaction {
        match self {
            Self::Missing | Self::DiskFull | Self::Io | Self::FileChanged | Self::Kafka => {
                Reaction::Retry
            }
            // The file is read again from the start, and with it the image is made anew: a damaged image file is removed before the retry.
            Self::ImageDamaged => Reaction::Retry,
            Self::ImageLost | Self::LayoutChanged => Reaction::Hold,
            Self::Config
            | Self::UnknownVersion
            | Self::Checkpoint
            | Self::KafkaRefused
            | Self::Fenced
            | Self::Truncated
            | Self::Cancelled
            | Self::Internal => Reaction::Stop,
        }
    }

    /// The kind as a short word for status, logs and metrics labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Missing => "missing",
            Self::DiskFull => "disk-full",
            Self::Io => "io",
            Self::FileChanged => "file-changed",
            Self::ImageDamaged => "image-damaged",
            Self::ImageLost => "image-lost",
            Self::UnknownVersion => "unknown-version",
            Self::Checkpoint => "checkpoint",
            Self::LayoutChanged => "layout-changed",
            Self::Kafka => "kafka",
            Self::KafkaRefused => "kafka-refused",
            Self::Fenced => "fenced",
            Self::Truncated => "truncated",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// A failure of capture, with its kind, what was going on, and what a person can do.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind; `message` says what was wanted and what came.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
            source: None,
        }
    }

    /// The same error with a sentence on what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A fault of reading or writing `path` while doing `what` ("write the image").
    pub(crate) fn io(what: &str, path: &Path, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let place = path.display();
        match error.kind() {
            Io::StorageFull | Io::QuotaExceeded => Self::new(ErrorKind::DiskFull, format!("could not {what} {place}: the file system is full"))
                .with_help("free some space there, or point [state] directory in capture.toml at a larger file system; capture goes on by itself"),
            Io::NotFound => Self::new(ErrorKind::Missing, format!("could not {what} {place}: it is not there"))
                .with_help("check the path in capture.toml and that the file system is mounted"),
            Io::PermissionDenied => Self::new(ErrorKind::Missing, format!("could not {what} {place}: permission denied"))
                .with_help("let the user that runs the worker read (and for [state] directory, write) this path"),
            _ => Self::new(ErrorKind::Io, format!("could not {what} {place}")),
        }
        .with_source(error)
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What a person can do about it, if anything.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The message and its causes in one line, for status and logs.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut last = text.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let next = error.to_string();
            // An error of another crate that we took over word by word.
            if next != last {
                text.push_str(": ");
                text.push_str(&next);
            }
            last = next;
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_says_where_and_what_to_do() {
        // ENOSPC and EDQUOT.
        for code in [28, 122] {
            let error = Error::io(
                "write an image in",
                Path::new("/var/figway/lots"),
                std::io::Error::from_raw_os_error(code),
            );
            assert_eq!(
                (error.kind(), error.kind().reaction()),
                (ErrorKind::DiskFull, Reaction::Retry)
            );
            assert_eq!(
                error.to_string(),
                "could not write an image in /var/figway/lots: the file system is full"
            );
            assert_eq!(
                error.help(),
                Some(
                    "free some space there, or point [state] directory in capture.toml at a larger file system; capture goes on by itself"
                )
            );
        }
    }

    #[test]
    fn a_chain_does_not_say_one_thing_twice() {
        let error = Error::new(ErrorKind::Kafka, "no answer")
            .with_source(Error::new(ErrorKind::Kafka, "no answer").with_source("timed out"));
        assert_eq!(error.chain(), "no answer: timed out");
    }
}
