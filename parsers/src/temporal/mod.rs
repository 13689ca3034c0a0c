//! Days and times of day, and the forms in which records hold them.
//!
//! In: characters or a count, and a form of the meaning file. Out: a [`Date`], [`Time`] or [`Timestamp`] that exists, and
//! back. No clock, no time zone: legacy times are local times, and nothing here pretends to know whose.

mod date;
mod form;
mod pattern;
mod time;

pub use date::{Date, ParseDateError};
pub use form::TemporalForm;
pub use time::{ParseTimeError, Time, Timestamp};

/// Which of the three a form holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemporalKind {
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// Both.
    Timestamp,
}

impl TemporalKind {
    /// For messages, with its article.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            TemporalKind::Date => "a date",
            TemporalKind::Time => "a time",
            TemporalKind::Timestamp => "a timestamp",
        }
    }
}

/// A value of one of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temporal {
    Date(Date),
    Time(Time),
    Timestamp(Timestamp),
}

impl std::fmt::Display for Temporal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Temporal::Date(date) => date.fmt(f),
            Temporal::Time(time) => time.fmt(f),
            Temporal::Timestamp(both) => both.fmt(f),
        }
    }
}
