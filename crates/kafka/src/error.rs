//! The crate's error. What matters is [`Error::kind`]: it decides whether to try again, restore, or stop.

use std::fmt;

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The configuration cannot be used; a person must change it.
    Config,
    /// No broker answered in time. Nothing was written; try later.
    Unreachable,
    /// A topic is missing or has a setting that we cannot work with; a person must change it.
    Topic,
    /// It did not work now and may later: a transaction that failed was aborted, nothing of it is visible, and the same
    /// producer may try the same batch again.
    Retriable,
    /// The broker or the client refuses this record or this right, now and later. The transaction was aborted, nothing
    /// of it is visible.
    Rejected,
    /// The producer cannot be used any more and nothing of the batch is visible: open a new one and restore.
    Fatal,
    /// Another producer has taken over the transactional id (or the broker ended our transaction, which took longer
    /// than its timeout). Stop; do not send the batch again without restoring first.
    Fenced,
    /// The commit was sent and its answer did not come: the batch may be visible or not. Open a new producer (that ends
    /// the transaction one way or the other) and restore the checkpoint to learn which. Of a single record
    /// ([`crate::Producer`]): it may be written or not.
    UnknownOutcome,
    /// The group has given the partitions to another member since the records were read. Nothing of the batch is visible, it is
    /// the other's to process now; the producer goes on.
    Rebalanced,
    /// The checkpoint cannot be read yet: another producer's open transaction stands before its end.
    Blocked,
    /// A data topic does not reach as far as the checkpoint says it was written; see [`Error::truncation`].
    Truncated,
    /// A checkpoint is there and is not in a form this version knows.
    Unreadable,
}

/// Where a topic ends too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The end offset that the checkpoint knows.
    pub wanted: i64,
    /// The end offset found; `None` when there is no such topic or partition.
    pub found: Option<i64>,
}

/// An error of this crate.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    truncation: Option<Truncation>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            truncation: None,
            source: None,
        }))
    }

    /// Whether a record was refused for its size, by the client or the broker.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            let code = error.downcast_ref::<rdkafka::error::KafkaError>();
            if let Some(code) = code.and_then(rdkafka::error::KafkaError::rdkafka_error_code) {
                use rdkafka::error::RDKafkaErrorCode as Code;
                return matches!(code, Code::MessageSizeTooLarge | Code::InvalidMessageSize);
            }
            cause = error.source();
        }
        false
    }

    pub(crate) fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn truncated(truncation: Truncation) -> Self {
        let Truncation {
            topic,
            partition,
            wanted,
            found,
        } = &truncation;
        let end = match found {
            Some(found) => format!("it ends at {found}"),
            None => "there is no such partition".to_owned(),
        };
        let message = format!(
            "topic {topic} partition {partition} should reach offset {wanted}, as the checkpoint says, and {end}: it was \
             cut, made anew or failed over; go back to an older checkpoint or reconcile"
        );
        let mut error = Self::new(Kind::Truncated, message);
        error.0.truncation = Some(truncation);
        error
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Where a topic ends too early, for [`Kind::Truncated`].
    #[must_use]
    pub fn truncation(&self) -> Option<&Truncation> {
        self.0.truncation.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
