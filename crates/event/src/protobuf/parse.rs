//! A Protobuf file that somebody registered, to the Connect schema of one of its messages: what Kafka Connect's converters write, and ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compile::{FIELD_NAME, camel};
use super::plan::{Kind, Member, Node, Presence};
use crate::confluent::MessagePath;
use crate::proto_file::{Declared, Field as Line, FieldType, File, Label, Message};
use crate::{Error, Field, Schema, Type, decimal};

/// The most parts of a schema, those counted again that are used again.
const MOST: usize = 20_000;

/// The schema, and how its data is read.
///
/// # Errors
/// It is no Protobuf file, has no such message, or has what Connect has no word for: an enum, a message within itself.
pub(super) fn parse(text: &str, path: &MessagePath) -> Result<(Schema, Arc<Node>), Error> {
    let file = File::parse(text)?;
    let mut parser = Parser {
        package: &file.package,
        messages: BTreeMap::new(),
        parsed: BTreeMap::new(),
        parts: 0,
    };
    collect(&file.types, "", &mut parser.messages);
    let mut types = file.types.as_slice();
    let mut full = String::new();
    for step in path.steps() {
        let found = usize::try_from(*step)
            .ok()
            .and_then(|step| messages(types).nth(step));
        let found = found.ok_or_else(|| {
            Error::schema("wanted the message that the record names, got a file without it")
        })?;
        full = join(&full, &found.name);
        types = &found.types;
    }
    let part = parser.message(&full)?;
    Ok((part.schema, part.node))
}

fn messages(types: &[Declared]) -> impl Iterator<Item = &Message> {
    types.iter().filter_map(|declared| match declared {
        Declared::Message(message) => Some(message),
        Declared::Enum(_) => None,
    })
}

fn collect<'f>(types: &'f [Declared], scope: &str, into: &mut BTreeMap<String, &'f Message>) {
    for message in messages(types) {
        let full = join(scope, &message.name);
        collect(&message.types, &full, into);
        into.insert(full, message);
    }
}

fn join(scope: &str, name: &str) -> String {
    match scope.is_empty() {
        true => name.to_owned(),
        false => format!("{scope}.{name}"),
    }
}

#[derive(Clone)]
struct Part {
    schema: Schema,
    node: Arc<Node>,
    size: usize,
}

struct Parser<'f> {
    package: &'f str,
    /// By their names without the package.
    messages: BTreeMap<String, &'f Message>,
    /// Those of them that are known; none while one is being read.
    parsed: BTreeMap<String, Option<Part>>,
    parts: usize,
}

impl<'f> Parser<'f> {
    fn count(&mut self, parts: usize) -> Result<(), Error> {
        self.parts = self.parts.saturating_add(parts);
        match self.parts > MOST {
            true => Err(Error::schema(format!(
                "wanted a schema of at most {MOST} parts"
            ))),
            false => Ok(()),
        }
    }

    fn message(&mut self, full: &str) -> Result<Part, Error> {
        match self.parsed.get(full).cloned() {
            Some(Some(part)) => {
                self.count(part.size)?;
                return Ok(part);
            }
            Some(None) => {
                return Err(Error::schema(format!(
                    "wanted no message within itself, got {full}"
                )));
            }
            None => {}
        }
        let message = self.messages.get(full).copied();
        let message = message.ok_or_else(|| unknown(full))?;
        self.parsed.insert(full.to_owned(), None);
        self.count(1)?;
        let mut size = 1_usize;
        let mut fields = Vec::with_capacity(message.fields.len());
        let mut members = Vec::with_capacity(message.fields.len());
        let mut numbers = Vec::with_capacity(message.fields.len());
        for line in &message.fields {
            let name = name_before(line);
            let (schema, member, parts) = self
                .field(line, &name, full)
                .map_err(|error| error.in_field(&name))?;
            size = size.saturating_add(parts);
            fields.push(Field::new(name, schema));
            members.push(member);
            numbers.push(u64::try_from(line.number).unwrap_or(0));
        }
        let in_order = numbers.iter().copied().eq(1_u64..);
        let part = Part {
            schema: Schema::structure(fields)?,
            node: Arc::new(Node {
                members: members.into(),
                numbers: (!in_order).then(|| numbers.into()),
            }),
            size,
        };
        self.parsed.insert(full.to_owned(), Some(part.clone()));
        Ok(part)
    }

    /// The schema of a field, how it is read, and of how many parts it is.
    fn field(
        &mut self,
        line: &Line,
        name: &Arc<str>,
        scope: &str,
    ) -> Result<(Schema, Member, usize), Error> {
        let (key, value) = match &line.ty {
            FieldType::Map(key, value) => (key, value),
            FieldType::Single(ty) => {
                if line.label != Label::Repeated {
                    return self.single(ty, line, name, scope, line.label == Label::Optional);
                }
                if let Some(entry) = self.entry(ty, line, scope) {
                    return self.entries(&entry, name);
                }
                let (element, member, size) = self.single(ty, line, name, scope, false)?;
                // An element is there, or it would be none.
                let schema = Schema::array(element.required())?;
                let kind = Kind::Array(Box::new(member));
                return Ok(repeated(name, schema, kind, size));
            }
        };
        let (key, key_member, _) = self.single(key, line, name, scope, false)?;
        let (value, value_member, size) = self.single(value, line, name, scope, false)?;
        let schema = Schema::map(key.required(), value.required())?;
        let kind = Kind::Map(Box::new(key_member), Box::new(value_member));
        Ok(repeated(name, schema, kind, size.saturating_add(1)))
    }

    /// A value that is neither array nor map.
    fn single(
        &mut self,
        ty: &str,
        line: &Line,
        name: &Arc<str>,
        scope: &str,
        optional: bool,
    ) -> Result<(Schema, Member, usize), Error> {
        self.count(1)?;
        let connect = |name: &str, schema: Schema| {
            schema.named(format!("org.apache.kafka.connect.data.{name}"))
        };
        let mut size = 1;
        let (schema, kind) = match ty.strip_prefix('.').unwrap_or(ty) {
            "bool" => (Schema::boolean(), Kind::Boolean),
            "int32" => (Schema::int32(), Kind::Int),
            "int64" => (Schema::int64(), Kind::Int),
            "float" => (Schema::float32(), Kind::Float32),
            "double" => (Schema::float64(), Kind::Float64),
            "string" => (Schema::string(), Kind::String),
            "bytes" => (Schema::bytes(), Kind::Bytes),
            "uint32" | "uint64" | "sint32" | "sint64" | "fixed32" | "fixed64" | "sfixed32"
            | "sfixed64" => {
                return Err(Error::schema(format!(
                    "wanted a type that Kafka Connect writes, got {ty}"
                )));
            }
            "confluent.type.Decimal" => {
                let meta = line.meta();
                let scale = meta.iter().find(|(key, _)| key == decimal::SCALE);
                let scale = scale.and_then(|(_, value)| value.parse().ok());
                let scale = scale
                    .ok_or_else(|| Error::schema("wanted the scale of a decimal, got none"))?;
                (decimal::schema(0, scale), Kind::Decimal(scale))
            }
            "google.type.Date" => (connect("Date", Schema::int32()), Kind::Date),
            "google.type.TimeOfDay" => (connect("Time", Schema::int32()), Kind::Time),
            "google.protobuf.Timestamp" => (connect("Timestamp", Schema::int64()), Kind::Timestamp),
            _ => {
                let full = self.resolve(ty, scope).ok_or_else(|| unknown(ty))?;
                let part = self.message(&full)?;
                size = part.size;
                (part.schema, Kind::Message(part.node))
            }
        };
        // A message can always be left out, and so can what is in a oneof.
        let is_message = kind.wire_type() == 2 && !matches!(kind, Kind::String | Kind::Bytes);
        let nullable = optional || is_message || line.oneof.is_some();
        let schema = match nullable {
            true => schema.optional(),
            false => schema,
        };
        let member = Member {
            name: Arc::clone(name),
            kind,
            presence: match nullable {
                true => Presence::Explicit,
                false => Presence::Implicit,
            },
            nullable,
            default: None,
            ty: schema.ty().clone(),
        };
        Ok((schema, member, size))
    }

    /// The message of key and value that stands for an entry of a map: by the name that `ProtobufData` gives it, and by ours.
    fn entry(&self, ty: &str, line: &Line, scope: &str) -> Option<String> {
        let full = self.resolve(ty, scope)?;
        let message = self.messages.get(&full)?;
        let named = message
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.number));
        let usual = [camel(&line.name), line.name.clone()];
        let usual = usual.map(|name| format!("{name}Entry"));
        let is_named = usual.iter().any(|usual| message.name.starts_with(usual));
        let is_entry = is_named && named.eq([("key", 1), ("value", 2)]);
        is_entry.then_some(full)
    }

    fn entries(&mut self, full: &str, name: &Arc<str>) -> Result<(Schema, Member, usize), Error> {
        let message = self.messages.get(full).copied();
        let Some([key, value]) = message.map(|message| message.fields.as_slice()) else {
            return Err(unknown(full));
        };
        let mut part = |line: &'f Line| {
            let (schema, mut member, size) = self.field(line, name, full)?;
            // What a map has is there unless its label says otherwise.
            let optional = line.label == Label::Optional;
            member.nullable = optional;
            let schema = match optional {
                true => schema,
                false => schema.required(),
            };
            Ok::<_, Error>((schema, member, size))
        };
        let (key, key_member, _) = part(key)?;
        let (value, value_member, size) = part(value)?;
        let schema = Schema::map(key, value)?;
        let kind = Kind::Map(Box::new(key_member), Box::new(value_member));
        Ok(repeated(name, schema, kind, size.saturating_add(1)))
    }

    /// The message that a name means in a message: the innermost around it that has one of that name.
    fn resolve(&self, ty: &str, scope: &str) -> Option<String> {
        let full = ty.strip_prefix('.');
        let name = full.unwrap_or(ty);
        let mut scope = match full {
            Some(_) => "",
            None => scope,
        };
        loop {
            let tried = join(scope, name);
            if self.messages.contains_key(&tried) {
                return Some(tried);
            }
            if scope.is_empty() {
                break;
            }
            scope = scope.rsplit_once('.').map_or("", |(around, _)| around);
        }
        let own = name.strip_prefix(self.package)?.strip_prefix('.')?;
        self.messages.contains_key(own).then(|| own.to_owned())
    }
}

/// What the field was called before its name was made valid.
fn name_before(line: &Line) -> Arc<str> {
    let mut meta = line.meta().into_iter();
    match meta.find(|(key, _)| key == FIELD_NAME) {
        Some((_, name)) => name.into(),
        None => line.json_name().unwrap_or(&line.name).into(),
    }
}

fn unknown(name: &str) -> Error {
    Error::schema(format!(
        "wanted a message that the file defines, got {name}: enums and other files are not read"
    ))
}

fn repeated(name: &Arc<str>, schema: Schema, kind: Kind, size: usize) -> (Schema, Member, usize) {
    let member = Member {
        name: Arc::clone(name),
        kind,
        presence: Presence::Repeated,
        nullable: false,
        default: None,
        ty: Type::clone(schema.ty()),
    };
    (schema, member, size.saturating_add(1))
}
