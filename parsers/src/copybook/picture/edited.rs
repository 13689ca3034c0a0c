//! Edited pictures: which symbols go together, in what order, and how many digits they show.
//!
//! Language Reference, "PICTURE clause editing" and "PICTURE clause symbol order".

use super::run::Run;
use super::{BadPicture, MOST_DIGITS, Symbols, bad, too_much};
use crate::copybook::edit::{Edit, EditSymbol};

/// What a symbol means.
fn meaning(symbol: char, symbols: &Symbols) -> EditSymbol {
    match symbol {
        _ if symbols.currency(symbol).is_some() => EditSymbol::Currency,
        'S' => EditSymbol::Sign,
        '9' => EditSymbol::Digit,
        'Z' => EditSymbol::Suppress,
        '*' => EditSymbol::Star,
        '+' => EditSymbol::Plus,
        '-' => EditSymbol::Minus,
        '.' if symbols.decimal_comma => EditSymbol::Separator,
        ',' if symbols.decimal_comma => EditSymbol::Point,
        '.' => EditSymbol::Point,
        ',' => EditSymbol::Separator,
        'V' => EditSymbol::Virtual,
        'P' => EditSymbol::Scaling,
        'B' => EditSymbol::Blank,
        '0' => EditSymbol::Zero,
        '/' => EditSymbol::Slash,
        'C' => EditSymbol::Credit,
        'D' => EditSymbol::Debit,
        'E' => EditSymbol::Exponent,
        'X' => EditSymbol::Any,
        'A' => EditSymbol::Letter,
        _ => EditSymbol::Wide,
    }
}

fn edit(runs: &[Run], symbols: &Symbols, digits: u16, scale: i16) -> Edit {
    let currency = runs.iter().find_map(|run| symbols.currency(run.symbol));
    Edit {
        runs: runs
            .iter()
            .map(|run| (meaning(run.symbol, symbols), run.count))
            .collect(),
        digits,
        scale,
        currency: currency.unwrap_or("$").into(),
        decimal_comma: symbols.decimal_comma,
    }
}

/// X, A, N or G with insertion.
pub(super) fn text(runs: &[Run], symbols: &Symbols) -> Edit {
    edit(runs, symbols, 0, 0)
}

/// A number made readable.
pub(super) fn numeric(runs: &[Run], text: &str, symbols: &Symbols) -> Result<Edit, BadPicture> {
    use EditSymbol::{
        Blank, Credit, Currency, Debit, Digit, Minus, Plus, Point, Scaling, Separator, Sign, Slash,
        Star, Suppress, Virtual, Zero,
    };
    let of = |run: &Run| meaning(run.symbol, symbols);
    let wrong = |run: &Run, why: &str| Err(bad(run.at, run.len, why));
    let count = |wanted: &[EditSymbol]| {
        let of_it = runs.iter().filter(|run| wanted.contains(&of(run)));
        of_it.fold(0u32, |all, run| all.saturating_add(run.count))
    };
    let insertion = |symbol| matches!(symbol, Blank | Zero | Slash | Separator);
    // What replaces leading zeros: Z, *, or a floating string of one of + - and currency.
    let mut leading = [Suppress, Star]
        .into_iter()
        .filter(|symbol| count(&[*symbol]) > 0)
        .chain(
            [Plus, Minus, Currency]
                .into_iter()
                .filter(|symbol| count(&[*symbol]) > 1),
        );
    let (replaced, second) = (leading.next(), leading.next());
    let floating = replaced.filter(|symbol| !matches!(symbol, Suppress | Star));
    let (mut digits, mut scale, mut right) = (0u32, 0i64, 0i64);
    let (mut point, mut last_digit, mut seen_nine, mut begun) = (false, false, false, false);
    let mut replaced_right_of_point = false;
    let mut left = false;
    let sign_first = runs
        .first()
        .is_some_and(|run| matches!(of(run), Plus | Minus));
    for (index, run) in runs.iter().enumerate() {
        let symbol = of(run);
        let is_last = index.saturating_add(1) == runs.len();
        let mut shown = 0;
        match symbol {
            _ if Some(symbol) == second => {
                return wrong(
                    run,
                    "only one of Z, * and a floating + - or currency replaces zeros",
                );
            }
            _ if Some(symbol) == replaced => {
                if left {
                    return wrong(run, "behind a leading `P` every digit is a `9`");
                }
                if seen_nine && floating.is_some() {
                    return wrong(run, "a floating string stands left of every `9`");
                }
                if seen_nine {
                    return wrong(run, "a leading zero cannot be replaced right of a `9`");
                }
                shown = run.count;
                if floating.is_some() && !begun {
                    shown = shown.saturating_sub(1);
                }
                begun = true;
                replaced_right_of_point |= point;
            }
            Digit => {
                if replaced_right_of_point {
                    let why = "where zeros are replaced right of the point, no digit is a `9`";
                    return wrong(run, why);
                }
                seen_nine = true;
                shown = run.count;
            }
            Scaling => {
                if digits == 0 && !begun {
                    let before = runs.get(..index).unwrap_or_default();
                    if !before
                        .iter()
                        .all(|run| matches!(of(run), Scaling | Virtual))
                    {
                        return wrong(run, "`P` stands at one end of the digits");
                    }
                    point = true;
                    left = true;
                } else if point {
                    return wrong(run, "`P` right of the decimal point and of a digit");
                } else {
                    right = right.saturating_add(i64::from(run.count));
                    last_digit = true;
                }
                if point {
                    scale = scale.saturating_add(i64::from(run.count));
                }
            }
            Point | Virtual => {
                if left && index > 0 && symbol == Point {
                    return wrong(run, "a second decimal point: `P` implies one");
                }
                if (point && count(&[Scaling]) == 0)
                    || run.count > 1
                    || count(&[Point, Virtual]) > 1
                {
                    return wrong(run, "a second decimal point");
                }
                point = true;
            }
            Plus | Minus | Credit | Debit
                if count(&[Plus, Minus]) > 0
                    && (count(&[Credit, Debit]) > 0
                        || (count(&[Plus]) > 0 && count(&[Minus]) > 0))
                    || count(&[Credit, Debit]) > 1 =>
            {
                return wrong(run, "more than one kind of sign");
            }
            Credit | Debit if !is_last => {
                return wrong(run, "CR and DB stand at the end");
            }
            Plus | Minus if !is_last && index > 0 => {
                return wrong(run, "a sign stands first or last");
            }
            Currency if index > 0 && !(index == 1 && sign_first) => {
                return wrong(run, "a currency symbol stands first, or behind the sign");
            }
            Sign => {}
            _ if insertion(symbol)
                || matches!(symbol, Plus | Minus | Credit | Debit | Currency) => {}
            _ => return wrong(run, "a symbol that no number has"),
        }
        if shown > 0 && last_digit {
            return wrong(run, "a digit after `P`: P stands at one end of the digits");
        }
        digits = digits.saturating_add(shown);
        if point && symbol != Scaling {
            scale = scale.saturating_add(i64::from(shown));
        }
    }
    let all = u64::from(digits)
        .saturating_add(right.unsigned_abs())
        .max(scale.unsigned_abs());
    if digits == 0 || all > u64::from(MOST_DIGITS) {
        let message = format!("wanted 1 to {MOST_DIGITS} digits, got {all}");
        let wrong: fn(usize, usize, String) -> BadPicture =
            if digits == 0 { bad } else { too_much };
        return Err(wrong(0, text.len(), message));
    }
    let scale = i16::try_from(scale.saturating_sub(right)).unwrap_or(0);
    Ok(edit(
        runs,
        symbols,
        u16::try_from(digits).unwrap_or(MOST_DIGITS),
        scale,
    ))
}

/// `[+-]9[.V]9E[+-]99`: Language Reference, "PICTURE clause", "External floating-point items".
pub(super) fn float(runs: &[Run], text: &str, symbols: &Symbols) -> Result<Edit, BadPicture> {
    use EditSymbol::{Digit, Exponent, Minus, Plus, Point, Virtual};
    let wanted = "wanted a picture such as `+9.9(7)E+99`";
    let found: Vec<(EditSymbol, u32)> = runs
        .iter()
        .map(|run| (meaning(run.symbol, symbols), run.count))
        .collect();
    let (mantissa, exponent) = match found.iter().position(|(symbol, _)| *symbol == Exponent) {
        Some(at) => (
            found.get(..at).unwrap_or_default(),
            found.get(at..).unwrap_or_default(),
        ),
        None => return Err(bad(0, text.len(), wanted)),
    };
    let nines = |part: &[(EditSymbol, u32)]| {
        part.iter()
            .filter(|(symbol, _)| *symbol == Digit)
            .fold(0u32, |all, (_, count)| all.saturating_add(*count))
    };
    let well = match exponent {
        [(Exponent, 1), (Plus | Minus, 1), rest @ ..] => {
            nines(rest) == 2 && rest.iter().all(|(symbol, _)| *symbol == Digit)
        }
        _ => false,
    };
    let [(Plus | Minus, 1), digits @ ..] = mantissa else {
        return Err(bad(0, text.len(), wanted));
    };
    let points = digits
        .iter()
        .filter(|(symbol, _)| matches!(symbol, Point | Virtual))
        .count();
    let plain = digits.iter().all(|(symbol, count)| {
        *symbol == Digit || (matches!(symbol, Point | Virtual) && *count == 1)
    });
    if !well || !plain || points > 1 || !(1..=16).contains(&nines(digits)) {
        return Err(bad(0, text.len(), wanted));
    }
    let right = digits
        .iter()
        .position(|(symbol, _)| matches!(symbol, Point | Virtual))
        .map_or(0, |at| nines(digits.get(at..).unwrap_or_default()));
    Ok(edit(
        runs,
        symbols,
        u16::try_from(nines(digits)).unwrap_or(0),
        i16::try_from(right).unwrap_or(0),
    ))
}
