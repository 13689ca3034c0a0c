//! Requests whose outcomes are kept: claimed before they are sent, and answered from what is stored where they came before.

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{HeaderName, LOCATION, RETRY_AFTER};
use ::http::{HeaderValue, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use super::{ReplyAt, Service, accepted, receive, unix_ms, written};
use crate::backend::Ask;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent, retry_after};
use crate::message::Response;
use crate::outcome::{Claim, Outcomes, Promise, Replying, Unknown, Verdict, is_mismatch, now_ms};
use crate::outcome::{ID, Place, ticket};
use crate::route::{Delivery, Later, Replayed};

/// On an answer that was given before (as services of others call it): `true`.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// After what time a request may come again that is under way.
const SOON: Duration = Duration::from_secs(1);

impl Service {
    /// As `call`. Dropped before the request is sent, its claim is given back; after that the claim stands until its deadline, or until the
    /// reply has come.
    pub(super) async fn promised(
        &self,
        mut ask: Box<Ask>,
        promise: Promise,
    ) -> Result<Response, BackendError> {
        let Some(outcomes) = self.outcomes() else {
            return Err(BackendError::new(Kind::Unavailable, Sent::No));
        };
        let later = match &ask.delivery {
            Delivery::Async(later) => Some(Arc::clone(later)),
            Delivery::Reply | Delivery::Forget(_) => None,
        };
        let later = later.as_deref();
        let claim = claim(&ask, &promise, later);
        let (id, deadline_ms) = (promise.id, claim.deadline_ms);
        // What was answered is answered again also while nothing can be sent.
        if let Some(verdict) = outcomes.judge(id, &claim, ask.deadline).await
            && !claim.sends_again(&verdict)
        {
            return self.known(outcomes, id, verdict, later).await;
        }
        let refused = |closed| self.refused(closed);
        let seat = self.desk.seat_for_body().map_err(refused)?;
        let body = self.large.take(&mut ask).await?;
        drop(seat);
        let claimed = outcomes.claim(id, claim, ask.deadline).await;
        let (verdict, mut held) = claimed.map_err(unknown)?;
        let (request, secret, deadline_ms, came_before) = match verdict {
            Verdict::Go { request, secret } => (request, secret, deadline_ms, false),
            // Who claimed it may have died before it was sent. Its service executes it once.
            Verdict::Pending(entry) if later.is_some() && now_ms() < entry.deadline_ms => {
                (entry.request, entry.secret, entry.deadline_ms, true)
            }
            verdict => return self.known(outcomes, id, verdict, later).await,
        };
        let at = ReplyAt {
            topic: outcomes.topic(),
            partition: outcomes.partition_of(id).unwrap_or_default(),
            correlation: request.into_bytes(),
            deadline_ms,
            id: request,
            fingerprint: promise.fingerprint,
        };
        let record = self.record(&ask, body, Some(&at));
        held.sent();
        let sent = match later {
            Some(later) => {
                let written = written(&self.producer, record, ask.deadline).await;
                let found = || to_be_found(id, secret, later);
                written.map(|()| {
                    if came_before {
                        replayed(found())
                    } else {
                        found()
                    }
                })
            }
            None => {
                let reply = outcomes.reply(request, ask.id);
                self.awaited(outcomes, (request, reply), record, ask.deadline)
                    .await
            }
        };
        if matches!(&sent, Err(error) if error.sent() == Sent::No) {
            held.not_sent();
        }
        sent
    }

    /// The answer to a request that came before.
    async fn known(
        &self,
        outcomes: &Outcomes,
        id: Uuid,
        verdict: Verdict,
        later: Option<&Later>,
    ) -> Result<Response, BackendError> {
        match (verdict, later) {
            (Verdict::Pending(entry) | Verdict::Done(entry, _), Some(later)) => {
                Ok(replayed(to_be_found(id, entry.secret, later)))
            }
            (Verdict::Done(entry, place), None) => {
                self.stored(outcomes, entry.request, place).await
            }
            (Verdict::Other, _) => Err(BackendError::new(Kind::OtherRequest, Sent::No)),
            (Verdict::Pending(_) | Verdict::Go { .. }, _) => {
                Err(BackendError::new(Kind::InFlight, Sent::No).after(SOON))
            }
        }
    }

    async fn awaited(
        &self,
        outcomes: &Outcomes,
        (request, reply): (Uuid, Result<Replying, Unknown>),
        record: kafka::Outgoing,
        deadline: Instant,
    ) -> Result<Response, BackendError> {
        let (_place, reply) = match reply.map_err(unknown)? {
            Replying::Waits(place, reply) => (place, reply),
            Replying::Done(place) => return self.stored(outcomes, request, place).await,
        };
        let lost = || BackendError::new(Kind::LostReply, Sent::Maybe);
        let reply = async { reply.await.map_err(|_| lost()) };
        let reply = receive(&self.producer, record, reply, deadline).await?;
        if is_mismatch(&reply) {
            return Err(BackendError::new(Kind::OtherRequest, Sent::No));
        }
        self.answer(reply).await
    }

    /// An answer that was given before.
    async fn stored(
        &self,
        outcomes: &Outcomes,
        request: Uuid,
        place: Place,
    ) -> Result<Response, BackendError> {
        let stored = outcomes.fetch(request, place).await.map_err(unknown)?;
        let stored = stored.ok_or_else(|| unknown(Unknown::NotRead))?;
        self.answer(stored).await.map(replayed)
    }

    /// The stored answer of a request, as its service gave it; none where it is no longer there.
    ///
    /// # Errors
    /// It cannot be read now, or is no answer.
    pub async fn outcome(
        &self,
        request: Uuid,
        place: Place,
    ) -> Result<Option<Response>, BackendError> {
        let outcomes = self.outcomes().ok_or_else(|| unknown(Unknown::NotRead))?;
        let stored = outcomes.fetch(request, place).await.map_err(unknown)?;
        match stored {
            Some(stored) => self.answer(stored).await.map(Some),
            None => Ok(None),
        }
    }
}

fn claim(ask: &Ask, promise: &Promise, later: Option<&Later>) -> Claim {
    let at_ms = now_ms();
    let after =
        |time: Duration| at_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    Claim {
        by: ask.id,
        route: ask.route.to_string(),
        at_ms,
        deadline_ms: later.map_or_else(|| unix_ms(ask.deadline), |later| after(later.within)),
        keep_until_ms: after(promise.keep),
        secret: ticket::secret(),
        fingerprint: promise.fingerprint,
        owner: promise.owner,
        callback: promise.callback.clone(),
        group: promise.group.as_deref().map(str::to_owned),
        request: None,
        later: later.is_some(),
    }
}

/// 202, and where the answer will be.
#[must_use]
pub fn to_be_found(id: Uuid, secret: u64, later: &Later) -> Response {
    let mut response = accepted(StatusCode::ACCEPTED);
    let headers = &mut response.parts.headers;
    let place = format!("{}/{}", later.status, ticket::text(id, secret));
    if let Ok(place) = HeaderValue::from_str(&place) {
        headers.insert(LOCATION, place);
    }
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(ID, id);
    }
    headers.insert(RETRY_AFTER, retry_after(later.retry_after));
    response
}

/// The same, given again.
#[must_use]
pub fn replayed(mut response: Response) -> Response {
    let headers = &mut response.parts.headers;
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response.parts.extensions.insert(Replayed);
    response
}

/// Nothing was sent.
fn unknown(unknown: Unknown) -> BackendError {
    let kind = match unknown {
        Unknown::Full => Kind::Overloaded,
        Unknown::NotClaimed => Kind::NotWritten,
        Unknown::Behind | Unknown::NotRead => Kind::Unavailable,
    };
    BackendError::new(kind, Sent::No).because(unknown)
}
