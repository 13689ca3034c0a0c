//! A copybook whose text has faults, with what could be read of it all the same.
//!
//! In: entries, some of them marked as broken, and the faults of the text. Out: those faults, and with them the faults
//! of the layout that are none of their consequences, so that a person mends all at once. Never becomes a layout.

use std::sync::Arc;

use super::{Copybook, Item};
use crate::error::CopybookError;
use crate::layout::{Layout, LayoutOptions, Meaning};

/// A text with faults, as far as it was understood.
#[derive(Debug, Clone)]
pub struct Draft {
    copybook: Copybook,
    /// Of the text; they still number the file they are in.
    faults: Vec<CopybookError>,
}

impl Draft {
    pub(super) fn new(copybook: Copybook, faults: Vec<CopybookError>) -> Draft {
        Draft { copybook, faults }
    }

    /// A text of which nothing is kept but its faults.
    pub(super) fn unread(file: &str, faults: Vec<CopybookError>) -> Draft {
        let file: Arc<str> = Arc::from(file);
        let copybook = Copybook {
            files: vec![Arc::clone(&file)],
            file,
            items: Vec::new(),
            unload: None,
            holes: true,
        };
        Draft { copybook, faults }
    }

    /// The outermost entries that could be read.
    pub fn items(&self) -> &[Item] {
        &self.copybook.items
    }

    /// The faults of the text, in its order.
    pub fn faults(&self) -> Vec<CopybookError> {
        self.named(self.faults.clone())
    }

    /// The faults of the text, and those that [`Layout::compile`] would tell of what could be read: of the copybook in
    /// the order of the text, then of the meaning.
    ///
    /// A fault that may be one more sign of another is not told: of an entry that has a fault, or is below one, and of
    /// names and places where an entry, or a member, could not be read at all.
    pub fn check(&self, meaning: Option<&Meaning>, options: &LayoutOptions) -> Vec<CopybookError> {
        let mut all = self.faults.clone();
        if !self.copybook.holes {
            all.extend(Layout::faults_of_draft(&self.copybook, meaning, options));
        }
        all.sort_by_key(|fault| (fault.file() != self.copybook.file(), fault.order()));
        self.named(all)
    }

    fn named(&self, faults: Vec<CopybookError>) -> Vec<CopybookError> {
        let named = faults.into_iter();
        named
            .map(|fault| fault.in_its_file(&self.copybook.files))
            .collect()
    }
}
