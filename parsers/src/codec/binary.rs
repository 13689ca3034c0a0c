//! COMP, COMP-4, BINARY and COMP-5: two's complement or unsigned integers of 2, 4 or 8 bytes, big endian.
//!
//! Reading takes whatever the bytes hold: a field that programs compiled with TRUNC(BIN) or TRUNC(OPT) wrote may
//! exceed its picture (Programming Guide, "TRUNC"). Writing keeps COMP to its picture, as TRUNC(STD) does, and COMP-5
//! to its bytes.

/// Sign and magnitude. Any bytes are a number, so there is nothing to be wrong.
#[inline]
pub(crate) fn read(bytes: &[u8], signed: bool) -> (bool, u64) {
    let mut value = 0u64;
    for byte in bytes {
        value = (value << 8) | u64::from(*byte);
    }
    let negative = signed && bytes.first().is_some_and(|byte| byte & 0x80 != 0);
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

/// Writes the value if the bytes can hold it.
pub(crate) fn write_native(value: i128, signed: bool, out: &mut [u8]) -> Option<()> {
    let bits = u32::try_from(out.len()).ok()?.checked_mul(8)?;
    let (least, most) = if signed {
        let half = 1i128.checked_shl(bits.checked_sub(1)?)?;
        (half.checked_neg()?, half.checked_sub(1)?)
    } else {
        (0, 1i128.checked_shl(bits)?.checked_sub(1)?)
    };
    if value < least || value > most {
        return None;
    }
    let bytes = value.to_be_bytes();
    let start = bytes.len().checked_sub(out.len())?;
    out.copy_from_slice(bytes.get(start..)?);
    Some(())
}
