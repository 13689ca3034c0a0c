//! The company's copybooks, as they lie in `copybooks/` when this is built: the demo works wherever it is started.

use std::path::Path;
use std::sync::Arc;

use copylib::Book;
use ops::config::Source;
use parsers::{CodePage, Layout, LayoutOptions, RecordFormat};

use crate::company::DataSet;
use crate::error::{Error, Kind, Result};

/// The capture configuration of the three data sets, the root's `capture.toml`.
pub const CAPTURE: &str = include_str!("../../../capture.toml");

impl DataSet {
    /// The copybook's text.
    pub fn copybook(self) -> &'static str {
        match self {
            DataSet::Material => include_str!("../../../copybooks/MATERIAL.cpy"),
            DataSet::Lot => include_str!("../../../copybooks/LOT.cpy"),
            DataSet::Order => include_str!("../../../copybooks/ORDER.cpy"),
        }
    }

    /// The text of its meaning file.
    pub fn meaning(self) -> &'static str {
        match self {
            DataSet::Material => include_str!("../../../copybooks/MATERIAL.meaning.toml"),
            DataSet::Lot => include_str!("../../../copybooks/LOT.meaning.toml"),
            DataSet::Order => include_str!("../../../copybooks/ORDER.meaning.toml"),
        }
    }

    /// The code page of its text.
    pub fn code_page(self) -> CodePage {
        match self {
            DataSet::Material | DataSet::Lot => CodePage::Cp037,
            DataSet::Order => CodePage::Cp1140,
        }
    }

    /// How its records lie in the file.
    pub fn record_format(self) -> RecordFormat {
        match self {
            DataSet::Material => RecordFormat::Fb { len: 200 },
            DataSet::Lot => RecordFormat::Vb,
            DataSet::Order => RecordFormat::Fb { len: 300 },
        }
    }

    /// Its layout.
    ///
    /// # Errors
    /// [`Kind::Config`] when the copybook or its meaning do not resolve.
    pub fn layout(self) -> Result<Arc<Layout>> {
        compile(
            self.name(),
            self.copybook(),
            self.meaning(),
            self.code_page(),
        )
    }
}

/// Writes `capture.toml`, for that Kafka, and the copybooks into a folder, so that every command works on it.
///
/// # Errors
/// [`Kind::Io`] when the folder cannot be written to.
pub fn write_configuration(folder: &Path, bootstrap: &str) -> Result<()> {
    let copybooks = folder.join("copybooks");
    std::fs::create_dir_all(&copybooks).map_err(Error::io("create", &copybooks))?;
    let write =
        |path: &Path, text: &str| std::fs::write(path, text).map_err(Error::io("write", path));
    for set in DataSet::ALL {
        write(
            &copybooks.join(format!("{}.cpy", set.name())),
            set.copybook(),
        )?;
        write(
            &copybooks.join(format!("{}.meaning.toml", set.name())),
            set.meaning(),
        )?;
    }
    let lines = CAPTURE
        .lines()
        .map(|line| match line.starts_with("bootstrap = ") {
            true => format!("bootstrap = \"{bootstrap}\"\n"),
            false => format!("{line}\n"),
        });
    write(&folder.join("capture.toml"), &lines.collect::<String>())
}

/// The layout of a copybook with its meaning.
pub(crate) fn compile(
    name: &str,
    copybook: &str,
    meaning: &str,
    code_page: CodePage,
) -> Result<Arc<Layout>> {
    let copybook = Source::new(format!("{name}.cpy"), copybook);
    let meaning = Source::new(format!("{name}.meaning.toml"), meaning);
    let options = LayoutOptions {
        code_page,
        ..LayoutOptions::default()
    };
    Book::of_text(copybook, Some(meaning))
        .layout(&options)
        .map_err(|faults| Error::new(Kind::Config, faults.to_string()))
}
