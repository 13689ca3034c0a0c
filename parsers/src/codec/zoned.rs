//! USAGE DISPLAY numbers: one digit a byte, the sign in the zone of the first or last byte or in a byte of its own.
//!
//! Zones: F is a digit; in the sign position A C E F are plus and B D are minus (z/Architecture Principles of
//! Operation, "Decimal-operand formats"); canonical are C and D in a signed field, F in an unsigned one. Leading
//! blanks count as zeros, as the machine's PACK takes them; a field of blanks only is no number.

use super::{BLANK, Bad, Digits, not_a_number};
use crate::copybook::Sign;
use crate::error::FieldErrorKind;

/// What was read; the digits are ASCII in the caller's buffer.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) negative: bool,
    pub(crate) canonical: bool,
    pub(crate) len: usize,
}

const PLUS: u8 = 0x4e;
const MINUS: u8 = 0x60;

#[inline]
pub(crate) fn read(bytes: &[u8], sign: Option<Sign>, out: &mut Digits) -> Result<Read, Bad> {
    let separate = sign.filter(|sign| sign.separate);
    if let Some(sign) = separate {
        return read_separate(bytes, sign, out);
    }
    let Some(digits) = out.get_mut(..bytes.len()) else {
        return Err(Bad::new(
            FieldErrorKind::Range,
            "more digits than a number can have",
        ));
    };
    // 0xF0..=0xF9 to '0'..='9': the zone's upper two bits go. A byte above 9 after flipping the zone is no digit.
    let mut worst = 0u8;
    for (digit, byte) in digits.iter_mut().zip(bytes) {
        *digit = byte & 0x3f;
        worst = worst.max(byte ^ 0xf0);
    }
    if worst <= 9 && sign.is_none() {
        return Ok(Read {
            negative: false,
            canonical: true,
            len: bytes.len(),
        });
    }
    read_signed(bytes, sign, digits)
}

/// The same with a sign to find, or with something wrong.
#[inline]
fn read_signed(bytes: &[u8], sign: Option<Sign>, digits: &mut [u8]) -> Result<Read, Bad> {
    let len = bytes.len();
    let leading = sign.is_some_and(|sign| sign.leading);
    let (signed, others) = match (leading, bytes) {
        (true, [first, rest @ ..]) => (*first, rest),
        (false, [rest @ .., last]) => (*last, rest),
        (_, []) => return Err(Bad::new(FieldErrorKind::Digit, "no digits")),
    };
    let mut worst = 0u8;
    for byte in others {
        worst = worst.max(byte ^ 0xf0);
    }
    let canonical_others = worst <= 9;
    if !canonical_others {
        // Leading blanks are zeros; anything else is not a digit. With a leading sign there are none.
        let blanks = if leading {
            0
        } else {
            others.iter().take_while(|byte| **byte == BLANK).count()
        };
        if blanks == 0 || others.iter().skip(blanks).any(|byte| byte ^ 0xf0 > 9) {
            return Err(not_a_number(bytes, || bad_digit(bytes, sign)));
        }
        for digit in digits.iter_mut().take(blanks) {
            *digit = b'0';
        }
    }
    let nibble = signed & 0x0f;
    if nibble > 9 {
        return Err(not_a_number(bytes, || bad_digit(bytes, sign)));
    }
    let digit = if leading {
        digits.first_mut()
    } else {
        digits.last_mut()
    };
    if let Some(digit) = digit {
        *digit = b'0' | nibble;
    }
    let zone = signed >> 4;
    let negative = match zone {
        0xa | 0xc | 0xe | 0xf => false,
        0xb | 0xd => true,
        _ => return Err(not_a_number(bytes, || bad_sign(signed))),
    };
    let canonical_zone = match sign {
        None if negative => {
            return Err(Bad::new(
                FieldErrorKind::Sign,
                "a minus sign in a field without a sign",
            ));
        }
        None => zone == 0xf,
        // Minus zero reads as zero, whose canonical sign is plus.
        Some(_) if negative => zone == 0xd && digits.iter().any(|digit| *digit != b'0'),
        Some(_) => zone == 0xc,
    };
    Ok(Read {
        negative,
        canonical: canonical_zone && canonical_others,
        len,
    })
}

fn read_separate(bytes: &[u8], sign: Sign, out: &mut Digits) -> Result<Read, Bad> {
    let (signed, rest) = match (sign.leading, bytes) {
        (true, [first, rest @ ..]) => (*first, rest),
        (false, [rest @ .., last]) => (*last, rest),
        (_, []) => return Err(Bad::new(FieldErrorKind::Digit, "no digits")),
    };
    let read = read(rest, None, out).map_err(|bad| match bad.kind {
        // "Blanks only" is said of the whole field.
        FieldErrorKind::Blank if bytes.iter().any(|byte| *byte != signed) => {
            Bad::new(FieldErrorKind::Digit, "a sign without digits")
        }
        _ => bad,
    })?;
    let negative = match signed {
        PLUS => false,
        MINUS => true,
        _ => {
            let message = format!("wanted + (4E) or - (60) as the separate sign, got {signed:02X}");
            return Err(Bad::new(FieldErrorKind::Sign, message));
        }
    };
    let zero = out
        .get(..read.len)
        .is_some_and(|digits| digits.iter().all(|digit| *digit == b'0'));
    Ok(Read {
        negative,
        canonical: read.canonical && !(negative && zero),
        len: read.len,
    })
}

#[cold]
fn bad_digit(bytes: &[u8], sign: Option<Sign>) -> Bad {
    let leading = sign.is_some_and(|sign| sign.leading);
    let last = bytes.len().saturating_sub(1);
    let found = bytes.iter().enumerate().find(|(index, byte)| {
        let in_sign = if leading { *index == 0 } else { *index == last };
        if in_sign {
            **byte & 0x0f > 9
        } else {
            **byte ^ 0xf0 > 9
        }
    });
    match found {
        Some((index, byte)) => Bad::new(
            FieldErrorKind::Digit,
            format!(
                "wanted a digit (F0 to F9) as byte {} of the field, got {byte:02X}",
                index.saturating_add(1)
            ),
        ),
        None => Bad::new(FieldErrorKind::Digit, "wanted digits (F0 to F9)"),
    }
}

#[cold]
fn bad_sign(byte: u8) -> Bad {
    Bad::new(
        FieldErrorKind::Sign,
        format!("wanted a sign zone (A to F) in the sign position, got {byte:02X}"),
    )
}

/// Writes canonical bytes; the magnitude fits.
pub(crate) fn write(negative: bool, magnitude: u128, sign: Option<Sign>, out: &mut [u8]) {
    let digits = match (sign.filter(|sign| sign.separate), &mut *out) {
        (Some(Sign { leading: true, .. }), [first, rest @ ..]) => {
            *first = if negative { MINUS } else { PLUS };
            rest
        }
        (Some(_), [rest @ .., last]) => {
            *last = if negative { MINUS } else { PLUS };
            rest
        }
        (_, all) => all,
    };
    let mut left = magnitude;
    for byte in digits.iter_mut().rev() {
        let digit = u8::try_from(left.checked_rem(10).unwrap_or(0)).unwrap_or(0);
        *byte = 0xf0 | digit;
        left = left.checked_div(10).unwrap_or(0);
    }
    if let Some(sign) = sign.filter(|sign| !sign.separate) {
        let byte = if sign.leading {
            digits.first_mut()
        } else {
            digits.last_mut()
        };
        if let Some(byte) = byte {
            *byte = (*byte & 0x0f) | if negative { 0xd0 } else { 0xc0 };
        }
    }
}
