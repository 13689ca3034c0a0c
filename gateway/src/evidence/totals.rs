//! What a whole fleet has counted of a group, as a value from which an earlier one can be taken away: what guards judge.
//!
//! In: [`Evidence::fleet_totals`](super::Evidence::fleet_totals), at two moments. Out: [`Totals::since`], what came between them. All counts only
//! ever grow while a route is compared by the same rules and not cleared. A gateway's newest counts are known to the others some seconds later
//! ([`keep::EVERY`](super::keep::EVERY)); to itself at once. What a gateway had not yet written when it was killed is lost, and nothing counts twice:
//! totals taken on another gateway may be a few counts below those taken before, and the difference is then nothing, not less than nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::bound::{Bound, bound};
use super::live::{LiveState, SideState};
use super::state::VariantState;

/// The version of the written form.
pub const VERSION: u16 = 1;

/// What was counted of the routes of a group. Can be written down and read again, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// [`VERSION`]; a reader takes no other for the same.
    pub version: u16,
    /// By route; also those of which nothing was counted.
    pub routes: BTreeMap<String, RouteTotals>,
    /// The instance names of the gateways whose counts are in it, also of those that are gone.
    pub gateways: BTreeSet<String>,
}

/// One route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTotals {
    /// The digest of the rules that answers are compared by; what was found by other rules is not in it.
    pub rules: String,
    /// How often the route was cleared.
    pub epoch: u64,
    /// Answers that clients got of legacy: errors and latency.
    pub legacy: SideState,
    /// Answers that clients got of modern.
    pub modern: SideState,
    /// By variant of the answer, those that were mirrored; also those that the route declares and that were never seen.
    pub variants: BTreeMap<String, VariantTotals>,
    /// Requests that were to be mirrored and were not, for want of room or of time.
    pub dropped: u64,
    /// Gateways whose findings are of other rules, and are not in it: they have not taken up the same file yet, or are gone.
    pub other_rules: BTreeSet<String>,
}

/// Mirrored requests of one variant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantTotals {
    /// Nothing differed but what may.
    pub equal: u64,
    /// Something did.
    pub different: u64,
    /// One could not be held against the other.
    pub not_comparable: u64,
    /// The view had not caught up.
    pub view_behind: u64,
    /// The side that was asked to compare gave no answer.
    pub errors: u64,
    /// What became of them at legacy.
    pub legacy: SideState,
    /// And at modern.
    pub modern: SideState,
}

impl VariantTotals {
    /// Pairs that could be compared: what a match rate is of.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.equal.saturating_add(self.different)
    }

    /// The part of samples that is equal, and what the true one is at least; none without samples.
    #[must_use]
    pub fn matched(&self) -> Option<Bound> {
        bound(self.equal, self.samples())
    }

    /// Adds another variant's.
    pub fn add(&mut self, other: &Self) {
        for (own, more) in [
            (&mut self.equal, other.equal),
            (&mut self.different, other.different),
            (&mut self.not_comparable, other.not_comparable),
            (&mut self.view_behind, other.view_behind),
            (&mut self.errors, other.errors),
        ] {
            *own = own.saturating_add(more);
        }
        self.legacy.merge(&other.legacy);
        self.modern.merge(&other.modern);
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            equal: self.equal.saturating_sub(earlier.equal),
            different: self.different.saturating_sub(earlier.different),
            not_comparable: self.not_comparable.saturating_sub(earlier.not_comparable),
            view_behind: self.view_behind.saturating_sub(earlier.view_behind),
            errors: self.errors.saturating_sub(earlier.errors),
            legacy: self.legacy.since(&earlier.legacy),
            modern: self.modern.since(&earlier.modern),
        }
    }
}

impl From<&VariantState> for VariantTotals {
    fn from(state: &VariantState) -> Self {
        Self {
            equal: state.equal,
            different: state.different,
            not_comparable: state.not_comparable,
            view_behind: state.view_behind,
            errors: state.errors,
            legacy: state.legacy.clone(),
            modern: state.modern.clone(),
        }
    }
}

impl RouteTotals {
    pub(super) fn of_live(live: LiveState) -> Self {
        Self {
            legacy: live.legacy,
            modern: live.modern,
            ..Self::default()
        }
    }

    fn since(&self, earlier: &Self) -> Self {
        if self.epoch != earlier.epoch {
            return self.clone();
        }
        let same = self.rules == earlier.rules;
        let none = VariantTotals::default();
        let variants = self.variants.iter().map(|(name, variant)| {
            let before = earlier.variants.get(name).filter(|_| same);
            (name.clone(), variant.since(before.unwrap_or(&none)))
        });
        Self {
            rules: self.rules.clone(),
            epoch: self.epoch,
            legacy: self.legacy.since(&earlier.legacy),
            modern: self.modern.since(&earlier.modern),
            variants: variants.collect(),
            dropped: match same {
                true => self.dropped.saturating_sub(earlier.dropped),
                false => self.dropped,
            },
            other_rules: self.other_rules.clone(),
        }
    }
}

impl Totals {
    /// What came since an earlier look at the same group. Of a route that was cleared meanwhile, or is compared by other rules, all that was
    /// found since then.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let routes = self.routes.iter().map(|(name, route)| {
            let since = match earlier.routes.get(name) {
                Some(before) => route.since(before),
                None => route.clone(),
            };
            (name.clone(), since)
        });
        Self {
            version: self.version,
            routes: routes.collect(),
            gateways: self.gateways.clone(),
        }
    }

    /// All variants of all routes together.
    #[must_use]
    pub fn compared(&self) -> VariantTotals {
        let mut all = VariantTotals::default();
        for variant in self
            .routes
            .values()
            .flat_map(|route| route.variants.values())
        {
            all.add(variant);
        }
        all
    }

    /// Each variant of each route: what is covered, and what is not.
    pub fn variants(&self) -> impl Iterator<Item = (&str, &str, &VariantTotals)> {
        self.routes.iter().flat_map(|(name, route)| {
            let variants = route.variants.iter();
            variants.map(move |(variant, totals)| (name.as_str(), variant.as_str(), totals))
        })
    }

    /// Answers that clients got, of legacy and of modern, of all routes.
    #[must_use]
    pub fn live(&self) -> (SideState, SideState) {
        let (mut legacy, mut modern) = (SideState::default(), SideState::default());
        for route in self.routes.values() {
            legacy.merge(&route.legacy);
            modern.merge(&route.modern);
        }
        (legacy, modern)
    }
}

/// Why it is not known what the fleet has found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FleetUnknown {
    /// What is kept has not been read to its end yet.
    #[error("the evidence of other gateways has not been read yet")]
    NotYet,
    /// It cannot be read at this moment.
    #[error("the evidence of other gateways is out of reach: {0}")]
    OutOfReach(String),
    /// This program does not know it.
    #[error("the evidence of other gateways cannot be read: {0}")]
    Unreadable(String),
}
