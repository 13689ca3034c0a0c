//! COMP-1 and COMP-2 as IEEE 754 binary32 and binary64 (Programming Guide, "FLOAT" option; every platform but z/OS).
//!
//! Every finite value is an `f64` exactly. Infinities and NaN are no numbers of COBOL or of JSON: they do not decode.

use super::Bad;
use crate::error::FieldErrorKind;
use crate::layout::options::Endian;

/// The value of 4 or 8 bytes.
pub(crate) fn read(bytes: &[u8], order: Endian) -> Result<f64, Bad> {
    let mut short = [0; 4];
    let mut long = [0; 8];
    let value = if bytes.len() == short.len() {
        short.copy_from_slice(bytes);
        f64::from(match order {
            Endian::Big => f32::from_be_bytes(short),
            Endian::Little => f32::from_le_bytes(short),
        })
    } else {
        for (to, from) in long.iter_mut().zip(bytes) {
            *to = *from;
        }
        match order {
            Endian::Big => f64::from_be_bytes(long),
            Endian::Little => f64::from_le_bytes(long),
        }
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Bad::new(
            FieldErrorKind::Range,
            format!("{value} is no finite number"),
        ))
    }
}

/// Writes the nearest value (half to even).
pub(crate) fn write(value: f64, order: Endian, out: &mut [u8]) -> Result<(), Bad> {
    let range = || {
        Bad::new(
            FieldErrorKind::Range,
            format!(
                "{value:e} does not fit an IEEE float of {} bytes",
                out.len()
            ),
        )
    };
    if !value.is_finite() {
        return Err(range());
    }
    if out.len() == 4 {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "rounding to the nearest short is what the contract says"
        )]
        let short = value as f32;
        if !short.is_finite() {
            return Err(range());
        }
        out.copy_from_slice(&match order {
            Endian::Big => short.to_be_bytes(),
            Endian::Little => short.to_le_bytes(),
        });
    } else {
        let long = match order {
            Endian::Big => value.to_be_bytes(),
            Endian::Little => value.to_le_bytes(),
        };
        for (to, from) in out.iter_mut().zip(long) {
            *to = from;
        }
    }
    Ok(())
}
