//! Answers that show no record, and errors in the place of answers.

use ::http::header::WWW_AUTHENTICATE;
use ::http::{HeaderValue, StatusCode};

use super::Closed;
use super::list::Unclear;
use super::sight::Unseen;
use super::store::StoreError;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::Response;

pub(super) fn refused(closed: Closed) -> BackendError {
    let kind = match closed {
        Closed::Stale { .. } | Closed::AgeUnknown | Closed::Behind => Kind::Stale,
        Closed::Filling | Closed::Lent | Closed::Unreadable { .. } | Closed::NoList => {
            Kind::Unavailable
        }
    };
    BackendError::new(kind, Sent::No).because(closed)
}

pub(super) fn broken(error: StoreError) -> BackendError {
    BackendError::new(Kind::Unavailable, Sent::No).because(error)
}

pub(super) fn unreadable(why: &'static str) -> BackendError {
    BackendError::new(Kind::BadAnswer, Sent::No).because(why)
}

pub(super) fn denied(unseen: Unseen) -> Response {
    match unseen {
        Unseen::Nobody => {
            let mut response = problem(StatusCode::UNAUTHORIZED, None);
            // RFC 9110 section 11.6.1.
            let challenge = HeaderValue::from_static("Bearer");
            response.parts.headers.insert(WWW_AUTHENTICATE, challenge);
            response
        }
        Unseen::Denied => problem(StatusCode::FORBIDDEN, None),
    }
}

pub(super) fn bad(unclear: &Unclear) -> Response {
    problem(StatusCode::BAD_REQUEST, Some(unclear.to_string()))
}

/// An answer without a record, as RFC 9457 has it.
pub(super) fn problem(status: StatusCode, detail: Option<String>) -> Response {
    let mut body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("error"),
        "status": status.as_u16(),
    });
    if let (Some(detail), Some(members)) = (detail, body.as_object_mut()) {
        members.insert("detail".to_owned(), detail.into());
    }
    Response::of(status, "application/problem+json", body.to_string())
}
