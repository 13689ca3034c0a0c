//! A schema as Connect writes it into its JSON, members in Connect's order.

use super::plan::Node;
use super::{Decimals, Form, text};
use crate::{Error, Schema, Type};

/// Appends the schema. `field` is its name when it stands in a struct: Connect puts that last.
pub(super) fn write(
    schema: &Schema,
    field: Option<&str>,
    decimals: Decimals,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(schema.ty().connect_name().as_bytes());
    out.push(b'"');
    match schema.ty() {
        Type::Struct(fields) => {
            out.extend_from_slice(b",\"fields\":[");
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(field.schema(), Some(field.name()), decimals, out)?;
            }
            out.push(b']');
        }
        Type::Array(element) => {
            out.extend_from_slice(b",\"items\":");
            write(element, None, decimals, out)?;
        }
        Type::Map(key, value) => {
            out.extend_from_slice(b",\"keys\":");
            write(key, None, decimals, out)?;
            out.extend_from_slice(b",\"values\":");
            write(value, None, decimals, out)?;
        }
        _ => {}
    }
    out.extend_from_slice(b",\"optional\":");
    out.extend_from_slice(if schema.is_optional() {
        b"true"
    } else {
        b"false"
    });
    if let Some(name) = schema.name() {
        out.extend_from_slice(b",\"name\":");
        text::string(name, out);
    }
    if let Some(version) = schema.get_version() {
        out.extend_from_slice(b",\"version\":");
        text::integer(version.into(), out);
    }
    if let Some(doc) = schema.get_doc() {
        out.extend_from_slice(b",\"doc\":");
        text::string(doc, out);
    }
    if !schema.parameters().is_empty() {
        out.extend_from_slice(b",\"parameters\":{");
        for (index, (name, value)) in schema.parameters().iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            text::string(name, out);
            out.push(b':');
            text::string(value, out);
        }
        out.push(b'}');
    }
    if let Some(default) = schema.default() {
        out.extend_from_slice(b",\"default\":");
        Node::compile(schema, Form::connect(decimals))?.write(default, out)?;
    }
    if let Some(field) = field {
        out.extend_from_slice(b",\"field\":");
        text::string(field, out);
    }
    out.push(b'}');
    Ok(())
}
