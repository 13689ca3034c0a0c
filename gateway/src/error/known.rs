//! The errors that a client can meet, as a list: for forms that are made before anything goes wrong.

use std::time::Duration;

use http::StatusCode;

use super::{BackendError, BackendErrorKind, GatewayError, Kept, Sent};
use crate::route::Side;
use crate::transcode::TranscodeErrorKind;

/// An error a client can meet, told without the particulars of one request: what a form that is made beforehand says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// As [`GatewayError::code`].
    pub code: &'static str,
    /// As [`GatewayError::status`]; of an error that passes a backend's status on, the one that stands for it.
    pub status: StatusCode,
    /// In general words, at most 60 characters of ASCII.
    pub reason: &'static str,
}

/// Every error that a client of a route can meet.
#[must_use]
pub fn known() -> Vec<Known> {
    let known = |error: GatewayError, reason| Known {
        code: error.code(),
        status: error.status(),
        reason,
    };
    let mut all = vec![
        known(GatewayError::NoRoute, "no route takes this request"),
        known(GatewayError::Malformed(""), "the request is malformed"),
        known(
            GatewayError::Unsupported(""),
            "this gateway does not do that",
        ),
        known(
            GatewayError::BodyTooLarge { limit: 0 },
            "the body is too large",
        ),
        known(GatewayError::BodyBroken, "the body broke off"),
        known(GatewayError::BodyLate, "the body did not come in time"),
        known(
            GatewayError::TooOften {
                retry_after: Duration::ZERO,
            },
            "too many requests in a short time",
        ),
        known(GatewayError::Busy, "too many requests are under way"),
        known(
            GatewayError::Stale,
            "the control log has been out of reach for too long",
        ),
    ];
    for (kind, reason) in [
        (
            TranscodeErrorKind::WrongContentType,
            "the body has the wrong content type",
        ),
        (TranscodeErrorKind::Encoded, "the body has a content coding"),
        (TranscodeErrorKind::NotJson, "the body is no JSON object"),
        (TranscodeErrorKind::NotXml, "the body is no such XML"),
        (TranscodeErrorKind::NotForm, "the body is no form"),
        (
            TranscodeErrorKind::Undecodable,
            "the body is no such record",
        ),
        (
            TranscodeErrorKind::DoesNotFit,
            "a value does not fit its field",
        ),
    ] {
        all.push(Known {
            code: kind.as_str(),
            status: kind.status(),
            reason,
        });
    }
    for kept in Kept::ALL {
        all.push(known(GatewayError::Kept(kept), kept.in_general()));
    }
    for side in [Side::Legacy, Side::Modern] {
        let (no, status, closed) = match side {
            Side::Legacy => (
                "the route has no legacy side",
                "legacy answered with an error",
                "legacy is closed",
            ),
            Side::Modern => (
                "the route has no modern side",
                "modern answered with an error",
                "modern is closed",
            ),
        };
        let opens_in = None;
        all.push(known(GatewayError::Closed { side, opens_in }, closed));
        all.push(known(GatewayError::NoLeg { side }, no));
        let failed = StatusCode::INTERNAL_SERVER_ERROR;
        all.push(known(
            GatewayError::Status {
                side,
                status: failed,
            },
            status,
        ));
        for kind in BackendErrorKind::OF_BACKENDS {
            let error = BackendError::new(kind, Sent::Maybe);
            all.push(known(GatewayError::of(side, error), kind.message()));
        }
    }
    all
}
