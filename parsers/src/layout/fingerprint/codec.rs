//! Codecs and edited pictures in the words of the fingerprint.

use std::fmt::Write as _;

use super::escaped;
use crate::codec::edit::Editor;
use crate::codec::{Codec, Float, Zones};
use crate::copybook::{EditSymbol, Picture};
use crate::layout::options::Endian;

pub(super) fn sign(signed: bool) -> &'static str {
    if signed { "signed" } else { "unsigned" }
}

pub(super) fn order(order: Endian) -> &'static str {
    match order {
        Endian::Big => "big",
        Endian::Little => "little",
    }
}

pub(super) fn float(form: Float) -> String {
    match form {
        Float::Hfp(endian) => format!("hfp {}", order(endian)),
        Float::Ieee(endian) => format!("ieee {}", order(endian)),
    }
}

pub(super) fn codec(codec: Codec) -> String {
    match codec {
        Codec::Text { chars, right } => {
            let side = if right { "right" } else { "left" };
            format!("text {} {side}", chars.page.name())
        }
        Codec::Zoned {
            sign,
            scale,
            digits,
            zones,
        } => {
            let sign = match sign {
                None => "unsigned".to_owned(),
                Some(sign) => format!(
                    "{} {}",
                    if sign.leading { "leading" } else { "trailing" },
                    if sign.separate {
                        "separate"
                    } else {
                        "overpunched"
                    }
                ),
            };
            let zones = match zones {
                Zones::Ebcdic => "ebcdic".to_owned(),
                Zones::Translated => "translated".to_owned(),
                Zones::Ascii => "ascii".to_owned(),
                Zones::Utf16(endian) => format!("utf-16 {}", order(endian)),
            };
            format!("zoned {digits} scale {scale} {sign} {zones}")
        }
        Codec::Packed {
            signed,
            scale,
            digits,
        } => format!("packed {digits} scale {scale} {}", sign(signed)),
        Codec::PackedNoSign { scale, digits } => format!("packed {digits} scale {scale} no sign"),
        Codec::Binary {
            signed,
            scale,
            digits,
            native,
            order: endian,
        } => {
            let range = if native { "native" } else { "decimal" };
            format!(
                "binary {digits} scale {scale} {} {range} {}",
                sign(signed),
                order(endian)
            )
        }
        Codec::FloatShort(form) => format!("float 4 {}", float(form)),
        Codec::FloatLong(form) => format!("float 8 {}", float(form)),
        Codec::Varying(varying) => {
            let page = varying.chars.map_or("bytes", |chars| chars.page.name());
            let count = if varying.pairs { "pairs" } else { "bytes" };
            format!("varying {page} counted in {count}")
        }
        Codec::Bytes => "bytes".to_owned(),
    }
}

/// The symbols of the picture, repetitions counted, and what is not in it.
pub(super) fn edited(editor: &Editor, picture: Option<&Picture>) -> String {
    let mut out = String::new();
    match picture.and_then(Picture::edit) {
        Some(edit) => {
            for (symbol, count) in edit.runs() {
                let _written = write!(out, "{}*{count} ", symbol_name(*symbol));
            }
            let comma = if edit.decimal_comma() { " comma" } else { "" };
            let _written = write!(out, "currency {}{comma}", escaped(edit.currency()));
        }
        None => out.push_str(picture.map_or("-", Picture::text)),
    }
    if let Editor::Number(number) = editor {
        let _written = write!(out, " {}", number.clauses());
    }
    out
}

fn symbol_name(symbol: EditSymbol) -> &'static str {
    match symbol {
        EditSymbol::Digit => "9",
        EditSymbol::Suppress => "z",
        EditSymbol::Star => "star",
        EditSymbol::Plus => "plus",
        EditSymbol::Minus => "minus",
        EditSymbol::Currency => "currency",
        EditSymbol::Point => "point",
        EditSymbol::Virtual => "v",
        EditSymbol::Scaling => "p",
        EditSymbol::Separator => "separator",
        EditSymbol::Blank => "b",
        EditSymbol::Zero => "0",
        EditSymbol::Slash => "slash",
        EditSymbol::Credit => "cr",
        EditSymbol::Debit => "db",
        EditSymbol::Exponent => "e",
        EditSymbol::Sign => "s",
        EditSymbol::Any => "x",
        EditSymbol::Letter => "a",
        EditSymbol::Wide => "n",
    }
}
