//! The parked writes of a group as every gateway knows them: followed from their topic, whoever applies them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kafka::{Follow, Follower, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::Place;
use super::decide::Reason;
use super::entry::{Entry, Resolution, Wanted};
use super::group::Group;
use super::told::{Strange, Told, told};

/// Before a topic that could not be followed is followed anew.
const PAUSE: Duration = Duration::from_secs(1);

/// A parked write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParkedWrite {
    /// The partition of the group's topic.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// The request's id; none where it cannot be read.
    pub id: Option<String>,
    /// The route it took.
    pub route: Option<String>,
    /// Its key; bytes that are no UTF-8 come as U+FFFD.
    pub key: String,
    /// `conflict`, `in_doubt`, `unreadable`, `no_route` or `behind`.
    pub reason: String,
    /// More about it.
    pub detail: String,
    /// Since when it is parked, in milliseconds since 1970.
    pub since_ms: i64,
    /// What somebody wants done with it that is not done yet: `retry` or `skip`.
    pub wanted: Option<Wanted>,
}

impl ParkedWrite {
    fn of(entry: &Entry, reason: &Reason, since_ms: i64) -> Self {
        let write = entry.write.as_ref().ok();
        Self {
            partition: entry.partition,
            offset: entry.offset,
            id: write.map(|write| write.id.to_string()),
            route: write.map(|write| write.back.route.clone()),
            key: String::from_utf8_lossy(&entry.key).into_owned(),
            reason: reason.code().to_owned(),
            detail: reason.detail().to_owned(),
            since_ms,
            wanted: None,
        }
    }
}

/// Those that are not settled.
#[derive(Debug, Default)]
pub(super) struct Board {
    parked: Mutex<BTreeMap<Place, ParkedWrite>>,
    whole: AtomicBool,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, ParkedWrite>> {
        // Nothing is done half-way under this lock.
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all that were parked a moment ago are on it: not before its topic was read to the end, nor while it cannot be read.
    pub(super) fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    /// All of them, by partition and offset.
    pub(super) fn all(&self) -> Vec<ParkedWrite> {
        self.lock().values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Since when it is parked; none if it is not.
    pub(super) fn since(&self, place: Place) -> Option<i64> {
        self.lock().get(&place).map(|parked| parked.since_ms)
    }

    fn forget(&self) {
        self.whole.store(false, Ordering::Release);
        self.lock().clear();
    }
}

/// What a partition's records come to.
pub(super) fn fold(
    board: &mut BTreeMap<Place, ParkedWrite>,
    record: kafka::Incoming,
) -> Result<Option<(Place, Resolution)>, Strange> {
    let partition = record.partition;
    let place = |offset| Place { partition, offset };
    match told(record)? {
        Told::Parked(entry, reason, since) => {
            let parked = ParkedWrite::of(&entry, &reason, since);
            board.insert(place(entry.offset), parked);
            Ok(None)
        }
        Told::Resolved(offset) => {
            board.remove(&place(offset));
            Ok(None)
        }
        Told::Wanted(offset, how) => {
            let place = place(offset);
            let Some(parked) = board.get_mut(&place) else {
                return Ok(None);
            };
            // It was parked anew after whoever wants this had looked.
            if how.seen_ms.is_some_and(|seen| seen != parked.since_ms) {
                return Ok(None);
            }
            parked.wanted = Some(how.what);
            Ok(Some((place, how)))
        }
    }
}

/// Follows the topic until the group ends; what people want goes to whoever applies the writes here.
pub(super) async fn follow(group: Arc<Group>, wishes: mpsc::Sender<(Place, Resolution)>) {
    while !group.ends() {
        let following = Follower::start(&group.kafka, Follow::committed(&group.parked_topic));
        let why = match following {
            Ok(mut follower) => loop {
                let step = tokio::select! {
                    () = group.ended() => return,
                    step = follower.next() => step,
                };
                let taken = step
                    .map_err(|error| error.to_string())
                    .and_then(|step| take(&group, step, &wishes));
                if let Err(why) = taken {
                    break why;
                }
            },
            Err(error) => error.to_string(),
        };
        tracing::warn!(group = %group.name, why, "parked writes are not followed; again in a moment");
        group.board.forget();
        tokio::select! {
            () = group.ended() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

fn take(
    group: &Group,
    step: Step,
    wishes: &mpsc::Sender<(Place, Resolution)>,
) -> Result<(), String> {
    let mut board = group.board.lock();
    for record in step.records {
        let wanted = fold(&mut board, record).map_err(|strange| strange.to_string())?;
        // What was wanted before is known to whoever takes the partition over; a full queue only makes it later.
        if let Some(wanted) = wanted
            && step.caught_up
            && wishes.try_send(wanted).is_err()
        {
            tracing::warn!(group = %group.name, "too much is wanted of parked writes at once");
        }
    }
    group.board.whole.store(step.caught_up, Ordering::Release);
    Ok(())
}
