//! Copybooks to a layout, by the peer's options.
//!
//! In: the texts of a case and its [`Options`]. Out: our [`Layout`] and the peer's view of it. Several copybooks are
//! the record types of one data set; several 01s of one copybook follow each other, as the peer has it.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use parsers::{Copybook, CopybookError, CopybookText, Layout, LayoutOptions, RecordChoice};

use super::item::{self, Item};
use super::options::Options;

/// A compiled case.
#[derive(Debug)]
pub struct Book {
    pub layout: Arc<Layout>,
    pub items: Vec<Item>,
}

impl Book {
    /// # Errors
    /// What is wrong with the copybook or the options.
    pub fn compile(copybooks: &[(String, String)], options: &Options) -> Result<Book> {
        let text: Vec<&str> = copybooks.iter().map(|(_, text)| text.as_str()).collect();
        let file = copybooks.first().map_or("", |(file, _)| file.as_str());
        let text = text.join("\n");
        let copybook = Copybook::parse(CopybookText { file, text: &text }).map_err(first)?;
        let layout_options = LayoutOptions {
            record: if copybooks.len() > 1 {
                RecordChoice::All
            } else {
                RecordChoice::Sequence
            },
            ..layout_options(options)?
        };
        let layout = Layout::compile(&copybook, None, &layout_options).map_err(first)?;
        let items = item::items(&layout, options)?;
        Ok(Book { layout, items })
    }
}

fn first(faults: Vec<CopybookError>) -> anyhow::Error {
    match faults.first() {
        Some(fault) => anyhow!("{}:{}: {fault}", fault.line(), fault.column()),
        None => anyhow!("the copybook is refused without a reason"),
    }
}

fn layout_options(_options: &Options) -> Result<LayoutOptions> {
    Ok(LayoutOptions::default())
}
