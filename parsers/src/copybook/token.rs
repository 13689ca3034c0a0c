//! Characters to words: names, numbers, literals, periods; a picture is one word.
//!
//! In: [`Source`], and whether DECIMAL-POINT IS COMMA. Out: [`Token`]s with their places. Separators (blank, comma, semicolon followed by a blank) are
//! dropped here; a period counts only where a blank or the end follows, as COBOL has it.

use std::sync::Arc;

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_till, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::{map, opt, recognize, value};
use nom::multi::many0_count;
use nom::sequence::delimited;
use nom::{IResult, Parser};

use super::source::Source;
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a reserved word, a level number or a number: anything without quotation marks. In upper case.
    Word(String),
    /// A literal in quotation marks, doubled ones made single, and the letters before it.
    Literal(Prefix, String),
    /// The character-string of a PICTURE clause, as written.
    Picture(String),
    /// The period that ends an entry.
    Period,
    Open,
    Close,
    /// The end of the text: always the last token.
    End,
}

/// The letters before a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    /// None: characters.
    Plain,
    /// `Z'..'`: characters and a zero byte.
    Zero,
    /// `N'..'`, `G'..'`, `U'..'`: characters of a wide item.
    Wide,
    /// `X'..'`, `NX'..'`, `GX'..'`, `UX'..'`: bytes.
    Hex,
    /// `B'..'`: a number in binary digits.
    Bits,
    /// `H'..'`: a number in hexadecimal digits.
    HexNumber,
}

/// A word of the text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// First word of its line: where an entry without a period before it most likely begins.
    pub(super) first: bool,
    /// An odd place in the source that explains a missing period: its line has text beyond column 72.
    pub(super) beyond: bool,
}

impl Token {
    /// The upper-case word, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// For messages: the token as the reader sees it.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Literal(_, text) => format!("the literal '{text}'"),
            Kind::Picture(text) => format!("the picture `{text}`"),
            Kind::Period => "the period".to_owned(),
            Kind::Open => "`(`".to_owned(),
            Kind::Close => "`)`".to_owned(),
            Kind::End => "the end of the copybook".to_owned(),
        }
    }
}

/// Splits the text area into tokens; always ends with [`Kind::End`].
pub(super) fn split(
    file: &Arc<str>,
    source: &Source,
    decimal_comma: bool,
    faults: &mut Vec<CopybookError>,
) -> Vec<Token> {
    let text = source.text.as_str();
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    let mut line_of_last = (0, 0);
    loop {
        let wants_picture = match tokens.as_slice() {
            [.., last] if is_picture_word(last) => true,
            [.., before, last] => last.word() == Some("IS") && is_picture_word(before),
            _ => false,
        };
        // A picture may begin with a comma.
        rest = separators(rest, decimal_comma || wants_picture);
        let offset = text.len().saturating_sub(rest.len());
        let (after, kind) = match token(rest, wants_picture, decimal_comma) {
            _ if rest.is_empty() => (rest, Kind::End),
            Ok(found) => found,
            Err(_) => {
                let character = rest.chars().next().unwrap_or(' ');
                faults.push(CopybookError::new(
                    CopybookErrorKind::Syntax,
                    file,
                    source.span(offset, character.len_utf8()),
                    format!("wanted a word, a number or a literal, found `{character}`"),
                ));
                rest = rest.get(character.len_utf8()..).unwrap_or_default();
                continue;
            }
        };
        let span = source.span(offset, rest.len().saturating_sub(after.len()));
        let beyond = source.beyond.contains(&(span.file, span.line));
        let end = kind == Kind::End;
        tokens.push(Token {
            kind,
            span,
            first: (span.file, span.line) != line_of_last,
            beyond,
        });
        line_of_last = (span.file, span.line);
        if end {
            return tokens;
        }
        rest = after;
    }
}

fn is_picture_word(token: &Token) -> bool {
    matches!(token.word(), Some("PIC" | "PICTURE"))
}

/// Without DECIMAL-POINT IS COMMA a comma is no part of a number: people write `1,2,3` for three.
fn separators(text: &str, decimal_comma: bool) -> &str {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        let after = trimmed
            .strip_prefix([',', ';'])
            .filter(|after| ends_word(after) || (!decimal_comma && trimmed.starts_with(',')));
        match after {
            Some(after) => rest = after,
            None => return trimmed,
        }
    }
}

/// A separator counts where a blank or the end of the text follows it.
fn ends_word(after: &str) -> bool {
    after.chars().next().is_none_or(char::is_whitespace)
}

fn token(input: &str, wants_picture: bool, decimal_comma: bool) -> IResult<&str, Kind> {
    if input.starts_with('.') && ends_word(input.get(1..).unwrap_or_default()) {
        return value(Kind::Period, char('.')).parse(input);
    }
    if wants_picture {
        // `PIC IS X`: the word IS is not the picture.
        let (rest, word) = take_till(char::is_whitespace).parse(input)?;
        if word.eq_ignore_ascii_case("IS") {
            return Ok((rest, Kind::Word("IS".to_owned())));
        }
        let kept = without_clause(word.trim_end_matches(['.', ',', ';']));
        return take_exactly(input, kept.len())
            .map(|(rest, text)| (rest, Kind::Picture(text.to_owned())));
    }
    alt((
        map((prefix, quoted), |(prefix, text)| {
            Kind::Literal(prefix, text)
        }),
        value(Kind::Open, char('(')),
        value(Kind::Close, char(')')),
        |input| word(input, decimal_comma),
    ))
    .parse(input)
}

fn prefix(input: &str) -> IResult<&str, Prefix> {
    alt((
        value(
            Prefix::Hex,
            alt((
                tag_no_case("NX"),
                tag_no_case("GX"),
                tag_no_case("UX"),
                tag_no_case("X"),
            )),
        ),
        value(Prefix::Wide, one_of("nNgGuU")),
        value(Prefix::Zero, one_of("zZ")),
        value(Prefix::Bits, one_of("bB")),
        value(Prefix::HexNumber, one_of("hH")),
        value(Prefix::Plain, tag("")),
    ))
    .parse(input)
}

/// The picture of `9(6)USAGE`: people leave the blank out behind a parenthesis.
fn without_clause(word: &str) -> &str {
    let Some(close) = word.rfind(')') else {
        return word;
    };
    let (picture, after) = word.split_at(close.saturating_add(1));
    let after = after.to_ascii_uppercase();
    let clause = [
        "USAGE", "COMP", "VALUE", "OCCURS", "BINARY", "DISPLAY", "PACKED", "SIGN",
    ];
    if clause.iter().any(|clause| after.starts_with(clause)) {
        picture
    } else {
        word
    }
}

fn take_exactly(input: &str, len: usize) -> IResult<&str, &str> {
    match (input.get(len..), input.get(..len)) {
        (Some(rest), Some(text)) if len > 0 => Ok((rest, text)),
        _ => Err(nom::Err::Error(nom::error::Error::new(
            input,
            nom::error::ErrorKind::Eof,
        ))),
    }
}

/// A literal; a doubled quotation mark stands for one.
fn quoted(input: &str) -> IResult<&str, String> {
    let within = |quote: char, double: &'static str| {
        map(
            delimited(
                char(quote),
                recognize(many0_count(alt((
                    recognize(tag(double)),
                    recognize(take_while1(move |c: char| c != quote && c != '\n')),
                )))),
                char(quote),
            ),
            move |text: &str| text.replace(double, &quote.to_string()),
        )
    };
    alt((within('\'', "''"), within('"', "\"\""))).parse(input)
}

/// Letters, digits, hyphens and what else stands in names and numbers. A period or comma inside (`1.5`, `1.5E+3`)
/// belongs to the word, one at its end does not.
fn word(input: &str, decimal_comma: bool) -> IResult<&str, Kind> {
    let point = if decimal_comma { ".," } else { "." };
    let plain = |c: char| {
        c.is_alphanumeric()
            || matches!(
                c,
                '-' | '_' | '+' | '#' | '@' | '$' | ':' | '%' | '&' | '*' | '/' | '<' | '>' | '='
            )
    };
    let inner = |c: char| c.is_ascii_digit();
    let exponent = || opt((one_of("eE"), opt(one_of("+-")), take_while1(inner)));
    let (rest, text) = alt((
        recognize((
            take_while1(plain),
            many0_count((one_of(point), take_while1(inner), exponent())),
        )),
        recognize((one_of(point), take_while1(inner), exponent())),
    ))
    .parse(input)?;
    Ok((rest, Kind::Word(text.to_uppercase())))
}
