//! JSON Schema as Confluent's `JsonSchemaConverter` writes it: its schema of a Connect schema, the data as JSON, and back.
//!
//! Types, titles, `connect.*` attributes and the form of nulls (`oneOf` with null) are those of `JsonSchemaData`
//! (Confluent's schema registry 8), so that its converter gives the same Connect schema back. The data is Connect's JSON but for
//! maps whose keys are no texts: those are objects of `key` and `value`.

use std::sync::Arc;

use crate::confluent::{MessagePath, SchemaType};
use crate::converter::whole;
use crate::json::{Decimals, Form, Node, Pairs};
use crate::{Converter, Datum, Error, Registered, Schema};

mod parse;
mod schema_text;

/// The schema of data that was written with this JSON Schema, and how it is read; `None` of a schema that is not one of Kafka Connect's
/// converter or of ours, whose data says all that is to be known of it.
///
/// # Errors
/// It is no JSON Schema.
pub(crate) fn parse(text: &str) -> Result<Option<(Schema, Node)>, Error> {
    let Some(schema) = parse::parse(text)? else {
        return Ok(None);
    };
    let form = Form {
        // Both forms are read.
        decimals: Decimals::Base64,
        pairs: Pairs::Objects,
    };
    let node = Node::compile(&schema, form)?;
    Ok(Some((schema, node)))
}

/// Writes data of one schema as JSON that a registered JSON Schema describes.
#[derive(Clone, Debug)]
pub struct JsonSchemaConverter {
    schema: Arc<Schema>,
    text: Arc<str>,
    root: Node,
}

impl JsonSchemaConverter {
    /// A converter for data of that schema. Confluent's default for decimals is [`Decimals::Base64`].
    ///
    /// # Errors
    /// When the schema cannot be written: a decimal without a scale.
    pub fn new(schema: impl Into<Arc<Schema>>, decimals: Decimals) -> Result<Self, Error> {
        let schema = schema.into();
        let form = Form {
            decimals,
            pairs: Pairs::Objects,
        };
        Ok(Self {
            text: schema_text::of(&schema, form)?.into(),
            root: Node::compile(&schema, form)?,
            schema,
        })
    }
}

impl Converter for JsonSchemaConverter {
    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        whole(out, |out| self.root.write(datum, out))
    }
}

impl Registered for JsonSchemaConverter {
    fn kind(&self) -> SchemaType {
        SchemaType::Json
    }

    fn schema_text(&self) -> &str {
        &self.text
    }

    fn record_name(&self) -> &str {
        self.schema.name().unwrap_or_default()
    }

    fn message(&self) -> Option<MessagePath> {
        None
    }

    fn read(&self, bytes: &[u8]) -> Result<Datum, Error> {
        self.root.read(bytes)
    }
}

#[cfg(test)]
mod tests;
