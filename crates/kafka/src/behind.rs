//! How far a group is behind the end of a topic, asked again and again over one connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::blocking::blocking;
use crate::reader::Client;
use crate::{Error, KafkaConfig};

/// Asks how far a group has processed a topic and where its committed records end. Is no member of the group.
#[derive(Clone)]
pub struct Behind {
    config: KafkaConfig,
    group: String,
    topic: String,
    client: Arc<Mutex<Option<Client>>>,
}

impl std::fmt::Debug for Behind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Behind")
            .field("group", &self.group)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl Behind {
    /// Connects with the first question.
    #[must_use]
    pub fn new(config: &KafkaConfig, group: &str, topic: &str) -> Self {
        Self {
            config: config.clone(),
            group: group.to_owned(),
            topic: topic.to_owned(),
            client: Arc::default(),
        }
    }

    /// Per partition the offset behind the last record processed (zero where none was) and the one behind the last that may be read. The
    /// second may be the higher one and no record between them: the marks of transactions take offsets too.
    ///
    /// # Errors
    /// As [`crate::Reader::for_each`].
    pub async fn look(&self) -> Result<BTreeMap<i32, (i64, i64)>, Error> {
        let this = self.clone();
        blocking(move || {
            let mut kept = this.client.lock().unwrap_or_else(PoisonError::into_inner);
            let client = match kept.take() {
                Some(client) => client,
                None => Client::of_group(&this.config, &this.group)?,
            };
            let committed = crate::committed::committed(&client, &this.topic)?;
            let mut found = BTreeMap::new();
            for (partition, next) in committed {
                let (_, end) = client.watermarks(&this.topic, partition)?;
                found.insert(partition, (next.unwrap_or(0), end));
            }
            // After an error another one is made.
            *kept = Some(client);
            Ok(found)
        })
        .await
    }
}
