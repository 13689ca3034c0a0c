//! A calendar day of the proleptic Gregorian calendar. No clock, no time zone.

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

    /// The day so many days after 1970-01-01 (before it where negative), if its year is 0 to 9999.
    #[allow(
        clippy::arithmetic_side_effects,
        reason = "the range is checked first: years 0 to 9999 only"
    )]
    pub fn from_days_since_epoch(days: i64) -> Option<Date> {
        // -719,528 is 0000-01-01 and 2,932,896 is 9999-12-31. Hinnant's civil_from_days: eras of 400 years from March.
        let days = i32::try_from(days).ok()?;
        if !(-719_528..=2_932_896).contains(&days) {
            return None;
        }
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_of_year = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_of_year + 2) / 5 + 1;
        let month = (month_of_year + 2) % 12 + 1;
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        Date::new(
            u16::try_from(year).ok()?,
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )
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
    fn every_day_comes_back_from_its_number() {
        for days in (-719_528..=2_932_896)
            .step_by(61)
            .chain([-719_528, 2_932_896])
        {
            let date = Date::from_days_since_epoch(days).unwrap();
            assert_eq!(i64::from(date.days_since_epoch()), days, "{date}");
        }
        assert_eq!(Date::from_days_since_epoch(2_932_897), None);
        assert_eq!(Date::from_days_since_epoch(-719_529), None);
    }
}
