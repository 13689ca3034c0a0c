//! Asks every endpoint again and again whether it is well, over connections of its own.

use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use http::header::{HOST, HeaderValue};
use http::{Request, Uri};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::fleet::Fleet;
use super::member::Member;
use crate::backend::balance::health::{Check, State};
use crate::backend::{Ask, Attempt};
use crate::config::CheckSpec;
use crate::error::BackendErrorKind;
use crate::message::{Interim, Payload};
use crate::route::Effect;
use crate::route::params::PathParams;

/// The largest answer to a check, bytes.
const LARGEST: usize = 64 << 10;

/// Checks the members of a fleet, until it is dropped.
pub(super) struct Checker {
    pub(super) fleet: Arc<Fleet<Endpoint>>,
    pub(super) spec: CheckSpec,
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Checker {
    /// Never ends by itself. Dropped half-way, a check that is under way counts for nothing.
    pub(super) async fn run(self) {
        let mut ticks = interval(self.spec.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let members = self.fleet.members();
            join_all(members.iter().map(|member| self.check(member))).await;
        }
    }

    async fn check(&self, member: &Member<Endpoint>) {
        let Some(origin) = &member.origin.checked else {
            return;
        };
        let mut ask = self.ask();
        let asked = async {
            let mut answered = origin.send(&mut ask).await;
            if matches!(&answered, Err(failed) if failed.error.kind() == BackendErrorKind::Broken) {
                // The connection kept from the last check may have been closed meanwhile.
                ask.attempt = Attempt::Fresh;
                answered = origin.send(&mut ask).await;
            }
            let response = answered.map_err(|_| "checks get no answer")?;
            let status = response.parts.status;
            let body = response.payload.gather(LARGEST).await;
            body.map_err(|_| "answers to checks break off or are too large")?;
            let wanted = if self.spec.statuses.is_empty() {
                status.is_success() || status.is_redirection()
            } else {
                self.spec.statuses.contains(&status)
            };
            wanted
                .then_some(())
                .ok_or("checks are answered with another status")
        };
        let asked = timeout(self.spec.timeout, asked).await;
        let (check, why) = match asked.unwrap_or(Err("checks are not answered in time")) {
            Ok(()) => (Check::Passed, "checks pass"),
            Err(why) => (Check::Failed, why),
        };
        let (backend, endpoint) = (self.fleet.backend(), &member.name);
        match member.checked(check, why, &self.spec.policy) {
            Some(State::Down) => tracing::warn!(%backend, %endpoint, why, "is down"),
            Some(State::Up) => tracing::info!(%backend, %endpoint, "is up"),
            Some(State::Unknown) | None => {}
        }
    }

    fn ask(&self) -> Ask {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.uri = Uri::from(self.spec.path.clone());
        let host = self.spec.host.as_ref();
        if let Some(Ok(host)) = host.map(|host| HeaderValue::from_str(host.as_str())) {
            parts.headers.insert(HOST, host);
        }
        Ask {
            parts,
            payload: Payload::Empty,
            id: Uuid::now_v7(),
            deadline: Instant::now() + self.spec.timeout,
            effect: Effect::Read,
            shadow: false,
            route: "check".into(),
            params: PathParams::default(),
            key: None,
            delivery: crate::route::Delivery::default(),
            attempt: Attempt::First,
            peer: None,
            client: None,
            spelling: h1::Spelling::default(),
            interim: Interim::default(),
            back: None,
            promise: None,
        }
    }
}
