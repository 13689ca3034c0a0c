//! Evidence as the admin API shows it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::compare::{Difference, DifferenceKind, Shown};

/// What this gateway has found since it started.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// By route, in the order of their names.
    pub routes: Vec<RouteReport>,
    /// Findings about routes beyond the limit, which were only counted.
    pub overflow: u64,
}

/// One route.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RouteReport {
    /// Its name.
    #[serde(serialize_with = "text")]
    pub route: Arc<str>,
    /// Who answered.
    pub answers: Answered,
    /// Requests that were to be mirrored: the sum of compared, errors, dropped, those that still wait,
    /// and those whose client broke off.
    pub planned: u64,
    /// Pairs of answers held against each other: the sum of the next four.
    pub compared: u64,
    /// Nothing differed.
    pub equal: u64,
    /// Something did.
    pub different: u64,
    /// One could not be held against the other.
    pub not_comparable: u64,
    /// The view had not caught up.
    pub view_behind: u64,
    /// The mirror did not answer.
    pub errors: u64,
    /// The mirror was not asked, for want of room or of time.
    pub dropped: u64,
    /// Why the mirror did not answer, by code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub error_codes: BTreeMap<&'static str, u64>,
    /// Why the mirror was not asked, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped_reasons: BTreeMap<&'static str, u64>,
    /// Why answers could not be compared, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_comparable_reasons: BTreeMap<&'static str, u64>,
    /// The latest of those reasons in full; names places, not values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_not_comparable: Option<String>,
    /// What differed.
    #[serde(serialize_with = "values")]
    pub fields: BTreeMap<String, Field>,
    /// Differences of fields beyond the limit, only counted.
    pub more_fields: u64,
}

/// Who answered the requests of a route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// Legacy.
    pub legacy: u64,
    /// Modern.
    pub modern: u64,
    /// The gateway itself, with an error of its own.
    pub gateway: u64,
    /// Of legacy's: because modern failed.
    pub fallbacks: u64,
    /// Of all: with a status of 500 and above.
    pub server_errors: u64,
}

/// One field of a route.
#[derive(Debug, Clone, Serialize)]
pub struct Field {
    /// Its path, the same for all occurrences of a table.
    pub field: String,
    /// How often it differed.
    pub count: u64,
    /// Of these: in bytes that stand for the same value.
    pub bytes_only: u64,
    /// When first, in milliseconds since 1970.
    pub first_seen: u64,
    /// When last.
    pub last_seen: u64,
    /// The first one, and the latest.
    pub samples: VecDeque<Sample>,
}

/// One difference as it was found. Holds values: `Debug` leaves them out.
#[derive(Clone, Serialize)]
pub struct Sample {
    /// The request.
    pub request_id: Uuid,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The place, with subscripts.
    pub path: String,
    /// How it differs.
    pub kind: DifferenceKind,
    /// Where in the record or body, in bytes from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// Bytes of the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What legacy has.
    pub legacy: Shown,
    /// What modern has.
    pub modern: Shown,
    /// Personal data: values and bytes are left out.
    pub masked: bool,
    /// All of it in a line, as a person reads it.
    pub text: String,
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("request_id", &self.request_id)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Field {
    pub(super) fn new(field: String, at: SystemTime) -> Self {
        Self {
            field,
            count: 0,
            bytes_only: 0,
            first_seen: millis(at),
            last_seen: millis(at),
            samples: VecDeque::new(),
        }
    }

    pub(super) fn add(&mut self, request: Uuid, found: Difference, at: SystemTime, most: usize) {
        self.count = self.count.saturating_add(1);
        if found.kind == DifferenceKind::Bytes {
            self.bytes_only = self.bytes_only.saturating_add(1);
        }
        self.last_seen = millis(at);
        if most == 0 {
            return;
        }
        if self.samples.len() >= most {
            // The first one stays: it shows how it began.
            self.samples.remove(usize::from(most > 1));
        }
        self.samples.push_back(Sample {
            request_id: request,
            at: millis(at),
            text: found.to_string(),
            path: found.path,
            kind: found.kind,
            offset: found.offset,
            length: found.length,
            legacy: found.legacy,
            modern: found.modern,
            masked: found.masked,
        });
    }
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn values<S: Serializer>(
    fields: &BTreeMap<String, Field>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields.values())
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
