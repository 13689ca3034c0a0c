//! Data of registered schemas, read by what the registry has of them: [`SchemaReader`].

use std::sync::Arc;

use crate::confluent::{MessagePath, SchemaType};
use crate::json::{Decimals, Form};
use crate::{Error, avro, json, json_schema, protobuf};

/// Reads data by the schema it was written with, as it is registered, and gives it as Connect's JSON without schemas, decimals as numbers: as
/// [`crate::JsonConverter`] writes the same data.
///
/// Reads what Kafka Connect's converters write, and ours. Names of fields are those before Avro or Protobuf had them changed, where the
/// schema says so, as ours do. What Protobuf cannot tell apart, it does not: a null array is an empty one.
#[derive(Debug)]
pub struct SchemaReader(Read);

#[derive(Debug)]
enum Read {
    Avro(avro::Node, json::Node),
    Protobuf(Arc<protobuf::Node>, json::Node),
    Json(json::Node, json::Node),
    /// JSON of a schema that is not Connect's.
    AsItIs,
}

impl SchemaReader {
    /// A reader for data of that schema: of Protobuf, of that message in its file, the first unless said otherwise.
    ///
    /// # Errors
    /// It is no schema of that kind, refers to others, or has what Kafka Connect has no word for.
    pub fn new(kind: SchemaType, text: &str, message: Option<&MessagePath>) -> Result<Self, Error> {
        let form = Form::connect(Decimals::Numeric);
        Ok(Self(match kind {
            SchemaType::Avro => {
                let (schema, node) = avro::parse(text)?;
                Read::Avro(node, json::Node::compile(&schema, form)?)
            }
            SchemaType::Protobuf => {
                let first = MessagePath::default();
                let (schema, node) = protobuf::parse(text, message.unwrap_or(&first))?;
                Read::Protobuf(node, json::Node::compile(&schema, form)?)
            }
            SchemaType::Json => match json_schema::parse(text)? {
                Some((schema, node)) => Read::Json(node, json::Node::compile(&schema, form)?),
                None => Read::AsItIs,
            },
        }))
    }

    /// The data, all of it and without what stands in front of it, as JSON.
    ///
    /// # Errors
    /// It was not written with this schema; the error names the path.
    pub fn json(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
        let (datum, node) = match &self.0 {
            Read::Avro(node, json) => (node.read_whole(data)?, json),
            Read::Protobuf(node, json) => (node.read(data)?, json),
            Read::Json(node, json) => (node.read(data)?, json),
            Read::AsItIs => {
                let read = serde_json::from_slice::<serde::de::IgnoredAny>(data);
                read.map_err(|_| Error::datum("wanted JSON, got something else"))?;
                return Ok(data.to_vec());
            }
        };
        let mut out = Vec::with_capacity(data.len().saturating_mul(3));
        node.write(&datum, &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests;
