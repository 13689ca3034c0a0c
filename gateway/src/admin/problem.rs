//! Errors of the admin API as `application/problem+json` (RFC 9457): a status, a stable code, a sentence.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::view::Problem;
use crate::control::{ReadError, Refused};

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    code: &'static str,
    title: String,
    /// After how many seconds to try again.
    again: Option<u64>,
}

impl Fault {
    pub(super) fn new(status: StatusCode, code: &'static str, title: impl Into<String>) -> Self {
        Self {
            status,
            code,
            title: title.into(),
            again: None,
        }
    }

    /// Asked too often (RFC 6585 section 4).
    pub(super) fn too_often(wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(1);
        Self {
            again: Some(seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_often",
                format!("too often: again in {seconds} s"),
            )
        }
    }

    /// The same as it is sent.
    pub(crate) fn problem(self) -> Problem {
        Problem {
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            title: self.title,
        }
    }

    pub(super) fn bad_request(title: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", title)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, again) = (self.status, self.again);
        let mut response = (status, axum::Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(again) = again {
            headers.insert(RETRY_AFTER, HeaderValue::from(again));
        }
        response
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let status = match &refused {
            Refused::UnknownGroup { .. } | Refused::NoProposal { .. } => StatusCode::NOT_FOUND,
            Refused::Text { .. } | Refused::ControlCharacter { .. } | Refused::BreakGlassTarget => {
                StatusCode::BAD_REQUEST
            }
            Refused::NoWayBack { .. }
            | Refused::NotEnrolled { .. }
            | Refused::NotConfirmed { .. }
            | Refused::OutOfReach { .. }
            | Refused::Stopped { .. }
            | Refused::NotWritten { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Unknown { .. } => StatusCode::GATEWAY_TIMEOUT,
            Refused::Journal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Refused::Stale { .. }
            | Refused::UnknownVersion { .. }
            | Refused::Unchanged { .. }
            | Refused::NoSide { .. }
            | Refused::NoKey { .. }
            | Refused::BackSyncUnstated
            | Refused::WouldLose { .. }
            | Refused::Loses { .. }
            | Refused::NotBack { .. }
            | Refused::GoesBack
            | Refused::Retired
            | Refused::InReach
            | Refused::NotOwner { .. }
            | Refused::ApprovalNeeded { .. }
            | Refused::NotApproved { .. }
            | Refused::NotProposed
            | Refused::TooLate { .. }
            | Refused::Folded { .. } => StatusCode::CONFLICT,
        };
        Self::new(status, refused.code(), refused.to_string())
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "log_out_of_reach",
            error.to_string(),
        )
    }
}
