//! What becomes of one value on its way: codes, dates, numbers of texts. Pure.

use std::borrow::Cow;

use parsers::TemporalForm;

use super::event::Scalar;
use super::json::number_length;
use super::program::{Change, Rule, Want, same};

/// Whether [`made`] gives back just this value. Of null, and of text whose kind XML does not tell, the caller decides.
#[inline]
pub(super) fn stays(rule: &Rule, given: &Scalar<'_>) -> bool {
    rule.max.is_none()
        && matches!(rule.change, Change::None)
        && match (rule.want, given) {
            (_, Scalar::Null)
            | (Want::Number | Want::Flag, Scalar::Text(_))
            | (Want::Text, Scalar::Number(_) | Scalar::Flag(_)) => false,
            (Want::Any | Want::Text | Want::Number | Want::Flag, _) => true,
        }
}

/// The value as the target takes it.
///
/// # Errors
/// The reason why it cannot be.
#[inline(always)]
pub(super) fn made<'a>(rule: &'a Rule, given: Scalar<'a>) -> Result<Scalar<'a>, &'static str> {
    if let (Some(max), Some(text)) = (rule.max, given.text())
        && text.chars().count() > max
    {
        return Err("a text longer than the mapping allows");
    }
    let changed = match &rule.change {
        Change::None => given,
        Change::Codes { pairs, otherwise } => {
            let text = given.text().unwrap_or_default();
            let exactly = pairs.iter().find(|(code, _)| **code == *text);
            // Only a number is the same however it is written; `1E1` is a code of its own.
            let numeric = matches!(given, Scalar::Number(_));
            let found = exactly.or_else(|| {
                let mut pairs = pairs.iter().filter(|_| numeric);
                pairs.find(|(code, _)| same(code, text))
            });
            match (found, otherwise) {
                (Some((_, scalar)), _) => scalar.borrowed(),
                (None, Some(scalar)) => scalar.borrowed(),
                (None, None) => return Err("a value that the mapping has no code for"),
            }
        }
        Change::Temporal { from, to } => {
            let numeric = matches!(given, Scalar::Number(_));
            let text = given.text().unwrap_or_default().trim();
            match translated(text, numeric, from.as_ref(), to.as_ref()) {
                Some(text) => Scalar::Text(Cow::Owned(text)),
                None => return Err("no date or time of the form that the mapping says"),
            }
        }
    };
    match (rule.want, changed) {
        (Want::Number, Scalar::Text(text)) => number(&text)
            .map(|text| Scalar::Number(Cow::Owned(text)))
            .ok_or("wanted a number"),
        (Want::Flag, Scalar::Text(text)) => match text.trim() {
            "true" | "1" => Ok(Scalar::Flag(true)),
            "false" | "0" => Ok(Scalar::Flag(false)),
            _ => Err("wanted true or false"),
        },
        (Want::Text, Scalar::Number(text)) => Ok(Scalar::Text(text)),
        (Want::Text, Scalar::Flag(flag)) => {
            let text = if flag { "true" } else { "false" };
            Ok(Scalar::Text(text.into()))
        }
        (_, scalar) => Ok(scalar),
    }
}

/// A date or time in another form. A number has lost the zeros in front of it.
fn translated(
    text: &str,
    numeric: bool,
    from: Option<&TemporalForm>,
    to: Option<&TemporalForm>,
) -> Option<String> {
    let iso = match from {
        None => Cow::Borrowed(text),
        Some(form) => {
            let width = form.width().filter(|_| numeric && form.is_digits());
            let text = format!("{text:0>width$}", width = width.unwrap_or(0));
            Cow::Owned(form.to_iso(&text)?)
        }
    };
    match to {
        None => Some(iso.into_owned()),
        Some(form) => form.from_iso(&iso),
    }
}

/// A number as people and XML Schema write it (a plus, zeros in front, blanks around), as JSON writes it. No digit is lost.
pub(super) fn number(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let stripped = digits.trim_start_matches('0');
    let zero = stripped.is_empty() || !stripped.starts_with(|c: char| c.is_ascii_digit());
    if zero && digits.len() == stripped.len() && !stripped.starts_with('.') {
        return None;
    }
    let number = format!("{sign}{}{stripped}", if zero { "0" } else { "" });
    (number_length(number.as_bytes())? == number.len()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_of_texts_lose_no_digit_and_nothing_else_is_one() {
        let told: Vec<String> = [
            "0", "007", "+1", "-1.50", " 12 ", ".5", "-0.0", "1e3", "00.10", "", "-", "+", "1.",
            "1,5", "--1", "0x1", "1 2", "NaN", "Infinity",
        ]
        .iter()
        .map(|text| format!("{text:?} {:?}", number(text)))
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
"0" Some("0")
"007" Some("7")
"+1" Some("1")
"-1.50" Some("-1.50")
" 12 " Some("12")
".5" Some("0.5")
"-0.0" Some("-0.0")
"1e3" Some("1e3")
"00.10" Some("0.10")
"" None
"-" None
"+" None
"1." None
"1,5" None
"--1" None
"0x1" None
"1 2" None
"NaN" None
"Infinity" None
"#);
    }
}
