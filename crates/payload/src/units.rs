//! Times and sizes as they stand in a configuration: `"12h"`, `"7d"`; `"64 KiB"`, `"1 GiB"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        size(&text).map(Self).ok_or_else(|| {
            Error::custom(format!(
                "wanted a size such as \"64 KiB\" or \"1 GiB\", got {text:?}"
            ))
        })
    }
}

/// For how long something is kept; the longer the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// So long.
    For(Duration),
    /// For ever.
    Forever,
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        age(&text).ok_or_else(|| {
            Error::custom(format!(
                "wanted a time such as \"12h\" or \"7d\", or \"forever\", got {text:?}"
            ))
        })
    }
}

fn age(text: &str) -> Option<Age> {
    if text == "forever" {
        return Some(Age::Forever);
    }
    let (number, unit) = split(text)?;
    let hours = match unit {
        "h" => number,
        "d" => number.checked_mul(24)?,
        _ => return None,
    };
    Some(Age::For(Duration::from_secs(hours.checked_mul(3600)?)))
}

fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim()))
}

/// A time as it would stand in a configuration.
pub(crate) fn shown(time: Duration) -> String {
    let hours = time.as_secs().div_ceil(3600);
    if hours.is_multiple_of(24) {
        format!("{}d", hours / 24)
    } else {
        format!("{hours}h")
    }
}

/// A size as it would stand in a configuration.
pub(crate) fn shown_size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units
        .iter()
        .find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit));
    match unit {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        let hours = |hours: u64| Some(Age::For(Duration::from_secs(hours * 3600)));
        assert_eq!(age("12h"), hours(12));
        assert_eq!(age("7d"), hours(168));
        assert_eq!(age("forever"), Some(Age::Forever));
        assert_eq!((age("7"), age("d"), age("7 weeks")), (None, None, None));
        assert_eq!(size("1 GiB"), Some(1 << 30));
        assert_eq!(size("5000000000 B"), Some(5_000_000_000));
        assert_eq!((size("1 GB"), size("-1 B")), (None, None));
        assert_eq!(shown(Duration::from_secs(8 * 86_400)), "8d");
        assert_eq!(shown(Duration::from_secs(25 * 3600)), "25h");
        assert_eq!(shown_size(1 << 20), "1 MiB");
        assert_eq!(shown_size(1_000), "1000 B");
    }
}
