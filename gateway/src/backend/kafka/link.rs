//! The background of a Kafka backend: topics, the group that shares the partitions of replies, the replies.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kafka::{GroupConsumer, GroupEvent, Kind, StartAt, Subscription, TopicSpec, Topics};

use super::Config;
use super::desk::Desk;

/// How many partitions a topic of replies gets: as many gateways can work with it.
const PARTITIONS: i32 = 12;
/// How long replies are kept: nobody reads one twice.
const RETENTION: &str = "3600000";
/// The first pause after something went wrong, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Between two looks whether a broker answers.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// Until aborted. Begins anew whatever happens.
pub(super) async fn run(config: Arc<Config>, desk: Arc<Desk>) {
    let mut pause = PAUSES.0;
    let mut told = None;
    let mut missing = false;
    loop {
        let mut joined = false;
        let Err(error) = stay(&config, &desk, &mut joined, &mut missing).await;
        desk.lost_all();
        desk.topics_are(false);
        if joined {
            pause = PAUSES.0;
            told = None;
        }
        desk.broker_is_away(error.kind() == Kind::Unreachable);
        // The same for as long as it lasts is one line.
        if told != Some(error.kind()) {
            told = Some(error.kind());
            tracing::warn!(
                requests = config.requests,
                replies = config.replies,
                error = %error,
                "a kafka backend is not available, trying on"
            );
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// One stay in the group.
async fn stay(
    config: &Config,
    desk: &Desk,
    joined: &mut bool,
    missing: &mut bool,
) -> Result<Infallible, kafka::Error> {
    while !topics_are_there(config, missing).await? {
        desk.broker_is_away(false);
        tokio::time::sleep(PAUSES.0).await;
    }
    desk.broker_is_away(false);
    desk.topics_are(true);
    let mut consumer = GroupConsumer::join(
        &config.kafka,
        &Subscription {
            topic: config.replies.clone(),
            // One group for each pair: a gateway that asks two services has partitions for both.
            group: format!("figway.replies.{}.{}", config.replies, config.requests),
            instance: None,
            start: StartAt::End,
        },
    )?;
    loop {
        let event = tokio::select! {
            event = consumer.next() => event?,
            () = tokio::time::sleep(LOOK) => {
                desk.broker_is_away(consumer.away().is_some());
                continue;
            }
        };
        match event {
            GroupEvent::Assigned { partitions, .. } => {
                *joined = true;
                desk.got(&partitions);
                tracing::debug!(
                    replies = config.replies,
                    ?partitions,
                    "partitions of replies assigned"
                );
            }
            GroupEvent::Revoked(revocation) => desk.lost(&revocation.partitions),
            GroupEvent::Records(records) => {
                desk.broker_is_away(false);
                for record in records {
                    if let Some(correlation) = config.form.correlation_of(&record) {
                        desk.reply(correlation, record);
                    }
                }
            }
        }
    }
}

/// Makes the topic of replies where it is missing. Whether that of requests is there, which is the service's to make; `missing` is
/// whether it was not when this was asked before.
async fn topics_are_there(config: &Config, missing: &mut bool) -> Result<bool, kafka::Error> {
    let topics = Topics::new(&config.kafka);
    let both = [config.requests.clone(), config.replies.clone()];
    let known = topics.partitions_of(both).await?;
    if !known.contains_key(&config.replies) {
        let replies = TopicSpec::data(&config.replies, Some(PARTITIONS), &config.kafka)
            .initially("retention.ms", RETENTION);
        match topics.ensure(&[replies]).await {
            // Another gateway made it, with as many as it found right.
            Err(error) if error.kind() == Kind::Topic => return Ok(false),
            result => result?,
        }
    }
    let there = known.contains_key(&config.requests);
    // Told once each way: meanwhile everything falls back, or fails.
    if !there && !*missing {
        tracing::warn!(
            topic = config.requests,
            "waiting for the topic to be created by its service"
        );
    } else if there && *missing {
        tracing::info!(topic = config.requests, "the topic is there");
    }
    *missing = !there;
    Ok(there)
}
