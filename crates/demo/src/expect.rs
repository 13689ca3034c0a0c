//! How a record must look in its topic: Connect's JSON without schemas, decimals as numbers, dates as days since 1970-01-01
//! (`io.debezium.time.Date`).
//!
//! Written by hand from the content, not by the converter that capture uses.

use std::fmt::Write as _;

use crate::company::Record;
use crate::content::Content;

/// The key's JSON.
pub fn key(record: &Record) -> String {
    let mut text = String::new();
    members(
        record.key.iter().map(|(name, content)| (*name, content)),
        &mut text,
    );
    text
}

/// The record's JSON.
pub fn record(record: &Record) -> String {
    let mut text = String::new();
    value(&record.content, &mut text);
    text
}

fn value(content: &Content, out: &mut String) {
    match content {
        Content::Text(text) => quoted(text, out),
        Content::Number { unscaled, scale } => number(*unscaled, *scale, out),
        Content::Float(float) => write_to(out, format_args!("{float:?}")),
        Content::Date(Some(day)) => write_to(out, format_args!("{}", day.0)),
        Content::Maybe(Some(text)) => quoted(text, out),
        Content::Date(None) | Content::Maybe(None) => out.push_str("null"),
        Content::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Content::Group(group) => members(group.iter().map(|(name, content)| (*name, content)), out),
        Content::List(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                value(item, out);
            }
            out.push(']');
        }
    }
}

fn members<'a>(members: impl Iterator<Item = (&'static str, &'a Content)>, out: &mut String) {
    out.push('{');
    for (n, (name, content)) in members.enumerate() {
        if n > 0 {
            out.push(',');
        }
        quoted(name, out);
        out.push(':');
        value(content, out);
    }
    out.push('}');
}

/// All digits of the scale, so that 12.50 stays 12.50.
fn number(unscaled: i128, scale: u32, out: &mut String) {
    let width = usize::try_from(scale).unwrap_or(0);
    let digits = format!("{:0>1$}", unscaled.unsigned_abs(), width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    let sign = if unscaled < 0 { "-" } else { "" };
    let point = if width > 0 { "." } else { "" };
    write_to(out, format_args!("{sign}{whole}{point}{fraction}"));
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

fn write_to(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments)
        .expect("writing to a String does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit_of_their_scale() {
        let check = |unscaled: i64, scale, wanted: &str| {
            let mut text = String::new();
            number(i128::from(unscaled), scale, &mut text);
            assert_eq!(text, wanted);
        };
        check(0, 0, "0");
        check(0, 2, "0.00");
        check(-5, 2, "-0.05");
        check(1250, 2, "12.50");
        check(-123_456, 3, "-123.456");
    }
}
