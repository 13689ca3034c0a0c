//! Write-back: legacy gets the writes that modern accepted (`back_sync = "durable"`).
//!
//! ```text
//! figway.writeback.<group> ─► session ─► window: what next? ─► commit what will be sent ─► apply: legacy's leg ─► commit what came of it
//!                                                          ⤷ parked, and what people decide about them
//! ```
//!
//! In: records that services write in the transaction of their effects ([`kafka::writeback`]). Out: requests to the route's legacy side, in
//! the order of each key; what legacy does not take is parked in a topic of its own. One gateway of the fleet applies a partition (`session`);
//! what is decided is in `window` and `decide`, which are pure. [`hold`] lets a group go back to legacy without losing a write.

mod apply;
mod board;
pub mod decide;
mod entry;
mod group;
pub mod hold;
mod restore;
mod session;
mod standing;
#[cfg(test)]
mod tests;
mod told;
mod window;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use kafka::{KafkaConfig, Producer};
use ops::shutdown::Shutdown;
use tokio::sync::mpsc;

pub use board::ParkedWrite;
pub use entry::{Resolution, Wanted};
pub use group::Counted;
pub use standing::Standing;

use crate::app::App;
use crate::config::Resolved;
use crate::control::command::{Count, Loss};
use crate::control::{Settled, WayBack};
use crate::route::back::BackPolicy;
use group::Group;
use session::Session;

/// Before a session that broke off begins anew; longer each time.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest of these waits.
const LONGEST: Duration = Duration::from_secs(15);
/// Wishes that wait to be taken.
const WISHES: usize = 1_000;
/// How long a wish may take to be written.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which write of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The partition of the group's topic.
    pub partition: i32,
    /// The offset there.
    pub offset: i64,
}

/// Why a session ended.
#[derive(Debug)]
enum End {
    /// As it was asked to.
    Over,
    /// To begin anew.
    Again(kafka::Error),
    /// Kafka had forgotten how far the group was; it knows it again.
    Forgotten,
    /// Something is there that this program does not know: a person must look, or a newer program run.
    Strange(String),
}

impl From<kafka::Error> for End {
    fn from(error: kafka::Error) -> Self {
        Self::Again(error)
    }
}

/// What is shown of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackState {
    /// The group.
    pub group: Arc<str>,
    /// The topic of its writes.
    pub topic: String,
    /// The partitions that this gateway applies.
    pub partitions: Vec<i32>,
    /// What legacy lacks, without what is parked; none where that is not known.
    pub standing: Option<Standing>,
    /// How long the oldest has waited, in seconds; zero where none waits.
    pub lag_seconds: u64,
    /// How many are parked.
    pub parked: u64,
    /// What this gateway counted.
    pub counted: Counted,
    /// Why nothing is applied here, or not everything.
    pub trouble: Option<String>,
}

/// Why nothing was done about a parked write.
#[derive(Debug, thiserror::Error)]
pub enum NotDecided {
    /// The group's writes do not go back to legacy.
    #[error("the writes of group {group:?} do not go back to legacy")]
    NoGroup {
        /// The group asked for.
        group: String,
    },
    /// It is not parked.
    #[error("no write of partition {} at offset {} is parked", place.partition, place.offset)]
    NotParked {
        /// Which.
        place: Place,
    },
    /// It was parked anew after it was looked at.
    #[error(
        "the write of partition {} at offset {} was tried in between and is parked anew: look at it again",
        place.partition,
        place.offset
    )]
    Changed {
        /// Which.
        place: Place,
    },
    /// Kafka did not take it.
    #[error("the decision was not written: {0}")]
    NotWritten(#[from] kafka::Error),
}

/// All groups whose writes go back to legacy. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Backs {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    app: Arc<App>,
    instance: String,
    shutdown: Shutdown,
    groups: Mutex<BTreeMap<Arc<str>, Arc<Group>>>,
}

impl Backs {
    /// None yet. `instance` is a name that no other gateway has and that stays over a restart.
    #[must_use]
    pub fn new(app: Arc<App>, instance: String, shutdown: &Shutdown) -> Self {
        Self {
            shared: Arc::new(Shared {
                app,
                instance,
                shutdown: shutdown.clone(),
                groups: Mutex::default(),
            }),
        }
    }

    fn groups(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<Group>>> {
        let groups = self.shared.groups.lock();
        groups.unwrap_or_else(PoisonError::into_inner)
    }

    fn group(&self, name: &str) -> Option<Arc<Group>> {
        self.groups().get(name).cloned()
    }

    /// Begins with the groups of that configuration, and ends with those that it does not have any more. Must be called inside a
    /// runtime.
    pub fn take_up(&self, resolved: &Resolved) {
        let mut wanted = BTreeMap::<Arc<str>, Arc<BackPolicy>>::new();
        for back in resolved
            .table
            .routes()
            .filter_map(|route| route.back.as_ref())
        {
            wanted.insert(Arc::clone(&back.group), Arc::clone(&back.policy));
        }
        let mut groups = self.groups();
        let kafka = resolved.kafka.as_ref();
        groups.retain(|name, group| {
            let stays = wanted.contains_key(name) && kafka == Some(&group.kafka);
            if !stays {
                group.end();
            }
            stays
        });
        let Some(kafka) = kafka else { return };
        for (name, policy) in wanted {
            match groups.get(&name) {
                Some(group) => group.follow(policy),
                None => {
                    let group = self.begin(&name, kafka, policy);
                    groups.insert(name, group);
                }
            }
        }
    }

    fn begin(&self, name: &Arc<str>, kafka: &KafkaConfig, policy: Arc<BackPolicy>) -> Arc<Group> {
        let shared = &self.shared;
        let group = Arc::new(Group::new(
            name,
            kafka.clone(),
            policy,
            Arc::clone(&shared.app),
            &shared.instance,
            shared.shutdown.token().child_token(),
        ));
        let (wish, wishes) = mpsc::channel(WISHES);
        let shutdown = &shared.shutdown;
        drop(shutdown.spawn(apply(Arc::clone(&group), wishes)));
        drop(shutdown.spawn(board::follow(Arc::clone(&group), wish)));
        drop(shutdown.spawn(standing::watch(Arc::clone(&group))));
        group
    }

    /// All of them as they are now.
    #[must_use]
    pub fn states(&self) -> Vec<BackState> {
        let groups = self.groups();
        groups.values().map(|group| state(group)).collect()
    }

    /// The parked writes of a group; none if its writes do not go back.
    #[must_use]
    pub fn parked(&self, group: &str) -> Option<Vec<ParkedWrite>> {
        Some(self.group(group)?.board.all())
    }

    /// Writes down what somebody decided about a parked write; whoever applies its partition does it.
    ///
    /// # Errors
    /// See [`NotDecided`].
    pub async fn decide(
        &self,
        group: &str,
        place: Place,
        how: &Resolution,
    ) -> Result<(), NotDecided> {
        let found = self.group(group).ok_or_else(|| NotDecided::NoGroup {
            group: group.to_owned(),
        })?;
        let since = found.board.since(place);
        let since = since.ok_or(NotDecided::NotParked { place })?;
        if how.seen_ms.is_some_and(|seen| seen != since) {
            return Err(NotDecided::Changed { place });
        }
        let record = told::wanted(&found.parked_topic, place.partition, place.offset, how);
        Producer::open(&found.kafka, PATIENCE)?.send(record).await?;
        tracing::info!(
            group,
            partition = place.partition,
            offset = place.offset,
            what = how.what.as_str(),
            by = how.who,
            why = how.why,
            "somebody decided about a parked write"
        );
        Ok(())
    }
}

fn state(group: &Group) -> BackState {
    let shown = group.shown().clone();
    let standing = group.standing();
    let oldest = shown.partitions.values().filter_map(|(_, oldest)| *oldest);
    let oldest = oldest
        .chain(standing.as_ref().and_then(|standing| standing.oldest_ms))
        .min();
    BackState {
        group: Arc::clone(&group.name),
        topic: group.topic.clone(),
        partitions: shown.partitions.keys().copied().collect(),
        standing,
        lag_seconds: oldest.map_or(0, standing::seconds_since),
        parked: u64::try_from(group.board.len()).unwrap_or(u64::MAX),
        counted: group.totals(),
        trouble: shown.trouble,
    }
}

impl WayBack for Backs {
    fn lacking(&self, group: &str) -> Option<Loss> {
        let group = self.group(group)?;
        let parked = u64::try_from(group.board.len()).unwrap_or(u64::MAX);
        Some(match group.standing() {
            Some(standing) if group.board.is_whole() => Loss {
                writes: standing.waiting.saturating_add(parked),
                count: standing.counted,
            },
            Some(standing) => Loss {
                writes: standing.waiting.saturating_add(parked),
                count: Count::AtLeast,
            },
            None => Loss {
                writes: parked,
                count: Count::AtLeast,
            },
        })
    }

    fn ready(&self, group: &str) -> Result<(), String> {
        let Some(group) = self.group(group) else {
            return Err("it has not begun".to_owned());
        };
        if group.is_ready() {
            return Ok(());
        }
        let trouble = group.shown().trouble.clone();
        Err(trouble.unwrap_or_else(|| "its topics are not there yet".to_owned()))
    }

    fn deadline(&self, group: &str) -> Option<Duration> {
        Some(self.group(group)?.policy().deadline)
    }

    fn settle<'a>(&'a self, group: &'a str) -> BoxFuture<'a, Option<Settled>> {
        Box::pin(async move {
            let group = self.group(group)?;
            Some(standing::settle(&group, &self.shared.app).await)
        })
    }
}

/// One session after the other until the group ends.
async fn apply(group: Arc<Group>, mut wishes: mpsc::Receiver<(Place, Resolution)>) {
    let mut pause = PAUSE;
    while !group.ends() {
        let opened = tokio::select! {
            () = group.ended() => return,
            opened = Session::open(Arc::clone(&group)) => opened,
        };
        let began = tokio::time::Instant::now();
        let end = match opened {
            Ok(mut session) => session.run(&mut wishes).await,
            Err(end) => end,
        };
        let why = match end {
            End::Over => return,
            End::Again(error) => error.to_string(),
            End::Forgotten => "kafka had forgotten how far it was; it has been told".to_owned(),
            End::Strange(why) => {
                tracing::error!(group = %group.name, why, "the group's writes are not applied to legacy");
                why
            }
        };
        tracing::warn!(group = %group.name, why, "applying writes to legacy broke off; again in a moment");
        group.troubled(why);
        if began.elapsed() > LONGEST {
            pause = PAUSE;
        }
        tokio::select! {
            () = group.ended() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST);
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
