//! What became of one request: [`Outcome`], made by the exchange when the answer's head is known.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use uuid::Uuid;

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
