//! Evidence as the admin API shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::bound::{Bound, bound};
use super::field::Field;
use super::state::{Kept, Reasons, RouteState, VariantState};
use crate::compare::Noisy;
use crate::route::{Route, Table};

/// What this gateway has found since it started.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// By route, in the order of their names.
    pub routes: Vec<RouteReport>,
    /// Findings about routes beyond the limit, which were only counted.
    pub overflow: u64,
}

/// One route. Rates are from 0 to 1, and with each comes what the true one is at least, by Wilson's bound at 95 %.
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
    /// Of equal and different: the part that is equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_rate: Option<f64>,
    /// What the true rate is at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_at_least: Option<f64>,
    /// Why the mirror did not answer, by code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub error_codes: Reasons,
    /// Why the mirror was not asked, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped_reasons: Reasons,
    /// Why answers could not be compared, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_comparable_reasons: Reasons,
    /// The latest of those reasons in full; names places, not values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_not_comparable: Option<String>,
    /// What differed, in all variants together.
    #[serde(serialize_with = "values")]
    pub fields: BTreeMap<String, Field>,
    /// Differences of fields beyond the limit, only counted.
    pub more_fields: u64,
    /// By variant: first those that the route declares, in its order, then what else was seen. One, `all`, where it declares none.
    pub variants: Vec<VariantReport>,
    /// In what legacy differs from itself, where it was asked twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseReport>,
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

/// One variant of a route's answers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct VariantReport {
    /// Its name.
    pub variant: String,
    /// Whether the route names it.
    pub declared: bool,
    /// Pairs that could be compared: equal and different. 0: it is not covered.
    pub samples: u64,
    /// Nothing differed.
    pub equal: u64,
    /// Something did.
    pub different: u64,
    /// The part of samples that is equal; none without samples.
    pub match_rate: Option<f64>,
    /// What the true rate is at least.
    pub match_at_least: Option<f64>,
    /// One could not be held against the other.
    pub not_comparable: u64,
    /// The view had not caught up.
    pub view_behind: u64,
    /// The mirror did not answer.
    pub errors: u64,
    /// Of all: found by asking again.
    pub asked_again: u64,
    /// When the first was found, in milliseconds since 1970.
    pub first_seen: Option<u64>,
    /// When the last was.
    pub last_seen: Option<u64>,
    /// What differed.
    pub fields: Vec<FieldReport>,
    /// Differences of fields beyond the limit, only counted.
    pub more_fields: u64,
}

/// One field of a variant.
#[derive(Debug, Clone, Serialize)]
pub struct FieldReport {
    /// What is known of it.
    #[serde(flatten)]
    pub field: Field,
    /// The part of samples in which it is equal.
    pub match_rate: Option<f64>,
    /// What the true rate is at least.
    pub match_at_least: Option<f64>,
}

/// In what legacy differs from itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NoiseReport {
    /// Requests that legacy was asked twice.
    pub asked: u64,
    /// Of these: the answers differed.
    pub differed: u64,
    /// Of these: there was no second answer, or they could not be compared.
    pub failed: u64,
    /// By field.
    pub fields: Vec<NoisyField>,
    /// Differences of fields beyond the limit, only counted.
    pub more_fields: u64,
}

/// A field in which legacy differs from itself.
#[derive(Debug, Clone, Serialize)]
pub struct NoisyField {
    /// Its path.
    pub field: String,
    /// In how many pairs it did.
    pub count: u64,
    /// The part of pairs.
    pub share: Option<f64>,
    /// What the true part is at least.
    pub share_at_least: Option<f64>,
    /// Whether it is left out of verdicts.
    pub left_out: bool,
}

impl Report {
    /// Adds the variants that routes of the table, or one of them, declare and that were never seen; also of routes without any
    /// evidence.
    pub fn cover(&mut self, table: &Table, only: Option<&str>) {
        let wanted = |route: &&Arc<Route>| {
            !route.compare.variants().is_empty() && only.is_none_or(|only| only == &*route.name)
        };
        for route in table.routes().filter(wanted) {
            let (route, names) = (&route.name, route.compare.variants());
            let place = self
                .routes
                .binary_search_by(|known| known.route.as_ref().cmp(route));
            let place = place.unwrap_or_else(|place| {
                let report = RouteReport {
                    route: Arc::clone(route),
                    ..RouteReport::default()
                };
                self.routes.insert(place, report);
                place
            });
            if let Some(report) = self.routes.get_mut(place) {
                report.cover(names);
            }
        }
    }
}

impl RouteReport {
    /// What a state shows, of one gateway or of several added up. Who answered is not in it.
    #[must_use]
    pub fn of(name: &Arc<str>, state: &RouteState, noisy: &Noisy, kept: Kept) -> Self {
        let mut all = VariantState::default();
        for variant in state.variants.values() {
            all.merge(variant, kept);
        }
        let (match_rate, match_at_least) = split(bound(all.equal, all.samples()));
        let sum = |counts: [u64; 3]| counts.into_iter().fold(all.equal, u64::saturating_add);
        let dropped = state.dropped.values();
        Self {
            route: Arc::clone(name),
            compared: sum([all.different, all.not_comparable, all.view_behind]),
            equal: all.equal,
            different: all.different,
            not_comparable: all.not_comparable,
            view_behind: all.view_behind,
            errors: all.errors,
            dropped: dropped.fold(0, |sum, count| sum.saturating_add(*count)),
            match_rate,
            match_at_least,
            error_codes: all.error_codes,
            dropped_reasons: state.dropped.clone(),
            not_comparable_reasons: all.not_comparable_reasons,
            last_not_comparable: all.last_not_comparable.map(|(_, text)| text),
            fields: all.fields,
            more_fields: all.more_fields,
            variants: state
                .variants
                .iter()
                .map(|(name, variant)| VariantReport::of(name, variant))
                .collect(),
            noise: (state.noise.asked > 0).then(|| NoiseReport::of(state, noisy)),
            answers: Answered::default(),
            planned: 0,
        }
    }

    fn cover(&mut self, declared: &[Arc<str>]) {
        let mut seen = std::mem::take(&mut self.variants);
        for name in declared {
            let place = seen.iter().position(|variant| variant.variant == **name);
            let variant = place.map(|place| seen.remove(place));
            self.variants.push(VariantReport {
                variant: name.to_string(),
                declared: true,
                ..variant.unwrap_or_default()
            });
        }
        self.variants.append(&mut seen);
    }
}

impl VariantReport {
    fn of(name: &str, state: &VariantState) -> Self {
        let samples = state.samples();
        let (match_rate, match_at_least) = split(bound(state.equal, samples));
        let fields = state.fields.values().map(|field| {
            let equal = samples.saturating_sub(field.answers);
            let (match_rate, match_at_least) = split(bound(equal, samples));
            FieldReport {
                field: field.clone(),
                match_rate,
                match_at_least,
            }
        });
        Self {
            variant: name.to_owned(),
            declared: false,
            samples,
            equal: state.equal,
            different: state.different,
            match_rate,
            match_at_least,
            not_comparable: state.not_comparable,
            view_behind: state.view_behind,
            errors: state.errors,
            asked_again: state.asked_again,
            first_seen: state.first_seen,
            last_seen: state.last_seen,
            fields: fields.collect(),
            more_fields: state.more_fields,
        }
    }
}

impl NoiseReport {
    fn of(state: &RouteState, noisy: &Noisy) -> Self {
        let noise = &state.noise;
        let fields = noise.fields.iter().map(|(name, count)| {
            let (share, share_at_least) = split(bound(*count, noise.samples()));
            NoisyField {
                field: name.clone(),
                count: *count,
                share,
                share_at_least,
                left_out: noisy.contains(name),
            }
        });
        Self {
            asked: noise.asked,
            differed: noise.differed,
            failed: noise.failed,
            fields: fields.collect(),
            more_fields: noise.more_fields,
        }
    }
}

fn split(bound: Option<Bound>) -> (Option<f64>, Option<f64>) {
    (
        bound.map(|bound| bound.rate),
        bound.map(|bound| bound.at_least),
    )
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
