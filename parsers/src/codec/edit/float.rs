//! External floating point: `+9.99E+99`.
//!
//! Language Reference, "PICTURE clause", "External floating-point items": a mantissa of up to 16 digits whose first is
//! not 0 unless the number is, and a power of ten of two digits.

use super::marks;
use crate::copybook::{Edit, EditSymbol};

/// The picture in its parts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FloatEditor {
    mantissa_sign: EditSymbol,
    exponent_sign: EditSymbol,
    /// Digits of the mantissa, and how many of them stand left of the point.
    digits: usize,
    whole: usize,
    /// The point, where it is printed.
    point: Option<char>,
}

impl FloatEditor {
    pub(super) fn new(edit: &Edit) -> FloatEditor {
        let digits = usize::from(edit.digits());
        let right = usize::try_from(edit.scale()).unwrap_or(0);
        let mut signs = edit
            .symbols()
            .filter(|symbol| matches!(symbol, EditSymbol::Plus | EditSymbol::Minus));
        let printed = edit.symbols().any(|symbol| symbol == EditSymbol::Point);
        FloatEditor {
            mantissa_sign: signs.next().unwrap_or(EditSymbol::Plus),
            exponent_sign: signs.next().unwrap_or(EditSymbol::Plus),
            digits,
            whole: digits.saturating_sub(right),
            point: printed.then_some(marks(edit).0),
        }
    }

    /// The nearest number that the picture has; `None` beyond its exponents.
    pub(crate) fn format(&self, value: f64) -> Option<String> {
        if !value.is_finite() {
            return None;
        }
        let shown = format!("{:.*e}", self.digits.saturating_sub(1), value.abs());
        let (mantissa, exponent) = shown.split_once('e')?;
        let mut power: i32 = exponent.parse().ok()?;
        if value != 0.0 {
            power = power
                .checked_sub(i32::try_from(self.whole).ok()?)?
                .checked_add(1)?;
        }
        if power.unsigned_abs() > 99 {
            return None;
        }
        let mut out = String::new();
        push_sign(&mut out, self.mantissa_sign, value < 0.0);
        for (index, digit) in mantissa.chars().filter(char::is_ascii_digit).enumerate() {
            if index == self.whole {
                out.extend(self.point);
            }
            out.push(digit);
        }
        if self.whole == self.digits {
            out.extend(self.point);
        }
        out.push('E');
        push_sign(&mut out, self.exponent_sign, power < 0);
        out.push_str(&format!("{:02}", power.unsigned_abs()));
        Some(out)
    }

    /// The number that characters show, to the nearest double; `None` where they show none.
    pub(crate) fn parse(&self, text: &str) -> Option<f64> {
        let (mantissa, exponent) = text.split_once(['E', 'e'])?;
        let mut digits = String::new();
        for c in mantissa.chars() {
            match c {
                '+' | ' ' if digits.is_empty() => {}
                '-' | '0'..='9' => digits.push(c),
                c if Some(c) == self.point && !digits.contains('.') => digits.push('.'),
                _ => return None,
            }
        }
        if self.point.is_none() && !digits.contains('.') {
            let at = digits
                .len()
                .checked_sub(self.digits.saturating_sub(self.whole))?;
            if at < digits.len() {
                digits.insert(at, '.');
            }
        }
        let power: i32 = exponent.trim().trim_start_matches('+').parse().ok()?;
        if !digits.contains(|c: char| c.is_ascii_digit()) || power.unsigned_abs() > 99 {
            return None;
        }
        let value: f64 = format!("{digits}e{power}").parse().ok()?;
        value.is_finite().then_some(value)
    }
}

fn push_sign(out: &mut String, symbol: EditSymbol, negative: bool) {
    out.push(match (negative, symbol) {
        (true, _) => '-',
        (false, EditSymbol::Plus) => '+',
        (false, _) => ' ',
    });
}
