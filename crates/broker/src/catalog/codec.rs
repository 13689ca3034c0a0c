//! The bytes of an entry in the journal.
//!
//! Form: kind (1 byte), then the fields; integers big endian, text and lists with a four-byte length. A kind
//! this version does not know is an error, never skipped: the journal's first bytes carry the version.

use std::collections::BTreeSet;

use super::entry::{Committed, Entry, Phase, TopicPartition, Transaction};
use crate::setting::Overrides;

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn kind(&mut self, kind: u8) -> &mut Self {
        self.0.push(kind);
        self
    }

    fn i16(&mut self, value: i16) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn i32(&mut self, value: i32) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn i64(&mut self, value: i64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn count(&mut self, len: usize) -> &mut Self {
        self.0.extend_from_slice(
            &u32::try_from(len)
                .expect("bounded by a request frame")
                .to_be_bytes(),
        );
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.count(text.len()).0.extend_from_slice(text.as_bytes());
        self
    }

    fn partition(&mut self, (topic, partition): &TopicPartition) -> &mut Self {
        self.text(topic).i32(*partition)
    }

    fn committed(&mut self, committed: &Committed) -> &mut Self {
        self.i64(committed.offset)
            .i32(committed.leader_epoch)
            .text(&committed.metadata);
        self.i64(committed.at_ms).i64(committed.order.cast_signed())
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn kind(&mut self) -> Option<u8> {
        self.array::<1>().map(|[kind]| kind)
    }

    fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    fn count(&mut self) -> Option<usize> {
        self.array()
            .map(u32::from_be_bytes)
            .and_then(|len| usize::try_from(len).ok())
    }

    fn text(&mut self) -> Option<String> {
        let len = self.count()?;
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        String::from_utf8(head.to_vec()).ok()
    }

    fn partition(&mut self) -> Option<TopicPartition> {
        Some((self.text()?, self.i32()?))
    }

    fn committed(&mut self) -> Option<Committed> {
        Some(Committed {
            offset: self.i64()?,
            leader_epoch: self.i32()?,
            metadata: self.text()?,
            at_ms: self.i64()?,
            order: self.i64()?.cast_unsigned(),
        })
    }

    fn transaction(&mut self) -> Option<Transaction> {
        let mut transaction = Transaction {
            producer_id: self.i64()?,
            epoch: self.i16()?,
            last_epoch: self.i16()?,
            timeout_ms: self.i64()?,
            phase: *Phase::ALL.get(usize::from(self.kind()?))?,
            started_ms: self.i64()?,
            updated_ms: self.i64()?,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
        };
        for _ in 0..self.count()? {
            transaction.partitions.insert(self.partition()?);
        }
        for _ in 0..self.count()? {
            transaction.groups.insert(self.text()?);
        }
        Some(transaction)
    }
}

impl Entry {
    /// The bytes in the journal.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        match self {
            Self::Cluster { id } => to.kind(1).text(id),
            Self::ProducerIds { next } => to.kind(2).i64(*next),
            Self::Topic {
                name,
                id,
                partitions,
                settings,
            } => {
                to.kind(3).text(name).0.extend_from_slice(id);
                to.i32(*partitions).count(settings.len());
                for (name, value) in settings {
                    to.text(name).text(value);
                }
                &mut to
            }
            Self::TopicDeleted { name } => to.kind(4).text(name),
            Self::LogStart {
                topic,
                partition,
                offset,
            } => to.kind(5).text(topic).i32(*partition).i64(*offset),
            Self::Offset {
                group,
                partition,
                committed,
            } => to
                .kind(6)
                .text(group)
                .partition(partition)
                .committed(committed),
            Self::OffsetDeleted { group, partition } => to.kind(7).text(group).partition(partition),
            Self::GroupDeleted { group } => to.kind(8).text(group),
            Self::Transaction { id, transaction } => {
                to.kind(9)
                    .text(id)
                    .i64(transaction.producer_id)
                    .i16(transaction.epoch)
                    .i16(transaction.last_epoch);
                let phase = Phase::ALL
                    .iter()
                    .position(|phase| *phase == transaction.phase);
                to.i64(transaction.timeout_ms).kind(
                    phase
                        .and_then(|at| u8::try_from(at).ok())
                        .unwrap_or_default(),
                );
                to.i64(transaction.started_ms)
                    .i64(transaction.updated_ms)
                    .count(transaction.partitions.len());
                for partition in &transaction.partitions {
                    to.partition(partition);
                }
                to.count(transaction.groups.len());
                for group in &transaction.groups {
                    to.text(group);
                }
                &mut to
            }
            Self::PendingOffset {
                producer_id,
                group,
                partition,
                committed,
            } => to
                .kind(10)
                .i64(*producer_id)
                .text(group)
                .partition(partition)
                .committed(committed),
            Self::TransactionDeleted { id } => to.kind(11).text(id),
        };
        to.0
    }

    /// Reads an entry; `None` when it is not one of this version, whole and nothing more.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let entry = match from.kind()? {
            1 => Self::Cluster { id: from.text()? },
            2 => Self::ProducerIds { next: from.i64()? },
            3 => {
                let (name, id, partitions) = (from.text()?, from.array()?, from.i32()?);
                let mut settings = Overrides::new();
                for _ in 0..from.count()? {
                    settings.insert(from.text()?, from.text()?);
                }
                Self::Topic {
                    name,
                    id,
                    partitions,
                    settings,
                }
            }
            4 => Self::TopicDeleted { name: from.text()? },
            5 => Self::LogStart {
                topic: from.text()?,
                partition: from.i32()?,
                offset: from.i64()?,
            },
            6 => Self::Offset {
                group: from.text()?,
                partition: from.partition()?,
                committed: from.committed()?,
            },
            7 => Self::OffsetDeleted {
                group: from.text()?,
                partition: from.partition()?,
            },
            8 => Self::GroupDeleted {
                group: from.text()?,
            },
            9 => Self::Transaction {
                id: from.text()?,
                transaction: from.transaction()?,
            },
            10 => Self::PendingOffset {
                producer_id: from.i64()?,
                group: from.text()?,
                partition: from.partition()?,
                committed: from.committed()?,
            },
            11 => Self::TransactionDeleted { id: from.text()? },
            _ => return None,
        };
        from.0.is_empty().then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_reads_back() {
        let committed = Committed {
            offset: 5,
            leader_epoch: 0,
            metadata: "m".to_owned(),
            at_ms: 9,
            order: u64::MAX,
        };
        let partition = ("t".to_owned(), 3);
        let transaction = Transaction {
            producer_id: 4,
            epoch: 1,
            last_epoch: -1,
            timeout_ms: 60_000,
            phase: Phase::PrepareAbort,
            partitions: BTreeSet::from([partition.clone(), ("u".to_owned(), 0)]),
            groups: BTreeSet::from(["g".to_owned()]),
            started_ms: 1,
            updated_ms: 2,
        };
        let text = || "x".to_owned();
        let entries = [
            Entry::Cluster { id: text() },
            Entry::ProducerIds { next: 7 },
            Entry::Topic {
                name: text(),
                id: [7; 16],
                partitions: 3,
                settings: Overrides::from([("a".to_owned(), "b".to_owned())]),
            },
            Entry::TopicDeleted { name: text() },
            Entry::LogStart {
                topic: text(),
                partition: 0,
                offset: 12,
            },
            Entry::Offset {
                group: text(),
                partition: partition.clone(),
                committed: committed.clone(),
            },
            Entry::OffsetDeleted {
                group: text(),
                partition: partition.clone(),
            },
            Entry::GroupDeleted { group: text() },
            Entry::Transaction {
                id: text(),
                transaction,
            },
            Entry::PendingOffset {
                producer_id: 4,
                group: text(),
                partition,
                committed,
            },
            Entry::TransactionDeleted { id: text() },
        ];
        for entry in entries {
            let bytes = entry.encode();
            assert_eq!(Entry::decode(&bytes).as_ref(), Some(&entry));
            for cut in 0..bytes.len() {
                assert_eq!(Entry::decode(&bytes[..cut]), None, "{entry:?} cut at {cut}");
            }
        }
    }
}
