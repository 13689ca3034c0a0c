//! Avro schemas, read from their JSON as far as a registry must understand them: what is valid, and what of one schema can be read
//! by another (Avro 1.11 specification, "Schema Declaration" and "Schema Resolution").

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

mod compat;
mod defaults;

pub(crate) use compat::check;

/// How deep schemas may nest.
const MAX_DEPTH: usize = 100;

/// A schema with the definitions it names.
#[derive(Debug)]
pub(crate) struct Avro {
    root: Type,
    named: BTreeMap<String, Named>,
}

#[derive(Debug, Clone, PartialEq)]
enum Type {
    /// null, boolean, int, long, float, double, bytes, string
    Primitive(&'static str),
    Array(Box<Type>),
    Map(Box<Type>),
    Union(Vec<Type>),
    /// A record, an enum or a fixed, by its full name.
    Named(String),
}

#[derive(Debug)]
struct Named {
    aliases: Vec<String>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Record(Vec<Field>),
    Enum {
        symbols: Vec<String>,
        default: Option<String>,
    },
    Fixed(u64),
}

#[derive(Debug)]
struct Field {
    name: String,
    aliases: Vec<String>,
    ty: Type,
    has_default: bool,
}

const PRIMITIVES: [&str; 8] = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];

impl Avro {
    /// Reads a schema; `references` are read before it, in their order, and it may name what they define.
    pub(crate) fn parse(text: &str, references: &[&str]) -> Result<Self, String> {
        let mut parser = Parser::default();
        for reference in references {
            parser.text(reference)?;
        }
        let root = parser.text(text)?;
        let avro = Self {
            root,
            named: parser.named,
        };
        for (ty, value, place) in &parser.defaults {
            if !defaults::fits(&avro, ty, value) {
                return Err(format!(
                    "the default of field {place} does not fit its type: {value}"
                ));
            }
        }
        Ok(avro)
    }
}

#[derive(Default)]
struct Parser {
    named: BTreeMap<String, Named>,
    /// Names of what is being read, so that a record may contain itself.
    open: BTreeSet<String>,
    /// To be checked when all names are known.
    defaults: Vec<(Type, Value, String)>,
    depth: usize,
}

impl Parser {
    fn text(&mut self, text: &str) -> Result<Type, String> {
        let value: Value = serde_json::from_str(text)
            // A primitive's name may stand without quotes, as Avro's own parser takes it.
            .or_else(|error| match PRIMITIVES.contains(&text.trim()) {
                true => Ok(Value::String(text.trim().to_owned())),
                false => Err(error),
            })
            .map_err(|error| format!("wanted JSON: {error}"))?;
        self.schema(&value, "")
    }

    fn schema(&mut self, value: &Value, namespace: &str) -> Result<Type, String> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(format!("wanted at most {MAX_DEPTH} levels of nesting"));
        }
        let read = match value {
            Value::String(name) => self.reference(name, namespace),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(object) => self.object(object, namespace),
            other => Err(format!("wanted a schema, got {other}")),
        };
        self.depth = self.depth.saturating_sub(1);
        read
    }

    fn reference(&self, name: &str, namespace: &str) -> Result<Type, String> {
        if let Some(primitive) = PRIMITIVES.iter().find(|known| **known == name) {
            return Ok(Type::Primitive(primitive));
        }
        let full = full_name(name, namespace);
        if self.named.contains_key(&full) || self.open.contains(&full) {
            return Ok(Type::Named(full));
        }
        Err(format!("undefined name: {full}"))
    }

    fn union(&mut self, branches: &[Value], namespace: &str) -> Result<Type, String> {
        let mut types = Vec::with_capacity(branches.len());
        for branch in branches {
            let ty = self.schema(branch, namespace)?;
            let twice = types.iter().any(|known: &Type| match (known, &ty) {
                (Type::Array(_), Type::Array(_)) | (Type::Map(_), Type::Map(_)) => true,
                (known, ty) => known == ty,
            });
            if twice || matches!(ty, Type::Union(_)) {
                return Err("wanted each kind of branch once in a union, and no union".to_owned());
            }
            types.push(ty);
        }
        Ok(Type::Union(types))
    }

    fn object(
        &mut self,
        object: &serde_json::Map<String, Value>,
        namespace: &str,
    ) -> Result<Type, String> {
        let member = |name: &str| {
            object
                .get(name)
                .ok_or_else(|| format!("wanted {name:?} in a schema, got none"))
        };
        let ty = match member("type")? {
            Value::String(ty) => ty.as_str(),
            nested => return self.schema(nested, namespace),
        };
        match ty {
            "array" => Ok(Type::Array(Box::new(
                self.schema(member("items")?, namespace)?,
            ))),
            "map" => Ok(Type::Map(Box::new(
                self.schema(member("values")?, namespace)?,
            ))),
            "record" | "error" | "enum" | "fixed" => self.named(ty, object, namespace),
            name => self.reference(name, namespace),
        }
    }

    fn named(
        &mut self,
        ty: &str,
        object: &serde_json::Map<String, Value>,
        around: &str,
    ) -> Result<Type, String> {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let name = text("name").ok_or_else(|| format!("wanted a name for each {ty}, got none"))?;
        let full = full_name(name, text("namespace").unwrap_or(around));
        if !full.split('.').all(is_name) {
            return Err(format!("illegal name: {full}"));
        }
        if self.named.contains_key(&full) || !self.open.insert(full.clone()) {
            return Err(format!("can't redefine: {full}"));
        }
        let namespace = full.rsplit_once('.').map_or("", |(namespace, _)| namespace);
        let body = match ty {
            "enum" => enumeration(object)?,
            "fixed" => Body::Fixed(
                object
                    .get("size")
                    .and_then(Value::as_u64)
                    .ok_or_else(|| format!("wanted a size for fixed {full}"))?,
            ),
            _ => Body::Record(self.fields(object, &full, namespace)?),
        };
        let aliases = names(object, "aliases");
        let aliases = aliases
            .iter()
            .map(|alias| full_name(alias, namespace))
            .collect();
        self.open.remove(&full);
        self.named.insert(full.clone(), Named { aliases, body });
        Ok(Type::Named(full))
    }

    fn fields(
        &mut self,
        object: &serde_json::Map<String, Value>,
        record: &str,
        namespace: &str,
    ) -> Result<Vec<Field>, String> {
        let list = object.get("fields").and_then(Value::as_array);
        let list = list.ok_or_else(|| format!("wanted a list of fields in record {record}"))?;
        let mut fields: Vec<Field> = Vec::with_capacity(list.len());
        for member in list {
            let object = member.as_object();
            let object = object.ok_or_else(|| format!("wanted a field in record {record}"))?;
            let name = object
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !is_name(name) {
                return Err(format!(
                    "illegal name of a field in record {record}: {name:?}"
                ));
            }
            if fields.iter().any(|known| known.name == name) {
                return Err(format!("two fields of record {record} are called {name}"));
            }
            let ty = object
                .get("type")
                .ok_or_else(|| format!("wanted a type for field {record}.{name}"))?;
            let ty = self.schema(ty, namespace)?;
            if let Some(default) = object.get("default") {
                let place = format!("{record}.{name}");
                self.defaults.push((ty.clone(), default.clone(), place));
            }
            fields.push(Field {
                name: name.to_owned(),
                aliases: names(object, "aliases"),
                ty,
                has_default: object.contains_key("default"),
            });
        }
        Ok(fields)
    }
}

fn enumeration(object: &serde_json::Map<String, Value>) -> Result<Body, String> {
    let symbols = names(object, "symbols");
    let distinct: BTreeSet<&String> = symbols.iter().collect();
    if distinct.len() != symbols.len() || !symbols.iter().all(|symbol| is_name(symbol)) {
        return Err("wanted symbols of an enum that are names, each once".to_owned());
    }
    let default = object
        .get("default")
        .and_then(Value::as_str)
        .map(str::to_owned);
    if default
        .as_ref()
        .is_some_and(|default| !symbols.contains(default))
    {
        return Err("wanted one of the enum's symbols as its default".to_owned());
    }
    Ok(Body::Enum { symbols, default })
}

fn names(object: &serde_json::Map<String, Value>, member: &str) -> Vec<String> {
    let list = object.get(member).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests;
