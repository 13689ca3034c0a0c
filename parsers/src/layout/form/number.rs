//! A numeric picture with its usage to codec and size.
//!
//! In: digits, scale, sign and usage. Out: the codec and the bytes, or a fault. Enterprise COBOL Language Reference,
//! "Computational items".

use crate::codec::{Codec, Zones};
use crate::copybook::{Sign, Usage};
use crate::error::Span;
use crate::layout::options::Endian;
use crate::layout::storage::Pass;

/// A numeric picture.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) signed: bool,
    pub(super) digits: u16,
    pub(super) scale: i32,
}

impl Pass<'_> {
    pub(super) fn number(
        &mut self,
        shape: Shape,
        usage: Usage,
        sign: Option<Sign>,
        span: Span,
        picture_span: Span,
    ) -> Option<(Codec, u32)> {
        let Shape {
            signed,
            digits,
            scale,
        } = shape;
        let rules = self.rules;
        match usage {
            Usage::Display => {
                let sign = signed.then(|| {
                    sign.unwrap_or(Sign {
                        leading: false,
                        separate: false,
                    })
                });
                let separate = u32::from(sign.is_some_and(|sign| sign.separate));
                let codec = Codec::Zoned {
                    sign,
                    scale,
                    digits,
                    zones: rules.zones(rules.page),
                };
                Some((codec, u32::from(digits).saturating_add(separate)))
            }
            Usage::Packed => {
                let codec = Codec::Packed {
                    signed,
                    scale,
                    digits,
                };
                Some((codec, u32::from(digits / 2).saturating_add(1)))
            }
            Usage::PackedNoSign if signed => {
                self.fault_with(
                    picture_span,
                    format!(
                        "{} has no place for a sign, and the picture has an S",
                        usage.name()
                    ),
                    "take the S away, or make it COMP-3",
                );
                None
            }
            Usage::PackedNoSign => Some((
                Codec::PackedNoSign { scale, digits },
                u32::from(digits.div_ceil(2)),
            )),
            Usage::Binary | Usage::Native | Usage::CompX | Usage::CompN | Usage::BinaryLittle => {
                let Some(size) = rules.binary_size(usage, digits, signed) else {
                    let message = format!(
                        "{} items have at most 18 digits, got {digits}",
                        usage.name()
                    );
                    self.fault(picture_span, message);
                    return None;
                };
                let codec = Codec::Binary {
                    signed,
                    scale,
                    digits,
                    native: rules.native_comp
                        || matches!(usage, Usage::Native | Usage::CompX | Usage::CompN),
                    order: match usage {
                        Usage::Native | Usage::CompN => rules.order,
                        Usage::BinaryLittle => Endian::Little,
                        _ => Endian::Big,
                    },
                };
                Some((codec, size))
            }
            // Language Reference, "SIGN clause": a national decimal item with an S has a separate sign.
            Usage::National if signed && !sign.is_some_and(|sign| sign.separate) => {
                self.fault_with(
                    picture_span,
                    "a national number with an S has its sign as a character of its own",
                    "add SIGN IS TRAILING SEPARATE, or take the S away",
                );
                None
            }
            Usage::National => {
                let sign = sign.filter(|_| signed);
                let codec = Codec::Zoned {
                    sign,
                    scale,
                    digits,
                    zones: Zones::Utf16(rules.utf16),
                };
                let characters = u32::from(digits).saturating_add(u32::from(signed));
                Some((codec, characters.saturating_mul(2)))
            }
            _ => {
                self.fault(
                    span,
                    format!("USAGE {} does not go with a numeric picture", usage.name()),
                );
                None
            }
        }
    }
}
