//! Copybook text to [`Copybook`]: what the text says, with places, before any offset is computed.
//!
//! In: the text of a copybook or a whole program, [`TextOptions`] and a [`Library`] of what it copies. Out: a tree of
//! entries, or every fault found. Reads no files itself, computes no storage (that is [`crate::Layout`]).
//!
//! The steps, one module each: [`mod@reference`] takes away columns, comments and continuation; [`expand`] copies members
//! in and replaces text, and leaves the data division of a program; [`token`] makes words; [`grammar`] makes entries;
//! [`tree`] hangs them under each other by level number.

mod ast;
mod clause;
mod combinator;
mod constant;
mod draft;
mod edit;
mod expand;
mod grammar;
mod literal;
mod occurs;
mod options;
mod picture;
mod piece;
mod program;
mod reference;
mod replace;
mod source;
mod sql_type;
mod token;
mod tree;
mod usage;
mod usage_clause;

use std::sync::Arc;

use crate::error::{CopybookError, CopybookErrorKind};
use crate::syspunch::Unload;
pub(crate) use ast::Named;
pub use ast::{Condition, Figurative, Item, Literal, Occurs, Order, Range, Renames, Sign};
pub use draft::Draft;
pub use edit::{Edit, EditSymbol};
pub use options::{
    BadSourceFormat, Columns, CurrencySign, Debugging, Library, LibraryText, NoLibrary,
    SourceFormat, TextOptions,
};
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
    pub(crate) files: Vec<Arc<str>>,
    pub(crate) items: Vec<Item>,
    /// What a Db2 LOAD statement says besides its columns, where the text is one.
    pub(crate) unload: Option<Unload>,
    /// Entries, or members with entries, are missing of which nothing is known: only of a [`Draft`].
    pub(crate) holes: bool,
}

impl Copybook {
    /// Parses a text that copies nothing, its reference format (fixed or free) detected.
    ///
    /// # Errors
    /// As [`Copybook::parse_with`].
    pub fn parse(text: CopybookText<'_>) -> Result<Copybook, Vec<CopybookError>> {
        Copybook::parse_with(text, &TextOptions::default(), &mut NoLibrary)
    }

    /// Parses the text of a copybook, or the data division of a program, with all that it copies from `library`; or a
    /// Db2 LOAD statement as UNLOAD and DSNTIAUL write it to SYSPUNCH, which is told by its first words.
    ///
    /// # Errors
    /// Every fault of the text, in its order, each with file, line, column and length; parsing goes on after a fault
    /// at the next entry.
    pub fn parse_with(
        text: CopybookText<'_>,
        options: &TextOptions,
        library: &mut dyn Library,
    ) -> Result<Copybook, Vec<CopybookError>> {
        Copybook::parse_or_draft(text, options, library).map_err(|draft| draft.faults())
    }

    /// As [`Copybook::parse_with`], with what was read of a text that has faults: [`Draft::check`] tells those of its
    /// layout with them.
    ///
    /// # Errors
    /// A text with faults.
    pub fn parse_or_draft(
        text: CopybookText<'_>,
        options: &TextOptions,
        library: &mut dyn Library,
    ) -> Result<Copybook, Box<Draft>> {
        if crate::syspunch::is_load_statement(text.text) {
            return crate::syspunch::parse(text)
                .map_err(|faults| Box::new(Draft::unread(text.file, faults)));
        }
        let file: Arc<str> = Arc::from(text.file);
        let mut faults = Vec::new();
        let expanded = expand::expand(&file, text.text, options, library, &mut faults);
        let mut symbols = expanded.program.symbols;
        let tokens = token::split(&file, &expanded.source, symbols.decimal_comma, &mut faults);
        let tokens = constant::resolve(tokens, &mut symbols.constants);
        // What is wrong so far may have cost whole entries.
        let before = !faults.is_empty();
        let found = grammar::entries(&file, &tokens, &symbols, &mut faults);
        let items = tree::build(&file, found.entries, &mut faults);
        let files = expanded.files;
        // What a missing member holds is missed everywhere: a group without entries is not worth telling then.
        if faults
            .iter()
            .any(|fault| fault.kind() == CopybookErrorKind::Library)
        {
            faults.retain(|fault| fault.kind() != CopybookErrorKind::Structure);
        }
        faults.sort_by_key(CopybookError::order);
        let copybook = Copybook {
            file,
            files,
            items,
            unload: None,
            holes: before || found.holes,
        };
        if faults.is_empty() {
            Ok(copybook)
        } else {
            Err(Box::new(Draft::new(copybook, faults)))
        }
    }

    /// The name given to `parse`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The names of all files the text came from, by [`Span::file`](crate::Span): the copybook itself first.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(AsRef::as_ref)
    }

    /// The outermost entries, usually 01s; 77s among them.
    pub fn items(&self) -> &[Item] {
        &self.items
    }
}
