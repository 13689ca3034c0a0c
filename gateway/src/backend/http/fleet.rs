//! The endpoints of one backend, asked as one: who is asked, and who next when that fails.
//!
//! In: an [`Ask`]. Out: an answer, or why there is none. What is decided stands in [`balance`](crate::backend::balance); here it is carried out. A request
//! is sent once more only as [`retry`] allows: whatever may have been seen, and changes data, never is.

use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use http::StatusCode;
use tokio::time::Instant;

use super::member::{EndpointState, Member};
use super::origin::{BodyLeft, Failed};
use crate::backend::balance::breaker::{self, Breaker, Pass, Position};
use crate::backend::balance::budget::Budget;
use crate::backend::balance::choice::{Balance, Candidate, Room, Standing, choose};
use crate::backend::balance::retry::{self, Failure, Next};
use crate::backend::balance::{Outcome, outlier};
use crate::backend::{Ask, Attempt};
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::{Payload, Response};

/// The most endpoints of one backend, addresses of names counted each.
pub(super) const MOST: usize = 64;

/// Whoever speaks to one endpoint: an origin, or a scripted one in a test.
pub(super) trait Speak: Send + Sync {
    /// Asks once. Dropped half-way the request may or may not have been executed.
    fn send(&self, ask: &mut Ask) -> impl Future<Output = Result<Response, Failed>> + Send;
    /// How many requests are under way.
    fn load(&self) -> usize;
    /// Whether one more has to wait.
    fn room(&self) -> Room;
    /// Whether it keeps a connection that is this client's own, as one that was authenticated.
    fn owns(&self, ask: &Ask) -> bool;
}

/// What a backend allows, apart from how its connections are used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// How requests are spread.
    pub balance: Balance,
    /// When an endpoint is left alone; none: never.
    pub eject: Option<outlier::Policy>,
    /// When the backend is; none: never.
    pub breaker: Option<breaker::Policy>,
    /// What is sent again.
    pub retry: retry::Policy,
}

/// The endpoints of one backend.
#[derive(Debug)]
pub(super) struct Fleet<O> {
    backend: Arc<str>,
    policy: Policy,
    members: ArcSwap<Vec<Arc<Member<O>>>>,
    turn: AtomicUsize,
    breaker: Option<Mutex<Breaker>>,
    budget: Budget,
    /// Held while it is decided whether one more is left alone: two that were decided at once could be the last two.
    ejecting: Mutex<()>,
    retried: AtomicU64,
    /// Retries that the budget refused.
    over_budget: AtomicU64,
    /// Requests that the breaker refused.
    refused: AtomicU64,
}

/// What is known of a backend's endpoints, for people and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetState {
    /// Each endpoint, in the order of the file.
    pub endpoints: Vec<EndpointState>,
    /// How requests are spread.
    pub balance: &'static str,
    /// `closed`, `open` or `half_open`; none without a breaker.
    pub breaker: Option<&'static str>,
    /// Requests refused because it was open.
    pub refused: u64,
    /// Tries after the first.
    pub retried: u64,
    /// Those that would have been too many.
    pub over_budget: u64,
}

impl<O: Speak> Fleet<O> {
    /// Nobody yet: see [`Fleet::change`].
    pub(super) fn new(backend: Arc<str>, policy: Policy) -> Self {
        let now = Instant::now();
        Self {
            backend,
            members: ArcSwap::default(),
            turn: AtomicUsize::new(0),
            breaker: policy
                .breaker
                .map(|policy| Mutex::new(Breaker::new(policy, now))),
            budget: Budget::new(policy.retry.budget, now),
            policy,
            ejecting: Mutex::default(),
            retried: AtomicU64::new(0),
            over_budget: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Whose endpoints they are.
    pub(super) fn backend(&self) -> &Arc<str> {
        &self.backend
    }

    /// The endpoints in force, in the order of the file.
    pub(super) fn members(&self) -> Arc<Vec<Arc<Member<O>>>> {
        self.members.load_full()
    }

    /// Puts others in their place; at most [`MOST`]. Requests under way end where they are.
    pub(super) fn change(&self, mut members: Vec<Arc<Member<O>>>) {
        members.truncate(MOST);
        self.members.store(Arc::new(members));
    }

    /// Asks one of them, and others as far as that is allowed. Dropped half-way the request may or may not have been executed.
    ///
    /// # Errors
    /// Nobody gave an answer, or too many did not before.
    pub(super) async fn call(&self, mut ask: Box<Ask>) -> Result<Response, BackendError> {
        let under_way = self.admit(ask.deadline)?;
        let answered = self.tried(&mut ask).await;
        under_way.ended(outcome(&answered));
        answered
    }

    async fn tried(&self, ask: &mut Ask) -> Result<Response, BackendError> {
        let members = self.members();
        let mut asked = Asked::default();
        let mut tries = retry::Tries::default();
        let mut before = Before(None);
        let turn = match members.len() {
            1 => 0,
            _ => self.turn.fetch_add(1, Ordering::Relaxed),
        };
        loop {
            let now = Instant::now();
            let first = tries == retry::Tries::default();
            if first && self.policy.retry.tries > 0 {
                self.budget.deposit(now);
            }
            let own = match &ask.peer {
                Some(_) if first && members.len() > 1 => owner(&members, ask, now),
                _ => None,
            };
            let chosen = own.or_else(|| self.choose(&members, turn, asked, now));
            let Some(place) = chosen else {
                return before.or(Err(BackendError::new(Kind::Unreachable, Sent::No)));
            };
            let Some(member) = members.get(place) else {
                return before.or(Err(BackendError::new(Kind::Unreachable, Sent::No)));
            };
            asked.add(place);
            let (answered, body) = self.one(member, ask, &members).await;
            let Some(failure) = self.failure(&answered, body) else {
                return answered;
            };
            tries.add(failure);
            let another = match failure.how {
                // It has waited for one as long as it may.
                retry::How::Error(Kind::Overloaded) => has_room(&members, asked, now),
                _ => asked.len() < members.len(),
            };
            let policy = &self.policy.retry;
            let mut next = retry::next(policy, ask.effect, failure, tries, another, ask.id);
            // A copy is for comparison: it is not worth work that a client could have.
            if ask.shadow && retry::costs(failure) {
                next = Next::GiveUp;
            }
            let now = Instant::now();
            match next {
                Next::GiveUp => return before.or(answered),
                Next::Again(wait) if now + wait >= ask.deadline => return before.or(answered),
                Next::Another | Next::Again(_) => {}
            }
            if retry::costs(failure) && !self.budget.withdraw(now) {
                self.over_budget.fetch_add(1, Ordering::Relaxed);
                return before.or(answered);
            }
            self.retried.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(backend = %self.backend, endpoint = %member.name, route = %ask.route, tries = tries.all(), "asks again");
            before.keep(answered);
            if let Next::Again(wait) = next {
                // Boxed, since it is rare: every request would keep room for it.
                Box::pin(tokio::time::sleep(wait)).await;
                asked = Asked::default();
            }
            ask.attempt = Attempt::Fresh;
        }
    }

    /// Asks one endpoint, and takes note of how that ended also when it is dropped half-way.
    async fn one(
        &self,
        member: &Arc<Member<O>>,
        ask: &mut Ask,
        members: &[Arc<Member<O>>],
    ) -> (Result<Response, BackendError>, retry::Body) {
        // A stream is as fast as its client: that it did not end in time is not the endpoint's doing.
        let at_hand = matches!(ask.payload, Payload::Empty | Payload::Whole { .. });
        let noted = Noted {
            fleet: self,
            member,
            members,
            deadline: at_hand.then_some(ask.deadline),
        };
        let (answered, body) = match member.origin.send(ask).await {
            Ok(response) if at_hand => (Ok(response), retry::Body::Whole),
            Ok(response) => (Ok(response), retry::Body::Gone),
            Err(Failed { error, body }) => match body {
                BodyLeft::Whole => (Err(error), retry::Body::Whole),
                BodyLeft::Gone => (Err(error), retry::Body::Gone),
            },
        };
        noted.ended(outcome(&answered));
        (answered, body)
    }

    fn choose(
        &self,
        members: &[Arc<Member<O>>],
        turn: usize,
        asked: Asked,
        now: Instant,
    ) -> Option<usize> {
        if members.len() == 1 {
            return Some(0);
        }
        choose(self.policy.balance, turn, members.len(), |place| {
            let Some(member) = members.get(place) else {
                return Candidate::TRIED;
            };
            if asked.has(place) {
                return Candidate::TRIED;
            }
            Candidate {
                standing: member.standing(now),
                load: member.origin.load(),
                room: member.origin.room(),
            }
        })
    }

    fn failure(
        &self,
        answered: &Result<Response, BackendError>,
        body: retry::Body,
    ) -> Option<Failure> {
        let (how, sent) = match answered {
            Ok(response) if self.policy.retry.statuses.contains(&response.parts.status) => {
                (retry::How::Status, Sent::Maybe)
            }
            Ok(_) => return None,
            Err(error) => (retry::How::Error(error.kind()), error.sent()),
        };
        Some(Failure { how, sent, body })
    }

    fn admit(&self, deadline: Instant) -> Result<Admitted<'_, O>, BackendError> {
        let pass = match &self.breaker {
            None => None,
            Some(breaker) => Some(lock(breaker).admit(Instant::now()).map_err(|wait| {
                self.refused.fetch_add(1, Ordering::Relaxed);
                BackendError::new(Kind::CircuitOpen, Sent::No).after(wait)
            })?),
        };
        Ok(Admitted {
            fleet: self,
            pass,
            deadline,
        })
    }

    /// For people and metrics.
    pub(super) fn shown(&self) -> FleetState {
        // All as they are at one moment.
        let _alone = lock(&self.ejecting);
        let now = Instant::now();
        let endpoints = self.members();
        let endpoints = endpoints.iter();
        FleetState {
            endpoints: endpoints
                .map(|member| member.shown(now, member.origin.load()))
                .collect(),
            balance: self.policy.balance.as_str(),
            breaker: self
                .breaker
                .as_ref()
                .map(|breaker| lock(breaker).position().as_str()),
            refused: self.refused.load(Ordering::Relaxed),
            retried: self.retried.load(Ordering::Relaxed),
            over_budget: self.over_budget.load(Ordering::Relaxed),
        }
    }
}

/// The answer that was not good enough, if there was one: better than none at all. Boxed, since it is rare.
struct Before(Option<Box<Response>>);

impl Before {
    /// One whose body is here. Another would hold its connection for as long as the next try takes.
    fn keep(&mut self, answered: Result<Response, BackendError>) {
        let here = |response: &Response| {
            matches!(response.payload, Payload::Empty | Payload::Whole { .. })
        };
        if let Some(response) = answered.ok().filter(here) {
            self.0 = Some(Box::new(response));
        }
    }

    fn or(self, answered: Result<Response, BackendError>) -> Result<Response, BackendError> {
        match (answered, self.0) {
            (Err(_), Some(before)) => Ok(*before),
            (answered, _) => answered,
        }
    }
}

/// A request that the breaker let through. Dropped, it has ended without an answer: too late if its deadline has passed, else
/// because its client went away.
struct Admitted<'a, O: Speak> {
    fleet: &'a Fleet<O>,
    pass: Option<Pass>,
    deadline: Instant,
}

impl<O: Speak> Admitted<'_, O> {
    fn ended(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        let (Some(pass), Some(breaker)) = (self.pass.take(), &self.fleet.breaker) else {
            return;
        };
        let changed = lock(breaker).done(pass, outcome, Instant::now());
        let backend = &self.fleet.backend;
        match changed {
            Some(Position::Open) => {
                tracing::warn!(%backend, "too many requests failed: nothing is sent for a while");
            }
            Some(Position::Closed) => tracing::info!(%backend, "answers again"),
            Some(Position::HalfOpen) | None => {}
        }
    }
}

impl<O: Speak> Drop for Admitted<'_, O> {
    fn drop(&mut self) {
        if self.pass.is_some() {
            self.end(unanswered(Some(self.deadline)));
        }
    }
}

/// One try under way. Dropped, it ended as [`Admitted`] does.
struct Noted<'a, O: Speak> {
    fleet: &'a Fleet<O>,
    member: &'a Member<O>,
    members: &'a [Arc<Member<O>>],
    /// None once it has been noted, and of a body whose client sets the pace.
    deadline: Option<Instant>,
}

impl<O: Speak> Noted<'_, O> {
    fn ended(mut self, outcome: Outcome) {
        self.deadline = None;
        self.end(outcome);
    }

    fn end(&self, outcome: Outcome) {
        // Almost always: nothing is known against it, and nothing was learnt.
        if outcome != Outcome::Failed && !self.member.is_suspect() {
            self.member.count();
            return;
        }
        let _alone = (outcome == Outcome::Failed).then(|| lock(&self.fleet.ejecting));
        let now = Instant::now();
        let policy = self.fleet.policy.eject.as_ref();
        let paused = self.member.note(outcome, now, policy, || {
            let out = self.members.iter();
            let out = out.filter(|member| member.is_ejected(now)).count();
            policy.is_some_and(|policy| policy.allows(self.members.len(), out))
        });
        if let Some(pause) = paused {
            let (backend, endpoint) = (&self.fleet.backend, &self.member.name);
            let seconds = pause.as_secs();
            tracing::warn!(%backend, %endpoint, seconds, "requests failed in a row: leaves it alone");
        }
    }
}

impl<O: Speak> Drop for Noted<'_, O> {
    fn drop(&mut self) {
        if let Some(deadline) = self.deadline.take() {
            self.end(unanswered(Some(deadline)));
        }
    }
}

/// The endpoint that knows this client's connection: another would not know who it is.
fn owner<O: Speak>(members: &[Arc<Member<O>>], ask: &Ask, now: Instant) -> Option<usize> {
    members
        .iter()
        .position(|member| member.origin.owns(ask) && member.standing(now) == Standing::Well)
}

/// Whether any that was not asked is well and need not be waited for.
fn has_room<O: Speak>(members: &[Arc<Member<O>>], asked: Asked, now: Instant) -> bool {
    members.iter().enumerate().any(|(place, member)| {
        !asked.has(place)
            && member.origin.room() == Room::Free
            && member.standing(now) == Standing::Well
    })
}

/// What a request says that was given up.
fn unanswered(deadline: Option<Instant>) -> Outcome {
    match deadline {
        Some(deadline) if Instant::now() >= deadline => Outcome::Failed,
        _ => Outcome::Nothing,
    }
}

/// What an answer, or that there is none, says of whoever was asked.
fn outcome(answered: &Result<Response, BackendError>) -> Outcome {
    match answered {
        Ok(response) => match response.parts.status {
            // What stands in front of a service that is gone says (RFC 9110 section 15.6).
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Outcome::Failed,
            _ => Outcome::Well,
        },
        Err(error) => match error.kind() {
            // It was not asked what it does not do.
            Kind::BadAnswer if error.sent() == Sent::No => Outcome::Nothing,
            Kind::Unreachable | Kind::Timeout | Kind::Broken | Kind::BadAnswer => Outcome::Failed,
            // Our own limits, or the client's doing.
            Kind::Overloaded
            | Kind::Stale
            | Kind::Unavailable
            | Kind::CircuitOpen
            | Kind::LostReply
            | Kind::NotWritten
            | Kind::Unconfirmed
            | Kind::TooLarge
            | Kind::InFlight
            | Kind::OtherRequest
            | Kind::RequestBody(_) => Outcome::Nothing,
        },
    }
}

impl Candidate {
    const TRIED: Self = Self {
        standing: Standing::Tried,
        load: 0,
        room: Room::Full,
    };
}

/// Which of at most [`MOST`] endpoints were asked.
#[derive(Debug, Clone, Copy, Default)]
struct Asked(u64);

impl Asked {
    fn bit(place: usize) -> u64 {
        u32::try_from(place)
            .ok()
            .and_then(|place| 1_u64.checked_shl(place))
            .unwrap_or_default()
    }

    fn add(&mut self, place: usize) {
        self.0 |= Self::bit(place);
    }

    fn has(self, place: usize) -> bool {
        self.0 & Self::bit(place) != 0
    }

    fn len(self) -> usize {
        usize::try_from(self.0.count_ones()).unwrap_or(MOST)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
