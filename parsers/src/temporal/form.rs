//! The form of a date, time or timestamp in a field: characters by a pattern, or a count of units.
//!
//! In: what the meaning file says after `date`, `time` or `timestamp`. Out: a [`TemporalForm`] that reads and writes.
//! Counts are what COBOL programs compute with: `days since 1600-12-31` is FUNCTION INTEGER-OF-DATE, `days since
//! 1582-10-14` the Lilian day of Language Environment (CEEDAYS), `milliseconds since 1900-01-01` the ABSTIME of CICS;
//! `STCK` is the TOD clock of z/Architecture (Principles of Operation, "Time-of-day clock": bit 51 is a microsecond).

use super::pattern::Pattern;
use super::{Date, Temporal, TemporalKind, Time, Timestamp};

/// How a field holds a date, a time or both: `CYYMMDD`, `HH.MM.SS`, `YYYY-MM-DD-HH.MM.SS.FFFFFF`,
/// `days since 1600-12-31`, `STCK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalForm {
    kind: TemporalKind,
    how: How,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    Pattern(Pattern),
    /// So many units of this many nanoseconds since an instant, in nanoseconds since 1970 (midnight for a time).
    Count {
        unit: i128,
        origin: i128,
    },
    /// 8 bytes, in units of 2^-12 microseconds since 1900-01-01.
    Tod,
}

const DAY: i128 = 86_400_000_000_000;

const UNITS: [(&str, i128); 9] = [
    ("days", DAY),
    ("hours", 3_600_000_000_000),
    ("minutes", 60_000_000_000),
    ("seconds", 1_000_000_000),
    ("tenths", 100_000_000),
    ("hundredths", 10_000_000),
    ("milliseconds", 1_000_000),
    ("microseconds", 1_000),
    ("nanoseconds", 1),
];

impl TemporalForm {
    /// Reads a form. `pivot` is needed by a two-digit year without a century: years below it are 20xx.
    ///
    /// # Errors
    /// What is wrong with the form, as a message.
    pub fn parse(
        kind: TemporalKind,
        text: &str,
        pivot: Option<u8>,
    ) -> Result<TemporalForm, String> {
        let how = match count(kind, text)? {
            Some(how) if pivot.is_none() => how,
            Some(_) => return Err(format!("`{text}` has no year: `pivot` has no use here")),
            None => How::Pattern(Pattern::parse(kind, text, pivot)?),
        };
        Ok(TemporalForm {
            kind,
            how,
            text: text.to_owned(),
        })
    }

    /// Years below it are 20xx, where a year has two digits.
    pub(crate) fn pivot(&self) -> Option<u8> {
        match &self.how {
            How::Pattern(pattern) => Some(pattern.pivot),
            How::Count { .. } | How::Tod => None,
        }
    }

    /// Which of the three it holds.
    pub fn kind(&self) -> TemporalKind {
        self.kind
    }

    /// The form as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Length in characters; `None` for a count.
    pub fn width(&self) -> Option<usize> {
        match &self.how {
            How::Pattern(pattern) => Some(pattern.width()),
            How::Count { .. } | How::Tod => None,
        }
    }

    /// True when it has digits only, as a numeric field needs.
    pub fn is_digits(&self) -> bool {
        match &self.how {
            How::Pattern(pattern) => pattern.is_digits(),
            How::Count { .. } => true,
            How::Tod => false,
        }
    }

    /// True for the clock value of `STCK`, which is 8 bytes.
    pub fn is_clock(&self) -> bool {
        matches!(self.how, How::Tod)
    }

    /// Decimal places of a second that it can tell.
    pub fn places(&self) -> u8 {
        match &self.how {
            How::Pattern(pattern) => pattern.places(),
            How::Count { unit, .. } => (0..9u8)
                .find(|places| {
                    let step = 10i128.checked_pow(9u32.saturating_sub(u32::from(*places)));
                    step.is_some_and(|step| unit.checked_rem(step) == Some(0))
                })
                .unwrap_or(9),
            How::Tod => 9,
        }
    }

    /// A date or time in this form as ISO 8601 writes it; none of a text that is not of it, or of a form that is no text.
    pub fn to_iso(&self, text: &str) -> Option<String> {
        let text = text.is_ascii().then_some(text.as_bytes())?;
        self.read(text).map(|value| value.to_string())
    }

    /// A date or time that ISO 8601 writes so in this form; none of one that it cannot tell wholly.
    pub fn from_iso(&self, iso: &str) -> Option<String> {
        let value = match self.kind {
            TemporalKind::Date => Temporal::Date(iso.parse().ok()?),
            TemporalKind::Time => Temporal::Time(iso.parse().ok()?),
            TemporalKind::Timestamp => Temporal::Timestamp(iso.parse().ok()?),
        };
        let text = self.write(value)?;
        // What is finer than the form is not cut.
        (self.read(text.as_bytes()) == Some(value)).then_some(text)
    }

    /// Reads ASCII characters of a pattern.
    pub(crate) fn read(&self, ascii: &[u8]) -> Option<Temporal> {
        match &self.how {
            How::Pattern(pattern) => pattern.read(ascii),
            How::Count { .. } | How::Tod => None,
        }
    }

    /// Reads a count.
    pub(crate) fn read_count(&self, count: i128) -> Option<Temporal> {
        let How::Count { unit, origin } = self.how else {
            return None;
        };
        let nanos = count.checked_mul(unit)?.checked_add(origin)?;
        self.instant(nanos)
    }

    /// Reads a clock value.
    pub(crate) fn read_clock(&self, bytes: [u8; 8]) -> Option<Temporal> {
        let units = i128::from(u64::from_be_bytes(bytes));
        let nanos = units.checked_mul(1000)?.checked_div(4096)?;
        self.instant(nanos.checked_add(CLOCK_ORIGIN)?)
    }

    fn instant(&self, nanos: i128) -> Option<Temporal> {
        match self.kind {
            TemporalKind::Time => Some(Temporal::Time(Time::from_nanos(
                u64::try_from(nanos).ok()?,
            )?)),
            TemporalKind::Date => {
                let days = i64::try_from(nanos.div_euclid(DAY)).ok()?;
                Some(Temporal::Date(Date::from_days_since_epoch(days)?))
            }
            TemporalKind::Timestamp => Some(Temporal::Timestamp(
                Timestamp::from_nanos_since_epoch(nanos)?,
            )),
        }
    }

    /// Writes the characters of a pattern.
    pub(crate) fn write(&self, value: Temporal) -> Option<String> {
        match &self.how {
            How::Pattern(pattern) => pattern.write(value),
            How::Count { .. } | How::Tod => None,
        }
    }

    /// Writes a count, if it can tell the value exactly.
    pub(crate) fn write_count(&self, value: Temporal) -> Option<i128> {
        let How::Count { unit, origin } = self.how else {
            return None;
        };
        let nanos = nanos(value).checked_sub(origin)?;
        (nanos.checked_rem(unit)? == 0).then(|| nanos.checked_div(unit))?
    }

    /// Writes a clock value: the first that reads as this nanosecond.
    pub(crate) fn write_clock(&self, value: Temporal) -> Option<[u8; 8]> {
        let nanos = nanos(value).checked_sub(CLOCK_ORIGIN)?;
        let units = nanos.checked_mul(4096)?.checked_add(999)?.div_euclid(1000);
        Some(u64::try_from(units).ok()?.to_be_bytes())
    }
}

/// 1900-01-01T00:00:00 in nanoseconds since 1970.
const CLOCK_ORIGIN: i128 = -25_567 * DAY;

fn nanos(value: Temporal) -> i128 {
    match value {
        Temporal::Date(date) => i128::from(date.days_since_epoch()).saturating_mul(DAY),
        Temporal::Time(time) => i128::from(time.nanos()),
        Temporal::Timestamp(both) => both.nanos_since_epoch(),
    }
}

/// `days since 1600-12-31`, `seconds of day`, `STCK`; `None` for a pattern.
fn count(kind: TemporalKind, text: &str) -> Result<Option<How>, String> {
    if text.eq_ignore_ascii_case("STCK") || text.eq_ignore_ascii_case("TOD") {
        return match kind {
            TemporalKind::Timestamp => Ok(Some(How::Tod)),
            _ => Err(format!(
                "`{text}` is a timestamp: write `timestamp = \"{text}\"`"
            )),
        };
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let (unit, origin) = match words.as_slice() {
        [unit, "since", origin] => (*unit, Some(*origin)),
        [unit, "of", "day"] => (*unit, None),
        _ => return Ok(None),
    };
    let Some((_, unit_nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let names: Vec<&str> = UNITS.iter().map(|(name, _)| *name).collect();
        return Err(format!("wanted one of {}, got `{unit}`", names.join(", ")));
    };
    let origin_nanos = match (kind, origin) {
        (TemporalKind::Time, None) if unit != "days" => 0,
        (TemporalKind::Time, _) => {
            return Err(format!(
                "a time is counted as `seconds of day`, got `{text}`"
            ));
        }
        (TemporalKind::Date, Some(_)) if unit != "days" => {
            return Err(format!(
                "a date is counted as `days since YYYY-MM-DD`, got `{text}`"
            ));
        }
        (_, Some(origin)) => {
            let date: Date = origin.parse().map_err(|error| format!("{error}"))?;
            i128::from(date.days_since_epoch()).saturating_mul(DAY)
        }
        (_, None) => {
            return Err(format!(
                "{} is counted from a day: `{unit} since YYYY-MM-DD`, got `{text}`",
                kind.name()
            ));
        }
    };
    Ok(Some(How::Count {
        unit: *unit_nanos,
        origin: origin_nanos,
    }))
}

#[cfg(test)]
mod tests;
