//! What comparing has shown so far: counts per route, variant and field, with a few samples. Bounded, in memory only.
//!
//! In: an [`Outcome`] per request and a [`Found`] per mirrored one. Out: a [`Report`] for the admin API, and each route's
//! [`RouteState`], which adds up with that of other gateways. Samples hold values: they go to the admin API behind its token and
//! nowhere else; fields that a copybook's meaning marks as personal data come masked already ([`crate::compare`]).
//! Never logs, never waits.

mod bound;
mod field;
mod outcome;
mod report;
pub mod state;
#[cfg(test)]
mod state_tests;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use self::state::{Kept as Most, RouteState, VariantState, bump, count};
use crate::compare::{Noisy, Verdict};
pub use bound::{Bound, bound};
pub use field::{Field, Sample};
pub use outcome::{FellBack, Outcome};
pub use report::{
    Answered, FieldReport, NoiseReport, NoisyField, Report, RouteReport, VariantReport,
};
pub use tally::Tally;

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

/// What became of one mirrored request.
#[derive(Debug, Clone)]
pub enum Finding {
    /// The mirror answered and was compared, or could not be.
    Compared(Verdict),
    /// The mirror did not answer: the code of its error.
    Failed(&'static str),
    /// It was not asked, for want of room or of time: why, as [`crate::mirror::Dropped`] has it.
    Dropped(&'static str),
}

impl Finding {
    /// A short stable name for metrics and logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Compared(verdict) => verdict.as_str(),
            Self::Failed(_) => "error",
            Self::Dropped(_) => "dropped",
        }
    }
}

/// A finding, and what it is about.
#[derive(Debug, Clone)]
pub struct Found<'f> {
    /// The request.
    pub request: uuid::Uuid,
    /// The digest of the rules it was compared by.
    pub rules: &'f str,
    /// The variant of legacy's answer, or of modern's where legacy gave none.
    pub variant: &'f str,
    /// What was found.
    pub finding: Finding,
    /// Fields that differed and were left out, as noise.
    pub left_out: Vec<String>,
    /// Whether it was found by asking again after a view was behind.
    pub asked_again: AskedAgain,
}

/// Whether the mirror was asked once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AskedAgain {
    /// It was asked once.
    #[default]
    No,
    /// A view was behind at first.
    Yes,
}

/// With fewer pairs of legacy's answers than this nothing is left out as noise.
const LEAST_PAIRS: u64 = 10;

/// What asking legacy twice has shown.
#[derive(Debug, Clone)]
pub enum Noise {
    /// In which fields its two answers differ; mostly in none.
    Pair(Vec<String>),
    /// There was no second answer, or the two cannot be compared.
    None,
}

/// The evidence of one gateway since it started. Shared by `Arc`.
#[derive(Debug)]
pub struct Evidence {
    limits: Limits,
    kept: Mutex<Kept>,
    findings: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    routes: BTreeMap<Arc<str>, OfRoute>,
    /// How many of them have findings.
    found: usize,
    /// Findings of routes beyond the limit.
    overflow: u64,
}

/// What is kept of a route.
#[derive(Debug, Default)]
struct OfRoute {
    answers: Arc<Tally>,
    findings: Option<Box<RouteState>>,
    /// Fields whose noise is above what the route allows.
    noisy: Arc<Noisy>,
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
            kept: Mutex::default(),
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

    /// Forgets what was found about a route, or about all: after a new version of the modern side is deployed.
    pub fn clear(&self, route: Option<&str>) {
        let mut kept = self.lock();
        let Kept {
            routes,
            found,
            overflow,
        } = &mut *kept;
        for (name, of_route) in routes {
            if route.is_none_or(|route| route == name.as_ref()) {
                of_route.answers.clear();
                of_route.noisy = Arc::default();
                *found = found.saturating_sub(usize::from(of_route.findings.take().is_some()));
            }
        }
        if route.is_none() {
            *overflow = 0;
        }
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

    /// All of it, or of one route.
    #[must_use]
    pub fn report(&self, route: Option<&str>) -> Report {
        let kept = self.lock();
        let routes = kept
            .routes
            .iter()
            .filter(|(name, _)| route.is_none_or(|route| route == name.as_ref()))
            .filter_map(|(name, of_route)| {
                let (answers, planned) = of_route.answers.shown();
                if of_route.findings.is_none() && answers == Answered::default() {
                    return None;
                }
                let empty = RouteState::new("");
                let state = of_route.findings.as_deref().unwrap_or(&empty);
                Some(RouteReport {
                    answers,
                    planned,
                    ..RouteReport::of(name, state, &of_route.noisy, self.limits.of_route())
                })
            })
            .collect();
        Report {
            routes,
            overflow: kept.overflow,
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
    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Changes what is kept of a route; it gets none of one beyond the limit, which is counted.
    fn with(
        &mut self,
        name: &Arc<str>,
        rules: &str,
        limits: Limits,
        change: impl FnOnce(Option<(&mut RouteState, &mut Arc<Noisy>)>, Most),
    ) {
        let of_route = self.routes.entry(Arc::clone(name)).or_default();
        let findings = match &mut of_route.findings {
            Some(findings) => {
                if findings.rules != rules {
                    **findings = RouteState::new(rules);
                    of_route.noisy = Arc::default();
                }
                findings
            }
            None if self.found >= limits.routes => {
                bump(&mut self.overflow);
                return change(None, limits.of_route());
            }
            none => {
                self.found = self.found.saturating_add(1);
                none.insert(Box::new(RouteState::new(rules)))
            }
        };
        change(Some((findings, &mut of_route.noisy)), limits.of_route());
    }
}

/// Milliseconds since 1970.
fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
