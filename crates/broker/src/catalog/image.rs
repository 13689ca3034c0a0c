//! What the journal says, in memory: the one function that applies a change, at start and at work.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::entry::{Committed, Entry, Phase, TopicPartition, Transaction};
use crate::setting::Overrides;

/// A topic as remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicEntry {
    pub(crate) id: Uuid,
    pub(crate) partitions: i32,
    pub(crate) settings: Overrides,
    /// Where records were deleted.
    pub(crate) starts: BTreeMap<i32, i64>,
}

/// Offsets of one group.
pub(crate) type Offsets = BTreeMap<TopicPartition, Committed>;

/// Everything the journal says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) cluster_id: String,
    pub(super) next_producer_id: i64,
    pub(crate) topics: BTreeMap<String, TopicEntry>,
    pub(crate) names: HashMap<Uuid, String>,
    pub(crate) offsets: BTreeMap<String, Offsets>,
    /// By producer id, then group.
    pub(crate) pending: BTreeMap<i64, BTreeMap<String, Offsets>>,
    pub(crate) transactions: BTreeMap<String, Transaction>,
    pub(super) next_order: u64,
}

impl Image {
    /// Applies one change. Applying an entry twice is the same as once.
    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Cluster { id } => self.cluster_id = id,
            Entry::ProducerIds { next } => self.next_producer_id = self.next_producer_id.max(next),
            Entry::Topic {
                name,
                id,
                partitions,
                settings,
            } => {
                let id = Uuid::from_bytes(id);
                let starts = self
                    .topics
                    .remove(&name)
                    .map(|topic| topic.starts)
                    .unwrap_or_default();
                self.names.insert(id, name.clone());
                self.topics.insert(
                    name,
                    TopicEntry {
                        id,
                        partitions,
                        settings,
                        starts,
                    },
                );
            }
            Entry::TopicDeleted { name } => self.delete_topic(&name),
            Entry::LogStart {
                topic,
                partition,
                offset,
            } => {
                if let Some(topic) = self.topics.get_mut(&topic) {
                    topic.starts.insert(partition, offset);
                }
            }
            Entry::Offset {
                group,
                partition,
                committed,
            } => {
                self.next_order = self.next_order.max(committed.order.saturating_add(1));
                self.offsets
                    .entry(group)
                    .or_default()
                    .insert(partition, committed);
            }
            Entry::OffsetDeleted { group, partition } => {
                if let Some(offsets) = self.offsets.get_mut(&group) {
                    offsets.remove(&partition);
                }
            }
            Entry::GroupDeleted { group } => {
                self.offsets.remove(&group);
                for groups in self.pending.values_mut() {
                    groups.remove(&group);
                }
            }
            Entry::Transaction { id, transaction } => {
                match transaction.phase {
                    Phase::CompleteCommit => self.commit_offsets(transaction.producer_id),
                    Phase::CompleteAbort => drop(self.pending.remove(&transaction.producer_id)),
                    _ => {}
                }
                self.transactions.insert(id, transaction);
            }
            Entry::PendingOffset {
                producer_id,
                group,
                partition,
                committed,
            } => {
                self.next_order = self.next_order.max(committed.order.saturating_add(1));
                self.pending
                    .entry(producer_id)
                    .or_default()
                    .entry(group)
                    .or_default()
                    .insert(partition, committed);
            }
            Entry::TransactionDeleted { id } => drop(self.transactions.remove(&id)),
        }
    }

    fn delete_topic(&mut self, name: &str) {
        if let Some(topic) = self.topics.remove(name) {
            self.names.remove(&topic.id);
        }
        let pending = self.pending.values_mut().flat_map(BTreeMap::values_mut);
        for offsets in self.offsets.values_mut().chain(pending) {
            offsets.retain(|(topic, _), _| topic != name);
        }
    }

    /// Offsets sent within a transaction count from now, unless a later plain commit came in between.
    fn commit_offsets(&mut self, producer_id: i64) {
        for (group, pending) in self.pending.remove(&producer_id).unwrap_or_default() {
            let offsets = self.offsets.entry(group).or_default();
            for (partition, committed) in pending {
                let newer = offsets
                    .get(&partition)
                    .is_none_or(|there| there.order < committed.order);
                if newer {
                    offsets.insert(partition, committed);
                }
            }
        }
    }

    /// Whether some open transaction has sent an offset for this partition of the group.
    pub(crate) fn is_unstable(&self, group: &str, partition: &TopicPartition) -> bool {
        let offsets = self.pending.values().filter_map(|groups| groups.get(group));
        offsets
            .into_iter()
            .any(|offsets| offsets.contains_key(partition))
    }

    /// The entries that make this image.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![
            Entry::Cluster {
                id: self.cluster_id.clone(),
            },
            Entry::ProducerIds {
                next: self.next_producer_id,
            },
        ];
        for (name, topic) in &self.topics {
            let (id, partitions, settings) = (
                topic.id.into_bytes(),
                topic.partitions,
                topic.settings.clone(),
            );
            entries.push(Entry::Topic {
                name: name.clone(),
                id,
                partitions,
                settings,
            });
            let starts = topic.starts.iter();
            entries.extend(starts.map(|(partition, offset)| Entry::LogStart {
                topic: name.clone(),
                partition: *partition,
                offset: *offset,
            }));
        }
        for (group, offsets) in &self.offsets {
            entries.extend(offsets.iter().map(|(partition, committed)| Entry::Offset {
                group: group.clone(),
                partition: partition.clone(),
                committed: committed.clone(),
            }));
        }
        // Before the pending offsets: an entry of an ended transaction decides over those of its producer.
        entries.extend(
            self.transactions
                .iter()
                .map(|(id, transaction)| Entry::Transaction {
                    id: id.clone(),
                    transaction: transaction.clone(),
                }),
        );
        for (producer_id, groups) in &self.pending {
            for (group, offsets) in groups {
                entries.extend(
                    offsets
                        .iter()
                        .map(|(partition, committed)| Entry::PendingOffset {
                            producer_id: *producer_id,
                            group: group.clone(),
                            partition: partition.clone(),
                            committed: committed.clone(),
                        }),
                );
            }
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn offset(offset: i64, order: u64) -> Committed {
        Committed {
            offset,
            leader_epoch: -1,
            metadata: String::new(),
            at_ms: 0,
            order,
        }
    }

    fn transaction(phase: Phase) -> Transaction {
        Transaction {
            producer_id: 7,
            epoch: 0,
            last_epoch: -1,
            timeout_ms: 1,
            phase,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            started_ms: 0,
            updated_ms: 0,
        }
    }

    #[test]
    fn an_offset_in_a_transaction_counts_when_it_commits_and_nothing_later_came() {
        let mut image = Image::default();
        let group = || "g".to_owned();
        let partition = |at| ("t".to_owned(), at);
        for (at, order) in [(0, 1), (1, 2)] {
            let committed = offset(10, order);
            image.apply(Entry::PendingOffset {
                producer_id: 7,
                group: group(),
                partition: partition(at),
                committed,
            });
        }
        assert!(image.is_unstable("g", &partition(0)));
        image.apply(Entry::Offset {
            group: group(),
            partition: partition(1),
            committed: offset(99, 3),
        });
        image.apply(Entry::Transaction {
            id: group(),
            transaction: transaction(Phase::CompleteCommit),
        });
        let offsets = &image.offsets["g"];
        assert_eq!(
            (offsets[&partition(0)].offset, offsets[&partition(1)].offset),
            (10, 99)
        );
        assert!(!image.is_unstable("g", &partition(0)));
    }

    #[test]
    fn the_entries_of_an_image_make_the_same_image() {
        let mut image = Image::default();
        image.apply(Entry::Cluster { id: "c".to_owned() });
        let settings = Overrides::from([("retention.ms".to_owned(), "5".to_owned())]);
        image.apply(Entry::Topic {
            name: "t".to_owned(),
            id: [1; 16],
            partitions: 2,
            settings,
        });
        image.apply(Entry::LogStart {
            topic: "t".to_owned(),
            partition: 1,
            offset: 5,
        });
        image.apply(Entry::Transaction {
            id: "x".to_owned(),
            transaction: transaction(Phase::Ongoing),
        });
        image.apply(Entry::PendingOffset {
            producer_id: 7,
            group: "g".to_owned(),
            partition: ("t".to_owned(), 0),
            committed: offset(4, 0),
        });
        let mut again = Image::default();
        image
            .entries()
            .into_iter()
            .for_each(|entry| again.apply(entry));
        assert_eq!(again, image);
    }
}
