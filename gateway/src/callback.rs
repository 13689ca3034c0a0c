//! Telling whoever wants to be called what became of a request: at least once, by one gateway of the fleet at a time.
//!
//! Who is to be told, and who tells it, stands on the topic of outcomes (`calling`, `called`): the first gateway that says so there has a
//! while for it, and when that is over without success any gateway goes on, also one that was started since. A receiver may hear of an
//! outcome twice, and knows by its id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, Request, StatusCode};
use ops::shutdown::Shutdown;
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::app::App;
use crate::backend::{self, Ask, Attempt, Backend};
use crate::error::{GatewayError, Kept, rescue};
use crate::exchange;
use crate::message::{Interim, Payload, PayloadError, Response};
use crate::outcome::{Calling, Entry, ID, Place};
use crate::route::shape::ErrorForm;
use crate::route::{Delivery, Effect, PathParams, Route, Side};
use crate::snapshot::Snapshot;

/// The status that the request was answered with.
const STATUS: HeaderName = HeaderName::from_static("figway-outcome-status");
/// Between two looks for outcomes to be told.
const LOOK: Duration = Duration::from_millis(500);
/// How many are told at the same time.
const AT_ONCE: usize = 16;
/// How many of them one receiver has: one that does not answer leaves places for the others.
const OF_ONE: usize = 4;
/// How long a receiver has.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a gateway has that says it tells an outcome.
const LEASE: Duration = Duration::from_secs(30);
/// After the first failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The largest answer that is told.
const LARGEST: usize = 16 << 20;

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// The receiver has it.
    Taken,
    /// It wants to hear no more of it.
    Refused,
    /// Nobody is told so much.
    TooLarge,
    /// Once more, later.
    Again,
}

/// What is being told here. The topic says who of the fleet tells an outcome, not that this gateway has begun to.
#[derive(Debug, Default)]
struct Telling(HashMap<task::Id, (Uuid, String)>);

impl Telling {
    /// Whether one more may begin, where so many have been chosen but are not begun.
    fn has_room(&self, id: Uuid, receiver: &str, chosen: &[(Uuid, String)]) -> bool {
        let all = || self.0.values().chain(chosen);
        all().count() < AT_ONCE
            && all().all(|(other, _)| *other != id)
            && all().filter(|(_, of)| of == receiver).count() < OF_ONE
    }
}

/// Until shutdown.
pub(crate) async fn run(app: Arc<App>, shutdown: Shutdown) {
    let ending = shutdown.token();
    let (mut tasks, mut telling) = (JoinSet::new(), Telling::default());
    loop {
        tokio::select! {
            () = ending.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        while let Some(ended) = tasks.try_join_next_with_id() {
            let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
            telling.0.remove(&task);
        }
        let snapshot = app.snapshot();
        for backend in snapshot.backends().iter() {
            let Some(outcomes) = backend.outcomes() else {
                continue;
            };
            let mut chosen = Vec::new();
            outcomes.to_call(|id, whom| {
                if telling.has_room(id, &whom.backend, &chosen) {
                    chosen.push((id, whom.backend.clone()));
                }
            });
            for (id, receiver) in chosen {
                let (snapshot, backend) = (Arc::clone(&snapshot), Arc::clone(backend));
                let task = tasks.spawn(async move { tell(&snapshot, &backend, id).await });
                telling.0.insert(task.id(), (id, receiver));
            }
        }
    }
}

async fn tell(snapshot: &Snapshot, backend: &Backend, id: Uuid) {
    let Some(outcomes) = backend.outcomes() else {
        return;
    };
    let Some((entry, calling)) = outcomes.lease(id, LEASE).await else {
        return;
    };
    let told = match told(snapshot, backend, (id, &entry, &calling)).await {
        Ok(told) => told,
        Err(why) => {
            tracing::warn!(%id, backend = calling.whom.backend, why, "an outcome cannot be told now");
            Told::Again
        }
    };
    let route = &*entry.route;
    match told {
        Told::Taken => {
            tracing::debug!(%id, route, "an outcome was told");
            outcomes.called(id, true).await;
        }
        Told::Refused => {
            tracing::warn!(%id, route, backend = calling.whom.backend, "who is to be told of an outcome wants none");
            outcomes.called(id, false).await;
        }
        Told::TooLarge => {
            let most = LARGEST;
            tracing::warn!(%id, route, backend = calling.whom.backend, most, "an outcome is not told: its answer is larger than what receivers get");
            outcomes.called(id, false).await;
        }
        Told::Again => {
            let tries = calling.tries.saturating_add(1);
            outcomes.call_later(id, pause(tries), tries).await;
        }
    }
}

/// Longer after each failure.
fn pause(tries: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(tries.saturating_sub(1))
        .unwrap_or(u32::MAX);
    PAUSES.0.saturating_mul(factor.max(1)).min(PAUSES.1)
}

async fn told(
    snapshot: &Snapshot,
    backend: &Backend,
    (id, entry, calling): (Uuid, &Entry, &Calling),
) -> Result<Told, String> {
    let deadline = Instant::now() + PATIENCE;
    let response = outcome(snapshot, backend, id, entry).await?;
    let status = response.parts.status;
    let Some(body) = gathered(response.payload, deadline).await? else {
        return Ok(Told::TooLarge);
    };
    let whom = snapshot.backend_named(&calling.whom.backend);
    let whom = whom.ok_or("there is no such backend any more")?;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&calling.whom.path)
        .header(ID, id.to_string())
        .header("idempotency-key", id.to_string())
        .header(STATUS, status.as_str());
    if let Some(media) = response.parts.headers.get(CONTENT_TYPE) {
        request = request.header(CONTENT_TYPE, media);
    }
    let (parts, ()) = request
        .body(())
        .map_err(|error| error.to_string())?
        .into_parts();
    let ask = Ask {
        parts,
        payload: Payload::bytes(body),
        // Of the call, not of the request that it tells of.
        id: Uuid::now_v7(),
        deadline,
        effect: Effect::Idempotent,
        shadow: false,
        route: Arc::clone(&entry.route),
        params: PathParams::default(),
        key: None,
        delivery: Delivery::default(),
        attempt: Attempt::First,
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
        back: None,
        promise: None,
    };
    let answered = backend::call(whom, Box::new(ask)).await;
    Ok(judge(answered.ok().map(|answered| answered.parts.status)))
}

/// The answer's body; none where it is larger than what is told.
async fn gathered(payload: Payload, deadline: Instant) -> Result<Option<Bytes>, String> {
    let gathered = timeout_at(deadline, payload.gather(LARGEST)).await;
    match gathered.map_err(|_| "the stored answer did not come in time")? {
        Ok(gathered) => Ok(Some(gathered.data)),
        Err(PayloadError::TooLarge { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn judge(status: Option<StatusCode>) -> Told {
    match status {
        Some(status) if status.is_success() => Told::Taken,
        Some(StatusCode::GONE) => Told::Refused,
        _ => Told::Again,
    }
}

/// The answer, in the form of the route's clients.
async fn outcome(
    snapshot: &Snapshot,
    backend: &Backend,
    id: Uuid,
    entry: &Entry,
) -> Result<Response, String> {
    let route = snapshot.table().route(&entry.route).map(|route| &**route);
    let ours = |error: &GatewayError| {
        let form = route.map_or(&ErrorForm::Problem, |route| &route.errors);
        rescue(error, form, id)
    };
    match entry.done {
        None => Ok(ours(&GatewayError::Kept(Kept::Failed))),
        Some(place) => match answer(backend, (entry.request, place), route).await? {
            Ok(response) => Ok(response),
            Err(error) => Ok(ours(&error)),
        },
    }
}

async fn answer(
    backend: &Backend,
    (request, place): (Uuid, Place),
    route: Option<&Route>,
) -> Result<Result<Response, GatewayError>, String> {
    let Backend::Kafka(service) = backend else {
        return Err("the backend is no service behind kafka any more".to_owned());
    };
    let stored = service.outcome(request, place).await;
    let stored = stored.map_err(|error| crate::error::chain(&error))?;
    let Some(stored) = stored else {
        return Ok(Err(GatewayError::Kept(Kept::Expired)));
    };
    let Some((route, leg)) = route.and_then(|route| Some((route, route.leg(Side::Modern)?))) else {
        return Ok(Ok(stored));
    };
    let deadline = Instant::now() + PATIENCE;
    Ok(exchange::brought(leg, route, &PathParams::default(), stored, deadline).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_take_it_hears_it_again_later_and_later() {
        let pauses: Vec<u64> = (1..9).map(|tries| pause(tries).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX), PAUSES.1);
        assert_eq!(judge(Some(StatusCode::NO_CONTENT)), Told::Taken);
        assert_eq!(judge(Some(StatusCode::GONE)), Told::Refused);
        for status in [404, 429, 500, 302] {
            assert_eq!(judge(StatusCode::from_u16(status).ok()), Told::Again);
        }
        assert_eq!(judge(None), Told::Again);
    }

    #[tokio::test]
    async fn a_receiver_that_does_not_answer_leaves_places_for_others() {
        let (mut telling, mut tasks) = (Telling::default(), JoinSet::new());
        let of = |id: u128, receiver: &str| (Uuid::from_u128(id), receiver.to_owned());
        for id in 0..3 {
            let task = tasks.spawn(std::future::pending::<()>()).id();
            telling.0.insert(task, of(id, "dead"));
        }
        let may =
            |id, receiver, chosen: &[_]| telling.has_room(Uuid::from_u128(id), receiver, chosen);
        // What is being told is not told again beside that.
        assert!(!may(0, "dead", &[]));
        assert!(may(3, "dead", &[]));
        assert!(!may(4, "dead", &[of(3, "dead")]));
        assert!(may(4, "lives", &[of(3, "dead")]));
        let many: Vec<_> = (10..23).map(|id| of(id, &id.to_string())).collect();
        assert!(!may(4, "lives", &many));
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_to_be_told_is_not_tried_for_ever() {
        let deadline = Instant::now() + PATIENCE;
        let of = async |length| {
            let body = Payload::bytes(vec![b'x'; length]);
            let gathered = gathered(body, deadline).await.unwrap();
            gathered.map(|body| body.len())
        };
        assert_eq!(of(LARGEST).await, Some(LARGEST));
        assert_eq!(of(LARGEST + 1).await, None);
    }
}
