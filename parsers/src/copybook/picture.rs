//! The character-string of a PICTURE clause: what it holds and how many positions it takes.
//!
//! In: `S9(7)V99`, and what SPECIAL-NAMES says of currency and decimal point. Out: [`Picture`]. Enterprise COBOL
//! Language Reference, "PICTURE clause". Knows nothing of USAGE.

mod edited;
mod number;
mod run;

use std::collections::HashMap;

use super::edit::Edit;
use crate::error::CopybookErrorKind;
use run::{Run, runs};

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
    /// Z * + - CR DB B 0 / , . and currency: a number made readable; [`Picture::edit`] says how.
    NumericEdited,
    /// X or A with B 0 /.
    AlphanumericEdited,
    /// N only: national characters (double-byte ones under USAGE DISPLAY-1 or NSYMBOL(DBCS)).
    National,
    /// N with B 0 /.
    NationalEdited,
    /// G, perhaps with B: double-byte characters.
    DoubleByte,
    /// U: UTF-8; each position is a character of up to 4 bytes.
    Utf8,
    /// `+9.99E+99`: floating point as characters.
    ExternalFloat,
}

/// A PICTURE clause.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Picture {
    text: String,
    kind: PictureKind,
    positions: u32,
    edit: Option<Box<Edit>>,
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
            PictureKind::NumericEdited
                | PictureKind::AlphanumericEdited
                | PictureKind::NationalEdited
        )
    }

    /// Its symbols, for the edited kinds, `ExternalFloat` and a `DoubleByte` picture with B.
    pub fn edit(&self) -> Option<&Edit> {
        self.edit.as_deref()
    }
}

/// What SPECIAL-NAMES and level 78 say that a picture depends on.
#[derive(Debug, Clone, Default)]
pub(super) struct Symbols {
    /// DECIMAL-POINT IS COMMA.
    pub(super) decimal_comma: bool,
    /// PICTURE SYMBOLs of CURRENCY SIGN clauses and what they print; `$` prints itself without one.
    pub(super) currency: Vec<(char, String)>,
    /// Level 78 names that may stand in a repetition.
    pub(super) constants: HashMap<String, u32>,
}

impl Symbols {
    fn point(&self) -> char {
        if self.decimal_comma { ',' } else { '.' }
    }

    fn currency(&self, symbol: char) -> Option<&str> {
        let own = self.currency.iter().find(|(own, _)| *own == symbol);
        own.map(|(_, sign)| sign.as_str())
            .or((symbol == '$').then_some("$"))
    }
}

/// What is wrong with a picture: message, the offset and length of the part that is wrong, and of what kind it is: no
/// picture, one that is only not supported yet, or one of more than there can be.
#[derive(Debug)]
pub(super) struct BadPicture {
    pub(super) message: String,
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) kind: CopybookErrorKind,
}

/// A picture larger than this is a typing error: the compiler's limit for an elementary item since Enterprise COBOL 5
/// (Language Reference, "Compiler limits"; 134,217,727 before).
const MOST_POSITIONS: u32 = 999_999_999;
/// `Decimal` holds 38 digits; the compiler allows 18, or 31 with ARITH(EXTEND).
const MOST_DIGITS: u16 = 38;

fn bad(at: usize, len: usize, message: impl Into<String>) -> BadPicture {
    BadPicture {
        message: message.into(),
        at,
        len,
        kind: CopybookErrorKind::Syntax,
    }
}

/// A picture that is one, of more than an item can have.
fn too_much(at: usize, len: usize, message: impl Into<String>) -> BadPicture {
    BadPicture {
        kind: CopybookErrorKind::Structure,
        ..bad(at, len, message)
    }
}

/// Reads a character-string.
pub(super) fn parse(text: &str, symbols: &Symbols) -> Result<Picture, BadPicture> {
    let runs = runs(text, symbols)?;
    let whole = |message: &str| bad(0, text.len(), message);
    let any = |wanted: &[char]| runs.iter().any(|run| wanted.contains(&run.symbol));
    let find = |wanted: &[char]| runs.iter().find(|run| wanted.contains(&run.symbol));
    let positions = positions(&runs, symbols)?;
    if let Some(run) = runs
        .iter()
        .find(|run| run.symbol == 'S' && (run.at > 0 || run.count > 1))
    {
        return Err(bad(
            run.at,
            run.len,
            "`S` must stand once, as the first symbol",
        ));
    }
    if let Some(run) = find(&['1']) {
        return Err(BadPicture {
            kind: CopybookErrorKind::NotSupported,
            ..bad(
                run.at,
                run.len,
                "the picture symbol `1` (boolean) is not supported yet",
            )
        });
    }
    let wide: Vec<char> = ['N', 'G', 'U'].into_iter().filter(|s| any(&[*s])).collect();
    let kind = match wide.as_slice() {
        [] if any(&['X', 'A']) => {
            if any(&['S', 'V', 'P']) {
                return Err(whole("X and A do not go with S, V or P"));
            }
            let plain = |run: &&Run| !matches!(run.symbol, 'X' | 'A' | '9' | 'B' | '0' | '/');
            if let Some(run) = runs.iter().find(plain) {
                let message = format!("`{}` does not go with X and A", run.symbol);
                return Err(bad(run.at, run.len, message));
            }
            match (any(&['B', '0', '/']), any(&['X', '9'])) {
                (true, _) => PictureKind::AlphanumericEdited,
                (false, true) => PictureKind::Alphanumeric,
                (false, false) => PictureKind::Alphabetic,
            }
        }
        [] if any(&['E']) => PictureKind::ExternalFloat,
        [] if runs
            .iter()
            .all(|run| matches!(run.symbol, '9' | 'S' | 'V' | 'P')) =>
        {
            number::numeric(&runs, text)?
        }
        [] if any(&['S'])
            && runs
                .iter()
                .any(|run| !matches!(run.symbol, '9' | 'S' | '.' | ',')) =>
        {
            return Err(whole("S does not go with editing symbols"));
        }
        [] if any(&['S']) && !any(&[symbols.point()]) => {
            return Err(whole("S does not go with editing symbols"));
        }
        [] => PictureKind::NumericEdited,
        [symbol] => {
            let insertion: &[char] = match symbol {
                'N' => &['B', '0', '/'],
                'G' => &['B'],
                _ => &[],
            };
            let other = |run: &&Run| run.symbol != *symbol && !insertion.contains(&run.symbol);
            if let Some(run) = runs.iter().find(other) {
                let message = format!("`{}` does not go with {symbol}", run.symbol);
                return Err(bad(run.at, run.len, message));
            }
            match symbol {
                'N' if any(insertion) => PictureKind::NationalEdited,
                'N' => PictureKind::National,
                'G' => PictureKind::DoubleByte,
                _ => PictureKind::Utf8,
            }
        }
        _ => return Err(whole("N, G and U do not go with each other")),
    };
    if positions == 0 {
        return Err(whole("wanted at least one of X, A, 9 or an editing symbol"));
    }
    let edit = match kind {
        PictureKind::NumericEdited => Some(edited::numeric(&runs, text, symbols)?),
        PictureKind::ExternalFloat => Some(edited::float(&runs, text, symbols)?),
        PictureKind::AlphanumericEdited | PictureKind::NationalEdited => {
            Some(edited::text(&runs, symbols))
        }
        PictureKind::DoubleByte if any(&['B']) => Some(edited::text(&runs, symbols)),
        _ => None,
    };
    Ok(Picture {
        text: text.to_owned(),
        kind,
        positions,
        edit: edit.map(Box::new),
    })
}

/// Positions in characters; the first currency symbol takes as many as its sign has.
fn positions(runs: &[Run], symbols: &Symbols) -> Result<u32, BadPicture> {
    let mut positions = 0u32;
    let mut currency = false;
    for run in runs {
        let mut width = match run.symbol {
            'S' | 'V' | 'P' => 0,
            'C' | 'D' => 2,
            _ => run.count,
        };
        if let Some(sign) = symbols.currency(run.symbol).filter(|_| !currency) {
            currency = true;
            let more = sign.chars().count().saturating_sub(1);
            width = width.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        }
        positions = positions
            .checked_add(width)
            .filter(|all| *all <= MOST_POSITIONS)
            .ok_or_else(|| {
                let message = format!("more than {MOST_POSITIONS} positions");
                too_much(run.at, run.len, message)
            })?;
    }
    Ok(positions)
}

#[cfg(test)]
mod tests;
