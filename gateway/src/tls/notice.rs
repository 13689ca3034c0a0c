//! When certificates end: for `figway check`, the log and the metric.
//!
//! In: what the configuration names, and a moment. Out: a [`Standing`] per certificate. A certificate that has ended is no fault of a
//! configuration: the gateway serves it, and those who check will refuse it.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::certificate::Certificate;
use crate::control::time::rfc3339;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// From when on a person should know. Short-lived certificates are renewed at two thirds of their life: for those it is the last sixth.
const SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// A certificate that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The file it is in.
    pub file: PathBuf,
    /// Whom it is for.
    pub title: String,
    /// How it stands.
    pub standing: Standing,
    /// When it begins to hold, if it does not yet; else when it ends.
    pub date: SystemTime,
}

/// How a certificate stands in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It holds, and for a while.
    Good,
    /// It does not hold yet.
    Early,
    /// It ends soon; in so long.
    Ending(Duration),
    /// It has ended.
    Ended,
}

impl Standing {
    /// Of a certificate, at that moment.
    #[must_use]
    pub fn of(certificate: &Certificate, now: SystemTime) -> Self {
        let (from, until) = (certificate.not_before, certificate.not_after);
        if now < from {
            return Self::Early;
        }
        let Ok(left) = until.duration_since(now) else {
            return Self::Ended;
        };
        let life = until.duration_since(from).unwrap_or_default();
        if left < SOON.min(life / 6) {
            Self::Ending(left)
        } else {
            Self::Good
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            title,
            standing,
            date,
        } = self;
        write!(f, "the certificate of {title} in {} ", file.display())?;
        let date = rfc3339(*date);
        let day = date.split('T').next().unwrap_or(&date);
        match standing {
            Standing::Good => write!(f, "holds until {day}"),
            Standing::Early => write!(f, "holds only from {date} on"),
            Standing::Ending(time) => write!(f, "ends on {day}, in {}", Span(*time)),
            Standing::Ended => write!(f, "ended on {day}"),
        }
    }
}

/// A time in the largest unit that people count in here.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = if self.0 >= DAY {
            (self.0.as_secs() / DAY.as_secs(), "day")
        } else if self.0.as_secs() >= 3600 {
            (self.0.as_secs() / 3600, "hour")
        } else {
            (self.0.as_secs().div_ceil(60), "minute")
        };
        let plural = if number == 1 { "" } else { "s" };
        write!(f, "{number} {unit}{plural}")
    }
}

/// Those of a set of certificates that a person should look at.
pub fn notices<'a>(
    certificates: impl IntoIterator<Item = (&'a std::path::Path, &'a Certificate)>,
    now: SystemTime,
) -> Vec<Notice> {
    certificates
        .into_iter()
        .map(|(file, certificate)| {
            let standing = Standing::of(certificate, now);
            Notice {
                file: file.to_owned(),
                title: certificate.title(),
                standing,
                date: match standing {
                    Standing::Early => certificate.not_before,
                    Standing::Good | Standing::Ending(_) | Standing::Ended => certificate.not_after,
                },
            }
        })
        .filter(|notice| notice.standing != Standing::Good)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(life: i64, at: i64) -> String {
        let begin = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let hours = |hours: i64| Duration::from_secs(hours.unsigned_abs() * 3600);
        let certificate = Certificate {
            subject: "CN=lots".to_owned(),
            common_name: Some("lots".to_owned()),
            names: Vec::new(),
            serial: "01".to_owned(),
            not_before: begin,
            not_after: begin + hours(life),
        };
        let now = if at < 0 {
            begin - hours(at)
        } else {
            begin + hours(at)
        };
        let file = std::path::Path::new("lots.pem");
        let found = notices([(file, &certificate)], now);
        found.first().map_or_else(String::new, ToString::to_string)
    }

    #[test]
    fn a_person_hears_of_the_end_in_time_and_of_short_lives_only_when_their_renewal_is_late() {
        let (year, week) = (365 * 24, 7 * 24);
        assert_eq!(check(year, 0), "");
        assert_eq!(check(year, year - 31 * 24), "");
        let of = "the certificate of lots in lots.pem";
        assert_eq!(
            check(year, year - 29 * 24),
            format!("{of} ends on 2025-10-04, in 29 days")
        );
        assert_eq!(
            check(year, year - 2),
            format!("{of} ends on 2025-10-04, in 2 hours")
        );
        assert_eq!(check(year, year + 24), format!("{of} ended on 2025-10-04"));
        assert_eq!(
            check(year, -1),
            format!("{of} holds only from 2024-10-04T00:00:00Z on")
        );
        assert_eq!(check(week, 5 * 24), "");
        assert_eq!(
            check(week, 6 * 24),
            format!("{of} ends on 2024-10-11, in 1 day")
        );
    }
}
