//! What can go wrong between a client and an answer, whose fault it is, and what the client is told: [`rescue`] is the one
//! place where an error becomes a [`Response`](crate::message::Response).
//!
//! No text in here carries a body, a field's value, a key or a token: messages are logged and sent.

mod backend;
mod kept;
mod known;
mod rescue;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use http::header::HeaderName;

use crate::route::{BodyRefused, Side};
use crate::transcode::{TranscodeError, TranscodeErrorKind};
pub use backend::{BackendError, BackendErrorKind, BodyFault, Sent};
pub use kept::Kept;
pub use known::{Known, known};
pub use rescue::{rescue, retry_after};

/// The name of the header that carries a request's id to backends, and to clients on answers that are errors of ours.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("figway-request-id");

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Who asked.
    Client,
    /// The old system.
    Legacy,
    /// The new one.
    Modern,
    /// Ours.
    Gateway,
}

impl From<Side> for Fault {
    fn from(side: Side) -> Self {
        match side {
            Side::Legacy => Self::Legacy,
            Side::Modern => Self::Modern,
        }
    }
}

/// Why a client gets no backend's answer.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No route takes the request.
    #[error("no route takes this request")]
    NoRoute,
    /// The request breaks a rule of HTTP that would mean different things to different readers.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// The head of the request breaks a rule or a limit of HTTP/1.x, so that nobody can say what it asks.
    #[error("the request cannot be read: {0} ({section})", section = .0.section())]
    Unreadable(h1::Refused),
    /// The client took too long to send the head of its request.
    #[error("the head of the request did not come in time")]
    HeadLate,
    /// The gateway does not do this.
    #[error("this gateway does not do that: {0}")]
    Unsupported(&'static str),
    /// The body is larger than the route allows.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge {
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// The client broke off while its body was read.
    #[error("the body broke off")]
    BodyBroken,
    /// The client took too long to send its body.
    #[error("the body did not come in time")]
    BodyLate,
    /// The client's body did not come to its end while it was being sent on, so that the side may have seen a part of it.
    #[error("{}", GatewayError::from(*fault))]
    BodyUnfinished {
        /// Which system was being asked.
        side: Side,
        /// What happened to the body.
        fault: BodyFault,
    },
    /// The body is not what the route says it is. Names field and offset, never a value.
    #[error("{0}")]
    Undecodable(TranscodeError),
    /// A backend gave no answer.
    #[error("{} gave no answer", side.as_str())]
    Backend {
        /// Which system it stands for.
        side: Side,
        /// What happened.
        #[source]
        error: BackendError,
    },
    /// A backend answered with an error whose body has no counterpart in the client's shape.
    #[error("{} answered with status {}", side.as_str(), status.as_u16())]
    Status {
        /// Which system it stands for.
        side: Side,
        /// Its status, which the client gets too.
        status: StatusCode,
    },
    /// The side's backend is closed at this time of its calendar.
    #[error("{} is closed", side.as_str())]
    Closed {
        /// Which system it stands for.
        side: Side,
        /// How long it will be, if that is known.
        opens_in: Option<Duration>,
    },
    /// More than is taken on in that time.
    #[error("too many requests in a short time")]
    TooOften {
        /// When there is room again.
        retry_after: Duration,
    },
    /// What is kept of requests says no.
    #[error("{0}")]
    Kept(Kept),
    /// More than is taken on at once.
    #[error("too many requests are under way")]
    Busy,
    /// Who answers may have changed, and the control log does not say.
    #[error("it is not known who answers: the control log has been out of reach for too long")]
    Stale,
    /// The route's mode wants a side the route does not have. The resolver refuses such a file; a flip can outrun a reload.
    #[error("the route has no {} side", side.as_str())]
    NoLeg {
        /// Which side.
        side: Side,
    },
}

impl From<BodyRefused> for GatewayError {
    fn from(refused: BodyRefused) -> Self {
        match refused {
            BodyRefused::TooLarge(limit) => Self::BodyTooLarge { limit },
            BodyRefused::Unreadable(reason) => {
                let kind = TranscodeErrorKind::Undecodable;
                Self::Undecodable(TranscodeError::of_mapping(kind, reason))
            }
        }
    }
}

impl GatewayError {
    /// A failure of the side's backend; a client's body that broke off on the way there is the client's.
    #[must_use]
    pub fn of(side: Side, error: BackendError) -> Self {
        match error.kind() {
            BackendErrorKind::RequestBody(fault) if error.sent() == Sent::Maybe => {
                Self::BodyUnfinished { side, fault }
            }
            BackendErrorKind::RequestBody(fault) => fault.into(),
            BackendErrorKind::InFlight => Self::Kept(Kept::InFlight),
            BackendErrorKind::OtherRequest => Self::Kept(Kept::OtherRequest),
            _ => Self::Backend { side, error },
        }
    }

    /// Whose fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoRoute
            | Self::Malformed(_)
            | Self::Unreadable(_)
            | Self::HeadLate
            | Self::Unsupported(_)
            | Self::BodyTooLarge { .. }
            | Self::BodyBroken
            | Self::BodyLate
            | Self::BodyUnfinished { .. }
            | Self::TooOften { .. }
            | Self::Kept(_)
            | Self::Undecodable(_) => Fault::Client,
            Self::Backend { side, .. } | Self::Status { side, .. } | Self::Closed { side, .. } => {
                (*side).into()
            }
            Self::Busy | Self::Stale | Self::NoLeg { .. } => Fault::Gateway,
        }
    }

    /// Whether a backend may have executed the request.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match self {
            Self::Backend { error, .. } => error.sent(),
            Self::Status { .. } | Self::BodyUnfinished { .. } => Sent::Maybe,
            _ => Sent::No,
        }
    }

    /// A stable word for metrics, evidence and clients, as `no_route` or `legacy_unreachable`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::Malformed(_) => "malformed",
            Self::Unreadable(refused) => match refused.status() {
                StatusCode::URI_TOO_LONG => "target_too_long",
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "head_too_large",
                StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
                    "unsupported"
                }
                _ => "malformed",
            },
            Self::HeadLate => "head_late",
            Self::Unsupported(_) => "unsupported",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyBroken => "body_broken",
            Self::BodyLate => "body_late",
            Self::BodyUnfinished { fault, .. } => Self::from(*fault).code(),
            Self::Undecodable(error) => error.kind().as_str(),
            Self::Backend { side, error } => backend_code(*side, error.kind()),
            Self::Status {
                side: Side::Legacy, ..
            } => "legacy_status",
            Self::Status {
                side: Side::Modern, ..
            } => "modern_status",
            Self::Closed {
                side: Side::Legacy, ..
            } => "legacy_closed",
            Self::Closed {
                side: Side::Modern, ..
            } => "modern_closed",
            Self::Kept(kept) => kept.code(),
            Self::TooOften { .. } => "too_often",
            Self::Busy => "busy",
            Self::Stale => "control_stale",
            Self::NoLeg { side: Side::Legacy } => "no_legacy",
            Self::NoLeg { side: Side::Modern } => "no_modern",
        }
    }

    /// The status that fits, where the route's own form sets none (RFC 9110 section 15).
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Malformed(_) | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::Unreadable(refused) => refused.status(),
            Self::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyLate | Self::HeadLate => StatusCode::REQUEST_TIMEOUT,
            Self::BodyUnfinished { fault, .. } => Self::from(*fault).status(),
            Self::Undecodable(error) => error.kind().status(),
            Self::Status { status, .. } => *status,
            Self::Backend { error, .. } => match error.kind() {
                BackendErrorKind::Timeout
                | BackendErrorKind::LostReply
                | BackendErrorKind::Unconfirmed => StatusCode::GATEWAY_TIMEOUT,
                BackendErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                BackendErrorKind::Overloaded
                | BackendErrorKind::Stale
                | BackendErrorKind::CircuitOpen
                | BackendErrorKind::NotWritten
                | BackendErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                BackendErrorKind::Unreachable
                | BackendErrorKind::Broken
                | BackendErrorKind::BadAnswer
                | BackendErrorKind::InFlight
                | BackendErrorKind::OtherRequest
                | BackendErrorKind::RequestBody(_) => StatusCode::BAD_GATEWAY,
            },
            Self::Closed { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Kept(kept) => kept.status(),
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Stale => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoLeg { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    /// After what time the client may try again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Backend { error, .. } => error.retry_after(),
            Self::Closed { opens_in, .. } => *opens_in,
            Self::TooOften { retry_after } => Some(*retry_after),
            Self::Kept(kept) => kept.retry_after(),
            // As long as nobody knows when: short for who waits, long for who is asked.
            Self::Busy => Some(Duration::from_secs(1)),
            Self::Stale => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// What a client may read: the message and, of a backend, what it did.
    #[must_use]
    pub fn reason(&self) -> Cow<'static, str> {
        match self {
            Self::Backend { side, error } => {
                let side = side.as_str();
                format!("{side} gave no answer: {error}").into()
            }
            other => other.to_string().into(),
        }
    }
}

impl From<BodyFault> for GatewayError {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge { limit } => Self::BodyTooLarge { limit },
            BodyFault::Broken => Self::BodyBroken,
            BodyFault::Late => Self::BodyLate,
        }
    }
}

fn backend_code(side: Side, kind: BackendErrorKind) -> &'static str {
    use BackendErrorKind as Kind;
    match (side, kind) {
        (_, Kind::RequestBody(_)) => "body_broken",
        // These are told otherwise: see `GatewayError::of`.
        (_, Kind::InFlight) => Kept::InFlight.code(),
        (_, Kind::OtherRequest) => Kept::OtherRequest.code(),
        (Side::Legacy, Kind::Unreachable) => "legacy_unreachable",
        (Side::Legacy, Kind::Timeout) => "legacy_timeout",
        (Side::Legacy, Kind::Overloaded) => "legacy_overloaded",
        (Side::Legacy, Kind::Broken) => "legacy_broken",
        (Side::Legacy, Kind::BadAnswer) => "legacy_bad_answer",
        (Side::Legacy, Kind::Stale) => "legacy_stale",
        (Side::Legacy, Kind::Unavailable) => "legacy_unavailable",
        (Side::Legacy, Kind::CircuitOpen) => "legacy_circuit_open",
        (Side::Legacy, Kind::LostReply) => "legacy_lost_reply",
        (Side::Legacy, Kind::NotWritten) => "legacy_not_written",
        (Side::Legacy, Kind::Unconfirmed) => "legacy_unconfirmed",
        (Side::Legacy, Kind::TooLarge) => "legacy_too_large",
        (Side::Modern, Kind::Unreachable) => "modern_unreachable",
        (Side::Modern, Kind::Timeout) => "modern_timeout",
        (Side::Modern, Kind::Overloaded) => "modern_overloaded",
        (Side::Modern, Kind::Broken) => "modern_broken",
        (Side::Modern, Kind::BadAnswer) => "modern_bad_answer",
        (Side::Modern, Kind::Stale) => "modern_stale",
        (Side::Modern, Kind::Unavailable) => "modern_unavailable",
        (Side::Modern, Kind::CircuitOpen) => "modern_circuit_open",
        (Side::Modern, Kind::LostReply) => "modern_lost_reply",
        (Side::Modern, Kind::NotWritten) => "modern_not_written",
        (Side::Modern, Kind::Unconfirmed) => "modern_unconfirmed",
        (Side::Modern, Kind::TooLarge) => "modern_too_large",
    }
}

/// An error and all that lies behind it, on one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<_> = all.map(ToString::to_string).collect();
    texts.join(": ")
}
