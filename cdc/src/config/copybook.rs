//! The layout of a source: copybook and sidecar, with every fault at its place in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ops::config::{Fault, Source as Text};
use parsers::{CodePage, Copybook, CopybookError, CopybookText, Layout, LayoutOptions, Meaning};
use toml::Spanned;

use crate::config::file::Source;
use crate::config::read::Resolver;

impl Resolver<'_> {
    pub(super) fn layout(&mut self, source: &Source, code_page: CodePage) -> Option<Arc<Layout>> {
        let copybook_path = self.folder.join(source.copybook.get_ref());
        let copybook_text = self.read(&copybook_path, &source.copybook)?;
        let beside = copybook_path.with_extension("meaning.toml");
        let meaning_text = match &source.meaning {
            Some(meaning) => Some(self.read(&self.folder.join(meaning.get_ref()), meaning)?),
            None if beside.exists() => Some(self.read(&beside, &source.copybook)?),
            None => None,
        };
        let texts: Vec<&Text> = std::iter::once(&copybook_text)
            .chain(&meaning_text)
            .collect();
        let copybook = Copybook::parse(CopybookText {
            file: copybook_text.name(),
            text: copybook_text.text(),
        });
        let meaning = meaning_text
            .as_ref()
            .map(|text| Meaning::parse(text.name(), text.text()))
            .transpose();
        // Both are read before either fault is told: a person mends both at once.
        let (copybook, meaning) = match (copybook, meaning) {
            (Ok(copybook), Ok(meaning)) => (copybook, meaning),
            (copybook, meaning) => {
                for error in copybook.err().into_iter().chain(meaning.err()).flatten() {
                    self.faults.push(copybook_fault(&texts, &error));
                }
                return None;
            }
        };
        let mut options = LayoutOptions {
            code_page,
            ..LayoutOptions::default()
        };
        if let Some(words) = &source.layout {
            if let Err(error) = words.get_ref().apply(&mut options) {
                self.fault(words, error.to_string());
                return None;
            }
        }
        let layout = match Layout::compile(&copybook, meaning.as_ref(), &options) {
            Ok(layout) => layout,
            Err(errors) => {
                self.faults
                    .extend(errors.iter().map(|error| copybook_fault(&texts, error)));
                return None;
            }
        };
        if layout.key().is_empty() {
            let sidecar = source
                .meaning
                .as_ref()
                .map_or(beside, |meaning| meaning.get_ref().clone());
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

    fn read(&mut self, path: &Path, named: &Spanned<PathBuf>) -> Option<Text> {
        match std::fs::read_to_string(path) {
            Ok(text) => Some(Text::new(path.display().to_string(), text)),
            Err(error) => {
                self.fault(named, format!("{} cannot be read: {error}", path.display()));
                None
            }
        }
    }
}

fn copybook_fault(texts: &[&Text], error: &CopybookError) -> Fault {
    let text = texts.iter().find(|text| text.name() == error.file());
    let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let fault = match text {
        Some(text) if error.line() > 0 => text.fault_at(
            at(error.line()),
            at(error.column()),
            at(error.len()),
            error.to_string(),
        ),
        _ => Fault::of_file(error.file(), error.to_string()),
    };
    match error.help() {
        Some(help) => fault.help(help),
        None => fault,
    }
}
