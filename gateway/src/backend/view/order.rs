//! Values as bytes whose order is the values' order: what indexes are made of. Pure.
//!
//! In: a field's [`Form`] and its value, from a row's JSON or from a request. Out: bytes that end where the value ends, so that the next
//! field's may follow. Nothing comes first, then values of the field's form, then odd ones: a text in a number's place, an array, what
//! is longer than [`LONGEST`] or has characters that the source's code page does not have.

use std::cmp::Ordering;

use parsers::CodePage;
use serde::Deserialize;

const NOTHING: u8 = 1;
const NUMBER: u8 = 2;
const TEXT: u8 = 3;
const ODD: u8 = 4;
/// A value is in order by so many bytes, or digits, at most.
const LONGEST: usize = 1024;

/// What a field holds, and how its values follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Numbers, as numbers: packed, zoned and binary fields too.
    Number,
    /// Text by Unicode code points. Blanks at its end do not count.
    Points,
    /// Text by the bytes of a field of the source, padded with blanks to its width.
    Source {
        /// What it is written in there.
        page: CodePage,
        /// Its bytes.
        width: usize,
    },
}

impl Form {
    /// The first byte of values that are what the form says.
    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Number => NUMBER,
            Self::Points | Self::Source { .. } => TEXT,
        }
    }

    /// Appends what a member of a row holds; none is a member that is not there.
    pub(super) fn of_json(self, raw: Option<&str>, out: &mut Vec<u8>) {
        let Some(raw) = raw.filter(|raw| *raw != "null") else {
            out.push(NOTHING);
            return;
        };
        match raw.as_bytes().first() {
            Some(b'"') => {
                let text = String::deserialize(&mut serde_json::Deserializer::from_str(raw));
                self.or_odd(&text.unwrap_or_default(), out);
            }
            Some(b'{' | b'[') => odd(raw, out),
            _ => self.or_odd(raw, out),
        }
    }

    /// Appends what a text says, as in a request; whether it is what the form says.
    pub(super) fn of_text(self, text: &str, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let fits = match self {
            Self::Number => number(text, out),
            Self::Points => points(text, out),
            Self::Source { page, width } => source(text, page, width, out),
        };
        if !fits {
            out.truncate(before);
        }
        fits
    }

    fn or_odd(self, text: &str, out: &mut Vec<u8>) {
        if !self.of_text(text, out) {
            odd(text, out);
        }
    }
}

/// A decimal number, of any size and with an exponent: its sign, where its point stands, its digits. What is negative is turned about.
fn number(text: &str, out: &mut Vec<u8>) -> bool {
    let text = text.trim_matches(' ');
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => match exponent.parse::<i64>() {
            Ok(exponent) => (mantissa, exponent),
            Err(_) => return false,
        },
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let length = whole.len().saturating_add(fraction.len());
    if length == 0 || length > LONGEST || !all_digits(whole) || !all_digits(fraction) {
        return false;
    }
    let digits = || whole.bytes().chain(fraction.bytes());
    let zeros = digits().take_while(|digit| *digit == b'0').count();
    if zeros == length {
        out.extend([NUMBER, 0x80]);
        return true;
    }
    // 0.123 times ten to this.
    let signed = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let point = signed(whole.len())
        .saturating_sub(signed(zeros))
        .saturating_add(exponent);
    let Ok(point) = i32::try_from(point) else {
        return false;
    };
    let sign = if negative { 0x7f } else { 0x81 };
    out.extend([NUMBER, sign]);
    let turned = |byte: u8| if negative { !byte } else { byte };
    let place = point.cast_unsigned() ^ (1 << 31);
    out.extend(place.to_be_bytes().map(turned));
    let last = length.saturating_sub(digits().rev().take_while(|digit| *digit == b'0').count());
    let counted = digits().take(last).skip(zeros);
    out.extend(counted.map(turned));
    out.push(turned(0));
    true
}

/// UTF-8 has the order of its code points. A zero is followed by 0xff, the end is two zeros.
fn points(text: &str, out: &mut Vec<u8>) -> bool {
    let text = text.trim_end_matches(' ');
    if text.len() > LONGEST {
        return false;
    }
    out.push(TEXT);
    ended(text, out);
    true
}

fn source(text: &str, page: CodePage, width: usize, out: &mut Vec<u8>) -> bool {
    out.push(TEXT);
    let begin = out.len();
    if page.encode_to(text.trim_end_matches(' '), out).is_err() {
        return false;
    }
    while out.len().saturating_sub(begin) < width {
        out.extend_from_slice(page.padding());
    }
    out.len().saturating_sub(begin) == width
}

fn odd(text: &str, out: &mut Vec<u8>) {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    out.push(ODD);
    ended(text.get(..end).unwrap_or_default(), out);
}

fn ended(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend([0, 0]);
}

/// The first bytes that come after everything that begins with these; none where nothing does.
pub(super) fn after_all(prefix: &[u8]) -> Option<Vec<u8>> {
    let end = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut out = prefix.get(..=end)?.to_vec();
    let last = out.last_mut()?;
    *last = last.saturating_add(1);
    debug_assert_eq!(out.as_slice().cmp(prefix), Ordering::Greater);
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use parsers::Decimal;
    use proptest::prelude::*;

    use super::*;

    fn bytes(form: Form, json: &str) -> Vec<u8> {
        let mut out = Vec::new();
        form.of_json(Some(json), &mut out);
        out
    }

    fn in_order(form: Form, values: &[&str]) {
        for pair in values.windows(2) {
            let (one, other) = (bytes(form, pair[0]), bytes(form, pair[1]));
            assert!(one < other, "{pair:?}: {one:x?} {other:x?}");
        }
    }

    const CP037: Form = Form::Source {
        page: CodePage::Cp037,
        width: 4,
    };

    #[test]
    fn numbers_follow_each_other_as_numbers_and_odd_values_come_last() {
        in_order(
            Form::Number,
            &[
                "null",
                "-1e30",
                "-100.5",
                "-100",
                "-99.99",
                "-2",
                "-0.5",
                "-0.05",
                "0",
                "1e-9",
                "0.05",
                "0.5",
                "1",
                "1.5",
                "2",
                "10",
                "99.99",
                "123456789012345678901234567890.1",
                "1e40",
                "[1]",
                "\"x\"",
            ],
        );
        for same in [
            "1.50",
            "\"1.5\"",
            "15e-1",
            "+1.5",
            "001.5",
            "\" 1.5 \"",
            "0.15E1",
        ] {
            assert_eq!(
                bytes(Form::Number, same),
                bytes(Form::Number, "1.5"),
                "{same}"
            );
        }
        assert_eq!(bytes(Form::Number, "-0.00"), bytes(Form::Number, "0"));
        let mut out = vec![7];
        for none in ["", ".", "1.2.3", "0x1", "1e", "--1", "1e99999999999", "١"] {
            assert!(!Form::Number.of_text(none, &mut out), "{none}");
        }
        assert_eq!(out, [7]);
    }

    #[test]
    fn text_of_the_source_has_the_order_of_its_bytes() {
        // In EBCDIC letters come before digits, small ones before large ones.
        in_order(
            CP037,
            &[
                "null",
                "\"\"",
                "\"a\"",
                "\"ab\"",
                "\"b\"",
                "\"A\"",
                "\"AB\"",
                "\"Z\"",
                "\"1\"",
                "\"9\"",
                "\"toolong\"",
                "\"\u{20ac}\"",
            ],
        );
        in_order(
            Form::Points,
            &[
                "null",
                "\"\"",
                "\"\\u0000\"",
                "\"1\"",
                "\"A\"",
                "\"A\\u0000\"",
                "\"AB\"",
                "\"a\"",
                "\"\u{20ac}\"",
                "\"\u{1f600}\"",
                "{}",
            ],
        );
        assert_eq!(bytes(CP037, "\"A  \""), bytes(CP037, "\"A\""));
        assert_eq!(bytes(Form::Points, "\"A  \""), bytes(Form::Points, "\"A\""));
    }

    #[test]
    fn what_follows_a_prefix() {
        assert_eq!(after_all(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(after_all(&[1, 0xff, 0xff]), Some(vec![2]));
        assert_eq!(after_all(&[0xff]), None);
        assert_eq!(after_all(&[]), None);
    }

    fn decimal(unscaled: i64, scale: i32) -> Decimal {
        Decimal {
            unscaled: unscaled.into(),
            scale,
        }
    }

    proptest! {
        #[test]
        fn numbers_sort_as_decimals_do(a in -999_999_999_999i64..999_999_999_999, at in 0i32..8, b in -9999i64..9999, bt in 0i32..8) {
            let (a, b) = (decimal(a, at), decimal(b, bt));
            let order = a.compare(b);
            let (one, other) = (bytes(Form::Number, &a.to_string()), bytes(Form::Number, &b.to_string()));
            prop_assert_eq!(one.cmp(&other), order);
        }

        #[test]
        fn text_sorts_as_the_fields_of_records_do(a in "[ A-Za-z0-9äß.,-]{0,4}", b in "[ A-Za-z0-9äß.,-]{0,4}") {
            let padded = |text: &str| {
                let mut out = Vec::new();
                CodePage::Cp037.encode_to(&format!("{text:<4}"), &mut out).unwrap();
                out
            };
            let json = |text: &str| serde_json::Value::from(text).to_string();
            prop_assert_eq!(bytes(CP037, &json(&a)).cmp(&bytes(CP037, &json(&b))), padded(&a).cmp(&padded(&b)));
        }

        #[test]
        fn own_order_is_that_of_code_points_and_no_value_begins_another(a in "\\PC{0,5}[^ ]", b in "\\PC{0,5}[^ ]") {
            let json = |text: &str| serde_json::Value::from(text).to_string();
            let (one, other) = (bytes(Form::Points, &json(&a)), bytes(Form::Points, &json(&b)));
            prop_assert_eq!(one.cmp(&other), a.chars().cmp(b.chars()));
            if one.cmp(&other) != Ordering::Equal {
                prop_assert!(!one.starts_with(&other) && !other.starts_with(&one));
            }
        }
    }
}
