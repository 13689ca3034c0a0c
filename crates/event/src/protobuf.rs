//! Protobuf as Confluent's `ProtobufConverter` writes it: its proto3 schema of a Connect schema, its encoding of the data, and back.
//!
//! Types, logical types and field options are those of `ProtobufData` (Confluent's schema registry 8 with
//! `optional.for.nullables=true`), so that its deserialisers give the same values back. Four things are to be known:
//!
//! - A field that may be null is `optional`. Confluent's own default leaves the word out, and a null is then read as 0.
//! - A null array or map is written as nothing, and reads as an empty one: Protobuf cannot tell the two apart.
//! - A map is `map<K, V>` where Protobuf has that; else the entries are messages of key and value, the same bytes.
//! - Names are made valid as in Avro; what a field was called is its `json_name`. A struct without a name gets one by its field, where `ProtobufData` counts.
//!
//! Names and versions of logical types that are not Connect's own are not in the schema: Protobuf has no place for them.

use std::sync::Arc;

use crate::confluent::{MessagePath, SchemaType};
use crate::converter::whole;
use crate::{Converter, Datum, Error, Registered, Schema};

mod compile;
mod parse;
mod plan;
mod read;
mod schema_text;
mod write;

pub(crate) use plan::Node;

/// The schema of data that was written with that message of a Protobuf file, and how it is read.
pub(crate) fn parse(text: &str, message: &MessagePath) -> Result<(Schema, Arc<Node>), Error> {
    parse::parse(text, message)
}

/// Writes data of one schema, a struct, as Protobuf.
#[derive(Clone, Debug)]
pub struct ProtobufConverter {
    schema: Arc<Schema>,
    text: Arc<str>,
    name: Arc<str>,
    root: Arc<Node>,
}

impl ProtobufConverter {
    /// A converter for data of that schema.
    ///
    /// # Errors
    /// When the schema cannot be written: something else than a struct at the root, an array of arrays, a decimal without a
    /// scale.
    pub fn new(schema: impl Into<Arc<Schema>>) -> Result<Self, Error> {
        let schema = schema.into();
        let compiled = compile::compile(&schema)?;
        Ok(Self {
            text: schema_text::of(&compiled).into(),
            name: compiled.full_name().into(),
            root: compiled.root,
            schema,
        })
    }
}

impl Converter for ProtobufConverter {
    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        whole(out, |out| self.root.write(datum, out))
    }
}

impl Registered for ProtobufConverter {
    fn kind(&self) -> SchemaType {
        SchemaType::Protobuf
    }

    fn schema_text(&self) -> &str {
        &self.text
    }

    fn record_name(&self) -> &str {
        &self.name
    }

    fn message(&self) -> Option<MessagePath> {
        Some(MessagePath::default())
    }

    fn read(&self, bytes: &[u8]) -> Result<Datum, Error> {
        self.root.read(bytes)
    }
}

#[cfg(test)]
mod tests;
