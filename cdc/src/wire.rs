//! How keys and values of a source's topic are written: one converter each, and what says in front which schema it was.
//!
//! In: the source's configuration. Out: [`Wires`], made once per opening of its producer; where the format's schemas are registered,
//! that is done then, before anything is sent.

use std::sync::Arc;

use event::confluent::{SchemaId, SchemaRef, Side};
use event::{
    AvroConverter, Converter, Datum, EnvelopeSchema, JsonConverter, JsonSchemaConverter,
    ProtobufConverter, Registered, Schema,
};
use kafka::registry::{RegistryClient, RegistryConfig, SchemaText, Schemas};

use crate::config::{Format, SourceConfig};
use crate::decode::Decoder;
use crate::error::{Error, ErrorKind, Result};

/// Key and value of one topic.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) key: Wire,
    pub(crate) value: Wire,
}

/// One side.
pub(crate) enum Wire {
    Json(JsonConverter),
    Registered {
        /// What stands in front of each datum.
        reference: Vec<u8>,
        converter: Box<dyn Registered + Send + Sync>,
    },
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Json(_) => "json",
            Self::Registered { converter, .. } => converter.kind().as_str(),
        };
        f.debug_tuple("Wire").field(&name).finish()
    }
}

impl Wire {
    /// Appends the datum; `out` is as it was when that fails.
    pub(crate) fn write(
        &self,
        datum: &Datum,
        out: &mut Vec<u8>,
    ) -> std::result::Result<(), event::Error> {
        match self {
            Self::Json(converter) => converter.write(datum, out),
            Self::Registered {
                reference,
                converter,
            } => {
                let start = out.len();
                out.extend_from_slice(reference);
                let written = converter.write(datum, out);
                if written.is_err() {
                    out.truncate(start);
                }
                written
            }
        }
    }
}

impl Wires {
    /// Makes the converters, and registers or looks up their schemas where the format has them registered.
    pub(crate) async fn open(config: &SourceConfig) -> Result<Arc<Self>> {
        let (key, value) = schemas(config)?;
        let registry = match (config.format(), config.registry()) {
            (Format::Json(_), _) => None,
            (_, Some(registry)) => Some((registry, RegistryClient::new(registry)?)),
            (_, None) => {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("source {} needs a schema registry", config.name()),
                ));
            }
        };
        let mut wires = Vec::with_capacity(2);
        for (side, schema) in [(Side::Key, key), (Side::Value, value)] {
            wires.push(match (converter(config, schema)?, &registry) {
                (Made::Json(converter), _) => Wire::Json(converter),
                (Made::Registered(converter), Some((asked, client))) => {
                    let reference = reference(config, asked, client, side, &*converter).await?;
                    Wire::Registered {
                        reference,
                        converter,
                    }
                }
                (Made::Registered(_), None) => return Err(none(config)),
            });
        }
        let (value, key) = (wires.pop(), wires.pop());
        match (key, value) {
            (Some(key), Some(value)) => Ok(Arc::new(Self { key, value })),
            _ => Err(none(config)),
        }
    }
}

fn none(config: &SourceConfig) -> Error {
    let name = config.name();
    Error::new(
        ErrorKind::Internal,
        format!("source {name} has no converter"),
    )
}

enum Made {
    Json(JsonConverter),
    Registered(Box<dyn Registered + Send + Sync>),
}

/// The schemas of the topic's keys and values.
fn schemas(config: &SourceConfig) -> Result<(Arc<Schema>, Arc<Schema>)> {
    let decoder = Decoder::new(Arc::clone(config.layout()))?;
    let topic = config.topic();
    let fields = decoder.key_fields().to_vec();
    let key = event::envelope::key_schema(topic, fields).map_err(|error| unfit(config, error))?;
    let source = event::source::schema().map_err(|error| unfit(config, error))?;
    let envelope = EnvelopeSchema::new(topic, decoder.schema(), source);
    let envelope = envelope.map_err(|error| unfit(config, error))?;
    Ok((key, Arc::clone(envelope.schema())))
}

fn unfit(config: &SourceConfig, error: event::Error) -> Error {
    let message = format!("the layout of source {} has no event schema", config.name());
    Error::new(ErrorKind::Config, message).with_source(error)
}

fn converter(config: &SourceConfig, schema: Arc<Schema>) -> Result<Made> {
    let made = match config.format() {
        Format::Json(options) => JsonConverter::new(schema, options).map(Made::Json),
        Format::Avro => AvroConverter::new(schema).map(|made| Made::Registered(Box::new(made))),
        Format::Protobuf => {
            ProtobufConverter::new(schema).map(|made| Made::Registered(Box::new(made)))
        }
        Format::JsonSchema(decimals) => {
            JsonSchemaConverter::new(schema, decimals).map(|made| Made::Registered(Box::new(made)))
        }
    };
    made.map_err(|error| unfit(config, error))
}

/// What stands in front of each datum of that side.
async fn reference(
    config: &SourceConfig,
    asked: &RegistryConfig,
    client: &RegistryClient,
    side: Side,
    converter: &(dyn Registered + Send + Sync),
) -> Result<Vec<u8>> {
    let subject = asked
        .subjects()
        .subject(config.topic(), side, converter.record_name());
    let text = SchemaText::new(converter.kind(), converter.schema_text());
    let found = match asked.schemas() {
        Schemas::Register => client.register(&subject, &text).await?,
        Schemas::LookUp => client.look_up(&subject, &text).await?,
    };
    tracing::info!(source = config.name(), subject, id = found.id, "schema");
    let mut reference = Vec::new();
    SchemaRef {
        id: SchemaId::Number(found.id),
        message: converter.message(),
    }
    .write(&mut reference);
    Ok(reference)
}
