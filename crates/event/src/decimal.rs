//! Exact decimals: an unscaled integer of any size and a scale, and Connect's logical type for them.
//!
//! Connect carries a decimal as the unscaled value in two's complement, big endian, in as few bytes as it needs
//! (`java.math.BigInteger.toByteArray`), with the scale in the schema. A value never passes through a float.

use std::fmt;

use crate::{Error, Field, Schema};

/// Connect's logical type (`org.apache.kafka.connect.data.Decimal`).
pub const NAME: &str = "org.apache.kafka.connect.data.Decimal";
/// The schema parameter that holds the scale.
pub(crate) const SCALE: &str = "scale";
/// The schema parameter that Debezium adds: the number of digits, which Connect's own type does not know.
pub(crate) const PRECISION: &str = "connect.decimal.precision";

/// The longest unscaled value, in bytes. PostgreSQL's largest numeric (131,072 digits before the point) is shorter.
pub const MAX_BYTES: usize = 65_536;

/// Where plain digits end and an exponent begins in text: beyond this scale zeros would cost more than they say.
const PLAIN_SCALE: i32 = 1_000;

/// A schema for decimals of `precision` digits, `scale` of them after the point; never null.
#[must_use]
pub fn schema(precision: u32, scale: i32) -> Schema {
    Schema::bytes()
        .named(NAME)
        .version(1)
        .parameter(SCALE, scale.to_string())
        .parameter(PRECISION, precision.to_string())
}

/// Debezium's type for numbers whose scale differs from value to value
/// (`io.debezium.data.VariableScaleDecimal`): a struct of scale and unscaled bytes.
///
/// # Errors
/// Never in practice: the schema is a constant.
pub fn variable_scale_schema() -> Result<Schema, Error> {
    let fields = vec![
        Field::new("scale", Schema::int32()),
        Field::new("value", Schema::bytes()),
    ];
    let schema = Schema::structure(fields)?;
    Ok(schema
        .named("io.debezium.data.VariableScaleDecimal")
        .version(1)
        .doc("Variable scaled decimal"))
}

/// An exact decimal number: `unscaled × 10^-scale`. Two decimals are equal when both parts are: 1.0 is not 1.00.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    unscaled: Unscaled,
    scale: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Unscaled {
    Small(i128),
    /// Minimal two's complement, big endian; longer than an `i128`.
    Big(Box<[u8]>),
}

impl Decimal {
    /// The number `unscaled × 10^-scale`.
    #[must_use]
    pub fn new(unscaled: i128, scale: i32) -> Self {
        Self {
            unscaled: Unscaled::Small(unscaled),
            scale,
        }
    }

    /// A number from its unscaled value in two's complement, big endian; longer than it need be is allowed.
    ///
    /// # Errors
    /// When there is no byte, or more than [`MAX_BYTES`].
    pub fn from_unscaled_bytes(bytes: &[u8], scale: i32) -> Result<Self, Error> {
        let Some(first) = bytes.first() else {
            return Err(Error::datum(
                "wanted at least one byte of a decimal's unscaled value, got none",
            ));
        };
        let bytes = minimal(bytes);
        if bytes.len() > MAX_BYTES {
            let found = bytes.len();
            return Err(Error::datum(format!(
                "wanted at most {MAX_BYTES} bytes of a decimal's unscaled value, got {found}"
            )));
        }
        let mut whole = [if *first >= 0x80 { 0xFF } else { 0 }; 16];
        let unscaled = match whole
            .len()
            .checked_sub(bytes.len())
            .and_then(|start| whole.get_mut(start..))
        {
            Some(tail) => {
                tail.copy_from_slice(bytes);
                Unscaled::Small(i128::from_be_bytes(whole))
            }
            None => Unscaled::Big(bytes.into()),
        };
        Ok(Self { unscaled, scale })
    }

    /// Digits after the point; negative when the unscaled value counts tens, hundreds, ….
    #[must_use]
    pub fn scale(&self) -> i32 {
        self.scale
    }

    /// The unscaled value, when it fits.
    #[must_use]
    pub fn unscaled(&self) -> Option<i128> {
        match self.unscaled {
            Unscaled::Small(value) => Some(value),
            Unscaled::Big(_) => None,
        }
    }

    /// How many digits the unscaled value has; 1 for zero (`java.math.BigDecimal.precision`).
    #[must_use]
    pub fn precision(&self) -> u32 {
        let digits = match &self.unscaled {
            Unscaled::Small(value) => decimal_digits(value.unsigned_abs(), &mut [0_u8; 39]).len(),
            Unscaled::Big(bytes) => big_digits(bytes).1.len(),
        };
        u32::try_from(digits).unwrap_or(u32::MAX)
    }

    /// Hands over the unscaled value as Connect carries it: two's complement, big endian, as short as can be.
    pub fn with_unscaled_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        match &self.unscaled {
            Unscaled::Small(value) => f(minimal(&value.to_be_bytes())),
            Unscaled::Big(bytes) => f(bytes),
        }
    }

    /// Appends the number as plain digits (`-0.01`): a JSON number, exact. A negative or very large scale is written
    /// with an exponent (`12E3`), so that the text is never much longer than the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.unscaled {
            Unscaled::Small(value) => {
                let mut buffer = [0_u8; 39]; // digits of 2^127
                let digits = decimal_digits(value.unsigned_abs(), &mut buffer);
                self.write_digits(*value < 0, digits, out);
            }
            Unscaled::Big(bytes) => {
                let (negative, digits) = big_digits(bytes);
                self.write_digits(negative, &digits, out);
            }
        }
    }

    fn write_digits(&self, negative: bool, digits: &[u8], out: &mut Vec<u8>) {
        if negative {
            out.push(b'-');
        }
        let places = match usize::try_from(self.scale) {
            Ok(places) if self.scale <= PLAIN_SCALE => places,
            _ => {
                out.extend_from_slice(digits);
                if digits != b"0" {
                    out.extend_from_slice(
                        format!("E{}", i64::from(self.scale).saturating_neg()).as_bytes(),
                    );
                }
                return;
            }
        };
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
        out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
        if places > 0 {
            out.push(b'.');
            let zeros = places.saturating_sub(fraction.len());
            out.resize(out.len().saturating_add(zeros), b'0');
            out.extend_from_slice(fraction);
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// The same number without the bytes that only repeat its sign.
fn minimal(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        match (first, rest.first()) {
            (0x00, Some(next)) if *next < 0x80 => bytes = rest,
            (0xFF, Some(next)) if *next >= 0x80 => bytes = rest,
            _ => break,
        }
    }
    bytes
}

/// The digits of `value` at the end of `buffer`; "0" for zero.
fn decimal_digits(mut value: u128, buffer: &mut [u8; 39]) -> &[u8] {
    let mut used = 0_usize;
    // Division of a u128 is slow; most numbers of business fit 64 bits.
    for slot in buffer.iter_mut().rev() {
        let digit = match u64::try_from(value) {
            Ok(small) => {
                value = u128::from(small / 10);
                small % 10
            }
            Err(_) => {
                let digit = value % 10;
                value /= 10;
                u64::try_from(digit).unwrap_or(0)
            }
        };
        *slot = b'0'.saturating_add(u8::try_from(digit).unwrap_or(0));
        used = used.saturating_add(1);
        if value == 0 {
            break;
        }
    }
    let start = buffer.len().saturating_sub(used);
    buffer.get(start..).unwrap_or_default()
}

/// Sign and digits of a long two's complement number, by repeated division by 10^9.
fn big_digits(bytes: &[u8]) -> (bool, Vec<u8>) {
    const BASE: u64 = 1_000_000_000;
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let mut magnitude = magnitude(bytes, negative);
    let mut groups: Vec<u64> = Vec::new();
    while !magnitude.is_empty() {
        let mut remainder = 0_u64;
        for limb in &mut magnitude {
            // remainder < 10^9 < 2^30 and a limb has 32 bits: this never leaves 62 bits
            let part = (remainder << 32) | u64::from(*limb);
            *limb = u32::try_from(part / BASE).unwrap_or(u32::MAX);
            remainder = part % BASE;
        }
        groups.push(remainder);
        let zeros = magnitude.iter().take_while(|limb| **limb == 0).count();
        magnitude.drain(..zeros);
    }
    let mut digits = Vec::with_capacity(groups.len().saturating_mul(9));
    for group in groups.iter().rev() {
        let text = if digits.is_empty() {
            group.to_string()
        } else {
            format!("{group:09}")
        };
        digits.extend_from_slice(text.as_bytes());
    }
    (negative, digits)
}

/// The magnitude as 32-bit limbs, most significant first, without leading zeros.
fn magnitude(bytes: &[u8], negative: bool) -> Vec<u32> {
    let mut limbs: Vec<u32> = bytes
        .rchunks(4)
        .map(|chunk| {
            let fill = if negative { 0xFF } else { 0 };
            let mut limb = [fill; 4];
            for (to, from) in limb.iter_mut().rev().zip(chunk.iter().rev()) {
                *to = *from;
            }
            u32::from_be_bytes(limb)
        })
        .collect();
    if negative {
        let mut carry = true;
        for limb in &mut limbs {
            let (value, overflow) = (!*limb).overflowing_add(u32::from(carry));
            *limb = value;
            carry = overflow;
        }
        if carry {
            limbs.push(1);
        }
    }
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
    limbs.reverse();
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes_of(decimal: &Decimal) -> Vec<u8> {
        decimal.with_unscaled_bytes(<[u8]>::to_vec)
    }

    #[test]
    fn unscaled_bytes_are_minimal() {
        let bytes = |value| bytes_of(&Decimal::new(value, 2));
        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(-1), [0xFF]);
        assert_eq!(bytes(127), [0x7F]);
        assert_eq!(bytes(128), [0, 0x80]);
        assert_eq!(bytes(-128), [0x80]);
        assert_eq!(bytes(-129), [0xFF, 0x7F]);
        assert_eq!(
            bytes(123_456_789_012_345),
            [0x70, 0x48, 0x86, 0x0D, 0xDF, 0x79]
        ); // as Debezium writes it
    }

    #[test]
    fn text_is_plain_digits() {
        let text = |unscaled, scale| Decimal::new(unscaled, scale).to_string();
        assert_eq!(text(-1, 2), "-0.01");
        assert_eq!(text(0, 2), "0.00");
        assert_eq!(text(0, 0), "0");
        assert_eq!(text(0, -3), "0");
        assert_eq!(text(12, -3), "12E3");
        assert_eq!(text(1, i32::MAX), "1E-2147483647");
        assert_eq!(text(-5, i32::MIN), "-5E2147483648");
        assert_eq!(text(i128::MIN, 0), i128::MIN.to_string());
        assert_eq!(text(123_456, 3), "123.456");
    }

    #[test]
    fn an_empty_or_endless_value_is_refused() {
        assert!(Decimal::from_unscaled_bytes(&[], 0).is_err());
        assert!(Decimal::from_unscaled_bytes(&[1; MAX_BYTES + 1], 0).is_err());
        assert_eq!(
            Decimal::from_unscaled_bytes(&[0; MAX_BYTES + 1], 0),
            Ok(Decimal::new(0, 0))
        );
    }

    /// Schoolbook arithmetic on digits, independent of the limbs above: value = Σ byte × 256^i, sign by subtraction.
    fn digits_by_hand(bytes: &[u8]) -> String {
        fn times_256_plus(digits: &mut Vec<u32>, add: u32) {
            let mut carry = add;
            for digit in digits.iter_mut() {
                let value = *digit * 256 + carry;
                *digit = value % 10;
                carry = value / 10;
            }
            while carry > 0 {
                digits.push(carry % 10);
                carry /= 10;
            }
        }
        let negative = bytes[0] >= 0x80;
        let mut digits = vec![];
        for byte in bytes {
            times_256_plus(
                &mut digits,
                u32::from(if negative { !*byte } else { *byte }),
            );
        }
        if negative {
            let mut carry = 1;
            for digit in &mut digits {
                *digit += carry;
                carry = *digit / 10;
                *digit %= 10;
            }
            if carry > 0 {
                digits.push(carry);
            }
        }
        while digits.len() > 1 && digits.last() == Some(&0) {
            digits.pop();
        }
        let text: String = digits.iter().rev().map(u32::to_string).collect();
        format!(
            "{}{}",
            if negative { "-" } else { "" },
            if text.is_empty() { "0" } else { &text }
        )
    }

    proptest! {
        #[test]
        fn digits_of_any_length_are_right(bytes in prop::collection::vec(any::<u8>(), 1..90)) {
            let decimal = Decimal::from_unscaled_bytes(&bytes, 0).unwrap();
            prop_assert_eq!(decimal.to_string(), digits_by_hand(&bytes));
        }

        #[test]
        fn bytes_round_trip(bytes in prop::collection::vec(any::<u8>(), 1..40), scale in any::<i32>()) {
            let decimal = Decimal::from_unscaled_bytes(&bytes, scale).unwrap();
            let short = bytes_of(&decimal);
            prop_assert!(bytes.ends_with(&short));
            prop_assert_eq!(Decimal::from_unscaled_bytes(&short, scale).unwrap(), decimal);
        }

        #[test]
        fn small_numbers_agree_with_i128(value in any::<i128>()) {
            let decimal = Decimal::new(value, 0);
            prop_assert_eq!(decimal.to_string(), value.to_string());
            prop_assert_eq!(Decimal::from_unscaled_bytes(&value.to_be_bytes(), 0).unwrap(), decimal);
        }
    }
}
