//! One code page, compiled: both directions and the fast table for JSON.
//!
//! Built once a page at its first use and kept for the life of the program; some 3 KB each, more for double-byte
//! pages. Reading never allocates but for its result.

use std::fmt;
use std::sync::OnceLock;

use super::CodePage;
use super::double::Double;
use super::foreign::Foreign;
use super::page::{Side, Spec};
use super::{mixed, utf16};
use crate::layout::options::{Controls, Endian, Nel};

/// Stands in tables for a byte that is no character. No page has U+FFFD itself.
const NONE: char = char::REPLACEMENT_CHARACTER;
/// Stands in tables for a character that has no byte.
const NO_BYTE: u16 = 0x100;

/// How bytes make characters.
#[derive(Debug, Clone, Copy)]
enum Scheme {
    /// Each byte is one.
    Single,
    /// As `encoding_rs` has it.
    Foreign(Foreign),
    /// Single bytes, and pairs between shift codes.
    Mixed(&'static Double),
    /// Pairs only.
    Double(&'static Double),
    Utf16(Endian),
}

/// A code page ready for use.
pub(crate) struct Table {
    scheme: Scheme,
    side: Side,
    /// Each byte is a character of its own: nothing to check.
    exact: bool,
    /// What each byte is when it stands alone.
    to_unicode: [char; 256],
    /// Characters below U+0100 to bytes.
    latin1: [u16; 256],
    /// Characters from U+0100 up with their bytes, in order.
    beyond: Box<[(char, u8)]>,
    /// The ASCII character of a byte, or 0 where it is not ASCII or needs an escape in JSON.
    json: [u8; 256],
    /// The byte of an ASCII character that needs no escape in JSON, or 0.
    of_json: [u8; 256],
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// Choices of [`Nel`] and [`Controls`] that differ here.
const VARIANTS: usize = 4;

static TABLES: [OnceLock<Table>; CodePage::ALL.len().saturating_mul(VARIANTS)] =
    [const { OnceLock::new() }; CodePage::ALL.len().saturating_mul(VARIANTS)];

impl Table {
    pub(super) fn of(page: CodePage, nel: Nel, controls: Controls) -> &'static Table {
        let variant = match (nel, controls) {
            (Nel::Nel, Controls::Keep | Controls::Drop) => 0,
            (Nel::Lf, Controls::Keep | Controls::Drop) => 1,
            (Nel::Nel, Controls::Blank) => 2,
            (Nel::Lf, Controls::Blank) => 3,
        };
        let index = page
            .index()
            .saturating_mul(VARIANTS)
            .saturating_add(variant);
        #[allow(
            clippy::indexing_slicing,
            reason = "one cell for each page and choice of controls"
        )]
        TABLES[index].get_or_init(|| Table::build(page.spec(), nel, controls))
    }

    fn build(spec: Spec, nel: Nel, controls: Controls) -> Table {
        let subset;
        let (scheme, side, mut characters, second) = match spec {
            Spec::Single(side, source) => {
                (Scheme::Single, side, source.characters(), source.second)
            }
            Spec::Foreign(foreign) => {
                let scheme = if foreign.is_single_byte() {
                    Scheme::Single
                } else {
                    Scheme::Foreign(foreign)
                };
                (scheme, Side::Ascii, foreign.characters(), &[][..])
            }
            Spec::Mixed(source, part) => {
                let scheme = Scheme::Mixed(part.double());
                (scheme, Side::Ebcdic, source.characters(), source.second)
            }
            Spec::Double(part) => {
                let scheme = Scheme::Double(part.double());
                (scheme, Side::Ebcdic, [NONE; 256], &[][..])
            }
            Spec::Subset(which) => {
                subset = which.characters();
                (Scheme::Single, Side::Ebcdic, subset.0, &*subset.1)
            }
            Spec::Utf16(endian) => (Scheme::Utf16(endian), Side::Ascii, [NONE; 256], &[][..]),
        };
        let mut second = second.to_vec();
        if side == Side::Ebcdic && nel == Nel::Lf {
            characters.swap(0x15, 0x25);
        }
        if controls == Controls::Blank {
            for (character, byte) in characters.iter_mut().zip(0..=u8::MAX) {
                if character.is_control() {
                    *character = ' ';
                    second.push(byte);
                }
            }
        }
        Table::new(scheme, side, characters, &second)
    }

    /// `second` are bytes whose character belongs to another byte.
    fn new(scheme: Scheme, side: Side, to_unicode: [char; 256], second: &[u8]) -> Table {
        let mut latin1 = [NO_BYTE; 256];
        let mut beyond = Vec::new();
        let mut json = [0; 256];
        let mut exact = matches!(scheme, Scheme::Single);
        for (byte, character) in (0..=u8::MAX).zip(to_unicode) {
            if character == NONE {
                exact = false;
                continue;
            }
            if let Ok(ascii) = u8::try_from(character)
                && (0x20..0x7f).contains(&ascii)
                && ascii != b'"'
                && ascii != b'\\'
                && let Some(place) = json.get_mut(usize::from(byte))
            {
                *place = ascii;
            }
            if second.contains(&byte) {
                exact = false;
                continue;
            }
            let code = usize::try_from(u32::from(character)).unwrap_or(usize::MAX);
            match latin1.get_mut(code) {
                Some(place) => *place = u16::from(byte),
                None => beyond.push((character, byte)),
            }
        }
        beyond.sort_unstable();
        let mut of_json = [0; 256];
        for (ascii, place) in (0..=u8::MAX).zip(&mut of_json) {
            let plain = matches!(ascii, 0x20..0x7f) && !matches!(ascii, b'"' | b'\\');
            let byte = latin1.get(usize::from(ascii)).filter(|_| plain);
            *place = byte.map_or(0, |byte| u8::try_from(*byte).unwrap_or(0));
        }
        Table {
            scheme,
            side,
            exact,
            to_unicode,
            latin1,
            beyond: beyond.into_boxed_slice(),
            json,
            of_json,
        }
    }

    pub(super) fn is_ebcdic(&self) -> bool {
        self.side == Side::Ebcdic
    }

    /// True where each byte is a character of its own: nothing to check, nothing lost.
    #[inline]
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    pub(crate) fn is_single_byte(&self) -> bool {
        matches!(self.scheme, Scheme::Single)
    }

    /// See [`CodePage::blank`].
    #[inline]
    pub(crate) fn blank(&self) -> u8 {
        match self.side {
            Side::Ebcdic => 0x40,
            Side::Ascii => 0x20,
        }
    }

    /// See [`CodePage::padding`].
    pub(crate) fn padding(&self) -> &'static [u8] {
        match (&self.scheme, self.side) {
            (Scheme::Double(_), _) => &[0x40, 0x40],
            (Scheme::Utf16(Endian::Big), _) => &[0x00, 0x20],
            (Scheme::Utf16(Endian::Little), _) => &[0x20, 0x00],
            (_, Side::Ebcdic) => &[0x40],
            (_, Side::Ascii) => &[0x20],
        }
    }

    /// The character of a byte that stands alone; U+FFFD for none.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    pub(crate) fn char_of(&self, byte: u8) -> char {
        self.to_unicode[usize::from(byte)]
    }

    /// The single byte of a character, if the page has it.
    pub(crate) fn byte_of(&self, character: char) -> Option<u8> {
        let code = usize::try_from(u32::from(character)).ok()?;
        if let Some(byte) = self.latin1.get(code) {
            return u8::try_from(*byte).ok();
        }
        let place = self
            .beyond
            .binary_search_by_key(&character, |(character, _)| *character);
        self.beyond.get(place.ok()?).map(|(_, byte)| *byte)
    }

    /// See the field `json`.
    #[inline]
    pub(crate) fn json(&self) -> &[u8; 256] {
        &self.json
    }

    /// See the field `of_json`.
    #[inline]
    pub(crate) fn of_json(&self) -> &[u8; 256] {
        &self.of_json
    }

    /// Whether encoding the bytes' text gives the same bytes.
    ///
    /// # Errors
    /// The offset of the first byte that is no character.
    #[inline]
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<bool, usize> {
        if self.exact {
            return Ok(true);
        }
        self.check_slowly(bytes)
    }

    fn check_slowly(&self, bytes: &[u8]) -> Result<bool, usize> {
        match &self.scheme {
            Scheme::Single => {
                let mut same = true;
                for (at, byte) in bytes.iter().enumerate() {
                    match self.char_of(*byte) {
                        NONE => return Err(at),
                        character => same &= self.byte_of(character) == Some(*byte),
                    }
                }
                Ok(same)
            }
            // Plain ASCII is nearly all of it.
            Scheme::Foreign(_) | Scheme::Mixed(_) if self.is_plain(bytes) => Ok(true),
            Scheme::Foreign(_) | Scheme::Mixed(_) | Scheme::Double(_) | Scheme::Utf16(_) => {
                let mut text = String::with_capacity(bytes.len());
                self.decode(bytes, &mut text)?;
                let mut again = Vec::with_capacity(bytes.len());
                Ok(self.encode(&text, &mut again).is_ok() && again == bytes)
            }
        }
    }

    /// Whether each byte is a plain ASCII character on its own, and the only byte of that character: of those that
    /// read as a blank, the blank.
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    fn is_plain(&self, bytes: &[u8]) -> bool {
        let blank = self.blank();
        let plain = |byte: &u8| match self.json[usize::from(*byte)] {
            0 => false,
            b' ' => *byte == blank,
            _ => true,
        };
        bytes.iter().all(plain)
    }

    /// See [`CodePage::decode_to`].
    pub(crate) fn decode(&self, bytes: &[u8], out: &mut String) -> Result<(), usize> {
        match &self.scheme {
            Scheme::Single => {
                out.reserve(bytes.len());
                for (at, byte) in bytes.iter().enumerate() {
                    match self.char_of(*byte) {
                        NONE => return Err(at),
                        character => out.push(character),
                    }
                }
                Ok(())
            }
            Scheme::Foreign(foreign) => foreign.decode(bytes, out),
            Scheme::Mixed(double) => mixed::decode(self, double, bytes, false, out),
            Scheme::Double(double) => mixed::decode_pairs(double, bytes, out),
            Scheme::Utf16(endian) => utf16::decode(*endian, bytes, out),
        }
    }

    /// See [`CodePage::decode_lossy_to`].
    pub(crate) fn decode_lossy(&self, bytes: &[u8], out: &mut String) {
        let step = match &self.scheme {
            Scheme::Mixed(double) => {
                let done = mixed::decode(self, double, bytes, true, out);
                return done.unwrap_or_default();
            }
            Scheme::Foreign(foreign) => {
                foreign.decode_lossy(bytes, out);
                return;
            }
            Scheme::Double(_) | Scheme::Utf16(_) => 2,
            Scheme::Single => 1usize,
        };
        let mut rest = bytes;
        while let Err(bad) = self.decode(rest, out) {
            out.push(NONE);
            rest = rest.get(bad.saturating_add(step)..).unwrap_or_default();
        }
    }

    /// See [`CodePage::encode_to`].
    pub(crate) fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
        match &self.scheme {
            Scheme::Single => {
                out.reserve(text.len());
                for character in text.chars() {
                    out.push(self.byte_of(character).ok_or(character)?);
                }
                Ok(())
            }
            Scheme::Foreign(foreign) => foreign.encode(text, out),
            Scheme::Mixed(double) => mixed::encode(self, double, text, out),
            Scheme::Double(double) => mixed::encode_pairs(double, text, out),
            Scheme::Utf16(endian) => {
                utf16::encode(*endian, text, out);
                Ok(())
            }
        }
    }
}
