//! Forms and queries (`application/x-www-form-urlencoded`, as the URL Standard reads it) as events. Pure.

use std::borrow::Cow;

use super::event::{Event, Kind, Name, Reader, Scalar, Unreadable};

/// Parameters of one form; more are refused.
const PARAMETERS: usize = 10_000;

/// Reads one form, or one query.
#[derive(Debug)]
pub struct FormReader<'a> {
    bytes: &'a [u8],
    at: usize,
    seen: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Within,
    End,
}

impl<'a> FormReader<'a> {
    /// Of this text.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            seen: 0,
            state: State::Start,
        }
    }

    fn decoded(&self, part: &'a [u8]) -> Result<Cow<'a, str>, Unreadable> {
        let wrong = |reason| Unreadable {
            offset: self.at,
            reason,
        };
        let utf8 = "wanted UTF-8, percent-encoded";
        if !part.iter().any(|byte| matches!(byte, b'%' | b'+')) {
            let text = std::str::from_utf8(part).map_err(|_| wrong(utf8))?;
            return Ok(Cow::Borrowed(text));
        }
        let mut bytes = Vec::with_capacity(part.len());
        let mut rest = part.iter();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let mut digit = || {
                        let digit = rest.next().map(|byte| char::from(*byte))?.to_digit(16)?;
                        u8::try_from(digit).ok()
                    };
                    match (digit(), digit()) {
                        (Some(high), Some(low)) => high << 4 | low,
                        _ => return Err(wrong("a `%` without two hexadecimal digits")),
                    }
                }
                byte => *byte,
            });
        }
        String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|_| wrong(utf8))
    }
}

impl<'a> Reader<'a> for FormReader<'a> {
    fn offset(&self) -> usize {
        self.at
    }

    fn length(&self) -> usize {
        self.bytes.len()
    }

    fn next(&mut self) -> Result<Option<Event<'a>>, Unreadable> {
        match self.state {
            State::Start => {
                self.state = State::Within;
                return Ok(Some(Event::Open {
                    name: Name::default(),
                    kind: Kind::Element,
                }));
            }
            State::End => return Ok(None),
            State::Within => {}
        }
        while let Some(rest) = self.bytes.get(self.at..).filter(|rest| !rest.is_empty()) {
            let length = rest.iter().position(|byte| *byte == b'&');
            let pair = rest.get(..length.unwrap_or(rest.len())).unwrap_or(rest);
            if pair.is_empty() {
                self.at += 1;
                continue;
            }
            self.seen += 1;
            if self.seen > PARAMETERS {
                return Err(Unreadable {
                    offset: self.at,
                    reason: "too many parameters",
                });
            }
            let equals = pair.iter().position(|byte| *byte == b'=');
            let name = pair.get(..equals.unwrap_or(pair.len())).unwrap_or(pair);
            let value = equals.and_then(|at| pair.get(at + 1..)).unwrap_or_default();
            let local = self.decoded(name)?;
            let value = self.decoded(value)?;
            self.at += pair.len() + usize::from(length.is_some());
            return Ok(Some(Event::Value {
                name: Name { local, space: 0 },
                scalar: Scalar::Text(value),
            }));
        }
        self.state = State::End;
        Ok(Some(Event::Close))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut reader = FormReader::new(text.as_bytes());
        let mut told = String::new();
        loop {
            match reader.next() {
                Ok(Some(Event::Value { name, scalar })) => {
                    told.push_str(&format!("{}={:?} ", name.local, scalar.text()));
                }
                Ok(Some(_)) => {}
                Ok(None) => return told,
                Err(error) => return format!("{told}! {}", error.reason),
            }
        }
    }

    #[test]
    fn parameters_become_members() {
        insta::assert_snapshot!(told("a=1&b=x+y%26z&&a=2&c&=d&e=f=g"), @r#"a=Some("1") b=Some("x y&z") a=Some("2") c=Some("") =Some("d") e=Some("f=g")"#);
        insta::assert_snapshot!(told("a=%4"), @r"! a `%` without two hexadecimal digits");
        insta::assert_snapshot!(told("a=%ff"), @r"! wanted UTF-8, percent-encoded");
    }
}
