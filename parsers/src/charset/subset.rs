//! Pages that read more or less than one of IBM's, under the names that Cobrix gave them.
//!
//! In: a [`Subset`]. Out: its characters. `common` is for data whose page nobody knows: what the EBCDIC pages of the
//! Latin alphabets have at one place (and the brackets, braces and the like where 037 has them) reads as itself,
//! anything else as a blank. A byte that reads as a blank without being one does not come back from the text. As in
//! Cobrix, 0D is LF and 25 is CR in these three; IBM's own pages have them the other way about.

use super::single;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subset {
    /// Printable ASCII characters.
    Common,
    /// The same and ASCII's control codes.
    CommonExtended,
    /// All of 037's graphics and ASCII's control codes.
    Cp037Extended,
}

/// Control codes of ASCII that EBCDIC has, by their places.
const CONTROLS: [(u8, u8); 29] = [
    (0x00, 0x00),
    (0x01, 0x01),
    (0x02, 0x02),
    (0x03, 0x03),
    (0x05, 0x09),
    (0x0b, 0x0b),
    (0x0c, 0x0c),
    (0x0e, 0x0e),
    (0x0f, 0x0f),
    (0x10, 0x10),
    (0x11, 0x11),
    (0x12, 0x12),
    (0x13, 0x13),
    (0x16, 0x08),
    (0x18, 0x18),
    (0x19, 0x19),
    (0x1c, 0x1c),
    (0x1d, 0x1d),
    (0x1e, 0x1e),
    (0x1f, 0x1f),
    (0x26, 0x17),
    (0x27, 0x1b),
    (0x2d, 0x05),
    (0x2e, 0x06),
    (0x2f, 0x07),
    (0x32, 0x16),
    (0x37, 0x04),
    (0x3c, 0x14),
    (0x3d, 0x15),
];

/// Control codes without an ASCII counterpart that `common_extended` reads as SUB.
const SUBSTITUTE: [u8; 10] = [0x04, 0x06, 0x08, 0x09, 0x0a, 0x14, 0x15, 0x17, 0x1a, 0x1b];

impl Subset {
    /// The characters of the 256 bytes, and the bytes whose character is another byte's.
    pub(super) fn characters(self) -> ([char; 256], Vec<u8>) {
        let mut characters = [' '; 256];
        let mut second = Vec::new();
        for ((place, full), byte) in characters
            .iter_mut()
            .zip(single::CP037.characters())
            .zip(0..=u8::MAX)
        {
            let (character, own) = self.character(byte, full);
            *place = character;
            if !own {
                second.push(byte);
            }
        }
        (characters, second)
    }

    /// The character of a byte that is `full` in page 037, and whether the byte is the character's own.
    fn character(self, byte: u8, full: char) -> (char, bool) {
        match byte {
            0x0d => return ('\n', true),
            0x25 => return ('\r', true),
            0x00..0x40 | 0xff if self == Subset::Common => return (' ', false),
            0x07 if self == Subset::Cp037Extended => return ('\u{7f}', true),
            0x15 if self == Subset::Cp037Extended => return ('\u{85}', true),
            0x3f if self == Subset::Cp037Extended => return ('\u{1a}', true),
            0x00..0x40 | 0xff => {}
            0xca if self != Subset::Cp037Extended => return ('-', false),
            _ if self == Subset::Cp037Extended || full.is_ascii() || full == '¦' => {
                return (full, true);
            }
            _ => return (' ', false),
        }
        if let Some((_, ascii)) = CONTROLS.iter().find(|(place, _)| *place == byte) {
            return (char::from(*ascii), true);
        }
        if self == Subset::CommonExtended && SUBSTITUTE.contains(&byte) {
            return ('\u{1a}', byte == 0x04);
        }
        (' ', false)
    }
}
