//! From a Connect schema to what is written of it, and to the definitions that say so.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::plan::{Kind, Member, Node, Presence};
use crate::names::{Taken, sanitised};
use crate::proto_file::default_json;
use crate::{Error, Field, Schema, Type, decimal};

/// What `ProtobufData` calls a struct at the root that has no name.
const ROOT_NAME: &str = "ConnectDefault1";

/// What carries the name of a field that Protobuf does not accept, where it cannot be its name in JSON.
pub(super) const FIELD_NAME: &str = "figway.name";

/// A schema, ready to write its text and its data.
pub(super) struct Compiled {
    pub(super) package: String,
    pub(super) imports: BTreeSet<&'static str>,
    pub(super) message: Definition,
    pub(super) root: Arc<Node>,
}

impl Compiled {
    pub(super) fn full_name(&self) -> String {
        if self.package.is_empty() {
            self.message.name.clone()
        } else {
            format!("{}.{}", self.package, self.message.name)
        }
    }
}

/// A message as the schema's text says it.
#[derive(Default)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) doc: Option<String>,
    pub(super) fields: Vec<Line>,
    pub(super) nested: Vec<Definition>,
}

/// A field as the schema's text says it.
pub(super) struct Line {
    pub(super) label: &'static str,
    pub(super) ty: String,
    pub(super) name: String,
    pub(super) doc: Option<String>,
    /// What it is called in JSON, where that is what it was called before its name was made valid.
    pub(super) json: Option<String>,
    /// What Protobuf has no word for, as `confluent.field_meta` carries it.
    pub(super) params: Vec<(&'static str, String)>,
}

pub(super) fn compile(schema: &Schema) -> Result<Compiled, Error> {
    let Type::Struct(fields) = schema.ty() else {
        let found = schema.ty().connect_name();
        return Err(Error::schema(format!(
            "wanted a struct at the root of a Protobuf schema, got {found}"
        )));
    };
    if schema.is_optional() {
        return Err(Error::schema(
            "wanted a struct that is never null at the root of a Protobuf schema, got an optional one",
        ));
    }
    let mut parts: Vec<String> = schema
        .name()
        .unwrap_or(ROOT_NAME)
        .split('.')
        .map(|part| apart(sanitised(part)))
        .collect();
    let name = parts.pop().unwrap_or_default();
    let mut compiler = Compiler::default();
    let (message, root) = compiler.message(name, schema, fields, &[])?;
    Ok(Compiled {
        package: parts.join("."),
        imports: compiler.imports,
        message,
        root,
    })
}

/// Names of ours must not hide the packages that the types of Google and Confluent are in.
fn apart(name: String) -> String {
    if matches!(name.as_str(), "google" | "confluent") {
        name + "_"
    } else {
        name
    }
}

#[derive(Default)]
struct Compiler {
    imports: BTreeSet<&'static str>,
}

/// The message whose fields are being compiled.
struct Scope<'s> {
    /// Names of fields and of nested messages: one scope in Protobuf.
    taken: Taken,
    nested: Vec<Definition>,
    /// Structs that have been defined here, by their Connect names.
    known: Vec<(&'s Schema, String, Arc<Node>)>,
    /// The messages around, and this one.
    around: Vec<String>,
}

impl Compiler {
    fn message<'s>(
        &mut self,
        name: String,
        schema: &'s Schema,
        fields: &'s [Field],
        around: &[String],
    ) -> Result<(Definition, Arc<Node>), Error> {
        let mut scope = Scope {
            taken: Taken::default(),
            nested: Vec::new(),
            known: Vec::new(),
            around: around.iter().cloned().chain([name.clone()]).collect(),
        };
        let names = field_names(fields, &mut scope.taken);
        let before = names_before(fields, &names);
        for name in scope.around.iter().map(String::as_str) {
            scope.taken.take(name);
        }
        for name in ["google", "confluent"] {
            scope.taken.take(name);
        }
        let mut members = Vec::with_capacity(fields.len());
        let mut lines = Vec::with_capacity(fields.len());
        for ((field, name), was) in fields.iter().zip(names).zip(before) {
            let (member, mut line) = self
                .field(field, name, &mut scope)
                .map_err(|error| error.in_field(field.name()))?;
            match was {
                Some(Was::Json(name)) => line.json = Some(name),
                Some(Was::Meta(name)) => {
                    line.params.push((FIELD_NAME, name));
                    self.imports.insert("confluent/meta.proto");
                }
                None => {}
            }
            members.push(member);
            lines.push(line);
        }
        let definition = Definition {
            name,
            doc: schema.get_doc().map(str::to_owned),
            fields: lines,
            nested: scope.nested,
        };
        let node = Node {
            members: members.into(),
            numbers: None,
        };
        Ok((definition, node.into()))
    }

    fn field<'s>(
        &mut self,
        field: &'s Field,
        name: String,
        scope: &mut Scope<'s>,
    ) -> Result<(Member, Line), Error> {
        let schema = field.schema();
        let mut line = Line {
            label: "",
            ty: String::new(),
            name,
            doc: schema.get_doc().map(str::to_owned),
            json: None,
            params: Vec::new(),
        };
        let member = match schema.ty() {
            Type::Array(element) => {
                line.label = "repeated ";
                let element = self.single(element, field.name(), &mut line, scope)?;
                repeated(field.name(), schema, Kind::Array(Box::new(element)))
            }
            Type::Map(key, value) => {
                let kind = self.map(key, value, field.name(), &mut line, scope)?;
                repeated(field.name(), schema, kind)
            }
            _ => {
                if schema.is_optional() {
                    line.label = "optional ";
                }
                self.single(schema, field.name(), &mut line, scope)?
            }
        };
        Ok((member, line))
    }

    /// A value that is neither array nor map; its type goes into `line`.
    fn single<'s>(
        &mut self,
        schema: &'s Schema,
        field: &Arc<str>,
        line: &mut Line,
        scope: &mut Scope<'s>,
    ) -> Result<Member, Error> {
        let (ty, kind) = match self.well_known(schema, line)? {
            Some(known) => known,
            None => match schema.ty() {
                Type::Boolean => ("bool", Kind::Boolean),
                Type::Int8 | Type::Int16 => {
                    line.params
                        .push(("connect.type", schema.ty().connect_name().to_owned()));
                    self.imports.insert("confluent/meta.proto");
                    ("int32", Kind::Int)
                }
                Type::Int32 => ("int32", Kind::Int),
                Type::Int64 => ("int64", Kind::Int),
                Type::Float32 => ("float", Kind::Float32),
                Type::Float64 => ("double", Kind::Float64),
                Type::Bytes => ("bytes", Kind::Bytes),
                Type::String => ("string", Kind::String),
                Type::Struct(fields) => {
                    let (ty, node) = self.nested(schema, fields, line, scope)?;
                    line.ty = ty;
                    return Ok(member(field, schema, Kind::Message(node)));
                }
                Type::Array(_) | Type::Map(..) => {
                    let found = schema.ty().connect_name();
                    return Err(Error::schema(format!(
                        "wanted no {found} directly in an array or a map: Protobuf has none; put it into a struct"
                    )));
                }
            },
        };
        ty.clone_into(&mut line.ty);
        Ok(member(field, schema, kind))
    }

    /// Connect's logical types have messages of their own.
    fn well_known(
        &mut self,
        schema: &Schema,
        line: &mut Line,
    ) -> Result<Option<(&'static str, Kind)>, Error> {
        if let Some(scale) = schema.decimal_scale()? {
            let precision = schema
                .parameters()
                .iter()
                .find(|(name, _)| &**name == decimal::PRECISION);
            if let Some((_, precision)) = precision {
                line.params.push(("precision", precision.to_string()));
            }
            line.params.push(("scale", scale.to_string()));
            self.imports.insert("confluent/meta.proto");
            self.imports.insert("confluent/type/decimal.proto");
            return Ok(Some(("confluent.type.Decimal", Kind::Decimal(scale))));
        }
        let (ty, import, kind) = match (schema.name(), schema.ty()) {
            (Some("org.apache.kafka.connect.data.Date"), Type::Int32) => {
                ("google.type.Date", "google/type/date.proto", Kind::Date)
            }
            (Some("org.apache.kafka.connect.data.Time"), Type::Int32) => (
                "google.type.TimeOfDay",
                "google/type/timeofday.proto",
                Kind::Time,
            ),
            (Some("org.apache.kafka.connect.data.Timestamp"), Type::Int64) => (
                "google.protobuf.Timestamp",
                "google/protobuf/timestamp.proto",
                Kind::Timestamp,
            ),
            _ => return Ok(None),
        };
        self.imports.insert(import);
        Ok(Some((ty, kind)))
    }

    /// A struct in a struct: a message in the message, defined where it is first used.
    fn nested<'s>(
        &mut self,
        schema: &'s Schema,
        fields: &'s [Field],
        line: &Line,
        scope: &mut Scope<'s>,
    ) -> Result<(String, Arc<Node>), Error> {
        if schema.name().is_some() {
            let same = |known: &&Schema| {
                **known == *schema || (*known).clone().optional() == schema.clone().optional()
            };
            if let Some((_, name, node)) = scope.known.iter().find(|(known, ..)| same(known)) {
                return Ok((name.clone(), Arc::clone(node)));
            }
        }
        let name = match schema.name().map(|full| full.rsplit('.').next()) {
            Some(Some(name)) => sanitised(name),
            _ => format!("{}Message", line.name),
        };
        let name = match scope.taken.take(&name) {
            true => name,
            // As ProtobufData where a field has the name.
            false => scope.taken.unique(name + "Message"),
        };
        let (definition, node) = self.message(name.clone(), schema, fields, &scope.around)?;
        scope.nested.push(definition);
        scope.known.push((schema, name.clone(), Arc::clone(&node)));
        Ok((name, node))
    }

    fn map<'s>(
        &mut self,
        key: &'s Schema,
        value: &'s Schema,
        field: &Arc<str>,
        line: &mut Line,
        scope: &mut Scope<'s>,
    ) -> Result<Kind, Error> {
        let blank = |name: &str| Line {
            label: "",
            ty: String::new(),
            name: name.to_owned(),
            doc: None,
            json: None,
            params: Vec::new(),
        };
        let (mut key_line, mut value_line) = (blank("key"), blank("value"));
        let entry = scope.taken.unique(format!("{}Entry", camel(&line.name)));
        let named = |name: &str| -> Arc<str> { format!("{field}.{name}").into() };
        let mut key_member = self.single(key, &named("key"), &mut key_line, scope)?;
        let mut value_member = self.single(value, &named("value"), &mut value_line, scope)?;
        let keyed = matches!(key_member.kind, Kind::Boolean | Kind::Int | Kind::String);
        let plain = key_line.params.is_empty() && value_line.params.is_empty();
        if keyed && plain && !key.is_optional() && !value.is_optional() {
            line.ty = format!("map<{}, {}>", key_line.ty, value_line.ty);
            key_member.presence = Presence::Explicit;
            value_member.presence = Presence::Explicit;
            return Ok(Kind::Map(Box::new(key_member), Box::new(value_member)));
        }
        for (part, part_line) in [(key, &mut key_line), (value, &mut value_line)] {
            // A struct that it is of stands beside it, in the message around both.
            if part.is_optional() {
                part_line.label = "optional ";
            }
        }
        line.label = "repeated ";
        line.ty.clone_from(&entry);
        scope.nested.push(Definition {
            name: entry,
            doc: None,
            fields: vec![key_line, value_line],
            nested: Vec::new(),
        });
        Ok(Kind::Map(Box::new(key_member), Box::new(value_member)))
    }
}

fn member(name: &Arc<str>, schema: &Schema, kind: Kind) -> Member {
    Member {
        name: Arc::clone(name),
        kind,
        presence: if schema.is_optional() {
            Presence::Explicit
        } else {
            Presence::Implicit
        },
        nullable: schema.is_optional(),
        default: schema.default().cloned(),
        ty: schema.ty().clone(),
    }
}

fn repeated(name: &Arc<str>, schema: &Schema, kind: Kind) -> Member {
    Member {
        presence: Presence::Repeated,
        ..member(name, schema, kind)
    }
}

/// Names of fields. No two may be one in JSON either, where `a_b` is `aB`: protoc refuses them.
fn field_names(fields: &[Field], taken: &mut Taken) -> Vec<String> {
    let mut in_json = Taken::default();
    let mut name_of = |field: &Field| {
        let mut name = sanitised(field.name());
        while !in_json.take(&camel(&name).to_ascii_lowercase()) {
            name.push_str("_2");
        }
        taken.unique(name)
    };
    fields.iter().map(&mut name_of).collect()
}

/// What says what a field was called, where its name was made valid.
enum Was {
    /// Its name in JSON.
    Json(String),
    /// Another field has that name in JSON, which protoc refuses: then it stands beside what else Protobuf has no word for.
    Meta(String),
}

fn names_before(fields: &[Field], names: &[String]) -> Vec<Option<Was>> {
    let usual: Vec<String> = names.iter().map(|name| default_json(name)).collect();
    let named = fields.iter().zip(names).enumerate();
    let before = named.map(|(place, (field, name))| {
        let was = &**field.name();
        // What stands in quotes as it is.
        let plain = |letter: char| {
            (letter.is_ascii_graphic() || letter == ' ') && !matches!(letter, '"' | '\\')
        };
        if was == name || !was.chars().all(plain) {
            return None;
        }
        let mut others = usual.iter().enumerate();
        let free = others.all(|(other, usual)| other == place || usual != was);
        Some(match free && !was.starts_with('[') {
            true => Was::Json(was.to_owned()),
            false => Was::Meta(was.to_owned()),
        })
    });
    before.collect()
}

/// `lot_no` as `LotNo`: what protoc calls the entry of a map, without `Entry`.
pub(super) fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = true;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            out.push(letter.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(letter);
        }
    }
    out
}
