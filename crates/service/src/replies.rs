//! Which topics of replies exist: a reply to one that does not would hold up, and end, the transaction of everyone else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kafka::{KafkaConfig, Topics};

use crate::decode::ReplyTo;

/// The most topics remembered.
const TOPICS: usize = 1_000;

/// Topics of replies that were looked for and found, with their numbers of partitions.
#[derive(Debug)]
pub(crate) struct Replies {
    /// None where all are taken to exist.
    topics: Option<Topics>,
    known: Mutex<HashMap<String, i32>>,
}

impl Replies {
    pub(crate) fn new(config: &KafkaConfig) -> Self {
        Self {
            topics: Some(Topics::new(config)),
            known: Mutex::default(),
        }
    }

    /// Asks nobody: every topic exists.
    pub(crate) fn assumed() -> Self {
        Self {
            topics: None,
            known: Mutex::default(),
        }
    }

    /// Whether a reply can be sent there. Where the broker cannot be asked the answer is yes: the commit will tell.
    pub(crate) async fn exist(&self, to: &ReplyTo) -> bool {
        let fits = |count: i32| to.partition.is_none_or(|partition| partition < count);
        let known = self.known().get(&*to.topic).copied();
        if known.is_some_and(fits) {
            return true;
        }
        let Some(topics) = &self.topics else {
            return true;
        };
        match topics.partitions_of([to.topic.to_string()]).await {
            Ok(found) => {
                let count = found.get(&*to.topic).copied();
                if let Some(count) = count {
                    self.remember(&to.topic, count);
                }
                count.is_some_and(fits)
            }
            Err(_) => true,
        }
    }

    fn remember(&self, topic: &str, count: i32) {
        let mut known = self.known();
        if known.len() >= TOPICS {
            known.clear();
        }
        known.insert(topic.to_owned(), count);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, i32>> {
        // Nothing is done half-way under this lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
