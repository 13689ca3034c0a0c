//! The beginning of a session: topics, producer, group; and what was seen in partitions that are taken over.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use kafka::{
    GroupConsumer, Kind, Reader, StartAt, Subscription, TopicSpec, Topics, TransactionalProducer,
};

use super::hands::Hands;
use super::{End, Session};
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

impl<H: Handler> Session<H> {
    /// Makes sure of the topics, fences predecessors of the same name, joins the group. May be dropped at any time.
    pub(super) async fn open(shared: Arc<Shared<H>>) -> Result<Self, End> {
        let config = &shared.config;
        ensure_topics(&shared).await?;
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
        let retries: Vec<String> = retry_topics(config).collect();
        let consumer = GroupConsumer::join_beside(&config.kafka, &subscription, &retries)?;
        Ok(Self {
            consumer,
            producer,
            membership: None,
            partitions: std::collections::BTreeMap::new(),
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
    pub(super) async fn restore(
        &self,
        partitions: &[i32],
    ) -> Result<Vec<(i32, Seen, Parked)>, End> {
        let partitions: Vec<i32> = partitions.to_vec();
        let restoring = partitions.into_iter().map(|partition| {
            let shared = Arc::clone(&self.shared);
            async move {
                let seen = restore(&shared, partition).await?;
                Ok((partition, seen, parked(&shared.config, partition).await?))
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

fn retry_topics(config: &ServiceConfig) -> impl Iterator<Item = String> {
    (1..=config.levels()).map(|level| config.retry_topic(level))
}

/// What waits in the topics of retries.
async fn parked(config: &ServiceConfig, partition: i32) -> Result<Parked, End> {
    let found = Arc::new(Mutex::new(Parked::default()));
    let patience = config.kafka.transaction_timeout + config.kafka.timeout;
    for (level, topic) in (1..).zip(retry_topics(config)) {
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

async fn ensure_topics<H>(shared: &Shared<H>) -> Result<(), End> {
    let config = &shared.config;
    let topics = Topics::new(&config.kafka);
    let requests = TopicSpec::data(&config.requests, None, &config.kafka);
    let requests = TopicSpec {
        partitions: config.partitions,
        ..requests
    };
    // Requests refer to objects, and so does what becomes of them.
    let store = config
        .payloads
        .as_ref()
        .and(config.kafka.payload.as_deref());
    let requests = requests.refers_to(store);
    topics.ensure(&[requests]).await.map_err(unusable)?;
    let known = topics.partitions_of([config.requests.clone()]).await?;
    let count = known.get(&config.requests).copied();
    // Longer than the window, so that retention takes nothing that is still asked for.
    let retention = seen::millis(config.window).saturating_mul(4).max(3_600_000);
    let seen = TopicSpec::data(&config.seen, count, &config.kafka)
        .with("cleanup.policy", "delete")
        .initially("retention.ms", retention.to_string());
    let dead_letters = TopicSpec::data(&config.dead_letters, None, &config.kafka).refers_to(store);
    let retries = retry_topics(config)
        .map(|topic| TopicSpec::data(topic, count, &config.kafka).refers_to(store));
    let specs: Vec<_> = retries.chain([seen, dead_letters]).collect();
    topics.ensure(&specs).await.map_err(unusable)
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
