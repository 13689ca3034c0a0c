//! The first thing that happens to a request of a client: what must not come in is refused or taken off, what we add for those
//! behind us is added. Never looks at routes.
//!
//! In: a request as its listener read it. Out: the same, in one form: a `Host`, a target in origin form, no field that is
//! between the client and us, no `Figway-*` field of the client's but the one that is given it to carry, and our marks of who asked.

mod hops;

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING,
    UPGRADE,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri, Version};

use crate::backend::view::VERSION;
use crate::error::GatewayError;
use crate::forwarded::{
    FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PORT, FORWARDED_PROTO, Hop, Policy, Scheme,
};
use crate::message::{Names, Payload, Request, is_ours, reads_as, strip_hop_by_hop};

pub use hops::last_hop;

/// Readies a request for what follows. Out: the client, as far as it is known; `forwarding` says who is believed about that.
///
/// # Errors
/// It is malformed in a way that different readers would read differently, or asks for what a gateway does not do.
pub fn admit(request: &mut Request, forwarding: &Policy) -> Result<Option<IpAddr>, GatewayError> {
    let parts = &mut request.parts;
    if parts.method == Method::CONNECT {
        return Err(GatewayError::Unsupported("CONNECT"));
    }
    let names = Names::of(&parts.headers);
    if names.has(Names::TRANSFER_ENCODING) || names.has(Names::CONTENT_LENGTH) {
        coding(&parts.headers)?;
    }
    let host = host(&mut parts.headers, &mut parts.uri, parts.version)?;
    if parts.uri.path() == "*" && parts.method != Method::OPTIONS {
        // RFC 9112 section 3.2.4.
        return Err(GatewayError::Malformed(
            "a target that its method does not take",
        ));
    }
    if parts.version == Version::HTTP_2 {
        bare(&parts.headers)?;
        join_cookies(&mut parts.headers);
    }
    let headers = &mut parts.headers;
    let upgrade = match (parts.version, &request.payload) {
        // One with a body may be ignored, and is (RFC 9110 section 7.8): nobody could say where the body ends and the tunnel begins.
        // Over HTTP/2 only the listener can have put it there (RFC 9113 section 8.2.2).
        (Version::HTTP_11 | Version::HTTP_2, Payload::Empty) if names.has(Names::UPGRADE) => {
            upgrade(headers)
        }
        _ => None,
    };
    strip_hop_by_hop(headers);
    if let Some(upgrade) = upgrade {
        headers.insert(UPGRADE, upgrade);
    }
    strip_ours(headers)?;
    if names.has(Names::EXPECT) && !request.interim.is_heard() {
        // Nobody could be told to go on; it is done by reading the body (RFC 9110 section 10.1.1).
        headers.remove(EXPECT);
    }
    let peer = request.peer.as_deref();
    let hop = Hop {
        from: peer.map(|peer| peer.address.ip()),
        to: peer.map(|peer| peer.local),
        scheme: match peer.and_then(|peer| peer.tls.as_ref()) {
            Some(_) => Scheme::Https,
            None => Scheme::Http,
        },
        host: host.as_ref(),
        version: parts.version,
    };
    Ok(forwarding.apply(headers, hop))
}

/// What the client would speak instead of HTTP/1.1 on this connection, without what a gateway must not let through: another HTTP, in which
/// requests would pass it unseen, and TLS, in which all would.
fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers.get_all(CONNECTION).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|name| name.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    });
    if !asked {
        return None;
    }
    let protocols: Vec<&[u8]> = headers
        .get_all(UPGRADE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|protocol| {
            let name = protocol.split(|byte| *byte == b'/').next();
            let name = name.unwrap_or_default().to_ascii_lowercase();
            !matches!(name.as_slice(), b"" | b"h2c" | b"h2" | b"http" | b"tls")
        })
        .collect();
    if protocols.is_empty() {
        return None;
    }
    HeaderValue::from_bytes(&protocols.join(&b", "[..])).ok()
}

/// What others would read differently is refused (RFC 9112 section 6.1). The listener of HTTP/1.x has done so already; over HTTP/2 there is
/// no transfer coding, and the body was read by its frames.
fn coding(headers: &HeaderMap) -> Result<(), GatewayError> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
        let first = lengths.next();
        return if lengths.any(|length| Some(length) != first) {
            Err(GatewayError::Malformed("two lengths"))
        } else {
            Ok(())
        };
    };
    if codings.next().is_some()
        || !coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"chunked")
    {
        return Err(GatewayError::Unsupported(
            "a transfer coding other than chunked",
        ));
    }
    Ok(())
}

/// Whom the client means, once: an absolute target and `:authority` say it before a `Host` field does (RFC 9112 section 3.2.2, RFC
/// 9113 section 8.3.1). The target is left in origin form.
fn host(
    headers: &mut HeaderMap,
    uri: &mut Uri,
    version: Version,
) -> Result<Option<HeaderValue>, GatewayError> {
    let mut hosts = headers.get_all(HOST).iter();
    let named = hosts.next();
    if hosts.next().is_some() {
        return Err(GatewayError::Malformed("more than one Host"));
    }
    if named.is_some_and(|host| !h1::valid_host(host.as_bytes())) {
        return Err(GatewayError::Malformed("a Host that is none"));
    }
    let named = named.cloned();
    let Some(authority) = uri.authority() else {
        if named.is_none() && version >= Version::HTTP_11 {
            return Err(GatewayError::Malformed("no Host"));
        }
        return Ok(named);
    };
    // Nor may a user stand before it.
    if !h1::valid_host(authority.as_str().as_bytes()) {
        return Err(GatewayError::Malformed("a target that names no host"));
    }
    let host = HeaderValue::from_str(authority.as_str())
        .map_err(|_| GatewayError::Malformed("a target that names no host"))?;
    if version == Version::HTTP_2 && named.as_ref().is_some_and(|named| *named != host) {
        return Err(GatewayError::Malformed("Host and :authority differ"));
    }
    headers.insert(HOST, host.clone());
    let path = uri
        .path_and_query()
        .filter(|path| !path.as_str().is_empty())
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    *uri = Uri::from(path);
    Ok(Some(host))
}

/// White space at the ends of a value is taken off by HTTP/1.1; in HTTP/2 it would be a part of it, and is malformed (RFC 9113 section
/// 8.2.1).
fn bare(headers: &HeaderMap) -> Result<(), GatewayError> {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes =
        |value: &HeaderValue| blank(value.as_bytes().first()) || blank(value.as_bytes().last());
    if headers.values().any(bytes) {
        return Err(GatewayError::Malformed("white space at an end of a value"));
    }
    Ok(())
}

/// HTTP/2 may split a cookie into crumbs; HTTP/1 has one field (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(COOKIE).iter();
    if crumbs.next().is_none() || crumbs.next().is_none() {
        return;
    }
    let whole = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect::<Vec<_>>()
        .join(&b"; "[..]);
    if let Ok(mut whole) = HeaderValue::from_bytes(&whole) {
        whole.set_sensitive(true);
        headers.insert(COOKIE, whole);
    }
}

/// `Figway-*` fields are between us and the backends: a client that could send one would pass for us. (But for the one that clients are
/// given to carry, which goes to views alone.) So would one that sends the twin, with `_`, of a field that we write. The twin of one that
/// says how long the body is gets the request refused: whoever takes it for that one reads another body than the rest.
fn strip_ours(headers: &mut HeaderMap) -> Result<(), GatewayError> {
    let ours = |name: &str| (is_ours(name) && name != VERSION.as_str()) || is_twin(name);
    let found = |name: &&HeaderName| ours(name.as_str()) || is_length(name.as_str());
    while let Some(name) = headers.keys().find(found).cloned() {
        if is_length(name.as_str()) {
            return Err(GatewayError::Malformed("a length by another name"));
        }
        headers.remove(name);
    }
    Ok(())
}

/// `Content_Length` and `Transfer_Encoding`.
fn is_length(name: &str) -> bool {
    let twin = |of: HeaderName| reads_as(name.as_bytes(), of.as_str().as_bytes());
    (name.starts_with("content_") && twin(CONTENT_LENGTH))
        || (name.starts_with("transfer_") && twin(TRANSFER_ENCODING))
}

/// `X_Forwarded_For` and its like.
fn is_twin(name: &str) -> bool {
    const WRITTEN: [HeaderName; 4] = [
        FORWARDED_FOR,
        FORWARDED_HOST,
        FORWARDED_PORT,
        FORWARDED_PROTO,
    ];
    (name.starts_with("x_") || name.starts_with("x-forwarded_"))
        && WRITTEN
            .iter()
            .any(|written| reads_as(name.as_bytes(), written.as_str().as_bytes()))
}

#[cfg(test)]
mod tests;
