//! The straight line of one request, and everything it passes. Read this first.
//!
//! ```text
//! listen ─► guard ─► route ─► mode::plan ─► exchange ─► the client
//!                                              ⤷ mirror, evidence
//! ```
//!
//! In: a [`Request`] of a listener. Out: a [`Response`], always. One request sees one [`Snapshot`]; [`App::install`] is the only
//! way to another one, for a reload as for a flip.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use http::StatusCode;
use http::header::RETRY_AFTER;
use http::request::Parts;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use crate::access::Entry;
use crate::backend::WantsKey;
use crate::control::WriteLedger;
use crate::edge::{Ending, Passes};
use crate::error::{BodyFault, GatewayError, Sent, rescue, retry_after};
use crate::evidence::{Evidence, FellBack, Finding, Outcome};
use crate::exchange::{self, Done, Taken};
use crate::guard;
use crate::listen::http::Answer;
use crate::message::{Interim, Payload, Request, Response};
use crate::metrics::{Counts, Metrics};
use crate::mirror::tap::{Copying, tap, tap_then};
use crate::mirror::{Job, Queue};
use crate::mode::{self, Mode, Opening, Plan};
use crate::route::shape::ErrorForm;
use crate::route::{Asked, Choice, Fixed, Group, Leg, PathParams, Route, Selected, Side, select};
use crate::shed::Asks;
use crate::snapshot::Snapshot;

/// What all requests share.
#[derive(Debug)]
pub struct App {
    snapshot: ArcSwap<Snapshot>,
    mirrors: Queue,
    evidence: Arc<Evidence>,
    metrics: Arc<Metrics>,
    ledger: Arc<WriteLedger>,
    /// Requests that may wait for a backend to open.
    held: Semaphore,
}

/// How many requests may wait for backends to open; further ones are told that they are closed.
const HELD: usize = 1000;

impl App {
    /// Answers by this snapshot until another is installed.
    #[must_use]
    pub fn new(
        snapshot: Snapshot,
        mirrors: Queue,
        evidence: Arc<Evidence>,
        metrics: Arc<Metrics>,
        ledger: Arc<WriteLedger>,
    ) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            mirrors,
            evidence,
            metrics,
            ledger,
            held: Semaphore::new(HELD),
        }
    }

    /// What a request that enters now sees.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Puts another snapshot in place, made of the one that is there. `change` may be called more than once, when two install at the
    /// same time; requests under way keep the one they entered with.
    pub fn install(&self, change: impl Fn(&Snapshot) -> Snapshot) {
        self.snapshot.rcu(|snapshot| change(snapshot));
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// What comparing has shown.
    #[must_use]
    pub fn evidence(&self) -> &Arc<Evidence> {
        &self.evidence
    }

    /// A request's way once its route is known. Dropped half-way, as when the client goes away, nobody else is asked and no outcome is
    /// recorded; only a change that modern may have made is counted.
    async fn routed(
        &self,
        snapshot: Arc<Snapshot>,
        selected: Selected,
        mut request: Request,
        client: Option<IpAddr>,
        now: Timestamp,
    ) -> Ended {
        let Selected {
            route,
            group,
            params,
        } = selected;
        let mode = snapshot.mode_of(&route);
        let mut taken = Taken {
            id: request.id,
            params,
            key: None,
            peer: request.peer.clone(),
            spelling: request.spelling.clone(),
            interim: request.interim.clone(),
            counts: snapshot.counts(&route.name),
            route,
        };
        let started = request.received;
        let passes = match self
            .taken_on(&snapshot, &taken, &request.parts, client)
            .await
        {
            Ok(passes) => passes,
            Err(error) => {
                return self.ended(&taken, &group, mode, Done::failed(error), None, started);
            }
        };
        let plan = self.planned(&snapshot, &group, mode, &mut taken, &mut request);
        let plan = match plan.await {
            Ok(plan) => plan,
            Err(error) => {
                return self.ended(&taken, &group, mode, Done::failed(error), None, started);
            }
        };
        let plan = match self.opened(plan, &taken, &request.parts, now).await {
            Ok(plan) => plan,
            Err(done) => return self.ended(&taken, &group, mode, done, None, started),
        };
        let watched = plan.mirror().map(|leg| Watched {
            leg: Arc::clone(leg),
            parts: request.parts.clone(),
            body: self.watch(&mut request.payload),
        });
        let unheard = Unheard::of(&plan, &taken.route, &group, &self.ledger);
        let mut done = exchange::run(&plan, &taken, request, snapshot.backends()).await;
        unheard.heard();
        let mut mirror = None;
        // What legacy answered in modern's place says nothing of the two.
        if let (None, Some(watched), Ok(response), Some(answered)) =
            (&done.fell_back, watched, &mut done.answer, done.answered)
        {
            mirror = Some(watched.leg.side);
            let copied = Copied {
                snapshot: Arc::clone(&snapshot),
                mode,
                answered,
                took: started.elapsed(),
            };
            self.mirror(&taken, watched, copied, response);
        }
        let mut ended = self.ended(&taken, &group, mode, done, mirror, started);
        ended.passes = passes;
        ended
    }

    /// Whether there is room for a request.
    async fn taken_on(
        &self,
        snapshot: &Snapshot,
        taken: &Taken,
        parts: &Parts,
        client: Option<IpAddr>,
    ) -> Result<Passes, GatewayError> {
        let edge = snapshot.edge();
        if !edge.is_bounded() {
            return Ok(Passes::default());
        }
        let route = &taken.route;
        let key = match (&route.canary_key, edge.gate(&route.name)) {
            (Some(source), Some(gate)) if gate.wants_key() && !source.in_body() => {
                source.find(parts, &taken.params, &[])
            }
            _ => None,
        };
        let asks = Asks {
            client,
            key: key.as_deref(),
            headers: &parts.headers,
        };
        edge.admit(&route.name, asks).await
    }

    /// Who is to be asked; the body is gathered only if the key that decides is in it.
    async fn planned(
        &self,
        snapshot: &Snapshot,
        group: &Group,
        mode: Mode,
        taken: &mut Taken,
        request: &mut Request,
    ) -> Result<Plan, GatewayError> {
        let route = &taken.route;
        if let Some(source) = &route.canary_key
            && (mode::wants_key(route, mode) || wants_key(snapshot, route, mode))
        {
            let mut body = bytes::Bytes::new();
            if source.in_body() {
                let deadline = request.received + route.timeout;
                let payload = std::mem::take(&mut request.payload);
                let whole = timeout_at(deadline, payload.gather(route.max_body))
                    .await
                    .map_err(|_| GatewayError::BodyLate)?
                    .map_err(|error| BodyFault::from(&error))?;
                body = whole.data.clone();
                request.payload = whole.into();
            }
            taken.key = source.find(&request.parts, &taken.params, &body);
        }
        mode::plan(route, group, mode, taken.key.as_deref(), taken.id)
            .map_err(|missing| GatewayError::NoLeg { side: missing.side })
    }

    /// The plan as far as its backends are open; waits where the route says so. Dropped half-way, nobody was asked.
    async fn opened(
        &self,
        plan: Plan,
        taken: &Taken,
        parts: &Parts,
        now: Timestamp,
    ) -> Result<Plan, Done> {
        let route = &taken.route;
        let (side, opens_in, answer) = match mode::opening(plan, route, now) {
            Opening::Open(plan) => return Ok(plan),
            Opening::Wait(plan, time) => match self.held.try_acquire() {
                Ok(_held) => {
                    sleep(time).await;
                    return Ok(plan);
                }
                Err(_) => (plan.primary().side, Some(time), None),
            },
            Opening::Closed {
                side,
                opens_in,
                answer,
            } => (side, opens_in, answer),
        };
        let Some(answer) = answer else {
            return Err(Done::failed(GatewayError::Closed { side, opens_in }));
        };
        let mut response = answer.answer(parts, &taken.params);
        if let Some(opens_in) = opens_in {
            let headers = &mut response.parts.headers;
            headers
                .entry(RETRY_AFTER)
                .or_insert_with(|| retry_after(opens_in));
        }
        Err(Done {
            answer: Ok(response),
            answered: None,
            fell_back: None,
        })
    }

    fn watch(&self, payload: &mut Payload) -> Copying {
        let (tapped, copying) = tap(std::mem::take(payload), &self.mirrors);
        *payload = tapped;
        copying
    }

    /// Puts a tap on the answer: when the client has it, the exchange is offered to the mirror.
    fn mirror(&self, taken: &Taken, watched: Watched, copied: Copied, response: &mut Response) {
        let (queue, metrics, evidence) = (
            self.mirrors.clone(),
            Arc::clone(&self.metrics),
            Arc::clone(&self.evidence),
        );
        let taken = Taken {
            interim: Interim::default(),
            ..taken.clone()
        };
        let parts = response.parts.clone();
        let payload = std::mem::take(&mut response.payload);
        response.payload = tap_then(payload, &self.mirrors, move |answer| {
            let route = Arc::clone(&taken.route.name);
            let id = taken.id;
            let offered = answer.and_then(|(response_body, mut held)| {
                let (request_body, more) = watched.body.take()?;
                held.join(more);
                queue.offer(Job {
                    snapshot: copied.snapshot,
                    taken,
                    mode: copied.mode,
                    leg: watched.leg,
                    request: watched.parts,
                    request_body,
                    answered: copied.answered,
                    response: parts,
                    response_body,
                    took: copied.took,
                    held,
                })
            });
            if let Err(why) = offered {
                metrics.mirror_dropped(why);
                evidence.found(
                    &route,
                    id,
                    Finding::Dropped(why.as_str()),
                    SystemTime::now(),
                );
            }
        });
    }

    /// Records what became of a request and gives the client its answer.
    fn ended(
        &self,
        taken: &Taken,
        group: &Group,
        mode: Mode,
        done: Done,
        mirror: Option<Side>,
        started: Instant,
    ) -> Ended {
        let took = started.elapsed();
        let route = &taken.route;
        let Done {
            answer,
            answered,
            fell_back,
        } = done;
        self.account(route, group, &answer, answered);
        let mut error = fell_back.as_ref().map(GatewayError::code);
        if let (Some(code), true) = (error, answered.is_some()) {
            self.metrics.fell_back(&route.name, code);
        }
        let response = answer.unwrap_or_else(|failure| {
            error = Some(failure.code());
            self.metrics.error(failure.code());
            told(&failure, &route.name, taken.id);
            rescue(&failure, &route.errors, taken.id)
        });
        let status = response.parts.status;
        taken.counts.answered(answered, status, took);
        let outcome = Outcome {
            request_id: taken.id,
            route: Some(Arc::clone(&route.name)),
            group: Some(Arc::clone(&group.name)),
            mode: Some(mode),
            effect: Some(route.effect),
            answered,
            status,
            error,
            fell_back: match (fell_back.is_some(), answered) {
                (true, Some(_)) => FellBack::Yes,
                _ => FellBack::No,
            },
            mirror,
            took,
        };
        self.evidence.answered(&outcome);
        Ended {
            response,
            outcome,
            passes: Passes::default(),
        }
    }

    /// What legacy lacks: every change that modern accepted, and every one it may have accepted before it fell silent.
    fn account(
        &self,
        route: &Route,
        group: &Group,
        answer: &Result<Response, GatewayError>,
        answered: Option<Side>,
    ) {
        if !route.effect.changes_data() {
            return;
        }
        let lacking = match answer {
            Ok(response) => {
                let status = response.parts.status;
                answered == Some(Side::Modern)
                    && !status.is_client_error()
                    && !status.is_server_error()
            }
            Err(GatewayError::Backend {
                side: Side::Modern,
                error,
            }) => error.sent() == Sent::Maybe,
            // A part of it may have been enough.
            Err(GatewayError::BodyUnfinished {
                side: Side::Modern, ..
            }) => true,
            Err(_) => false,
        };
        if lacking {
            self.ledger.record(&group.name);
        }
    }

    /// An answer of our own. The body is not read; its listener sees to what is left of it.
    fn fixed(
        &self,
        fixed: &Fixed,
        params: &PathParams,
        request: &Request,
        counts: &Counts,
    ) -> Ended {
        let response = fixed.answer(&request.parts, params);
        let took = request.received.elapsed();
        counts.answered(None, response.parts.status, took);
        Ended {
            outcome: Outcome {
                route: Some(Arc::clone(&fixed.name)),
                ..Ended::outcome(request.id, response.parts.status, None, took)
            },
            response,
            passes: Passes::default(),
        }
    }

    /// An answer to what no route took.
    fn refused(&self, error: &GatewayError, id: Uuid, took: Duration) -> Ended {
        let response = rescue(error, &ErrorForm::Problem, id);
        self.metrics.error(error.code());
        self.metrics.unrouted(response.parts.status, took);
        Ended::ours(response, id, Some(error.code()), took)
    }

    /// A request's way; `entry` is its line in the access log.
    async fn answered(
        &self,
        snapshot: Arc<Snapshot>,
        mut request: Request,
        entry: &mut Option<Entry>,
    ) -> Ended {
        let edge = snapshot.edge();
        let client = match guard::admit(&mut request, &edge.edge().forwarding) {
            Ok(client) => client,
            Err(error) => return self.refused(&error, request.id, request.received.elapsed()),
        };
        let trace = edge.number(&mut request);
        if let Some(entry) = entry {
            entry.knows(client, request.id, trace);
        }
        if let Some(response) = guard::last_hop(&mut request) {
            let took = request.received.elapsed();
            self.metrics.unrouted(response.parts.status, took);
            return Ended::ours(response, request.id, None, took);
        }
        let now = Timestamp::now();
        let choice = {
            let mut asked = Asked::new(&request.parts, request.peer.as_deref(), now);
            asked.client = client;
            select(snapshot.table(), &asked)
        };
        match choice {
            Ok(Choice::Route(selected)) => {
                self.routed(snapshot, selected, request, client, now).await
            }
            Ok(Choice::Fixed { fixed, params }) => {
                let counts = snapshot.counts(&fixed.name);
                self.fixed(&fixed, &params, &request, &counts)
            }
            Err(_) => self.refused(
                &GatewayError::NoRoute,
                request.id,
                request.received.elapsed(),
            ),
        }
    }
}

impl Answer for App {
    async fn answer(&self, request: Request) -> Response {
        let snapshot = self.snapshot();
        let mut entry = snapshot.edge().begin(&request);
        let Ended {
            mut response,
            outcome,
            passes,
        } = self.answered(snapshot, request, &mut entry).await;
        if let Some(entry) = &mut entry {
            entry.answered(outcome);
        }
        if entry.is_some() || !passes.is_empty() {
            let payload = std::mem::take(&mut response.payload);
            response.payload = payload.watched(Ending { entry, passes });
        }
        response
    }

    fn unread(&self, error: &GatewayError) -> Response {
        let ended = self.refused(error, Uuid::now_v7(), Duration::ZERO);
        ended.response
    }
}

/// What a client gets, and what is to be known of it.
struct Ended {
    response: Response,
    outcome: Outcome,
    /// Kept until the answer is over.
    passes: Passes,
}

impl Ended {
    /// An answer of our own to what no route took.
    fn ours(response: Response, id: Uuid, error: Option<&'static str>, took: Duration) -> Self {
        Self {
            outcome: Self::outcome(id, response.parts.status, error, took),
            response,
            passes: Passes::default(),
        }
    }

    fn outcome(
        id: Uuid,
        status: StatusCode,
        error: Option<&'static str>,
        took: Duration,
    ) -> Outcome {
        Outcome {
            request_id: id,
            route: None,
            group: None,
            mode: None,
            effect: None,
            answered: None,
            status,
            error,
            fell_back: FellBack::No,
            mirror: None,
            took,
        }
    }
}

/// A request whose plan has a mirror, being copied.
struct Watched {
    leg: Arc<Leg>,
    parts: Parts,
    body: Copying,
}

/// A change that modern is being asked for. Dropped before it is [`heard`](Self::heard) of, as when the client goes away, it counts as
/// accepted: modern may have executed it, and legacy does not know it.
struct Unheard<'a> {
    group: &'a Group,
    ledger: Option<&'a WriteLedger>,
}

impl<'a> Unheard<'a> {
    fn of(plan: &Plan, route: &Route, group: &'a Group, ledger: &'a WriteLedger) -> Self {
        let counts = route.effect.changes_data() && plan.primary().side == Side::Modern;
        Self {
            group,
            ledger: counts.then_some(ledger),
        }
    }

    fn heard(mut self) {
        self.ledger = None;
    }
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        if let Some(ledger) = self.ledger {
            ledger.record(&self.group.name);
        }
    }
}

/// What a mirror must know of the exchange itself.
struct Copied {
    snapshot: Arc<Snapshot>,
    mode: Mode,
    answered: Side,
    took: Duration,
}

/// Whether whom we may ask orders requests by the route's key.
fn wants_key(snapshot: &Snapshot, route: &Route, mode: Mode) -> bool {
    mode != Mode::Legacy
        && route
            .modern
            .as_ref()
            .and_then(|leg| snapshot.backend(leg.backend))
            .is_some_and(|backend| backend.wants_key() == WantsKey::Yes)
}

/// Every failure of ours or a backend's is worth a line; a client's is not.
fn told(error: &GatewayError, route: &str, id: Uuid) {
    let code = error.code();
    match error.status() {
        status
            if status.is_client_error()
                || status == StatusCode::NOT_IMPLEMENTED
                || matches!(error, GatewayError::Busy) =>
        {
            tracing::debug!(route, %id, code, "refused a request");
        }
        _ => {
            let cause = causes(error);
            tracing::warn!(route, %id, code, cause, "could not answer a request");
        }
    }
}

/// All that lies behind an error, down to what the system or TLS said: none of it quotes a request or an answer.
fn causes(error: &GatewayError) -> Option<String> {
    let first = std::error::Error::source(error)?;
    let behind = std::iter::successors(Some(first), |error| error.source());
    let texts: Vec<_> = behind.map(ToString::to_string).collect();
    Some(texts.join(": "))
}
