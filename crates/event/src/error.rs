//! The crate's error: what was wanted, what came, and at which path of the schema.

use std::fmt;

/// What went wrong, for the caller's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A schema that cannot be: two fields of one name, a default that does not fit, a decimal without a scale.
    Schema,
    /// A datum that does not fit its schema.
    Datum,
}

/// A schema or a datum that cannot be used. `path` names the field (`after.lines[3].qty`), empty for the root.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: Kind,
    path: String,
    message: String,
}

impl Error {
    pub(crate) fn schema(message: impl Into<String>) -> Self {
        Self::new(Kind::Schema, message.into())
    }

    pub(crate) fn datum(message: impl Into<String>) -> Self {
        Self::new(Kind::Datum, message.into())
    }

    fn new(kind: Kind, message: String) -> Self {
        Self(Box::new(Inner {
            kind,
            path: String::new(),
            message,
        }))
    }

    /// The same error seen from one level up, where the place it happened in is called `name`.
    pub(crate) fn in_field(mut self, name: &str) -> Self {
        let inner = &mut self.0;
        if !inner.path.is_empty() && !inner.path.starts_with('[') {
            inner.path.insert(0, '.');
        }
        inner.path.insert_str(0, name);
        self
    }

    /// As [`Error::in_field`], for element `index` (from 0) of an array or entry `index` of a map.
    pub(crate) fn in_element(self, index: usize) -> Self {
        self.in_field(&format!("[{index}]"))
    }

    /// What kind of fault this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The path of the field at fault, from the root of the schema: `after.lines[3].qty`; empty for the root itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "field {}: ", self.0.path)?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
