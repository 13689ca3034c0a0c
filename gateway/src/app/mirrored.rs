//! An exchange as the mirror gets it: both bodies are copied while they stream, and when the client has its answer it is offered.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;

use super::App;
use crate::exchange::Taken;
use crate::message::{Interim, Payload, Response};
use crate::mirror::Job;
use crate::mirror::tap::{Copying, tap, tap_then};
use crate::mode::Mode;
use crate::route::{Leg, Side};
use crate::snapshot::Snapshot;

/// A request whose plan has a mirror, being copied.
pub(super) struct Watched {
    pub(super) leg: Arc<Leg>,
    pub(super) parts: Parts,
    pub(super) body: Copying,
}

/// What a mirror must know of the exchange itself.
pub(super) struct Copied {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) mode: Mode,
    pub(super) answered: Side,
    pub(super) took: Duration,
}

impl App {
    pub(super) fn watch(&self, payload: &mut Payload) -> Copying {
        let (tapped, copying) = tap(std::mem::take(payload), &self.mirrors);
        *payload = tapped;
        copying
    }

    /// Puts a tap on the answer: when the client has it, the exchange is offered to the mirror.
    pub(super) fn mirror(
        &self,
        taken: &Taken,
        watched: Watched,
        copied: Copied,
        response: &mut Response,
    ) {
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
            let route = Arc::clone(&taken.route);
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
                evidence.dropped(&route.name, route.compare.digest(), why.as_str());
            }
        });
    }
}
