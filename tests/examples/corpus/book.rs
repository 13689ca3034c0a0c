//! Copybooks to a layout, by the peer's options.
//!
//! In: the texts of a case and its [`Options`]. Out: our [`Layout`] and the peer's view of it. Several copybooks are
//! the record types of one data set; several 01s of one copybook follow each other, as the peer has it, but for those
//! that options name as the file's header and trailer.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use parsers::{
    CodePage, Copybook, CopybookError, CopybookText, Layout, LayoutOptions, RecordChoice,
};

use super::assembly::Assembly;
use super::exclusions;
use super::fault::{Fault, Refused};
use super::item::{self, Item};
use super::options::{Options, identifier};
use super::policy;

/// A compiled case.
#[derive(Debug)]
pub struct Book {
    pub layout: Arc<Layout>,
    pub items: Vec<Item>,
    /// Which segments stand below which.
    pub assembly: Option<Assembly>,
    /// Code page of its text.
    pub page: CodePage,
    /// Bytes in front of the first record that are a record of their own, and after the last one.
    pub header: usize,
    pub trailer: usize,
}

impl Book {
    /// # Errors
    /// What is wrong with the copybook or the options.
    pub fn compile(copybooks: &[(String, String)], options: &Options) -> Result<Book> {
        exclusions::check(options).context(Fault::Option)?;
        let text: Vec<&str> = copybooks.iter().map(|(_, text)| text.as_str()).collect();
        let file = copybooks.first().map_or("", |(file, _)| file.as_str());
        let text = text.join("\n");
        let copybook = policy::parse(CopybookText { file, text: &text }, options)?;
        let plain = policy::layout(options, &copybook).context(Fault::Option)?;
        let page = plain.code_page;
        let sequence = if copybooks.len() > 1 {
            RecordChoice::All
        } else {
            RecordChoice::Sequence
        };
        let whole = compile(&copybook, sequence.clone(), &plain)?;
        let ends = |names: [&str; 2]| {
            let name = names.iter().find_map(|name| options.text(name));
            name.map(|name| root(&whole, name))
                .transpose()
                .context(Fault::Option)
        };
        let header = ends(["record_header_name", "file_header_field"])?;
        let trailer = ends(["record_trailer_name", "file_trailer_field"])?;
        let mut own_options = LayoutOptions {
            record: sequence,
            ..plain.clone()
        };
        let layout = match header.iter().chain(&trailer).next() {
            None => whole,
            Some(_) => {
                let own = |field: &&parsers::Field| {
                    let name = Some(field.name().to_owned());
                    ![&header, &trailer]
                        .iter()
                        .any(|end| end.as_ref().map(|(name, _)| name.clone()) == name)
                };
                let roots = whole.fields().filter(|field| field.parent_id().is_none());
                let names = roots.filter(own).map(|field| field.name().to_owned());
                own_options.record = RecordChoice::Of(names.collect());
                compile(&copybook, own_options.record.clone(), &plain)?
            }
        };
        let items = item::items(&layout, options)?;
        let segments = segments(&items);
        let hierarchical = segments.iter().any(|item| item.parent.is_some());
        let assembly = hierarchical
            .then(|| Assembly::of(&copybook, &layout, &own_options, &segments, options))
            .flatten();
        Ok(Book {
            assembly,
            items,
            page,
            header: header.map_or(0, |(_, end)| end),
            trailer: trailer.map_or(0, |(_, end)| end),
            layout,
        })
    }

    /// Every segment, in the order of the copybook.
    pub fn segments(&self) -> Vec<&Item> {
        segments(&self.items)
    }

    /// Whether segments have parents.
    pub fn is_hierarchical(&self) -> bool {
        self.segments().iter().any(|item| item.parent.is_some())
    }
}

fn segments(items: &[Item]) -> Vec<&Item> {
    let mut found = Vec::new();
    for item in items {
        item.each(&mut |item| found.extend(item.segment.then_some(item)));
    }
    found
}

fn compile(
    copybook: &Copybook,
    record: RecordChoice,
    options: &LayoutOptions,
) -> Result<Arc<Layout>> {
    let options = LayoutOptions {
        record,
        ..options.clone()
    };
    Layout::compile(copybook, None, &options)
        .map_err(first)
        .context("no layout")
}

/// The name and length of an 01 that options name.
fn root(layout: &Layout, name: &str) -> Result<(String, usize)> {
    let wanted = identifier(name);
    let mut roots = layout.fields().filter(|field| field.parent_id().is_none());
    let found = roots.find(|field| identifier(field.name()).eq_ignore_ascii_case(&wanted));
    match found {
        Some(field) => Ok((field.name().to_owned(), field.len())),
        None => bail!("no 01 {name} to be the header or trailer of a file"),
    }
}

pub fn first(faults: Vec<CopybookError>) -> anyhow::Error {
    Refused(faults).into()
}
