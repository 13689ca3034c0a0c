//! A schema prepared for writing Avro's binary encoding.

use crate::datum::{in_range, same_count, wanted, wanted_scale};
use crate::wire::zigzag_varint;
use crate::{Datum, Error, Schema, Type};

/// One schema, ready to write its data.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(super) shape: Shape,
    /// In a union with null: which branch is null, and which the value.
    pub(super) branches: Option<(u8, u8)>,
    /// What null stands for, if not for itself.
    pub(super) default: Option<Datum>,
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
    Decimal(i32),
    String,
    Array(Box<Node>),
    /// A map of texts is Avro's, any other an array of records of two.
    Map(Box<Node>),
    Pairs(Box<Node>, Box<Node>),
    Struct(Box<[(std::sync::Arc<str>, Node)]>),
    /// Only read: texts, by their places.
    Enum(Box<[std::sync::Arc<str>]>),
    /// Only read: bytes of one length, or a decimal in them.
    Fixed {
        size: usize,
        scale: Option<i32>,
    },
}

impl Node {
    pub(super) fn compile(schema: &Schema) -> Result<Self, Error> {
        let shape = match schema.ty() {
            Type::Boolean => Shape::Boolean,
            Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => Shape::Int,
            Type::Float32 => Shape::Float32,
            Type::Float64 => Shape::Float64,
            Type::String => Shape::String,
            Type::Bytes => match schema.decimal_scale()? {
                Some(scale) => Shape::Decimal(scale),
                None => Shape::Bytes,
            },
            Type::Array(element) => Shape::Array(Box::new(Self::compile(element)?)),
            Type::Map(key, value) if *key.ty() == Type::String && !key.is_optional() => {
                Shape::Map(Box::new(Self::compile(value)?))
            }
            Type::Map(key, value) => Shape::Pairs(
                Box::new(Self::compile(key)?),
                Box::new(Self::compile(value)?),
            ),
            Type::Struct(fields) => Shape::Struct(
                fields
                    .iter()
                    .map(|field| {
                        let node = Self::compile(field.schema());
                        node.map(|node| (field.name().clone(), node))
                            .map_err(|error| error.in_field(field.name()))
                    })
                    .collect::<Result<_, _>>()?,
            ),
        };
        // The branch of the default comes first: Avro's default is of the first branch.
        let branches = match (schema.is_optional(), schema.default()) {
            (false, _) => None,
            (true, None) => Some((0, 1)),
            (true, Some(_)) => Some((1, 0)),
        };
        Ok(Self {
            shape,
            branches,
            default: schema.default().cloned(),
            ty: schema.ty().clone(),
        })
    }

    pub(super) fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        let datum = match (datum, &self.default) {
            (Datum::Null, Some(default)) => default,
            _ => datum,
        };
        match (self.branches, datum) {
            (Some((null, _)), Datum::Null) => {
                zigzag_varint(null.into(), out);
                return Ok(());
            }
            (Some((_, value)), _) => zigzag_varint(value.into(), out),
            (None, _) => {}
        }
        self.value(datum, out)
    }

    fn value(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        match (&self.shape, datum) {
            (Shape::String, Datum::String(text)) => bytes(text.as_bytes(), out),
            (Shape::Int, Datum::Int(value)) => {
                in_range(&self.ty, *value)?;
                zigzag_varint(*value, out);
            }
            (Shape::Decimal(scale), Datum::Decimal(value)) if value.scale() == *scale => {
                value.with_unscaled_bytes(|unscaled| bytes(unscaled, out));
            }
            (Shape::Decimal(scale), _) => return Err(wanted_scale(*scale, datum)),
            (Shape::Boolean, Datum::Boolean(value)) => out.push(u8::from(*value)),
            (Shape::Bytes, Datum::Bytes(value)) => bytes(value, out),
            (Shape::Float32, Datum::Float32(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Shape::Float64, Datum::Float64(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Shape::Struct(members), Datum::Struct(values)) => {
                same_count(members.len(), values.len())?;
                for ((name, member), value) in members.iter().zip(values) {
                    member
                        .write(value, out)
                        .map_err(|error| error.in_field(name))?;
                }
            }
            (Shape::Array(element), Datum::Array(values)) => {
                block(values.len(), out);
                for (index, value) in values.iter().enumerate() {
                    element
                        .write(value, out)
                        .map_err(|error| error.in_element(index))?;
                }
                out.push(0);
            }
            (Shape::Map(node), Datum::Map(entries)) => {
                block(entries.len(), out);
                for (index, (key, value)) in entries.iter().enumerate() {
                    let Datum::String(name) = key else {
                        return Err(wanted(&Type::String, key).in_element(index));
                    };
                    bytes(name.as_bytes(), out);
                    node.write(value, out)
                        .map_err(|error| error.in_element(index))?;
                }
                out.push(0);
            }
            (Shape::Pairs(key_node, value_node), Datum::Map(entries)) => {
                block(entries.len(), out);
                for (index, (key, value)) in entries.iter().enumerate() {
                    key_node
                        .write(key, out)
                        .and_then(|()| value_node.write(value, out))
                        .map_err(|error| error.in_element(index))?;
                }
                out.push(0);
            }
            _ => return Err(wanted(&self.ty, datum)),
        }
        Ok(())
    }
}

/// The count before the elements of an array or a map; none where there is no element.
fn block(count: usize, out: &mut Vec<u8>) {
    if count > 0 {
        zigzag_varint(i64::try_from(count).unwrap_or(i64::MAX), out);
    }
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    zigzag_varint(i64::try_from(bytes.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(bytes);
}
