//! A JSON Schema that Kafka Connect's converter registered, or ours, to the Connect schema of its data.

use serde_json::{Map, Value};

use crate::{Error, Field, Schema, decimal};

/// The schema; `None` where it is not Connect's, which says of each member of an object in which place it stands.
///
/// # Errors
/// It is no JSON Schema at all.
pub(super) fn parse(text: &str) -> Result<Option<Schema>, Error> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Error::schema(format!("wanted a JSON Schema, got no JSON: {error}")))?;
    match value {
        Value::Object(_) | Value::Bool(_) => Ok(schema(&value)),
        _ => Err(Error::schema("wanted a JSON Schema, got something else")),
    }
}

fn schema(value: &Value) -> Option<Schema> {
    let object = value.as_object()?;
    if let Some(Value::Array(branches)) = object.get("oneOf") {
        let is_null = |branch: &Value| branch.get("type").is_some_and(|ty| ty == "null");
        return match branches.as_slice() {
            [null, value] | [value, null] if is_null(null) && !is_null(value) => {
                schema(value).map(Schema::optional)
            }
            _ => None,
        };
    }
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let connect = text("connect.type");
    Some(match (text("type")?, connect) {
        ("boolean", _) => Schema::boolean(),
        ("integer", Some("int8")) => Schema::int8(),
        ("integer", Some("int16")) => Schema::int16(),
        ("integer", Some("int32")) => Schema::int32(),
        ("integer", _) => Schema::int64(),
        ("number", Some("float32")) => Schema::float32(),
        ("number" | "string", Some("bytes")) => match text("title") {
            Some(decimal::NAME) => {
                let parameters = object.get("connect.parameters")?;
                let scale = parameters.get(decimal::SCALE)?.as_str()?;
                decimal::schema(0, scale.parse().ok()?)
            }
            _ => Schema::bytes(),
        },
        ("number", _) => Schema::float64(),
        ("string", _) => Schema::string(),
        ("array", Some("map")) => {
            let entry = object.get("items")?.get("properties")?;
            let key = schema(entry.get("key")?)?;
            Schema::map(key, schema(entry.get("value")?)?).ok()?
        }
        ("array", _) => Schema::array(schema(object.get("items")?)?).ok()?,
        ("object", Some("map")) => {
            let value = schema(object.get("additionalProperties")?)?;
            Schema::map(Schema::string(), value).ok()?
        }
        ("object", _) => Schema::structure(fields(object.get("properties")?.as_object()?)?).ok()?,
        _ => return None,
    })
}

/// In the order that the schema says: JSON has none.
fn fields(properties: &Map<String, Value>) -> Option<Vec<Field>> {
    let mut placed = Vec::with_capacity(properties.len());
    for (name, property) in properties {
        let place = property.get("connect.index")?.as_u64()?;
        placed.push((place, Field::new(name.as_str(), schema(property)?)));
    }
    placed.sort_by_key(|(place, _)| *place);
    Some(placed.into_iter().map(|(_, field)| field).collect())
}
