//! Asking once more: views that were behind, and legacy that differs from itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use ops::config::Source;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Budget, Seen, Shared, find};
use crate::backend::{Ask, Backend, Call};
use crate::compare::NoiseRule;
use crate::config::Resolved;
use crate::control::State;
use crate::error::{BackendError, BackendErrorKind, Sent};
use crate::evidence::{Evidence, RouteReport};
use crate::exchange::Taken;
use crate::message::{Gathered, Response};
use crate::metrics::Metrics;
use crate::mirror::Job;
use crate::mode::Mode;
use crate::route::Side;
use crate::route::params::PathParams;
use crate::snapshot::Snapshot;

const ROUTES: &str = r#"
version = 1
[listen]
http = "127.0.0.1:0"
[kafka]
bootstrap = "127.0.0.1:1"
[control]
store = "file"
directory = "var"
[backends.old]
http = "http://127.0.0.1:1"
[backends.view]
view = { topic = "lots", key = { lot = "{lot}" }, max_staleness = "30s" }
[backends.new]
http = "http://127.0.0.1:1"
[[routes]]
name = "viewed"
match = { method = "GET", path = "/viewed/{lot}" }
response = "json"
legacy = "old"
modern = "view"
[routes.compare]
recheck = { after = "5s", times = 2 }
[[routes]]
name = "noisy"
match = { method = "GET", path = "/noisy/{lot}" }
response = "json"
legacy = "old"
modern = "new"
[routes.compare]
noise = { percent = 100, every = "1s", leave_out = 20 }
"#;

/// What a side says next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Says(&'static str),
    Behind,
}

/// A side that says one thing after the other, and nothing that was not expected.
#[derive(Default)]
struct Script(Mutex<VecDeque<Step>>);

impl Call for Script {
    async fn call(&self, ask: Box<Ask>) -> Result<Response, BackendError> {
        assert!(ask.shadow);
        let step = self.0.lock().unwrap().pop_front();
        match step.expect("it was asked too often") {
            Step::Says(body) => Ok(Response::of(StatusCode::OK, "application/json", body)),
            Step::Behind => Err(BackendError::new(BackendErrorKind::Stale, Sent::No)),
        }
    }
}

struct World {
    resolved: Resolved,
    shared: Shared,
}

impl World {
    fn new() -> Self {
        let path = std::path::Path::new("/nowhere/routes.toml");
        let resolved = Resolved::of(&Source::new("routes.toml", ROUTES), path)
            .unwrap_or_else(|faults| panic!("{faults}"));
        let semaphore = |places| Arc::new(Semaphore::new(places));
        let shared = Shared {
            seen: Seen {
                evidence: Arc::new(Evidence::default()),
                metrics: Arc::new(Metrics::new()),
            },
            room: semaphore(1),
            waiting: semaphore(1),
            budget: Arc::default(),
            stop: CancellationToken::new(),
            give_up: CancellationToken::new(),
        };
        Self { resolved, shared }
    }

    /// Mirrors one request of which the client got `answered` from legacy, and gives what is known of the route then.
    async fn mirror(
        &self,
        route: &str,
        answered: &'static str,
        modern: &[Step],
        legacy: &[Step],
    ) -> RouteReport {
        let side = |steps: &[Step]| Script(Mutex::new(steps.iter().copied().collect()));
        let backends = match route {
            "viewed" => [side(legacy), side(modern), side(&[])],
            _ => [side(legacy), side(&[]), side(modern)],
        };
        let place = Arc::clone(&self.shared.room).acquire_owned().await.unwrap();
        let again = find(self.job(route, answered), &self.shared, place, &backends).await;
        if let Some(again) = again {
            again.noise(&self.shared, &backends).await;
        }
        for backend in &backends {
            assert!(backend.0.lock().unwrap().is_empty(), "it was asked less");
        }
        assert_eq!(self.shared.room.available_permits(), 1);
        assert_eq!(self.shared.waiting.available_permits(), 1);
        self.shared
            .seen
            .evidence
            .report(Some(route))
            .routes
            .remove(0)
    }

    fn job(&self, route: &str, answered: &'static str) -> Job {
        let table = &self.resolved.table;
        let route = table.route(route).unwrap();
        let absent = self
            .resolved
            .backends
            .iter()
            .map(|_| Arc::new(Backend::Absent));
        let snapshot = Snapshot::new(
            Arc::clone(table),
            absent.collect(),
            Arc::new(State::default()),
        );
        let (request, ()) = http::Request::get("/lots/1").body(()).unwrap().into_parts();
        let response = Response::of(StatusCode::OK, "application/json", answered);
        Job {
            snapshot: Arc::new(snapshot),
            taken: Taken {
                id: Uuid::from_u128(7),
                route: Arc::clone(route),
                params: PathParams::default(),
                key: None,
                peer: None,
                client: None,
                spelling: h1::Spelling::default(),
                interim: crate::message::Interim::default(),
                counts: crate::metrics::Counts::default(),
            },
            mode: Mode::Shadow,
            leg: Arc::clone(route.modern.as_ref().unwrap()),
            request,
            request_body: Gathered::default(),
            answered: Side::Legacy,
            response: response.parts,
            response_body: Gathered {
                data: Bytes::from_static(answered.as_bytes()),
                trailers: None,
            },
            took: Duration::ZERO,
            held: crate::mirror::Held::default(),
        }
    }
}

const OLD: &str = r#"{"state":"old"}"#;
const NEW: &str = r#"{"state":"new"}"#;

#[tokio::test(start_paused = true)]
async fn a_view_that_was_behind_is_asked_again() {
    use Step::{Behind, Says};
    // (modern's answers, legacy's further ones, seconds, equal, different, view behind)
    type Case = (&'static [Step], &'static [Step], u64, [u64; 3]);
    let cases: [Case; 6] = [
        (&[Says(OLD)], &[], 0, [1, 0, 0]),
        (&[Behind, Says(OLD)], &[], 5, [1, 0, 0]),
        (&[Behind, Behind, Behind], &[], 10, [0, 0, 1]),
        // It did not say that it was behind, and was.
        (&[Says(NEW), Behind, Says(OLD)], &[], 10, [0, 0, 1]),
        // The data changed while it was waited: legacy says so, too.
        (&[Behind, Says(NEW)], &[Says(NEW)], 5, [1, 0, 0]),
        (
            &[Says(NEW), Says(NEW), Says(NEW)],
            &[Says(OLD), Says(OLD)],
            10,
            [0, 1, 0],
        ),
    ];
    for (modern, legacy, seconds, wanted) in cases {
        let world = World::new();
        let began = Instant::now();
        let report = world.mirror("viewed", OLD, modern, legacy).await;
        let found = [report.equal, report.different, report.view_behind];
        assert_eq!(found, wanted, "{modern:?}");
        assert_eq!(began.elapsed().as_secs(), seconds, "{modern:?}");
        assert_eq!(report.variants[0].asked_again, u64::from(seconds > 0));
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_may_and_none_when_the_gateway_ends() {
    let world = World::new();
    let waits = Arc::clone(&world.shared.waiting)
        .acquire_owned()
        .await
        .unwrap();
    let began = Instant::now();
    let backends = [(); 3].map(|()| Script(Mutex::new(VecDeque::from([Step::Behind]))));
    let find = async |world: &World| {
        let place = Arc::clone(&world.shared.room)
            .acquire_owned()
            .await
            .unwrap();
        find(world.job("viewed", OLD), &world.shared, place, &backends).await
    };
    assert!(find(&world).await.is_none());
    drop(waits);
    world.shared.stop.cancel();
    backends[1].0.lock().unwrap().push_back(Step::Behind);
    assert!(find(&world).await.is_none());
    assert_eq!(began.elapsed(), Duration::ZERO);
    let report = world.shared.seen.evidence.report(None);
    assert_eq!(report.routes[0].view_behind, 2);
}

#[tokio::test(start_paused = true)]
async fn a_field_in_which_legacy_differs_from_itself_is_left_out_once_that_is_sure() {
    use Step::Says;
    const FIRST: &str = r#"{"a":1,"t":1}"#;
    const SECOND: &str = r#"{"a":1,"t":2}"#;
    let world = World::new();
    let mut report = RouteReport::default();
    for _ in 0..12 {
        report = world
            .mirror("noisy", FIRST, &[Says(SECOND)], &[Says(SECOND)])
            .await;
        // Within a second it is not asked again.
        let more = world.mirror("noisy", FIRST, &[Says(FIRST)], &[]).await;
        assert_eq!(
            more.noise.unwrap().asked,
            report.noise.as_ref().unwrap().asked
        );
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let noise = report.noise.unwrap();
    assert_eq!((noise.asked, noise.differed, noise.failed), (12, 12, 0));
    assert_eq!(
        (&*noise.fields[0].field, noise.fields[0].left_out),
        ("t", true)
    );
    // The first ten pairs leave doubt.
    assert_eq!(report.different, 10);
    let field = &report.fields["t"];
    assert_eq!((field.count, field.left_out), (10, 2));
    // What differs beside it counts.
    let report = world
        .mirror("noisy", FIRST, &[Says(r#"{"a":2,"t":3}"#)], &[Says(FIRST)])
        .await;
    assert_eq!((report.different, report.fields["a"].count), (11, 1));
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_a_part_of_requests_and_a_rate() {
    let budget = Budget::default();
    let rule = NoiseRule {
        percent: 10,
        every: Duration::from_secs(2),
        leave_out: None,
    };
    let (one, other) = (Arc::from("one"), Arc::from("other"));
    let part = (0..1_000).filter(|id| {
        let fresh = Budget::default();
        fresh.allows(&rule, &one, *id)
    });
    assert_eq!(part.count(), 100);
    assert!(budget.allows(&rule, &one, 5) && !budget.allows(&rule, &one, 5));
    assert!(budget.allows(&rule, &other, 5) && !budget.allows(&rule, &one, 50));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(budget.allows(&rule, &one, 5));
}
