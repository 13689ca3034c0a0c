//! Level 78 and CONSTANT entries: names for literals, put where they are used.
//!
//! In: tokens. Out: the tokens without those entries, each name that stands for a literal replaced by it, and the
//! whole numbers among them for the repetitions of pictures. (Micro Focus, "Level 78"; COBOL 2002, "CONSTANT".)

use std::collections::HashMap;

use super::combinator::level;
use super::token::{Kind, Token};
use crate::Decimal;

/// Resolves the constants of a text.
pub(super) fn resolve(tokens: Vec<Token>, numbers: &mut HashMap<String, u32>) -> Vec<Token> {
    let is_one = |token: &Token| matches!(token.word(), Some("78" | "CONSTANT"));
    if !tokens.iter().any(is_one) {
        return tokens;
    }
    let mut known: HashMap<String, Kind> = HashMap::new();
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for entry in tokens.split_inclusive(|token| token.kind == Kind::Period) {
        if let Some((name, value)) = constant(entry, &known) {
            if let Kind::Word(word) = &value
                && let Ok(number) = word.parse()
            {
                numbers.insert(name.clone(), number);
            }
            known.insert(name, value);
            continue;
        }
        for (index, token) in entry.iter().enumerate() {
            let mut token = token.clone();
            // The second word is the name of the entry.
            if let Some(value) = token
                .word()
                .filter(|_| index > 1)
                .and_then(|word| known.get(word))
            {
                token.kind = value.clone();
            }
            kept.push(token);
        }
    }
    kept
}

/// `78 name VALUE [IS] value .`, `01 name CONSTANT [IS GLOBAL] AS value .`
fn constant(entry: &[Token], known: &HashMap<String, Kind>) -> Option<(String, Kind)> {
    let (rest, level) = level(entry).ok()?;
    let (name, rest) = rest.split_first()?;
    let skip = |mut rest: &'_ [Token], words: &[&str]| {
        let mut count = 0usize;
        while rest
            .first()
            .and_then(Token::word)
            .is_some_and(|word| words.contains(&word))
        {
            rest = rest.get(1..).unwrap_or_default();
            count = count.saturating_add(1);
        }
        count
    };
    let introduction: &[&str] = match level {
        78 => &["VALUE", "IS", "GLOBAL"],
        1 => &["CONSTANT", "IS", "GLOBAL", "AS"],
        _ => return None,
    };
    let count = skip(rest, introduction);
    if level == 1 && rest.first().and_then(Token::word) != Some("CONSTANT") {
        return None;
    }
    let value = value(rest.get(count..)?, known)?;
    Some((name.word()?.to_owned(), value))
}

/// A literal, or numbers with operators between them, left to right.
fn value(tokens: &[Token], known: &HashMap<String, Kind>) -> Option<Kind> {
    let operand = |token: &Token| match &token.kind {
        Kind::Word(word) => Some(
            known
                .get(word)
                .cloned()
                .unwrap_or_else(|| token.kind.clone()),
        ),
        Kind::Literal(..) => Some(token.kind.clone()),
        _ => None,
    };
    let (first, mut rest) = tokens.split_first()?;
    let mut all = operand(first)?;
    while let [operator, next, after @ ..] = rest {
        let (Kind::Word(left), Kind::Word(right)) = (&all, &operand(next)?) else {
            return None;
        };
        let (left, right) = (left.parse::<i64>().ok()?, right.parse::<i64>().ok()?);
        let result = match operator.word()? {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            "*" => left.checked_mul(right),
            "/" => left.checked_div(right),
            _ => None,
        }?;
        all = Kind::Word(result.to_string());
        rest = after;
    }
    match &all {
        Kind::Word(word) if word.parse::<Decimal>().is_err() => {
            // A figurative constant; names that are not known stay names.
            matches!(
                word.as_str(),
                "ZERO" | "ZEROS" | "ZEROES" | "SPACE" | "SPACES"
            )
            .then_some(all)
        }
        _ => Some(all),
    }
}
