//! The key of a request, by which a canary and a sampled mirror decide. Pure.
//!
//! In: a [`KeySource`] and the request's head, path parameters and (where [`KeySource::in_body`]) its whole body. Out:
//! the key as canonical text: the same value gives the same bytes, whether it came as a header, in JSON or in a record.
//! Decodes nothing of a record but the key's field, and keeps nothing of a JSON text but the key's member.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use parsers::{
    Date, Decimal, Field, FieldError, FieldPath, Layout, Number, Text, Time, Timestamp, Visitor,
};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use crate::route::params::PathParams;
use crate::route::table::parameters;

/// Where a route finds the key that decides a canary. The same key gives the same side, on every gateway, for ever.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A header's value.
    Header(http::HeaderName),
    /// A cookie's value.
    Cookie(String),
    /// A parameter of the path.
    Path(String),
    /// A parameter of the query.
    Query(String),
    /// A field of the request's record.
    Field {
        /// The layout of what clients send.
        layout: Arc<Layout>,
        /// The field.
        path: FieldPath,
    },
    /// A member of the request's JSON: names from the outermost object inwards.
    Member(Vec<String>),
}

impl KeySource {
    /// Whether a body has something there that is no value to go by: it does not decode, stands there twice, is null, an object or a list.
    /// What is blank, or is not there, is not malformed.
    #[must_use]
    pub fn is_malformed(&self, body: &[u8]) -> bool {
        match self {
            _ if body.is_empty() => false,
            Self::Field { layout, path } => field_value(layout, path, body).is_err(),
            Self::Member(names) => match found(names, body) {
                Ok(None) => false,
                Ok(Some(raw)) => matches!(raw.get().as_bytes().first(), Some(b'{' | b'[' | b'n')),
                Err(_) => true,
            },
            Self::Header(_) | Self::Cookie(_) | Self::Path(_) | Self::Query(_) => false,
        }
    }

    /// Whether the request's body must be gathered to find it.
    #[must_use]
    pub fn in_body(&self) -> bool {
        matches!(self, Self::Field { .. } | Self::Member(_))
    }

    /// The key. None where it is missing, empty, null, there twice, or does not decode. `body` is looked at only where
    /// [`in_body`](Self::in_body).
    #[must_use]
    pub fn find(&self, parts: &Parts, params: &PathParams, body: &[u8]) -> Option<Bytes> {
        match self {
            Self::Header(name) => {
                let mut values = parts.headers.get_all(name).iter();
                let value = values.next().filter(|_| values.next().is_none())?;
                canonical(std::str::from_utf8(value.as_bytes()).ok()?)
            }
            Self::Cookie(name) => canonical(cookie(&parts.headers, name)?),
            Self::Path(name) => canonical(&params.get(name)?),
            Self::Query(name) => {
                let mut values = parameters(parts.uri.query().unwrap_or_default())
                    .filter(|(given, _)| **given == *name.as_bytes())
                    .map(|(_, value)| value);
                let value = values.next().filter(|_| values.next().is_none())?;
                canonical(std::str::from_utf8(&value).ok()?)
            }
            Self::Field { layout, path } => canonical(&field_text(layout, path, body)?),
            Self::Member(names) => canonical(&member(names, body)?),
        }
    }
}

impl fmt::Display for KeySource {
    /// `header x-customer`, `field LOT-NUMBER`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header {name}"),
            Self::Cookie(name) => write!(f, "cookie {name}"),
            Self::Path(name) => write!(f, "path parameter {name}"),
            Self::Query(name) => write!(f, "query parameter {name}"),
            Self::Field { path, .. } => write!(f, "field {path}"),
            Self::Member(names) => write!(f, "member {}", names.join(".")),
        }
    }
}

/// The text without blanks around it; a plain decimal number without the zeros and the sign that do not count, since a
/// `PIC 9(8)` has no way to say how a client would have written it. Two texts that are the same number share a key:
/// that puts them on one side, nothing more.
fn canonical(text: &str) -> Option<Bytes> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match number(text) {
        Some(number) => Bytes::from(number),
        None => Bytes::copy_from_slice(text.as_bytes()),
    })
}

/// `[+-]digits[.digits]`, as the shortest text of that number. Works on text, so that no number is too long.
fn number(text: &str) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !plain(whole) || !plain(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative && !(whole.is_empty() && fraction.is_empty()) {
        "-"
    } else {
        ""
    };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    })
}

/// The value of a cookie; none if there are two of the name.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = cookies(headers)
        .filter(|(given, _)| *given == name)
        .map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

/// Names and values of cookies (RFC 6265 section 5.4).
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(http::header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// One elementary field as text; none where it is null, not there or does not decode.
pub(crate) fn field_text(layout: &Layout, path: &FieldPath, record: &[u8]) -> Option<String> {
    field_value(layout, path, record).ok()?
}

/// The same; of one that does not decode, why.
pub(crate) fn field_value(
    layout: &Layout,
    path: &FieldPath,
    record: &[u8],
) -> Result<Option<String>, FieldError> {
    let mut reader = Scalar(None);
    layout.walk_field(record, path, &mut reader)?;
    Ok(reader.0)
}

/// Takes one elementary field as text.
struct Scalar(Option<String>);

impl Visitor for Scalar {
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, text: Text<'_>) {
        self.0 = Some(text.to_string());
    }
    fn number(&mut self, _: &Field, number: Number<'_>) {
        self.0 = Some(number.decimal().to_string());
    }
    fn float(&mut self, _: &Field, value: f64) {
        self.0 = Some(value.to_string());
    }
    fn date(&mut self, _: &Field, date: Date) {
        self.0 = Some(date.to_string());
    }
    fn time(&mut self, _: &Field, time: Time) {
        self.0 = Some(time.to_string());
    }
    fn timestamp(&mut self, _: &Field, timestamp: Timestamp) {
        self.0 = Some(timestamp.to_string());
    }
    fn flag(&mut self, _: &Field, value: bool) {
        self.0 = Some(value.to_string());
    }
    fn bytes(&mut self, _: &Field, bytes: &[u8]) {
        self.0 = Some(bytes.iter().map(|byte| format!("{byte:02X}")).collect());
    }
    fn null(&mut self, _: &Field) {}
}

/// What stands at the end of a way through objects; none where nothing does.
fn found<'j>(names: &[String], json: &'j [u8]) -> serde_json::Result<Option<&'j RawValue>> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let raw = Way(names).deserialize(&mut reader)?;
    reader.end()?;
    Ok(raw)
}

/// The scalar at the end of a way through objects.
fn member<'j>(names: &[String], json: &'j [u8]) -> Option<Cow<'j, str>> {
    let text = found(names, json).ok()??.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str(text).ok(),
        b'{' | b'[' | b'n' => None,
        // A number with an exponent is the only other way to write one that a record would show plainly.
        b'-' | b'0'..=b'9' if text.contains(['e', 'E']) => Some(match text.parse::<Decimal>() {
            Ok(number) => Cow::Owned(number.to_string()),
            Err(_) => Cow::Borrowed(text),
        }),
        _ => Some(Cow::Borrowed(text)),
    }
}

/// Follows names into objects and skips everything else.
struct Way<'n>(&'n [String]);

impl<'de> DeserializeSeed<'de> for Way<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            serde::Deserialize::deserialize(deserializer).map(Some)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> serde::de::Visitor<'de> for Way<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((name, inner)) = self.0.split_first() else {
            return Ok(None);
        };
        let mut found = None;
        while let Some(given) = map.next_key::<Cow<'de, str>>()? {
            if given == *name {
                // Readers disagree on which of two counts, so neither does.
                if found.is_some() {
                    return Err(A::Error::custom("a member twice"));
                }
                found = Some(map.next_value_seed(Way(inner))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found.flatten())
    }
}

#[cfg(test)]
mod tests;
