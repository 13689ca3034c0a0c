//! Edited pictures, symbol by symbol: what stands at each position of a number or text made readable.
//!
//! In: the symbols of a picture, repetitions counted. Out: [`Edit`]. Knows no bytes: the codec of edited fields does.

/// What a symbol of an edited picture means. The decimal point and the grouping separator are named by what they do:
/// under DECIMAL-POINT IS COMMA the characters change places ([`Edit::decimal_comma`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EditSymbol {
    /// 9: a digit.
    Digit,
    /// Z: a digit, a leading zero as a blank.
    Suppress,
    /// `*`: a digit, a leading zero as an asterisk.
    Star,
    /// `+`: the sign, + or -; several float before the first digit.
    Plus,
    /// `-`: the sign, blank or -; several float before the first digit.
    Minus,
    /// The currency symbol; several float before the first digit. The first one takes the length of
    /// [`Edit::currency`], each further one a position.
    Currency,
    /// The decimal point that is printed.
    Point,
    /// V: where the decimal point is meant; takes no position.
    Virtual,
    /// P: a digit that is neither printed nor stored; takes no position.
    Scaling,
    /// The separator of groups of digits.
    Separator,
    /// B: a blank.
    Blank,
    /// 0: a zero.
    Zero,
    /// `/`: a slash.
    Slash,
    /// CR: two positions, blank unless negative.
    Credit,
    /// DB: two positions, blank unless negative.
    Debit,
    /// E of an external floating-point picture.
    Exponent,
    /// S before digits with a printed decimal point (`S9(4).99`): a sign that takes no position of its own, punched
    /// over the first or last digit, or separate, as the SIGN clause has it. The manual does not allow it together
    /// with a point; data written by other tools has it.
    Sign,
    /// X: any character.
    Any,
    /// A: a letter.
    Letter,
    /// N, G or U: a character of the national, double-byte or UTF-8 item.
    Wide,
}

/// An edited (or external floating-point) picture, as symbols with how often each stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edit {
    pub(super) runs: Box<[(EditSymbol, u32)]>,
    pub(super) digits: u16,
    pub(super) scale: i16,
    pub(super) currency: Box<str>,
    pub(super) decimal_comma: bool,
}

impl Edit {
    /// The symbols from the left, each with its repetition (at least 1). Neighbours may be the same symbol.
    pub fn runs(&self) -> &[(EditSymbol, u32)] {
        &self.runs
    }

    /// The symbols from the left, repetitions written out. A numeric picture has at most some hundreds; one of text may
    /// have as many as its field has characters.
    pub fn symbols(&self) -> impl Iterator<Item = EditSymbol> + '_ {
        self.runs.iter().flat_map(|(symbol, count)| {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            std::iter::repeat_n(*symbol, count)
        })
    }

    /// Digits the number has: 9, Z, `*`, P, and all but the first of a floating string. 0 for edited text. Of an
    /// external floating-point picture: those of the mantissa.
    pub fn digits(&self) -> u16 {
        self.digits
    }

    /// Digits right of the decimal point; negative where P stands right of the last digit.
    pub fn scale(&self) -> i16 {
        self.scale
    }

    /// What the currency symbol prints: `$`, or what CURRENCY SIGN says.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// DECIMAL-POINT IS COMMA: the point prints as `,` and the separator as `.`.
    pub fn decimal_comma(&self) -> bool {
        self.decimal_comma
    }
}
