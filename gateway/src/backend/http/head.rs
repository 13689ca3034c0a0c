//! The head of a request as an origin gets it, and of an answer as it goes on to the client.

use ::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue,
    TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};
use ::http::{HeaderMap, StatusCode, Uri, Version, response};
use bytes::BytesMut;
use h1::BodyLength;
use http_body::Body as _;

use super::Config;
use crate::backend::Ask;
use crate::backend::view;
use crate::error::REQUEST_ID;
use crate::message::{Names, Payload, id_value, strip_hop_by_hop};

/// Tells the new service that a request is a copy and must change nothing.
const SHADOW: HeaderName = HeaderName::from_static("figway-shadow");

/// Most heads need no more.
const HEAD: usize = 1 << 10;

/// Makes an ask ready for an origin: target in origin form, a `Host`, our own headers. Done twice it is as if done once.
pub(super) fn ready(ask: &mut Ask, config: &Config) {
    let parts = &mut ask.parts;
    if parts.uri.authority().is_some() {
        parts.uri = parts
            .uri
            .path_and_query()
            .map_or_else(Uri::default, |path| Uri::from(path.clone()));
    }
    parts.version = Version::HTTP_11;
    let headers = &mut parts.headers;
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(config.authority.as_str())
    {
        headers.insert(HOST, host);
    }
    // Between clients and views.
    headers.remove(view::VERSION);
    headers.insert(REQUEST_ID, id_value(ask.id));
    if ask.shadow {
        headers.insert(SHADOW, HeaderValue::from_static("true"));
    }
}

/// A head as it goes out.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) head: BytesMut,
    /// How its body is framed.
    pub(super) length: BodyLength,
    /// Whether the client waits for word before it sends its body (RFC 9110 section 10.1.1).
    pub(super) expects: bool,
}

/// Writes a head that was made [`ready`]. A length that is known is trusted over a header.
pub(super) fn written(ask: &mut Ask) -> Written {
    let headers = &mut ask.parts.headers;
    let names = Names::of(headers);
    // What asks for something of this hop must be named as such (RFC 9110 section 7.6.1); a coding for the answer is between each two
    // neighbours, and `trailers` is all that is left of it.
    let named = match (names.has(Names::UPGRADE), names.has(Names::TE)) {
        (false, false) => None,
        (true, false) => Some("upgrade"),
        (false, true) => Some("te"),
        (true, true) => Some("upgrade, te"),
    };
    if let Some(named) = named {
        headers.insert(CONNECTION, HeaderValue::from_static(named));
    }
    let length = framing(names, &ask.payload);
    let expects = names.has(Names::EXPECT) && expects(headers);
    let mut head = BytesMut::with_capacity(HEAD);
    h1::write_request(&mut head, &ask.parts, &ask.spelling, length);
    Written {
        head,
        length,
        expects,
    }
}

fn framing(names: Names, payload: &Payload) -> BodyLength {
    if let Payload::Whole {
        trailers: Some(_), ..
    } = payload
    {
        return BodyLength::Chunked;
    }
    match payload.size_hint().exact() {
        // One that said nothing of a body is not made to.
        Some(0) if !names.has(Names::CONTENT_LENGTH) => BodyLength::None,
        Some(length) => BodyLength::Exactly(length),
        None => BodyLength::Chunked,
    }
}

/// Whether the client waits for word before it sends its body (RFC 9110 section 10.1.1).
pub(super) fn expects(headers: &HeaderMap) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// An answer without what is between us and the origin.
pub(super) fn stripped(parts: &mut response::Parts) {
    // What the origin speaks must not leak to the client.
    parts.version = Version::HTTP_11;
    // The coding rules, and the body was read by it (RFC 9112 section 6.3); the length would cut the answer.
    if parts.headers.contains_key(TRANSFER_ENCODING) {
        parts.headers.remove(CONTENT_LENGTH);
    }
    let upgrade = match parts.status {
        StatusCode::SWITCHING_PROTOCOLS => parts.headers.remove(UPGRADE),
        _ => None,
    };
    strip_hop_by_hop(&mut parts.headers);
    if let Some(upgrade) = upgrade {
        parts.headers.insert(UPGRADE, upgrade);
    }
}

/// Whether the origin switches to what it was asked to, and to nothing else (RFC 9110 section 7.8).
pub(super) fn switches_as_asked(asked: &HeaderMap, answered: &HeaderMap) -> bool {
    let protocols = |headers: &HeaderMap| -> Vec<Vec<u8>> {
        headers
            .get_all(UPGRADE)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(|protocol| protocol.trim_ascii().to_ascii_lowercase())
            .filter(|protocol| !protocol.is_empty())
            .collect()
    };
    let (asked, answered) = (protocols(asked), protocols(answered));
    !answered.is_empty() && answered.iter().all(|protocol| asked.contains(protocol))
}

/// Whether a request carries a token of a scheme that authenticates the connection it comes on, not itself (RFC 4559 section 6).
pub(super) fn authenticates_connection(headers: &HeaderMap) -> bool {
    headers
        .get_all(AUTHORIZATION)
        .iter()
        .any(|value| binds(value.as_bytes()))
}

/// Whether an answer asks for such a token.
pub(super) fn challenges_connection(parts: &response::Parts) -> bool {
    parts.status == StatusCode::UNAUTHORIZED
        && parts
            .headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .any(|challenge| binds(challenge.trim_ascii()))
}

fn binds(value: &[u8]) -> bool {
    let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case(b"ntlm") || scheme.eq_ignore_ascii_case(b"negotiate")
}
