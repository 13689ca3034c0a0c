//! The following of a topic of outcomes: each record into the book, and to who waits for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kafka::{Follow, Follower, Incoming, TopicSpec, Topics, reply as name};
use uuid::Uuid;

use super::Shared;
use super::book::{Book, Place};
use super::entry::{self, Found, Said};

/// How many partitions a topic of outcomes gets.
const PARTITIONS: i32 = 12;
/// Before a topic that could not be followed is followed anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Until aborted. Begins anew whatever happens.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut told = String::new();
    loop {
        let why = match follow(&shared).await {
            Ok(never) => match never {},
            Err(why) => why,
        };
        shared.caught_up.send_replace(false);
        if why != told {
            tracing::warn!(
                topic = shared.config.topic,
                why,
                "outcomes of requests are not known, trying on"
            );
            told = why;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn follow(shared: &Shared) -> Result<Infallible, String> {
    let config = &shared.config;
    let topic = &config.topic;
    let count = topic_is_there(shared)
        .await
        .map_err(|error| crate::error::chain(&error))?;
    shared.partitions.store(count, Ordering::Relaxed);
    let mut follower = Follower::start(&config.kafka, Follow::committed(topic))
        .map_err(|error| crate::error::chain(&error))?;
    {
        let mut state = shared.state();
        state.book = Book::new(super::MOST);
        state.read.clear();
        state.as_of_ms.clear();
        state.fills = state.fills.wrapping_add(1);
    }
    loop {
        let step = follower.next().await;
        let step = step.map_err(|error| crate::error::chain(&error))?;
        take(shared, step.records).map_err(|strange| strange.to_string())?;
        shared
            .read
            .send_modify(|count| *count = count.wrapping_add(1));
        if step.caught_up && !*shared.caught_up.borrow() {
            tracing::debug!(topic, "all outcomes are known");
            shared.caught_up.send_replace(true);
        }
    }
}

/// How many partitions it has; made where it is missing.
async fn topic_is_there(shared: &Shared) -> Result<i32, kafka::Error> {
    let config = &shared.config;
    let topics = Topics::new(&config.kafka);
    let known = || topics.partitions_of([config.topic.clone()]);
    if known().await?.is_empty() {
        // Twice as long as answers are given: what is over is told from what never was.
        let kept = config.keep.saturating_mul(2).as_millis().to_string();
        let spec = TopicSpec::data(&config.topic, Some(PARTITIONS), &config.kafka)
            .initially("cleanup.policy", "delete")
            .initially("retention.ms", kept);
        topics.ensure(&[spec]).await?;
    }
    Ok(known().await?.values().copied().next().unwrap_or(0))
}

fn take(shared: &Shared, records: Vec<Incoming>) -> Result<(), entry::Strange> {
    let mut state = shared.state();
    for record in records {
        let place = Place {
            partition: record.partition,
            offset: record.offset,
        };
        match entry::read(record)? {
            Found::Said(id, said) => {
                let state = &mut *state;
                match said {
                    Said::Accepted(claim) => {
                        let by = claim.by;
                        let verdict = state.book.accepted(id, claim);
                        state.waiting.judged(id, by, verdict);
                    }
                    Said::Released { by } => state.book.released(id, by),
                    Said::Calling {
                        by,
                        at_ms,
                        until_ms,
                        tries,
                    } => {
                        state.book.calling(id, by, (at_ms, until_ms), tries);
                    }
                    Said::Called { .. } => state.book.called(id),
                }
            }
            Found::Reply(reply) => {
                if let Some(request) = shared.config.form.correlation_of(&reply) {
                    let request = Uuid::from_bytes(request);
                    if is_mismatch(&reply) {
                        if let Some(by) = state.book.refused(request) {
                            state.waiting.refused(request, by, &reply);
                        }
                    } else if state.book.answered(request, place) {
                        state.waiting.came(request, &reply);
                    }
                }
            }
        }
        let next = place.offset.saturating_add(1);
        state.read.insert(place.partition, next);
    }
    Ok(())
}

/// Whether a service says that the request is not the one it knows under that id.
pub(crate) fn is_mismatch(reply: &Incoming) -> bool {
    reply.header(name::MISMATCH) == Some(b"true")
}
