//! Numbers as they are written, compared as exact decimals. Pure; nothing is read into a float.

use std::cmp::Ordering;

use parsers::Decimal;

/// The text of a number as people write it: blanks around it, a plus, digits on one side of the point only, a power of
/// ten. None of anything else.
pub(super) fn numeral(text: &str) -> Option<&str> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, power) = match digits.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, Some(power)),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let some = !whole.is_empty() || !fraction.is_empty();
    let power = power.is_none_or(|power| {
        let digits = power.strip_prefix(['-', '+']).unwrap_or(power);
        !digits.is_empty() && all_digits(digits)
    });
    (some && power && all_digits(whole) && all_digits(fraction)).then_some(text)
}

/// Whether two numerals are the same decimal: `1.0`, `1.00`, `10e-1`.
pub(super) fn same(one: &str, other: &str) -> bool {
    match (Exact::of(one), Exact::of(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// A decimal of any size: sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Exact {
    negative: bool,
    digits: Vec<u8>,
    power: i64,
}

impl Exact {
    /// Of a numeral. None for a power of ten beyond 64 bits, which no two texts are likely to write in two ways.
    pub(super) fn of(numeral: &str) -> Option<Self> {
        let (mantissa, power) = match numeral.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i64>().ok()?),
            None => (numeral, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|digit| *digit == b'0')
            .collect();
        let mut power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        while digits.pop_if(|digit| *digit == b'0').is_some() {
            power = power.checked_add(1)?;
        }
        // Zero has no sign and no power.
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits,
                power: 0,
            });
        }
        Some(Self {
            negative,
            digits,
            power,
        })
    }
}

/// Whether two numerals differ by at most `most`. Numbers of more than 38 digits are not within anything.
pub(super) fn is_within(one: &str, other: &str, most: Decimal) -> bool {
    distance(one, other).is_some_and(|(distance, _)| distance.compare(most).is_le())
}

/// Whether two numerals differ by at most this part, in percent, of the one further from zero.
pub(super) fn is_within_percent(one: &str, other: &str, percent: Decimal) -> bool {
    let Some((distance, larger)) = distance(one, other) else {
        return false;
    };
    let hundred = Decimal::new(1, -2);
    match (product(distance, hundred), product(larger, percent)) {
        (Some(distance), Some(most)) => distance.compare(most).is_le(),
        _ => false,
    }
}

/// How far apart they are, and the one further from zero without its sign.
fn distance(one: &str, other: &str) -> Option<(Decimal, Decimal)> {
    let one: Decimal = one.parse().ok()?;
    let other: Decimal = other.parse().ok()?;
    let minus = Decimal::new(other.unscaled.checked_neg()?, other.scale);
    let apart = absolute(one.checked_add(minus)?)?;
    let (one, other) = (absolute(one)?, absolute(other)?);
    let larger = match one.compare(other) {
        Ordering::Less => other,
        Ordering::Equal | Ordering::Greater => one,
    };
    Some((apart, larger))
}

fn absolute(number: Decimal) -> Option<Decimal> {
    Some(Decimal::new(number.unscaled.checked_abs()?, number.scale))
}

/// The product; its last digits go where it would have more than 38.
fn product(number: Decimal, by: Decimal) -> Option<Decimal> {
    let (mut unscaled, mut scale) = (number.unscaled, number.scale);
    loop {
        if let Some(unscaled) = unscaled.checked_mul(by.unscaled) {
            return Some(Decimal::new(unscaled, scale.checked_add(by.scale)?));
        }
        unscaled = unscaled.checked_div(10)?;
        scale = scale.checked_sub(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn numerals_are_what_people_write_as_numbers() {
        for text in [" 1.0 ", "+7", "-.5", "1.", "1e3", "0012", "1E-2"] {
            assert!(numeral(text).is_some(), "{text}");
        }
        for text in ["", "-", ".", "1e", "1,5", "0x1", "NaN", "1 2", "--1", "1e+"] {
            assert!(numeral(text).is_none(), "{text}");
        }
        assert!(same("1.0", "+1e0") && same("-0.0", "0") && !same("1", "1.0001"));
    }

    #[test]
    fn tolerances_are_exact_at_their_edge() {
        assert!(is_within("1234.57", "1234.56", decimal("0.01")));
        assert!(!is_within("1234.57", "1234.5599", decimal("0.01")));
        assert!(is_within("-1", "1", decimal("2")));
        assert!(is_within_percent("100", "99", decimal("1")));
        assert!(!is_within_percent("100", "98.99", decimal("1")));
        assert!(is_within_percent("-200", "-199.8", decimal("0.1")));
        assert!(!is_within_percent("1", "-1", decimal("100")));
        assert!(is_within_percent("0", "0.0", decimal("0.1")));
        let long = "99999999999999999999999999999999999999";
        assert!(is_within_percent(
            long,
            "99999999999999999999999999999999999998",
            decimal("0.001")
        ));
        assert!(!is_within_percent(
            long,
            "99000000000000000000000000000000000000",
            decimal("0.001")
        ));
    }
}
