//! Requests that are executed once for their key: what the key is, before anybody is asked, and what legacy must not do a second time.

use std::sync::Arc;

use bytes::Bytes;
use http::header::EXPECT;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::App;
use crate::backend::Backend;
use crate::backend::kafka::{replayed, to_be_found};
use crate::error::{BodyFault, GatewayError, Kept};
use crate::exchange::{self, Done, Taken};
use crate::message::{Payload, Request, Response};
use crate::mode::Plan;
use crate::outcome::{Entry, Known, Place};
use crate::route::idempotency::{Idempotency, Looked, NoKey, Once, WithoutKey, WithoutOutcomes};
use crate::route::{Delivery, Leg, Side};
use crate::snapshot::Snapshot;

impl App {
    /// Finds the key of a request and what it comes to. Of one that goes to legacy, out comes what is known of it already: legacy cannot know
    /// the key. Dropped half-way, nobody was asked.
    pub(super) async fn once(
        &self,
        snapshot: &Snapshot,
        plan: &Plan,
        taken: &Taken,
        request: &mut Request,
    ) -> Result<Option<Done>, GatewayError> {
        let route = Arc::clone(&taken.route);
        let Some(rule) = &route.idempotency else {
            return Ok(None);
        };
        let body = whole(taken, request).await?;
        let once = rule.once(Looked {
            route: &taken.route.name,
            parts: &request.parts,
            params: &taken.params,
            body: &body,
            peer: taken.peer.as_deref(),
            now: self.now(),
        });
        let once = match (once, rule.without_key) {
            (Ok(once), _) => once,
            (Err(NoKey::Missing), WithoutKey::Pass) => return Ok(None),
            (Err(NoKey::Missing), WithoutKey::Refuse) => {
                return Err(GatewayError::Kept(Kept::NoKey));
            }
            (Err(NoKey::Malformed), _) => return Err(GatewayError::Kept(Kept::Malformed)),
        };
        let known = match plan.primary().side {
            Side::Modern => None,
            Side::Legacy => before(snapshot, rule, taken, &once).await?,
        };
        // Beside the head, so that requests without a key keep no room for it.
        request.parts.extensions.insert(once);
        Ok(known)
    }
}

/// All of the body; it is at hand afterwards.
async fn whole(taken: &Taken, request: &mut Request) -> Result<Bytes, GatewayError> {
    let deadline = request.received + taken.route.timeout;
    let payload = std::mem::take(&mut request.payload);
    let whole = timeout_at(deadline, payload.gather(taken.route.max_body))
        .await
        .map_err(|_| GatewayError::BodyLate)?
        .map_err(|error| BodyFault::from(&error))?;
    let body = whole.data.clone();
    request.payload = Payload::from(whole);
    // The client was told to go on (RFC 9110 section 10.1.1).
    request.parts.headers.remove(EXPECT);
    Ok(body)
}

/// What modern made of a request that goes to legacy now.
async fn before(
    snapshot: &Snapshot,
    rule: &Idempotency,
    taken: &Taken,
    once: &Once,
) -> Result<Option<Done>, GatewayError> {
    let Some(leg) = taken.route.leg(Side::Modern) else {
        return Ok(None);
    };
    let Some(backend) = snapshot.backend(leg.backend) else {
        return Ok(None);
    };
    let outcomes = backend.outcomes().filter(|outcomes| outcomes.is_ready());
    let Some(outcomes) = outcomes else {
        return match rule.without_outcomes {
            // The legacy path needs no Kafka.
            WithoutOutcomes::Pass => Ok(None),
            WithoutOutcomes::Refuse => Err(GatewayError::Kept(Kept::Unknown)),
        };
    };
    let (entry, known) = match outcomes.known(once.id) {
        Known::Nothing | Known::Expired(_) => return Ok(None),
        Known::Pending(entry) => (entry, Err(Kept::InFlight)),
        // Modern may have executed it, so nobody executes it in legacy.
        Known::Failed(entry) => (entry, Err(Kept::InDoubt)),
        Known::Done(entry, place) => (entry, Ok(place)),
    };
    if entry.fingerprint != Some(once.fingerprint) || entry.owner != once.owner {
        return Err(GatewayError::Kept(Kept::OtherRequest));
    }
    let answer = match (&leg.delivery, known) {
        (Delivery::Async(later), Ok(_) | Err(Kept::InFlight)) => {
            let Entry { secret, .. } = entry;
            replayed(to_be_found(once.id, secret, later))
        }
        (_, Err(kept)) => return Err(GatewayError::Kept(kept)),
        (_, Ok(place)) => stored(backend, leg, taken, (entry.request, place)).await?,
    };
    Ok(Some(Done {
        answer: Ok(answer),
        answered: Some(Side::Modern),
        fell_back: None,
    }))
}

async fn stored(
    backend: &Backend,
    leg: &Arc<Leg>,
    taken: &Taken,
    (request, place): (Uuid, Place),
) -> Result<Response, GatewayError> {
    let Backend::Kafka(service) = backend else {
        return Err(GatewayError::Kept(Kept::Unknown));
    };
    let stored = service.outcome(request, place).await;
    let stored = stored.map_err(|error| GatewayError::of(Side::Modern, error))?;
    let stored = stored.ok_or(GatewayError::Kept(Kept::Unknown))?;
    let deadline = Instant::now() + taken.route.timeout;
    exchange::brought(leg, &taken.route, &taken.params, replayed(stored), deadline).await
}
