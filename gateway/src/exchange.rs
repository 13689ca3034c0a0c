//! Carries a [`Plan`] out: the only code that calls backends for a client.
//!
//! In: a request and all that was decided about it. Out: [`Done`]: the answer or the error, and whose it is. Does not know which
//! mode it is in. A write is sent to one system, once: the same backend is asked again only where nothing was sent or the effect
//! allows it, the other one only where the plan holds a fallback, which it does for reads alone.

mod promise;

use std::net::IpAddr;
use std::pin::Pin;
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
use crate::message::{
    Gathered, Interim, Payload, PayloadError, Peer, Request, Response, opens_by_success,
};
use crate::metrics::{AskedFor, Counts};
use crate::mode::Plan;
use crate::route::params::PathParams;
use crate::route::{Delivery, Effect, Leg, Ours, Route, Side};
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
    /// Whose connection asks.
    pub peer: Option<Arc<Peer>>,
    /// Who asks on it, as rules and logs know it.
    pub client: Option<IpAddr>,
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

/// Asks whom the plan says, until the route's timeout at the latest. Dropped half-way, as when the client goes away, the request may have
/// been executed or not; nobody else is asked then.
///
/// What most requests do not need is boxed on its way: each of them would keep, and copy, room for all of it.
pub async fn run<B: Call>(
    plan: &Plan,
    taken: &Taken,
    mut request: Box<Request>,
    backends: &[B],
) -> Done {
    let deadline = request.received + taken.route.timeout;
    match ready(plan, taken, &mut request.payload, deadline) {
        Ready::Now(Ok(())) => {}
        Ready::Now(Err(error)) => return Done::failed(error),
        Ready::Gathered(gathering) => match gathering.await {
            Ok(whole) => request.payload = whole.into(),
            Err(error) => return Done::failed(error),
        },
    }
    let Request {
        mut parts, payload, ..
    } = *request;
    let Some(fallback) = plan.fallback() else {
        let ask = ask(taken, parts, payload, deadline);
        let (answer, answered) = side(plan.primary(), taken, ask, deadline, backends).await;
        return Done {
            answer,
            answered,
            fell_back: None,
        };
    };
    // The body was gathered: see `attempt`.
    parts.headers.remove(EXPECT);
    let first = ask(taken, parts, payload, deadline);
    Box::pin(either(plan.primary(), fallback, taken, first, backends)).await
}

/// Asks the one, and the other if that fails.
async fn either<B: Call>(
    primary: &Leg,
    fallback: &Leg,
    taken: &Taken,
    first: Box<Ask>,
    backends: &[B],
) -> Done {
    let deadline = first.deadline;
    // Half of the time for the first, so that there is some left for the second.
    let now = Instant::now();
    let half = now + deadline.saturating_duration_since(now) / 2;
    let again = copy(taken, &first);
    let (answer, answered) = side(primary, taken, first, half, backends).await;
    // A plan with a fallback has gathered the body; without a copy there is nothing to ask with.
    let (Some(failed), Some(second)) = (failure(primary.side, &answer), again) else {
        return Done {
            answer,
            answered,
            fell_back: None,
        };
    };
    let (answer, answered) = side(fallback, taken, second, deadline, backends).await;
    Done {
        answer,
        answered,
        fell_back: Some(failed),
    }
}

/// What whoever is asked first gets, before it is made ready for its backend.
#[must_use]
pub fn ask(taken: &Taken, parts: request::Parts, payload: Payload, deadline: Instant) -> Box<Ask> {
    // Boxed: every call on the way to whoever is asked would keep room for all of it.
    Box::new(Ask {
        parts,
        payload,
        id: taken.id,
        deadline,
        effect: taken.route.effect,
        shadow: false,
        route: Arc::clone(&taken.route.name),
        params: taken.params.clone(),
        key: taken.key.clone(),
        delivery: Delivery::default(),
        attempt: Attempt::First,
        peer: taken.peer.clone(),
        client: taken.client,
        spelling: taken.spelling.clone(),
        interim: taken.interim.clone(),
        back: None,
        promise: None,
    })
}

/// The same once more; none where the body is not at hand.
fn copy(taken: &Taken, first: &Ask) -> Option<Box<Ask>> {
    let payload = first.payload.again()?;
    Some(ask(taken, first.parts.clone(), payload, first.deadline))
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

/// A request's body on its way to be as its plan needs it.
enum Ready {
    /// It is, or cannot be.
    Now(Result<(), GatewayError>),
    /// It must be at hand, and still comes.
    Gathered(Pin<Box<dyn Future<Output = Result<Gathered, GatewayError>> + Send>>),
}

/// Gathers the body if somebody must look at it or it may be needed twice; else it streams, held to the limit that the route itself states.
fn ready(plan: &Plan, taken: &Taken, payload: &mut Payload, deadline: Instant) -> Ready {
    let route = &taken.route;
    let fault = |error: PayloadError| GatewayError::from(BodyFault::from(&error));
    if plan.fallback().is_some() || route.transcodes_request(plan.primary()) {
        let gathering = std::mem::take(payload).gather(route.max_body);
        return Ready::Gathered(Box::pin(async move {
            timeout_at(deadline, gathering)
                .await
                .map_err(|_| GatewayError::BodyLate)?
                .map_err(fault)
        }));
    }
    let Some(limit) = route.max_streamed else {
        return Ready::Now(Ok(()));
    };
    let limited = std::mem::take(payload).limited(limit).map_err(fault);
    Ready::Now(limited.map(|limited| *payload = limited))
}

/// Asks one side, once more if that is allowed and the backend does not do so itself. Whose answer it is comes with it: nobody's where the backend gave none.
async fn side<B: Call>(
    leg: &Leg,
    taken: &Taken,
    ask: Box<Ask>,
    deadline: Instant,
    backends: &[B],
) -> (Result<Response, GatewayError>, Option<Side>) {
    let asks_again = backends
        .get(leg.backend.0)
        .map_or(AsksAgain::No, Call::asks_again);
    let how = How {
        attempt: Attempt::First,
        shadow: false,
        deadline,
    };
    let answer = match asks_again {
        // No copy is needed.
        AsksAgain::Itself => attempt(leg, taken, ask, how, backends).await,
        AsksAgain::No => Box::pin(twice(leg, taken, ask, how, backends)).await,
    };
    let answered = match &answer {
        Ok(_) | Err(GatewayError::Status { .. }) => Some(leg.side),
        Err(_) => None,
    };
    (answer, answered)
}

/// Asks, and asks again where that is allowed.
async fn twice<B: Call>(
    leg: &Leg,
    taken: &Taken,
    ask: Box<Ask>,
    how: How,
    backends: &[B],
) -> Result<Response, GatewayError> {
    let again = copy(taken, &ask);
    let answer = attempt(leg, taken, ask, how, backends).await;
    if let Err(GatewayError::Backend { error, .. }) = &answer
        && may_ask_again(taken.route.effect, error)
        && Instant::now() < how.deadline
        && let Some(again) = again
    {
        tracing::debug!(route = %taken.route.name, side = leg.side.as_str(), %error, "asked again");
        let how = How {
            attempt: Attempt::Fresh,
            ..how
        };
        return attempt(leg, taken, again, how, backends).await;
    }
    answer
}

/// Whether the same backend may be asked once more: the connection broke, or it is not known whether the request was written, and either
/// nothing was sent or executing it twice does no more than once.
fn may_ask_again(effect: Effect, error: &BackendError) -> bool {
    let passing = matches!(
        error.kind(),
        BackendErrorKind::Broken | BackendErrorKind::Unconfirmed
    );
    passing && retry::is_safe(effect, error.sent())
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
    mut ask: Box<Ask>,
    how: How,
    backends: &[B],
) -> Result<Response, GatewayError> {
    let route = &taken.route;
    let Some(backend) = backends.get(leg.backend.0) else {
        return Err(GatewayError::NoLeg { side: leg.side });
    };
    // As the client sent it: before anything of it is changed for this backend.
    if let Some(back) = route
        .back
        .as_ref()
        .filter(|_| leg.side == Side::Modern && !how.shadow)
    {
        ask.back = Some(Box::new(back.sent(&ask.parts)));
    }
    if !how.shadow {
        ask.promise = promise::of(leg, taken, &ask.parts)?;
    }
    let parts = &mut ask.parts;
    let opens = opens_by_success(parts) && !how.shadow;
    if let Some(path) = &leg.path {
        parts.uri = target(&path.fill(&taken.params), &parts.uri)?;
    }
    if let Some(host) = &leg.rewrite.host {
        parts.headers.insert(HOST, host.clone());
    }
    leg.rewrite.request.apply(&mut parts.headers, &taken.params);
    if leg.rewrite.request.takes_off() {
        let names = || leg.rewrite.request.names().into();
        ask.payload = std::mem::take(&mut ask.payload).without_trailers(names);
    }
    transcode::ask(parts, &route.client, leg);
    if route.transcodes_request(leg) {
        let payload = std::mem::take(&mut ask.payload);
        let whole = Box::pin(payload.gather(route.max_body))
            .await
            .map_err(|error| BodyFault::from(&error))?;
        if let Some(back) = &mut ask.back {
            back.body = Some(whole.data.clone());
        }
        let parts = &mut ask.parts;
        let mapped = match leg.maps_request() {
            Some(program) => transcode::map_request(parts, whole, program, &taken.params),
            None => transcode::request(parts, whole, &route.client.request, &leg.shapes.request),
        };
        ask.payload = mapped.map_err(GatewayError::Undecodable)?.into();
    }
    let headers = &mut ask.parts.headers;
    if how.shadow || route.transcodes_request(leg) {
        // All of the body is here: the client was told to go on, or never waited (RFC 9110 section 10.1.1).
        headers.remove(EXPECT);
    }
    if how.shadow || route.transcodes_response(leg) {
        // What is no longer HTTP can be neither compared nor transcoded.
        headers.remove(UPGRADE);
    }
    let awaited = ask.payload.follow();
    ask.deadline = how.deadline;
    ask.attempt = how.attempt;
    // A mirror's answer is compared, so somebody waits for it.
    ask.delivery = match how.shadow {
        true => Delivery::Reply,
        false => leg.delivery.clone(),
    };
    ask.shadow = how.shadow;
    if how.shadow {
        ask.interim = Interim::default();
    }
    let asked_for = if how.shadow {
        AskedFor::Mirror
    } else {
        AskedFor::Client
    };
    let asked = Instant::now();
    let given_up = GivenUp(Some((&taken.counts, leg.backend.0, asked_for)));
    let answered = backend::call(backend, ask).await;
    given_up.heard();
    let came = match &answered {
        Ok(response) => Ok(response.parts.status),
        Err(error) => Err(error.kind()),
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
    let mut response = if is_read(leg, route, &response) {
        Box::pin(read(leg, route, response, how.deadline)).await?
    } else {
        response
    };
    if opens && response.parts.status.is_success() {
        let error = BackendError::new(BackendErrorKind::BadAnswer, Sent::Maybe);
        let error = error.because("it did not open the tunnel, and did not refuse it either");
        return Err(GatewayError::of(leg.side, error));
    }
    let edits = &leg.rewrite.response;
    edits.apply(&mut response.parts.headers, &taken.params);
    Ok(response)
}

/// Whether an answer must be brought into the client's form; one of our own is in it.
fn is_read(leg: &Leg, route: &Route, response: &Response) -> bool {
    route.transcodes_response(leg) && response.parts.extensions.get::<Ours>().is_none()
}

/// An answer that a backend gave before, as the route's clients are to see it.
///
/// # Errors
/// It is none that the client could read.
pub async fn brought(
    leg: &Leg,
    route: &Route,
    params: &PathParams,
    response: Response,
    deadline: Instant,
) -> Result<Response, GatewayError> {
    let mut response = if is_read(leg, route, &response) {
        read(leg, route, response, deadline).await?
    } else {
        response
    };
    let edits = &leg.rewrite.response;
    edits.apply(&mut response.parts.headers, params);
    Ok(response)
}

/// A request that a backend was asked. Dropped before it is [`heard`](Self::heard) of, it counts as given up.
struct GivenUp<'a>(Option<(&'a Counts, usize, AskedFor)>);

impl GivenUp<'_> {
    fn heard(mut self) {
        self.0 = None;
    }
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if let Some((counts, backend, asked_for)) = self.0 {
            counts.given_up(backend, asked_for);
        }
    }
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
        ..
    } = response;
    let whole = timeout_at(deadline, payload.gather(route.max_body))
        .await
        .map_err(|_| GatewayError::of(side, failed(BackendErrorKind::Timeout)))?
        .map_err(|error| {
            GatewayError::of(side, failed(BackendErrorKind::BadAnswer).because(error))
        })?;
    let client = &route.client.response;
    let mapped = match leg.maps_response() {
        Some(program) => transcode::map_response(&mut parts, whole, program, leg),
        None => transcode::response(&mut parts, whole, &leg.shapes.response, client),
    }
    .map_err(|error| GatewayError::of(side, failed(BackendErrorKind::BadAnswer).because(error)))?;
    match mapped {
        Mapped::Body(whole) => Ok(Response {
            parts,
            payload: whole.into(),
            spelling,
            side: None,
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
