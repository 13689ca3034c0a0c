//! A time of day, and a day with one: to the nanosecond, without a zone.

use std::fmt;
use std::str::FromStr;

use super::Date;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

/// A time of day, 00:00:00 to 24:00:00 (Db2 has both midnights). `Display` is ISO 8601, with as many decimal places
/// as it has, in threes: `13:05:09`, `13:05:09.250`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    nanos: u64,
}

/// A day and a time of day. `Display` is ISO 8601: `2026-11-21T13:05:09.250`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// The day.
    pub date: Date,
    /// The time of that day.
    pub time: Time,
}

/// A text that is no time as `HH:MM:SS`, or no timestamp as `YYYY-MM-DDTHH:MM:SS`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wanted {wanted}, got `{text}`")]
pub struct ParseTimeError {
    wanted: &'static str,
    text: String,
}

impl Time {
    /// The time, if a day has it. Second 60 (a leap second) is none: records that hold one keep its bytes.
    pub fn new(hour: u8, minute: u8, second: u8, nanos: u32) -> Option<Time> {
        let whole = u64::from(hour)
            .checked_mul(60)?
            .checked_add(u64::from(minute))?
            .checked_mul(60)?
            .checked_add(u64::from(second))?;
        (minute < 60 && second < 60 && u64::from(nanos) < SECOND).then_some(())?;
        Time::from_nanos(whole.checked_mul(SECOND)?.checked_add(u64::from(nanos))?)
    }

    /// The time so many nanoseconds after midnight, up to the next midnight.
    pub fn from_nanos(nanos: u64) -> Option<Time> {
        (nanos <= DAY).then_some(Time { nanos })
    }

    /// Nanoseconds since midnight.
    pub fn nanos(self) -> u64 {
        self.nanos
    }

    /// Hour, 0 to 24.
    pub fn hour(self) -> u8 {
        part(self.nanos / (3600 * SECOND))
    }

    /// Minute.
    pub fn minute(self) -> u8 {
        part(self.nanos / (60 * SECOND) % 60)
    }

    /// Second.
    pub fn second(self) -> u8 {
        part(self.nanos / SECOND % 60)
    }

    /// Nanoseconds of the second.
    pub fn subsecond(self) -> u32 {
        u32::try_from(self.nanos % SECOND).unwrap_or(0)
    }
}

fn part(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(0)
}

impl Timestamp {
    /// Nanoseconds from 1970-01-01T00:00:00 to it, in no zone; negative before.
    pub fn nanos_since_epoch(self) -> i128 {
        i128::from(self.date.days_since_epoch())
            .saturating_mul(i128::from(DAY))
            .saturating_add(i128::from(self.time.nanos))
    }

    /// The timestamp so many nanoseconds after 1970-01-01T00:00:00, if its year is 0 to 9999.
    pub fn from_nanos_since_epoch(nanos: i128) -> Option<Timestamp> {
        let days = nanos.div_euclid(i128::from(DAY));
        let rest = nanos.rem_euclid(i128::from(DAY));
        Some(Timestamp {
            date: Date::from_days_since_epoch(i64::try_from(days).ok()?)?,
            time: Time::from_nanos(u64::try_from(rest).ok()?)?,
        })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.hour(), self.minute(), self.second());
        write!(f, "{hour:02}:{minute:02}:{second:02}")?;
        match self.subsecond() {
            0 => Ok(()),
            nanos if nanos % 1_000_000 == 0 => write!(f, ".{:03}", nanos / 1_000_000),
            nanos if nanos % 1_000 == 0 => write!(f, ".{:06}", nanos / 1_000),
            nanos => write!(f, ".{nanos:09}"),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

fn read_time(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = whole.split(':').map(|part| {
        (part.len() == 2 && digits(part))
            .then(|| part.parse::<u8>().ok())
            .flatten()
    });
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some()
        || fraction.len() > 9
        || !digits(fraction)
        || text.contains('.') && fraction.is_empty()
    {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Time::new(hour, minute, second, nanos)
}

impl FromStr for Time {
    type Err = ParseTimeError;
    fn from_str(text: &str) -> Result<Time, ParseTimeError> {
        read_time(text).ok_or_else(|| ParseTimeError {
            wanted: "a time as HH:MM:SS or HH:MM:SS.FFF",
            text: text.chars().take(40).collect(),
        })
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimeError;
    fn from_str(text: &str) -> Result<Timestamp, ParseTimeError> {
        let read = || {
            let (date, time) = text.split_once(['T', ' '])?;
            Some(Timestamp {
                date: date.parse().ok()?,
                time: read_time(time)?,
            })
        };
        read().ok_or_else(|| ParseTimeError {
            wanted: "a timestamp as YYYY-MM-DDTHH:MM:SS or with decimal places",
            text: text.chars().take(40).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_and_read_back() {
        for text in [
            "00:00:00",
            "13:05:09",
            "23:59:59.250",
            "12:00:00.000001",
            "24:00:00",
            "01:02:03.000000007",
        ] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), text);
        }
        let both: Timestamp = "2026-11-21 13:05:09.5".parse().unwrap();
        assert_eq!(both.to_string(), "2026-11-21T13:05:09.500");
        assert_eq!(both.nanos_since_epoch(), 1_795_266_309_500_000_000);
        for nanos in [
            0,
            -1,
            1,
            -62_167_219_200_000_000_000,
            253_402_300_799_999_999_999,
        ] {
            let both = Timestamp::from_nanos_since_epoch(nanos).unwrap();
            assert_eq!(both.nanos_since_epoch(), nanos, "{both}");
        }
        assert_eq!(
            Timestamp::from_nanos_since_epoch(253_402_300_800_000_000_000),
            None
        );
    }

    #[test]
    fn times_that_no_day_has() {
        for text in [
            "24:00:01",
            "12:60:00",
            "12:00:60",
            "1:00:00",
            "12:00",
            "12:00:00.",
            "12:00:00.1234567890",
            "aa:00:00",
            "+1:00:00",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
        assert!("2026-02-30T00:00:00".parse::<Timestamp>().is_err());
        assert!("2026-02-20".parse::<Timestamp>().is_err());
    }
}
