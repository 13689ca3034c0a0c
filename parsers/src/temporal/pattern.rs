//! Dates and times as characters: a pattern such as `CYYMMDD` or `YYYY-MM-DD-HH.MM.SS.FFFFFF`.
//!
//! In: ASCII characters, as many as the pattern has. Out: a [`Temporal`], and back.

use std::fmt::Write as _;

use super::{Date, Temporal, TemporalKind, Time, Timestamp};

/// A pattern, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    kind: TemporalKind,
    parts: Vec<Part>,
    /// 0 for a year of four digits.
    pub(super) pivot: u8,
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
    Hour,
    Minute,
    Second,
    /// Decimal places of the second, at most 9.
    Fraction(u8),
    Separator(u8),
}

impl Part {
    fn width(self) -> usize {
        match self {
            Part::Century | Part::Separator(_) => 1,
            Part::Year4 => 4,
            Part::Year2 | Part::Month | Part::Day | Part::Hour | Part::Minute | Part::Second => 2,
            Part::Ordinal => 3,
            Part::Fraction(places) => usize::from(places),
        }
    }

    fn is_of_day(self) -> bool {
        matches!(
            self,
            Part::Century | Part::Year4 | Part::Year2 | Part::Month | Part::Day | Part::Ordinal
        )
    }
}

/// The part at the front of a text. `MM` is minutes once there are hours.
fn next(text: &str, hours: bool) -> Option<(Part, usize)> {
    const WORDS: [(&str, Part); 7] = [
        ("YYYY", Part::Year4),
        ("YY", Part::Year2),
        ("DDD", Part::Ordinal),
        ("DD", Part::Day),
        ("HH", Part::Hour),
        ("SS", Part::Second),
        ("C", Part::Century),
    ];
    if text.starts_with("MM") {
        return Some((if hours { Part::Minute } else { Part::Month }, 2));
    }
    if let Some((word, part)) = WORDS.iter().find(|(word, _)| text.starts_with(word)) {
        return Some((*part, word.len()));
    }
    let places = text.bytes().take_while(|byte| *byte == b'F').count();
    if (1..=9).contains(&places) {
        return Some((Part::Fraction(u8::try_from(places).ok()?), places));
    }
    match text.bytes().next()? {
        byte @ (b'-' | b'/' | b'.' | b':' | b' ' | b'T' | b',') => Some((Part::Separator(byte), 1)),
        _ => None,
    }
}

impl Pattern {
    pub(super) fn parse(
        kind: TemporalKind,
        text: &str,
        pivot: Option<u8>,
    ) -> Result<Pattern, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some((part, used)) = next(rest, parts.contains(&Part::Hour)) else {
                return Err(wanted(kind, text));
            };
            parts.push(part);
            rest = rest.get(used..).unwrap_or_default();
        }
        let count = |wanted: Part| parts.iter().filter(|part| **part == wanted).count();
        let days = (count(Part::Month), count(Part::Day), count(Part::Ordinal));
        let years = (count(Part::Century), count(Part::Year2), count(Part::Year4));
        let has_day =
            matches!(days, (1, 1, 0) | (0, 0, 1)) && matches!(years, (0, 0, 1) | (0 | 1, 1, 0));
        let fractions: Vec<usize> = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| matches!(part, Part::Fraction(_)))
            .map(|(index, _)| index)
            .collect();
        let times = (count(Part::Hour), count(Part::Minute), count(Part::Second));
        let has_time = match fractions.as_slice() {
            [] => matches!(times, (1, 1, 0 | 1)),
            [_] => times == (1, 1, 1),
            _ => false,
        };
        let any_day = parts.iter().any(|part| part.is_of_day());
        let any_time = times != (0, 0, 0) || !fractions.is_empty();
        let right = match kind {
            TemporalKind::Date => has_day && !any_time,
            TemporalKind::Time => has_time && !any_day,
            TemporalKind::Timestamp => has_day && has_time,
        };
        if !right {
            return Err(match kind {
                TemporalKind::Date => format!(
                    "`{text}` is no whole date: wanted one year (YYYY, YY or CYY) and MM with DD, or DDD"
                ),
                TemporalKind::Time => format!(
                    "`{text}` is no whole time: wanted HH and MM, with SS and F to FFFFFFFFF as needed"
                ),
                TemporalKind::Timestamp => format!(
                    "`{text}` is no whole timestamp: wanted a date (YYYY, MM, DD) and a time (HH, MM) behind it"
                ),
            });
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
            (_, Some(_)) if any_day => {
                return Err(format!(
                    "`{text}` tells the century: `pivot` has no use here"
                ));
            }
            (_, Some(_)) => {
                return Err(format!("`{text}` has no year: `pivot` has no use here"));
            }
            (_, None) => 0,
        };
        Ok(Pattern { kind, parts, pivot })
    }

    /// Length in characters.
    pub(super) fn width(&self) -> usize {
        self.parts.iter().map(|part| part.width()).sum()
    }

    /// True when the form is digits only, as a numeric field needs.
    pub(super) fn is_digits(&self) -> bool {
        !self
            .parts
            .iter()
            .any(|part| matches!(part, Part::Separator(_)))
    }

    /// Decimal places of the second.
    pub(super) fn places(&self) -> u8 {
        let places = self.parts.iter().find_map(|part| match part {
            Part::Fraction(places) => Some(*places),
            _ => None,
        });
        places.unwrap_or(0)
    }

    /// Reads ASCII characters, exactly [`width`](Self::width) of them.
    pub(super) fn read(&self, ascii: &[u8]) -> Option<Temporal> {
        let mut found = Found::default();
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
            let mut number = 0u32;
            for byte in here {
                let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
                number = number.checked_mul(10)?.checked_add(u32::from(digit))?;
            }
            found.put(*part, number)?;
        }
        if !rest.is_empty() {
            return None;
        }
        Some(match self.kind {
            TemporalKind::Date => Temporal::Date(found.date(self.pivot)?),
            TemporalKind::Time => Temporal::Time(found.time()?),
            TemporalKind::Timestamp => Temporal::Timestamp(Timestamp {
                date: found.date(self.pivot)?,
                time: found.time()?,
            }),
        })
    }

    /// Writes a value as ASCII, if the form can hold all of it.
    pub(super) fn write(&self, value: Temporal) -> Option<String> {
        let (date, time) = match value {
            Temporal::Date(date) => (Some(date), None),
            Temporal::Time(time) => (None, Some(time)),
            Temporal::Timestamp(both) => (Some(both.date), Some(both.time)),
        };
        let mut out = String::with_capacity(self.width());
        for part in &self.parts {
            let done = match part {
                Part::Century => write!(
                    out,
                    "{}",
                    (date?.year().checked_div(100)?)
                        .checked_sub(19)
                        .filter(|century| *century <= 9)?
                ),
                Part::Year4 => write!(out, "{:04}", date?.year()),
                Part::Year2 => write!(out, "{:02}", date?.year().checked_rem(100)?),
                Part::Month => write!(out, "{:02}", date?.month()),
                Part::Day => write!(out, "{:02}", date?.day()),
                Part::Ordinal => write!(out, "{:03}", date?.ordinal()),
                Part::Hour => write!(out, "{:02}", time?.hour()),
                Part::Minute => write!(out, "{:02}", time?.minute()),
                Part::Second => write!(out, "{:02}", time?.second()),
                Part::Fraction(places) => {
                    let nanos = format!("{:09}", time?.subsecond());
                    out.push_str(nanos.get(..usize::from(*places))?);
                    Ok(())
                }
                Part::Separator(byte) => write!(out, "{}", char::from(*byte)),
            };
            done.ok()?;
        }
        // A two-digit year reads back as the same year only inside its window; a second only with all its places.
        (self.read(out.as_bytes()) == Some(value)).then_some(out)
    }
}

/// What was read so far.
#[derive(Default)]
struct Found {
    century: Option<u16>,
    year: u16,
    whole_year: bool,
    month: u8,
    day: u8,
    ordinal: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanos: u32,
}

impl Found {
    fn put(&mut self, part: Part, number: u32) -> Option<()> {
        let small = || u8::try_from(number).ok();
        match part {
            Part::Century => self.century = Some(u16::try_from(number).ok()?),
            Part::Year4 => (self.year, self.whole_year) = (u16::try_from(number).ok()?, true),
            Part::Year2 => self.year = u16::try_from(number).ok()?,
            Part::Month => self.month = small()?,
            Part::Day => self.day = small()?,
            Part::Ordinal => self.ordinal = Some(u16::try_from(number).ok()?),
            Part::Hour => self.hour = small()?,
            Part::Minute => self.minute = small()?,
            Part::Second => self.second = small()?,
            Part::Fraction(places) => {
                let power = 10u32.checked_pow(9u32.checked_sub(u32::from(places))?)?;
                self.nanos = number.checked_mul(power)?;
            }
            Part::Separator(_) => {}
        }
        Some(())
    }

    fn date(&self, pivot: u8) -> Option<Date> {
        let year = match self.century {
            Some(century) => century
                .checked_add(19)?
                .checked_mul(100)?
                .checked_add(self.year)?,
            None if self.whole_year => self.year,
            None if self.year < u16::from(pivot) => self.year.checked_add(2000)?,
            None => self.year.checked_add(1900)?,
        };
        match self.ordinal {
            Some(ordinal) => Date::from_ordinal(year, ordinal),
            None => Date::new(year, self.month, self.day),
        }
    }

    fn time(&self) -> Option<Time> {
        Time::new(self.hour, self.minute, self.second, self.nanos)
    }
}

fn wanted(kind: TemporalKind, text: &str) -> String {
    let parts = match kind {
        TemporalKind::Date => {
            "wanted a date form of C, YYYY, YY, MM, DD, DDD and the separators - / ."
        }
        TemporalKind::Time => "wanted a time form of HH, MM, SS, F to FFFFFFFFF and separators",
        TemporalKind::Timestamp => {
            "wanted a timestamp form of C, YYYY, YY, MM, DD, DDD, HH, MM, SS, F to FFFFFFFFF and separators"
        }
    };
    format!("{parts}, got `{text}`")
}
