//! VALUE clauses and the literals in them.

use nom::Parser;
use nom::combinator::{cut, map, opt};
use nom::sequence::preceded;

use super::ast::{Figurative, Literal, Range};
use super::clause::Clause;
use super::combinator::{Input, Message, Parsed, every, fail, stop, word};
use super::token::{Kind, Prefix, Token};

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

/// A literal or a figurative constant.
pub(super) fn literal(input: Input<'_>) -> Parsed<'_, Literal> {
    let Some((token, rest)) = input.split_first() else {
        return stop(input, "a literal");
    };
    let all = |input| {
        let (rest, _) = word(&["ALL"])(input)?;
        match rest.split_first() {
            Some((
                Token {
                    kind: Kind::Literal(Prefix::Plain | Prefix::Wide, text),
                    ..
                },
                after,
            )) if !text.is_empty() => Ok((after, Literal::All(text.clone()))),
            _ => literal(rest),
        }
    };
    match &token.kind {
        Kind::Literal(prefix, text) => {
            let (mut rest, mut literal) = (rest, text_literal(input, *prefix, text)?);
            // 'a' & 'b' is one literal.
            while let Ok((after, _)) = word(&["&"])(rest) {
                match (&mut literal, after.split_first()) {
                    (
                        Literal::Text(text),
                        Some((
                            Token {
                                kind: Kind::Literal(Prefix::Plain | Prefix::Wide, more),
                                ..
                            },
                            after,
                        )),
                    ) => {
                        text.push_str(more);
                        rest = after;
                    }
                    _ => return fail(after, Message::Instead("a literal".to_owned()), None),
                }
            }
            Ok((rest, literal))
        }
        Kind::Word(word) => match figurative(word) {
            Some(constant) => Ok((rest, Literal::Figurative(constant))),
            None if is_number(word) => Ok((rest, Literal::Number(word.replace(',', ".")))),
            None => all(input).or_else(|_| stop(input, "a literal")),
        },
        _ => stop(input, "a literal"),
    }
}

/// With DECIMAL-POINT IS COMMA the point is a comma; without, no word has one.
fn is_number(word: &str) -> bool {
    let digits = word.trim_start_matches(['+', '-']);
    let floating = digits.split_once('E').filter(|(mantissa, exponent)| {
        mantissa.contains(['.', ','])
            && exponent
                .trim_start_matches(['+', '-'])
                .bytes()
                .all(|b| b.is_ascii_digit())
    });
    let plain = floating.map_or(word, |(mantissa, _)| mantissa);
    plain.replace(',', ".").parse::<crate::Decimal>().is_ok() && !plain.contains('E')
}

/// A literal by the letters before it.
fn text_literal<'t>(
    input: Input<'t>,
    prefix: Prefix,
    text: &str,
) -> Result<Literal, nom::Err<super::combinator::Wanted>> {
    let wrong = |message: String| match fail::<Literal>(input, Message::Whole(message, 0, 0), None)
    {
        Err(error) => Err(error),
        Ok((_, literal)) => Ok(literal),
    };
    let radix = |radix: u32| u64::from_str_radix(text, radix).ok();
    match prefix {
        Prefix::Plain | Prefix::Wide => Ok(Literal::Text(text.to_owned())),
        Prefix::Zero => Ok(Literal::Text(format!("{text}\0"))),
        Prefix::Hex => match crate::json::unhex(text) {
            Some(bytes) => Ok(Literal::Hex(bytes)),
            None => wrong(format!(
                "X'{text}' is not an even number of hexadecimal digits"
            )),
        },
        Prefix::Bits => match radix(2) {
            Some(number) => Ok(Literal::Number(number.to_string())),
            None => wrong(format!("B'{text}' is not 1 to 64 binary digits")),
        },
        Prefix::HexNumber => match radix(16) {
            Some(number) => Ok(Literal::Number(number.to_string())),
            None => wrong(format!("H'{text}' is not 1 to 16 hexadecimal digits")),
        },
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
