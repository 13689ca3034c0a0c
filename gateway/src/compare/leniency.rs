//! How two values of a field may differ and still count as the same: [`Leniency`]. Pure.
//!
//! A rule never makes values different: whatever it says, what is equal without it stays equal, and of several rules
//! that hold for a field it is enough that one of them finds the values equal.

use std::borrow::Cow;

use parsers::Decimal;
use regex::Regex;

use super::moment::{TimeRule, Written};
use super::number;

/// How two values of a field may differ.
#[derive(Debug, Clone, Default)]
pub struct Leniency {
    /// Blanks that do not count.
    pub trim: Option<Trim>,
    /// Whether capitals count.
    pub case: Case,
    /// Both match it.
    pub pattern: Option<Regex>,
    /// In which forms numbers are the same.
    pub numbers: Numbers,
    /// How far numbers may be apart.
    pub tolerance: Option<Decimal>,
    /// The same as a part of the larger one, in percent.
    pub relative: Option<Decimal>,
    /// How dates and times are written, and how far they may be apart.
    pub time: Option<TimeRule>,
}

/// Blanks that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// Those in front.
    Start,
    /// Those behind.
    End,
    /// Both.
    Both,
}

/// Whether capitals count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Case {
    /// They do.
    #[default]
    Exact,
    /// `Released` is `RELEASED`.
    Ignored,
}

/// In which forms numbers are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// As JSON has them: `1.0` is `1.00`, and not `"1.0"`.
    #[default]
    Plain,
    /// Texts of numbers are numbers.
    AnyForm,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Number,
    /// True, false, null.
    Word,
}

/// One value.
#[derive(Debug, Clone)]
pub(super) struct Value<'v> {
    pub(super) sort: Sort,
    pub(super) text: Cow<'v, str>,
}

impl Leniency {
    /// Whether two values that are not the same count as the same.
    pub(super) fn equal(&self, one: &Value<'_>, other: &Value<'_>) -> bool {
        let alike = one.sort == other.sort;
        let (left, right) = (self.trimmed(one), self.trimmed(other));
        if alike && self.folded(left) == self.folded(right) {
            return true;
        }
        if let Some(pattern) = &self.pattern
            && pattern.is_match(left)
            && pattern.is_match(right)
        {
            return true;
        }
        if (alike || self.numbers == Numbers::AnyForm) && self.numbers_equal(left, right, one) {
            return true;
        }
        self.time.as_ref().is_some_and(|rule| {
            let written = |value: &Value<'_>, text| Written {
                text,
                number: value.sort == Sort::Number,
            };
            rule.same(&written(one, left), &written(other, right))
        })
    }

    fn numbers_equal(&self, left: &str, right: &str, one: &Value<'_>) -> bool {
        let by_value = one.sort == Sort::Number || self.numbers == Numbers::AnyForm;
        if !by_value && self.tolerance.is_none() && self.relative.is_none() {
            return false;
        }
        let (Some(left), Some(right)) = (number::numeral(left), number::numeral(right)) else {
            return false;
        };
        (by_value && number::same(left, right))
            || self
                .tolerance
                .is_some_and(|most| number::is_within(left, right, most))
            || self
                .relative
                .is_some_and(|percent| number::is_within_percent(left, right, percent))
    }

    /// What stands for the value where elements of lists are told apart by it. Values with the same are equal.
    pub(super) fn normal(&self, value: &Value<'_>) -> String {
        let text = self.folded(self.trimmed(value));
        let numeric = value.sort == Sort::Number || self.numbers == Numbers::AnyForm;
        match number::numeral(&text).and_then(number::Exact::of) {
            Some(number) if numeric => format!("{number:?}"),
            _ => text.into_owned(),
        }
    }

    fn trimmed<'v>(&self, value: &'v Value<'_>) -> &'v str {
        match self.trim {
            None => &value.text,
            Some(Trim::Start) => value.text.trim_start(),
            Some(Trim::End) => value.text.trim_end(),
            Some(Trim::Both) => value.text.trim(),
        }
    }

    fn folded<'v>(&self, text: &'v str) -> Cow<'v, str> {
        match self.case {
            Case::Exact => Cow::Borrowed(text),
            Case::Ignored => Cow::Owned(text.to_lowercase()),
        }
    }
}
