//! The layout of a source: its records need a key. And what else is said of their fields.

use std::sync::Arc;

use copylib::Named;
use parsers::{CodePage, Layout};

use crate::config::file::Source;
use crate::config::read::Resolver;
use crate::echo::EchoField;

impl Resolver<'_> {
    pub(super) fn layout(&mut self, source: &Source) -> Option<Arc<Layout>> {
        // A source without its code page is told as that alone.
        CodePage::from_name(source.code_page.get_ref())
            .map_err(|error| self.fault(&source.code_page, error.to_string()))
            .ok()?;
        let named = Named {
            copybook: &source.copybook,
            meaning: source.meaning.as_ref(),
            copy_directories: source.copy_directories.as_deref().unwrap_or_default(),
            source_format: source.source_format.as_ref(),
            decimal_comma: source.decimal_comma,
            code_page: Some(&source.code_page),
            record: None,
            layout: source.layout.as_ref(),
        };
        let layout = named
            .layout(self.text, self.folder)
            .map_err(|faults| self.faults.extend(faults))
            .ok()?;
        if layout.key().is_empty() {
            let sidecar = source.meaning.as_ref().map_or_else(
                || {
                    let copybook = self.folder.join(source.copybook.get_ref());
                    copybook.with_extension("meaning.toml")
                },
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

    pub(super) fn echo_field(&mut self, source: &Source, layout: &Layout) -> Option<EchoField> {
        let path = source.echo_field.as_ref()?;
        EchoField::new(layout, path.get_ref())
            .map_err(|message| self.fault(path, message))
            .ok()
    }
}
