//! How far a group has processed a topic, for whoever is no member of it; and what it has not.

use std::collections::BTreeMap;

use rdkafka::TopicPartitionList;
use rdkafka::topic_partition_list::Offset;

use crate::blocking::blocking;
use crate::reader::{Client, Isolation};
use crate::{Error, Incoming, Kind, Reader};

impl Reader {
    /// Per partition of the topic the offset behind the last record that the group has processed; partitions where Kafka knows none are
    /// left out: nothing was processed there, or it was so long ago that Kafka has forgotten (`offsets.retention.minutes`). An open
    /// transaction that carries another one is waited for.
    ///
    /// # Errors
    /// As [`Reader::for_each`].
    pub async fn committed(&self, group: &str, topic: &str) -> Result<BTreeMap<i32, i64>, Error> {
        let (config, group, topic) = (self.config().clone(), group.to_owned(), topic.to_owned());
        blocking(move || {
            let client = Client::of_group(&config, &group)?;
            let found = committed(&client, &topic)?.into_iter();
            Ok(found
                .filter_map(|(partition, next)| Some((partition, next?)))
                .collect())
        })
        .await
    }

    /// Calls `f` with each committed record from those offsets on up to the ends that the partitions have now, as far as committed
    /// records may be read. If the future is dropped half-way the reading goes on in the background.
    ///
    /// # Errors
    /// As [`Reader::for_each`].
    pub async fn from<F>(
        &self,
        topic: &str,
        starts: BTreeMap<i32, i64>,
        mut f: F,
    ) -> Result<(), Error>
    where
        F: FnMut(Incoming) + Send + 'static,
    {
        let (config, topic) = (self.config().clone(), topic.to_owned());
        blocking(move || {
            let client = Client::new(&config, Isolation::Committed)?;
            let mut ranges = BTreeMap::new();
            for (partition, start) in starts {
                let (first, end) = client.watermarks(&topic, partition)?;
                ranges.insert(partition, (start.max(first), end));
            }
            client.read(&topic, &ranges, |message| {
                f(message.into());
                Ok(())
            })
        })
        .await
    }
}

pub(crate) fn committed(client: &Client, topic: &str) -> Result<BTreeMap<i32, Option<i64>>, Error> {
    let count = client
        .partitions(topic)?
        .ok_or_else(|| crate::reader::no_topic(topic))?;
    let mut list = TopicPartitionList::new();
    for partition in 0..count {
        list.add_partition(topic, partition);
    }
    let found = client.committed(&list)?;
    let of = |partition| match found.find_partition(topic, partition)?.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    if let Some(element) = found
        .elements()
        .iter()
        .find_map(|element| element.error().err())
    {
        let message = format!("how far topic {topic} was processed is not known");
        return Err(Error::new(Kind::Retriable, message).caused_by(element));
    }
    Ok((0..count)
        .map(|partition| (partition, of(partition)))
        .collect())
}
