//! What a change looks like on its way to Kafka: [`Schema`] and [`Datum`] (the model of Kafka Connect), the Debezium
//! [`Envelope`] with a source block of ours, dead letters, and the wire forms of all that.
//!
//! In: schemas and values built by a source (`cdc`). Out: the bytes of a record's key, value and headers.
//! This crate does no I/O, reads no clock and does not panic; what it uses in memory is bounded by its input.
//!
//! Read [`schema`] and [`datum`] first, then [`envelope`]. The wire forms are each a [`Converter`]: [`json`] is Connect's;
//! [`avro`], [`ProtobufConverter`] and [`JsonSchemaConverter`] are those whose schema stands in a registry ([`Registered`]), and
//! [`confluent`] says in each record which schema that is; a [`SchemaReader`] reads data by what the registry has.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "a test that overflows fails, which is what it is for"
    )
)]

pub mod avro;
pub mod confluent;
mod converter;
pub mod datum;
pub mod dead_letter;
pub mod decimal;
pub mod envelope;
mod error;
pub mod json;
mod json_schema;
mod names;
pub mod proto_file;
mod protobuf;
mod reader;
pub mod schema;
pub mod source;
pub mod time;
mod wire;

pub use avro::AvroConverter;
pub use converter::{Converter, Registered};
pub use datum::Datum;
pub use dead_letter::DeadLetter;
pub use decimal::Decimal;
pub use envelope::{Envelope, EnvelopeSchema, Op};
pub use error::{Error, Kind};
pub use json::{Decimals, JsonConverter, JsonOptions, Schemas};
pub use json_schema::JsonSchemaConverter;
pub use protobuf::ProtobufConverter;
pub use reader::SchemaReader;
pub use schema::{Field, Schema, Type};
pub use source::{Position, Snapshot, SourceBlock};
