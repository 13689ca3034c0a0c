//! Durations and shares as people write them.

use std::time::Duration;

use crate::hold::Threshold;

/// `"500ms"`, `"1s"`, `"2m"`, `"1h"`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("wanted a time such as \"500ms\", \"1s\" or \"2m\", got \"{text}\"");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match unit.trim() {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        _ => Err(wrong()),
    }
}

/// `"5%"`, `"0.5 %"`.
pub(super) fn share(text: &str) -> Result<Threshold, String> {
    let wrong = || {
        format!("wanted a share such as \"5%\" or \"0.5%\", or a number of records, got \"{text}\"")
    };
    let number = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim();
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let tenth: u32 = tenth.parse().map_err(|_| wrong())?;
    if whole > 100 || tenth > 9 || (whole == 100 && tenth > 0) {
        return Err(wrong());
    }
    Ok(Threshold::PerMille(whole * 10 + tenth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_shares_read_as_they_are_written() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2 m"), Ok(Duration::from_secs(120)));
        assert_eq!(
            duration("1").unwrap_err(),
            r#"wanted a time such as "500ms", "1s" or "2m", got "1""#
        );
        assert_eq!(share("5%"), Ok(Threshold::PerMille(50)));
        assert_eq!(share("0.5 %"), Ok(Threshold::PerMille(5)));
        for wrong in ["5", "101%", "100.1%", "0.55%", "-1%", "%", ""] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
