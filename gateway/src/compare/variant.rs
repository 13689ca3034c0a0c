//! Which kind of answer an answer is: [`Variants`]. Pure.
//!
//! A route's answers are of kinds that programs treat differently (a lot that was released, one that is not there), and a
//! rare one that fails would be lost among the others. The file names the kinds; an answer of no named kind is `other`.

use std::sync::Arc;

use parsers::layout::ConditionTest;
use parsers::{FieldPath, Layout};

use super::answer::Answer;
use super::failure::{same, single};
use super::member::Pattern;
use super::{json_text, readable};
use crate::route::key::field_value;
use crate::route::shape::Shape;

/// What answers are called that are of no declared variant.
pub const OTHER: &str = "other";
/// What all answers are called of a route that declares no variants.
pub const ALL: &str = "all";

/// The variants of a route's answers.
#[derive(Debug, Clone)]
pub struct Variants {
    by: Sign,
    /// As they were declared.
    names: Vec<Arc<str>>,
    other: Arc<str>,
}

#[derive(Debug, Clone)]
enum Sign {
    RecordType(Arc<Layout>),
    Conditions(Arc<Layout>, Vec<ConditionTest>),
    Field(Arc<Layout>, FieldPath),
    Member(Shape, Pattern),
}

impl Variants {
    fn new(by: Sign, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let names = names.into_iter().map(|name| Arc::from(name.as_ref()));
        Self {
            by,
            names: names.collect(),
            other: Arc::from(OTHER),
        }
    }

    /// By the record types of the copybook's meaning.
    ///
    /// # Errors
    /// The place in `names` of each that the meaning does not have, and why.
    pub fn of_record_types(
        layout: &Arc<Layout>,
        names: &[String],
    ) -> Result<Self, Vec<(usize, String)>> {
        let unknown = names.iter().enumerate().filter_map(|(index, name)| {
            let mut known = layout.record_type_names();
            let reason = || {
                let known: Vec<&str> = layout.record_type_names().collect();
                match known.is_empty() {
                    true => "the copybook's meaning has no [record_types]".to_owned(),
                    false => format!(
                        "no record type `{name}`; the meaning has: {}",
                        known.join(", ")
                    ),
                }
            };
            (!known.any(|known| known == name)).then(|| (index, reason()))
        });
        match unknown.collect::<Vec<_>>() {
            unknown if unknown.is_empty() => {
                Ok(Self::new(Sign::RecordType(Arc::clone(layout)), names))
            }
            unknown => Err(unknown),
        }
    }

    /// By level 88 entries; the first that holds is the variant.
    ///
    /// # Errors
    /// The place in `names` of each that the copybook does not have, and why.
    pub fn of_conditions(
        layout: &Arc<Layout>,
        names: &[String],
    ) -> Result<Self, Vec<(usize, String)>> {
        let (mut tests, mut unknown) = (Vec::new(), Vec::new());
        for (index, name) in names.iter().enumerate() {
            match layout.condition(name) {
                Ok(test) => tests.push(test),
                Err(reason) => unknown.push((index, reason)),
            }
        }
        match unknown.is_empty() {
            true => Ok(Self::new(
                Sign::Conditions(Arc::clone(layout), tests),
                names,
            )),
            false => Err(unknown),
        }
    }

    /// By the value of a field of the record; numbers by value.
    #[must_use]
    pub fn of_field(layout: &Arc<Layout>, path: FieldPath, values: &[String]) -> Self {
        Self::new(Sign::Field(Arc::clone(layout), path), values)
    }

    /// The same by a member of JSON, XML or a form.
    ///
    /// # Errors
    /// The name is none, or stands for several.
    pub fn of_member(shape: &Shape, name: &str, values: &[String]) -> Result<Self, String> {
        let pattern = single(name)?;
        Ok(Self::new(Sign::Member(shape.clone(), pattern), values))
    }

    /// The declared ones, in the order of the file.
    #[must_use]
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The variant of an answer in the client's shape.
    #[must_use]
    pub fn of(&self, answer: &Answer) -> &Arc<str> {
        let found = match answer.coding() {
            None => self.find(answer),
            Some(_) => None,
        };
        found
            .and_then(|place| self.names.get(place))
            .unwrap_or(&self.other)
    }

    fn find(&self, answer: &Answer) -> Option<usize> {
        let value = match &self.by {
            Sign::RecordType(layout) => {
                let kind = layout.record_type(&answer.body)?;
                return self.names.iter().position(|name| **name == *kind);
            }
            Sign::Conditions(layout, tests) => {
                return tests
                    .iter()
                    .position(|test| layout.holds(test, &answer.body));
            }
            Sign::Field(layout, path) => field_value(layout, path, &answer.body).ok()??,
            Sign::Member(shape, pattern) => {
                let readable = readable(shape, answer).ok()?;
                json_text::scalar(&readable.body, pattern)?
            }
        };
        self.names.iter().position(|name| same(name, &value))
    }
}
