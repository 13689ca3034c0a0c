//! Evidence as the admin API shows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::bound::{Bound, bound};
use super::field::Field;
use super::heard::Merged;
use super::live::{LiveState, SideState};
use super::part::Cleared;
use super::state::{Kept, Reasons, RouteState, VariantState};
use crate::compare::Noisy;
use crate::route::{Route, Table};

/// What gateways have found.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Report {
    /// Whose evidence it is.
    pub parts: Parts,
    /// By route, in the order of their names.
    pub routes: Vec<RouteReport>,
    /// Findings about routes beyond the limit, which were only counted.
    pub overflow: u64,
}

/// Whose evidence a report shows, and how old it is.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Parts {
    /// `fleet` or `this`.
    pub of: &'static str,
    /// Where it is kept beside memory: `kafka`, `file`, or `memory` alone.
    pub kept: &'static str,
    /// The gateways that it is from.
    pub gateways: Vec<GatewayPart>,
    /// How long ago the gateway that has written nothing for longest wrote last, in seconds; none where all of it is this gateway's.
    pub oldest_seconds: Option<u64>,
    /// Parts that are not in it, since no key that the control log knows has signed them.
    pub strangers: u64,
    /// Parts that are not in it, since there are too many.
    pub overflow: u64,
    /// Why parts of others may be missing or old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// One gateway's part of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GatewayPart {
    /// Its instance name.
    pub gateway: String,
    /// Whether it is the one that answers.
    pub this: bool,
    /// Routes that it says something of.
    pub routes: u64,
    /// When it wrote last, in milliseconds since 1970; a gateway writes only what has changed. None where it answers from memory.
    pub written: Option<u64>,
}

/// What became of requests at one side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct SideReport {
    /// It answered, with whatever status.
    pub answers: u64,
    /// It gave no answer, or one with a status of 500 and above.
    pub errors: u64,
    /// The mean time to the head of its answers, milliseconds.
    pub mean_ms: Option<f64>,
    /// The time that half of them did not exceed.
    pub p50_ms: Option<f64>,
    /// 95 of 100.
    pub p95_ms: Option<f64>,
    /// 99 of 100.
    pub p99_ms: Option<f64>,
}

/// That a route's evidence was cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClearedReport {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who wanted it.
    pub who: String,
    /// Why.
    pub why: String,
    /// A change reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

impl SideReport {
    fn of(state: &SideState) -> Self {
        let ms = |took: Option<Duration>| took.map(|took| took.as_secs_f64() * 1_000.0);
        let latency = &state.latency;
        Self {
            answers: state.answers,
            errors: state.errors,
            mean_ms: ms(latency.mean()),
            p50_ms: ms(latency.of_thousand(500)),
            p95_ms: ms(latency.of_thousand(950)),
            p99_ms: ms(latency.of_thousand(990)),
        }
    }
}

impl ClearedReport {
    pub(super) fn of(cleared: &Cleared) -> Self {
        Self {
            at: cleared.at,
            who: cleared.who.clone(),
            why: cleared.why.clone(),
            change: cleared.change.clone(),
        }
    }
}

/// One route. Rates are from 0 to 1, and with each comes what the true one is at least, by Wilson's bound at 95 %.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct RouteReport {
    /// Its name.
    #[serde(serialize_with = "text")]
    #[schemars(with = "String")]
    pub route: Arc<str>,
    /// Who answered.
    pub answers: Answered,
    /// What became of clients' requests at legacy.
    pub legacy: SideReport,
    /// And at modern.
    pub modern: SideReport,
    /// Requests that modern answered and of which legacy heard nothing, also not to compare.
    pub spared: u64,
    /// When legacy was asked last, in milliseconds since 1970, to a few seconds.
    pub last_legacy: Option<u64>,
    /// When modern answered a client last.
    pub last_modern: Option<u64>,
    /// Since when is counted, in the same; none where that is since the gateway began.
    pub counted_since: Option<u64>,
    /// When it was cleared last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared: Option<ClearedReport>,
    /// Gateways whose findings are not in it, since they are of other rules: of an earlier or a later file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_rules: Vec<String>,
    /// A gateway has left out samples or fields for want of room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
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
    #[schemars(with = "Vec<Field>")]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
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
    /// What became of its mirrored requests at legacy.
    pub legacy: SideReport,
    /// And at modern.
    pub modern: SideReport,
}

/// One field of a variant.
#[derive(Debug, Clone, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, Serialize, JsonSchema)]
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
            ..Self::default()
        }
    }

    /// The same with who answered.
    pub(super) fn answered(self, live: &LiveState) -> Self {
        Self {
            answers: Answered {
                legacy: live.legacy.answers,
                modern: live.modern.answers,
                gateway: live.gateway,
                fallbacks: live.fallbacks,
                server_errors: live.server_errors,
            },
            planned: live.planned,
            legacy: SideReport::of(&live.legacy),
            modern: SideReport::of(&live.modern),
            spared: live.spared,
            last_legacy: live.last_legacy,
            last_modern: live.last_modern,
            ..self
        }
    }

    /// What all that was merged shows.
    pub(super) fn merged(name: &Arc<str>, merged: &Merged, noisy: &Noisy, kept: Kept) -> Self {
        let empty = RouteState::new("");
        let state = merged.found.as_ref().unwrap_or(&empty);
        Self {
            counted_since: merged.since,
            other_rules: merged.other_rules.iter().cloned().collect(),
            shortened: merged.shortened,
            ..Self::of(name, state, noisy, kept).answered(&merged.live)
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
            legacy: SideReport::of(&state.legacy),
            modern: SideReport::of(&state.modern),
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
