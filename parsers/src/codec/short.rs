//! Numbers of at most 15 digits, all of them in one machine word: most numbers of most records.
//!
//! In: the bytes of a zoned or packed field. Out: its digits, each in a byte of its own, checked and taken apart all at
//! once. What is not as it mostly is (leading blanks, seldom signs, anything wrong) is left to [`super::zoned`] and
//! [`super::packed`], which say what it is.

use super::Zones;
use super::exact::spread;
use crate::copybook::Sign;
use crate::visitor::{Magnitude, Number};

/// Digits 0 to 9, one a byte, the last one lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Short(u128);

/// What was read, as of longer numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) negative: bool,
    pub(super) canonical: bool,
    pub(super) digits: Short,
}

impl Read {
    /// With its scale, and whether the bytes are canonical.
    #[inline]
    pub(super) fn number(self, scale: i32) -> (Number<'static>, bool) {
        let number = Number {
            negative: self.negative,
            magnitude: Magnitude::Short(self.digits),
            scale,
        };
        (number, self.canonical)
    }
}

/// Most digits.
const MOST: usize = 15;
/// A 1 in each byte.
const ONES: u128 = u128::MAX / 0xff;

/// Bits of so many bytes.
#[inline]
fn bits(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(0).saturating_mul(8)
}

/// At most 16 bytes as a number, the first uppermost.
#[inline]
fn load(bytes: &[u8]) -> u128 {
    let len = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        // Both have the bytes in the middle.
        let unused = bits(16usize.saturating_sub(len));
        let high = u64::from_be_bytes(*first).checked_shr(unused).unwrap_or(0);
        return (u128::from(high) << 64) | u128::from(u64::from_be_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let first = u64::from(u32::from_be_bytes(*first)) << bits(len.saturating_sub(4));
        return u128::from(first | u64::from(u32::from_be_bytes(*last)));
    }
    bytes
        .iter()
        .fold(0, |all, byte| (all << 8) | u128::from(*byte))
}

/// A zoned field without a sign byte of its own.
#[inline]
pub(super) fn zoned(bytes: &[u8], sign: Option<Sign>, zones: Zones) -> Option<Read> {
    if bytes.len() > MOST || bytes.is_empty() || matches!(zones, Zones::Utf16(_)) {
        return None;
    }
    let unused = bits(16usize.saturating_sub(bytes.len()));
    let pattern = (ONES >> unused).wrapping_mul(u128::from(zones.digit()));
    let mut all = load(bytes);
    let (mut negative, mut canonical) = (false, true);
    if let Some(sign) = sign {
        if sign.separate || zones != Zones::Ebcdic {
            return None;
        }
        let (byte, place) = match sign.leading {
            true => (bytes.first()?, bits(bytes.len().saturating_sub(1))),
            false => (bytes.last()?, 0),
        };
        (negative, canonical) = match byte >> 4 {
            0xc => (false, true),
            0xd => (true, true),
            0xf => (false, false),
            _ => return None,
        };
        all |= 0xf0 << place;
    }
    let digits = all ^ pattern;
    // Anything but 0 to 9 has its uppermost bit set, or has with 0x76 more.
    if (digits.wrapping_add(ONES.wrapping_mul(0x76)) | digits) & ONES.wrapping_mul(0x80) != 0 {
        return None;
    }
    Some(Read {
        negative,
        // Minus zero reads as zero, whose canonical sign is plus.
        canonical: canonical && !(negative && digits == 0),
        digits: Short(digits),
    })
}

/// A packed field with a sign nibble, of a picture of `places` digits.
#[inline]
pub(super) fn packed(bytes: &[u8], signed: bool, places: u16) -> Option<Read> {
    if bytes.len() > 8 {
        return None;
    }
    let all = u64::try_from(load(bytes)).ok()?;
    let (negative, canonical) = match (all & 0x0f, signed) {
        (0xc, _) => (false, signed),
        (0xd, true) => (true, true),
        (0xf, _) => (false, !signed),
        _ => return None,
    };
    let nibbles = all >> 4;
    // Above 9 are those of 8 and more with a 4 or a 2 in them.
    if (nibbles >> 3) & ((nibbles >> 2) | (nibbles >> 1)) & 0x1111_1111_1111_1111 != 0 {
        return None;
    }
    let spare = nibbles.checked_shr(u32::from(places).saturating_mul(4));
    let (high, low) = (spread(nibbles >> 32), spread(nibbles & 0xffff_ffff));
    Some(Read {
        negative,
        canonical: canonical && spare.unwrap_or(0) == 0 && !(negative && nibbles == 0),
        digits: Short((u128::from(high) << 64) | u128::from(low)),
    })
}

impl Short {
    #[inline]
    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// All 16 of them in ASCII, zeros in front.
    #[inline]
    pub(crate) fn ascii(self) -> [u8; 16] {
        (self.0 | ONES.wrapping_mul(0x30)).to_be_bytes()
    }

    /// The number they are.
    #[inline]
    pub(crate) fn value(self) -> u64 {
        let (high, low) = (self.0 >> 64, self.0 & u128::from(u64::MAX));
        let part = |eight: u128| eight_digits(u64::try_from(eight).unwrap_or(0));
        part(high).wrapping_mul(100_000_000).wrapping_add(part(low))
    }

    /// ASCII text with a point before the last `places` digits and as few zeros in front as a number may have: its
    /// bytes, and how many of them count. `None` for more places than there may be digits.
    #[inline]
    pub(crate) fn text(self, places: usize) -> Option<([u8; 16], usize)> {
        if places >= MOST {
            return None;
        }
        let used = 16usize.saturating_sub(usize::try_from(self.0.leading_zeros() / 8).unwrap_or(0));
        let digits = used.max(places.saturating_add(1));
        let ascii = self.0 | ONES.wrapping_mul(0x30);
        let (text, len) = match places {
            0 => (ascii, digits),
            places => {
                let behind = bits(places);
                let whole = (ascii >> behind) << behind;
                let text = (whole << 8) | (0x2e << behind) | (ascii ^ whole);
                (text, digits.saturating_add(1))
            }
        };
        let unused = bits(16usize.saturating_sub(len));
        Some((text.checked_shl(unused).unwrap_or(0).to_be_bytes(), len))
    }
}

/// Eight digits, the last one lowest: each step adds neighbours, of one, two and four digits.
#[inline]
pub(crate) fn eight_digits(ones: u64) -> u64 {
    let tens = (ones >> 8) & 0x00ff_00ff_00ff_00ff;
    let twos = tens
        .wrapping_mul(10)
        .wrapping_add(ones & 0x00ff_00ff_00ff_00ff);
    let hundreds = (twos >> 16) & 0x0000_ffff_0000_ffff;
    let fours = hundreds
        .wrapping_mul(100)
        .wrapping_add(twos & 0x0000_ffff_0000_ffff);
    (fours >> 32)
        .wrapping_mul(10_000)
        .wrapping_add(fours & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;
    use crate::codec::{NO_DIGITS, packed as packed_field, zoned as zoned_field};
    use proptest::prelude::*;

    fn sign() -> impl Strategy<Value = Option<Sign>> {
        let sign = |leading, separate| Some(Sign { leading, separate });
        prop::sample::select(vec![
            None,
            sign(false, false),
            sign(true, false),
            sign(true, true),
        ])
    }

    fn number(ascii: &[u8]) -> u64 {
        std::str::from_utf8(ascii).unwrap().parse().unwrap()
    }

    proptest! {
        /// What is read at once is what is read digit by digit.
        #[test]
        fn zoned_numbers_are_the_same(
            bytes in prop::collection::vec(prop_oneof![20 => 0xf0u8..=0xf9, 4 => 0xc0u8..=0xd9, 4 => 0x30u8..=0x39, 1 => any::<u8>()], 1..18),
            sign in sign(),
            zones in prop::sample::select(vec![Zones::Ebcdic, Zones::Translated, Zones::Ascii]),
        ) {
            let mut digits = NO_DIGITS;
            let slowly = zoned_field::read(&bytes, sign, zones, &mut digits);
            if let Some(read) = zoned(&bytes, sign, zones) {
                let slowly = slowly.unwrap();
                prop_assert_eq!((read.negative, read.canonical), (slowly.negative, slowly.canonical));
                prop_assert_eq!(read.digits.value(), number(&digits[..slowly.len]));
                prop_assert_eq!(number(&read.digits.ascii()), read.digits.value());
            } else {
                let plain = sign.is_none() && bytes.len() <= MOST;
                prop_assert!(!plain || !slowly.is_ok_and(|read| read.canonical));
            }
        }

        #[test]
        fn packed_numbers_are_the_same(
            digits in prop::collection::vec(prop_oneof![20 => 0u8..=9, 1 => 0u8..=15], 0..18),
            last in prop::sample::select(vec![0xcu8, 0xd, 0xf, 0xa, 0x5]),
            signed in any::<bool>(),
            fewer in 1u16..3,
        ) {
            let mut nibbles = digits;
            nibbles.push(last);
            if nibbles.len() % 2 == 1 {
                nibbles.insert(0, 0);
            }
            let bytes: Vec<u8> = nibbles.chunks(2).map(|pair| (pair[0] << 4) | pair[1]).collect();
            let places = u16::try_from(nibbles.len()).unwrap().saturating_sub(fewer);
            let mut digits = NO_DIGITS;
            let slowly = packed_field::read(&bytes, signed, places, &mut digits);
            if let Some(read) = packed(&bytes, signed, places) {
                let slowly = slowly.unwrap();
                prop_assert_eq!((read.negative, read.canonical), (slowly.negative, slowly.canonical));
                prop_assert_eq!(read.digits.value(), number(&digits[..slowly.len]));
            } else {
                prop_assert!(bytes.len() > 8 || !slowly.is_ok_and(|read| read.canonical));
            }
        }

        #[test]
        fn the_text_is_the_number_with_its_point(number in prop_oneof![0u64..1000, 0u64..1_000_000_000_000_000], places in 0i32..15) {
            let bytes: Vec<u8> = format!("{number:015}").bytes().map(|digit| digit | 0xf0).collect();
            let read = zoned(&bytes, None, Zones::Ebcdic).unwrap();
            let (text, len) = read.digits.text(usize::try_from(places).unwrap()).unwrap();
            let wanted = Decimal::new(i128::from(number), places).to_string();
            prop_assert_eq!(std::str::from_utf8(&text[..len]).unwrap(), wanted);
        }
    }
}
