//! A copybook as a configuration file names it, whichever program's file that is.
//!
//! In: the entries that say which copybook and how to read it, each with its place in the file. Out: the layout, or
//! every fault, at the entry or in the copybook, its meaning or a member. What else stands in such a file is its
//! program's to read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ops::config::{Faults, Source};
use parsers::copybook::{SourceFormat, TextOptions};
use parsers::{CodePage, Layout, LayoutOptions, LayoutWords, RecordChoice};
use toml::Spanned;

use crate::{Files, Unread, read};

/// What a configuration file says of one copybook.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The copybook; a relative path starts at the configuration file's folder.
    pub copybook: &'a Spanned<PathBuf>,
    /// The meaning file, where it is not the one beside the copybook.
    pub meaning: Option<&'a Spanned<PathBuf>>,
    /// Where COPY finds its members, after the copybook's own folder.
    pub copy_directories: &'a [PathBuf],
    /// `auto`, `fixed`, `free` or columns; `auto` if not said.
    pub source_format: Option<&'a Spanned<String>>,
    /// DECIMAL-POINT IS COMMA.
    pub decimal_comma: bool,
    /// The code page of text in the records; cp037 if not said.
    pub code_page: Option<&'a Spanned<String>>,
    /// Which 01, where the copybook has several; the first if not said. `record` of `layout` goes before it.
    pub record: Option<&'a Spanned<String>>,
    /// Compiler rules and what is done about odd data.
    pub layout: Option<&'a Spanned<LayoutWords>>,
}

impl Named<'_> {
    /// The layout, compiled by the rules that hold today.
    ///
    /// # Errors
    /// Every fault of these entries of `text`, which stands in `folder`, and of the files they name.
    pub fn layout(&self, text: &Source, folder: &Path) -> Result<Arc<Layout>, Faults> {
        let mut faults = Faults::default();
        let options = self.options(text, &mut faults);
        let format = match self.source_format {
            Some(format) => match format.get_ref().parse::<SourceFormat>() {
                Ok(format) => format,
                // Read in wrong columns, nothing in the copybook would be told right.
                Err(error) => {
                    faults.push(text.fault(format.span(), error.to_string()));
                    return Err(faults);
                }
            },
            None => SourceFormat::Auto,
        };
        let copybook = folder.join(self.copybook.get_ref());
        let meaning = self.meaning.map(|meaning| folder.join(meaning.get_ref()));
        let directories = self.copy_directories.iter();
        let directories: Vec<PathBuf> = directories.map(|path| folder.join(path)).collect();
        let book = read(&Files {
            copybook: &copybook,
            meaning: meaning.as_deref(),
            directories: &directories,
            text: TextOptions {
                format,
                decimal_comma: self.decimal_comma,
                ..TextOptions::default()
            },
        });
        let unread = |at: &Spanned<PathBuf>, path: &Path, error| {
            text.fault(
                at.span(),
                format!("{} cannot be read: {error}", path.display()),
            )
        };
        match book {
            Ok(book) if faults.is_empty() => return book.layout(&options),
            Ok(book) => faults.extend(book.faults()),
            Err(Unread::Copybook(path, error)) => {
                faults.push(unread(self.copybook, &path, error));
            }
            Err(Unread::Meaning(path, error)) => {
                let at = self.meaning.unwrap_or(self.copybook);
                faults.push(unread(at, &path, error));
            }
        }
        Err(faults)
    }

    fn options(&self, text: &Source, faults: &mut Faults) -> LayoutOptions {
        let mut options = LayoutOptions {
            record: match self.record {
                Some(record) => RecordChoice::Named(record.get_ref().clone()),
                None => RecordChoice::First,
            },
            ..LayoutOptions::default()
        };
        if let Some(name) = self.code_page {
            match CodePage::from_name(name.get_ref()) {
                Ok(page) => options.code_page = page,
                Err(error) => faults.push(text.fault(name.span(), error.to_string())),
            }
        }
        if let Some(words) = self.layout
            && let Err(error) = words.get_ref().apply(&mut options)
        {
            faults.push(text.fault(words.span(), error.to_string()));
        }
        options
    }
}
