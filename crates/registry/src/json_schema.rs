//! JSON Schemas, read as far as a registry must understand them: references resolved, and each schema said to be of one kind.
//!
//! Drafts 4 to 2020-12 as far as they agree. What says nothing of types is left out: titles, descriptions, formats.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

mod compat;
mod found;
mod limits;

pub(crate) use compat::check;

/// How deep schemas may nest, and how many there may be in one.
const MAX_DEPTH: usize = 100;
const MAX_NODES: usize = 20_000;

/// A schema and all schemas in it. The first is the root.
#[derive(Debug)]
pub(crate) struct JsonSchema {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    has_default: bool,
    /// `connect.type` is bytes: a number and a text may then stand for each other.
    bytes: bool,
}

#[derive(Debug)]
enum Kind {
    /// Everything is allowed.
    Any,
    /// Nothing is allowed.
    Never,
    Boolean,
    Null,
    String(Limits),
    Number {
        integer: bool,
        limits: Limits,
    },
    Object(Object),
    Array(Array),
    Enum(Vec<Value>),
    Const(Value),
    Combined(Criterion, Vec<usize>),
    Not(usize),
    /// The same as that one.
    Same(usize),
}

/// Keywords with a number or a pattern.
#[derive(Debug, Default)]
struct Limits {
    numbers: BTreeMap<&'static str, f64>,
    pattern: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Criterion {
    All,
    Any,
    One,
}

impl Criterion {
    fn as_str(self) -> &'static str {
        match self {
            Self::All => "allOf",
            Self::Any => "anyOf",
            Self::One => "oneOf",
        }
    }
}

/// What else there may be beside what is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Open,
    Closed,
    Of(usize),
}

#[derive(Debug)]
struct Object {
    properties: BTreeMap<String, usize>,
    required: BTreeSet<String>,
    rest: Rest,
    patterns: Vec<(String, usize)>,
    limits: Limits,
    needs: BTreeMap<String, BTreeSet<String>>,
    needs_schema: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Array {
    each: Option<usize>,
    tuple: Vec<usize>,
    rest: Rest,
    unique: bool,
    limits: Limits,
}

impl JsonSchema {
    /// Reads a schema; `references` are other schemas by the names it uses for them.
    pub(crate) fn parse(text: &str, references: &[(&str, &str)]) -> Result<Self, String> {
        let read = |text: &str| -> Result<Value, String> {
            serde_json::from_str(text).map_err(|error| format!("wanted JSON: {error}"))
        };
        let root = read(text)?;
        let mut documents = Vec::with_capacity(references.len());
        for (name, text) in references {
            documents.push(((*name).to_owned(), read(text)?));
        }
        let mut parser = Parser {
            root: &root,
            documents: &documents,
            nodes: Vec::new(),
            named: HashMap::new(),
            depth: 0,
        };
        parser.schema(&root)?;
        Ok(Self {
            nodes: parser.nodes,
        })
    }
}

struct Parser<'v> {
    root: &'v Value,
    documents: &'v [(String, Value)],
    nodes: Vec<Node>,
    /// What `$ref`s led to, by document and pointer.
    named: HashMap<String, usize>,
    depth: usize,
}

impl<'v> Parser<'v> {
    /// The index of the schema's node.
    fn schema(&mut self, value: &'v Value) -> Result<usize, String> {
        if self.nodes.len() >= MAX_NODES {
            return Err(format!("wanted at most {MAX_NODES} schemas in one"));
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(format!("wanted at most {MAX_DEPTH} levels of nesting"));
        }
        let index = self.nodes.len();
        self.nodes.push(Node {
            kind: Kind::Any,
            has_default: value.get("default").is_some(),
            bytes: value.get("connect.type").and_then(Value::as_str) == Some("bytes"),
        });
        let kind = match value {
            Value::Bool(true) => Kind::Any,
            Value::Bool(false) => Kind::Never,
            Value::Object(object) => self.kind(object)?,
            other => return Err(format!("wanted a schema, got {other}")),
        };
        if let Some(node) = self.nodes.get_mut(index) {
            node.kind = kind;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(index)
    }

    fn schemas(&mut self, list: &'v [Value]) -> Result<Vec<usize>, String> {
        list.iter().map(|value| self.schema(value)).collect()
    }

    fn kind(&mut self, object: &'v Map<String, Value>) -> Result<Kind, String> {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            return Ok(Kind::Same(self.reference(reference)?));
        }
        for criterion in [Criterion::All, Criterion::Any, Criterion::One] {
            if let Some(list) = object.get(criterion.as_str()).and_then(Value::as_array) {
                return Ok(Kind::Combined(criterion, self.schemas(list)?));
            }
        }
        if let Some(not) = object.get("not") {
            return Ok(Kind::Not(self.schema(not)?));
        }
        if let Some(values) = object.get("enum").and_then(Value::as_array) {
            return Ok(Kind::Enum(values.clone()));
        }
        if let Some(value) = object.get("const") {
            return Ok(Kind::Const(value.clone()));
        }
        match object.get("type") {
            Some(Value::String(ty)) => self.typed(ty, object),
            Some(Value::Array(types)) => {
                let mut branches = Vec::with_capacity(types.len());
                for ty in types {
                    let ty = ty.as_str().ok_or("wanted names of types")?;
                    let kind = self.typed(ty, object)?;
                    branches.push(self.nodes.len());
                    self.nodes.push(Node {
                        kind,
                        has_default: false,
                        bytes: false,
                    });
                }
                Ok(Kind::Combined(Criterion::Any, branches))
            }
            Some(other) => Err(format!("wanted a type, got {other}")),
            None => {
                let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
                if has(&[
                    "properties",
                    "required",
                    "additionalProperties",
                    "patternProperties",
                ]) {
                    self.typed("object", object)
                } else if has(&[
                    "items",
                    "prefixItems",
                    "minItems",
                    "maxItems",
                    "uniqueItems",
                ]) {
                    self.typed("array", object)
                } else if has(&["minLength", "maxLength", "pattern"]) {
                    self.typed("string", object)
                } else if has(&[
                    "minimum",
                    "maximum",
                    "exclusiveMinimum",
                    "exclusiveMaximum",
                    "multipleOf",
                ]) {
                    self.typed("number", object)
                } else {
                    Ok(Kind::Any)
                }
            }
        }
    }

    fn typed(&mut self, ty: &str, object: &'v Map<String, Value>) -> Result<Kind, String> {
        Ok(match ty {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "string" => Kind::String(limits(object, &["minLength", "maxLength"])?),
            "integer" | "number" => Kind::Number {
                integer: ty == "integer",
                limits: limits(
                    object,
                    &[
                        "minimum",
                        "maximum",
                        "exclusiveMinimum",
                        "exclusiveMaximum",
                        "multipleOf",
                    ],
                )?,
            },
            "object" => Kind::Object(self.object(object)?),
            "array" => Kind::Array(self.array(object)?),
            other => return Err(format!("unknown type {other:?}")),
        })
    }

    fn rest(&mut self, value: Option<&'v Value>) -> Result<Rest, String> {
        Ok(match value {
            None | Some(Value::Bool(true)) => Rest::Open,
            Some(Value::Bool(false)) => Rest::Closed,
            Some(Value::Object(object)) if object.is_empty() => Rest::Open,
            Some(value) => Rest::Of(self.schema(value)?),
        })
    }

    fn members(&mut self, value: Option<&'v Value>) -> Result<BTreeMap<String, usize>, String> {
        let mut members = BTreeMap::new();
        let object = match value {
            None => return Ok(members),
            Some(value) => value.as_object().ok_or("wanted an object of schemas")?,
        };
        for (name, value) in object {
            members.insert(name.clone(), self.schema(value)?);
        }
        Ok(members)
    }

    fn object(&mut self, object: &'v Map<String, Value>) -> Result<Object, String> {
        let mut needs = BTreeMap::new();
        let mut needs_schema = BTreeMap::new();
        for keyword in ["dependencies", "dependentRequired", "dependentSchemas"] {
            let list = object.get(keyword).and_then(Value::as_object);
            for (name, value) in list.into_iter().flatten() {
                match value {
                    Value::Array(names) => {
                        let names = names.iter().filter_map(Value::as_str);
                        needs.insert(name.clone(), names.map(str::to_owned).collect());
                    }
                    schema => {
                        needs_schema.insert(name.clone(), self.schema(schema)?);
                    }
                }
            }
        }
        let required = object.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        Ok(Object {
            required: required.map(str::to_owned).collect(),
            properties: self.members(object.get("properties"))?,
            rest: self.rest(object.get("additionalProperties"))?,
            patterns: self
                .members(object.get("patternProperties"))?
                .into_iter()
                .collect(),
            limits: limits(object, &["minProperties", "maxProperties"])?,
            needs,
            needs_schema,
        })
    }

    fn array(&mut self, object: &'v Map<String, Value>) -> Result<Array, String> {
        let items = object.get("items");
        let tuple = object
            .get("prefixItems")
            .or(items)
            .and_then(Value::as_array);
        let rest = match (object.contains_key("prefixItems"), items) {
            (true, items) => items,
            (false, Some(Value::Array(_))) => object.get("additionalItems"),
            (false, _) => None,
        };
        let each = match (tuple, items) {
            (None, Some(items)) => Some(self.schema(items)?),
            _ => None,
        };
        Ok(Array {
            each,
            tuple: match tuple {
                Some(list) => self.schemas(list)?,
                None => Vec::new(),
            },
            rest: self.rest(rest)?,
            unique: object.get("uniqueItems") == Some(&Value::Bool(true)),
            limits: limits(object, &["minItems", "maxItems"])?,
        })
    }

    /// The schema that a `$ref` leads to: in this document, in one of the references, or one with that `$id`.
    fn reference(&mut self, reference: &str) -> Result<usize, String> {
        if let Some(known) = self.named.get(reference) {
            return Ok(*known);
        }
        let (document, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let unknown = || format!("the reference {reference:?} leads nowhere");
        let document: &'v Value = if document.is_empty() {
            self.root
        } else {
            let found = self.documents.iter().find(|(name, _)| name == document);
            match found
                .map(|(_, value)| value)
                .or_else(|| by_id(self.root, document, 0))
            {
                Some(found) => found,
                None => return Err(unknown()),
            }
        };
        let target: &'v Value = match pointer {
            "" => document,
            pointer if pointer.starts_with('/') => document.pointer(pointer).ok_or_else(unknown)?,
            anchor => by_anchor(document, anchor, 0).ok_or_else(unknown)?,
        };
        // Before it is read: it may refer to itself.
        let index = self.nodes.len();
        self.named.insert(reference.to_owned(), index);
        self.schema(target)
    }
}

fn limits(object: &Map<String, Value>, names: &[&'static str]) -> Result<Limits, String> {
    let mut numbers = BTreeMap::new();
    for name in names {
        match object.get(*name) {
            // Draft 4 has exclusiveMaximum as a flag.
            None | Some(Value::Bool(_)) => {}
            Some(value) => {
                let number = value.as_f64();
                numbers.insert(
                    *name,
                    number.ok_or_else(|| format!("wanted a number as {name}, got {value}"))?,
                );
            }
        }
    }
    let pattern = object.get("pattern").and_then(Value::as_str);
    Ok(Limits {
        numbers,
        pattern: pattern.map(str::to_owned),
    })
}

fn by_id<'v>(value: &'v Value, id: &str, depth: usize) -> Option<&'v Value> {
    let named = |key: &str| value.get(key).and_then(Value::as_str) == Some(id);
    find(value, named("$id") || named("id"), depth, |value, depth| {
        by_id(value, id, depth)
    })
}

fn by_anchor<'v>(value: &'v Value, anchor: &str, depth: usize) -> Option<&'v Value> {
    let of = |key: &str| value.get(key).and_then(Value::as_str);
    let id = format!("#{anchor}");
    let here = of("$anchor") == Some(anchor) || of("$id") == Some(&id) || of("id") == Some(&id);
    find(value, here, depth, |value, depth| {
        by_anchor(value, anchor, depth)
    })
}

fn find<'v>(
    value: &'v Value,
    here: bool,
    depth: usize,
    deeper: impl Fn(&'v Value, usize) -> Option<&'v Value>,
) -> Option<&'v Value> {
    if here {
        return Some(value);
    }
    if depth > MAX_DEPTH {
        return None;
    }
    let depth = depth.saturating_add(1);
    match value {
        Value::Object(object) => object.values().find_map(|value| deeper(value, depth)),
        Value::Array(list) => list.iter().find_map(|value| deeper(value, depth)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
