//! The character-string of a PICTURE clause: what it holds and how many positions it takes.
//!
//! In: `S9(7)V99`. Out: [`Picture`]. Enterprise COBOL Language Reference, "PICTURE clause". Knows nothing of USAGE.

use nom::character::complete::{anychar, char, digit1};
use nom::combinator::{map_res, opt};
use nom::sequence::delimited;
use nom::{IResult, Parser};

/// What a picture describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PictureKind {
    /// A only.
    Alphabetic,
    /// X, or a mixture of X, A and 9.
    Alphanumeric,
    /// 9 S V P: a number to compute with.
    Numeric {
        /// Has an S.
        signed: bool,
        /// How many 9s: the digits that are stored.
        digits: u16,
        /// Digits right of the decimal point, stored or implied by P; negative where P stands right of the 9s.
        scale: i16,
    },
    /// Z * + - CR DB B 0 / , . and currency: a number made readable; kept as text.
    NumericEdited,
    /// X or A with B 0 /: kept as text.
    AlphanumericEdited,
}

/// A PICTURE clause.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Picture {
    text: String,
    kind: PictureKind,
    positions: u32,
}

impl Picture {
    /// The character-string as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it describes.
    pub fn kind(&self) -> PictureKind {
        self.kind
    }

    /// Character positions: bytes of a DISPLAY item, without a separate sign.
    pub fn positions(&self) -> u32 {
        self.positions
    }

    /// True for the edited kinds.
    pub fn is_edited(&self) -> bool {
        matches!(
            self.kind,
            PictureKind::NumericEdited | PictureKind::AlphanumericEdited
        )
    }
}

/// What is wrong with a picture: message, the offset and length of the part that is wrong, and whether it is right
/// COBOL that is only not supported yet.
pub(super) struct BadPicture {
    pub(super) message: String,
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) unsupported: bool,
}

/// A picture larger than this is a typing error; the compiler's limit for an elementary item is 2^27 - 1.
const MOST_POSITIONS: u32 = 134_217_727;
/// `Decimal` holds 38 digits; the compiler allows 18, or 31 with ARITH(EXTEND).
const MOST_DIGITS: u16 = 38;

/// A symbol and how often it stands there: `9(5)`.
struct Run {
    symbol: char,
    count: u32,
    at: usize,
    len: usize,
}

fn run(input: &str) -> IResult<&str, (char, u32)> {
    let count = delimited(char('('), map_res(digit1, str::parse::<u32>), char(')'));
    let (rest, (symbol, count)) = (anychar, opt(count)).parse(input)?;
    Ok((rest, (symbol.to_ascii_uppercase(), count.unwrap_or(1))))
}

fn runs(text: &str) -> Result<Vec<Run>, BadPicture> {
    let mut found: Vec<Run> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len().saturating_sub(rest.len());
        let Ok((after, (symbol, count))) = run(rest) else {
            break;
        };
        let len = rest.len().saturating_sub(after.len());
        if symbol == '(' || symbol == ')' {
            return Err(bad(at, rest.len(), "wanted a repetition as in `9(5)`"));
        }
        if count == 0 {
            return Err(bad(
                at,
                len,
                "a repetition of 0 positions: wanted at least 1",
            ));
        }
        found.push(Run {
            symbol,
            count,
            at,
            len,
        });
        rest = after;
    }
    Ok(found)
}

fn bad(at: usize, len: usize, message: impl Into<String>) -> BadPicture {
    BadPicture {
        message: message.into(),
        at,
        len,
        unsupported: false,
    }
}

/// Reads a character-string.
pub(super) fn parse(text: &str) -> Result<Picture, BadPicture> {
    let runs = runs(text)?;
    let mut positions = 0u32;
    let mut index = 0usize;
    let (mut letters, mut nines, mut editing) = (false, false, false);
    let (mut any_x, mut signed) = (false, false);
    while let Some(run) = runs.get(index) {
        index = index.saturating_add(1);
        let next = runs.get(index).map(|next| next.symbol);
        let mut width = run.count;
        match run.symbol {
            'X' => (letters, any_x) = (true, true),
            'A' => letters = true,
            '9' => nines = true,
            'S' if run.at == 0 && run.count == 1 => (signed, width) = (true, 0),
            'S' => {
                return Err(bad(
                    run.at,
                    run.len,
                    "`S` must stand once, as the first symbol",
                ));
            }
            'V' | 'P' => width = 0,
            'C' if next == Some('R') => {
                (width, editing, index) = (2, true, index.saturating_add(1));
            }
            'D' if next == Some('B') => {
                (width, editing, index) = (2, true, index.saturating_add(1));
            }
            'Z' | '*' | '+' | '-' | 'B' | '0' | '/' | ',' | '.' | '$' => editing = true,
            'N' | 'G' | 'U' | 'E' | '1' => {
                return Err(BadPicture {
                    unsupported: true,
                    ..bad(
                        run.at,
                        run.len,
                        format!("the picture symbol `{}` is not supported yet", run.symbol),
                    )
                });
            }
            other => {
                return Err(bad(
                    run.at,
                    run.len,
                    format!("`{other}` is no picture symbol"),
                ));
            }
        }
        positions = positions
            .checked_add(width)
            .filter(|all| *all <= MOST_POSITIONS)
            .ok_or_else(|| {
                bad(
                    run.at,
                    run.len,
                    format!("more than {MOST_POSITIONS} positions"),
                )
            })?;
    }
    let fault = |message: String| bad(0, text.len(), message);
    let has_numeric_only = runs.iter().any(|run| matches!(run.symbol, 'S' | 'V' | 'P'));
    let kind = match (letters, editing) {
        (true, _) if has_numeric_only => {
            return Err(fault("X and A do not go with S, V or P".to_owned()));
        }
        (true, false) if any_x || nines => PictureKind::Alphanumeric,
        (true, false) => PictureKind::Alphabetic,
        (true, true) => PictureKind::AlphanumericEdited,
        (false, true) if signed => {
            return Err(fault("S does not go with editing symbols".to_owned()));
        }
        (false, true) => PictureKind::NumericEdited,
        (false, false) => numeric(&runs, signed, text)?,
    };
    if positions == 0 {
        return Err(fault(
            "wanted at least one of X, A, 9 or an editing symbol".to_owned(),
        ));
    }
    Ok(Picture {
        text: text.to_owned(),
        kind,
        positions,
    })
}

/// 9 S V P only: where the decimal point stands. P counts as a digit position that is not stored.
fn numeric(runs: &[Run], signed: bool, text: &str) -> Result<PictureKind, BadPicture> {
    let mut digits = 0u16;
    let mut scale = 0i16;
    let mut point = false;
    let mut zeros_right = 0i16;
    for run in runs {
        let count = u16::try_from(run.count)
            .ok()
            .filter(|count| *count <= MOST_DIGITS)
            .ok_or_else(|| bad(run.at, run.len, format!("more than {MOST_DIGITS} digits")))?;
        let places = i16::try_from(count).unwrap_or(i16::MAX);
        match run.symbol {
            'V' if point || run.count > 1 => {
                return Err(bad(run.at, run.len, "a second decimal point"));
            }
            'V' => point = true,
            '9' if zeros_right > 0 => {
                return Err(bad(
                    run.at,
                    run.len,
                    "`9` after `P`: P stands at one end of the digits",
                ));
            }
            '9' => {
                digits = digits.saturating_add(count);
                if point {
                    scale = scale.saturating_add(places);
                }
            }
            // P left of every 9 puts the point left of itself.
            'P' if digits == 0 => {
                point = true;
                scale = scale.saturating_add(places);
            }
            'P' if point => {
                return Err(bad(
                    run.at,
                    run.len,
                    "`P` right of the decimal point and of a digit",
                ));
            }
            'P' => zeros_right = zeros_right.saturating_add(places),
            _ => {}
        }
    }
    let all = u32::from(digits)
        .saturating_add(u32::from(zeros_right.unsigned_abs()))
        .max(u32::from(scale.unsigned_abs()));
    if digits == 0 || all > u32::from(MOST_DIGITS) {
        return Err(bad(
            0,
            text.len(),
            format!("wanted 1 to {MOST_DIGITS} digits (9 and P), got {all}"),
        ));
    }
    Ok(PictureKind::Numeric {
        signed,
        digits,
        scale: scale.saturating_sub(zeros_right),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match parse(text) {
            Ok(picture) => format!("{:?} {}", picture.kind(), picture.positions()),
            Err(bad) => format!("{} at {}+{}", bad.message, bad.at, bad.len),
        }
    }

    #[test]
    fn pictures() {
        let shown: Vec<String> = [
            "X",
            "x(10)",
            "A(3)",
            "XXA9",
            "9(5)",
            "S9(7)V99",
            "SV99",
            "9PPP",
            "SPP9(3)",
            "VPP9",
            "9(3)P(2)V",
            "Z(5)9.99-",
            "$$,$$9.99CR",
            "**9",
            "XXBXX",
            "9(18)V9(20)",
            "-(4)9",
            "99/99/9999",
        ]
        .iter()
        .map(|text| format!("{text}: {}", check(text)))
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @"
X: Alphanumeric 1
x(10): Alphanumeric 10
A(3): Alphabetic 3
XXA9: Alphanumeric 4
9(5): Numeric { signed: false, digits: 5, scale: 0 } 5
S9(7)V99: Numeric { signed: true, digits: 9, scale: 2 } 9
SV99: Numeric { signed: true, digits: 2, scale: 2 } 2
9PPP: Numeric { signed: false, digits: 1, scale: -3 } 1
SPP9(3): Numeric { signed: true, digits: 3, scale: 5 } 3
VPP9: Numeric { signed: false, digits: 1, scale: 3 } 1
9(3)P(2)V: Numeric { signed: false, digits: 3, scale: -2 } 3
Z(5)9.99-: NumericEdited 10
$$,$$9.99CR: NumericEdited 11
**9: NumericEdited 3
XXBXX: AlphanumericEdited 5
9(18)V9(20): Numeric { signed: false, digits: 38, scale: 20 } 38
-(4)9: NumericEdited 5
99/99/9999: NumericEdited 10
");
    }

    #[test]
    fn wrong_pictures() {
        let shown: Vec<String> = [
            "9(",
            "9()",
            "9(0)",
            "XS9",
            "X9V9",
            "S",
            "V",
            "9V9V9",
            "9P9",
            "9(39)",
            "N(5)",
            "9(5)Q",
            "SZ9",
            "(5)",
            "9(99999999999)",
            "V9P",
        ]
        .iter()
        .map(|text| format!("{text}: {}", check(text)))
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @"
9(: wanted a repetition as in `9(5)` at 1+1
9(): wanted a repetition as in `9(5)` at 1+2
9(0): a repetition of 0 positions: wanted at least 1 at 0+4
XS9: `S` must stand once, as the first symbol at 1+1
X9V9: X and A do not go with S, V or P at 0+4
S: wanted 1 to 38 digits (9 and P), got 0 at 0+1
V: wanted 1 to 38 digits (9 and P), got 0 at 0+1
9V9V9: a second decimal point at 3+1
9P9: `9` after `P`: P stands at one end of the digits at 2+1
9(39): more than 38 digits at 0+5
N(5): the picture symbol `N` is not supported yet at 0+4
9(5)Q: `Q` is no picture symbol at 4+1
SZ9: S does not go with editing symbols at 0+3
(5): wanted a repetition as in `9(5)` at 0+3
9(99999999999): wanted a repetition as in `9(5)` at 1+13
V9P: `P` right of the decimal point and of a digit at 2+1
");
    }
}
