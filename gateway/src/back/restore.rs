//! What those before knew of partitions that are taken over, and the topics it is kept in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use kafka::{Incoming, Isolation, Reader, TopicSpec, Topics};

use super::End;
use super::decide::Reason;
use super::entry::{Entry, Resolution};
use super::group::Group;
use super::told::{Strange, Told, read_kept, told};
use super::window::{Kept, Window};

/// Makes the group's topics, or checks them. None loses anything by age.
pub(super) async fn ensure(group: &Group) -> Result<(), End> {
    let (topics, config) = (Topics::new(&group.kafka), &group.kafka);
    let known = topics.partitions_of([group.topic.clone()]).await?;
    let there = known.get(&group.topic).copied();
    let partitions = there.unwrap_or(group.policy().partitions);
    let writes = TopicSpec::data(&group.topic, Some(partitions), config)
        .with("cleanup.policy", "delete")
        .with("retention.ms", "-1");
    // Its number of partitions is what it is.
    topics.ensure(&[writes]).await?;
    let compacted = |topic: &str| {
        TopicSpec::data(topic, Some(partitions), config).with("cleanup.policy", "compact")
    };
    let parked = compacted(&group.parked_topic);
    let state = compacted(&group.state_topic).initially("segment.bytes", "16777216");
    Ok(topics.ensure(&[parked, state]).await?)
}

/// What is taken over.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Per partition its writes.
    pub(super) windows: BTreeMap<i32, Window>,
    /// Kafka had no offset of the group where there is one: it reads from the beginning until one is committed.
    pub(super) forgotten: bool,
}

/// The windows of partitions that are taken over.
pub(super) async fn windows(group: &Group, partitions: &[i32]) -> Result<Taken, End> {
    let reader = Reader::new(&group.kafka);
    let committed = reader.committed(&group.topic, &group.topic).await?;
    let ends = reader.ends(&group.topic, Isolation::Uncommitted).await?;
    let mut taken = Taken::default();
    for partition in partitions {
        let kept = fold(&reader, group, &group.state_topic, *partition, |record| {
            read_kept(&record)
        });
        let kept = kept.await?.pop();
        let told = fold(&reader, group, &group.parked_topic, *partition, told);
        let told = told.await?;
        let known = Known {
            committed: committed.get(partition).copied(),
            kept: kept.as_ref().map(|kept| kept.next),
            parked: !told.is_empty(),
            range: ends.get(partition).copied().unwrap_or_default(),
        };
        let next = known.position().map_err(|why| {
            End::Strange(format!(
                "partition {partition} of {}: {why}; see in legacy which writes it has, and set the offset of the consumer group {} \
                 there behind the last of them (kafka-consumer-groups.sh --reset-offsets)",
                group.topic, group.topic
            ))
        })?;
        let first = known.range.0;
        taken.forgotten |= known.committed.is_none() && next > first;
        let mut kept = kept.unwrap_or_default();
        // As if none were kept where the two differ: the first step then keeps both.
        kept.next = kept.next.filter(|_| known.committed == Some(next));
        let window = Parked::of(told).window(group, next, kept);
        taken.windows.insert(*partition, window);
    }
    Ok(taken)
}

/// What says where a partition goes on.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// The group's offset.
    committed: Option<i64>,
    /// What is kept, and the position in it.
    kept: Option<Option<i64>>,
    /// Whether anything was ever parked.
    parked: bool,
    /// The first offset there is, and the one behind the last.
    range: (i64, i64),
}

impl Known {
    /// Everything before it is settled, or parked. What Kafka has of the group counts, since a person can set it; where it has forgotten
    /// it, what is kept. The beginning only where nothing ever came of a write: sent once more, each of them is executed twice.
    fn position(&self) -> Result<i64, &'static str> {
        let (first, end) = self.range;
        match (self.committed, self.kept) {
            (Some(next), _) => Ok(next),
            (None, Some(Some(next))) if next <= end => Ok(next),
            (None, Some(Some(_))) => {
                Err("it ends before what was applied of it: it is not the topic that it was")
            }
            (None, None) if first == 0 && !self.parked => Ok(0),
            (None, _) => Err("how far it was applied is not known any more"),
        }
    }
}

/// All that is committed in a partition, once nothing there is undecided.
async fn fold<T: Send + 'static>(
    reader: &Reader,
    group: &Group,
    topic: &str,
    partition: i32,
    read: impl Fn(Incoming) -> Result<T, Strange> + Send + 'static,
) -> Result<Vec<T>, End> {
    let found = Arc::new(Mutex::new(Ok(Vec::new())));
    let filling = Arc::clone(&found);
    let patience = group.kafka.transaction_timeout + group.kafka.timeout;
    reader
        .settled(topic, partition, 0, patience, move |record| {
            // Nothing is done half-way under this lock.
            let mut found = filling.lock().unwrap_or_else(PoisonError::into_inner);
            if let Ok(all) = &mut *found {
                match read(record) {
                    Ok(one) => all.push(one),
                    Err(strange) => *found = Err(strange),
                }
            }
        })
        .await?;
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *found, Ok(Vec::new()))
        .map_err(|strange| End::Strange(format!("{topic}: {strange}")))
}

/// What a partition of the topic of parked writes comes to.
#[derive(Debug, Default)]
struct Parked {
    open: BTreeMap<i64, (Arc<Entry>, Reason, i64)>,
    wanted: BTreeMap<i64, Resolution>,
    settled: BTreeSet<i64>,
}

impl Parked {
    fn of(told: Vec<Told>) -> Self {
        let mut parked = Self::default();
        for one in told {
            match one {
                Told::Parked(entry, reason, since) => {
                    parked.wanted.remove(&entry.offset);
                    let entry: Arc<Entry> = Arc::from(entry);
                    parked.open.insert(entry.offset, (entry, reason, since));
                }
                Told::Wanted(offset, how) => {
                    parked.wanted.insert(offset, how);
                }
                Told::Resolved(offset) => {
                    parked.open.remove(&offset);
                    parked.wanted.remove(&offset);
                    parked.settled.insert(offset);
                }
            }
        }
        parked
    }

    fn window(mut self, group: &Group, next: i64, kept: Kept) -> Window {
        let open = self.open.into_values().collect();
        // Those before it do not come again.
        let settled = self.settled.split_off(&next);
        let mut window = Window::restore(group.policy(), next, kept, open, settled);
        for (offset, how) in self.wanted {
            window.decided(offset, how);
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_from_its_beginning_only_where_nothing_came_of_it() {
        let new = Known {
            committed: None,
            kept: None,
            parked: false,
            range: (0, 9),
        };
        assert_eq!(new.position(), Ok(0));
        // What a person set counts.
        let set = Known {
            committed: Some(4),
            kept: Some(Some(7)),
            parked: true,
            ..new
        };
        assert_eq!(set.position(), Ok(4));
        let forgotten = Known {
            committed: None,
            ..set
        };
        assert_eq!(forgotten.position(), Ok(7));
        for unknown in [
            // Kept by a program that kept no position.
            Known {
                kept: Some(None),
                ..new
            },
            Known {
                parked: true,
                ..new
            },
            Known {
                range: (3, 9),
                ..new
            },
            // Deleted and made anew.
            Known {
                range: (0, 6),
                ..forgotten
            },
        ] {
            assert!(unknown.position().is_err(), "{unknown:?}");
        }
    }
}
