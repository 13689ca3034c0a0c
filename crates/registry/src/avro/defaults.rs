//! Whether a field's default fits its type: of a union, its first branch.

use serde_json::Value;

use super::{Avro, Body, Type};

pub(super) fn fits(avro: &Avro, ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Primitive(primitive) => match *primitive {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "int" => value
                .as_i64()
                .is_some_and(|value| i32::try_from(value).is_ok()),
            "long" => value.as_i64().is_some(),
            "float" | "double" => value.is_number(),
            _ => value.is_string(),
        },
        Type::Array(element) => value
            .as_array()
            .is_some_and(|values| values.iter().all(|value| fits(avro, element, value))),
        Type::Map(element) => value
            .as_object()
            .is_some_and(|values| values.values().all(|value| fits(avro, element, value))),
        // Newer libraries take a default of any branch.
        Type::Union(branches) => branches.iter().any(|branch| fits(avro, branch, value)),
        Type::Named(name) => match avro.named.get(name).map(|named| &named.body) {
            Some(Body::Record(fields)) => value.as_object().is_some_and(|values| {
                fields.iter().all(|field| match values.get(&field.name) {
                    Some(value) => fits(avro, &field.ty, value),
                    None => field.has_default,
                })
            }),
            Some(Body::Enum { symbols, .. }) => value
                .as_str()
                .is_some_and(|value| symbols.iter().any(|symbol| symbol == value)),
            Some(Body::Fixed(size)) => value.as_str().is_some_and(|value| {
                u64::try_from(value.chars().count()).is_ok_and(|length| length == *size)
            }),
            None => false,
        },
    }
}
