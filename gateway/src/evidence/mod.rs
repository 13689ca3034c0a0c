//! What comparing has shown so far: counts per route and field, with a few samples. Bounded, in memory only.
//!
//! In: an [`Outcome`] per request and a [`Finding`] per mirrored one. Out: a [`Report`] for the admin API. Samples hold
//! values: they go to the admin API behind its token and nowhere else; fields that a copybook's meaning marks as
//! personal data come masked already ([`crate::compare`]). Never logs, never waits.

mod outcome;
mod report;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

use crate::compare::{Difference, Verdict};
pub use outcome::{FellBack, Outcome};
pub use report::{Answered, Field, Report, RouteReport, Sample};
pub use tally::Tally;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Routes with findings.
    pub routes: usize,
    /// Fields of a route.
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
    findings: Option<Box<RouteReport>>,
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

    /// Counts what became of a mirrored request, and keeps what differs.
    pub fn found(&self, name: &Arc<str>, request: uuid::Uuid, finding: Finding, at: SystemTime) {
        self.with(name, |route, limits| match finding {
            Finding::Dropped(why) => {
                bump(&mut route.dropped);
                count(&mut route.dropped_reasons, why);
            }
            Finding::Failed(code) => {
                bump(&mut route.errors);
                count(&mut route.error_codes, code);
            }
            Finding::Compared(verdict) => {
                bump(&mut route.compared);
                match verdict {
                    Verdict::Equal => bump(&mut route.equal),
                    Verdict::ViewBehind => bump(&mut route.view_behind),
                    Verdict::NotComparable(reason) => {
                        bump(&mut route.not_comparable);
                        count(&mut route.not_comparable_reasons, reason.as_str());
                        route.last_not_comparable = Some(reason.to_string());
                    }
                    Verdict::Different(differences) => {
                        bump(&mut route.different);
                        let more = u64::try_from(differences.more).unwrap_or(u64::MAX);
                        route.more_fields = route.more_fields.saturating_add(more);
                        for difference in differences.fields {
                            field(route, limits, request, difference, at);
                        }
                    }
                }
            }
        });
        self.findings.send_modify(bump);
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
                *found = found.saturating_sub(usize::from(of_route.findings.take().is_some()));
            }
        }
        if route.is_none() {
            *overflow = 0;
        }
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
                let findings = of_route.findings.as_deref().cloned();
                if findings.is_none() && answers == Answered::default() {
                    return None;
                }
                Some(RouteReport {
                    route: Arc::clone(name),
                    answers,
                    planned,
                    ..findings.unwrap_or_default()
                })
            })
            .collect();
        Report {
            routes,
            overflow: kept.overflow,
        }
    }

    fn with(&self, name: &Arc<str>, change: impl FnOnce(&mut RouteReport, Limits)) {
        let mut kept = self.lock();
        let Kept {
            routes,
            found,
            overflow,
        } = &mut *kept;
        let of_route = routes.entry(Arc::clone(name)).or_default();
        let findings = match &mut of_route.findings {
            Some(findings) => findings,
            None if *found >= self.limits.routes => return bump(overflow),
            none => {
                *found = found.saturating_add(1);
                none.insert(Box::default())
            }
        };
        change(findings, self.limits);
    }

    /// Counts are right also after a panic elsewhere.
    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bump(number: &mut u64) {
    *number = number.saturating_add(1);
}

/// Codes come from small fixed sets.
fn count(counts: &mut BTreeMap<&'static str, u64>, code: &'static str) {
    bump(counts.entry(code).or_default());
}

fn field(
    route: &mut RouteReport,
    limits: Limits,
    request: uuid::Uuid,
    difference: Difference,
    at: SystemTime,
) {
    let full = route.fields.len() >= limits.fields;
    let field = match route.fields.entry(difference.field.clone()) {
        Entry::Vacant(_) if full => {
            bump(&mut route.more_fields);
            return;
        }
        Entry::Vacant(place) => place.insert(Field::new(difference.field.clone(), at)),
        Entry::Occupied(place) => place.into_mut(),
    };
    field.add(request, difference, at, limits.samples);
}
