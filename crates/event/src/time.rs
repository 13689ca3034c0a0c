//! Debezium's logical types of time, and the arithmetic from a civil date to them.
//!
//! Each schema here is never null; add `.optional()` where the field may be. Values are plain integers or texts.
//! Pure calendar arithmetic: no clock, no time zone.

use crate::Schema;

/// Days since 1970-01-01, `int32`. Value from [`epoch_days`].
#[must_use]
pub fn date() -> Schema {
    Schema::int32().named("io.debezium.time.Date").version(1)
}

/// Milliseconds since midnight, `int32`.
#[must_use]
pub fn time() -> Schema {
    Schema::int32().named("io.debezium.time.Time").version(1)
}

/// Microseconds since midnight, `int64`. Value from [`day_micros`].
#[must_use]
pub fn micro_time() -> Schema {
    Schema::int64()
        .named("io.debezium.time.MicroTime")
        .version(1)
}

/// Nanoseconds since midnight, `int64`.
#[must_use]
pub fn nano_time() -> Schema {
    Schema::int64()
        .named("io.debezium.time.NanoTime")
        .version(1)
}

/// Milliseconds since 1970-01-01T00:00:00 with no zone, `int64`.
#[must_use]
pub fn timestamp() -> Schema {
    Schema::int64()
        .named("io.debezium.time.Timestamp")
        .version(1)
}

/// Microseconds since 1970-01-01T00:00:00 with no zone, `int64`. Value from [`timestamp_micros`].
#[must_use]
pub fn micro_timestamp() -> Schema {
    Schema::int64()
        .named("io.debezium.time.MicroTimestamp")
        .version(1)
}

/// Nanoseconds since 1970-01-01T00:00:00 with no zone, `int64`: 1677 to 2262 only, so 9999-12-31 does not fit.
#[must_use]
pub fn nano_timestamp() -> Schema {
    Schema::int64()
        .named("io.debezium.time.NanoTimestamp")
        .version(1)
}

/// ISO 8601 text in UTC (`2026-01-02T03:04:05.678901Z`).
#[must_use]
pub fn zoned_timestamp() -> Schema {
    Schema::string()
        .named("io.debezium.time.ZonedTimestamp")
        .version(1)
}

/// ISO 8601 text in UTC (`03:04:05.678901Z`).
#[must_use]
pub fn zoned_time() -> Schema {
    Schema::string()
        .named("io.debezium.time.ZonedTime")
        .version(1)
}

/// A year, `int32`.
#[must_use]
pub fn year() -> Schema {
    Schema::int32().named("io.debezium.time.Year").version(1)
}

/// Days from 1970-01-01 to that date of the proleptic Gregorian calendar; `None` when there is no such date.
///
/// Years from -999,999 to 999,999: what fits an `int32` of days with room to spare.
#[must_use]
pub fn epoch_days(year: i32, month: u8, day: u8) -> Option<i32> {
    if !(-999_999..=999_999).contains(&year) || day == 0 || day > days_in_month(year, month)? {
        return None;
    }
    // Counted from 0000-03-01, so that the leap day ends a year. Shifts and eras as in
    // H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let (year, month) = if month > 2 {
        (year, month.checked_sub(3)?)
    } else {
        (year.checked_sub(1)?, month.checked_add(9)?)
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let leap_days = (of_era / 4).checked_sub(of_era / 100)?;
    let of_year = month
        .checked_mul(153)?
        .checked_add(2)?
        .checked_div(5)?
        .checked_add(day)?
        .checked_sub(1)?;
    let days = era
        .checked_mul(146_097)?
        .checked_add(of_era.checked_mul(365)?)?
        .checked_add(leap_days)?
        .checked_add(of_year)?;
    i32::try_from(days.checked_sub(719_468)?).ok()
}

/// Year, month and day of a day since 1970-01-01 in the proleptic Gregorian calendar: [`epoch_days`] back.
#[must_use]
pub fn civil_date(days: i32) -> (i32, u8, u8) {
    // H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. No step leaves an i64: days fit an i32.
    let days = i64::from(days).saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = (of_era / 1_460)
        .saturating_sub(of_era / 36_524)
        .saturating_add(of_era / 146_096);
    let year_of_era = of_era.saturating_sub(leaps) / 365;
    let before = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era / 4)
        .saturating_sub(year_of_era / 100);
    let of_year = of_era.saturating_sub(before);
    let shifted = of_year.saturating_mul(5).saturating_add(2) / 153;
    let first = shifted.saturating_mul(153).saturating_add(2) / 5;
    let day = of_year.saturating_sub(first).saturating_add(1);
    let month = if shifted < 10 {
        shifted.saturating_add(3)
    } else {
        shifted.saturating_sub(9)
    };
    let year = era
        .saturating_mul(400)
        .saturating_add(year_of_era)
        .saturating_add(i64::from(month <= 2));
    (
        i32::try_from(year).unwrap_or(i32::MAX),
        u8::try_from(month).unwrap_or(1),
        u8::try_from(day).unwrap_or(1),
    )
}

fn days_in_month(year: i32, month: u8) -> Option<u8> {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Microseconds from midnight to that time of day; `None` when there is no such time. 24:00:00, which Db2 and z/OS
/// use for the end of a day, is allowed; a leap second is not.
#[must_use]
pub fn day_micros(hour: u8, minute: u8, second: u8, micros: u32) -> Option<i64> {
    let end_of_day = hour == 24 && minute == 0 && second == 0 && micros == 0;
    if !end_of_day && (hour > 23 || minute > 59 || second > 59 || micros > 999_999) {
        return None;
    }
    let minutes = i64::from(hour)
        .checked_mul(60)?
        .checked_add(i64::from(minute))?;
    let seconds = minutes.checked_mul(60)?.checked_add(i64::from(second))?;
    seconds
        .checked_mul(1_000_000)?
        .checked_add(i64::from(micros))
}

/// Microseconds since the epoch for a day of [`epoch_days`] and a time of [`day_micros`]; always fits for those.
#[must_use]
pub fn timestamp_micros(days: i32, micros: i64) -> Option<i64> {
    i64::from(days)
        .checked_mul(86_400_000_000)?
        .checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days() {
        assert_eq!(epoch_days(1970, 1, 1), Some(0));
        assert_eq!(epoch_days(2026, 1, 2), Some(20_455)); // as Debezium writes it
        assert_eq!(epoch_days(1969, 12, 31), Some(-1));
        assert_eq!(epoch_days(2000, 2, 29), Some(11_016));
        assert_eq!(epoch_days(1900, 2, 29), None);
        assert_eq!(epoch_days(9999, 12, 31), Some(2_932_896));
        assert_eq!(epoch_days(2026, 13, 1), None);
        assert_eq!(epoch_days(2026, 4, 31), None);
        assert_eq!(epoch_days(2026, 4, 0), None);
    }

    #[test]
    fn known_times() {
        assert_eq!(day_micros(3, 4, 5, 0), Some(11_045_000_000)); // as Debezium writes it
        assert_eq!(day_micros(24, 0, 0, 0), Some(86_400_000_000));
        assert_eq!(day_micros(24, 0, 0, 1), None);
        assert_eq!(day_micros(23, 60, 0, 0), None);
        assert_eq!(
            timestamp_micros(20_455, 11_045_678_901),
            Some(1_767_323_045_678_901)
        );
    }

    proptest! {
        /// Walking the calendar a day at a time is the independent computation.
        #[test]
        fn the_next_day_is_one_more(year in -9_999..9_999_i32, month in 1..=12_u8, day in 1..=31_u8) {
            if let Some(days) = epoch_days(year, month, day) {
                let next = epoch_days(year, month, day + 1)
                    .or_else(|| epoch_days(year, month + 1, 1))
                    .or_else(|| epoch_days(year + 1, 1, 1));
                prop_assert_eq!(next, Some(days + 1));
                prop_assert_eq!(civil_date(days), (year, month, day));
            }
        }

        #[test]
        fn every_day_has_a_date(days in -300_000_000..300_000_000_i32) {
            let (year, month, day) = civil_date(days);
            prop_assert_eq!(epoch_days(year, month, day), Some(days));
        }
    }
}
