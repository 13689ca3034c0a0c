//! Where a source stands: what its checkpoint in Kafka says, and nothing else is needed to go on from it.
//!
//! In: JSON of the checkpoint topic. Out: a [`Position`], and JSON again. A version this program does not know stops it: it never guesses.
//! Moved only inside the transaction that carries the records it speaks of.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::hold::Reason;
use crate::image::{Address, View};
use crate::release::Choice;
use crate::resolve::Counts;

/// The version of the position's form.
const VERSION: u32 = 1;
/// How many acted releases are remembered, so that none is acted on twice.
const REMEMBERED_RELEASES: usize = 32;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileId {
    /// Bytes.
    pub size: u64,
    /// Last change by the file system's clock, milliseconds since 1970.
    pub modified_ms: i64,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
}

/// Where one source stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    version: u32,
    /// The last generation that is done with.
    #[serde(default)]
    pub finished: Option<Finished>,
    /// What the topic shows when no work is under way; none before the first generation.
    #[serde(default)]
    pub committed: Option<Committed>,
    /// What is being emitted.
    #[serde(default)]
    pub work: Option<Work>,
    /// The generation that waits for a person.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// The release that wants a new snapshot, until a generation is taken for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anew: Option<Acted>,
    /// Fingerprint of the layout that everything here was read with.
    #[serde(default)]
    pub layout: Option<String>,
    /// Everything emitted since the source began.
    #[serde(default)]
    pub totals: Emitted,
    /// The topic shows the data set as it was at this time (milliseconds since 1970): nothing newer was there when it was looked at.
    #[serde(default)]
    pub as_of_ms: Option<i64>,
    /// Ids of the last releases acted on.
    #[serde(default)]
    pub acted: Vec<String>,
    /// What keeps the worker from going on, if something does.
    #[serde(default)]
    pub trouble: Option<Trouble>,
}

/// The last generation that is done with: emitted, or skipped by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    /// The generation's name. The next one is the first after it in name order.
    pub generation: String,
    /// What it meant.
    pub counts: Counts,
    /// What was sent for it.
    pub emitted: Emitted,
    /// The release that decided about it.
    #[serde(default)]
    pub release: Option<Acted>,
    /// When its last transaction was made, milliseconds since 1970.
    pub ended_ms: i64,
}

/// What the topic shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// The file the view's image was made from.
    pub origin: Origin,
    /// The records.
    pub view: View,
    /// The deletes that wait for a person.
    #[serde(default)]
    pub held_deletes: Option<HeldDeletes>,
    /// The business date of the generation's header or trailer.
    #[serde(default)]
    pub business_date: Option<String>,
}

/// The file an image can be made from again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The generation's name.
    pub generation: String,
    /// Its file.
    pub file: FileId,
}

/// Records that are missing from the last generation, kept until a person or a later generation says that they are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldDeletes {
    /// What a release must name.
    pub id: String,
    /// How many.
    pub records: u64,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
}

/// A generation that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// What a release must name: of this generation, this file and these reasons.
    pub id: String,
    /// The generation's name.
    pub generation: String,
    /// Its file as it was judged. A file that differs is judged anew.
    pub file: FileId,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What was found.
    pub counts: Counts,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
}

/// What a generation's records become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The first generation, or a stated new beginning: every record is an `r`.
    Snapshot,
    /// `c`, `u` and `d` against the view before.
    Changes,
    /// The held deletes of the last generation.
    HeldDeletes,
}

/// A generation on its way to the topic. Everything in it but `cursor` and `emitted` stays as it was when the work began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// The generation's name.
    pub generation: String,
    /// What the image is made from.
    pub origin: Origin,
    /// What the records become.
    pub kind: Kind,
    /// What the topic showed before.
    #[serde(default)]
    pub before: Option<View>,
    /// What it shows after.
    pub after: View,
    /// Dead letters, sent before the changes.
    #[serde(default)]
    pub dead: Option<Address>,
    /// What was found.
    pub counts: Counts,
    /// Why deletes are held, if they are.
    #[serde(default)]
    pub held: Vec<Reason>,
    /// The release that made this work possible.
    #[serde(default)]
    pub release: Option<Acted>,
    /// Sums of the control fields and what the trailer says of them, as the marker shows them.
    #[serde(default)]
    pub controls: Vec<ControlTotal>,
    /// The business date of the header or trailer.
    #[serde(default)]
    pub business_date: Option<String>,
    /// How far it is.
    pub cursor: Place,
    /// What was emitted so far.
    pub emitted: Emitted,
}

/// A control total: what the records add up to, and what the data set's own trailer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlTotal {
    /// What is counted or summed.
    pub name: String,
    /// What the records give, exact.
    pub counted: String,
    /// What the header or trailer says.
    pub stated: String,
}

/// How far a work is: everything up to here was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase", deny_unknown_fields)]
pub enum Place {
    /// Among the dead letters, after that record number.
    DeadLetters {
        /// The last one sent.
        #[serde(default)]
        after: Option<u64>,
    },
    /// Among the changes, after that key (canonical, in hex).
    Changes {
        /// The last one sent.
        #[serde(default)]
        after: Option<String>,
    },
}

/// Records sent, by what they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Emitted {
    /// `r`.
    pub read: u64,
    /// `c`.
    pub created: u64,
    /// `u`.
    pub updated: u64,
    /// `d` (each with its tombstone).
    pub deleted: u64,
    /// Dead letters.
    pub dead_letters: u64,
}

impl Emitted {
    /// Every record but tombstones.
    pub fn total(&self) -> u64 {
        self.read + self.created + self.updated + self.deleted + self.dead_letters
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.read -= other.read;
        self.created -= other.created;
        self.updated -= other.updated;
        self.deleted -= other.deleted;
        self.dead_letters -= other.dead_letters;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.created += other.created;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.dead_letters += other.dead_letters;
    }
}

/// A release that was acted on: who chose what, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acted {
    /// The release's id.
    pub id: String,
    /// The generation it names.
    pub generation: String,
    /// What was chosen.
    pub choice: Choice,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
}

/// Something that keeps the worker from going on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// The error's kind.
    pub kind: String,
    /// The error and its causes.
    pub message: String,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            version: VERSION,
            finished: None,
            committed: None,
            work: None,
            hold: None,
            anew: None,
            layout: None,
            totals: Emitted::default(),
            as_of_ms: None,
            acted: Vec::new(),
            trouble: None,
        }
    }
}

impl Position {
    /// Reads the position of a checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownVersion`] or [`ErrorKind::Checkpoint`].
    pub fn from_json(json: &serde_json::Value) -> Result<Self> {
        let version = json.get("version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            let came = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(Error::new(
                ErrorKind::UnknownVersion,
                format!("the checkpoint's position has version {came}; this program knows version {VERSION}"),
            )
            .with_help("run the version of figway that wrote it, or a later one"));
        }
        serde_json::from_value(json.clone()).map_err(|error| {
            Error::new(
                ErrorKind::Checkpoint,
                "the checkpoint's position cannot be read",
            )
            .with_source(error)
        })
    }

    /// The position as it goes into a checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`]: never in practice, everything in it has a JSON form.
    pub fn to_json(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "a position has no JSON form").with_source(error)
        })
    }

    /// The view the topic shows when no work is under way.
    pub(crate) fn view(&self) -> Option<&View> {
        self.committed.as_ref().map(|committed| &committed.view)
    }

    /// Remembers that a release was acted on.
    pub(crate) fn act(&mut self, id: &str) {
        self.acted.push(id.to_owned());
        let extra = self.acted.len().saturating_sub(REMEMBERED_RELEASES);
        self.acted.drain(..extra);
    }

    /// Every image that is still needed.
    pub(crate) fn images(&self) -> impl Iterator<Item = &Address> {
        let work = self.work.iter().flat_map(|work| {
            work.before
                .iter()
                .flat_map(View::addresses)
                .chain(work.after.addresses())
                .chain(&work.dead)
        });
        self.view()
            .into_iter()
            .flat_map(View::addresses)
            .chain(work)
    }
}

impl Work {
    /// What is so after the work's last transaction. `hold_id` names the deletes that stay held, if any do.
    pub(crate) fn finish(self, hold_id: String, now_ms: i64) -> (Finished, Committed) {
        let held_deletes = (!self.held.is_empty()).then_some(HeldDeletes {
            id: hold_id,
            records: self.counts.missing,
            reasons: self.held,
            since_ms: now_ms,
        });
        let finished = Finished {
            generation: self.generation,
            counts: self.counts,
            emitted: self.emitted,
            release: self.release,
            ended_ms: now_ms,
        };
        let committed = Committed {
            origin: self.origin,
            view: self.after,
            held_deletes,
            business_date: self.business_date,
        };
        (finished, committed)
    }
}

#[cfg(test)]
mod tests;
