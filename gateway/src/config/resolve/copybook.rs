//! A copybook with its sidecar, compiled, with every fault at its place in them.

use std::path::PathBuf;
use std::sync::Arc;

use copylib::{Files, Unread};
use parsers::copybook::{SourceFormat, TextOptions};
use parsers::{CodePage, Layout, LayoutOptions, RecordChoice};

use super::Resolver;
use crate::config::file;

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn copybook(&mut self, named: &file::Copybook) -> Option<Arc<Layout>> {
        let code_page = match &named.code_page {
            Some(name) => CodePage::from_name(name.get_ref())
                .map_err(|error| self.fault(name, error.to_string()))
                .ok(),
            None => Some(CodePage::Cp037),
        };
        let path = self.folder.join(named.file.get_ref());
        let meaning = named.meaning.as_ref();
        let meaning = meaning.map(|meaning| self.folder.join(meaning.get_ref()));
        let directories = named.copy_directories.iter().flatten();
        let directories: Vec<PathBuf> = directories.map(|path| self.folder.join(path)).collect();
        let format = match &named.source_format {
            Some(format) => format
                .get_ref()
                .parse::<SourceFormat>()
                .map_err(|error| self.fault(format, error.to_string()))
                .ok()?,
            None => SourceFormat::Auto,
        };
        let files = Files {
            copybook: &path,
            meaning: meaning.as_deref(),
            directories: &directories,
            text: TextOptions {
                format,
                decimal_comma: named.decimal_comma,
                ..TextOptions::default()
            },
        };
        let book = match copylib::read(&files) {
            Ok(book) => book,
            Err(Unread::Faults(faults)) => {
                self.faults.extend(faults);
                return None;
            }
            Err(Unread::Copybook(path, error)) => {
                let message = format!("{} cannot be read: {error}", path.display());
                self.fault(&named.file, message);
                return None;
            }
            Err(Unread::Meaning(path, error)) => {
                let message = format!("{} cannot be read: {error}", path.display());
                self.fault(named.meaning.as_ref().unwrap_or(&named.file), message);
                return None;
            }
        };
        let mut options = LayoutOptions {
            code_page: code_page?,
            record: match &named.record {
                Some(record) => RecordChoice::Named(record.get_ref().clone()),
                None => RecordChoice::First,
            },
            ..LayoutOptions::default()
        };
        if let Some(words) = &named.layout
            && let Err(error) = words.get_ref().apply(&mut options)
        {
            self.fault(words, error.to_string());
            return None;
        }
        book.layout(&options)
            .map_err(|faults| self.faults.extend(faults))
            .ok()
    }
}
