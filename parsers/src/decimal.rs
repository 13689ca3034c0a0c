//! An exact decimal number: `i128` and a scale.
//!
//! In: digits of records and JSON. Out: the same digits. Never passes through a float.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// `unscaled` × 10^-`scale`. Holds every number of 38 digits; a negative scale stands for the zeros of `PIC 9(3)PPP`.
///
/// Equality is of the representation (`1.0` is not `1.00`); [`Decimal::compare`] compares values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The number without its decimal point.
    pub unscaled: i128,
    /// How many of its digits stand right of the point; negative: how many zeros follow it.
    pub scale: i32,
}

/// A text that is no decimal number, or one that does not fit 38 digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wanted a decimal number of at most 38 digits, got `{0}`")]
pub struct ParseDecimalError(String);

impl Decimal {
    /// `unscaled` × 10^-`scale`.
    pub const fn new(unscaled: i128, scale: i32) -> Decimal {
        Decimal { unscaled, scale }
    }

    /// The same value at another scale, if that needs no rounding and still fits.
    pub fn rescale(self, scale: i32) -> Option<Decimal> {
        if self.unscaled == 0 {
            return Some(Decimal { unscaled: 0, scale });
        }
        let change = i64::from(scale).checked_sub(i64::from(self.scale))?;
        let power = pow10(u32::try_from(change.unsigned_abs()).ok()?)?;
        let unscaled = if change >= 0 {
            self.unscaled.checked_mul(power)?
        } else if self.unscaled.checked_rem(power)? == 0 {
            self.unscaled.checked_div(power)?
        } else {
            return None;
        };
        Some(Decimal { unscaled, scale })
    }

    /// Compares values: `1.0` and `1.00` are equal.
    pub fn compare(self, other: Decimal) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.rescale(scale), other.rescale(scale)) {
            (Some(a), Some(b)) => a.unscaled.cmp(&b.unscaled),
            // One of them leaves 38 digits at the finer scale, so it is the one further from zero.
            (None, Some(_)) => self.unscaled.cmp(&0),
            (Some(_), None) => 0.cmp(&other.unscaled),
            (None, None) => self.unscaled.signum().cmp(&other.unscaled.signum()),
        }
    }

    /// The value as a whole number, if it is one and fits.
    pub fn to_i128(self) -> Option<i128> {
        self.rescale(0).map(|whole| whole.unscaled)
    }

    /// The exact sum, at the finer of the two scales, if it fits.
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let unscaled = self
            .rescale(scale)?
            .unscaled
            .checked_add(other.rescale(scale)?.unscaled)?;
        Some(Decimal { unscaled, scale })
    }
}

/// 10^n, if it fits.
pub(crate) fn pow10(n: u32) -> Option<i128> {
    10i128.checked_pow(n)
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal {
            unscaled: i128::from(value),
            scale: 0,
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.unsigned_abs().to_string();
        let sign = if self.unscaled < 0 { "-" } else { "" };
        match usize::try_from(self.scale) {
            Ok(0) => write!(f, "{sign}{digits}"),
            Ok(scale) => match digits.len().checked_sub(scale) {
                Some(whole) if whole > 0 => {
                    let (whole, fraction) = digits.split_at(whole);
                    write!(f, "{sign}{whole}.{fraction}")
                }
                _ => write!(f, "{sign}0.{digits:0>scale$}"),
            },
            Err(_) if self.unscaled == 0 => f.write_str("0"),
            Err(_) => {
                let zeros = usize::try_from(self.scale.unsigned_abs()).unwrap_or(0);
                write!(f, "{sign}{digits}{:0<zeros$}", "")
            }
        }
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads `-12.50`, `+7`, `.5`, `1.5e3` (the exponent moves the point); nothing is rounded.
    fn from_str(text: &str) -> Result<Decimal, ParseDecimalError> {
        parse(text).ok_or_else(|| ParseDecimalError(text.chars().take(60).collect()))
    }
}

fn parse(text: &str) -> Option<Decimal> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut unscaled = 0i128;
    // Zeros wait for the next other digit: those at the end need no room in the number, as with `PIC 9(2)P(36)`.
    let mut zeros = 0u32;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        zeros = zeros.checked_add(1)?;
        if digit > 0 && unscaled == 0 {
            unscaled = i128::from(digit);
            zeros = 0;
        } else if digit > 0 {
            unscaled = unscaled.checked_mul(pow10(zeros)?)?;
            unscaled = unscaled.checked_add(i128::from(digit))?;
            zeros = 0;
        }
    }
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let (unscaled, scale) = match pow10(zeros).and_then(|power| unscaled.checked_mul(power)) {
        Some(unscaled) => (unscaled, scale),
        None if unscaled == 0 => (0, scale),
        None => (unscaled, scale.checked_sub(i32::try_from(zeros).ok()?)?),
    };
    // A scale past this is no number of any record; it would only make `Display` write megabytes.
    if scale.unsigned_abs() > 1000 {
        return None;
    }
    let unscaled = if negative {
        unscaled.checked_neg()?
    } else {
        unscaled
    };
    if exponent > 0 && scale < 0 {
        let number = Decimal { unscaled, scale };
        return number.rescale(0).or(Some(number));
    }
    Some(Decimal { unscaled, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn display_is_exact() {
        for (unscaled, scale, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (12345, 2, "123.45"),
            (12, -3, "12000"),
            (0, -3, "0"),
            (-1, 5, "-0.00001"),
            (i128::MAX, 0, "170141183460469231731687303715884105727"),
        ] {
            assert_eq!(Decimal::new(unscaled, scale).to_string(), text);
        }
    }

    #[test]
    fn parse_keeps_scale() {
        assert_eq!(d("1.50"), Decimal::new(150, 2));
        assert_eq!(d("-.5"), Decimal::new(-5, 1));
        assert_eq!(d("1.5e3"), Decimal::new(1500, 0));
        assert_eq!(d("15e-1"), Decimal::new(15, 1));
        for bad in ["", "-", ".", "1x", "1e", "0x10", "1e99999999", "1 ", "--1"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
    }

    #[test]
    fn zeros_at_the_end_need_no_room() {
        let zeros = |n: usize| "0".repeat(n);
        assert_eq!(d(&format!("16448{}", zeros(35))), Decimal::new(16448, -35));
        assert_eq!(d("16448e35"), Decimal::new(16448, -35));
        assert_eq!(
            d(&format!("-7{}3{}", zeros(20), zeros(40))),
            Decimal::new(-7_000_000_000_000_000_000_003, -40)
        );
        assert_eq!(d(&format!("0.5{}", zeros(39))), Decimal::new(5, 1));
        assert_eq!(d(&format!("{}7", zeros(60))), Decimal::new(7, 0));
        assert_eq!(d(&format!("0.{}", zeros(60))), Decimal::new(0, 60));
        for long in [format!("1{}1", zeros(38)), format!("1{}", zeros(1001))] {
            assert!(long.parse::<Decimal>().is_err(), "{long}");
        }
    }

    #[test]
    fn compare_is_by_value() {
        assert_eq!(d("1.0").compare(d("1.00")), Ordering::Equal);
        assert_eq!(d("-2").compare(d("1.5")), Ordering::Less);
        assert_eq!(
            d("99999999999999999999999999999999999999").compare(d("0.5")),
            Ordering::Greater
        );
        assert_eq!(
            d("-99999999999999999999999999999999999999").compare(d("0.5")),
            Ordering::Less
        );
    }
}
