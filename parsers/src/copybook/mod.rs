//! Copybook text to [`Copybook`]: what the text says, with places, before any offset is computed.
//!
//! In: the text of a copybook in fixed form. Out: a tree of entries, or every fault found. Reads no files (a COPY
//! inside the text is a fault here), computes no storage (that is [`crate::Layout`]).
//!
//! The steps, one module each: [`source`] takes away columns, comments and continuation; [`token`] makes words;
//! [`grammar`] makes entries; [`tree`] hangs them under each other by level number.

mod ast;
mod clause;
mod edit;
mod grammar;
mod literal;
mod occurs;
mod picture;
mod source;
mod token;
mod tree;
mod usage;
mod usage_clause;

use std::sync::Arc;

use crate::error::CopybookError;
pub use ast::{Condition, Figurative, Item, Literal, Occurs, Order, Range, Renames, Sign};
pub use edit::{Edit, EditSymbol};
pub use picture::{Picture, PictureKind};
pub use usage::Usage;

/// The text of a copybook and the name to use for it in messages.
#[derive(Debug, Clone, Copy)]
pub struct CopybookText<'a> {
    /// Only a name: nothing is opened.
    pub file: &'a str,
    /// The text, decoded; a byte order mark, CRLF, tabs and columns 73 to 80 do no harm.
    pub text: &'a str,
}

/// What a copybook says: its records (usually one 01 entry) with everything below them.
#[derive(Debug, Clone)]
pub struct Copybook {
    pub(crate) file: Arc<str>,
    pub(crate) items: Vec<Item>,
}

impl Copybook {
    /// Parses the text of a copybook in fixed form (columns 1-6 sequence, 7 indicator, 8-72 text).
    ///
    /// # Errors
    /// Every fault of the text, in its order, each with line, column and length; parsing goes on after a fault at the
    /// next entry.
    pub fn parse(text: CopybookText<'_>) -> Result<Copybook, Vec<CopybookError>> {
        let file: Arc<str> = Arc::from(text.file);
        let mut faults = Vec::new();
        let source = source::read(&file, text.text, &mut faults);
        let tokens = token::split(&file, &source, &mut faults);
        let entries = grammar::entries(&file, &tokens, &mut faults);
        let items = tree::build(&file, entries, &mut faults);
        faults.sort_by_key(|fault| (fault.line(), fault.column()));
        if faults.is_empty() {
            Ok(Copybook { file, items })
        } else {
            Err(faults)
        }
    }

    /// The name given to `parse`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The outermost entries, usually 01s; 77s among them.
    pub fn items(&self) -> &[Item] {
        &self.items
    }
}
