//! What a partition holds once nothing in it is undecided: for who takes it over and must know all that was committed before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::topic_partition_list::Offset;

use crate::blocking::{Deadline, blocking};
use crate::reader::{Client, Isolation};
use crate::{Error, Incoming, Kind, Reader};

impl Reader {
    /// Calls `f` with each committed record of the partition that is not older than `since_ms` (milliseconds since
    /// 1970-01-01T00:00:00Z, by the records' own times), up to the end that the partition has now. Waits until every transaction
    /// before that end is decided: a predecessor's commit may be on its way. If the future is dropped half-way the reading goes
    /// on in the background.
    ///
    /// # Errors
    /// [`Kind::Blocked`] when a transaction stayed open longer than `patience`; otherwise as [`Reader::for_each`].
    pub async fn settled<F>(
        &self,
        topic: &str,
        partition: i32,
        since_ms: i64,
        patience: Duration,
        f: F,
    ) -> Result<(), Error>
    where
        F: FnMut(Incoming) + Send + 'static,
    {
        let (config, topic) = (self.config().clone(), topic.to_owned());
        blocking(move || {
            let everything = Client::new(&config, Isolation::Uncommitted)?;
            let end = everything.watermarks(&topic, partition)?.1;
            let committed = Client::new(&config, Isolation::Committed)?;
            wait(
                &committed,
                &topic,
                partition,
                end,
                Deadline::after(patience),
            )?;
            let Some(start) = everything.offset_at(&topic, partition, since_ms)? else {
                return Ok(());
            };
            read(&committed, &topic, partition, (start, end), f)
        })
        .await
    }
}

impl Reader {
    /// Calls `f` with each committed record of the partition that the group has not processed: from its committed offset (or the
    /// beginning) up to the end that the partition has now. Waits and goes on as [`Reader::settled`] does. To be called when nobody
    /// else commits for the group in that partition.
    ///
    /// # Errors
    /// As [`Reader::settled`].
    pub async fn pending<F>(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        patience: Duration,
        f: F,
    ) -> Result<(), Error>
    where
        F: FnMut(Incoming) + Send + 'static,
    {
        let (config, topic, group) = (self.config().clone(), topic.to_owned(), group.to_owned());
        blocking(move || {
            let everything = Client::new(&config, Isolation::Uncommitted)?;
            let (first, end) = everything.watermarks(&topic, partition)?;
            let committed = Client::of_group(&config, &group)?;
            let patience = Deadline::after(patience);
            wait(&committed, &topic, partition, end, patience)?;
            let mut wanted = TopicPartitionList::new();
            wanted.add_partition(&topic, partition);
            let found = committed.committed(&wanted)?;
            let found = found.find_partition(&topic, partition);
            let start = match found.map(|found| found.offset()) {
                Some(Offset::Offset(offset)) => offset,
                _ => first,
            };
            read(&committed, &topic, partition, (start.max(first), end), f)
        })
        .await
    }
}

/// How far a group is in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The offset behind the last record that it has processed; none where Kafka knows none, or has forgotten it.
    pub committed: Option<i64>,
    /// The first offset that the partition still has.
    pub first: i64,
    /// Whether it has a committed record.
    pub holds_any: bool,
}

impl Reader {
    /// How far the group is in that partition. Waits as [`Reader::settled`] does. To be called when nobody else commits for the group in that
    /// partition.
    ///
    /// # Errors
    /// As [`Reader::settled`].
    pub async fn position(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        patience: Duration,
    ) -> Result<Position, Error> {
        let (config, topic, group) = (self.config().clone(), topic.to_owned(), group.to_owned());
        blocking(move || {
            let everything = Client::new(&config, Isolation::Uncommitted)?;
            let (first, end) = everything.watermarks(&topic, partition)?;
            let client = Client::of_group(&config, &group)?;
            wait(&client, &topic, partition, end, Deadline::after(patience))?;
            let mut wanted = TopicPartitionList::new();
            wanted.add_partition(&topic, partition);
            let found = client.committed(&wanted)?;
            let found = found.find_partition(&topic, partition);
            let committed = match found.map(|found| found.offset()) {
                Some(Offset::Offset(offset)) => Some(offset),
                _ => None,
            };
            // Only who has no offset needs to know more.
            let mut holds_any = committed.is_some();
            if committed.is_none() && end > first {
                let any = Arc::new(AtomicBool::new(false));
                let found = Arc::clone(&any);
                let note = move |_| found.store(true, Ordering::Relaxed);
                read(&client, &topic, partition, (first, end), note)?;
                holds_any = any.load(Ordering::Relaxed);
            }
            Ok(Position {
                committed,
                first,
                holds_any,
            })
        })
        .await
    }
}

/// Waits until every transaction before that end is decided.
pub(crate) fn wait(
    committed: &Client,
    topic: &str,
    partition: i32,
    end: i64,
    deadline: Deadline,
) -> Result<(), Error> {
    loop {
        let stable = committed.watermarks(topic, partition)?.1;
        if stable >= end {
            return Ok(());
        }
        if deadline.passed() {
            return Err(Error::new(
                Kind::Blocked,
                format!(
                    "another producer's open transaction at offset {stable} of {topic} partition {partition} hides what stands \
                     up to offset {end}"
                ),
            ));
        }
        committed.pause();
    }
}

fn read(
    client: &Client,
    topic: &str,
    partition: i32,
    range: (i64, i64),
    mut f: impl FnMut(Incoming),
) -> Result<(), Error> {
    client.read(topic, &BTreeMap::from([(partition, range)]), |message| {
        f(message.into());
        Ok(())
    })
}

impl Client {
    /// The first offset whose record is not older than that; none when there is no such record.
    fn offset_at(&self, topic: &str, partition: i32, ms: i64) -> Result<Option<i64>, Error> {
        let mut wanted = TopicPartitionList::new();
        wanted
            .add_partition_offset(topic, partition, Offset::Offset(ms.max(0)))
            .map_err(|error| {
                Error::new(Kind::Topic, "no offset can be asked for").caused_by(error)
            })?;
        let found = self.ask(|patience| self.offsets_for_times(wanted.clone(), patience))?;
        let found = found.find_partition(topic, partition);
        Ok(match found.map(|found| found.offset()) {
            Some(Offset::Offset(offset)) => Some(offset),
            _ => None,
        })
    }
}
