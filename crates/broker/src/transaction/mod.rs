//! The transaction coordinator: producer ids, which partitions a transaction touches, how it ends.
//!
//! In: requests of producers and the passing of time. Out: answers, changes of the catalog, control batches in
//! the partitions. A transaction is committed from the moment its `PrepareCommit` is in the journal; markers
//! that could not be written then are written again until they are, also by the next process.
//!
//! Rules and error codes: `TransactionCoordinator` and `TransactionMetadata` of Kafka 3.9; KIP-98, KIP-360.

mod end;

use std::collections::BTreeSet;
use std::io;

use kafka_protocol::ResponseError;

use crate::catalog::{Entry, Phase, TopicPartition, Transaction};
use crate::clock::Now;
use crate::log::batch::Marker;
use crate::state::State;

/// A producer id and its epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProducerId {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

/// How a producer wants its transaction to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    Abort,
}

/// Which partitions get a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Markers {
    /// All that were added, as Kafka does.
    Everywhere,
    /// Only those that still wait for one: a repetition.
    WhereOpen,
}

impl Phase {
    fn prepare(end: End) -> Self {
        match end {
            End::Commit => Self::PrepareCommit,
            End::Abort => Self::PrepareAbort,
        }
    }

    /// For a prepared transaction: the marker it writes and what it becomes then.
    fn prepared(self) -> Option<(Marker, Self)> {
        match self {
            Self::PrepareCommit => Some((Marker::Commit, Self::CompleteCommit)),
            Self::PrepareAbort => Some((Marker::Abort, Self::CompleteAbort)),
            Self::Empty | Self::Ongoing | Self::CompleteCommit | Self::CompleteAbort => None,
        }
    }
}

fn unavailable(error: &io::Error) -> ResponseError {
    tracing::error!(error = %error, "a transaction could not be written down");
    ResponseError::CoordinatorNotAvailable
}

impl Transaction {
    /// After the last epoch that can be bumped a producer gets a new id.
    fn exhausted(&self) -> bool {
        self.epoch >= i16::MAX - 1
    }

    /// What fences the producer: an epoch it does not have.
    fn fenced(&self) -> Self {
        Self {
            epoch: self.epoch.saturating_add(1),
            last_epoch: -1,
            ..self.clone()
        }
    }

    fn check(&self, producer: ProducerId) -> Result<(), ResponseError> {
        if self.producer_id != producer.id {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        if self.epoch != producer.epoch {
            return Err(ResponseError::ProducerFenced);
        }
        Ok(())
    }
}

impl State {
    fn transaction(&self, id: &str) -> Option<&Transaction> {
        self.catalog.image().transactions.get(id)
    }

    fn put(&mut self, id: &str, transaction: Transaction) -> io::Result<()> {
        self.catalog.commit(vec![Entry::Transaction {
            id: id.to_owned(),
            transaction,
        }])
    }

    /// A producer id for an idempotent producer.
    pub(crate) fn new_producer(&mut self) -> Result<ProducerId, ResponseError> {
        let id = self
            .catalog
            .new_producer_id()
            .map_err(|error| unavailable(&error))?;
        Ok(ProducerId { id, epoch: 0 })
    }

    /// Starts a transactional producer: fences every older one of the same id and aborts what it left open.
    /// `expected` is who a producer that only wants a new epoch is.
    pub(crate) fn init_producer(
        &mut self,
        id: &str,
        timeout_ms: i32,
        expected: Option<ProducerId>,
        now: Now,
    ) -> Result<ProducerId, ResponseError> {
        if id.is_empty() {
            return Err(ResponseError::InvalidRequest);
        }
        let timeout_ms = i64::from(timeout_ms);
        let most =
            i64::try_from(self.config.transaction_max_timeout.as_millis()).unwrap_or(i64::MAX);
        if timeout_ms <= 0 || timeout_ms > most {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        let Some(mut there) = self.transaction(id).cloned() else {
            return self.first_producer(id, timeout_ms, now);
        };
        if let Some(expected) = expected {
            let known = expected.epoch == there.epoch || expected.epoch == there.last_epoch;
            if expected.id != there.producer_id || !known {
                return Err(ResponseError::ProducerFenced);
            }
        }
        if there.phase == Phase::Ongoing {
            there = Transaction {
                phase: Phase::PrepareAbort,
                updated_ms: now.ms,
                ..there.fenced()
            };
            self.put(id, there).map_err(|error| unavailable(&error))?;
            self.finish(id, Markers::Everywhere, now)
                .map_err(|_| ResponseError::ConcurrentTransactions)?;
        }
        let Some(there) = self.transaction(id).cloned() else {
            return Err(ResponseError::InvalidTxnState);
        };
        if there.phase.prepared().is_some() {
            return Err(ResponseError::ConcurrentTransactions);
        }
        self.bump(id, &there, timeout_ms, expected, now)
    }

    fn first_producer(
        &mut self,
        id: &str,
        timeout_ms: i64,
        now: Now,
    ) -> Result<ProducerId, ResponseError> {
        self.forget_oldest_transaction()
            .map_err(|error| unavailable(&error))?;
        let producer = self.new_producer()?;
        let transaction = Transaction {
            producer_id: producer.id,
            epoch: producer.epoch,
            last_epoch: -1,
            timeout_ms,
            phase: Phase::Empty,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            started_ms: -1,
            updated_ms: now.ms,
        };
        self.put(id, transaction)
            .map_err(|error| unavailable(&error))?;
        Ok(producer)
    }

    /// Gives the producer its next epoch, or the same one again when it asks twice.
    fn bump(
        &mut self,
        id: &str,
        there: &Transaction,
        timeout_ms: i64,
        expected: Option<ProducerId>,
        now: Now,
    ) -> Result<ProducerId, ResponseError> {
        let asks_again = expected.is_some_and(|expected| expected.epoch != there.epoch);
        let mut next = Transaction {
            phase: Phase::Empty,
            timeout_ms,
            updated_ms: now.ms,
            ..there.clone()
        };
        if there.exhausted() && !asks_again {
            next = Transaction {
                producer_id: self.new_producer()?.id,
                epoch: 0,
                last_epoch: -1,
                ..next
            };
        } else if !asks_again {
            next.last_epoch = if expected.is_some() { there.epoch } else { -1 };
            next.epoch += 1;
        }
        let producer = ProducerId {
            id: next.producer_id,
            epoch: next.epoch,
        };
        self.put(id, next).map_err(|error| unavailable(&error))?;
        Ok(producer)
    }

    fn forget_oldest_transaction(&mut self) -> io::Result<()> {
        let transactions = &self.catalog.image().transactions;
        if transactions.len() < self.config.limits.transactions {
            return Ok(());
        }
        let idle = transactions
            .iter()
            .filter(|(_, there)| there.phase != Phase::Ongoing && there.phase.prepared().is_none());
        match idle
            .min_by_key(|(_, there)| there.updated_ms)
            .map(|(id, _)| id.clone())
        {
            Some(id) => self.catalog.commit(vec![Entry::TransactionDeleted { id }]),
            None => Err(io::Error::other(
                "more open transactions than the broker takes",
            )),
        }
    }

    /// The transaction of a producer that wants to go on with it.
    fn current(&self, id: &str, producer: ProducerId) -> Result<&Transaction, ResponseError> {
        let transaction = self
            .transaction(id)
            .ok_or(ResponseError::InvalidProducerIdMapping)?;
        transaction.check(producer)?;
        Ok(transaction)
    }

    /// Makes partitions or a group part of the producer's transaction, beginning one when none is open.
    pub(crate) fn add_to_transaction(
        &mut self,
        id: &str,
        producer: ProducerId,
        partitions: Vec<TopicPartition>,
        group: Option<String>,
        now: Now,
    ) -> Result<(), ResponseError> {
        let mut there = self.current(id, producer)?.clone();
        if there.phase.prepared().is_some() {
            return Err(ResponseError::ConcurrentTransactions);
        }
        if there.phase != Phase::Ongoing {
            there = Transaction {
                phase: Phase::Ongoing,
                started_ms: now.ms,
                ..there
            };
            there.partitions.clear();
            there.groups.clear();
        }
        let before = (there.partitions.len(), there.groups.len());
        there.partitions.extend(partitions);
        there.groups.extend(group);
        let added = before != (there.partitions.len(), there.groups.len());
        let began = self
            .transaction(id)
            .is_some_and(|old| old.phase != Phase::Ongoing);
        if added || began {
            there.updated_ms = now.ms;
            self.put(id, there).map_err(|error| unavailable(&error))?;
        }
        Ok(())
    }

    /// Whether the producer may write to the partition in its transaction (KIP-890, verification).
    pub(crate) fn verify_in_transaction(
        &self,
        id: &str,
        producer: ProducerId,
        partition: &TopicPartition,
    ) -> Result<(), ResponseError> {
        let there = self.current(id, producer).map_err(|error| match error {
            // What a producer understands in an answer to Produce.
            ResponseError::ProducerFenced => ResponseError::InvalidProducerEpoch,
            other => other,
        })?;
        if there.phase == Phase::Ongoing && there.partitions.contains(partition) {
            return Ok(());
        }
        Err(ResponseError::InvalidTxnState)
    }

    /// Whether the producer may commit offsets of the group in its transaction.
    pub(crate) fn verify_group_in_transaction(
        &self,
        id: &str,
        producer: ProducerId,
        group: &str,
    ) -> Result<(), ResponseError> {
        let there = self.current(id, producer).map_err(|error| match error {
            ResponseError::ProducerFenced => ResponseError::InvalidProducerEpoch,
            other => other,
        })?;
        if there.phase == Phase::Ongoing && there.groups.contains(group) {
            return Ok(());
        }
        Err(ResponseError::InvalidTxnState)
    }
}
