//! An Avro schema that somebody registered, to the Connect schema of its data: what Kafka Connect's converters write, and ours.
//!
//! Defaults are left out: null has a branch of its own, so what was written as null is null.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::plan::{Node, Shape};
use super::schema_text::FIELD_NAME;
use crate::{Error, Field, Schema, Type, decimal};

/// The most parts of a schema, those counted again that are used again.
const MOST: usize = 20_000;
/// What `AvroData` calls the record of a map's key and value.
const ENTRY: &str = "MapEntry";

/// The schema, and how its data is read.
///
/// # Errors
/// It is no Avro schema, or has what Connect has no word for: a union of several types, a type within itself.
pub(super) fn parse(text: &str) -> Result<(Schema, Node), Error> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Error::schema(format!("wanted an Avro schema, got no JSON: {error}")))?;
    let mut parser = Parser {
        named: BTreeMap::new(),
        parts: 0,
    };
    let part = parser.schema(&value, "")?;
    Ok((part.schema, part.node))
}

#[derive(Clone)]
struct Part {
    schema: Schema,
    node: Node,
    size: usize,
}

impl Part {
    fn of(schema: Schema, shape: Shape, size: usize) -> Self {
        let node = Node {
            shape,
            branches: None,
            default: None,
            ty: schema.ty().clone(),
        };
        Self { schema, node, size }
    }
}

struct Parser {
    /// By full names; none while it is being read.
    named: BTreeMap<String, Option<Part>>,
    parts: usize,
}

impl Parser {
    fn count(&mut self, parts: usize) -> Result<(), Error> {
        self.parts = self.parts.saturating_add(parts);
        match self.parts > MOST {
            true => Err(Error::schema(format!(
                "wanted a schema of at most {MOST} parts"
            ))),
            false => Ok(()),
        }
    }

    fn schema(&mut self, value: &Value, namespace: &str) -> Result<Part, Error> {
        match value {
            Value::String(name) => self.named(name, namespace),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(object) => match object.get("type") {
                Some(Value::String(ty)) => self.object(ty, object, namespace),
                Some(inner) => self.schema(inner, namespace),
                None => Err(Error::schema("wanted an Avro schema, got one without type")),
            },
            _ => Err(Error::schema("wanted an Avro schema, got something else")),
        }
    }

    fn union(&mut self, branches: &[Value], namespace: &str) -> Result<Part, Error> {
        let is_null = |branch: &Value| branch == "null";
        let (branches, value) = match branches {
            [null, value] if is_null(null) => ((0, 1), value),
            [value, null] if is_null(null) => ((1, 0), value),
            _ => {
                return Err(Error::schema(
                    "wanted a union of null and one type, got another union",
                ));
            }
        };
        let mut part = self.schema(value, namespace)?;
        if part.node.branches.is_some() {
            return Err(Error::schema("wanted no union directly in a union"));
        }
        part.schema = part.schema.optional();
        part.node.branches = Some(branches);
        Ok(part)
    }

    /// A primitive type, or one that was defined before.
    fn named(&mut self, name: &str, namespace: &str) -> Result<Part, Error> {
        if let Some((schema, shape)) = primitive(name) {
            self.count(1)?;
            return Ok(Part::of(schema, shape, 1));
        }
        let full = full_name(name, namespace);
        let known = self.named.get(&full).or_else(|| self.named.get(name));
        match known.cloned() {
            Some(Some(part)) => {
                self.count(part.size)?;
                Ok(part)
            }
            Some(None) => Err(Error::schema(format!(
                "wanted no type within itself, got {full}"
            ))),
            None => Err(Error::schema(format!(
                "wanted a type that the schema defines, got {full}"
            ))),
        }
    }

    fn object(
        &mut self,
        ty: &str,
        object: &Map<String, Value>,
        namespace: &str,
    ) -> Result<Part, Error> {
        match ty {
            "record" => self.record(object, namespace),
            "enum" => self.enumeration(object, namespace),
            "fixed" => self.fixed(object, namespace),
            "array" => self.array(member(object, "items")?, namespace),
            "map" => {
                self.count(2)?;
                let value = self.schema(member(object, "values")?, namespace)?;
                let size = value.size.saturating_add(2);
                let schema = Schema::map(Schema::string(), value.schema)?;
                Ok(Part::of(schema, Shape::Map(Box::new(value.node)), size))
            }
            "bytes" => {
                self.count(1)?;
                Ok(match scale(object)? {
                    Some(scale) => Part::of(decimal::schema(0, scale), Shape::Decimal(scale), 1),
                    None => Part::of(Schema::bytes(), Shape::Bytes, 1),
                })
            }
            _ => self.named(ty, namespace),
        }
    }

    /// Records of two that stand for a map whose keys are no texts are the map.
    fn array(&mut self, items: &Value, namespace: &str) -> Result<Part, Error> {
        self.count(1)?;
        let item = self.schema(items, namespace)?;
        let size = item.size.saturating_add(1);
        if let (Type::Struct(fields), Shape::Struct(members)) = (item.schema.ty(), &item.node.shape)
            && let ([key, value], [(_, key_node), (_, value_node)]) = (&**fields, &**members)
            && (&**key.name(), &**value.name()) == ("key", "value")
            && is_entry(items)
        {
            let schema = Schema::map(Arc::clone(key.schema()), Arc::clone(value.schema()))?;
            let shape = Shape::Pairs(Box::new(key_node.clone()), Box::new(value_node.clone()));
            return Ok(Part::of(schema, shape, size));
        }
        let schema = Schema::array(item.schema)?;
        Ok(Part::of(schema, Shape::Array(Box::new(item.node)), size))
    }

    fn record(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<Part, Error> {
        let full = self.begin(object, namespace)?;
        let inner = full.rsplit_once('.').map_or("", |(namespace, _)| namespace);
        let Value::Array(members) = member(object, "fields")? else {
            return Err(Error::schema(format!("wanted fields of {full}, as a list")));
        };
        self.count(1)?;
        let mut size = 1_usize;
        let mut fields = Vec::with_capacity(members.len());
        let mut nodes = Vec::with_capacity(members.len());
        for field in members {
            let field = field.as_object();
            let name = field.and_then(|field| {
                let name = field.get(FIELD_NAME).or_else(|| field.get("name"));
                name.and_then(Value::as_str)
            });
            let (Some(field), Some(name)) = (field, name) else {
                return Err(Error::schema(format!(
                    "wanted a name for each field of {full}"
                )));
            };
            let part = member(field, "type").and_then(|ty| self.schema(ty, inner));
            let part = part.map_err(|error| error.in_field(name))?;
            size = size.saturating_add(part.size);
            let name: Arc<str> = name.into();
            fields.push(Field::new(Arc::clone(&name), part.schema));
            nodes.push((name, part.node));
        }
        let part = Part::of(
            Schema::structure(fields)?,
            Shape::Struct(nodes.into()),
            size,
        );
        self.named.insert(full, Some(part.clone()));
        Ok(part)
    }

    fn enumeration(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<Part, Error> {
        let full = self.begin(object, namespace)?;
        self.count(1)?;
        let symbols = member(object, "symbols")?.as_array();
        let symbols = symbols.and_then(|symbols| {
            let texts = symbols.iter().map(|symbol| symbol.as_str().map(Arc::from));
            texts.collect::<Option<Box<[Arc<str>]>>>()
        });
        let symbols = symbols.ok_or_else(|| {
            Error::schema(format!("wanted symbols of {full}, as a list of texts"))
        })?;
        let part = Part::of(Schema::string(), Shape::Enum(symbols), 1);
        self.named.insert(full, Some(part.clone()));
        Ok(part)
    }

    fn fixed(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<Part, Error> {
        let full = self.begin(object, namespace)?;
        self.count(1)?;
        let size = member(object, "size")?.as_u64();
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or_else(|| Error::schema(format!("wanted the size of {full}")))?;
        let (schema, scale) = match scale(object)? {
            Some(scale) => (decimal::schema(0, scale), Some(scale)),
            None => (Schema::bytes(), None),
        };
        let part = Part::of(schema, Shape::Fixed { size, scale }, 1);
        self.named.insert(full, Some(part.clone()));
        Ok(part)
    }

    /// The full name of what is defined; it is not known within itself.
    fn begin(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<String, Error> {
        let name = member(object, "name")?.as_str();
        let name = name.ok_or_else(|| Error::schema("wanted a name, as a text"))?;
        let own = object.get("namespace").and_then(Value::as_str);
        let full = full_name(name, own.unwrap_or(namespace));
        match self.named.insert(full.clone(), None) {
            None => Ok(full),
            Some(_) => Err(Error::schema(format!("two types are called {full}"))),
        }
    }
}

/// Integers, floats and the like; `None` for the name of another type.
fn primitive(name: &str) -> Option<(Schema, Shape)> {
    Some(match name {
        "boolean" => (Schema::boolean(), Shape::Boolean),
        "int" => (Schema::int32(), Shape::Int),
        "long" => (Schema::int64(), Shape::Int),
        "float" => (Schema::float32(), Shape::Float32),
        "double" => (Schema::float64(), Shape::Float64),
        "bytes" => (Schema::bytes(), Shape::Bytes),
        "string" => (Schema::string(), Shape::String),
        _ => return None,
    })
}

fn full_name(name: &str, namespace: &str) -> String {
    match namespace.is_empty() || name.contains('.') {
        true => name.to_owned(),
        false => format!("{namespace}.{name}"),
    }
}

fn member<'o>(object: &'o Map<String, Value>, name: &str) -> Result<&'o Value, Error> {
    let found = object.get(name);
    found.ok_or_else(|| Error::schema(format!("wanted `{name}` in an Avro schema, got none")))
}

/// The scale of a decimal; `None` of other bytes.
fn scale(object: &Map<String, Value>) -> Result<Option<i32>, Error> {
    let is = |member: &str, wanted: &str| object.get(member).is_some_and(|found| found == wanted);
    let found = if is("logicalType", "decimal") {
        // Avro's default.
        object.get("scale").map_or(Some(0), Value::as_i64)
    } else if is("connect.name", decimal::NAME) {
        let parameter = object.get("connect.parameters");
        let text = parameter.and_then(|parameters| parameters.get(decimal::SCALE)?.as_str());
        text.and_then(|text| text.parse().ok())
    } else {
        return Ok(None);
    };
    let found = found.and_then(|found| i32::try_from(found).ok());
    match found {
        Some(scale) => Ok(Some(scale)),
        None => Err(Error::schema("wanted the scale of a decimal, got none")),
    }
}

/// Whether the elements of an array are entries of a map: by `AvroData`'s name, or by ours.
fn is_entry(items: &Value) -> bool {
    let text = |name: &str| items.get(name).and_then(Value::as_str).unwrap_or_default();
    text("connect.internal.type") == ENTRY
        || text("name") == ENTRY
        || (text("name").contains("_entry") && text("connect.name").is_empty())
}
