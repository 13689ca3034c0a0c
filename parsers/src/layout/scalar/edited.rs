//! A field with an edited picture, read as the value that it shows.
//!
//! In: the characters that an editing picture made. Out: the text, number or float behind them, or by the policies what
//! else stands there.

use crate::codec::edit::Editor;
use crate::codec::{self, Bad, Codec, NO_DIGITS};
use crate::decimal::Decimal;
use crate::layout::field::Field;
use crate::layout::options::{DisplayNumbers, Numbers};
use crate::layout::program::Leaf;
use crate::layout::walk::Walker;
use crate::visitor::{Magnitude, Number, Text, Visitor};

impl Walker<'_> {
    /// A field with an edited picture, as the value that it shows.
    pub(super) fn edited<V: Visitor>(
        &self,
        leaf: &Leaf,
        editor: &Editor,
        bytes: &[u8],
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        let Codec::Text { chars, .. } = leaf.codec else {
            return self.plain(leaf, bytes, visitor);
        };
        let mut text = String::with_capacity(bytes.len());
        if let Err(at) = chars.table.decode(bytes, &mut text) {
            return self.invalid_number(
                field,
                codec::text::no_character(bytes, at, chars),
                visitor,
            );
        }
        // Several bytes may read as one character.
        let same = |shown: Option<String>| {
            shown.is_some_and(|shown| shown == text) && chars.table.check(bytes) == Ok(true)
        };
        match editor {
            Editor::Text(editor) => {
                let value = editor.parse(&text);
                visitor.text(field, Text::decoded(bytes, chars.table, &value));
                Ok(V::RESIDUE && same(editor.format(&value)))
            }
            Editor::Float(editor) => match editor.parse(&text) {
                Some(value) => {
                    visitor.float(field, value);
                    Ok(V::RESIDUE && same(editor.format(value)))
                }
                None => self.invalid_number(field, codec::edit::unread(&text), visitor),
            },
            Editor::Number(editor) => {
                if let Some(value) = editor.parse(&text) {
                    push_decimal(value, field, visitor);
                    return Ok(V::RESIDUE && same(editor.format(value)));
                }
                if let Some(done) = self.filled(field, leaf.codec, bytes, editor.scale(), visitor) {
                    return Ok(done);
                }
                let numbers = Numbers {
                    display: DisplayNumbers::Explicit,
                    ..self.layout.policy.numbers
                };
                if self.layout.policy.numbers.display != DisplayNumbers::Exact {
                    let mut digits = NO_DIGITS;
                    let zones = codec::Zones::of(chars.page);
                    let scale = editor.scale();
                    let read =
                        codec::spaced::read(bytes, true, zones, scale, &numbers, &mut digits);
                    if let Ok(read) = read {
                        let number = Number {
                            negative: read.negative,
                            magnitude: Magnitude::Digits(
                                digits.get(..read.len).unwrap_or_default(),
                            ),
                            scale,
                        };
                        visitor.number(field, number);
                        return Ok(false);
                    }
                }
                let bad = codec::not_a_number(bytes, codec::Zones::of(chars.page), || {
                    codec::edit::unread(&text)
                });
                self.invalid_number(field, bad, visitor)
            }
        }
    }
}

fn push_decimal<V: Visitor>(value: Decimal, field: &Field, visitor: &mut V) {
    let digits = value.unscaled.unsigned_abs().to_string();
    visitor.number(
        field,
        Number {
            negative: value.unscaled < 0,
            magnitude: Magnitude::Digits(digits.as_bytes()),
            scale: value.scale,
        },
    );
}
