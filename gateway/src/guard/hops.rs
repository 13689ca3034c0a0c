//! Requests that count the gateways they pass: `Max-Forwards` of OPTIONS and TRACE (RFC 9110 section 7.6.2).

use http::header::{ALLOW, HeaderValue, MAX_FORWARDS};
use http::{Method, StatusCode};

use crate::message::{Request, Response};

/// Counts this gateway. The answer to one that may go no further: we are whom it asks. A TRACE is told that we do not do that, since
/// it would show what was added or taken off on the way.
pub fn last_hop(request: &mut Request) -> Option<Response> {
    let parts = &mut request.parts;
    if !matches!(parts.method, Method::OPTIONS | Method::TRACE) {
        return None;
    }
    let left: u64 = parts
        .headers
        .get(MAX_FORWARDS)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    if let Some(left) = left.checked_sub(1) {
        parts.headers.insert(MAX_FORWARDS, left.into());
        return None;
    }
    let (mut answer, ()) = http::Response::new(()).into_parts();
    if parts.method == Method::TRACE {
        answer.status = StatusCode::METHOD_NOT_ALLOWED;
        answer
            .headers
            .insert(ALLOW, HeaderValue::from_static("OPTIONS"));
    }
    Some(Response {
        parts: answer,
        payload: crate::message::Payload::Empty,
        spelling: h1::Spelling::default(),
        side: None,
    })
}
