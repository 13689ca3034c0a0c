//! A schema prepared for writing: member names escaped, ranges and scales at hand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Decimals, Form, Pairs, text};
use crate::datum::{in_range, same_count, wanted, wanted_scale};
use crate::{Datum, Error, Schema, Type};

/// One schema, ready to write its data.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(super) shape: Shape,
    /// What is written for null: the default's text, else `null` when that is allowed, else nothing.
    pub(super) null: Option<Box<[u8]>>,
    /// For messages.
    pub(super) ty: Type,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Boolean,
    Int,
    Float32,
    Float64,
    Bytes,
    Decimal {
        scale: i32,
        form: Decimals,
    },
    String,
    Array(Box<Node>),
    /// A map of texts is an object, any other an array of pairs.
    Object(Box<Node>),
    Pairs(Box<Node>, Box<Node>, Pairs),
    Struct(Box<[Member]>),
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: std::sync::Arc<str>,
    /// What stands before the value: `{"id":` for the first member, `,"id":` for the others.
    lead: Box<[u8]>,
    pub(super) node: Node,
}

impl Node {
    pub(crate) fn compile(schema: &Schema, form: Form) -> Result<Self, Error> {
        let shape = match schema.ty() {
            Type::Boolean => Shape::Boolean,
            Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => Shape::Int,
            Type::Float32 => Shape::Float32,
            Type::Float64 => Shape::Float64,
            Type::String => Shape::String,
            Type::Bytes => match schema.decimal_scale()? {
                Some(scale) => Shape::Decimal {
                    scale,
                    form: form.decimals,
                },
                None => Shape::Bytes,
            },
            Type::Array(element) => Shape::Array(Box::new(Self::compile(element, form)?)),
            Type::Map(key, value)
                if *key.ty() == Type::String
                    && (form.pairs == Pairs::Arrays || !key.is_optional()) =>
            {
                if key.is_optional() {
                    return Err(Error::schema(
                        "wanted map keys that are never null, got optional ones",
                    ));
                }
                Shape::Object(Box::new(Self::compile(value, form)?))
            }
            Type::Map(key, value) => Shape::Pairs(
                Box::new(Self::compile(key, form)?),
                Box::new(Self::compile(value, form)?),
                form.pairs,
            ),
            Type::Struct(fields) => {
                let mut members = Vec::with_capacity(fields.len());
                for field in fields.iter() {
                    let mut lead = vec![if members.is_empty() { b'{' } else { b',' }];
                    text::string(field.name(), &mut lead);
                    lead.push(b':');
                    let node = Self::compile(field.schema(), form)
                        .map_err(|error| error.in_field(field.name()))?;
                    members.push(Member {
                        name: field.name().clone(),
                        lead: lead.into(),
                        node,
                    });
                }
                Shape::Struct(members.into())
            }
        };
        let mut node = Self {
            shape,
            null: None,
            ty: schema.ty().clone(),
        };
        // As Connect's converter with `replace.null.with.default`, which is on unless told otherwise.
        node.null = match schema.default() {
            Some(default) => {
                let mut text = Vec::new();
                node.write(default, &mut text)?;
                Some(text.into())
            }
            None => schema.is_optional().then(|| b"null".as_slice().into()),
        };
        Ok(node)
    }

    pub(crate) fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        match (&self.shape, datum) {
            (_, Datum::Null) => match &self.null {
                Some(text) => out.extend_from_slice(text),
                None => return Err(wanted(&self.ty, datum)),
            },
            (Shape::String, Datum::String(value)) => text::string(value, out),
            (Shape::Int, Datum::Int(value)) => {
                in_range(&self.ty, *value)?;
                text::integer(*value, out);
            }
            (Shape::Decimal { scale, form }, Datum::Decimal(value)) if value.scale() == *scale => {
                match form {
                    Decimals::Base64 => value.with_unscaled_bytes(|bytes| base64(bytes, out)),
                    Decimals::Numeric => value.write(out),
                }
            }
            (Shape::Decimal { scale, .. }, _) => return Err(wanted_scale(*scale, datum)),
            (Shape::Boolean, Datum::Boolean(value)) => {
                out.extend_from_slice(if *value { b"true" } else { b"false" });
            }
            (Shape::Bytes, Datum::Bytes(value)) => base64(value, out),
            (Shape::Float32, Datum::Float32(value)) => text::float32(*value, out),
            (Shape::Float64, Datum::Float64(value)) => text::float64(*value, out),
            (Shape::Struct(members), Datum::Struct(values)) => structure(members, values, out)?,
            (Shape::Array(element), Datum::Array(values)) => {
                out.push(b'[');
                for (index, value) in values.iter().enumerate() {
                    separate(index, out);
                    element
                        .write(value, out)
                        .map_err(|error| error.in_element(index))?;
                }
                out.push(b']');
            }
            (Shape::Object(node), Datum::Map(entries)) => object(node, entries, out)?,
            (Shape::Pairs(key_node, value_node, form), Datum::Map(entries)) => {
                let (open, between, close) = form.texts();
                out.push(b'[');
                for (index, (key, value)) in entries.iter().enumerate() {
                    separate(index, out);
                    out.extend_from_slice(open);
                    key_node
                        .write(key, out)
                        .map_err(|error| error.in_element(index))?;
                    out.extend_from_slice(between);
                    value_node
                        .write(value, out)
                        .map_err(|error| error.in_element(index))?;
                    out.extend_from_slice(close);
                }
                out.push(b']');
            }
            _ => return Err(wanted(&self.ty, datum)),
        }
        Ok(())
    }
}

fn structure(members: &[Member], values: &[Datum], out: &mut Vec<u8>) -> Result<(), Error> {
    same_count(members.len(), values.len())?;
    if members.is_empty() {
        out.push(b'{');
    }
    for (member, value) in members.iter().zip(values) {
        out.extend_from_slice(&member.lead);
        member
            .node
            .write(value, out)
            .map_err(|error| error.in_field(&member.name))?;
    }
    out.push(b'}');
    Ok(())
}

/// A map of texts. JSON leaves open what two members of one name mean, so they are refused.
fn object(node: &Node, entries: &[(Datum, Datum)], out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(b'{');
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    for (index, (key, value)) in entries.iter().enumerate() {
        let Datum::String(name) = key else {
            return Err(wanted(&Type::String, key).in_element(index));
        };
        if !seen.insert(name) {
            return Err(
                Error::datum("wanted map keys that differ, got one twice").in_element(index)
            );
        }
        separate(index, out);
        text::string(name, out);
        out.push(b':');
        node.write(value, out)
            .map_err(|error| error.in_element(index))?;
    }
    out.push(b'}');
    Ok(())
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

/// Standard alphabet, padded, in quotes; written in place.
fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    // A group of three bytes at a time: no length to compute, no room to miss.
    out.push(b'"');
    for chunk in bytes.chunks(3 * 256) {
        let mut buffer = [0_u8; 4 * 256];
        if let Ok(written) = STANDARD.encode_slice(chunk, &mut buffer) {
            out.extend_from_slice(buffer.get(..written).unwrap_or_default());
        }
    }
    out.push(b'"');
}
