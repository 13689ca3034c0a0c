//! The background of a view: follows the topic and the progress markers, and writes batches to the store.

mod record;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::{Fetcher, Follow, Follower, Isolation, Kind, Reader, Step, Topics};
use tokio::time::MissedTickBehavior;

use super::carried::Carried;
use super::deletes::{self, Followed, Phase};
use super::fresh::{self, Freshness, Told};
use super::life::{Life, PAUSES};
use super::registered::Registered;
use super::store::{Pen, Place, StoreError, Write};
use super::{Config, now_ms};

/// While a store is filled, so much is written at once.
const WRITTEN_AT_ONCE: (usize, usize) = (20_000, 16 << 20);
/// What was stored longer ago than this is made to outlast a crash with the next write.
const DURABLE: Duration = Duration::from_secs(1);
/// Between two looks whether the topic has a partition that a marker named.
const PARTITIONS: Duration = Duration::from_secs(5);
/// How often a view whose topic stands still stores how old it is.
const AGE: Duration = Duration::from_secs(5);

/// Why a stay ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("kafka: {0}")]
    Kafka(#[from] kafka::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a record refers to cannot be read now.
    #[error(transparent)]
    Payload(#[from] payload::Error),
    /// The schema of a record cannot be asked for now.
    #[error("registry: {0}")]
    Registry(kafka::Error),
    /// The topic is not the one the store was filled from.
    #[error("the topic was made anew or cut since the view was filled ({0})")]
    Anew(&'static str),
    /// Rows that are gone may still be in the store.
    #[error(
        "the view was behind for longer than its topic keeps deletes (delete.retention.ms = {0})"
    )]
    Behind(u128),
    /// The same, of a view that is filled.
    #[error(
        "filling the view takes longer than its topic keeps deletes (delete.retention.ms = {0}), so rows that are gone would be left: set that to more"
    )]
    Slow(u128),
    #[error("the key at offset {offset} of partition {partition} {why}")]
    Key {
        partition: i32,
        offset: i64,
        why: String,
    },
    #[error("the store's task failed")]
    Task(#[from] tokio::task::JoinError),
}

/// Until its store fails, or another takes it. Begins anew whatever else happens.
pub(super) async fn run(config: Arc<Config>, life: Arc<Life>) -> Ended {
    let pen = life.store.pen();
    let mut registered = Registered::new(config.spec.registry.clone());
    let mut pause = PAUSES.0;
    let mut told = String::new();
    loop {
        let begun = Instant::now();
        registered.begin();
        let Err(ended) = stay(&config, &life, pen, &mut registered).await;
        life.tried();
        if begun.elapsed() > PAUSES.1 {
            pause = PAUSES.0;
            told.clear();
        }
        let said = ended.to_string();
        if let Err(ended) = settle(&life, pen, ended).await {
            return ended;
        }
        // The same for as long as it lasts is one line.
        if said != told {
            tracing::warn!(
                topic = config.spec.topic,
                error = said,
                "a view begins anew"
            );
            told = said;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// What an end means for what is stored; an error where the store is of no use any more.
async fn settle(life: &Arc<Life>, pen: Pen, ended: Ended) -> Result<(), Ended> {
    match ended {
        Ended::Anew(_) | Ended::Behind(_) | Ended::Slow(_) => clear(life, pen).await,
        Ended::Kafka(error) if error.kind() == Kind::Truncated => clear(life, pen).await,
        Ended::Key {
            partition, offset, ..
        } => {
            life.state().unreadable = Some((partition, offset));
            Ok(())
        }
        Ended::Kafka(_) | Ended::Payload(_) | Ended::Registry(_) => Ok(()),
        ended @ (Ended::Store(_) | Ended::Task(_)) => Err(ended),
    }
}

async fn clear(life: &Arc<Life>, pen: Pen) -> Result<(), Ended> {
    life.state().forget();
    let store = Arc::clone(&life.store);
    Ok(tokio::task::spawn_blocking(move || store.clear(pen)).await??)
}

/// From the store as it is to the first thing that goes wrong.
async fn stay(
    config: &Arc<Config>,
    life: &Arc<Life>,
    pen: Pen,
    registered: &mut Registered,
) -> Result<Infallible, Ended> {
    let store = Arc::clone(&life.store);
    let ((mut places, filled), followed_ms) = tokio::task::spawn_blocking(move || {
        Ok::<_, StoreError>((store.places()?, store.followed_ms()?))
    })
    .await??;
    for (partition, place) in &mut places {
        let before = life.before.get(partition).copied().flatten();
        place.as_of_ms = place.as_of_ms.max(before);
    }
    {
        let mut state = life.state();
        state.filled = filled;
        for (partition, place) in &places {
            state
                .freshness
                .stood(*partition, place.next, place.as_of_ms);
        }
    }
    life.tried();
    let follow = Follow {
        topic: config.spec.topic.clone(),
        isolation: Isolation::Committed,
        // The last record once more, to see that it is the same topic.
        from: places
            .iter()
            .map(|(partition, place)| (*partition, place.last.map_or(place.next, |last| last.0)))
            .collect(),
    };
    let mut rows = Follower::start(&config.kafka, follow)?;
    let mut markers = Follower::start(&config.kafka, Follow::committed(fresh::TOPIC))?;
    // An old store shows what it knows while there is no Kafka: until here nothing was asked of it.
    let partitions = count(config).await?;
    if places.keys().any(|partition| *partition >= partitions) {
        // Kafka takes no partition away.
        return Err(Ended::Anew("it has fewer partitions"));
    }
    let is_empty = places.is_empty();
    let followed = Followed {
        // What is empty lacks no delete of before.
        at_ms: if is_empty {
            Some(now_ms())
        } else {
            followed_ms
        },
        kept: deletes::kept(&config.kafka, &config.spec.topic).await,
        phase: if is_empty {
            Phase::Filling
        } else {
            Phase::Away
        },
    };
    followed.lost()?;
    followed.tell(&config.spec.topic);
    {
        let mut state = life.state();
        let mut freshness = Freshness::of(partitions);
        for (partition, place) in &places {
            freshness.stood(*partition, place.next, place.as_of_ms);
        }
        state.freshness = freshness;
    }
    let mut feed = Feed {
        config,
        life,
        pen,
        unproven: places
            .iter()
            .filter_map(|(partition, place)| Some((*partition, place.last?)))
            .collect(),
        places,
        carried: Carried::new(config.kafka.payloads()?),
        registered,
        filled,
        pending: Write::default(),
        bytes: 0,
        durable: Instant::now(),
        looked: None,
        followed,
        fetcher: Fetcher::new(&config.kafka, config.spec.topic.as_str()),
        seen: BTreeMap::new(),
    };
    let mut look = tokio::time::interval(followed.look());
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            step = rows.next() => feed.take(step?).await?,
            step = markers.next() => {
                if feed.markers(&step?) == Told::Unknown {
                    feed.look_for_partitions().await;
                }
                feed.keep_age().await?;
            }
            _ = look.tick() => feed.look_whether_all_is_here().await?,
        }
    }
}

/// How many partitions the topic has, once it is there.
async fn count(config: &Config) -> Result<i32, Ended> {
    let topics = Topics::new(&config.kafka);
    loop {
        match topics.partitions_of([config.spec.topic.clone()]).await {
            Ok(known) => {
                if let Some(count) = known.get(&config.spec.topic) {
                    return Ok(*count);
                }
            }
            Err(error) if error.kind() == Kind::Unreachable => {}
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(PAUSES.0).await;
    }
}

struct Feed<'a> {
    config: &'a Config,
    life: &'a Life,
    pen: Pen,
    places: BTreeMap<i32, Place>,
    /// Per partition the last record of the store, while it was not seen again.
    unproven: BTreeMap<i32, (i64, u64)>,
    /// Events that do not travel as they are.
    carried: Carried,
    /// Keys and events that only their schema tells.
    registered: &'a mut Registered,
    filled: bool,
    /// What was taken and is not stored yet: only while the store is filled.
    pending: Write,
    /// Of what is pending.
    bytes: usize,
    /// When what is stored was last made to outlast a crash.
    durable: Instant,
    /// When the topic was last asked for its partitions because of a marker.
    looked: Option<Instant>,
    followed: Followed,
    /// For questions about the topic.
    fetcher: Fetcher,
    /// Where the partitions ended when all of them was here.
    seen: BTreeMap<i32, i64>,
}

impl Feed<'_> {
    /// One step, or while the store is filled several: all of it in one transaction, then for all to see.
    async fn take(&mut self, step: Step) -> Result<(), Ended> {
        if self.followed.phase == Phase::Filling && self.places.is_empty() {
            // Nothing was read yet that could be deleted.
            self.followed.at_ms = Some(now_ms());
        }
        self.followed.lost()?;
        for record in &step.records {
            self.apply(record).await?;
        }
        for (partition, end) in &step.ends {
            if self.carried.waits(*partition) {
                continue; // Within an event: what came of it comes again after a restart.
            }
            if self.unproven.contains_key(partition) {
                return Err(Ended::Anew("its last record is not there any more"));
            }
            let as_of_ms = self.life.state().freshness.of_partition(*partition);
            let place = self.place(*partition);
            place.next = (*end).max(place.next);
            place.as_of_ms = as_of_ms;
            let place = *place;
            self.pending.places.insert(*partition, place);
        }
        let enough =
            self.pending.rows.len() >= WRITTEN_AT_ONCE.0 || self.bytes >= WRITTEN_AT_ONCE.1;
        if !self.filled && !step.caught_up && !enough {
            return Ok(());
        }
        let mut write = std::mem::take(&mut self.pending);
        self.bytes = 0;
        write.filled = step.caught_up && !self.filled;
        if step.caught_up {
            self.followed.at_ms = Some(now_ms());
            self.followed.phase = Phase::Following;
        }
        write.followed_ms = self.followed.at_ms;
        write.durable = write.filled || self.durable.elapsed() > DURABLE;
        if write.durable {
            self.durable = Instant::now();
        }
        let reached: Vec<_> = write
            .places
            .iter()
            .map(|(partition, place)| (*partition, place.next))
            .collect();
        self.store(write).await?;
        let mut state = self.life.state();
        for (partition, next) in reached {
            state.freshness.reached(partition, next);
        }
        if step.caught_up && !self.filled {
            self.filled = true;
            state.filled = true;
            tracing::info!(topic = self.config.spec.topic, "a view is filled");
        }
        state.unreadable = None;
        Ok(())
    }

    async fn store(&self, write: Write) -> Result<(), Ended> {
        let store = Arc::clone(&self.life.store);
        let pen = self.pen;
        Ok(tokio::task::spawn_blocking(move || store.write(pen, &write)).await??)
    }

    fn markers(&self, step: &Step) -> Told {
        let mut told = Told::Fine;
        let mut state = self.life.state();
        for value in step
            .records
            .iter()
            .filter_map(|record| record.value.as_ref())
        {
            if state.freshness.marker(&self.config.spec.topic, value) == Told::Unknown {
                told = Told::Unknown;
            }
        }
        told
    }

    /// Partitions that are new count from now on, also before any record of theirs is read. The marker that named one is passed over:
    /// another will come.
    async fn look_for_partitions(&mut self) {
        if self
            .looked
            .is_some_and(|looked| looked.elapsed() < PARTITIONS)
        {
            return;
        }
        self.looked = Some(Instant::now());
        let topics = Topics::new(&self.config.kafka);
        // Where nobody answers, the next marker asks again.
        if let Ok(known) = topics.partitions_of([self.config.spec.topic.clone()]).await
            && let Some(count) = known.get(&self.config.spec.topic)
        {
            self.life.state().freshness.grow(*count);
        }
    }

    /// Now and then, so that a restart without Kafka knows how old it is.
    async fn keep_age(&mut self) -> Result<(), Ended> {
        // Places run ahead of what is stored while something is pending.
        if self.durable.elapsed() < AGE || !self.pending.places.is_empty() {
            return Ok(());
        }
        self.durable = Instant::now();
        {
            let state = self.life.state();
            for (partition, place) in &mut self.places {
                place.as_of_ms = state.freshness.of_partition(*partition);
            }
        }
        let write = Write {
            places: self.places.clone(),
            followed_ms: self.followed.at_ms,
            durable: true,
            ..Write::default()
        };
        self.store(write).await
    }

    /// A topic in which nothing happens tells nobody that a view has all of it.
    async fn look_whether_all_is_here(&mut self) -> Result<(), Ended> {
        let now = now_ms();
        let reader = Reader::new(&self.config.kafka);
        let topic = &self.config.spec.topic;
        // Where nobody answers, the next look asks again.
        let Ok(ends) = reader.ends(topic, Isolation::Committed).await else {
            return Ok(());
        };
        let ended: BTreeMap<i32, i64> = ends
            .iter()
            .map(|(partition, (_, end))| (*partition, *end))
            .collect();
        // Where nothing was written since, nothing came and went, however long ago that was.
        if ended != self.seen {
            for (partition, (first, end)) in &ends {
                let next = self.places.get(partition).map_or(0, |place| place.next);
                if next >= *end || first >= end {
                    continue;
                }
                // What stands there may be the end of a transaction.
                match self.fetcher.is_end(*partition, next).await {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return Ok(()),
                }
            }
            self.followed.lost()?;
            self.seen = ended;
        }
        self.followed.at_ms = Some(now);
        self.keep_age().await
    }

    fn place(&mut self, partition: i32) -> &mut Place {
        self.places.entry(partition).or_insert(Place {
            next: 0,
            last: None,
            as_of_ms: None,
        })
    }
}
