//! What the peer's columns have room for: a number beyond the type of its column is null there.
//!
//! In: a field and a number as text. Out: whether the peer's column holds it. Whole numbers are 32 or 64 bits by the
//! digits of the picture, or decimals of so many digits; numbers with decimal places are decimals of the picture's
//! digits, whatever the bytes hold. A number without S is never below zero.

use parsers::copybook::Usage;
use parsers::{Field, FieldKind};

/// Whether a number is shown.
pub fn holds(field: &Field, number: &str, strict: bool) -> bool {
    let FieldKind::Number {
        digits,
        scale,
        signed,
        ..
    } = field.kind()
    else {
        return true;
    };
    let magnitude = number.trim_start_matches('-');
    let usage = field.usage().unwrap_or(Usage::Display);
    if magnitude.len() < number.len() && !signed && usage == Usage::Display {
        return false;
    }
    let (whole, places) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let whole = whole.trim_start_matches('0').len();
    let binary = matches!(
        usage,
        Usage::Binary | Usage::Native | Usage::CompX | Usage::BinaryLittle
    );
    let digits = usize::from(digits);
    let left = |scale: i32| digits.saturating_sub(usize::try_from(scale).unwrap_or(0));
    match digits {
        _ if scale < 0 => true,
        _ if scale > 0 => whole <= left(scale),
        _ if !places.is_empty() => false,
        _ if strict => whole <= digits,
        18 if binary && !signed => whole <= 20,
        19.. => whole <= digits,
        10..=18 => number.parse::<i64>().is_ok(),
        9 if binary && !signed => number.parse::<i64>().is_ok(),
        _ => number.parse::<i32>().is_ok(),
    }
}
