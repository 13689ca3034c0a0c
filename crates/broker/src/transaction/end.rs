//! How a transaction ends: decided in the journal, then marked in every partition, again after a crash.

use std::collections::BTreeSet;

use kafka_protocol::ResponseError;

use super::{End, Markers, ProducerId, unavailable};
use crate::catalog::{Phase, Transaction};
use crate::clock::Now;
use crate::log::batch::Marker;
use crate::state::State;

impl State {
    /// Ends the producer's transaction. Once this has answered well the end is final.
    pub(crate) fn end_transaction(
        &mut self,
        id: &str,
        producer: ProducerId,
        end: End,
        now: Now,
    ) -> Result<(), ResponseError> {
        let there = self.current(id, producer)?.clone();
        match (there.phase, end) {
            (Phase::Ongoing, _) => {}
            // The answer was lost and the producer asks again.
            (Phase::CompleteCommit, End::Commit) | (Phase::CompleteAbort, End::Abort) => {
                return Ok(());
            }
            (Phase::PrepareCommit, End::Commit) | (Phase::PrepareAbort, End::Abort) => {
                return Err(ResponseError::ConcurrentTransactions);
            }
            _ => return Err(ResponseError::InvalidTxnState),
        }
        let prepared = Transaction {
            phase: Phase::prepare(end),
            updated_ms: now.ms,
            ..there
        };
        self.put(id, prepared)
            .map_err(|error| unavailable(&error))?;
        // Decided. A marker that fails now is written later; the producer need not know.
        if let Err(error) = self.finish(id, Markers::Everywhere, now) {
            tracing::warn!(
                transaction = id,
                error,
                "the end of a transaction is decided but not in every partition yet"
            );
        }
        Ok(())
    }

    /// Writes the markers of a prepared transaction and completes it.
    pub(super) fn finish(&mut self, id: &str, markers: Markers, now: Now) -> Result<(), String> {
        let Some(there) = self.transaction(id).cloned() else {
            return Ok(());
        };
        let Some((marker, complete)) = there.phase.prepared() else {
            return Ok(());
        };
        for (topic, partition) in &there.partitions {
            // A topic may have been deleted meanwhile.
            let Ok((settings, open)) = self.partition(topic, *partition) else {
                continue;
            };
            if markers == Markers::Everywhere || open.producers.is_open(there.producer_id) {
                let settings = settings.clone();
                let written =
                    open.append_marker(there.producer_id, there.epoch, marker, &settings, now.ms);
                written.map_err(|refusal| refusal.why)?;
                self.force(topic, *partition)
                    .map_err(|error| error.to_string())?;
            }
        }
        let done = Transaction {
            phase: complete,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            updated_ms: now.ms,
            ..there
        };
        self.put(id, done).map_err(|error| error.to_string())
    }

    /// Aborts transactions that are open for too long and ends those that could not be ended yet.
    pub(crate) fn tick_transactions(&mut self, now: Now) {
        let is_due = |there: &&Transaction| {
            let late = now.ms.saturating_sub(there.started_ms) >= there.timeout_ms;
            there.phase.prepared().is_some() || there.phase == Phase::Ongoing && late
        };
        let due = self
            .catalog
            .image()
            .transactions
            .iter()
            .filter(|(_, there)| is_due(there));
        let due: Vec<(String, Transaction)> =
            due.map(|(id, there)| (id.clone(), there.clone())).collect();
        for (id, there) in due {
            let mut markers = Markers::WhereOpen;
            if there.phase == Phase::Ongoing {
                tracing::info!(
                    transaction = id,
                    timeout_ms = there.timeout_ms,
                    "aborted a transaction that took too long"
                );
                markers = Markers::Everywhere;
                let aborted = Transaction {
                    phase: Phase::PrepareAbort,
                    updated_ms: now.ms,
                    ..there.fenced()
                };
                if self.put(&id, aborted).is_err() {
                    continue;
                }
            }
            if let Err(error) = self.finish(&id, markers, now) {
                tracing::warn!(transaction = id, error, "cannot end a transaction yet");
            }
        }
    }

    /// After a start: ends what was decided, and aborts records of producers no transaction knows of,
    /// which would hold back every `read_committed` reader for ever.
    pub(crate) fn resume_transactions(&mut self, now: Now) {
        self.tick_transactions(now);
        let transactions = &self.catalog.image().transactions;
        let known: BTreeSet<i64> = transactions
            .values()
            .filter(|there| there.phase == Phase::Ongoing || there.phase.prepared().is_some())
            .map(|there| there.producer_id)
            .collect();
        for (name, topic) in &mut self.topics {
            for (index, partition) in topic.partitions.iter_mut().enumerate() {
                let hanging: Vec<(i64, i16)> = partition
                    .producers
                    .open()
                    .filter(|(id, _)| !known.contains(id))
                    .collect();
                for (id, epoch) in hanging {
                    tracing::warn!(
                        topic = name,
                        partition = index,
                        producer = id,
                        "aborted records of an unknown transaction"
                    );
                    if let Err(refusal) =
                        partition.append_marker(id, epoch, Marker::Abort, &topic.settings, now.ms)
                    {
                        tracing::error!(
                            topic = name,
                            partition = index,
                            error = refusal.why,
                            "cannot write a marker"
                        );
                    }
                }
            }
        }
    }
}
