//! Avro: the schema of a layout, and records as Avro data straight from their bytes.
//!
//! In: a layout and [`AvroOptions`] once, then records. Out: the schema's text, the binary encoding of each record
//! appended to the caller's buffer, and what makes a file of them ([`Container`]). A registry's prefix is the caller's. The specification is
//! Avro 1.11; with [`Annotations::Connect`] the text is the one that Confluent's `AvroConverter` registers for the
//! Connect schema that change capture makes of the same layout.

mod container;
mod text;
mod write;

pub use container::Container;
pub(crate) use text::quote;

use super::{Invalid, names, shape};
use crate::error::FieldError;
use crate::layout::Layout;

/// How an Avro schema is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AvroOptions {
    /// The record's full name, `namespace.Name`; the layout's own name if not given.
    pub name: Option<String>,
    /// What stands beside the types.
    pub annotations: Annotations,
    /// What a field that does not decode gives.
    pub invalid: Invalid,
}

/// What stands beside the types of a schema. The bytes of a record are the same with either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Annotations {
    /// Avro's own: logical types, `doc` and, where the meaning gives a business name, the COBOL name in `aliases`.
    #[default]
    Avro,
    /// Kafka Connect's (`connect.name`, `connect.parameters`, ...), as Confluent's converter writes them. A date is
    /// Debezium's there and has no logical type: Connect refuses a schema with two names.
    Connect,
}

/// A layout prepared for Avro.
#[derive(Debug)]
pub struct Avro {
    schema: String,
    plan: write::Plan,
}

impl Avro {
    /// Prepares a layout.
    pub fn new(layout: &Layout, options: &AvroOptions) -> Avro {
        let members = shape::of(layout, options.invalid);
        let name = options.name.as_deref().unwrap_or_else(|| layout.name());
        Avro {
            schema: text::schema(&members, name, options),
            plan: write::Plan::new(layout, &members, options),
        }
    }

    /// The schema as JSON without white space.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// What makes an object container file of records written with this.
    pub fn container(&self) -> Container {
        Container::new(&self.schema)
    }

    /// Appends a record of the layout this was made for in Avro's binary encoding.
    ///
    /// # Errors
    /// The first field that does not decode, unless [`Invalid::Null`] was asked for; `out` is then as it was.
    pub fn write(
        &self,
        layout: &Layout,
        record: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FieldError> {
        write::write(&self.plan, layout, record, out)
    }
}

/// The namespace and the name of a full name, each as Avro accepts it.
fn split(full: &str) -> (String, String) {
    let parts: Vec<String> = full.split('.').map(names::sanitised).collect();
    match parts.split_last() {
        Some((name, namespace)) => (namespace.join("."), name.clone()),
        None => (String::new(), names::sanitised(full)),
    }
}
