//! W3C trace context: which trace a request belongs to, so that what follows from it belongs to it too. Pure but for the random span.
//!
//! <https://www.w3.org/TR/trace-context/#traceparent-header>

use std::fmt;

use bytes::Bytes;
use uuid::Uuid;

/// The header that names trace and span.
pub const TRACEPARENT: &str = "traceparent";
/// The header that tracing systems keep their own data in.
pub const TRACESTATE: &str = "tracestate";

/// A place in a trace. Written as `traceparent`: version, trace, span, flags, all in hex.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace: [u8; 16],
    span: [u8; 8],
    flags: u8,
    state: Option<String>,
}

impl TraceContext {
    /// What the two headers say; none when there is no `traceparent` that can be read, as the rules want it.
    #[must_use]
    pub fn parse(traceparent: &[u8], tracestate: Option<&[u8]>) -> Option<Self> {
        let text = str::from_utf8(traceparent).ok()?;
        let mut parts = text.split('-');
        let version = hex::<1>(parts.next()?)?;
        let trace = hex::<16>(parts.next()?)?;
        let span = hex::<8>(parts.next()?)?;
        let [flags] = hex::<1>(parts.next()?)?;
        // Version 0 has four parts; a later one may have more.
        let longer = parts.next().is_some();
        if version == [0xff] || (version == [0] && longer) || trace == [0; 16] || span == [0; 8] {
            return None;
        }
        let state = tracestate.and_then(|state| str::from_utf8(state).ok());
        Some(Self {
            trace,
            span,
            flags,
            state: state.filter(|state| !state.is_empty()).map(str::to_owned),
        })
    }

    /// A span of our own in the same trace.
    pub(crate) fn child(&self) -> Self {
        let random = Uuid::new_v4();
        let mut span = [0; 8];
        // The second half has 62 random bits, and a variant that keeps it from being zero.
        span.copy_from_slice(random.as_bytes().split_at(8).1);
        Self {
            span,
            ..self.clone()
        }
    }

    /// The trace, as 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        digits(&self.trace)
    }

    /// Whether whoever began the trace records it.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// The value of `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!(
            "00-{}-{}-{:02x}",
            digits(&self.trace),
            digits(&self.span),
            self.flags
        )
    }

    /// The value of `tracestate`, if there is one.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Puts it on a record that has none of its own.
    pub(crate) fn put(&self, headers: &mut Vec<(String, Bytes)>) {
        if headers.iter().any(|(name, _)| name == TRACEPARENT) {
            return;
        }
        headers.push((TRACEPARENT.to_owned(), Bytes::from(self.traceparent())));
        if let Some(state) = &self.state {
            headers.push((TRACESTATE.to_owned(), Bytes::from(state.clone())));
        }
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceparent())
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly that many bytes in lower-case hex.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 2 * N || !text.as_bytes().iter().all(lower) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parse(text: &str) -> Option<TraceContext> {
        TraceContext::parse(text.as_bytes(), None)
    }

    #[test]
    fn a_context_comes_back_as_it_went_and_a_child_is_of_the_same_trace() {
        let context = TraceContext::parse(GIVEN.as_bytes(), Some(b"a=1")).unwrap();
        assert_eq!(context.traceparent(), GIVEN);
        assert_eq!(
            (context.tracestate(), context.is_sampled()),
            (Some("a=1"), true)
        );
        let child = context.child();
        assert_eq!(child.trace_id(), context.trace_id());
        assert_eq!(child.tracestate(), Some("a=1"));
        assert_ne!(child.traceparent(), GIVEN);
        assert_eq!(parse(&child.traceparent()).unwrap().span, child.span);
    }

    #[test]
    fn what_is_no_context_is_none() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert_eq!(parse(later).unwrap().traceparent(), GIVEN);
    }
}
