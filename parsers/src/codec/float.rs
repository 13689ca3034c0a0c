//! COMP-1 and COMP-2: IBM hexadecimal floating point (z/Architecture Principles of Operation, "Hexadecimal floating
//! point"): a sign, a power of 16 in excess 64, a fraction of 24 or 56 bits.
//!
//! Every short and every long with at most 53 significant bits is an `f64` exactly; other longs are rounded to the
//! nearest and keep their bytes as residue. Writing gives the normalized form; true zero is all zero bits.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "exponents stay within a few hundred; shifts are below 64 by construction"
)]

use super::{Bad, Float, ieee};
use crate::error::FieldErrorKind;
use crate::layout::options::Endian;

/// The value of a field in its form.
pub(crate) fn read_as(form: Float, bytes: &[u8]) -> Result<f64, Bad> {
    match form {
        Float::Hfp(Endian::Big) => Ok(read(bytes)),
        Float::Hfp(Endian::Little) => {
            let mut turned = [0; 8];
            let turned = turned.get_mut(..bytes.len()).unwrap_or_default();
            for (to, from) in turned.iter_mut().zip(bytes.iter().rev()) {
                *to = *from;
            }
            Ok(read(turned))
        }
        Float::Ieee(order) => ieee::read(bytes, order),
    }
}

/// Writes the nearest value in a form.
pub(crate) fn write_as(form: Float, value: f64, out: &mut [u8]) -> Result<(), Bad> {
    match form {
        Float::Hfp(order) => {
            write(value, out)?;
            if order == Endian::Little {
                out.reverse();
            }
            Ok(())
        }
        Float::Ieee(order) => ieee::write(value, order, out),
    }
}

/// Whether writing a value gives these bytes.
pub(crate) fn is_canonical(form: Float, value: f64, bytes: &[u8]) -> bool {
    let mut again = [0; 8];
    match again.get_mut(..bytes.len()) {
        Some(again) => write_as(form, value, again).is_ok() && again == bytes,
        None => false,
    }
}

/// The value; any bytes are one.
#[allow(
    clippy::cast_precision_loss,
    reason = "rounding of a 56-bit fraction is what the contract says"
)]
fn read(bytes: &[u8]) -> f64 {
    let Some((first, fraction)) = bytes.split_first() else {
        return 0.0;
    };
    let mut digits = 0u64;
    for byte in fraction.iter().take(7) {
        digits = (digits << 8) | u64::from(*byte);
    }
    if digits == 0 {
        return 0.0;
    }
    let bits = i32::try_from(fraction.len().min(7) * 8).unwrap_or(0);
    let power = (i32::from(first & 0x7f) - 64) * 4 - bits;
    let magnitude = digits as f64 * two_to(power);
    if first & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// 2^power for powers of normal numbers.
fn two_to(power: i32) -> f64 {
    f64::from_bits(u64::try_from(power + 1023).unwrap_or(0) << 52)
}

/// Writes the nearest normalized value (half to even).
fn write(value: f64, out: &mut [u8]) -> Result<(), Bad> {
    let range = |what: &str| {
        Bad::new(
            FieldErrorKind::Range,
            format!("{value:e} is {what} a hexadecimal float"),
        )
    };
    if !value.is_finite() {
        return Err(range("no number that fits"));
    }
    out.fill(0);
    let bits = value.to_bits();
    if bits << 1 == 0 {
        return Ok(());
    }
    let width = i32::try_from(out.len().saturating_sub(1).min(7) * 8).unwrap_or(0);
    // value = mantissa * 2^exponent with the mantissa's bit 52 set.
    let raw = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if raw == 0 {
        let shift = fraction.leading_zeros() - 11;
        (fraction << shift, -1074 - i32::try_from(shift).unwrap_or(0))
    } else {
        (fraction | (1 << 52), raw - 1075)
    };
    // The smallest power of 16 above the value.
    let mut power = (exponent + 53).div_euclid(4) + i32::from((exponent + 53).rem_euclid(4) != 0);
    let shift = exponent - 4 * power + width;
    let mut digits = if shift >= 0 {
        mantissa << u32::try_from(shift).unwrap_or(0)
    } else {
        let down = u32::try_from(-shift).unwrap_or(0);
        let (kept, lost) = (mantissa >> down, mantissa & ((1 << down) - 1));
        let half = 1u64 << (down - 1);
        kept + u64::from(lost > half || (lost == half && kept & 1 == 1))
    };
    if digits >> width != 0 {
        digits >>= 4;
        power += 1;
    }
    let characteristic = u8::try_from(power + 64)
        .ok()
        .filter(|power| *power < 128)
        .ok_or_else(|| {
            range(if power > 0 {
                "too large for"
            } else {
                "too small for"
            })
        })?;
    let sign = if value.is_sign_negative() { 0x80 } else { 0 };
    if let Some((first, rest)) = out.split_first_mut() {
        *first = characteristic | sign;
        for byte in rest.iter_mut().rev() {
            *byte = u8::try_from(digits & 0xff).unwrap_or(0);
            digits >>= 8;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        crate::json::hex(bytes)
    }

    /// Examples of IBM's and others' manuals: 1.0, -118.625, 100, pi as a long, the largest short.
    #[test]
    #[allow(
        clippy::float_cmp,
        clippy::approx_constant,
        reason = "exactness is the point"
    )]
    fn known_values() {
        for (value, short) in [
            (0.0, "00000000"),
            (1.0, "41100000"),
            (-118.625, "C276A000"),
            (100.0, "42640000"),
            (0.5, "40800000"),
            (16.0, "42100000"),
            (0.0625, "40100000"),
            (7.237_005_145_973_115_5e75, "7FFFFFFF"),
        ] {
            let mut out = [0; 4];
            write(value, &mut out).unwrap();
            assert_eq!(hex(&out), short, "{value}");
            assert_eq!(read(&out), value);
        }
        let mut out = [0; 8];
        write(std::f64::consts::PI, &mut out).unwrap();
        assert_eq!(hex(&out), "413243F6A8885A30");
        assert_eq!(read(&out), std::f64::consts::PI);
        assert!(write(1e76, &mut out).is_err());
        assert!(write(1e-80, &mut out).is_err());
        assert!(write(f64::NAN, &mut out).is_err());
    }
}
