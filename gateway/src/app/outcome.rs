//! What became of a request, for clients that are answered later: the resource that they were told of, on every gateway.

use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, HeaderName, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{Method, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use super::App;
use super::ended::{Asker, Ended};
use crate::backend::Backend;
use crate::error::{GatewayError, Kept, rescue, retry_after};
use crate::exchange;
use crate::message::Response;
use crate::outcome::{Entry, Known, Place, Unknown, ticket};
use crate::route::shape::ErrorForm;
use crate::route::{Delivery, Leg, PathParams, Route, Side};
use crate::shed::Asks;
use crate::snapshot::Snapshot;

/// On each answer of the resource: `pending`, `done`, `failed`, `expired`.
const STATE: HeaderName = HeaderName::from_static("figway-outcome");
/// When to ask again where the route no longer says so.
const SOON: Duration = Duration::from_secs(1);
/// How long a stored answer may take to be brought into the client's form.
const READ: Duration = Duration::from_secs(30);

/// The last segment of the address of an outcome, if that is what the request asks for.
pub(super) fn asked_for<'p>(snapshot: &Snapshot, parts: &'p Parts) -> Option<&'p str> {
    let below = snapshot.edge().edge().outcomes.as_deref()?;
    parts.uri.path().strip_prefix(below)?.strip_prefix('/')
}

/// Why a client is not told more, in the form that its route has for errors.
struct Refused<'s> {
    error: GatewayError,
    route: Option<&'s Route>,
    state: Option<&'static str>,
}

impl From<Kept> for Refused<'_> {
    fn from(kept: Kept) -> Self {
        Self {
            error: GatewayError::Kept(kept),
            route: None,
            state: None,
        }
    }
}

impl App {
    /// What became of a request.
    pub(super) async fn outcome(
        &self,
        snapshot: &Snapshot,
        segment: &str,
        asker: Asker<'_>,
    ) -> Ended {
        let asks = Asks {
            client: asker.client,
            key: None,
            headers: &asker.parts.headers,
        };
        let admitted = snapshot.edge().admit("", asks).await;
        let (told, passes) = match admitted {
            Ok(passes) => (told(snapshot, segment, asker.parts).await, passes),
            Err(error) => {
                let refused = Refused {
                    error,
                    route: None,
                    state: None,
                };
                (Err(refused), crate::edge::Passes::default())
            }
        };
        let took = asker.received.elapsed();
        let (response, code) = match told {
            Ok(response) => (response, None),
            Err(Refused {
                error,
                route,
                state,
            }) => {
                self.metrics.error(error.code());
                let form = route.map_or(&ErrorForm::Problem, |route| &route.errors);
                let mut response = rescue(&error, form, asker.id);
                if let Some(state) = state {
                    let state = HeaderValue::from_static(state);
                    response.parts.headers.insert(STATE, state);
                }
                (response, Some(error.code()))
            }
        };
        self.metrics.unrouted(response.parts.status, took);
        let mut ended = Ended::ours(response, asker.id, code, took);
        // What is pending now is not so for long.
        let headers = &mut ended.response.parts.headers;
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        ended.passes = passes;
        ended
    }
}

async fn told<'s>(
    snapshot: &'s Snapshot,
    segment: &str,
    parts: &Parts,
) -> Result<Response, Refused<'s>> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        let mut response = Response::of(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "");
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.parts.headers.insert(ALLOW, allowed);
        return Ok(response);
    }
    let Some((id, secret)) = ticket::parse(segment) else {
        return Err(Kept::Nothing.into());
    };
    let (backend, known) = find(snapshot, id).await?;
    let entry = match &known {
        Known::Nothing => return Err(Kept::Nothing.into()),
        Known::Pending(entry)
        | Known::Done(entry, _)
        | Known::Failed(entry)
        | Known::Expired(entry) => entry.clone(),
    };
    // Who was not told the address is told nothing.
    if entry.secret != secret {
        return Err(Kept::Nothing.into());
    }
    let route = snapshot.table().route(&entry.route).map(|route| &**route);
    let refused = |kept, state| Refused {
        error: GatewayError::Kept(kept),
        route,
        state: Some(state),
    };
    match known {
        Known::Nothing => Err(Kept::Nothing.into()),
        Known::Pending(_) => Ok(pending(id, &entry, route)),
        Known::Failed(_) => Err(refused(Kept::Failed, "failed")),
        Known::Expired(_) => Err(refused(Kept::Expired, "expired")),
        Known::Done(entry, place) => {
            let at = (entry.request, place);
            done(snapshot, backend, at, route).await
        }
    }
}

/// Which backend's request it is, and what is known of it.
async fn find(snapshot: &Snapshot, id: Uuid) -> Result<(&Backend, Known), Refused<'_>> {
    let keeping = || {
        let backends = snapshot.backends().iter();
        backends.filter_map(|backend| Some((&**backend, backend.outcomes()?)))
    };
    for (backend, outcomes) in keeping() {
        match outcomes.known(id) {
            Known::Nothing => {}
            // Only the clock says so.
            Known::Failed(_) => {
                let known = outcomes.look_up(id).await;
                return match known {
                    Ok(known) => Ok((backend, known)),
                    Err(_) => Err(Kept::Unknown.into()),
                };
            }
            known => return Ok((backend, known)),
        }
    }
    let mut unknown = None;
    for (backend, outcomes) in keeping() {
        match outcomes.look_up(id).await {
            Ok(Known::Nothing) => {}
            Ok(known) => return Ok((backend, known)),
            Err(behind) => unknown = Some(behind),
        }
    }
    let why = unknown.map_or(Kept::Nothing, |_: Unknown| Kept::Unknown);
    Err(why.into())
}

fn leg_of<'r>(route: &'r Route, snapshot: &Snapshot, backend: &Backend) -> Option<&'r Leg> {
    let is_its = |leg: &&std::sync::Arc<Leg>| {
        let of_leg = snapshot.backend(leg.backend);
        of_leg.is_some_and(|of_leg| std::ptr::eq(&raw const **of_leg, backend))
    };
    let legs = [Side::Modern, Side::Legacy];
    let mut legs = legs.into_iter().filter_map(|side| route.leg(side));
    legs.find(is_its).map(|leg| &**leg)
}

fn pending(id: Uuid, entry: &Entry, route: Option<&Route>) -> Response {
    let body = serde_json::json!({
        "id": id,
        "state": "pending",
        "accepted_ms": entry.at_ms,
        "until_ms": entry.deadline_ms,
    });
    let mut response = Response::of(StatusCode::ACCEPTED, "application/json", body.to_string());
    let legs = route.and_then(|route| route.leg(Side::Modern));
    let after = match legs.map(|leg| &leg.delivery) {
        Some(Delivery::Async(later)) => later.retry_after,
        _ => SOON,
    };
    let headers = &mut response.parts.headers;
    headers.insert(RETRY_AFTER, retry_after(after));
    headers.insert(STATE, HeaderValue::from_static("pending"));
    response
}

/// The stored answer, as the route's clients read answers; as it was given where the route is gone.
async fn done<'s>(
    snapshot: &'s Snapshot,
    backend: &Backend,
    (request, place): (Uuid, Place),
    route: Option<&'s Route>,
) -> Result<Response, Refused<'s>> {
    let failed = |error| Refused {
        error,
        route,
        state: None,
    };
    let Backend::Kafka(service) = backend else {
        return Err(failed(GatewayError::Kept(Kept::Unknown)));
    };
    let stored = service.outcome(request, place).await;
    let stored = stored.map_err(|error| failed(GatewayError::of(Side::Modern, error)))?;
    let Some(stored) = stored else {
        return Err(Refused {
            state: Some("expired"),
            ..failed(GatewayError::Kept(Kept::Expired))
        });
    };
    let leg = route.and_then(|route| Some((route, leg_of(route, snapshot, backend)?)));
    let mut response = match leg {
        Some((route, leg)) => {
            let deadline = Instant::now() + READ;
            let params = PathParams::default();
            exchange::brought(leg, route, &params, stored, deadline)
                .await
                .map_err(failed)?
        }
        None => stored,
    };
    let headers = &mut response.parts.headers;
    headers.insert(STATE, HeaderValue::from_static("done"));
    Ok(response)
}
