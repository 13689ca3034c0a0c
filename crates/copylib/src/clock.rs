//! Which day it is.

use std::time::{SystemTime, UNIX_EPOCH};

use parsers::Date;

const SECONDS_A_DAY: u64 = 86_400;

/// Today in UTC; `None` where the clock stands outside the years a date can have.
pub(crate) fn today() -> Option<Date> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Date::from_days_since_epoch(i64::try_from(seconds / SECONDS_A_DAY).ok()?)
}
