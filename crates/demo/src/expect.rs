//! How a record must look in its topic: Connect's JSON without schemas, decimals as numbers, dates as days since 1970-01-01
//! (`io.debezium.time.Date`).
//!
//! Written by hand from the content, not by the converter that capture uses.

use std::fmt::Write as _;

use crate::company::Record;
use crate::content::Content;

/// The key's JSON.
pub fn key(record: &Record) -> String {
    let mut text = Text::default();
    text.members(&record.key);
    text.out
}

/// The record's JSON.
pub fn record(record: &Record) -> String {
    let mut text = Text::default();
    text.value(&record.content);
    text.out
}

#[derive(Default)]
struct Text {
    out: String,
}

impl Text {
    fn value(&mut self, content: &Content) {
        match content {
            Content::Text(text) | Content::Maybe(Some(text)) => self.quoted(text),
            Content::Whole(number) => self.push(format_args!("{number}")),
            Content::Decimal { unscaled, scale } => self.number(*unscaled, *scale),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit_of_their_scale() {
        let check = |unscaled: i64, scale, wanted: &str| {
            let mut text = Text::default();
            text.value(&Content::decimal(unscaled, scale));
            assert_eq!(text.out, wanted);
        };
        check(0, 0, "0");
        check(0, 2, "0.00");
        check(-5, 2, "-0.05");
        check(1250, 2, "12.50");
        check(-123_456, 3, "-123.456");
    }
}
