//! PIC X, A and edited pictures: characters of a code page, padded with blanks.
//!
//! Reading drops the padding: blanks on the right, or on the left of a JUSTIFIED field. What is left is exact: each
//! byte is one character, so there is never anything to keep as residue.

use super::{BLANK, Bad};
use crate::charset::{CodePage, Table};
use crate::error::FieldErrorKind;

/// The bytes without padding.
#[inline]
pub(crate) fn trim(bytes: &[u8], right: bool) -> &[u8] {
    if right {
        let blanks = bytes.iter().take_while(|byte| **byte == BLANK).count();
        return bytes.get(blanks..).unwrap_or_default();
    }
    // Eight blanks at a time: names and addresses are mostly padding.
    let mut rest = bytes;
    while let Some((front, last)) = rest.split_last_chunk::<8>() {
        if *last != [BLANK; 8] {
            break;
        }
        rest = front;
    }
    while let [front @ .., BLANK] = rest {
        rest = front;
    }
    rest
}

/// Writes a text and its padding.
pub(crate) fn write(text: &str, right: bool, page: CodePage, out: &mut [u8]) -> Result<(), Bad> {
    let table: &Table = page.table();
    let wanted = out.len();
    let characters = text.chars().count();
    let Some(padding) = wanted.checked_sub(characters) else {
        return Err(Bad::new(
            FieldErrorKind::Length,
            format!("a text of {characters} characters in a field of {wanted}"),
        ));
    };
    out.fill(BLANK);
    let start = if right { padding } else { 0 };
    for (byte, character) in out.iter_mut().skip(start).zip(text.chars()) {
        *byte = table.byte_of(character).ok_or_else(|| {
            Bad::new(
                FieldErrorKind::Character,
                format!(
                    "the character `{}` (U+{:04X}) is not in code page {page}",
                    character.escape_default(),
                    u32::from(character)
                ),
            )
        })?;
    }
    Ok(())
}
