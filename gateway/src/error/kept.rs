//! What clients are told of requests whose outcomes are kept, where that is no answer of a service.

use std::time::Duration;

use http::StatusCode;

/// Why what is kept of requests says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Kept {
    /// The route wants a key, and there is none.
    #[error("the request has no idempotency key, and this route wants one")]
    NoKey,
    /// The key cannot be one.
    #[error("the idempotency key is malformed: wanted one text of 1 to 255 characters of ASCII")]
    Malformed,
    /// The same request is under way.
    #[error("a request with this idempotency key is under way")]
    InFlight,
    /// Another request had the same key.
    #[error("another request had this idempotency key")]
    OtherRequest,
    /// The new service was asked, and how that ended is not known: legacy cannot be asked without doing it twice.
    #[error("a request with this idempotency key went to modern, and its outcome is not known")]
    InDoubt,
    /// It cannot be known whether the request came before.
    #[error("it cannot be known now whether a request with this idempotency key came before")]
    Unknown,
    /// There is no such outcome.
    #[error("nothing is known of this request")]
    Nothing,
    /// It is no longer given.
    #[error("the answer to this request is no longer kept")]
    Expired,
    /// The service did not answer in the time that it had.
    #[error("the request was not answered in the time that it had")]
    Failed,
    /// Nobody is called back there.
    #[error("the callback is refused: it is not at a place that this route calls back")]
    Callback,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NoKey,
        Self::Malformed,
        Self::InFlight,
        Self::OtherRequest,
        Self::InDoubt,
        Self::Unknown,
        Self::Nothing,
        Self::Expired,
        Self::Failed,
        Self::Callback,
    ];

    /// A stable word, as [`GatewayError::code`](super::GatewayError::code).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoKey => "no_idempotency_key",
            Self::Malformed => "bad_idempotency_key",
            Self::InFlight => "request_in_flight",
            Self::OtherRequest => "idempotency_key_reused",
            Self::InDoubt => "outcome_in_doubt",
            Self::Unknown => "outcome_unknown",
            Self::Nothing => "no_such_outcome",
            Self::Expired => "outcome_expired",
            Self::Failed => "request_not_answered",
            Self::Callback => "callback_refused",
        }
    }

    /// The status that fits (draft-ietf-httpapi-idempotency-key-header section 2.7 where it says one).
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoKey | Self::Malformed | Self::Callback => StatusCode::BAD_REQUEST,
            Self::InFlight | Self::InDoubt => StatusCode::CONFLICT,
            Self::OtherRequest => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unknown => StatusCode::SERVICE_UNAVAILABLE,
            Self::Nothing => StatusCode::NOT_FOUND,
            Self::Expired => StatusCode::GONE,
            Self::Failed => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// In general words, at most 60 characters of ASCII.
    pub(super) fn in_general(self) -> &'static str {
        match self {
            Self::NoKey => "the request has no idempotency key",
            Self::Malformed => "the idempotency key is malformed",
            Self::InFlight => "the same request is under way",
            Self::OtherRequest => "another request had this idempotency key",
            Self::InDoubt => "the outcome of the same request is not known",
            Self::Unknown => "whether the request came before is not known",
            Self::Nothing => "nothing is known of this request",
            Self::Expired => "the answer is no longer kept",
            Self::Failed => "the request was not answered in its time",
            Self::Callback => "the callback is refused",
        }
    }

    /// After what time the client may try again, where that is known.
    pub(super) fn retry_after(self) -> Option<Duration> {
        match self {
            Self::InFlight | Self::Unknown => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}
