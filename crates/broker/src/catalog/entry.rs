//! One change of what the broker must remember beside the records; its bytes are in `codec`.

use std::collections::BTreeSet;

use crate::setting::Overrides;

/// A partition of a topic by name.
pub(crate) type TopicPartition = (String, i32);

/// An offset a group has committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
    /// Milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// Which of two commits is the later one, when one waited for its transaction.
    pub(crate) order: u64,
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

/// The state of one transactional id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    /// The epoch before the last bump its own producer asked for, -1 without one (KIP-360).
    pub(crate) last_epoch: i16,
    pub(crate) timeout_ms: i64,
    pub(crate) phase: Phase,
    pub(crate) partitions: BTreeSet<TopicPartition>,
    pub(crate) groups: BTreeSet<String>,
    /// When the open transaction began, milliseconds since 1970.
    pub(crate) started_ms: i64,
    pub(crate) updated_ms: i64,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Cluster {
        id: String,
    },
    /// Producer ids below this are given out.
    ProducerIds {
        next: i64,
    },
    /// A topic is created or changed.
    Topic {
        name: String,
        id: [u8; 16],
        partitions: i32,
        settings: Overrides,
    },
    TopicDeleted {
        name: String,
    },
    /// Records before the offset are deleted.
    LogStart {
        topic: String,
        partition: i32,
        offset: i64,
    },
    Offset {
        group: String,
        partition: TopicPartition,
        committed: Committed,
    },
    OffsetDeleted {
        group: String,
        partition: TopicPartition,
    },
    GroupDeleted {
        group: String,
    },
    Transaction {
        id: String,
        transaction: Transaction,
    },
    /// An offset that counts when the producer's transaction commits.
    PendingOffset {
        producer_id: i64,
        group: String,
        partition: TopicPartition,
        committed: Committed,
    },
    TransactionDeleted {
        id: String,
    },
}

impl Phase {
    pub(super) const ALL: [Self; 6] = [
        Self::Empty,
        Self::Ongoing,
        Self::PrepareCommit,
        Self::PrepareAbort,
        Self::CompleteCommit,
        Self::CompleteAbort,
    ];

    /// As Kafka's tools show it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }
}
