//! A copybook of `[copybooks]`, compiled.

use std::sync::Arc;

use copylib::Named;
use parsers::Layout;

use super::Resolver;
use crate::config::file;

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn copybook(&mut self, copybook: &file::Copybook) -> Option<Arc<Layout>> {
        let named = Named {
            copybook: &copybook.file,
            meaning: copybook.meaning.as_ref(),
            copy_directories: copybook.copy_directories.as_deref().unwrap_or_default(),
            source_format: copybook.source_format.as_ref(),
            decimal_comma: copybook.decimal_comma,
            code_page: copybook.code_page.as_ref(),
            record: copybook.record.as_ref(),
            layout: copybook.layout.as_ref(),
        };
        named
            .layout(self.text, self.folder)
            .map_err(|faults| self.faults.extend(faults))
            .ok()
    }
}
