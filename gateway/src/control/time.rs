//! Moments as RFC 3339 text in UTC, whole seconds: `2026-11-22T01:46:31Z`. Informative only: nothing is decided by them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The moment as text. A clock before 1970 reads as 1970.
#[must_use]
pub fn rfc3339(moment: SystemTime) -> String {
    digits(moment).map(char::from).iter().collect()
}

/// The same as bytes, all of them ASCII. By hand: every line of the access log has one, and formatting takes several times as long.
pub(crate) fn digits(moment: SystemTime) -> [u8; 20] {
    let seconds = moment
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let [century, year] = [year / 100, year].map(two);
    let [month, day] = [month, day].map(two);
    let [hour, minute, second] = [time / 3600, time / 60 % 60, time % 60].map(two);
    [
        century.0, century.1, year.0, year.1, b'-', month.0, month.1, b'-', day.0, day.1, b'T',
        hour.0, hour.1, b':', minute.0, minute.1, b':', second.0, second.1, b'Z',
    ]
}

/// The last two digits.
fn two(number: u64) -> (u8, u8) {
    let number = u8::try_from(number % 100).unwrap_or_default();
    (b'0' + number / 10, b'0' + number % 10)
}

/// Year, month and day of a day since 1970-01-01, by eras of 400 years that begin on the first of March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_795_312_000), "2026-11-22T01:46:40Z");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }
}
