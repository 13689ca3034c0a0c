//! JSON (RFC 8259) as events. Numbers stay the text they are; texts without escapes are borrowed. Pure.

use std::borrow::Cow;

use super::event::{DEPTH, Event, Kind, Name, Reader, Scalar, Unreadable};

/// Reads one JSON text.
#[derive(Debug)]
pub struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    /// The containers that are open, innermost last.
    open: Vec<Kind>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value, the outermost one.
    Start,
    /// The first member, or the end.
    First,
    /// A comma and the next member, or the end.
    Next,
    /// Nothing but blanks.
    End,
}

// What makes an event is inlined into who asks for it: an event is of nine words, and would be copied from one to the next.
impl<'a> JsonReader<'a> {
    /// Of this text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes).map_err(|error| Unreadable {
            offset: error.valid_up_to(),
            reason: "wanted UTF-8",
        })?;
        Ok(Self {
            text,
            at: 0,
            open: Vec::with_capacity(8),
            state: State::Start,
        })
    }

    fn fault<T>(&self, reason: &'static str) -> Result<T, Unreadable> {
        Err(Unreadable {
            offset: self.at,
            reason,
        })
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn blanks(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    #[inline(always)]
    fn value(&mut self, name: Name<'a>) -> Result<Event<'a>, Unreadable> {
        let scalar = match self.blanks() {
            Some(b'"') => Scalar::Text(self.string()?),
            Some(b'{') => return self.begin(name, Kind::Object),
            Some(b'[') => return self.begin(name, Kind::List),
            Some(b'-' | b'0'..=b'9') => Scalar::Number(Cow::Borrowed(self.number()?)),
            Some(b't') => self.word("true", Scalar::Flag(true))?,
            Some(b'f') => self.word("false", Scalar::Flag(false))?,
            Some(b'n') => self.word("null", Scalar::Null)?,
            _ => return self.fault("wanted a JSON value"),
        };
        self.after();
        Ok(Event::Value { name, scalar })
    }

    fn after(&mut self) {
        self.state = if self.open.is_empty() {
            State::End
        } else {
            State::Next
        };
    }

    #[inline(always)]
    fn begin(&mut self, name: Name<'a>, kind: Kind) -> Result<Event<'a>, Unreadable> {
        if self.open.len() >= DEPTH {
            return self.fault("nested too deep");
        }
        self.at += 1;
        self.open.push(kind);
        self.state = State::First;
        Ok(Event::Open { name, kind })
    }

    fn word(&mut self, word: &str, scalar: Scalar<'a>) -> Result<Scalar<'a>, Unreadable> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return self.fault("wanted a JSON value");
        }
        self.at += word.len();
        Ok(scalar)
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`, section 6.
    #[inline(always)]
    fn number(&mut self) -> Result<&'a str, Unreadable> {
        let from = self.at;
        let length = number_length(self.text.as_bytes().get(from..).unwrap_or_default());
        let Some(text) = length.and_then(|length| self.text.get(from..from + length)) else {
            return self.fault("wanted a number as JSON writes it");
        };
        self.at += text.len();
        Ok(text)
    }

    /// From the quote that begins it.
    #[inline(always)]
    fn string(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        self.at += 1;
        let from = self.at;
        let bytes = self.text.as_bytes().get(from..).unwrap_or_default();
        let Some(plain) = plain_length(bytes) else {
            return self.fault("a text without its end");
        };
        self.at += plain;
        let text = self.text.get(from..self.at).unwrap_or_default();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        self.escaped(text.to_owned()).map(Cow::Owned)
    }

    /// The rest of a text, from an escape or a wrong byte on.
    #[cold]
    fn escaped(&mut self, mut text: String) -> Result<String, Unreadable> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(0..=0x1f) => return self.fault("a control character in a text"),
                Some(_) => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    let Some(character) = rest.chars().next() else {
                        return self.fault("a text without its end");
                    };
                    text.push(character);
                    self.at += character.len_utf8();
                }
                None => return self.fault("a text without its end"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unreadable> {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fault("an escape that is none"),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `uXXXX`, or two of them for a character beyond the first plane. A surrogate alone is no character.
    fn unicode(&mut self) -> Result<char, Unreadable> {
        let first = self.unit()?;
        let code = match first {
            0xd800..=0xdbff => {
                if self.text.as_bytes().get(self.at) != Some(&b'\\') {
                    return self.fault("half of a character");
                }
                self.at += 1;
                let second = self.unit()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return self.fault("half of a character");
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        match char::from_u32(code) {
            Some(character) => Ok(character),
            None => self.fault("half of a character"),
        }
    }

    fn unit(&mut self) -> Result<u32, Unreadable> {
        let digits = self.text.get(self.at..self.at + 5).unwrap_or_default();
        let code = digits
            .strip_prefix('u')
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                self.at += 5;
                Ok(code)
            }
            None => self.fault("an escape that is none"),
        }
    }

    #[inline(always)]
    fn close(&mut self, kind: Kind) -> Result<Option<Event<'a>>, Unreadable> {
        if self.open.pop() != Some(kind) {
            return self.fault("an end of something else");
        }
        self.at += 1;
        self.after();
        Ok(Some(Event::Close))
    }

    #[inline(always)]
    fn member(&mut self) -> Result<Option<Event<'a>>, Unreadable> {
        if self.open.last() == Some(&Kind::List) {
            return self.value(Name::default()).map(Some);
        }
        if self.blanks() != Some(b'"') {
            return self.fault("wanted the name of a member");
        }
        let local = self.string()?;
        if self.blanks() != Some(b':') {
            return self.fault("wanted `:` after the name of a member");
        }
        self.at += 1;
        self.value(Name { local, space: 0 }).map(Some)
    }
}

impl<'a> Reader<'a> for JsonReader<'a> {
    fn offset(&self) -> usize {
        self.at
    }

    fn length(&self) -> usize {
        self.text.len()
    }

    #[inline(always)]
    fn next(&mut self) -> Result<Option<Event<'a>>, Unreadable> {
        match (self.state, self.blanks()) {
            (State::Start, _) => self.value(Name::default()).map(Some),
            (State::End, None) => Ok(None),
            (State::End, Some(_)) => self.fault("something after the end"),
            (State::First | State::Next, Some(b'}')) => self.close(Kind::Object),
            (State::First | State::Next, Some(b']')) => self.close(Kind::List),
            (State::First, _) => self.member(),
            (State::Next, Some(b',')) => {
                self.at += 1;
                self.member()
            }
            (State::Next, _) => self.fault("wanted `,` or the end"),
        }
    }
}

/// Where in a text the first byte stands that JSON cannot have there as it is: a quote, a backslash, a control character. Eight bytes at a
/// time: that byte is the lowest whose high bit is set (what is above it may be set by the carry).
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let below = |word: u64, least: u64| word.wrapping_sub(ONES.wrapping_mul(least)) & !word;
    let is = |word: u64, byte: u64| below(word ^ ONES.wrapping_mul(byte), 1);
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = (below(word, 0x20) | is(word, 0x22) | is(word, 0x5c)) & HIGHS;
        if found != 0 {
            let within = usize::try_from(found.trailing_zeros() / 8).unwrap_or(0);
            return Some(at * 8 + within);
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    rest.iter().position(special).map(|at| words.len() * 8 + at)
}

/// How many bytes at the front are a number as JSON writes it.
pub(super) fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match digits(at) {
        0 => return None,
        count if count > 1 && bytes.get(at) == Some(&b'0') => return None,
        count => at += count,
    }
    if bytes.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return None,
            count => at += 1 + count,
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        match digits(at + 1 + sign) {
            0 => return None,
            count => at += 1 + sign + count,
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> String {
        let mut reader = match JsonReader::new(text.as_bytes()) {
            Ok(reader) => reader,
            Err(error) => return error.to_string(),
        };
        let mut told = String::new();
        loop {
            match reader.next() {
                Ok(Some(event)) => told.push_str(&match event {
                    Event::Open { name, kind } => format!("{}{kind:?}( ", name.local),
                    Event::Close => ") ".to_owned(),
                    Event::Value { name, scalar } => format!("{}={scalar:?} ", name.local),
                }),
                Ok(None) => return told,
                Err(error) => return format!("{told}! {} at {}", error.reason, error.offset),
            }
        }
    }

    #[test]
    fn texts_become_events_with_every_digit() {
        insta::assert_snapshot!(told(r#" {"a": [1.00, -0, 1e400, 123456789012345678901234567890],
            "b\u00e9\ud83d\ude00": {}, "c": [true, false, null, "x"]} "#), @r#"Object( aList( =Number("1.00") =Number("-0") =Number("1e400") =Number("123456789012345678901234567890") ) bé😀Object( ) cList( =Flag(true) =Flag(false) =Null =Text("x") ) )"#);
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_stands() {
        let all: Vec<String> = [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "-",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "nul",
            "[}",
            "1 2",
            "{1:2}",
            "\u{feff}1",
        ]
        .iter()
        .map(|text| told(text))
        .collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
! wanted a JSON value at 0
Object( ! wanted the name of a member at 1
List( =Number("1") ! wanted a JSON value at 3
Object( a=Number("1") ! wanted the name of a member at 7
! wanted a number as JSON writes it at 0
! wanted a number as JSON writes it at 0
! wanted a number as JSON writes it at 0
! a control character in a text at 1
! an escape that is none at 2
! half of a character at 7
! half of a character at 13
! wanted a JSON value at 0
List( ! an end of something else at 1
=Number("1") ! something after the end at 2
Object( ! wanted the name of a member at 1
! wanted a JSON value at 0
"#);
        assert!(told(&"[".repeat(DEPTH + 1)).ends_with("! nested too deep at 64"));
    }

    proptest! {
        #[test]
        fn what_is_plain_is_found_by_words_as_by_bytes(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), any::<u8>(), 0x1e..0x24u8, 0x5a..0x5eu8, 0x80..=255u8], 0..40)) {
            let one = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            prop_assert_eq!(plain_length(&bytes), one);
        }

        #[test]
        fn agrees_with_serde_on_what_is_json(text in r#"[\[\]{}",:0-9a-fnrtulse\\ .\-+E]{0,24}"#) {
            let ours = !told(&text).contains("! ");
            prop_assert_eq!(ours, serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok()
                && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
        }
    }
}
