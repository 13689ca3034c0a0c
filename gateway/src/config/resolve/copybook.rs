//! A copybook with its sidecar, compiled, with every fault at its place in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ops::config::{Fault, Source as Text};
use parsers::{
    CodePage, Copybook, CopybookError, CopybookText, Layout, LayoutOptions, Meaning, RecordChoice,
};
use toml::Spanned;

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
        let text = self.read(&path, &named.file)?;
        let beside = path.with_extension("meaning.toml");
        let meaning_text = match &named.meaning {
            Some(meaning) => Some(self.read(&self.folder.join(meaning.get_ref()), meaning)?),
            None if beside.exists() => Some(self.read(&beside, &named.file)?),
            None => None,
        };
        let texts: Vec<&Text> = std::iter::once(&text).chain(&meaning_text).collect();
        let copybook = Copybook::parse(CopybookText {
            file: text.name(),
            text: text.text(),
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
                    self.faults.push(fault_in(&texts, &error));
                }
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
        if let Some(words) = &named.layout {
            if let Err(error) = words.get_ref().apply(&mut options) {
                self.fault(words, error.to_string());
                return None;
            }
        }
        Layout::compile(&copybook, meaning.as_ref(), &options)
            .map_err(|errors| {
                self.faults
                    .extend(errors.iter().map(|error| fault_in(&texts, error)));
            })
            .ok()
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

fn fault_in(texts: &[&Text], error: &CopybookError) -> Fault {
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
