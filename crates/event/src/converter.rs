//! What every wire form has in common: [`Converter`]; and those whose schema stands in a registry: [`Registered`].

use std::sync::Arc;

use crate::confluent::{MessagePath, SchemaType};
use crate::wire::Input;
use crate::{Datum, Error, Schema};

/// Writes data of one schema in one wire form. Made once per topic and side (key, value).
pub trait Converter {
    /// The schema this was made for.
    fn schema(&self) -> &Arc<Schema>;

    /// Appends the datum to `out`. A tombstone is no datum: send it as a record without a value.
    ///
    /// # Errors
    /// When the datum does not fit the schema; the error names the path, and `out` is as it was.
    fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error>;
}

/// A wire form whose schema is registered, and whose data can be read by it. No prefix is written or expected: that is
/// [`crate::confluent::SchemaRef`]'s.
pub trait Registered: Converter {
    /// Which kind of schema.
    fn kind(&self) -> SchemaType;

    /// The schema as it is registered.
    fn schema_text(&self) -> &str;

    /// The full name of what is written, for the subjects that are made of it: an Avro record's, a Protobuf message's, a JSON
    /// Schema's title.
    fn record_name(&self) -> &str;

    /// Where the message stands in the schema; only of Protobuf.
    fn message(&self) -> Option<MessagePath>;

    /// The datum that stands in `bytes`, all of them.
    ///
    /// # Errors
    /// When they were not written with this schema; the error names the path.
    fn read(&self, bytes: &[u8]) -> Result<Datum, Error>;
}

/// Appends what `write` does to `out`, or nothing where that fails: what every [`Converter::write`] promises.
pub(crate) fn whole(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
) -> Result<(), Error> {
    let start = out.len();
    let written = write(out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

pub(crate) fn nothing_left(input: &Input<'_>) -> Result<(), Error> {
    if input.is_empty() {
        return Ok(());
    }
    let found = input.len();
    Err(Error::datum(format!(
        "wanted nothing behind the data, got {found} more bytes"
    )))
}

#[cfg(test)]
pub(crate) mod tests;
