//! What is kept of a field that differed: counts, and a few samples. Part of [`RouteState`](super::state::RouteState).

use std::collections::VecDeque;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::bump;
use crate::compare::{Difference, DifferenceKind, Shown};

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its path, the same for all occurrences of a table.
    pub field: String,
    /// How often it differed; several times in one answer where it is in a table.
    pub count: u64,
    /// In how many answers it did.
    pub answers: u64,
    /// Of `count`: in bytes that stand for the same value.
    pub bytes_only: u64,
    /// How often it differed without counting, as noise.
    pub left_out: u64,
    /// When first, in milliseconds since 1970.
    pub first_seen: u64,
    /// When last.
    pub last_seen: u64,
    /// The first one, and the latest.
    pub samples: VecDeque<Sample>,
}

/// One difference as it was found. Holds values: `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The request.
    #[schemars(with = "String")]
    pub request_id: Uuid,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The place, with subscripts.
    pub path: String,
    /// How it differs.
    #[schemars(with = "String")]
    pub kind: DifferenceKind,
    /// Where in the record or body, in bytes from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// Bytes of the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What legacy has.
    #[schemars(with = "serde_json::Value")]
    pub legacy: Shown,
    /// What modern has.
    #[schemars(with = "serde_json::Value")]
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
    pub(super) fn new(field: String, at: u64) -> Self {
        Self {
            field,
            count: 0,
            answers: 0,
            bytes_only: 0,
            left_out: 0,
            first_seen: at,
            last_seen: at,
            samples: VecDeque::new(),
        }
    }

    pub(super) fn add(&mut self, request: Uuid, found: Difference, at: u64, most: usize) {
        bump(&mut self.count);
        if found.kind == DifferenceKind::Bytes {
            bump(&mut self.bytes_only);
        }
        self.first_seen = self.first_seen.min(at);
        self.last_seen = self.last_seen.max(at);
        self.samples.push_back(Sample {
            request_id: request,
            at,
            text: found.to_string(),
            path: found.path,
            kind: found.kind,
            offset: found.offset,
            length: found.length,
            legacy: found.legacy,
            modern: found.modern,
            masked: found.masked,
        });
        self.bound(most);
    }

    pub(super) fn merge(&mut self, other: &Self, most: usize) {
        for (own, more) in [
            (&mut self.count, other.count),
            (&mut self.answers, other.answers),
            (&mut self.bytes_only, other.bytes_only),
            (&mut self.left_out, other.left_out),
        ] {
            *own = own.saturating_add(more);
        }
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.samples.extend(other.samples.iter().cloned());
        self.sort(most);
    }

    pub(super) fn sort(&mut self, most: usize) {
        let samples = self.samples.make_contiguous();
        samples.sort_by(|one, other| one.order().cmp(&other.order()));
        self.bound(most);
    }

    /// The first one stays: it shows how it began. The others are the latest.
    fn bound(&mut self, most: usize) {
        while self.samples.len() > most {
            self.samples.remove(usize::from(most > 1));
        }
    }
}

impl Sample {
    fn order(&self) -> (u64, Uuid, &str, &str) {
        (self.at, self.request_id, &self.path, &self.text)
    }
}
