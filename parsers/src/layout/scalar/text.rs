//! Text of a page with holes or several bytes a character, or with a policy that changes it; text as long as it says.
//!
//! In: a leaf's bytes. Out: a call of the visitor with the text, or a null. Plain text of a single-byte page never comes
//! here.

use crate::codec::{self, Bad, Chars, Varying};
use crate::layout::options::{Controls, InvalidText, LowValueText, TextPolicy, Trim};
use crate::layout::program::Leaf;
use crate::layout::walk::Walker;
use crate::visitor::{Text, Visitor};

impl Walker<'_> {
    /// Text of a page with holes or several bytes a character, or with a policy that changes it.
    pub(super) fn checked_text<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        chars: Chars,
        right: bool,
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        let policy = &self.layout.policy.text;
        if policy.low_values == LowValueText::Null && codec::all(bytes, 0x00) {
            visitor.null(field);
            return Ok(false);
        }
        let table = chars.table;
        let checked = table.check(bytes);
        let untouched = policy.trim == Trim::Padding
            && match policy.controls {
                Controls::Keep => true,
                // The table blanks them.
                Controls::Blank => table.is_single_byte(),
                Controls::Drop => false,
            };
        match (checked, policy.invalid) {
            (Ok(canonical), _) if untouched => {
                let text = codec::text::trim_wide(bytes, right, table);
                visitor.text(field, Text::new(text, table));
                return Ok(canonical);
            }
            (Err(at), InvalidText::Error) => {
                return Err(codec::text::no_character(bytes, at, chars));
            }
            (Err(_), InvalidText::Null) => {
                visitor.null(field);
                return Ok(false);
            }
            _ => {}
        }
        let mut text = String::with_capacity(bytes.len());
        if policy.controls == Controls::Drop && !chars.page.is_ebcdic() && table.padding() == b" " {
            let kept: Vec<u8> = bytes.iter().copied().filter(|byte| *byte >= 0x20).collect();
            table.decode_lossy(&kept, &mut text);
        } else {
            table.decode_lossy(bytes, &mut text);
        }
        if checked.is_err() && policy.invalid == InvalidText::Blank {
            text = text.replace(char::REPLACEMENT_CHARACTER, " ");
        }
        let text = codec::text::refine(&text, right, policy);
        let canonical = V::RESIDUE && codec::text::gives(&text, right, chars, bytes);
        visitor.text(field, Text::decoded(bytes, table, &text));
        Ok(canonical)
    }

    /// A length and so much of a value; blanks at its end are its own.
    pub(super) fn varying_value<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        varying: Varying,
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        let (value, behind) = varying.split(bytes)?;
        let padded = behind.iter().all(|byte| *byte == 0x00);
        let Some(chars) = varying.chars else {
            visitor.bytes(field, value);
            return Ok(padded);
        };
        let policy = &self.layout.policy.text;
        let untouched =
            matches!(policy.trim, Trim::Padding | Trim::None) && policy.controls != Controls::Drop;
        let checked = chars.table.check(value);
        match (checked, policy.invalid) {
            (Ok(canonical), _) if untouched => {
                visitor.text(field, Text::new(value, chars.table));
                return Ok(canonical && padded);
            }
            (Err(at), InvalidText::Error) => {
                return Err(codec::text::no_character(value, at, chars));
            }
            (Err(_), InvalidText::Null) => {
                visitor.null(field);
                return Ok(false);
            }
            _ => {}
        }
        let mut text = String::with_capacity(value.len());
        chars.table.decode_lossy(value, &mut text);
        if checked.is_err() && policy.invalid == InvalidText::Blank {
            text = text.replace(char::REPLACEMENT_CHARACTER, " ");
        }
        let whole = TextPolicy {
            trim: match policy.trim {
                Trim::Padding => Trim::None,
                trim => trim,
            },
            ..*policy
        };
        let text = codec::text::refine(&text, false, &whole);
        let mut again = vec![0x00; bytes.len()];
        let plain = TextPolicy::default();
        let canonical =
            V::RESIDUE && varying.write_text(&text, &plain, &mut again).is_ok() && again == bytes;
        visitor.text(field, Text::decoded(value, chars.table, &text));
        Ok(canonical)
    }
}
