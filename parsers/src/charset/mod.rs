//! Code pages: bytes to characters and back.
//!
//! In: bytes or text and a [`CodePage`]. Out: the other one. Single-byte EBCDIC and PC pages are constant tables
//! ([`single`]), the double-byte ones two-level tables with a shift state ([`double`], [`mixed`]), ASCII-side charsets
//! come from the crate `encoding_rs` ([`foreign`]) and UTF-16 is in [`utf16`]. Control codes map to C0 and C1 controls
//! as in IBM's own tables: 0x15 is NEL U+0085, 0x25 is LF; [`Nel`] and [`Controls`] choose otherwise. Bytes that are no
//! character, and bytes that encoding their character would not give back, are told apart from the others, so that
//! the caller keeps them. Never guesses a code page.

mod double;
mod double_tables;
mod foreign;
mod json;
mod mixed;
mod name;
mod page;
mod single;
mod subset;
mod table;
mod utf16;

use std::fmt;
use std::str::FromStr;

use crate::layout::options::{Controls, Nel};

pub(crate) use json::push_char as push_json_char;
pub use name::UnknownCodePage;
pub use page::CodePage;
pub(crate) use table::Table;

impl CodePage {
    /// True for EBCDIC: digits are F0 to F9.
    pub fn is_ebcdic(self) -> bool {
        self.table().is_ebcdic()
    }

    /// True where each byte is one character (or none), whatever stands before it.
    pub fn is_single_byte(self) -> bool {
        self.table().is_single_byte()
    }

    /// The byte that pads text: 0x40 or 0x20. Pages of two-byte characters only pad with [`padding`](Self::padding).
    pub fn blank(self) -> u8 {
        self.table().blank()
    }

    /// The blank that pads text, as one character's bytes: `40`, `20`, `40 40`, `00 20`, `20 00`.
    pub fn padding(self) -> &'static [u8] {
        self.table().padding()
    }

    /// The character of a byte that stands alone; U+FFFD where the page has none.
    pub fn decode(self, byte: u8) -> char {
        self.table().char_of(byte)
    }

    /// The byte of a character, or `None` where the page does not have it as a single byte.
    pub fn encode(self, character: char) -> Option<u8> {
        self.table().byte_of(character)
    }

    /// Appends the text of some bytes.
    ///
    /// # Errors
    /// The offset of the first byte that is no character; `out` then has the text before it.
    pub fn decode_to(self, bytes: &[u8], out: &mut String) -> Result<(), usize> {
        self.table().decode(bytes, out)
    }

    /// Appends the text of some bytes, with U+FFFD for each that is no character.
    pub fn decode_lossy_to(self, bytes: &[u8], out: &mut String) {
        self.table().decode_lossy(bytes, out);
    }

    /// Appends the bytes of a text.
    ///
    /// # Errors
    /// The first character that the page does not have; `out` then has the bytes before it.
    pub fn encode_to(self, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
        self.table().encode(text, out)
    }

    /// Whether the bytes are text of the page that encoding gives back as they are.
    ///
    /// # Errors
    /// The offset of the first byte that is no character.
    pub fn is_canonical(self, bytes: &[u8]) -> Result<bool, usize> {
        self.table().check(bytes)
    }

    /// What PIC G and GRAPHIC fields beside text of this page hold: the page's double-byte half. Of a page without
    /// one, `None`.
    pub fn double_byte(self) -> Option<CodePage> {
        match self {
            CodePage::Cp930 | CodePage::Cp939 => Some(CodePage::Cp300),
            CodePage::Cp933 => Some(CodePage::Cp834),
            CodePage::Cp935 => Some(CodePage::Cp837),
            CodePage::Cp937 => Some(CodePage::Cp835),
            CodePage::Cp1364 => Some(CodePage::Cp4930),
            CodePage::Cp1371 => Some(CodePage::Cp9027),
            CodePage::Cp1388 => Some(CodePage::Cp4933),
            CodePage::Cp1390 | CodePage::Cp1399 => Some(CodePage::Cp16684),
            page if !page.is_single_byte() && page.padding().len() == 2 => Some(page),
            _ => None,
        }
    }

    /// The compiled tables, with control codes as in IBM's.
    pub(crate) fn table(self) -> &'static Table {
        Table::of(self, Nel::Nel, Controls::Keep)
    }

    /// The compiled tables with other control codes. With [`Controls::Blank`] each reads as a blank, and
    /// [`Table::check`] says that such bytes do not come back; [`Controls::Drop`] is left to the caller.
    pub(crate) fn table_with(self, nel: Nel, controls: Controls) -> &'static Table {
        Table::of(self, nel, controls)
    }
}

impl fmt::Display for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CodePage {
    type Err = UnknownCodePage;
    fn from_str(name: &str) -> Result<CodePage, UnknownCodePage> {
        CodePage::from_name(name)
    }
}
