//! Is everything that one JSON Schema allows allowed by another? For the keywords that schemas of layouts have; where
//! one says something another does not know, the answer is no.

use serde_json::Value;

use super::{Obstacle, Obstacles, below};

/// How the reader looks at an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// It passes over members it does not know, and takes numbers and texts of any length.
    Shape,
    /// It validates.
    Schema,
}

/// What the writer's schema allows and the reader's does not.
pub(super) fn obstacles(reader: &Value, writer: &Value, strictness: Strictness) -> Vec<Obstacle> {
    let mut found = Obstacles::default();
    compare("", reader, writer, strictness, &mut found);
    found.0
}

fn compare(
    path: &str,
    reader: &Value,
    writer: &Value,
    strictness: Strictness,
    found: &mut Obstacles,
) {
    let allowed = types(reader);
    for kind in types(writer) {
        let widened = kind == "integer" && allowed.contains(&"number");
        if !allowed.contains(&kind) && !widened {
            found.add(
                path,
                format!("wanted {}, may be {kind}", allowed.join(" or ")),
            );
            if kind != "null" {
                return;
            }
        }
    }
    properties(path, reader, writer, strictness, found);
    if let (Some(reader), Some(writer)) = (reader.get("items"), writer.get("items")) {
        compare(&format!("{path}[]"), reader, writer, strictness, found);
    }
    for keyword in ["format", "pattern"] {
        let (wanted, got) = (reader.get(keyword), writer.get(keyword));
        if let Some(wanted) = wanted
            && got != Some(wanted)
        {
            found.add(
                path,
                format!("wanted {keyword} {wanted}, which is not sure"),
            );
        }
    }
    named(path, reader, writer, found);
    if strictness == Strictness::Schema {
        limits(path, reader, writer, found);
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn properties(
    path: &str,
    reader: &Value,
    writer: &Value,
    strictness: Strictness,
    found: &mut Obstacles,
) {
    let of = |schema: &Value| schema.get("properties").and_then(Value::as_object).cloned();
    let (Some(known), Some(written)) = (of(reader), of(writer)) else {
        return;
    };
    let closed = reader.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, theirs) in &written {
        match known.get(name) {
            Some(ours) => compare(&below(path, name), ours, theirs, strictness, found),
            None if strictness == Strictness::Schema && closed => {
                found.add(&below(path, name), "may be there, and is not allowed");
            }
            None => {}
        }
    }
    let required = |schema: &Value| -> Vec<String> {
        let names = schema.get("required").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    };
    let sure = required(writer);
    for name in required(reader) {
        if !sure.contains(&name) {
            found.add(&below(path, &name), "wanted, and may be missing");
        }
    }
}

/// Values by name.
fn named(path: &str, reader: &Value, writer: &Value, found: &mut Obstacles) {
    let Some(Value::Array(allowed)) = reader.get("enum") else {
        return;
    };
    match writer.get("enum") {
        Some(Value::Array(values)) => {
            for value in values.iter().filter(|value| !allowed.contains(value)) {
                found.add(path, format!("may be {value}, which has no name there"));
            }
        }
        _ => found.add(path, "may be another value than those named"),
    }
}

fn limits(path: &str, reader: &Value, writer: &Value, found: &mut Obstacles) {
    let limit = |schema: &Value, keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    for (keyword, least) in [
        ("minimum", true),
        ("minLength", true),
        ("minItems", true),
        ("maximum", false),
        ("maxLength", false),
        ("maxItems", false),
    ] {
        let Some(wanted) = limit(reader, keyword) else {
            continue;
        };
        let got = limit(writer, keyword);
        let holds = got.is_some_and(|got| if least { got >= wanted } else { got <= wanted });
        if !holds {
            let got = got.map_or_else(|| "none".to_owned(), |got| got.to_string());
            found.add(path, format!("wanted {keyword} {wanted}, has {got}"));
        }
    }
}
