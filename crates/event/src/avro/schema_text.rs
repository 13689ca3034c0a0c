//! The Avro schema of a Connect schema, attributes in the order in which Avro's Java library writes `AvroData`'s.

use std::collections::BTreeMap;

use crate::names::{Taken, sanitised};
use crate::{Datum, Error, Field, Schema, Type, decimal};

/// `AvroData`'s precision for a decimal that does not name one.
const ANY_PRECISION: &str = "64";
/// What `AvroData` calls a struct at the root that has no name.
const ROOT_NAME: &str = "ConnectDefault";
const ROOT_NAMESPACE: &str = "io.confluent.connect.avro";
/// The attribute that says what a field is called whose name Avro does not accept. `AvroData` passes over it.
pub(super) const FIELD_NAME: &str = "figway.name";

/// The full name of the schema's root: a struct's name, the type's for everything else.
pub(super) fn root_name(schema: &Schema) -> String {
    let (namespace, name) = match (schema.ty(), schema.name()) {
        (Type::Struct(_), Some(full)) => split(full),
        (Type::Struct(_), None) => (ROOT_NAMESPACE.to_owned(), ROOT_NAME.to_owned()),
        (ty, _) => return ty.connect_name().to_owned(),
    };
    join(&namespace, &name)
}

/// The whole schema. A struct at the root that has no name is `ConnectDefault`.
pub(super) fn of(schema: &Schema) -> Result<String, Error> {
    let mut writer = Writer {
        out: Vec::new(),
        taken: Taken::default(),
        named: BTreeMap::new(),
    };
    let root = Place {
        name: ROOT_NAME,
        namespace: ROOT_NAMESPACE,
        around: None,
    };
    writer.schema(schema, &root)?;
    String::from_utf8(writer.out).map_err(|_| Error::schema("wanted names in UTF-8"))
}

/// What a struct without a name is called here.
struct Place<'p> {
    name: &'p str,
    namespace: &'p str,
    /// The namespace of the record around.
    around: Option<&'p str>,
}

struct Writer<'s> {
    out: Vec<u8>,
    /// Full names of records.
    taken: Taken,
    /// Structs with a name of their own: what stands for them the second time.
    named: BTreeMap<&'s str, (&'s Schema, String)>,
}

impl<'s> Writer<'s> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn quoted(&mut self, text: &str) {
        crate::json::quote(text, &mut self.out);
    }

    fn schema(&mut self, schema: &'s Schema, place: &Place<'_>) -> Result<(), Error> {
        match (schema.is_optional(), schema.default()) {
            (false, _) => self.base(schema, place),
            (true, None) => {
                self.text("[\"null\",");
                self.base(schema, place)?;
                self.text("]");
                Ok(())
            }
            // The default is of the first branch.
            (true, Some(_)) => {
                self.text("[");
                self.base(schema, place)?;
                self.text(",\"null\"]");
                Ok(())
            }
        }
    }

    fn base(&mut self, schema: &'s Schema, place: &Place<'_>) -> Result<(), Error> {
        let primitive = match schema.ty() {
            Type::Struct(fields) => return self.structure(schema, fields, place),
            Type::Array(element) => {
                self.text("{\"type\":\"array\",\"items\":");
                self.schema(element, place)?;
                self.metadata(schema)?;
                self.text("}");
                return Ok(());
            }
            Type::Map(key, value) if *key.ty() == Type::String && !key.is_optional() => {
                self.text("{\"type\":\"map\",\"values\":");
                self.schema(value, place)?;
                self.metadata(schema)?;
                self.text("}");
                return Ok(());
            }
            Type::Map(key, value) => return self.pairs(schema, key, value, place),
            Type::Boolean => "boolean",
            Type::Int8 | Type::Int16 | Type::Int32 => "int",
            Type::Int64 => "long",
            Type::Float32 => "float",
            Type::Float64 => "double",
            Type::Bytes => "bytes",
            Type::String => "string",
        };
        let start = self.out.len();
        self.text("{\"type\":\"");
        self.text(primitive);
        self.text("\"");
        let bare = self.out.len();
        let is_decimal = schema.decimal_scale()?;
        if let Some(scale) = is_decimal {
            let precision = parameter(schema, decimal::PRECISION).unwrap_or(ANY_PRECISION);
            let precision: u32 = precision.parse().map_err(|_| {
                Error::schema(format!(
                    "wanted a whole number as a decimal's precision, got {precision:?}"
                ))
            })?;
            self.text(&format!(",\"scale\":{scale},\"precision\":{precision}"));
        }
        self.metadata(schema)?;
        let type_name = match schema.ty() {
            Type::Int8 | Type::Int16 => Some(schema.ty().connect_name()),
            _ => None,
        };
        if let Some(name) = type_name {
            self.text(&format!(",\"connect.type\":\"{name}\""));
        }
        let logical = match schema.name() {
            Some(decimal::NAME) => Some("decimal"),
            Some("org.apache.kafka.connect.data.Date") => Some("date"),
            Some("org.apache.kafka.connect.data.Time") => Some("time-millis"),
            Some("org.apache.kafka.connect.data.Timestamp") => Some("timestamp-millis"),
            _ => None,
        };
        if let Some(name) = logical {
            self.text(&format!(",\"logicalType\":\"{name}\""));
        }
        if self.out.len() == bare {
            self.out.truncate(start);
            self.text(&format!("\"{primitive}\""));
        } else {
            self.text("}");
        }
        Ok(())
    }

    fn structure(
        &mut self,
        schema: &'s Schema,
        fields: &'s [Field],
        place: &Place<'_>,
    ) -> Result<(), Error> {
        let (namespace, name) = match schema.name() {
            Some(full) => {
                if let Some((known, reference)) = self.named.get(full) {
                    if !same(known, schema) {
                        return Err(Error::schema(format!(
                            "two structs that differ are called {full}"
                        )));
                    }
                    let (namespace, name) = split(reference);
                    let short = place.around == Some(namespace.as_str());
                    let reference = if short { name } else { reference.clone() };
                    self.quoted(&reference);
                    return Ok(());
                }
                let (namespace, name) = split(full);
                let adjusted = join(&namespace, &name);
                if !self.taken.take(&adjusted) {
                    return Err(Error::schema(format!(
                        "two structs are called {adjusted} in Avro, where {full} is one of them"
                    )));
                }
                self.named.insert(full, (schema, adjusted));
                (namespace, name)
            }
            None => {
                let full = self.taken.unique(join(place.namespace, place.name));
                split(&full)
            }
        };
        self.text("{\"type\":\"record\",\"name\":");
        self.quoted(&name);
        if place.around.unwrap_or_default() != namespace {
            self.text(",\"namespace\":");
            self.quoted(&namespace);
        }
        self.text(",\"fields\":[");
        let mut taken = Taken::default();
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.text(",");
            }
            let member = taken.unique(sanitised(field.name()));
            self.text("{\"name\":");
            self.quoted(&member);
            self.text(",\"type\":");
            let inner = Place {
                name: &format!("{name}_{member}"),
                namespace: &namespace,
                around: Some(&namespace),
            };
            self.schema(field.schema(), &inner)
                .map_err(|error| error.in_field(field.name()))?;
            if let Some(default) = field.schema().default() {
                self.text(",\"default\":");
                self.value(field.schema(), default)?;
            } else if field.schema().is_optional() {
                self.text(",\"default\":null");
            }
            if member != **field.name() {
                self.text(&format!(",\"{FIELD_NAME}\":"));
                self.quoted(field.name());
            }
            self.text("}");
        }
        self.text("]");
        self.metadata(schema)?;
        self.text("}");
        Ok(())
    }

    /// A map whose keys are no texts: an array of records of two.
    fn pairs(
        &mut self,
        schema: &'s Schema,
        key: &'s Schema,
        value: &'s Schema,
        place: &Place<'_>,
    ) -> Result<(), Error> {
        let full = format!("{}_entry", join(place.namespace, place.name));
        let (namespace, name) = split(&self.taken.unique(full));
        self.text("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":");
        self.quoted(&name);
        if place.around.unwrap_or_default() != namespace {
            self.text(",\"namespace\":");
            self.quoted(&namespace);
        }
        self.text(",\"fields\":[");
        for (member, part) in [("key", key), ("value", value)] {
            if member == "value" {
                self.text(",");
            }
            self.text(&format!("{{\"name\":\"{member}\",\"type\":"));
            let inner = Place {
                name: &format!("{name}_{member}"),
                namespace: &namespace,
                around: Some(&namespace),
            };
            self.schema(part, &inner)?;
            if part.is_optional() && part.default().is_none() {
                self.text(",\"default\":null");
            }
            self.text("}");
        }
        self.text("]}");
        self.metadata(schema)?;
        self.text("}");
        Ok(())
    }

    /// What Avro has no word for, as `AvroData` adds it.
    fn metadata(&mut self, schema: &'s Schema) -> Result<(), Error> {
        if let Some(doc) = schema.get_doc() {
            self.text(",\"connect.doc\":");
            self.quoted(doc);
        }
        if let Some(version) = schema.get_version() {
            self.text(&format!(",\"connect.version\":{version}"));
        }
        for (index, (name, value)) in schema.parameters().iter().enumerate() {
            self.text(if index == 0 {
                ",\"connect.parameters\":{"
            } else {
                ","
            });
            self.quoted(name);
            self.text(":");
            self.quoted(value);
        }
        if !schema.parameters().is_empty() {
            self.text("}");
        }
        if let Some(default) = schema.default() {
            self.text(",\"connect.default\":");
            self.value(schema, default)?;
        }
        if let Some(name) = schema.name() {
            self.text(",\"connect.name\":");
            self.quoted(name);
        }
        Ok(())
    }

    /// A default as Avro's JSON has it: bytes are characters below U+0100, a union's value is of its first branch.
    fn value(&mut self, schema: &Schema, datum: &Datum) -> Result<(), Error> {
        let latin1 =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| char::from(*byte)).collect() };
        match (schema.ty(), datum) {
            (_, Datum::Null) => self.text("null"),
            (_, Datum::Decimal(value)) => {
                let characters = value.with_unscaled_bytes(latin1);
                self.quoted(&characters);
            }
            (_, Datum::Bytes(value)) => {
                let characters = latin1(value);
                self.quoted(&characters);
            }
            (Type::Array(element), Datum::Array(values)) => {
                self.text("[");
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        self.text(",");
                    }
                    self.value(element, value)?;
                }
                self.text("]");
            }
            (Type::Struct(fields), Datum::Struct(values)) => {
                let mut taken = Taken::default();
                self.text("{");
                for (index, (field, value)) in fields.iter().zip(values).enumerate() {
                    if index > 0 {
                        self.text(",");
                    }
                    let name = taken.unique(sanitised(field.name()));
                    self.quoted(&name);
                    self.text(":");
                    self.value(field.schema(), value)?;
                }
                self.text("}");
            }
            (Type::Map(..), _) => {
                return Err(Error::schema("wanted no default for a map, got one"));
            }
            _ => crate::json::plain(schema, datum, &mut self.out)?,
        }
        Ok(())
    }
}

fn parameter<'s>(schema: &'s Schema, name: &str) -> Option<&'s str> {
    let mut parameters = schema.parameters().iter();
    let found = parameters.find(|(known, _)| &**known == name);
    found.map(|(_, value)| &**value)
}

/// Whether two structs of one name are the same but for null.
fn same(one: &Schema, other: &Schema) -> bool {
    one == other || one.clone().optional() == other.clone().optional()
}

/// Namespace and name of a full name, each part as Avro accepts it.
fn split(full: &str) -> (String, String) {
    let mut parts: Vec<String> = full.split('.').map(sanitised).collect();
    let name = parts.pop().unwrap_or_default();
    (parts.join("."), name)
}

fn join(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}
