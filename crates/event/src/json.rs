//! Connect's JSON (`org.apache.kafka.connect.json.JsonConverter`), with the schema in each record or without.
//!
//! A [`JsonConverter`] is made once per topic and side (key, value): the schema's text, every member's name and every
//! check that depends on the schema alone are prepared then. Writing a record appends to the caller's buffer and
//! allocates nothing of its own.

use std::sync::Arc;

use crate::converter::whole;
use crate::{Converter, Datum, Error, Schema};

mod plan;
mod read;
mod schema_text;
mod text;

pub(crate) use plan::Node;

/// Whether each record carries its schema: `schemas.enable` of Connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schemas {
    /// `{"schema":…,"payload":…}`: long, and readable by every sink.
    #[default]
    Enabled,
    /// Only the payload.
    Disabled,
}

/// How decimals look: `decimal.format` of Connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimals {
    /// The unscaled bytes in base64: what Connect does unless told otherwise; the scale is in the schema.
    #[default]
    Base64,
    /// A JSON number with all its digits. Readers must not take it through a float.
    Numeric,
}

/// How the JSON looks. The default is Connect's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// Schema in each record or not.
    pub schemas: Schemas,
    /// How decimals look.
    pub decimals: Decimals,
}

/// How a map is written whose keys are no texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// `[[key,value]]`: Connect's JSON.
    Arrays,
    /// `[{"key":…,"value":…}]`: Confluent's JSON Schema.
    Objects,
}

impl Pairs {
    /// What stands before, between and behind a key and its value.
    fn texts(self) -> (&'static [u8], &'static [u8], &'static [u8]) {
        match self {
            Self::Arrays => (b"[", b",", b"]"),
            Self::Objects => (b"{\"key\":", b",\"value\":", b"}"),
        }
    }
}

/// What differs between the converters that write JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) decimals: Decimals,
    pub(crate) pairs: Pairs,
}

impl Form {
    pub(crate) fn connect(decimals: Decimals) -> Self {
        Self {
            decimals,
            pairs: Pairs::Arrays,
        }
    }
}

/// Writes data of one schema as JSON.
#[derive(Clone, Debug)]
pub struct JsonConverter {
    schema: Arc<Schema>,
    root: Node,
    before: Box<[u8]>,
    behind: &'static [u8],
}

impl JsonConverter {
    /// A converter for data of that schema.
    ///
    /// # Errors
    /// When the schema cannot be written: a decimal without a scale, a map of texts that may be null.
    pub fn new(schema: impl Into<Arc<Schema>>, options: JsonOptions) -> Result<Self, Error> {
        let schema = schema.into();
        let root = Node::compile(&schema, Form::connect(options.decimals))?;
        let (before, behind): (Vec<u8>, &'static [u8]) = match options.schemas {
            Schemas::Disabled => (Vec::new(), b""),
            Schemas::Enabled => {
                let mut before = b"{\"schema\":".to_vec();
                schema_text::write(&schema, None, options.decimals, &mut before)?;
                before.extend_from_slice(b",\"payload\":");
                (before, b"}")
            }
        };
        Ok(Self {
            schema,
            root,
            before: before.into(),
            behind,
        })
    }
}

/// A text in quotes, as every JSON text of ours has it.
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    text::string(text, out);
}

/// A datum of a primitive type as bare JSON.
pub(crate) fn plain(schema: &Schema, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
    Node::compile(schema, Form::connect(Decimals::Numeric))?.write(datum, out)
}

impl Converter for JsonConverter {
    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        whole(out, |out| {
            out.extend_from_slice(&self.before);
            self.root.write(datum, out)?;
            out.extend_from_slice(self.behind);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
