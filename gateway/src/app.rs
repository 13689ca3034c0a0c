//! The straight line of one request, and everything it passes. Read this first.
//!
//! ```text
//! listen ─► guard ─► route ─► mode::plan ─► exchange ─► the client
//!                                              ⤷ mirror, evidence
//! ```
//!
//! In: a [`Request`] of a listener. Out: a [`Response`], always. One request sees one [`Snapshot`]; [`App::install`] is the only
//! way to another one, for a reload as for a flip.

mod account;
mod ended;
mod held;
mod mirrored;
mod once;
mod outcome;
mod planned;
mod read;
mod under_way;
mod written;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::account::Unheard;
use self::ended::{Asker, Ended};
use self::mirrored::{Copied, Watched};
use self::under_way::UnderWay;
use crate::access::Entry;
use crate::back::hold::Holds;
use crate::clock::{At, Moment, WallClock};
use crate::control::WriteLedger;
use crate::edge::{Ending, Passes};
use crate::error::GatewayError;
use crate::evidence::{Evidence, Outcome};
use crate::exchange::{self, Done, Taken};
use crate::guard;
use crate::listen::http::{Answer, Unread};
use crate::message::{Request, Response};
use crate::metrics::Metrics;
use crate::mirror::Queue;
use crate::route::{Asked, Choice, NoRoute, Selected, select};
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
    holds: Arc<Holds>,
    clock: WallClock,
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
            holds: Arc::default(),
            clock: WallClock::default(),
        }
    }

    /// The same with writes held there.
    #[must_use]
    pub fn with_holds(mut self, holds: Arc<Holds>) -> Self {
        self.holds = holds;
        self
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: WallClock) -> Self {
        self.clock = clock;
        self
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

    /// Where writes are held while their group changes sides.
    #[must_use]
    pub fn holds(&self) -> &Arc<Holds> {
        &self.holds
    }

    /// What time it is for calendars and tokens.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// That moment, by the same clock.
    fn at<'m>(&self, moment: &'m Moment) -> At<'m> {
        At::Moment(moment, self.clock)
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

    /// A request's way once its route is known. Dropped half-way, as when the client goes away, nobody else is asked; that it was given up
    /// is counted, and a change that modern may have made.
    async fn routed(
        &self,
        snapshot: Arc<Snapshot>,
        selected: Selected,
        mut request: Box<Request>,
        client: Option<IpAddr>,
        now: &Moment,
        entry: &mut Option<Box<Entry>>,
    ) -> Ended {
        let Selected {
            route,
            group,
            params,
        } = selected;
        let mode = snapshot.mode_of(&route);
        let taken = Taken {
            id: request.id,
            params,
            key: None,
            peer: request.peer.take(),
            client,
            spelling: std::mem::take(&mut request.spelling),
            interim: std::mem::take(&mut request.interim),
            counts: snapshot.counts(&route.name),
            route,
        };
        let mut taken = UnderWay::new(taken, group, mode, entry);
        let started = request.received;
        if snapshot.is_refused(&taken.route) {
            return self.ended(&mut taken, Done::failed(GatewayError::Stale), None, started);
        }
        let passes = match self.taken_on(&snapshot, &taken, &request.parts).await {
            Ok(passes) => passes,
            Err(error) => {
                return self.ended(&mut taken, Done::failed(error), None, started);
            }
        };
        let plan = self.planned(
            &snapshot,
            &taken.group,
            taken.mode,
            &mut taken.taken,
            &mut request,
        );
        let plan = match plan.await {
            Ok(plan) => plan,
            Err(error) => {
                return self.ended(&mut taken, Done::failed(error), None, started);
            }
        };
        if taken.route.idempotency.is_some() {
            // Boxed, since few routes have it.
            match Box::pin(self.once(&snapshot, &plan, &taken.taken, &mut request)).await {
                Ok(None) => {}
                Ok(Some(done)) => return self.ended(&mut taken, done, None, started),
                Err(error) => {
                    return self.ended(&mut taken, Done::failed(error), None, started);
                }
            }
        }
        let plan = match self.opened(plan, &taken, &request.parts, now).await {
            Ok(plan) => plan,
            Err(done) => return self.ended(&mut taken, done, None, started),
        };
        let watched = plan.mirror().map(|leg| {
            Box::new(Watched {
                leg: Arc::clone(leg),
                parts: request.parts.clone(),
                body: self.watch(&mut request.payload),
            })
        });
        taken.asked = Some(plan.primary().side);
        let unheard = Unheard::of(&plan, &taken.route, &taken.group, &self.ledger);
        let mut done = exchange::run(&plan, &taken, request, snapshot.backends()).await;
        unheard.heard();
        if let Some(written) = taken.route.written {
            done = Box::pin(written::told(
                &snapshot,
                written,
                taken.key.as_deref(),
                done,
            ))
            .await;
        }
        let mut mirror = None;
        // What legacy answered in modern's place says nothing of the two.
        if let (None, Some(watched), Ok(response), Some(answered)) =
            (&done.fell_back, watched, &mut done.answer, done.answered)
        {
            mirror = Some(watched.leg.side);
            let copied = Copied {
                snapshot: Arc::clone(&snapshot),
                mode: taken.mode,
                answered,
                took: started.elapsed(),
            };
            self.mirror(&taken, *watched, copied, response);
        }
        let mut ended = self.ended(&mut taken, done, mirror, started);
        ended.passes = passes;
        ended
    }

    /// A request's way; `entry` is its line in the access log.
    async fn answered(
        &self,
        snapshot: Arc<Snapshot>,
        mut request: Box<Request>,
        entry: &mut Option<Box<Entry>>,
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
        if let Some(segment) = outcome::asked_for(&snapshot, &request.parts) {
            let asker = Asker {
                parts: &request.parts,
                id: request.id,
                received: request.received,
                client,
            };
            // Boxed, as below.
            return Box::pin(self.outcome(&snapshot, segment, asker)).await;
        }
        let now = Moment::default();
        let mut choice = first(&snapshot, &request, client, self.at(&now));
        if let Ok(Choice::Wanted { limit }) = choice {
            // Boxed, since few requests need it.
            let read = Box::pin(self.read(&snapshot, &mut request, limit, client, &now));
            choice = match read.await {
                Ok(choice) => choice,
                Err(error) => {
                    return self.refused(&error, request.id, request.received.elapsed());
                }
            };
        }
        match choice {
            Ok(Choice::Route(selected)) if selected.route.changes_sides() => {
                // Boxed, since most requests read.
                Box::pin(self.held_write(snapshot, selected, request, client, &now, entry)).await
            }
            Ok(Choice::Route(selected)) => {
                self.routed(snapshot, selected, request, client, &now, entry)
                    .await
            }
            Ok(Choice::Fixed { fixed, params }) => {
                let asker = Asker {
                    parts: &request.parts,
                    id: request.id,
                    received: request.received,
                    client,
                };
                // Boxed, since few requests need it.
                Box::pin(self.fixed(&snapshot, &fixed, &params, asker)).await
            }
            Ok(Choice::Refused(refused)) => {
                let error = GatewayError::from(refused);
                self.refused(&error, request.id, request.received.elapsed())
            }
            Ok(Choice::Wanted { .. }) | Err(_) => self.refused(
                &GatewayError::NoRoute,
                request.id,
                request.received.elapsed(),
            ),
        }
    }
}

/// What a request takes as far as its head says.
fn first(
    snapshot: &Snapshot,
    request: &Request,
    client: Option<IpAddr>,
    now: At<'_>,
) -> Result<Choice, NoRoute> {
    let mut asked = Asked::new(&request.parts, request.peer.as_deref(), now);
    asked.client = client;
    select(snapshot.table(), &asked)
}

impl Answer for App {
    async fn answer(&self, request: Request) -> Response {
        let snapshot = self.snapshot();
        // Boxed: every step on its way would keep, and copy, room for all of it.
        let request = Box::new(request);
        let dating = snapshot.edge().edge().dating;
        let mut entry = snapshot.edge().begin(&request);
        let Ended {
            mut response,
            outcome,
            passes,
            ..
        } = self.answered(snapshot, request, &mut entry).await;
        let side = outcome.answered;
        if let Some(entry) = &mut entry {
            entry.answered(outcome);
        }
        response.side = side;
        dating.apply(&mut response.parts.headers, || self.clock.now());
        if entry.is_some() || !passes.is_empty() {
            let payload = std::mem::take(&mut response.payload);
            response.payload = payload.watched(Ending { entry, passes });
        }
        response
    }

    fn unread(&self, unread: &Unread<'_>) -> Response {
        let id = Uuid::now_v7();
        let snapshot = self.snapshot();
        let entry = snapshot.edge().begin_unread(unread, id);
        // How long a client took to say nothing sensible is no time of ours.
        let ended = self.refused(unread.error, id, Duration::ZERO);
        let mut response = ended.response;
        let dating = snapshot.edge().edge().dating;
        dating.apply(&mut response.parts.headers, || self.clock.now());
        if let Some(mut entry) = entry {
            entry.answered(Outcome {
                took: unread.since.elapsed(),
                ..ended.outcome
            });
            let ending = Ending {
                entry: Some(entry),
                passes: Passes::default(),
            };
            response.payload = std::mem::take(&mut response.payload).watched(ending);
        }
        response
    }
}

#[cfg(test)]
mod tests;
