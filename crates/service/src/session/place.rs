//! How far the group is: known, or not begun, or forgotten. What was done is never done again because Kafka forgot.
//!
//! Kafka forgets the offsets of a group that was empty for `offsets.retention.minutes`, and those of topics that a group is not
//! subscribed to even while it lives (KAFKA-8338): topics of retries are such, so what is committed of them is committed again from time to time.

use std::time::Duration;

use kafka::{Consumed, Reader};

use super::{End, Session};
use crate::config::ServiceConfig;
use crate::error::{Error, ErrorKind};
use crate::handler::Handler;
use crate::seen::Seen;

/// How often offsets of topics of retries are committed again. Kafka keeps them for a week unless told otherwise.
pub(super) const REFRESH: Duration = Duration::from_secs(3_600);

/// Where a partition's topics of retries are read from, by the number of the topic, from 1.
///
/// # Errors
/// Something of the partition was done, and Kafka does not know how far.
pub(super) async fn known(
    config: &ServiceConfig,
    partition: i32,
    seen: &Seen,
    levels: usize,
) -> Result<Vec<i64>, End> {
    let reader = Reader::new(&config.kafka);
    let patience = config.kafka.transaction_timeout + config.kafka.timeout;
    let position = |topic: String| {
        let reader = reader.clone();
        async move {
            reader
                .position(&config.group, &topic, partition, patience)
                .await
        }
    };
    let requests = position(config.requests.clone()).await?;
    if requests.committed.is_none() {
        // What is seen is written with the first offset. Its retention may have taken it: then it begins later.
        let answers = position(config.seen.clone()).await?;
        if !seen.is_empty() || answers.holds_any || answers.first > 0 {
            return Err(forgotten(config, &config.requests, partition));
        }
    }
    let mut places = Vec::new();
    for level in 1..=levels {
        let topic = config.retry_topic(level);
        let place = position(topic.clone()).await?;
        match place.committed {
            Some(offset) => places.push(offset),
            // Nothing was ever there: said from now on, so that it is known later.
            None if !place.holds_any && place.first == 0 => places.push(0),
            None => return Err(forgotten(config, &topic, partition)),
        }
    }
    Ok(places)
}

fn forgotten(config: &ServiceConfig, topic: &str, partition: i32) -> End {
    let message = format!(
        "kafka does not know how far group {group} is in {topic} partition {partition}, and requests of it were done: all would be \
         done again. Say where it goes on, with the service stopped: `kafka-consumer-groups.sh --bootstrap-server {broker} --group {group} \
         --topic {topic}:{partition} --reset-offsets --to-latest --execute`, or `--to-datetime`, or `--to-earliest` to do all again",
        group = config.group,
        broker = config.kafka.bootstrap,
    );
    End::Over(Error::new(ErrorKind::Forgotten, message))
}

impl<H: Handler> Session<H> {
    /// Commits again what is known of topics of retries.
    pub(super) async fn refresh(&mut self) -> Result<(), End> {
        self.refreshed = tokio::time::Instant::now();
        let Some(membership) = self.membership.clone().filter(|_| !self.places.is_empty()) else {
            return Ok(());
        };
        let consumed = Consumed {
            topic: self.shared.config.requests.clone(),
            next: std::collections::BTreeMap::new(),
            beside: self.places.clone(),
            membership,
        };
        let committed = self.producer.commit_consumed(Vec::new(), consumed).await;
        committed.map(drop).map_err(End::from)
    }
}
