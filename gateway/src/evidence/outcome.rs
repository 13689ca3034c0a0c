//! What became of one request: [`Outcome`], made by the exchange when the answer's head is known.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use uuid::Uuid;

use crate::error::{Fault, GatewayError};
use crate::mode::Mode;
use crate::route::{Effect, Side};

/// What became of one request. Holds no contents: it may be logged and counted.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The request's own number.
    pub request_id: Uuid,
    /// Its route; none where no route was found.
    pub route: Option<Arc<str>>,
    /// The route's group.
    pub group: Option<Arc<str>>,
    /// The group's mode in the request's snapshot.
    pub mode: Option<Mode>,
    /// What the route does to the data.
    pub effect: Option<Effect>,
    /// Whose answer it is; none where the gateway refused or failed.
    pub answered: Option<Side>,
    /// The status the client got.
    pub status: StatusCode,
    /// The code of the error that the client heard of, or that was fallen back from.
    pub error: Option<&'static str>,
    /// Whether the answer is a fallback's.
    pub fell_back: FellBack,
    /// The sides that gave no answer although they were asked.
    pub failed: Failed,
    /// Whom the plan asks as well, afterwards.
    pub mirror: Option<Side>,
    /// From the request's head to the answer's.
    pub took: Duration,
}

/// Whether an answer is the fallback's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FellBack {
    /// The primary answered, or nobody did.
    No,
    /// The primary failed with the outcome's error, and the fallback answered.
    Yes,
}

/// Sides that were asked and gave no answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failed {
    legacy: bool,
    modern: bool,
}

impl Failed {
    /// The same and the one whose fault that error is, if it is one's. A side that its calendar has closed was not asked.
    #[must_use]
    pub fn and(mut self, error: &GatewayError) -> Self {
        let answered = matches!(
            error,
            GatewayError::Status { .. } | GatewayError::Closed { .. }
        );
        match error.fault() {
            _ if answered => {}
            Fault::Legacy => self.legacy = true,
            Fault::Modern => self.modern = true,
            Fault::Client | Fault::Gateway => {}
        }
        self
    }

    /// Whether that side is one of them.
    #[must_use]
    pub fn contains(self, side: Side) -> bool {
        match side {
            Side::Legacy => self.legacy,
            Side::Modern => self.modern,
        }
    }
}
