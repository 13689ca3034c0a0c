//! From an error to the answer a client gets.

use std::time::Duration;

use http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use super::{GatewayError, REQUEST_ID};
use crate::message::{Payload, Response};
use crate::route::shape::{ErrorBody, ErrorForm};

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
    if let Some(after) = error.retry_after() {
        headers.insert(RETRY_AFTER, retry_after(after));
    }
    response
}

/// Whole seconds, rounded up: never before (RFC 9110 section 10.2.3).
#[must_use]
pub fn retry_after(time: Duration) -> HeaderValue {
    let part = u64::from(time.subsec_nanos() > 0);
    HeaderValue::from(time.as_secs().saturating_add(part))
}

/// After a body that was not read to its end the connection cannot be used again; say so rather than stall.
fn retire(error: &GatewayError, headers: &mut HeaderMap) {
    if matches!(
        error,
        GatewayError::BodyTooLarge { .. }
            | GatewayError::BodyBroken
            | GatewayError::BodyLate
            | GatewayError::BodyUnfinished { .. }
            | GatewayError::Malformed(_)
            | GatewayError::Unreadable(_)
            | GatewayError::HeadLate
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
        match place {
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
