//! What legacy lacks: changes that modern has made, or may have.

use super::App;
use crate::control::WriteLedger;
use crate::error::{GatewayError, Sent};
use crate::message::Response;
use crate::mode::Plan;
use crate::route::{Group, Replayed, Route, Side};

impl App {
    /// What legacy lacks: every change that modern accepted, and every one it may have accepted before it fell silent.
    pub(super) fn account(
        &self,
        route: &Route,
        group: &Group,
        answer: &Result<Response, GatewayError>,
        answered: Option<Side>,
    ) {
        // What goes back to legacy is not lacking: it is on its way.
        if !route.effect.changes_data() || route.back.is_some() {
            return;
        }
        let lacking = match answer {
            // It was counted when it was executed.
            Ok(response) if response.parts.extensions.get::<Replayed>().is_some() => false,
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
}

/// A change that modern is being asked for. Dropped before it is [`heard`](Self::heard) of, as when the client goes away, it counts as
/// accepted: modern may have executed it, and legacy does not know it.
pub(super) struct Unheard<'a> {
    group: &'a Group,
    ledger: Option<&'a WriteLedger>,
}

impl<'a> Unheard<'a> {
    pub(super) fn of(
        plan: &Plan,
        route: &Route,
        group: &'a Group,
        ledger: &'a WriteLedger,
    ) -> Self {
        let counts = route.effect.changes_data()
            && route.back.is_none()
            && plan.primary().side == Side::Modern;
        Self {
            group,
            ledger: counts.then_some(ledger),
        }
    }

    pub(super) fn heard(mut self) {
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
