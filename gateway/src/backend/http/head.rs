//! The head of a request as an origin gets it.

use ::http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TE, TRANSFER_ENCODING,
};
use ::http::{Request, Uri, Version};
use http_body::Body as _;
use uuid::Uuid;

use super::Config;
use crate::backend::Ask;
use crate::error::REQUEST_ID;
use crate::message::Payload;

/// Tells the new service that a request is a copy and must change nothing.
const SHADOW: HeaderName = HeaderName::from_static("figway-shadow");

/// Ready for the wire: target in origin form, a `Host`, our own headers, and a framing that fits the body.
pub(super) fn outgoing(ask: &mut Ask, config: &Config) -> Request<Payload> {
    let (id, shadow) = (ask.id, ask.shadow);
    let mut parts = ask.parts.clone();
    let payload = std::mem::take(&mut ask.payload);
    parts.uri = target(&parts.uri);
    parts.version = Version::HTTP_11;
    let headers = &mut parts.headers;
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(config.authority.as_str())
    {
        headers.insert(HOST, host);
    }
    let mut text = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(id.as_hyphenated().encode_lower(&mut text)) {
        headers.insert(REQUEST_ID, id);
    }
    if shadow {
        headers.insert(SHADOW, HeaderValue::from_static("true"));
    }
    // The only transfer coding a client may ask for that we can keep; it is between each two hops (RFC 9110 section 10.1.4).
    if headers.contains_key(TE) {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
    frame(&mut parts.headers, &payload);
    Request::from_parts(parts, payload)
}

/// Makes the framing agree with the body. A length that is known is trusted over a header; and hyper sends no body of unknown length with GET
/// or HEAD unless it is told to.
fn frame(headers: &mut ::http::HeaderMap, payload: &Payload) {
    match payload.size_hint().exact() {
        Some(0) if !headers.contains_key(CONTENT_LENGTH) => {}
        Some(length) => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        None => {
            headers.remove(CONTENT_LENGTH);
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
    }
}

fn target(uri: &Uri) -> Uri {
    match uri.path_and_query() {
        Some(path) => Uri::from(path.clone()),
        None => Uri::default(),
    }
}
