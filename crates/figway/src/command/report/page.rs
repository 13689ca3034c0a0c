//! The report as one HTML page that needs nothing else.

use std::time::{Duration, SystemTime};

use askama::Template;
use gateway::control::rfc3339;

use super::model::{Report, Variant};

/// The page. Askama escapes every value.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'r> {
    report: &'r Report,
}

impl<'r> Page<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        Self { report }
    }

    /// A part from 0 to 1. What is not all of it is not rounded up to all of it.
    fn percent(share: &Option<f64>) -> String {
        match share {
            Some(share) => format!("{:.2} %", (share * 10_000.0 + 1e-6).floor() / 100.0),
            None => "–".to_owned(),
        }
    }

    fn ms(took: &Option<f64>) -> String {
        match took {
            Some(took) if *took >= 100.0 => format!("{took:.0}"),
            Some(took) => format!("{took:.1}"),
            None => "–".to_owned(),
        }
    }

    fn seconds(seconds: &f64) -> String {
        format!("{seconds:.1}")
    }

    /// Milliseconds since 1970.
    fn time(at: &Option<u64>) -> String {
        let at = at.map(Duration::from_millis);
        let at = at.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        at.map_or_else(|| "–".to_owned(), rfc3339)
    }

    fn at(at: &u64) -> String {
        Self::time(&Some(*at))
    }

    fn text(text: &Option<String>) -> &str {
        text.as_deref().unwrap_or("–")
    }

    /// How well a kind of answer is covered, for the eye.
    fn covered(variant: &Variant) -> &'static str {
        match (variant.samples, variant.different) {
            (0, _) => "missing",
            (_, 0) => "good",
            _ => "bad",
        }
    }

    fn joined(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let mut text = String::new();
        for name in names {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(name.as_ref());
        }
        text
    }
}
