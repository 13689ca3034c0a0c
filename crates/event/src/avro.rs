//! Avro as Confluent's `AvroConverter` writes it: its schema of a Connect schema, its binary encoding of the data, and back.
//!
//! Attributes, unions, logical types and defaults are those of `AvroData` (Confluent's schema registry 7), so that its
//! deserialisers give the same Connect schema back. Two things differ on purpose. Names are made valid as Debezium's
//! `avro` adjustment does it, and a field whose name changed says what it was (`figway.name`). A struct without a name gets one by its
//! place (`Value_ADDRESS`), where `AvroData` counts (`ConnectDefault2`): a counted name changes when a group is put in before it, which
//! breaks every reader.
//!
//! No registry prefix: whoever registers the schema puts it in front.

use std::sync::Arc;

use crate::confluent::{MessagePath, SchemaType};
use crate::converter::whole;
use crate::{Converter, Datum, Error, Registered, Schema};

mod parse;
mod plan;
mod read;
mod schema_text;

pub(crate) use plan::Node;

/// The schema of data that was written with this Avro schema, and how it is read.
pub(crate) fn parse(text: &str) -> Result<(Schema, Node), Error> {
    parse::parse(text)
}

/// Writes data of one schema as Avro.
#[derive(Clone, Debug)]
pub struct AvroConverter {
    schema: Arc<Schema>,
    text: Arc<str>,
    name: Arc<str>,
    root: Node,
}

impl AvroConverter {
    /// A converter for data of that schema.
    ///
    /// # Errors
    /// When the schema cannot be written: a decimal without a scale, two structs of one name that differ.
    pub fn new(schema: impl Into<Arc<Schema>>) -> Result<Self, Error> {
        let schema = schema.into();
        Ok(Self {
            text: schema_text::of(&schema)?.into(),
            name: schema_text::root_name(&schema).into(),
            root: Node::compile(&schema)?,
            schema,
        })
    }

    /// The Avro schema, JSON without white space: what is registered.
    #[must_use]
    pub fn schema_text(&self) -> &str {
        &self.text
    }
}

impl Registered for AvroConverter {
    fn kind(&self) -> SchemaType {
        SchemaType::Avro
    }

    fn schema_text(&self) -> &str {
        &self.text
    }

    fn record_name(&self) -> &str {
        &self.name
    }

    fn message(&self) -> Option<MessagePath> {
        None
    }

    fn read(&self, bytes: &[u8]) -> Result<Datum, Error> {
        self.root.read_whole(bytes)
    }
}

impl Converter for AvroConverter {
    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        whole(out, |out| self.root.write(datum, out))
    }
}
