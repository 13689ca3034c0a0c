//! What those before knew of partitions that are taken over, and the topics it is kept in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use kafka::{Incoming, Reader, TopicSpec, Topics};

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

/// The windows of partitions that are taken over.
pub(super) async fn windows(
    group: &Group,
    partitions: &[i32],
) -> Result<BTreeMap<i32, Window>, End> {
    let reader = Reader::new(&group.kafka);
    let committed = reader.committed(&group.topic, &group.topic).await?;
    let mut windows = BTreeMap::new();
    for partition in partitions {
        let kept = fold(&reader, group, &group.state_topic, *partition, |record| {
            read_kept(&record)
        });
        let kept = kept.await?.pop().unwrap_or_default();
        let told = fold(&reader, group, &group.parked_topic, *partition, told);
        let parked = Parked::of(told.await?);
        let next = committed.get(partition).copied().unwrap_or(0);
        windows.insert(*partition, parked.window(group, next, kept));
    }
    Ok(windows)
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
    open: BTreeMap<i64, (Arc<Entry>, Reason)>,
    wanted: BTreeMap<i64, Resolution>,
    settled: BTreeSet<i64>,
}

impl Parked {
    fn of(told: Vec<Told>) -> Self {
        let mut parked = Self::default();
        for one in told {
            match one {
                Told::Parked(entry, reason, _) => {
                    parked.wanted.remove(&entry.offset);
                    let entry: Arc<Entry> = Arc::from(entry);
                    parked.open.insert(entry.offset, (entry, reason));
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
