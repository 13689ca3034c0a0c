//! The following of a topic of outcomes: each record into the book, and to who waits for it.

use std::collections::BTreeMap;
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
    let count = topic_is_there(shared).await?;
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
async fn topic_is_there(shared: &Shared) -> Result<i32, String> {
    let config = &shared.config;
    let topics = Topics::new(&config.kafka);
    let known = async || {
        let found = topics.partitions_of([config.topic.clone()]).await;
        found.map_err(|error| crate::error::chain(&error))
    };
    if known().await?.is_empty() {
        let spec = TopicSpec::data(&config.topic, Some(PARTITIONS), &config.kafka)
            .initially("cleanup.policy", "delete")
            .initially("retention.ms", wanted_ms(config.keep).to_string());
        let made = topics.ensure(&[spec]).await;
        made.map_err(|error| crate::error::chain(&error))?;
    } else {
        match topics.settings(&config.topic).await {
            Ok(settings) => fits(&config.topic, &settings, config.keep)?,
            Err(error) => {
                let topic = config.topic.as_str();
                tracing::warn!(topic, %error, "for how long a topic keeps outcomes is not known");
            }
        }
    }
    Ok(known().await?.values().copied().next().unwrap_or(0))
}

/// Twice as long as answers are given: what is over is told from what never was.
fn wanted_ms(keep: Duration) -> u128 {
    keep.saturating_mul(2).as_millis()
}

/// Whether outcomes can be kept on a topic that somebody made with these settings: one that forgets them early is told of.
fn fits(topic: &str, settings: &BTreeMap<String, String>, keep: Duration) -> Result<(), String> {
    let policy = settings.get("cleanup.policy").map_or("", String::as_str);
    if policy.split(',').any(|one| one.trim() == "compact") {
        return Err(format!(
            "topic {topic} has cleanup.policy = {policy}: compaction takes claims away that count, so set it to \"delete\""
        ));
    }
    let wanted_ms = wanted_ms(keep);
    let kept = settings.get("retention.ms");
    // Less than nothing is for ever.
    let kept_ms = kept.and_then(|kept| kept.parse::<u128>().ok());
    if let Some(retention_ms) = kept_ms.filter(|kept| *kept < wanted_ms) {
        tracing::warn!(
            topic,
            retention_ms,
            wanted_ms,
            "a topic of outcomes forgets before answers are over (retention.ms): they are lost early, and a request may be executed again"
        );
    }
    Ok(())
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
                        let verdict = state.book.accepted(id, *claim);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_forgets_claims_is_refused_by_its_setting() {
        let keep = Duration::from_secs(60);
        let of = |policy: &str, retention: &str| {
            let settings = [("cleanup.policy", policy), ("retention.ms", retention)];
            let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
            fits("t.outcomes", &settings.into(), keep)
        };
        for policy in ["compact", "compact,delete", "delete, compact"] {
            let why = of(policy, "-1").unwrap_err();
            assert!(why.contains("cleanup.policy"), "{why}");
        }
        // A shorter one is told of, and taken.
        for retention in ["-1", "120000", "119999"] {
            assert_eq!(of("delete", retention), Ok(()));
        }
        assert_eq!(fits("t.outcomes", &BTreeMap::new(), keep), Ok(()));
    }
}
