//! Whether a topic can be reached, and where it ends: asked again and again over one connection.
//!
//! Whoever follows a topic hears nothing while nothing comes, and nothing while the broker is away. This tells the two apart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::blocking::blocking;
use crate::reader::{Client, Isolation};
use crate::{Error, KafkaConfig};

/// Asks for the ends of partitions. Cheap to clone; clones share one connection and take turns.
#[derive(Clone)]
pub struct Pulse {
    config: KafkaConfig,
    isolation: Isolation,
    client: Arc<Mutex<Option<Client>>>,
}

impl std::fmt::Debug for Pulse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pulse").finish_non_exhaustive()
    }
}

impl Pulse {
    /// One that waits at most that long for each answer. Connects with the first question.
    #[must_use]
    pub fn new(config: &KafkaConfig, isolation: Isolation, patience: Duration) -> Self {
        let config = KafkaConfig {
            timeout: patience,
            ..config.clone()
        };
        Self {
            config,
            isolation,
            client: Arc::default(),
        }
    }

    /// The first offset that the partition has, and its end.
    ///
    /// # Errors
    /// [`crate::Kind::Unreachable`] when no broker answered in time, [`crate::Kind::Topic`] when it does not tell.
    pub async fn ends(&self, topic: &str, partition: i32) -> Result<(i64, i64), Error> {
        let (pulse, topic) = (self.clone(), topic.to_owned());
        blocking(move || {
            let mut client = pulse.client.lock().unwrap_or_else(PoisonError::into_inner);
            let client = match &mut *client {
                Some(client) => client,
                none => none.insert(Client::new(&pulse.config, pulse.isolation)?),
            };
            client.watermarks(&topic, partition)
        })
        .await
    }
}
