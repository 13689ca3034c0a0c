//! Carries a [`Plan`] out: the only code that calls backends for a client.
//!
//! In: a request and all that was decided about it. Out: [`Done`]: the answer or the error, and whose it is. Does not know which
//! mode it is in. A write is sent to one system, once: the same backend is asked again only where nothing was sent or the effect
//! allows it, the other one only where the plan holds a fallback, which it does for reads alone.

use std::sync::Arc;

use bytes::Bytes;
use h1::Spelling;
use http::header::{EXPECT, HOST, UPGRADE};
use http::request;
use http::uri::{PathAndQuery, Uri};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::backend::balance::retry;
use crate::backend::{self, Ask, AsksAgain, Attempt, Call};
use crate::error::{BackendError, BackendErrorKind, BodyFault, GatewayError, Sent};
use crate::message::{Gathered, Interim, Payload, PayloadError, Peer, Request, Response};
use crate::metrics::{AskedFor, Counts};
use crate::mode::Plan;
use crate::route::params::PathParams;
use crate::route::{Effect, Leg, Route, Side};
use crate::transcode::{self, Mapped};

/// A request's route and what was found in the request for it.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The request's id.
    pub id: Uuid,
    /// Its route.
    pub route: Arc<Route>,
    /// The parameters of the route's path.
    pub params: PathParams,
    /// The key the route names.
    pub key: Option<Bytes>,
    /// Who asks.
    pub peer: Option<Arc<Peer>>,
    /// How the client wrote the head.
    pub spelling: Spelling,
    /// Where answers go that are not the last.
    pub interim: Interim,
    /// Where it is counted.
    pub counts: Counts,
}

/// What came of it.
#[derive(Debug)]
pub struct Done {
    /// What the client gets.
    pub answer: Result<Response, GatewayError>,
    /// Whose answer it is; none where no backend answered.
    pub answered: Option<Side>,
    /// Why the primary's answer is not the client's, where a fallback was asked.
    pub fell_back: Option<GatewayError>,
}

impl Done {
    /// Nobody was asked.
    #[must_use]
    pub fn failed(error: GatewayError) -> Self {
        Self {
            answer: Err(error),
            answered: None,
            fell_back: None,
        }
    }
}

/// Asks whom the plan says, until `deadline` at the latest. Dropped half-way, as when the client goes away, the request may have
/// been executed or not; nobody else is asked then.
pub async fn run<B: Call>(plan: &Plan, taken: &Taken, request: Request, backends: &[B]) -> Done {
    let deadline = request.received + taken.route.timeout;
    let Request { parts, payload, .. } = request;
    let body = match ready(plan, taken, payload, deadline).await {
        Ok(body) => body,
        Err(error) => return Done::failed(error),
    };
    let mut parts = parts;
    if plan.fallback().is_some() {
        // The body was gathered: see `attempt`.
        parts.headers.remove(EXPECT);
    }
    let Some(fallback) = plan.fallback() else {
        let (answer, answered) = side(plan.primary(), taken, parts, body, deadline, backends).await;
        return Done {
            answer,
            answered,
            fell_back: None,
        };
    };
    // Half of the time for the first, so that there is some left for the second.
    let now = Instant::now();
    let half = now + deadline.saturating_duration_since(now) / 2;
    let again = body.again();
    let (answer, answered) = side(plan.primary(), taken, parts.clone(), body, half, backends).await;
    let Some(failed) = failure(plan.primary().side, &answer) else {
        return Done {
            answer,
            answered,
            fell_back: None,
        };
    };
    // A plan with a fallback has gathered the body; without a copy there is nothing to ask with.
    let Some(body) = again else {
        return Done {
            answer,
            answered,
            fell_back: None,
        };
    };
    let (answer, answered) = side(fallback, taken, parts, body, deadline, backends).await;
    Done {
        answer,
        answered,
        fell_back: Some(failed),
    }
}

/// Why an answer calls for the fallback: there is none, or it says that its system failed.
fn failure(side: Side, answer: &Result<Response, GatewayError>) -> Option<GatewayError> {
    match answer {
        Ok(response) if response.parts.status.is_server_error() => Some(GatewayError::Status {
            side,
            status: response.parts.status,
        }),
        Ok(_) => None,
        Err(GatewayError::Backend { side, error }) => Some(GatewayError::Backend {
            side: *side,
            error: BackendError::new(error.kind(), error.sent()),
        }),
        Err(GatewayError::Status { side, status }) if status.is_server_error() => {
            Some(GatewayError::Status {
                side: *side,
                status: *status,
            })
        }
        // What modern's shape has no place for, legacy may well take.
        Err(GatewayError::Undecodable(error)) => Some(GatewayError::Undecodable(error.clone())),
        // The client's fault, or one that the other side would meet as well.
        Err(_) => None,
    }
}

/// A request's body, as far as it has to be at hand.
enum Body {
    Whole(Gathered),
    Streaming(Payload),
}

impl Body {
    fn again(&self) -> Option<Self> {
        match self {
            Self::Whole(whole) => Some(Self::Whole(whole.clone())),
            Self::Streaming(_) => None,
        }
    }
}

/// Gathers the body if somebody must look at it or it may be needed twice; else it streams, held to the limit that the route itself states.
async fn ready(
    plan: &Plan,
    taken: &Taken,
    payload: Payload,
    deadline: Instant,
) -> Result<Body, GatewayError> {
    let route = &taken.route;
    let fault = |error: PayloadError| GatewayError::from(BodyFault::from(&error));
    let must = plan.fallback().is_some() || route.transcodes_request(plan.primary());
    if must {
        let whole = timeout_at(deadline, payload.gather(route.max_body))
            .await
            .map_err(|_| GatewayError::BodyLate)?
            .map_err(fault)?;
        return Ok(Body::Whole(whole));
    }
    let payload = match route.max_streamed {
        Some(limit) => payload.limited(limit).map_err(fault)?,
        None => payload,
    };
    Ok(match payload {
        // What the listener has read already may be sent twice.
        Payload::Empty => Body::Whole(Gathered::default()),
        Payload::Whole { data, trailers } => Body::Whole(Gathered { data, trailers }),
        streaming => Body::Streaming(streaming),
    })
}

/// Asks one side, once more if that is allowed and the backend does not do so itself. Whose answer it is comes with it: nobody's where the backend gave none.
async fn side<B: Call>(
    leg: &Leg,
    taken: &Taken,
    parts: request::Parts,
    body: Body,
    deadline: Instant,
    backends: &[B],
) -> (Result<Response, GatewayError>, Option<Side>) {
    let asks_again = backends
        .get(leg.backend.0)
        .map_or(AsksAgain::No, Call::asks_again);
    // Where the backend does that itself, no copy is needed.
    let again = match asks_again {
        AsksAgain::Itself => None,
        AsksAgain::No => body.again(),
    };
    let again = again.map(|body| (parts.clone(), body));
    let how = How {
        attempt: Attempt::First,
        shadow: false,
        deadline,
    };
    let mut answer = attempt(leg, taken, parts, body.into(), how, backends).await;
    if let Err(GatewayError::Backend { error, .. }) = &answer
        && may_ask_again(taken.route.effect, error)
        && let Some((parts, body)) = again
    {
        tracing::debug!(route = %taken.route.name, side = leg.side.as_str(), %error, "asked again");
        let how = How {
            attempt: Attempt::Fresh,
            ..how
        };
        answer = attempt(leg, taken, parts, body.into(), how, backends).await;
    }
    let answered = match &answer {
        Ok(_) | Err(GatewayError::Status { .. }) => Some(leg.side),
        Err(_) => None,
    };
    (answer, answered)
}

/// Whether the same backend may be asked once more: the connection broke, and either nothing was sent or executing it twice does
/// no more than once.
fn may_ask_again(effect: Effect, error: &BackendError) -> bool {
    error.kind() == BackendErrorKind::Broken && retry::is_safe(effect, error.sent())
}

impl From<Body> for Payload {
    fn from(body: Body) -> Self {
        match body {
            Body::Whole(whole) => whole.into(),
            Body::Streaming(payload) => payload,
        }
    }
}

/// How one attempt is made.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Which try it is.
    pub attempt: Attempt,
    /// Whether it is a mirror's, marked so that nothing changes.
    pub shadow: bool,
    /// By when the answer must be there: its head, or all of it where it is transcoded.
    pub deadline: Instant,
}

/// Asks one backend once, in its own shape, and brings its answer into the client's. The mirror uses it too.
///
/// # Errors
/// The request cannot be brought into the backend's shape, the backend gave no answer, or none the client could read.
pub async fn attempt<B: Call>(
    leg: &Leg,
    taken: &Taken,
    mut parts: request::Parts,
    payload: Payload,
    how: How,
    backends: &[B],
) -> Result<Response, GatewayError> {
    let route = &taken.route;
    let Some(backend) = backends.get(leg.backend.0) else {
        return Err(GatewayError::NoLeg { side: leg.side });
    };
    if let Some(path) = &leg.path {
        parts.uri = target(&path.fill(&taken.params), &parts.uri)?;
    }
    if let Some(host) = &leg.rewrite.host {
        parts.headers.insert(HOST, host.clone());
    }
    leg.rewrite.request.apply(&mut parts.headers, &taken.params);
    transcode::ask(&mut parts, &route.client, &leg.shapes);
    let payload = if route.transcodes_request(leg) {
        let whole = payload
            .gather(route.max_body)
            .await
            .map_err(|error| BodyFault::from(&error))?;
        transcode::request(
            &mut parts,
            whole,
            &route.client.request,
            &leg.shapes.request,
        )
        .map_err(GatewayError::Undecodable)?
        .into()
    } else {
        payload
    };
    if how.shadow || route.transcodes_request(leg) {
        // All of the body is here: the client was told to go on, or never waited (RFC 9110 section 10.1.1).
        parts.headers.remove(EXPECT);
    }
    if how.shadow || route.transcodes_response(leg) {
        // What is no longer HTTP can be neither compared nor transcoded.
        parts.headers.remove(UPGRADE);
    }
    let (payload, awaited) = payload.followed();
    // Boxed: every call on the way to whoever is asked would keep room for all of it.
    let ask = Box::new(Ask {
        parts,
        payload,
        id: taken.id,
        deadline: how.deadline,
        effect: route.effect,
        shadow: how.shadow,
        route: Arc::clone(&route.name),
        params: taken.params.clone(),
        key: taken.key.clone(),
        attempt: how.attempt,
        peer: taken.peer.clone(),
        spelling: taken.spelling.clone(),
        interim: if how.shadow {
            Interim::default()
        } else {
            taken.interim.clone()
        },
    });
    let asked = Instant::now();
    let answered = backend::call(backend, ask).await;
    let came = match &answered {
        Ok(response) => Ok(response.parts.status),
        Err(error) => Err(error.kind()),
    };
    let asked_for = if how.shadow {
        AskedFor::Mirror
    } else {
        AskedFor::Client
    };
    let counts = &taken.counts;
    counts.asked(leg.backend.0, asked_for, came, asked.elapsed());
    let response = answered.map_err(|error| match awaited {
        // The backend cannot answer what it has not wholly got.
        Some(awaited) if error.kind() == BackendErrorKind::Timeout && awaited.now() => {
            let fault = BodyFault::Late;
            GatewayError::BodyUnfinished {
                side: leg.side,
                fault,
            }
        }
        _ => GatewayError::of(leg.side, error),
    })?;
    let mut response = if route.transcodes_response(leg) {
        read(leg, route, response, how.deadline).await?
    } else {
        response
    };
    let edits = &leg.rewrite.response;
    edits.apply(&mut response.parts.headers, &taken.params);
    Ok(response)
}

/// Reads the whole answer and brings it into the client's shape.
async fn read(
    leg: &Leg,
    route: &Route,
    response: Response,
    deadline: Instant,
) -> Result<Response, GatewayError> {
    let side = leg.side;
    let failed = |kind| BackendError::new(kind, Sent::Maybe);
    let Response {
        mut parts,
        payload,
        spelling,
    } = response;
    let whole = timeout_at(deadline, payload.gather(route.max_body))
        .await
        .map_err(|_| GatewayError::of(side, failed(BackendErrorKind::Timeout)))?
        .map_err(|error| {
            GatewayError::of(side, failed(BackendErrorKind::BadAnswer).because(error))
        })?;
    let mapped = transcode::response(
        &mut parts,
        whole,
        &leg.shapes.response,
        &route.client.response,
    )
    .map_err(|error| GatewayError::of(side, failed(BackendErrorKind::BadAnswer).because(error)))?;
    match mapped {
        Mapped::Body(whole) => Ok(Response {
            parts,
            payload: whole.into(),
            spelling,
        }),
        Mapped::ErrorStatus(status) => Err(GatewayError::Status { side, status }),
    }
}

/// The leg's own path with the client's query.
fn target(path: &str, uri: &Uri) -> Result<Uri, GatewayError> {
    let text = match uri.query() {
        Some(query) if !path.contains('?') => format!("{path}?{query}"),
        _ => path.to_owned(),
    };
    PathAndQuery::try_from(text)
        .map(Uri::from)
        .map_err(|_| GatewayError::Malformed("a parameter of the path that no path can hold"))
}

#[cfg(test)]
mod tests;
