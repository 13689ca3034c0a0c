//! Transactions that also carry how far a group has processed a topic (KIP-98, KIP-447).

use std::collections::BTreeMap;

use rdkafka::TopicPartitionList;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer;
use rdkafka::topic_partition_list::Offset;

use super::Outgoing;
use super::session::Session;
use crate::blocking::Deadline;
use crate::group::Membership;
use crate::{Error, Tails};

/// How far records of a topic have been processed.
#[derive(Clone, Debug)]
pub struct Consumed {
    /// The topic.
    pub topic: String,
    /// Per partition the offset after the last record processed.
    pub next: BTreeMap<i32, i64>,
    /// The same of partitions of other topics ([`crate::GroupConsumer::join_beside`]).
    pub beside: BTreeMap<(String, i32), i64>,
    /// The membership under which they were read.
    pub membership: Membership,
}

impl Session {
    /// See [`super::TransactionalProducer::commit_consumed`].
    pub(super) fn commit_consumed(
        &self,
        batch: &[Outgoing],
        consumed: &Consumed,
    ) -> Result<Tails, Error> {
        self.guarded(|| {
            self.transact(|round, deadline| {
                for record in batch {
                    self.send(round, record, deadline)?;
                }
                // The records are on their way meanwhile.
                self.send_offsets(consumed, deadline)?;
                self.deliveries().wait(round, deadline)
            })
        })
    }

    fn send_offsets(
        &self,
        consumed: &Consumed,
        deadline: Deadline,
    ) -> Result<(), (String, KafkaError)> {
        let failed = |error| {
            (
                format!("the offsets of topic {} were not taken", consumed.topic),
                error,
            )
        };
        let mut list = TopicPartitionList::new();
        let next = consumed.next.iter();
        let next = next.map(|(partition, next)| (&consumed.topic, partition, next));
        let beside = consumed.beside.iter();
        let beside = beside.map(|((topic, partition), next)| (topic, partition, next));
        for (topic, partition, next) in next.chain(beside) {
            list.add_partition_offset(topic, *partition, Offset::Offset(*next))
                .map_err(failed)?;
        }
        loop {
            let result = self.producer().send_offsets_to_transaction(
                &list,
                &consumed.membership.0,
                deadline.remaining(),
            );
            match result {
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && !error.is_fatal() && !deadline.passed() => {}
                result => return result.map_err(failed),
            }
        }
    }
}
