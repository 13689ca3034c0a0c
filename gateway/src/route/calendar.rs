//! When something is open: a [`Calendar`] of weekly hours, and of days that differ. Pure: the time is an argument.
//!
//! In: what the file says, as `mon-fri 06:00-22:00`. Out: whether a moment is within, and when it next opens. Hours are those
//! of the wall clock of the calendar's time zone: a day of a change of clocks opens when its clocks say so.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// How far ahead the next opening is looked for, in days.
const AHEAD: i32 = 60;

/// Weekly hours, and days that differ from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// As it is called in the file.
    pub name: Arc<str>,
    /// Whose clocks count.
    pub zone: TimeZone,
    /// Each week.
    pub open: Vec<Weekly>,
    /// On these days also.
    pub also: Vec<Dated>,
    /// Whatever else is said, not on these.
    pub closed: Vec<Dated>,
}

/// Hours of some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weekly {
    /// Monday first.
    days: [bool; 7],
    hours: Hours,
}

/// Hours of some days of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    first: Date,
    last: Date,
    hours: Hours,
}

/// From a minute of a day to another, of the next day if that is not later. In minutes since midnight, up to 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hours {
    from: u16,
    to: u16,
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

impl Calendar {
    /// As it is called in the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether that moment is within its hours.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.is_open_at(self.zone.to_datetime(at))
    }

    /// The first moment after `at` that is within its hours, if there is one in the next 60 days.
    #[must_use]
    pub fn opens_after(&self, at: Timestamp) -> Option<Timestamp> {
        let now = self.zone.to_datetime(at);
        let mut minutes: Vec<u16> = vec![0];
        let weekly = self.open.iter().map(|one| one.hours);
        let dated = self.also.iter().chain(&self.closed).map(|one| one.hours);
        for hours in weekly.chain(dated) {
            minutes.extend([hours.from, hours.to % DAY]);
        }
        minutes.sort_unstable();
        minutes.dedup();
        for ahead in 0..=AHEAD {
            let day = now.date().checked_add(Span::new().days(ahead)).ok()?;
            let moments = minutes.iter().map(|minute| day.to_datetime(time(*minute)));
            for moment in moments.filter(|moment| *moment > now) {
                let zoned = self.zone.to_ambiguous_zoned(moment).compatible().ok()?;
                // An hour that comes twice may be the one before.
                if self.is_open_at(moment) && zoned.timestamp() > at {
                    return Some(zoned.timestamp());
                }
            }
        }
        None
    }

    fn is_open_at(&self, at: DateTime) -> bool {
        let dated = |list: &[Dated]| {
            list.iter().any(|one| {
                one.hours
                    .hold(at, |day| one.first <= day && day <= one.last)
            })
        };
        let weekly = || {
            self.open
                .iter()
                .any(|one| one.hours.hold(at, |day| one.has(day.weekday())))
        };
        !dated(&self.closed) && (dated(&self.also) || weekly())
    }
}

impl Weekly {
    fn has(&self, day: Weekday) -> bool {
        let place = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
        self.days.get(place).copied().unwrap_or(false)
    }

    /// `mon-fri 06:00-22:00`, `sat,sun 08:00-12:00`, `daily 22:00-02:00`, `sun`.
    ///
    /// # Errors
    /// What was wanted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "wanted days and hours such as \"mon-fri 06:00-22:00\", \"sat,sun 08:00-12:00\" or \"daily 22:00-02:00\", got \"{text}\""
            )
        };
        let (days, hours) = split(text);
        let mut found = [days == "daily"; 7];
        if days != "daily" {
            for range in days.split(',') {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let first = weekday(first).ok_or_else(wrong)?;
                let last = weekday(last).ok_or_else(wrong)?;
                let mut day = first;
                loop {
                    if let Some(place) = found.get_mut(day) {
                        *place = true;
                    }
                    if day == last {
                        break;
                    }
                    day = (day + 1) % 7;
                }
            }
        }
        Ok(Self {
            days: found,
            hours: Hours::parse(hours).ok_or_else(wrong)?,
        })
    }
}

impl Dated {
    /// `2026-12-25`, `2026-12-24 12:00-24:00`, `2026-12-24..2027-01-01`.
    ///
    /// # Errors
    /// What was wanted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "wanted days such as \"2026-12-25\", \"2026-12-24 12:00-24:00\" or \"2026-12-24..2027-01-01\", got \"{text}\""
            )
        };
        let (days, hours) = split(text);
        let (first, last) = days.split_once("..").unwrap_or((days, days));
        let first: Date = first.parse().map_err(|_| wrong())?;
        let last: Date = last.parse().map_err(|_| wrong())?;
        if last < first {
            return Err(format!("{last} is before {first}"));
        }
        Ok(Self {
            first,
            last,
            hours: Hours::parse(hours).ok_or_else(wrong)?,
        })
    }
}

fn split(text: &str) -> (&str, &str) {
    let (days, hours) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    (days, hours.trim())
}

fn weekday(word: &str) -> Option<usize> {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .position(|day| *day == word)
}

impl Hours {
    /// All day where nothing is said.
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self { from: 0, to: DAY });
        }
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from < DAY && to > 0 && from != to).then_some(Self { from, to })
    }

    /// Whether a moment is in the hours that begin on a day which is meant.
    fn hold(self, at: DateTime, meant: impl Fn(Date) -> bool) -> bool {
        let hour = u16::try_from(at.hour()).unwrap_or(0);
        let now = hour * 60 + u16::try_from(at.minute()).unwrap_or(0);
        let today = || meant(at.date());
        if self.from < self.to {
            return self.from <= now && now < self.to && today();
        }
        let yesterday = || at.date().yesterday().is_ok_and(&meant);
        now >= self.from && today() || now < self.to && yesterday()
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (minute < 60 && (hour < 24 || hour == 24 && minute == 0)).then_some(hour * 60 + minute)
}

fn time(minute: u16) -> Time {
    let part = |number: u16| i8::try_from(number).unwrap_or(0);
    Time::new(part(minute / 60 % 24), part(minute % 60), 0, 0).unwrap_or(Time::midnight())
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(open: &[&str], also: &[&str], closed: &[&str]) -> Calendar {
        let dated = |list: &[&str]| list.iter().map(|one| Dated::parse(one).unwrap()).collect();
        Calendar {
            name: "online-day".into(),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            open: open.iter().map(|one| Weekly::parse(one).unwrap()).collect(),
            also: dated(also),
            closed: dated(closed),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn weekly_hours_are_those_of_the_zone_and_dated_ones_come_before_them() {
        let calendar = calendar(
            &["mon-fri 06:00-22:00", "sat 22:00-02:00"],
            &["2026-11-22 10:00-12:00"],
            &["2026-12-24 12:00-24:00", "2026-12-25..2026-12-26"],
        );
        for (moment, open) in [
            ("2026-11-20T05:59:59+01:00", false),
            ("2026-11-20T06:00:00+02:00", false),
            ("2026-11-20T06:00:00+01:00", true),
            ("2026-11-20T21:59:59+01:00", true),
            ("2026-11-20T22:00:00+01:00", false),
            // Saturday's evening goes on into Sunday.
            ("2026-11-21T22:00:00+01:00", true),
            ("2026-11-22T01:59:00+01:00", true),
            ("2026-11-22T02:00:00+01:00", false),
            // A Sunday that is open also.
            ("2026-11-22T11:00:00+01:00", true),
            ("2026-11-22T12:00:00+01:00", false),
            ("2026-12-24T11:59:00+01:00", true),
            ("2026-12-24T12:00:00+01:00", false),
            ("2026-12-25T12:00:00+01:00", false),
            // A Saturday night of a closed day.
            ("2026-12-26T23:00:00+01:00", false),
            ("2026-12-28T07:00:00+01:00", true),
        ] {
            assert_eq!(calendar.is_open(at(moment)), open, "{moment}");
        }
        assert_eq!(
            calendar.opens_after(at("2026-12-24T13:00:00+01:00")),
            Some(at("2026-12-27T00:00:00+01:00"))
        );
    }

    #[test]
    fn a_change_of_clocks_moves_the_opening_with_the_clocks() {
        let calendar = calendar(&["daily 06:00-22:00"], &[], &[]);
        // 2026-03-29: from 02:00 to 03:00 in Berlin.
        assert_eq!(
            calendar.opens_after(at("2026-03-28T23:00:00+01:00")),
            Some(at("2026-03-29T06:00:00+02:00"))
        );
        assert_eq!(
            calendar.opens_after(at("2026-03-28T05:00:00+01:00")),
            Some(at("2026-03-28T06:00:00+01:00"))
        );
        let gap = self::calendar(&["sun 02:30-05:00"], &[], &[]);
        assert_eq!(
            gap.opens_after(at("2026-03-28T23:00:00+01:00")),
            Some(at("2026-03-29T03:30:00+02:00"))
        );
        assert_eq!(
            self::calendar(&[], &[], &[]).opens_after(at("2026-03-28T23:00:00+01:00")),
            None
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "mon-xyz",
            "monday",
            "mon 6:00-22:00",
            "mon 06:00",
            "mon 24:00-25:00",
            "mon 06:00-06:00",
            "mon 06:60-07:00",
            "mon,, 06:00-07:00",
            "mon 24:00-06:00",
            "mon 06:00-00:00x",
        ] {
            assert!(Weekly::parse(text).is_err(), "{text}");
        }
        for text in [
            "",
            "2026-13-01",
            "2026-12-25..",
            "2026-12-26..2026-12-25",
            "25.12.2026",
        ] {
            assert!(Dated::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            Weekly::parse("sat-mon").unwrap().days,
            [true, false, false, false, false, true, true]
        );
    }
}
