//! Where groups and routes stand, put together from modes, evidence and counts: what pages show, as plain values.

use std::collections::HashMap;
use std::sync::Arc;

use super::text;
use super::trend::Answered;
use crate::admin::view::{GroupView, RouteView};
use crate::admin::{Shared, show};
use crate::evidence::{self, Bound, Of, RouteReport, bound};
use crate::metrics::Times;
use crate::mode::Mode;
use crate::route::Sides;

/// All groups of the table, in the order of the file.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) groups: Vec<GroupStanding>,
    /// Whose counts of calls and pairs they are, in a sentence.
    pub(super) told: String,
}

/// A group.
#[derive(Debug)]
pub(super) struct GroupStanding {
    pub(super) view: GroupView,
    pub(super) sides: Sides,
    /// A change of sides is under way.
    pub(super) held: bool,
    pub(super) routes: Vec<RouteStanding>,
    pub(super) proof: Proof,
    pub(super) answers: evidence::Answered,
    /// Calls that legacy did not get: modern answered, and legacy was not asked for comparison.
    pub(super) saved: u64,
    pub(super) legacy: Times,
    pub(super) modern: Times,
    /// How long modern took where it was only asked for comparison; of its backends, whichever route asked.
    pub(super) mirrored: Times,
}

/// A route.
#[derive(Debug)]
pub(super) struct RouteStanding {
    pub(super) view: RouteView,
    pub(super) report: RouteReport,
    pub(super) proof: Proof,
    pub(super) legacy: Times,
    pub(super) modern: Times,
}

/// What comparing has shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Proof {
    pub(super) equal: u64,
    pub(super) different: u64,
    pub(super) not_comparable: u64,
    pub(super) view_behind: u64,
    /// The mirror did not answer.
    pub(super) errors: u64,
    pub(super) dropped: u64,
    /// Variants that are declared, and those of them with samples.
    pub(super) declared: usize,
    pub(super) covered: usize,
    /// Fields that differ and count.
    pub(super) fields: usize,
}

impl Proof {
    fn of(report: &RouteReport) -> Self {
        let declared = report.variants.iter().filter(|variant| variant.declared);
        let covered = declared.clone().filter(|variant| variant.samples > 0);
        Self {
            equal: report.equal,
            different: report.different,
            not_comparable: report.not_comparable,
            view_behind: report.view_behind,
            errors: report.errors,
            dropped: report.dropped,
            declared: declared.count(),
            covered: covered.count(),
            fields: report
                .fields
                .values()
                .filter(|field| field.count > 0)
                .count(),
        }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            equal: self.equal.saturating_add(other.equal),
            different: self.different.saturating_add(other.different),
            not_comparable: self.not_comparable.saturating_add(other.not_comparable),
            view_behind: self.view_behind.saturating_add(other.view_behind),
            errors: self.errors.saturating_add(other.errors),
            dropped: self.dropped.saturating_add(other.dropped),
            declared: self.declared.saturating_add(other.declared),
            covered: self.covered.saturating_add(other.covered),
            fields: self.fields.saturating_add(other.fields),
        }
    }

    /// Pairs that could be compared.
    pub(super) fn samples(&self) -> u64 {
        self.equal.saturating_add(self.different)
    }

    fn bound(&self) -> Option<Bound> {
        bound(self.equal, self.samples())
    }

    /// The part that is equal; none without samples.
    pub(super) fn rate(&self) -> Option<String> {
        self.bound().map(|bound| text::percent(bound.rate))
    }

    /// What the true one is at least.
    pub(super) fn at_least(&self) -> Option<String> {
        self.bound().map(|bound| text::percent(bound.at_least))
    }
}

impl Standing {
    pub(super) fn of(shared: &Shared) -> Self {
        let table = shared.subjects.table();
        let state = shared.control.state();
        let mut report = shared.evidence.report_of(&table, None, Of::Fleet);
        report.cover(&table, None);
        let parts = report.parts.clone();
        let mut reports: HashMap<Arc<str>, RouteReport> = report
            .routes
            .into_iter()
            .map(|route| (Arc::clone(&route.route), route))
            .collect();
        let taken = shared.subjects.taken();
        let times: HashMap<&str, _> = taken.routes.iter().map(|one| (&*one.route, one)).collect();
        let mirrors: HashMap<&str, &Times> = taken
            .mirrors
            .iter()
            .map(|(name, times)| (&**name, times))
            .collect();
        let mut shown = show::routes(shared);
        let views = std::mem::take(&mut shown.groups);
        let groups = views.into_iter().map(|view| {
            let group = table.group_named(&view.name);
            let routes = shown.routes.iter().filter(|route| route.group == view.name);
            let routes = routes.map(|route| {
                let report = reports.remove(route.name.as_str()).unwrap_or_default();
                let times = times.get(route.name.as_str());
                RouteStanding {
                    view: route.clone(),
                    proof: Proof::of(&report),
                    report,
                    legacy: times.map(|times| times.legacy.clone()).unwrap_or_default(),
                    modern: times.map(|times| times.modern.clone()).unwrap_or_default(),
                }
            });
            let sides = group.map_or(
                Sides {
                    legacy: false,
                    modern: false,
                },
                |group| group.sides,
            );
            let held = state
                .group(&view.name)
                .is_some_and(|known| known.hold.is_some());
            let mut standing = GroupStanding {
                sides,
                held,
                routes: routes.collect(),
                proof: Proof::default(),
                answers: evidence::Answered::default(),
                saved: 0,
                legacy: Times::default(),
                modern: Times::default(),
                mirrored: Times::default(),
                view,
            };
            let mut asked: Vec<&str> = Vec::new();
            for route in &standing.routes {
                let answers = route.report.answers;
                standing.proof = standing.proof.plus(&route.proof);
                standing.answers = sum(standing.answers, answers);
                standing.legacy = standing.legacy.plus(&route.legacy);
                standing.modern = standing.modern.plus(&route.modern);
                standing.saved = standing.saved.saturating_add(route.report.spared);
                if let Some(backend) = &route.view.modern
                    && !asked.contains(&backend.as_str())
                    && let Some(times) = mirrors.get(backend.as_str())
                {
                    asked.push(backend);
                    standing.mirrored = standing.mirrored.plus(times);
                }
            }
            standing
        });
        Self {
            groups: groups.collect(),
            told: told(&parts),
        }
    }
}

fn told(parts: &evidence::Parts) -> String {
    let gateways = u64::try_from(parts.gateways.len()).unwrap_or(u64::MAX);
    let mut told = format!(
        "Calls and pairs are those of {}, kept over restarts",
        text::counted(gateways.max(1), "gateway")
    );
    if let Some(seconds) = parts.oldest_seconds {
        told.push_str(&format!(
            "; the one heard of longest ago wrote {} ago",
            match seconds {
                ..120 => format!("{seconds} s"),
                120..7_200 => format!("{} min", seconds / 60),
                7_200.. => format!("{} h", seconds / 3_600),
            }
        ));
    }
    if let Some(trouble) = &parts.trouble {
        told.push_str(&format!("; not all of it: {trouble}"));
    }
    told.push('.');
    told
}

fn sum(one: evidence::Answered, other: evidence::Answered) -> evidence::Answered {
    evidence::Answered {
        legacy: one.legacy.saturating_add(other.legacy),
        modern: one.modern.saturating_add(other.modern),
        gateway: one.gateway.saturating_add(other.gateway),
        fallbacks: one.fallbacks.saturating_add(other.fallbacks),
        server_errors: one.server_errors.saturating_add(other.server_errors),
    }
}

/// Who answered so far, by group: what the trend is made of.
pub(super) fn answered(shared: &Shared) -> Vec<(Arc<str>, Answered)> {
    let table = shared.subjects.table();
    let report = shared.evidence.report(None);
    let answers: HashMap<&str, evidence::Answered> = report
        .routes
        .iter()
        .map(|route| (&*route.route, route.answers))
        .collect();
    let mut groups: Vec<_> = table
        .groups()
        .iter()
        .map(|group| (Arc::clone(&group.name), Answered::default()))
        .collect();
    for route in table.routes() {
        let answers = answers.get(&*route.name).copied().unwrap_or_default();
        if let Some((_, all)) = groups.get_mut(route.group.0) {
            *all = all.plus(Answered {
                legacy: answers.legacy,
                modern: answers.modern,
            });
        }
    }
    groups
}

/// The part of keys that modern answers in a mode, percent.
pub(super) fn share(mode: Mode) -> u8 {
    match mode {
        Mode::Legacy | Mode::Shadow => 0,
        Mode::Canary { percent } => percent.get(),
        Mode::Modern | Mode::Retired => 100,
    }
}

/// What stands for a mode beside its word: full where modern answers, empty where legacy does.
pub(super) fn glyph(mode: Mode) -> &'static str {
    match mode {
        Mode::Legacy => "–",
        Mode::Shadow => "○",
        Mode::Canary { .. } => "◐",
        Mode::Modern => "●",
        Mode::Retired => "■",
    }
}

/// The time within which all but one of a hundred requests were answered.
pub(super) fn p99(times: &Times) -> Option<String> {
    let seconds = times.within(0.99)?;
    Some(if seconds.is_finite() {
        text::took(seconds)
    } else {
        "> 30 s".to_owned()
    })
}
