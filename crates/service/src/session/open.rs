//! The beginning of a session: topics, producer, group; and what was seen in partitions that are taken over.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use kafka::{
    GroupConsumer, Kind, Reader, StartAt, Subscription, TopicSpec, Topics, TransactionalProducer,
};

use super::hands::Hands;
use super::{End, Session, place};
use crate::config::ServiceConfig;
use crate::decide::now_ms;
use crate::decode::Raw;
use crate::error::{Error, ErrorKind};
use crate::handler::Handler;
use crate::parked::Parked;
use crate::partition::Shared;
use crate::seen::{self, Seen, Unreadable};

/// How many partitions are restored at the same time.
const AT_ONCE: usize = 4;

/// How long topics of retries keep requests, in milliseconds: 30 days, longer than a service is away.
const PARKED: i64 = 30 * 86_400_000;
/// The number that a topic of retries may have at most.
const LEVELS: usize = 64;

/// What is known of a partition that is taken over.
pub(super) struct Restored {
    pub(super) partition: i32,
    pub(super) seen: Seen,
    pub(super) parked: Parked,
    /// As of [`place::known`].
    pub(super) places: Vec<i64>,
}

impl<H: Handler> Session<H> {
    /// Makes sure of the topics, fences predecessors of the same name, joins the group. May be dropped at any time.
    pub(super) async fn open(shared: Arc<Shared<H>>) -> Result<Self, End> {
        let config = &shared.config;
        let levels = ensure_topics(&shared).await?;
        let identity = config.identity();
        // First, so that a predecessor's transaction is ended before its partitions are read.
        let producer =
            TransactionalProducer::open(&config.kafka, &identity, config.kafka.timeout).await?;
        let subscription = Subscription {
            topic: config.requests.clone(),
            group: config.group.clone(),
            instance: Some(identity),
            start: StartAt::Committed,
        };
        let retries: Vec<String> = retry_topics(config, levels).collect();
        let consumer = GroupConsumer::join_beside(&config.kafka, &subscription, &retries)?;
        Ok(Self {
            consumer,
            producer,
            membership: None,
            partitions: std::collections::BTreeMap::new(),
            levels,
            places: std::collections::BTreeMap::new(),
            refreshed: tokio::time::Instant::now(),
            hands: Hands::new(),
            done: std::collections::VecDeque::new(),
            since: None,
            stuck: std::collections::BTreeSet::new(),
            failed: None,
            last: -1,
            shared,
        })
    }

    /// What was answered in those partitions, within the window, and what of them is parked.
    pub(super) async fn restore(&self, partitions: &[i32]) -> Result<Vec<Restored>, End> {
        let (partitions, levels) = (partitions.to_vec(), self.levels);
        let restoring = partitions.into_iter().map(|partition| {
            let shared = Arc::clone(&self.shared);
            async move {
                let config = &shared.config;
                let seen = restore(&shared, partition).await?;
                let places = place::known(config, partition, &seen, levels).await?;
                let parked = parked(config, partition, levels).await?;
                Ok(Restored {
                    partition,
                    seen,
                    parked,
                    places,
                })
            }
        });
        let restored: Vec<Result<_, End>> = futures_util::stream::iter(restoring)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        restored.into_iter().collect()
    }
}

async fn restore<H>(shared: &Shared<H>, partition: i32) -> Result<Seen, End> {
    let config = &shared.config;
    let now = now_ms();
    let state = Arc::new(Mutex::new((Seen::new(config.window), None::<Unreadable>)));
    let filling = Arc::clone(&state);
    let patience = config.kafka.transaction_timeout + config.kafka.timeout;
    Reader::new(&config.kafka)
        .settled(
            &config.seen,
            partition,
            now.saturating_sub(seen::millis(config.window)),
            patience,
            move |record| {
                // Nothing is done half-way under this lock.
                let mut state = filling.lock().unwrap_or_else(PoisonError::into_inner);
                match seen::parse(record) {
                    Ok((id, stored)) => {
                        state.0.insert(id, stored, now);
                    }
                    Err(unreadable) => {
                        state.1.get_or_insert(unreadable);
                    }
                }
            },
        )
        .await?;
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Unreadable { offset }) = state.1 {
        let message = format!(
            "the record at offset {offset} of {} partition {partition} is of a version that this program does not know: run the \
             newer program that wrote it",
            config.seen
        );
        return Err(End::Over(Error::new(ErrorKind::Unreadable, message)));
    }
    Ok(std::mem::replace(&mut state.0, Seen::new(config.window)))
}

fn retry_topics(config: &ServiceConfig, levels: usize) -> impl Iterator<Item = String> {
    (1..=levels).map(|level| config.retry_topic(level))
}

/// What waits in the topics of retries.
async fn parked(config: &ServiceConfig, partition: i32, levels: usize) -> Result<Parked, End> {
    let found = Arc::new(Mutex::new(Parked::default()));
    let patience = config.kafka.transaction_timeout + config.kafka.timeout;
    for (level, topic) in (1..).zip(retry_topics(config, levels)) {
        let (filling, order) = (Arc::clone(&found), config.order);
        Reader::new(&config.kafka)
            .pending(&config.group, &topic, partition, patience, move |record| {
                let raw = Raw::parked(record, level);
                // Nothing is done half-way under this lock.
                let mut parked = filling.lock().unwrap_or_else(PoisonError::into_inner);
                parked.insert(&raw.lanes(order), raw.origin, level);
            })
            .await?;
    }
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *found))
}

/// Makes sure of the topics. How many topics of retries are to be read: those of the settings, and those that are there from settings
/// before, as requests may be parked in them.
async fn ensure_topics<H>(shared: &Shared<H>) -> Result<usize, End> {
    let config = &shared.config;
    let topics = Topics::new(&config.kafka);
    let requests = TopicSpec::data(&config.requests, None, &config.kafka);
    let requests = TopicSpec {
        partitions: config.partitions,
        ..requests
    };
    // Requests may refer to objects, wherever they wait.
    let store = config
        .payloads
        .as_ref()
        .and(config.kafka.payload.as_deref());
    let requests = requests.refers_to(store);
    topics.ensure(&[requests]).await.map_err(unusable)?;
    let known = topics.partitions().await?;
    let count = known.get(&config.requests).copied();
    let prefix = format!("{}.retry.", config.requests);
    let there = known.keys().filter_map(|topic| {
        let level: usize = topic.strip_prefix(&prefix)?.parse().ok()?;
        (level <= LEVELS).then_some(level)
    });
    let levels = there.max().unwrap_or(0).max(config.levels());
    // Longer than the window, so that retention takes nothing that is still asked for.
    let retention = seen::millis(config.window).saturating_mul(4).max(3_600_000);
    let kept = |topic: String, count| {
        // A broker may compact by itself: of two requests of a key it would keep one.
        TopicSpec::data(topic, count, &config.kafka).initially("cleanup.policy", "delete")
    };
    let seen = TopicSpec::data(&config.seen, count, &config.kafka)
        .with("cleanup.policy", "delete")
        .initially("retention.ms", retention.to_string());
    // A person looks at them, who may take longer than a week. They outlive what they refer to: why they are here is worth keeping
    // without the body, and those that have their bodies are not to go sooner because others have not.
    let dead_letters = kept(config.dead_letters.clone(), None).initially("retention.ms", "-1");
    let retries = retry_topics(config, levels).map(|topic| {
        kept(topic, count)
            .initially("retention.ms", PARKED.to_string())
            .refers_to(store)
    });
    let specs: Vec<_> = retries.chain([seen, dead_letters]).collect();
    topics.ensure(&specs).await.map_err(unusable)?;
    Ok(levels)
}

/// A topic that cannot be worked with is for a person to mend.
fn unusable(error: kafka::Error) -> End {
    match error.kind() {
        Kind::Topic => End::Over(
            Error::new(ErrorKind::Config, "a topic of the service cannot be used").caused_by(error),
        ),
        _ => error.into(),
    }
}
