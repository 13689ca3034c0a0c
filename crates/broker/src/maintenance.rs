//! What happens in the background: retention, compaction, forgetting old offsets, rewriting the journal.
//!
//! Under the lock only what is quick; a compaction reads and writes without it and takes it again to put
//! each cleaned segment in its place, oldest first, so that a crash in between leaves nothing undeleted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::catalog::Entry;
use crate::clock::Now;
use crate::compaction::Pass;
use crate::partition::Partition;
use crate::request::Shared;
use crate::setting::TopicSettings;
use crate::state::State;

/// Runs until the broker goes down.
pub(crate) async fn run(shared: Arc<Shared>, interval: Duration) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = shared.stop.cancelled() => return,
        }
        let round = Arc::clone(&shared);
        let done = tokio::task::spawn_blocking(move || once(&round, Now::read())).await;
        if let Err(error) = done {
            tracing::error!(error = %error, "maintenance failed");
        }
    }
}

fn once(shared: &Shared, now: Now) {
    {
        let mut state = shared.lock();
        if state.closed {
            return;
        }
        retain(&mut state, now);
        forget_offsets(&mut state, now);
        if let Err(error) = state.catalog.maintain() {
            tracing::error!(error = %error, "cannot rewrite the journal");
        }
    }
    let jobs = jobs(&shared.lock(), now);
    for job in jobs {
        if let Err(error) = compact(shared, &job, now) {
            tracing::error!(topic = job.topic, partition = job.partition, error = %error, "cannot compact a log");
        }
    }
}

/// Deletes old segments by time and size.
fn retain(state: &mut State, now: Now) {
    for (name, topic) in &mut state.topics {
        if !topic.settings.delete {
            continue;
        }
        for (index, partition) in topic.partitions.iter_mut().enumerate() {
            let Some(start) = retained_from(partition, &topic.settings, now) else {
                continue;
            };
            tracing::info!(
                topic = name,
                partition = index,
                start,
                "deleted old segments"
            );
            if let Err(error) = partition.delete_before(start) {
                tracing::error!(topic = name, partition = index, error = %error, "cannot delete old segments");
            }
        }
    }
}

/// The first offset that stays, when something goes.
fn retained_from(partition: &Partition, settings: &TopicSettings, now: Now) -> Option<i64> {
    let segments = partition.log.segments();
    let mut total = partition.log.len();
    let mut start = None;
    for (at, segment) in segments.iter().enumerate() {
        let next = segments
            .get(at + 1)
            .map_or(partition.log.end(), |next| next.base);
        let old = settings
            .retention_ms
            .is_some_and(|ms| now.ms.saturating_sub(segment.max_timestamp) > ms);
        let active = at + 1 == segments.len();
        let surplus = settings
            .retention_bytes
            .is_some_and(|most| !active && total - segment.len >= most);
        // Nothing of an open transaction goes.
        if segment.len == 0 || !(old || surplus) || next > partition.last_stable() {
            break;
        }
        total -= segment.len;
        start = Some(next);
    }
    start
}

/// Forgets the offsets of groups that were empty for too long.
fn forget_offsets(state: &mut State, now: Now) {
    let retention = i64::try_from(state.config.offsets_retention.as_millis()).unwrap_or(i64::MAX);
    for group in state.groups.values_mut() {
        group.empty_since_ms = if group.is_empty() {
            group.empty_since_ms.or(Some(now.ms))
        } else {
            None
        };
    }
    let mut entries = Vec::new();
    for (id, offsets) in &state.catalog.image().offsets {
        let group = state.groups.get(id);
        if group.is_some_and(|group| !group.is_empty()) {
            continue;
        }
        let empty_since = group
            .and_then(|group| group.empty_since_ms)
            .unwrap_or(i64::MIN);
        let old = offsets.iter().filter(|(_, committed)| {
            now.ms.saturating_sub(committed.at_ms.max(empty_since)) > retention
        });
        entries.extend(old.map(|(partition, _)| Entry::OffsetDeleted {
            group: id.clone(),
            partition: partition.clone(),
        }));
        if offsets.is_empty() && group.is_none() {
            entries.push(Entry::GroupDeleted { group: id.clone() });
        }
    }
    if !entries.is_empty() && state.catalog.commit(entries).is_err() {
        tracing::warn!("old offsets could not be forgotten");
    }
    let State {
        groups, catalog, ..
    } = state;
    let remembered = &catalog.image().offsets;
    groups.retain(|id, group| {
        !group.is_empty()
            || remembered
                .get(id)
                .is_some_and(|offsets| !offsets.is_empty())
    });
}

/// A partition to compact.
struct Job {
    topic: String,
    id: Uuid,
    partition: i32,
    /// Closed segments by base, oldest first.
    bases: Vec<i64>,
    /// The first base not cleaned before.
    dirty_from: i64,
    pass: PassSettings,
}

struct PassSettings {
    end: i64,
    delete_retention_ms: i64,
}

fn jobs(state: &State, now: Now) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (name, topic) in &state.topics {
        let Some(entry) = state.catalog.image().topics.get(name) else {
            continue;
        };
        for (partition, index) in topic.partitions.iter().zip(0..) {
            let (topic_name, settings) = (name.clone(), &topic.settings);
            if settings.compact {
                jobs.extend(job(topic_name, entry.id, index, partition, settings, now));
            }
        }
    }
    jobs
}

fn job(
    topic: String,
    id: Uuid,
    index: i32,
    partition: &Partition,
    settings: &TopicSettings,
    now: Now,
) -> Option<Job> {
    let segments = partition.log.segments();
    let stable = partition.last_stable();
    let (mut bases, mut end) = (Vec::new(), 0);
    let (mut clean, mut dirty) = (0, 0);
    let mut oldest = i64::MAX;
    for pair in segments.windows(2) {
        let [segment, next] = pair else { break };
        let young = now.ms.saturating_sub(segment.max_timestamp) < settings.min_compaction_lag_ms;
        if next.base > stable || young && settings.min_compaction_lag_ms > 0 {
            break;
        }
        bases.push(segment.base);
        end = next.base;
        if segment.base < partition.cleaned_to {
            clean += segment.len;
        } else {
            dirty += segment.len;
            oldest = oldest.min(segment.first_timestamp.unwrap_or(i64::MAX));
        }
    }
    // In thousandths: a ratio is asked for with no more digits than that.
    let ratio = u64::checked_div(dirty * 1000, clean + dirty)?;
    let overdue = now.ms.saturating_sub(oldest) > settings.max_compaction_lag_ms;
    let due = dirty > 0 && (ratio >= settings.min_cleanable_permille || overdue);
    let pass = PassSettings {
        end,
        delete_retention_ms: settings.delete_retention_ms,
    };
    due.then_some(Job {
        topic,
        id,
        partition: index,
        bases,
        dirty_from: partition.cleaned_to,
        pass,
    })
}

/// Runs `work` on the partition, if it is still the one the job was made for.
fn with<T>(
    shared: &Shared,
    job: &Job,
    work: impl FnOnce(&mut Partition) -> io::Result<T>,
) -> io::Result<Option<T>> {
    let mut state = shared.lock();
    let same = state
        .catalog
        .image()
        .topics
        .get(&job.topic)
        .is_some_and(|entry| entry.id == job.id);
    if state.closed || !same {
        return Ok(None);
    }
    state
        .partition(&job.topic, job.partition)
        .map_or(Ok(None), |(_, partition)| work(partition).map(Some))
}

fn compact(shared: &Shared, job: &Job, now: Now) -> io::Result<()> {
    let mut pass = Pass::new(job.pass.end, now.ms, job.pass.delete_retention_ms);
    let learned = with(shared, job, |partition| {
        pass.aborted = partition
            .producers
            .aborted(partition.log.start(), job.pass.end);
        pass.producers_last = partition
            .producers
            .iter()
            .filter_map(|(_, producer)| producer.last_offset())
            .collect();
        Ok(())
    })?;
    if learned.is_none() {
        return Ok(());
    }
    let source = |base: i64| {
        with(shared, job, |partition| {
            let segment = partition
                .log
                .segments()
                .iter()
                .find(|segment| segment.base == base);
            let Some(segment) = segment else {
                return Ok(None);
            };
            Ok(segment.medium.source()?.map(|source| (source, segment.len)))
        })
        .map(Option::flatten)
    };
    for base in job.bases.iter().filter(|base| **base >= job.dirty_from) {
        if let Some((source, len)) = source(*base)? {
            pass.index(&source, len)?;
        }
    }
    let mut before = 0;
    let mut after = 0;
    for base in job
        .bases
        .iter()
        .filter(|base| **base < pass.end)
        .copied()
        .collect::<Vec<_>>()
    {
        let Some((source, len)) = source(base)? else {
            continue;
        };
        let Some(mut cleaned) = with(shared, job, |partition| Ok(partition.log.scratch(base)))?
        else {
            return Ok(());
        };
        let changed = pass.clean(&source, len, &mut cleaned).and_then(|changed| {
            cleaned.medium.sync()?;
            Ok(changed)
        });
        before += len;
        after += cleaned.len;
        match changed {
            Ok(true) => drop(with(shared, job, |partition| {
                partition.log.replace(cleaned)
            })?),
            Ok(false) => cleaned.medium.remove()?,
            Err(error) => {
                cleaned.medium.remove()?;
                return Err(error);
            }
        }
    }
    let end = pass.end;
    with(shared, job, |partition| {
        partition.cleaned_to = partition.cleaned_to.max(end);
        Ok(())
    })?;
    tracing::debug!(
        topic = job.topic,
        partition = job.partition,
        before,
        after,
        "compacted a log"
    );
    Ok(())
}
