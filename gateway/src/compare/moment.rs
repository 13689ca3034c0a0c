//! Dates and times as they are written, compared by what they mean. Pure: no clock, and no zone but the one a text names.

use parsers::{Date, TemporalForm, TemporalKind, Time, Timestamp};

/// Forms in which a field's dates or times may be written, and how far two may be apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeRule {
    /// Tried in this order, before ISO 8601.
    pub forms: Vec<TemporalForm>,
    /// In nanoseconds.
    pub within: i128,
}

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// A day, in days since 1970.
    Day(i128),
    /// A time of day, in nanoseconds.
    Time(i128),
    /// A day and a time somewhere, in nanoseconds since 1970 there.
    Local(i128),
    /// The same with its distance from UTC: in nanoseconds since 1970.
    Instant(i128),
}

const DAY: i128 = 86_400_000_000_000;

impl TimeRule {
    /// A form of the meaning file's words: `YYYYMMDD`, `CYYMMDD`, `HH.MM.SS`, `YYYY-MM-DD-HH.MM.SS.FFFFFF`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn form(text: &str, pivot: Option<u8>) -> Result<TemporalForm, String> {
        let kinds = [
            TemporalKind::Timestamp,
            TemporalKind::Date,
            TemporalKind::Time,
        ];
        let mut told = String::new();
        for kind in kinds {
            match TemporalForm::parse(kind, text, pivot) {
                Ok(form) if form.width().is_some() => return Ok(form),
                Ok(_) => told = format!("`{text}` is a count, and no form of a text"),
                // What is said of a date is the likeliest to help.
                Err(reason) if told.is_empty() || kind == TemporalKind::Date => told = reason,
                Err(_) => {}
            }
        }
        Err(told)
    }

    /// Whether two texts stand for moments that are near enough. Of two kinds they never are.
    pub(super) fn same(&self, one: &Written<'_>, other: &Written<'_>) -> bool {
        let (Some(one), Some(other)) = (self.read(one), self.read(other)) else {
            return false;
        };
        let apart = match (one, other) {
            (Moment::Day(one), Moment::Day(other)) => {
                one.saturating_sub(other).abs().saturating_mul(DAY)
            }
            // A minute before midnight is near a minute after it.
            (Moment::Time(one), Moment::Time(other)) => {
                let apart = one.saturating_sub(other).abs();
                apart.min(DAY.saturating_sub(apart))
            }
            (Moment::Local(one), Moment::Local(other))
            | (Moment::Instant(one), Moment::Instant(other)) => one.saturating_sub(other).abs(),
            _ => return false,
        };
        apart <= self.within
    }

    fn read(&self, written: &Written<'_>) -> Option<Moment> {
        let text = written.text.trim();
        let by_form = self.forms.iter().find_map(|form| {
            // A number has lost the zeros in front of it.
            let width = form.width().filter(|_| written.number && form.is_digits());
            let text = format!("{text:0>width$}", width = width.unwrap_or(0));
            form.to_iso(&text)
        });
        match by_form {
            Some(iso) => local(&iso),
            None => local(text).or_else(|| {
                let instant: jiff::Timestamp = text.parse().ok()?;
                Some(Moment::Instant(instant.as_nanosecond()))
            }),
        }
    }
}

/// A value as it stands.
pub(super) struct Written<'v> {
    pub(super) text: &'v str,
    /// It is a number, not a text.
    pub(super) number: bool,
}

/// ISO 8601 without a zone.
fn local(text: &str) -> Option<Moment> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(Moment::Day(i128::from(date.days_since_epoch())));
    }
    if let Ok(both) = text.parse::<Timestamp>() {
        return Some(Moment::Local(both.nanos_since_epoch()));
    }
    let time: Time = text.parse().ok()?;
    Some(Moment::Time(i128::from(time.nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(rule: &TimeRule, one: &str, other: &str) -> bool {
        let written = |text| Written {
            text,
            number: false,
        };
        rule.same(&written(one), &written(other))
    }

    #[test]
    fn moments_are_compared_by_what_they_mean() {
        let rule = TimeRule {
            forms: vec![
                TimeRule::form("CYYMMDD", None).unwrap(),
                TimeRule::form("HH.MM.SS", None).unwrap(),
            ],
            within: 2_000_000_000,
        };
        assert!(same(&rule, "1240131", "2024-01-31"));
        assert!(!same(&rule, "1240131", "2024-02-01"));
        assert!(same(&rule, "23.59.59", "00:00:01"));
        assert!(!same(&rule, "23.59.59", "00:00:02"));
        assert!(same(
            &rule,
            "2024-01-31T12:00:00Z",
            "2024-01-31T13:00:02+01:00"
        ));
        assert!(same(&rule, "2024-01-31T12:00:00", "2024-01-31T12:00:01.5"));
        // Where the zone of one is not known, nothing is.
        assert!(!same(&rule, "2024-01-31T12:00:00Z", "2024-01-31T12:00:00"));
        assert!(!same(&rule, "2024-01-31", "12:00:00"));
        assert!(!same(&rule, "soon", "soon"));
        let number = Written {
            text: "990131",
            number: true,
        };
        let text = Written {
            text: "1999-01-31",
            number: false,
        };
        assert!(rule.same(&number, &text));
    }

    #[test]
    fn a_form_that_is_none_says_why() {
        for bad in ["", "YYYYMMDDX?", "days since 1600-12-31", "YYMMDD"] {
            assert!(TimeRule::form(bad, None).is_err(), "{bad}");
        }
    }
}
