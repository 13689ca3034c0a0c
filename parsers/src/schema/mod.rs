//! Schemas of a layout, and records in their wire forms straight from record bytes.
//!
//! In: a compiled [`Layout`](crate::Layout), records. Out: the text of an Avro, JSON Schema or Protobuf schema; Avro
//! and Protobuf bytes appended to the caller's buffer, without a tree of values in between and without an allocation
//! per field. Every format is made from one mapping, [`Scalar`], which change capture uses as well: a topic and a file
//! written with this module have the same schema.
//!
//! | the copybook has | Avro | Protobuf | JSON Schema |
//! |---|---|---|---|
//! | text | `string` | `string` | `string`, `maxLength` |
//! | a whole number of up to 4, 9, 18 digits | `int`, `int`, `long` | `int32`, `int32`, `int64` | `integer` with limits |
//! | any other number | `bytes`, logical type `decimal` | `string` of plain digits | `number` |
//! | COMP-1, COMP-2 | `double` | `double` | `number` |
//! | a date of the meaning | `int`, logical type `date` | `int32`, days since 1970-01-01 | `string`, format `date` |
//! | a flag of the meaning | `boolean` | `bool` | `boolean` |
//! | bytes of the meaning | `bytes` | `bytes` | `string` of hexadecimal digits |
//! | a group | `record` | `message` | `object` |
//! | OCCURS | `array` | `repeated` | `array` with limits |
//! | one of several views, a null of the meaning | union with `null` | `optional` | `null` allowed, not required |
//!
//! Digits are those the bytes can hold, not those the picture shows (`PIC 9(4) COMP` holds 65535): no value of a record
//! is ever too large for its schema. Never rounds, never passes a number through a float.

#[cfg(feature = "arrow")]
pub mod arrow;
pub mod avro;
mod json_schema;
mod names;
pub mod protobuf;
mod scalar;
mod shape;
mod wire;

pub use avro::{Avro, AvroOptions};
pub use json_schema::{json_schema, json_schema_of_trees};
pub use protobuf::{Protobuf, ProtobufOptions};
pub use scalar::{Scalar, TimeUnit};

/// What to do about a field that does not decode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Invalid {
    /// Stop with its error.
    #[default]
    Fail,
    /// Give it no value: every field of the schema may then be null.
    Null,
}
