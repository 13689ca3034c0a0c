//! The JSON Schema of a Connect schema.

use crate::json::{Decimals, Form, Node, quote};
use crate::{Error, Schema, Type, decimal};

pub(super) fn of(schema: &Schema, form: Form) -> Result<String, Error> {
    let mut writer = Writer {
        out: Vec::new(),
        form,
    };
    writer.schema(schema, None)?;
    String::from_utf8(writer.out).map_err(|_| Error::schema("wanted names in UTF-8"))
}

struct Writer {
    out: Vec<u8>,
    form: Form,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn quoted(&mut self, text: &str) {
        quote(text, &mut self.out);
    }

    /// `index` is the field's place in its struct: JSON has no order of members.
    fn schema(&mut self, schema: &Schema, index: Option<usize>) -> Result<(), Error> {
        if schema.is_optional() {
            self.text("{\"oneOf\":[{\"type\":\"null\"},");
            self.base(schema, None)?;
            self.text("]");
            self.index(index);
            self.text("}");
            return Ok(());
        }
        self.base(schema, index)
    }

    fn index(&mut self, index: Option<usize>) {
        if let Some(index) = index {
            self.text(&format!(",\"connect.index\":{index}"));
        }
    }

    fn base(&mut self, schema: &Schema, index: Option<usize>) -> Result<(), Error> {
        let (ty, connect) = self.types(schema)?;
        self.text(&format!("{{\"type\":\"{ty}\""));
        if let Some(name) = schema.name() {
            self.text(",\"title\":");
            self.quoted(name);
        }
        if let Some(doc) = schema.get_doc() {
            self.text(",\"description\":");
            self.quoted(doc);
        }
        if let Some(default) = schema.default() {
            self.text(",\"default\":");
            Node::compile(schema, self.form)?.write(default, &mut self.out)?;
        }
        match schema.ty() {
            Type::Array(element) => {
                self.text(",\"items\":");
                self.schema(element, None)?;
            }
            Type::Map(key, value) if *key.ty() == Type::String && !key.is_optional() => {
                self.text(",\"additionalProperties\":");
                self.schema(value, None)?;
            }
            Type::Map(key, value) => {
                self.text(",\"items\":{\"type\":\"object\",\"properties\":{\"key\":");
                self.schema(key, Some(0))?;
                self.text(",\"value\":");
                self.schema(value, Some(1))?;
                self.text("}}");
            }
            Type::Struct(fields) => {
                self.text(",\"properties\":{");
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        self.text(",");
                    }
                    self.quoted(field.name());
                    self.text(":");
                    self.schema(field.schema(), Some(index))
                        .map_err(|error| error.in_field(field.name()))?;
                }
                self.text("}");
            }
            _ => {}
        }
        self.index(index);
        if let Some(connect) = connect {
            self.text(&format!(",\"connect.type\":\"{connect}\""));
        }
        if let Some(version) = schema.get_version() {
            self.text(&format!(",\"connect.version\":{version}"));
        }
        for (index, (name, value)) in schema.parameters().iter().enumerate() {
            let lead = if index == 0 {
                ",\"connect.parameters\":{"
            } else {
                ","
            };
            self.text(lead);
            self.quoted(name);
            self.text(":");
            self.quoted(value);
        }
        if !schema.parameters().is_empty() {
            self.text("}");
        }
        self.text("}");
        Ok(())
    }

    /// The type in JSON Schema, and what of Connect's it does not say.
    fn types(&self, schema: &Schema) -> Result<(&'static str, Option<&'static str>), Error> {
        Ok(match schema.ty() {
            Type::Boolean => ("boolean", None),
            Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => {
                ("integer", Some(schema.ty().connect_name()))
            }
            Type::Float32 => ("number", Some("float32")),
            Type::Float64 => ("number", Some("float64")),
            Type::String => ("string", None),
            Type::Bytes => match (schema.name(), self.form.decimals) {
                (Some(decimal::NAME), Decimals::Numeric) => {
                    schema.decimal_scale()?;
                    ("number", Some("bytes"))
                }
                _ => ("string", Some("bytes")),
            },
            Type::Array(_) => ("array", None),
            Type::Map(key, _) if *key.ty() == Type::String && !key.is_optional() => {
                ("object", Some("map"))
            }
            Type::Map(..) => ("array", Some("map")),
            Type::Struct(_) => ("object", None),
        })
    }
}
