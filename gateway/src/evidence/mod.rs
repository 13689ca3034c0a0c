//! What comparing has shown so far, and who answered: counts per route, variant and field, with a few samples. Bounded.
//!
//! In: an [`Outcome`] per request and a [`Found`] per mirrored one. Out: a [`Report`] for people, and [`Totals`] for guards; of the whole fleet,
//! over the topic or file that [`keep`] writes and reads, or of this gateway alone. Samples hold values: they go to the admin API behind its token
//! and to that topic or file; fields that a copybook's meaning marks as personal data come masked already ([`crate::compare`]).
//! Counting never waits for what is kept.

mod bound;
mod field;
mod fleet;
#[cfg(test)]
mod fleet_tests;
mod found;
mod heard;
pub mod keep;
mod kept;
pub mod latency;
pub mod live;
mod outcome;
pub mod part;
mod report;
pub mod state;
#[cfg(test)]
mod state_tests;
mod tally;
#[cfg(test)]
mod tests;
pub mod totals;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use self::heard::Heard;
use self::kept::Kept;
use self::state::{Kept as Most, RouteState, VariantState, bump, count};
use crate::compare::{Noisy, Verdict};
pub use bound::{Bound, bound, sure_bound};
pub use field::{Field, Sample};
pub use fleet::{Clearing, NotCleared, Of};
pub use found::{AskedAgain, AtSide, Finding, Found, Noise, Sides};
pub use outcome::{Failed, FellBack, Outcome};
pub use report::{
    Answered, ClearedReport, FieldReport, GatewayPart, NoiseReport, NoisyField, Parts, Report,
    RouteReport, SideReport, VariantReport,
};
pub use tally::Tally;
pub use totals::{FleetUnknown, RouteTotals, Totals, VariantTotals};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Routes with findings.
    pub routes: usize,
    /// Fields of a variant of a route.
    pub fields: usize,
    /// Samples of a field; the first one and the latest are kept.
    pub samples: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            routes: 1024,
            fields: 128,
            samples: 5,
        }
    }
}

impl Limits {
    fn of_route(self) -> Most {
        Most {
            fields: self.fields,
            samples: self.samples,
        }
    }
}

/// With fewer pairs of legacy's answers than this nothing is left out as noise.
const LEAST_PAIRS: u64 = 10;

/// The evidence of one gateway, and what is known of that of others. Shared by `Arc`.
#[derive(Debug)]
pub struct Evidence {
    limits: Limits,
    kept: Mutex<Kept>,
    /// What was read of what is kept. Never locked together with the other.
    heard: Mutex<Heard>,
    keeping: OnceLock<fleet::Keeping>,
    findings: watch::Sender<u64>,
}

impl Default for Evidence {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Evidence {
    /// Nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            kept: Mutex::new(Kept::new(millis(SystemTime::now()))),
            heard: Mutex::default(),
            keeping: OnceLock::new(),
            findings: watch::Sender::new(0),
        }
    }

    /// Counts a request. Who counts many of one route gets its [`tally`](Self::tally) once.
    pub fn answered(&self, outcome: &Outcome) {
        if let Some(name) = &outcome.route {
            self.tally(name).answered(outcome);
        }
    }

    /// Where requests of a route are counted, without a lock.
    #[must_use]
    pub fn tally(&self, name: &Arc<str>) -> Arc<Tally> {
        let mut kept = self.lock();
        let of_route = kept.routes.entry(Arc::clone(name)).or_default();
        Arc::clone(&of_route.answers)
    }

    /// Counts what became of a mirrored request, and keeps what differs. What was found by other rules than these before
    /// is forgotten: it does not add up.
    pub fn found(&self, name: &Arc<str>, found: Found<'_>, at: SystemTime) {
        let at = millis(at);
        self.with(name, found.rules, |of_route, kept| {
            let Some(route) = of_route else { return };
            let finding = match found.finding {
                Finding::Dropped(why) => return count(&mut route.dropped, why),
                other => other,
            };
            if !route.variants.contains_key(found.variant) {
                let name = found.variant.to_owned();
                route.variants.insert(name, VariantState::default());
            }
            let Some(variant) = route.variants.get_mut(found.variant) else {
                return;
            };
            variant.seen(at);
            found.sides.legacy.count(&mut variant.legacy);
            found.sides.modern.count(&mut variant.modern);
            if found.asked_again == AskedAgain::Yes {
                bump(&mut variant.asked_again);
            }
            let mut differences = Vec::new();
            match finding {
                Finding::Dropped(_) => {}
                Finding::Failed(code) => {
                    bump(&mut variant.errors);
                    count(&mut variant.error_codes, code);
                }
                Finding::Compared(Verdict::Equal) => bump(&mut variant.equal),
                Finding::Compared(Verdict::ViewBehind) => bump(&mut variant.view_behind),
                Finding::Compared(Verdict::NotComparable(reason)) => {
                    variant.not_comparable(&reason, at);
                }
                Finding::Compared(Verdict::Different(found)) => {
                    bump(&mut variant.different);
                    let more = u64::try_from(found.more).unwrap_or(u64::MAX);
                    variant.more_fields = variant.more_fields.saturating_add(more);
                    differences = found.fields;
                }
            }
            variant.differ(found.request, differences, &found.left_out, at, kept);
        });
        self.findings.send_modify(bump);
    }

    /// Counts a request that is not mirrored although its plan says so; of which variant it would have been is not known.
    pub fn dropped(&self, name: &Arc<str>, rules: &str, why: &'static str) {
        self.with(name, rules, |of_route, _| {
            if let Some(route) = of_route {
                count(&mut route.dropped, why);
            }
        });
        self.findings.send_modify(bump);
    }

    /// Counts what asking legacy twice has shown. `share` is above which part of pairs, in percent, a field's noise is left out of
    /// verdicts; a field is taken for that noisy only when its samples leave little doubt ([`bound`]).
    pub fn noise(&self, name: &Arc<str>, rules: &str, noise: &Noise, share: Option<u8>) {
        let mut kept = self.lock();
        kept.with(name, rules, self.limits, |of_route, most| {
            let Some((route, noisy)) = of_route else {
                return;
            };
            match noise {
                Noise::Pair(fields) => route.noise.pair(fields, most),
                Noise::None => route.noise.none(),
            }
            let of = route.noise.samples();
            let above = share.filter(|_| of >= LEAST_PAIRS);
            let above = above.map(|share| f64::from(share) / 100.0);
            let fields = route.noise.fields.iter().filter(|(_, count)| {
                let share = bound(**count, of).map_or(0.0, |bound| bound.at_least);
                above.is_some_and(|above| share > above)
            });
            let names: Noisy = fields.map(|(name, _)| name.clone()).collect();
            if names != **noisy {
                *noisy = Arc::new(names);
            }
        });
    }

    /// The fields of a route that are left out of verdicts.
    #[must_use]
    pub fn noisy(&self, name: &str) -> Arc<Noisy> {
        let kept = self.lock();
        kept.routes
            .get(name)
            .map(|of_route| Arc::clone(&of_route.noisy))
            .unwrap_or_default()
    }

    /// How many findings there were, of all routes; changes with each.
    #[must_use]
    pub fn findings(&self) -> watch::Receiver<u64> {
        self.findings.subscribe()
    }

    /// Forgets what was found about a route, or about all, on this gateway alone: after a new version of the modern side is deployed.
    pub fn clear(&self, route: Option<&str>) {
        let now = millis(SystemTime::now());
        self.lock().clear(route, now);
    }

    /// What was found about each route, to be added to that of other gateways.
    #[must_use]
    pub fn states(&self) -> Vec<(Arc<str>, RouteState)> {
        let kept = self.lock();
        let found = kept.routes.iter().filter_map(|(name, of_route)| {
            Some((Arc::clone(name), of_route.findings.as_deref()?.clone()))
        });
        found.collect()
    }

    /// All that this gateway has found, or of one route.
    #[must_use]
    pub fn report(&self, route: Option<&str>) -> Report {
        let kept = self.lock();
        let routes = kept
            .routes
            .iter()
            .filter(|(name, _)| route.is_none_or(|route| route == name.as_ref()))
            .filter_map(|(name, of_route)| {
                let live = of_route.live();
                if of_route.findings.is_none() && live.requests() == 0 {
                    return None;
                }
                let empty = RouteState::new("");
                let state = of_route.findings.as_deref().unwrap_or(&empty);
                let report = RouteReport::of(name, state, &of_route.noisy, self.limits.of_route());
                Some(report.answered(&live))
            })
            .collect();
        Report {
            routes,
            overflow: kept.overflow,
            parts: Parts::default(),
        }
    }

    fn with(
        &self,
        name: &Arc<str>,
        rules: &str,
        change: impl FnOnce(Option<&mut RouteState>, Most),
    ) {
        let mut kept = self.lock();
        kept.with(name, rules, self.limits, |of_route, most| {
            change(of_route.map(|(route, _)| route), most);
        });
    }

    /// Counts are right also after a panic elsewhere.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since 1970.
fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
