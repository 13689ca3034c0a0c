//! `Date` of answers that came without one.
//!
//! RFC 9110 section 6.6.1: whoever forwards an answer without `Date`, and has a clock, must append one with the time at which it was received.
//! Whether a gateway does so the file says: clients that never saw one from their old system see one then.

use http::header::{DATE, HeaderMap, HeaderValue};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// What is done about answers without `Date`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dating {
    /// They go on as they came.
    #[default]
    Pass,
    /// They get the time at which they were received, or made.
    Add,
}

impl Dating {
    /// Does that. A moment that no date can say leaves it out.
    pub(crate) fn apply(self, headers: &mut HeaderMap, now: impl FnOnce() -> Timestamp) {
        if self == Self::Pass || headers.contains_key(DATE) {
            return;
        }
        let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&now());
        if let Some(date) = text.ok().and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(DATE, date);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_without_a_date_gets_one() {
        let now = || "1994-11-06T08:49:37.9Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        Dating::Pass.apply(&mut headers, now);
        assert!(headers.is_empty());
        Dating::Add.apply(&mut headers, now);
        assert_eq!(headers[DATE], "Sun, 06 Nov 1994 08:49:37 GMT");
        Dating::Add.apply(&mut headers, || "2026-11-22T00:00:00Z".parse().unwrap());
        assert_eq!(headers[DATE], "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
