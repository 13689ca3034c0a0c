//! The clauses of a data description entry, each a `nom` parser over tokens.
//!
//! In: tokens. Out: one [`Clause`] and the tokens after it. Enterprise COBOL Language Reference, "Data division: data
//! description entry".

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, map, opt};
use nom::sequence::{preceded, terminated};

use super::Usage;
use super::ast::{Literal, Named, Occurs, Range, Sign};
use super::combinator::{
    Input, Message, Parsed, Wanted, every, fail, name, qualified_name, stop, whole_number, word,
};
use super::literal::value_clause;
use super::occurs::occurs;
use super::sql_type::{SqlType, sql_type};
use super::token::Kind;
use super::usage_clause::usage;
use crate::error::Span;

/// One clause, read.
#[derive(Debug, Clone)]
pub(super) enum Clause {
    Redefines(Named),
    /// The character-string, not yet looked at.
    Picture(String, Span),
    Usage(Usage, Span),
    Sign(Sign, Span),
    Occurs(Occurs),
    Value(Vec<Range>, Option<Literal>, Span),
    Synchronized(Span),
    Justified(Span),
    BlankWhenZero(Span),
    /// SQL TYPE IS: entries that the Db2 coprocessor puts in its place.
    Sql(SqlType, Span),
    /// BYTE-LENGTH of a UTF-8 item.
    ByteLength(u32, Span),
    /// DYNAMIC LENGTH, with or without a LIMIT.
    Dynamic(Span),
    /// EXTERNAL, GLOBAL and others that change no storage.
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
            Clause::Sql(_, span) => ("SQL TYPE", *span),
            Clause::ByteLength(_, span) => ("BYTE-LENGTH", *span),
            Clause::Dynamic(span) => ("DYNAMIC LENGTH", *span),
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
        sql_type,
        usage,
        lengths,
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
    Ok((after, Clause::Picture(text.clone(), token.span)))
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

/// BYTE-LENGTH and DYNAMIC LENGTH (Enterprise COBOL 6.3 and 6.1), and ANY LENGTH, which only parameters have.
fn lengths(input: Input<'_>) -> Parsed<'_, Clause> {
    if let Ok((rest, token)) = word(&["BYTE-LENGTH"])(input) {
        let (rest, bytes) = preceded(opt(word(&["IS"])), cut(whole_number)).parse(rest)?;
        return Ok((rest, Clause::ByteLength(bytes, token.span)));
    }
    if let Ok((rest, token)) = word(&["DYNAMIC"])(input) {
        let limit = preceded((word(&["LIMIT"]), opt(word(&["IS"]))), cut(whole_number));
        let (rest, _) = (opt(word(&["LENGTH"])), opt(limit)).parse(rest)?;
        return Ok((rest, Clause::Dynamic(token.span)));
    }
    let (_, _) = (word(&["ANY"]), word(&["LENGTH", "NUMERIC"])).parse(input)?;
    let message =
        "ANY LENGTH: a parameter takes the length of what is passed to it, a record has none";
    fail(input, Message::NotSupported(message.to_owned(), 0, 0), None)
}

/// Clauses that change no storage, and those of other standards that cannot be read without what they refer to.
fn other(input: Input<'_>) -> Parsed<'_, Clause> {
    let (rest, _) = opt(word(&["IS"])).parse(input)?;
    let Some((token, after)) = rest.split_first() else {
        return stop(rest, "a clause or a period");
    };
    let clause = |name| Clause::Other(name, token.span);
    match token.word().unwrap_or_default() {
        "EXTERNAL" => {
            // EXTERNAL AS 'name' (COBOL 2002).
            let (after, _) =
                opt((word(&["AS"]), every(1, super::literal::literal))).parse(after)?;
            Ok((after, clause("EXTERNAL")))
        }
        "GLOBAL" => Ok((after, clause("GLOBAL"))),
        "VOLATILE" => Ok((after, clause("VOLATILE"))),
        "THREAD-LOCAL" => Ok((after, clause("THREAD-LOCAL"))),
        "PROPERTY" => Ok((after, clause("PROPERTY"))),
        "TYPEDEF" => Ok((after, clause("TYPEDEF"))),
        "GROUP-USAGE" => {
            let (after, _) = opt(word(&["IS"])).parse(after)?;
            let (after, found) = cut(word(&["NATIONAL", "UTF-8"])).parse(after)?;
            let usage = match found.word() {
                Some("UTF-8") => Usage::Utf8,
                _ => Usage::National,
            };
            Ok((after, Clause::Usage(usage, found.span)))
        }
        // The Millennium Language Extensions: DATE FORMAT IS YYXXXX only changes comparisons.
        "DATE" => {
            let (after, _) = (word(&["FORMAT"]), opt(word(&["IS"]))).parse(after)?;
            match after.split_first() {
                Some((pattern, after)) if pattern.word().is_some() => {
                    Ok((after, clause("DATE FORMAT")))
                }
                _ => fail(
                    after,
                    Message::Instead("a pattern such as `YYYYMMDD`".to_owned()),
                    None,
                ),
            }
        }
        refused @ ("TYPE" | "LIKE" | "SAME") => fail(
            rest,
            Message::NotSupported(
                format!("{refused} refers to another description: not supported"),
                0,
                0,
            ),
            Some("write out what it refers to"),
        ),
        _ => stop(input, "a clause or a period"),
    }
}

/// `RENAMES a [THRU b]`.
pub(super) fn renames(input: Input<'_>) -> Parsed<'_, (Named, Option<Named>)> {
    let through = preceded(word(&["THRU", "THROUGH"]), cut(qualified_name));
    preceded(word(&["RENAMES"]), cut((qualified_name, opt(through)))).parse(input)
}
