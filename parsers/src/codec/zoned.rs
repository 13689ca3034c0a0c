//! USAGE DISPLAY numbers: one digit a byte, the sign in the zone of the first or last byte or in a byte of its own.
//!
//! Which bytes are digits and signs is for [`Zones`] to say. Leading blanks count as zeros, as the machine's PACK takes
//! them; a field of blanks only is no number.
//!
//! National decimal items (Language Reference, "Computational items", "National decimal") have the same characters in
//! UTF-16, and their sign is always one of them.

use super::exact::{MOST_DIGITS, ascii};
use super::zones::{NoPunch, Punch, Zones};
use super::{Bad, Digits, Filler, not_a_number};
use crate::copybook::Sign;
use crate::error::FieldErrorKind;
use crate::layout::options::Endian;

/// What was read; the digits are ASCII in the caller's buffer.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) negative: bool,
    pub(crate) canonical: bool,
    pub(crate) len: usize,
}

#[inline]
pub(crate) fn read(
    bytes: &[u8],
    sign: Option<Sign>,
    zones: Zones,
    out: &mut Digits,
) -> Result<Read, Bad> {
    if let Zones::Utf16(order) = zones {
        return read_wide(bytes, sign, order, out);
    }
    let separate = sign.filter(|sign| sign.separate);
    if let Some(sign) = separate {
        return read_separate(bytes, sign, zones, out);
    }
    let Some(digits) = out.get_mut(..bytes.len()) else {
        return Err(Bad::new(
            FieldErrorKind::Range,
            "more digits than a number can have",
        ));
    };
    // F0..F9 or 30..39 to '0'..='9': the zone's upper two bits go. A byte above 9 after flipping the zone is no digit.
    let zone = zones.digit();
    let mut worst = 0u8;
    for (digit, byte) in digits.iter_mut().zip(bytes) {
        *digit = byte & 0x3f;
        worst = worst.max(byte ^ zone);
    }
    if worst <= 9 && sign.is_none() {
        return Ok(Read {
            negative: false,
            canonical: true,
            len: bytes.len(),
        });
    }
    read_signed(bytes, sign, zones, digits)
}

/// The same with a sign to find, or with something wrong.
#[inline]
fn read_signed(
    bytes: &[u8],
    sign: Option<Sign>,
    zones: Zones,
    digits: &mut [u8],
) -> Result<Read, Bad> {
    let len = bytes.len();
    let leading = sign.is_some_and(|sign| sign.leading);
    let (signed, others) = match (leading, bytes) {
        (true, [first, rest @ ..]) => (*first, rest),
        (false, [rest @ .., last]) => (*last, rest),
        (_, []) => return Err(Bad::new(FieldErrorKind::Digit, "no digits")),
    };
    let zone = zones.digit();
    let mut worst = 0u8;
    for byte in others {
        worst = worst.max(byte ^ zone);
    }
    let canonical_others = worst <= 9;
    if !canonical_others {
        // Leading blanks are zeros; anything else is not a digit. With a leading sign there are none.
        let blank = zones.fill(Filler::Space);
        let blanks = if leading {
            0
        } else {
            others.iter().take_while(|byte| **byte == blank).count()
        };
        if blanks == 0 || others.iter().skip(blanks).any(|byte| byte ^ zone > 9) {
            return Err(not_a_number(bytes, zones, || bad_digit(bytes, sign, zones)));
        }
        for digit in digits.iter_mut().take(blanks) {
            *digit = b'0';
        }
    }
    let punched = match zones.overpunch(signed) {
        Ok(punched) => punched,
        Err(NoPunch::Digit) => {
            return Err(not_a_number(bytes, zones, || bad_digit(bytes, sign, zones)));
        }
        Err(NoPunch::Sign) => return Err(not_a_number(bytes, zones, || bad_sign(signed, zones))),
    };
    let digit = if leading {
        digits.first_mut()
    } else {
        digits.last_mut()
    };
    if let Some(digit) = digit {
        *digit = b'0' | punched.digit;
    }
    let negative = punched.sign.is_minus();
    let canonical_zone = match sign {
        None if negative => {
            return Err(Bad::new(
                FieldErrorKind::Sign,
                "a minus sign in a field without a sign",
            ));
        }
        None => punched.sign == Punch::None,
        // Minus zero reads as zero, whose canonical sign is plus.
        Some(_) if negative => {
            punched.sign == Punch::Minus && digits.iter().any(|digit| *digit != b'0')
        }
        Some(_) => {
            punched.sign
                == if matches!(zones, Zones::Ascii | Zones::Utf16(_)) {
                    Punch::None
                } else {
                    Punch::Plus
                }
        }
    };
    Ok(Read {
        negative,
        canonical: canonical_zone && canonical_others,
        len,
    })
}

/// The characters of a UTF-16 field, which are all of ASCII, one byte each. The caller cuts the buffer.
pub(super) fn narrow<'o>(
    bytes: &[u8],
    order: Endian,
    out: &'o mut Digits,
) -> Result<&'o [u8], Bad> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let Some(narrow) = out.get_mut(..pairs.len()) else {
        return Err(Bad::new(
            FieldErrorKind::Range,
            "more digits than a number can have",
        ));
    };
    for (index, (to, pair)) in narrow.iter_mut().zip(pairs).enumerate() {
        let [high, low] = match order {
            Endian::Big => *pair,
            Endian::Little => [pair[1], pair[0]],
        };
        if high != 0 {
            return Err(not_a_number(bytes, Zones::Utf16(order), || {
                Bad::new(
                    FieldErrorKind::Digit,
                    format!(
                        "wanted a digit (0030 to 0039) as character {} of the field, got {high:02X}{low:02X}",
                        index.saturating_add(1)
                    ),
                )
            }));
        }
        *to = low;
    }
    Ok(narrow)
}

fn read_wide(
    bytes: &[u8],
    sign: Option<Sign>,
    order: Endian,
    out: &mut Digits,
) -> Result<Read, Bad> {
    let mut buffer = super::NO_DIGITS;
    let narrow = narrow(bytes, order, &mut buffer)?;
    read(narrow, sign, Zones::Ascii, out).map_err(|bad| Bad {
        message: bad.message.replace("as byte ", "as character "),
        ..bad
    })
}

fn read_separate(bytes: &[u8], sign: Sign, zones: Zones, out: &mut Digits) -> Result<Read, Bad> {
    let (signed, rest) = match (sign.leading, bytes) {
        (true, [first, rest @ ..]) => (*first, rest),
        (false, [rest @ .., last]) => (*last, rest),
        (_, []) => return Err(Bad::new(FieldErrorKind::Digit, "no digits")),
    };
    let read = read(rest, None, zones, out).map_err(|bad| match bad.kind {
        // "Blanks only" is said of the whole field.
        FieldErrorKind::Blank if bytes.iter().any(|byte| *byte != signed) => {
            Bad::new(FieldErrorKind::Digit, "a sign without digits")
        }
        // The sign is not among these.
        FieldErrorKind::Sign => plain_digits(rest, usize::from(sign.leading), zones),
        _ => bad,
    })?;
    let negative = if signed == zones.plus() {
        false
    } else if signed == zones.minus() {
        true
    } else {
        let message = format!(
            "wanted + ({:02X}) or - ({:02X}) as the separate sign, got {signed:02X}",
            zones.plus(),
            zones.minus()
        );
        return Err(Bad::new(FieldErrorKind::Sign, message));
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

fn digit_range(zones: Zones) -> &'static str {
    match zones {
        Zones::Ebcdic => "F0 to F9",
        Zones::Translated | Zones::Ascii | Zones::Utf16(_) => "30 to 39",
    }
}

/// Which of the digits beside a separate sign is none.
#[cold]
fn plain_digits(digits: &[u8], before: usize, zones: Zones) -> Bad {
    let blank = zones.fill(Filler::Space);
    let mut others = digits
        .iter()
        .enumerate()
        .skip_while(|(_, byte)| **byte == blank);
    let (index, byte) = others
        .find(|(_, byte)| **byte ^ zones.digit() > 9)
        .unwrap_or((0, &0));
    let message = format!(
        "wanted a digit ({}) as byte {} of the field, got {byte:02X}",
        digit_range(zones),
        index.saturating_add(before).saturating_add(1)
    );
    Bad::new(FieldErrorKind::Digit, message)
}

#[cold]
fn bad_digit(bytes: &[u8], sign: Option<Sign>, zones: Zones) -> Bad {
    let leading = sign.is_some_and(|sign| sign.leading);
    let last = bytes.len().saturating_sub(1);
    let found = bytes.iter().enumerate().find(|(index, byte)| {
        let in_sign = if leading { *index == 0 } else { *index == last };
        if in_sign {
            zones == Zones::Ebcdic && **byte & 0x0f > 9
        } else {
            **byte ^ zones.digit() > 9
        }
    });
    let range = digit_range(zones);
    match found {
        Some((index, byte)) => Bad::new(
            FieldErrorKind::Digit,
            format!(
                "wanted a digit ({range}) as byte {} of the field, got {byte:02X}",
                index.saturating_add(1)
            ),
        ),
        None => Bad::new(FieldErrorKind::Digit, format!("wanted digits ({range})")),
    }
}

#[cold]
fn bad_sign(byte: u8, zones: Zones) -> Bad {
    let message = match zones {
        Zones::Ebcdic => {
            format!("wanted a sign zone (A to F) in the sign position, got {byte:02X}")
        }
        Zones::Translated => format!(
            "wanted a digit or one of `{{ABCDEFGHI}}JKLMNOPQR` in the sign position, got {byte:02X}{}",
            if byte.wrapping_sub(b'p') <= 9 {
                " (a Micro Focus or GnuCOBOL minus: is the layout's `overpunch` ascii?)"
            } else {
                ""
            }
        ),
        Zones::Ascii | Zones::Utf16(_) => format!(
            "wanted a digit or one of `pqrstuvwxy` in the sign position, got {byte:02X}{}",
            if Zones::Translated.overpunch(byte).is_ok() {
                " (an EBCDIC sign translated to ASCII: is the layout's `overpunch` translated?)"
            } else {
                ""
            }
        ),
    };
    Bad::new(FieldErrorKind::Sign, message)
}

/// Writes canonical bytes; the magnitude fits.
pub(crate) fn write(
    negative: bool,
    magnitude: u128,
    sign: Option<Sign>,
    zones: Zones,
    out: &mut [u8],
) {
    let digits = ascii(magnitude);
    if let Zones::Utf16(order) = zones {
        let mut buffer = super::NO_DIGITS;
        let (pairs, _) = out.as_chunks_mut::<2>();
        let narrow = buffer.get_mut(..pairs.len()).unwrap_or_default();
        write_digits(negative, &digits, sign, Zones::Ascii, narrow);
        for (pair, byte) in pairs.iter_mut().zip(narrow) {
            *pair = match order {
                Endian::Big => [0, *byte],
                Endian::Little => [*byte, 0],
            };
        }
        return;
    }
    write_digits(negative, &digits, sign, zones, out);
}

/// Writes canonical bytes of as many of the last digits, which are ASCII, as there is room for; one byte a character.
#[inline]
pub(super) fn write_digits(
    negative: bool,
    ascii: &[u8; MOST_DIGITS],
    sign: Option<Sign>,
    zones: Zones,
    out: &mut [u8],
) {
    let mark = if negative {
        zones.minus()
    } else {
        zones.plus()
    };
    let digits = match (sign.filter(|sign| sign.separate), &mut *out) {
        (Some(Sign { leading: true, .. }), [first, rest @ ..]) => {
            *first = mark;
            rest
        }
        (Some(_), [rest @ .., last]) => {
            *last = mark;
            rest
        }
        (_, all) => all,
    };
    let zone = zones.digit();
    let more = digits.len().saturating_sub(ascii.len());
    let (zeros, places) = digits.split_at_mut_checked(more).unwrap_or_default();
    zeros.fill(zone);
    let start = ascii.len().saturating_sub(places.len());
    for (byte, digit) in places
        .iter_mut()
        .zip(ascii.get(start..).unwrap_or_default())
    {
        *byte = zone | (digit & 0x0f);
    }
    if let Some(sign) = sign.filter(|sign| !sign.separate) {
        let byte = if sign.leading {
            digits.first_mut()
        } else {
            digits.last_mut()
        };
        if let Some(byte) = byte {
            *byte = zones.punch(*byte & 0x0f, negative);
        }
    }
}
