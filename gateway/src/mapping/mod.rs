//! Mapping files: one message as another. Pure.
//!
//! In: the text of a `NAME.mapping.toml`, and the layouts it names. Out: a [`Mapping`] of [`Program`]s, or every fault with its place;
//! through a program, bodies in another form. JSON, XML and SOAP, forms, queries, and records of copybooks are the same
//! to it: what is read becomes a [`tree`], which one flat list of operations takes apart. Nothing is cut to fit, no number passes
//! through a float, and what no rule reads is refused unless the file says otherwise.
//!
//! Read in this order: [`event`] (what readers tell), [`program`], [`run`], [`compile`].

mod compile;
pub mod event;
mod fields;
mod file;
pub mod form;
pub mod json;
pub mod probe;
mod program;

mod run;
mod shown;
mod sink;
mod steps;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod way;
pub mod xml;

use std::collections::BTreeMap;
use std::sync::Arc;

use ops::config::{Faults, Source};
use parsers::Layout;

pub(crate) use program::same as is_same;
pub use program::{Format, Program, Soap, Unread};
pub use run::{Around, Made};
pub(crate) use shown::as_json;
pub use way::{Notation, Way};

/// What a mapping file says.
#[derive(Debug)]
pub struct Mapping {
    /// From what clients send to what a backend takes; none where requests stay as they are.
    pub request: Option<Program>,
    /// From what a backend answers to what clients get; none where answers stay as they are.
    pub response: Option<Program>,
    /// The same, of answers with a status from 400 on and of SOAP faults.
    pub error: Option<Program>,
    /// What a person should know: values that may be too long for their fields, and so be refused.
    pub notes: Vec<String>,
    /// SHA-256 of the file's text.
    pub digest: [u8; 32],
    /// Members of what clients get that hold personal data by the copybook, as `a.b[*].c`.
    pub private: Vec<String>,
}

/// Copybooks by name; none for one that has faults of its own, which were told.
pub type Layouts = BTreeMap<String, Option<Arc<Layout>>>;

impl Mapping {
    /// Reads the text of a mapping file.
    ///
    /// # Errors
    /// Every fault, with its place.
    pub fn parse(source: &Source, layouts: &Layouts) -> Result<Self, Faults> {
        compile::compile(source, layouts)
    }
}
