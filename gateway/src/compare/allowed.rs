//! What values of which fields may differ by: the rules of a route with the places where they hold. Pure.

use http::HeaderName;
use parsers::{Field, FieldKind, Layout};

use super::leniency::{Case, Leniency, Numbers, Value};
use super::lines::LINE;
use super::member::{Pattern, Segment};
use super::rules::{is_in, member, under};
use crate::route::shape::Shape;

/// The rules of a route, each where it holds.
#[derive(Debug, Default, Clone)]
pub(super) struct Allowed(Vec<(Place, Leniency)>);

/// Where a rule holds.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A field of the record, and all in it.
    Field(u32),
    /// One occurrence, with subscripts, and all in it.
    Occurrence(String),
    /// Members of JSON, and all in them.
    Member(Pattern),
    /// A header that counts.
    Header(HeaderName),
    /// Each line of a text.
    Line,
}

impl Allowed {
    /// Adds a rule: see [`Rules::lenient`](super::Rules::lenient). `headers` are those that count.
    pub(super) fn add(
        &mut self,
        text: &str,
        how: Leniency,
        shape: &Shape,
        headers: &[HeaderName],
    ) -> Result<(), String> {
        let place = if let Some(name) = text.strip_prefix("(header ") {
            let name = name.trim_end_matches(')').trim();
            let counts = headers.iter().find(|counts| *counts == name);
            let counts = counts
                .ok_or_else(|| format!("header {name} does not count: it is not in `headers`"))?;
            Place::Header(counts.clone())
        } else {
            match shape {
                Shape::Opaque if text == LINE => Place::Line,
                Shape::Opaque => {
                    return Err(
                        "an opaque answer has no fields; `(line)` is each line of a text"
                            .to_owned(),
                    );
                }
                Shape::Json | Shape::Xml | Shape::Form => Place::Member(member(text)?),
                Shape::Record(layout) => {
                    let path = layout.resolve(text).map_err(|error| error.to_string())?;
                    let field = layout.field_of(&path);
                    speaks_of(&how, field)?;
                    match path.as_str().contains('(') {
                        true => Place::Occurrence(path.as_str().to_owned()),
                        false => Place::Field(field.id()),
                    }
                }
            }
        };
        self.0.push((place, how));
        Ok(())
    }

    /// Each of them, with where it holds.
    pub(super) fn all(&self) -> impl Iterator<Item = &(Place, Leniency)> {
        self.0.iter()
    }

    /// What holds for a field of a record.
    pub(super) fn of_field<'r>(
        &'r self,
        layout: &'r Layout,
        field: &'r Field,
        path: &'r str,
    ) -> impl Iterator<Item = &'r Leniency> {
        let holds = move |place: &Place| match place {
            Place::Field(wanted) => under(layout, field, *wanted),
            Place::Occurrence(wanted) => is_in(path, wanted),
            Place::Member(_) | Place::Header(_) | Place::Line => false,
        };
        self.0
            .iter()
            .filter(move |(place, _)| holds(place))
            .map(|(_, how)| how)
    }

    /// What holds for a JSON member.
    pub(super) fn of_member<'r>(
        &'r self,
        at: &'r [Segment<'_>],
    ) -> impl Iterator<Item = &'r Leniency> {
        self.0.iter().filter_map(move |(place, how)| {
            matches!(place, Place::Member(pattern) if pattern.covers(at)).then_some(how)
        })
    }

    /// Whether any rule is about members: only then is it asked what holds for one.
    pub(super) fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether two values of a header count as the same.
    pub(super) fn same_header(
        &self,
        name: &HeaderName,
        one: &Value<'_>,
        other: &Value<'_>,
    ) -> bool {
        self.0.iter().any(|(place, how)| {
            matches!(place, Place::Header(wanted) if wanted == name) && how.equal(one, other)
        })
    }

    /// Whether two lines count as the same.
    pub(super) fn same_line(&self, one: &Value<'_>, other: &Value<'_>) -> bool {
        self.0
            .iter()
            .any(|(place, how)| matches!(place, Place::Line) && how.equal(one, other))
    }
}

/// Whether the rule has something to say of such a field; else why not.
fn speaks_of(how: &Leniency, field: &Field) -> Result<(), String> {
    let name = field.name();
    let tolerant = how.tolerance.is_some() || how.relative.is_some();
    match field.kind() {
        FieldKind::Text { .. } if tolerant && how.numbers == Numbers::Plain => Err(format!(
            "{name} is text: a tolerance is of numbers; numbers = \"any form\" takes texts of numbers for such"
        )),
        FieldKind::Number { .. } | FieldKind::FloatShort | FieldKind::FloatLong
            if how.trim.is_some() || how.case == Case::Ignored =>
        {
            Err(format!(
                "{name} is a number: it has no blanks and no capitals"
            ))
        }
        FieldKind::Number { .. } if how.time.as_ref().is_some_and(|rule| rule.forms.is_empty()) => {
            Err(format!(
                "{name} is a number: say in which form it holds a date or time, here or in the copybook's meaning"
            ))
        }
        FieldKind::Date | FieldKind::Time { .. } | FieldKind::Timestamp { .. }
            if tolerant || how.trim.is_some() || how.case == Case::Ignored =>
        {
            Err(format!(
                "{name} is a date or time: what it may differ by is `within`"
            ))
        }
        FieldKind::Flag | FieldKind::Bytes
            if tolerant || how.time.is_some() || how.trim.is_some() =>
        {
            Err(format!("{name} is neither a number nor a time nor a text"))
        }
        _ => Ok(()),
    }
}
