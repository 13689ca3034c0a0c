//! A calendar day, and the forms in which records hold one.
//!
//! In: digits. Out: a day that exists in the proleptic Gregorian calendar. No clock, no time zone.

use std::fmt;
use std::str::FromStr;

/// A day of the proleptic Gregorian calendar, years 0 to 9999. `Display` is ISO 8601: `2026-11-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no day as `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wanted a day as YYYY-MM-DD, got `{0}`")]
pub struct ParseDateError(String);

impl Date {
    /// The day, if it exists.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let exists =
            year <= 9999 && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
        exists.then_some(Date { year, month, day })
    }

    /// The `ordinal`th day of a year, from 1 (what COBOL shops call Julian).
    pub fn from_ordinal(year: u16, ordinal: u16) -> Option<Date> {
        let mut left = ordinal;
        for month in 1..=12 {
            let days = u16::from(days_in(year, month));
            if left <= days {
                return Date::new(year, month, u8::try_from(left).ok()?);
            }
            left = left.checked_sub(days)?;
        }
        None
    }

    /// Year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// Month, from 1.
    pub fn month(self) -> u8 {
        self.month
    }

    /// Day of the month, from 1.
    pub fn day(self) -> u8 {
        self.day
    }

    /// Day of the year, from 1.
    pub fn ordinal(self) -> u16 {
        (1..self.month)
            .map(|month| u16::from(days_in(self.year, month)))
            .sum::<u16>()
            .saturating_add(u16::from(self.day))
    }

    /// Days since 1970-01-01, negative before it (Kafka Connect's and Debezium's `Date`).
    #[allow(
        clippy::arithmetic_side_effects,
        reason = "years 0 to 9999 fit an i32 of days many times over"
    )]
    pub fn days_since_epoch(self) -> i32 {
        // Howard Hinnant's days_from_civil: years counted from March, in 400-year eras.
        let year = i32::from(self.year) - i32::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = (i32::from(self.month) + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + i32::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Date, ParseDateError> {
        let read = || {
            let digits = |range: std::ops::Range<usize>| {
                let part = text.get(range)?;
                part.bytes()
                    .all(|b| b.is_ascii_digit())
                    .then(|| part.parse::<u16>().ok())?
            };
            let shape = text.len() == 10 && text.get(4..5)? == "-" && text.get(7..8)? == "-";
            let date = Date::new(
                digits(0..4)?,
                u8::try_from(digits(5..7)?).ok()?,
                u8::try_from(digits(8..10)?).ok()?,
            );
            date.filter(|_| shape)
        };
        read().ok_or_else(|| ParseDateError(text.chars().take(40).collect()))
    }
}

/// How a field holds a date: a pattern of `C`, `YYYY`, `YY`, `MM`, `DD`, `DDD` and separators, such as `CYYMMDD`,
/// `YYYY-MM-DD`, `YYDDD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateForm {
    parts: Vec<Part>,
    pivot: u8,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// 0 is 19xx, 1 is 20xx (IBM i's `*CYMD`), up to 9.
    Century,
    Year4,
    Year2,
    Month,
    Day,
    Ordinal,
    Separator(u8),
}

impl Part {
    fn width(self) -> usize {
        match self {
            Part::Century | Part::Separator(_) => 1,
            Part::Year4 => 4,
            Part::Year2 | Part::Month | Part::Day => 2,
            Part::Ordinal => 3,
        }
    }
}

impl DateForm {
    /// Reads a pattern. `pivot` is needed by a two-digit year without a century: years below it are 20xx.
    ///
    /// # Errors
    /// What is wrong with the pattern, as a message.
    pub fn parse(text: &str, pivot: Option<u8>) -> Result<DateForm, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (part, used) = if rest.starts_with("YYYY") {
                (Part::Year4, 4)
            } else if rest.starts_with("YY") {
                (Part::Year2, 2)
            } else if rest.starts_with("MM") {
                (Part::Month, 2)
            } else if rest.starts_with("DDD") {
                (Part::Ordinal, 3)
            } else if rest.starts_with("DD") {
                (Part::Day, 2)
            } else if first == 'C' {
                (Part::Century, 1)
            } else if let ('-' | '/' | '.', Ok(byte)) = (first, u8::try_from(first)) {
                (Part::Separator(byte), 1)
            } else {
                return Err(format!(
                    "wanted a date form of C, YYYY, YY, MM, DD, DDD and the separators - / ., got `{text}`"
                ));
            };
            parts.push(part);
            rest = rest.get(used..).unwrap_or_default();
        }
        let count = |wanted: Part| parts.iter().filter(|part| **part == wanted).count();
        let days = (count(Part::Month), count(Part::Day), count(Part::Ordinal));
        let years = (count(Part::Century), count(Part::Year2), count(Part::Year4));
        if !matches!(days, (1, 1, 0) | (0, 0, 1)) || !matches!(years, (0, 0, 1) | (0 | 1, 1, 0)) {
            return Err(format!(
                "`{text}` is no whole date: wanted one year (YYYY, YY or CYY) and MM with DD, or DDD"
            ));
        }
        let pivot = match (years, pivot) {
            ((0, 1, 0), None) => {
                return Err(format!(
                    "`{text}` has a two-digit year: wanted `pivot` beside it (years below it are 20xx)"
                ));
            }
            ((0, 1, 0), Some(pivot)) if pivot > 99 => {
                return Err(format!("wanted a pivot from 0 to 99, got {pivot}"));
            }
            ((0, 1, 0), Some(pivot)) => pivot,
            (_, Some(_)) => {
                return Err(format!(
                    "`{text}` tells the century: `pivot` has no use here"
                ));
            }
            (_, None) => 0,
        };
        Ok(DateForm {
            parts,
            pivot,
            text: text.to_owned(),
        })
    }

    /// Length in characters.
    pub fn width(&self) -> usize {
        self.parts.iter().map(|part| part.width()).sum()
    }

    /// True when the form is digits only, as a numeric field needs.
    pub fn is_digits(&self) -> bool {
        !self
            .parts
            .iter()
            .any(|part| matches!(part, Part::Separator(_)))
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads ASCII characters, exactly [`width`](Self::width) of them.
    pub(crate) fn read(&self, ascii: &[u8]) -> Option<Date> {
        let (mut century, mut year, mut month, mut day, mut ordinal) = (None, None, 0, 0, None);
        let mut rest = ascii;
        for part in &self.parts {
            let (here, after) = rest.split_at_checked(part.width())?;
            rest = after;
            if let Part::Separator(byte) = part {
                if here != [*byte] {
                    return None;
                }
                continue;
            }
            let mut number = 0u16;
            for byte in here {
                let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
                number = number.checked_mul(10)?.checked_add(u16::from(digit))?;
            }
            match part {
                Part::Century => century = Some(number),
                Part::Year4 => year = Some(number),
                Part::Year2 => year = Some(number),
                Part::Month => month = number,
                Part::Day => day = number,
                Part::Ordinal => ordinal = Some(number),
                Part::Separator(_) => {}
            }
        }
        let year = match (century, year?) {
            _ if !rest.is_empty() => return None,
            (Some(century), year) => century
                .checked_add(19)?
                .checked_mul(100)?
                .checked_add(year)?,
            (None, year) if self.parts.contains(&Part::Year4) => year,
            (None, year) if year < u16::from(self.pivot) => year.checked_add(2000)?,
            (None, year) => year.checked_add(1900)?,
        };
        match ordinal {
            Some(ordinal) => Date::from_ordinal(year, ordinal),
            None => Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?),
        }
    }

    /// Writes a day as ASCII, if the form can hold its year.
    pub(crate) fn write(&self, date: Date) -> Option<String> {
        use fmt::Write as _;
        let mut out = String::with_capacity(self.width());
        for part in &self.parts {
            let done = match part {
                Part::Century => write!(
                    out,
                    "{}",
                    (date.year.checked_div(100)?)
                        .checked_sub(19)
                        .filter(|c| *c <= 9)?
                ),
                Part::Year4 => write!(out, "{:04}", date.year),
                Part::Year2 => write!(out, "{:02}", date.year.checked_rem(100)?),
                Part::Month => write!(out, "{:02}", date.month),
                Part::Day => write!(out, "{:02}", date.day),
                Part::Ordinal => write!(out, "{:03}", date.ordinal()),
                Part::Separator(byte) => write!(out, "{}", char::from(*byte)),
            };
            done.ok()?;
        }
        // A two-digit year reads back as the same year only inside its window.
        (self.read(out.as_bytes()) == Some(date)).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_epoch() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2026-11-21", 20778),
            ("9999-12-31", 2_932_896),
            ("2000-02-29", 11016),
        ] {
            assert_eq!(
                text.parse::<Date>().unwrap().days_since_epoch(),
                days,
                "{text}"
            );
        }
        assert!("2023-02-29".parse::<Date>().is_err());
        assert!("1900-02-29".parse::<Date>().is_err());
    }

    #[test]
    fn forms_both_ways() {
        for (form, pivot, text, iso) in [
            ("CYYMMDD", None, "1261121", "2026-11-21"),
            ("CYYMMDD", None, "0991231", "1999-12-31"),
            ("YYYYMMDD", None, "20261121", "2026-11-21"),
            ("YYMMDD", Some(50), "491231", "2049-12-31"),
            ("YYMMDD", Some(50), "500101", "1950-01-01"),
            ("YYDDD", Some(50), "24366", "2024-12-31"),
            ("YYYYDDD", None, "2026325", "2026-11-21"),
            ("YYYY-MM-DD", None, "2026-11-21", "2026-11-21"),
            ("DD.MM.YYYY", None, "21.11.2026", "2026-11-21"),
        ] {
            let form = DateForm::parse(form, pivot).unwrap();
            let date = form.read(text.as_bytes()).unwrap();
            assert_eq!(date.to_string(), iso);
            assert_eq!(form.write(date).unwrap(), text);
        }
        let form = DateForm::parse("YYMMDD", Some(50)).unwrap();
        assert_eq!(form.write("1949-01-01".parse().unwrap()), None);
        for (form, pivot) in [
            ("YYMMDD", None),
            ("MMDD", None),
            ("YYYYMMDDDD", None),
            ("YYYYMM", None),
            ("YYYYMMDD", Some(5)),
            ("XX", None),
        ] {
            assert!(DateForm::parse(form, pivot).is_err(), "{form}");
        }
    }
}
