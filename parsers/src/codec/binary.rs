//! COMP, COMP-4, BINARY, COMP-5, COMP-X, COMP-9, BINARY-LONG and the like: two's complement or unsigned integers of 1
//! to 8 or of 16 bytes, in either order.
//!
//! Reading takes whatever the bytes hold: a field that programs compiled with TRUNC(BIN) or TRUNC(OPT) wrote may
//! exceed its picture (Programming Guide, "TRUNC"). Writing keeps COMP to its picture, as TRUNC(STD) does, and COMP-5
//! to its bytes.

use super::{Bad, Digits};
use crate::error::FieldErrorKind;
use crate::layout::options::Endian;

/// Sign and magnitude of at most 8 bytes. Any bytes are a number, so there is nothing to be wrong.
#[inline]
pub(crate) fn read(bytes: &[u8], signed: bool, order: Endian) -> (bool, u64) {
    let mut value = 0u64;
    let top = match order {
        Endian::Big => {
            for byte in bytes {
                value = (value << 8) | u64::from(*byte);
            }
            bytes.first()
        }
        Endian::Little => {
            for byte in bytes.iter().rev() {
                value = (value << 8) | u64::from(*byte);
            }
            bytes.last()
        }
    };
    let negative = signed && top.is_some_and(|byte| byte & 0x80 != 0);
    if !negative {
        return (false, value);
    }
    let unused = u32::try_from(8usize.saturating_sub(bytes.len()))
        .unwrap_or(0)
        .saturating_mul(8);
    // Two's complement within the field's own width.
    let extended = value
        | u64::MAX
            .checked_shl(64u32.saturating_sub(unused))
            .unwrap_or(0);
    (true, extended.wrapping_neg())
}

/// Sign and digits of 9 to 16 bytes; the digits are ASCII in the caller's buffer. The bool is the sign.
#[cold]
pub(crate) fn read_wide(
    bytes: &[u8],
    signed: bool,
    order: Endian,
    out: &mut Digits,
) -> Result<(bool, usize), Bad> {
    let mut wide = [0u8; 16];
    let top = match order {
        Endian::Big => bytes.first(),
        Endian::Little => bytes.last(),
    };
    let negative = signed && top.is_some_and(|byte| byte & 0x80 != 0);
    if negative {
        wide = [0xff; 16];
    }
    let place = wide
        .len()
        .checked_sub(bytes.len())
        .and_then(|start| wide.get_mut(start..))
        .ok_or_else(|| Bad::new(FieldErrorKind::Range, "more than 16 bytes of binary"))?;
    place.copy_from_slice(bytes);
    if order == Endian::Little {
        place.reverse();
    }
    let value = u128::from_be_bytes(wide);
    let magnitude = if negative {
        value.wrapping_neg()
    } else {
        value
    };
    if magnitude >= 10u128.pow(38) {
        return Err(Bad::new(
            FieldErrorKind::Range,
            "a number of more than 38 digits",
        ));
    }
    let mut left = magnitude;
    let mut start = 38usize;
    let digits = out.get_mut(..38).unwrap_or_default();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | u8::try_from(left.checked_rem(10).unwrap_or(0)).unwrap_or(0);
        left = left.checked_div(10).unwrap_or(0);
        start = start.saturating_sub(1);
        if left == 0 {
            break;
        }
    }
    digits.copy_within(start.., 0);
    Ok((negative, 38usize.saturating_sub(start)))
}

/// Whether a magnitude keeps to a picture of so many digits.
#[inline]
pub(crate) fn fits(magnitude: u64, digits: u16) -> bool {
    let limit = match digits {
        4 => 10_000,
        9 => 1_000_000_000,
        18 => 1_000_000_000_000_000_000,
        digits => 10u64.checked_pow(u32::from(digits)).unwrap_or(u64::MAX),
    };
    magnitude < limit
}

/// The least and the most that so many bytes hold.
pub(crate) fn range(bytes: usize, signed: bool) -> Option<(i128, i128)> {
    let bits = u32::try_from(bytes).ok()?.checked_mul(8)?;
    if bits >= 128 {
        // 38 digits are all that a number can have here.
        let most = 10i128.pow(38).checked_sub(1)?;
        return Some((if signed { most.checked_neg()? } else { 0 }, most));
    }
    Some(if signed {
        let half = 1i128.checked_shl(bits.checked_sub(1)?)?;
        (half.checked_neg()?, half.checked_sub(1)?)
    } else {
        (0, 1i128.checked_shl(bits)?.checked_sub(1)?)
    })
}

/// Writes the value if the bytes can hold it.
pub(crate) fn write(value: i128, signed: bool, order: Endian, out: &mut [u8]) -> Option<()> {
    let (least, most) = range(out.len(), signed)?;
    if value < least || value > most {
        return None;
    }
    put(value, order, out)
}

/// Writes the low-order bytes of a value.
pub(crate) fn put(value: i128, order: Endian, out: &mut [u8]) -> Option<()> {
    let bytes = value.to_be_bytes();
    let start = bytes.len().checked_sub(out.len())?;
    out.copy_from_slice(bytes.get(start..)?);
    if order == Endian::Little {
        out.reverse();
    }
    Some(())
}
