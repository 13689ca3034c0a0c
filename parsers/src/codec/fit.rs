//! Values that their field cannot hold, made to fit as the policy says.
//!
//! In: a number and a numeric codec. Out: the number that is written, or `None` where the policy makes it null. As a
//! MOVE does it: digits left of what the field holds and decimal places right of it go (Language Reference, "MOVE
//! statement", "Elementary moves"); a number without sign keeps its magnitude.

use super::{Bad, Codec, binary};
use crate::decimal::{Decimal, pow10};
use crate::error::FieldErrorKind;
use crate::layout::options::{Decimals, Numbers, Oversize};

/// The number to write into a field of `len` bytes.
pub(crate) fn fit(
    value: Decimal,
    codec: Codec,
    len: usize,
    numbers: &Numbers,
) -> Result<Option<Decimal>, Bad> {
    if (numbers.oversize, numbers.decimals) == (Oversize::Error, Decimals::Error) {
        return Ok(Some(value));
    }
    let scale = codec.scale();
    let value = match (value.rescale(scale), numbers.decimals) {
        (Some(exact), _) => exact,
        (None, Decimals::Error) => {
            // Writing says why.
            return Ok(Some(value));
        }
        (None, decimals) => match rounded(value, scale, decimals == Decimals::Round) {
            Some(rounded) => rounded,
            None => return beyond(value, numbers),
        },
    };
    if numbers.oversize == Oversize::Error {
        return Ok(Some(value));
    }
    let (least, most) = match codec {
        Codec::Binary {
            native: true,
            signed,
            ..
        } => binary::range(len, signed).unwrap_or((0, 0)),
        Codec::Zoned { digits, .. }
        | Codec::Packed { digits, .. }
        | Codec::PackedNoSign { digits, .. }
        | Codec::Binary { digits, .. } => {
            let most = pow10(u32::from(digits)).map_or(i128::MAX, |limit| limit.saturating_sub(1));
            let least = if codec.is_signed() {
                most.saturating_neg()
            } else {
                0
            };
            (least, most)
        }
        _ => return Ok(Some(value)),
    };
    if (least..=most).contains(&value.unscaled) {
        return Ok(Some(value));
    }
    if numbers.oversize == Oversize::Null {
        return Ok(None);
    }
    let unscaled = if codec.is_signed() {
        value.unscaled
    } else {
        value.unscaled.saturating_abs()
    };
    let kept = if matches!(codec, Codec::Binary { native: true, .. }) && len < 16 {
        // The low-order bytes, as the machine keeps them.
        let bits = u32::try_from(len).unwrap_or(0).saturating_mul(8);
        let span = 1i128.checked_shl(bits).unwrap_or(i128::MAX);
        let low = unscaled.rem_euclid(span);
        if low > most {
            low.saturating_sub(span)
        } else {
            low
        }
    } else {
        unscaled
            .checked_rem(most.saturating_add(1))
            .unwrap_or(unscaled)
    };
    Ok(Some(Decimal::new(kept, scale)))
}

fn beyond(value: Decimal, numbers: &Numbers) -> Result<Option<Decimal>, Bad> {
    match numbers.oversize {
        Oversize::Null => Ok(None),
        _ => Err(Bad::new(
            FieldErrorKind::Range,
            format!("{value} is too large for 38 digits"),
        )),
    }
}

/// The value with fewer decimal places: cut, or to the nearest (half away from zero, as ROUNDED has it).
fn rounded(value: Decimal, scale: i32, nearest: bool) -> Option<Decimal> {
    let drop = u32::try_from(value.scale.checked_sub(scale)?).ok()?;
    let Some(power) = pow10(drop) else {
        return Some(Decimal::new(0, scale));
    };
    let kept = value.unscaled.checked_div(power)?;
    let lost = value.unscaled.checked_rem(power)?;
    let up = nearest && lost.saturating_abs() >= power.checked_sub(lost.saturating_abs())?;
    let unscaled = match up {
        true if value.unscaled < 0 => kept.checked_sub(1)?,
        true => kept.checked_add(1)?,
        false => kept,
    };
    Some(Decimal::new(unscaled, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::options::Endian;

    fn check(text: &str, codec: Codec, numbers: &Numbers) -> String {
        let value: Decimal = text.parse().unwrap();
        match fit(value, codec, 2, numbers) {
            Ok(Some(value)) => value.to_string(),
            Ok(None) => "null".to_owned(),
            Err(bad) => bad.message,
        }
    }

    /// MOVE 12345.678 TO PIC S9(3)V99 and the like.
    #[test]
    fn moves_keep_the_digits_around_the_point() {
        let packed = |signed| Codec::Packed {
            signed,
            scale: 2,
            digits: 5,
        };
        let half = Codec::Binary {
            signed: true,
            scale: 0,
            digits: 4,
            native: true,
            order: Endian::Big,
        };
        let cut = Numbers {
            oversize: Oversize::Truncate,
            decimals: Decimals::Truncate,
            ..Numbers::default()
        };
        let round = Numbers {
            oversize: Oversize::Null,
            decimals: Decimals::Round,
            ..Numbers::default()
        };
        let shown = [
            check("12345.678", packed(true), &cut),
            check("-12345.678", packed(true), &cut),
            check("-1.5", packed(false), &cut),
            check("70000", half, &cut),
            check("-32769", half, &cut),
            check("1.005", packed(true), &round),
            check("-1.0049", packed(true), &round),
            check("999.999", packed(true), &round),
            check("-1", packed(false), &round),
        ];
        insta::assert_snapshot!(shown.join(" "), @"345.67 -345.67 1.50 4464 32767 1.01 -1.00 null null");
    }
}
