//! How a record must look in its topic: Connect's JSON without schemas, dates as days since 1970-01-01
//! (`io.debezium.time.Date`).
//!
//! Written by hand from the content, not by the converter that capture uses.

use std::fmt::Write as _;

use crate::company::Record;
use crate::content::Content;

/// How the topic's JSON has decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimals {
    /// The unscaled number's bytes, big endian, two's complement, as few as hold it, in base64: Connect's own way.
    Base64,
    /// A JSON number with all digits of its scale.
    Numeric,
}

/// The key's JSON.
pub fn key(record: &Record, decimals: Decimals) -> String {
    let mut text = Text {
        out: String::new(),
        decimals,
    };
    text.members(&record.key);
    text.out
}

/// The record's JSON.
pub fn record(record: &Record, decimals: Decimals) -> String {
    let mut text = Text {
        out: String::new(),
        decimals,
    };
    text.value(&record.content);
    text.out
}

struct Text {
    out: String,
    decimals: Decimals,
}

impl Text {
    fn value(&mut self, content: &Content) {
        match content {
            Content::Text(text) | Content::Maybe(Some(text)) => self.quoted(text),
            Content::Whole(number) => self.push(format_args!("{number}")),
            Content::Decimal { unscaled, scale } => match self.decimals {
                Decimals::Numeric => self.number(*unscaled, *scale),
                Decimals::Base64 => self.quoted(&base64(*unscaled)),
            },
            Content::Float(float) => self.push(format_args!("{float:?}")),
            Content::Date(Some(day)) => self.push(format_args!("{}", day.0)),
            Content::Date(None) | Content::Maybe(None) | Content::Absent => {
                self.out.push_str("null");
            }
            Content::Flag(flag) => self.push(format_args!("{flag}")),
            Content::Group(members) => self.members(members),
            Content::List(items) => {
                self.out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        self.out.push(',');
                    }
                    self.value(item);
                }
                self.out.push(']');
            }
        }
    }

    fn members(&mut self, members: &[(&'static str, Content)]) {
        self.out.push('{');
        for (n, (name, content)) in members.iter().enumerate() {
            if n > 0 {
                self.out.push(',');
            }
            self.quoted(name);
            self.out.push(':');
            self.value(content);
        }
        self.out.push('}');
    }

    /// All digits of the scale, so that 12.50 stays 12.50.
    fn number(&mut self, unscaled: i128, scale: u32) {
        let width = usize::try_from(scale).unwrap_or(0);
        let digits = format!("{:0>1$}", unscaled.unsigned_abs(), width + 1);
        let (whole, fraction) = digits.split_at(digits.len() - width);
        let sign = if unscaled < 0 { "-" } else { "" };
        let point = if width > 0 { "." } else { "" };
        self.push(format_args!("{sign}{whole}{point}{fraction}"));
    }

    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                self.out.push('\\');
            }
            self.out.push(c);
        }
        self.out.push('"');
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.out
            .write_fmt(arguments)
            .expect("writing to a String does not fail");
    }
}

/// The fewest big-endian bytes that hold the number in two's complement (`BigInteger.toByteArray`), in base64 (RFC 4648).
fn base64(number: i128) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let all = number.to_be_bytes();
    let sign: u8 = if number < 0 { 0xFF } else { 0 };
    let kept = all
        .windows(2)
        .take_while(|pair| pair[0] == sign && (pair[0] ^ pair[1]) & 0x80 == 0)
        .count();
    let bytes = all.get(kept..).unwrap_or(&all);
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for n in 0..4 {
            let index = bits >> (18 - 6 * n) & 0x3F;
            let letter = ALPHABET.get(index).copied().unwrap_or(b'=');
            text.push(if n <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit_of_their_scale() {
        let check = |unscaled: i64, scale, wanted: &str| {
            let mut text = Text {
                out: String::new(),
                decimals: Decimals::Numeric,
            };
            text.value(&Content::decimal(unscaled, scale));
            assert_eq!(text.out, wanted);
        };
        check(0, 0, "0");
        check(0, 2, "0.00");
        check(-5, 2, "-0.05");
        check(1250, 2, "12.50");
        check(-123_456, 3, "-123.456");
    }

    #[test]
    fn base64_is_that_of_connects_decimal() {
        // The first two as Debezium wrote them from PostgreSQL (1234567890123.45 and -0.01).
        let check = |number: i128, wanted: &str| assert_eq!(base64(number), wanted);
        check(123_456_789_012_345, "cEiGDd95");
        check(-1, "/w==");
        check(0, "AA==");
        check(127, "fw==");
        check(128, "AIA=");
        check(-128, "gA==");
        check(-129, "/38=");
        check(65_536, "AQAA");
    }
}
