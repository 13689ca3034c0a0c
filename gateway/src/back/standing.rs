//! What legacy lacks of a group's writes: looked at every few seconds by every gateway, and exactly when a group goes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use kafka::{Behind, Isolation, Reader};
use tokio::time::{Instant, timeout_at};

use super::Place;
use super::board::{self, ParkedWrite};
use super::group::Group;
use super::now_ms;
use super::told::Strange;
use crate::app::App;
use crate::control::command::{Count, Loss};
use crate::control::{Missing, Settled};
use crate::snapshot::Snapshot;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// The same while somebody waits.
const SOON: Duration = Duration::from_millis(100);
/// Further apart, records are not counted one by one.
const COUNTED: i64 = 10_000;
/// After its deadline a request's transaction may take so long to be seen: a service begins it before, and it stays open no longer
/// (`TRANSACTION` of the service SDK).
const COMMIT: Duration = Duration::from_secs(10);
/// How long Kafka may take beyond that to say what is missing.
const ANSWER: Duration = Duration::from_secs(8);
/// How many keys of parked writes are named.
const NAMED: usize = 5;

/// What is known of a group's writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Writes that legacy has not got, without those that are parked.
    pub waiting: u64,
    /// Whether they were counted one by one.
    pub counted: Count,
    /// When the oldest of them was written, in milliseconds since 1970.
    pub oldest_ms: Option<i64>,
}

/// How many records stand between, and the time of the first.
async fn between(
    reader: &Reader,
    topic: &str,
    ranges: &BTreeMap<i32, (i64, i64)>,
) -> Result<Standing, kafka::Error> {
    let gap: i64 = ranges
        .values()
        .map(|(next, end)| end.saturating_sub(*next).max(0))
        .fold(0, i64::saturating_add);
    let nothing = Standing {
        waiting: 0,
        counted: Count::Exact,
        oldest_ms: None,
    };
    if gap == 0 {
        return Ok(nothing);
    }
    if gap > COUNTED {
        // Each transaction has a record and its mark.
        return Ok(Standing {
            waiting: u64::try_from(gap / 2).unwrap_or(0),
            counted: Count::AtLeast,
            oldest_ms: None,
        });
    }
    let (count, oldest) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicI64::new(i64::MAX)),
    );
    let (counting, finding, ends) = (Arc::clone(&count), Arc::clone(&oldest), ranges.clone());
    let open = ranges.iter().filter(|(_, (next, end))| next < end);
    let starts = open.map(|(partition, (next, _))| (*partition, *next));
    let reading = reader.from(topic, starts.collect(), move |record| {
        let end = ends
            .get(&record.partition)
            .map_or(i64::MAX, |(_, end)| *end);
        if record.offset < end {
            counting.fetch_add(1, Ordering::Relaxed);
            finding.fetch_min(record.timestamp_ms.unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    });
    reading.await?;
    let oldest = oldest.load(Ordering::Relaxed);
    Ok(Standing {
        waiting: count.load(Ordering::Relaxed),
        counted: Count::Exact,
        oldest_ms: (oldest < i64::MAX).then_some(oldest),
    })
}

/// Looks again and again until the group ends.
pub(super) async fn watch(group: Arc<Group>) {
    let behind = Behind::new(&group.kafka, &group.topic, &group.topic);
    let reader = Reader::new(&group.kafka);
    // Where there were only marks of transactions, there still are.
    let mut empty = BTreeMap::new();
    while !group.ends() {
        if group.is_ready() {
            let looked = async {
                let ranges = behind.look().await?;
                if ranges == empty {
                    return Ok(None);
                }
                let standing = between(&reader, &group.topic, &ranges).await?;
                Ok::<_, kafka::Error>(Some((ranges, standing)))
            };
            let looked = tokio::select! {
                () = group.ended() => return,
                looked = looked => looked,
            };
            match looked {
                Ok(None) => {}
                Ok(Some((ranges, standing))) => {
                    empty = if standing.waiting == 0 {
                        ranges
                    } else {
                        BTreeMap::new()
                    };
                    group.stand(Some(standing));
                }
                Err(error) => {
                    tracing::debug!(group = %group.name, %error, "how much legacy lacks is not known");
                    empty.clear();
                    group.stand(None);
                }
            }
        }
        tokio::select! {
            () = group.ended() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Holds the writes of a group and waits until legacy has the last of them, or the time is up.
pub(super) async fn settle(group: &Group, app: &App) -> Settled {
    let until = Instant::now() + group.policy().deadline;
    let held = app.holds().hold(&group.name);
    let Ok(unheard) = timeout_at(until, held.silent()).await else {
        return Settled {
            held: Some(held),
            missing: unknown("writes of the group are still under way"),
        };
    };
    if let Some(unheard) = unheard {
        // Whoever executes one of them has until then.
        tokio::time::sleep_until((unheard + COMMIT).min(until)).await;
    }
    // Of the whole fleet, since their outcomes are known everywhere.
    while let Some(why) = promised(&group.name, &app.snapshot()) {
        if Instant::now() + SOON >= until {
            return Settled {
                held: Some(held),
                missing: unknown(why),
            };
        }
        tokio::time::sleep(SOON).await;
    }
    let missing = match timeout_at(until + ANSWER, drained(group, until)).await {
        Ok(Ok(missing)) => missing,
        Ok(Err(error)) => unknown(&error.to_string()),
        Err(_) => unknown("kafka did not answer in time"),
    };
    Settled {
        held: Some(held),
        missing,
    }
}

/// Why writes may be executed whose clients are answered later, if they may.
fn promised(group: &str, snapshot: &Snapshot) -> Option<&'static str> {
    let kept = snapshot.backends().iter().filter_map(|one| one.outcomes());
    let under_way: Vec<_> = kept.map(|outcomes| outcomes.under_way(group)).collect();
    if under_way.contains(&Ok(true)) {
        return Some("writes whose clients are answered later are still under way");
    }
    let is_unknown = under_way.iter().any(Result::is_err);
    is_unknown.then_some("what became of writes whose clients are answered later is not known now")
}

fn unknown(why: &str) -> Missing {
    Missing {
        lacking: Loss {
            writes: 0,
            count: Count::AtLeast,
        },
        parked: 0,
        keys: Vec::new(),
        why: Some(why.to_owned()),
    }
}

async fn drained(group: &Group, until: Instant) -> Result<Missing, kafka::Error> {
    let behind = Behind::new(&group.kafka, &group.topic, &group.topic);
    let reader = Reader::new(&group.kafka);
    // Also what is in transactions that are still open.
    let ends = reader.ends(&group.topic, Isolation::Uncommitted).await?;
    loop {
        let found = behind.look().await?;
        let decided = |(partition, (_, end)): (&i32, &(i64, i64))| {
            found
                .get(partition)
                .is_some_and(|(_, readable)| readable >= end)
        };
        let decided = ends.iter().all(decided);
        let ranges = found
            .iter()
            .map(|(partition, (next, readable))| {
                let end = ends.get(partition).map_or(*readable, |(_, end)| *end);
                (*partition, (*next, end.min(*readable)))
            })
            .collect();
        let standing = between(&reader, &group.topic, &ranges).await?;
        let late = Instant::now() + SOON >= until;
        if (standing.waiting == 0 && decided) || late {
            let parked = match parked(&reader, group).await? {
                Ok(parked) => parked,
                // How many there are is not known: there may be more than what waits.
                Err(strange) => {
                    let mut missing = unknown(&format!("{}: {strange}", group.parked_topic));
                    missing.lacking.writes = standing.waiting;
                    return Ok(missing);
                }
            };
            let count = u64::try_from(parked.len()).unwrap_or(u64::MAX);
            let why = match (standing.waiting, decided) {
                (0, false) => Some("a transaction of the service is still open".to_owned()),
                (0, true) => None,
                _ => group.shown().trouble.clone(),
            };
            let mut keys: Vec<String> = parked.into_iter().map(|one| one.key).collect();
            keys.dedup();
            keys.truncate(NAMED);
            return Ok(Missing {
                lacking: Loss {
                    writes: standing.waiting.saturating_add(count),
                    count: if decided {
                        standing.counted
                    } else {
                        Count::AtLeast
                    },
                },
                parked: count,
                keys,
                why,
            });
        }
        tokio::time::sleep(SOON).await;
    }
}

/// The parked writes, read now: a board may be a moment behind. With one record that is not understood they are not known.
async fn parked(
    reader: &Reader,
    group: &Group,
) -> Result<Result<Vec<ParkedWrite>, Strange>, kafka::Error> {
    let records = reader
        .read(&group.parked_topic, Isolation::Committed)
        .await?;
    let mut board = BTreeMap::<Place, ParkedWrite>::new();
    for record in records {
        if let Err(strange) = board::fold(&mut board, record) {
            return Ok(Err(strange));
        }
    }
    Ok(Ok(board.into_values().collect()))
}

/// How long ago, in whole seconds.
pub(super) fn seconds_since(ms: i64) -> u64 {
    u64::try_from(now_ms().saturating_sub(ms) / 1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests;
