//! Answers that say by a field of theirs that something went wrong: [`Failure`]. Pure.
//!
//! Old systems answer HTTP 200 with a return code in the record. An error held against a success differs in nearly
//! every field, and that says no more than the return code does.

use std::sync::Arc;

use parsers::{FieldPath, Layout};

use super::answer::{Answer, Difference, Shown};
use super::member::{Pattern, Segment};
use super::{json_text, number};
use crate::place;
use crate::route::key::field_value;
use crate::route::shape::Shape;

/// Which answers are errors.
#[derive(Debug, Clone)]
pub struct Failure(Sign);

#[derive(Debug, Clone)]
enum Sign {
    /// By the `[error]` of the copybook's meaning.
    Meaning(Arc<Layout>),
    /// By one field.
    Field(Arc<Layout>, FieldPath, Codes),
    /// By one member of JSON, XML or a form.
    Member(Pattern, Codes),
}

/// Values that tell an error. Numbers are compared by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    /// Anything but these is an error.
    Ok(Vec<String>),
    /// These are.
    Error(Vec<String>),
}

impl Codes {
    fn is_error(&self, value: &str) -> bool {
        let is = |codes: &[String]| codes.iter().any(|code| same(code, value));
        match self {
            Self::Ok(codes) => !is(codes),
            Self::Error(codes) => is(codes),
        }
    }
}

/// Whether a value is the one that a rule names: blanks around it and the form of a number do not count.
pub(super) fn same(code: &str, value: &str) -> bool {
    let (code, value) = (code.trim(), value.trim());
    code == value
        || match (number::numeral(code), number::numeral(value)) {
            (Some(code), Some(value)) => number::same(code, value),
            _ => false,
        }
}

impl Failure {
    /// By the meaning of the record's copybook, where it has an `[error]`.
    pub(super) fn of_meaning(shape: &Shape) -> Option<Self> {
        let Shape::Record(layout) = shape else {
            return None;
        };
        // There is an answer for any bytes where there is a rule.
        layout
            .is_error(&[])
            .map(|_| Self(Sign::Meaning(Arc::clone(layout))))
    }

    /// By a field of the record, which holds one value and stands in no table.
    #[must_use]
    pub fn of_field(layout: &Arc<Layout>, path: FieldPath, codes: Codes) -> Self {
        Self(Sign::Field(Arc::clone(layout), path, codes))
    }

    /// By a member, named as in `ignore`, without `*`.
    ///
    /// # Errors
    /// The name is none, or stands for several.
    pub fn of_member(name: &str, codes: Codes) -> Result<Self, String> {
        let pattern = single(name)?;
        Ok(Self(Sign::Member(pattern, codes)))
    }

    /// Whether an answer is an error. None where it does not say; of a record with a rule of its meaning it always does.
    pub(super) fn is_in(&self, answer: &Answer) -> Option<bool> {
        match &self.0 {
            Sign::Meaning(layout) => layout.is_error(&answer.body),
            Sign::Field(_, _, codes) | Sign::Member(_, codes) => {
                self.value(answer).map(|value| codes.is_error(&value))
            }
        }
    }

    fn value(&self, answer: &Answer) -> Option<String> {
        match &self.0 {
            Sign::Meaning(layout) => {
                field_value(layout, layout.error_field()?, &answer.body).ok()?
            }
            Sign::Field(layout, path, _) => field_value(layout, path, &answer.body).ok()?,
            Sign::Member(pattern, _) => json_text::scalar(&answer.body, pattern),
        }
    }

    /// The member that says so, if it is one of JSON.
    pub(super) fn member(&self) -> Option<Vec<Segment<'_>>> {
        match &self.0 {
            Sign::Member(pattern, _) => pattern.segments(),
            Sign::Meaning(_) | Sign::Field(..) => None,
        }
    }

    /// The one difference of an error and a success.
    pub(super) fn between(&self, primary: &Answer, mirror: &Answer) -> Difference {
        let (name, private) = match &self.0 {
            Sign::Meaning(layout) => match layout.error_field() {
                Some(path) => named(layout, path),
                None => ("(error)".to_owned(), false),
            },
            Sign::Field(layout, path, _) => named(layout, path),
            Sign::Member(pattern, _) => (pattern.to_string(), false),
        };
        let shown = |answer: &Answer| {
            let value = self.value(answer);
            let word = || match self.is_in(answer) {
                Some(true) => "an error".to_owned(),
                _ => "no error".to_owned(),
            };
            Shown {
                value: Some(value.map_or_else(word, |value| Shown::value(&value))),
                hex: None,
            }
        };
        let mut difference = Difference::between(primary.side, shown(primary), shown(mirror), name);
        if private {
            difference.mask();
        }
        difference
    }
}

/// Members of which there is one.
pub(super) fn single(name: &str) -> Result<Pattern, String> {
    let pattern = super::rules::member(name)?;
    match pattern.is_single() {
        true => Ok(pattern),
        false => Err(format!("`{name}` stands for several members: wanted one")),
    }
}

fn named(layout: &Layout, path: &FieldPath) -> (String, bool) {
    let private = place::is_private(layout, layout.field_of(path));
    (path.as_str().to_owned(), private)
}
