//! How a request ends: what its client gets, and what is counted, kept and logged of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;
use tokio::time::Instant;
use uuid::Uuid;

use super::App;
use super::under_way::UnderWay;
use crate::edge::Passes;
use crate::error::{BackendErrorKind, GatewayError, Sent, chain, rescue};
use crate::evidence::{Failed, FellBack, Outcome};
use crate::exchange::Done;
use crate::message::{Response, opens_by_success};
use crate::route::shape::ErrorForm;
use crate::route::{Fixed, PathParams, Side};
use crate::shed::Asks;
use crate::snapshot::Snapshot;

/// What a client gets, and what is to be known of it.
pub(super) struct Ended {
    pub(super) response: Response,
    pub(super) outcome: Outcome,
    /// Kept until the answer is over.
    pub(super) passes: Passes,
    /// A backend may execute it still, and nobody will hear of it.
    pub(super) unheard: bool,
}

impl Ended {
    /// An answer of our own to what no route took.
    pub(super) fn ours(
        response: Response,
        id: Uuid,
        error: Option<&'static str>,
        took: Duration,
    ) -> Self {
        Self {
            outcome: Self::outcome(id, response.parts.status, error, took),
            response,
            passes: Passes::default(),
            unheard: false,
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
            failed: Failed::default(),
            mirror: None,
            took,
        }
    }
}

/// A request without its body, which is not looked at.
#[derive(Clone, Copy)]
pub(super) struct Asker<'r> {
    pub(super) parts: &'r Parts,
    pub(super) id: Uuid,
    pub(super) received: Instant,
    pub(super) client: Option<IpAddr>,
}

impl App {
    /// Records what became of a request and gives the client its answer.
    pub(super) fn ended(
        &self,
        taken: &mut UnderWay<'_>,
        done: Done,
        mirror: Option<Side>,
        started: Instant,
    ) -> Ended {
        taken.over();
        let took = started.elapsed();
        let (route, group, mode) = (&taken.route, &taken.group, taken.mode);
        let Done {
            answer,
            answered,
            fell_back,
        } = done;
        self.account(route, group, &answer, answered);
        let unheard = matches!(&answer, Err(error) if error.sent() == Sent::Maybe);
        let errors = fell_back.iter().chain(answer.as_ref().err());
        let failed = errors.fold(Failed::default(), Failed::and);
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
            failed,
            mirror,
            took,
        };
        let found = || self.evidence.tally(&route.name);
        match taken.counts.evidence(found) {
            Some(tally) => tally.answered(&outcome),
            None => self.evidence.answered(&outcome),
        }
        Ended {
            response,
            outcome,
            passes: Passes::default(),
            unheard,
        }
    }

    /// An answer of our own, where there is room for it. The body is not read; its listener sees to what is left of it.
    pub(super) async fn fixed(
        &self,
        snapshot: &Snapshot,
        fixed: &Fixed,
        params: &PathParams,
        asker: Asker<'_>,
    ) -> Ended {
        let asks = Asks {
            client: asker.client,
            key: None,
            headers: &asker.parts.headers,
        };
        let admitted = match snapshot.edge().admit(&fixed.name, asks).await {
            Ok(passes) => match fixed.answer(asker.parts, params) {
                answer if opens_by_success(asker.parts) && answer.parts.status.is_success() => Err(
                    GatewayError::Unsupported("a WebSocket to an answer that is fixed"),
                ),
                answer => Ok((answer, passes)),
            },
            Err(error) => Err(error),
        };
        let (response, passes, error) = match admitted {
            Ok((response, passes)) => (response, passes, None),
            Err(error) => {
                self.metrics.error(error.code());
                told(&error, &fixed.name, asker.id);
                let response = rescue(&error, &ErrorForm::Problem, asker.id);
                (response, Passes::default(), Some(error.code()))
            }
        };
        let took = asker.received.elapsed();
        let status = response.parts.status;
        snapshot.counts(&fixed.name).answered(None, status, took);
        Ended {
            outcome: Outcome {
                route: Some(Arc::clone(&fixed.name)),
                ..Ended::outcome(asker.id, status, error, took)
            },
            response,
            passes,
            unheard: false,
        }
    }

    /// An answer to what no route took.
    pub(super) fn refused(&self, error: &GatewayError, id: Uuid, took: Duration) -> Ended {
        let response = rescue(error, &ErrorForm::Problem, id);
        self.metrics.error(error.code());
        self.metrics.unrouted(response.parts.status, took);
        Ended::ours(response, id, Some(error.code()), took)
    }
}

/// Every failure of ours or a backend's is worth a line; a client's is not, nor what is refused without asking anybody: there is as much of
/// that as clients like, metrics and the access log have it, and what lies behind it has a line of its own.
fn told(error: &GatewayError, route: &str, id: Uuid) {
    let code = error.code();
    match error.status() {
        status
            if status.is_client_error()
                || status == StatusCode::NOT_IMPLEMENTED
                || is_refusal(error) =>
        {
            tracing::debug!(route, %id, code, "refused a request");
        }
        _ => {
            let cause = causes(error);
            tracing::warn!(route, %id, code, cause, "could not answer a request");
        }
    }
}

fn is_refusal(error: &GatewayError) -> bool {
    match error {
        GatewayError::Busy | GatewayError::Stale | GatewayError::Closed { .. } => true,
        GatewayError::Backend { error, .. } => matches!(
            error.kind(),
            BackendErrorKind::Overloaded | BackendErrorKind::CircuitOpen
        ),
        _ => false,
    }
}

/// All that lies behind an error, down to what the system or TLS said: none of it quotes a request or an answer.
fn causes(error: &GatewayError) -> Option<String> {
    std::error::Error::source(error).map(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::BackendError;

    #[test]
    fn what_clients_can_have_as_much_of_as_they_like_is_no_warning() {
        let backend = |kind| GatewayError::of(Side::Legacy, BackendError::new(kind, Sent::No));
        let closed = GatewayError::Closed {
            side: Side::Legacy,
            opens_in: None,
        };
        for error in [
            closed,
            GatewayError::Busy,
            backend(BackendErrorKind::Overloaded),
            backend(BackendErrorKind::CircuitOpen),
        ] {
            assert!(is_refusal(&error), "{error}");
        }
        for kind in [BackendErrorKind::Unreachable, BackendErrorKind::Timeout] {
            assert!(!is_refusal(&backend(kind)), "{kind:?}");
        }
    }
}
