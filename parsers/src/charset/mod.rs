//! EBCDIC code pages: bytes to characters and back, by constant tables.
//!
//! In: a byte or a character and a [`CodePage`]. Out: the other one. Every byte of every page here has exactly one
//! character (control codes map to C0 and C1 controls, as in IBM's own tables: 0x15 is NEL U+0085, 0x25 is LF), so
//! text goes out and comes back without losing a bit. Never guesses a code page.

mod cp037;
mod cp1047;
mod cp1140;
mod cp500;

use std::fmt;
use std::str::FromStr;

/// A single-byte EBCDIC code page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum CodePage {
    /// 037: USA, Canada, Brazil, the Netherlands.
    #[default]
    Cp037,
    /// 500: international Latin-1.
    Cp500,
    /// 1047: Latin-1 of z/OS UNIX.
    Cp1047,
    /// 1140: 037 with the euro sign.
    Cp1140,
}

/// A code page name that is not known; the message lists the ones that are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown code page `{name}`: wanted one of 037, 500, 1047, 1140 (also written cp037, ibm-037, IBM037)"
)]
pub struct UnknownCodePage {
    name: String,
}

impl UnknownCodePage {
    /// The name as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl CodePage {
    /// Every code page there is, for help texts.
    pub const ALL: [CodePage; 4] = [
        CodePage::Cp037,
        CodePage::Cp500,
        CodePage::Cp1047,
        CodePage::Cp1140,
    ];

    /// The page of a name: `037`, `37`, `cp037`, `IBM-037`, `ibm037`, `CCSID 37`; case does not matter.
    ///
    /// # Errors
    /// [`UnknownCodePage`] for anything else.
    pub fn from_name(name: &str) -> Result<CodePage, UnknownCodePage> {
        let unknown = || UnknownCodePage {
            name: name.to_owned(),
        };
        let lower = name.trim().to_ascii_lowercase();
        let digits = ["ccsid", "ibm", "cp"]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower)
            .trim_start_matches(['-', '_', ' '])
            .trim_start_matches('0');
        match digits {
            "37" => Ok(CodePage::Cp037),
            "500" => Ok(CodePage::Cp500),
            "1047" => Ok(CodePage::Cp1047),
            "1140" => Ok(CodePage::Cp1140),
            _ => Err(unknown()),
        }
    }

    /// The name used in messages, listings and the `source` block: `cp037`.
    pub const fn name(self) -> &'static str {
        match self {
            CodePage::Cp037 => "cp037",
            CodePage::Cp500 => "cp500",
            CodePage::Cp1047 => "cp1047",
            CodePage::Cp1140 => "cp1140",
        }
    }

    /// The character of a byte.
    pub fn decode(self, byte: u8) -> char {
        self.table().char_of(byte)
    }

    /// The byte of a character, or `None` where the page does not have it.
    pub fn encode(self, character: char) -> Option<u8> {
        self.table().byte_of(character)
    }

    /// The compiled tables.
    pub(crate) const fn table(self) -> &'static Table {
        match self {
            CodePage::Cp037 => &CP037,
            CodePage::Cp500 => &CP500,
            CodePage::Cp1047 => &CP1047,
            CodePage::Cp1140 => &CP1140,
        }
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

static CP037: Table = Table::new(&cp037::TO_UNICODE);
static CP500: Table = Table::new(&cp500::TO_UNICODE);
static CP1047: Table = Table::new(&cp1047::TO_UNICODE);
static CP1140: Table = Table::new(&cp1140::TO_UNICODE);

/// Both directions of one page, and the fast table for text that is plain ASCII.
pub(crate) struct Table {
    to_unicode: [u16; 256],
    /// Characters below U+0100 to bytes; `NO_BYTE` where the page has none.
    latin1: [u16; 256],
    /// Characters from U+0100 up (the euro sign), with their bytes.
    beyond: [(u16, u8); 2],
    /// The ASCII character of a byte, or 0 where it is not ASCII or needs an escape in JSON.
    json: [u8; 256],
}

const NO_BYTE: u16 = 0x100;

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

impl Table {
    #[allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "const evaluation: any fault here is a compile error"
    )]
    const fn new(to_unicode: &[u16; 256]) -> Table {
        let mut table = Table {
            to_unicode: *to_unicode,
            latin1: [NO_BYTE; 256],
            beyond: [(0, 0); 2],
            json: [0; 256],
        };
        let mut byte = 0usize;
        let mut outside = 0;
        while byte < 256 {
            let character = to_unicode[byte];
            if character < 0x100 {
                table.latin1[character as usize] = byte as u16;
            } else {
                table.beyond[outside] = (character, byte as u8);
                outside += 1;
            }
            if character >= 0x20
                && character < 0x7f
                && character != b'"' as u16
                && character != b'\\' as u16
            {
                table.json[byte] = character as u8;
            }
            byte += 1;
        }
        table
    }

    /// The character of a byte.
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    pub(crate) fn char_of(&self, byte: u8) -> char {
        char::from_u32(u32::from(self.to_unicode[usize::from(byte)]))
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The byte of a character, if the page has it.
    pub(crate) fn byte_of(&self, character: char) -> Option<u8> {
        let code = u16::try_from(u32::from(character)).ok()?;
        if let Some(byte) = self.latin1.get(usize::from(code)) {
            return u8::try_from(*byte).ok();
        }
        self.beyond
            .iter()
            .find(|(c, _)| *c == code && code != 0)
            .map(|(_, byte)| *byte)
    }

    /// Appends text as UTF-8; plain ASCII, which most is, a byte at a time without a branch.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    pub(crate) fn push_utf8(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend(bytes.iter().map(|byte| self.json[usize::from(*byte)]));
        if out.get(start..).unwrap_or_default().contains(&0) {
            out.truncate(start);
            for byte in bytes {
                let character = self.char_of(*byte);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }

    /// See the field `json`.
    #[inline]
    pub(crate) fn json(&self) -> &[u8; 256] {
        &self.json
    }
}
