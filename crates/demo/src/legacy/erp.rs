//! The ERP's endpoints: records as JSON, and usage as JSON.
//!
//! In: a record's bytes, or the body of a usage. Out: JSON by the copybook's names, dates as days since 1970-01-01, numbers
//! with every digit of their picture, views that do not hold as null: the form the integration team of the ERP agreed with its
//! readers long ago, and the one in which the data sets arrive in their topics. Pure.

use parsers::{Field, Group, Layout, Value};

use super::{Store, posting};
use crate::error::Result;

/// A lot's header as JSON; none if there is no such lot.
pub fn lot(store: &Store, lot: &str) -> Option<String> {
    record(&store.layouts().lot, store.header_record(lot)?)
}

/// A material as JSON; none if there is no such material.
pub fn material(store: &Store, material: &str) -> Option<String> {
    record(&store.layouts().material, store.material_record(material)?)
}

/// A usage: the JSON of `LOTUREQ` in, the JSON of `LOTURSP` out, executed by the same program as LOTU. The lot in the path
/// must be the one in the body.
///
/// # Errors
/// As [`posting::answer`].
pub fn usage(store: &mut Store, lot: &str, body: &[u8]) -> Result<Usage> {
    let layout = &store.layouts().lotu_request;
    let Ok(commarea) = layout.read_json(body) else {
        return Ok(Usage::Unreadable);
    };
    let names_it = layout.decode(&commarea).is_ok_and(|record| {
        matches!(record.values.get("LOT-NUMBER"), Some(Value::Text(named)) if named == lot)
    });
    if !names_it {
        return Ok(Usage::OtherLot);
    }
    let answer = posting::answer(store, &commarea)?;
    let mut json = Vec::new();
    match store.layouts().lotu_response.write_json(&answer, &mut json) {
        Ok(()) => Ok(Usage::Answered(json)),
        Err(_) => Ok(Usage::Unreadable),
    }
}

/// What becomes of a usage.
#[derive(Debug)]
pub enum Usage {
    /// QAC320 said this.
    Answered(Vec<u8>),
    /// The body is not the JSON of `LOTUREQ`.
    Unreadable,
    /// Path and body name different lots.
    OtherLot,
}

fn record(layout: &Layout, bytes: &[u8]) -> Option<String> {
    let record = layout.decode(bytes).ok()?;
    let mut out = String::new();
    members(layout, None, &record.values, &mut out);
    Some(out)
}

/// All members the layout knows, in its order; what the record has no value for is null.
fn members(layout: &Layout, group: Option<&Field>, values: &Group, out: &mut String) {
    out.push('{');
    let known = layout.members(group).filter(|field| !field.is_hidden());
    for (number, field) in known.enumerate() {
        if number > 0 {
            out.push(',');
        }
        quoted(field.label(), out);
        out.push(':');
        match values.get(field.label()) {
            None => out.push_str("null"),
            Some(found) => value(layout, field, found, out),
        }
    }
    out.push('}');
}

fn value(layout: &Layout, field: &Field, value_of: &Value, out: &mut String) {
    match value_of {
        Value::Null => out.push_str("null"),
        Value::Text(text) => quoted(text, out),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::Float(float) => out.push_str(&format!("{float:?}")),
        Value::Date(date) => out.push_str(&date.days_since_epoch().to_string()),
        Value::Time(time) => quoted(&time.to_string(), out),
        Value::Timestamp(timestamp) => quoted(&timestamp.to_string(), out),
        Value::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Bytes(bytes) => quoted(&crate::hex(bytes), out),
        Value::Group(group) => members(layout, Some(field), group, out),
        Value::Array(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                value(layout, field, item, out);
            }
            out.push(']');
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
