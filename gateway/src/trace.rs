//! Numbers by which a request is found again: ours, one of a proxy in front, and W3C trace context
//! (<https://www.w3.org/TR/trace-context/>).
//!
//! In: a request's fields. Out: the same, with what those behind us are to have. A trace that came goes on as it came: we send no spans
//! of our own, and a parent that nobody sends would tear it. Pure but for the numbers, which are arguments.

use std::fmt;

use http::HeaderMap;
use http::header::{Entry, HeaderName, HeaderValue};
use uuid::Uuid;

/// W3C's field of the trace and of the span that asks.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What vendors add to it.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// What is done about trace context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tracing {
    /// It goes on as it came.
    #[default]
    Pass,
    /// Likewise; where none came that can be read, a trace begins here.
    Make,
}

/// The number of a trace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 32]);

impl TraceId {
    /// Its 32 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The trace a request belongs to, if any; begun here where that is told.
pub fn traced(headers: &mut HeaderMap, tracing: Tracing, id: Uuid) -> Option<TraceId> {
    if tracing == Tracing::Pass {
        return came(headers.get_all(&TRACEPARENT).iter());
    }
    // What vendors said belongs to a trace that is not known (section 3.3).
    let trace = match headers.entry(&TRACEPARENT) {
        Entry::Occupied(mut parent) => {
            if let Some(trace) = came(parent.iter()) {
                return Some(trace);
            }
            let (begun, trace) = begun(id);
            parent.insert(begun);
            trace
        }
        Entry::Vacant(parent) => {
            let (begun, trace) = begun(id);
            parent.insert(begun);
            trace
        }
    };
    headers.remove(TRACESTATE);
    Some(trace)
}

/// The trace of a field that came once: of several nobody could say which holds (section 4.3).
fn came<'a>(mut values: impl Iterator<Item = &'a HeaderValue>) -> Option<TraceId> {
    match (values.next(), values.next()) {
        (Some(only), None) => trace_of(only.as_bytes()),
        _ => None,
    }
}

/// The trace of a field as section 3.2 writes it: `00-`, 32 digits, 16 digits, two digits; a later version may say more behind.
fn trace_of(text: &[u8]) -> Option<TraceId> {
    let hex = |part: &[u8]| {
        part.iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut parts = text.split(|byte| *byte == b'-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let fits = version.len() == 2 && parent.len() == 16 && flags.len() == 2;
    let zero = |part: &[u8]| part.iter().all(|byte| *byte == b'0');
    if !fits
        || ![version, trace, parent, flags].into_iter().all(hex)
        || version == b"ff"
        || (version == b"00" && parts.next().is_some())
        || zero(trace)
        || zero(parent)
    {
        return None;
    }
    trace.try_into().ok().map(TraceId)
}

/// A trace that begins with this request has its number, so that one leads to the other.
fn begun(id: Uuid) -> (HeaderValue, TraceId) {
    let mut trace = [0; 32];
    id.as_simple().encode_lower(&mut trace);
    let (high, low) = id.as_u64_pair();
    // Any number but zero that is not always the same.
    let span = (high.rotate_left(32) ^ low).max(1);
    // The digits of a number of 64 bits are the first half of an id's that begins with it.
    let mut digits = [0; 32];
    Uuid::from_u64_pair(span, 0)
        .as_simple()
        .encode_lower(&mut digits);
    let [span @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = digits;
    let mut text = Vec::with_capacity(55);
    for part in [b"00-".as_slice(), &trace, b"-", &span, b"-00"] {
        text.extend_from_slice(part);
    }
    let parent = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    (parent, TraceId(trace))
}

/// The number of a request whose proxy in front gave it one, of the field in which it does. Only a UUID can be ours too: services tell by it
/// whether they have seen a request before.
#[must_use]
pub fn given<'a>(mut came: impl Iterator<Item = &'a HeaderValue>) -> Option<Uuid> {
    let (first, None) = (came.next()?, came.next()) else {
        return None;
    };
    let id = Uuid::try_parse_ascii(first.as_bytes()).ok()?;
    (!id.is_nil()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(text: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(text));
        headers.insert(TRACESTATE, HeaderValue::from_static("v=1"));
        headers
    }

    const ID: Uuid = Uuid::from_u128(0x0192_4ed4_9c1e_7a3b_8c5d_1234_5678_9abc);

    #[test]
    fn a_trace_that_came_goes_on_as_it_came() {
        for text in [
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-will-be",
        ] {
            let mut headers = parent(text);
            let trace = traced(&mut headers, Tracing::Make, ID).unwrap();
            assert_eq!(trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
            assert_eq!(headers, parent(text));
        }
    }

    #[test]
    fn one_that_cannot_be_read_is_begun_anew_where_told() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            let mut headers = parent(text);
            assert_eq!(traced(&mut headers, Tracing::Pass, ID), None, "{text}");
            assert_eq!(headers, parent(text));
            let trace = traced(&mut headers, Tracing::Make, ID).unwrap();
            assert_eq!(trace.to_string(), "01924ed49c1e7a3b8c5d123456789abc");
            let (high, low) = ID.as_u64_pair();
            let span = high.rotate_left(32) ^ low;
            let begun = format!("00-{trace}-{span:016x}-00");
            assert_eq!(headers[TRACEPARENT], begun);
            assert!(!headers.contains_key(TRACESTATE));
            // It reads as what it is.
            let again = traced(&mut headers.clone(), Tracing::Pass, ID);
            assert_eq!(again, Some(trace));
        }
    }

    #[test]
    fn a_number_is_taken_over_only_if_it_is_one() {
        const NAME: HeaderName = HeaderName::from_static("x-request-id");
        let with = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(NAME, HeaderValue::from_static(value));
            }
            given(headers.get_all(&NAME).iter())
        };
        let text = "01924ed4-9c1e-7a3b-8c5d-123456789abc";
        assert_eq!(with(&[text]), Some(ID));
        assert_eq!(with(&["01924ed49c1e7a3b8c5d123456789abc"]), Some(ID));
        assert_eq!(with(&[text, text]), None);
        assert_eq!(with(&["order-17"]), None);
        assert_eq!(with(&["00000000-0000-0000-0000-000000000000"]), None);
        assert_eq!(with(&[]), None);
    }
}
