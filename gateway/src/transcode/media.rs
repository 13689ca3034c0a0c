//! Headers that describe a body: what they must say before it is transcoded, and what they say after.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
    TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderValue};

use super::TranscodeError;
use crate::mapping::{Format, Soap};
use crate::route::shape::Shape;

/// Headers that speak of the bytes of a body, which are others afterwards (RFC 9110 section 8; RFC 9530; RFC 1864).
const OF_THE_BYTES: [HeaderName; 10] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_RANGE,
    ACCEPT_RANGES,
    ETAG,
    TRANSFER_ENCODING,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// Whether a body may be read as this shape.
///
/// JSON must be declared as such. A record has no media type of its own and senders say all sorts of things
/// (`curl --data-binary` says it is a form): anything goes but JSON, which is surely none.
pub(super) fn check(headers: &HeaderMap, shape: &Shape) -> Result<(), TranscodeError> {
    let coded = headers.get_all(CONTENT_ENCODING).iter().any(|coding| {
        let coding = coding.as_bytes().trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    });
    if coded {
        return Err(TranscodeError::encoded());
    }
    let declared = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let json = declared.is_some_and(is_json);
    let is = |fits: fn(&str) -> bool| declared.is_some_and(|declared| is_utf8(declared, fits));
    match shape {
        Shape::Opaque => Ok(()),
        Shape::Json if json => Ok(()),
        Shape::Record(_) if !json => Ok(()),
        // RFC 7303 section 9: the two names, and the suffix.
        Shape::Xml
            if is(|essence| {
                matches!(essence, "text/xml" | "application/xml") || essence.ends_with("+xml")
            }) =>
        {
            Ok(())
        }
        Shape::Form if is(|essence| essence == "application/x-www-form-urlencoded") => Ok(()),
        Shape::Json | Shape::Xml | Shape::Form | Shape::Record(_) => {
            Err(TranscodeError::content_type(shape))
        }
    }
}

/// `application/json` or a media type with the suffix `+json` (RFC 6839), in UTF-8 (RFC 8259 section 8.1).
fn is_json(content_type: &[u8]) -> bool {
    is_utf8(content_type, |essence| {
        matches!(essence, "application/json" | "text/json")
            || (essence.contains('/') && essence.ends_with("+json"))
    })
}

/// A media type that fits, in UTF-8.
fn is_utf8(content_type: &[u8], fits: impl Fn(&str) -> bool) -> bool {
    let Ok(text) = std::str::from_utf8(content_type) else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let utf8 = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| {
            let charset = charset.trim().trim_matches('"');
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii")
        });
    fits(&essence) && utf8
}

/// What a body of a mapping is called.
pub(super) fn of_format(format: &Format) -> Option<HeaderValue> {
    let name = match format {
        Format::Json => "application/json",
        Format::Xml => "application/xml; charset=utf-8",
        // SOAP 1.1 section 6; RFC 3902.
        Format::Soap(Soap::V11) => "text/xml; charset=utf-8",
        Format::Soap(Soap::V12) => "application/soap+xml; charset=utf-8",
        Format::Form => "application/x-www-form-urlencoded",
        Format::Record(_) | Format::Records(_) => "application/octet-stream",
        Format::Query => return None,
    };
    Some(HeaderValue::from_static(name))
}

pub(super) fn media_type(shape: &Shape) -> Option<HeaderValue> {
    match shape {
        Shape::Opaque => None,
        Shape::Xml => Some(HeaderValue::from_static("application/xml; charset=utf-8")),
        Shape::Form => Some(HeaderValue::from_static(
            "application/x-www-form-urlencoded",
        )),
        Shape::Json => Some(HeaderValue::from_static("application/json")),
        Shape::Record(_) => Some(HeaderValue::from_static("application/octet-stream")),
    }
}

/// Says what the new body is.
pub(super) fn describe(headers: &mut HeaderMap, media_type: Option<HeaderValue>, length: usize) {
    undescribe(headers);
    if let Some(media_type) = media_type {
        headers.insert(CONTENT_TYPE, media_type);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
}

/// Takes away what spoke of the old body.
pub(super) fn undescribe(headers: &mut HeaderMap) {
    for name in OF_THE_BYTES {
        headers.remove(name);
    }
    headers.remove(CONTENT_TYPE);
    headers.remove(CONTENT_LENGTH);
}

/// Whether a body was announced.
pub(super) fn announces_body(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length.as_bytes() != b"0")
}

/// Asks for a whole body of this media type, uncompressed.
pub(super) fn ask(headers: &mut HeaderMap, media_type: Option<HeaderValue>) {
    for name in [RANGE, IF_RANGE, IF_MATCH, IF_NONE_MATCH] {
        headers.remove(name);
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(media_type) = media_type {
        headers.insert(ACCEPT, media_type);
    }
}
