//! What was found about one route, as a plain value: [`RouteState`]. It can be written down, read again and added to that of
//! another gateway.
//!
//! Counts add, so that the order in which states are merged says nothing. Samples and fields are bounded, and of the merged
//! ones the same are kept whatever the order: of a field the first sample and the latest ones, of a variant the fields whose names come
//! first; what is left out is counted.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::field::Field;
use super::live::SideState;
use crate::compare::{Difference, NotComparable};

/// The version of the written form.
pub const VERSION: u16 = 2;

/// How much is kept of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Fields of a variant.
    pub fields: usize,
    /// Samples of a field.
    pub samples: usize,
}

/// Counts by a word of a small fixed set.
pub type Reasons = BTreeMap<Cow<'static, str>, u64>;

/// What was found about a route under one set of rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteState {
    /// [`VERSION`]; a reader stops at any other.
    pub version: u16,
    /// The rules it was found by ([`crate::compare::Rules::digest`]). What was found by other rules does not add up with it.
    pub rules: String,
    /// By variant; of a route that declares none there is one, `all`.
    pub variants: BTreeMap<String, VariantState>,
    /// What asking legacy twice has shown.
    pub noise: NoiseState,
    /// The mirror was not asked, for want of room or of time: why.
    pub dropped: Reasons,
}

/// What was found about answers of one variant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantState {
    /// Nothing differed but what may.
    pub equal: u64,
    /// Something did.
    pub different: u64,
    /// One could not be held against the other.
    pub not_comparable: u64,
    /// The view had not caught up, also later.
    pub view_behind: u64,
    /// The mirror did not answer.
    pub errors: u64,
    /// Why it did not, by code.
    pub error_codes: Reasons,
    /// Why answers could not be compared.
    pub not_comparable_reasons: Reasons,
    /// The latest of those in full: when, and a text that names places, not values.
    pub last_not_comparable: Option<(u64, String)>,
    /// Of all above: after the mirror was asked again because a view was behind.
    pub asked_again: u64,
    /// When the first was found, in milliseconds since 1970.
    pub first_seen: Option<u64>,
    /// When the last was.
    pub last_seen: Option<u64>,
    /// What differed.
    pub fields: BTreeMap<String, Field>,
    /// Differences of fields beyond the limit, only counted.
    pub more_fields: u64,
    /// Of mirrored requests: what became of them at legacy.
    pub legacy: SideState,
    /// And at modern.
    pub modern: SideState,
}

/// In what legacy differs from itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseState {
    /// Requests that legacy was asked twice.
    pub asked: u64,
    /// Of these: the two answers differed.
    pub differed: u64,
    /// Of these: they could not be compared, or there was no second one.
    pub failed: u64,
    /// In how many pairs each field differed.
    pub fields: BTreeMap<String, u64>,
    /// Differences of fields beyond the limit, only counted.
    pub more_fields: u64,
}

/// Why a state is not read, or not added to another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It is of a later program.
    #[error("evidence has version {0}; this program knows version {VERSION}")]
    Version(u16),
    /// It is none.
    #[error("no evidence of a route: {0}")]
    Unreadable(String),
    /// It was found by other rules.
    #[error("the evidence was found by other rules for comparing")]
    OtherRules,
}

#[derive(Deserialize)]
struct OnlyVersion {
    version: u16,
}

impl RouteState {
    /// Nothing yet, by these rules.
    #[must_use]
    pub fn new(rules: &str) -> Self {
        Self {
            version: VERSION,
            rules: rules.to_owned(),
            variants: BTreeMap::new(),
            noise: NoiseState::default(),
            dropped: Reasons::new(),
        }
    }

    /// As it is written: JSON.
    ///
    /// # Errors
    /// None that a state of this type could cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        serde_json::to_vec(self).map_err(|error| StateError::Unreadable(error.to_string()))
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// Another version, or no state at all.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let unreadable = |error: serde_json::Error| StateError::Unreadable(error.to_string());
        let OnlyVersion { version } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }

    /// Adds what another gateway found.
    ///
    /// # Errors
    /// It was found by other rules, or is of another version.
    pub fn merge(&mut self, other: &Self, kept: Kept) -> Result<(), StateError> {
        if other.version != self.version {
            return Err(StateError::Version(other.version));
        }
        if other.rules != self.rules {
            return Err(StateError::OtherRules);
        }
        for (name, variant) in &other.variants {
            self.variants
                .entry(name.clone())
                .or_default()
                .merge(variant, kept);
        }
        self.noise.merge(&other.noise, kept);
        add_all(&mut self.dropped, &other.dropped);
        Ok(())
    }
}

impl VariantState {
    /// Pairs that could be compared: what the match rate is of.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.equal.saturating_add(self.different)
    }

    /// Notes that something was found at that time.
    pub(super) fn seen(&mut self, at: u64) {
        self.first_seen = Some(self.first_seen.map_or(at, |first| first.min(at)));
        self.last_seen = Some(self.last_seen.map_or(at, |last| last.max(at)));
    }

    pub(super) fn not_comparable(&mut self, reason: &NotComparable, at: u64) {
        bump(&mut self.not_comparable);
        count(&mut self.not_comparable_reasons, reason.as_str());
        self.last_not_comparable = Some((at, reason.to_string()));
    }

    /// Notes differences of one pair, and the fields that were left out of its verdict.
    pub(super) fn differ(
        &mut self,
        request: Uuid,
        differences: Vec<Difference>,
        left_out: &[String],
        at: u64,
        kept: Kept,
    ) {
        let mut before: Vec<String> = Vec::new();
        for difference in differences {
            let Some(field) = self.field(&difference.field, at, kept) else {
                continue;
            };
            if !before.contains(&difference.field) {
                bump(&mut field.answers);
                before.push(difference.field.clone());
            }
            field.add(request, difference, at, kept.samples);
        }
        for name in left_out {
            if let Some(field) = self.field(name, at, kept) {
                bump(&mut field.left_out);
                field.last_seen = field.last_seen.max(at);
            }
        }
    }

    /// The field, if there is room for it.
    fn field(&mut self, name: &str, at: u64, kept: Kept) -> Option<&mut Field> {
        let full = self.fields.len() >= kept.fields;
        match self.fields.entry(name.to_owned()) {
            Entry::Vacant(_) if full => {
                bump(&mut self.more_fields);
                None
            }
            Entry::Vacant(place) => Some(place.insert(Field::new(name.to_owned(), at))),
            Entry::Occupied(place) => Some(place.into_mut()),
        }
    }

    /// Adds what was found elsewhere, or about another variant.
    pub(super) fn merge(&mut self, other: &Self, kept: Kept) {
        for (own, more) in [
            (&mut self.equal, other.equal),
            (&mut self.different, other.different),
            (&mut self.not_comparable, other.not_comparable),
            (&mut self.view_behind, other.view_behind),
            (&mut self.errors, other.errors),
            (&mut self.asked_again, other.asked_again),
            (&mut self.more_fields, other.more_fields),
        ] {
            *own = own.saturating_add(more);
        }
        self.legacy.merge(&other.legacy);
        self.modern.merge(&other.modern);
        add_all(&mut self.error_codes, &other.error_codes);
        add_all(
            &mut self.not_comparable_reasons,
            &other.not_comparable_reasons,
        );
        self.last_not_comparable = self
            .last_not_comparable
            .take()
            .max(other.last_not_comparable.clone());
        other.first_seen.into_iter().for_each(|at| self.seen(at));
        other.last_seen.into_iter().for_each(|at| self.seen(at));
        for (name, field) in &other.fields {
            match self.fields.entry(name.clone()) {
                Entry::Vacant(place) => {
                    place.insert(field.clone()).sort(kept.samples);
                }
                Entry::Occupied(mut place) => place.get_mut().merge(field, kept.samples),
            }
        }
        while self.fields.len() > kept.fields
            && let Some((_, last)) = self.fields.pop_last()
        {
            let all = last.count.saturating_add(last.left_out);
            self.more_fields = self.more_fields.saturating_add(all);
        }
    }
}

impl NoiseState {
    /// Notes a pair of answers of legacy, and in which fields they differ.
    pub(super) fn pair(&mut self, fields: &[String], kept: Kept) {
        bump(&mut self.asked);
        if !fields.is_empty() {
            bump(&mut self.differed);
        }
        for name in fields {
            let full = self.fields.len() >= kept.fields;
            match self.fields.entry(name.clone()) {
                Entry::Vacant(_) if full => bump(&mut self.more_fields),
                place => bump(place.or_default()),
            }
        }
    }

    /// Notes that there was no pair after all.
    pub(super) fn none(&mut self) {
        bump(&mut self.asked);
        bump(&mut self.failed);
    }

    /// Pairs that could be compared.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.asked.saturating_sub(self.failed)
    }

    fn merge(&mut self, other: &Self, kept: Kept) {
        for (own, more) in [
            (&mut self.asked, other.asked),
            (&mut self.differed, other.differed),
            (&mut self.failed, other.failed),
            (&mut self.more_fields, other.more_fields),
        ] {
            *own = own.saturating_add(more);
        }
        for (name, count) in &other.fields {
            let own = self.fields.entry(name.clone()).or_default();
            *own = own.saturating_add(*count);
        }
        while self.fields.len() > kept.fields
            && let Some((_, count)) = self.fields.pop_last()
        {
            self.more_fields = self.more_fields.saturating_add(count);
        }
    }
}

fn add_all(own: &mut Reasons, other: &Reasons) {
    for (reason, more) in other {
        let count = own.entry(reason.clone()).or_default();
        *count = count.saturating_add(*more);
    }
}

pub(super) fn bump(number: &mut u64) {
    *number = number.saturating_add(1);
}

/// Codes come from small fixed sets.
pub(super) fn count(counts: &mut Reasons, code: &'static str) {
    bump(counts.entry(Cow::Borrowed(code)).or_default());
}
