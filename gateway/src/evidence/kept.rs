//! What one gateway has found and keeps: each route's counts, and what was added of its own earlier runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::Limits;
use super::live::LiveState;
use super::part::{self, Part};
use super::state::{Kept as Most, RouteState, bump};
use super::tally::Tally;
use crate::compare::Noisy;

/// So many earlier runs are remembered as taken up; more are left as they are.
const ABSORBED: usize = 64;
/// Above so many, those of which nothing is kept any more are forgotten.
const MANY: usize = 32;

/// All routes of this gateway.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) routes: BTreeMap<Arc<str>, OfRoute>,
    /// How many of them have findings.
    pub(super) found: usize,
    /// Findings of routes beyond the limit.
    pub(super) overflow: u64,
    /// The instance name.
    pub(super) gateway: String,
    /// This run of it.
    pub(super) run: Uuid,
    /// When it began, in milliseconds since 1970.
    pub(super) began: u64,
}

/// What is kept of a route.
#[derive(Debug, Default)]
pub(super) struct OfRoute {
    pub(super) answers: Arc<Tally>,
    pub(super) findings: Option<Box<RouteState>>,
    /// Fields whose noise is above what the route allows.
    pub(super) noisy: Arc<Noisy>,
    /// How often it was cleared, by any gateway.
    pub(super) epoch: u64,
    /// What earlier runs have counted; their findings are in `findings`.
    base: LiveState,
    /// Those runs.
    absorbed: BTreeSet<Uuid>,
    /// Since when is counted, if not since this run began.
    since: Option<u64>,
    /// When legacy was seen to have been asked last, and modern to have answered; and their counts then.
    last: [(u64, Option<u64>); 2],
    /// Changes with each finding.
    changes: u64,
    /// How far it has been written down.
    written: Option<Mark>,
    /// How often it was.
    writes: u64,
}

/// A state of what is kept of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    seen: u64,
    changes: u64,
}

impl Kept {
    pub(super) fn new(began: u64) -> Self {
        Self {
            routes: BTreeMap::new(),
            found: 0,
            overflow: 0,
            gateway: String::new(),
            run: Uuid::new_v4(),
            began,
        }
    }

    /// Changes what is kept of a route; it gets none of one beyond the limit, which is counted.
    pub(super) fn with(
        &mut self,
        name: &Arc<str>,
        rules: &str,
        limits: Limits,
        change: impl FnOnce(Option<(&mut RouteState, &mut Arc<Noisy>)>, Most),
    ) {
        let of_route = self.routes.entry(Arc::clone(name)).or_default();
        bump(&mut of_route.changes);
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

    /// Forgets what is counted of those routes, or of all.
    pub(super) fn clear(&mut self, route: Option<&str>, at: u64) {
        for (name, of_route) in &mut self.routes {
            if route.is_none_or(|route| route == name.as_ref()) {
                let had = usize::from(of_route.findings.is_some());
                self.found = self.found.saturating_sub(had);
                of_route.clear(at);
            }
        }
        if route.is_none() {
            self.overflow = 0;
        }
    }

    /// A route was cleared for so many times: what was counted before is forgotten, unless all of it came after.
    pub(super) fn cleared(&mut self, name: &str, epoch: u64, at: u64, came_after: bool) {
        let of_route = self.routes.entry(Arc::from(name)).or_default();
        if of_route.epoch >= epoch {
            return;
        }
        of_route.epoch = epoch;
        bump(&mut of_route.changes);
        if !came_after {
            let had = usize::from(of_route.findings.is_some());
            self.found = self.found.saturating_sub(had);
            of_route.clear(at);
        }
    }

    /// Everything is counted anew, as another run: this one's counts have been added to somebody else's.
    pub(super) fn begin_anew(&mut self, at: u64) {
        self.run = Uuid::new_v4();
        self.began = at;
        for of_route in self.routes.values_mut() {
            of_route.clear(at);
            of_route.absorbed.clear();
            of_route.since = None;
        }
        self.found = 0;
    }

    /// Routes with many earlier runs.
    pub(super) fn with_many_runs(&self) -> Vec<Arc<str>> {
        let many = self.routes.iter();
        let many = many.filter(|(_, of_route)| of_route.absorbed.len() > MANY);
        many.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// Forgets the earlier runs of a route but these.
    pub(super) fn forget_runs(&mut self, route: &str, but: &BTreeSet<Uuid>) {
        if let Some(of_route) = self.routes.get_mut(route) {
            of_route.absorbed.retain(|run| but.contains(run));
            bump(&mut of_route.changes);
        }
    }

    /// Takes up what an earlier run has found.
    pub(super) fn absorb(&mut self, part: &Part, limits: Limits) {
        let of_route = self.routes.entry(Arc::from(&*part.route)).or_default();
        let more = part.absorbed.len().saturating_add(1);
        let full = of_route.absorbed.len().saturating_add(more) > ABSORBED;
        if of_route.absorbed.contains(&part.run) || full {
            return;
        }
        of_route.absorbed.insert(part.run);
        of_route.absorbed.extend(&part.absorbed);
        bump(&mut of_route.changes);
        of_route.epoch = of_route.epoch.max(part.epoch);
        if part.epoch < of_route.epoch {
            return;
        }
        of_route.base.merge(&part.live);
        of_route.since = Some(of_route.since.unwrap_or(self.began).min(part.since));
        match (&mut of_route.findings, &part.found) {
            // Found by other rules it does not add up: it is dropped.
            (Some(own), Some(found)) => drop(own.merge(found, limits.of_route())),
            (none, Some(found)) if self.found < limits.routes => {
                self.found = self.found.saturating_add(1);
                *none = Some(Box::new(found.clone()));
            }
            _ => {}
        }
    }

    /// What this run has found about a route, earlier ones that it has taken up included.
    pub(super) fn part(&self, name: &Arc<str>) -> Option<Part> {
        let of_route = self.routes.get(name)?;
        let since = of_route.since.unwrap_or(self.began);
        Some(Part {
            v: part::VERSION,
            gateway: self.gateway.clone(),
            run: self.run,
            count: of_route.writes,
            route: name.to_string(),
            epoch: of_route.epoch,
            at: 0,
            since,
            absorbed: of_route.absorbed.iter().copied().collect(),
            live: of_route.live(),
            found: of_route.findings.as_deref().cloned(),
            shortened: false,
        })
    }

    /// Routes that are not written down as they are, least written first; and looks when sides were asked last.
    pub(super) fn unwritten(&mut self, at: u64) -> Vec<(Arc<str>, u64)> {
        let mut found = Vec::new();
        for (name, of_route) in &mut self.routes {
            of_route.look(at);
            if of_route.written != Some(of_route.mark()) && !of_route.is_empty() {
                found.push((Arc::clone(name), of_route.writes));
            }
        }
        found.sort_by_key(|(_, writes)| *writes);
        found
    }

    /// The part that is to be written, and what it is of.
    pub(super) fn next_part(&mut self, name: &Arc<str>, at: u64) -> Option<(Part, Mark)> {
        let of_route = self.routes.get_mut(name)?;
        bump(&mut of_route.writes);
        let mark = of_route.mark();
        let part = self.part(name)?;
        Some((Part { at, ..part }, mark))
    }

    /// It is written down.
    pub(super) fn wrote(&mut self, name: &Arc<str>, mark: Mark) {
        if let Some(of_route) = self.routes.get_mut(name) {
            of_route.written = Some(mark);
        }
    }

    /// Nothing that was written down is there any more.
    pub(super) fn write_anew(&mut self) {
        for of_route in self.routes.values_mut() {
            of_route.written = None;
        }
    }

    /// Whether an earlier run is in what was written down last.
    pub(super) fn has_written(&self, route: &str, run: &Uuid) -> bool {
        self.routes.get(route).is_some_and(|of_route| {
            of_route.absorbed.contains(run) && of_route.written == Some(of_route.mark())
        })
    }
}

impl OfRoute {
    /// What clients got, earlier runs included.
    pub(super) fn live(&self) -> LiveState {
        let mut live = self.answers.shown();
        live.last_legacy = self.last[0].1;
        live.last_modern = self.last[1].1;
        live.merge(&self.base);
        live
    }

    fn mark(&self) -> Mark {
        Mark {
            seen: self.answers.seen(),
            changes: self.changes,
        }
    }

    /// Nothing was ever counted, cleared or taken up.
    fn is_empty(&self) -> bool {
        self.mark()
            == Mark {
                seen: 0,
                changes: 0,
            }
    }

    fn look(&mut self, at: u64) {
        let [legacy, modern] = self.answers.asked();
        for (last, now) in self.last.iter_mut().zip([legacy, modern]) {
            if now != last.0 {
                *last = (now, Some(at));
            }
        }
    }

    fn clear(&mut self, at: u64) {
        self.look(at);
        let live = self.live();
        self.answers.clear();
        self.last = [(0, live.last_legacy), (0, live.last_modern)];
        self.findings = None;
        self.noisy = Arc::default();
        // When legacy was asked last is no evidence that a new version makes worthless: `last` has it.
        self.base = LiveState::default();
        self.since = Some(at);
        bump(&mut self.changes);
    }
}
