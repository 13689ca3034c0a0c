//! Numeric-edited pictures: zero suppression, floating and fixed insertion, signs.
//!
//! Language Reference, "PICTURE clause editing": simple, special, fixed and floating insertion, zero suppression and
//! replacement.
//!
//! A picture with an S and a decimal point (`S9(3).99`) is no picture of any compiler. It is written all the same for
//! numbers that a program puts together, and then has its sign as a DISPLAY number does: over a digit, or separate.

use super::marks;
use crate::copybook::{Edit, EditSymbol, Sign};
use crate::decimal::{Decimal, pow10};

/// What a character position is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// 9.
    Digit,
    /// Z or `*`.
    Suppress,
    /// A floating symbol but the first: a digit position.
    Float,
    /// The first of a floating string.
    FloatFirst,
    /// The decimal point.
    Point,
    /// B 0 / and the separator.
    Insert(char),
    /// A fixed + or -.
    Sign(EditSymbol),
    /// A character of a fixed currency sign.
    Currency(char),
    /// A character of CR or DB.
    Letter(char),
}

/// A numeric-edited picture, position by position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NumberEditor {
    places: Box<[Place]>,
    /// Digit positions.
    digits: u16,
    scale: i32,
    /// Digit positions left of the point.
    whole: usize,
    /// What replaces leading zeros: blank or `*`.
    fill: char,
    /// What floats, as it looks for a positive and a negative number.
    float: Option<(Box<str>, Box<str>)>,
    signed: bool,
    /// Every digit position may be blank, so that zero is all blanks (or asterisks).
    hollow: bool,
    blank_when_zero: bool,
    point: char,
    /// The position whose digit carries the sign.
    punched: Option<usize>,
}

/// Digits with a plus and with a minus over them, as the characters that they are in EBCDIC.
const PUNCHED: [&str; 2] = ["{ABCDEFGHI", "}JKLMNOPQR"];

impl NumberEditor {
    /// What decides the editing besides the picture, in words: part of a layout's fingerprint.
    pub(crate) fn clauses(&self) -> String {
        let punched = self
            .punched
            .map_or_else(String::new, |at| format!(" sign over {at}"));
        let blank = if self.blank_when_zero {
            "blank"
        } else {
            "zero"
        };
        format!(
            "digits {} scale {} 0 as {blank}{punched}",
            self.digits, self.scale
        )
    }

    /// `None` for a picture that is no number (the grammar gives none).
    pub(super) fn new(
        edit: &Edit,
        blank_when_zero: bool,
        sign: Option<Sign>,
    ) -> Option<NumberEditor> {
        use EditSymbol::{Currency, Minus, Plus};
        let (point, separator) = marks(edit);
        let total = |wanted: EditSymbol| {
            let of_it = edit.runs().iter().filter(|(symbol, _)| *symbol == wanted);
            of_it.fold(0u32, |all, (_, count)| all.saturating_add(*count))
        };
        let floating = [Plus, Minus, Currency]
            .into_iter()
            .find(|symbol| total(*symbol) > 1);
        let (mut places, mut whole) = (Vec::new(), None);
        let (mut digits, mut begun, mut signed) = (0usize, false, false);
        let sign = (total(EditSymbol::Sign) > 0).then_some(sign.unwrap_or(Sign {
            leading: false,
            separate: false,
        }));
        let separate = sign.filter(|sign| sign.separate);
        if separate.is_some_and(|sign| sign.leading) {
            places.push(Place::Sign(Plus));
        }
        for symbol in edit.symbols() {
            let place = match symbol {
                EditSymbol::Digit => Place::Digit,
                EditSymbol::Suppress | EditSymbol::Star => Place::Suppress,
                EditSymbol::Point | EditSymbol::Virtual => {
                    whole = Some(digits);
                    if symbol == EditSymbol::Virtual {
                        continue;
                    }
                    Place::Point
                }
                EditSymbol::Scaling => continue,
                EditSymbol::Sign => {
                    signed = true;
                    continue;
                }
                EditSymbol::Separator => Place::Insert(separator),
                EditSymbol::Blank => Place::Insert(' '),
                EditSymbol::Zero => Place::Insert('0'),
                EditSymbol::Slash => Place::Insert('/'),
                EditSymbol::Credit | EditSymbol::Debit => {
                    signed = true;
                    let [first, second] = if symbol == EditSymbol::Credit {
                        ['C', 'R']
                    } else {
                        ['D', 'B']
                    };
                    places.push(Place::Letter(first));
                    Place::Letter(second)
                }
                Plus | Minus | Currency => {
                    signed |= symbol != Currency;
                    match (floating == Some(symbol), begun, symbol) {
                        (true, true, _) => Place::Float,
                        (true, false, Currency) => {
                            // The first currency symbol takes the length of the whole sign.
                            begun = true;
                            let more = edit.currency().chars().count().saturating_sub(1);
                            places.extend(std::iter::repeat_n(Place::FloatFirst, more));
                            Place::FloatFirst
                        }
                        (true, false, _) => {
                            begun = true;
                            Place::FloatFirst
                        }
                        (false, _, Currency) => {
                            places.extend(edit.currency().chars().map(Place::Currency));
                            continue;
                        }
                        (false, _, sign) => Place::Sign(sign),
                    }
                }
                _ => return None,
            };
            if matches!(place, Place::Digit | Place::Suppress | Place::Float) {
                digits = digits.saturating_add(1);
            }
            places.push(place);
        }
        if separate.is_some_and(|sign| !sign.leading) {
            places.push(Place::Sign(Plus));
        }
        let digit = |place: &Place| *place == Place::Digit;
        let punched = match sign.filter(|sign| !sign.separate) {
            Some(sign) if sign.leading => places.iter().position(digit),
            Some(_) => places.iter().rposition(digit),
            None => None,
        };
        let float = floating.map(|symbol| match symbol {
            Plus => ("+".into(), "-".into()),
            Minus => (" ".into(), "-".into()),
            _ => (edit.currency().into(), edit.currency().into()),
        });
        Some(NumberEditor {
            hollow: !places.contains(&Place::Digit),
            places: places.into_boxed_slice(),
            digits: u16::try_from(digits).ok()?,
            scale: i32::from(edit.scale()),
            whole: whole.unwrap_or(digits),
            fill: if total(EditSymbol::Star) > 0 {
                '*'
            } else {
                ' '
            },
            float,
            signed,
            blank_when_zero,
            point,
            punched,
        })
    }

    /// A numeric picture with BLANK WHEN ZERO.
    pub(super) fn plain(digits: u16, scale: i16) -> NumberEditor {
        let count = usize::from(digits);
        NumberEditor {
            places: vec![Place::Digit; count].into_boxed_slice(),
            digits,
            scale: i32::from(scale),
            whole: count.saturating_sub(usize::try_from(scale).unwrap_or(0)),
            fill: ' ',
            float: None,
            signed: false,
            hollow: false,
            blank_when_zero: true,
            point: '.',
            punched: None,
        }
    }

    pub(crate) fn digits(&self) -> u16 {
        self.digits
    }

    pub(crate) fn scale(&self) -> i32 {
        self.scale
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.signed
    }

    /// The characters that MOVE of a number gives; `None` where it does not fit.
    pub(crate) fn format(&self, value: Decimal) -> Option<String> {
        let whole = value.rescale(self.scale)?;
        let negative = whole.unscaled < 0;
        let magnitude = whole.unscaled.unsigned_abs();
        let limit = pow10(u32::from(self.digits))?.unsigned_abs();
        if magnitude >= limit || (negative && !self.signed) {
            return None;
        }
        if magnitude == 0 && self.blank_when_zero {
            return Some(" ".repeat(self.places.len()));
        }
        if magnitude == 0 && self.hollow {
            let shown = |place: &Place| match place {
                Place::Point if self.fill == '*' => self.point,
                _ => self.fill,
            };
            return Some(self.places.iter().map(shown).collect());
        }
        let width = usize::from(self.digits);
        let digits = format!("{magnitude:0width$}");
        let mut out: Vec<char> = Vec::with_capacity(self.places.len());
        let mut digits = digits.chars().enumerate();
        // Leading zeros are still being replaced, inside the string of symbols that does so.
        let (mut leading, mut inside) = (true, false);
        // Where the floating symbol goes: before the first character that is shown.
        let mut shown_at = None;
        for place in &self.places {
            let at = out.len();
            match place {
                Place::Digit | Place::Suppress | Place::Float => {
                    let (index, digit) = digits.next()?;
                    let replaces = *place != Place::Digit;
                    if leading && replaces && digit == '0' && index < self.whole {
                        inside = true;
                        out.push(self.fill);
                        continue;
                    }
                    leading = false;
                    shown_at.get_or_insert(at);
                    out.push(digit);
                }
                Place::FloatFirst => {
                    inside = true;
                    out.push(' ');
                }
                Place::Point => {
                    leading = false;
                    shown_at.get_or_insert(at);
                    out.push(self.point);
                }
                Place::Insert(_) if leading && inside => out.push(self.fill),
                Place::Insert(character) | Place::Currency(character) => out.push(*character),
                Place::Sign(EditSymbol::Plus) => out.push(if negative { '-' } else { '+' }),
                Place::Sign(_) => out.push(if negative { '-' } else { ' ' }),
                Place::Letter(letter) => out.push(if negative { *letter } else { ' ' }),
            }
        }
        if let Some((plus, minus)) = &self.float {
            let symbol = if negative { minus } else { plus };
            let end = shown_at.unwrap_or(out.len());
            let start = end.checked_sub(symbol.chars().count())?;
            for (to, from) in out.get_mut(start..end)?.iter_mut().zip(symbol.chars()) {
                *to = from;
            }
        }
        if let Some(place) = self.punched.and_then(|at| out.get_mut(at)) {
            let digit = place.to_digit(10)?;
            let [plus, minus] = PUNCHED;
            let row = if negative { minus } else { plus };
            *place = row.chars().nth(usize::try_from(digit).ok()?)?;
        }
        Some(out.into_iter().collect())
    }

    /// The number that characters show; `None` where they show none.
    pub(crate) fn parse(&self, text: &str) -> Option<Decimal> {
        if text.chars().count() != self.places.len() {
            return None;
        }
        if text.chars().all(|c| c == ' ') {
            let zero = self.blank_when_zero || (self.hollow && self.fill == ' ');
            return zero.then_some(Decimal::new(0, self.scale));
        }
        let stars = |c: char| c == '*' || c == self.point;
        if self.hollow && self.fill == '*' && text.chars().all(stars) {
            return Some(Decimal::new(0, self.scale));
        }
        let floats = |c: char| {
            let of = |symbol: &str| symbol.contains(c);
            self.float
                .as_ref()
                .is_some_and(|(plus, minus)| of(plus) || of(minus))
        };
        let (mut unscaled, mut begun, mut negative) = (0i128, false, false);
        let sign_floats = self
            .float
            .as_ref()
            .is_some_and(|(plus, minus)| plus != minus);
        for (at, (place, mut c)) in self.places.iter().zip(text.chars()).enumerate() {
            if self.punched == Some(at) {
                for (row, minus) in PUNCHED.into_iter().zip([false, true]) {
                    if let Some(digit) = row.find(c) {
                        negative |= minus;
                        c = char::from_digit(u32::try_from(digit).ok()?, 10)?;
                        break;
                    }
                }
            }
            let blank = c == self.fill || c == ' ';
            match place {
                Place::Digit | Place::Suppress | Place::Float => match c.to_digit(10) {
                    // A digit of a currency sign counts as one: such signs do not come back.
                    Some(digit) => {
                        begun = true;
                        unscaled = unscaled.checked_mul(10)?.checked_add(i128::from(digit))?;
                    }
                    None if !begun && *place != Place::Digit && (blank || floats(c)) => {
                        negative |= sign_floats && c == '-';
                    }
                    None => return None,
                },
                Place::FloatFirst if blank || floats(c) => negative |= sign_floats && c == '-',
                Place::Point if c == self.point => begun = true,
                Place::Insert(insert) if c == *insert => {}
                Place::Insert(_) if !begun && (blank || floats(c)) => {
                    negative |= sign_floats && c == '-';
                }
                Place::Currency(currency) if c == *currency => {}
                Place::Sign(EditSymbol::Plus) if c == '+' || c == '-' => negative |= c == '-',
                Place::Sign(_) if c == ' ' || c == '-' => negative |= c == '-',
                Place::Letter(letter) if c == *letter => negative = true,
                Place::Letter(_) if c == ' ' => {}
                _ => return None,
            }
        }
        if negative {
            unscaled = unscaled.checked_neg()?;
        }
        Some(Decimal::new(unscaled, self.scale))
    }
}
