//! The names of objects: until when they are there, and 128 random bits. Pure but for the dice.
//!
//! Whoever writes an object says in its name how long it is needed, so that programs which know nothing of each other can all sweep
//! one store. A name is parsed into a day and 16 bytes and written again from them, so that no text from outside ever becomes a path. Whoever
//! does not know a name cannot guess it: a reference cannot be made up.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Kind};
use crate::hex;
use crate::units::Age;

/// The name of an object: `until-YYYYMMDD/hh/` or `forever/hh/` and 32 hexadecimal digits, whose first two are `hh`. Those of before have the
/// day on which they were written in front, `YYYYMMDD/hh/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    term: Term,
    random: [u8; 16],
}

/// How long objects are there: the folder that expires as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Term {
    /// Written on that day by a version that did not say until when.
    Unsaid(Day),
    /// To the end of that day.
    Until(Day),
    /// Nothing removes them.
    Forever,
}

/// What folders begin with that are there until a day.
const UNTIL: &str = "until-";
/// The folder of what is kept for ever.
const FOREVER: &str = "forever";

impl Term {
    /// That of an object which is needed for so long from now.
    pub(crate) fn of(age: Age, now: Timestamp) -> Self {
        let end = match age {
            Age::For(age) => now.checked_add(age).ok(),
            Age::Forever => None,
        };
        end.map_or(Self::Forever, |end| Self::Until(Day::of(end)))
    }

    /// Exactly as it is written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(UNTIL) {
            Some(day) => Day::parse(day).map(Self::Until),
            None if text == FOREVER => Some(Self::Forever),
            None => Day::parse(text).map(Self::Unsaid),
        }
    }

    /// Whether it has passed. Only where nobody said until when does it matter how long objects are kept.
    pub(crate) fn is_over(self, unsaid: Age, now: Timestamp) -> bool {
        let end = match (self, unsaid) {
            (Self::Until(day), _) => day.end(),
            (Self::Unsaid(day), Age::For(age)) => {
                day.end().and_then(|end| end.checked_add(age).ok())
            }
            (Self::Unsaid(_), Age::Forever) | (Self::Forever, _) => None,
        };
        end.is_some_and(|end| end <= now)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid(day) => day.fmt(f),
            Self::Until(day) => write!(f, "{UNTIL}{day}"),
            Self::Forever => f.write_str(FOREVER),
        }
    }
}

/// A day in UTC.
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
    /// A name that no other object has, of one that is needed for so long from now.
    pub(crate) fn new(age: Age, now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            term: Term::of(age, now),
            random: random()?,
        })
    }

    /// Exactly as it is written; nothing else is a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (term, rest) = text.split_once('/')?;
        let (fan, digits) = rest.split_once('/')?;
        let name = Self {
            term: Term::parse(term)?,
            random: hex::decode(digits)?,
        };
        (name.fan() == fan).then_some(name)
    }

    pub(crate) fn fan(&self) -> String {
        hex::encode(self.random.get(..1).unwrap_or_default())
    }

    pub(crate) fn term(&self) -> Term {
        self.term
    }

    pub(crate) fn digits(&self) -> String {
        hex::encode(&self.random)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.term, self.fan(), self.digits())
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
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    const NAME: &str = "20261123/5f/5f0123456789abcdef0123456789abcd";

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for name in [
            NAME.to_owned(),
            format!("until-{NAME}"),
            NAME.replace("20261123", "forever"),
        ] {
            assert_eq!(ObjectName::parse(&name).unwrap().to_string(), name);
        }
        for age in [Age::For(WEEK), Age::For(Duration::MAX), Age::Forever] {
            let new = ObjectName::new(age, Timestamp::now()).unwrap();
            assert_eq!(ObjectName::parse(&new.to_string()), Some(new.clone()));
            assert_ne!(new, ObjectName::new(age, Timestamp::now()).unwrap());
        }
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
            "until-20261323/5f/5f0123456789abcdef0123456789abcd",
            "until-/5f/5f0123456789abcdef0123456789abcd",
            "until-forever/5f/5f0123456789abcdef0123456789abcd",
            "until-until-20261123/5f/5f0123456789abcdef0123456789abcd",
            "Forever/5f/5f0123456789abcdef0123456789abcd",
            "forever/../5f/5f0123456789abcdef0123456789abcd",
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

    proptest! {
        /// Whatever the program that sweeps was told itself.
        #[test]
        fn an_object_is_there_as_long_as_its_writer_said_and_not_a_day_longer(
            written in 0_i64..4_000_000_000, age in 0_u64..1_000_000_000, told in 0_u64..1_000_000_000,
        ) {
            let written = Timestamp::from_second(written).unwrap();
            let for_secs = |secs| Age::For(Duration::from_secs(secs));
            let term = Term::of(for_secs(age), written);
            prop_assert_eq!(Term::parse(&term.to_string()), Some(term));
            let end = written + Duration::from_secs(age);
            let day = Duration::from_secs(86_400);
            prop_assert!(!term.is_over(for_secs(told), end));
            prop_assert!(term.is_over(for_secs(told), end + day));
            prop_assert!(term.is_over(Age::Forever, end + day));
            let forever = Term::of(Age::Forever, written);
            prop_assert!(!forever.is_over(for_secs(told), end + day));
        }
    }
}
