//! JSON text to a [`Record`], led by the layout.
//!
//! Members are found by name in any order, numbers taken as they are written. Text is accepted for a number (many
//! writers quote decimals); everything else must have the field's own type.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{FieldError, FieldErrorKind};
use crate::layout::{Field, FieldKind, Layout};
use crate::value::{Group, Record, Residue, Value};

/// Reads one object.
pub(crate) fn read(layout: &Layout, json: &[u8]) -> Result<Record, FieldError> {
    read_members(layout, members(json)?)
}

/// The members of one object, as they stand.
pub(crate) fn members(json: &[u8]) -> Result<Vec<(Cow<'_, str>, &RawValue)>, FieldError> {
    let fault = |message: String| {
        let message = format!("wanted a JSON object: {message}");
        FieldError::of_value(FieldErrorKind::Json, "", message)
    };
    let members: Members<'_> =
        serde_json::from_slice(json).map_err(|error| fault(error.to_string()))?;
    members.once().map_err(fault)
}

/// A record from the members of its object.
pub(crate) fn read_members(
    layout: &Layout,
    members: Vec<(Cow<'_, str>, &RawValue)>,
) -> Result<Record, FieldError> {
    let mut record = Record::default();
    let mut values = Vec::new();
    for (name, raw) in members {
        match name.as_ref() {
            "_raw" => {
                record.residue = residue(raw)?;
                super::raw::check(layout, &record.residue)?;
            }
            "_errors" => {}
            _ => values.push((name, raw)),
        }
    }
    record.values = group(layout, None, None, values)?;
    Ok(record)
}

/// The members of an object as they stand, in order.
struct Members<'j>(Vec<(Cow<'j, str>, &'j RawValue)>);

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl<'j> Members<'j> {
    /// Each of them, where none is there twice.
    fn once(self) -> Result<Vec<(Cow<'j, str>, &'j RawValue)>, String> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        let mut pairs = names.windows(2);
        let twice = pairs.find(|pair| pair.first() == pair.last());
        match twice.and_then(|pair| pair.first()) {
            Some(name) => Err(format!("`{name}` twice")),
            None => Ok(self.0),
        }
    }
}

fn residue(raw: &RawValue) -> Result<Residue, FieldError> {
    let fault = |message: String| FieldError::of_value(FieldErrorKind::Json, "_raw", message);
    let members: Members<'_> = serde_json::from_str(raw.get())
        .map_err(|error| fault(format!("wanted an object: {error}")))?;
    let mut residue = Residue::new();
    for (path, raw) in members.once().map_err(fault)? {
        let text: Cow<'_, str> = serde_json::from_str::<Name<'_>>(raw.get())
            .map_err(|_| fault(format!("{path}: wanted a text of hexadecimal digits")))?
            .0;
        let bytes = super::unhex(&text)
            .ok_or_else(|| fault(format!("{path}: wanted hexadecimal digits, two a byte")))?;
        residue.insert(path.into_owned(), bytes);
    }
    Ok(residue)
}

/// Where a value stands; put together as text only for an error.
#[derive(Clone, Copy)]
struct Place<'p> {
    around: Option<&'p Place<'p>>,
    name: &'p str,
    /// Occurrence of a table, from 1; 0 for none.
    subscript: usize,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(around) = self.around {
            write!(f, "{around}.")?;
        }
        f.write_str(self.name)?;
        if self.subscript > 0 {
            write!(f, "({})", self.subscript)
        } else {
            Ok(())
        }
    }
}

fn group(
    layout: &Layout,
    field: Option<&Field>,
    around: Option<&Place<'_>>,
    members: Vec<(Cow<'_, str>, &RawValue)>,
) -> Result<Group, FieldError> {
    let mut group = Group::new();
    for (name, raw) in members {
        match layout.member(field, &name) {
            Some(field) => {
                let place = Place {
                    around,
                    name: field.name(),
                    subscript: 0,
                };
                let value = member(layout, field, place, raw)?;
                group.push(field.label(), value);
            }
            // Encoding says what is wrong, with the names that would be right.
            None => group.push(&name, Value::Null),
        }
    }
    Ok(group)
}

fn member(
    layout: &Layout,
    field: &Field,
    place: Place<'_>,
    raw: &RawValue,
) -> Result<Value, FieldError> {
    if !field.is_table() || raw.get() == "null" {
        return one(layout, field, place, raw);
    }
    let items: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| wrong(place, "a list", raw))?;
    let mut values = Vec::with_capacity(items.len());
    for (index, raw) in items.iter().enumerate() {
        let place = Place {
            subscript: index.saturating_add(1),
            ..place
        };
        values.push(one(layout, field, place, raw)?);
    }
    Ok(Value::Array(values))
}

fn wrong(place: Place<'_>, wanted: &str, raw: &RawValue) -> FieldError {
    let shown: String = raw.get().chars().take(40).collect();
    FieldError::of_value(
        FieldErrorKind::Type,
        place.to_string(),
        format!("wanted {wanted}, got `{shown}`"),
    )
}

/// The text of a JSON string.
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<Name<'_>>(json)
        .ok()
        .map(|Name(text)| text)
}

fn one(
    layout: &Layout,
    field: &Field,
    place: Place<'_>,
    raw: &RawValue,
) -> Result<Value, FieldError> {
    let json = raw.get();
    if json == "null" {
        return Ok(Value::Null);
    }
    if field.kind() == FieldKind::Group {
        let members: Members<'_> =
            serde_json::from_str(json).map_err(|_| wrong(place, "an object", raw))?;
        let members = members.once().map_err(|message| {
            FieldError::of_value(FieldErrorKind::Json, place.to_string(), message)
        })?;
        return group(layout, Some(field), Some(&place), members).map(Value::Group);
    }
    scalar(field, json).map_err(|wanted| wrong(place, wanted, raw))
}

/// The value of an elementary field, of JSON text that is one scalar; or what was wanted.
pub(crate) fn scalar(field: &Field, json: &str) -> Result<Value, &'static str> {
    if json == "null" {
        return Ok(Value::Null);
    }
    if let Some(text) = text(json) {
        return scalar_of_text(field, text);
    }
    let value = match (field.kind(), json) {
        (FieldKind::Number { .. }, json) => json.parse().ok().map(Value::Number),
        (FieldKind::FloatShort | FieldKind::FloatLong, json) => json.parse().ok().map(Value::Float),
        (FieldKind::Flag, "true") => Some(Value::Flag(true)),
        (FieldKind::Flag, "false") => Some(Value::Flag(false)),
        _ => None,
    };
    value.ok_or_else(|| wanted(field))
}

/// The value of an elementary field, of what a JSON string says; or what was wanted.
pub(crate) fn scalar_of_text(field: &Field, text: Cow<'_, str>) -> Result<Value, &'static str> {
    let value = match field.kind() {
        FieldKind::Text { .. } => Some(Value::Text(text.into_owned())),
        FieldKind::Number { .. } => text.parse().ok().map(Value::Number),
        FieldKind::Date => text.parse().ok().map(Value::Date),
        FieldKind::Time { .. } => text.parse().ok().map(Value::Time),
        FieldKind::Timestamp { .. } => text.parse().ok().map(Value::Timestamp),
        FieldKind::Bytes => super::unhex(&text).map(Value::Bytes),
        FieldKind::Group | FieldKind::FloatShort | FieldKind::FloatLong | FieldKind::Flag => None,
    };
    value.ok_or_else(|| wanted(field))
}

fn wanted(field: &Field) -> &'static str {
    match field.kind() {
        FieldKind::Group => "an object",
        FieldKind::Text { .. } => "text",
        FieldKind::Number { .. } => "a number of at most 38 digits",
        FieldKind::FloatShort | FieldKind::FloatLong => "a number",
        FieldKind::Date => "a date as \"YYYY-MM-DD\"",
        FieldKind::Time { .. } => "a time as \"HH:MM:SS\", with decimal places as needed",
        FieldKind::Timestamp { .. } => {
            "a timestamp as \"YYYY-MM-DDTHH:MM:SS\", with decimal places as needed"
        }
        FieldKind::Flag => "true or false",
        FieldKind::Bytes => "hexadecimal digits, two a byte",
    }
}

/// Whether JSON text is a value of a field, as far as that can be said before it is written.
pub(crate) fn is_value_of(layout: &Layout, field: &Field, json: &[u8]) -> bool {
    let place = Place {
        around: None,
        name: field.name(),
        subscript: 0,
    };
    serde_json::from_slice(json).is_ok_and(|raw| member(layout, field, place, raw).is_ok())
}
