//! Markers: what readers of the data need to know beside the data, on topics of their own so that the data topics stay what every Debezium consumer reads.
//!
//! A *generation marker* says that a generation is complete, what it meant, and what its own trailer says of it. A *progress marker*, at least each second
//! for every partition, says up to which offset the topic is complete and how old the truth it shows is. Both are written by the same fenced producer as the
//! data, so a worker that lost its source cannot claim freshness.

use serde::Serialize;

use crate::checkpoint::{Acted, ControlTotal, Emitted, FileId, Kind, Position, Work};
use crate::hold::Reason;
use crate::release::Release;
use crate::resolve::Counts;

/// The compacted topic of progress markers.
pub const PROGRESS_TOPIC: &str = "figway.progress";

/// The version of both markers' form.
const VERSION: u32 = 1;

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// The topic shows the data set as it was at `as_of_ms`, and nothing newer was there then.
    Current,
    /// A newer generation is being read or sent.
    Applying,
    /// A generation, or its deletes, wait for a person.
    Held,
}

/// The key of a progress marker.
#[derive(Debug, Serialize)]
pub(crate) struct ProgressKey<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
}

/// How fresh one partition is.
#[derive(Debug, Serialize)]
pub(crate) struct Progress<'a> {
    version: u32,
    topic: &'a str,
    partition: i32,
    /// Everything before this offset is committed; a reader that is there has seen it all.
    offset: i64,
    source: &'a str,
    /// The last generation that is done with.
    generation: Option<&'a str>,
    as_of_ms: Option<i64>,
    ts_ms: i64,
    state: Activity,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(
        source: &'a str,
        key: &ProgressKey<'a>,
        offset: i64,
        position: &'a Position,
        state: Activity,
        ts_ms: i64,
    ) -> Self {
        Self {
            version: VERSION,
            topic: key.topic,
            partition: key.partition,
            offset,
            source,
            generation: position
                .finished
                .as_ref()
                .map(|finished| finished.generation.as_str()),
            as_of_ms: position.as_of_ms,
            ts_ms,
            state,
        }
    }
}

/// What became of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Applied,
    /// Creates and updates only; the missing records stay.
    WithoutDeletes,
    Skipped,
}

/// That a generation is done with.
#[derive(Debug, Serialize)]
pub(crate) struct GenerationEnd<'a> {
    version: u32,
    source: &'a str,
    topic: &'a str,
    generation: &'a str,
    kind: Option<Kind>,
    outcome: Outcome,
    counts: &'a Counts,
    emitted: &'a Emitted,
    controls: &'a [ControlTotal],
    business_date: Option<&'a str>,
    file: &'a FileId,
    held_deletes: &'a [Reason],
    release: Option<&'a Acted>,
    ts_ms: i64,
}

impl<'a> GenerationEnd<'a> {
    /// For a generation whose last records go out with this marker.
    pub(crate) fn of(source: &'a str, topic: &'a str, work: &'a Work, ts_ms: i64) -> Self {
        let kept = work.after.held.is_some();
        Self {
            version: VERSION,
            source,
            topic,
            generation: &work.generation,
            kind: Some(work.kind),
            outcome: if kept {
                Outcome::WithoutDeletes
            } else {
                Outcome::Applied
            },
            counts: &work.counts,
            emitted: &work.emitted,
            controls: &work.controls,
            business_date: work.business_date.as_deref(),
            file: &work.origin.file,
            held_deletes: &work.held,
            release: work.release.as_ref(),
            ts_ms,
        }
    }

    /// For a generation that a person left out.
    pub(crate) fn skipped(
        source: &'a str,
        topic: &'a str,
        hold: &'a crate::checkpoint::Hold,
        release: &'a Acted,
        ts_ms: i64,
    ) -> Self {
        const NOTHING: &Emitted = &Emitted {
            read: 0,
            created: 0,
            updated: 0,
            deleted: 0,
            dead_letters: 0,
        };
        Self {
            version: VERSION,
            source,
            topic,
            generation: &hold.generation,
            kind: None,
            outcome: Outcome::Skipped,
            counts: &hold.counts,
            emitted: NOTHING,
            controls: &[],
            business_date: None,
            file: &hold.file,
            held_deletes: &[],
            release: Some(release),
            ts_ms,
        }
    }
}

impl From<&Release> for Acted {
    fn from(release: &Release) -> Self {
        Self {
            id: release.id.clone(),
            generation: release.generation.clone(),
            choice: release.choice,
            who: release.who.clone(),
            why: release.why.clone(),
        }
    }
}
