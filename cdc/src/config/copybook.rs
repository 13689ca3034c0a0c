//! The layout of a source: copybook and sidecar, with every fault at its place in them.

use std::path::PathBuf;
use std::sync::Arc;

use copylib::{Files, Unread};
use parsers::copybook::{SourceFormat, TextOptions};
use parsers::{CodePage, Layout, LayoutOptions};

use crate::config::file::Source;
use crate::config::read::Resolver;

impl Resolver<'_> {
    pub(super) fn layout(&mut self, source: &Source, code_page: CodePage) -> Option<Arc<Layout>> {
        let path = self.folder.join(source.copybook.get_ref());
        let named = source.meaning.as_ref();
        let meaning = named.map(|meaning| self.folder.join(meaning.get_ref()));
        let directories = source.copy_directories.iter().flatten();
        let directories: Vec<PathBuf> = directories.map(|path| self.folder.join(path)).collect();
        let format = match &source.source_format {
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
                decimal_comma: source.decimal_comma,
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
                self.fault(&source.copybook, message);
                return None;
            }
            Err(Unread::Meaning(path, error)) => {
                let message = format!("{} cannot be read: {error}", path.display());
                self.fault(named.unwrap_or(&source.copybook), message);
                return None;
            }
        };
        let mut options = LayoutOptions {
            code_page,
            ..LayoutOptions::default()
        };
        if let Some(words) = &source.layout
            && let Err(error) = words.get_ref().apply(&mut options)
        {
            self.fault(words, error.to_string());
            return None;
        }
        let layout = book
            .layout(&options)
            .map_err(|faults| self.faults.extend(faults))
            .ok()?;
        if layout.key().is_empty() {
            let sidecar = named.map_or_else(
                || path.with_extension("meaning.toml"),
                |meaning| meaning.get_ref().clone(),
            );
            self.fault_with_help(
                &source.copybook,
                format!("the records of `{}` have no key", source.name.get_ref()),
                format!(
                    "write `key = [\"FIELD\"]` in {}: without a key generations cannot be compared",
                    sidecar.display()
                ),
            );
            return None;
        }
        Some(layout)
    }
}
