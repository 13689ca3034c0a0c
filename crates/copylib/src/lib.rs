//! Copybooks as files: a copybook, its meaning and the members it copies, read and parsed.
//!
//! In: paths, or the entries of a configuration file that name them ([`Named`]). Out: [`Book`] and its [`Layout`], or every fault with the line it is at, in whichever file that is. The
//! only I/O is reading those files and the clock, whose day decides which rules of a meaning hold; what the text says
//! is `parsers`' to decide.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod clock;
mod config;
mod directories;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use config::Named;
use directories::Directories;
use ops::config::{Fault, Faults, Source};
use parsers::copybook::{Draft, TextOptions};
use parsers::{Copybook, CopybookError, CopybookText, Layout, LayoutOptions, Meaning};

/// Which files to read, and how.
#[derive(Debug, Clone)]
pub struct Files<'a> {
    /// The copybook, or a whole program.
    pub copybook: &'a Path,
    /// The meaning file; `NAME.meaning.toml` beside the copybook is read if it is there and none is named.
    pub meaning: Option<&'a Path>,
    /// Where COPY looks after the copybook's own directory, in this order.
    pub directories: &'a [PathBuf],
    /// Reference format and what else SPECIAL-NAMES would say.
    pub text: TextOptions,
}

/// A copybook with its meaning, and the texts they came from. Whether they are right, [`Book::layout`] says.
#[derive(Debug)]
pub struct Book {
    copybook: Result<Copybook, Box<Draft>>,
    /// What its meaning file says, if there is one.
    meaning: Result<Option<Meaning>, Vec<CopybookError>>,
    sources: Vec<Source>,
}

/// Why there is no [`Book`].
#[derive(Debug)]
pub enum Unread {
    /// The copybook cannot be read.
    Copybook(PathBuf, std::io::Error),
    /// The meaning file cannot be read.
    Meaning(PathBuf, std::io::Error),
}

impl From<Unread> for Faults {
    fn from(unread: Unread) -> Faults {
        let (Unread::Copybook(path, error) | Unread::Meaning(path, error)) = unread;
        let name = path.display().to_string();
        Fault::of_file(name, format!("cannot be read: {error}")).into()
    }
}

/// Reads a copybook, its meaning and all it copies.
///
/// # Errors
/// The copybook or the meaning cannot be read. A member that cannot is a fault of the copybook.
pub fn read(files: &Files<'_>) -> Result<Book, Unread> {
    let path = files.copybook;
    let text = directories::read(path).map_err(|error| Unread::Copybook(path.into(), error))?;
    let beside = path.with_extension("meaning.toml");
    let meaning_path = match files.meaning {
        Some(named) => Some(named),
        None => Some(beside.as_path()).filter(|beside| beside.exists()),
    };
    let meaning_text = match meaning_path {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .map(|text| Source::new(path.display().to_string(), text))
                .map_err(|error| Unread::Meaning(path.into(), error))?,
        ),
        None => None,
    };
    let source = Source::new(path.display().to_string(), text);
    let own = path.parent().filter(|own| !own.as_os_str().is_empty());
    let own = own.unwrap_or(Path::new("."));
    let searched = std::iter::once(own.to_owned()).chain(files.directories.iter().cloned());
    let library = Directories::new(searched.collect());
    Ok(parse(source, meaning_text, &files.text, library))
}

fn parse(
    source: Source,
    meaning_text: Option<Source>,
    options: &TextOptions,
    mut library: Directories,
) -> Book {
    let named = CopybookText {
        file: source.name(),
        text: source.text(),
    };
    let copybook = Copybook::parse_or_draft(named, options, &mut library);
    let meaning = meaning_text
        .as_ref()
        .map(|text| Meaning::parse(text.name(), text.text()))
        .transpose();
    let mut sources = vec![source];
    sources.extend(meaning_text);
    sources.extend(library.read);
    Book {
        copybook,
        meaning,
        sources,
    }
}

impl Book {
    /// A copybook that is in memory, with its meaning. It copies nothing: there are no directories to look in.
    #[must_use]
    pub fn of_text(copybook: Source, meaning: Option<Source>) -> Book {
        let nowhere = Directories::new(Vec::new());
        parse(copybook, meaning, &TextOptions::default(), nowhere)
    }

    /// The layout by the rules of the meaning that hold on `options.day`, without one today (UTC).
    ///
    /// Rules that hold from a later day on are compiled too: a fault in them shows now, not on that day.
    ///
    /// # Errors
    /// Every fault of copybook and meaning, in themselves and against each other, so that a person mends them at once.
    pub fn layout(&self, options: &LayoutOptions) -> Result<Arc<Layout>, Faults> {
        let day = options.day.or_else(clock::today);
        let on = |day| LayoutOptions {
            day,
            ..options.clone()
        };
        let (copybook, meaning) = match (&self.copybook, &self.meaning) {
            (Ok(copybook), Ok(meaning)) => (copybook, meaning.as_ref()),
            (Err(draft), Ok(meaning)) => {
                return Err(self.shown(&draft.check(meaning.as_ref(), &on(day))));
            }
            (copybook, Err(faults)) => {
                // Which records an unread meaning is of is not known; where there is one only, it is that.
                let own = match copybook {
                    Ok(only) if only.items().len() == 1 => Layout::compile(only, None, &on(day))
                        .err()
                        .unwrap_or_default(),
                    Ok(_) => Vec::new(),
                    Err(draft) if draft.items().len() == 1 => draft.check(None, &on(day)),
                    Err(draft) => draft.faults(),
                };
                return Err(self.shown(own.iter().chain(faults)));
            }
        };
        let compile = |day| {
            Layout::compile(copybook, meaning, &on(day)).map_err(|faults| self.shown(&faults))
        };
        let layout = compile(day)?;
        for later in meaning.into_iter().flat_map(Meaning::changes) {
            if day.is_some_and(|day| later > day) {
                compile(Some(later))?;
            }
        }
        Ok(layout)
    }

    /// What is wrong with copybook and meaning each in itself, whatever the options: for one who has none to give.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let text = self.copybook.as_ref().err().map(|draft| draft.faults());
        let text = text.unwrap_or_default();
        let meaning = self.meaning.as_ref().err().into_iter().flatten();
        self.shown(text.iter().chain(meaning))
    }

    /// Faults with the lines they point at.
    fn shown<'e>(&self, errors: impl IntoIterator<Item = &'e CopybookError>) -> Faults {
        let mut found = Faults::default();
        found.extend(errors.into_iter().map(|error| fault(&self.sources, error)));
        found
    }
}

fn fault(sources: &[Source], error: &CopybookError) -> Fault {
    let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let source = sources.iter().find(|source| source.name() == error.file());
    let fault = match source {
        Some(source) if error.line() > 0 => source.fault_at(
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
