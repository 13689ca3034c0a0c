//! Decimal digits as they are written, straight to the bytes of a number: no arithmetic, no rounding.
//!
//! In: a sign and digits around a decimal point. Out: canonical bytes, where the field has room for just these digits;
//! what does not fit is for [`Codec::write_number`] and the policies to decide.

use super::{Codec, Zones, binary, packed, zoned};

/// Digits of the longest number, and a spare one in front.
pub(super) const MOST_DIGITS: usize = 39;

/// The digits of a magnitude below 10^39, in ASCII, with zeros in front.
pub(super) fn ascii(magnitude: u128) -> [u8; MOST_DIGITS] {
    /// The largest power of ten of 64 bits, and its zeros: dividing 128 bits is slow.
    const PART: (u128, usize) = (10_000_000_000_000_000_000, 19);
    let mut out = [b'0'; MOST_DIGITS];
    let mut left = magnitude;
    for places in out.rchunks_mut(PART.1) {
        let (part, rest) = match left < PART.0 {
            true => (left, 0),
            false => (
                left.checked_rem(PART.0).unwrap_or(0),
                left.checked_div(PART.0).unwrap_or(0),
            ),
        };
        let mut part = u64::try_from(part).unwrap_or(0);
        for place in places.iter_mut().rev() {
            if part == 0 {
                break;
            }
            *place = b'0' | u8::try_from(part.checked_rem(10).unwrap_or(0)).unwrap_or(0);
            part = part.checked_div(10).unwrap_or(0);
        }
        left = rest;
        if left == 0 {
            break;
        }
    }
    out
}

/// Digits one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'t> {
    pub(crate) text: &'t [u8],
    /// Four bits each, of at most [`SHORT`].
    nibbles: u64,
}

/// So many digits have room in 64 bits, four each.
const SHORT: usize = 16;

impl<'t> Run<'t> {
    pub(crate) const NONE: Run<'static> = Run {
        text: &[],
        nibbles: 0,
    };

    /// At least one digit, and what follows.
    #[inline]
    pub(crate) fn of(text: &'t [u8]) -> Option<(Run<'t>, &'t [u8])> {
        let (mut len, mut nibbles) = (0usize, 0u64);
        let mut rest = text;
        // Most numbers end in the first eight bytes, and nearly all in the second.
        for _ in 0..2 {
            let Some((eight, behind)) = rest.split_first_chunk::<8>() else {
                break;
            };
            let (count, part) = leading(*eight);
            nibbles = nibbles.checked_shl(count.saturating_mul(4)).unwrap_or(0) | part;
            len = len.saturating_add(usize::try_from(count).unwrap_or(0));
            if count < 8 {
                return Run::cut(text, len, nibbles);
            }
            rest = behind;
        }
        for byte in rest.iter().take_while(|byte| byte.is_ascii_digit()) {
            nibbles = (nibbles << 4) | u64::from(byte & 0x0f);
            len = len.saturating_add(1);
        }
        Run::cut(text, len, nibbles)
    }

    #[inline]
    fn cut(text: &'t [u8], len: usize, nibbles: u64) -> Option<(Run<'t>, &'t [u8])> {
        let (text, rest) = text.split_at_checked(len).filter(|_| len > 0)?;
        Some((Run { text, nibbles }, rest))
    }
}

/// How many digits eight bytes begin with, and these, four bits each.
#[inline]
fn leading(eight: [u8; 8]) -> (u32, u64) {
    // A digit becomes 0 to 9. Anything else is above, and with 0x76 more has its uppermost bit set; what that carries is
    // behind it.
    let flipped = u64::from_le_bytes(eight) ^ 0x3030_3030_3030_3030;
    let others = (flipped.wrapping_add(0x7676_7676_7676_7676) | flipped) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() / 8;
    let unused = 8u32.saturating_sub(count).saturating_mul(8);
    let digits = flipped.checked_shl(unused).unwrap_or(0).swap_bytes();
    let pairs = (digits | (digits >> 4)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    (count, (fours | (fours >> 16)) & 0xffff_ffff)
}

/// Eight digits of four bits as bytes.
#[inline]
pub(super) fn spread(nibbles: u64) -> u64 {
    let fours = (nibbles | (nibbles << 16)) & 0x0000_ffff_0000_ffff;
    let pairs = (fours | (fours << 8)) & 0x00ff_00ff_00ff_00ff;
    (pairs | (pairs << 4)) & 0x0f0f_0f0f_0f0f_0f0f
}

impl Codec {
    /// Writes a number that fits as it is; `out` is exactly the field. False, with anything in `out`, for others.
    #[inline]
    pub(crate) fn write_exact(
        self,
        negative: bool,
        whole: Run<'_>,
        fraction: Run<'_>,
        out: &mut [u8],
    ) -> bool {
        let (scale, digits) = match self {
            Codec::Zoned { scale, digits, .. }
            | Codec::Packed { scale, digits, .. }
            | Codec::PackedNoSign { scale, digits }
            | Codec::Binary { scale, digits, .. } => (scale, usize::from(digits)),
            _ => return false,
        };
        if let Some(nibbles) = short(whole, fraction, scale, digits) {
            let negative = negative && nibbles != 0;
            match self {
                Codec::Packed { signed, .. } if signed || !negative => {
                    return packed::write_nibbles(negative, nibbles, signed, out);
                }
                Codec::Zoned { sign, zones, .. }
                    if out.len() <= SHORT && (sign.is_some() || !negative) =>
                {
                    let mut ascii = [0; MOST_DIGITS];
                    if let Some((front, back)) = ascii.split_last_chunk_mut::<8>() {
                        *back = spread(nibbles & 0xffff_ffff).to_be_bytes();
                        if let Some(back) = front.last_chunk_mut::<8>() {
                            *back = spread(nibbles >> 32).to_be_bytes();
                        }
                    }
                    if !matches!(zones, Zones::Utf16(_)) {
                        zoned::write_digits(negative, &ascii, sign, zones, out);
                        return true;
                    }
                }
                _ => {}
            }
        }
        let mut ascii = [b'0'; MOST_DIGITS];
        let Some(significant) = aligned(whole.text, fraction.text, scale, digits, &mut ascii)
        else {
            return false;
        };
        // Minus zero is zero.
        let negative = negative && significant.iter().any(|digit| *digit != b'0');
        if negative && !self.is_signed() {
            return false;
        }
        match self {
            Codec::Zoned { sign, zones, .. } => {
                if matches!(zones, Zones::Utf16(_)) {
                    return false;
                }
                zoned::write_digits(negative, &ascii, sign, zones, out);
                true
            }
            Codec::Packed { signed, .. } => {
                packed::write_digits(negative, &ascii, signed, out);
                true
            }
            Codec::PackedNoSign { .. } => {
                packed::write_pairs(&ascii, out);
                true
            }
            Codec::Binary { signed, order, .. } => {
                let Some(size) = small(significant) else {
                    return false;
                };
                let value = if negative { size.wrapping_neg() } else { size };
                binary::write(i128::from(value), signed, order, out).is_some()
            }
            _ => false,
        }
    }
}

/// All digits of a number that fits, with as many behind the point as `scale` says, four bits each.
#[inline]
fn short(whole: Run<'_>, fraction: Run<'_>, scale: i32, digits: usize) -> Option<u64> {
    let scale = usize::try_from(scale).ok()?;
    let left = digits.checked_sub(scale).filter(|_| digits <= SHORT)?;
    let zero = matches!(whole.text, [b'0']);
    if (whole.text.len() > left && !zero) || fraction.text.len() > scale {
        return None;
    }
    let shifted = |nibbles: u64, places: usize| {
        let bits = u32::try_from(places).ok()?.checked_mul(4)?;
        Some(nibbles.checked_shl(bits).unwrap_or(0))
    };
    let behind = shifted(fraction.nibbles, scale.checked_sub(fraction.text.len())?)?;
    Some(shifted(whole.nibbles, scale)? | behind)
}

/// Puts the digits at the end of the buffer, with as many behind the point as `scale` says. Gives back those that the
/// field's picture has; `None` if there are others.
#[inline]
fn aligned<'b>(
    whole: &[u8],
    fraction: &[u8],
    scale: i32,
    digits: usize,
    ascii: &'b mut [u8; MOST_DIGITS],
) -> Option<&'b [u8]> {
    let scale = usize::try_from(scale).ok()?;
    let whole = match whole {
        [b'0'] => &[],
        whole => whole,
    };
    let left = digits.checked_sub(scale)?;
    if whole.len() > left || fraction.len() > scale {
        return None;
    }
    let point = MOST_DIGITS.checked_sub(scale)?;
    let start = point.checked_sub(whole.len())?;
    let (front, behind) = ascii.split_at_mut_checked(point)?;
    front.get_mut(start..)?.copy_from_slice(whole);
    behind.get_mut(..fraction.len())?.copy_from_slice(fraction);
    ascii.get(MOST_DIGITS.checked_sub(digits)?..)
}

/// At most 18 digits as a number.
#[inline]
fn small(digits: &[u8]) -> Option<i64> {
    if digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0i64, |all, digit| {
        all.checked_mul(10)?.checked_add(i64::from(digit & 0x0f))
    })
}
