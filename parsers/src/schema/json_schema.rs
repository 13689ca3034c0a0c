//! JSON Schema (2020-12) of the objects that [`Layout::write_json_with`] writes and [`Layout::read_json`] reads,
//! and of those that put records together.
//!
//! In: a layout and what the JSON shows. Out: the schema's text, for people to read. Names are those of the JSON, not
//! changed. A number's digits are in `$comment`, for readers that must not take it through a float.

use serde_json::{Map, Value, json};

use super::names::{Taken, sanitised};
use super::shape::{Member, What};
use super::{Invalid, Scalar, TimeUnit, shape};
use crate::hierarchy::Hierarchy;
use crate::json::{self, JsonOptions, ShowResidue};
use crate::layout::{Field, FieldKind, Layout};

/// Digits that a double always holds.
const DOUBLE_DIGITS: u16 = 15;

/// The schema of a layout's JSON, indented. `options` are those that the JSON is written with.
pub fn json_schema(layout: &Layout, options: &JsonOptions) -> String {
    let mut schema = head(layout);
    schema.extend(Parts::of(layout, &[], options).close());
    text(schema)
}

/// The schema of the objects that [`Hierarchy::write_json`] writes: for each record type its record, of the view it
/// names, with the lists of what stands below it.
pub fn json_schema_of_trees(hierarchy: &Hierarchy, options: &JsonOptions) -> String {
    let layout = hierarchy.layout();
    let mut taken = Taken::default();
    let names: Vec<String> = hierarchy
        .kinds()
        .map(|kind| taken.unique(sanitised(hierarchy.name(kind))))
        .collect();
    let name = |kind: usize| names.get(kind).map_or("", String::as_str);
    let reference = |kind: usize| json!({"$ref": format!("#/$defs/{}", name(kind))});
    let mut definitions = Map::new();
    for kind in hierarchy.kinds() {
        let mut parts = Parts::of(layout, &layout.views_beside(kind), options);
        let children = hierarchy.children(kind);
        for child in children {
            let list = hierarchy.list(*child);
            let schema = json!({"type": "array", "items": reference(*child)});
            parts.properties.insert(list.to_owned(), schema);
            parts.required.push(json!(list));
        }
        if children.len() > 1 {
            let lists: Vec<&str> = children
                .iter()
                .map(|child| hierarchy.list(*child))
                .collect();
            let schema = json!({
                "type": "array",
                "description": "the list of each record below this one, where they are mixed in the file",
                "items": {"type": "string", "enum": lists},
            });
            parts.properties.insert("_order".to_owned(), schema);
        }
        let mut schema = object(&[("title", json!(hierarchy.name(kind)))]);
        schema.extend(parts.close());
        definitions.insert(name(kind).to_owned(), Value::Object(schema));
    }
    let roots = hierarchy.kinds().filter(|kind| hierarchy.is_root(*kind));
    let mut schema = head(layout);
    schema.insert("anyOf".to_owned(), roots.map(reference).collect());
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    text(schema)
}

fn head(layout: &Layout) -> Map<String, Value> {
    object(&[
        (
            "$schema",
            json!("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("title", json!(layout.name())),
    ])
}

fn text(schema: Map<String, Value>) -> String {
    let mut text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text.push('\n');
    text
}

/// The schema of an object, as far as it is known.
struct Parts {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Parts {
    /// Of a record without some of its views.
    fn of(layout: &Layout, without: &[u32], options: &JsonOptions) -> Parts {
        let lenient = options.invalid == json::Invalid::Keep;
        let invalid = if lenient {
            Invalid::Null
        } else {
            Invalid::Fail
        };
        let mut members = shape::of(layout, invalid);
        leave_out(&mut members, without);
        let (mut properties, mut required) = (Map::new(), Vec::new());
        put(&members, lenient, &mut properties, &mut required);
        if options.residue == ShowResidue::Raw {
            let text = "bytes that the values do not give back, by path, in hexadecimal";
            let bytes = json!({"type": "string", "pattern": HEX});
            properties.insert(
                "_raw".to_owned(),
                json!({"type": "object", "description": text, "additionalProperties": bytes}),
            );
        }
        if lenient {
            let text = "why fields do not decode, by path";
            let reason = json!({"type": "string"});
            properties.insert(
                "_errors".to_owned(),
                json!({"type": "object", "description": text, "additionalProperties": reason}),
            );
        }
        Parts {
            properties,
            required,
        }
    }

    fn close(self) -> Map<String, Value> {
        object(&[
            ("type", json!("object")),
            ("properties", Value::Object(self.properties)),
            ("required", Value::Array(self.required)),
            ("additionalProperties", json!(false)),
        ])
    }
}

fn leave_out(members: &mut Vec<Member<'_>>, without: &[u32]) {
    members.retain(|member| !without.contains(&member.field.id()));
    for member in members {
        if let What::Group(members) = &mut member.what {
            leave_out(members, without);
        }
    }
}

const HEX: &str = "^([0-9A-F]{2})*$";

fn put(
    members: &[Member<'_>],
    lenient: bool,
    properties: &mut Map<String, Value>,
    required: &mut Vec<Value>,
) {
    for member in members {
        let label = member.field.label();
        properties.insert(label.to_owned(), property(member, lenient));
        // A view that does not hold is left out; so is what comes after a table whose count is not known.
        if !member.field.is_variant() && !lenient {
            required.push(json!(label));
        }
    }
}

fn property(member: &Member<'_>, lenient: bool) -> Value {
    let field = member.field;
    let mut schema = match &member.what {
        What::Group(members) => {
            let (mut properties, mut required) = (Map::new(), Vec::new());
            put(members, lenient, &mut properties, &mut required);
            object(&[
                ("type", json!("object")),
                ("properties", Value::Object(properties)),
                ("required", Value::Array(required)),
                ("additionalProperties", json!(false)),
            ])
        }
        What::Scalar(scalar) => of_scalar(*scalar, field),
    };
    let null = match field.occurs() {
        Some(occurs) => {
            if member.item_optional || (lenient && field.kind() == FieldKind::Group) {
                or_null(&mut schema);
            }
            schema = object(&[
                ("type", json!("array")),
                ("items", Value::Object(schema)),
                ("minItems", json!(occurs.min)),
                ("maxItems", json!(occurs.max)),
            ]);
            lenient
        }
        // A view that does not hold is left out, not null.
        None => lenient || field.is_nullable(),
    };
    if null {
        or_null(&mut schema);
    }
    if let Some(text) = field.description() {
        schema.insert("description".to_owned(), json!(text));
    }
    if let Some(pii) = field.pii() {
        schema.insert("x-pii".to_owned(), json!(pii.as_str()));
    }
    Value::Object(schema)
}

fn object(members: &[(&str, Value)]) -> Map<String, Value> {
    members
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn or_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
    }
}

fn of_scalar(scalar: Scalar, field: &Field) -> Map<String, Value> {
    match scalar {
        Scalar::Boolean => object(&[("type", json!("boolean"))]),
        Scalar::Int16 | Scalar::Int32 | Scalar::Int64 | Scalar::Decimal { .. } => number(field),
        Scalar::Double => object(&[("type", json!("number"))]),
        Scalar::Date => object(&[("type", json!("string")), ("format", json!("date"))]),
        // Without a zone, so none of the formats that JSON Schema has.
        Scalar::Time(_) => object(&[
            ("type", json!("string")),
            ("pattern", json!(r"^[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$")),
        ]),
        Scalar::Timestamp(TimeUnit::Milli | TimeUnit::Micro | TimeUnit::Nano) => timestamp(),
        Scalar::Bytes => {
            let length = json!(field.len().saturating_mul(2));
            object(&[
                ("type", json!("string")),
                ("pattern", json!(HEX)),
                ("minLength", length.clone()),
                ("maxLength", length),
            ])
        }
        Scalar::String if field.is_enum() => {
            object(&[("type", json!("string")), ("enum", json!(field.names()))])
        }
        Scalar::String => match field.kind() {
            FieldKind::Text { chars } => {
                object(&[("type", json!("string")), ("maxLength", json!(chars))])
            }
            FieldKind::Timestamp { .. } => timestamp(),
            _ => object(&[("type", json!("string"))]),
        },
    }
}

fn timestamp() -> Map<String, Value> {
    let pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$";
    object(&[("type", json!("string")), ("pattern", json!(pattern))])
}

fn number(field: &Field) -> Map<String, Value> {
    let FieldKind::Number {
        storage_digits,
        scale,
        signed,
        ..
    } = field.kind()
    else {
        return object(&[("type", json!("number"))]);
    };
    let zeros = u16::try_from(scale.saturating_neg()).unwrap_or(0);
    let digits = storage_digits.saturating_add(zeros);
    let kind = if scale > 0 { "number" } else { "integer" };
    let mut schema = object(&[("type", json!(kind))]);
    if !signed {
        schema.insert("minimum".to_owned(), json!(0));
    }
    // Beyond 18 digits a limit would itself be a number that readers round.
    if scale <= 0
        && let Some(most) = 10i64
            .checked_pow(u32::from(digits))
            .and_then(|limit| limit.checked_sub(1))
    {
        if signed {
            schema.insert("minimum".to_owned(), json!(most.saturating_neg()));
        }
        schema.insert("maximum".to_owned(), json!(most));
    }
    let exact = if digits > DOUBLE_DIGITS {
        "; more than a float holds, read it as a decimal"
    } else if scale > 0 {
        "; read it as a decimal"
    } else {
        ""
    };
    if !exact.is_empty() {
        let places = scale.max(0);
        let text = format!(
            "{} digits, {places} after the point{exact}",
            digits.max(u16::try_from(places).unwrap_or(0))
        );
        schema.insert("$comment".to_owned(), json!(text));
    }
    schema
}
