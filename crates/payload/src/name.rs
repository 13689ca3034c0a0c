//! The names of objects: the day on which they were written, and 128 random bits. Pure but for the dice.
//!
//! A name is parsed into a day and 16 bytes and written again from them, so that no text from outside ever becomes a path. Whoever
//! does not know a name cannot guess it: a reference cannot be made up.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Kind};
use crate::hex;

/// The name of an object: `YYYYMMDD/hh/` and 32 hexadecimal digits, whose first two are `hh`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    day: Day,
    random: [u8; 16],
}

/// A day in UTC: the folder that expires as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(Date);

impl Day {
    pub(crate) fn of(now: Timestamp) -> Self {
        Self(now.to_zoned(TimeZone::UTC).date())
    }

    /// Exactly as it is written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (year, rest) = text.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        date.ok().map(Self)
    }

    /// When it is over.
    pub(crate) fn end(self) -> Option<Timestamp> {
        let next = self.0.tomorrow().ok()?;
        Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        write!(f, "{year:04}{month:02}{day:02}")
    }
}

impl ObjectName {
    /// A name that no other object has.
    pub(crate) fn new(now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            day: Day::of(now),
            random: random()?,
        })
    }

    /// Exactly as it is written; nothing else is a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (day, rest) = text.split_once('/')?;
        let (fan, digits) = rest.split_once('/')?;
        let name = Self {
            day: Day::parse(day)?,
            random: hex::decode(digits)?,
        };
        (name.fan() == fan).then_some(name)
    }

    pub(crate) fn fan(&self) -> String {
        hex::encode(self.random.get(..1).unwrap_or_default())
    }

    pub(crate) fn day(&self) -> Day {
        self.day
    }

    pub(crate) fn digits(&self) -> String {
        hex::encode(&self.random)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.day, self.fan(), self.digits())
    }
}

/// So many random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(Kind::Store, "the system gives no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "20261123/5f/5f0123456789abcdef0123456789abcd";

    #[test]
    fn a_name_is_read_as_it_is_written() {
        assert_eq!(ObjectName::parse(NAME).unwrap().to_string(), NAME);
        let new = ObjectName::new(Timestamp::now()).unwrap();
        assert_eq!(ObjectName::parse(&new.to_string()), Some(new.clone()));
        assert_ne!(new, ObjectName::new(Timestamp::now()).unwrap());
    }

    #[test]
    fn nothing_but_a_name_is_one() {
        for text in [
            "",
            "/",
            "../../../etc/passwd",
            "20261123/../20261123/5f/5f0123456789abcdef0123456789abcd",
            "20261123/60/5f0123456789abcdef0123456789abcd",
            "20261123/5f/5F0123456789ABCDEF0123456789ABCD",
            "20261123/5f/5f0123456789abcdef0123456789abcd/",
            "20261123/5f/5f0123456789abcdef0123456789abcd\0",
            "20261323/5f/5f0123456789abcdef0123456789abcd",
            "+0261123/5f/5f0123456789abcdef0123456789abcd",
            "/20261123/5f/5f0123456789abcdef0123456789abcd",
        ] {
            assert_eq!(ObjectName::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_in_utc() {
        let day = Day::parse("20261231").unwrap();
        assert_eq!(day.end(), "2027-01-01T00:00:00Z".parse().ok());
        assert_eq!(day, Day::of("2026-12-31T23:59:59Z".parse().unwrap()));
    }
}
