//! What every wire form has in common: [`Converter`].

use std::sync::Arc;

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
