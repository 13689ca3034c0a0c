//! Telling whoever wants to be called what became of a request: at least once, by one gateway of the fleet at a time.
//!
//! Who is to be told, and who tells it, stands on the topic of outcomes (`calling`, `called`): the first gateway that says so there has a
//! while for it, and when that is over without success any gateway goes on, also one that was started since. A receiver may hear of an
//! outcome twice, and knows by its id.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, Request, StatusCode};
use ops::shutdown::Shutdown;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::app::App;
use crate::backend::{self, Ask, Attempt, Backend};
use crate::error::{GatewayError, Kept, rescue};
use crate::exchange;
use crate::message::{Interim, Payload, Response};
use crate::outcome::{Calling, Entry, ID, Outcomes, Place, now_ms};
use crate::route::shape::ErrorForm;
use crate::route::{Delivery, Effect, PathParams, Route, Side};
use crate::snapshot::Snapshot;

/// The status that the request was answered with.
const STATUS: HeaderName = HeaderName::from_static("figway-outcome-status");
/// Between two looks for outcomes to be told.
const LOOK: Duration = Duration::from_millis(500);
/// How many are told at the same time.
const AT_ONCE: usize = 16;
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
    /// Once more, later.
    Again,
}

/// Until shutdown.
pub(crate) async fn run(app: Arc<App>, shutdown: Shutdown) {
    let ending = shutdown.token();
    let mut telling = JoinSet::new();
    loop {
        tokio::select! {
            () = ending.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        while telling.try_join_next().is_some() {}
        let snapshot = app.snapshot();
        for backend in snapshot.backends().iter() {
            let Some(outcomes) = backend.outcomes() else {
                continue;
            };
            let room = AT_ONCE.saturating_sub(telling.len());
            for (id, entry) in outcomes.to_call(room) {
                let (snapshot, backend) = (Arc::clone(&snapshot), Arc::clone(backend));
                telling.spawn(async move {
                    tell(&snapshot, &backend, id, &entry).await;
                });
            }
        }
    }
}

async fn tell(snapshot: &Snapshot, backend: &Backend, id: Uuid, entry: &Entry) {
    let (Some(outcomes), Some(calling)) = (backend.outcomes(), &entry.callback) else {
        return;
    };
    if !outcomes.lease(id, LEASE, calling.tries).await {
        return;
    }
    let told = match told(snapshot, backend, (id, entry, calling)).await {
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
        Told::Again => {
            let tries = calling.tries.saturating_add(1);
            outcomes.lease(id, pause(tries), tries).await;
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
    let body = timeout_at(deadline, response.payload.gather(LARGEST)).await;
    let body = body.map_err(|_| "the stored answer did not come in time")?;
    let body = body.map_err(|error| error.to_string())?.data;
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
        Some(place) => match answer(backend, place, route).await? {
            Ok(response) => Ok(response),
            Err(error) => Ok(ours(&error)),
        },
    }
}

async fn answer(
    backend: &Backend,
    place: Place,
    route: Option<&Route>,
) -> Result<Result<Response, GatewayError>, String> {
    let Backend::Kafka(service) = backend else {
        return Err("the backend is no service behind kafka any more".to_owned());
    };
    let stored = service.outcome(place).await;
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

impl Outcomes {
    /// Says that this gateway tells an outcome for so long, and whether it is the one that does.
    async fn lease(&self, id: Uuid, time: Duration, tries: u32) -> bool {
        let at_ms = now_ms();
        let until = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let until_ms = at_ms.saturating_add(until);
        self.calling(id, at_ms, until_ms, tries).await
    }
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
}
