//! What a partition knows of its producers: sequences for de-duplication, open and aborted transactions.
//!
//! In: batch headers and markers in offset order, when appended or when read back at start: the same function
//! builds both. Out: verdicts on new batches, the last stable offset, the aborted transactions of a range.
//! Rules: KIP-98 (idempotence and transactions), KIP-360 (epochs), `ProducerAppendInfo` of Kafka 3 and 4.

use std::collections::{BTreeMap, HashMap, VecDeque};

use kafka_protocol::ResponseError;

use crate::log::batch::{Header, Marker, NO_PRODUCER, add_sequence};

/// How many of a producer's last batches are recognised when sent again; clients keep at most five in flight.
const REMEMBERED: usize = 5;
/// Producers remembered per partition; past it the one silent for longest without a transaction is forgotten.
const PRODUCERS: usize = 50_000;

/// One remembered batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    first_sequence: i32,
    last_sequence: i32,
    pub(crate) base_offset: i64,
    last_offset: i64,
    pub(crate) timestamp: i64,
}

/// One producer.
#[derive(Debug, Clone)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    sent: VecDeque<Sent>,
    /// First offset of its open transaction.
    pub(crate) open_from: Option<i64>,
    /// Milliseconds since 1970.
    pub(crate) last_timestamp: i64,
    /// When it last wrote here, as a count of writes.
    turn: u64,
}

impl Producer {
    /// The last sequence number, -1 when none is known in this epoch.
    pub(crate) fn last_sequence(&self) -> i32 {
        self.sent.back().map_or(-1, |sent| sent.last_sequence)
    }

    /// The last offset written, for compaction to keep that batch's header.
    pub(crate) fn last_offset(&self) -> Option<i64> {
        self.sent.back().map(|sent| sent.last_offset)
    }
}

/// An aborted transaction of this partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aborted {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// Offset of the abort marker.
    pub(crate) last_offset: i64,
}

/// What to do with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Append,
    /// It is in the log already, here.
    Duplicate(Sent),
}

/// All producers of one partition.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    producers: HashMap<i64, Producer>,
    /// First offset of each open transaction, with its producer.
    open: BTreeMap<i64, i64>,
    /// By marker offset.
    aborted: Vec<Aborted>,
    turn: u64,
}

impl Producers {
    /// Judges a data batch before it is appended.
    pub(crate) fn judge(&self, header: &Header) -> Result<Verdict, ResponseError> {
        if header.producer_id == NO_PRODUCER {
            return Ok(Verdict::Append);
        }
        let Some(producer) = self.producers.get(&header.producer_id) else {
            // Its state may have gone with its records: any first sequence is taken (KIP-360).
            return Ok(Verdict::Append);
        };
        if header.producer_epoch < producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if header.producer_epoch > producer.epoch {
            return in_order(header.base_sequence == 0);
        }
        if producer.open_from.is_some() && !header.is_transactional() {
            return Err(ResponseError::InvalidTxnState);
        }
        let (first, last) = (header.base_sequence, header.last_sequence());
        let same = producer
            .sent
            .iter()
            .find(|sent| (sent.first_sequence, sent.last_sequence) == (first, last));
        match same {
            Some(sent) => Ok(Verdict::Duplicate(*sent)),
            None => in_order(match producer.sent.back() {
                Some(sent) => first == add_sequence(sent.last_sequence, 1),
                None => first == 0,
            }),
        }
    }

    /// Notes what was appended, data or marker.
    pub(crate) fn note(&mut self, header: &Header, marker: Option<Marker>) {
        if header.producer_id == NO_PRODUCER {
            return;
        }
        self.turn += 1;
        let turn = self.turn;
        let producer = self
            .producers
            .entry(header.producer_id)
            .or_insert_with(|| Producer {
                epoch: header.producer_epoch,
                sent: VecDeque::with_capacity(REMEMBERED),
                open_from: None,
                last_timestamp: header.max_timestamp,
                turn,
            });
        if header.producer_epoch > producer.epoch {
            producer.epoch = header.producer_epoch;
            producer.sent.clear();
        }
        producer.turn = turn;
        producer.last_timestamp = header.max_timestamp;
        if header.is_control() {
            let Some(first_offset) = producer.open_from.take() else {
                return;
            };
            self.open.remove(&first_offset);
            if marker == Some(Marker::Abort) {
                let (producer_id, last_offset) = (header.producer_id, header.base_offset);
                self.aborted.push(Aborted {
                    producer_id,
                    first_offset,
                    last_offset,
                });
            }
            return;
        }
        if producer.sent.len() == REMEMBERED {
            producer.sent.pop_front();
        }
        producer.sent.push_back(Sent {
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            timestamp: if header.is_log_append_time() {
                header.max_timestamp
            } else {
                -1
            },
        });
        if header.is_transactional() && producer.open_from.is_none() {
            producer.open_from = Some(header.base_offset);
            self.open.insert(header.base_offset, header.producer_id);
        }
        self.forget_surplus();
    }

    fn forget_surplus(&mut self) {
        if self.producers.len() <= PRODUCERS {
            return;
        }
        let idle = self
            .producers
            .iter()
            .filter(|(_, producer)| producer.open_from.is_none());
        // A tenth at a time, so that the search is paid for once in many writes.
        let mut turns: Vec<u64> = idle.map(|(_, producer)| producer.turn).collect();
        turns.sort_unstable();
        if let Some(limit) = turns.get(PRODUCERS / 10).copied() {
            self.producers
                .retain(|_, producer| producer.turn >= limit || producer.open_from.is_some());
        }
    }

    /// The first offset of the earliest open transaction.
    pub(crate) fn first_open(&self) -> Option<i64> {
        self.open.keys().next().copied()
    }

    /// Producers with an open transaction here, with their epochs.
    pub(crate) fn open(&self) -> impl Iterator<Item = (i64, i16)> {
        self.open
            .values()
            .filter_map(|id| self.producers.get(id).map(|producer| (*id, producer.epoch)))
    }

    /// Whether the producer has records here that no marker has ended.
    pub(crate) fn is_open(&self, producer_id: i64) -> bool {
        self.producers
            .get(&producer_id)
            .is_some_and(|producer| producer.open_from.is_some())
    }

    /// All producers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.producers.iter().map(|(id, producer)| (*id, producer))
    }

    /// Aborted transactions that touch `from..to`.
    pub(crate) fn aborted(&self, from: i64, to: i64) -> Vec<Aborted> {
        let first = self
            .aborted
            .partition_point(|aborted| aborted.last_offset < from);
        self.aborted
            .iter()
            .skip(first)
            .filter(|aborted| aborted.first_offset < to)
            .copied()
            .collect()
    }

    /// Forgets aborted transactions that ended before the log begins.
    pub(crate) fn delete_before(&mut self, start: i64) {
        self.aborted.retain(|aborted| aborted.last_offset >= start);
    }
}

fn in_order(yes: bool) -> Result<Verdict, ResponseError> {
    if yes {
        Ok(Verdict::Append)
    } else {
        Err(ResponseError::OutOfOrderSequenceNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::batch;

    fn data(
        producer_id: i64,
        epoch: i16,
        sequence: i32,
        base_offset: i64,
        transactional: bool,
    ) -> Header {
        let batch = batch::marker(producer_id, epoch, Marker::Commit, 5);
        let mut header = Header::read(&batch).unwrap();
        header.attributes = if transactional { 0x10 } else { 0 };
        header.base_offset = base_offset;
        header.base_sequence = sequence;
        header
    }

    fn marker(producer_id: i64, epoch: i16, base_offset: i64) -> Header {
        let mut header =
            Header::read(&batch::marker(producer_id, epoch, Marker::Abort, 5)).unwrap();
        header.base_offset = base_offset;
        header
    }

    #[test]
    fn the_last_five_batches_are_recognised() {
        let mut producers = Producers::default();
        for at in 0..7 {
            assert_eq!(
                producers.judge(&data(1, 0, at, i64::from(at), false)),
                Ok(Verdict::Append)
            );
            producers.note(&data(1, 0, at, i64::from(at), false), None);
        }
        assert!(
            matches!(producers.judge(&data(1, 0, 2, 0, false)), Ok(Verdict::Duplicate(sent)) if sent.base_offset == 2)
        );
        assert_eq!(
            producers.judge(&data(1, 0, 1, 0, false)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        assert_eq!(
            producers.judge(&data(1, 0, 9, 0, false)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
    }

    #[test]
    fn a_new_epoch_begins_at_zero_and_fences_the_old() {
        let mut producers = Producers::default();
        producers.note(&data(1, 3, 0, 0, false), None);
        assert_eq!(
            producers.judge(&data(1, 4, 1, 1, false)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        producers.note(&data(1, 4, 0, 1, false), None);
        assert_eq!(
            producers.judge(&data(1, 3, 1, 2, false)),
            Err(ResponseError::InvalidProducerEpoch)
        );
    }

    #[test]
    fn an_open_transaction_holds_the_stable_offset_until_its_marker() {
        let mut producers = Producers::default();
        producers.note(&data(1, 0, 0, 10, true), None);
        producers.note(&data(2, 0, 0, 11, true), None);
        assert_eq!(producers.first_open(), Some(10));
        producers.note(&marker(1, 0, 12), Some(Marker::Abort));
        assert_eq!(producers.first_open(), Some(11));
        let aborted = Aborted {
            producer_id: 1,
            first_offset: 10,
            last_offset: 12,
        };
        assert_eq!(producers.aborted(0, 100), [aborted]);
        assert_eq!(producers.aborted(12, 13), [aborted]);
        assert_eq!(producers.aborted(13, 100), []);
        assert_eq!(producers.aborted(0, 10), []);
    }

    #[test]
    fn a_marker_with_a_bumped_epoch_fences() {
        let mut producers = Producers::default();
        producers.note(&data(1, 0, 0, 0, true), None);
        producers.note(&marker(1, 1, 1), Some(Marker::Abort));
        assert_eq!(
            producers.judge(&data(1, 0, 1, 2, true)),
            Err(ResponseError::InvalidProducerEpoch)
        );
        assert_eq!(
            producers.judge(&data(1, 1, 0, 2, true)),
            Ok(Verdict::Append)
        );
    }
}
