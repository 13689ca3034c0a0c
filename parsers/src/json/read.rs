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
    let members: Members<'_> = serde_json::from_slice(json).map_err(|error| {
        FieldError::of_value(
            FieldErrorKind::Json,
            "",
            format!("wanted a JSON object: {error}"),
        )
    })?;
    let mut record = Record::default();
    let mut values = Vec::new();
    for (name, raw) in members.0 {
        match name.as_ref() {
            "_raw" => record.residue = residue(raw)?,
            "_errors" => {}
            _ => values.push((name, raw)),
        }
    }
    record.values = group(layout, None, "", values)?;
    Ok(record)
}

/// The members of an object as they stand, in order, each once.
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
                let mut seen = std::collections::HashSet::new();
                while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    if !seen.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format_args!("`{name}` twice")));
                    }
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn residue(raw: &RawValue) -> Result<Residue, FieldError> {
    let fault = |message: String| FieldError::of_value(FieldErrorKind::Json, "_raw", message);
    let members: Members<'_> = serde_json::from_str(raw.get())
        .map_err(|error| fault(format!("wanted an object: {error}")))?;
    let mut residue = Residue::new();
    for (path, raw) in members.0 {
        let text: Cow<'_, str> = serde_json::from_str::<Name<'_>>(raw.get())
            .map_err(|_| fault(format!("{path}: wanted a text of hexadecimal digits")))?
            .0;
        let bytes = super::unhex(&text)
            .ok_or_else(|| fault(format!("{path}: wanted hexadecimal digits, two a byte")))?;
        residue.insert(path.into_owned(), bytes);
    }
    Ok(residue)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn group(
    layout: &Layout,
    field: Option<&Field>,
    path: &str,
    members: Vec<(Cow<'_, str>, &RawValue)>,
) -> Result<Group, FieldError> {
    let fields: Vec<&Field> = layout
        .members(field)
        .filter(|field| !field.is_hidden())
        .collect();
    let mut group = Group::new();
    for (name, raw) in members {
        match fields.iter().find(|field| field.label() == name) {
            Some(field) => {
                let path = join(path, field.name());
                let value = member(layout, field, &path, raw)?;
                group.push(field.label(), value);
            }
            // Encoding says what is wrong, with the names that would be right.
            None => group.push(&name, Value::Null),
        }
    }
    Ok(group)
}

fn member(layout: &Layout, field: &Field, path: &str, raw: &RawValue) -> Result<Value, FieldError> {
    if !field.is_table() || raw.get() == "null" {
        return one(layout, field, path, raw);
    }
    let items: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| wrong(path, "a list", raw))?;
    let mut values = Vec::with_capacity(items.len());
    for (index, raw) in items.iter().enumerate() {
        values.push(one(
            layout,
            field,
            &format!("{path}({})", index.saturating_add(1)),
            raw,
        )?);
    }
    Ok(Value::Array(values))
}

fn wrong(path: &str, wanted: &str, raw: &RawValue) -> FieldError {
    let shown: String = raw.get().chars().take(40).collect();
    FieldError::of_value(
        FieldErrorKind::Type,
        path,
        format!("wanted {wanted}, got `{shown}`"),
    )
}

fn one(layout: &Layout, field: &Field, path: &str, raw: &RawValue) -> Result<Value, FieldError> {
    let json = raw.get();
    if json == "null" {
        return Ok(Value::Null);
    }
    let text = || {
        serde_json::from_str::<Name<'_>>(json)
            .ok()
            .map(|Name(text)| text)
    };
    let value = match field.kind() {
        FieldKind::Group => {
            let members: Members<'_> =
                serde_json::from_str(json).map_err(|_| wrong(path, "an object", raw))?;
            return group(layout, Some(field), path, members.0).map(Value::Group);
        }
        FieldKind::Text { .. } => text()
            .map(|text| Value::Text(text.into_owned()))
            .ok_or("text"),
        FieldKind::Number { .. } => {
            let digits = text().unwrap_or(Cow::Borrowed(json));
            digits
                .parse()
                .map(Value::Number)
                .map_err(|_| "a number of at most 38 digits")
        }
        FieldKind::FloatShort | FieldKind::FloatLong => {
            json.parse().map(Value::Float).map_err(|_| "a number")
        }
        FieldKind::Date => text()
            .and_then(|text| text.parse().ok())
            .map(Value::Date)
            .ok_or("a date as \"YYYY-MM-DD\""),
        FieldKind::Flag => match json {
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            _ => Err("true or false"),
        },
        FieldKind::Bytes => text()
            .and_then(|text| super::unhex(&text))
            .map(Value::Bytes)
            .ok_or("hexadecimal digits, two a byte"),
    };
    value.map_err(|wanted| wrong(path, wanted, raw))
}
