//! VALUE clauses and the literals in them.

use nom::Parser;
use nom::combinator::{cut, map, opt};
use nom::sequence::preceded;

use super::ast::{Figurative, Literal, Range};
use super::clause::{Clause, Input, Message, Parsed, every, fail, stop, word};
use super::token::{Kind, Token};

pub(super) fn value_clause(input: Input<'_>) -> Parsed<'_, Clause> {
    let (rest, token) = word(&["VALUE", "VALUES"])(input)?;
    let (rest, _) = opt(word(&["IS", "ARE"])).parse(rest)?;
    let (rest, ranges) = cut(every(1, range)).parse(rest)?;
    let (rest, when_false) = opt((
        opt(word(&["WHEN"])),
        opt(word(&["SET"])),
        opt(word(&["TO"])),
        word(&["FALSE"]),
        opt(word(&["IS"])),
        cut(literal),
    ))
    .parse(rest)?;
    let when_false = when_false.map(|(.., literal)| literal);
    Ok((rest, Clause::Value(ranges, when_false, token.span)))
}

fn range(input: Input<'_>) -> Parsed<'_, Range> {
    let through = preceded(word(&["THRU", "THROUGH"]), cut(literal));
    map((literal, opt(through)), |(from, to)| Range { from, to }).parse(input)
}

fn literal(input: Input<'_>) -> Parsed<'_, Literal> {
    let Some((token, rest)) = input.split_first() else {
        return stop(input, "a literal");
    };
    let all = |input| {
        let (rest, _) = word(&["ALL"])(input)?;
        match rest.split_first() {
            Some((
                Token {
                    kind: Kind::Literal(' ', text),
                    ..
                },
                after,
            )) if !text.is_empty() => Ok((after, Literal::All(text.clone()))),
            _ => literal(rest),
        }
    };
    match &token.kind {
        Kind::Literal(' ' | 'Z', text) => Ok((rest, Literal::Text(text.clone()))),
        Kind::Literal('X', text) => match crate::json::unhex(text) {
            Some(bytes) => Ok((rest, Literal::Hex(bytes))),
            None => {
                let message = format!("X'{text}' is not an even number of hexadecimal digits");
                fail(input, Message::Whole(message, 0, 0), None)
            }
        },
        Kind::Literal(prefix, _) => {
            let message = format!("the literal {prefix}'...' is not supported yet");
            fail(input, Message::NotSupported(message, 0, 0), None)
        }
        Kind::Word(word) => match figurative(word) {
            Some(constant) => Ok((rest, Literal::Figurative(constant))),
            None if word.parse::<crate::Decimal>().is_ok() && !word.contains('E') => {
                Ok((rest, Literal::Number(word.clone())))
            }
            None => all(input).or_else(|_| stop(input, "a literal")),
        },
        _ => stop(input, "a literal"),
    }
}

fn figurative(word: &str) -> Option<Figurative> {
    Some(match word {
        "ZERO" | "ZEROS" | "ZEROES" => Figurative::Zero,
        "SPACE" | "SPACES" => Figurative::Space,
        "HIGH-VALUE" | "HIGH-VALUES" => Figurative::HighValue,
        "LOW-VALUE" | "LOW-VALUES" | "NULL" | "NULLS" => Figurative::LowValue,
        "QUOTE" | "QUOTES" => Figurative::Quote,
        _ => return None,
    })
}
