//! What is counted for each request: by route, and by backend. Found by name once, for a reload; then added to without a lock.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use fnv::FnvBuildHasher;
use http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::seconds::{Seconds, Times};
use super::{BACKEND_REQUESTS, BACKEND_SECONDS, REQUEST_SECONDS, REQUESTS};
use crate::error::BackendErrorKind;
use crate::evidence::Tally;
use crate::route::Side;

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const SIDES: [&str; 3] = ["legacy", "modern", "gateway"];

/// How many answers of each class.
#[derive(Debug, Default)]
struct Classes([AtomicU64; CLASSES.len()]);

impl Classes {
    fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        if let Some(count) = self.0.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those that there were.
    fn shown(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        CLASSES
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
    }
}

/// Requests of one route.
#[derive(Debug, Default)]
pub struct RouteTally {
    /// As [`SIDES`].
    sides: [Answers; SIDES.len()],
    /// Those whose clients did not wait.
    left: AtomicU64,
    /// The same route's elsewhere, found when there is a first request.
    evidence: OnceLock<Arc<Tally>>,
}

#[derive(Debug, Default)]
struct Answers {
    classes: Classes,
    seconds: Seconds,
}

impl RouteTally {
    /// Counts an answer; nobody's is ours.
    pub fn answered(&self, side: Option<Side>, status: StatusCode, took: Duration) {
        let [legacy, modern, gateway] = &self.sides;
        let answers = match side {
            Some(Side::Legacy) => legacy,
            Some(Side::Modern) => modern,
            None => gateway,
        };
        answers.classes.count(status);
        answers.seconds.observe(took);
    }
}

/// How it stands among the classes of answers that a client did not wait for one, as in the access log.
const LEFT: &str = "499";
/// And among what came of asking a backend.
const GIVEN_UP: &str = "given_up";

/// Whom a backend is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedFor {
    /// A client, who waits.
    Client,
    /// The mirror, which compares.
    Mirror,
}

/// Requests to one backend.
#[derive(Debug, Default)]
pub struct BackendTally {
    client: Asked,
    mirror: Asked,
}

#[derive(Debug, Default)]
struct Asked {
    classes: Classes,
    /// Seldom: a lock does not matter.
    failures: Mutex<BTreeMap<&'static str, u64>>,
    seconds: Seconds,
    /// Those that nobody waited for any more.
    given_up: AtomicU64,
}

impl BackendTally {
    /// Counts a request to it and what came of it, up to the head of its answer.
    pub fn asked(
        &self,
        asked_for: AskedFor,
        came: Result<StatusCode, BackendErrorKind>,
        took: Duration,
    ) {
        let asked = self.of(asked_for);
        match came {
            Ok(status) => asked.classes.count(status),
            Err(kind) => *asked.failures().entry(kind.as_str()).or_default() += 1,
        }
        asked.seconds.observe(took);
    }

    /// Counts a request to it of which nobody waited for the answer.
    pub fn given_up(&self, asked_for: AskedFor) {
        self.of(asked_for).given_up.fetch_add(1, Ordering::Relaxed);
    }

    fn of(&self, asked_for: AskedFor) -> &Asked {
        match asked_for {
            AskedFor::Client => &self.client,
            AskedFor::Mirror => &self.mirror,
        }
    }
}

impl Asked {
    fn failures(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of a kind, by name. Names that the file no longer has keep what was counted.
#[derive(Debug)]
struct ByName<T>(Mutex<BTreeMap<Arc<str>, Arc<T>>>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> ByName<T> {
    fn one(&self, name: &Arc<str>) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(Arc::clone(name)).or_default())
    }

    fn all(&self) -> Vec<(Arc<str>, Arc<T>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let both = |(name, one): (&Arc<str>, &Arc<T>)| (Arc::clone(name), Arc::clone(one));
        all.iter().map(both).collect()
    }
}

/// How long requests took since the gateway began.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// By route, by name.
    pub routes: Vec<RouteTaken>,
    /// Mirrored ones, by backend: up to the head of its answer.
    pub mirrors: Vec<(Arc<str>, Times)>,
}

/// How long a route's clients waited for the head of their answer.
#[derive(Debug, Clone)]
pub struct RouteTaken {
    /// The route.
    pub route: Arc<str>,
    /// Where legacy answered.
    pub legacy: Times,
    /// Where modern did.
    pub modern: Times,
}

/// All routes and backends there ever were.
#[derive(Debug, Default)]
pub(super) struct All {
    routes: ByName<RouteTally>,
    backends: ByName<BackendTally>,
    /// What no route took.
    pub(super) none: RouteTally,
}

impl All {
    pub(super) fn of<'a>(
        &self,
        routes: impl IntoIterator<Item = &'a Arc<str>>,
        backends: impl IntoIterator<Item = &'a Arc<str>>,
    ) -> Tallies {
        let route = |name: &Arc<str>| (Arc::clone(name), self.routes.one(name));
        Tallies {
            routes: Arc::new(routes.into_iter().map(route).collect()),
            backends: backends
                .into_iter()
                .map(|name| self.backends.one(name))
                .collect(),
        }
    }

    /// How long requests took, by route and side, and mirrored ones by backend.
    pub(super) fn taken(&self) -> Taken {
        let routes = self.routes.all().into_iter().map(|(route, tally)| {
            let [legacy, modern, _] = &tally.sides;
            RouteTaken {
                route,
                legacy: legacy.seconds.times(),
                modern: modern.seconds.times(),
            }
        });
        let backends = self.backends.all().into_iter();
        Taken {
            routes: routes.collect(),
            mirrors: backends
                .map(|(name, tally)| (name, tally.mirror.seconds.times()))
                .collect(),
        }
    }

    fn encode_routes(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let named = self.routes.all();
        let named = named.iter().map(|(name, tally)| (&**name, &**tally));
        let routes: Vec<_> = [("", &self.none)].into_iter().chain(named).collect();
        let mut requests =
            encoder.encode_descriptor(REQUESTS, "Requests answered", None, MetricType::Counter)?;
        for (route, tally) in &routes {
            for (side, answers) in SIDES.iter().zip(&tally.sides) {
                for (status, count) in answers.classes.shown() {
                    let labels = [("route", *route), ("side", side), ("status", status)];
                    let mut one = requests.encode_family(&labels)?;
                    one.encode_counter::<[(&str, &str); 0], _, u64>(&count, None)?;
                }
            }
            let left = tally.left.load(Ordering::Relaxed);
            if left > 0 {
                let labels = [("route", *route), ("side", "gateway"), ("status", LEFT)];
                let mut one = requests.encode_family(&labels)?;
                one.encode_counter::<[(&str, &str); 0], _, u64>(&left, None)?;
            }
        }
        let mut seconds = encoder.encode_descriptor(
            REQUEST_SECONDS,
            "Time from a request's head to its answer's",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (route, tally) in &routes {
            for (side, answers) in SIDES.iter().zip(&tally.sides) {
                let shown = answers.seconds.shown();
                if shown.count > 0 {
                    let labels = [("route", *route), ("side", side)];
                    let mut one = seconds.encode_family(&labels)?;
                    one.encode_histogram::<[(&str, &str); 0]>(
                        shown.sum,
                        shown.count,
                        &shown.buckets,
                        None,
                    )?;
                }
            }
        }
        Ok(())
    }

    fn encode_backends(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let named = self.backends.all();
        let asked: Vec<_> = named
            .iter()
            .flat_map(|(name, tally)| {
                [("client", &tally.client), ("mirror", &tally.mirror)]
                    .map(|(asked_for, asked)| (&**name, asked_for, asked))
            })
            .collect();
        let mut requests = encoder.encode_descriptor(
            BACKEND_REQUESTS,
            "Requests to backends, by what came of them",
            None,
            MetricType::Counter,
        )?;
        for (backend, asked_for, asked) in &asked {
            let failures = asked.failures().clone();
            let given_up = asked.given_up.load(Ordering::Relaxed);
            let given_up = Some((GIVEN_UP, given_up)).filter(|_| given_up > 0);
            for (result, count) in asked.classes.shown().chain(failures).chain(given_up) {
                let labels = [
                    ("backend", *backend),
                    ("asked_for", asked_for),
                    ("result", result),
                ];
                let mut one = requests.encode_family(&labels)?;
                one.encode_counter::<[(&str, &str); 0], _, u64>(&count, None)?;
            }
        }
        let mut seconds = encoder.encode_descriptor(
            BACKEND_SECONDS,
            "Time from asking a backend to the head of its answer",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (backend, asked_for, asked) in &asked {
            let shown = asked.seconds.shown();
            if shown.count > 0 {
                let labels = [("backend", *backend), ("asked_for", asked_for)];
                let mut one = seconds.encode_family(&labels)?;
                one.encode_histogram::<[(&str, &str); 0]>(
                    shown.sum,
                    shown.count,
                    &shown.buckets,
                    None,
                )?;
            }
        }
        Ok(())
    }
}

/// Those of one configuration. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tallies {
    /// Looked up for each request, by names out of the file: a hash that nobody can attack is not needed.
    routes: Arc<HashMap<Arc<str>, Arc<RouteTally>, FnvBuildHasher>>,
    backends: Arc<[Arc<BackendTally>]>,
}

impl Tallies {
    /// Where requests of a route are counted; nowhere if there is no such route.
    #[must_use]
    pub fn of(&self, route: &str) -> Counts {
        Counts {
            route: self.routes.get(route).cloned(),
            backends: Arc::clone(&self.backends),
        }
    }
}

/// Where one request is counted. Cheap to clone; the default counts nowhere.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    route: Option<Arc<RouteTally>>,
    backends: Arc<[Arc<BackendTally>]>,
}

impl Counts {
    /// As [`RouteTally::answered`].
    pub fn answered(&self, side: Option<Side>, status: StatusCode, took: Duration) {
        if let Some(route) = &self.route {
            route.answered(side, status, took);
        }
    }

    /// Where the route's requests are counted as evidence; asked for by name once. None where it is counted nowhere.
    pub fn evidence(&self, found: impl FnOnce() -> Arc<Tally>) -> Option<&Tally> {
        let route = self.route.as_ref()?;
        Some(route.evidence.get_or_init(found))
    }

    /// Counts a request whose client did not wait for the answer.
    pub fn left(&self) {
        if let Some(route) = &self.route {
            route.left.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// As [`BackendTally::given_up`], of the backend in that place.
    pub fn given_up(&self, backend: usize, asked_for: AskedFor) {
        if let Some(backend) = self.backends.get(backend) {
            backend.given_up(asked_for);
        }
    }

    /// As [`BackendTally::asked`], of the backend in that place.
    pub fn asked(
        &self,
        backend: usize,
        asked_for: AskedFor,
        came: Result<StatusCode, BackendErrorKind>,
        took: Duration,
    ) {
        if let Some(backend) = self.backends.get(backend) {
            backend.asked(asked_for, came, took);
        }
    }
}

impl Collector for All {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_routes(&mut encoder)?;
        self.encode_backends(&mut encoder)
    }
}
