//! Which bytes are digits, and how a sign is put into one of them.
//!
//! In: a byte, or a digit and a sign. Out: the other. Knows nothing of fields.
//!
//! EBCDIC zones: F is a digit; in the sign position A C E F are plus and B D are minus (z/Architecture Principles of
//! Operation, "Decimal-operand formats"); canonical are C and D in a signed field, F in an unsigned one.
//!
//! ASCII digits are 30 to 39. What marks their sign depends on who wrote it ([`Zones`]): a translated EBCDIC file has
//! `{ A`-`I` and `} J`-`R`, Micro Focus and GnuCOBOL write plain digits and `p`-`y` (GnuCOBOL FAQ, "display sign").

use super::Filler;
use crate::charset::CodePage;
use crate::layout::options::Endian;

/// Which bytes are digits, and how the sign is put into one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Zones {
    Ebcdic,
    /// ASCII, with the characters that EBCDIC's zones become.
    Translated,
    /// ASCII, minus as `p`-`y`.
    Ascii,
    /// The characters of ASCII, two bytes each.
    Utf16(Endian),
}

impl Zones {
    /// Those of a page, whatever the convention for signs.
    pub(crate) fn of(page: CodePage) -> Zones {
        if page.is_ebcdic() {
            Zones::Ebcdic
        } else {
            Zones::Translated
        }
    }

    /// The zone of a plain digit.
    #[inline]
    pub(super) const fn digit(self) -> u8 {
        match self {
            Zones::Ebcdic => 0xf0,
            Zones::Translated | Zones::Ascii | Zones::Utf16(_) => 0x30,
        }
    }

    pub(crate) const fn plus(self) -> u8 {
        match self {
            Zones::Ebcdic => 0x4e,
            Zones::Translated | Zones::Ascii | Zones::Utf16(_) => b'+',
        }
    }

    pub(crate) const fn minus(self) -> u8 {
        match self {
            Zones::Ebcdic => 0x60,
            Zones::Translated | Zones::Ascii | Zones::Utf16(_) => b'-',
        }
    }

    pub(crate) const fn fill(self, fill: Filler) -> u8 {
        match (self, fill) {
            (_, Filler::Low) => 0x00,
            (_, Filler::High) => 0xff,
            (Zones::Ebcdic, Filler::Zero) => 0xf0,
            (Zones::Ebcdic, Filler::Space) => 0x40,
            (Zones::Ebcdic, Filler::Quote) => 0x7f,
            (_, Filler::Zero) => b'0',
            (_, Filler::Space) => b' ',
            (_, Filler::Quote) => b'"',
        }
    }

    /// What a byte in the sign position says.
    #[inline]
    pub(super) fn overpunch(self, byte: u8) -> Result<Punched, NoPunch> {
        let digit = byte & 0x0f;
        match self {
            Zones::Ebcdic => {
                if digit > 9 {
                    return Err(NoPunch::Digit);
                }
                let sign = match byte >> 4 {
                    0xf => Punch::None,
                    0xc => Punch::Plus,
                    0xd => Punch::Minus,
                    0xa | 0xe => Punch::OtherPlus,
                    0xb => Punch::OtherMinus,
                    _ => return Err(NoPunch::Sign),
                };
                Ok(Punched { digit, sign })
            }
            Zones::Translated => {
                let (digit, sign) = match byte {
                    b'0'..=b'9' => (digit, Punch::None),
                    b'{' => (0, Punch::Plus),
                    b'A'..=b'I' => (digit, Punch::Plus),
                    b'}' => (0, Punch::Minus),
                    b'J'..=b'R' => (byte.wrapping_sub(b'I'), Punch::Minus),
                    _ => return Err(NoPunch::Sign),
                };
                Ok(Punched { digit, sign })
            }
            Zones::Ascii | Zones::Utf16(_) => match byte {
                b'0'..=b'9' => Ok(Punched {
                    digit,
                    sign: Punch::None,
                }),
                b'p'..=b'y' => Ok(Punched {
                    digit,
                    sign: Punch::Minus,
                }),
                _ => Err(NoPunch::Sign),
            },
        }
    }

    /// The byte of a digit in the sign position of a signed field.
    pub(super) fn punch(self, digit: u8, negative: bool) -> u8 {
        match (self, negative, digit) {
            (Zones::Ebcdic, false, _) => 0xc0 | digit,
            (Zones::Ebcdic, true, _) => 0xd0 | digit,
            (Zones::Translated, false, 0) => b'{',
            (Zones::Translated, false, _) => 0x40 | digit,
            (Zones::Translated, true, 0) => b'}',
            (Zones::Translated, true, _) => b'I'.wrapping_add(digit),
            (Zones::Ascii | Zones::Utf16(_), false, _) => b'0' | digit,
            (Zones::Ascii | Zones::Utf16(_), true, _) => b'p' | digit,
        }
    }
}

/// A digit with what its byte says of the sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Punched {
    pub(super) digit: u8,
    pub(super) sign: Punch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Punch {
    /// A plain digit.
    None,
    Plus,
    Minus,
    /// Valid to the machine, not what it writes.
    OtherPlus,
    OtherMinus,
}

impl Punch {
    pub(super) fn is_minus(self) -> bool {
        matches!(self, Punch::Minus | Punch::OtherMinus)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum NoPunch {
    Digit,
    Sign,
}
