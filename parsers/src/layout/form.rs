//! The storage form of an elementary item: usage and picture to codec and size.
//!
//! In: an item with what it inherits, and the [`Rules`](super::form_rules::Rules) of the layout. Out: its [`Form`], or
//! a fault. Enterprise COBOL Language Reference, "USAGE clause", "Computational items".

mod kind;
mod number;

use super::options::{Dialect, Edited, Endian};
use super::storage::{Form, Pass};
use crate::charset::CodePage;
use crate::codec::edit::Editor;
use crate::codec::{Chars, Codec};
use crate::copybook::{Item, Picture, PictureKind, Sign, Usage};
use crate::error::Span;
pub(super) use kind::kind_of;
use kind::{integer_digits, storage_digits};
use number::Shape;

impl Pass<'_> {
    /// Codec and size of an elementary item.
    pub(super) fn form(
        &mut self,
        item: &Item,
        usage: Usage,
        sign: Option<Sign>,
    ) -> Option<(Form, u32)> {
        let span = item.usage.map_or(item.span(), |(_, span)| span);
        let (codec, size) = match &item.picture {
            None => self.without_picture(usage, span)?,
            Some((picture, picture_span)) => {
                self.clauses(item, picture, *picture_span, usage)?;
                match picture.kind() {
                    PictureKind::Numeric {
                        signed,
                        digits,
                        scale,
                    } if item.blank_when_zero.is_none() => {
                        // Compilers take no SIGN clause without an S; where it is written all the same, it is meant.
                        let separate = item.sign.is_some_and(|(sign, _)| sign.separate);
                        let number = Shape {
                            signed: signed || (separate && usage == Usage::Display),
                            digits,
                            scale: i32::from(scale),
                        };
                        self.number(number, usage, sign, span, *picture_span)?
                    }
                    _ => self.text(item, picture, (usage, sign), span, *picture_span)?,
                }
            }
        };
        let edit = item.picture.as_ref().and_then(|(picture, _)| {
            let number = self.rules.edited == Edited::Number;
            Editor::of(picture, item.blank_when_zero.is_some(), sign).filter(|_| number)
        });
        Some((
            Form {
                codec,
                edit: edit.map(Box::new),
                value: item.value.clone(),
                null_if: None,
                indicator: false,
            },
            size,
        ))
    }

    fn unsupported(&mut self, span: Span, usage: Usage) {
        self.not_supported(span, format!("USAGE {} is not supported yet", usage.name()));
    }

    fn without_picture(&mut self, usage: Usage, span: Span) -> Option<(Codec, u32)> {
        let rules = self.rules;
        let Some(size) = rules.size_without_picture(usage) else {
            self.unsupported(span, usage);
            return None;
        };
        let integer = |signed| Codec::Binary {
            signed,
            scale: 0,
            digits: integer_digits(size),
            native: true,
            order: rules.order,
        };
        let codec = match usage {
            Usage::FloatShort => Codec::FloatShort(rules.float),
            Usage::FloatLong => Codec::FloatLong(rules.float),
            Usage::Index => integer(true),
            Usage::BinaryChar { signed }
            | Usage::BinaryShort { signed }
            | Usage::BinaryLong { signed }
            | Usage::BinaryDouble { signed } => integer(signed),
            _ => Codec::Bytes,
        };
        Some((codec, size))
    }

    /// Clauses that do not go with the picture or the usage.
    fn clauses(
        &mut self,
        item: &Item,
        picture: &Picture,
        picture_span: Span,
        usage: Usage,
    ) -> Option<()> {
        if usage.has_no_picture() {
            self.fault_with(
                picture_span,
                format!("{} items have no PICTURE", usage.name()),
                "take the PICTURE away",
            );
            return None;
        }
        let numeric = matches!(picture.kind(), PictureKind::Numeric { .. });
        if let Some(span) = item.justified
            && (numeric || picture.kind() == PictureKind::NumericEdited)
        {
            self.fault(span, "JUSTIFIED is for text, and this picture is numeric");
        }
        if let Some((_, span)) = item
            .sign
            .filter(|_| numeric && !matches!(usage, Usage::Display | Usage::National))
        {
            self.fault(
                span,
                format!(
                    "a SIGN clause is for USAGE DISPLAY and NATIONAL, and this is {}",
                    usage.name()
                ),
            );
        }
        // LR "BLANK WHEN ZERO clause": what would be blank is characters.
        if let Some(span) = item
            .blank_when_zero
            .filter(|_| numeric && !matches!(usage, Usage::Display | Usage::National))
        {
            self.fault(
                span,
                format!(
                    "BLANK WHEN ZERO is for USAGE DISPLAY and NATIONAL, and this is {}",
                    usage.name()
                ),
            );
            return None;
        }
        Some(())
    }

    fn text(
        &mut self,
        item: &Item,
        picture: &Picture,
        (usage, sign): (Usage, Option<Sign>),
        span: Span,
        picture_span: Span,
    ) -> Option<(Codec, u32)> {
        let positions = picture.positions();
        let text = |chars: Chars| Codec::Text {
            chars,
            right: item.justified.is_some(),
        };
        let rules = self.rules;
        let (page, width) = match (picture.kind(), usage) {
            (
                PictureKind::Alphabetic
                | PictureKind::Alphanumeric
                | PictureKind::NumericEdited
                | PictureKind::AlphanumericEdited
                | PictureKind::ExternalFloat
                | PictureKind::Numeric { .. },
                Usage::Display,
            ) => {
                // Compilers take no S among editing symbols. Where it is written all the same, a separate sign is a
                // character as it is beside digits only.
                let signed = picture.text().starts_with(['S', 's']);
                let separate = sign.is_some_and(|sign| sign.separate && signed);
                let size = positions.saturating_add(u32::from(separate));
                return Some((text(rules.chars()), size));
            }
            // Not COBOL, but found: plain bytes. Micro Focus computes with them.
            (
                PictureKind::Alphanumeric,
                Usage::Binary | Usage::Native | Usage::CompX | Usage::CompN | Usage::BinaryLittle,
            ) => return Some((self.binary_text(usage, positions), positions)),
            // Likewise: so many bytes of two digits each.
            (PictureKind::Alphanumeric, Usage::PackedNoSign) => {
                let digits = u16::try_from(positions.saturating_mul(2)).ok();
                let codec = match digits.filter(|digits| *digits <= 38) {
                    Some(digits) => Codec::PackedNoSign { scale: 0, digits },
                    None => Codec::Bytes,
                };
                return Some((codec, positions));
            }
            (
                PictureKind::National | PictureKind::NationalEdited,
                Usage::Display | Usage::National,
            )
            | (
                PictureKind::NumericEdited
                | PictureKind::ExternalFloat
                | PictureKind::Numeric { .. },
                Usage::National,
            ) => (Some(utf16(rules.utf16)), 2),
            (PictureKind::National | PictureKind::DoubleByte, Usage::DoubleByte)
            | (PictureKind::DoubleByte, Usage::Display) => (double_byte(rules.page), 2),
            (PictureKind::Utf8, Usage::Display | Usage::Utf8) => {
                let bytes = item
                    .byte_length
                    .map_or(positions.saturating_mul(4), |(bytes, _)| bytes);
                let chars = Chars::new(CodePage::Utf8, &rules.text, true);
                return Some((text(chars), bytes));
            }
            _ => {
                let wants = match usage {
                    Usage::National | Usage::DoubleByte | Usage::Utf8 => "does not go with",
                    _ => "wants a numeric picture, got",
                };
                let message = format!("USAGE {} {wants} `{}`", usage.name(), picture.text());
                self.fault(span, message);
                return None;
            }
        };
        let Some(page) = page else {
            let message = format!(
                "the picture `{}` wants double-byte characters, and {} has none",
                picture.text(),
                rules.page
            );
            self.fault_with(
                picture_span,
                message,
                "take a code page with double-byte characters, such as cp939, cp1388 or cp1364",
            );
            return None;
        };
        let chars = Chars::new(page, &rules.text, true);
        Some((text(chars), positions.saturating_mul(width)))
    }

    /// PIC X(n) COMP-X and the like.
    fn binary_text(&self, usage: Usage, size: u32) -> Codec {
        let computes = match usage {
            Usage::CompX | Usage::CompN => true,
            Usage::Native => self.rules.dialect != Dialect::Ibm,
            _ => false,
        };
        if !computes || size > 8 {
            return Codec::Bytes;
        }
        Codec::Binary {
            signed: false,
            scale: 0,
            digits: storage_digits(size, false),
            native: true,
            order: match usage {
                Usage::CompX => Endian::Big,
                _ => self.rules.order,
            },
        }
    }
}

fn utf16(order: Endian) -> CodePage {
    match order {
        Endian::Big => CodePage::Utf16Be,
        Endian::Little => CodePage::Utf16Le,
    }
}

/// The page of PIC G beside text of a page: its double-byte half, or the page itself where it is nothing else.
fn double_byte(page: CodePage) -> Option<CodePage> {
    page.double_byte()
        .or((page.padding().len() == 2).then_some(page))
}
