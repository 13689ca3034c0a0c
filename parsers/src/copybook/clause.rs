//! The clauses of a data description entry, each a `nom` parser over tokens.
//!
//! In: tokens. Out: one [`Clause`] and the tokens after it, or [`Wanted`]: what would have been right and where.
//! Enterprise COBOL Language Reference, "Data division: data description entry".

use nom::branch::alt;
use nom::combinator::{cut, map, opt};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::Usage;
use super::ast::{Literal, Named, Occurs, Range, Sign};
use super::literal::value_clause;
use super::occurs::occurs;
use super::picture::{self, Picture};
use super::token::{Kind, Token};
use super::usage_clause::usage;
use crate::error::Span;

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

/// One clause, read.
#[derive(Debug, Clone)]
pub(super) enum Clause {
    Redefines(Named),
    Picture(Picture, Span),
    Usage(Usage, Span),
    Sign(Sign, Span),
    Occurs(Occurs),
    Value(Vec<Range>, Option<Literal>, Span),
    Synchronized(Span),
    Justified(Span),
    BlankWhenZero(Span),
    /// EXTERNAL, GLOBAL: nothing a layout needs.
    Other(&'static str, Span),
}

impl Clause {
    /// The clause's name and place, for the fault of a second one.
    pub(super) fn named(&self) -> (&'static str, Span) {
        match self {
            Clause::Redefines(named) => ("REDEFINES", named.span),
            Clause::Picture(_, span) => ("PICTURE", *span),
            Clause::Usage(_, span) => ("USAGE", *span),
            Clause::Sign(_, span) => ("SIGN", *span),
            Clause::Occurs(occurs) => ("OCCURS", occurs.span),
            Clause::Value(_, _, span) => ("VALUE", *span),
            Clause::Synchronized(span) => ("SYNCHRONIZED", *span),
            Clause::Justified(span) => ("JUSTIFIED", *span),
            Clause::BlankWhenZero(span) => ("BLANK WHEN ZERO", *span),
            Clause::Other(name, span) => (name, *span),
        }
    }
}

/// Any clause.
pub(super) fn clause(input: Input<'_>) -> Parsed<'_, Clause> {
    let mut any = alt((
        redefines,
        picture_clause,
        occurs,
        value_clause,
        sign,
        synchronized,
        justified,
        blank_when_zero,
        usage,
        other,
    ));
    any.parse(input).map_err(|error| match error {
        // None of them even began: naming one would mislead.
        nom::Err::Error(wanted) if wanted.left == input.len() => {
            let message = Message::Instead("a clause or a period".to_owned());
            nom::Err::Error(Wanted { message, ..wanted })
        }
        other => other,
    })
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
            Some(found) if found.contains(':') => fail(
                input,
                Message::NotSupported(
                    format!(
                        "`{found}` holds text to be replaced: COPY REPLACING is not supported yet"
                    ),
                    0,
                    0,
                ),
                Some("replace it in the text, as the compiler's COPY ... REPLACING would"),
            ),
            _ => stop(input, "a data name"),
        },
        None => stop(input, "a data name"),
    }
}

fn is_name(word: &str) -> bool {
    let characters = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '@' | '$');
    word.chars().all(characters)
        && word.chars().any(char::is_alphabetic)
        && !CLAUSE_WORDS.contains(&word)
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
    "DISPLAY",
    "BINARY",
    "COMP",
    "COMPUTATIONAL",
    "COMP-1",
    "COMPUTATIONAL-1",
    "COMP-2",
    "COMPUTATIONAL-2",
    "COMP-3",
    "COMPUTATIONAL-3",
    "COMP-4",
    "COMPUTATIONAL-4",
    "COMP-5",
    "COMPUTATIONAL-5",
    "PACKED-DECIMAL",
    "INDEX",
    "POINTER",
    "NATIONAL",
    "DISPLAY-1",
];

fn redefines(input: Input<'_>) -> Parsed<'_, Clause> {
    map(preceded(word(&["REDEFINES"]), cut(name)), Clause::Redefines).parse(input)
}

fn picture_clause(input: Input<'_>) -> Parsed<'_, Clause> {
    let (rest, _) = (word(&["PIC", "PICTURE"]), opt(word(&["IS"]))).parse(input)?;
    let Some((token, after)) = rest.split_first() else {
        return fail(
            rest,
            Message::Instead("a picture such as `X(10)`".to_owned()),
            None,
        );
    };
    let Kind::Picture(text) = &token.kind else {
        return fail(
            rest,
            Message::Instead("a picture such as `X(10)`".to_owned()),
            None,
        );
    };
    match picture::parse(text, &picture::Symbols::default()) {
        Ok(picture) => Ok((after, Clause::Picture(picture, token.span))),
        Err(bad) => {
            let message = if bad.unsupported {
                Message::NotSupported
            } else {
                Message::Whole
            };
            let said = if bad.unsupported {
                bad.message
            } else {
                format!("picture `{text}`: {}", bad.message)
            };
            fail(rest, message(said, bad.at, bad.len), None)
        }
    }
}

fn sign(input: Input<'_>) -> Parsed<'_, Clause> {
    let (rest, introduced) = opt((word(&["SIGN"]), opt(word(&["IS"])))).parse(input)?;
    let side = word(&["LEADING", "TRAILING"]);
    let (rest, token) = if introduced.is_some() {
        cut(side).parse(rest)?
    } else {
        side(rest)?
    };
    let (rest, separate) = opt((word(&["SEPARATE"]), opt(word(&["CHARACTER"])))).parse(rest)?;
    let sign = Sign {
        leading: token.word() == Some("LEADING"),
        separate: separate.is_some(),
    };
    Ok((rest, Clause::Sign(sign, token.span)))
}

fn synchronized(input: Input<'_>) -> Parsed<'_, Clause> {
    map(
        terminated(
            word(&["SYNC", "SYNCHRONIZED"]),
            opt(word(&["LEFT", "RIGHT"])),
        ),
        |token| Clause::Synchronized(token.span),
    )
    .parse(input)
}

fn justified(input: Input<'_>) -> Parsed<'_, Clause> {
    map(
        terminated(word(&["JUST", "JUSTIFIED"]), opt(word(&["RIGHT"]))),
        |token| Clause::Justified(token.span),
    )
    .parse(input)
}

fn blank_when_zero(input: Input<'_>) -> Parsed<'_, Clause> {
    map(
        terminated(
            word(&["BLANK"]),
            (
                opt(word(&["WHEN"])),
                cut(word(&["ZERO", "ZEROS", "ZEROES"])),
            ),
        ),
        |token| Clause::BlankWhenZero(token.span),
    )
    .parse(input)
}

fn other(input: Input<'_>) -> Parsed<'_, Clause> {
    alt((
        map(preceded(opt(word(&["IS"])), word(&["EXTERNAL"])), |token| {
            Clause::Other("EXTERNAL", token.span)
        }),
        map(preceded(opt(word(&["IS"])), word(&["GLOBAL"])), |token| {
            Clause::Other("GLOBAL", token.span)
        }),
    ))
    .parse(input)
}

/// `RENAMES a [THRU b]`.
pub(super) fn renames(input: Input<'_>) -> Parsed<'_, (Named, Option<Named>)> {
    let through = preceded(word(&["THRU", "THROUGH"]), cut(qualified_name));
    preceded(word(&["RENAMES"]), cut((qualified_name, opt(through)))).parse(input)
}

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
