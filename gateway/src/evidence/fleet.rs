//! Evidence of a whole fleet, as one gateway sees it: its own counts from memory, the others' as they have written them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::heard::{Heard, Merged, Reading, Told, Wanted};
use super::kept::Mark;
use super::part::{Cleared, Part, Said};
use super::report::{ClearedReport, GatewayPart, Parts, Report, RouteReport};
use super::totals::{self, FleetUnknown, RouteTotals, Totals, VariantTotals};
use super::{Evidence, millis};
use crate::control::key::KeyId;
use crate::route::{Route, Table};

/// Whose evidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Of {
    /// All gateways', also of those that are gone.
    #[default]
    Fleet,
    /// This gateway's alone, its earlier runs included.
    This,
}

impl Of {
    /// As it stands in a query.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::This => "this",
        }
    }
}

/// Who wants evidence forgotten, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    /// The routes.
    pub routes: Vec<Arc<str>>,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// A change reference.
    pub change: Option<String>,
}

/// Why evidence was not cleared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCleared {
    /// It could not be written that it is.
    #[error("evidence was not cleared: {0}")]
    NotWritten(String),
    /// It was written, and has not been read back: it may be cleared yet.
    #[error("whether evidence is cleared is not known yet: {0}")]
    Unknown(String),
}

/// What the task that keeps evidence is asked for.
#[derive(Debug)]
pub(super) enum Asked {
    /// To clear.
    Clear(Clearing, oneshot::Sender<Result<(), NotCleared>>),
    /// To write what there is, now.
    Write(oneshot::Sender<()>),
}

/// Whether a key signs for a gateway.
type Signs = dyn Fn(&KeyId, &str) -> bool + Send + Sync;

/// How evidence is kept beside memory, once it is.
pub(super) struct Keeping {
    pub(super) asks: mpsc::Sender<Asked>,
    pub(super) signs: Box<Signs>,
    /// Why what others write does not come, while it does not.
    pub(super) trouble: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// Where it is kept.
    pub(super) store: &'static str,
}

impl std::fmt::Debug for Keeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeping")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Evidence {
    /// What the fleet has counted of a group's routes, each variant that they declare included. This gateway's own counts are of now.
    ///
    /// # Errors
    /// It is not known what the others have found: nobody should judge by a part of it.
    pub fn fleet_totals(&self, table: &Table, group: &str) -> Result<Totals, FleetUnknown> {
        self.reach()?;
        let mut totals = Totals {
            version: totals::VERSION,
            ..Totals::default()
        };
        let of_group = |route: &&Arc<Route>| {
            let known = table.group(route.group);
            known.is_some_and(|known| *known.name == *group)
        };
        for route in table.routes().filter(of_group) {
            let merged = self.merged(&route.name, Some(route.compare.digest()), Of::Fleet);
            totals.gateways.extend(merged.gateways.keys().cloned());
            totals
                .routes
                .insert(route.name.to_string(), of_route(route, merged));
        }
        Ok(totals)
    }

    /// What the routes of a table, or one of them, have shown: of the whole fleet, or of this gateway alone.
    #[must_use]
    pub fn report_of(&self, table: &Table, only: Option<&str>, of: Of) -> Report {
        let rules: BTreeMap<&str, &str> = table
            .routes()
            .map(|route| (&*route.name, route.compare.digest()))
            .collect();
        let names: BTreeSet<Arc<str>> = {
            let own: Vec<_> = self.lock().routes.keys().cloned().collect();
            let heard = self.heard_lock();
            let others = heard.routes().map(Arc::from);
            others.chain(own).collect()
        };
        let mut gateways: BTreeMap<String, GatewayPart> = BTreeMap::new();
        let (mut routes, mut strangers) = (Vec::new(), 0_u64);
        for name in names {
            if only.is_some_and(|only| only != &*name) {
                continue;
            }
            let merged = self.merged(&name, rules.get(&*name).copied(), of);
            strangers = strangers.saturating_add(merged.strangers);
            let me = self.gateway();
            for (gateway, at) in &merged.gateways {
                let part = gateways
                    .entry(gateway.clone())
                    .or_insert_with(|| GatewayPart {
                        gateway: gateway.clone(),
                        this: *gateway == me,
                        routes: 0,
                        written: None,
                    });
                part.routes = part.routes.saturating_add(1);
                part.written = part.written.max(*at);
            }
            if merged.found.is_none() && merged.live == super::live::LiveState::default() {
                continue;
            }
            let noisy = self.noisy(&name);
            let mut report = RouteReport::merged(&name, &merged, &noisy, self.limits.of_route());
            report.cleared = self.heard_lock().cleared(&name).map(ClearedReport::of);
            routes.push(report);
        }
        let now = millis(SystemTime::now());
        let oldest = gateways.values().filter(|part| !part.this);
        let oldest = oldest.filter_map(|part| part.written).min();
        let overflow = self.heard_lock().overflow();
        Report {
            routes,
            overflow: self.lock().overflow,
            parts: Parts {
                of: of.as_str(),
                kept: self.keeping.get().map_or("memory", |keeping| keeping.store),
                oldest_seconds: oldest.map(|at| now.saturating_sub(at) / 1_000),
                gateways: gateways.into_values().collect(),
                strangers,
                overflow,
                trouble: self.reach().err().map(|why| why.to_string()),
            },
        }
    }

    /// A route of which anything is known, also where no file has it any more.
    #[must_use]
    pub fn route(&self, name: &str) -> Option<Arc<str>> {
        let kept = self.lock();
        let own = kept.routes.get_key_value(name);
        let own = own.map(|(name, _)| Arc::clone(name));
        drop(kept);
        own.or_else(|| {
            let heard = self.heard_lock();
            heard.has(name).then(|| Arc::from(name))
        })
    }

    /// Has evidence forgotten on every gateway. Returns when this gateway has read back that it is.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn clear_everywhere(&self, clearing: Clearing) -> Result<(), NotCleared> {
        let Some(keeping) = self.keeping.get() else {
            for route in &clearing.routes {
                self.clear(Some(route));
            }
            return Ok(());
        };
        let ended = || NotCleared::NotWritten("the gateway is ending".to_owned());
        let (tell, told) = oneshot::channel();
        let sent = keeping.asks.send(Asked::Clear(clearing, tell)).await;
        sent.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }

    /// Has what was counted written down now where that is in the gateway's folder: before another gateway has it.
    pub(crate) async fn write_down(&self) {
        let keeping = self.keeping.get();
        if let Some(keeping) = keeping.filter(|keeping| keeping.store == "file") {
            let (tell, told) = oneshot::channel();
            if keeping.asks.send(Asked::Write(tell)).await.is_ok() {
                told.await.ok();
            }
        }
    }

    /// Whether it is known what other gateways have found; if not, why.
    fn reach(&self) -> Result<(), FleetUnknown> {
        match self.heard_lock().reading() {
            Reading::Alone => return Ok(()),
            Reading::Whole => {}
            Reading::Begun => return Err(FleetUnknown::NotYet),
            Reading::Behind(why) => return Err(FleetUnknown::OutOfReach(why.clone())),
            Reading::Stopped(why) => return Err(FleetUnknown::Unreadable(why.clone())),
        }
        let keeping = self.keeping.get();
        match keeping.and_then(|keeping| (keeping.trouble)()) {
            Some(why) => Err(FleetUnknown::OutOfReach(why)),
            None => Ok(()),
        }
    }

    fn merged(&self, route: &Arc<str>, rules: Option<&str>, of: Of) -> Merged {
        let kept = self.lock();
        let own = kept.part(route).map(|part| Part {
            at: millis(SystemTime::now()),
            ..part
        });
        let (gateway, run) = (kept.gateway.clone(), kept.run);
        drop(kept);
        let signs = |key: &KeyId, name: &str| {
            let keeping = self.keeping.get();
            keeping.is_none_or(|keeping| (keeping.signs)(key, name))
        };
        let wanted = Wanted {
            route,
            rules,
            gateway: &gateway,
            run: &run,
            all: of == Of::Fleet,
            signs: &signs,
        };
        self.heard_lock()
            .merged(&wanted, own.as_ref(), self.limits.of_route())
    }

    /// The instance name that evidence is kept under.
    pub(super) fn gateway(&self) -> String {
        self.lock().gateway.clone()
    }

    pub(super) fn run(&self) -> Uuid {
        self.lock().run
    }

    /// It is kept under that name from now on, by that run.
    pub(super) fn is_kept(&self, gateway: &str, run: Uuid, keeping: Keeping) {
        let mut kept = self.lock();
        kept.gateway = gateway.to_owned();
        kept.run = run;
        drop(kept);
        // Only ever once.
        self.keeping.set(keeping).ok();
    }

    /// Whether it has a key that signs for that gateway.
    pub(super) fn knows(&self, key: Option<&KeyId>, gateway: &str) -> bool {
        let keeping = self.keeping.get();
        key.is_none_or(|key| keeping.is_none_or(|keeping| (keeping.signs)(key, gateway)))
    }

    /// Takes a record of what is kept.
    pub(super) fn hears(&self, said: Said, key: Option<KeyId>) {
        let kept = self.lock();
        let (gateway, run, began) = (kept.gateway.clone(), kept.run, kept.began);
        drop(kept);
        let mut heard = self.heard_lock();
        let first = *heard.reading() == Reading::Begun;
        let told = heard.take(said, key, (&gateway, &run), Instant::now());
        drop(heard);
        match told {
            Told::Nothing => {}
            Told::Cleared { route, epoch, at } => {
                let came_after = first && at <= began;
                let now = millis(SystemTime::now());
                self.lock().cleared(&route, epoch, now, came_after);
                self.findings.send_modify(super::state::bump);
            }
            Told::TakenForDead => {
                tracing::warn!(
                    gateway,
                    "another gateway of this name has taken up what this one had counted: it counts anew; give gateways names of their own"
                );
                self.lock().begin_anew(millis(SystemTime::now()));
            }
        }
    }

    /// Takes up what earlier runs of this gateway have left.
    pub(super) fn takes_up(&self, there: &HashSet<Uuid>, quiet: Duration) {
        let (gateway, run) = (self.gateway(), self.run());
        let now = Instant::now();
        let left = self.heard_lock().left(&gateway, &run, there, quiet, now);
        let mut kept = self.lock();
        for part in &left {
            kept.absorb(part, self.limits);
        }
        let many = kept.with_many_runs();
        drop(kept);
        for route in many {
            let runs = self.heard_lock().runs(&route, &gateway);
            self.lock().forget_runs(&route, &runs);
        }
    }

    /// Keys of records that say nothing any more: of earlier runs that are in what this one has written.
    pub(super) fn done_with(&self) -> Vec<(String, Uuid)> {
        let (gateway, run) = (self.gateway(), self.run());
        let mut done = self.heard_lock().done_with(&gateway, &run);
        let kept = self.lock();
        done.retain(|(route, of)| kept.has_written(route, of));
        done
    }

    /// What is to be written, at most so many routes; nothing before it is known what was cleared.
    pub(super) fn to_write(&self, most: usize) -> Vec<(Arc<str>, Part, Mark)> {
        if let Reading::Begun | Reading::Stopped(_) = self.heard_lock().reading() {
            return Vec::new();
        }
        let now = millis(SystemTime::now());
        let mut kept = self.lock();
        let names = kept.unwritten(now);
        let names = names.into_iter().take(most).map(|(name, _)| name);
        names
            .filter_map(|name| {
                let (part, mark) = kept.next_part(&name, now)?;
                Some((name, part, mark))
            })
            .collect()
    }

    pub(super) fn wrote(&self, name: &Arc<str>, mark: Mark) {
        self.lock().wrote(name, mark);
    }

    /// What was written is not there any more.
    pub(super) fn is_written_anew(&self) {
        self.lock().write_anew();
    }

    /// That a route is cleared, as it is written.
    pub(super) fn clearing(&self, route: &str, clearing: &Clearing) -> Cleared {
        let own = self.lock().routes.get(route).map_or(0, |kept| kept.epoch);
        let known = self.heard_lock().epoch(route);
        Cleared {
            v: super::part::VERSION,
            route: route.to_owned(),
            epoch: known.max(own).saturating_add(1),
            at: millis(SystemTime::now()),
            gateway: self.gateway(),
            who: clearing.who.clone(),
            why: clearing.why.clone(),
            change: clearing.change.clone(),
        }
    }

    /// How often a route has been cleared here.
    pub(super) fn epoch(&self, route: &str) -> u64 {
        self.lock().routes.get(route).map_or(0, |kept| kept.epoch)
    }

    pub(super) fn heard_lock(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn of_route(route: &Route, merged: Merged) -> RouteTotals {
    let mut totals = RouteTotals::of_live(merged.live);
    route.compare.digest().clone_into(&mut totals.rules);
    totals.epoch = merged.epoch;
    totals.other_rules = merged.other_rules;
    if let Some(found) = &merged.found {
        let dropped = found.dropped.values();
        totals.dropped = dropped.fold(0, |sum, count| sum.saturating_add(*count));
        let variants = found.variants.iter();
        totals.variants = variants
            .map(|(name, variant)| (name.clone(), VariantTotals::from(variant)))
            .collect();
    }
    for declared in route.compare.variants() {
        totals.variants.entry(declared.to_string()).or_default();
    }
    totals
}
