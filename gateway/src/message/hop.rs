//! Fields that are between two neighbours.

use http::HeaderMap;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};

/// Removes what is between two neighbours only (RFC 9110 section 7.6.1): the fields every hop has of its own and those that `Connection`
/// names. `TE: trailers` stays, alone: it is the one member that may be promised onwards.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // Almost always there is none: looking over a few names costs less than looking each of these up.
    if !headers.keys().any(is_between) {
        return;
    }
    if let Some(first) = headers.get(CONNECTION) {
        // Almost always one plain word that names no field.
        let word = first.as_bytes();
        let plain = word.eq_ignore_ascii_case(b"keep-alive") || word.eq_ignore_ascii_case(b"close");
        if !plain || headers.get_all(CONNECTION).iter().nth(1).is_some() {
            strip_nominated(headers);
        }
        headers.remove(CONNECTION);
    }
    for name in [&KEEP_ALIVE, &PROXY_CONNECTION, &TRANSFER_ENCODING, &UPGRADE] {
        headers.remove(name);
    }
    if headers.contains_key(TE) {
        let trailers = headers.get_all(TE).iter().any(|value| {
            value.as_bytes().split(|byte| *byte == b',').any(|word| {
                word.trim_ascii()
                    .split(|byte| *byte == b';')
                    .next()
                    .is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"trailers"))
            })
        });
        headers.remove(TE);
        if trailers {
            headers.insert(TE, http::HeaderValue::from_static("trailers"));
        }
    }
}

/// Removes the fields that `Connection` names, except the ones whose loss would change what the message is or whom it is for:
/// a nomination of `Host` or `Content-Length` is an attack, not a wish.
fn strip_nominated(headers: &mut HeaderMap) {
    let nominated: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !matches!(*name, HOST | CONTENT_LENGTH | TE))
        .collect();
    for name in nominated {
        headers.remove(name);
    }
}

/// Whether a field is between two neighbours by its name alone.
fn is_between(name: &HeaderName) -> bool {
    match name.as_str().len() {
        2 => *name == TE,
        7 => *name == UPGRADE,
        10 => *name == CONNECTION || *name == KEEP_ALIVE,
        16 => *name == PROXY_CONNECTION,
        17 => *name == TRANSFER_ENCODING,
        _ => false,
    }
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
