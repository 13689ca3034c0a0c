//! Durations and sizes as people write them.

use std::time::Duration;

/// A month: nothing here waits longer, and clocks do not overflow on it.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
/// What a body may be at most, whatever the file says: it is held in memory.
const LARGEST: usize = 1 << 30;

/// `"500ms"`, `"1s"`, `"2m"`, `"1h"`; not zero, at most 31 days.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("wanted a time such as \"500ms\", \"1s\" or \"2m\", got \"{text}\"");
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        "h" => Duration::from_secs(number.saturating_mul(3600)),
        _ => return Err(wrong()),
    };
    if time.is_zero() || time > LONGEST {
        return Err(format!(
            "wanted a time above zero and up to 31 days, got \"{text}\""
        ));
    }
    Ok(time)
}

/// `"64 KiB"`, `"16 MiB"`, in bytes; not zero, at most 1 GiB.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let wrong = || format!("wanted a size such as \"64 KiB\" or \"16 MiB\", got \"{text}\"");
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let unit: u64 = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(unit)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|bytes| (1..=LARGEST).contains(bytes))
        .ok_or_else(|| format!("wanted a size above zero and up to 1 GiB, got \"{text}\""))
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_read_as_they_are_written() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2 m"), Ok(Duration::from_secs(120)));
        assert_eq!(size("64 KiB"), Ok(64 << 10));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        for wrong in [
            "",
            "1",
            "s",
            "-1s",
            "1.5s",
            "0s",
            "800h",
            "99999999999999999999s",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "1", "1 MB", "0 B", "2 GiB", "18446744073709551615 KiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
