//! Numbers and times as the pages write them: grouped, with units, never rounded towards what looks better. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A count with its thousands apart: `1,204,331`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(4) / 3 + 1);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A word in the number that its count asks for: `1 field`, `3 fields`.
pub(super) fn counted(number: u64, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {word}{plural}", count(number))
}

/// A rate from 0 to 1 in percent, with two digits, cut and not rounded: what is not all of it never reads `100 %`.
pub(super) fn percent(rate: f64) -> String {
    if rate >= 1.0 {
        return "100 %".to_owned();
    }
    // A rate such as 0.9997 is 0.99969999... in binary.
    let cut = (rate.max(0.0) * 10_000.0 + 1e-6).floor() / 100.0;
    format!("{cut:.2} %")
}

/// The same without digits behind the point: for shares of traffic.
pub(super) fn share(part: u64, of: u64) -> Option<u64> {
    part.saturating_mul(100).checked_div(of)
}

/// A time that something took, with the unit that fits.
pub(super) fn took(seconds: f64) -> String {
    let millis = seconds * 1_000.0;
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 1_000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{seconds:.1} s")
    }
}

/// How long ago, or how long, in the one unit that says it: `4 min`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A moment as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    /// For programs, RFC 3339.
    pub(super) iso: String,
    /// For people, with its zone.
    pub(super) absolute: String,
    /// How long before now.
    pub(super) relative: String,
}

impl When {
    /// Of a moment, seen from another.
    pub(super) fn of(at: SystemTime, now: SystemTime) -> Self {
        let stamp = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let zoned = stamp.to_zoned(TimeZone::UTC);
        let relative = match now.duration_since(at) {
            Ok(ago) => format!("{} ago", span(ago)),
            Err(ahead) if ahead.duration() < Duration::from_secs(2) => "0 s ago".to_owned(),
            Err(ahead) => format!("in {}", span(ahead.duration())),
        };
        Self {
            iso: stamp.to_string(),
            absolute: zoned.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            relative,
        }
    }

    /// Of milliseconds since 1970.
    pub(super) fn of_millis(millis: u64, now: SystemTime) -> Self {
        let at = UNIX_EPOCH.checked_add(Duration::from_millis(millis));
        Self::of(at.unwrap_or(UNIX_EPOCH), now)
    }

    /// Of a text of ours, RFC 3339; shown as it is where it is none.
    pub(super) fn of_text(text: &str, now: SystemTime) -> Self {
        match text.parse::<Timestamp>() {
            Ok(stamp) => Self::of(SystemTime::from(stamp), now),
            Err(_) => Self {
                iso: text.to_owned(),
                absolute: text.to_owned(),
                relative: String::new(),
            },
        }
    }
}

/// A name as part of a path.
pub(super) fn segment(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// A word of a shell's command line, quoted where it must be.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let shown = [0, 7, 999, 1_000, 1_204_331].map(count);
        assert_eq!(shown, ["0", "7", "999", "1,000", "1,204,331"]);
        assert_eq!(counted(1, "field"), "1 field");
        assert_eq!(counted(1_000, "field"), "1,000 fields");
    }

    #[test]
    fn a_rate_is_never_rounded_up() {
        let shown = [1.0, 0.999_999, 0.999_7, 0.5, 0.0].map(percent);
        assert_eq!(shown, ["100 %", "99.99 %", "99.97 %", "50.00 %", "0.00 %"]);
        assert_eq!(share(999, 1_000), Some(99));
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let shown = [0.000_5, 0.018, 0.999, 1.25].map(took);
        assert_eq!(shown, ["0.5 ms", "18 ms", "999 ms", "1.2 s"]);
        let shown = [59, 60, 7_200, 172_800].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(shown, ["59 s", "1 min", "2 h", "2 d"]);
    }

    #[test]
    fn a_moment_has_its_zone_and_its_age() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let when = When::of_millis(999_940_000, now);
        assert_eq!(when.absolute, "1970-01-12 13:45:40 UTC");
        assert_eq!(when.relative, "1 min ago");
        assert_eq!(When::of_text("soon", now).absolute, "soon");
    }

    #[test]
    fn a_name_is_one_segment_of_a_path() {
        assert_eq!(segment("lot-release"), "lot-release");
        assert_eq!(segment("a/b ?<é"), "a%2Fb%20%3F%3C%C3%A9");
    }

    #[test]
    fn a_shell_reads_what_was_meant() {
        assert_eq!(quoted("lots"), "lots");
        assert_eq!(quoted("two weeks; rm -rf"), "'two weeks; rm -rf'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
