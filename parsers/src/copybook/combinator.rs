//! What the parsers of clauses are made of: words, names, repetition, and how a parser says what it wanted.
//!
//! In: tokens. Out: a part of an entry and the tokens after it, or [`Wanted`]: what would have been right and where.

use nom::IResult;
use nom::Parser;
use nom::combinator::cut;
use nom::sequence::preceded;

use super::ast::Named;
use super::token::Token;

pub(super) type Input<'t> = &'t [Token];
pub(super) type Parsed<'t, T> = IResult<Input<'t>, T, Wanted>;

/// Why a parser stopped.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Tokens left when it stopped: says where.
    pub(super) left: usize,
    pub(super) message: Message,
    pub(super) help: Option<&'static str>,
}

/// How the message of a [`Wanted`] is put.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// "wanted ..., found the token".
    Instead(String),
    /// A whole message, and the part of the token it is about (offset, length; 0 for all of it).
    Whole(String, usize, usize),
    /// The same for right COBOL that is not read yet.
    NotSupported(String, usize, usize),
}

impl<'t> nom::error::ParseError<Input<'t>> for Wanted {
    fn from_error_kind(input: Input<'t>, _: nom::error::ErrorKind) -> Wanted {
        Wanted {
            left: input.len(),
            message: Message::Instead("a clause or a period".to_owned()),
            help: None,
        }
    }
    fn append(_: Input<'t>, _: nom::error::ErrorKind, other: Wanted) -> Wanted {
        other
    }
    /// Of several alternatives the one that got furthest knows best.
    fn or(self, other: Wanted) -> Wanted {
        if other.left < self.left { other } else { self }
    }
}

impl<'t, E> nom::error::FromExternalError<Input<'t>, E> for Wanted {
    fn from_external_error(input: Input<'t>, kind: nom::error::ErrorKind, _: E) -> Wanted {
        nom::error::ParseError::from_error_kind(input, kind)
    }
}

pub(super) fn stop<T>(input: Input<'_>, wanted: impl Into<String>) -> Parsed<'_, T> {
    let message = Message::Instead(wanted.into());
    Err(nom::Err::Error(Wanted {
        left: input.len(),
        message,
        help: None,
    }))
}

pub(super) fn fail<'t, T>(
    input: Input<'t>,
    message: Message,
    help: Option<&'static str>,
) -> Parsed<'t, T> {
    Err(nom::Err::Failure(Wanted {
        left: input.len(),
        message,
        help,
    }))
}

/// As often as it goes, at least `least` times. (nom's own `many0` wants an input of bytes or characters.)
pub(super) fn every<'t, T>(
    least: usize,
    parse: impl Fn(Input<'t>) -> Parsed<'t, T>,
) -> impl Fn(Input<'t>) -> Parsed<'t, Vec<T>> {
    move |input| {
        let (mut rest, mut found) = (input, Vec::new());
        loop {
            match parse(rest) {
                Ok((after, one)) if after.len() < rest.len() => {
                    found.push(one);
                    rest = after;
                }
                Err(error) if found.len() < least || matches!(error, nom::Err::Failure(_)) => {
                    return Err(error);
                }
                _ => return Ok((rest, found)),
            }
        }
    }
}

/// One of the words given.
pub(super) fn word<'t>(
    words: &'static [&'static str],
) -> impl Fn(Input<'t>) -> Parsed<'t, &'t Token> {
    move |input| match input.split_first() {
        Some((token, rest)) if token.word().is_some_and(|found| words.contains(&found)) => {
            Ok((rest, token))
        }
        _ => stop(input, format!("`{}`", words.join("` or `"))),
    }
}

/// A data name: a word that begins no clause and is no number.
pub(super) fn name(input: Input<'_>) -> Parsed<'_, Named> {
    match input.split_first() {
        Some((token, rest)) => match token.word() {
            Some(found) if is_name(found) => Ok((
                rest,
                Named {
                    name: found.to_owned(),
                    span: token.span,
                },
            )),
            _ => stop(input, "a data name"),
        },
        None => stop(input, "a data name"),
    }
}

fn is_name(word: &str) -> bool {
    // A colon stands in names whose `:TAG:` no COPY REPLACING replaced.
    let characters =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '@' | '$' | ':');
    word.chars().all(characters)
        && word.chars().any(char::is_alphabetic)
        && !CLAUSE_WORDS.contains(&word)
        && super::usage_clause::named(word).is_none()
}

/// A name with its qualifiers: `A OF B IN C`, kept as `C.B.A`.
pub(super) fn qualified_name(input: Input<'_>) -> Parsed<'_, Named> {
    let (input, mut named) = name(input)?;
    let (input, qualifiers) = every(0, |input| {
        preceded(word(&["OF", "IN"]), cut(name)).parse(input)
    })(input)?;
    for qualifier in qualifiers {
        named.name = format!("{}.{}", qualifier.name, named.name);
    }
    Ok((input, named))
}

/// Words that begin a clause and so end a list of names.
const CLAUSE_WORDS: &[&str] = &[
    "REDEFINES",
    "PIC",
    "PICTURE",
    "OCCURS",
    "VALUE",
    "VALUES",
    "SIGN",
    "LEADING",
    "TRAILING",
    "SYNC",
    "SYNCHRONIZED",
    "JUST",
    "JUSTIFIED",
    "BLANK",
    "USAGE",
    "EXTERNAL",
    "GLOBAL",
    "DEPENDING",
    "ASCENDING",
    "DESCENDING",
    "INDEXED",
    "FILLER",
    "RENAMES",
    "GROUP-USAGE",
    "VOLATILE",
    "DYNAMIC",
    "BYTE-LENGTH",
];

/// A level number: one or two digits.
pub(super) fn level(input: Input<'_>) -> Parsed<'_, u8> {
    let digits = |word: &&str| word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
    match input.split_first() {
        Some((token, rest)) => match token.word().filter(digits).map(str::parse) {
            Some(Ok(level)) => Ok((rest, level)),
            _ => stop(input, "a level number"),
        },
        None => stop(input, "a level number"),
    }
}

/// Digits.
pub(super) fn whole_number(input: Input<'_>) -> Parsed<'_, u32> {
    match input.split_first() {
        Some((token, rest)) => match token.word().map(str::parse::<u32>) {
            Some(Ok(number)) => Ok((rest, number)),
            _ if token.word() == Some("UNBOUNDED") => fail(
                input,
                Message::NotSupported("OCCURS UNBOUNDED is not supported".to_owned(), 0, 0),
                Some("write the most occurrences that a record has"),
            ),
            _ => stop(input, "a whole number"),
        },
        None => stop(input, "a whole number"),
    }
}
