//! From a route to a [`Plan`]: whether there is room, what decides, whether those to be asked are open.

use http::header::RETRY_AFTER;
use http::request::Parts;
use tokio::time::{sleep, timeout_at};

use super::App;
use crate::backend::WantsKey;
use crate::clock::Moment;
use crate::edge::Passes;
use crate::error::{BodyFault, GatewayError, retry_after};
use crate::exchange::{Done, Taken};
use crate::message::{Request, opens_by_success};
use crate::mode::{self, Mode, Opening, Plan};
use crate::route::{Group, Route, Written};
use crate::shed::Asks;
use crate::snapshot::Snapshot;

impl App {
    /// Whether there is room for a request.
    pub(super) async fn taken_on(
        &self,
        snapshot: &Snapshot,
        taken: &Taken,
        parts: &Parts,
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
            client: taken.client,
            key: key.as_deref(),
            headers: &parts.headers,
        };
        edge.admit(&route.name, asks).await
    }

    /// Who is to be asked; the body is gathered only if the key that decides is in it.
    pub(super) async fn planned(
        &self,
        snapshot: &Snapshot,
        group: &Group,
        mode: Mode,
        taken: &mut Taken,
        request: &mut Request,
    ) -> Result<Plan, GatewayError> {
        let route = &taken.route;
        if let Some(source) = &route.canary_key
            && (mode::wants_key(route, mode)
                || wants_key(snapshot, route, mode)
                || matches!(route.written, Some(Written::Key(_))))
        {
            let mut body = bytes::Bytes::new();
            if source.in_body() {
                let deadline = request.received + route.timeout;
                let payload = std::mem::take(&mut request.payload);
                let whole = Box::pin(timeout_at(deadline, payload.gather(route.max_body)))
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
    pub(super) async fn opened(
        &self,
        plan: Plan,
        taken: &Taken,
        parts: &Parts,
        now: &Moment,
    ) -> Result<Plan, Done> {
        let route = &taken.route;
        let (side, opens_in, answer) = match mode::opening(plan, route, self.at(now)) {
            Opening::Open(plan) => return Ok(plan),
            Opening::Wait(plan, time) => match self.held.try_acquire() {
                Ok(_held) => {
                    Box::pin(sleep(time)).await;
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
        if opens_by_success(parts) && response.parts.status.is_success() {
            return Err(Done::failed(GatewayError::Closed { side, opens_in }));
        }
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
