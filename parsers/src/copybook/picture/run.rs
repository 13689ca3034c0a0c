//! A picture's characters to symbols with their repetition.

use super::{BadPicture, Symbols, bad};

/// A symbol and how often it stands there: `9(5)`. CR and DB are `C` and `D`.
pub(super) struct Run {
    pub(super) symbol: char,
    pub(super) count: u32,
    pub(super) at: usize,
    pub(super) len: usize,
}

/// Splits a character-string; every symbol of the result is one that pictures have.
pub(super) fn runs(text: &str, symbols: &Symbols) -> Result<Vec<Run>, BadPicture> {
    let mut found: Vec<Run> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len().saturating_sub(rest.len());
        let upper = first.to_ascii_uppercase();
        // A currency symbol may be a letter, and counts in the case it was declared in.
        let symbol = if symbols.currency(first).is_some() {
            first
        } else {
            upper
        };
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
        if symbols.currency(symbol).is_none() {
            match symbol {
                'X' | 'A' | '9' | 'S' | 'V' | 'P' | 'Z' | '*' | '+' | '-' | 'B' | '0' | '/'
                | ',' | '.' | 'N' | 'G' | 'U' | 'E' | '1' => {}
                'C' | 'D' => {
                    let second = if symbol == 'C' { 'R' } else { 'B' };
                    match rest.strip_prefix([second, second.to_ascii_lowercase()]) {
                        Some(after) => rest = after,
                        None => return Err(bad(at, 1, format!("`{first}` is no picture symbol"))),
                    }
                }
                '(' | ')' => {
                    let message = "wanted a repetition as in `9(5)`";
                    return Err(bad(at, text.len().saturating_sub(at), message));
                }
                _ => {
                    let message = format!("`{first}` is no picture symbol");
                    return Err(bad(at, first.len_utf8(), message));
                }
            }
        }
        let mut count = 1;
        if let Some(inside) = rest.strip_prefix('(') {
            let open = text.len().saturating_sub(rest.len());
            let repeated = inside.split_once(')');
            let number = repeated.and_then(|(number, _)| repetition(number, symbols));
            let (Some((_, after)), Some(number)) = (repeated, number) else {
                let message = "wanted a repetition as in `9(5)`";
                return Err(bad(open, rest.len(), message));
            };
            (count, rest) = (number, after);
        }
        let len = text.len().saturating_sub(rest.len()).saturating_sub(at);
        if count == 0 {
            let message = "a repetition of 0 positions: wanted at least 1";
            return Err(bad(at, len, message));
        }
        found.push(Run {
            symbol,
            count,
            at,
            len,
        });
    }
    Ok(found)
}

/// Digits, or the name of a level 78 constant.
fn repetition(text: &str, symbols: &Symbols) -> Option<u32> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    symbols.constants.get(&text.to_uppercase()).copied()
}
