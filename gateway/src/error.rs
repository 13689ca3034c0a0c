//! What can go wrong between a client and an answer, whose fault it is, and what the client is told: [`rescue`] is the one
//! place where an error becomes a [`Response`].
//!
//! No text in here carries a body, a field's value, a key or a token: messages are logged and sent.

use std::borrow::Cow;
use std::fmt;

use http::header::{CONNECTION, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use crate::message::{Payload, PayloadError, Response};
use crate::route::Side;
use crate::route::shape::{ErrorBody, ErrorForm};
use crate::transcode::{TranscodeError, TranscodeErrorKind};

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

/// Whether a backend may have seen a request. Everything that may be done after a failure hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not one byte of it left us, or it was taken back before anyone could read it.
    No,
    /// Some of it may have arrived, so it may have been executed.
    Maybe,
}

/// What kind of failure of a backend. The words are stable: metrics, evidence and error codes are made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BackendErrorKind {
    /// No connection.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// Every connection or place in the queue is taken; nothing was sent.
    Overloaded,
    /// The connection broke off before the head of the answer.
    Broken,
    /// An answer came, but none that can be passed on: not the protocol, not the shape, too large, or cut off.
    BadAnswer,
    /// A view lags behind by more than its route allows.
    Stale,
    /// What it is reached through is not there: no Kafka, or a view not yet filled.
    Unavailable,
    /// The request was delivered and its answer is lost: the partition of replies moved away.
    LostReply,
    /// The request itself did not come to its end while it was being sent on; nobody's fault but the client's.
    RequestBody(BodyFault),
}

/// Why the body of a request did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyFault {
    /// Larger than the route allows, in bytes.
    TooLarge {
        /// What the route allows.
        limit: usize,
    },
    /// The client broke off.
    Broken,
    /// The client stopped sending.
    Late,
}

impl From<&PayloadError> for BodyFault {
    fn from(error: &PayloadError) -> Self {
        match error {
            PayloadError::Broken(_) => Self::Broken,
            PayloadError::TooLarge { limit } => Self::TooLarge { limit: *limit },
            PayloadError::Late => Self::Late,
        }
    }
}

impl BackendErrorKind {
    /// As it stands in codes, metrics and evidence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Overloaded => "overloaded",
            Self::Broken => "broken",
            Self::BadAnswer => "bad_answer",
            Self::Stale => "stale",
            Self::Unavailable => "unavailable",
            Self::LostReply => "lost_reply",
            Self::RequestBody(_) => "request_body",
        }
    }

    /// Those that are a backend's doing.
    pub const OF_BACKENDS: [Self; 8] = [
        Self::Unreachable,
        Self::Timeout,
        Self::Overloaded,
        Self::Broken,
        Self::BadAnswer,
        Self::Stale,
        Self::Unavailable,
        Self::LostReply,
    ];

    fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "the backend cannot be reached",
            Self::Timeout => "the backend did not answer in time",
            Self::Overloaded => "the backend takes no more requests",
            Self::Broken => "the backend broke off before it answered",
            Self::BadAnswer => "the backend's answer cannot be passed on",
            Self::Stale => "the view lags behind by more than the route allows",
            Self::Unavailable => "what the backend is reached through is not there",
            Self::LostReply => "the request was delivered but its reply is lost",
            Self::RequestBody(_) => "the client's request did not come to its end",
        }
    }
}

/// A call of a backend that gave no answer.
#[derive(Debug)]
pub struct BackendError {
    kind: BackendErrorKind,
    sent: Sent,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl BackendError {
    /// A failure of that kind; `sent` must be [`Sent::Maybe`] unless it is certain that nobody can have read the request.
    #[must_use]
    pub fn new(kind: BackendErrorKind, sent: Sent) -> Self {
        Self {
            kind,
            sent,
            source: None,
        }
    }

    /// The same with its cause. The cause must not quote the request or the answer.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// What kind.
    #[must_use]
    pub fn kind(&self) -> BackendErrorKind {
        self.kind
    }

    /// Whether the request may have been seen.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.message())
    }
}

impl std::error::Error for BackendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
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
    /// The route's mode wants a side the route does not have. The resolver refuses such a file; a flip can outrun a reload.
    #[error("the route has no {} side", side.as_str())]
    NoLeg {
        /// Which side.
        side: Side,
    },
    /// Too many requests are under way.
    #[error("too many requests are under way")]
    Overloaded,
    /// The gateway is about to end.
    #[error("the gateway is shutting down")]
    Draining,
    /// Something of ours went wrong that the client cannot mend.
    #[error("the gateway failed: {0}")]
    Internal(&'static str),
}

impl GatewayError {
    /// A failure of the side's backend; a client's body that broke off on the way there is the client's.
    #[must_use]
    pub fn of(side: Side, error: BackendError) -> Self {
        match error.kind() {
            BackendErrorKind::RequestBody(fault) => fault.into(),
            _ => Self::Backend { side, error },
        }
    }

    /// Whose fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoRoute
            | Self::Malformed(_)
            | Self::Unsupported(_)
            | Self::BodyTooLarge { .. }
            | Self::BodyBroken
            | Self::BodyLate
            | Self::Undecodable(_) => Fault::Client,
            Self::Backend { side, .. } | Self::Status { side, .. } => (*side).into(),
            Self::NoLeg { .. } | Self::Overloaded | Self::Draining | Self::Internal(_) => {
                Fault::Gateway
            }
        }
    }

    /// Whether a backend may have executed the request.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match self {
            Self::Backend { error, .. } => error.sent(),
            Self::Status { .. } => Sent::Maybe,
            _ => Sent::No,
        }
    }

    /// A stable word for metrics, evidence and clients, as `no_route` or `legacy_unreachable`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::Malformed(_) => "malformed",
            Self::Unsupported(_) => "unsupported",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyBroken => "body_broken",
            Self::BodyLate => "body_late",
            Self::Undecodable(error) => error.kind().as_str(),
            Self::Backend { side, error } => backend_code(*side, error.kind()),
            Self::Status {
                side: Side::Legacy, ..
            } => "legacy_status",
            Self::Status {
                side: Side::Modern, ..
            } => "modern_status",
            Self::NoLeg { side: Side::Legacy } => "no_legacy",
            Self::NoLeg { side: Side::Modern } => "no_modern",
            Self::Overloaded => "overloaded",
            Self::Draining => "draining",
            Self::Internal(_) => "internal",
        }
    }

    /// The status that fits, where the route's own form sets none (RFC 9110 section 15).
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Malformed(_) | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyLate => StatusCode::REQUEST_TIMEOUT,
            Self::Undecodable(error) => error.kind().status(),
            Self::Status { status, .. } => *status,
            Self::Backend { error, .. } => match error.kind() {
                BackendErrorKind::Timeout | BackendErrorKind::LostReply => {
                    StatusCode::GATEWAY_TIMEOUT
                }
                BackendErrorKind::Overloaded
                | BackendErrorKind::Stale
                | BackendErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                BackendErrorKind::Unreachable
                | BackendErrorKind::Broken
                | BackendErrorKind::BadAnswer
                | BackendErrorKind::RequestBody(_) => StatusCode::BAD_GATEWAY,
            },
            Self::NoLeg { .. } => StatusCode::BAD_GATEWAY,
            Self::Overloaded | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
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
        (Side::Legacy, Kind::Unreachable) => "legacy_unreachable",
        (Side::Legacy, Kind::Timeout) => "legacy_timeout",
        (Side::Legacy, Kind::Overloaded) => "legacy_overloaded",
        (Side::Legacy, Kind::Broken) => "legacy_broken",
        (Side::Legacy, Kind::BadAnswer) => "legacy_bad_answer",
        (Side::Legacy, Kind::Stale) => "legacy_stale",
        (Side::Legacy, Kind::Unavailable) => "legacy_unavailable",
        (Side::Legacy, Kind::LostReply) => "legacy_lost_reply",
        (Side::Modern, Kind::Unreachable) => "modern_unreachable",
        (Side::Modern, Kind::Timeout) => "modern_timeout",
        (Side::Modern, Kind::Overloaded) => "modern_overloaded",
        (Side::Modern, Kind::Broken) => "modern_broken",
        (Side::Modern, Kind::BadAnswer) => "modern_bad_answer",
        (Side::Modern, Kind::Stale) => "modern_stale",
        (Side::Modern, Kind::Unavailable) => "modern_unavailable",
        (Side::Modern, Kind::LostReply) => "modern_lost_reply",
    }
}

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
        known(GatewayError::Overloaded, "too many requests are under way"),
        known(GatewayError::Draining, "the gateway is shutting down"),
        known(GatewayError::Internal(""), "the gateway failed"),
    ];
    for (kind, reason) in [
        (
            TranscodeErrorKind::WrongContentType,
            "the body has the wrong content type",
        ),
        (TranscodeErrorKind::Encoded, "the body has a content coding"),
        (TranscodeErrorKind::NotJson, "the body is no JSON object"),
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
    for side in [Side::Legacy, Side::Modern] {
        let (no, status) = match side {
            Side::Legacy => (
                "the route has no legacy side",
                "legacy answered with an error",
            ),
            Side::Modern => (
                "the route has no modern side",
                "modern answered with an error",
            ),
        };
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

/// The answer a client gets for an error: in its route's own form, else `application/problem+json` (RFC 9457). Cannot fail.
#[must_use]
pub fn rescue(error: &GatewayError, form: &ErrorForm, id: Uuid) -> Response {
    let mut response = match form {
        ErrorForm::Problem => problem(error, id),
        ErrorForm::Own {
            status,
            content_type,
            body,
        } => {
            let status = status.unwrap_or_else(|| error.status());
            let body = match body {
                ErrorBody::Text(text) => fill(text, error, status, id, Escape::of(content_type)),
                ErrorBody::Record { by_code, other } => Payload::bytes(
                    by_code
                        .iter()
                        .find(|(code, _)| *code == error.code())
                        .map_or(other, |(_, bytes)| bytes)
                        .clone(),
                ),
            };
            own(status, content_type.clone(), body)
        }
    };
    let headers = &mut response.parts.headers;
    if let Ok(id) =
        HeaderValue::from_str(id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    {
        headers.insert(REQUEST_ID, id);
    }
    retire(error, headers);
    response
}

/// After a body that was not read to its end the connection cannot be used again; say so rather than stall.
fn retire(error: &GatewayError, headers: &mut HeaderMap) {
    if matches!(
        error,
        GatewayError::BodyTooLarge { .. }
            | GatewayError::BodyBroken
            | GatewayError::BodyLate
            | GatewayError::Malformed(_)
            | GatewayError::Draining
    ) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

fn own(status: StatusCode, content_type: HeaderValue, payload: Payload) -> Response {
    let mut response = Response::of(status, "", "");
    response
        .parts
        .headers
        .insert(http::header::CONTENT_TYPE, content_type);
    response.payload = payload;
    response
}

fn problem(error: &GatewayError, id: Uuid) -> Response {
    let status = error.status();
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("error"),
        "status": status.as_u16(),
        "detail": error.reason(),
        "code": error.code(),
        "request_id": id,
    });
    Response::of(status, "application/problem+json", body.to_string())
}

/// How a value is written into the text of a route's own form.
#[derive(Clone, Copy)]
enum Escape {
    /// As inside a JSON string.
    Json,
    /// As XML character data and attribute values.
    Xml,
    /// As it is.
    Plain,
}

impl Escape {
    fn of(content_type: &HeaderValue) -> Self {
        let text = content_type.to_str().unwrap_or_default();
        let kind = text.split(';').next().unwrap_or_default().trim();
        if kind.ends_with("json") {
            Self::Json
        } else if kind.ends_with("xml") || kind.ends_with("html") {
            Self::Xml
        } else {
            Self::Plain
        }
    }

    fn write(self, value: &str, out: &mut String) {
        match self {
            Self::Plain => out.push_str(value),
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                out.push_str(
                    quoted
                        .strip_prefix('"')
                        .and_then(|rest| rest.strip_suffix('"'))
                        .unwrap_or_default(),
                );
            }
            Self::Xml => {
                for letter in value.chars() {
                    match letter {
                        '&' => out.push_str("&amp;"),
                        '<' => out.push_str("&lt;"),
                        '>' => out.push_str("&gt;"),
                        '"' => out.push_str("&quot;"),
                        other => out.push(other),
                    }
                }
            }
        }
    }
}

fn fill(text: &str, error: &GatewayError, status: StatusCode, id: Uuid, escape: Escape) -> Payload {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let place = after.split_once('}');
        match place.map(|(name, tail)| (name, tail)) {
            Some(("status", tail)) => {
                out.push_str(status.as_str());
                rest = tail;
            }
            Some(("code", tail)) => {
                out.push_str(error.code());
                rest = tail;
            }
            Some(("reason", tail)) => {
                escape.write(&error.reason(), &mut out);
                rest = tail;
            }
            Some(("request_id", tail)) => {
                out.push_str(&id.to_string());
                rest = tail;
            }
            // Any other brace is text: JSON is full of them.
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Payload::bytes(out)
}

#[cfg(test)]
mod tests;
