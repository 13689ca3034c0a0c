//! PIC X, A, N, G, U and edited pictures: characters of a code page, padded with blanks.
//!
//! Reading drops the padding: blanks on the right, or on the left of a JUSTIFIED field (Language Reference, "JUSTIFIED
//! clause"). In a single-byte page without holes each byte is one character, so there is never anything to keep as
//! residue; elsewhere the caller is told.

use std::fmt;

use super::{Bad, FillBytes, Filler};
use crate::charset::{CodePage, Table};
use crate::error::FieldErrorKind;
use crate::layout::options::{
    Controls, LowValueText, Nel, Oversize, TextPolicy, Trim, UnknownCharacter,
};

/// The characters of a field: their page, compiled, and whether reading can do without any check.
#[derive(Clone, Copy)]
pub(crate) struct Chars {
    pub(crate) page: CodePage,
    pub(crate) table: &'static Table,
    /// Each byte is a character of its own and nothing but padding is dropped.
    pub(crate) plain: bool,
    /// The page is the field's own and not the record's.
    pub(crate) own: bool,
}

impl PartialEq for Chars {
    fn eq(&self, other: &Chars) -> bool {
        self.page == other.page
    }
}
impl Eq for Chars {}

impl fmt::Debug for Chars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.page.name())
    }
}

impl Chars {
    pub(crate) fn new(page: CodePage, policy: &TextPolicy, own: bool) -> Chars {
        // In pages of several bytes a character the text is blanked, not its bytes: see `refine`.
        let controls = match policy.controls {
            Controls::Blank if !page.is_single_byte() => Controls::Keep,
            controls => controls,
        };
        let table = page.table_with(policy.nel, controls);
        let plain = table.is_exact()
            && policy.trim == Trim::Padding
            && policy.low_values == LowValueText::Keep
            && policy.controls != Controls::Drop;
        Chars {
            page,
            table,
            plain,
            own,
        }
    }

    /// A page with the default policy.
    pub(crate) fn of(page: CodePage) -> Chars {
        Chars {
            page,
            table: page.table_with(Nel::Nel, Controls::Keep),
            plain: false,
            own: false,
        }
    }

    /// One character of a figurative constant.
    pub(crate) fn fill(self, fill: Filler) -> FillBytes {
        let text = match fill {
            Filler::Zero => "0",
            Filler::Space => return self.blank(),
            Filler::Quote => "\"",
            Filler::Low => return FillBytes::One(0x00),
            Filler::High => return FillBytes::One(0xff),
        };
        let mut bytes = Vec::new();
        // A page of two-byte characters only has full-width ones.
        let wide = if fill == Filler::Zero { "０" } else { "＂" };
        if self.table.encode(text, &mut bytes).is_err() {
            bytes.clear();
            if self.table.encode(wide, &mut bytes).is_err() {
                return self.blank();
            }
        }
        match bytes.as_slice() {
            [byte] => FillBytes::One(*byte),
            [high, low] => FillBytes::Two([*high, *low]),
            _ => self.blank(),
        }
    }

    fn blank(self) -> FillBytes {
        match self.table.padding() {
            [high, low] => FillBytes::Two([*high, *low]),
            _ => FillBytes::One(self.table.blank()),
        }
    }
}

/// The bytes without padding, for a page that pads with one byte.
#[inline]
pub(crate) fn trim(bytes: &[u8], right: bool, blank: u8) -> &[u8] {
    if right {
        let blanks = bytes.iter().take_while(|byte| **byte == blank).count();
        return bytes.get(blanks..).unwrap_or_default();
    }
    // Eight blanks at a time: names and addresses are mostly padding.
    let mut rest = bytes;
    let eight = [blank; 8];
    while let Some((front, last)) = rest.split_last_chunk::<8>() {
        if *last != eight {
            break;
        }
        rest = front;
    }
    while let [front @ .., last] = rest {
        if *last != blank {
            break;
        }
        rest = front;
    }
    rest
}

/// The same for any page.
pub(crate) fn trim_wide<'b>(bytes: &'b [u8], right: bool, table: &Table) -> &'b [u8] {
    match table.padding() {
        [high, low] => {
            let (pairs, odd) = bytes.as_chunks::<2>();
            let is_blank = |pair: &&[u8; 2]| **pair == [*high, *low];
            if right {
                let blanks = pairs.iter().take_while(is_blank).count();
                return bytes.get(blanks.saturating_mul(2)..).unwrap_or_default();
            }
            if !odd.is_empty() {
                return bytes;
            }
            let blanks = pairs.iter().rev().take_while(is_blank).count();
            let kept = pairs.len().saturating_sub(blanks).saturating_mul(2);
            bytes.get(..kept).unwrap_or_default()
        }
        _ => trim(bytes, right, table.blank()),
    }
}

/// Text as the policy wants it: without the blanks and control characters it does not.
pub(crate) fn refine(text: &str, right: bool, policy: &TextPolicy) -> String {
    let changed: String;
    let text = match policy.controls {
        Controls::Keep => text,
        Controls::Drop => {
            changed = text.chars().filter(|c| *c >= ' ').collect();
            &changed
        }
        Controls::Blank => {
            changed = text.replace(char::is_control, " ");
            &changed
        }
    };
    // The full-width blank of double-byte pages is a blank too.
    let blank = |c: char| c <= ' ' || c == '\u{3000}';
    match policy.trim {
        Trim::Padding if right => text.trim_start_matches([' ', '\u{3000}']),
        Trim::Padding => text.trim_end_matches([' ', '\u{3000}']),
        Trim::Both => text.trim_matches(blank),
        Trim::Left => text.trim_start_matches(blank),
        Trim::Right => text.trim_end_matches(blank),
        Trim::None => text,
    }
    .to_owned()
}

/// Writes a text and its padding.
pub(crate) fn write(
    text: &str,
    right: bool,
    chars: Chars,
    policy: &TextPolicy,
    out: &mut [u8],
) -> Result<(), Bad> {
    if chars.table.is_single_byte() {
        return write_single(text, right, chars, policy, out);
    }
    let mut bytes = Vec::with_capacity(out.len());
    encode(text, chars, policy, &mut bytes)?;
    if bytes.len() > out.len() {
        if policy.oversize == Oversize::Error {
            return Err(Bad::new(
                FieldErrorKind::Length,
                format!(
                    "a text of {} bytes in a field of {}",
                    bytes.len(),
                    out.len()
                ),
            ));
        }
        bytes = cut(text, right, chars, policy, out.len())?;
    }
    chars.fill(Filler::Space).put(out);
    let start = if right {
        out.len().saturating_sub(bytes.len())
    } else {
        0
    };
    if let Some(place) = out
        .get_mut(start..)
        .and_then(|place| place.get_mut(..bytes.len()))
    {
        place.copy_from_slice(&bytes);
    }
    Ok(())
}

/// As many whole characters as there is room for.
pub(crate) fn cut(
    text: &str,
    right: bool,
    chars: Chars,
    policy: &TextPolicy,
    room: usize,
) -> Result<Vec<u8>, Bad> {
    let mut kept = text;
    loop {
        let mut bytes = Vec::new();
        encode(kept, chars, policy, &mut bytes)?;
        let over = bytes.len().saturating_sub(room);
        if over == 0 {
            return Ok(bytes);
        }
        // A character takes at most four bytes.
        for _ in 0..over.div_ceil(4) {
            let mut rest = kept.chars();
            let _ = if right { rest.next() } else { rest.next_back() };
            kept = rest.as_str();
        }
    }
}

pub(crate) fn encode(
    text: &str,
    chars: Chars,
    policy: &TextPolicy,
    out: &mut Vec<u8>,
) -> Result<(), Bad> {
    let Err(missing) = chars.table.encode(text, out) else {
        return Ok(());
    };
    let Some(stand_in) = stand_in(policy) else {
        return Err(not_in(missing, chars.page));
    };
    out.clear();
    let known: String = text
        .chars()
        .map(|character| {
            let mut one = Vec::new();
            let found = chars
                .table
                .encode(character.encode_utf8(&mut [0; 4]), &mut one);
            if found.is_ok() { character } else { stand_in }
        })
        .collect();
    chars
        .table
        .encode(&known, out)
        .map_err(|_| not_in(missing, chars.page))
}

fn stand_in(policy: &TextPolicy) -> Option<char> {
    match policy.unknown {
        UnknownCharacter::Error => None,
        UnknownCharacter::Substitute => Some('\u{1a}'),
        UnknownCharacter::Blank => Some(' '),
    }
}

fn not_in(character: char, page: CodePage) -> Bad {
    Bad::new(
        FieldErrorKind::Character,
        format!(
            "the character `{}` (U+{:04X}) is not in code page {page}",
            character.escape_debug(),
            u32::from(character)
        ),
    )
}

fn write_single(
    text: &str,
    right: bool,
    chars: Chars,
    policy: &TextPolicy,
    out: &mut [u8],
) -> Result<(), Bad> {
    let table = chars.table;
    let wanted = out.len();
    let characters = text.chars().count();
    let mut skip = 0;
    let padding = match wanted.checked_sub(characters) {
        Some(padding) => padding,
        None if policy.oversize == Oversize::Error => {
            return Err(Bad::new(
                FieldErrorKind::Length,
                format!("a text of {characters} characters in a field of {wanted}"),
            ));
        }
        None => {
            if right {
                skip = characters.saturating_sub(wanted);
            }
            0
        }
    };
    out.fill(table.blank());
    let start = if right { padding } else { 0 };
    for (byte, character) in out.iter_mut().skip(start).zip(text.chars().skip(skip)) {
        *byte = match table.byte_of(character) {
            Some(byte) => byte,
            None => stand_in(policy)
                .and_then(|stand_in| table.byte_of(stand_in))
                .ok_or_else(|| not_in(character, chars.page))?,
        };
    }
    Ok(())
}

/// Whether writing a text gives these bytes.
pub(crate) fn gives(text: &str, right: bool, chars: Chars, bytes: &[u8]) -> bool {
    let mut again = vec![0; bytes.len()];
    let done = write(text, right, chars, &TextPolicy::default(), &mut again);
    done.is_ok() && again == bytes
}

/// Why bytes are no text.
#[cold]
pub(crate) fn no_character(bytes: &[u8], at: usize, chars: Chars) -> Bad {
    let rest = bytes.get(at..).unwrap_or_default();
    let shown = crate::json::hex(rest.get(..4).unwrap_or(rest));
    Bad::new(
        FieldErrorKind::Character,
        format!(
            "wanted a character of {} as byte {} of the field, got {shown}",
            chars.page,
            at.saturating_add(1)
        ),
    )
}
