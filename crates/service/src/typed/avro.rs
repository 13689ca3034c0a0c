//! Avro by a schema given in code.

mod read;

use std::sync::Arc;

use bytes::Bytes;
use event::{AvroConverter, Converter, Datum, Schema};

use super::{Decode, Encode, Undecodable, Unencodable, essence};
use crate::message::Request;

/// The first byte of Confluent's wire format.
const MAGIC: u8 = 0;

/// Avro's binary encoding of one schema, as [`AvroConverter`] writes it. Values are [`Datum`]s: a struct is its fields' values in the
/// order of the schema. Reads what was written with the same schema; another version of it is another `Avro`.
///
/// Takes requests of `application/avro`, `avro/binary`, `application/octet-stream` and of no media type; writes `application/avro`.
#[derive(Clone, Debug)]
pub struct Avro {
    converter: AvroConverter,
    /// The schema's id in front of each value.
    id: Option<u32>,
}

impl Avro {
    /// Values of that schema with nothing in front of them.
    ///
    /// # Errors
    /// As [`AvroConverter::new`].
    pub fn new(schema: impl Into<Arc<Schema>>) -> Result<Self, event::Error> {
        Ok(Self {
            converter: AvroConverter::new(schema)?,
            id: None,
        })
    }

    /// The same in Confluent's wire format: a zero byte and the schema's id in the registry, big endian, in front of each value.
    /// What comes with another id, or without one, does not decode.
    #[must_use]
    pub fn registered(mut self, id: u32) -> Self {
        self.id = Some(id);
        self
    }

    /// The Avro schema as JSON: what is registered.
    #[must_use]
    pub fn schema_text(&self) -> &str {
        self.converter.schema_text()
    }

    /// The value behind what stands in front of it.
    fn unframed<'a>(&self, body: &'a [u8]) -> Result<&'a [u8], Undecodable> {
        let Some(id) = self.id else { return Ok(body) };
        let wanted = || format!("wanted Avro of schema id {id}, with the id in front");
        match body.split_first_chunk::<5>() {
            Some((&[MAGIC, a, b, c, d], value)) if u32::from_be_bytes([a, b, c, d]) == id => {
                Ok(value)
            }
            Some((&[MAGIC, a, b, c, d], _)) => {
                let other = u32::from_be_bytes([a, b, c, d]);
                let reason = format!("{}, got schema id {other}", wanted());
                Err(Undecodable::misfit(reason))
            }
            _ => Err(Undecodable::unreadable(wanted())),
        }
    }
}

impl Decode for Avro {
    type Value = Datum;

    fn decode(&self, request: &Request) -> Result<Datum, Undecodable> {
        match essence(request).as_deref() {
            None | Some("application/avro" | "avro/binary" | "application/octet-stream") => {}
            Some(_) => return Err(Undecodable::media_type("application/avro")),
        }
        let body = self.unframed(&request.body)?;
        read::datum(self.converter.schema(), body)
            .map_err(|reason| Undecodable::unreadable(format!("wanted Avro: {reason}")))
    }
}

impl Encode for Avro {
    type Value = Datum;

    fn content_type(&self) -> &'static str {
        "application/avro"
    }

    fn encode(&self, value: &Datum) -> Result<Bytes, Unencodable> {
        let mut body = Vec::new();
        if let Some(id) = self.id {
            body.push(MAGIC);
            body.extend_from_slice(&id.to_be_bytes());
        }
        let written = self.converter.write(value, &mut body);
        written.map_err(|error| Unencodable(error.to_string()))?;
        Ok(Bytes::from(body))
    }
}
