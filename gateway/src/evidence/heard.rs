//! What was read of the evidence that is kept: the last [`Part`] of each run of each gateway, and which routes were cleared. Pure.
//!
//! Records may come twice and in any order of keys: the last one of a key counts. What counts of a route is decided when somebody looks: parts from
//! before the route was cleared do not, nor those of a run that a later one of the same gateway has taken up.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::live::LiveState;
use super::part::{Cleared, Key, Part, Said};
use super::state::{Kept as Most, RouteState};
use crate::control::key::KeyId;

/// So many parts are kept; more than any fleet has.
const MOST: usize = 65_536;

/// All that was read.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// By route, then by gateway and run.
    parts: BTreeMap<String, BTreeMap<(String, Uuid), HeardPart>>,
    cleared: BTreeMap<String, Cleared>,
    count: usize,
    /// Parts beyond the limit.
    overflow: u64,
    /// Which reading it is: what the last one did not give any more is gone.
    round: u64,
    reading: Reading,
}

/// A part, and how it came.
#[derive(Debug, Clone)]
struct HeardPart {
    part: Part,
    /// Whose signature it has; none where nobody else can write.
    key: Option<KeyId>,
    at: Instant,
    round: u64,
}

/// How far what is kept has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// Nothing is kept but in memory.
    #[default]
    Alone,
    /// Not yet to its end.
    Begun,
    /// All of it.
    Whole,
    /// It was, and then the reading broke off: why.
    Behind(String),
    /// It cannot be read by this program: why.
    Stopped(String),
}

/// What a record changes for this gateway itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing.
    Nothing,
    /// A route was cleared for so many times, then.
    Cleared { route: String, epoch: u64, at: u64 },
    /// Another run has taken this one for dead, and its counts up.
    TakenForDead,
}

/// What several gateways found about one route.
#[derive(Debug, Clone, Default)]
pub(super) struct Merged {
    pub(super) live: LiveState,
    pub(super) found: Option<RouteState>,
    pub(super) since: Option<u64>,
    /// Gateways whose findings are of other rules, and are not in here.
    pub(super) other_rules: BTreeSet<String>,
    /// By gateway, when its part was written; none of one that shows it from memory.
    pub(super) gateways: BTreeMap<String, Option<u64>>,
    pub(super) epoch: u64,
    pub(super) shortened: bool,
    /// Parts that nobody known has signed.
    pub(super) strangers: u64,
}

impl Heard {
    /// A reading begins, from the first record.
    pub(super) fn begins(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.reading == Reading::Alone {
            self.reading = Reading::Begun;
        }
    }

    /// Everything that was there when the reading began has been read: what did not come is no more.
    pub(super) fn is_whole(&mut self) {
        if self.reading == Reading::Whole {
            return;
        }
        let round = self.round;
        for runs in self.parts.values_mut() {
            runs.retain(|_, heard| heard.round == round);
        }
        self.parts.retain(|_, runs| !runs.is_empty());
        self.count = self.parts.values().map(BTreeMap::len).sum();
        self.reading = Reading::Whole;
    }

    /// The reading broke off; what was read before stands.
    pub(super) fn broke_off(&mut self, why: &str) {
        if self.reading == Reading::Whole {
            self.reading = Reading::Behind(why.to_owned());
        }
    }

    /// There is something that this program does not know.
    pub(super) fn stops(&mut self, why: String) {
        self.reading = Reading::Stopped(why);
    }

    pub(super) fn reading(&self) -> &Reading {
        &self.reading
    }

    pub(super) fn overflow(&self) -> u64 {
        self.overflow
    }

    pub(super) fn routes(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    pub(super) fn has(&self, route: &str) -> bool {
        self.parts.contains_key(route)
    }

    pub(super) fn cleared(&self, route: &str) -> Option<&Cleared> {
        self.cleared.get(route)
    }

    /// How often a route was cleared, as far as anybody says.
    pub(super) fn epoch(&self, route: &str) -> u64 {
        let parts = self.parts.get(route).into_iter().flat_map(BTreeMap::values);
        let said = parts.map(|heard| heard.part.epoch).max().unwrap_or(0);
        said.max(self.cleared.get(route).map_or(0, |cleared| cleared.epoch))
    }

    /// Takes a record of the gateway `me`'s topic or file, which key has signed it.
    pub(super) fn take(
        &mut self,
        said: Said,
        key: Option<KeyId>,
        me: (&str, &Uuid),
        now: Instant,
    ) -> Told {
        match said {
            Said::Gone(Key::Cleared { route }) => {
                self.cleared.remove(&route);
                Told::Nothing
            }
            Said::Gone(Key::Part {
                route,
                gateway,
                run,
            }) => {
                if let Some(runs) = self.parts.get_mut(&route)
                    && runs.remove(&(gateway, run)).is_some()
                {
                    self.count = self.count.saturating_sub(1);
                    if runs.is_empty() {
                        self.parts.remove(&route);
                    }
                }
                Told::Nothing
            }
            Said::Cleared(cleared) => {
                let told = Told::Cleared {
                    route: cleared.route.clone(),
                    epoch: cleared.epoch,
                    at: cleared.at,
                };
                let known = self.epoch(&cleared.route);
                if cleared.epoch >= known {
                    self.cleared.insert(cleared.route.clone(), cleared);
                }
                told
            }
            Said::Part(part) => {
                let dead =
                    part.gateway == me.0 && part.run != *me.1 && part.absorbed.contains(me.1);
                self.put(*part, key, now);
                if dead {
                    Told::TakenForDead
                } else {
                    Told::Nothing
                }
            }
        }
    }

    fn put(&mut self, part: Part, key: Option<KeyId>, at: Instant) {
        let round = self.round;
        let runs = self.parts.entry(part.route.clone()).or_default();
        let name = (part.gateway.clone(), part.run);
        match runs.get_mut(&name) {
            // Of one run the later one counts, however it comes.
            Some(known) if known.part.count > part.count => known.round = round,
            Some(known) => {
                *known = HeardPart {
                    part,
                    key,
                    at,
                    round,
                };
            }
            None if self.count >= MOST => self.overflow = self.overflow.saturating_add(1),
            None => {
                self.count = self.count.saturating_add(1);
                let heard = HeardPart {
                    part,
                    key,
                    at,
                    round,
                };
                runs.insert(name, heard);
            }
        }
    }

    /// Parts of earlier runs of that gateway that can be taken up: of runs that are not there, of which nothing has come for a while.
    pub(super) fn left(
        &self,
        gateway: &str,
        run: &Uuid,
        there: &HashSet<Uuid>,
        quiet: Duration,
        now: Instant,
    ) -> Vec<Part> {
        let mut left = Vec::new();
        for runs in self.parts.values() {
            let own = || runs.iter().filter(|((name, _), _)| name == gateway);
            let absorbed = absorbed(own().map(|(_, heard)| &heard.part));
            let parts = own().filter(|((_, of), heard)| {
                of != run
                    && !there.contains(of)
                    && !absorbed.contains(of)
                    && now.saturating_duration_since(heard.at) >= quiet
            });
            left.extend(parts.map(|(_, heard)| heard.part.clone()));
        }
        left
    }

    /// The runs of that gateway of which there is a part.
    pub(super) fn runs(&self, route: &str, gateway: &str) -> BTreeSet<Uuid> {
        let runs = self.parts.get(route).into_iter().flat_map(BTreeMap::keys);
        let own = runs.filter(|(name, _)| name == gateway);
        own.map(|(_, run)| *run).collect()
    }

    /// Keys of parts of that gateway's earlier runs that are kept although another part has taken them up.
    pub(super) fn done_with(&self, gateway: &str, run: &Uuid) -> Vec<(String, Uuid)> {
        let mut done = Vec::new();
        for (route, runs) in &self.parts {
            let own = runs
                .keys()
                .filter(|(name, of)| name == gateway && of != run);
            done.extend(own.map(|(_, of)| (route.clone(), *of)));
        }
        done
    }

    /// What all parts of a route come to, with this gateway's own: of this gateway alone or of all, by these rules.
    pub(super) fn merged(&self, wanted: &Wanted<'_>, own: Option<&Part>, most: Most) -> Merged {
        let route = wanted.route;
        let epoch = self.epoch(route).max(own.map_or(0, |own| own.epoch));
        let mut merged = Merged {
            epoch,
            ..Merged::default()
        };
        let runs = self.parts.get(route);
        let others = runs.into_iter().flat_map(BTreeMap::values).filter(|heard| {
            let mine = heard.part.gateway == wanted.gateway;
            (!mine || heard.part.run != *wanted.run) && (mine || wanted.all)
        });
        let (known, strange): (Vec<_>, Vec<_>) = others.partition(|heard| {
            let key = heard.key.as_ref();
            key.is_none_or(|key| (wanted.signs)(key, &heard.part.gateway))
        });
        merged.strangers = u64::try_from(strange.len()).unwrap_or(u64::MAX);
        let all = known.iter().map(|heard| &heard.part).chain(own);
        // A run takes up only those of its own gateway.
        let mut taken_up: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
        for part in all.clone() {
            let of = taken_up.entry(part.gateway.as_str()).or_default();
            of.extend(&part.absorbed);
        }
        let counts: Vec<&Part> = all
            .filter(|part| {
                let dead = taken_up.get(part.gateway.as_str());
                part.epoch == epoch && !dead.is_some_and(|dead| dead.contains(&part.run))
            })
            .collect();
        let rules = wanted
            .rules
            .map(str::to_owned)
            .or_else(|| latest_rules(&counts));
        for part in counts {
            let memory = part.gateway == wanted.gateway && part.run == *wanted.run;
            let at = (!memory).then_some(part.at);
            merged
                .gateways
                .entry(part.gateway.clone())
                .and_modify(|known| *known = known.and_then(|known| at.map(|at| at.max(known))))
                .or_insert(at);
            merged.live.merge(&part.live);
            merged.since = Some(
                merged
                    .since
                    .map_or(part.since, |since| since.min(part.since)),
            );
            merged.shortened |= part.shortened;
            let (Some(found), Some(rules)) = (&part.found, &rules) else {
                continue;
            };
            let into = merged.found.get_or_insert_with(|| RouteState::new(rules));
            if into.merge(found, most).is_err() {
                merged.other_rules.insert(part.gateway.clone());
            }
        }
        merged
    }
}

/// What is asked for.
pub(super) struct Wanted<'w> {
    pub(super) route: &'w str,
    /// The rules that count; those of the latest part where nothing is said.
    pub(super) rules: Option<&'w str>,
    /// This gateway, and its run.
    pub(super) gateway: &'w str,
    pub(super) run: &'w Uuid,
    /// Of all gateways.
    pub(super) all: bool,
    /// Whether a key signs for a gateway.
    pub(super) signs: &'w dyn Fn(&KeyId, &str) -> bool,
}

fn absorbed<'p>(parts: impl Iterator<Item = &'p Part>) -> BTreeSet<Uuid> {
    parts
        .flat_map(|part| part.absorbed.iter().copied())
        .collect()
}

fn latest_rules(parts: &[&Part]) -> Option<String> {
    let with = parts
        .iter()
        .filter_map(|part| Some((part.at, part.found.as_ref()?)));
    let latest = with.max_by_key(|(at, found)| (*at, found.rules.clone()));
    latest.map(|(_, found)| found.rules.clone())
}
