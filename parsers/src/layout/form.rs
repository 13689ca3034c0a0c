//! The storage form of an elementary item: usage and picture to codec and size.
//!
//! In: an item with what it inherits. Out: its [`Form`], or a fault. Enterprise COBOL Language Reference, "USAGE
//! clause", "Computational items".

use super::field::FieldKind;
use super::storage::{Form, Pass};
use crate::codec::Codec;
use crate::copybook::{Item, PictureKind, Sign, Usage};
use crate::error::Span;

impl Pass<'_> {
    /// Codec and size of an elementary item.
    pub(super) fn form(
        &mut self,
        item: &Item,
        usage: Usage,
        sign: Option<Sign>,
    ) -> Option<(Form, u32)> {
        let value = item.value.clone();
        let span = item.usage.map_or(item.span(), |(_, span)| span);
        let form = |codec, size| {
            Some((
                Form {
                    codec,
                    value: value.clone(),
                },
                size,
            ))
        };
        let Some((picture, picture_span)) = &item.picture else {
            return match usage {
                Usage::FloatShort => form(Codec::FloatShort, 4),
                Usage::FloatLong => form(Codec::FloatLong, 8),
                _ => {
                    self.unsupported(span, usage);
                    None
                }
            };
        };
        if usage.has_no_picture() {
            self.fault_with(
                *picture_span,
                format!("{} items have no PICTURE", usage.name()),
                "take the PICTURE away",
            );
            return None;
        }
        if let Some(span) = item.justified
            && matches!(
                picture.kind(),
                PictureKind::Numeric { .. } | PictureKind::NumericEdited
            )
        {
            self.fault(span, "JUSTIFIED is for text, and this picture is numeric");
        }
        let PictureKind::Numeric {
            signed,
            digits,
            scale,
        } = picture.kind()
        else {
            if usage != Usage::Display {
                let message = format!(
                    "USAGE {} wants a numeric picture, got `{}`",
                    usage.name(),
                    picture.text()
                );
                self.fault(span, message);
                return None;
            }
            if !matches!(
                picture.kind(),
                PictureKind::Alphabetic
                    | PictureKind::Alphanumeric
                    | PictureKind::NumericEdited
                    | PictureKind::AlphanumericEdited
            ) {
                let message = format!("the picture `{}` is not supported yet", picture.text());
                self.not_supported(*picture_span, message);
                return None;
            }
            return form(
                Codec::Text {
                    right: item.justified.is_some(),
                },
                picture.positions(),
            );
        };
        if let Some((_, span)) = item.sign.filter(|_| usage != Usage::Display) {
            self.fault(
                span,
                format!(
                    "a SIGN clause is for USAGE DISPLAY, and this is {}",
                    usage.name()
                ),
            );
        }
        let scale = i32::from(scale);
        if item.blank_when_zero.is_some() {
            // A numeric picture with BLANK WHEN ZERO is numeric-edited: characters, blank for zero.
            return form(Codec::Text { right: false }, picture.positions());
        }
        match usage {
            Usage::Display => {
                let sign = signed.then(|| {
                    sign.unwrap_or(Sign {
                        leading: false,
                        separate: false,
                    })
                });
                let separate = u32::from(sign.is_some_and(|sign| sign.separate));
                form(
                    Codec::Zoned {
                        sign,
                        scale,
                        digits,
                    },
                    u32::from(digits).saturating_add(separate),
                )
            }
            Usage::Packed => {
                let size = u32::from(digits)
                    .checked_div(2)
                    .unwrap_or(0)
                    .saturating_add(1);
                form(
                    Codec::Packed {
                        signed,
                        scale,
                        digits,
                    },
                    size,
                )
            }
            Usage::Binary | Usage::Native => {
                let Some(size) = binary_size(digits) else {
                    let message = format!(
                        "{} items have at most 18 digits, got {digits}",
                        usage.name()
                    );
                    self.fault(*picture_span, message);
                    return None;
                };
                form(
                    Codec::Binary {
                        signed,
                        scale,
                        digits,
                        native: usage == Usage::Native,
                    },
                    size,
                )
            }
            _ => {
                self.unsupported(span, usage);
                None
            }
        }
    }
}

impl Pass<'_> {
    fn unsupported(&mut self, span: Span, usage: Usage) {
        self.not_supported(span, format!("USAGE {} is not supported yet", usage.name()));
    }
}

/// Halfword to 4 digits, fullword to 9, doubleword to 18 (Language Reference, "Computational items").
fn binary_size(digits: u16) -> Option<u32> {
    match digits {
        1..=4 => Some(2),
        5..=9 => Some(4),
        10..=18 => Some(8),
        _ => None,
    }
}

pub(super) fn kind_of(codec: Codec, size: u32) -> FieldKind {
    match codec {
        Codec::Text { .. } => FieldKind::Text { chars: size },
        Codec::Zoned {
            sign,
            scale,
            digits,
        } => FieldKind::Number {
            digits,
            storage_digits: digits,
            scale,
            signed: sign.is_some(),
        },
        Codec::Packed {
            signed,
            scale,
            digits,
        } => FieldKind::Number {
            digits,
            storage_digits: (digits | 1).min(38),
            scale,
            signed,
        },
        Codec::Binary {
            signed,
            scale,
            digits,
            ..
        } => {
            let storage_digits = match size {
                2 => 5,
                4 => 10,
                _ if signed => 19,
                _ => 20,
            };
            FieldKind::Number {
                digits,
                storage_digits,
                scale,
                signed,
            }
        }
        Codec::FloatShort => FieldKind::FloatShort,
        Codec::FloatLong => FieldKind::FloatLong,
    }
}
