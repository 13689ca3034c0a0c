//! What a file's text is written in: EBCDIC or ASCII, and which code pages its letters speak for.
//!
//! A guess from letters: a byte that stands between two letters is one itself, so pages in which it is a letter, of
//! the case of its neighbours, are likelier than those in which it is a sign.

use std::fmt;

use super::Side;
use super::trial::counted;
use crate::charset::CodePage;
use crate::frame::LineEnd;

/// Bytes that are looked at.
const MOST: usize = 1 << 20;
/// Fewer bytes in a row are no text.
const RUN: usize = 4;

/// Pages that the letters between letters speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageGuess {
    /// The likeliest ones, which nothing in the file tells apart.
    pub pages: Vec<CodePage>,
    /// How many letters spoke; 0: only what all pages of that side share.
    pub letters: u64,
}

/// Where EBCDIC pages differ in how they write letters; those with the euro sign are as the ones before them.
const EBCDIC: &[CodePage] = &[
    CodePage::Cp037,
    CodePage::Cp1047,
    CodePage::Cp500,
    CodePage::Cp273,
    CodePage::Cp277,
    CodePage::Cp278,
    CodePage::Cp280,
    CodePage::Cp284,
    CodePage::Cp285,
    CodePage::Cp297,
    CodePage::Cp871,
    CodePage::Cp870,
    CodePage::Cp1025,
    CodePage::Cp1026,
    CodePage::Cp1112,
    CodePage::Cp1122,
    CodePage::Cp875,
];

/// Letters, digits, blanks and the commonest signs of every EBCDIC page.
fn is_ebcdic(byte: u8) -> bool {
    is_ebcdic_letter(byte) || matches!(byte, 0x40 | 0x4b | 0x60 | 0x61 | 0x6b | 0x7a | 0xf0..=0xf9)
}

/// The letters A to Z of every EBCDIC page, both cases.
fn is_ebcdic_letter(byte: u8) -> bool {
    matches!(byte, 0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9 | 0xc1..=0xc9 | 0xd1..=0xd9 | 0xe2..=0xe9)
}

/// Graphic characters of ASCII, but the one that is EBCDIC's blank.
fn is_ascii(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != 0x40
}

/// Bytes that stand with others like them.
fn in_runs(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    bytes
        .chunk_by(|a, b| is(*a) == is(*b))
        .filter(|run| run.len() >= RUN && run.first().is_some_and(|first| is(*first)))
        .map(<[u8]>::len)
        .sum()
}

fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..MOST).unwrap_or(bytes)
}

pub(super) fn side(bytes: &[u8]) -> Side {
    let bytes = head(bytes);
    let (ebcdic, ascii) = (in_runs(bytes, is_ebcdic), in_runs(bytes, is_ascii));
    // A file without a sixty-fourth of text says nothing by it.
    if ebcdic.max(ascii).saturating_mul(64) < bytes.len() || ebcdic == ascii {
        return Side::Unknown;
    }
    if ebcdic > ascii {
        Side::Ebcdic
    } else {
        Side::Ascii
    }
}

/// Whether nearly all of it is graphic characters and line ends.
pub(super) fn is_text(bytes: &[u8], end: LineEnd) -> bool {
    let bytes = head(bytes);
    let ascii = matches!(
        end,
        LineEnd::Any | LineEnd::Lf | LineEnd::CrLf | LineEnd::Cr
    );
    let good = bytes.iter().filter(|byte| match (ascii, **byte) {
        (true, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0xa0..=0xff)
        | (false, 0x05 | 0x15 | 0x25 | 0x40..=0xfe) => true,
        (true, 0x80..=0x9f) => std::str::from_utf8(bytes).is_ok(),
        _ => false,
    });
    let good = good.count();
    good.saturating_mul(50) >= bytes.len().saturating_mul(49)
}

/// The pages that speak for themselves.
pub(super) fn guess(bytes: &[u8], side: Side) -> Option<PageGuess> {
    let bytes = head(bytes);
    match side {
        Side::Unknown => None,
        Side::Ebcdic => Some(ebcdic(bytes)),
        Side::Ascii => Some(ascii(bytes)),
    }
}

fn ebcdic(bytes: &[u8]) -> PageGuess {
    let mut votes: Vec<(CodePage, i64)> = EBCDIC.iter().map(|page| (*page, 0)).collect();
    let mut letters = 0u64;
    for window in bytes.windows(3) {
        let [before, byte, after] = window else {
            continue;
        };
        if !(is_ebcdic_letter(*before) && is_ebcdic_letter(*after))
            || is_ebcdic(*byte)
            || *byte < 0x41
        {
            continue;
        }
        letters = letters.saturating_add(1);
        // Capitals come after lower case in EBCDIC.
        let small = (*before < 0xc1, *after < 0xc1);
        for (page, votes) in &mut votes {
            let character = page.decode(*byte);
            let vote = if !character.is_alphabetic() {
                -2
            } else if (character.is_lowercase() == small.0) || (character.is_lowercase() == small.1)
            {
                2
            } else {
                -1
            };
            *votes = votes.saturating_add(vote);
        }
    }
    let most = votes.iter().map(|(_, votes)| *votes).max().unwrap_or(0);
    PageGuess {
        pages: votes
            .into_iter()
            .filter(|(_, votes)| *votes == most)
            .map(|(page, _)| page)
            .collect(),
        letters,
    }
}

fn ascii(bytes: &[u8]) -> PageGuess {
    // Of bytes that stand alone among letters: others may be packed.
    let letters = bytes.windows(2).filter(|pair| match pair {
        [a, b] => {
            (a.is_ascii_alphabetic() && *b >= 0x80) || (*a >= 0x80 && b.is_ascii_alphabetic())
        }
        _ => false,
    });
    let letters = u64::try_from(letters.count()).unwrap_or(u64::MAX);
    // The sample may end inside a character.
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let pages = if letters == 0 {
        vec![CodePage::UsAscii]
    } else if utf8 {
        vec![CodePage::Utf8]
    } else {
        vec![CodePage::Windows1252, CodePage::Iso8859_1]
    };
    PageGuess { pages, letters }
}

impl fmt::Display for PageGuess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.letters == 0 {
            return f.write_str("no letters in it that tell code pages apart");
        }
        let names: Vec<&str> = self.pages.iter().take(4).map(|page| page.name()).collect();
        let more = match self.pages.len().saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" or {more} more"),
        };
        write!(
            f,
            "by {} {}{more}",
            counted(self.letters, "national letter"),
            names.join(" or ")
        )
    }
}
