//! As much of a JSON Schema validator (2020-12) as the schemas of layouts need. A keyword it does not know is a fault:
//! a schema that says more must be checked for more.

use serde_json::Value;

/// Says what is wrong with a value.
pub(crate) fn valid(schema: &Value, value: &Value) -> Result<(), String> {
    at("", schema, schema, value)
}

/// `root` is where references begin.
fn at(path: &str, root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let wrong =
        |what: &str, wanted: &Value| Err(format!("{path}: wanted {what} {wanted}, got {value}"));
    let members = schema.as_object().ok_or("a schema that is no object")?;
    for (keyword, wanted) in members {
        let number = |value: &Value| value.to_string().parse::<f64>().ok();
        let count = wanted.as_u64();
        let holds = match (keyword.as_str(), value) {
            // Definitions are looked at where something refers to them.
            ("$schema" | "$defs" | "title" | "description" | "$comment" | "x-pii", _) => true,
            // Formats only annotate unless one asks for more.
            ("format", Value::String(_)) => wanted == "date",
            ("$ref", _) => {
                let place = wanted.as_str().and_then(|text| text.strip_prefix('#'));
                let schema = place.and_then(|place| root.pointer(place));
                let schema = schema.ok_or_else(|| format!("{path}: {wanted} is nowhere"))?;
                at(path, root, schema, value)?;
                true
            }
            ("type", _) => match wanted {
                Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
                kind => is(kind, value),
            },
            ("enum", _) => wanted.as_array().is_some_and(|all| all.contains(value)),
            ("anyOf", _) => wanted
                .as_array()
                .is_some_and(|all| all.iter().any(|one| at(path, root, one, value).is_ok())),
            ("properties", Value::Object(object)) => {
                for (name, member) in object {
                    if let Some(schema) = wanted.get(name) {
                        at(&format!("{path}.{name}"), root, schema, member)?;
                    }
                }
                true
            }
            ("additionalProperties", Value::Object(object)) => {
                for (name, member) in object {
                    if members
                        .get("properties")
                        .and_then(|all| all.get(name))
                        .is_none()
                    {
                        match wanted {
                            Value::Bool(false) => return wrong("no member", &name.as_str().into()),
                            schema => at(&format!("{path}.{name}"), root, schema, member)?,
                        }
                    }
                }
                true
            }
            ("required", Value::Object(object)) => wanted.as_array().is_some_and(|all| {
                all.iter()
                    .all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            ("items", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    at(&format!("{path}({})", index + 1), root, wanted, item)?;
                }
                true
            }
            ("minItems", Value::Array(items)) => count <= Some(items.len() as u64),
            ("maxItems", Value::Array(items)) => count >= Some(items.len() as u64),
            ("minimum", Value::Number(_)) => number(value) >= number(wanted),
            ("maximum", Value::Number(_)) => number(value) <= number(wanted),
            ("minLength", Value::String(text)) => count <= Some(text.chars().count() as u64),
            ("maxLength", Value::String(text)) => count >= Some(text.chars().count() as u64),
            ("pattern", Value::String(text)) => matches(wanted.as_str().unwrap(), text),
            // Of another type than the keyword is about.
            (
                "format"
                | "properties"
                | "additionalProperties"
                | "required"
                | "items"
                | "minItems"
                | "maxItems"
                | "minimum"
                | "maximum"
                | "minLength"
                | "maxLength"
                | "pattern",
                _,
            ) => true,
            (other, _) => return Err(format!("{path}: unknown keyword {other}")),
        };
        if !holds {
            return wrong(keyword, wanted);
        }
    }
    Ok(())
}

fn is(kind: &Value, value: &Value) -> bool {
    match (kind.as_str(), value) {
        (Some("null"), Value::Null)
        | (Some("boolean"), Value::Bool(_))
        | (Some("string"), Value::String(_))
        | (Some("number"), Value::Number(_))
        | (Some("array"), Value::Array(_))
        | (Some("object"), Value::Object(_)) => true,
        // A number without a fraction, however it is written.
        (Some("integer"), Value::Number(number)) => number
            .to_string()
            .split_once('.')
            .is_none_or(|(_, fraction)| fraction.bytes().all(|digit| digit == b'0')),
        _ => false,
    }
}

/// The patterns that schemas of layouts have, each by what it says.
fn matches(pattern: &str, text: &str) -> bool {
    let time = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        shaped(whole, "00:00:00")
            && !fraction.is_empty()
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
    };
    match pattern {
        "^([0-9A-F]{2})*$" => {
            let hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
            text.len().is_multiple_of(2) && text.bytes().all(hex)
        }
        r"^[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$" => time(text),
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$" => text
            .split_once('T')
            .is_some_and(|(day, clock)| shaped(day, "0000-00-00") && time(clock)),
        other => panic!("unknown pattern {other}"),
    }
}

/// Digits where the shape has them, and its other characters.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
}
