//! Reads what is new in a topic, as a read_committed consumer.

use std::collections::BTreeMap;

use kafka::{Isolation, KafkaConfig, Reader};

use crate::check::Message;
use crate::error::{Error, Kind, Result};

/// One topic and how far it was looked at.
#[derive(Debug)]
pub(super) struct Topic {
    name: String,
    reader: Reader,
    /// Per partition the first offset not yet looked at.
    next: BTreeMap<i32, i64>,
}

impl Topic {
    pub(super) fn new(config: &KafkaConfig, name: &str) -> Topic {
        Topic {
            name: name.to_owned(),
            reader: Reader::new(config),
            next: BTreeMap::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Everything in the topic, and how many messages of it were looked at before.
    pub(super) async fn read(&mut self) -> Result<(Vec<Message>, Vec<Message>)> {
        let all = self
            .reader
            .read(&self.name, Isolation::Committed)
            .await
            .map_err(|error| self.failed(error))?;
        let all: Vec<Message> = all.into_iter().map(message).collect();
        let is_new = |message: &&Message| {
            self.next
                .get(&message.partition)
                .is_none_or(|next| message.offset >= *next)
        };
        let new: Vec<Message> = all.iter().filter(is_new).cloned().collect();
        for message in &new {
            self.next.insert(message.partition, message.offset + 1);
        }
        Ok((all, new))
    }

    /// Whether the topic is there.
    pub(super) async fn exists(&self) -> Result<bool> {
        match self.reader.ends(&self.name, Isolation::Uncommitted).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == kafka::Kind::Topic => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: kafka::Error) -> Error {
        Error::new(Kind::Kafka, format!("could not read topic {}", self.name)).because(error)
    }
}

fn message(incoming: kafka::Incoming) -> Message {
    Message {
        partition: incoming.partition,
        offset: incoming.offset,
        key: incoming.key,
        value: incoming.value,
        headers: incoming.headers,
    }
}
