//! Avro's schema resolution (specification 1.11, "Schema Resolution"): can data written with one schema be read with
//! another? Stricter than the specification in one point: where it lets a reader take a date for a number because the
//! bytes would be read, that is an obstacle here.

use serde_json::Value;

use super::{Obstacle, Obstacles, below};

/// What stands in the way of reading all data of the writer's schema.
pub(super) fn obstacles(reader: &Value, writer: &Value) -> Vec<Obstacle> {
    let mut found = Obstacles::default();
    resolve("", reader, writer, &mut found);
    found.0
}

fn resolve(path: &str, reader: &Value, writer: &Value, found: &mut Obstacles) {
    // Any branch may have been written.
    if let Value::Array(branches) = writer {
        for branch in branches {
            resolve(path, reader, branch, found);
        }
        return;
    }
    if let Value::Array(branches) = reader {
        let mut least: Option<Obstacles> = None;
        for branch in branches {
            let mut faults = Obstacles::default();
            resolve(path, branch, writer, &mut faults);
            // What is said of the branch of the same type is what a person wants to know.
            if faults.0.is_empty() || name(branch) == name(writer) {
                least = Some(faults);
                break;
            }
        }
        match least {
            Some(faults) => found.0.extend(faults.0),
            None => found.add(path, format!("may be {}, which is not there", name(writer))),
        }
        return;
    }
    let (wanted, got) = (name(reader), name(writer));
    match (wanted, got) {
        ("record", "record") => record(path, reader, writer, found),
        ("array", "array") => {
            if let (Some(reader), Some(writer)) = (reader.get("items"), writer.get("items")) {
                resolve(&format!("{path}[]"), reader, writer, found);
            }
        }
        ("enum", "enum") => symbols(path, reader, writer, found),
        _ if wanted == got || promoted(wanted, got) => logical(path, reader, writer, found),
        _ => found.add(path, format!("wanted {wanted}, is {got}")),
    }
}

/// The type's name: `{"type": "int", ...}` is an `int`.
fn name(schema: &Value) -> &str {
    match schema {
        Value::String(name) => name,
        Value::Object(members) => members.get("type").map_or("", name),
        _ => "",
    }
}

/// "the writer's schema may be promoted to the reader's".
fn promoted(reader: &str, writer: &str) -> bool {
    matches!(
        (writer, reader),
        ("int", "long" | "float" | "double")
            | ("long", "float" | "double")
            | ("float", "double")
            | ("string", "bytes")
            | ("bytes", "string")
    )
}

/// "Decimal logical types match if their scales and precisions match."
fn logical(path: &str, reader: &Value, writer: &Value, found: &mut Obstacles) {
    let of = |schema: &Value| -> String {
        let Some(kind) = schema.get("logicalType").and_then(Value::as_str) else {
            return name(schema).to_owned();
        };
        match (schema.get("precision"), schema.get("scale")) {
            (Some(precision), Some(scale)) => format!("{kind}({precision},{scale})"),
            _ => kind.to_owned(),
        }
    };
    let has = |schema: &Value| schema.get("logicalType").is_some();
    let (wanted, got) = (of(reader), of(writer));
    if (has(reader) || has(writer)) && wanted != got {
        found.add(path, format!("wanted {wanted}, is {got}"));
    }
}

fn text<'s>(schema: &'s Value, member: &str) -> &'s str {
    schema.get(member).and_then(Value::as_str).unwrap_or("")
}

fn aliases(schema: &Value) -> impl Iterator<Item = &str> {
    let aliases = schema.get("aliases").and_then(Value::as_array);
    aliases.into_iter().flatten().filter_map(Value::as_str)
}

/// Names of records and enums: "the same (unqualified) name", or an alias of the reader's.
fn same_name(reader: &Value, writer: &Value) -> bool {
    let written = text(writer, "name");
    text(reader, "name") == written || aliases(reader).any(|alias| alias == written)
}

fn record(path: &str, reader: &Value, writer: &Value, found: &mut Obstacles) {
    if !same_name(reader, writer) {
        let (wanted, got) = (text(reader, "name"), text(writer, "name"));
        found.add(path, format!("wanted the record {wanted}, is {got}"));
        return;
    }
    let fields = |schema: &Value| schema.get("fields").and_then(Value::as_array).cloned();
    let written = fields(writer).unwrap_or_default();
    for field in fields(reader).unwrap_or_default() {
        let name = text(&field, "name");
        let path = below(path, name);
        let by = |name: &str| written.iter().find(|theirs| text(theirs, "name") == name);
        let theirs = by(name).or_else(|| aliases(&field).find_map(by));
        match (theirs, field.get("type")) {
            (Some(theirs), Some(reader)) => {
                if let Some(writer) = theirs.get("type") {
                    resolve(&path, reader, writer, found);
                }
            }
            _ if field.get("default").is_some() => {}
            _ => found.add(&path, "not there, and has no default"),
        }
    }
}

fn symbols(path: &str, reader: &Value, writer: &Value, found: &mut Obstacles) {
    if !same_name(reader, writer) {
        let (wanted, got) = (text(reader, "name"), text(writer, "name"));
        found.add(path, format!("wanted the enum {wanted}, is {got}"));
        return;
    }
    if reader.get("default").is_some() {
        return;
    }
    let of = |schema: &Value| schema.get("symbols").and_then(Value::as_array).cloned();
    let known = of(reader).unwrap_or_default();
    for symbol in of(writer).unwrap_or_default() {
        if !known.contains(&symbol) {
            found.add(path, format!("may be {symbol}, which it does not know"));
        }
    }
}
